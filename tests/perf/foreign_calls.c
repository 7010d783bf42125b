/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a call costs a thread that does not run the worker, which turns its loop in a thread of its
 * own meanwhile: the time of each of COUNT calls that do next to nothing there (F_GETFL), and
 * datagrams a second that are sent one in a call and BATCH in a call.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <netstk/netstk.h>

#define BATCH	32
#define SIZE	64
#define WARM_UP 1000

static struct nsk_stack *stack;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static int turn(void *arg)
{
	(void)arg;
	nsk_poll(NULL, 0, -1);
	return 0;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void time_calls(int fd, unsigned count)
{
	uint64_t *took = calloc(count, sizeof(*took));

	if (!took)
		exit(1);
	for (unsigned i = 0; i < WARM_UP; i++)
		nsk_fcntl(fd, F_GETFL);
	for (unsigned i = 0; i < count; i++) {
		uint64_t start = now_ns();

		nsk_fcntl(fd, F_GETFL);
		took[i] = now_ns() - start;
	}
	qsort(took, count, sizeof(*took), by_time);
	printf("call: p50 %.2f us, p90 %.2f us, p99 %.2f us of %u\n", (double)took[count / 2] / 1e3,
	       (double)took[count - count / 10] / 1e3, (double)took[count - count / 100] / 1e3,
	       count);
	free(took);
}

/* Datagrams to a neighbour that nobody plays: the wire drops what it has no room for. */
static void time_datagrams(int fd, unsigned count, unsigned batch)
{
	static char data[SIZE];
	struct iovec iov = {data, sizeof(data)};
	struct mmsghdr vec[BATCH];
	uint64_t start, took;

	memset(vec, 0, sizeof(vec));
	for (unsigned i = 0; i < BATCH; i++) {
		vec[i].msg_hdr.msg_iov = &iov;
		vec[i].msg_hdr.msg_iovlen = 1;
	}
	start = now_ns();
	for (unsigned done = 0; done < count; done += batch)
		if (nsk_sendmmsg(fd, vec, batch, 0) != (int)batch) {
			perror("sendmmsg");
			exit(1);
		}
	took = now_ns() - start;
	printf("%2u in a call: %.2f M datagrams/s\n", batch, count * 1e3 / (double)took);
}

static int open_socket(void)
{
	struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd = nsk_socket(AF_INET, SOCK_DGRAM, 0);

	peer.sin_addr.s_addr = htonl(0x0a0000ff); /* the subnet's broadcast: nobody is asked for */
	nsk_setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &(int){1}, sizeof(int));
	if (nsk_connect(fd, (struct sockaddr *)&peer, sizeof(peer))) {
		perror("connect");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 200000;
	struct nsk_wire *wire = nsk_wire_create(NULL, NULL, 1500);
	struct nsk_config *config = nsk_config_new();
	int fd;

	nsk_config_log(config, NULL, NULL, NSK_LOG_ERR);
	if (nsk_config_add_wire(config, wire, 0) || nsk_config_add_address(config, "10.0.0.1/24") ||
	    nsk_config_lcores(config, "1") || nsk_stack_create(config, &stack)) {
		fprintf(stderr, "%s\n", nsk_config_error(config));
		return 1;
	}
	nsk_config_free(config);
	nsk_launch(stack, turn, NULL);
	nsk_enter(stack);
	fd = open_socket();
	time_calls(fd, count);
	time_datagrams(fd, count, 1);
	time_datagrams(fd, 8 * count / BATCH * BATCH, BATCH);
	nsk_stop(stack);
	nsk_join(stack);
	nsk_stack_destroy(stack);
	nsk_wire_destroy(wire);
	return 0;
}
