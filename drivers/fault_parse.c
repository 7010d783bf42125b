/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The list of faults: one table of keys. A key counts for both directions unless it begins with
 * "rx." or "tx."; the last word on a key counts.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <netstk/config.h>

#include "base/compiler.h"
#include "fault.h"
#include "impair.h"
#include "kv.h"

enum value_kind {
	VALUE_PPM,
	VALUE_TIME,
	VALUE_RATE,
	VALUE_COUNT,
	VALUE_BYTES,
	VALUE_SEED
};

struct key {
	const char *name;
	enum value_kind kind;
	bool line;     /* lies in struct nsk_wire_params, so each direction has its own */
	size_t offset; /* there, or in struct fault_params */
	const char *help;
};

#define LINE_KEY(name, kind, field, help)                                       \
	{                                                                       \
		name, kind, true, offsetof(struct nsk_wire_params, field), help \
	}
#define PORT_KEY(name, kind, field, help)                                     \
	{                                                                     \
		name, kind, false, offsetof(struct fault_params, field), help \
	}

static const struct key keys[] = {
	LINE_KEY("loss", VALUE_PPM, loss_ppm, "packets that are lost"),
	LINE_KEY("dup", VALUE_PPM, duplicate_ppm, "packets that arrive twice"),
	LINE_KEY("corrupt", VALUE_PPM, corrupt_ppm,
		 "packets in which one bit behind the Ethernet header flips"),
	LINE_KEY("reorder", VALUE_PPM, reorder_ppm, "packets that are held back by reorder_by"),
	LINE_KEY("reorder_by", VALUE_TIME, reorder_ns, "with reorder; 1ms if not given"),
	LINE_KEY("delay", VALUE_TIME, delay_ns, "every packet takes so long"),
	LINE_KEY("jitter", VALUE_TIME, jitter_ns,
		 "and up to so much longer, at random; the order is kept"),
	LINE_KEY("rate", VALUE_RATE, rate_bps, "bits a second that pass"),
	LINE_KEY("queue", VALUE_COUNT, queue_packets,
		 "packets on the way or waiting, at most; 4096 if not given"),
	LINE_KEY("queue_bytes", VALUE_BYTES, queue_bytes,
		 "with rate: what finds more bytes waiting, its own included, is lost"),
	LINE_KEY(
		"ecn_threshold", VALUE_BYTES, ecn_threshold,
		"with rate: behind more waiting ones IPv4 packets are marked, or lost without ECT"),
	LINE_KEY("seed", VALUE_SEED, seed, "of all that happens at random: the same again"),
	PORT_KEY("rxfail", VALUE_PPM, rxfail_ppm,
		 "received packets that are dropped as without a buffer"),
	PORT_KEY("txfull", VALUE_PPM, txfull_ppm, "bursts sent that find the ring full"),
	PORT_KEY("txpart", VALUE_PPM, txpart_ppm, "bursts sent of which a part only is taken"),
	PORT_KEY("down_every", VALUE_TIME, down_every_ns, "the link goes down each such time"),
	PORT_KEY("down_for", VALUE_TIME, down_for_ns, "and stays down for so long"),
};

static const struct key *key_named(const char *name)
{
	for (size_t i = 0; i < NSK_ARRAY_LEN(keys); i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static int value_read(const struct key *key, const char *text, void *at, const char **expect)
{
	uint64_t v = 0;
	int rc;

	switch (key->kind) {
	case VALUE_PPM:
		return kv_ppm(text, at, expect);
	case VALUE_TIME:
		return kv_time_ns(text, at, expect);
	case VALUE_RATE:
		return kv_rate_bps(text, at, expect);
	case VALUE_COUNT:
		rc = kv_u64(text, IMPAIR_QUEUE_MAX, &v, expect);
		*(uint32_t *)at = (uint32_t)v;
		return rc;
	default:
		return kv_u64(text, UINT64_MAX, at, expect);
	}
}

/* Reads one item into one direction or both. */
static int item_read(const struct kv *kv, struct fault_params *params, const char **expect)
{
	const char *name = kv->key;
	bool both = true;
	enum fault_side side = FAULT_RX;
	const struct key *key;
	int rc;

	if (strncmp(name, "rx.", 3) == 0 || strncmp(name, "tx.", 3) == 0) {
		side = name[0] == 't' ? FAULT_TX : FAULT_RX;
		both = false;
		name += 3;
	}
	key = key_named(name);
	*expect = NULL;
	if (!key || (!both && !key->line))
		return -EINVAL;
	if (!key->line)
		return value_read(key, kv->value, (char *)params + key->offset, expect);
	rc = value_read(key, kv->value, (char *)&params->line[side] + key->offset, expect);
	if (rc == 0 && both)
		rc = value_read(key, kv->value, (char *)&params->line[FAULT_TX] + key->offset,
				expect);
	/* The same seed for both would lose the same packets of a request and of its answer. */
	if (rc == 0 && both && key->kind == VALUE_SEED)
		params->line[FAULT_TX].seed ^= UINT64_C(0x9e3779b97f4a7c15);
	return rc;
}

static void key_names(char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < NSK_ARRAY_LEN(keys) && len < size; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", i ? " " : "", keys[i].name);
}

/* NULL if the parameters make sense together, else what is wrong with them. */
static const char *params_wrong(const struct fault_params *params)
{
	const char *wrong = impair_check(&params->line[FAULT_RX]);

	if (params->down_every_ns ? params->down_for_ns >= params->down_every_ns
				  : params->down_for_ns > 0)
		return "down_for must be shorter than down_every: down_every=10s,down_for=1s";
	return wrong ? wrong : impair_check(&params->line[FAULT_TX]);
}

int fault_parse(const char *list, struct fault_params *params, char *error, size_t size)
{
	const char *expect;
	char names[224];
	struct kv kv;
	int rc;

	memset(params, 0, sizeof(*params));
	params->line[FAULT_TX].seed = UINT64_C(0x9e3779b97f4a7c15);
	while ((rc = kv_next(&list, &kv)) > 0) {
		rc = item_read(&kv, params, &expect);
		if (rc && expect) {
			snprintf(error, size, "fault: %s=%s: give %s", kv.key, kv.value, expect);
			return rc;
		}
		if (rc) {
			key_names(names, sizeof(names));
			snprintf(error, size, "fault: no fault '%s'; there are: %s", kv.key, names);
			return rc;
		}
	}
	if (rc < 0) {
		snprintf(error, size, "fault: '%s' is not of the form FAULT=VALUE", kv.key);
		return rc;
	}
	expect = params_wrong(params);
	if (expect) {
		snprintf(error, size, "fault: %s", expect);
		return -EINVAL;
	}
	return 0;
}

void nsk_faults_list(FILE *out)
{
	static const char *const kinds[] = {
		[VALUE_PPM] = "SHARE",	 [VALUE_TIME] = "TIME",	  [VALUE_RATE] = "RATE",
		[VALUE_COUNT] = "COUNT", [VALUE_BYTES] = "BYTES", [VALUE_SEED] = "NUMBER",
	};

	fprintf(out, "-d fault:KEY=VALUE,KEY=VALUE...:DEVICE\n");
	for (size_t i = 0; i < NSK_ARRAY_LEN(keys); i++)
		fprintf(out, "  %-13s %-6s %s\n", keys[i].name, kinds[keys[i].kind], keys[i].help);
	fprintf(out,
		"SHARE is 1%% or 200ppm, TIME 20ms, 1.5s, 100us or 50ns, RATE 10mbit or 64kbit. "
		"rx. or tx. in front\nof one down to seed (tx.loss=1%%) means one direction only.\n");
}
