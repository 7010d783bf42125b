/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP (RFC 826) for the lean client: answers for every own address, asks for the next hops of the
 * targets.
 */
#include "nsk-load/lean.h"

#include <arpa/inet.h>
#include <string.h>

#include "nsk-load/sum.h"

#define ARP_LEN	   28u
#define ARP_ASK	   1
#define ARP_ANSWER 2
#define TRIES	   25u
#define TRY_NS	   UINT64_C(200000000)

static bool is_own(const struct lean *l, uint32_t addr)
{
	return addr == l->own_addr || addr - l->addr_first < l->addr_count;
}

static void arp_send(struct lean *l, uint16_t op, const uint8_t *to_mac, uint32_t from,
		     const uint8_t *target_mac, uint32_t target)
{
	static const uint8_t head[6] = {0, 1, 8, 0, 6, 4};
	uint8_t *frame = wire_get(l->wire), *arp;

	if (!frame)
		return;
	memset(frame, 0, 60);
	memcpy(frame, to_mac, 6);
	memcpy(frame + 6, l->wire->mac, 6);
	frame[12] = 0x08;
	frame[13] = 0x06;
	arp = frame + ETH_LEN;
	memcpy(arp, head, sizeof(head));
	store16(arp + 6, op);
	memcpy(arp + 8, l->wire->mac, 6);
	store32(arp + 14, from);
	memcpy(arp + 18, target_mac, 6);
	store32(arp + 24, target);
	wire_put(l->wire, 60);
}

void lean_arp_input(struct lean *l, const uint8_t *arp, uint32_t len)
{
	uint32_t sender, wanted;

	if (len < ARP_LEN || load16(arp) != 1 || load16(arp + 2) != 0x0800 || arp[4] != 6 ||
	    arp[5] != 4 || (arp[8] & 1))
		return;
	sender = load32(arp + 14);
	wanted = load32(arp + 24);
	for (uint32_t i = 0; i < l->ntargets; i++)
		if (l->target[i].hop == sender)
			tx_template(l, &l->target[i], arp + 8);
	if (load16(arp + 6) == ARP_ASK && is_own(l, wanted))
		arp_send(l, ARP_ANSWER, arp + 8, wanted, arp + 8, sender);
}

/*
 * Tells the next hops where our addresses are, by asking from each of them: a server that had to
 * ask back for every one would lose the SYNs that come meanwhile. Some at each call; true when all
 * have asked.
 */
static bool announce(struct lean *l)
{
	static const uint8_t nobody[6];

	if (!l->l2_len)
		return true;
	for (unsigned n = 0; n < WIRE_BURST / 2 && l->announced < l->addr_count;
	     n++, l->announced++)
		for (uint32_t i = 0; i < l->ntargets; i++)
			if (i == 0 || l->target[i].hop != l->target[i - 1].hop)
				arp_send(l, ARP_ASK, l->target[i].head,
					 l->addr_first + l->announced, nobody, l->target[i].hop);
	return l->announced == l->addr_count;
}

bool lean_arp_resolve(struct lean *l)
{
	static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, nobody[6];
	bool all = true;

	for (uint32_t i = 0; i < l->ntargets; i++) {
		struct lean_target *t = &l->target[i];
		struct in_addr hop = {.s_addr = htonl(t->hop)};

		if (t->resolved)
			continue;
		all = false;
		if (l->now_ns < t->arp_next_ns)
			continue;
		if (t->arp_tries++ == TRIES) {
			load_fail(l->load,
				  "no answer to ARP for %s: is that host there, and the link up?",
				  inet_ntoa(hop));
			return false;
		}
		t->arp_next_ns = l->now_ns + TRY_NS;
		arp_send(l, ARP_ASK, everybody, l->own_addr, nobody, t->hop);
	}
	return all && announce(l);
}
