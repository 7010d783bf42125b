/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rows of the table of settings, in the order of struct settings. A name is the field's with a
 * dot after the group. Ranges are what the code can do, not what is wise; defaults are those of
 * RFCs and of Linux unless the text says more.
 */
#include "stack/settings.h"

#include "base/compiler.h"
#include "tcpalg/ackpolicy.h"
#include "tcpalg/cc.h"

#define START false /* read when the stack is built */
#define LIVE  true  /* read again each time */

#define ROW(kind, key, field, a, u, least, most, d, l, c, w, meaning)                            \
	{                                                                                        \
		.name = key, .alias = a, .unit = u, .text = meaning, .choices = c, .min = least, \
		.max = most, .def = d, .offset = offsetof(struct settings, field), .type = kind, \
		.live = l, .linux_words = w,                                                     \
	}
#define U32(key, field, unit, least, most, d, live, alias, meaning) \
	ROW(SETTING_U32, key, field, alias, unit, least, most, d, live, NULL, false, meaning)
#define U64(key, field, unit, least, most, d, live, alias, meaning) \
	ROW(SETTING_U64, key, field, alias, unit, least, most, d, live, NULL, false, meaning)
#define BOOL(key, field, d, live, alias, meaning) \
	ROW(SETTING_BOOL, key, field, alias, "", 0, 1, d, live, NULL, false, meaning)
#define KEY(key, field, live, alias, meaning) \
	ROW(SETTING_KEY, key, field, alias, "", 0, 0, 0, live, NULL, false, meaning)
#define ENUM(key, field, names, d, live, alias, meaning)                                      \
	ROW(SETTING_ENUM, key, field, alias, "", 0, NSK_ARRAY_LEN(names) - 1, d, live, names, \
	    false, meaning)
/* Whose words are Linux's, too. */
#define LINUX_ENUM(key, field, names, d, live, alias, meaning)                                \
	ROW(SETTING_ENUM, key, field, alias, "", 0, NSK_ARRAY_LEN(names) - 1, d, live, names, \
	    true, meaning)

#define WEEK_MS	   604800000
#define WINDOW_MAX 1073725440 /* 65535 << 14, RFC 7323 §2.3 */
#define GIB	   1073741824
#define TERABYTES  (UINT64_C(1) << 46)
#define TABLE_MAX  16777216

static const char *const cookies[] = {"never", "full", "always"};
static const char *const ecn[] = {"off", "ask", "accept"};
static const char *const ack_policies[] = {[ACKPOLICY_LINUX] = "linux", [ACKPOLICY_RFC] = "rfc"};
static const char *const congestion[] =
	{[CC_CUBIC] = "cubic", [CC_NEWRENO] = "reno", [CC_BBR] = "bbr", [CC_DCTCP] = "dctcp"};

static const char *const addr_gen[] =
	{[IPV6_ADDR_GEN_STABLE] = "stable", [IPV6_ADDR_GEN_EUI64] = "eui64"};
static const char *const pause_modes[] = {[PAUSE_KEEP] = "keep",
					  [PAUSE_OFF] = "off",
					  [PAUSE_RX] = "rx",
					  [PAUSE_TX] = "tx",
					  [PAUSE_BOTH] = "both"};
static const char *const idle_modes[] =
	{[IDLE_BUSY] = "busy", [IDLE_ADAPTIVE] = "adaptive", [IDLE_SLEEP] = "sleep"};

