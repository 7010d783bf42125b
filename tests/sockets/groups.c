/* SPDX-License-Identifier: BSD-3-Clause */
/* Multicast and broadcast: joining and leaving, who hears what, options, copies for the sender. */
#include <arpa/inet.h>

#include "sockets/twin.h"

#define GROUP 0xefc80101u /* 239.200.1.1 */

static struct sockaddr_in at(uint32_t address, uint16_t port)
{
	struct sockaddr_in sin = any_address(port);

	sin.sin_addr.s_addr = htonl(address);
	return sin;
}

/* By the host's own address. */
static struct ip_mreq mreq(enum twin_host host, uint32_t group)
{
	return (struct ip_mreq){{htonl(group)}, host_address(host, 0).sin_addr};
}

static int change(int fd, int option, enum twin_host host, uint32_t group)
{
	struct ip_mreq m = mreq(host, group);

	return setsockopt(fd, IPPROTO_IP, option, &m, sizeof(m));
}

static int join(int fd, enum twin_host host, uint32_t group)
{
	return change(fd, IP_ADD_MEMBERSHIP, host, group);
}

static int leave(int fd, enum twin_host host, uint32_t group)
{
	return change(fd, IP_DROP_MEMBERSHIP, host, group);
}

/* A socket that shares its port. */
static int shared(enum twin_host host, uint32_t address, uint16_t port)
{
	struct sockaddr_in sin = at(address, port);
	int fd;

	on_host(host);
	fd = udp_socket(0);
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	need(bind(fd, SA(&sin), SIN_LEN) == 0);
	return fd;
}

/* One that sends to groups by the host's interface. */
static int sender(enum twin_host host)
{
	struct in_addr own = host_address(host, 0).sin_addr;
	int fd;

	on_host(host);
	fd = udp_socket(0);
	need(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &own, sizeof(own)) == 0);
	return fd;
}

static void send_to(int fd, uint32_t address, uint16_t port, const char *text)
{
	struct sockaddr_in to = at(address, port);

	need(sendto(fd, text, strlen(text), 0, SA(&to), SIN_LEN) == (ssize_t)strlen(text));
}

static void joining(void)
{
	struct ip_mreq m = mreq(CLIENT, GROUP);
	struct ip_mreqn n = {m.imr_multiaddr, m.imr_interface, 0};
	struct group_req r = {.gr_interface = 77};
	int fd, i = 0;

	on_client();
	fd = udp_socket(0);
	say_rc("join", join(fd, CLIENT, GROUP));
	say_rc("join again", join(fd, CLIENT, GROUP));
	say_rc("join what is no group", join(fd, CLIENT, 0x0a000002));
	say_rc("join by another's address", join(fd, SERVER, GROUP + 1));
	n.imr_ifindex = 77;
	say_rc("join by a number that is none",
	       setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &n, sizeof(n)));
	say_rc("join with 7 bytes", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, 7));
	say_rc("leave what was not joined", leave(fd, CLIENT, GROUP + 1));
	say_rc("leave", leave(fd, CLIENT, GROUP));
	say_rc("leave again", leave(fd, CLIENT, GROUP));
	say_rc("leave by another's address", leave(fd, SERVER, GROUP));
	m.imr_interface.s_addr = INADDR_ANY;
	say_rc("any interface, join", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)));
	say_rc("any interface, leave",
	       setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &m, sizeof(m)));
	while (join(fd, CLIENT, GROUP + (uint32_t)i) == 0)
		i++;
	say_rc("joined too many", -1);
	say("joined", "%d", i);
	close(fd);
	fd = udp_socket(0);
	memcpy(&r.gr_group, &(struct sockaddr_in){.sin_family = AF_INET6}, SIN_LEN);
	say_rc("MCAST_JOIN_GROUP of another family",
	       setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &r, sizeof(r)));
	memcpy(&r.gr_group, &(struct sockaddr_in){.sin_family = AF_INET}, SIN_LEN);
	say_rc("MCAST_JOIN_GROUP of what is no group",
	       setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &r, sizeof(r)));
	((struct sockaddr_in *)&r.gr_group)->sin_addr.s_addr = htonl(GROUP);
	say_rc("MCAST_JOIN_GROUP by a number that is none",
	       setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &r, sizeof(r)));
	say_rc("MCAST_JOIN_GROUP, short",
	       setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &r, sizeof(r) - 1));
	close(fd);
}

static void say_option(const char *name, int fd, int option, int value)
{
	about("%s %d", name, value);
	say_rc("", setsockopt(fd, IPPROTO_IP, option, &value, sizeof(value)));
	say("is", "%d", get_int(fd, IPPROTO_IP, option));
	about("%s", "");
}

