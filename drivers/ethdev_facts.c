/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a DPDK device says of itself: its driver's and its firmware's names, what it runs with, how
 * it spreads packets, and its own counters. For people who ask (nskctl port show), not for the
 * stack.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_version.h>

#include "ethdev.h"

#define COUNTERS_MAX 4096

static const struct {
	uint64_t bit;
	const char *name;
} fields[] = {
	{RTE_ETH_RSS_IPV4, "ipv4"},
	{RTE_ETH_RSS_FRAG_IPV4, "ipv4-frag"},
	{RTE_ETH_RSS_NONFRAG_IPV4_TCP, "ipv4-tcp"},
	{RTE_ETH_RSS_NONFRAG_IPV4_UDP, "ipv4-udp"},
	{RTE_ETH_RSS_NONFRAG_IPV4_SCTP, "ipv4-sctp"},
	{RTE_ETH_RSS_NONFRAG_IPV4_OTHER, "ipv4-other"},
	{RTE_ETH_RSS_IPV6, "ipv6"},
	{RTE_ETH_RSS_FRAG_IPV6, "ipv6-frag"},
	{RTE_ETH_RSS_NONFRAG_IPV6_TCP, "ipv6-tcp"},
	{RTE_ETH_RSS_NONFRAG_IPV6_UDP, "ipv6-udp"},
	{RTE_ETH_RSS_NONFRAG_IPV6_SCTP, "ipv6-sctp"},
	{RTE_ETH_RSS_NONFRAG_IPV6_OTHER, "ipv6-other"},
	{RTE_ETH_RSS_IPV6_EX, "ipv6-ex"},
	{RTE_ETH_RSS_IPV6_TCP_EX, "ipv6-tcp-ex"},
	{RTE_ETH_RSS_IPV6_UDP_EX, "ipv6-udp-ex"},
	{RTE_ETH_RSS_L2_PAYLOAD, "l2-payload"},
};

static void fields_text(uint64_t bits, char *text, size_t size)
{
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < NSK_ARRAY_LEN(fields) && n < size; i++)
		if (bits & fields[i].bit)
			n += (size_t)snprintf(text + n, size - n, "%s%s", n ? " " : "",
					      fields[i].name);
}

static void table_read(const struct ethdev_port *e, uint16_t len, struct port_facts *f)
{
	struct rte_eth_rss_reta_entry64 reta[PORT_RSS_TABLE_MAX / RTE_ETH_RETA_GROUP_SIZE] = {0};

	if (len == 0 || len > PORT_RSS_TABLE_MAX)
		return;
	for (size_t i = 0; i < NSK_ARRAY_LEN(reta); i++)
		reta[i].mask = UINT64_MAX;
	if (rte_eth_dev_rss_reta_query(e->id, reta, len))
		return;
	for (unsigned i = 0; i < len; i++)
		f->rss_table[i] =
			reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
	f->rss_table_len = len;
}

/* What the device has now, as far as it can be asked. */
static void spread_read(const struct ethdev_port *e, const struct rte_eth_dev_info *info,
			struct port_facts *f)
{
	struct rte_eth_rss_conf conf = {.rss_key = f->rss_key, .rss_key_len = info->hash_key_size};

	if (info->hash_key_size > sizeof(f->rss_key) || e->rx_queues < 2 ||
	    rte_eth_dev_rss_hash_conf_get(e->id, &conf))
		return;
	fields_text(conf.rss_hf, f->rss_fields, sizeof(f->rss_fields));
	f->rss_key_len = NSK_MIN(conf.rss_key_len, info->hash_key_size);
	table_read(e, info->reta_size, f);
}

static enum pause_mode pause_read(const struct ethdev_port *e)
{
	struct rte_eth_fc_conf conf = {0};

	if (rte_eth_dev_flow_ctrl_get(e->id, &conf))
		return PAUSE_KEEP;
	switch (conf.mode) {
	case RTE_ETH_FC_NONE:
		return PAUSE_OFF;
	case RTE_ETH_FC_RX_PAUSE:
		return PAUSE_RX;
	case RTE_ETH_FC_TX_PAUSE:
		return PAUSE_TX;
	default:
		return PAUSE_BOTH;
	}
}

static bool is_negotiated(const struct ethdev_port *e)
{
	struct rte_eth_link link = {0};

	return rte_eth_link_get_nowait(e->id, &link) == 0 &&
	       link.link_autoneg == RTE_ETH_LINK_AUTONEG;
}

static void facts_read(struct ethdev_port *e, struct port_facts *f)
{
	struct port *port = &e->port;
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(e->id, &info))
		return;
	snprintf(f->version, sizeof(f->version), "%s", rte_version());
	if (rte_eth_dev_fw_version_get(e->id, f->firmware, sizeof(f->firmware)))
		f->firmware[0] = '\0';
	snprintf(f->bus, sizeof(f->bus), "%s", rte_bus_name(rte_dev_bus(e->device)));
	snprintf(f->name, sizeof(f->name), "%s", rte_dev_name(e->device));
	f->quirk = e->quirk->reason;
	f->reported = ethdev_reported(&info) | port->caps.offloads;
	f->rx_reported = info.max_rx_queues;
	f->tx_reported = info.max_tx_queues;
	f->autoneg = is_negotiated(e);
	f->pause = pause_read(e);
	if (e->rx_queues == 0)
		return;
	f->used = e->offloads;
	f->rx_desc = e->rx_desc;
	f->tx_desc = e->tx_desc;
	for (uint16_t q = 0; e->rx_intr && q < e->rx_queues; q++)
		f->rx_intr += e->intr[q].fd >= 0;
	spread_read(e, &info, f);
}

void ethdev_facts(struct port *port, struct port_facts *f)
{
	struct ethdev_port *e = ethdev_of(port);

	rte_spinlock_lock(&e->look_lock);
	if (e->device)
		facts_read(e, f);
	rte_spinlock_unlock(&e->look_lock);
}

static void counters_read(uint16_t id, void (*fn)(void *arg, const char *name, uint64_t value),
			  void *arg)
{
	int n = rte_eth_xstats_get_names(id, NULL, 0);
	struct rte_eth_xstat_name *names;
	struct rte_eth_xstat *values;

	if (n <= 0 || n > COUNTERS_MAX)
		return;
	names = calloc((size_t)n, sizeof(*names));
	values = calloc((size_t)n, sizeof(*values));
	if (names && values && rte_eth_xstats_get_names(id, names, (unsigned)n) == n &&
	    rte_eth_xstats_get(id, values, (unsigned)n) == n)
		for (int i = 0; i < n; i++)
			if (values[i].id < (uint64_t)n)
				fn(arg, names[values[i].id].name, values[i].value);
	free(names);
	free(values);
}

void ethdev_counters(struct port *port, void (*fn)(void *arg, const char *name, uint64_t value),
		     void *arg)
{
	struct ethdev_port *e = ethdev_of(port);

	rte_spinlock_lock(&e->look_lock);
	if (e->device)
		counters_read(e->id, fn, arg);
	rte_spinlock_unlock(&e->look_lock);
}
