/* SPDX-License-Identifier: BSD-3-Clause */
/* The pcap port: what is written is what is read. */
#include "ports.h"

#include <pcap/pcap.h>

#include "stack/clock.h"

static char dir[] = "/tmp/nsk-pcap-XXXXXX";
static char in_path[64], devargs[160];

static struct pkt_pool *pool;
static unsigned lines;

static void count_line(void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	(void)arg, (void)level, (void)module, (void)text;
	lines++;
}

/* Opens with the capture for reading ("rx") or writing ("tx"), and starts. */
static struct port *opened(const char *side, const char *more, uint32_t mtu)
{
	struct port *port;

	snprintf(devargs, sizeof(devargs), "pcap:%s=%s%s", side, in_path, more);
	if (port_open_named(devargs, &port))
		fail_msg("%s", test_error);
	assert_int_equal(port_start_with(port, pool, mtu), 0);
	return port;
}

static void closed(struct port *port)
{
	port->ops->stop(port);
	port->ops->close(port);
}

/* 20 frames, one a millisecond. */
static void write_capture(const char *more)
{
	struct port *port = opened("tx", more, 1500);
	struct port_stats st;

	for (uint32_t n = 0; n < 20; n++)
		assert_true(frame_send(port, pool, SECOND + n * MS + n, n, 100 + 70 * n));
	port->ops->stats(port, &st);
	assert_int_equal(st.tx_packets, 20);
	closed(port);
}

static void a_capture_reads_back_as_it_was_written(void **state)
{
	struct port_link link;
	struct port *port;

	(void)state;
	write_capture("");
	port = opened("rx", "", 1500);
	assert_true(port->caps.ethernet);
	for (uint32_t n = 0; n < 20; n++) {
		struct rte_mbuf *m = frame_recv(port, 0);

		assert_non_null(m);
		assert_int_equal(frame_number(m), n);
		assert_int_equal(m->pkt_len, 100 + 70 * n);
		assert_int_equal(frame_bad_bytes(m), 0);
		rte_pktmbuf_free(m);
	}
	port->ops->link(port, &link);
	assert_true(link.up);
	assert_null(frame_recv(port, 0));
	port->ops->link(port, &link);
	assert_false(link.up);
	assert_int_equal(port->ops->next_ns(port, 0), UINT64_MAX);
	closed(port);
}

static void timed_reading_keeps_the_gaps_to_the_nanosecond(void **state)
{
	struct port *port;
	uint64_t start = 77 * SECOND;

	(void)state;
	write_capture("");
	port = opened("rx", ",timed=1", 1500);
	assert_int_equal(port->ops->next_ns(port, 0), 0);
	for (uint32_t n = 0; n < 20; n++) {
		uint64_t due = start + n * MS + n;
		struct rte_mbuf *m;

		if (n) {
			assert_int_equal(port->ops->next_ns(port, 0), due);
			assert_null(frame_recv(port, due - 1));
		}
		m = frame_recv(port, due);
		assert_non_null(m);
		assert_int_equal(frame_number(m), n);
		rte_pktmbuf_free(m);
	}
	closed(port);
}

static void raw_captures_make_a_port_without_ethernet(void **state)
{
	struct port *port;
	struct rte_mbuf *m;

	(void)state;
	write_capture(",link=raw");
	port = opened("rx", "", 1500);
	assert_false(port->caps.ethernet);
	m = frame_recv(port, 0);
	assert_non_null(m);
	rte_pktmbuf_free(m);
	closed(port);
}

static void without_an_output_file_packets_are_counted_and_gone(void **state)
{
	struct port_stats st;
	struct port *port;

	(void)state;
	write_capture("");
	port = opened("rx", "", 1500);
	assert_true(frame_send(port, pool, 0, 1, 100));
	port->ops->stats(port, &st);
	assert_int_equal(st.tx_packets, 1);
	closed(port);
}

