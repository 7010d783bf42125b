/* SPDX-License-Identifier: BSD-3-Clause */
/* Loss recovery: RFC 5681 section 3.2, RFC 6582, RFC 6675; see recovery.h. */
#include "tcpalg/recovery.h"

#define F_FORCE	  0x01 /* the next retransmission does not wait for the pipe */
#define F_SACK	  0x02 /* this episode of fast recovery uses the scoreboard */
#define F_RESCUED 0x04 /* the rescue retransmission of this episode is spent */
#define F_GUARD	  0x08 /* duplicates may be echoes of the last episode: snd_una must pass recover */

#define DUPTHRESH SCOREBOARD_DUPTHRESH

/* Duplicates in a row that limited transmit may answer with a new segment (RFC 3042). */
#define LIMITED_TRANSMIT (DUPTHRESH - 1)

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static bool by_scoreboard(const struct recovery *r)
{
	return r->flags & F_SACK;
}

void recovery_init(struct recovery *r, uint32_t iss)
{
	*r = (struct recovery){.recover = iss, .high_rxt = iss};
}

/* Octets below this that are not sacked count as lost. Between snd_una and snd_nxt. */
static uint32_t lost_edge(const struct recovery *r, const struct scoreboard *sb, uint32_t snd_una,
			  uint32_t snd_nxt, uint32_t smss)
{
	uint32_t edge;

	switch (r->state) {
	case RECOVERY_LOSS:
		edge = r->recover;
		break;
	case RECOVERY_FAST:
		if (by_scoreboard(r))
			edge = seq_max(r->aux, scoreboard_lost_edge(sb, snd_una, smss));
		else /* the first segment, whenever snd_una comes to stand on it */
			edge = seq_min(snd_una + smss, r->recover);
		break;
	default:
		edge = snd_una;
	}
	return seq_min(seq_max(edge, snd_una), snd_nxt);
}

static unsigned enter(struct recovery *r, const struct recovery_ack *a)
{
	r->state = RECOVERY_FAST;
	r->recover = a->snd_nxt;
	r->high_rxt = a->snd_una;
	r->aux = a->sack ? a->snd_una + a->smss : r->dupacks * a->smss;
	r->flags = a->sack ? F_FORCE | F_SACK : F_FORCE;
	r->dupacks = 0;
	return RECOVERY_EV_ENTER;
}

/* The episode is over. Without SACK a duplicate does not tell what it is a duplicate of. */
static void leave(struct recovery *r, bool sack)
{
	r->state = RECOVERY_OPEN;
	r->flags = sack ? 0 : F_GUARD;
	r->dupacks = 0;
}

/* RFC 6582 section 3.2 step 3, second half: the next segment is lost as well. */
static void partial_ack(struct recovery *r, const struct scoreboard *sb,
			const struct recovery_ack *a)
{
	r->high_rxt = seq_max(r->high_rxt, a->snd_una);
	if (!by_scoreboard(r)) {
		r->aux -= min_u32(r->aux, a->acked);
		if (a->acked >= a->smss)
			r->aux += a->smss;
	} else if (!scoreboard_empty(sb)) {
		return;
	} else {
		r->aux = a->snd_una + a->smss;
	}
	if (r->high_rxt == a->snd_una)
		r->flags |= F_FORCE;
}

static unsigned progress(struct recovery *r, const struct scoreboard *sb,
			 const struct recovery_ack *a)
{
	switch (r->state) {
	case RECOVERY_FAST:
		if (seq_geq(a->snd_una, r->recover)) {
			leave(r, by_scoreboard(r));
			return RECOVERY_EV_EXIT;
		}
		partial_ack(r, sb, a);
		return 0;
	case RECOVERY_LOSS:
		if (seq_geq(a->snd_una, r->recover))
			leave(r, a->sack);
		return RECOVERY_EV_GROW;
	default:
		r->dupacks = 0;
		if (seq_gt(a->snd_una, r->recover))
			r->flags &= (uint8_t)~F_GUARD;
		return RECOVERY_EV_GROW;
	}
}

static bool first_is_lost(const struct scoreboard *sb, const struct recovery_ack *a)
{
	return a->sack && scoreboard_lost_edge(sb, a->snd_una, a->smss) != a->snd_una;
}

