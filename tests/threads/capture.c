/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Captures begin, are read and end in one thread while workers of both stacks send and receive, and
 * sleep between: nothing of a capture is touched once it is gone, and no block is torn.
 */
#include <stdlib.h>

#include "stack/capture.h"
#include "threads/crew.h"

#define EXCHANGES 2000
#define CAPTURES  150

static struct crew crew;

/* Bytes to and fro, one after the other. */
static void do_exchange(struct job *job)
{
	char byte = 0;

	for (unsigned i = 0; i < EXCHANGES; i++) {
		job->len += nsk_send(job->fd, &byte, 1, 0) == 1;
		job->len += nsk_recv(job->other, &byte, 1, 0) == 1;
		job->len += nsk_send(job->other, &byte, 1, 0) == 1;
		job->len += nsk_recv(job->fd, &byte, 1, 0) == 1;
	}
	job->rc = 0;
}

/* Whole blocks and nothing else; how many are packets. */
static unsigned count_packets(const uint8_t *bytes, size_t n)
{
	unsigned packets = 0;

	for (size_t at = 0; at < n;) {
		uint32_t head[2], end;

		assert_true(n - at >= 12);
		memcpy(head, bytes + at, sizeof(head));
		assert_true(head[1] >= 12 && head[1] <= n - at);
		memcpy(&end, bytes + at + head[1] - 4, sizeof(end));
		assert_int_equal(end, head[1]);
		packets += head[0] == 6;
		at += head[1];
	}
	return packets;
}

static bool settled(void *capture)
{
	return capture_settled(capture);
}

static unsigned capture_some(struct nsk_stack *stack, uint8_t *room)
{
	const struct capture_want want = {.ifaces = UINT32_MAX,
					  .what = WORKER_CAPTURES_IN | WORKER_CAPTURES_OUT |
						  WORKER_CAPTURES_DROPS,
					  .queue = -1,
					  .snaplen = 100,
					  .buffer = CAPTURE_BUFFER_MIN,
					  .filter = "tcp"};
	struct capture *c;
	unsigned packets = 0;
	char error[256];
	size_t n;

	assert_int_equal(capture_start(stack, &want, &c, error, sizeof(error)), 0);
	crew_until(settled, c);
	for (unsigned i = 0; i < 20; i++)
		packets += count_packets(room, capture_read(c, room, CAPTURE_READ_MIN));
	capture_end(c);
	crew_until(settled, c);
	while ((n = capture_read(c, room, CAPTURE_READ_MIN)) > 0)
		packets += count_packets(room, n);
	capture_leave(c);
	return packets;
}

static void captures_come_and_go_while_packets_do(void **state)
{
	uint8_t *room = malloc(CAPTURE_READ_MIN);
	struct job job = {.fn = do_exchange};
	unsigned packets = 0;
	int listener, fd[2];

	(void)state;
	assert_non_null(room);
	crew_start(&crew, 2);
	crew_connected(&crew, 80, &listener, fd);
	job.stack = crew.stack[0];
	job.fd = fd[0];
	job.other = fd[1];
	job_start(&job);
	for (unsigned i = 0; i < CAPTURES; i++)
		packets += capture_some(crew.stack[i % 2], room);
	job_join(&job);
	assert_int_equal(job.len, 4 * EXCHANGES);
	assert_true(packets > 0);
	nsk_close(fd[0]);
	nsk_close(fd[1]);
	nsk_close(listener);
	crew_end(&crew);
	free(room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(captures_come_and_go_while_packets_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
