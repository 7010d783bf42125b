/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/tcpalg/recovery.c with its neighbours: whole transfers over a lossy path, scoreboard and
 * congestion control on one side, the reassembly set on the other.
 */
#include "tcpalg/cc.h"
#include "tcpalg/reasm.h"
#include "tcpalg_world.h"

#define TOTAL	400u /* segments */
#define ONE_WAY 5    /* rounds */
#define NET	4096

struct packet {
	struct seq_range data;
	uint32_t ack;
	unsigned nblk;
	struct seq_range blk[3];
	uint32_t due;
	bool used;
};

struct transfer {
	struct world w;
	struct cc cc;
	struct rng rng;
	struct packet net[2][NET]; /* to the receiver, to the sender */
	struct reasm *set;
	struct reasm_node *nodes;
	uint32_t nnodes;
	uint32_t rcv_nxt, end, now, quiet, rtos, sent_again;
	uint32_t loss_ppm, jitter;
};

static void transmit(struct transfer *t, int way, struct packet p)
{
	if (rng_chance(&t->rng, t->loss_ppm))
		return;
	p.due = t->now + ONE_WAY + rng_below(&t->rng, t->jitter + 1);
	p.used = true;
	for (int k = 0; k < NET; k++)
		if (!t->net[way][k].used) {
			t->net[way][k] = p;
			return;
		}
	fail_msg("more in flight than windows allow");
}

static void transmit_data(struct transfer *t, struct seq_range piece)
{
	for (uint32_t s = piece.start; s != piece.end;) {
		uint32_t e = piece.end - s > SMSS ? s + SMSS : piece.end;

		transmit(t, 0, (struct packet){.data = {s, e}});
		s = e;
	}
}

static void receive_data(struct transfer *t, const struct packet *p)
{
	struct seq_range d = p->data, dup_seen = {0, 0};
	struct packet reply = {0};
	uint32_t octets;

	if (seq_leq(d.end, t->rcv_nxt)) {
		dup_seen = d;
	} else {
		struct reasm_node *nd = &t->nodes[t->nnodes++];

		d.start = seq_max(d.start, t->rcv_nxt);
		*nd = (struct reasm_node){.seq = d.start, .len = seq_range_len(d)};
		dup_seen = reasm_insert(t->set, t->rcv_nxt, nd).dup;
		reasm_pop(t->set, t->rcv_nxt, &octets);
		t->rcv_nxt += octets;
	}
	reply.ack = t->rcv_nxt;
	if (t->w.sack)
		reply.nblk = reasm_sack(t->set, &dup_seen, reply.blk, 3);
	transmit(t, 1, reply);
}

static void receive_ack(struct transfer *t, const struct packet *p)
{
	struct world *w = &t->w;
	uint32_t flight = w->nxt - w->una, acked = 0, sacked = 0, added;
	unsigned ev;

	if (seq_lt(p->ack, w->una))
		return;
	acked = p->ack - w->una;
	w->una = p->ack;
	scoreboard_advance(w->sb, w->una);
	for (unsigned k = 0; k < p->nblk; k++) {
		assert_int_not_equal(scoreboard_add(w->sb, w->una, w->nxt, p->blk[k], &added),
				     SCOREBOARD_BAD);
		sacked += added;
	}
	ev = tell(w, acked, sacked, acked == 0 && flight != 0);
	if (ev & RECOVERY_EV_EXIT)
		cc_recovery_exit(&t->cc, w->nxt - w->una, t->now);
	if (ev & RECOVERY_EV_ENTER)
		cc_loss(&t->cc, t->now);
	if (ev & RECOVERY_EV_GROW) {
		const struct cc_ack a = {.acked = acked, .nacks = 1};

		cc_ack(&t->cc, &a);
	}
	if (acked)
		t->quiet = 0;
}

static void send_all(struct transfer *t)
{
	struct world *w = &t->w;
	uint32_t pipe = pipe_of(w), before = pipe;
	enum recovery_send kind;
	struct seq_range out;

	while ((pipe < t->cc.cwnd || recovery_forced(&w->r)) &&
	       (kind = next(w, SMSS, w->nxt == t->end, &out)) != RECOVERY_NOTHING) {
		/* Only what is outstanding and not sacked, at most one segment here. */
		assert_true(seq_geq(out.start, w->una) && seq_leq(out.end, w->nxt));
		assert_in_range(seq_range_len(out), 1, SMSS);
		for (uint32_t s = out.start; s != out.end; s++)
			assert_false(scoreboard_is_sacked(w->sb, s));
		transmit_data(t, out);
		recovery_sent(&w->r, out, kind);
		t->sent_again++;
		pipe += seq_range_len(out);
	}
	while (pipe + SMSS <= t->cc.cwnd && w->nxt != t->end) {
		transmit_data(t, (struct seq_range){w->nxt, w->nxt + SMSS});
		w->nxt += SMSS;
		pipe += SMSS;
	}
	if (pipe != before)
		cc_sent(&t->cc, w->nxt - w->una);
}

