/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending out of the application's memory (SO_ZEROCOPY, MSG_ZEROCOPY, nsk_zc_register()): what is
 * copied, when the application is told that it may write there again, and what it is told.
 * world_end() finds records that nobody freed.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h>

#include <netstk/zerocopy.h>

#include "sim/world.h"

#ifndef SO_EE_CODE_ZEROCOPY_COPIED
#define SO_EE_CODE_ZEROCOPY_COPIED 1
#endif

#define ROOM 400000

static uint8_t room[ROOM]; /* what is registered */

struct pair {
	struct world world;
	int listener, fd[2];
};

static void start(struct pair *pair, const struct world_params *params)
{
	world_pair(&pair->world, params);
	world_connected(&pair->world, 80, &pair->listener, pair->fd);
	world_setsockopt(pair->fd[0], SOL_SOCKET, SO_ZEROCOPY, 1);
	assert_int_equal(nsk_zc_register(pair->world.host[0], room, sizeof(room)), 0);
	world_fill(room, sizeof(room), 0, 1);
}

static int pair_up(void **state)
{
	static struct pair pair;

	world_setup(state);
	start(&pair, &(struct world_params){.seed = 5, .wire = {.delay_ns = MS}});
	*state = &pair;
	return 0;
}

static int pair_down(void **state)
{
	struct pair *pair = *state;

	world_end(&pair->world);
	return world_teardown(state);
}

#define assert_errno(call, error)               \
	do {                                    \
		assert_int_equal(call, -1);     \
		assert_int_equal(errno, error); \
	} while (0)

static uint64_t copied(struct pair *pair)
{
	return world_counter(&pair->world, 0, NSK_CNT_PAYLOAD_COPIED_TX);
}

static ssize_t refer(struct pair *pair, size_t at, size_t len)
{
	return nsk_send(pair->fd[0], room + at, len, MSG_ZEROCOPY);
}

/* The other end reads len octets that begin at a place of the room. */
static void arrives(struct pair *pair, size_t at, size_t len)
{
	static uint8_t got[ROOM], want[ROOM];

	world_recv(&pair->world, pair->fd[1], got, len);
	world_fill(want, len, at, 1);
	assert_memory_equal(got, want, len);
}

/* What the error queue says next. */
static struct sock_extended_err next_told(int fd)
{
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(sizeof(struct sock_extended_err) +
					sizeof(struct sockaddr_in))];
	} control;
	struct msghdr msg = {.msg_control = &control, .msg_controllen = sizeof(control)};
	struct sock_extended_err err;

	assert_int_equal(nsk_recvmsg(fd, &msg, MSG_ERRQUEUE), 0);
	assert_int_equal(msg.msg_flags, MSG_ERRQUEUE);
	assert_int_equal(msg.msg_controllen, sizeof(control));
	assert_int_equal(control.header.cmsg_level, IPPROTO_IP);
	assert_int_equal(control.header.cmsg_type, IP_RECVERR);
	memcpy(&err, CMSG_DATA(&control.header), sizeof(err));
	assert_int_equal(err.ee_errno, 0);
	assert_int_equal(err.ee_origin, SO_EE_ORIGIN_ZEROCOPY);
	return err;
}

/* That it is calls first to last, copied or not. */
static void told(int fd, uint32_t first, uint32_t last, bool by_copy)
{
	struct sock_extended_err err = next_told(fd);

	assert_int_equal(err.ee_info, first);
	assert_int_equal(err.ee_data, last);
	assert_int_equal(err.ee_code, by_copy ? SO_EE_CODE_ZEROCOPY_COPIED : 0);
}

static void nothing_told(int fd)
{
	struct msghdr msg = {0};

	assert_errno(nsk_recvmsg(fd, &msg, MSG_ERRQUEUE), EAGAIN);
}

static bool error_ready(int fd)
{
	struct pollfd p = {.fd = fd};

	return nsk_poll(&p, 1, 0) == 1 && p.revents & POLLERR;
}

static void not_an_octet_is_copied(void **state)
{
	struct pair *pair = *state;
	uint64_t before = copied(pair);
	size_t done = 0;
	unsigned calls = 0;

	while (done < ROOM) {
		ssize_t n = refer(pair, done, ROOM - done);

		if (n > 0)
			calls++;
		else
			world_run(&pair->world, MS, NULL, NULL);
		done += n > 0 ? (size_t)n : 0;
		arrives(pair, done - (size_t)NSK_MAX(n, (ssize_t)0),
			(size_t)NSK_MAX(n, (ssize_t)0));
	}
	world_run(&pair->world, SEC, NULL, NULL);
	assert_int_equal(copied(pair), before);
	told(pair->fd[0], 0, calls - 1, false);
	nothing_told(pair->fd[0]);
}

