/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors about our segments: believed only when they quote a sequence number in flight
 * (RFC 5927 §4.1), fatal only while the connection is being opened (RFC 5927 §5.2, RFC 1122
 * §4.2.3.9), and a smaller path MTU takes effect at once (RFC 1191 §6.5).
 */
#include "tcp/icmp.h"

#include "net/pmtu.h"
#include "tcp/conn.h"
#include "tcp/embryo.h"
#include "tcp/moved.h"
#include "tcp/mtu.h"
#include "tcp/recover.h"
#include "tcp/table.h"
#include "tcp/timer.h"
#include "tcpalg/seq.h"
#include "wire/bytes.h"
#include "wire/family.h"

/* Offset of the sequence number in the quoted header. */
#define QUOTE_SEQ 4

/* The path takes less than we send: smaller segments, and what is out again in such. */
static void take_mtu(struct nsk_worker *w, struct tcp_conn *c, uint16_t mtu)
{
	const struct ip_addr peer = ip_addr_of(c->sock.family, c->flow.src);
	struct loss_ctx lc;

	pmtu_learn(w, &peer, mtu, true);
	if (!mtu_lower(w, c, mtu) || c->snd_una == c->snd_nxt)
		return;
	/* Not a sign of congestion: nothing to tell congestion control. */
	recover_prepare(w, c, c->snd_una);
	lc = recover_ctx(w, c);
	loss_go_back(&lc);
	tcp_rto_restart(w, c);
	conn_dirty(w, c);
}

/* False: what is quoted is not on its way. */
static bool conn_error(struct nsk_worker *w, struct tcp_conn *c, const struct ip_error *e,
		       uint32_t seq)
{
	bool opening = conn_in(c, TCPS_BIT(TCPS_SYN_SENT) | TCPS_BIT(TCPS_SYN_RCVD));

	if (!seq_in_window(seq, c->snd_una, c->snd_nxt - c->snd_una))
		return false;
	if (e->mtu) {
		take_mtu(w, c, e->mtu);
	} else if (opening && (e->hard || e->local)) {
		conn_ended(w, c, e->err);
	} else if (e->err && conn_ext(w, c)) {
		c->ext->soft_err = (int16_t)e->err;
	}
	return true;
}

bool tcp_icmp_error(struct nsk_worker *w, const struct ip_error *e)
{
	struct tcp_worker *t = w->tcp;
	uint32_t value, index, seq = load_be32(e->quote + QUOTE_SEQ);
	struct flow flow;

	tcp_clock(w);
	flow_reverse(&flow, e->flow);
	value = table_find(w, table_flow_hash(t, &flow, e->family), &flow, e->family);
	index = table_index(value);
	if (value == HTAB_NONE || table_kind_of(value) == TABLE_TIME_WAIT)
		return false;
	if (table_kind_of(value) == TABLE_MOVED) {
		if (e->elsewhere)
			*e->elsewhere = tcp_moved_worker(slab_at(&t->moved, index));
		return false;
	}
	if (table_kind_of(value) == TABLE_EMBRYO)
		return embryo_error(w, slab_at(&t->embryos, index), seq, e->hard);
	return conn_error(w, slab_at(&t->conns, index), e, seq);
}
