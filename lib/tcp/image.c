/* SPDX-License-Identifier: BSD-3-Clause */
/* What of a connection is in its image, and what stays behind and why; see image.h. */
#include "tcp/image.h"

#include "base/image_rows.h"
#include "tcp/ecn.h"
#include "tcp/mtu.h"
#include "tcp/pace.h"
#include "tcp/tally.h"
#include "tcp/urgent.h"
#include "tcpalg/image.h"

#define TIMERS_ALL ((1 << TCP_TIMERS) - 1)

static const struct image_field sock_rows[] = {
	STAYS(sock, ops, "TCP's"),
	STAYS(sock, worker, "another one"),
	STAYS(sock, items, "registrations end; who waits is taken along by lib/sock"),
	STAYS(sock, fd, "descriptors are moved, or given anew"),
	NUMBER(sock, rcvtimeo_ms),
	NUMBER(sock, sndtimeo_ms),
	NUMBER(sock, ready),
	STAYS(sock, refs, "of descriptors and calls, which are not in the image"),
	NUMBER(sock, linger_s),
	NUMBER(sock, err),
	MOST(sock, six, SOCK_SIX_API | SOCK_SIX_ONLY),
	NUMBER(sock, flags),
	NUMBER(sock, family),
	NUMBER(sock, tos),
	NUMBER(sock, ttl),
};
static TABLE(sock);

static const struct image_field tcp_rcvq_rows[] = {
	STAYS(tcp_rcvq, head, "travels beside the image"),
	STAYS(tcp_rcvq, tail, "travels beside the image"),
	STAYS(tcp_rcvq, bytes, "the sum of the buffers"),
	STAYS(tcp_rcvq, mem, "the sum of the buffers"),
	MOST(tcp_rcvq, limit, CC_WND_MAX),
	NUMBER(tcp_rcvq, peer_mss),
	NUMBER(tcp_rcvq, dupacks),
	MOST(tcp_rcvq, ecn, ECN_ASKED | ECN_ON | ECN_SEEN),
};
static TABLE(tcp_rcvq);

static const struct image_field tcp_sndq_rows[] = {
	STAYS(tcp_sndq, head, "travels beside the image"),
	STAYS(tcp_sndq, tail, "travels beside the image"),
	STAYS(tcp_sndq, cur, "found again when it is looked for"),
	STAYS(tcp_sndq, mem, "the sum of the buffers"),
	MOST(tcp_sndq, limit, CC_WND_MAX),
};
static TABLE(tcp_sndq);

static const struct image_field tcp_conn_rows[] = {
	PART(tcp_conn, sock, sock_image),
	NUMBER(tcp_conn, flags), /* but CONN_F_LOCAL */
	MOST(tcp_conn, state, TCPS_CLOSING),
	MOST(tcp_conn, timers, TIMERS_ALL),
	NUMBER(tcp_conn, retries),
	NUMBER(tcp_conn, probes),
	NUMBER(tcp_conn, rcv_nxt),
	NUMBER(tcp_conn, snd_una),
	NUMBER(tcp_conn, snd_nxt),
	NUMBER(tcp_conn, snd_end),
	NUMBER(tcp_conn, snd_wl1),
	NUMBER(tcp_conn, ts_recent),
	KIND(tcp_conn, ts_off, IMAGE_AHEAD_MS),
	NUMBER(tcp_conn, last_ack_sent),
	PART(tcp_conn, win, window_image),
	KIND(tcp_conn, last_ack_ms, IMAGE_MS),
	KIND(tcp_conn, last_snd_ms, IMAGE_MS),
	NUMBER(tcp_conn, tally_in),
	NUMBER(tcp_conn, tally_out),
	STAYS(tcp_conn, hash_upper, "by each worker's own key"),
	PART(tcp_conn, rcv, tcp_rcvq_image),
	PART(tcp_conn, snd, tcp_sndq_image),
	PART(tcp_conn, cc, cc_image),
	PART(tcp_conn, flight, flight_image),
	PART(tcp_conn, loss, loss_image),
	PART(tcp_conn, rtt, rtt_image),
	PART(tcp_conn, ack, ackpolicy_image),
	KIND(tcp_conn, last_data_ms, IMAGE_MS),
	STAYS(tcp_conn, route, "looked up again"),
	KIND(tcp_conn, flow, IMAGE_OCTETS),
	ARRAY(tcp_conn, deadline, IMAGE_TICKS),
	STAYS(tcp_conn, timer, "armed for the first deadline"),
	STAYS(tcp_conn, dirty_next, "its worker's list"),
	STAYS(tcp_conn, ext, "a part of its own"),
};
TABLE(tcp_conn);