/* The memory is the stack's until the peer has acknowledged all of it. */
static void told_when_acknowledged_and_not_before(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(refer(pair, 0, 10000), 10000);
	world_run(&pair->world, MS, NULL, NULL); /* on its way */
	nothing_told(pair->fd[0]);
	assert_false(error_ready(pair->fd[0]));
	assert_errno(nsk_zc_unregister(pair->world.host[0], room), EBUSY);
	world_run(&pair->world, SEC, NULL, NULL);
	assert_true(error_ready(pair->fd[0]));
	assert_int_equal(world_getsockopt(pair->fd[0], SOL_SOCKET, SO_ERROR), 0);
	assert_true(error_ready(pair->fd[0])); /* asking for an error does not take it away */
	told(pair->fd[0], 0, 0, false);
	assert_false(error_ready(pair->fd[0]));
	assert_int_equal(nsk_zc_unregister(pair->world.host[0], room), 0);
	arrives(pair, 0, 10000);
}

static void what_is_not_registered_is_copied_and_said_so(void **state)
{
	struct pair *pair = *state;
	uint64_t before = copied(pair);
	uint8_t own[5000];

	world_fill(own, sizeof(own), 0, 1);
	assert_int_equal(nsk_send(pair->fd[0], own, sizeof(own), MSG_ZEROCOPY), sizeof(own));
	memset(own, 0, sizeof(own)); /* may be done: it was copied, but is only told so */
	world_run(&pair->world, SEC, NULL, NULL);
	told(pair->fd[0], 0, 0, true);
	arrives(pair, 0, sizeof(own));
	assert_int_equal(copied(pair), before + sizeof(own));
}

static void small_pieces_are_copied(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(refer(pair, 0, 2047), 2047);
	world_run(&pair->world, SEC, NULL, NULL);
	told(pair->fd[0], 0, 0, true);
	assert_int_equal(refer(pair, 2047, 2048), 2048);
	world_run(&pair->world, SEC, NULL, NULL);
	told(pair->fd[0], 1, 1, false);
	arrives(pair, 0, 2047 + 2048);
}

static void calls_that_fared_alike_are_told_together(void **state)
{
	struct pair *pair = *state;

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(refer(pair, 3000 * i, 3000), 3000);
	world_run(&pair->world, SEC, NULL, NULL);
	assert_int_equal(refer(pair, 9000, 10), 10);
	assert_int_equal(refer(pair, 9010, 3000), 3000);
	world_run(&pair->world, SEC, NULL, NULL);
	told(pair->fd[0], 0, 2, false);
	told(pair->fd[0], 3, 3, true);
	told(pair->fd[0], 4, 4, false);
	nothing_told(pair->fd[0]);
	arrives(pair, 0, 12010);
}

static void without_the_option_the_flag_means_nothing(void **state)
{
	struct pair *pair = *state;
	uint64_t before = copied(pair);

	world_setsockopt(pair->fd[0], SOL_SOCKET, SO_ZEROCOPY, 0);
	assert_int_equal(refer(pair, 0, 10000), 10000);
	world_run(&pair->world, SEC, NULL, NULL);
	assert_int_equal(copied(pair), before + 10000);
	nothing_told(pair->fd[0]);
	world_setsockopt(pair->fd[0], SOL_SOCKET, SO_ZEROCOPY, 1);
	assert_int_equal(refer(pair, 10000, 10000), 10000);
	world_run(&pair->world, SEC, NULL, NULL);
	told(pair->fd[0], 0, 0, false); /* the other has no number */
	arrives(pair, 0, 20000);
}

static void the_option_is_no_or_yes(void **state)
{
	struct pair *pair = *state;
	int two = 2;

	assert_int_equal(world_getsockopt(pair->fd[0], SOL_SOCKET, SO_ZEROCOPY), 1);
	assert_int_equal(world_getsockopt(pair->fd[1], SOL_SOCKET, SO_ZEROCOPY), 0);
	assert_errno(nsk_setsockopt(pair->fd[0], SOL_SOCKET, SO_ZEROCOPY, &two, sizeof(two)),
		     EINVAL);
}

