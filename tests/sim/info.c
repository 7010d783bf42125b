/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP_INFO's counters over more than their lanes hold (lib/tcp/tally.h): what one end has sent is
 * what the other has received, segment by segment and octet by octet. What they count is in
 * tests/script/info.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include <netstk/tcp_info.h>

#include "sim/pair.h"

#define PORT 5002

static const char *const settings[] = {"pool.buffers=16384", NULL};

static uint8_t data[256 << 10];
static struct world world;
static int listener, fd[2];

static void start(uint32_t loss_ppm)
{
	world_pair(&world, &(struct world_params){
				   .seed = 11,
				   .settings = settings,
				   .wire = {.delay_ns = MS, .loss_ppm = loss_ppm},
			   });
	world_connected(&world, PORT, &listener, fd);
}

static void end(void)
{
	pair_close(&world, listener, fd);
	pair_finish(&world);
}

static struct nsk_tcp_info info(unsigned end)
{
	struct nsk_tcp_info i;
	socklen_t len = sizeof(i);

	assert_int_equal(nsk_getsockopt(fd[end], IPPROTO_TCP, TCP_INFO, &i, &len), 0);
	assert_int_equal(len, sizeof(i));
	return i;
}

/* Both ends, with nothing under way. */
static void quiet(struct nsk_tcp_info i[2])
{
	world_run(&world, 3 * SEC, NULL, NULL);
	i[0] = info(0);
	i[1] = info(1);
}

/* Octets from end 0 to end 1, and back. */
static void assert_octets(const struct nsk_tcp_info i[2], uint64_t there, uint64_t back)
{
	assert_int_equal(i[0].tcpi_bytes_acked, there + 1); /* the SYN */
	assert_int_equal(i[1].tcpi_bytes_received, there);
	assert_int_equal(i[0].tcpi_bytes_sent - i[0].tcpi_bytes_retrans, there);
	assert_int_equal(i[1].tcpi_bytes_acked, back);
	assert_int_equal(i[0].tcpi_bytes_received, back);
	assert_int_equal(i[1].tcpi_bytes_sent - i[1].tcpi_bytes_retrans, back);
}

/* All segments of one end came to the other. */
static void assert_segments(const struct nsk_tcp_info i[2])
{
	assert_int_equal(i[0].tcpi_segs_out, i[1].tcpi_segs_in);
	assert_int_equal(i[1].tcpi_segs_out + 1, i[0].tcpi_segs_in); /* the SYN,ACK */
	assert_int_equal(i[0].tcpi_data_segs_out, i[1].tcpi_data_segs_in);
	assert_int_equal(i[1].tcpi_data_segs_out, i[0].tcpi_data_segs_in);
	assert_int_equal(i[0].tcpi_delivered, i[0].tcpi_data_segs_out + 1);
	assert_int_equal(i[1].tcpi_delivered, i[1].tcpi_data_segs_out + 1);
}

/* A tenth of it on its way at a time: the receiver reads when all has been taken. */
static void transfer(unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		for (size_t off = 0; off < sizeof(data); off += sizeof(data) / 16) {
			world_send(&world, fd[0], data + off, sizeof(data) / 16);
			world_recv(&world, fd[1], data + off, sizeof(data) / 16);
		}
	}
}

static void both_ends_agree_on_a_transfer(void **state)
{
	struct nsk_tcp_info i[2];

	(void)state;
	start(0);
	transfer(200);
	quiet(i);
	assert_octets(i, 200 * sizeof(data), 0);
	assert_segments(i);
	assert_in_range(i[0].tcpi_data_segs_out, 200 * sizeof(data) / 1448, UINT32_MAX);
	assert_true(i[0].tcpi_busy_time > 0);
	assert_int_equal(i[1].tcpi_busy_time, 0);
	end();
}

static void both_ends_agree_on_small_requests(void **state)
{
	struct nsk_tcp_info i[2];

	(void)state;
	start(0);
	for (unsigned k = 0; k < 40000; k++) {
		world_send(&world, fd[0], data, 64);
		world_recv(&world, fd[1], data, 64);
		world_send(&world, fd[1], data, 100);
		world_recv(&world, fd[0], data, 100);
	}
	quiet(i);
	assert_octets(i, 40000 * 64, 40000 * 100);
	assert_segments(i);
	assert_int_equal(i[0].tcpi_data_segs_out, 40000);
	assert_int_equal(i[1].tcpi_data_segs_out, 40000);
	/* A round trip of 2 ms each, and the last answer's ACK was delayed. */
	assert_in_range(i[0].tcpi_busy_time, 80000000, 80100000);
	end();
}

static void both_ends_agree_on_octets_with_losses(void **state)
{
	struct nsk_tcp_info i[2];

	(void)state;
	start(20000);
	transfer(40);
	quiet(i);
	assert_octets(i, 40 * sizeof(data), 0);
	assert_true(i[0].tcpi_bytes_retrans > 0);
	assert_in_range(i[1].tcpi_data_segs_in, 40 * sizeof(data) / 1448, i[0].tcpi_data_segs_out);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(both_ends_agree_on_a_transfer),
		world_test(both_ends_agree_on_small_requests),
		world_test(both_ends_agree_on_octets_with_losses),
	};

	return world_main(tests);
}
