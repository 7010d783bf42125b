/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The port interface: what a driver gives (drivers/), what interfaces and the loop use. A port
 * moves packets and nothing else; it neither decodes nor reads a clock.
 */
#ifndef NSK_NET_PORT_H
#define NSK_NET_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/addr.h"
#include "base/compiler.h"
#include "base/log.h"
#include "base/settings.h"

#define PORT_NAME_MAX	256
#define PORT_QUEUES_MAX 16
#define PORT_GROUPS_MAX 512 /* link addresses that listen() is told */

enum port_offload {
	PORT_RX_CSUM_IPV4 = 1 << 0, /* mbufs say good, bad or unknown in ol_flags */
	PORT_RX_CSUM_L4 = 1 << 1,
	PORT_TX_CSUM_IPV4 = 1 << 2,
	PORT_TX_CSUM_L4 = 1 << 3,   /* TCP and UDP */
	PORT_TX_MULTI_SEG = 1 << 4, /* chained mbufs may be sent */
	PORT_TX_TSO = 1 << 5,	    /* segments TCP, whose checksums it computes, of chains */
	PORT_RX_RSS = 1 << 6,	    /* spreads by hash over the queues, as asked */
	PORT_TX_INDIRECT = 1 << 7,  /* indirect mbufs (shared data) may be sent */
	PORT_TX_EXTERNAL = 1 << 8,  /* data may lie outside of the pool: it is read by our cores,
				     * and before tx_burst() returns */
	PORT_RX_LRO = 1 << 9,	    /* what the peer or the device has not segmented comes whole */
};

/* What a port can do; filled by open. */
struct port_caps {
	uint32_t offloads; /* enum port_offload */
	uint16_t rx_queues_max;
	uint16_t tx_queues_max;
	uint16_t rx_desc_min, rx_desc_max; /* 0: no limit known */
	uint16_t tx_desc_min, tx_desc_max;
	uint32_t mtu_max;   /* bytes of IP packet */
	uint16_t tso_bufs;  /* buffers of a packet that is to be segmented, at most; 0: any */
	bool ethernet;	    /* frames; false: IP packets without a link header */
	bool tags_alike;    /* tags of 802.1ad arrive as those of 802.1Q */
	bool restarts;	    /* when its link returned it sends nothing until it is started again */
	int numa_node;	    /* -1: unknown */
	bool device_memory; /* buffers must lie in EAL memory */
};

/* How a port is started; filled by the stack from settings, caps and workers. */
struct port_setup {
	uint16_t rx_queues, tx_queues;
	uint16_t rx_desc, tx_desc;
	uint32_t mtu;
	uint32_t offloads;	    /* those wanted, a subset of caps.offloads */
	const struct eth_addr *mac; /* instead of the port's own; NULL: that */
	const uint8_t *rss_key;	    /* 40 bytes, when PORT_RX_RSS is wanted: over TCP and UDP ports,
				     * bucket i of 128 to queue i % rx_queues */
	struct rte_mempool *rx_pool[PORT_QUEUES_MAX]; /* by rx queue */
};

/* A ring within what the port can do; most 0: it knows no limit. */
static inline uint16_t port_ring_size(uint32_t want, uint16_t least, uint16_t most)
{
	uint32_t n = NSK_MAX(want, (uint32_t)least);

	return (uint16_t)(most ? NSK_MIN(n, (uint32_t)most) : n);
}

struct port_link {
	bool up;
	bool gone; /* the device is to leave the machine, and waits until the port stops; for good
		    */
	bool full_duplex;
	uint32_t mbps; /* 0: unknown */
};

struct port_stats {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	/* Dropped by device or driver, each packet in one of these: a reason of stats.c each. */
	uint64_t rx_missed; /* the device: ring full */
	uint64_t rx_errors; /* broken */
	uint64_t rx_nobuf;  /* the driver: no buffer */
	uint64_t tx_errors; /* the device, after it had taken them */
	uint64_t tx_unfit;  /* the driver: too long, or not what the checksum unit takes */
	uint64_t tx_down;   /* the driver: the link went down meanwhile */
	uint64_t injected;  /* on purpose, by the fault driver */
	/* Not dropped, but what the fault driver did to them all the same. */
	uint64_t marked, duplicated, corrupted, held;
};

#define PORT_RSS_KEY_MAX   64
#define PORT_RSS_TABLE_MAX 512

/* What a device says of itself, for people to read. Text that is empty, and lengths that are 0, are
 * not known. */
struct port_facts {
	char version[64], firmware[64], bus[64], name[64];
	const char *quirk; /* why not all that it reports is used; NULL: it is */
	uint32_t reported; /* enum port_offload; caps.offloads are those of them to be used */
	uint32_t used;	   /* those that it runs with; */
	uint16_t rx_desc, tx_desc;	   /* what it runs with */
	uint16_t rx_reported, tx_reported; /* queues */
	uint16_t rx_intr;		   /* queues with receive interrupts */
	enum pause_mode pause;		   /* PAUSE_KEEP: not known */
	bool autoneg;			   /* of its link */
	char rss_fields[256];		   /* what is hashed: "ipv4-tcp ipv6-tcp" */
	uint8_t rss_key[PORT_RSS_KEY_MAX];
	uint16_t rss_key_len;
	uint16_t rss_table[PORT_RSS_TABLE_MAX]; /* queue of each bucket */
	uint16_t rss_table_len;
};

struct port;

