/* SPDX-License-Identifier: BSD-3-Clause */
#include "stack/offload.h"

#include <stdio.h>

#include "stack/settings.h"

#define ASKED(field) .setting = "offload." #field, .at = offsetof(struct settings, offload_##field)

const struct offload_row offload_rows[] = {
	{PORT_RX_CSUM_IPV4, "rx-checksum-ipv4", ASKED(rx)},
	{PORT_RX_CSUM_L4, "rx-checksum-l4", ASKED(rx)},
	{PORT_TX_CSUM_IPV4, "tx-checksum-ipv4", ASKED(tx)},
	{PORT_TX_CSUM_L4, "tx-checksum-l4", ASKED(tx)},
	{PORT_TX_MULTI_SEG, "tx-scatter-gather", ASKED(sg)},
	{PORT_TX_INDIRECT, "tx-shared-data", ASKED(sg)},
	{PORT_TX_EXTERNAL, "tx-application-data", ASKED(sg)},
	{PORT_TX_TSO, "tx-tcp-segmentation", ASKED(tso),
	 .needs = PORT_TX_CSUM_L4 | PORT_TX_MULTI_SEG | PORT_TX_INDIRECT,
	 .want = "tx-checksum-l4, tx-scatter-gather and tx-shared-data"},
	{PORT_RX_LRO, "rx-merging", ASKED(lro), .needs = PORT_RX_CSUM_L4, .want = "rx-checksum-l4"},
	{PORT_RX_RSS, "rx-spreading", .setting = NULL},
};
const unsigned offload_count = NSK_ARRAY_LEN(offload_rows);

bool offload_asked(const struct nsk_stack *stack, const struct offload_row *row)
{
	const char *set = (const char *)&stack->set;

	if (row->bit == PORT_RX_LRO && !stack->merges)
		return false;
	return !row->setting || *(const uint32_t *)(const void *)(set + row->at);
}

uint32_t offloads_wanted(const struct nsk_stack *stack, uint32_t has)
{
	for (unsigned i = 0; i < offload_count; i++) {
		const struct offload_row *row = &offload_rows[i];

		if (!offload_asked(stack, row) || (has & row->needs) != row->needs)
			has &= ~row->bit;
	}
	return has;
}

const char *offload_why(const struct nsk_stack *stack, const struct offload_row *row,
			uint32_t reported, uint32_t caps, uint32_t used, char *text, size_t size)
{
	if (used & row->bit)
		snprintf(text, size, "%s", "");
	else if (!(reported & row->bit))
		snprintf(text, size, "the port lacks it");
	else if (!(caps & row->bit))
		snprintf(text, size, "not with this driver");
	else if (!offload_asked(stack, row) && row->bit == PORT_RX_LRO && stack->set.offload_lro)
		snprintf(text, size, "the stack forwards, or has a twin");
	else if (!offload_asked(stack, row))
		snprintf(text, size, "%s is off", row->setting);
	else if ((used & row->needs) != row->needs)
		snprintf(text, size, "it needs %s", row->want);
	else if (row->bit == PORT_RX_RSS)
		snprintf(text, size, "one receive queue is enough, or there are too few");
	else
		snprintf(text, size, "the port is stopped");
	return text;
}
