/* SPDX-License-Identifier: BSD-3-Clause */
/* Table of congestion controls and what is the same for all of them; see cc.h. */
#include <string.h>

#include "base/compiler.h"
#include "tcpalg/cc.h"

/* cc->algo is an index into this. The first row is the default. */
const struct cc_algo *const cc_algos[] = {
	[CC_CUBIC] = &cc_cubic,
	[CC_NEWRENO] = &cc_newreno,
	[CC_BBR] = &cc_bbr,
	[CC_DCTCP] = &cc_dctcp,
};

const unsigned cc_count = NSK_ARRAY_LEN(cc_algos);

const struct cc_algo *cc_find_n(const char *name, uint32_t len)
{
	for (unsigned i = 0; i < cc_count; i++)
		if (strlen(cc_algos[i]->name) == len && memcmp(cc_algos[i]->name, name, len) == 0)
			return cc_algos[i];
	return NULL;
}

const struct cc_algo *cc_find(const char *name)
{
	return cc_find_n(name, (uint32_t)strlen(name));
}

/* Its state begins; a model's when there is memory for it. */
static void begin(struct cc *cc, const struct cc_algo *algo)
{
	cc->algo = algo->id;
	if (algo->state_bytes)
		cc->flags |= CC_MODEL;
	else if (algo->init)
		algo->init(cc);
}

void cc_init(struct cc *cc, const struct cc_algo *algo, uint16_t smss, uint32_t segs)
{
	*cc = (struct cc){
		.cwnd = cc_initial_window(smss, segs),
		.ssthresh = CC_WND_MAX,
		.smss = smss,
	};
	begin(cc, algo);
}

void cc_change(struct cc *cc, const struct cc_algo *algo)
{
	*cc = (struct cc){
		.cwnd = cc->cwnd,
		.ssthresh = algo->state_bytes ? CC_WND_MAX : cc->ssthresh,
		.smss = cc->smss,
		.flags = cc->flags & CC_AFTER_RTO,
		.flight = cc->flight,
	};
	begin(cc, algo);
}

void cc_give_state(struct cc *cc, struct cc_model *state)
{
	cc->priv.ptr = state;
	cc_algos[cc->algo]->init(cc);
}

void cc_set_smss(struct cc *cc, uint16_t smss)
{
	if (smss < cc->smss)
		cc->cwnd = (uint32_t)((uint64_t)cc->cwnd * smss / cc->smss);
	cc->smss = smss;
	if (cc->cwnd < smss)
		cc->cwnd = smss;
}