static void a_call_of_many_pieces_has_one_number(void **state)
{
	struct pair *pair = *state;
	uint64_t before = copied(pair);
	uint8_t head[100];
	struct iovec iov[12] = {{head, sizeof(head)}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 12};
	size_t total = sizeof(head);

	world_fill(head, sizeof(head), 0, 1);
	for (unsigned i = 1; i < 12; i++) {
		iov[i] = (struct iovec){room + total, 2500};
		total += 2500;
	}
	assert_int_equal(nsk_sendmsg(pair->fd[0], &msg, MSG_ZEROCOPY), total);
	world_run(&pair->world, SEC, NULL, NULL);
	told(pair->fd[0], 0, 0, false);
	nothing_told(pair->fd[0]);
	assert_int_equal(copied(pair), before + sizeof(head));
	arrives(pair, 0, total);
}

static void each_message_of_many_has_its_number(void **state)
{
	struct pair *pair = *state;
	struct iovec iov[3] = {{room, 3000}, {room + 3000, 3000}, {room + 6000, 3000}};
	struct mmsghdr vec[3];

	for (unsigned i = 0; i < 3; i++)
		vec[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &iov[i], .msg_iovlen = 1}};
	assert_int_equal(nsk_sendmmsg(pair->fd[0], vec, 3, MSG_ZEROCOPY), 3);
	world_run(&pair->world, SEC, NULL, NULL);
	told(pair->fd[0], 0, 2, false);
	arrives(pair, 0, 9000);
}

static void a_call_that_took_nothing_has_no_number(void **state)
{
	struct pair *pair = *state;
	size_t done = 0;
	unsigned calls = 0;
	ssize_t n;

	while ((n = refer(pair, done, 20000)) > 0) {
		done += (size_t)n;
		calls++;
	}
	assert_int_equal(errno, EAGAIN);
	assert_errno(refer(pair, done, 20000), EAGAIN);
	assert_int_equal(nsk_send(pair->fd[0], room, 0, MSG_ZEROCOPY), 0);
	arrives(pair, 0, done);
	assert_int_equal(refer(pair, done, 3000), 3000);
	arrives(pair, done, 3000);
	world_run(&pair->world, SEC, NULL, NULL);
	told(pair->fd[0], 0, calls, false);
}

/* A port that cannot read the memory itself; both for new data and for what waits already. */
static void a_port_that_cannot_refer_copies(void **state)
{
	struct pair *pair = *state;
	struct iface *ifc =
		(struct iface *)(uintptr_t)world_worker(&pair->world, 0)->net->snap->iface[0];
	uint64_t before = copied(pair);

	assert_int_equal(refer(pair, 0, 40000), 40000); /* more than the first window */
	world_settle(&pair->world);
	ifc->tx_offloads &= ~(uint32_t)PORT_TX_EXTERNAL;
	arrives(pair, 0, 40000);
	assert_in_range(copied(pair) - before, 10000, 40000);
	world_run(&pair->world, SEC, NULL, NULL);
	told(pair->fd[0], 0, 0, false);
	assert_int_equal(refer(pair, 40000, 4000), 4000);
	arrives(pair, 40000, 4000);
	world_run(&pair->world, SEC, NULL, NULL);
	told(pair->fd[0], 1, 1, true);
}

/* A reset ends what waits: the memory is the application's again, and it is told so. */
static void the_end_of_the_connection_gives_the_memory_back(void **state)
{
	struct pair *pair = *state;
	struct linger hard = {.l_onoff = 1};

	assert_int_equal(refer(pair, 0, 50000), 50000);
	world_run(&pair->world, MS, NULL, NULL);
	assert_int_equal(nsk_setsockopt(pair->fd[1], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)),
			 0);
	nsk_close(pair->fd[1]);
	world_run(&pair->world, SEC, NULL, NULL);
	told(pair->fd[0], 0, 0, false);
	assert_int_equal(world_getsockopt(pair->fd[0], SOL_SOCKET, SO_ERROR), ECONNRESET);
	assert_false(error_ready(pair->fd[0]));
	assert_int_equal(nsk_zc_unregister(pair->world.host[0], room), 0);
}

