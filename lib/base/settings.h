/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every tunable number that protocols read, as one plain struct: one per stack, constant after
 * start unless its row says that it may change at run time. The table that gives each field its
 * name, unit, range, default and description lies in lib/stack; the number in brackets here is the
 * default. Booleans are 0 or 1. Nothing but numbers belongs here, and keys, which are some.
 */
#ifndef NSK_BASE_SETTINGS_H
#define NSK_BASE_SETTINGS_H

#include <stdint.h>

enum idle_mode {
	IDLE_BUSY,
	IDLE_ADAPTIVE,
	IDLE_SLEEP,
};

/* Frames that ask the other end of a link to wait (IEEE 802.3, annex 31B). */
enum pause_mode {
	PAUSE_KEEP, /* as the device has it */
	PAUSE_OFF,
	PAUSE_RX, /* heeded */
	PAUSE_TX, /* sent */
	PAUSE_BOTH,
};

/* How an address is made of a prefix. */
enum ipv6_addr_gen {
	IPV6_ADDR_GEN_STABLE, /* RFC 7217 */
	IPV6_ADDR_GEN_EUI64,  /* RFC 4291 appendix A */
};

struct settings {
	/* Ports and packet buffers */
	uint32_t rx_ring;      /* descriptors of a receive queue (256) */
	uint32_t tx_ring;      /* descriptors of a transmit queue (128) */
	uint32_t mtu;	       /* bytes of an IP packet on interfaces that do not say (1500) */
	uint32_t burst;	       /* packets taken from or given to a port at once (32) */
	uint32_t pool_bufs;    /* packet buffers of a worker; 0: as rings and windows ask (0) */
	uint32_t buf_bytes;    /* data room of a packet buffer, without headroom (2048) */
	uint32_t offload_rx;   /* ports judge checksums (1) */
	uint32_t offload_tx;   /* ports compute them (1) */
	uint32_t offload_sg;   /* they send chains of buffers, and shared ones (1) */
	uint32_t offload_tso;  /* they cut TCP into segments (1) */
	uint32_t offload_lro;  /* they hand over segments put together (1) */
	uint32_t pause;	       /* enum pause_mode (0: as the device has it) */
	uint32_t timer_budget; /* timers fired in one turn (256) */
	uint32_t handoff_ring; /* packets on the way from one worker to another (1024) */
	uint32_t max_sockets;  /* sockets of a stack (1048576) */
	uint32_t max_epolls;   /* epoll instances of a worker (1024) */
	uint64_t mem_limit;    /* bytes of control memory of a worker; 0: any (0) */

	/* Workers without work */
	uint32_t idle_mode;	/* enum idle_mode (1: adaptive) */
	uint32_t idle_sleep_us; /* longest sleep while a port cannot wake the worker (100) */
	uint64_t idle_spin_us;	/* without work before it sleeps (1000) */

	/* TCP: buffers and windows */
	uint32_t tcp_window;	 /* first window offered, bytes; it grows (65535) */
	uint32_t tcp_rcvbuf_min; /* what the receive buffer falls to under pressure, bytes (4096) */
	uint32_t tcp_rcvbuf_max; /* largest receive buffer, bytes (6291456) */
	uint32_t tcp_sndbuf;	 /* send buffer at the start, bytes (262144) */
	uint32_t tcp_sndbuf_min; /* what it falls to under pressure, bytes (4096) */
	uint32_t tcp_sndbuf_max; /* largest send buffer, bytes (4194304) */

	/* Marks of TCP's memory in all workers, bytes of whole packet buffers */
	uint64_t tcp_mem_low;	   /* below it pressure ends; 0: half of high (0) */
	uint64_t tcp_mem_pressure; /* at it pressure begins; 0: two thirds of high (0) */
	uint64_t tcp_mem_high;	   /* nothing more; 0: three quarters of the pools (0) */
	uint64_t udp_mem; /* bytes in all queues of datagrams; 0: an eighth of the pools (0) */

	/* TCP: retransmission and lifetimes */
	uint32_t tcp_retries;	      /* of data, before the connection is given up (15) */
	uint32_t tcp_syn_retries;     /* of an active open's SYN (6) */
	uint32_t tcp_synack_retries;  /* of a passive open's SYN,ACK (5) */
	uint32_t tcp_orphan_retries;  /* of data after close by the application (8) */
	uint32_t tcp_max_orphans;     /* of a worker, beyond which closing resets (65536) */
	uint32_t tcp_keepalive_ms;    /* idle time before the first probe (7200000) */
	uint32_t tcp_keepintvl_ms;    /* between probes (75000) */
	uint32_t tcp_keepcnt;	      /* probes without answer (9) */
	uint32_t tcp_rto_min_ms;      /* (200) */
	uint32_t tcp_rto_max_ms;      /* (120000) */
	uint32_t tcp_rto_init_ms;     /* before the first measurement, RFC 6298 §2.1 (1000) */
	uint32_t tcp_delack_ms;	      /* longest delay of an ACK (40) */
	uint32_t tcp_time_wait_ms;    /* 2 MSL (60000) */
	uint32_t tcp_fin_timeout_ms;  /* FIN-WAIT-2 of a closed socket (60000) */
	uint32_t tcp_user_timeout_ms; /* data unacknowledged before giving up; 0: by retries (0) */

	/* TCP: tables */
	uint32_t tcp_max_conns;	     /* connections of a worker (1048576) */
	uint32_t tcp_max_time_wait;  /* TIME_WAIT entries of a worker (262144) */
	uint32_t tcp_max_syn;	     /* embryonic connections of a worker (65536) */
	uint32_t tcp_syncookies;     /* 0 never, 1 when the backlog is full, 2 always (1) */
	uint32_t listen_backlog_max; /* what listen() is cut to (4096) */

