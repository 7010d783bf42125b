/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tcp_info.h
 * @brief What TCP_INFO gives: the whole of Linux's struct tcp_info, by the same names.
 *
 * Systems have shorter ones, and libc's is the shortest of all; each is a beginning of this one,
 * and nsk_getsockopt() gives as much of it as there is room for. docs/SOCKETS.md says what each
 * field means here, and which are 0.
 */
#ifndef NETSTK_TCP_INFO_H
#define NETSTK_TCP_INFO_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** As Linux 6.18 has it: 280 bytes. Times are microseconds where nothing else is said. */
struct nsk_tcp_info {
	uint8_t tcpi_state;	     /**< state, numbered as Linux's */
	uint8_t tcpi_ca_state;	     /**< TCP_CA_Open, Disorder, Recovery or Loss */
	uint8_t tcpi_retransmits;    /**< timeouts in a row */
	uint8_t tcpi_probes;	     /**< window or keepalive probes without an answer */
	uint8_t tcpi_backoff;	     /**< times that the timeout was doubled */
	uint8_t tcpi_options;	     /**< TCPI_OPT_…, negotiated */
	uint8_t tcpi_snd_wscale : 4; /**< shift of the window that the peer offers */
	uint8_t tcpi_rcv_wscale : 4; /**< and of ours */
	uint8_t tcpi_delivery_rate_app_limited : 1; /**< the application was the limit */
	uint8_t tcpi_fastopen_client_fail : 2;	    /**< TFO_…: why not */

	uint32_t tcpi_rto;     /**< retransmission timeout */
	uint32_t tcpi_ato;     /**< longest delay of an ACK */
	uint32_t tcpi_snd_mss; /**< payload of a full segment */
	uint32_t tcpi_rcv_mss; /**< largest segment received */

	uint32_t tcpi_unacked; /**< segments in flight; listener: its queue */
	uint32_t tcpi_sacked;  /**< of them reported by SACK; listener: its limit */
	uint32_t tcpi_lost;    /**< of them found lost */
	uint32_t tcpi_retrans; /**< of them sent again */
	uint32_t tcpi_fackets; /**< 0 */

	uint32_t tcpi_last_data_sent; /**< since data was sent, ms, as the next three */
	uint32_t tcpi_last_ack_sent;  /**< 0 */
	uint32_t tcpi_last_data_recv; /**< since data came in order */
	uint32_t tcpi_last_ack_recv;  /**< since any segment came */

	uint32_t tcpi_pmtu;	    /**< of the path, octets */
	uint32_t tcpi_rcv_ssthresh; /**< octets of the window that are left */
	uint32_t tcpi_rtt;	    /**< smoothed round trip */
	uint32_t tcpi_rttvar;	    /**< its mean deviation */
	uint32_t tcpi_snd_ssthresh; /**< segments; the largest number: none yet */
	uint32_t tcpi_snd_cwnd;	    /**< segments */
	uint32_t tcpi_advmss;	    /**< MSS that was announced */
	uint32_t tcpi_reordering;   /**< segments that may overtake each other */

	uint32_t tcpi_rcv_rtt;	 /**< round trip that the growth of the receive buffer goes by */
	uint32_t tcpi_rcv_space; /**< limit of the receive buffer, octets */

	uint32_t tcpi_total_retrans; /**< segments sent again, ever */

	uint64_t tcpi_pacing_rate;     /**< octets a second, see docs/SOCKETS.md */
	uint64_t tcpi_max_pacing_rate; /**< SO_MAX_PACING_RATE; all ones: none */
	uint64_t tcpi_bytes_acked;     /**< sequence numbers acknowledged */
	uint64_t tcpi_bytes_received;  /**< sequence numbers received in order */
	uint32_t tcpi_segs_out;	       /**< segments sent */
	uint32_t tcpi_segs_in;	       /**< segments that came */

	uint32_t tcpi_notsent_bytes; /**< queued, and never sent */
	uint32_t tcpi_min_rtt;	     /**< shortest round trip */
	uint32_t tcpi_data_segs_in;  /**< of them with payload */
	uint32_t tcpi_data_segs_out; /**< of them with payload */

	uint64_t tcpi_delivery_rate; /**< octets a second that arrived lately */

	uint64_t tcpi_busy_time;      /**< with something in flight */
	uint64_t tcpi_rwnd_limited;   /**< held back by the peer's window */
	uint64_t tcpi_sndbuf_limited; /**< held back by the send buffer */

	uint32_t tcpi_delivered;    /**< segments that arrived */
	uint32_t tcpi_delivered_ce; /**< of them marked */

	uint64_t tcpi_bytes_sent;    /**< octets sent, each time */
	uint64_t tcpi_bytes_retrans; /**< octets sent again, ever */
	uint32_t tcpi_dsack_dups;    /**< duplicates that the peer reported */
	uint32_t tcpi_reord_seen;    /**< ACKs of what others had overtaken */

	uint32_t tcpi_rcv_ooopack; /**< segments that came out of order */

	uint32_t tcpi_snd_wnd; /**< window that the peer offers, octets */
	uint32_t tcpi_rcv_wnd; /**< window that is offered to it */

	uint32_t tcpi_rehash; /**< 0 */

	uint16_t tcpi_total_rto;	    /**< timeouts, ever */
	uint16_t tcpi_total_rto_recoveries; /**< rows of them */
	uint32_t tcpi_total_rto_time;	    /**< that these rows lasted, ms */

	uint32_t tcpi_received_ce;	  /**< segments that came marked */
	uint32_t tcpi_delivered_e1_bytes; /**< 0 */
	uint32_t tcpi_delivered_e0_bytes; /**< 0 */
	uint32_t tcpi_delivered_ce_bytes; /**< 0 */
	uint32_t tcpi_received_e1_bytes;  /**< octets that came as ECT(1) */
	uint32_t tcpi_received_e0_bytes;  /**< as ECT(0) */
	uint32_t tcpi_received_ce_bytes;  /**< marked */
	uint16_t tcpi_accecn_fail_mode;	  /**< 0 */
	uint16_t tcpi_accecn_opt_seen;	  /**< 0 */
};

#ifdef __cplusplus
}
#endif
#endif
