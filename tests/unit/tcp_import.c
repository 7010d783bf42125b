/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcp/import.c: what an image says is not believed, and what is refused changes nothing. */
#include "tcp_image_world.h"

/* Nothing has changed there: no memory, no budget, no entry; and the buffers are the caller's. */
static void assert_untouched(const struct pair *p, size_t bytes)
{
	const struct tcp_worker *t = p->to->w.tcp;

	assert_int_equal(t->conns.in_use, 0);
	assert_int_equal(t->exts.in_use, 0);
	assert_int_equal(t->snd_mem.used, 0);
	assert_int_equal(t->rcv_mem.used, 0);
	assert_int_equal(t->table.count, 0);
	assert_int_equal(t->established, 0);
	assert_int_equal(t->bound, 0);
	if (bytes)
		assert_int_equal(p->to->mem.bytes, bytes);
}

/* The first one makes the pools grow, which stay. */
static size_t warm_up(struct pair *p)
{
	end_moved(p, move(p, busy_one(p->from)));
	return p->to->mem.bytes;
}

static void a_part_of_an_image_is_none(void **state)
{
	struct pair *p = *state;
	size_t bytes = warm_up(p), len;
	struct tcp_conn *c = busy_one(p->from), *moved;
	struct conn_queues q;

	choose(p->from, c, CC_BBR);
	c->ext->loss->undo.armed = false;
	export(p, c);
	len = p->len;
	conn_queues_take(&p->from->w, c, &q);
	for (p->len = 0; p->len < len; p->len++) {
		/* A copy of its own length, so that a look behind it is seen. */
		uint8_t *part = malloc(p->len ? p->len : 1);

		assert_non_null(part);
		memcpy(part, p->image, p->len);
		assert_int_equal(conn_import(&p->to->w, part, p->len, 0, &q, &moved), -EBADMSG);
		free(part);
		assert_untouched(p, bytes);
	}
	conn_queues_return(&p->from->w, c, &q);
	end_one(p->from, c);
}

/* Seconds pass for what was taken: its timers run out, it sends, it may end. */
static void live(struct pair *p)
{
	struct nsk_worker *w = &p->to->w;

	for (int i = 0; i < 3; i++) {
		tcp_output_dirty(w);
		nw_pass(p->to, 1000);
		tcp_clock(w);
		nw_forget_sent(p->to);
	}
	tcp_output_dirty(w);
}

/* Each octet in turn is another one. What is taken all the same is a connection that can go on. */
static void no_octet_does_harm(void **state)
{
	static const uint8_t by[] = {0x01, 0x80, 0xff};
	struct pair *p = *state;
	size_t bytes = warm_up(p);

	for (size_t i = 0; i < 3 * IMAGE_ROOM; i++) {
		struct tcp_conn *c = busy_one(p->from), *moved;
		struct conn_queues q;
		int rc;

		choose(p->from, c, CC_BBR);
		c->ext->loss->undo.armed = false;
		export(p, c);
		if (i / 3 == p->len) {
			end_one(p->from, c);
			return;
		}
		p->image[i / 3] ^= by[i % 3];
		conn_queues_take(&p->from->w, c, &q);
		rc = import(p, &q, &moved);
		if (rc) {
			assert_untouched(p, bytes);
			conn_queues_return(&p->from->w, c, &q);
		} else {
			live(p);
			if (p->to->w.tcp->conns.in_use)
				conn_export(&p->to->w, moved, p->image, sizeof(p->image));
			end_moved(p, moved);
			bytes = p->to->mem.bytes; /* a table may have grown */
		}
		end_one(p->from, c);
	}
}

static void another_version_is_not_guessed_at(void **state)
{
	struct pair *p = *state;
	struct tcp_conn *c = begun_one(p->from), *moved;
	struct conn_queues q = {0};

	export(p, c);
	p->image[4]++;
	assert_int_equal(import(p, &q, &moved), -EPROTONOSUPPORT);
	p->image[0]++;
	assert_int_equal(import(p, &q, &moved), -EBADMSG);
	assert_untouched(p, 0);
	end_one(p->from, c);
}

