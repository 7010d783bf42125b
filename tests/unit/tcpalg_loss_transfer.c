/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/tcpalg/loss.c with its neighbours: whole transfers over a path that loses, delays and
 * reorders, in both directions; loss recovery and congestion control on one side, the reassembly
 * set on the other. Virtual time, one step a millisecond.
 */
#include "base/compiler.h"
#include "tcpalg/reasm.h"
#include "tcpalg_loss_world.h"

#define TOTAL	400u /* segments */
#define ONE_WAY 5u   /* steps */
#define STEP_US 1000u
#define NET	4096

struct packet {
	struct seq_range data;
	uint32_t ack, tsval, tsecr;
	unsigned nblk;
	struct seq_range blk[4];
	uint32_t due;
	bool used;
};

/* What a path does, and which options are used. */
struct path {
	uint32_t loss_ppm, ack_loss_ppm;
	uint32_t jitter; /* steps */
	bool sack, ts;
};

struct transfer {
	struct sender s;
	struct rng rng;
	struct path path;
	struct packet net[2][NET]; /* to the receiver, to the sender */
	struct reasm *set;
	struct reasm_node *nodes;
	uint32_t nnodes, rcv_nxt, ts_recent, end, step, quiet;
	uint32_t rtos, again, undone, probes;
};

static void transmit(struct transfer *t, int way, struct packet p)
{
	if (rng_chance(&t->rng, way ? t->path.ack_loss_ppm : t->path.loss_ppm))
		return;
	p.due = t->step + ONE_WAY + rng_below(&t->rng, t->path.jitter + 1);
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
	for (uint32_t from = piece.start; from != piece.end;) {
		uint32_t to = piece.end - from > SMSS ? from + SMSS : piece.end;

		transmit(t, 0, (struct packet){.data = {from, to}, .tsval = (uint32_t)t->s.now});
		from = to;
	}
}

static void receive_data(struct transfer *t, const struct packet *p)
{
	struct seq_range d = p->data, dup = {0, 0};
	struct packet reply = {0};
	uint32_t octets;

	if (seq_leq(d.start, t->rcv_nxt))
		t->ts_recent = p->tsval; /* RFC 7323 section 4.3, near enough */
	if (seq_leq(d.end, t->rcv_nxt)) {
		dup = d;
	} else {
		struct reasm_node *nd = &t->nodes[t->nnodes++];

		d.start = seq_max(d.start, t->rcv_nxt);
		*nd = (struct reasm_node){.seq = d.start, .len = seq_range_len(d)};
		dup = reasm_insert(t->set, t->rcv_nxt, nd).dup;
		reasm_pop(t->set, t->rcv_nxt, &octets);
		t->rcv_nxt += octets;
	}
	reply.ack = t->rcv_nxt;
	reply.tsecr = t->path.ts ? t->ts_recent : 0;
	if (t->path.sack)
		reply.nblk = reasm_sack(t->set, &dup, reply.blk, 3);
	transmit(t, 1, reply);
}

static void receive_ack(struct transfer *t, const struct packet *p)
{
	uint32_t acked = p->ack - t->s.una;
	unsigned ev;

	if (seq_lt(p->ack, t->s.una))
		return;
	ev = sender_ack(&t->s, p->ack, p->blk, p->nblk, p->tsecr);
	t->undone += !!(ev & LOSS_EV_UNDO);
	if (acked)
		t->quiet = 0;
}

/* What the timer of a connection does. */
static void timers(struct transfer *t)
{
	struct sender *s = &t->s;
	struct loss_ctx x = sender_ctx(s);

	if (s->una == s->nxt)
		return;
	if (s->reo_us) {
		s->reo_us -= NSK_MIN(s->reo_us, STEP_US);
		if (s->reo_us == 0)
			sender_reo_timeout(s);
	}
	t->quiet++;
	if (t->quiet == 3 * ONE_WAY + t->path.jitter && loss_may_probe(&x)) {
		struct seq_range last = {s->nxt - SMSS, s->nxt};

		loss_probed(&x, last, true, 0);
		transmit_data(t, last);
		t->probes++;
	}
	if (t->quiet > 8 * ONE_WAY + 2 * t->path.jitter) {
		sender_rto(s);
		t->rtos++;
		t->quiet = 0;
	}
}

static void send_all(struct transfer *t)
{
	struct sender *s = &t->s;
	struct seq_range r;

	while (sender_again(s, &r)) {
		/* Only what is outstanding, at most one segment here. */
		assert_true(seq_geq(r.start, s->una) && seq_leq(r.end, s->nxt));
		assert_in_range(seq_range_len(r), 1, SMSS);
		transmit_data(t, r);
		t->again++;
	}
	while (s->nxt != t->end && sender_room(s) >= SMSS) {
		transmit_data(t, (struct seq_range){s->nxt, s->nxt + SMSS});
		sender_new(s, SMSS);
	}
	s->can_send = s->nxt != t->end;
	assert_true(sender_pipe(s) <= s->nxt - s->una);
}

