/* SPDX-License-Identifier: BSD-3-Clause */
/* Members of groups that choose their senders, of both families: what is refused, who is heard. */
#include <arpa/inet.h>
#include <stdio.h>

#include "sockets/twin.h"

struct side {
	const char *name;
	int family, level;
	const char *group, *other;
	const char *client, *stranger, *any;
	int loop, all;
};

static const struct side sides[] = {
	{"IPv4", AF_INET, IPPROTO_IP, "239.200.2.1", "239.200.2.2", "10.0.0.1", "10.0.0.77",
	 "0.0.0.0", IP_MULTICAST_LOOP, IP_MULTICAST_ALL},
	{"IPv6", AF_INET6, IPPROTO_IPV6, "ff15::2:1", "ff15::2:2", "2001:db8::1", "2001:db8::77",
	 "::", IPV6_MULTICAST_LOOP, IPV6_MULTICAST_ALL},
};

static socklen_t put(const struct side *s, const char *text, uint16_t port,
		     struct sockaddr_storage *ss)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};

	memset(ss, 0, sizeof(*ss));
	if (s->family == AF_INET6) {
		need(inet_pton(AF_INET6, text, &sin6.sin6_addr) == 1);
		memcpy(ss, &sin6, sizeof(sin6));
		return sizeof(sin6);
	}
	need(inet_pton(AF_INET, text, &sin.sin_addr) == 1);
	memcpy(ss, &sin, sizeof(sin));
	return sizeof(sin);
}

static int group(int fd, const struct side *s, int option, const char *name)
{
	struct group_req r = {.gr_interface = link_number(SERVER)};

	put(s, name, 0, &r.gr_group);
	return setsockopt(fd, s->level, option, &r, sizeof(r));
}

static int source(int fd, const struct side *s, int option, const char *name, const char *sender)
{
	struct group_source_req r = {.gsr_interface = link_number(SERVER)};

	put(s, name, 0, &r.gsr_group);
	put(s, sender, 0, &r.gsr_source);
	return setsockopt(fd, s->level, option, &r, sizeof(r));
}

static int fresh(const struct side *s, enum twin_host host)
{
	int fd;

	on_host(host);
	fd = socket(s->family, SOCK_DGRAM, 0);
	need(fd >= 0);
	return fd;
}

static int bound(const struct side *s, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len = put(s, s->any, port, &ss);
	int fd = fresh(s, SERVER);

	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (s->family == AF_INET6)
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	need(bind(fd, SA(&ss), len) == 0);
	return fd;
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void refusals(const struct side *s)
{
	struct group_source_req r = {.gsr_interface = 77};
	char text[48];
	int fd = fresh(s, SERVER), i;

	say_rc("naming one of a group that was not joined",
	       source(fd, s, MCAST_LEAVE_SOURCE_GROUP, s->group, s->client));
	say_rc("blocking one of it", source(fd, s, MCAST_BLOCK_SOURCE, s->group, s->client));
	say_rc("joining for one", source(fd, s, MCAST_JOIN_SOURCE_GROUP, s->group, s->client));
	say_rc("again", source(fd, s, MCAST_JOIN_SOURCE_GROUP, s->group, s->client));
	say_rc("for another one", source(fd, s, MCAST_JOIN_SOURCE_GROUP, s->group, s->stranger));
	say_rc("joining for all then", group(fd, s, MCAST_JOIN_GROUP, s->group));
	say_rc("blocking one then", source(fd, s, MCAST_BLOCK_SOURCE, s->group, s->client));
	say_rc("unblocking one then", source(fd, s, MCAST_UNBLOCK_SOURCE, s->group, s->client));
	say_rc("leaving one", source(fd, s, MCAST_LEAVE_SOURCE_GROUP, s->group, s->client));
	say_rc("leaving him again", source(fd, s, MCAST_LEAVE_SOURCE_GROUP, s->group, s->client));
	say_rc("leaving the last", source(fd, s, MCAST_LEAVE_SOURCE_GROUP, s->group, s->stranger));
	say_rc("leaving the group then", group(fd, s, MCAST_LEAVE_GROUP, s->group));
	say_rc("joining for all", group(fd, s, MCAST_JOIN_GROUP, s->group));
	say_rc("unblocking who is not blocked",
	       source(fd, s, MCAST_UNBLOCK_SOURCE, s->group, s->client));
	say_rc("blocking one", source(fd, s, MCAST_BLOCK_SOURCE, s->group, s->client));
	say_rc("blocking him again", source(fd, s, MCAST_BLOCK_SOURCE, s->group, s->client));
	say_rc("joining for one then",
	       source(fd, s, MCAST_JOIN_SOURCE_GROUP, s->group, s->stranger));
	say_rc("unblocking one", source(fd, s, MCAST_UNBLOCK_SOURCE, s->group, s->client));
	say_rc("joining for one after that",
	       source(fd, s, MCAST_JOIN_SOURCE_GROUP, s->group, s->stranger));
	say_rc("leaving the group", group(fd, s, MCAST_LEAVE_GROUP, s->group));
	say_rc("joining for all, once more", group(fd, s, MCAST_JOIN_GROUP, s->group));
	say_rc("joining for one while nobody was named",
	       source(fd, s, MCAST_JOIN_SOURCE_GROUP, s->group, s->client));
	say_rc("blocking one after that", source(fd, s, MCAST_BLOCK_SOURCE, s->group, s->stranger));
	say_rc("no group", source(fd, s, MCAST_JOIN_SOURCE_GROUP, s->client, s->client));
	put(s, s->group, 0, &r.gsr_group);
	put(s, s->client, 0, &r.gsr_source);
	say_rc("a number that is none",
	       setsockopt(fd, s->level, MCAST_JOIN_SOURCE_GROUP, &r, sizeof(r)));
	say_rc("short", setsockopt(fd, s->level, MCAST_JOIN_SOURCE_GROUP, &r, sizeof(r) - 1));
	r.gsr_source.ss_family = AF_UNIX;
	say_rc("another family", setsockopt(fd, s->level, MCAST_JOIN_SOURCE_GROUP, &r, sizeof(r)));
	for (i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), s->family == AF_INET6 ? "2001:db8::5:%d" : "10.0.1.%d",
			 i + 1);
		if (source(fd, s, MCAST_JOIN_SOURCE_GROUP, s->other, text))
			break;
	}
	say_rc("too many", -1);
	say("named", "%d", i);
	close(fd);
}

