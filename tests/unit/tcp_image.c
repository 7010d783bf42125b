/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/tcp/image.c, export.c, import.c: a connection leaves one worker as an image and goes on at
 * another. RFC 9293 §3.3.1 (the variables that it consists of).
 */
#include "tcp_image_world.h"

#include "tcp/sockcalls.h"
#include "tcp/urgent.h"

/* ---- tables ---- */

static void assert_covers(const struct image_table *t)
{
	if (!image_covers(t))
		fail_msg("rows from %s on do not cover %u octets", t->field[0].name, t->size);
	for (unsigned i = 0; i < t->count; i++)
		if (t->field[i].kind == IMAGE_PART)
			assert_covers(t->field[i].part);
		else if (t->field[i].kind == IMAGE_STAYS)
			assert_non_null(t->field[i].why);
}

static const struct image_table *const tables[] = {
	&tcp_conn_image,      &tcp_ext_image,	   &tcp_pace_image,
	&tcp_mtu_image,	      &loss_more_image,	   &cc_image,
	&hystart_image,	      &flight_range_image, &rate_snap_image,
	&flight_losses_image,
};

/* A field that is new is in its table, or the octets that it takes are in no row. */
static void every_octet_travels_or_says_why_not(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(tables); i++)
		assert_covers(tables[i]);
	for (unsigned i = 0; i < cc_count; i++)
		assert_covers(cc_algos[i]->image);
}

/* Another layout is another version: then this number is to be the one that the test says. */
static void the_layout_is_that_of_the_version(void **state)
{
	uint32_t layout = 2166136261u;

	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(tables); i++)
		layout = image_layout(tables[i], layout);
	for (unsigned i = 0; i < cc_count; i++)
		layout = image_layout(cc_algos[i]->image, layout);
	assert_int_equal(CONN_IMAGE_VERSION, 10);
	assert_int_equal(layout, 0xe6a18f50);
}

/* ---- there and back ---- */

static void an_idle_connection_is_the_same_again(void **state)
{
	struct pair *p = *state;

	assert_same_again(p, begun_one(p->from));
}

static void a_busy_connection_is_the_same_again(void **state)
{
	struct pair *p = *state;

	assert_same_again(p, busy_one(p->from));
}

static void urgent_data_is_urgent_there_as_well(void **state)
{
	struct pair *p = *state;
	struct tcp_conn *c = busy_one(p->from);
	const struct tcp_urgent is = {
		.snd_up = c->snd_end,
		.rcv_up = urgent_unread(c) + 5,
		.octet = 'X',
		.mark = URGENT_HERE,
		.sends = true,
	};

	c->ext->urgent = is;
	urgent_settle(c);
	assert_same_again(p, c);
	c = busy_one(p->from);
	c->ext->urgent = is;
	urgent_settle(c);
	c = move(p, c);
	assert_true(urgent_at_mark(c, 5));
	assert_ptr_equal(c->sock.ops, &tcp_marked_ops);
	assert_int_equal(urgent_pointer(c, c->snd_una), c->snd_end - c->snd_una);
	end_moved(p, c);
}

/* That something is urgent, and not what; or what was never queued. */
static void urgent_data_out_of_nowhere_is_refused(void **state)
{
	struct pair *p = *state;
	struct conn_queues q = {0};
	struct tcp_conn *c = begun_one(p->from), *got;

	c->loss.urgent = true;
	export(p, c);
	assert_int_equal(import(p, &q, &got), -EBADMSG);
	assert_non_null(conn_ext(&p->from->w, c));
	c->ext->urgent = (struct tcp_urgent){.snd_up = c->snd_end + 1, .sends = true};
	export(p, c);
	assert_int_equal(import(p, &q, &got), -EBADMSG);
	end_one(p->from, c);
}

static void each_congestion_control_travels_with_what_it_keeps(void **state)
{
	struct pair *p = *state;

	for (unsigned algo = 0; algo < cc_count; algo++) {
		struct tcp_conn *c = busy_one(p->from);
		const struct cc_ack a = {
			.now_us = p->from->w.tcp->now_us,
			.acked = 14600,
			.srtt_us = 30000,
			.rtt_us = 30000,
			.snd_una = 2000,
			.snd_nxt = 3000,
			.nacks = 1,
		};

		choose(p->from, c, (enum cc_id)algo);
		c->ext->loss->undo.armed = false;
		cc_sent(&c->cc, 14600);
		if (!cc_model(&c->cc))
			cc_ack(&c->cc, &a);
		assert_same_again(p, c);
		/* And when the first slow start is over. */
		c = busy_one(p->from);
		choose(p->from, c, (enum cc_id)algo);
		if (!cc_model(&c->cc)) {
			cc_loss(&c->cc, a.now_us);
			cc_recovery_exit(&c->cc, 14600, a.now_us);
			cc_sent(&c->cc, c->cc.cwnd);
			cc_ack(&c->cc, &a);
		}
		undo_arm(&c->ext->loss->undo, &c->cc, c->snd_una, 0, false);
		assert_same_again(p, c);
	}
}