/* With these changes of a connection without anything in its queues; life: its timer runs. */
static int import_of(struct pair *p, uint32_t flags, enum tcp_state state, uint32_t flight,
		     bool life)
{
	struct tcp_conn *c = begun_one(p->from), *moved;
	struct conn_queues q = {0};
	int rc;

	assert_non_null(conn_ext(&p->from->w, c));
	c->ext->fin_seq = c->rcv_nxt + 5;
	c->flags |= flags;
	c->state = (uint8_t)state;
	c->snd_nxt += flags & CONN_F_FIN_SENT ? 1 : 0;
	c->snd_una = c->snd_nxt - flight;
	if (life)
		tcp_timer_set(&p->from->w, c, TCP_T_LIFE, S_NS);
	export(p, c);
	c->state = TCPS_ESTABLISHED;
	rc = import(p, &q, &moved);
	if (rc == 0)
		end_moved(p, moved);
	else
		assert_untouched(p, 0);
	end_one(p->from, c);
	return rc;
}

/* RFC 9293 §3.6: nobody would ever hear of it again, and it would stay for ever. */
static void one_that_could_never_end_is_none(void **state)
{
	const uint32_t fin = CONN_F_FIN_QUEUED | CONN_F_FIN_SENT;
	struct pair *p = *state;

	assert_int_equal(import_of(p, 0, TCPS_ESTABLISHED, 0, false), 0);
	assert_int_equal(import_of(p, CONN_F_ORPHAN, TCPS_ESTABLISHED, 0, false), -EBADMSG);
	assert_int_equal(import_of(p, fin | CONN_F_ORPHAN, TCPS_FIN_WAIT_1, 1, false), 0);
	assert_int_equal(import_of(p, fin, TCPS_FIN_WAIT_1, 0, false), -EBADMSG);
	assert_int_equal(import_of(p, fin, TCPS_FIN_WAIT_2, 0, false), 0);
	assert_int_equal(import_of(p, fin, TCPS_FIN_WAIT_2, 1, false), -EBADMSG);
	assert_int_equal(import_of(p, fin | CONN_F_ORPHAN, TCPS_FIN_WAIT_2, 0, false), -EBADMSG);
	assert_int_equal(import_of(p, fin | CONN_F_ORPHAN, TCPS_FIN_WAIT_2, 0, true), 0);
	assert_int_equal(import_of(p, fin | CONN_F_FIN_RCVD, TCPS_LAST_ACK, 1, false), 0);
	assert_int_equal(import_of(p, fin | CONN_F_FIN_RCVD, TCPS_LAST_ACK, 0, false), -EBADMSG);
	assert_int_equal(import_of(p, fin | CONN_F_FIN_RCVD, TCPS_CLOSING, 0, false), -EBADMSG);
}

static void an_end_that_is_known_is_still_to_come(void **state)
{
	const uint32_t rcvd = CONN_F_FIN_RCVD | CONN_F_FIN_KNOWN;
	struct pair *p = *state;
	struct tcp_conn *c = begun_one(p->from), *moved;
	struct conn_queues q = {0};

	assert_int_equal(import_of(p, CONN_F_FIN_KNOWN, TCPS_ESTABLISHED, 0, false), 0);
	assert_int_equal(import_of(p, rcvd, TCPS_CLOSE_WAIT, 0, false), -EBADMSG);
	assert_non_null(conn_ext(&p->from->w, c));
	c->flags |= CONN_F_FIN_KNOWN;
	for (uint32_t behind = 0; behind < 3; behind++) {
		c->ext->fin_seq = c->rcv_nxt - behind;
		export(p, c);
		assert_int_equal(import(p, &q, &moved), -EBADMSG);
	}
	end_one(p->from, c);
}

/* Its way from here is narrower than the one that it had, or has become so meanwhile. */
static void segments_fit_the_way_from_here(void **state)
{
	struct pair *p = *state;
	struct tcp_conn *c = begun_one(p->from), *moved;
	struct conn_queues q = {0};

	p->to->ifc[0].mtu = 1000;
	export(p, c);
	assert_int_equal(c->cc.smss, 1460);
	assert_int_equal(import(p, &q, &moved), 0);
	assert_int_equal(moved->cc.smss, 960);
	end_moved(p, moved);
	end_one(p->from, c);
}

