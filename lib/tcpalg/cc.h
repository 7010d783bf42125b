/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Congestion control: the seam. An algorithm is one file and one row of the table in cc.c.
 *
 * What it is told are events: data acknowledged outside of fast recovery, a loss found, recovery
 * left, the retransmission timer, an idle spell. What it answers is in struct cc: cwnd, ssthresh.
 * One that models the path (struct cc_model) is told of every ACK, and answers with a rate as well.
 * Which octets are lost and what to send again is none of its business: see loss.h.
 *
 * RFC 5681; RFC 6928 (initial window).
 */
#ifndef NSK_TCPALG_CC_H
#define NSK_TCPALG_CC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/image.h"
#include "tcpalg/hystart.h"
#include "tcpalg/rate.h"

#define CC_WND_MAX (1u << 30) /* largest window that scaling can express (RFC 7323 section 2.3) */

/* CUBIC's curve, see cc_cubic.c. */
struct cubic {
	uint32_t w_max;	   /* octets; 0: no loss yet */
	uint32_t w_est;	   /* what Reno would have by now */
	uint32_t epoch_ms; /* when the epoch began, 0: no epoch */
	uint16_t k;	   /* in units of 8 ms */
	uint16_t est_frac; /* of w_est, in 2^-16 octets */
};

/* DCTCP's estimate of the share of octets that are marked, see cc_dctcp.c. */
struct dctcp {
	uint32_t window_end;	/* of the observation window, while CC_OBSERVING */
	uint32_t acked, marked; /* octets in it */
	uint16_t alpha;		/* in 2^-15 */
	uint16_t frac;		/* of growth, in 2^-16 octets */
};

struct cc {
	uint32_t cwnd;	   /* [W] octets that may be in flight */
	uint32_t ssthresh; /* [W] */
	uint16_t smss;	   /* [W] sender maximum segment size, options taken off */
	uint8_t algo;	   /* [C] row of the table */
	uint8_t flags;	   /* [W] CC_* below */
	uint32_t flight;   /* [W] octets in flight when data was sent last: see cc_sent */
	union {
		struct hystart hystart; /* while CC_HYSTART */
		struct cubic cubic;
		struct dctcp dctcp;
		uint64_t u64[2];
		uint32_t u32[4];
		void *ptr;
	} priv; /* [W] the algorithm's own; with CC_MODEL ptr leads to it */
};

_Static_assert(sizeof(struct cc) <= 32, "lives in the connection");

#define CC_AFTER_RTO 0x01 /* slow start that follows a timeout */
#define CC_HYSTART   0x02 /* priv is HyStart++'s: the first slow start goes on */
#define CC_MODEL     0x04 /* models the path: cwnd holds in recovery as well, see cc_give_state() */
#define CC_OBSERVING 0x08 /* DCTCP's observation window goes on */
#define CC_CONVERGED 0x10 /* CUBIC's w_max is less than the window before the last loss was */

/* One acknowledgement, or a merged run of them. */
struct cc_ack {
	uint64_t now_us;
	uint32_t acked;	  /* octets newly acknowledged, > 0 */
	uint32_t srtt_us; /* 0: unknown */
	uint32_t rtt_us;  /* measured by this ACK; 0: nothing was */
	uint32_t snd_una; /* with this ACK */
	uint32_t snd_nxt;
	uint16_t nacks; /* ACK segments merged into this event, >= 1 */
};

/*
 * An algorithm may model the path: it has a rate at which to send, and wants to know more. Its
 * state is memory of the caller's that begins with this. In: until init.
 */
struct cc_model {
	uint64_t pacing_rate; /* out: octets a second */
	uint64_t seed;	      /* in: random */
	uint64_t now_us;      /* in */
	uint32_t srtt_us;     /* in: 0: unknown */
	uint32_t delivered;   /* in: octets delivered so far, modulo 2^32 */
	bool limited;	      /* out: what is sent now tells nothing of the path (rate_limited()) */
	uint8_t spare[7];
};

/* One acknowledgement of anything new, in recovery or not, for a model. Losses were told before. */
struct cc_sample {
	uint64_t now_us;
	struct rate_sample rs;
	uint32_t acked;	    /* octets newly delivered, SACK included, > 0 */
	uint32_t delivered; /* octets delivered so far, modulo 2^32 */
	uint32_t pipe;	    /* octets in the network now */
	uint32_t rtt_us;    /* measured by this ACK; 0: nothing was */
	uint32_t srtt_us;
	bool recovering;   /* from a loss or a timeout */
	bool cwnd_limited; /* the window held back what could have been sent */
	bool sack;	   /* the peer tells what it holds */
};

/* Octets newly found lost, for a model. */
struct cc_lost {
	uint64_t now_us;
	uint32_t octets;
	uint32_t ranges;     /* apart from each other, about */
	uint32_t delivered;  /* octets delivered so far, modulo 2^32 */
	uint32_t inflight;   /* when they were sent; 0: unknown, and so is the rest */
	uint32_t since_sent; /* octets lost since then, these included */
	bool app_limited;    /* then */
	bool sack;
};

struct cc_algo {
	const char *name;
	uint8_t id;			 /* its own row */
	size_t state_bytes;		 /* a model's state; 0: it is none */
	const struct image_table *image; /* of priv, once it is not HyStart++'s, or of the model's
					  * state; NULL: it keeps nothing there */