static void turn(struct transfer *t)
{
	for (int way = 0; way < 2; way++)
		for (int k = 0; k < NET; k++) {
			struct packet *p = &t->net[way][k];

			if (!p->used || p->due > t->step)
				continue;
			p->used = false;
			if (way == 0)
				receive_data(t, p);
			else
				receive_ack(t, p);
		}
	timers(t);
	send_all(t);
	t->step++;
	t->s.now += STEP_US;
}

static void run(struct transfer *t, uint64_t seed, struct path path)
{
	memset(t, 0, sizeof(*t));
	rng_seed(&t->rng, seed);
	t->path = path;
	sender_start(&t->s, tcpalg_origins[seed % TCPALG_ORIGINS] - 7 * SMSS, path.sack);
	t->rcv_nxt = t->s.una;
	t->end = t->s.una + TOTAL * SMSS;
	t->set = malloc(reasm_bytes(512));
	t->nodes = calloc(200 * TOTAL, sizeof(t->nodes[0]));
	assert_true(t->set && t->nodes);
	reasm_init(t->set, 512);
	while (t->s.una != t->end && t->step < 400000)
		turn(t);
	assert_int_equal(t->s.una, t->end);
	assert_int_equal(t->rcv_nxt, t->end);
	assert_true(reasm_empty(t->set));
	assert_int_equal(t->s.f.room->n, 0);
	assert_int_equal(t->s.f.room->sacked | t->s.f.room->lost | t->s.f.room->rxt, 0);
	free(t->set);
	free(t->nodes);
	sender_end(&t->s);
}

static void transfers_complete_whatever_is_lost(void **state)
{
	static const uint32_t loss[] = {0, 1000, 10000, 50000, 200000};
	struct transfer *t = malloc(sizeof(*t));
	struct rng rng;

	(void)state;
	assert_non_null(t);
	tcpalg_seed(&rng, 6);
	for (int k = 0; k < 5 * 64; k++) {
		const struct path p = {
			.loss_ppm = loss[k % 5],
			.ack_loss_ppm = k & 32 ? 100000 : 0,
			.jitter = k & 16 ? 7 : 0,
			.sack = k & 64,
			.ts = k & 128,
		};

		run(t, rng_u64(&rng), p);
	}
	free(t);
}

static void without_loss_nothing_is_sent_again(void **state)
{
	struct transfer *t = malloc(sizeof(*t));

	(void)state;
	assert_non_null(t);
	for (int sack = 0; sack < 2; sack++) {
		run(t, 1, (struct path){.sack = sack});
		assert_int_equal(t->again, 0);
		assert_int_equal(t->rtos, 0);
	}
	free(t);
}

/* Reordering alone: at first DupThresh is believed, then time. */
static void rfc8985_reordering_is_learnt(void **state)
{
	struct transfer *t = malloc(sizeof(*t));
	uint32_t again[2] = {0, 0};

	(void)state;
	assert_non_null(t);
	for (int sack = 0; sack < 2; sack++)
		for (uint64_t seed = 1; seed < 30; seed++) {
			run(t, seed, (struct path){.sack = sack, .jitter = 2});
			again[sack] += t->again;
		}
	print_message("segments sent again in vain: NewReno %u, RACK %u\n", again[0], again[1]);
	assert_true(again[1] * 3 < again[0]);
	free(t);
}

static void rfc8985_needs_fewer_timeouts_and_less_time_than_newreno(void **state)
{
	struct transfer *t = malloc(sizeof(*t));
	uint32_t rtos[2] = {0, 0}, time[2] = {0, 0};

	(void)state;
	assert_non_null(t);
	for (int sack = 0; sack < 2; sack++)
		for (uint64_t seed = 100; seed < 130; seed++) {
			run(t, seed, (struct path){.sack = sack, .loss_ppm = 30000});
			rtos[sack] += t->rtos;
			time[sack] += t->step;
		}
	print_message("timeouts: NewReno %u, RACK %u; steps: %u, %u\n", rtos[0], rtos[1], time[0],
		      time[1]);
	assert_true(rtos[1] * 2 < rtos[0]);
	assert_true(time[1] < time[0]);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transfers_complete_whatever_is_lost),
		cmocka_unit_test(without_loss_nothing_is_sent_again),
		cmocka_unit_test(rfc8985_reordering_is_learnt),
		cmocka_unit_test(rfc8985_needs_fewer_timeouts_and_less_time_than_newreno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
