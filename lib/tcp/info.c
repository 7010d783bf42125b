/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP_INFO: Linux's struct tcp_info, as far as we know what it asks. Asking costs the connection
 * nothing: no sampling begins for it. What is counted always is in tally.h; the rest is made here
 * of what TCP needs anyway.
 */
#include <linux/tcp.h>
#include <stddef.h>
#include <string.h>

#include <netstk/tcp_info.h>

#include "tcp/ecn.h"
#include "tcp/fastopen.h"
#include "tcp/listen.h"
#include "tcp/pace.h"
#include "tcp/rcvbuf.h"
#include "tcp/sndbuf.h"
#include "tcp/sockcalls.h"
#include "tcp/tally.h"

_Static_assert(sizeof(struct nsk_tcp_info) == 280, "as Linux 6.18 has it");
_Static_assert(offsetof(struct nsk_tcp_info, tcpi_rcv_ooopack) ==
		       offsetof(struct tcp_info, tcpi_rcv_ooopack),
	       "begins as the system's does");

/* In segments, as Linux; no threshold yet: its largest number. */
static void fill_windows(const struct tcp_conn *c, struct nsk_tcp_info *i)
{
	uint32_t smss = NSK_MAX(c->cc.smss, (uint16_t)1);

	i->tcpi_snd_cwnd = c->cc.cwnd / smss;
	i->tcpi_snd_ssthresh = c->cc.ssthresh < CC_WND_MAX ? c->cc.ssthresh / smss : INT32_MAX;
}

static void fill_options(const struct tcp_conn *c, struct nsk_tcp_info *i)
{
	if (c->flags & CONN_F_TS)
		i->tcpi_options |= TCPI_OPT_TIMESTAMPS;
	if (c->flags & CONN_F_SACK)
		i->tcpi_options |= TCPI_OPT_SACK;
	if (c->rcv.ecn & ECN_ON)
		i->tcpi_options |= TCPI_OPT_ECN;
	if (c->rcv.ecn & ECN_SEEN)
		i->tcpi_options |= TCPI_OPT_ECN_SEEN;
	if (c->ext && (c->ext->fastopen_bits & FASTOPEN_SYN_DATA))
		i->tcpi_options |= TCPI_OPT_SYN_DATA;
	if (c->ext)
		i->tcpi_fastopen_client_fail =
			(c->ext->fastopen_bits & FASTOPEN_FAIL) >> FASTOPEN_FAIL_SHIFT & 3;
	if (c->win.rcv_shift || c->win.snd_shift) {
		i->tcpi_options |= TCPI_OPT_WSCALE;
		i->tcpi_snd_wscale = c->win.snd_shift & 15;
		i->tcpi_rcv_wscale = c->win.rcv_shift & 15;
	}
}

static void fill_recovery(const struct tcp_conn *c, struct nsk_tcp_info *i)
{
	static const uint8_t ca_state[] = {
		[LOSS_OPEN] = TCP_CA_Open,
		[LOSS_DISORDER] = TCP_CA_Disorder,
		[LOSS_FAST] = TCP_CA_Recovery,
		[LOSS_RTO] = TCP_CA_Loss,
	};
	uint32_t smss = NSK_MAX(c->cc.smss, (uint16_t)1);
	const struct flight *f = &c->flight;

	i->tcpi_ca_state = loss_answered_mark(&c->loss) && c->loss.state < LOSS_FAST
				   ? TCP_CA_CWR
				   : ca_state[c->loss.state];
	i->tcpi_retransmits = c->retries;
	i->tcpi_probes = c->probes;
	i->tcpi_backoff = (uint8_t)c->rtt.backoff;
	i->tcpi_unacked = (c->snd_nxt - c->snd_una + smss - 1) / smss;
	i->tcpi_sacked = (flight_sacked(f) + smss - 1) / smss;
	i->tcpi_lost = (flight_lost(f, c->snd_una, c->snd_nxt) + smss - 1) / smss;
	i->tcpi_retrans = (flight_rxt(f, c->snd_una, c->snd_nxt) + smss - 1) / smss;
	i->tcpi_reordering = RACK_DUPTHRESH;
	if (!c->ext)
		return;
	if (c->ext->loss)
		i->tcpi_reordering =
			NSK_MAX(i->tcpi_reordering, c->ext->loss->rack.reordering / smss);
}