static void turn(struct transfer *t)
{
	for (int way = 0; way < 2; way++)
		for (int k = 0; k < NET; k++) {
			struct packet *p = &t->net[way][k];

			if (!p->used || p->due > t->now)
				continue;
			p->used = false;
			if (way == 0)
				receive_data(t, p);
			else
				receive_ack(t, p);
		}
	if (++t->quiet > 8 * ONE_WAY + 2 * t->jitter && t->w.una != t->w.nxt) {
		scoreboard_reset(t->w.sb);
		cc_rto(&t->cc, true, t->now);
		recovery_rto(&t->w.r, t->w.una, t->w.nxt);
		t->rtos++;
		t->quiet = 0;
	}
	send_all(t);
	t->now++;
}

static void run(struct transfer *t, uint64_t seed, bool sack_on, uint32_t loss_ppm, uint32_t jitter)
{
	memset(t, 0, sizeof(*t));
	rng_seed(&t->rng, seed);
	t->w = setup_world(tcpalg_origins[seed % TCPALG_ORIGINS] - 7 * SMSS, sack_on);
	t->w.nxt = t->w.una;
	t->rcv_nxt = t->w.una;
	t->end = t->w.una + TOTAL * SMSS;
	t->loss_ppm = loss_ppm;
	t->jitter = jitter;
	t->set = malloc(reasm_bytes(512));
	t->nodes = calloc(100 * TOTAL, sizeof(t->nodes[0]));
	assert_true(t->set && t->nodes);
	reasm_init(t->set, 512);
	cc_init(&t->cc, &cc_newreno, SMSS, false);
	while (t->w.una != t->end && t->now < 200000)
		turn(t);
	assert_int_equal(t->w.una, t->end);
	assert_int_equal(t->rcv_nxt, t->end);
	assert_true(reasm_empty(t->set));
	free(t->set);
	free(t->nodes);
	free(t->w.sb);
}

static void transfers_complete_whatever_is_lost(void **state)
{
	static const uint32_t loss[] = {0, 1000, 10000, 50000, 200000};
	struct transfer *t = malloc(sizeof(*t));
	struct rng rng;

	(void)state;
	assert_non_null(t);
	tcpalg_seed(&rng, 6);
	for (int sack_on = 0; sack_on < 2; sack_on++)
		for (size_t k = 0; k < sizeof(loss) / sizeof(loss[0]); k++)
			for (int round = 0; round < 8; round++)
				run(t, rng_u64(&rng), sack_on, loss[k], round % 2 ? 3 : 0);
	free(t);
}

static void without_loss_nothing_is_sent_again(void **state)
{
	struct transfer *t = malloc(sizeof(*t));

	(void)state;
	assert_non_null(t);
	for (int sack_on = 0; sack_on < 2; sack_on++) {
		run(t, 1, sack_on, 0, 0);
		assert_int_equal(t->sent_again, 0);
		assert_int_equal(t->rtos, 0);
	}
	free(t);
}

/* One loss in a hundred of a long window: SACK repairs it without a timeout most of the time. */
static void rfc6675_sack_needs_fewer_timeouts_than_newreno(void **state)
{
	struct transfer *t = malloc(sizeof(*t));
	uint32_t rtos[2] = {0, 0}, time[2] = {0, 0};

	(void)state;
	assert_non_null(t);
	for (int sack_on = 0; sack_on < 2; sack_on++)
		for (uint64_t seed = 100; seed < 130; seed++) {
			run(t, seed, sack_on, 30000, 0);
			rtos[sack_on] += t->rtos;
			time[sack_on] += t->now;
		}
	print_message("timeouts: NewReno %u, SACK %u; rounds: %u, %u\n", rtos[0], rtos[1], time[0],
		      time[1]);
	assert_true(rtos[1] < rtos[0]);
	assert_true(time[1] < time[0]);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transfers_complete_whatever_is_lost),
		cmocka_unit_test(without_loss_nothing_is_sent_again),
		cmocka_unit_test(rfc6675_sack_needs_fewer_timeouts_than_newreno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