static void options(void)
{
	static const int values[] = {0, 1, 2, -1};
	struct in_addr address = host_address(CLIENT, 0).sin_addr, got = {7};
	struct ip_mreqn n = {.imr_address = address};
	socklen_t len = sizeof(got);
	int fd;

	on_client();
	fd = udp_socket(0);
	say("at first", "ttl %d, loop %d, all %d", get_int(fd, IPPROTO_IP, IP_MULTICAST_TTL),
	    get_int(fd, IPPROTO_IP, IP_MULTICAST_LOOP), get_int(fd, IPPROTO_IP, IP_MULTICAST_ALL));
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		say_option("IP_MULTICAST_LOOP", fd, IP_MULTICAST_LOOP, values[i]);
		say_option("IP_MULTICAST_ALL", fd, IP_MULTICAST_ALL, values[i]);
		say_option("IP_MULTICAST_TTL", fd, IP_MULTICAST_TTL, values[i]);
	}
	say_rc("a byte of IP_MULTICAST_LOOP",
	       setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &(char){0}, 1));
	say_rc("IP_MULTICAST_IF", getsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &got, &len));
	say("is", "%u bytes, %08x", len, ntohl(got.s_addr));
	say_rc("IP_MULTICAST_IF, address",
	       setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof(address)));
	say_rc("IP_MULTICAST_IF, ip_mreqn",
	       setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &n, sizeof(n)));
	need(getsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &got, &len) == 0);
	say("is then", "%u bytes, %08x", len, ntohl(got.s_addr));
	say_rc("IP_MULTICAST_IF, 3 bytes",
	       setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &address, 3));
	address = host_address(SERVER, 0).sin_addr;
	say_rc("IP_MULTICAST_IF, another's address",
	       setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof(address)));
	n.imr_ifindex = 77;
	say_rc("IP_MULTICAST_IF, a number that is none",
	       setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &n, sizeof(n)));
	address.s_addr = 0;
	say_rc("IP_MULTICAST_IF, none",
	       setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof(address)));
	close(fd);
}

static void members(void)
{
	int from = sender(CLIENT), any, own, group, other, witness;

	any = shared(SERVER, INADDR_ANY, PORT);
	own = shared(SERVER, 0x0a000002, PORT);
	group = shared(SERVER, GROUP, PORT);
	other = shared(SERVER, GROUP + 1, PORT);
	witness = shared(SERVER, INADDR_ANY, PORT);
	need(join(witness, SERVER, GROUP) == 0);
	send_to(from, GROUP, PORT, "to a group");
	hears("the member", witness);
	hears("bound to the group", group);
	hears("bound to any, no member", any);
	hears_nothing("bound to the host's address", own);
	hears_nothing("bound to another group", other);
	set_int(any, IPPROTO_IP, IP_MULTICAST_ALL, 0);
	send_to(from, GROUP, PORT, "again");
	hears("the member, again", witness);
	hears("bound to the group, again", group);
	hears_nothing("without IP_MULTICAST_ALL", any);
	/* Who is the last to leave takes the group along. */
	need(join(any, SERVER, GROUP) == 0 && leave(witness, SERVER, GROUP) == 0);
	send_to(from, GROUP, PORT, "third");
	hears("a member then", any);
	hears("no member any more, bound to any", witness);
	hears("bound to the group, third", group);
	close(any);
	send_to(from, GROUP, PORT, "nobody is a member");
	send_to(from, 0x0a000002, PORT, "to the host");
	hears("to the host", own);
	hears_nothing("without members", witness);
	hears_nothing("bound to the group, without members", group);
	close(own);
	close(group);
	close(other);
	close(witness);
	close(from);
}

static void broadcasts(void)
{
	int from = sender(CLIENT), any[3], own, bcast, peers, mine;
	struct sockaddr_in stranger = host_address(CLIENT, PORT + 9);

	for (int i = 0; i < 3; i++)
		any[i] = shared(SERVER, INADDR_ANY, PORT);
	own = shared(SERVER, 0x0a000002, PORT);
	bcast = shared(SERVER, 0x0a0000ff, PORT);
	peers = shared(SERVER, INADDR_ANY, PORT);
	need(connect(peers, SA(&stranger), SIN_LEN) == 0);
	mine = shared(CLIENT, INADDR_ANY, PORT);
	set_int(from, SOL_SOCKET, SO_BROADCAST, 1);
	send_to(from, 0x0a0000ff, PORT, "to all");
	for (int i = 0; i < 3; i++) {
		about("bound to any, %d", i);
		hears("", any[i]);
		about("%s", "");
	}
	hears("bound to the broadcast address", bcast);
	hears_nothing("bound to the host's address, a broadcast", own);
	hears_nothing("connected to somebody else", peers);
	hears("the sender's own host", mine);
	for (int i = 0; i < 3; i++)
		close(any[i]);
	close(own);
	close(bcast);
	close(peers);
	close(mine);
	close(from);
}

/* What is sent comes back to members on the sender's host. */
static void looped(void)
{
	int from = sender(CLIENT), here, there;

	here = shared(CLIENT, INADDR_ANY, PORT);
	there = shared(SERVER, INADDR_ANY, PORT);
	need(join(here, CLIENT, GROUP) == 0 && join(there, SERVER, GROUP) == 0);
	send_to(from, GROUP, PORT, "both");
	hears("there", there);
	hears("here", here);
	set_int(from, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	send_to(from, GROUP, PORT, "there only");
	hears("not looped, there", there);
	hears_nothing("not looped, here", here);
	set_int(from, IPPROTO_IP, IP_MULTICAST_LOOP, 1);
	set_int(from, IPPROTO_IP, IP_MULTICAST_TTL, 0);
	send_to(from, GROUP, PORT, "here only");
	hears("ttl 0, here", here);
	set_int(from, IPPROTO_IP, IP_MULTICAST_TTL, 1);
	send_to(from, GROUP, PORT, "last");
	hears("ttl 1, there", there);
	close(here);
	close(there);
	close(from);
}

void topic_groups(void)
{
	joining();
	options();
	members();
	broadcasts();
	looped();
}
