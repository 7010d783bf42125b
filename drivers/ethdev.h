/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A DPDK device as a port: what the files of the ethdev driver share.
 */
#ifndef NSK_DRIVERS_ETHDEV_H
#define NSK_DRIVERS_ETHDEV_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_spinlock.h>

#include "base/compiler.h"
#include "bond.h"
#include "net/port.h"
#include "quirks.h"

/* Receive interrupts of a queue; ethdev_intr.c. */
struct ethdev_intr {
	int fd;	   /* [C] while started; -1: it has none */
	int state; /* [W] */
};

struct ethdev_port {
	struct port port;
	const struct quirk *quirk;	    /* [C] */
	struct rte_device *device;	    /* [C]; NULL: it was given back */
	uint16_t id;			    /* [C] DPDK's number of the port */
	uint16_t mtu_now;		    /* as the device was told */
	uint16_t rx_queues, tx_queues;	    /* [C] while started; */
	uint16_t rx_desc, tx_desc;	    /* with rings of so many, */
	uint32_t offloads;		    /* and these of enum port_offload */
	uint16_t members[BOND_MEMBERS_MAX]; /* [C] of a bond: DPDK's numbers */
	unsigned nmembers;		    /* [C] */
	bool rx_intr; /* [C] while started: it was started with receive interrupts */
	bool one_irq; /* [C] one interrupt for all that the device has to say: none for queues */
	bool chosen;  /* [W] of worker 0: it gives the groups that it was told, not all */
	bool prepare; /* [C] the device wants a look at packets before they are sent */
	bool gone;    /* [A] it is to leave the machine */
	struct port_stats last;	  /* what it had counted when it was given back */
	rte_spinlock_t look_lock; /* around looks at what it counts, which any thread takes */
	uint64_t tx_unfit[PORT_QUEUES_MAX]; /* [W] packets that it did not like */
	struct ethdev_intr intr[PORT_QUEUES_MAX];
	rte_spinlock_t intr_lock; /* around the switch of any queue's */
};

static inline struct ethdev_port *ethdev_of(struct port *port)
{
	return NSK_CONTAINER_OF(port, struct ethdev_port, port);
}

/* Fills in port->caps from what the device reports, less what its quirks take away. 0 or -errno. */
int ethdev_caps(struct ethdev_port *e);
/* DPDK's receive and transmit offload flags for a set of enum port_offload. */
uint64_t ethdev_rx_offloads(uint32_t offloads);
uint64_t ethdev_tx_offloads(uint32_t offloads);
/* RSS functions for TCP and UDP, as far as the device has them. */
uint64_t ethdev_rss_functions(const struct rte_eth_dev_info *info);

/* Configures, sets up queues and starts. 0 or -errno with a text in port->error. */
int ethdev_start(struct port *port, const struct port_setup *setup);
void ethdev_stop(struct port *port);

/* Around calls in which a driver may write to a socket whose other end is gone (net_virtio_user):
 * the signal of that, which would end the process, comes to nothing. */
struct ethdev_hush {
	sigset_t mask;
	bool waits; /* one was waiting before */
};
void ethdev_hush(struct ethdev_hush *h);
void ethdev_unhush(const struct ethdev_hush *h);

/* What the device has counted. */
void ethdev_look(struct ethdev_port *e, struct port_stats *stats);

/* ethdev_gone.c: from then on it is heard when the device is to leave the machine. */
void ethdev_gone_watch(struct ethdev_port *e);
/* Gives the device back, once. */
void ethdev_release(struct ethdev_port *e);

/* Around the time for which the device runs with receive interrupts. */
void ethdev_intr_up(struct ethdev_port *e, uint16_t queues);
void ethdev_intr_down(struct ethdev_port *e);
/* Rows of port_ops. */
int ethdev_rx_fd(struct port *port, uint16_t queue);
bool ethdev_rx_arm(struct port *port, uint16_t queue);
void ethdev_rx_disarm(struct port *port, uint16_t queue);

/* Those that the device reports, whatever its quirks say. */
uint32_t ethdev_reported(const struct rte_eth_dev_info *info);

/* Rows of port_ops; ethdev_facts.c. */
void ethdev_facts(struct port *port, struct port_facts *facts);
void ethdev_counters(struct port *port, void (*fn)(void *arg, const char *name, uint64_t value),
		     void *arg);

/* Rows of port_ops; ethdev_setup.c. */
int ethdev_pause(struct port *port, enum pause_mode mode);
void ethdev_listen(struct port *port, const struct eth_addr *groups, unsigned n);

#endif
