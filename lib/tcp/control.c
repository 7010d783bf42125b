/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments that belong to no connection: RSTs to strangers (RFC 9293 §3.5.2, §3.10.7.1), SYN,ACKs
 * of embryos and cookies, ACKs of TIME-WAIT. Their buffers may come from the reserve.
 */
#include "tcp/control.h"

#include "tcp/output.h"

void tcp_control_send(struct nsk_worker *w, const struct tcp_control *ctl)
{
	control_send(w, ctl);
}

void tcp_reset_reply(struct nsk_worker *w, const struct pkt *p)
{
	const uint8_t many = PKT_F_LINK_BCAST | PKT_F_LINK_MCAST | PKT_F_IP_BCAST | PKT_F_IP_MCAST;
	struct tcp_control ctl = {
		.flow = &p->flow,
		.how.family = p->family,
		.flags = TCP_RST,
	};

	if ((p->tcp_flags & TCP_RST) || (p->flags & many))
		return;
	if (!tcp_rate_ok(w, &w->tcp->rst_limit, SETTING(w->set, tcp_rst_limit)))
		return;
	if (p->tcp_flags & TCP_ACK) {
		ctl.seq = p->ack;
	} else {
		ctl.flags |= TCP_ACK;
		ctl.ack = p->seq + p->pay_len + !!(p->tcp_flags & TCP_SYN) +
			  !!(p->tcp_flags & TCP_FIN);
	}
	worker_count(w, NSK_CNT_TCP_RST_SENT, 1);
	tcp_control_send(w, &ctl);
}