/* A disk that is full: what did not get there is not counted as sent. */
static void what_cannot_be_written_is_counted_and_said(void **state)
{
	struct port_stats st;
	struct port *port;

	(void)state;
	log_init(&test_log, NSK_LOG_ERR, count_line, NULL);
	lines = 0;
	if (port_open_named("pcap:tx=/dev/full", &port))
		fail_msg("%s", test_error);
	assert_int_equal(port_start_with(port, pool, 1500), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_true(frame_send(port, pool, 0, i, 100));
	port->ops->stats(port, &st);
	assert_int_equal(st.tx_packets, 0);
	assert_int_equal(st.tx_bytes, 0);
	assert_int_equal(st.tx_errors, 3);
	assert_int_equal(lines, 1);
	closed(port);
	log_init(&test_log, NSK_LOG_ERR, NULL, NULL);
}

/* now is what the stack's clock says, offset what lies between it and the time of day. */
static uint64_t stamp_of(uint64_t offset, uint64_t now)
{
	struct port_open open = {
		.log = &test_log,
		.wall_offset_ns = offset,
		.error = test_error,
		.error_size = sizeof(test_error),
	};
	char text[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *h;
	struct port *port;
	const u_char *data;
	pcap_t *in;
	uint64_t at;

	snprintf(devargs, sizeof(devargs), "tx=%s", in_path);
	open.devargs = devargs;
	assert_int_equal(port_driver_named("pcap")->open(&open, &port), 0);
	assert_int_equal(port_start_with(port, pool, 1500), 0);
	assert_true(frame_send(port, pool, now, 1, 100));
	closed(port);
	in = pcap_open_offline_with_tstamp_precision(in_path, PCAP_TSTAMP_PRECISION_NANO, text);
	assert_non_null(in);
	assert_int_equal(pcap_next_ex(in, &h, &data), 1);
	at = (uint64_t)h->ts.tv_sec * SECOND + (uint64_t)h->ts.tv_usec;
	pcap_close(in);
	return at;
}

static void stamps_are_the_time_of_day_or_virtual_time(void **state)
{
	uint64_t offset = clock_wall_offset_ns();

	(void)state;
	assert_int_equal(stamp_of(0, 7 * SECOND + 9), 7 * SECOND + 9);
	assert_int_equal(stamp_of(1000 * SECOND, 7 * SECOND + 9), 1007 * SECOND + 9);
	/* Later than the day this was written, and not a lifetime later. */
	assert_in_range((clock_ns() + offset) / SECOND, 1700000000, 4000000000);
}

static void a_cut_file_ends_the_link_and_is_counted(void **state)
{
	struct port_stats st;
	struct port_link link;
	struct port *port;
	unsigned n = 0;
	struct rte_mbuf *m;

	(void)state;
	write_capture("");
	assert_int_equal(truncate(in_path, 700), 0);
	port = opened("rx", "", 1500);
	while ((m = frame_recv(port, 0)) != NULL) {
		n++;
		rte_pktmbuf_free(m);
	}
	assert_in_range(n, 1, 5);
	port->ops->stats(port, &st);
	assert_int_equal(st.rx_errors, 1);
	port->ops->link(port, &link);
	assert_false(link.up);
	closed(port);
}

static void wrong_arguments_are_named(void **state)
{
	static const struct {
		const char *devargs, *says;
	} bad[] = {
		{"pcap:", "pcap: which file? pcap:rx=IN.pcap,tx=OUT.pcap"},
		{"pcap:rx=/nonexistent/x",
		 "pcap: cannot read the capture: /nonexistent/x: No such file"},
		{"pcap:tx=/nonexistent/x",
		 "pcap: cannot write the capture: /nonexistent/x: No such file"},
		{"pcap:rx=/dev/null", "pcap: cannot read the capture: truncated dump file"},
		{"pcap:tx=x,timed=2", "pcap: timed=2: give 0 or 1"},
		{"pcap:tx=x,mtu=70000", "pcap: mtu=70000: give bytes, 68 to 65535"},
		{"pcap:tx=x,link=ppp", "pcap: link=ppp: give ethernet or raw"},
		{"pcap:tx=x,mac=02",
		 "pcap: mac=02: give the address of one station, such as 02:00:00:00:00:01"},
		{"pcap:out=x", "pcap: 'out' is not one of rx=FILE tx=FILE"},
		{"pcap:x", "pcap: 'x' is not one of rx=FILE tx=FILE"},
	};
	struct port *port;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(port_open_named(bad[i].devargs, &port) < 0);
		if (strncmp(test_error, bad[i].says, strlen(bad[i].says)) != 0)
			fail_msg("%s says: %s", bad[i].devargs, test_error);
	}
}

static void another_link_type_is_refused_by_name(void **state)
{
	struct port *port;
	pcap_dumper_t *dump;
	pcap_t *p;

	(void)state;
	p = pcap_open_dead(DLT_IEEE802_11, 65535);
	dump = pcap_dump_open(p, in_path);
	assert_non_null(dump);
	pcap_dump_close(dump);
	pcap_close(p);
	snprintf(devargs, sizeof(devargs), "pcap:rx=%s", in_path);
	assert_int_equal(port_open_named(devargs, &port), -EINVAL);
	assert_non_null(strstr(test_error, "link type IEEE802_11"));
}

static int make_dir(void **state)
{
	if (eal_small(state) || !mkdtemp(dir))
		return -1;
	snprintf(in_path, sizeof(in_path), "%s/in.pcap", dir);
	pool = pool_new("pcap", 256, 1000, false);
	return pool ? 0 : -1;
}

static int drop_dir(void **state)
{
	(void)state;
	unlink(in_path);
	rmdir(dir);
	return pkt_pool_destroy(pool) ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_capture_reads_back_as_it_was_written),
		cmocka_unit_test(timed_reading_keeps_the_gaps_to_the_nanosecond),
		cmocka_unit_test(raw_captures_make_a_port_without_ethernet),
		cmocka_unit_test(without_an_output_file_packets_are_counted_and_gone),
		cmocka_unit_test(what_cannot_be_written_is_counted_and_said),
		cmocka_unit_test(stamps_are_the_time_of_day_or_virtual_time),
		cmocka_unit_test(a_cut_file_ends_the_link_and_is_counted),
		cmocka_unit_test(wrong_arguments_are_named),
		cmocka_unit_test(another_link_type_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
