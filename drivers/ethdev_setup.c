/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting and stopping a DPDK device: configuration, queues, RSS, MTU.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_mbuf.h>

#include "ethdev.h"
#include "framebuf.h"

#define DRAIN_BURST  32
#define DRAIN_ROUNDS 4096 /* a ring of 65,535 and some: a sender may go on for ever */
#define RSS_KEY_MAX  52
#define RSS_KEY_LEN  40
#define RSS_BUCKETS  128

static int fail(struct ethdev_port *e, int rc, const char *fmt, ...) NSK_PRINTF(3, 4);

static int fail(struct ethdev_port *e, int rc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->port.error, sizeof(e->port.error), fmt, ap);
	va_end(ap);
	return rc;
}

/* Buffers that are too small for a packet need a device that fills several. */
static int choose_scatter(struct ethdev_port *e, const struct port_setup *setup,
			  const struct rte_eth_dev_info *info, uint64_t *rx_offloads)
{
	uint32_t frame = setup->mtu + FRAME_LINK_MAX;
	uint32_t room = UINT32_MAX;

	for (uint16_t q = 0; q < setup->rx_queues; q++)
		room = NSK_MIN(room, framebuf_room(setup->rx_pool[q]));
	if (frame <= room || e->quirk->chains)
		return 0;
	if (!(info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER))
		return fail(
			e, -EINVAL,
			"buffers of %u bytes are too small for mtu %u and %s fills only one a packet: "
			"set pool.buffer_bytes to %u or more, or a smaller mtu",
			room, setup->mtu, e->port.driver, frame);
	*rx_offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
	return 0;
}

/* net_virtio resets the device where it is to have other features alone, and queues that died stay
 * so until then. */
static void reset(const struct ethdev_port *e, const struct port_setup *setup,
		  struct rte_eth_conf conf)
{
	conf.rxmode.offloads ^= RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	(void)rte_eth_dev_configure(e->id, setup->rx_queues, setup->tx_queues, &conf);
}

static int configure(struct ethdev_port *e, const struct port_setup *setup,
		     const struct rte_eth_dev_info *info, struct rte_eth_conf *conf,
		     uint8_t *rss_key)
{
	int rc;

	memset(conf, 0, sizeof(*conf));
	conf->rxmode.mtu = setup->mtu;
	conf->rxmode.offloads = ethdev_rx_offloads(setup->offloads);
	conf->txmode.offloads = ethdev_tx_offloads(setup->offloads);
	conf->intr_conf.rxq = e->quirk->rx_fds || e->rx_intr;
	rc = choose_scatter(e, setup, info, &conf->rxmode.offloads);
	if (rc)
		return rc;
	if (setup->rx_queues > 1 && (setup->offloads & PORT_RX_RSS)) {
		conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf->rx_adv_conf.rss_conf.rss_hf = ethdev_rss_functions(info);
		/* The longest IP tuple uses 40 bytes of a key; longer ones are padded. */
		if (setup->rss_key && info->hash_key_size <= RSS_KEY_MAX) {
			memcpy(rss_key, setup->rss_key, RSS_KEY_LEN);
			conf->rx_adv_conf.rss_conf.rss_key = rss_key;
			conf->rx_adv_conf.rss_conf.rss_key_len =
				info->hash_key_size ? info->hash_key_size : RSS_KEY_LEN;
		}
	}
	if (e->port.caps.restarts)
		reset(e, setup, *conf);
	rc = rte_eth_dev_configure(e->id, setup->rx_queues, setup->tx_queues, conf);
	if (rc)
		return fail(e, rc, "%s refuses %u receive and %u transmit queues with mtu %u: %s",
			    e->port.name, setup->rx_queues, setup->tx_queues, setup->mtu,
			    strerror(-rc));
	return 0;
}

