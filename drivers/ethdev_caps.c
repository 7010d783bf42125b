/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a DPDK device can do, from its own report and the table of quirks; and the translation of
 * offloads between DPDK's flags and ours. Nothing is assumed: what is not reported is not there.
 */
#include <string.h>

#include "ethdev.h"

/* Frame bytes around an IP packet when the device does not say: header and frame check. */
#define OVERHEAD_DEFAULT (RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN)
#define RSS_BUCKETS	 128
#define RSS_KEY_LEN	 40
#define SPLIT_RING_MAX	 32768 /* descriptors, virtio 1.1 §2.6; of a packed one §2.7 allows more */

struct offload_row {
	uint32_t ours;
	uint64_t rx, tx; /* all of them must be there */
};

static const struct offload_row rows[] = {
	{PORT_RX_CSUM_IPV4, RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, 0},
	{PORT_RX_CSUM_L4, RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM, 0},
	{PORT_TX_CSUM_IPV4, 0, RTE_ETH_TX_OFFLOAD_IPV4_CKSUM},
	{PORT_TX_CSUM_L4, 0, RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM},
	{PORT_TX_MULTI_SEG, 0, RTE_ETH_TX_OFFLOAD_MULTI_SEGS},
	{PORT_TX_TSO, 0, RTE_ETH_TX_OFFLOAD_TCP_TSO},
	/* What was put together takes several buffers. */
	{PORT_RX_LRO, RTE_ETH_RX_OFFLOAD_TCP_LRO | RTE_ETH_RX_OFFLOAD_SCATTER, 0},
};

uint64_t ethdev_rx_offloads(uint32_t offloads)
{
	uint64_t rx = 0;

	for (size_t i = 0; i < NSK_ARRAY_LEN(rows); i++)
		if (offloads & rows[i].ours)
			rx |= rows[i].rx;
	return rx;
}

uint64_t ethdev_tx_offloads(uint32_t offloads)
{
	uint64_t tx = 0;

	for (size_t i = 0; i < NSK_ARRAY_LEN(rows); i++)
		if (offloads & rows[i].ours)
			tx |= rows[i].tx;
	return tx;
}

uint64_t ethdev_rss_functions(const struct rte_eth_dev_info *info)
{
	return info->flow_type_rss_offloads & (RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);
}

/* Spreads TCP over IPv4 by a 40-byte key (52 are padded) and a table that maps onto 128 buckets. */
static bool has_rss(const struct rte_eth_dev_info *info)
{
	return info->max_rx_queues > 1 &&
	       (ethdev_rss_functions(info) & RTE_ETH_RSS_NONFRAG_IPV4_TCP) && info->reta_size > 0 &&
	       info->reta_size % RSS_BUCKETS == 0 &&
	       (info->hash_key_size == 0 || info->hash_key_size >= RSS_KEY_LEN);
}

/* Virtio does not say which of its rings it has, but how long they may be. */
static bool has_packed_rings(const struct rte_eth_dev_info *info)
{
	return info->tx_desc_lim.nb_max > SPLIT_RING_MAX;
}

uint32_t ethdev_reported(const struct rte_eth_dev_info *info)
{
	/* Sending shared data is every driver's business; only freeing in bulk would forbid it. */
	uint32_t offloads = PORT_TX_INDIRECT;

	for (size_t i = 0; i < NSK_ARRAY_LEN(rows); i++)
		if ((info->rx_offload_capa & rows[i].rx) == rows[i].rx &&
		    (info->tx_offload_capa & rows[i].tx) == rows[i].tx)
			offloads |= rows[i].ours;
	if (has_rss(info))
		offloads |= PORT_RX_RSS;
	return offloads;
}

static uint32_t offloads_of(const struct ethdev_port *e, const struct rte_eth_dev_info *info)
{
	uint32_t offloads = ethdev_reported(info);

	if (e->quirk->no_rss)
		offloads &= ~(uint32_t)PORT_RX_RSS;
	if (!e->quirk->merges)
		offloads &= ~(uint32_t)PORT_RX_LRO;
	if (e->quirk->external)
		offloads |= PORT_TX_EXTERNAL;
	if (e->quirk->packed_whole && has_packed_rings(info))
		offloads &= ~(uint32_t)(PORT_TX_MULTI_SEG | PORT_TX_TSO);
	return offloads & ~e->quirk->offloads_off;
}

static uint32_t mtu_max_of(const struct ethdev_port *e, const struct rte_eth_dev_info *info)
{
	uint32_t mtu = info->max_mtu, overhead = OVERHEAD_DEFAULT;

	if (info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu)
		overhead = info->max_rx_pktlen - info->max_mtu;
	if (info->max_rx_pktlen > overhead && info->max_rx_pktlen != UINT32_MAX)
		mtu = NSK_MIN(mtu, info->max_rx_pktlen - overhead);
	if (e->quirk->mtu_max)
		mtu = NSK_MIN(mtu, e->quirk->mtu_max);
	return mtu;
}

static uint16_t queues_of(const struct ethdev_port *e, uint16_t reported)
{
	uint16_t most = NSK_MIN(reported, (uint16_t)PORT_QUEUES_MAX);

	return e->quirk->queues_max ? NSK_MIN(most, e->quirk->queues_max) : most;
}

int ethdev_caps(struct ethdev_port *e)
{
	struct port_caps *caps = &e->port.caps;
	struct rte_eth_dev_info info;
	int rc = rte_eth_dev_info_get(e->id, &info);

	if (rc)
		return rc;
	memset(caps, 0, sizeof(*caps));
	caps->offloads = offloads_of(e, &info);
	/* Without RSS a second receive queue gets packets by a rule that nobody knows. */
	caps->rx_queues_max = caps->offloads & PORT_RX_RSS ? queues_of(e, info.max_rx_queues) : 1;
	caps->tx_queues_max = queues_of(e, info.max_tx_queues);
	caps->rx_desc_min = info.rx_desc_lim.nb_min;
	caps->rx_desc_max = info.rx_desc_lim.nb_max;
	caps->tx_desc_min = info.tx_desc_lim.nb_min;
	caps->tx_desc_max = info.tx_desc_lim.nb_max;
	caps->mtu_max = mtu_max_of(e, &info);
	caps->ethernet = !e->quirk->no_ethernet;
	caps->tags_alike = e->quirk->tags_alike;
	caps->restarts = e->quirk->packed_whole && has_packed_rings(&info);
	caps->tso_bufs = info.tx_desc_lim.nb_seg_max;
	caps->numa_node = rte_eth_dev_socket_id(e->id);
	caps->device_memory = true;
	return 0;
}
