/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Faults planted between nsk-sim and the stack: what a call gave is altered on its way back, as
 * NSK_PLANT names it. Linked to nsk-sim's own objects with --wrap, so that what must hold of a run
 * can be seen to fail it. sim_planted.py has what each must lead to.
 */
#include <linux/sockios.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <netstk/netstk.h>

/* Calls that pass unaltered: the run must be under way. */
#define WARM_UP 2000

#define HUGE_NUMBER (UINT64_C(1) << 60)

static bool planted(const char *what)
{
	static const char *name;

	if (!name)
		name = getenv("NSK_PLANT") ? getenv("NSK_PLANT") : "";
	return strcmp(name, what) == 0;
}

/* ---- counters and levels ------------------------------------------------------------------- */

static void alter_levels(struct nsk_levels *l)
{
	if (planted("queued"))
		l->tcp_mem_bytes = HUGE_NUMBER;
	if (planted("memory"))
		l->memory_bytes = HUGE_NUMBER;
	if (planted("too-many-buffers"))
		l->buffers_free = l->buffers_total + 1;
	if (planted("buffer"))
		l->buffers_free--;
	if (planted("connection"))
		l->tcp_connections++;
}

static void alter_counters(uint64_t *counter, uint64_t *drop)
{
	if (planted("counted-twice"))
		counter[NSK_CNT_TCP_SEGMENTS_IN] += 1000;
	if (planted("not-counted") && counter[NSK_CNT_TCP_SEGMENTS_IN] > 10)
		counter[NSK_CNT_TCP_SEGMENTS_IN] -= 10;
	if (planted("received")) {
		counter[NSK_CNT_RX_PACKETS]++;
		counter[NSK_CNT_TCP_SEGMENTS_IN]++;
	}
	/* What one act of a hostile host alone leads to. */
	if (planted("flooded") && drop[NSK_DROP_ARP_UNRESOLVED])
		counter[NSK_CNT_TCP_SEGMENTS_IN] += 1000;
	if (planted("sent"))
		counter[NSK_CNT_TX_PACKETS]++;
	if (planted("datagram-sent") && counter[NSK_CNT_UDP_OUT])
		counter[NSK_CNT_UDP_OUT]++;
	/* A frame that is too short is no datagram. */
	if (planted("datagram-received") && counter[NSK_CNT_UDP_IN]) {
		counter[NSK_CNT_UDP_IN]--;
		drop[NSK_DROP_ETH_SHORT]++;
	}
	if (planted("datagram-twice") && counter[NSK_CNT_UDP_IN])
		counter[NSK_CNT_UDP_IN]++;
}

int __real_nsk_stats_read(const struct nsk_stack *stack, int worker, struct nsk_stats *stats);
int __wrap_nsk_stats_read(const struct nsk_stack *stack, int worker, struct nsk_stats *stats);

int __wrap_nsk_stats_read(const struct nsk_stack *stack, int worker, struct nsk_stats *stats)
{
	int rc = __real_nsk_stats_read(stack, worker, stats);

	alter_levels(&stats->level);
	alter_counters(stats->counter, stats->drop);
	return rc;
}

void __real_nsk_wire_stats(const struct nsk_wire *wire, unsigned direction,
			   struct nsk_wire_stats *stats);
void __wrap_nsk_wire_stats(const struct nsk_wire *wire, unsigned direction,
			   struct nsk_wire_stats *stats);

void __wrap_nsk_wire_stats(const struct nsk_wire *wire, unsigned direction,
			   struct nsk_wire_stats *stats)
{
	__real_nsk_wire_stats(wire, direction, stats);
	if (planted("wire"))
		stats->delivered--;
}

/* ---- sequence numbers ---------------------------------------------------------------------- */

int __real_nsk_ioctl(int fd, unsigned long request, ...);
int __wrap_nsk_ioctl(int fd, unsigned long request, ...);

static int ask(int fd, unsigned long request)
{
	int value = 0;

	__real_nsk_ioctl(fd, request, &value);
	return value;
}

/* What is not acknowledged, not sent, not read. */
static int altered(int fd, unsigned long request, int value)
{
	int unsent = ask(fd, SIOCOUTQNSD), left = ask(fd, SIOCOUTQ);

	if (request == SIOCOUTQ && left > unsent) {
		if (planted("una-beyond-written"))
			return 1 << 30;
		if (planted("una-back"))
			return value + 100000;
		if (planted("una-ahead-of-peer"))
			return unsent;
	}
	if (request == SIOCOUTQNSD && left > unsent) {
		if (planted("una-ahead-of-nxt"))
			return left + 1;
		if (planted("nxt-back"))
			return left;
	}
	if (request == SIOCINQ && left == 0) { /* the server's end, which only reads */
		if (planted("rcv-back"))
			return 0;
		if (planted("rcv-beyond-written"))
			return 1 << 30;
		if (planted("rcv-ahead-of-peer"))
			return value + 200000;
	}
	return value;
}

int __wrap_nsk_ioctl(int fd, unsigned long request, ...)
{
	static unsigned calls;
	va_list ap;
	int *value, rc;

	va_start(ap, request);
	value = va_arg(ap, int *);
	va_end(ap);
	rc = __real_nsk_ioctl(fd, request, value);
	if (rc == 0 && ++calls > WARM_UP)
		*value = altered(fd, request, *value);
	return rc;
}

/* ---- octets and datagrams ------------------------------------------------------------------ */

ssize_t __real_nsk_recv(int fd, void *buf, size_t len, int flags);
ssize_t __wrap_nsk_recv(int fd, void *buf, size_t len, int flags);

ssize_t __wrap_nsk_recv(int fd, void *buf, size_t len, int flags)
{
	ssize_t n = __real_nsk_recv(fd, buf, len, flags);

	if (n > 7 && planted("octet"))
		((uint8_t *)buf)[7] ^= 1;
	if (n > 7 && planted("octet-missing"))
		memmove((uint8_t *)buf + 7, (uint8_t *)buf + 8, (size_t)n - 8);
	return n - (n > 7 && planted("octet-missing"));
}

ssize_t __real_nsk_sendto(int fd, const void *buf, size_t len, int flags,
			  const struct sockaddr *addr, socklen_t addrlen);
ssize_t __wrap_nsk_sendto(int fd, const void *buf, size_t len, int flags,
			  const struct sockaddr *addr, socklen_t addrlen);

/* One is never sent. */
ssize_t __wrap_nsk_sendto(int fd, const void *buf, size_t len, int flags,
			  const struct sockaddr *addr, socklen_t addrlen)
{
	static unsigned calls;

	if (planted("datagram-sent") && ++calls == 20)
		return (ssize_t)len;
	return __real_nsk_sendto(fd, buf, len, flags, addr, addrlen);
}

ssize_t __real_nsk_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr,
			    socklen_t *addrlen);
ssize_t __wrap_nsk_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr,
			    socklen_t *addrlen);

/* One is swallowed, or comes twice. */
ssize_t __wrap_nsk_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr,
			    socklen_t *addrlen)
{
	static uint8_t last[2048];
	static ssize_t n;
	static unsigned came;

	if (planted("datagram-twice") && came == 20 && ++came) {
		memcpy(buf, last, (size_t)n);
		return n;
	}
	n = __real_nsk_recvfrom(fd, buf, len, flags, addr, addrlen);
	if (n < 0)
		return n;
	memcpy(last, buf, (size_t)n);
	if (++came == 20 && planted("datagram-received"))
		n = __real_nsk_recvfrom(fd, buf, len, flags, addr, addrlen);
	return n;
}
