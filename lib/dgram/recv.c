/* SPDX-License-Identifier: BSD-3-Clause */
/* Reception by the application: recvmsg, whole buffers, how much there is. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <rte_mbuf.h>

#include "dgram/dgram.h"
#include "net/scope.h"

/* Where the next octet for the application goes. */
struct place {
	const struct msghdr *msg;
	size_t piece, off;
};

static size_t put(struct place *at, const uint8_t *from, size_t len)
{
	size_t done = 0;

	while (done < len && at->piece < at->msg->msg_iovlen) {
		const struct iovec *iov = &at->msg->msg_iov[at->piece];
		size_t n = NSK_MIN(iov->iov_len - at->off, len - done);

		if (n)
			memcpy((uint8_t *)iov->iov_base + at->off, from + done, n);
		done += n;
		at->off += n;
		if (at->off == iov->iov_len) {
			at->piece++;
			at->off = 0;
		}
	}
	return done;
}

/* Copies payload to the application's pieces, as much as both have. Returns the number of bytes. */
static size_t copy_out(const struct rte_mbuf *m, struct place *at)
{
	size_t done = 0;

	for (; m; m = m->next) {
		size_t n = put(at, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);

		done += n;
		if (n < m->data_len)
			break;
	}
	return done;
}

static void fill_name(const struct dgram *d, const struct pkt *p, struct msghdr *msg)
{
	const struct ip_addr from = ip_addr_of(p->family, p->flow.src);

	if (!msg->msg_name)
		return;
	sock_addr_out(&d->sock, &from, load_be16(&p->flow.sport_be),
		      scope_has(&from) ? p->iface + 1U : 0, msg->msg_name, &msg->msg_namelen);
}

/* ---- runs (UDP_GRO) -------------------------------------------------------------------------- */

/* What Linux lets a merged packet hold. */
#define RUN_BYTES_MAX 65535

static size_t room_of(const struct msghdr *msg)
{
	size_t room = 0;

	for (size_t i = 0; i < msg->msg_iovlen; i++)
		room += msg->msg_iov[i].iov_len;
	return room;
}

/*
 * How many datagrams from m on may be given as one: of one flow, alike in what the header says, all
 * as long as the first but the last, which may be shorter; and no more than there is room for.
 */
static unsigned run_length(const struct rte_mbuf *m, size_t room)
{
	const struct pkt *head = pkt_of((struct rte_mbuf *)(uintptr_t)m);
	size_t total = head->pay_len;
	const struct pkt *p = head;
	unsigned n = 1;

	room = NSK_MIN(room, (size_t)RUN_BYTES_MAX);
	while (p->qnext && p->pay_len == head->pay_len) {
		p = pkt_of(p->qnext);
		if (p->pay_len == 0 || p->pay_len > head->pay_len || total + p->pay_len > room ||
		    p->family != head->family || p->tos != head->tos || p->ttl != head->ttl ||
		    p->iface != head->iface || memcmp(&p->flow, &head->flow, sizeof(p->flow)) != 0)
			break;
		total += p->pay_len;
		n++;
	}
	return n;
}

/* Gives all of a run's payload; MSG_PEEK leaves it. Returns its bytes. */
static size_t copy_run(const struct dgram *d, unsigned n, struct msghdr *msg)
{
	struct place at = {.msg = msg};
	struct rte_mbuf *m = d->qhead;
	size_t bytes = 0;

	for (; n > 0; n--, m = pkt_of(m)->qnext)
		bytes += copy_out(m, &at);
	return bytes;
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* What stands beside the payload; run: UDP_GRO's size, 0: it is one. */
static void tell(const struct dgram *d, struct rte_mbuf *m, unsigned run, struct msghdr *msg)
{
	fill_name(d, pkt_of(m), msg);
	if (d->wants)
		dgram_control_write(d, m, run, msg);
	else
		msg->msg_controllen = 0;
}

/* The oldest datagram, or the run that it begins. */
static ssize_t give(struct dgram *d, struct msghdr *msg, int flags)
{
	struct nsk_worker *w = d->sock.worker;
	struct rte_mbuf *m = d->qhead;
	uint16_t len = pkt_of(m)->pay_len;
	unsigned n = d->wants & DGRAM_WANTS_RUNS ? run_length(m, room_of(msg)) : 1;
	size_t bytes = copy_run(d, n, msg);

	if (bytes < len)
		msg->msg_flags |= MSG_TRUNC;
	tell(d, m, n > 1 ? len : 0, msg);
	worker_count(w, NSK_CNT_PAYLOAD_COPIED_RX, bytes);
	for (; n > 0 && !(flags & MSG_PEEK); n--)
		pkt_put(w, dgram_queue_pop(d));
	return (ssize_t)(flags & MSG_TRUNC ? NSK_MAX(bytes, (size_t)len) : bytes);
}

/* A call that would wait gives 0 once the socket was shut for reading, one that would not says that
 * there is nothing: as in Linux. */
static ssize_t nothing_there(const struct dgram *d, int flags)
{
	const struct sock *s = &d->sock;
	bool waits = !(flags & MSG_DONTWAIT || s->flags & SOCK_F_NONBLOCK ||
		       s->rcvtimeo_ms == SOCK_TIMEO_NONE);

	return d->flags & DGRAM_F_SHUT_RD && waits ? 0 : -EAGAIN;
}

ssize_t dgram_recvmsg(struct sock *s, struct msghdr *msg, int flags)
{
	struct dgram *d = dgram_of(s);

	if (flags & MSG_OOB && d->sock.ops->protocol != IPPROTO_UDP)
		return -EOPNOTSUPP; /* as Linux, where UDP does not look at it */
	if (flags & MSG_ERRQUEUE)
		return dgram_errors_recv(d, msg);
	if (NSK_UNLIKELY(s->err))
		return dgram_take_error(d);
	/* MSG_TRUNC spares a stream the memory, and the calls ask nobody for it. */
	if (NSK_UNLIKELY(flags & MSG_TRUNC && msg->msg_iovlen == 1 && msg->msg_iov->iov_len &&
			 !msg->msg_iov->iov_base))
		return -EFAULT;
	msg->msg_flags = 0;
	if (NSK_LIKELY(d->qhead != NULL))
		return give(d, msg, flags);
	msg->msg_controllen = 0;
	if (msg->msg_name)
		msg->msg_namelen = 0;
	return nothing_there(d, flags);
}

int dgram_zc_recv(struct sock *s, struct rte_mbuf **bufs, unsigned max)
{
	struct dgram *d = dgram_of(s);
	unsigned n = 0;

	if (s->err)
		return dgram_take_error(d);
	while (n < max && d->qhead)
		bufs[n++] = dgram_queue_pop(d);
	return n ? (int)n : -EAGAIN;
}

void dgram_zc_msg(struct sock *s, struct rte_mbuf *buf, struct msghdr *msg)
{
	msg->msg_flags = 0;
	tell(dgram_of(s), buf, 0, msg);
}

int dgram_ioctl(struct sock *s, unsigned long request, int *value)
{
	struct dgram *d = dgram_of(s);

	switch (request) {
	case FIONREAD: /* of the next datagram, as Linux has it */
		*value = d->qhead ? pkt_of(d->qhead)->pay_len : 0;
		return 0;
	case TIOCOUTQ:
		*value = 0;
		return 0;
	default:
		return -ENOTTY;
	}
}