static void fill_times(const struct nsk_worker *w, const struct tcp_conn *c, struct nsk_tcp_info *i)
{
	i->tcpi_rto = c->rtt.rto_us;
	i->tcpi_ato = SETTING(w->set, tcp_delack_ms) * 1000;
	i->tcpi_rtt = rtt_srtt_us(&c->rtt);
	/* What the growth of the receive buffer goes by, once it is watched. */
	i->tcpi_rcv_rtt = c->ext && c->ext->grow_since_us ? i->tcpi_rtt : 0;
	i->tcpi_rttvar = rtt_rttvar_us(&c->rtt);
	i->tcpi_min_rtt = c->loss.min_rtt_us;
	i->tcpi_last_data_sent = w->tcp->now_ms - c->last_snd_ms;
	i->tcpi_last_data_recv = w->tcp->now_ms - c->last_data_ms;
	i->tcpi_last_ack_recv = conn_silent_ms(w, c);
}

/*
 * What a sender that spreads its window over a round trip would be paced at: Linux's formula, a
 * fifth more, or twice that in the first half of slow start. Before there is a window: no limit.
 */
static uint64_t window_rate(const struct tcp_conn *c)
{
	uint32_t wnd = NSK_MAX(c->cc.cwnd, c->snd_nxt - c->snd_una);
	uint32_t percent = c->cc.cwnd < c->cc.ssthresh / 2 ? 200 : 120;

	if (!(c->flags & CONN_F_WAS_OPEN))
		return PACE_NO_LIMIT;
	return (uint64_t)wnd * percent * (8 * 1000000 / 100) / NSK_MAX(c->rtt.srtt8_us, 1u);
}

/* Octets a second; Linux's ~0 where there is no limit. In each state, as there. */
static void fill_pacing(const struct tcp_conn *c, struct nsk_tcp_info *i)
{
	const struct tcp_pace *p = pace_of(c);
	uint64_t rate = p && p->model ? p->model->pacing_rate : window_rate(c);

	i->tcpi_max_pacing_rate = p ? p->max_rate : PACE_NO_LIMIT;
	i->tcpi_pacing_rate = NSK_MIN(rate, i->tcpi_max_pacing_rate);
}

/*
 * What was in flight last, in a round trip, if anything was acknowledged. In slow start that is
 * more than was delivered, and the smoothed round trip lags behind a queue that grows: no more than
 * what was acknowledged in all the time with something in flight, whose milliseconds are rounded
 * down.
 */
static struct rate_last early_delivery(const struct tcp_conn *c, const struct tcp_counts *n)
{
	uint32_t fin = !!(c->flags & CONN_F_FIN_SENT), syn = !!(c->flags & CONN_F_OPENER);
	uint64_t busy_us = (n->busy_ms + 1) * 1000;
	struct rate_last flight = {0};
	int64_t acked = n->acked - syn;

	if (acked <= 0 || c->cc.flight <= fin)
		return flight;
	flight.octets = c->cc.flight - fin;
	flight.us = rtt_srtt_us(&c->rtt);
	flight.limited = c->cc.flight < c->cc.cwnd;
	/* A first answer within a millisecond is known no better. */
	if (!n->busy_ms && c->snd_una == c->snd_nxt)
		return flight;
	if (acked <= UINT32_MAX && busy_us <= UINT32_MAX &&
	    (uint64_t)acked * flight.us < flight.octets * busy_us) {
		flight.octets = (uint32_t)acked;
		flight.us = (uint32_t)busy_us;
	}
	return flight;
}

/*
 * The last sample: each ACK's where congestion control or a limit of the rate wants them, else that
 * of a round trip. Before there is any, and as long as there is no extension, which is 64 KiB, an
 * estimate.
 */
static struct rate_last delivery(const struct tcp_conn *c, const struct tcp_counts *n)
{
	const struct tcp_pace *p = pace_of(c);

	if (p && p->rate.last.us)
		return p->rate.last;
	if (c->ext && c->ext->round.last.us)
		return c->ext->round.last;
	return early_delivery(c, n);
}

static void fill_delivery(const struct tcp_conn *c, const struct tcp_counts *n,
			  struct nsk_tcp_info *i)
{
	const struct rate_last last = delivery(c, n);

	i->tcpi_delivery_rate = rate_last(&last);
	i->tcpi_delivery_rate_app_limited = last.limited;
}

