/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path MTU of a connection: taken down by ICMP errors (RFC 1191, RFC 8201) and by timeouts that
 * look like a black hole (RFC 4821 §7.7), and tried upwards again after a while (RFC 1191 §6.3,
 * RFC 4821 §7) by a probe: one segment of data that is larger than the others. When the probe alone
 * is lost it is sent again in ordinary segments, and congestion control does not hear of it
 * (RFC 4821 §7.5). Only connections whose path was found to be narrow have any of this.
 */
#ifndef NSK_TCP_MTU_H
#define NSK_TCP_MTU_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/conn.h"
#include "tcpalg/mtusearch.h"

enum mtu_probe {
	MTU_RESTS,  /* until TCP_T_MTU comes */
	MTU_WANTED, /* as soon as there is enough to send */
	MTU_OUT,    /* probe is in flight */
};

struct tcp_mtu {
	struct mtu_search search;
	uint16_t size; /* [W] of the probe, as a packet */
	uint8_t state; /* [W] enum mtu_probe */
	uint8_t spare[3];
	struct seq_range probe; /* [W] its octets */
	uint32_t due;		/* [W] deadline of TCP_T_MTU, in ticks of the wheel */
};

/* Octets of a packet that the path takes as far as is known, at most the interface's MTU. */
static inline uint16_t mtu_of_path(const struct tcp_conn *c, const struct iface *ifc)
{
	uint32_t mtu = NSK_MIN(iface_mtu(ifc, c->sock.family), (uint32_t)UINT16_MAX);

	if (c->ext && c->ext->path_mtu)
		mtu = NSK_MIN(mtu, (uint32_t)c->ext->path_mtu);
	return (uint16_t)mtu;
}

/* A connection opens: what is known of its path. */
void mtu_known(struct nsk_worker *w, struct tcp_conn *c);
/* The path takes no more than mtu octets, it is said. True: our segments have become smaller. */
bool mtu_lower(struct nsk_worker *w, struct tcp_conn *c, uint32_t mtu);

/* TCP_T_MTU: time to try more. */
void mtu_due(struct nsk_worker *w, struct tcp_conn *c);

/*
 * A turn's output, with loss.mtu: sends the probe if there is data, window and budget for it. True:
 * only what is in flight is in the way, and new data waits until enough of that has arrived, a
 * round trip at most: a flow that fills its window would never find room for a probe.
 */
bool mtu_output(struct nsk_worker *w, struct tcp_conn *c, uint32_t *budget);

/* An ACK, with loss.mtu: has the probe arrived, or is it lost? ev: LOSS_EV_*; returns what of them
 * counts. */
unsigned mtu_acked(struct nsk_worker *w, struct tcp_conn *c, struct loss_ctx *x, unsigned ev);

/* A retransmission timeout, with loss.mtu. */
void mtu_timeout(struct nsk_worker *w, struct tcp_conn *c);

void mtu_free(struct nsk_worker *w, struct tcp_conn *c);

#endif