unsigned recovery_ack_slow(struct recovery *r, const struct scoreboard *sb,
			   const struct recovery_ack *a)
{
	bool dup = a->acked == 0 && (a->sack ? a->sacked != 0 : a->dup);
	unsigned ev = 0;

	if (a->acked)
		ev = progress(r, sb, a);
	if (dup)
		ev |= RECOVERY_EV_DUP;

	if (r->state == RECOVERY_OPEN) {
		if (dup && r->dupacks < UINT8_MAX)
			r->dupacks++;
		if (!(r->flags & F_GUARD) && a->snd_una != a->snd_nxt &&
		    (r->dupacks >= DUPTHRESH || first_is_lost(sb, a)))
			ev = (ev & ~RECOVERY_EV_GROW) | enter(r, a);
	} else if (dup && r->state == RECOVERY_FAST && !by_scoreboard(r)) {
		/* One more segment has left the network; never more than were sent. */
		r->aux = min_u32(r->aux + a->smss, a->snd_nxt - a->snd_una);
	}
	return ev;
}

void recovery_rto(struct recovery *r, uint32_t snd_una, uint32_t snd_nxt)
{
	r->state = RECOVERY_LOSS;
	r->recover = snd_nxt;
	r->high_rxt = snd_una;
	r->aux = 0;
	r->dupacks = 0;
	r->flags = 0;
}

/*
 * NextSeg rule 4: one segment that ends with the last octet sent, if that was not sacked. When the
 * top is sacked, the highest hole was sent again by rule 3 already, and RFC 6675 would have it sent
 * twice at once; that one is left to the timer.
 */
static bool rescue(const struct recovery *r, const struct scoreboard *sb, uint32_t snd_una,
		   uint32_t snd_nxt, uint32_t len, struct seq_range *out)
{
	uint32_t high = seq_max(scoreboard_high(sb, snd_una), r->high_rxt);

	if ((r->flags & F_RESCUED) || seq_geq(high, snd_nxt))
		return false;
	out->start = seq_max(high, snd_nxt - len);
	out->end = snd_nxt;
	return true;
}

enum recovery_send recovery_next(const struct recovery *r, const struct scoreboard *sb,
				 uint32_t snd_una, uint32_t snd_nxt, uint32_t smss, uint32_t max,
				 bool idle, struct seq_range *out)
{
	uint32_t from = seq_max(r->high_rxt, snd_una);

	if (r->state == RECOVERY_OPEN)
		return RECOVERY_NOTHING;
	if (scoreboard_hole(sb, from, lost_edge(r, sb, snd_una, snd_nxt, smss), out))
		goto found; /* rule 1 */
	if (!idle || !by_scoreboard(r))
		return RECOVERY_NOTHING;
	max = min_u32(max, smss);
	if (scoreboard_hole(sb, from, scoreboard_high(sb, snd_una), out))
		goto found; /* rule 3 */
	return rescue(r, sb, snd_una, snd_nxt, max, out) ? RECOVERY_RESCUE : RECOVERY_NOTHING;
found:
	if (seq_range_len(*out) > max)
		out->end = out->start + max;
	return RECOVERY_RETRANSMIT;
}

void recovery_sent(struct recovery *r, struct seq_range piece, enum recovery_send kind)
{
	r->flags &= (uint8_t)~F_FORCE;
	if (kind == RECOVERY_RESCUE)
		r->flags |= F_RESCUED;
	else
		r->high_rxt = seq_max(r->high_rxt, piece.end);
}

bool recovery_forced(const struct recovery *r)
{
	return r->flags & F_FORCE;
}

/*
 * RFC 6675 section 4, SetPipe: octets neither sacked nor lost, and those sent again and not sacked.
 */
static uint32_t pipe_by_scoreboard(const struct recovery *r, const struct scoreboard *sb,
				   uint32_t snd_una, uint32_t snd_nxt, uint32_t smss)
{
	uint32_t edge = lost_edge(r, sb, snd_una, snd_nxt, smss);
	uint32_t rxt = seq_min(seq_max(r->high_rxt, snd_una), snd_nxt);
	uint32_t sacked_above = scoreboard_sacked(sb) - scoreboard_sacked_below(sb, edge);

	return snd_nxt - edge - sacked_above + (rxt - snd_una) - scoreboard_sacked_below(sb, rxt);
}

uint32_t recovery_pipe(const struct recovery *r, const struct scoreboard *sb, uint32_t snd_una,
		       uint32_t snd_nxt, uint32_t smss)
{
	uint32_t out = snd_nxt - snd_una, left;

	if (r->state == RECOVERY_LOSS || by_scoreboard(r))
		return pipe_by_scoreboard(r, sb, snd_una, snd_nxt, smss);
	if (r->state == RECOVERY_FAST)
		left = r->aux;
	else if (!scoreboard_empty(sb))
		left = sb->sacked;
	else
		left = min_u32(r->dupacks, LIMITED_TRANSMIT) * smss;
	return out - min_u32(left, out);
}