/* Neither another beginning nor the option's end takes away what is to be told. */
static void what_is_to_be_told_stays_ready(void **state)
{
	struct pair *pair = *state;
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(HOST_B)};
	struct linger hard = {.l_onoff = 1};

	assert_int_equal(refer(pair, 0, 5000), 5000);
	world_setsockopt(pair->fd[0], SOL_SOCKET, SO_ZEROCOPY, 0);
	world_run(&pair->world, SEC, NULL, NULL);
	assert_int_equal(world_getsockopt(pair->fd[0], SOL_SOCKET, SO_ERROR), 0);
	assert_true(error_ready(pair->fd[0]));
	assert_int_equal(nsk_setsockopt(pair->fd[1], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)),
			 0);
	nsk_close(pair->fd[1]);
	world_run(&pair->world, SEC, NULL, NULL);
	assert_int_equal(world_getsockopt(pair->fd[0], SOL_SOCKET, SO_ERROR), ECONNRESET);
	assert_errno(nsk_connect(pair->fd[0], (struct sockaddr *)&to, sizeof(to)), ECONNABORTED);
	assert_errno(nsk_connect(pair->fd[0], (struct sockaddr *)&to, sizeof(to)), EINPROGRESS);
	assert_true(error_ready(pair->fd[0]));
	told(pair->fd[0], 0, 0, false);
	assert_false(error_ready(pair->fd[0]));
}

/* Data in a SYN is copied, and the call has its number all the same. */
static void a_call_with_data_in_the_syn_has_a_number(void **state)
{
	static const char *const settings[] = {"tcp.fastopen=3", NULL};
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(HOST_B)};
	static struct pair pair;
	int l, fd;

	(void)state;
	world_pair(&pair.world, &(struct world_params){.seed = 9, .settings = settings});
	l = world_listen(&pair.world, 1, 80, 8);
	world_setsockopt(l, IPPROTO_TCP, TCP_FASTOPEN, 8);
	world_setsockopt(l, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1);
	world_enter(&pair.world, 0);
	fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	world_setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1);
	world_setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, 1);
	assert_int_equal(nsk_sendto(fd, room, 400, MSG_FASTOPEN | MSG_ZEROCOPY,
				    (struct sockaddr *)&to, sizeof(to)),
			 400);
	world_run(&pair.world, SEC, NULL, NULL);
	told(fd, 0, 0, true);
	nothing_told(fd);
	world_end(&pair.world);
}

static void after_close_unregistering_tells(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(refer(pair, 0, 50000), 50000);
	nsk_close(pair->fd[0]);
	world_settle(&pair->world);
	assert_errno(nsk_zc_unregister(pair->world.host[0], room), EBUSY);
	arrives(pair, 0, 50000);
	world_run(&pair->world, SEC, NULL, NULL);
	assert_int_equal(nsk_zc_unregister(pair->world.host[0], room), 0);
}

static void who_never_asks_is_refused_in_the_end(void **state)
{
	struct pair *pair = *state;
	unsigned calls = 0;

	/* Alternately copied and not, so that nothing can be told together. */
	while (calls < 3000) {
		ssize_t n = refer(pair, 0, calls % 2 ? 2048 : 1);

		if (n < 0)
			break;
		calls++;
		world_run(&pair->world, 10 * MS, NULL, NULL);
		while (nsk_recv(pair->fd[1], (uint8_t[4096]){0}, 4096, 0) > 0)
			;
	}
	assert_int_equal(errno, ENOBUFS);
	assert_int_equal(calls, 1024);
	told(pair->fd[0], 0, 0, true);
	assert_int_equal(refer(pair, 0, 1), 1);
}

static void every_allocation_may_fail(void **state)
{
	struct pair *pair = *state;
	unsigned at = 1;

	for (; at < 10; at++) {
		struct nsk_shortage shortage = {.memory_at = at};
		ssize_t n;

		assert_int_equal(nsk_starve(pair->world.host[0], &shortage), 0);
		n = refer(pair, 0, 3000);
		assert_int_equal(nsk_starve(pair->world.host[0], &(struct nsk_shortage){0}), 0);
		if (n > 0)
			break;
		assert_int_equal(errno, ENOBUFS);
	}
	assert_in_range(at, 2, 9);
	arrives(pair, 0, 3000);
}

static void datagrams_are_copied(void **state)
{
	struct pair *pair = *state;
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(HOST_B)};
	int from = world_udp(&pair->world, 0, "10.0.0.1", 1000);
	int fd = world_udp(&pair->world, 1, "10.0.0.2", 53);
	uint8_t got[1000];

	world_setsockopt(from, SOL_SOCKET, SO_ZEROCOPY, 1);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(nsk_sendto(from, room, 1000, MSG_ZEROCOPY, (struct sockaddr *)&to,
					    sizeof(to)),
				 1000);
	world_run(&pair->world, SEC, NULL, NULL);
	assert_true(error_ready(from));
	told(from, 0, 1, true);
	assert_false(error_ready(from));
	assert_int_equal(nsk_recv(fd, got, sizeof(got), 0), 1000);
	assert_memory_equal(got, room, 1000);
}

