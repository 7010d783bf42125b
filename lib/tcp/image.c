/* SPDX-License-Identifier: BSD-3-Clause */
/* What of a connection is in its image, and what stays behind and why; see image.h. */
#include "tcp/image.h"

#include "tcp/ecn.h"
#include "tcp/mtu.h"
#include "tcp/pace.h"
#include "tcp/tally.h"
#include "tcp/urgent.h"
#include "tcpalg/image.h"

#define N(S, f)		  IMAGE_ROW(S, f, IMAGE_NUMBER)
#define ARRAY(S, f, how)  IMAGE_ROW_ARRAY(S, f, how)
#define MOST(S, f, n)	  IMAGE_ROW_MOST(S, f, n)
#define PART(S, f, table) IMAGE_ROW_PART(S, f, table)
#define STAYS(S, f, why)  IMAGE_ROW_STAYS(S, f, why)

#define TIMERS_ALL ((1 << TCP_TIMERS) - 1)

static const struct image_field sock_rows[] = {
	STAYS(sock, ops, "TCP's"),
	STAYS(sock, worker, "another one"),
	STAYS(sock, items, "registrations end; who waits is taken along by lib/sock"),
	STAYS(sock, fd, "descriptors are moved, or given anew"),
	N(sock, rcvtimeo_ms),
	N(sock, sndtimeo_ms),
	N(sock, ready),
	STAYS(sock, refs, "of descriptors and calls, which are not in the image"),
	N(sock, linger_s),
	MOST(sock, err, INT16_MAX),
	N(sock, flags),
	N(sock, family),
	N(sock, tos),
	N(sock, ttl),
};
static const struct image_table sock_image = IMAGE_TABLE(sock, sock_rows);

static const struct image_field tcp_rcvq_rows[] = {
	STAYS(tcp_rcvq, head, "travels beside the image"),
	STAYS(tcp_rcvq, tail, "travels beside the image"),
	STAYS(tcp_rcvq, bytes, "the sum of the buffers"),
	STAYS(tcp_rcvq, mem, "the sum of the buffers"),
	MOST(tcp_rcvq, limit, CC_WND_MAX),
	N(tcp_rcvq, peer_mss),
	N(tcp_rcvq, dupacks),
	MOST(tcp_rcvq, ecn, ECN_ASKED | ECN_ON | ECN_SEEN),
};
static const struct image_table tcp_rcvq_image = IMAGE_TABLE(tcp_rcvq, tcp_rcvq_rows);

static const struct image_field tcp_sndq_rows[] = {
	STAYS(tcp_sndq, head, "travels beside the image"),
	STAYS(tcp_sndq, tail, "travels beside the image"),
	STAYS(tcp_sndq, cur, "found again when it is looked for"),
	STAYS(tcp_sndq, mem, "the sum of the buffers"),
	MOST(tcp_sndq, limit, CC_WND_MAX),
};
static const struct image_table tcp_sndq_image = IMAGE_TABLE(tcp_sndq, tcp_sndq_rows);

static const struct image_field conn_rows[] = {
	PART(tcp_conn, sock, sock_image),
	N(tcp_conn, flags), /* but CONN_F_LOCAL */
	MOST(tcp_conn, state, TCPS_CLOSING),
	MOST(tcp_conn, timers, TIMERS_ALL),
	N(tcp_conn, retries),
	N(tcp_conn, probes),
	N(tcp_conn, rcv_nxt),
	N(tcp_conn, snd_una),
	N(tcp_conn, snd_nxt),
	N(tcp_conn, snd_end),
	N(tcp_conn, snd_wl1),
	N(tcp_conn, ts_recent),
	IMAGE_ROW(tcp_conn, ts_off, IMAGE_AHEAD_MS),
	N(tcp_conn, last_ack_sent),
	PART(tcp_conn, win, window_image),
	IMAGE_ROW(tcp_conn, last_rcv_ms, IMAGE_MS),
	IMAGE_ROW(tcp_conn, last_snd_ms, IMAGE_MS),
	N(tcp_conn, tally_in),
	N(tcp_conn, tally_out),
	STAYS(tcp_conn, hash_upper, "by each worker's own key"),
	PART(tcp_conn, rcv, tcp_rcvq_image),
	PART(tcp_conn, snd, tcp_sndq_image),
	PART(tcp_conn, cc, cc_image),
	PART(tcp_conn, flight, flight_image),
	PART(tcp_conn, loss, loss_image),
	PART(tcp_conn, rtt, rtt_image),
	PART(tcp_conn, ack, ackpolicy_image),
	STAYS(tcp_conn, route, "looked up again"),
	IMAGE_ROW(tcp_conn, flow, IMAGE_OCTETS),
	ARRAY(tcp_conn, deadline, IMAGE_TICKS),
	STAYS(tcp_conn, timer, "armed for the first deadline"),
	STAYS(tcp_conn, dirty_next, "its worker's list"),
	STAYS(tcp_conn, ext, "a part of its own"),
};
const struct image_table conn_image = IMAGE_TABLE(tcp_conn, conn_rows);