const struct setting settings_table[] = {
	/* ports, workers and sockets */
	U32("rx_ring", rx_ring, "descriptors", 32, 32768, 256, START, NULL,
	    "size of a receive queue, within what the port can do"),
	U32("tx_ring", tx_ring, "descriptors", 32, 32768, 128, START, NULL,
	    "size of a transmit queue, within what the port can do"),
	U32("mtu", mtu, "bytes", 68, 65535, 1500, START, NULL,
	    "largest IP packet of an interface that does not say its own; the default: what the port can do"),
	U32("burst", burst, "packets", 1, 64, 32, LIVE, NULL,
	    "packets taken from a port at once; what is to be sent is given to it all at once"),
	ENUM("pause", pause, pause_modes, PAUSE_KEEP, START, NULL,
	     "pause frames of every port: as the device has it; none; heeded; sent; both. One that cannot refuses"),
	U32("timer_budget", timer_budget, "timers", 1, 65536, 256, LIVE, NULL,
	    "timers that one turn lets fire"),
	U32("handoff_ring", handoff_ring, "packets", 64, 1048576, 1024, START, NULL,
	    "packets on the way from one worker to another; all that wait for others are an "
	    "eighth of the buffers at most, or 64"),
	U64("mem_limit", mem_limit, "bytes", 0, TERABYTES, 0, START, NULL,
	    "control memory of a worker, packet buffers apart; 0: no limit"),
	U32("max_sockets", max_sockets, "sockets", 16, TABLE_MAX, 1048576, START, NULL,
	    "descriptors of sockets and epoll instances that a stack may have open, on whichever workers"),
	U32("max_epolls", max_epolls, "instances", 1, 1048576, 1024, START, NULL,
	    "epoll instances of a worker"),
	U32("listen_backlog_max", listen_backlog_max, "connections", 1, 65535, 4096, LIVE,
	    "net.core.somaxconn", "what the backlog of listen() is cut to"),
	U32("port_min", port_min, "", 1, 65535, 32768, START, NULL,
	    "first port that is chosen where the application names none"),
	U32("port_max", port_max, "", 1, 65535, 60999, START, NULL,
	    "last port that is chosen where the application names none"),

	/* what ports can do */
	BOOL("offload.rx", offload_rx, 1, START, NULL,
	     "ports that can judge the checksums of what comes; off: all are looked at here"),
	BOOL("offload.tx", offload_tx, 1, START, NULL,
	     "ports that can compute checksums of what leaves; off: they are computed here"),
	BOOL("offload.sg", offload_sg, 1, START, NULL,
	     "ports that can send chains of buffers are given such; off: payload is copied"),
	BOOL("offload.tso", offload_tso, 1, START, NULL,
	     "ports that can cut TCP into segments; needs offload.tx and offload.sg"),
	BOOL("offload.lro", offload_lro, 1, START, NULL,
	     "ports may hand TCP segments over put together; not in a stack that forwards or has a twin"),

	/* packet buffers */
	U32("pool.buffers", pool_bufs, "buffers", 0, TABLE_MAX, 0, START, NULL,
	    "packet buffers of a worker; 0: as many as its ports ask for"),
	U32("pool.buffer_bytes", buf_bytes, "bytes", 256, 65280, 2048, START, NULL,
	    "room for data in a packet buffer"),

	/* workers without work */
	ENUM("idle.mode", idle_mode, idle_modes, IDLE_ADAPTIVE, LIVE, NULL,
	     "a worker that waits and has no work: goes on looking; sleeps after a while; at once"),
	U64("idle.spin_us", idle_spin_us, "us", 0, 10000000, 1000, LIVE, NULL,
	    "without work before an adaptive worker sleeps"),
	U32("idle.sleep_us", idle_sleep_us, "us", 20, 10000, 100, LIVE, NULL,
	    "longest sleep while a port cannot wake the worker"),

	/* TCP: buffers and windows */
	U32("tcp.window", tcp_window, "bytes", 1024, WINDOW_MAX, 65535, LIVE, NULL,
	    "receive buffer of a new connection; it grows up to tcp.rcvbuf_max"),
	U32("tcp.rcvbuf_min", tcp_rcvbuf_min, "bytes", 1024, GIB, 4096, LIVE, NULL,
	    "what the receive buffer falls to when memory is short"),
	U32("tcp.rcvbuf_max", tcp_rcvbuf_max, "bytes", 1024, GIB, 6291456, START, NULL,
	    "largest receive buffer of a connection"),
	U32("tcp.sndbuf", tcp_sndbuf, "bytes", 2048, GIB, 262144, LIVE, NULL,
	    "send buffer of a new connection; it grows up to tcp.sndbuf_max"),
	U32("tcp.sndbuf_min", tcp_sndbuf_min, "bytes", 2048, GIB, 4096, LIVE, NULL,
	    "what the send buffer falls to when memory is short"),
	U32("tcp.sndbuf_max", tcp_sndbuf_max, "bytes", 2048, GIB, 4194304, LIVE, NULL,
	    "largest send buffer of a connection"),
	U64("tcp.mem_low", tcp_mem_low, "bytes", 0, TERABYTES, 0, START, NULL,
	    "memory of all TCP queues below which pressure ends; 0: half of tcp.mem_high"),
	U64("tcp.mem_pressure", tcp_mem_pressure, "bytes", 0, TERABYTES, 0, START, NULL,
	    "memory of all TCP queues at which buffers begin to fall; 0: two thirds of tcp.mem_high"),
	U64("tcp.mem_high", tcp_mem_high, "bytes", 0, TERABYTES, 0, START, NULL,
	    "memory that all TCP queues may hold; 0, and at most: three quarters of the pools"),

	/* TCP: retransmission and lifetimes */
	U32("tcp.retries", tcp_retries, "times", 1, 100, 15, LIVE, "net.ipv4.tcp_retries2",
	    "retransmissions of data before giving up; 5 would break the 100 s of RFC 9293 §3.8.3"),
	U32("tcp.syn_retries", tcp_syn_retries, "times", 0, 100, 6, LIVE,
	    "net.ipv4.tcp_syn_retries", "retransmissions of a SYN before connect fails"),
	U32("tcp.synack_retries", tcp_synack_retries, "times", 0, 100, 5, LIVE,
	    "net.ipv4.tcp_synack_retries",
	    "retransmissions of a SYN,ACK before an embryonic connection is dropped"),
	U32("tcp.orphan_retries", tcp_orphan_retries, "times", 1, 100, 8, LIVE,
	    "net.ipv4.tcp_orphan_retries",
	    "retransmissions of data after the application has closed"),
	U32("tcp.max_orphans", tcp_max_orphans, "connections", 0, TABLE_MAX, 65536, LIVE,
	    "net.ipv4.tcp_max_orphans",
	    "connections of a worker that applications have closed and peers have not, and no more than "
	    "7/8 of tcp.max_conns; beyond, closing resets"),
	U32("tcp.keepalive_ms", tcp_keepalive_ms, "ms", 1, WEEK_MS, 7200000, LIVE,
	    "net.ipv4.tcp_keepalive_time",
	    "idle time before the first keepalive probe, where SO_KEEPALIVE is on"),
	U32("tcp.keepintvl_ms", tcp_keepintvl_ms, "ms", 1, WEEK_MS, 75000, LIVE,
	    "net.ipv4.tcp_keepalive_intvl", "time between keepalive probes"),
	U32("tcp.keepcnt", tcp_keepcnt, "probes", 1, 100, 9, LIVE, "net.ipv4.tcp_keepalive_probes",
	    "keepalive probes without answer that end a connection"),
	U32("tcp.rto_min_ms", tcp_rto_min_ms, "ms", 1, 120000, 200, START, NULL,
	    "smallest retransmission timeout; RFC 6298 §2.4 says 1 s, Linux and this 200 ms"),
	U32("tcp.rto_max_ms", tcp_rto_max_ms, "ms", 1000, 600000, 120000, START,
	    "net.ipv4.tcp_rto_max_ms",
	    "largest retransmission timeout; RFC 6298 §2.5 asks for at least 60 s"),
	U32("tcp.rto_init_ms", tcp_rto_init_ms, "ms", 1, 120000, 1000, START, NULL,
	    "retransmission timeout before the first measurement, RFC 6298 §2.1"),
	U32("tcp.delack_ms", tcp_delack_ms, "ms", 1, 499, 40, LIVE, NULL,
	    "longest delay of an acknowledgment; RFC 9293 §3.8.6.3: less than 500 ms"),
	U32("tcp.time_wait_ms", tcp_time_wait_ms, "ms", 1, 240000, 60000, START, NULL,
	    "how long TIME_WAIT lasts (2 MSL)"),
	U32("tcp.fin_timeout_ms", tcp_fin_timeout_ms, "ms", 1, WEEK_MS, 60000, LIVE,
	    "net.ipv4.tcp_fin_timeout",
	    "how long a closed socket waits in FIN-WAIT-2 for the peer's FIN"),
	U32("tcp.user_timeout_ms", tcp_user_timeout_ms, "ms", 0, WEEK_MS, 0, LIVE, NULL,
	    "how long data may stay unacknowledged, RFC 5482; 0: tcp.retries decides"),

	/* TCP: tables */
	U32("tcp.max_conns", tcp_max_conns, "connections", 1, TABLE_MAX, 1048576, START, NULL,
	    "connections of a worker"),
	U32("tcp.max_time_wait", tcp_max_time_wait, "connections", 1, TABLE_MAX, 262144, START,
	    "net.ipv4.tcp_max_tw_buckets", "connections of a worker in TIME_WAIT"),
	U32("tcp.max_syn", tcp_max_syn, "connections", 1, TABLE_MAX, 65536, START,
	    "net.ipv4.tcp_max_syn_backlog", "embryonic connections of a worker"),
	ENUM("tcp.syncookies", tcp_syncookies, cookies, 1, LIVE, "net.ipv4.tcp_syncookies",
	     "SYN cookies: never, when a listener's queue of embryonic connections is full, always"),
	U32("tcp.syn_rate", tcp_syn_rate, "per second", 0, 10000000, 0, START, NULL,
	    "SYNs that a worker takes from one source prefix; 0: any number"),
	U32("tcp.syn_burst", tcp_syn_burst, "SYNs", 1, 65535, 100, START, NULL,
	    "of these, at once"),
	U32("tcp.syn_prefix4", tcp_syn_prefix4, "bits", 1, 32, 24, START, NULL,
	    "what of an IPv4 address makes a source"),
	U32("tcp.syn_prefix6", tcp_syn_prefix6, "bits", 1, 128, 64, START, NULL,
	    "what of an IPv6 address makes a source"),

	/* TCP: protocol */
	BOOL("tcp.timestamps", tcp_timestamps, 1, LIVE, "net.ipv4.tcp_timestamps",
	     "offer and accept timestamps, RFC 7323"),
	BOOL("tcp.sack", tcp_sack, 1, LIVE, "net.ipv4.tcp_sack",
	     "offer and accept selective acknowledgment, RFC 2018"),
	BOOL("tcp.wscale", tcp_wscale, 1, START, "net.ipv4.tcp_window_scaling",
	     "offer and accept window scaling, RFC 7323"),
	ENUM("tcp.ecn", tcp_ecn, ecn, 2, LIVE, "net.ipv4.tcp_ecn",
	     "congestion notification, RFC 3168: off; ask for it and accept; accept it when asked"),
	BOOL("tcp.stdurg", tcp_stdurg, 0, LIVE, "net.ipv4.tcp_stdurg",
	     "read the urgent pointer of segments that come as RFC 1122 has it: it is the urgent octet, "
	     "not the one behind it"),
	LINUX_ENUM("tcp.congestion", tcp_congestion, congestion, CC_CUBIC, LIVE,
		   "net.ipv4.tcp_congestion_control",
		   "congestion control of new sockets, as TCP_CONGESTION names it"),
	ENUM("tcp.ack_policy", tcp_ack_policy, ack_policies, ACKPOLICY_LINUX, LIVE, NULL,
	     "when to acknowledge: linux, quick at the start and after loss; rfc, every second segment"),
	U32("tcp.initcwnd", tcp_initcwnd, "segments", 1, 1000, CC_INITIAL_SEGS, START, NULL,
	    "initial congestion window, RFC 6928"),
	U32("tcp.challenge_limit", tcp_challenge_limit, "per second", 1, INT32_MAX, INT32_MAX, LIVE,
	    "net.ipv4.tcp_challenge_ack_limit",
	    "challenge ACKs of a worker, RFC 5961 §7; the greatest number: any, each connection has its "
	    "own limit"),
	U32("tcp.rst_limit", tcp_rst_limit, "per second", 1, 10000000, 1000, LIVE, NULL,
	    "resets of a worker to segments that belong to no connection"),
	U32("tcp.mss_min", tcp_mss_min, "bytes", 48, 1220, 88, LIVE, "net.ipv4.tcp_min_snd_mss",
	    "smallest MSS of a peer that is believed"),
	U32("tcp.fastopen", tcp_fastopen, "", 0, 0xffff, 1, LIVE, "net.ipv4.tcp_fastopen",
	    "Fast Open, RFC 7413, the sum of: 1 clients; 2 servers; 4 clients without a cookie; "
	    "512 servers without a cookie; 1024 every listener"),
	KEY("tcp.fastopen_key", tcp_fastopen_key, LIVE, "net.ipv4.tcp_fastopen_key",
	    "key of the cookies of servers, and the one before; own: the stack makes its own"),
	U32("tcp.fastopen_key_ms", tcp_fastopen_key_ms, "ms", 0, WEEK_MS, 43200000, LIVE, NULL,
	    "after this the stack makes another key, and a cookie expires after twice that; "
	    "0: never"),
	U32("tcp.fastopen_pause_ms", tcp_fastopen_pause_ms, "ms", 0, WEEK_MS, 60000, LIVE,
	    "net.ipv4.tcp_fastopen_blackhole_timeout_sec",
	    "after Fast Open failed with a server and port, they are left alone so long, twice as long "
	    "the next time; 0: not"),
	U32("tcp.fastopen_cache", tcp_fastopen_cache, "servers", 4, 1048576, 1024, START, NULL,
	    "cookies and failures of servers that the clients of a worker remember"),
	BOOL("tcp.mtu_probing", tcp_mtu_probing, 1, LIVE, "net.ipv4.tcp_mtu_probing",
	     "send smaller segments when full ones time out again and again, RFC 4821 §7.7"),
	U32("tcp.base_mss", tcp_base_mss, "bytes", 512, 8960, 1024, LIVE, "net.ipv4.tcp_base_mss",
	    "segment size to begin with then; each further timeout halves it, down to 512"),
	U32("tcp.mtu_probe_ms", tcp_mtu_probe_ms, "ms", 1000, WEEK_MS, 600000, LIVE,
	    "net.ipv4.tcp_probe_interval",
	    "how long a path that was found to be narrow is left so before more is tried"),

	/* UDP */
	U32("udp.rcvbuf", udp_rcvbuf, "bytes", 2048, GIB, 212992, LIVE, "net.core.rmem_default",
	    "receive buffer of a UDP socket, charged by whole packet buffers"),
	U64("udp.mem", udp_mem, "bytes", 0, TERABYTES, 0, START, NULL,
	    "packet buffers in the receive queues of all UDP and ICMP sockets together; 0: an eighth "
	    "of the pools"),
	U32("udp.sndbuf", udp_sndbuf, "bytes", 2048, GIB, 212992, LIVE, "net.core.wmem_default",
	    "SO_SNDBUF of a UDP socket: told, no limit, as nothing but parts of one datagram waits"),

	/* IP and neighbours */
	U32("ip.ttl", ip_ttl, "hops", 1, 255, 64, LIVE, "net.ipv4.ip_default_ttl",
	    "time to live of packets that are sent"),
	BOOL("ip.forward", ip_forward, 0, LIVE, "net.ipv4.ip_forward",
	     "be a router: IPv4 packets for others go on by the routes"),
	BOOL("ip.rp_filter", ip_rp_filter, 0, LIVE, "net.ipv4.conf.all.rp_filter",
	     "a router's strict reverse-path filter, RFC 3704, on all interfaces and for both families: "
	     "what comes from where the way back to its source does not lead is not forwarded"),
	U32("ip.routes", ip_routes, "routes", 1, TABLE_MAX, 1024, START, NULL, "routes of a stack"),
	U64("ip.frag_mem", ip_frag_mem, "bytes", 0, GIB, 4194304, LIVE,
	    "net.ipv4.ipfrag_high_thresh",
	    "packet buffers in fragments that wait for the rest of their datagrams, of a worker; 0: none "
	    "are kept"),
	U32("ip.frag_timeout_ms", ip_frag_timeout_ms, "ms", 1, WEEK_MS, 30000, LIVE,
	    "net.ipv4.ipfrag_time",
	    "how long a datagram's fragments wait for the rest; RFC 1122 §3.3.2 says 60 s to 120 s, "
	    "Linux and this 30 s"),
	U32("ip.frag_max_dist", ip_frag_max_dist, "fragments", 0, TABLE_MAX, 64, LIVE,
	    "net.ipv4.ipfrag_max_dist",
	    "of its source's other datagrams between two of one, beyond which it is given up, as its "
	    "number may have come again; 0: any"),
	U32("arp.entries", arp_entries, "neighbours", 16, 1048576, 1024, START,
	    "net.ipv4.neigh.default.gc_thresh3", "neighbours of a worker"),
	U32("arp.queue", arp_queue, "packets", 1, 255, 3, LIVE, NULL,
	    "packets that wait for one neighbour's answer; those of all have 1/16 of the buffers"),
	U32("arp.timeout_ms", arp_timeout_ms, "ms", 100, WEEK_MS, 60000, LIVE,
	    "net.ipv4.neigh.default.base_reachable_time_ms",
	    "time before a neighbour that is in use is asked again"),
	U32("arp.retry_ms", arp_retry_ms, "ms", 10, 60000, 1000, LIVE,
	    "net.ipv4.neigh.default.retrans_time_ms", "time between requests to a neighbour"),
	U32("arp.retries", arp_retries, "times", 1, 100, 3, LIVE,
	    "net.ipv4.neigh.default.mcast_solicit",
	    "requests without answer before a destination is unreachable"),
	BOOL("arp.proxy", arp_proxy, 0, LIVE, "net.ipv4.conf.all.proxy_arp",
	     "a router answers, on all interfaces, requests for addresses that it leads to by another "
	     "interface (RFC 1027)"),
	BOOL("ipv6.dad", ipv6_dad, 1, LIVE, "net.ipv6.conf.default.accept_dad",
	     "ask whether another station has an IPv6 address of ours (RFC 4862)"),
	ENUM("ipv6.addr_gen", ipv6_addr_gen, addr_gen, IPV6_ADDR_GEN_STABLE, LIVE, NULL,
	     "how an address is made of a router's prefix: of a secret, the seed's or that of "
	     "secret_file (RFC 7217); of the MAC"),
	BOOL("ipv6.temporary", ipv6_temporary, 0, LIVE, NULL,
	     "an address that changes each day beside the one of a router's prefix, for what is "
	     "new (RFC 8981)"),
	BOOL("ipv6.forward", ipv6_forward, 0, LIVE, "net.ipv6.conf.all.forwarding",
	     "be a router: IPv6 packets for others go on by the routes"),
	BOOL("ipv4.dad", ipv4_dad, 0, LIVE, NULL,
	     "ask whether another station has an IPv4 address of ours, and use it 4 to 7 s later "
	     "if none has (RFC 5227); Linux does not"),
	U32("icmp.rate", icmp_rate, "per second", 1, 10000000, 1000, LIVE,
	    "net.ipv4.icmp_msgs_per_sec", "ICMP errors that a worker sends"),
	U32("icmp.burst", icmp_burst, "packets", 1, 65535, 50, LIVE, "net.ipv4.icmp_msgs_burst",
	    "ICMP errors that a worker sends at once, on average"),
	BOOL("icmp.echo", icmp_echo, 1, LIVE, NULL, "answer echo requests"),

	/* the way to the kernel */
	U32("twin.rate", twin_rate, "per second", 1, 10000000, 2000, LIVE, NULL,
	    "packets that the kernel gets by one rule of punt, and of copies about neighbours; a "
	    "tenth of that may come at once"),
	U32("twin.send_rate", twin_send_rate, "per second", 100, 10000000, 20000, LIVE, NULL,
	    "frames that the kernel may send by one interface's twin; others wait in the kernel"),
	U32("twin.queue", twin_queue, "packets", 16, 65536, 256, START, NULL,
	    "packets that wait for one twin"),

	/* multicast groups */
	U32("igmp.max_memberships", igmp_max_memberships, "groups", 0, 256, 20, LIVE,
	    "net.ipv4.igmp_max_memberships", "groups of IPv4 that a socket can join"),
	U32("igmp.max_sources", igmp_max_sources, "senders", 0, 64, 10, LIVE,
	    "net.ipv4.igmp_max_msf", "senders that a socket can name for a group of IPv4"),
	U32("igmp.version", igmp_version, "", 0, 3, 0, LIVE, "net.ipv4.conf.all.force_igmp_version",
	    "version of IGMP that is spoken whatever queriers speak; 0: the newest that all of them do"),
	U32("igmp.robustness", igmp_robustness, "times", 1, 7, 2, LIVE, "net.ipv4.igmp_qrv",
	    "how often a change is reported, unless the querier says another number, RFC 3376 §8.1"),
	U32("mld.max_sources", mld_max_sources, "senders", 0, 64, 64, LIVE, "net.ipv6.mld_max_msf",
	    "senders that a socket can name for a group of IPv6"),
	U32("mld.version", mld_version, "", 0, 2, 0, LIVE, "net.ipv6.conf.all.force_mld_version",
	    "version of MLD that is spoken whatever queriers speak; 0: the newest that all of them do"),
	U32("mld.robustness", mld_robustness, "times", 1, 7, 2, LIVE, "net.ipv6.mld_qrv",
	    "how often a change is reported, unless the querier says another number, RFC 3810 §9.1"),
};

const unsigned settings_count = NSK_ARRAY_LEN(settings_table);
