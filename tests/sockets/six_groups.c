/* SPDX-License-Identifier: BSD-3-Clause */
/* Multicast by IPv6: joining and leaving, who hears what, options, copies for the sender. */
#include <arpa/inet.h>

#include "sockets/twin.h"

#define GROUP	"ff15::1:2"
#define GROUP_2 "ff15::1:3"
#define LINK	"ff12::1:2"
#define NODE	"ff11::1:2"

static struct ipv6_mreq mreq(const char *group, unsigned number)
{
	struct ipv6_mreq m = {.ipv6mr_interface = number};

	need(inet_pton(AF_INET6, group, &m.ipv6mr_multiaddr) == 1);
	return m;
}

static int change(int fd, int option, const char *group, unsigned number)
{
	struct ipv6_mreq m = mreq(group, number);

	return setsockopt(fd, IPPROTO_IPV6, option, &m, sizeof(m));
}

static int join(int fd, enum twin_host host, const char *group)
{
	return change(fd, IPV6_JOIN_GROUP, group, link_number(host));
}

static int leave(int fd, enum twin_host host, const char *group)
{
	return change(fd, IPV6_LEAVE_GROUP, group, link_number(host));
}

/* A socket of IPv6 alone that shares its port. */
static int shared(enum twin_host host, const char *address)
{
	struct sockaddr_in6 sin6 = address6(address, PORT);
	int fd;

	on_host(host);
	fd = six_socket(SOCK_DGRAM);
	set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	need(bind(fd, SA(&sin6), SIN6_LEN) == 0);
	return fd;
}

static int sender(enum twin_host host)
{
	int fd;

	on_host(host);
	fd = six_socket(SOCK_DGRAM);
	set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)link_number(host));
	return fd;
}

static long send_to(int fd, const char *group, const char *text)
{
	struct sockaddr_in6 to = address6(group, PORT);

	return sendto(fd, text, strlen(text), 0, SA(&to), SIN6_LEN);
}

static void sends(int fd, const char *group, const char *text)
{
	need(send_to(fd, group, text) == (long)strlen(text));
}

static void joining(void)
{
	struct ipv6_mreq m;
	int fd;

	on_client();
	m = mreq(GROUP, link_number(CLIENT));
	fd = six_socket(SOCK_DGRAM);
	say_rc("join", join(fd, CLIENT, GROUP));
	say_rc("join again", join(fd, CLIENT, GROUP));
	say_rc("join again, on any interface", change(fd, IPV6_JOIN_GROUP, GROUP, 0));
	say_rc("join what is no group", join(fd, CLIENT, "2001:db8::2"));
	say_rc("join what is no group by a number that is none",
	       change(fd, IPV6_JOIN_GROUP, "2001:db8::2", 77));
	say_rc("join by a number that is none", change(fd, IPV6_JOIN_GROUP, GROUP_2, 77));
	say_rc("join again by a number that is none", change(fd, IPV6_JOIN_GROUP, GROUP, 77));
	say_rc("join a group of IPv4", join(fd, CLIENT, "::ffff:239.1.2.3"));
	say_rc("join with 19 bytes", setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m, 19));
	say_rc("leave with 19 bytes", setsockopt(fd, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &m, 19));
	say_rc("leave what was not joined", leave(fd, CLIENT, GROUP_2));
	say_rc("leave what is no group", leave(fd, CLIENT, "2001:db8::2"));
	say_rc("leave by another number", change(fd, IPV6_LEAVE_GROUP, GROUP, 77));
	say_rc("leave", leave(fd, CLIENT, GROUP));
	say_rc("leave again", leave(fd, CLIENT, GROUP));
	say_rc("join on any interface", change(fd, IPV6_JOIN_GROUP, GROUP, 0));
	say_rc("leave on any interface", change(fd, IPV6_LEAVE_GROUP, GROUP, 0));
	say_rc("join what everybody is a member of", join(fd, CLIENT, "ff02::1"));
	say_rc("leave what everybody is a member of", leave(fd, CLIENT, "ff02::1"));
	close(fd);
	fd = udp_socket(0);
	say_rc("join by a socket of IPv4", join(fd, CLIENT, GROUP));
	close(fd);
}

/* The structure for both families. */
static void requests(void)
{
	struct sockaddr_in6 group = address6(GROUP, 0);
	struct group_req r = {0};
	int fd;

	on_client();
	fd = six_socket(SOCK_DGRAM);
	r.gr_interface = link_number(CLIENT);
	memcpy(&r.gr_group, &group, sizeof(group));
	say_rc("MCAST_JOIN_GROUP, short",
	       setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_GROUP, &r, sizeof(r) - 1));
	say_rc("MCAST_JOIN_GROUP", setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_GROUP, &r, sizeof(r)));
	say_rc("MCAST_JOIN_GROUP of IPv4 with a group of IPv6",
	       setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &r, sizeof(r)));
	say_rc("IPV6_JOIN_GROUP then", join(fd, CLIENT, GROUP));
	say_rc("MCAST_LEAVE_GROUP", setsockopt(fd, IPPROTO_IPV6, MCAST_LEAVE_GROUP, &r, sizeof(r)));
	say_rc("MCAST_LEAVE_GROUP again",
	       setsockopt(fd, IPPROTO_IPV6, MCAST_LEAVE_GROUP, &r, sizeof(r)));
	r.gr_interface = 77;
	say_rc("MCAST_JOIN_GROUP by a number that is none",
	       setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_GROUP, &r, sizeof(r)));
	r.gr_group.ss_family = AF_INET;
	say_rc("MCAST_JOIN_GROUP of another family",
	       setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_GROUP, &r, sizeof(r)));
	say_rc("MCAST_LEAVE_GROUP of another family",
	       setsockopt(fd, IPPROTO_IPV6, MCAST_LEAVE_GROUP, &r, sizeof(r)));
	close(fd);
}