static int set_mtu(struct ethdev_port *e, uint32_t mtu)
{
	int rc;

	if (mtu == e->mtu_now)
		return 0;
	rc = rte_eth_dev_set_mtu(e->id, (uint16_t)mtu);
	/* A device that cannot be told takes what fits, up to its own idea of an MTU, or of any
	 * length where it knows no limit (net_vhost, net_ring). */
	if (rc == -ENOTSUP && (mtu < e->mtu_now || e->port.caps.mtu_max == UINT16_MAX))
		rc = 0;
	if (rc)
		return fail(e, rc, "%s refuses mtu %u (it has %u): %s", e->port.name, mtu,
			    e->mtu_now, strerror(-rc));
	e->mtu_now = (uint16_t)mtu;
	return 0;
}

/*
 * Our own address, another one that was asked for, and broadcast is all that is wanted; multicast,
 * where the device can. A device whose address is fixed is asked for everything.
 */
static int set_filter(struct ethdev_port *e, const struct eth_addr *mac)
{
	struct rte_ether_addr addr;
	int rc = 0;

	if (mac) {
		memcpy(addr.addr_bytes, mac->b, sizeof(addr.addr_bytes));
		rc = rte_eth_dev_default_mac_addr_set(e->id, &addr);
	}
	if (rc && rc != -ENOTSUP)
		return fail(e, rc, "%s refuses the MAC address it was given: %s", e->port.name,
			    strerror(-rc));
	if (rc)
		rc = rte_eth_promiscuous_enable(e->id);
	else
		rte_eth_promiscuous_disable(e->id);
	/* A device that knows neither has no filter. */
	if (rc && rc != -ENOTSUP)
		return fail(e, rc, "%s keeps its MAC address, and refuses to hear others: %s",
			    e->port.name, strerror(-rc));
	rte_eth_allmulticast_enable(e->id); /* until it is told more: ethdev_listen() */
	e->chosen = false;
	return 0;
}

/* A device that keeps no list of groups, or not so long a one, gives all of them. */
void ethdev_listen(struct port *port, const struct eth_addr *groups, unsigned n)
{
	struct ethdev_port *e = ethdev_of(port);
	struct rte_ether_addr list[PORT_GROUPS_MAX];
	bool takes = n <= PORT_GROUPS_MAX;

	if (!e->device)
		return;
	for (unsigned i = 0; takes && i < n; i++)
		memcpy(list[i].addr_bytes, groups[i].b, sizeof(list[i].addr_bytes));
	takes = takes && rte_eth_dev_set_mc_addr_list(e->id, list, n) == 0;
	if (takes != e->chosen)
		takes ? rte_eth_allmulticast_disable(e->id) : rte_eth_allmulticast_enable(e->id);
	e->chosen = takes;
}

/* Watermarks and times stay as the device has them. */
int ethdev_pause(struct port *port, enum pause_mode mode)
{
	static const enum rte_eth_fc_mode modes[] = {[PAUSE_OFF] = RTE_ETH_FC_NONE,
						     [PAUSE_RX] = RTE_ETH_FC_RX_PAUSE,
						     [PAUSE_TX] = RTE_ETH_FC_TX_PAUSE,
						     [PAUSE_BOTH] = RTE_ETH_FC_FULL};
	struct ethdev_port *e = ethdev_of(port);
	struct rte_eth_fc_conf conf;
	int rc = rte_eth_dev_flow_ctrl_get(e->id, &conf);

	if (rc == 0) {
		conf.mode = modes[mode];
		rc = rte_eth_dev_flow_ctrl_set(e->id, &conf);
	}
	if (rc == 0 || rc == -ENOTSUP)
		return rc;
	return fail(e, rc, "%s refuses the pause frames that it is told: %s", port->name,
		    strerror(-rc));
}

static unsigned socket_of(const struct ethdev_port *e)
{
	int node = e->port.caps.numa_node;

	return node < 0 ? (unsigned)SOCKET_ID_ANY : (unsigned)node;
}