/* The sender writes over a part of the room as soon as it is told that it may: were that too early,
 * what is sent again would be something else. */
static void lost_segments_come_from_memory_that_nobody_has_changed(void **state)
{
	enum {
		PARTS = 8,
		PART = 10000,
		CALLS = 200
	};
	struct pair pair;
	static uint8_t want[PART], got[PART];
	unsigned sent = 0, over = 0, arrived = 0;
	size_t have = 0;

	(void)state;
	start(&pair,
	      &(struct world_params){.seed = 21, .wire = {.delay_ns = MS, .loss_ppm = 50000}});
	while (arrived < CALLS) {
		ssize_t n;

		if (sent < CALLS && sent - over < PARTS) {
			uint8_t *part = room + sent % PARTS * PART;

			world_fill(part, PART, (uint64_t)sent * PART, 1);
			n = nsk_send(pair.fd[0], part, PART, MSG_ZEROCOPY);
			if (n > 0)
				assert_int_equal(n, PART);
			sent += n > 0;
		}
		while (error_ready(pair.fd[0])) {
			struct sock_extended_err err = next_told(pair.fd[0]);

			assert_int_equal(err.ee_info, over);
			assert_int_equal(err.ee_code, 0);
			for (; over <= err.ee_data; over++)
				memset(room + over % PARTS * PART, 0xdd, PART);
		}
		n = nsk_recv(pair.fd[1], got + have, PART - have, 0);
		have += n > 0 ? (size_t)n : 0;
		if (have == PART) {
			world_fill(want, PART, (uint64_t)arrived * PART, 1);
			assert_memory_equal(got, want, PART);
			have = 0;
			arrived++;
		}
		world_step(&pair.world, pair.world.now_ns + MS);
	}
	assert_true(world_counter(&pair.world, 0, NSK_CNT_TCP_RETRANS_SEGMENTS) > 0);
	world_end(&pair.world);
}

static void regions_do_not_overlap_and_are_found_again(void **state)
{
	struct pair *pair = *state;
	struct nsk_stack *stack = pair->world.host[0];
	static uint8_t more[64];

	assert_errno(nsk_zc_register(stack, room + 10, 1), EEXIST);
	assert_errno(nsk_zc_register(stack, room + sizeof(room) - 1, 10), EEXIST);
	assert_errno(nsk_zc_register(stack, NULL, 1), EINVAL);
	assert_errno(nsk_zc_register(stack, more, 0), EINVAL);
	assert_errno(nsk_zc_register(NULL, more, 1), EINVAL);
	assert_errno(nsk_zc_unregister(stack, room + 1), ENOENT);
	for (unsigned i = 0; i < 63; i++)
		assert_int_equal(nsk_zc_register(stack, more + i, 1), 0);
	assert_errno(nsk_zc_register(stack, more + 63, 1), ENOSPC);
	assert_int_equal(nsk_zc_unregister(stack, more + 7), 0);
	assert_int_equal(nsk_zc_register(stack, more + 7, 1), 0);
}

#define pair_test(fn) \
	cmocka_unit_test_prestate_setup_teardown(fn, pair_up, pair_down, (void *)(uintptr_t) #fn)

int main(void)
{
	const struct CMUnitTest tests[] = {
		pair_test(not_an_octet_is_copied),
		pair_test(told_when_acknowledged_and_not_before),
		pair_test(what_is_not_registered_is_copied_and_said_so),
		pair_test(small_pieces_are_copied),
		pair_test(calls_that_fared_alike_are_told_together),
		pair_test(without_the_option_the_flag_means_nothing),
		pair_test(the_option_is_no_or_yes),
		pair_test(a_call_of_many_pieces_has_one_number),
		pair_test(each_message_of_many_has_its_number),
		pair_test(a_call_that_took_nothing_has_no_number),
		pair_test(a_port_that_cannot_refer_copies),
		pair_test(the_end_of_the_connection_gives_the_memory_back),
		pair_test(what_is_to_be_told_stays_ready),
		world_test(a_call_with_data_in_the_syn_has_a_number),
		pair_test(after_close_unregistering_tells),
		pair_test(who_never_asks_is_refused_in_the_end),
		pair_test(every_allocation_may_fail),
		pair_test(datagrams_are_copied),
		world_test(lost_segments_come_from_memory_that_nobody_has_changed),
		pair_test(regions_do_not_overlap_and_are_found_again),
	};

	return world_main(tests);
}