/* Its segments come to another worker, which asks those that have the port. */
static void one_away_from_home_is_found(void **state)
{
	struct pair *p = *state;
	struct nsk_worker *w = &p->to->w;
	struct tcp_conn *c = begun_one(p->from), *moved;
	struct conn_queues q = {0};

	p->to->owner = 1;
	w->peers = 2;
	export(p, c);
	assert_int_equal(import(p, &q, &moved), 0);
	assert_true(w->shared->strays);
	assert_int_equal(shared_port_only(w->shared, SHARED_TCP, OWN_PORT), w->id);
	end_moved(p, moved);
	end_one(p->from, c);
	w->peers = 1;
}

static void buffers_are_those_of_the_image(void **state)
{
	struct pair *p = *state;
	struct tcp_conn *c = busy_one(p->from), *moved;
	struct conn_queues q, wrong;

	export(p, c);
	conn_queues_take(&p->from->w, c, &q);
	wrong = q;
	wrong.rcv = NULL;
	assert_int_equal(import(p, &wrong, &moved), -EBADMSG);
	wrong = q;
	wrong.rcv = pkt_of(q.rcv)->qnext;
	assert_int_equal(import(p, &wrong, &moved), -EBADMSG);
	q.snd->data_len--;
	assert_int_equal(import(p, &q, &moved), -EBADMSG);
	q.snd->data_len++;
	assert_untouched(p, 0);
	assert_int_equal(import(p, &q, &moved), 0);
	assert_null(q.snd);
	end_moved(p, moved);
	end_one(p->from, c);
}

static void the_same_connection_is_there_once(void **state)
{
	struct pair *p = *state;
	struct tcp_conn *c = begun_one(p->from), *moved;
	struct tcp_conn *there = open_one(p->to, PEER, 1000);
	struct conn_queues q = {0};

	export(p, c);
	assert_int_equal(import(p, &q, &moved), -EADDRINUSE);
	end_one(p->to, there);
	assert_untouched(p, 0);
	store_be32(c->flow.dst, FAR);
	export(p, c);
	assert_int_equal(import(p, &q, &moved), -EADDRNOTAVAIL);
	assert_untouched(p, 0);
	store_be32(c->flow.dst, IF0_ADDR);
	end_one(p->from, c);
}

/* Each thing that takes memory fails in turn; the buffers go back to where they were. */
static void without_memory_nothing_moves(void **state)
{
	struct pair *p = *state;
	struct tcp_conn *c = busy_one(p->from), *moved;
	static uint8_t before[IMAGE_ROOM];
	struct conn_queues q;
	unsigned n;
	int rc;

	choose(p->from, c, CC_BBR);
	c->ext->loss->undo.armed = false;
	export(p, c);
	memcpy(before, p->image, p->len);
	for (n = 1;; n++) {
		size_t len = p->len;

		conn_queues_take(&p->from->w, c, &q);
		p->to->mem.fail_at = n;
		rc = import(p, &q, &moved);
		if (rc == 0)
			break;
		assert_int_equal(rc, -ENOBUFS);
		assert_untouched(p, 0);
		conn_queues_return(&p->from->w, c, &q);
		export(p, c);
		assert_int_equal(p->len, len);
		assert_memory_equal(p->image, before, len);
	}
	assert_in_range(n, 6, 20);
	p->to->mem.fail_at = 0;
	end_moved(p, moved);
	end_one(p->from, c);
}

static void a_worker_without_budget_takes_no_queues(void **state)
{
	struct pair *p = *state;
	struct tcp_conn *c = busy_one(p->from), *moved;
	struct conn_queues q;

	export(p, c);
	conn_queues_take(&p->from->w, c, &q);
	p->to->w.tcp->snd_mem.used = p->to->w.tcp->snd_mem.high;
	assert_int_equal(import(p, &q, &moved), -ENOBUFS);
	p->to->w.tcp->snd_mem.used = 0;
	assert_untouched(p, 0);
	conn_queues_return(&p->from->w, c, &q);
	end_one(p->from, c);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, pair_setup, pair_teardown)
	const struct CMUnitTest tests[] = {
		T(a_part_of_an_image_is_none),
		T(no_octet_does_harm),
		T(another_version_is_not_guessed_at),
		T(one_that_could_never_end_is_none),
		T(an_end_that_is_known_is_still_to_come),
		T(segments_fit_the_way_from_here),
		T(one_away_from_home_is_found),
		T(buffers_are_those_of_the_image),
		T(the_same_connection_is_there_once),
		T(without_memory_nothing_moves),
		T(a_worker_without_budget_takes_no_queues),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
