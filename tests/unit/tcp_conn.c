/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcp/conn.c: what a socket's next connection begins with. RFC 9293 §3.3.1: variables are a
 * connection's own. */
#include "tcp_world.h"

/* As a connection may leave them behind, all at once. */
static void use(struct tcp_ext *x)
{
	memset(&x->challenge, 1, sizeof(x->challenge));
	memset(&x->dsack, 1, sizeof(x->dsack));
	memset(&x->gap, 1, sizeof(x->gap));
	memset(&x->count, 1, sizeof(x->count));
	x->fin_seq = 1;
	x->grow_bytes = x->grow_before = x->grow_since_us = 1;
	x->progress_ms = 1;
	x->rto_since_ms = 1;
	x->limit_since_ms = 1;
	x->limit = 1;
	x->urgent.rcv_up = 1;
	x->path_mtu = 1;
	x->soft_err = ETIMEDOUT;
}

static void test_nothing_of_the_connection_before_is_left(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = fresh(world), *used = fresh(world);

	assert_non_null(conn_ext(&world->w, c));
	assert_non_null(conn_ext(&world->w, used));
	use(used->ext);
	used->rcv.dupacks = 1;
	used->retries = used->probes = 1;
	used->ts_recent = 1;
	used->last_ack_sent = 1;
	used->tally_in = used->tally_out = 1;
	used->win.snd_wnd = used->win.max_wnd = used->win.rcv_adv = 1;
	used->rtt.srtt8_us = 1;
	used->ack.quick = 1;
	conn_start(&world->w, c, 1000);
	conn_start(&world->w, used, 1000);
	assert_memory_equal(c->ext, used->ext, sizeof(*c->ext));
	assert_int_equal(used->rcv.dupacks, 0);
	assert_int_equal(used->retries | used->probes, 0);
	assert_int_equal(used->ts_recent, 0);
	assert_int_equal(used->last_ack_sent, 0);
	assert_int_equal(used->tally_in | used->tally_out, 0);
	assert_memory_equal(&c->win, &used->win, sizeof(c->win));
	assert_memory_equal(&c->rtt, &used->rtt, sizeof(c->rtt));
	assert_memory_equal(&c->ack, &used->ack, sizeof(c->ack));
	conn_free(&world->w, c);
	conn_free(&world->w, used);
}

static void test_options_stay(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = fresh(world);
	struct tcp_ext *x = conn_ext(&world->w, c);

	assert_non_null(x);
	x->user_timeout_ms = 1;
	x->keepidle_s = 2;
	x->keepintvl_s = 3;
	x->keepcnt = 4;
	x->user_mss = 500;
	x->fastopen_bits = 5;
	conn_start(&world->w, c, 1000);
	assert_int_equal(x->user_timeout_ms, 1);
	assert_int_equal(x->keepidle_s, 2);
	assert_int_equal(x->keepintvl_s, 3);
	assert_int_equal(x->keepcnt, 4);
	assert_int_equal(x->user_mss, 500);
	assert_int_equal(x->fastopen_bits, 5);
	conn_free(&world->w, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_of_the_connection_before_is_left,
						tw_setup, tw_teardown),
		cmocka_unit_test_setup_teardown(test_options_stay, tw_setup, tw_teardown),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