/* Counters of what happens to few. */
static void fill_events(const struct tcp_counts *n, struct nsk_tcp_info *i)
{
	i->tcpi_total_retrans = n->retrans;
	i->tcpi_bytes_retrans = n->retrans_octets;
	i->tcpi_dsack_dups = n->dsack_dups;
	i->tcpi_reord_seen = n->reord_seen;
	i->tcpi_rcv_ooopack = n->rcv_ooo;
	i->tcpi_total_rto = n->rtos;
	i->tcpi_total_rto_recoveries = n->rto_runs;
	i->tcpi_total_rto_time = n->rto_ms;
	i->tcpi_delivered_ce = n->delivered_ce;
	i->tcpi_received_ce = n->received_ce;
	i->tcpi_received_e1_bytes = n->ecn_octets[0];
	i->tcpi_received_e0_bytes = n->ecn_octets[1];
	i->tcpi_received_ce_bytes = n->ecn_octets[2];
}

/* What the tallies say, and what follows from them. */
static void fill_tallies(const struct tcp_conn *c, const struct tcp_counts *n,
			 struct nsk_tcp_info *i)
{
	uint32_t smss = NSK_MAX(c->cc.smss, (uint16_t)1), flight = c->snd_nxt - c->snd_una;
	uint32_t fin = !!(c->flags & CONN_F_FIN_SENT), syn = !!(c->flags & CONN_F_OPENER);
	int64_t sent = n->acked + flight + n->abandoned - syn - fin;
	uint32_t unacked = flight + n->abandoned - (flight && fin) - flight_sacked(&c->flight);
	int64_t delivered;

	/* Below 0: the SYN that is not counted is on its way, or not yet. */
	i->tcpi_bytes_acked = n->acked > 0 ? (uint64_t)n->acked : 0;
	i->tcpi_bytes_sent = (sent > 0 ? (uint64_t)sent : 0) + n->retrans_octets;
	i->tcpi_bytes_received = n->received;
	i->tcpi_segs_in = n->segs_in;
	i->tcpi_segs_out = n->segs_out;
	i->tcpi_data_segs_in = n->data_segs_in;
	i->tcpi_data_segs_out = n->data_segs_out;
	/* Segments that carried data for the first time and are not in flight, and a SYN. */
	delivered = (int64_t)n->data_segs_out - n->retrans_data - (unacked + smss - 1) / smss +
		    !!(c->flags & CONN_F_WAS_OPEN);
	i->tcpi_delivered = delivered > 0 ? (uint32_t)delivered : 0;
	i->tcpi_busy_time = n->busy_ms * 1000;
	i->tcpi_rwnd_limited = (uint64_t)n->limited_ms[TALLY_WINDOW - 1] * 1000;
	i->tcpi_sndbuf_limited = (uint64_t)n->limited_ms[TALLY_BUFFER - 1] * 1000;
}

static void fill(const struct nsk_worker *w, const struct tcp_conn *c, struct nsk_tcp_info *i)
{
	const struct tcp_counts n = tally_read(w, c);

	i->tcpi_state = c->state;
	fill_pacing(c, i);
	if (c->state == TCPS_LISTEN) {
		/* As Linux: the accept queue and its limit. */
		i->tcpi_unacked = c->listener->count;
		i->tcpi_sacked = c->listener->backlog;
		return;
	}
	fill_options(c, i);
	fill_recovery(c, i);
	fill_events(&n, i);
	fill_tallies(c, &n, i);
	fill_times(w, c, i);
	i->tcpi_snd_mss = c->cc.smss;
	i->tcpi_rcv_mss = c->ack.rcv_mss;
	i->tcpi_advmss = c->route.iface ? conn_mss_announced(c, c->route.iface) : 0;
	i->tcpi_pmtu = c->ext && c->ext->path_mtu ? c->ext->path_mtu
		       : c->route.iface		  ? c->route.iface->mtu
						  : 0;
	fill_windows(c, i);
	fill_delivery(c, &n, i);
	i->tcpi_rcv_space = c->rcv.limit;
	i->tcpi_rcv_ssthresh = conn_rcv_wnd(c);
	i->tcpi_snd_wnd = c->win.snd_wnd;
	i->tcpi_rcv_wnd = conn_rcv_wnd(c);
	i->tcpi_notsent_bytes = conn_in(c, TCPS_SYNCHRONIZED) ? sndq_unsent(c) : 0;
}

void tcp_info_get(const struct nsk_worker *w, const struct tcp_conn *c, void *value, socklen_t *len)
{
	struct nsk_tcp_info i;

	memset(&i, 0, sizeof(i));
	fill(w, c, &i);
	*len = NSK_MIN(*len, (socklen_t)sizeof(i));
	memcpy(value, &i, *len);
}