	/* priv is zero on entry, or a model's state but for what goes in; cwnd, ssthresh, smss are
	 * set. NULL: nothing to do. */
	void (*init)(struct cc *cc);
	/* New data acknowledged, not in fast recovery. */
	void (*ack)(struct cc *cc, const struct cc_ack *a);
	/* Fast recovery begins: set ssthresh and cwnd. */
	void (*loss)(struct cc *cc, uint64_t now_us);
	/* Recovery ended with flight octets outstanding. */
	void (*recovery_exit)(struct cc *cc, uint32_t flight, uint64_t now_us);
	/* The retransmission timer expired; first is false when it backs off on the same data. */
	void (*rto)(struct cc *cc, bool first, uint64_t now_us);
	/* About to send after a timeout's time without sending; segs as in cc_init(). NULL: nothing
	 * to do. */
	void (*idle_restart)(struct cc *cc, uint32_t segs);

	/* A congestion mark was echoed (RFC 3168), once a window: set ssthresh and cwnd. NULL: it
	 * has no answer, and so its data is not ECT. */
	void (*mark)(struct cc *cc, uint64_t now_us);
	/* New data acknowledged by an ACK that echoes a mark, after mark if that was called; in the
	 * place of ack. NULL: nothing to do. */
	void (*marked)(struct cc *cc, const struct cc_ack *a);
	bool all_ect; /* asks for ECN by itself; data that is sent again is ECT too, and the
		       * receiver echoes each mark for itself (RFC 8257) */

	/* Models alone: */
	void (*sample)(struct cc *cc, const struct cc_sample *s);
	void (*lost)(struct cc *cc, const struct cc_lost *l);
	/* The last recovery was needless. */
	void (*undo)(struct cc *cc);
	/* About to send, nothing being in flight because the application had nothing to send. */
	void (*restart)(struct cc *cc, uint64_t now_us);
};

/* Rows of the table. */
enum cc_id {
	CC_CUBIC,
	CC_NEWRENO, /* "reno", the name that Linux gives it */
	CC_BBR,
	CC_DCTCP,
};

/* By id; cc_count of them. */
extern const struct cc_algo *const cc_algos[];
extern const unsigned cc_count;

extern const struct cc_algo cc_cubic;
extern const struct cc_algo cc_newreno;
extern const struct cc_algo cc_bbr;
extern const struct cc_algo cc_dctcp;

/* Row called name (len octets, no NUL needed); NULL if there is none. */
const struct cc_algo *cc_find_n(const char *name, uint32_t len);
const struct cc_algo *cc_find(const char *name);

#define CC_INITIAL_SEGS 10 /* RFC 6928 section 2 */

/* The initial window, with segs segments in the place of RFC 6928's. */
static inline uint32_t cc_initial_window(uint32_t smss, uint32_t segs)
{
	uint32_t least = 2 * smss > segs * 1460 ? 2 * smss : segs * 1460;

	return segs * smss < least ? segs * smss : least;
}

/*
 * Start with algo and an initial window of segs segments: 1 if the SYN or SYN-ACK had to be sent
 * again (RFC 5681 section 3.1). smss is at least 1. A model goes on with cc_give_state(), before
 * anything else happens.
 */
void cc_init(struct cc *cc, const struct cc_algo *algo, uint16_t smss, uint32_t segs);

/*
 * Another algorithm takes over, the path being the same: the window and the threshold stay, as in
 * Linux; a model has no threshold. One with a model then waits for cc_give_state().
 */
void cc_change(struct cc *cc, const struct cc_algo *algo);

/* state: zeroed, of the algorithm's state_bytes, what goes in filled in. It stays the caller's. */
void cc_give_state(struct cc *cc, struct cc_model *state);

static inline struct cc_model *cc_model(const struct cc *cc)
{
	return cc->flags & CC_MODEL ? cc->priv.ptr : NULL;
}

/*
 * The path MTU changed. Smaller segments leave in no larger bursts: the window stays the same in
 * segments (RFC 5681 section 3.1). With larger ones it stays the same in octets, at least one of
 * them.
 */
void cc_set_smss(struct cc *cc, uint16_t smss);

/*
 * Data was sent, flight octets are outstanding now. This is what tells whether the window is used
 * and what a loss halves (FlightSize of RFC 5681): ACKs arrive in bursts, between which nothing is
 * sent, so that what is outstanding when one of them is looked at says little.
 */
static inline void cc_sent(struct cc *cc, uint32_t flight)
{
	cc->flight = flight;
}

static inline bool cc_in_slow_start(const struct cc *cc)
{
	return cc->cwnd < cc->ssthresh;
}

static inline void cc_ack(struct cc *cc, const struct cc_ack *a)
{
	cc_algos[cc->algo]->ack(cc, a);
}

static inline void cc_loss(struct cc *cc, uint64_t now_us)
{
	cc_algos[cc->algo]->loss(cc, now_us);
}

static inline void cc_mark(struct cc *cc, uint64_t now_us)
{
	if (cc_algos[cc->algo]->mark)
		cc_algos[cc->algo]->mark(cc, now_us);
}

static inline void cc_marked(struct cc *cc, const struct cc_ack *a)
{
	if (cc_algos[cc->algo]->marked)
		cc_algos[cc->algo]->marked(cc, a);
}

static inline void cc_recovery_exit(struct cc *cc, uint32_t flight, uint64_t now_us)
{
	cc_algos[cc->algo]->recovery_exit(cc, flight, now_us);
}

static inline void cc_rto(struct cc *cc, bool first, uint64_t now_us)
{
	cc_algos[cc->algo]->rto(cc, first, now_us);
}

/* About to send after idle_us without sending, rto_us being the timeout and segs the segments of an
 * initial window. */
static inline void cc_idle_restart(struct cc *cc, uint32_t idle_us, uint32_t rto_us, uint32_t segs)
{
	if (idle_us > rto_us && cc_algos[cc->algo]->idle_restart)
		cc_algos[cc->algo]->idle_restart(cc, segs);
}

#endif