/* IPv4's own structure. */
static void own_options(void)
{
	struct ip_mreq_source m = {
		{0}, host_address(SERVER, 0).sin_addr, host_address(CLIENT, 0).sin_addr};
	int fd;

	on_server();
	fd = udp_socket(0);
	m.imr_multiaddr.s_addr = htonl(0xefc80301);
	say_rc("IP_ADD_SOURCE_MEMBERSHIP, short",
	       setsockopt(fd, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &m, sizeof(m) - 1));
	say_rc("IP_ADD_SOURCE_MEMBERSHIP",
	       setsockopt(fd, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &m, sizeof(m)));
	say_rc("IP_BLOCK_SOURCE then", setsockopt(fd, IPPROTO_IP, IP_BLOCK_SOURCE, &m, sizeof(m)));
	say_rc("IP_DROP_SOURCE_MEMBERSHIP",
	       setsockopt(fd, IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, &m, sizeof(m)));
	say_rc("IP_DROP_SOURCE_MEMBERSHIP again",
	       setsockopt(fd, IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, &m, sizeof(m)));
	say_rc("IP_BLOCK_SOURCE of no member",
	       setsockopt(fd, IPPROTO_IP, IP_BLOCK_SOURCE, &m, sizeof(m)));
	say_rc("IP_ADD_MEMBERSHIP",
	       setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(struct ip_mreq)));
	say_rc("IP_BLOCK_SOURCE", setsockopt(fd, IPPROTO_IP, IP_BLOCK_SOURCE, &m, sizeof(m)));
	say_rc("IP_UNBLOCK_SOURCE", setsockopt(fd, IPPROTO_IP, IP_UNBLOCK_SOURCE, &m, sizeof(m)));
	close(fd);
}

/* ---- who is heard ---------------------------------------------------------------------------- */

static void sends(int fd, const struct side *s, const char *name, const char *text)
{
	struct sockaddr_storage to;
	socklen_t len = put(s, name, PORT, &to);

	need(sendto(fd, text, strlen(text), 0, SA(&to), len) == (ssize_t)strlen(text));
}

static int sender(const struct side *s)
{
	struct in_addr own = host_address(CLIENT, 0).sin_addr;
	int fd = fresh(s, CLIENT);

	if (s->family == AF_INET6)
		set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)link_number(CLIENT));
	else
		need(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &own, sizeof(own)) == 0);
	return fd;
}

static void hearing(const struct side *s)
{
	int from = sender(s), one, other, but, all, witness;

	one = bound(s, PORT);
	other = bound(s, PORT);
	but = bound(s, PORT);
	all = bound(s, PORT);
	witness = bound(s, PORT);
	need(group(witness, s, MCAST_JOIN_GROUP, s->group) == 0);
	need(source(one, s, MCAST_JOIN_SOURCE_GROUP, s->group, s->client) == 0);
	need(source(other, s, MCAST_JOIN_SOURCE_GROUP, s->group, s->stranger) == 0);
	need(group(but, s, MCAST_JOIN_GROUP, s->group) == 0);
	need(source(but, s, MCAST_BLOCK_SOURCE, s->group, s->client) == 0);
	sends(from, s, s->group, "first");
	hears("who hears all", witness);
	hears("who named him", one);
	hears("who is no member", all);
	hears_nothing("who named another", other);
	hears_nothing("who blocked him", but);
	need(source(but, s, MCAST_UNBLOCK_SOURCE, s->group, s->client) == 0);
	need(source(one, s, MCAST_LEAVE_SOURCE_GROUP, s->group, s->client) == 0);
	set_int(one, s->level, s->all, 0);
	sends(from, s, s->group, "second");
	hears("who hears all, then", witness);
	hears("who blocked him no more", but);
	hears_nothing("who left", one);
	/* Nobody is left who wants him: who is no member does not hear him either. */
	need(group(witness, s, MCAST_LEAVE_GROUP, s->group) == 0);
	need(group(but, s, MCAST_LEAVE_GROUP, s->group) == 0);
	hears("who is no member, then", all);
	sends(from, s, s->group, "third");
	need(group(witness, s, MCAST_JOIN_GROUP, s->other) == 0);
	sends(from, s, s->other, "last");
	hears("the last", witness);
	hears("the last, who is no member", all);
	close(one);
	close(other);
	close(but);
	close(all);
	close(witness);
	close(from);
}

void topic_group_sources(void)
{
	for (int i = 0; i < 2; i++) {
		about("%s", sides[i].name);
		refusals(&sides[i]);
		hearing(&sides[i]);
		about("%s", "");
	}
	own_options();
}
