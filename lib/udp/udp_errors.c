/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The error queue of a socket with IP_RECVERR (ip(7)): each error that ICMP told of a datagram, or
 * that was found here, with the datagram's destination and the beginning of its payload. It holds
 * at most ERRORS_MAX; what comes beyond is told by SO_ERROR alone.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/errqueue.h>

#include "base/mem.h"
#include "udp/udp.h"
#include "wire/udp.h"

#define ERRORS_MAX  32
#define PAYLOAD_MAX 256

struct udp_error_entry {
	struct list_node link;
	struct sock_extended_err err;
	struct ip_addr dst;  /* of the datagram */
	struct ip_addr from; /* who told, family 0: we */
	uint16_t port;
	uint16_t len;
	uint8_t payload[PAYLOAD_MAX];
};

static void free_entry(struct udp_sock *u, struct udp_error_entry *e)
{
	list_del(&e->link);
	u->error_count--;
	mem_free(u->sock.worker->mem, e, sizeof(*e));
}

static struct udp_error_entry *first(const struct udp_sock *u)
{
	struct list_node *n = list_first(&u->errors);

	return n ? NSK_LIST_ENTRY(n, struct udp_error_entry, link) : NULL;
}

void udp_errors_purge(struct udp_sock *u)
{
	struct udp_error_entry *e;

	while ((e = first(u)) != NULL)
		free_entry(u, e);
	if (!u->sock.err)
		sock_unready(&u->sock, EPOLLERR);
}

static struct udp_error_entry *new_entry(struct udp_sock *u)
{
	struct udp_error_entry *e;

	if (u->error_count == ERRORS_MAX)
		return NULL;
	e = mem_zalloc(u->sock.worker->mem, sizeof(*e));
	if (!e)
		return NULL;
	list_add_tail(&u->errors, &e->link);
	u->error_count++;
	return e;
}

void udp_errors_add(struct udp_sock *u, const struct ip_error *e)
{
	struct udp_error_entry *entry = new_entry(u);

	if (!entry)
		return;
	entry->err = (struct sock_extended_err){
		.ee_errno = (uint32_t)e->err,
		.ee_origin = e->local ? SO_EE_ORIGIN_LOCAL : SO_EE_ORIGIN_ICMP,
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
	if (e->quote_len > UDP_HLEN) {
		entry->len = (uint16_t)NSK_MIN(e->quote_len - UDP_HLEN, PAYLOAD_MAX);
		memcpy(entry->payload, e->quote + UDP_HLEN, entry->len);
	}
}

void udp_errors_add_too_long(struct udp_sock *u, const struct ip_addr *dst, uint16_t port,
			     uint32_t mtu)
{
	struct udp_error_entry *entry = new_entry(u);

	if (!entry)
		return;
	entry->err = (struct sock_extended_err){
		.ee_errno = EMSGSIZE,
		.ee_origin = SO_EE_ORIGIN_LOCAL,
		.ee_info = mtu,
	};
	entry->dst = *dst;
	entry->port = port;
	sock_ready(&u->sock, EPOLLERR);
}

/* The error with the address of who told it, as the kernel lays it out. */
static void tell(const struct udp_error_entry *e, struct msghdr *msg)
{
	struct {
		struct sock_extended_err err;
		struct sockaddr_in offender;
	} told = {.err = e->err};
	socklen_t len = sizeof(told.offender);
	size_t used = 0;

	if (e->from.family)
		ip_addr_to_sockaddr(&e->from, 0, 0, (struct sockaddr *)&told.offender, &len);
	udp_control_put(msg, &used, IPPROTO_IP, IP_RECVERR, &told, sizeof(told));
	msg->msg_controllen = used;
}

static size_t copy_payload(const struct udp_error_entry *e, const struct msghdr *msg)
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
static void next_error(struct udp_sock *u)
{
	const struct udp_error_entry *e = first(u);

	u->sock.err = e && e->err.ee_origin != SO_EE_ORIGIN_LOCAL ? (int16_t)e->err.ee_errno : 0;
	if (!e)
		sock_unready(&u->sock, EPOLLERR);
}

ssize_t udp_errors_recv(struct udp_sock *u, struct msghdr *msg)
{
	struct udp_error_entry *e = first(u);
	size_t n;

	if (!e)
		return -EAGAIN;
	n = copy_payload(e, msg);
	msg->msg_flags = MSG_ERRQUEUE | (n < e->len ? MSG_TRUNC : 0);
	if (msg->msg_name)
		ip_addr_to_sockaddr(&e->dst, e->port, 0, msg->msg_name, &msg->msg_namelen);
	tell(e, msg);
	free_entry(u, e);
	next_error(u);
	return (ssize_t)n;
}