static int setup_rx(struct ethdev_port *e, const struct port_setup *setup, uint16_t desc,
		    const struct rte_eth_dev_info *info, uint64_t offloads)
{
	struct rte_eth_rxconf rxconf = info->default_rxconf;

	rxconf.offloads = offloads;
	for (uint16_t q = 0; q < setup->rx_queues; q++) {
		int rc = rte_eth_rx_queue_setup(e->id, q, desc, socket_of(e), &rxconf,
						setup->rx_pool[q]);
		if (rc)
			return fail(e, rc, "%s: receive queue %u with %u descriptors: %s%s",
				    e->port.name, q, desc, strerror(-rc),
				    rc == -ENOMEM ? " (more hugepages, or a smaller rx_ring)" : "");
	}
	return 0;
}

static int setup_tx(struct ethdev_port *e, const struct port_setup *setup, uint16_t desc,
		    const struct rte_eth_dev_info *info, uint64_t offloads)
{
	struct rte_eth_txconf txconf = info->default_txconf;

	/* Never RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE: data may be shared with a send queue. */
	txconf.offloads = offloads;
	for (uint16_t q = 0; q < setup->tx_queues; q++) {
		int rc = rte_eth_tx_queue_setup(e->id, q, desc, socket_of(e), &txconf);
		if (rc)
			return fail(e, rc, "%s: transmit queue %u with %u descriptors: %s%s",
				    e->port.name, q, desc, strerror(-rc),
				    rc == -ENOMEM ? " (more hugepages, or a smaller tx_ring)" : "");
	}
	return 0;
}

static int setup_queues(struct ethdev_port *e, const struct port_setup *setup,
			const struct rte_eth_dev_info *info, const struct rte_eth_conf *conf)
{
	uint16_t rx_desc = setup->rx_desc, tx_desc = setup->tx_desc;
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(e->id, &rx_desc, &tx_desc);

	if (rc)
		return fail(e, rc, "%s refuses rings of %u and %u descriptors: %s", e->port.name,
			    setup->rx_desc, setup->tx_desc, strerror(-rc));
	e->rx_desc = rx_desc;
	e->tx_desc = tx_desc;
	rc = setup_rx(e, setup, rx_desc, info, conf->rxmode.offloads);
	return rc ? rc : setup_tx(e, setup, tx_desc, info, conf->txmode.offloads);
}

/* Bucket i of 128 goes to queue i % rx_queues, however long the device's table is. */
static int set_reta(struct ethdev_port *e, const struct port_setup *setup,
		    const struct rte_eth_dev_info *info)
{
	struct rte_eth_rss_reta_entry64 reta[RTE_ETH_RSS_RETA_SIZE_512 / RTE_ETH_RETA_GROUP_SIZE];
	int rc;

	if (setup->rx_queues == 1 || !(setup->offloads & PORT_RX_RSS) ||
	    info->reta_size > RTE_ETH_RSS_RETA_SIZE_512)
		return 0;
	memset(reta, 0, sizeof(reta));
	for (unsigned i = 0; i < info->reta_size; i++) {
		struct rte_eth_rss_reta_entry64 *group = &reta[i / RTE_ETH_RETA_GROUP_SIZE];

		group->mask = UINT64_MAX;
		group->reta[i % RTE_ETH_RETA_GROUP_SIZE] =
			(uint16_t)((i % RSS_BUCKETS) % setup->rx_queues);
	}
	rc = rte_eth_dev_rss_reta_update(e->id, reta, info->reta_size);
	/* Packets in the wrong queue cost a hand-over each, they are not lost. */
	if (rc)
		LOG_WARN(e->port.log, "ethdev", "%s: cannot say which queue gets what: %s",
			 e->port.name, strerror(-rc));
	return 0;
}

static int start_failed(struct ethdev_port *e, int rc)
{
	return fail(e, rc, "%s does not start: %s%s", e->port.name, strerror(-rc),
		    rc == -ENOMEM ? ": more hugepages or packet buffers are needed (pool.buffers)"
		    : rc == -EAGAIN || rc == -EIO
			    ? ": the device does not answer; is its other side there?"
			    : "; EAL's own words are in the log");
}