	/* TCP: protocol */
	uint32_t tcp_timestamps;      /* offer and accept, RFC 7323 (1) */
	uint32_t tcp_sack;	      /* offer and accept, RFC 2018 (1) */
	uint32_t tcp_wscale;	      /* offer and accept window scaling, RFC 7323 (1) */
	uint32_t tcp_ecn;	      /* 0 off, 1 ask and accept, 2 accept, RFC 3168 (2) */
	uint32_t tcp_stdurg;	      /* urgent pointers that come are RFC 1122's (0) */
	uint32_t tcp_congestion;      /* row of cc_algos (0: cubic) */
	uint32_t tcp_ack_policy;      /* enum ackpolicy_profile (0: Linux's) */
	uint32_t tcp_initcwnd;	      /* segments, RFC 6928 (10) */
	uint32_t tcp_challenge_limit; /* challenge ACKs a second and worker, RFC 5961 §7 (2^31-1) */
	uint32_t tcp_rst_limit;	      /* resets to strangers a second and worker (1000) */
	uint32_t tcp_mss_min;	      /* smallest peer's MSS that is believed, bytes (88) */
	uint32_t tcp_syn_rate;	      /* SYNs a second from a source prefix, 0: any (0) */
	uint32_t tcp_syn_burst;	      /* at once (100) */
	uint32_t tcp_syn_prefix4;     /* bits of a source (24) */
	uint32_t tcp_syn_prefix6;     /* the same in IPv6 (64) */
	uint32_t tcp_mtu_probing;     /* smaller segments when none arrive, RFC 4821 (1) */
	uint32_t tcp_base_mss;	      /* what they begin with then, bytes (1024) */
	uint32_t tcp_mtu_probe_ms;    /* until more is tried again (600000) */
	uint64_t tcp_fastopen_key[4];	/* two keys that are told; 0: the stack's own (0) */
	uint32_t tcp_fastopen;		/* bits of Linux's net.ipv4.tcp_fastopen, RFC 7413 (1) */
	uint32_t tcp_fastopen_pause_ms; /* until a path that failed is tried again (60000) */
	uint32_t tcp_fastopen_cache;	/* servers that a worker's clients remember (1024) */
	uint32_t tcp_fastopen_key_ms;	/* what a key of the stack's own is good for (43200000) */
	uint32_t port_min;		/* first port for automatic choice (32768) */
	uint32_t port_max;		/* last one (60999) */

	/* UDP */
	uint32_t udp_rcvbuf; /* bytes (212992) */
	uint32_t udp_sndbuf; /* bytes (212992) */

	/* IP and neighbours */
	uint32_t ip_ttl;       /* of packets that we send (64) */
	uint32_t ip_forward;   /* IPv4 packets for others go on (0) */
	uint32_t ip_rp_filter; /* only from where the way back leads, all interfaces (0) */
	uint32_t ip_routes;    /* routes of a stack (1024) */
	uint64_t ip_frag_mem;  /* bytes in fragments of a worker; 0: none are kept (4194304) */
	uint32_t ip_frag_timeout_ms; /* until a datagram must be whole (30000) */
	uint32_t ip_frag_max_dist; /* fragments of others between two of a datagram; 0: any (64) */
	uint32_t arp_entries;	   /* neighbours of a worker (1024) */
	uint32_t arp_queue;	   /* packets that wait for one resolution (3) */
	uint32_t arp_timeout_ms;   /* before a resolved entry is asked for again (60000) */
	uint32_t arp_retry_ms;	   /* between requests (1000) */
	uint32_t arp_retries;	   /* requests before the destination is unreachable (3) */
	uint32_t arp_proxy;	   /* answer for those behind other interfaces, on all (0) */
	uint32_t icmp_rate;	   /* ICMP errors a second and worker (1000) */
	uint32_t icmp_burst;	   /* of them at once (50) */
	uint32_t ipv6_dad;	   /* detect duplicate addresses (1) */
	uint32_t ipv6_addr_gen;	   /* how addresses are made of prefixes (IPV6_ADDR_GEN_STABLE) */
	uint32_t ipv6_temporary;   /* temporary ones as well (0) */
	uint32_t ipv6_forward;	   /* IPv6 packets for others go on (0) */
	uint32_t ipv4_dad;	   /* the same, before an address is used (0) */
	uint32_t icmp_echo;	   /* answer echo requests (1) */

	/* The way to the kernel */
	uint32_t twin_rate;	 /* packets a second by one rule (2000) */
	uint32_t twin_send_rate; /* frames a second from a twin (20000) */
	uint32_t twin_queue;	 /* packets that wait for a twin (256) */

	/* Multicast groups */
	uint32_t igmp_max_memberships; /* IPv4 groups that a socket joins (20) */
	uint32_t igmp_max_sources;     /* senders that a socket names for one of them (10) */
	uint32_t igmp_version;	       /* whatever queriers speak, 0: as they do (0) */
	uint32_t igmp_robustness;      /* reports of a change, unless the querier says more (2) */
	uint32_t mld_max_sources;      /* the same of IPv6 (64) */
	uint32_t mld_version;	       /* (0) */
	uint32_t mld_robustness;       /* (2) */
};

/*
 * A setting that may change at run time: another thread may store it at this moment. Costs what a
 * plain load does. A style test finds those that are read without.
 */
#define SETTING(set, field) __atomic_load_n(&(set)->field, __ATOMIC_RELAXED)

#endif