static void what_is_paced_and_probes_its_path_travels(void **state)
{
	struct pair *p = *state;
	struct tcp_conn *c = busy_one(p->from);

	assert_int_equal(pace_limit(&p->from->w, c, 1000000), 0);
	for (int i = 0; i < 40; i++) {
		p->from->w.now_ns += 2 * MS;
		tcp_clock(&p->from->w);
		pace_sent(&p->from->w, c, 1000);
	}
	assert_non_null(c->ext->pace->rate.room);
	tcp_timer_set(&p->from->w, c, TCP_T_PACE, 3 * MS);
	assert_true(mtu_lower(&p->from->w, c, 1300) || c->ext->mtu);
	while (p->from->w.tcp->dirty) { /* nobody runs the turn here */
		p->from->w.tcp->dirty->flags &= ~CONN_F_DIRTY;
		p->from->w.tcp->dirty = NULL;
	}
	p->from->w.tcp->dirty_tail = &p->from->w.tcp->dirty;
	assert_same_again(p, c);
}

static void each_state_with_both_syns_acknowledged_travels(void **state)
{
	static const struct {
		enum tcp_state state;
		bool fin_sent, acked, fin_rcvd;
	} rows[] = {
		{TCPS_ESTABLISHED, false, false, false}, {TCPS_FIN_WAIT_1, false, false, false},
		{TCPS_FIN_WAIT_1, true, false, false},	 {TCPS_FIN_WAIT_2, true, true, false},
		{TCPS_CLOSE_WAIT, false, false, true},	 {TCPS_CLOSING, true, false, true},
		{TCPS_LAST_ACK, false, false, true},	 {TCPS_LAST_ACK, true, false, true},
	};
	struct pair *p = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		struct tcp_conn *c = begun_one(p->from);
		bool open = rows[i].state == TCPS_ESTABLISHED || rows[i].state == TCPS_CLOSE_WAIT;

		if (!rows[i].acked)
			write_some(p->from, c, 3000);
		c->flags |= open ? 0 : CONN_F_FIN_QUEUED;
		if (rows[i].fin_sent) {
			recover_send(&p->from->w, c);
			c->snd_nxt = c->snd_end + 1;
			c->flags |= CONN_F_FIN_SENT;
		}
		if (rows[i].acked)
			c->snd_una = c->snd_nxt;
		if (rows[i].fin_rcvd) {
			c->rcv_nxt++;
			c->flags |= CONN_F_FIN_RCVD;
		}
		conn_set_state(&p->from->w, c, rows[i].state);
		assert_same_again(p, c);
	}
}

static void others_say_why_they_stay(void **state)
{
	static const struct {
		enum tcp_state state;
		int rc;
	} rows[] = {
		{TCPS_CLOSED, -ENOTCONN}, {TCPS_LISTEN, -EOPNOTSUPP}, {TCPS_SYN_SENT, -EAGAIN},
		{TCPS_SYN_RCVD, -EAGAIN}, {TCPS_ESTABLISHED, 0},
	};
	struct zc_queue zc = {.sends = 1};
	struct tcp_ext x = {.zc = &zc};
	struct tcp_conn c = {0};

	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		c.state = (uint8_t)rows[i].state;
		assert_int_equal(conn_exportable(&c), rows[i].rc);
	}
	/* Memory of the application's is under way, which the worker that began it tells of. */
	c.ext = &x;
	assert_int_equal(conn_exportable(&c), -EAGAIN);
	zc.sends = 0;
	assert_int_equal(conn_exportable(&c), 0);
}

/* ---- what it means at the other end ---- */

static void assert_payload(struct rte_mbuf *m, uint32_t len, uint8_t mark)
{
	assert_int_equal(m->data_len, len);
	assert_int_equal(*rte_pktmbuf_mtod(m, uint8_t *), mark);
}