/* With or without receive interrupts. */
static int bring_up(struct ethdev_port *e, const struct port_setup *setup,
		    const struct rte_eth_dev_info *info)
{
	uint8_t rss_key[RSS_KEY_MAX] = {0};
	struct rte_eth_conf conf;
	int rc = configure(e, setup, info, &conf, rss_key);

	if (rc == 0)
		rc = set_mtu(e, setup->mtu);
	if (rc == 0)
		rc = setup_queues(e, setup, info, &conf);
	if (rc)
		return rc;
	rc = rte_eth_dev_start(e->id);
	return rc ? start_failed(e, rc) : 0;
}

int ethdev_start(struct port *port, const struct port_setup *setup)
{
	struct ethdev_port *e = ethdev_of(port);
	struct rte_eth_dev_info info;
	int rc;

	if (!e->device)
		return fail(e, -ENODEV, "%s was taken out of the machine", port->name);
	rc = rte_eth_dev_info_get(e->id, &info);
	if (rc)
		return start_failed(e, rc);
	if (setup->mtu > port->caps.mtu_max)
		return fail(e, -EINVAL, "mtu %u is more than the %u of %s", setup->mtu,
			    port->caps.mtu_max, port->name);
	e->rx_intr = e->quirk->rx_intr && !e->one_irq;
	rc = bring_up(e, setup, &info);
	if (rc && e->rx_intr) {
		LOG_DEBUG(port->log, "ethdev", "%s: not with receive interrupts: %s", port->name,
			  port->error);
		e->rx_intr = false;
		rc = bring_up(e, setup, &info);
	}
	if (rc)
		return rc;
	rc = set_filter(e, setup->mac);
	if (rc) {
		rte_eth_dev_stop(e->id);
		return rc;
	}
	if (e->quirk->started)
		e->quirk->started(e->id, setup->rx_queues, port->log);
	set_reta(e, setup, &info);
	if (e->rx_intr)
		ethdev_intr_up(e, setup->rx_queues);
	e->rx_queues = setup->rx_queues;
	e->tx_queues = setup->tx_queues;
	e->offloads = setup->offloads;
	e->prepare = setup->offloads & (PORT_TX_CSUM_IPV4 | PORT_TX_CSUM_L4 | PORT_TX_TSO);
	port->mtu = setup->mtu;
	return 0;
}

/* Takes what is still in the receive rings; those of net_ring would keep it. */
static void drain(struct ethdev_port *e, uint16_t queue)
{
	struct rte_mbuf *bufs[DRAIN_BURST];

	for (unsigned i = 0; i < DRAIN_ROUNDS; i++) {
		uint16_t n = rte_eth_rx_burst(e->id, queue, bufs, DRAIN_BURST);

		if (n == 0)
			break;
		rte_pktmbuf_free_bulk(bufs, n);
	}
}

void ethdev_hush(struct ethdev_hush *h)
{
	sigset_t pipe, waiting;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&waiting);
	h->waits = sigismember(&waiting, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &h->mask);
}

void ethdev_unhush(const struct ethdev_hush *h)
{
	const struct timespec now = {0};
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	if (!h->waits)
		while (sigtimedwait(&pipe, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &h->mask, NULL);
}

void ethdev_stop(struct port *port)
{
	struct ethdev_port *e = ethdev_of(port);
	struct ethdev_hush hush;
	int rc;

	if (e->rx_intr)
		ethdev_intr_down(e);
	for (uint16_t q = 0; q < e->rx_queues; q++)
		drain(e, q);
	for (uint16_t q = 0; q < e->tx_queues; q++)
		rte_eth_tx_done_cleanup(e->id, q, 0);
	ethdev_hush(&hush);
	rc = rte_eth_dev_stop(e->id);
	ethdev_unhush(&hush);
	if (rc)
		LOG_WARN(port->log, "ethdev", "%s does not stop: %s", port->name, strerror(-rc));
	e->rx_queues = 0;
	e->tx_queues = 0;
	if (__atomic_load_n(&e->gone, __ATOMIC_ACQUIRE))
		ethdev_release(e);
}
