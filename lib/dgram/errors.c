/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The error queue of a socket with IP_RECVERR or IPV6_RECVERR (ip(7), ipv6(7)): each error that
 * ICMP told of a datagram, or that was found here, with the datagram's destination and the
 * beginning of its payload. It holds at most ERRORS_MAX; what comes beyond is told by SO_ERROR
 * alone, and counted.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/errqueue.h>

#include "base/mem.h"
#include "dgram/dgram.h"
#include "net/pmtu.h"
#include "net/scope.h"
#include "sock/zc_send.h"

#define ERRORS_MAX  32
#define PAYLOAD_MAX 256

struct error_entry {
	struct list_node link;
	struct sock_extended_err err;
	struct ip_addr dst;  /* of the datagram */
	struct ip_addr from; /* who told, family 0: we */
	uint16_t port;
	uint16_t len;
	uint8_t payload[PAYLOAD_MAX];
};

static void free_entry(struct dgram *d, struct error_entry *e)
{
	list_del(&e->link);
	d->error_count--;
	mem_free(d->sock.worker->mem, e, sizeof(*e));
}

static struct error_entry *first(const struct dgram *d)
{
	struct list_node *n = list_first(&d->errors);

	return n ? NSK_LIST_ENTRY(n, struct error_entry, link) : NULL;
}

void dgram_errors_purge(struct dgram *d)
{
	struct error_entry *e;

	while ((e = first(d)) != NULL)
		free_entry(d, e);
	if (!d->sock.err && !zc_untold(d->zc))
		sock_unready(&d->sock, EPOLLERR);
}

static struct error_entry *new_entry(struct dgram *d)
{
	struct nsk_worker *w = d->sock.worker;
	struct error_entry *e = d->error_count < ERRORS_MAX ? mem_zalloc(w->mem, sizeof(*e)) : NULL;

	if (!e) {
		worker_count(w, NSK_CNT_SOCK_ERRORS_LOST, 1);
		return NULL;
	}
	list_add_tail(&d->errors, &e->link);
	d->error_count++;
	return e;
}

static uint8_t origin_of(const struct ip_error *e)
{
	if (e->local)
		return SO_EE_ORIGIN_LOCAL;
	return e->family == AF_INET6 ? SO_EE_ORIGIN_ICMP6 : SO_EE_ORIGIN_ICMP;
}

/* What an error tells, for the queue. */
static void keep(struct dgram *d, const struct ip_error *e, uint16_t skip)
{
	struct error_entry *entry = new_entry(d);

	if (!entry)
		return;
	entry->err = (struct sock_extended_err){
		.ee_errno = (uint32_t)e->err,
		.ee_origin = origin_of(e),
		.ee_type = e->type,
		.ee_code = e->code,
		.ee_info = e->mtu,
	};
	entry->dst.family = e->family;
	memcpy(entry->dst.b, e->flow->dst, 16);
	entry->port = load_be16(&e->flow->dport_be);
	if (!e->local) {
		entry->from.family = e->family;
		memcpy(entry->from.b, e->from, 16);
	}
	if (e->quote_len > skip) {
		entry->len = (uint16_t)NSK_MIN(e->quote_len - skip, PAYLOAD_MAX);
		memcpy(entry->payload, e->quote + skip, entry->len);
	}
}

void dgram_learn_mtu(struct dgram *d, const struct ip_error *e)
{
	struct ip_addr dst = ip_addr_of(e->family, e->flow->dst);

	if (e->mtu)
		pmtu_learn(d->sock.worker, &dst, e->mtu, false);
}

void dgram_error(struct dgram *d, const struct ip_error *e, uint16_t skip)
{
	dgram_learn_mtu(d, e);
	if (e->mtu && dgram_discover(d, e->family) == IP_PMTUDISC_DONT)
		return; /* smaller fragments are all that it asks for, as in Linux */
	if (dgram_wants_errors(d, e->family))
		keep(d, e, skip);
	else if (e->soft)
		return;
	d->sock.err = (uint8_t)e->err;
	sock_ready(&d->sock, EPOLLERR);
}

void dgram_error_too_long(const struct dgram_sending *x, uint16_t port)
{
	struct dgram *d = x->d;
	struct error_entry *entry = dgram_wants_errors(d, x->dst.family) ? new_entry(d) : NULL;

	if (!entry)
		return;
	entry->err = (struct sock_extended_err){
		.ee_errno = EMSGSIZE,
		.ee_origin = SO_EE_ORIGIN_LOCAL,
		.ee_info = dgram_sending_mtu(x),
	};
	entry->dst = x->dst;
	entry->port = port;
	sock_ready(&d->sock, EPOLLERR);
}

static uint32_t scope_of(const struct dgram *d, const struct ip_addr *a)
{
	return scope_number(d->sock.worker, a, &d->laddr, d->route.iface);
}

/* The error with the address of who told it, as the kernel lays it out. */
static void tell(const struct dgram *d, const struct error_entry *e, struct msghdr *msg)
{
	struct {
		struct sock_extended_err err;
		union {
			struct sockaddr_in in;
			struct sockaddr_in6 in6;
		} offender;
	} told = {.err = e->err};
	bool six = sock_is_six(&d->sock);
	socklen_t len = six ? sizeof(told.offender.in6) : sizeof(told.offender.in);
	size_t used = 0, bytes = offsetof(__typeof__(told), offender) + len;

	if (e->from.family)
		sock_addr_out(&d->sock, &e->from, 0, scope_of(d, &e->from),
			      (struct sockaddr *)&told.offender, &len);
	sock_control_put(msg, &used, six ? IPPROTO_IPV6 : IPPROTO_IP,
			 six ? IPV6_RECVERR : IP_RECVERR, &told, bytes);
	msg->msg_controllen = used;
}

static size_t copy_payload(const struct error_entry *e, const struct msghdr *msg)
{
	size_t done = 0;

	for (size_t i = 0; i < msg->msg_iovlen && done < e->len; i++) {
		size_t n = NSK_MIN(msg->msg_iov[i].iov_len, e->len - done);

		if (n)
			memcpy(msg->msg_iov[i].iov_base, e->payload + done, n);
		done += n;
	}
	return done;
}

/* The socket's error is that of the next entry now. */
static void next_error(struct dgram *d)
{
	const struct error_entry *e = first(d);

	d->sock.err = e && e->err.ee_origin != SO_EE_ORIGIN_LOCAL ? (uint8_t)e->err.ee_errno : 0;
	if (!e && !zc_untold(d->zc))
		sock_unready(&d->sock, EPOLLERR);
}

/* Errors, then sends by reference that are over. */
ssize_t dgram_errors_recv(struct dgram *d, struct msghdr *msg)
{
	struct error_entry *e = first(d);
	size_t n;

	if (!e)
		return zc_told(&d->sock, d->zc, msg);
	n = copy_payload(e, msg);
	msg->msg_flags = MSG_ERRQUEUE | (n < e->len ? MSG_TRUNC : 0);
	if (msg->msg_name)
		sock_addr_out(&d->sock, &e->dst, e->port, scope_of(d, &e->dst), msg->msg_name,
			      &msg->msg_namelen);
	tell(d, e, msg);
	free_entry(d, e);
	next_error(d);
	return (ssize_t)n;
}