static const struct image_field tcp_counts_rows[] = {
	NUMBER(tcp_counts, acked),
	NUMBER(tcp_counts, received),
	NUMBER(tcp_counts, segs_in),
	NUMBER(tcp_counts, data_segs_in),
	NUMBER(tcp_counts, segs_out),
	NUMBER(tcp_counts, data_segs_out),
	NUMBER(tcp_counts, busy_ms),
	NUMBER(tcp_counts, retrans_octets),
	NUMBER(tcp_counts, retrans),
	NUMBER(tcp_counts, retrans_data),
	NUMBER(tcp_counts, abandoned),
	NUMBER(tcp_counts, rto_ms),
	NUMBER(tcp_counts, rtos),
	NUMBER(tcp_counts, rto_runs),
	NUMBER(tcp_counts, dsack_dups),
	NUMBER(tcp_counts, reord_seen),
	NUMBER(tcp_counts, rcv_ooo),
	ARRAY(tcp_counts, limited_ms, IMAGE_NUMBER),
	NUMBER(tcp_counts, delivered_ce),
	NUMBER(tcp_counts, received_ce),
	ARRAY(tcp_counts, ecn_octets, IMAGE_NUMBER),
	SPARE(tcp_counts, spare),
};
static TABLE(tcp_counts);

static const struct image_field tcp_urgent_rows[] = {
	NUMBER(tcp_urgent, snd_up),	      NUMBER(tcp_urgent, rcv_up), NUMBER(tcp_urgent, octet),
	MOST(tcp_urgent, mark, URGENT_TAKEN), FLAG(tcp_urgent, sends),	  SPARE(tcp_urgent, spare),
};
static TABLE(tcp_urgent);

static const struct image_field tcp_ext_rows[] = {
	STAYS(tcp_ext, loss, "a part of its own"),
	STAYS(tcp_ext, ooo, "made again of the buffers"),
	STAYS(tcp_ext, pace, "a part of its own"),
	STAYS(tcp_ext, mtu, "a part of its own"),
	STAYS(tcp_ext, rxt_cur, "found again when it is looked for"),
	PART(tcp_ext, challenge, limiter_image),
	PART(tcp_ext, dsack, seq_range_image),
	PART(tcp_ext, gap, paws_gap_image),
	STAYS(tcp_ext, ooo_mem, "the sum of the buffers"),
	NUMBER(tcp_ext, fin_seq),
	NUMBER(tcp_ext, grow_bytes),
	NUMBER(tcp_ext, grow_before),
	KIND(tcp_ext, grow_since_us, IMAGE_US_OR_0),
	NUMBER(tcp_ext, user_timeout_ms),
	KIND(tcp_ext, progress_ms, IMAGE_MS),
	PART(tcp_ext, count, tcp_counts_image),
	PART(tcp_ext, round, round_image),
	KIND(tcp_ext, rto_since_ms, IMAGE_MS),
	KIND(tcp_ext, limit_since_ms, IMAGE_MS),
	PART(tcp_ext, urgent, tcp_urgent_image),
	NUMBER(tcp_ext, keepidle_s),
	NUMBER(tcp_ext, keepintvl_s),
	NUMBER(tcp_ext, user_mss),
	NUMBER(tcp_ext, path_mtu),
	MOST(tcp_ext, soft_err, INT16_MAX),
	NUMBER(tcp_ext, keepcnt),
	MOST(tcp_ext, limit, TALLY_BUFFER),
	NUMBER(tcp_ext, fastopen_bits),
	NUMBER(tcp_ext, syncnt),
	SPARE(tcp_ext, spare),
	STAYS(tcp_ext, fastopen, "of listeners, and of SYNs that are not acknowledged"),
	STAYS(tcp_ext, request, "of SYN-RECEIVED"),
	STAYS(tcp_ext, zc, "empty, or there is no image; its next number follows"),
	STAYS(tcp_ext, moved, "of the worker that its segments come to"),
};
TABLE(tcp_ext);

static const struct image_field tcp_pace_rows[] = {
	PART(tcp_pace, rate, rate_image),
	PART(tcp_pace, pacer, pacer_image),
	NUMBER(tcp_pace, max_rate),
	STAYS(tcp_pace, model, "a part of its own"),
	STAYS(tcp_pace, model_bytes, "what the importer's takes"),
	KIND(tcp_pace, due, IMAGE_TICKS),
	FLAG(tcp_pace, more),
	FLAG(tcp_pace, cwnd_limited),
	SPARE(tcp_pace, spare),
};
TABLE(tcp_pace);

static const struct image_field tcp_mtu_rows[] = {
	PART(tcp_mtu, search, mtu_search_image), NUMBER(tcp_mtu, size),
	MOST(tcp_mtu, state, MTU_OUT),		 SPARE(tcp_mtu, spare),
	PART(tcp_mtu, probe, seq_range_image),	 KIND(tcp_mtu, due, IMAGE_TICKS),
};
TABLE(tcp_mtu);