static const struct image_field tcp_counts_rows[] = {
	N(tcp_counts, acked),
	N(tcp_counts, received),
	N(tcp_counts, segs_in),
	N(tcp_counts, data_segs_in),
	N(tcp_counts, segs_out),
	N(tcp_counts, data_segs_out),
	N(tcp_counts, busy_ms),
	N(tcp_counts, retrans_octets),
	N(tcp_counts, retrans),
	N(tcp_counts, retrans_data),
	N(tcp_counts, abandoned),
	N(tcp_counts, rto_ms),
	N(tcp_counts, rtos),
	N(tcp_counts, rto_runs),
	N(tcp_counts, dsack_dups),
	N(tcp_counts, reord_seen),
	N(tcp_counts, rcv_ooo),
	ARRAY(tcp_counts, limited_ms, IMAGE_NUMBER),
	N(tcp_counts, delivered_ce),
	N(tcp_counts, received_ce),
	ARRAY(tcp_counts, ecn_octets, IMAGE_NUMBER),
	STAYS(tcp_counts, spare, "holds nothing"),
};
static const struct image_table tcp_counts_image = IMAGE_TABLE(tcp_counts, tcp_counts_rows);

static const struct image_field tcp_urgent_rows[] = {
	N(tcp_urgent, snd_up),	    N(tcp_urgent, rcv_up),
	N(tcp_urgent, octet),	    MOST(tcp_urgent, mark, URGENT_TAKEN),
	MOST(tcp_urgent, sends, 1), STAYS(tcp_urgent, spare, "holds nothing"),
};
static const struct image_table tcp_urgent_image = IMAGE_TABLE(tcp_urgent, tcp_urgent_rows);

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
	N(tcp_ext, fin_seq),
	N(tcp_ext, grow_bytes),
	N(tcp_ext, grow_before),
	IMAGE_ROW(tcp_ext, grow_since_us, IMAGE_US_OR_0),
	N(tcp_ext, user_timeout_ms),
	IMAGE_ROW(tcp_ext, progress_ms, IMAGE_MS),
	PART(tcp_ext, count, tcp_counts_image),
	IMAGE_ROW(tcp_ext, rto_since_ms, IMAGE_MS),
	IMAGE_ROW(tcp_ext, limit_since_ms, IMAGE_MS),
	PART(tcp_ext, urgent, tcp_urgent_image),
	N(tcp_ext, keepidle_s),
	N(tcp_ext, keepintvl_s),
	N(tcp_ext, user_mss),
	N(tcp_ext, path_mtu),
	MOST(tcp_ext, soft_err, INT16_MAX),
	N(tcp_ext, keepcnt),
	MOST(tcp_ext, limit, TALLY_BUFFER),
	N(tcp_ext, fastopen_bits),
	STAYS(tcp_ext, spare, "holds nothing"),
	STAYS(tcp_ext, fastopen, "of listeners, and of SYNs that are not acknowledged"),
	STAYS(tcp_ext, request, "of SYN-RECEIVED"),
	STAYS(tcp_ext, zc, "empty, or there is no image; its next number follows"),
};
const struct image_table tcp_ext_image = IMAGE_TABLE(tcp_ext, tcp_ext_rows);

static const struct image_field tcp_pace_rows[] = {
	PART(tcp_pace, rate, rate_image),
	PART(tcp_pace, pacer, pacer_image),
	N(tcp_pace, max_rate),
	STAYS(tcp_pace, model, "a part of its own"),
	STAYS(tcp_pace, model_bytes, "what the importer's takes"),
	IMAGE_ROW(tcp_pace, due, IMAGE_TICKS),
	MOST(tcp_pace, more, 1),
	MOST(tcp_pace, cwnd_limited, 1),
	STAYS(tcp_pace, spare, "holds nothing"),
};
const struct image_table tcp_pace_image = IMAGE_TABLE(tcp_pace, tcp_pace_rows);

static const struct image_field tcp_mtu_rows[] = {
	PART(tcp_mtu, search, mtu_search_image), N(tcp_mtu, size),
	MOST(tcp_mtu, state, MTU_OUT),		 STAYS(tcp_mtu, spare, "holds nothing"),
	PART(tcp_mtu, probe, seq_range_image),	 IMAGE_ROW(tcp_mtu, due, IMAGE_TICKS),
};
const struct image_table tcp_mtu_image = IMAGE_TABLE(tcp_mtu, tcp_mtu_rows);
