/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file counters.h
 * @brief Counters of a stack: what happened (this list) and what was dropped and why (drop.h).
 *
 * One list each; tools, telemetry and documents are made from it. Each worker counts for itself;
 * readers add up.
 */
#ifndef NETSTK_COUNTERS_H
#define NETSTK_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include <netstk/drop.h>
#include <netstk/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** X(NAME, "name", "meaning"): every counter. */
#define NSK_COUNTER_LIST(X)                                                                     \
	X(TURNS, "turns", "turns of the worker's loop")                                         \
	X(TURNS_BUSY, "turns_busy", "turns that received, sent or served another thread")       \
	X(LOOP_NS, "loop_ns", "ns that the worker's loop has run, the application in it")       \
	X(LOOP_BUSY_NS, "loop_busy_ns", "ns of them in turns that had work, up to the next")    \
	X(RX_PACKETS, "rx_packets", "packets received from ports")                              \
	X(RX_BYTES, "rx_bytes", "bytes received from ports, link headers included")             \
	X(TX_PACKETS, "tx_packets", "packets accepted by ports")                                \
	X(TX_BYTES, "tx_bytes", "bytes accepted by ports, link headers included")               \
	X(STEERED, "steered", "packets handed to the worker that owns their flow")              \
	X(TWIN_IN, "twin_in", "frames given to twins, the kernel's side of interfaces")         \
	X(TWIN_OUT, "twin_out", "frames that twins sent")                                       \
	X(ND_SOLICITS_SENT, "nd_solicits_sent", "Neighbour solicitations sent")                 \
	X(ND_ADVERTS_SENT, "nd_adverts_sent", "Neighbour advertisements sent")                  \
	X(ND_ROUTER_SOLICITS_SENT, "nd_router_solicits_sent", "Router solicitations sent")      \
	X(ND_ROUTER_ADVERTS, "nd_router_adverts", "Router advertisements taken")                \
	X(ND_PREFIXES_REFUSED, "nd_prefixes_refused",                                           \
	  "Subnets that routers told of and that cannot be one: shorter than /48, multicast …") \
	X(DHCP_SENT, "dhcp_sent", "DHCP messages sent")                                         \
	X(DHCP_RECEIVED, "dhcp_received", "DHCP answers taken")                                 \
	X(ARP_REQUESTS_SENT, "arp_requests_sent", "ARP requests sent")                          \
	X(ARP_REPLIES_SENT, "arp_replies_sent", "ARP replies sent")                             \
	X(ARP_PROXIED, "arp_proxied", "of them: for stations behind another interface")         \
	X(IP_FORWARDED, "ip_forwarded", "IP packets of others sent on their way")               \
	X(IP_REASM_REQDS, "ip_reasm_reqds", "fragments received")                               \
	X(IP_REASM_OKS, "ip_reasm_oks", "datagrams put together from fragments")                \
	X(IP_REASM_FAILS, "ip_reasm_fails", "datagrams in fragments given up")                  \
	X(IP_REASM_TIMEOUT, "ip_reasm_timeout", "of them: not whole in time")                   \
	X(IP_FRAG_OKS, "ip_frag_oks", "datagrams sent in fragments")                            \
	X(IP_FRAG_FAILS, "ip_frag_fails", "datagrams that could not be, or must not")           \
	X(IP_FRAG_CREATES, "ip_frag_creates", "fragments made")                                 \
	X(ICMP_ECHO_REPLIES, "icmp_echo_replies", "ICMP echo replies sent")                     \
	X(ICMP_ERRORS_SENT, "icmp_errors_sent", "ICMP errors sent")                             \
	X(ICMP_ERRORS_RECEIVED, "icmp_errors_received", "ICMP errors accepted")                 \
	X(ICMP_IN, "icmp_in", "ICMP messages delivered to sockets")                             \
	X(ICMP_OUT, "icmp_out", "ICMP messages sent by sockets")                                \
	X(SOCK_ERRORS_LOST, "sock_errors_lost", "errors that a full queue (IP_RECVERR) lost")   \
	X(IGMP_QUERIES, "igmp_queries", "IGMP queries taken")                                   \
	X(IGMP_REPORTS_SENT, "igmp_reports_sent", "IGMP reports and leave messages sent")       \
	X(MLD_QUERIES, "mld_queries", "MLD queries taken")                                      \
	X(MLD_REPORTS_SENT, "mld_reports_sent", "MLD reports and done messages sent")           \
	X(UDP_IN, "udp_in", "UDP datagrams delivered to sockets")                               \
	X(UDP_OUT, "udp_out", "UDP datagrams sent")                                             \
	X(TCP_SEGMENTS_IN, "tcp_segments_in", "TCP segments received with a good checksum")     \
	X(TCP_SEGMENTS_OUT, "tcp_segments_out", "TCP segments sent, retransmissions included")  \
	X(TCP_RETRANS_SEGMENTS, "tcp_retrans_segments", "TCP segments retransmitted")           \
	X(TCP_FAST_RETRANS, "tcp_fast_retrans", "fast retransmits")                             \
	X(TCP_RTO, "tcp_rto", "retransmission timeouts")                                        \
	X(TCP_LOSS_PROBES, "tcp_loss_probes", "tail loss probes sent (RFC 8985)")               \
	X(TCP_PROBE_REPAIRS, "tcp_probe_repairs", "losses that a tail loss probe repaired")     \
	X(TCP_BLACK_HOLES, "tcp_black_holes", "segments made smaller after timeouts")           \
	X(TCP_MTU_RAISED, "tcp_mtu_raised", "path MTUs found to be larger (RFC 4821)")          \
	X(TCP_MTU_PROBES_LOST, "tcp_mtu_probes_lost", "probes for a larger path MTU lost")      \
	X(TCP_UNDOS, "tcp_undos", "recoveries found needless and taken back")                   \
	X(TCP_DSACKS, "tcp_dsacks", "duplicates reported by peers (RFC 2883)")                  \
	X(TCP_ECN_OPENS, "tcp_ecn_opens", "connections opened with ECN (RFC 3168)")             \
	X(TCP_CE_RECEIVED, "tcp_ce_received", "segments received that a router had marked")     \
	X(TCP_ECN_ECHOES, "tcp_ecn_echoes", "acknowledgments received with ECE")                \
	X(TCP_ECN_REDUCTIONS, "tcp_ecn_reductions", "windows reduced because of ECE")           \
	X(TCP_ACTIVE_OPENS, "tcp_active_opens", "connections opened by connect")                \
	X(TCP_PASSIVE_OPENS, "tcp_passive_opens", "connections opened by a listener")           \
	X(TCP_ATTEMPT_FAILS, "tcp_attempt_fails", "connections that failed before established") \
	X(TCP_ESTAB_RESETS, "tcp_estab_resets", "established connections reset")                \
	X(TCP_ORPHANS_RESET, "tcp_orphans_reset", "closed beyond tcp.max_orphans: reset")       \
	X(TCP_ACCEPTED, "tcp_accepted", "connections handed to accept")                         \
	X(TCP_CLOSED, "tcp_closed", "connections that ended")                                   \
	X(TCP_RST_SENT, "tcp_rst_sent", "RSTs sent")                                            \
	X(TCP_CHALLENGE_ACKS, "tcp_challenge_acks", "challenge ACKs sent (RFC 5961)")           \
	X(TCP_COOKIES_SENT, "tcp_cookies_sent", "SYN cookies sent")                             \
	X(TCP_MOVES, "tcp_moves", "connections taken over from another worker")                 \
	X(TCP_COOKIES_ACCEPTED, "tcp_cookies_accepted",                                         \
	  "connections opened by a valid SYN cookie")                                           \
	X(TCP_FASTOPEN_ACTIVE, "tcp_fastopen_active", "connections whose SYN's data was taken") \
	X(TCP_FASTOPEN_ACTIVE_FAIL, "tcp_fastopen_active_fail",                                 \
	  "connections whose SYN's data was not")                                               \
	X(TCP_FASTOPEN_PASSIVE, "tcp_fastopen_passive",                                         \
	  "connections that began with a SYN's data")                                           \
	X(TCP_FASTOPEN_PASSIVE_FAIL, "tcp_fastopen_passive_fail",                               \
	  "SYNs with a cookie that was not good")                                               \
	X(TCP_FASTOPEN_PASSIVE_ALT_KEY, "tcp_fastopen_passive_alt_key",                         \
	  "cookies good by the key before")                                                     \
	X(TCP_FASTOPEN_LISTEN_OVERFLOW, "tcp_fastopen_listen_overflow",                         \
	  "SYNs beyond a listener's limit")                                                     \
	X(TCP_FASTOPEN_COOKIE_REQD, "tcp_fastopen_cookie_reqd", "SYNs that asked for a cookie") \
	X(TCP_DELAYED_ACKS, "tcp_delayed_acks", "ACKs sent by the delayed-ACK timer")           \
	X(TCP_OOO_QUEUED, "tcp_ooo_queued", "segments kept out of order")                       \
	X(TCP_ZERO_WINDOW_PROBES, "tcp_zero_window_probes", "zero-window probes sent")          \
	X(TCP_KEEPALIVES, "tcp_keepalives", "keepalive probes sent")                            \
	X(TCP_TIMEOUTS, "tcp_timeouts", "connections ended by a retry limit")                   \
	X(TCP_MEM_PRESSURES, "tcp_mem_pressures",                                               \
	  "times that a worker's TCP memory came under pressure")                               \
	X(TCP_MEM_PRESSURE_MS, "tcp_mem_pressure_ms", "ms of pressure, counted at its end")     \
	X(TCP_MEM_REFUSED, "tcp_mem_refused", "writes refused for lack of memory of all")       \
	X(PAYLOAD_COPIED_RX, "payload_copied_rx", "payload bytes copied to the application")    \
	X(PAYLOAD_COPIED_TX, "payload_copied_tx", "payload bytes copied from the application")