static void queues_and_tables_are_those_of_the_new_worker(void **state)
{
	struct pair *p = *state;
	struct tcp_conn *c = busy_one(p->from), *moved;
	uint32_t snd_mem = c->snd.mem, rcv_mem = rcvq_mem(c);
	struct flow f = c->flow;
	uint32_t octets = 0;

	moved = move(p, c);
	assert_ptr_equal(moved->sock.worker, &p->to->w);
	assert_int_equal(moved->snd.mem, snd_mem);
	assert_int_equal(p->to->w.tcp->snd_mem.used, snd_mem);
	assert_int_equal(p->to->w.tcp->rcv_mem.used, rcv_mem);
	assert_int_equal(moved->rcv.bytes, 2 * 1460);
	assert_payload(moved->rcv.head, 1460, 5000 & 0xff);
	assert_int_equal(sndq_unsent(moved), 10000);
	for (struct rte_mbuf *m = moved->snd.head; m; m = pkt_of(m)->qnext)
		octets += m->data_len;
	assert_int_equal(octets, 20000);
	assert_int_equal(conn_ooo(moved)->n, 2);
	assert_int_equal(flight_sacked(&moved->flight), 2000);
	assert_int_equal(flight_lost(&moved->flight, moved->snd_una, moved->snd_nxt), 1460);
	assert_int_equal(p->to->w.tcp->established, 1);
	assert_int_equal(p->from->w.tcp->established, 0);
	assert_int_equal(table_find(&p->from->w, table_flow_hash(p->from->w.tcp, &f, AF_INET), &f,
				    AF_INET),
			 HTAB_NONE);
	assert_int_not_equal(table_find(&p->to->w, table_flow_hash(p->to->w.tcp, &f, AF_INET), &f,
					AF_INET),
			     HTAB_NONE);
	assert_non_null(moved->route.iface);
	assert_int_equal(moved->sock.refs, 1);
	assert_true(moved->sock.ready & EPOLLIN);
	/* What was missing comes: all that waited for it is there. */
	arrived(p->to, moved, moved->rcv_nxt, 9000 - 7920);
	assert_int_equal(ooo_deliver(&p->to->w, moved), 300);
	arrived(p->to, moved, moved->rcv_nxt, 700);
	assert_int_equal(ooo_deliver(&p->to->w, moved), 1100);
	end_moved(p, moved);
}

/* Timers have as long to go as they had, moments lie as far back, by whatever clock. */
static void time_goes_on(void **state)
{
	struct pair *p = *state;
	struct tcp_conn *c = busy_one(p->from), *moved;
	struct nsk_worker *from = &p->from->w, *to = &p->to->w;
	uint32_t left = c->deadline[TCP_T_LIFE] - (uint32_t)(from->now_ns >> WHEEL_TICK_SHIFT);
	uint32_t ts = conn_ts_now(from, c);
	struct conn_queues q;

	export(p, c);
	conn_queues_take(from, c, &q);
	to->now_ns += 5 * MS; /* it was five milliseconds on its way */
	assert_int_equal(conn_import(to, p->image, p->len, 5 * MS, &q, &moved), 0);
	end_one(p->from, c);
	assert_in_range(moved->deadline[TCP_T_LIFE] - (uint32_t)(to->now_ns >> WHEEL_TICK_SHIFT),
			left - (5 * MS >> WHEEL_TICK_SHIFT) - 1,
			left - (5 * MS >> WHEEL_TICK_SHIFT) + 1);
	assert_int_equal(conn_ts_now(to, moved), ts + 5);
	assert_int_equal(to->tcp->now_ms - moved->last_ack_ms, 3 + 5);
	assert_int_equal(to->tcp->now_ms - moved->last_data_ms, 4 + 5);
	assert_int_equal((uint32_t)to->tcp->now_us - flight_first_sent(&moved->flight), 12000);
	assert_true(wheel_armed(&moved->timer));
	assert_true(wheel_expires_ns(&moved->timer) <= to->now_ns + 41 * MS);
	end_moved(p, moved);
}

static void a_named_port_is_taken_along(void **state)
{
	struct pair *p = *state;
	struct tcp_conn *c = begun_one(p->from), *moved;

	assert_int_equal(table_add_port(&p->from->w, c), 0);
	moved = move(p, c);
	assert_int_equal(p->from->w.tcp->bound, 0);
	assert_int_equal(p->to->w.tcp->bound, 1);
	assert_true(moved->flags & CONN_F_BOUND);
	end_moved(p, moved);
	assert_int_equal(p->to->w.tcp->bound, 0);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, pair_setup, pair_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_octet_travels_or_says_why_not),
		cmocka_unit_test(the_layout_is_that_of_the_version),
		T(an_idle_connection_is_the_same_again),
		T(a_busy_connection_is_the_same_again),
		T(urgent_data_is_urgent_there_as_well),
		T(urgent_data_out_of_nowhere_is_refused),
		T(each_congestion_control_travels_with_what_it_keeps),
		T(what_is_paced_and_probes_its_path_travels),
		T(each_state_with_both_syns_acknowledged_travels),
		cmocka_unit_test(others_say_why_they_stay),
		T(queues_and_tables_are_those_of_the_new_worker),
		T(time_goes_on),
		T(a_named_port_is_taken_along),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
