/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asks a host whether it is there, three times, with a ping socket (icmp(7)): no privilege is
 * needed, the socket sees the replies to its own requests alone. The main thread runs the worker.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include <netstk/netstk.h>

#define TIMES  3
#define WAIT_S 1

struct message {
	struct icmphdr h;
	char data[56];
};

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* True if the answer to this request came in time; those to earlier ones are passed over. */
static int answered(int fd, unsigned seq)
{
	double sent = now_ms();
	struct message m;
	ssize_t n;

	while ((n = nsk_recv(fd, &m, sizeof(m), 0)) >= (ssize_t)sizeof(m.h)) {
		if (ntohs(m.h.un.echo.sequence) != seq)
			continue;
		printf("%zd bytes, sequence %u: %.3f ms\n", n, seq, now_ms() - sent);
		return 1;
	}
	printf("sequence %u: no answer\n", seq);
	return 0;
}

static int ping(const struct sockaddr_in *host)
{
	const struct timeval wait = {.tv_sec = WAIT_S};
	int fd = nsk_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), answers = 0;

	nsk_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (nsk_connect(fd, (const struct sockaddr *)host, sizeof(*host))) {
		perror("connect");
		return 1;
	}
	for (unsigned seq = 1; seq <= TIMES; seq++) {
		struct message m = {.h.type = ICMP_ECHO};

		/* Identifier and checksum are the socket's. */
		m.h.un.echo.sequence = htons((uint16_t)seq);
		memset(m.data, (int)seq, sizeof(m.data));
		if (nsk_send(fd, &m, sizeof(m), 0) < 0)
			perror("send");
		else
			answers += answered(fd, seq);
	}
	nsk_close(fd);
	return answers == 0;
}

/* Says what is wrong; 2, as with all programs, where the same command line will not do next time
 * either. */
static int failed(struct nsk_config *config, const char *what, int status)
{
	fprintf(stderr, "%s\n", what);
	nsk_config_free(config);
	return status;
}

int main(int argc, char **argv)
{
	struct nsk_config *config = nsk_config_new();
	struct sockaddr_in host = {.sin_family = AF_INET};
	struct nsk_stack *stack;
	int rc;

	if (nsk_config_args(config, &argc, argv))
		return failed(config, nsk_config_error(config), 2);
	if (argc != 2 || inet_pton(AF_INET, argv[1], &host.sin_addr) != 1)
		return failed(config, "usage: ping -d DEVICE -a CIDR [-g GATEWAY] ADDRESS", 2);
	if (nsk_stack_create(config, &stack))
		return failed(config, nsk_config_error(config),
			      errno == EINVAL || errno == ENODEV ? 2 : 1);
	nsk_config_free(config);
	rc = nsk_attach(stack, 0) || ping(&host);
	nsk_detach();
	nsk_stack_destroy(stack);
	return rc;
}
