/* SPDX-License-Identifier: BSD-3-Clause */
/* What datagram sockets hear of each ICMP error: connected or not, with IP_RECVERR or without. */
#include <netinet/ip_icmp.h>

#include "sockets/twin.h"

struct error {
	struct icmphdr icmp;
	struct {
		uint8_t octets[12];
		struct in_addr src, dst;
	} ip;
	uint16_t sport, dport, len, checksum;
} __attribute__((packed));

static uint16_t checksum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* The server says that a datagram from the client's port has not arrived. */
static void complain(uint8_t type, uint8_t code, uint16_t sport_be, uint16_t dport_be)
{
	struct sockaddr_in to = host_address(CLIENT, 0);
	struct error e = {
		.icmp = {.type = type, .code = code},
		.ip = {{0x45, 0, 0, 32, 0, 1, 0x40, 0, 64, IPPROTO_UDP},
		       to.sin_addr,
		       host_address(SERVER, 0).sin_addr},
		.sport = sport_be,
		.dport = dport_be,
		.len = htons(12),
	};
	int fd;

	if (type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED) {
		e.icmp.un.frag.mtu = htons(1000);
		e.ip.octets[2] = 5; /* it was longer than that */
	}
	uint16_t sum = checksum(&e.ip, sizeof(e.ip));

	memcpy(e.ip.octets + 10, &sum, 2);
	e.icmp.checksum = checksum(&e, sizeof(e));
	on_server();
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	need(fd >= 0);
	need(sendto(fd, &e, sizeof(e), 0, SA(&to), SIN_LEN) == sizeof(e));
	close(fd);
}

/* The error comes before the datagram that is sent behind it. */
static void hears_error(uint8_t type, uint8_t code, bool connected, bool recverr)
{
	struct sockaddr_in own, server;
	int fd, peer = udp_bound(SERVER, &server, 0);
	char buf[8];
	ssize_t n;

	fd = udp_bound(CLIENT, &own, 0);
	set_int(fd, IPPROTO_IP, IP_RECVERR, recverr);
	if (connected)
		need(connect(fd, SA(&server), SIN_LEN) == 0);
	complain(type, code, own.sin_port, server.sin_port);
	need(sendto(peer, "after", 5, 0, SA(&own), SIN_LEN) == 5);
	about("type %u code %u, %s%s", type, code, connected ? "connected" : "not connected",
	      recverr ? ", IP_RECVERR" : "");
	n = recv(fd, buf, sizeof(buf), 0);
	say_bytes("first", buf, n);
	say_bytes("then", buf, recv(fd, buf, sizeof(buf), n < 0 ? 0 : MSG_DONTWAIT));
	about("%s", "");
	close(fd);
	close(peer);
}

/* A router's MTU, which is 1000: what the socket says of it, and sends. */
static void narrow_path(const char *name, int discover, bool connected)
{
	static char big[973];
	struct sockaddr_in own, server;
	int fd, peer = udp_bound(SERVER, &server, 0);
	char byte;

	fd = udp_bound(CLIENT, &own, 0);
	set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, discover);
	set_int(fd, IPPROTO_IP, IP_RECVERR, !connected);
	if (connected)
		need(connect(fd, SA(&server), SIN_LEN) == 0);
	about("a path of 1000, %s%s", name, connected ? "" : ", not connected");
	complain(ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, own.sin_port, server.sin_port);
	events_wait(fd, POLLERR);
	say_rc("is told", recv(fd, &byte, 1, MSG_DONTWAIT));
	if (connected)
		say("IP_MTU", "%d", get_int(fd, IPPROTO_IP, IP_MTU));
	say_rc("973 bytes", sendto(fd, big, 973, 0, SA(&server), SIN_LEN));
	say_rc("972 bytes", sendto(fd, big, 972, 0, SA(&server), SIN_LEN));
	say_rc("973 bytes again", sendto(fd, big, 973, 0, SA(&server), SIN_LEN));
	about("%s", "");
	close(fd);
	close(peer);
}

/* The next hop does not answer: who asks for errors is told, and after him nobody is any more. */
static void silent_host(void)
{
	struct sockaddr_in to = silent_address(7, PORT);
	int plain, asking;

	on_client();
	plain = udp_socket(0);
	asking = udp_socket(0);
	set_int(asking, IPPROTO_IP, IP_RECVERR, 1);
	need(connect(plain, SA(&to), SIN_LEN) == 0 && connect(asking, SA(&to), SIN_LEN) == 0);
	need(send(plain, "x", 1, 0) == 1 && send(asking, "x", 1, 0) == 1);
	events_wait(asking, POLLERR);
	about("%s", "a host that does not answer");
	say("IP_RECVERR", "%s", strerror(get_int(asking, SOL_SOCKET, SO_ERROR)));
	say("without", "%s", strerror(get_int(plain, SOL_SOCKET, SO_ERROR)));
	close(plain);
	close(asking);
	about("%s", "");
}

void topic_unreachable(void)
{
	static const struct {
		uint8_t type, codes;
	} errors[] = {{ICMP_DEST_UNREACH, 16}, {ICMP_TIME_EXCEEDED, 2}, {ICMP_PARAMETERPROB, 1}};

	for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		for (uint8_t code = 0; code < errors[i].codes; code++)
			for (unsigned k = 0; k < 4; k++)
				hears_error(errors[i].type, code, k & 1, k & 2);
	narrow_path("IP_PMTUDISC_DO", IP_PMTUDISC_DO, true);
	narrow_path("IP_PMTUDISC_DO", IP_PMTUDISC_DO, false);
	narrow_path("IP_PMTUDISC_PROBE", IP_PMTUDISC_PROBE, true);
	silent_host();
}