enum port_fate {
	PORT_THERE,
	PORT_MOVED, /* it is in another network namespace now */
	PORT_GONE,
};

struct port_ops {
	/* 0 or -errno with a text in port->error that says what to do. stop returns the buffers,
	 * except what a DPDK driver keeps until close: free pools after close only. close frees the
	 * port. */
	int (*start)(struct port *port, const struct port_setup *setup);
	void (*stop)(struct port *port);
	void (*close)(struct port *port);
	/* Never block. Each queue belongs to one worker. Received mbufs come from
	 * setup.rx_pool[queue] and are the caller's; tx consumes the first n mbufs, n returned. */
	uint16_t (*rx_burst)(struct port *port, uint16_t queue, uint64_t now_ns,
			     struct rte_mbuf **bufs, uint16_t n);
	uint16_t (*tx_burst)(struct port *port, uint16_t queue, uint64_t now_ns,
			     struct rte_mbuf **bufs, uint16_t n);
	void (*link)(struct port *port, struct port_link *link);
	void (*stats)(struct port *port, struct port_stats *stats);
	/* When the next packet falls due on a queue, for virtual time: UINT64_MAX unknown or none.
	 * May be NULL. */
	uint64_t (*next_ns)(struct port *port, uint16_t queue);
	/* A descriptor of the kernel's that is readable while packets wait on a queue of a port
	 * that runs, -1: there is none. May be NULL. Where there is rx_arm(), only after that
	 * and until rx_disarm(); both belong to the queue's worker. rx_arm() comes before each of
	 * its sleeps: what comes afterwards makes the descriptor readable, what came before
	 * next_ns() tells; or false: asked again after the next turn, if that finds nothing.
	 * rx_disarm() comes after a sleep, or when there is work again. */
	int (*rx_fd)(struct port *port, uint16_t queue);
	bool (*rx_arm)(struct port *port, uint16_t queue);
	void (*rx_disarm)(struct port *port, uint16_t queue);
	/* Of a twin: the link and MTU of the interface that it is the twin of. Worker 0's, or of
	 * whoever builds or ends the stack. May be NULL. */
	void (*follow)(struct port *port, bool up, uint32_t mtu);
	/* Of a twin: what has become of it, and what the kernel calls it now. Any thread. May be
	 * NULL: it stays as it is. */
	enum port_fate (*fate)(struct port *port, char *name, size_t size);
	/* Pause frames, from now on; the port runs. 0, or -errno with a text in port->error. NULL:
	 * it has none. */
	int (*pause)(struct port *port, enum pause_mode mode);
	/* Which link addresses of groups are wanted from now on, beside broadcasts; before the
	 * first call, and where this is NULL, all that the device gives. Worker 0 calls it while
	 * the port runs. */
	void (*listen)(struct port *port, const struct eth_addr *groups, unsigned n);
	/* What the device says of itself, and each of its own counters, while it runs or not. Any
	 * thread. NULL: nothing beyond caps. */
	void (*facts)(struct port *port, struct port_facts *facts);
	void (*counters)(struct port *port, void (*fn)(void *arg, const char *name, uint64_t value),
			 void *arg);
};

/* Drivers put their own struct around this one. */
struct port {
	const struct port_ops *ops; /* [C] */
	struct port_caps caps;	    /* [C] after open */
	char name[PORT_NAME_MAX];   /* [C] how it was named: "net_tap0,iface=nsk0" cut to size */
	char driver[32];	    /* [C] "loop", "ethdev:net_tap" */
	char error[512];	    /* text of the last failure */
	struct eth_addr mac;	    /* [C] after open */
	uint32_t mtu;		    /* [C] after start */
	struct log *log;	    /* [C] */
};

/* What a driver is opened with. */
struct port_open {
	const char *devargs; /* after the driver's prefix */
	void *object;	     /* wire end or callback port for drivers that take one, else NULL */
	unsigned end;	     /* which end of the wire */
	struct port
		*inner; /* the wrapped port for "fault", else NULL; closed by the wrapper's close */
	const struct settings *set;
	struct log *log;
	bool twin;		 /* it is to be the twin of an interface, not a device */
	uint64_t wall_offset_ns; /* from the stack's clock to the time of day; 0: it has none */
	char *error;		 /* text of a failure, error_size bytes */
	size_t error_size;
};

/* One row of drivers/table.c. */
struct port_driver {
	const char *name;	/* prefix before ':' in -d; ethdev takes whatever has no prefix */
	const char *help;	/* one line */
	bool needs_eal_devices; /* EAL must probe devices (hugepages, PCI); false: small EAL will do
				 */
	int (*open)(const struct port_open *open, struct port **port);
};

/* What a device given with -d asks of EAL, known before EAL starts. */
struct port_needs {
	const char *device; /* the devargs without wrappers: what EAL gets; NULL: no DPDK device */
	bool pci;	    /* on the PCI bus */
	bool single_file;   /* its peer maps our memory: hugepages in one file a region */
	bool no_in_memory;  /* does not work with --in-memory */
};

void port_needs(const char *devargs, struct port_needs *needs);

/* Looks a driver up by the devargs given with -d; *rest is what follows its prefix. Never NULL:
 * ethdev takes the rest. */
const struct port_driver *port_driver_find(const char *devargs, const char **rest);
/* The driver of a given name ("loop", "callback", "fault", "pcap", "ethdev"), or NULL. */
const struct port_driver *port_driver_named(const char *name);

#endif
