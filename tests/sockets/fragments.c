/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagrams that are longer than the MTU, and what IP_MTU_DISCOVER makes of them. */
#include <linux/icmp.h>
#include <netinet/ip.h>

#include "sockets/twin.h"

#define LONGEST 65507

static char sent[LONGEST + 1], got[LONGEST + 1];

/* Sends n bytes, which arrive whole unless they are refused. */
static void goes(const int fd[2], size_t n)
{
	ssize_t rc = send(fd[0], sent, n, 0);

	say_rc("send", rc);
	if (rc < 0)
		return;
	rc = recv(fd[1], got, sizeof(got), 0);
	say_rc("recv", rc);
	say_if("the same", rc > 0 && memcmp(got, sent, (size_t)rc) == 0);
}

static void sizes(void)
{
	static const size_t size[] = {1472, 1473, 2952, 2953, 8192, 30000, LONGEST, LONGEST + 1};
	int fd[2];

	udp_pair(fd);
	for (unsigned i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
		about("%zu bytes", size[i]);
		goes(fd, size[i]);
	}
	about("a look at 3000 bytes");
	need(send(fd[0], sent, 3000, 0) == 3000);
	say_rc("of 10", recv(fd[1], got, 10, MSG_PEEK | MSG_TRUNC));
	say_rc("of 2000", recv(fd[1], got, 2000, 0));
	say_rc("and gone", recv(fd[1], got, 2000, MSG_DONTWAIT));
	about("the first part");
	say_rc("send", send(fd[0], sent, 1000, MSG_MORE));
	about("the other part");
	say_rc("send", send(fd[0], sent, 4000, 0));
	say_rc("recv", recv(fd[1], got, sizeof(got), 0));
	close_pair(fd);
}

static void discover(void)
{
	static const int value[] = {IP_PMTUDISC_DONT,  IP_PMTUDISC_WANT,      IP_PMTUDISC_DO,
				    IP_PMTUDISC_PROBE, IP_PMTUDISC_INTERFACE, IP_PMTUDISC_OMIT};

	for (unsigned i = 0; i < sizeof(value) / sizeof(value[0]); i++) {
		int fd[2];

		udp_pair(fd);
		set_int(fd[0], IPPROTO_IP, IP_MTU_DISCOVER, value[i]);
		for (size_t n = 1472; n <= 1473; n++) {
			about("IP_MTU_DISCOVER %d, %zu bytes", value[i], n);
			goes(fd, n);
		}
		close_pair(fd);
	}
}

static void pings(void)
{
	struct sockaddr_in to = host_address(SERVER, 0);
	struct icmphdr h = {.type = ICMP_ECHO};
	ssize_t n;
	int fd;

	about("a ping of 20000 bytes");
	on_client();
	fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	need(fd >= 0);
	memcpy(sent, &h, sizeof(h));
	say_rc("send", sendto(fd, sent, 20008, 0, SA(&to), SIN_LEN));
	n = recv(fd, got, sizeof(got), 0);
	say_rc("answer", n);
	say_if("the same", n > 8 && memcmp(got + 8, sent + 8, (size_t)n - 8) == 0);
	close(fd);
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	need(fd >= 0);
	set_int(fd, IPPROTO_IP, IP_HDRINCL, 1);
	about("a header of one's own");
	sent[0] = 0x45;
	say_rc("1501 bytes", sendto(fd, sent, 1501, 0, SA(&to), SIN_LEN));
	close(fd);
}

void topic_fragments(void)
{
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (char)(i * 31 + i / 251);
	sizes();
	discover();
	pings();
}