static void say_option(const char *name, int fd, int option, int value)
{
	about("%s %d", name, value);
	say_rc("", setsockopt(fd, IPPROTO_IPV6, option, &value, sizeof(value)));
	say("is", "%d", get_int(fd, IPPROTO_IPV6, option));
	about("%s", "");
}

static void options(void)
{
	static const int values[] = {0, 1, 2, 255, 256, -1, -2};
	int fd;

	on_client();
	fd = six_socket(SOCK_DGRAM);
	say("at first", "hops %d, loop %d, all %d, interface %d",
	    get_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS),
	    get_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP),
	    get_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL),
	    get_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF));
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		say_option("IPV6_MULTICAST_HOPS", fd, IPV6_MULTICAST_HOPS, values[i]);
		say_option("IPV6_MULTICAST_LOOP", fd, IPV6_MULTICAST_LOOP, values[i]);
		say_option("IPV6_MULTICAST_ALL", fd, IPV6_MULTICAST_ALL, values[i]);
	}
	option_in_sizes("IPV6_MULTICAST_HOPS", fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS);
	option_in_sizes("IPV6_MULTICAST_LOOP", fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP);
	set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)link_number(CLIENT));
	say_if("IPV6_MULTICAST_IF is what was set",
	       get_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF) == (int)link_number(CLIENT));
	say_option("IPV6_MULTICAST_IF", fd, IPV6_MULTICAST_IF, 0);
	say_rc("IPV6_MULTICAST_IF, a number that is none",
	       setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &(int){77}, sizeof(int)));
	say_rc("IPV6_MULTICAST_IF, a number below 0",
	       setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &(int){-1}, sizeof(int)));
	close(fd);
}

static void members(void)
{
	int from = sender(CLIENT), any, own, group, other, witness;

	any = shared(SERVER, "::");
	own = shared(SERVER, "2001:db8::2");
	group = shared(SERVER, GROUP);
	other = shared(SERVER, GROUP_2);
	witness = shared(SERVER, "::");
	need(join(witness, SERVER, GROUP) == 0);
	sends(from, GROUP, "to a group");
	hears("the member", witness);
	hears("bound to the group", group);
	hears("bound to any, no member", any);
	hears_nothing("bound to the host's address", own);
	hears_nothing("bound to another group", other);
	set_int(any, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
	sends(from, GROUP, "again");
	hears("the member, again", witness);
	hears("bound to the group, again", group);
	hears_nothing("without IPV6_MULTICAST_ALL", any);
	need(join(any, SERVER, GROUP) == 0 && leave(witness, SERVER, GROUP) == 0);
	sends(from, GROUP, "third");
	hears("a member then", any);
	hears("no member any more, bound to any", witness);
	hears("bound to the group, third", group);
	need(join(any, SERVER, LINK) == 0);
	sends(from, LINK, "on the link");
	hears("of the link", any);
	hears("of the link, no member", witness);
	close(any);
	sends(from, GROUP, "nobody is a member");
	sends(from, "2001:db8::2", "to the host");
	hears("to the host", own);
	hears_nothing("without members", witness);
	hears_nothing("bound to the group, without members", group);
	close(own);
	close(group);
	close(other);
	close(witness);
	close(from);
}

/* What is sent comes back to members on the sender's host. */
static void looped(void)
{
	int from = sender(CLIENT), here, there;

	here = shared(CLIENT, "::");
	there = shared(SERVER, "::");
	need(join(here, CLIENT, GROUP) == 0 && join(there, SERVER, GROUP) == 0);
	need(join(here, CLIENT, NODE) == 0 && join(there, SERVER, NODE) == 0);
	sends(from, GROUP, "both");
	hears("there", there);
	hears("here", here);
	set_int(from, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
	sends(from, GROUP, "there only");
	hears("not looped, there", there);
	hears_nothing("not looped, here", here);
	set_int(from, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1);
	set_int(from, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 0);
	sends(from, GROUP, "here only");
	hears("hop limit 0, here", here);
	set_int(from, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1);
	sends(from, NODE, "in the node");
	hears("of the node", here);
	sends(from, GROUP, "last");
	hears("hop limit 1, there", there);
	close(here);
	close(there);
	close(from);
}

void topic_six_groups(void)
{
	joining();
	requests();
	options();
	members();
	looped();
}