/** Every counter. */
enum nsk_counter {
/** @cond */
#define X(name, text, meaning) NSK_CNT_##name,
	/** @endcond */
	NSK_COUNTER_LIST(X)
#undef X
	NSK_CNT_MAX
};

struct nsk_stack;

/** X(FIELD, "name", "meaning"): every level. */
#define NSK_LEVEL_LIST(X)                                                                        \
	/* Levels: what there is now */                                                          \
	X(tcp_connections, "tcp_connections", "connections, neither half open nor in TIME-WAIT") \
	X(tcp_established, "tcp_established", "of them: established")                            \
	X(tcp_embryonic, "tcp_embryonic", "half open: SYN received")                             \
	X(tcp_time_wait, "tcp_time_wait", "connections in TIME-WAIT")                            \
	X(tcp_listeners, "tcp_listeners", "sockets that listen")                                 \
	X(tcp_mem_bytes, "tcp_mem_bytes", "bytes of packet buffers in TCP's queues")             \
	X(tcp_mem_pressed, "tcp_mem_pressed", "workers short of them, to send or receive")       \
	X(ip_reasm_bytes, "ip_reasm_bytes", "bytes of packet buffers in fragments that wait")    \
	X(udp_sockets, "udp_sockets", "UDP sockets with a port")                                 \
	X(icmp_sockets, "icmp_sockets", "ICMP sockets")                                          \
	X(buffers_total, "buffers_total", "packet buffers of the pools")                         \
	X(buffers_free, "buffers_free", "of them: nobody holds them")                            \
	X(memory_bytes, "memory_bytes", "control memory of the workers, see mem_limit")

/** Levels that go up and down, read at the same time as the counters: a field for each of
 * #NSK_LEVEL_LIST. */
struct nsk_levels {
/** @cond */
#define X(field, name, meaning) uint64_t field;
	/** @endcond */
	NSK_LEVEL_LIST(X)
#undef X
};

/** A reading of a stack's (or one worker's) counters. */
struct nsk_stats {
	uint64_t now_ns;	       /**< the stack's clock at the reading */
	uint64_t counter[NSK_CNT_MAX]; /**< by @ref nsk_counter, since the start */
	uint64_t drop[NSK_DROP_MAX];   /**< by @ref nsk_drop, since the start */
	struct nsk_levels level;       /**< at the reading */
};

/** @brief Machine name of a counter. */
NSK_API const char *nsk_counter_name(enum nsk_counter counter);
/** @brief One-line meaning of a counter. */
NSK_API const char *nsk_counter_text(enum nsk_counter counter);

/**
 * @brief Read counters; any thread, at any time, without stopping a worker.
 * @param worker index, or -1 for the sum over all workers
 * @return 0, or -1 with errno EINVAL
 */
NSK_API int nsk_stats_read(const struct nsk_stack *stack, int worker, struct nsk_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
