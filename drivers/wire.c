/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The in-process wire (nsk_wire_*). A perfect direction costs one copy on each side; a bad one asks
 * impair.c about each packet. Packets held back travel in a queue of their own, so that both queues
 * are sorted by time and the receiver only compares two heads.
 *
 * Frames belong to the wire: either stack may end, and its buffers with it, while packets are on
 * the way.
 */
#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ce.h"
#include "counter.h"
#include "framebuf.h"
#include "mbuf/pool.h"

#define MTU_MIN 68 /* RFC 791: every link carries that much */

/* Queues and faults of a direction; what is on the way stays on the way. */
static int dir_set(struct wire_dir *d, const struct nsk_wire_params *params, uint32_t frame_max)
{
	int rc;

	if (params && impair_check(params))
		return -EINVAL;
	if (!d->inorder.head) {
		rc = frameq_init(&d->inorder, frame_max);
		if (rc)
			return rc;
	}
	if (params && params->reorder_ppm && !d->held.head) {
		rc = frameq_init(&d->held, frame_max);
		if (rc)
			return rc;
	}
	impair_change(&d->impair, params);
	/* Once timed always timed: there may be frames that have to wait. */
	d->timed |= d->impair.timed;
	return 0;
}

/* Notes whether a direction needs more than a copy. */
static void dir_note(const struct nsk_wire *wire, struct wire_dir *d)
{
	d->special = d->impair.any || d->stalled || wire->tap || wire->nic;
}

static void dir_fini(struct wire_dir *d)
{
	frameq_fini(&d->inorder);
	frameq_fini(&d->held);
	bell_fini(&d->bell);
}

struct nsk_wire *nsk_wire_create(const struct nsk_wire_params *a_to_b,
				 const struct nsk_wire_params *b_to_a, uint32_t mtu)
{
	struct nsk_wire *wire;
	int rc;

	if (mtu < MTU_MIN || mtu > FRAME_MTU_MAX) {
		errno = EINVAL;
		return NULL;
	}
	wire = mem_apart(sizeof(*wire));
	if (!wire)
		return NULL;
	wire->mtu = mtu;
	wire->frame_max = mtu + FRAME_LINK_MAX;
	rc = dir_set(&wire->dir[0], a_to_b, wire->frame_max);
	if (rc == 0)
		rc = dir_set(&wire->dir[1], b_to_a, wire->frame_max);
	if (rc) {
		nsk_wire_destroy(wire);
		errno = -rc;
		return NULL;
	}
	for (unsigned i = 0; i < 2; i++)
		dir_note(wire, &wire->dir[i]);
	return wire;
}

int nsk_wire_offload(struct nsk_wire *wire)
{
	if (wire->taken[0] || wire->taken[1] || !frameq_idle(&wire->dir[0].inorder) ||
	    !frameq_idle(&wire->dir[1].inorder)) {
		errno = EBUSY;
		return -1;
	}
	if (wire_nic_setup(wire)) {
		errno = ENOMEM;
		return -1;
	}
	for (unsigned i = 0; i < 2; i++)
		dir_note(wire, &wire->dir[i]);
	return 0;
}

void nsk_wire_destroy(struct nsk_wire *wire)
{
	if (!wire)
		return;
	for (unsigned end = 0; end < 2; end++) {
		dir_fini(&wire->dir[end]);
		free(wire->scratch[end]);
	}
	free(wire);
}

int nsk_wire_set(struct nsk_wire *wire, unsigned direction, const struct nsk_wire_params *params)
{
	int rc = -EINVAL;

	if (direction < 2)
		rc = dir_set(&wire->dir[direction], params, wire->frame_max);
	if (rc) {
		errno = -rc;
		return -1;
	}
	dir_note(wire, &wire->dir[direction]);
	return 0;
}

void nsk_wire_link(struct nsk_wire *wire, bool up)
{
	uint32_t epoch = __atomic_load_n(&wire->epoch, __ATOMIC_RELAXED);

	while (((epoch & 1) == 0) != up &&
	       !__atomic_compare_exchange_n(&wire->epoch, &epoch, epoch + 1, true, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED))
		;
}

void nsk_wire_stats(const struct nsk_wire *wire, unsigned direction, struct nsk_wire_stats *stats)
{
	const struct wire_dir *d;

	memset(stats, 0, sizeof(*stats));
	if (direction > 1)
		return;
	d = &wire->dir[direction];
	stats->packets = counter_read(&d->sent.packets);
	stats->bytes = counter_read(&d->sent.bytes);
	stats->lost = counter_read(&d->sent.lost);
	stats->duplicated = counter_read(&d->sent.duplicated);
	stats->corrupted = counter_read(&d->sent.corrupted);
	stats->reordered = counter_read(&d->sent.reordered);
	stats->queue_full = counter_read(&d->sent.queue_full);
	stats->too_long = counter_read(&d->sent.too_long);
	stats->delivered = counter_read(&d->delivered);
	stats->cut = counter_read(&d->cut);
	stats->no_buffer = counter_read(&d->no_buffer);
	stats->marked = counter_read(&d->sent.marked);
}

void nsk_wire_tap(struct nsk_wire *wire, wire_tap_fn fn, void *arg)
{
	wire->tap_arg = arg;
	wire->tap = fn;
	for (unsigned i = 0; i < 2; i++)
		dir_note(wire, &wire->dir[i]);
}

void nsk_wire_stall(struct nsk_wire *wire, unsigned end, bool stalled)
{
	if (end > 1)
		return;
	wire->dir[end].stalled = stalled;
	dir_note(wire, &wire->dir[end]);
}

int wire_take(struct nsk_wire *wire, unsigned end)
{
	return __atomic_exchange_n(&wire->taken[end], true, __ATOMIC_ACQ_REL) ? -EBUSY : 0;
}

void wire_give(struct nsk_wire *wire, unsigned end)
{
	__atomic_store_n(&wire->taken[end], false, __ATOMIC_RELEASE);
}

/* ---- sending ------------------------------------------------------------------------------- */

static inline void frame_fill(struct frame *f, const struct rte_mbuf *m, uint32_t epoch)
{
	f->due_ns = 0;
	f->tag = WIRE_EPOCH(epoch);
	framebuf_flatten(m, f->data);
}

/* Fewer than queue_packets in both queues together, which are looked at anew only when it seems not
 * so. */
static bool dir_has_room(struct wire_dir *d)
{
	uint64_t limit = d->impair.p.queue_packets;

	return frameq_in_flight(&d->inorder, limit) + frameq_in_flight(&d->held, limit) < limit ||
	       frameq_in_flight(&d->inorder, 0) + frameq_in_flight(&d->held, 0) < limit;
}

/* Puts another copy of @f, which need not be committed, into @q. false: no room. */
static bool dir_add_copy(struct wire_dir *d, struct frameq *q, const struct frame *f,
			 uint64_t due_ns)
{
	struct frame *copy = dir_has_room(d) ? frameq_reserve(q, f->len) : NULL;

	if (!copy)
		return false;
	copy->due_ns = due_ns;
	copy->tag = f->tag;
	memcpy(copy->data, f->data, f->len);
	frameq_commit(q, copy);
	return true;
}

/*
 * Decides about a frame that is complete but not committed, and puts it where it belongs: nowhere,
 * into one of the queues, or twice.
 */
static void dir_impair(struct wire_dir *d, struct frame *f, uint64_t now_ns)
{
	struct frameq *q = &d->inorder;
	struct fate fate;

	impair_decide(&d->impair, now_ns, f->len, FRAME_ETH_LEN, &fate);
	if (fate.lost) {
		counter_add(fate.too_long ? &d->sent.too_long : &d->sent.lost, 1);
		return;
	}
	if (fate.corrupted) {
		f->data[FRAME_ETH_LEN + fate.bit / 8] ^= (uint8_t)(1U << (fate.bit % 8));
		counter_add(&d->sent.corrupted, 1);
	}
	f->due_ns = fate.due_ns;
	if (fate.held) {
		q = &d->held;
		if (!dir_add_copy(d, q, f, fate.due_ns)) {
			counter_add(&d->sent.queue_full, 1);
			return;
		}
		counter_add(&d->sent.reordered, 1);
	} else {
		frameq_commit(q, f);
	}
	/* A committed frame stays where it is, and its bytes too, until it is published. */
	if (fate.duplicated && dir_add_copy(d, q, f, fate.due_ns))
		counter_add(&d->sent.duplicated, 1);
}

void wire_send_one(struct nsk_wire *wire, struct wire_dir *d, uint64_t now_ns, struct rte_mbuf *m,
		   uint32_t epoch)
{
	struct frame *f = dir_has_room(d) ? wire_reserve(d, m) : NULL;
	uint8_t *tos = NULL;

	if (!f || impair_full(&d->impair, now_ns, m->pkt_len)) {
		counter_add(&d->sent.queue_full, 1);
		return;
	}
	frame_fill(f, m, epoch);
	if (impair_congested(&d->impair, now_ns)) {
		tos = ce_field(f->data, f->len, FRAME_ETH_LEN);
		if (tos && !ce_capable(tos)) {
			counter_add(&d->sent.queue_full, 1);
			return;
		}
	}
	counter_add(&d->sent.packets, 1);
	counter_add(&d->sent.bytes, m->pkt_len);
	if (wire->tap)
		wire->tap(wire->tap_arg, d == &wire->dir[1], now_ns, f->data, f->len);
	if (tos) {
		ce_mark(tos);
		counter_add(&d->sent.marked, 1);
	}
	if (d->impair.any)
		dir_impair(d, f, now_ns);
	else
		frameq_commit(&d->inorder, f);
}

static void dir_send_bad(struct nsk_wire *wire, struct wire_dir *d, uint64_t now_ns,
			 struct rte_mbuf **bufs, uint16_t n, uint32_t epoch,
			 struct wire_burst *done)
{
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = bufs[i];

		if (m->pkt_len > wire->frame_max || m->pkt_len == 0) {
			done->bad++;
			continue;
		}
		done->packets++;
		done->bytes += m->pkt_len;
		wire_send_one(wire, d, now_ns, m, epoch);
	}
	frameq_publish(&d->inorder);
	if (d->held.head)
		frameq_publish(&d->held);
}

static void dir_send_perfect(struct nsk_wire *wire, struct wire_dir *d, struct rte_mbuf **bufs,
			     uint16_t n, uint32_t epoch, struct wire_burst *done)
{
	uint64_t bytes = 0;
	uint16_t packets = 0;
	uint16_t full = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = bufs[i];
		struct frame *f;

		/* 0 wraps round and is too long as well. */
		if (NSK_UNLIKELY(m->pkt_len - 1 >= wire->frame_max)) {
			done->bad++;
			continue;
		}
		f = wire_reserve(d, m);
		if (NSK_UNLIKELY(!f)) {
			full++;
			continue;
		}
		packets++;
		bytes += f->len;
		/* Nobody sees it before it is published. */
		frameq_commit(&d->inorder, f);
		frame_fill(f, m, epoch);
	}
	frameq_publish(&d->inorder);
	counter_add(&d->sent.packets, packets);
	counter_add(&d->sent.bytes, bytes);
	if (NSK_UNLIKELY(full))
		counter_add(&d->sent.queue_full, full);
	done->bytes = bytes;
	done->packets = packets + full; /* as far as the port knows, it has sent them all */
}

/* Packets into a wire that is down. */
static void dir_lose(struct wire_dir *d, struct rte_mbuf **bufs, uint16_t n,
		     struct wire_burst *done)
{
	for (uint16_t i = 0; i < n; i++)
		done->bytes += bufs[i]->pkt_len;
	counter_add(&d->sent.packets, n);
	counter_add(&d->sent.bytes, done->bytes);
	counter_add(&d->sent.lost, n);
	done->packets = n;
}

uint16_t wire_send(struct nsk_wire *wire, unsigned end, uint64_t now_ns, struct rte_mbuf **bufs,
		   uint16_t n, struct wire_burst *done)
{
	struct wire_dir *d = &wire->dir[end];
	uint32_t epoch = __atomic_load_n(&wire->epoch, __ATOMIC_ACQUIRE);

	memset(done, 0, sizeof(*done));
	if (n == 0)
		return 0;
	if (NSK_UNLIKELY(d->special)) {
		if (d->stalled)
			return 0;
		if (epoch & 1)
			dir_lose(d, bufs, n, done);
		else if (wire->nic)
			wire_nic_send(wire, d, now_ns, bufs, n, epoch, done);
		else
			dir_send_bad(wire, d, now_ns, bufs, n, epoch, done);
	} else if (NSK_UNLIKELY(epoch & 1)) {
		dir_lose(d, bufs, n, done);
	} else {
		dir_send_perfect(wire, d, bufs, n, epoch, done);
	}
	bell_ring(&d->bell);
	framebuf_free(bufs, n);
	return n;
}

/* ---- receiving ----------------------------------------------------------------------------- */

/* Lets go of a frame that was on the wire when it went down. */
static void dir_drop_cut(struct wire_dir *d, struct frameq *q, const struct frame *f)
{
	counter_add(&d->cut, 1);
	frameq_pop(q, f);
}

/* A frame that is longer than a buffer's room, in a chain instead of m, which is freed; or NULL. */
static NSK_NOINLINE struct rte_mbuf *chain_instead(struct rte_mbuf *m, const struct frame *f)
{
	struct rte_mempool *pool = m->pool;

	rte_pktmbuf_free(m);
	return framebuf_make(pool, f->data, f->len);
}

/* The next frames into raw buffers, which become packets. */
static NSK_ALWAYS_INLINE void dir_fill(struct wire_dir *d, uint32_t room, struct rte_mbuf **bufs,
				       uint16_t n, bool nic, struct wire_burst *done)
{
	uint64_t bytes = 0;
	unsigned packets = 0;

	for (uint16_t i = 0; i < n; i++) {
		const struct frame *f = frameq_take(&d->inorder);
		struct rte_mbuf *m = bufs[i];
		uint32_t len = f->len;

		pkt_reset(m);
		if (NSK_LIKELY(len <= room))
			framebuf_fill(m, f->data, len);
		else if ((m = chain_instead(m, f)) == NULL)
			continue;
		if (nic)
			wire_nic_tell(f, m);
		bufs[packets++] = m;
		bytes += len;
	}
	done->packets = (uint16_t)packets;
	done->bytes = bytes;
	done->bad = (uint16_t)(n - packets);
}

/* Everything that is there, up to n: a direction without delays. */
static void dir_recv_now(struct wire_dir *d, struct rte_mempool *pool, uint32_t room,
			 struct rte_mbuf **bufs, uint16_t n, uint32_t epoch, bool nic,
			 struct wire_burst *done)
{
	uint64_t ready = frameq_ready(&d->inorder, n);
	uint16_t got;

	/* Frames of before the wire went down stand in front of all others. */
	while (ready &&
	       NSK_UNLIKELY(WIRE_EPOCH(frameq_peek(&d->inorder)->tag) != WIRE_EPOCH(epoch))) {
		dir_drop_cut(d, &d->inorder, frameq_peek(&d->inorder));
		ready = frameq_ready(&d->inorder, n);
	}
	if (ready == 0) {
		frameq_release(&d->inorder);
		return;
	}
	n = (uint16_t)NSK_MIN(ready, (uint64_t)n);
	got = framebuf_take(pool, bufs, n);
	if (NSK_UNLIKELY(nic))
		dir_fill(d, room, bufs, got, true, done);
	else
		dir_fill(d, room, bufs, got, false, done);
	for (; NSK_UNLIKELY(got < n); got++) {
		frameq_take(&d->inorder);
		done->bad++;
	}
	frameq_release(&d->inorder);
}

/* The queue whose head arrives first, *due_ns when; NULL: nothing on the way. */
static struct frameq *dir_first(struct wire_dir *d, uint64_t *due_ns)
{
	struct frameq *q = NULL;

	*due_ns = UINT64_MAX;
	if (frameq_ready(&d->inorder, 1)) {
		q = &d->inorder;
		*due_ns = frameq_peek(q)->due_ns;
	}
	/* At the same instant the one that was held back, and so sent first, comes first. */
	if (d->held.head && frameq_ready(&d->held, 1) && frameq_peek(&d->held)->due_ns <= *due_ns) {
		q = &d->held;
		*due_ns = frameq_peek(q)->due_ns;
	}
	return q;
}

static void dir_recv_due(struct wire_dir *d, uint64_t now_ns, struct rte_mempool *pool,
			 struct rte_mbuf **bufs, uint16_t n, uint32_t epoch,
			 struct wire_burst *done)
{
	uint64_t due_ns;

	while (done->packets < n) {
		struct frameq *q = dir_first(d, &due_ns);
		struct frame *f;

		if (!q || due_ns > now_ns)
			break;
		f = frameq_peek(q);
		if (WIRE_EPOCH(f->tag) != WIRE_EPOCH(epoch)) {
			dir_drop_cut(d, q, f);
			continue;
		}
		bufs[done->packets] = framebuf_make(pool, f->data, f->len);
		if (bufs[done->packets]) {
			done->packets++;
			done->bytes += f->len;
		} else {
			done->bad++;
		}
		frameq_pop(q, f);
	}
	frameq_release(&d->inorder);
	if (d->held.head)
		frameq_release(&d->held);
}

void wire_recv(struct nsk_wire *wire, unsigned end, uint64_t now_ns, struct rte_mempool *pool,
	       uint32_t room, struct rte_mbuf **bufs, uint16_t n, struct wire_burst *done)
{
	struct wire_dir *d = &wire->dir[end ^ 1];
	uint32_t epoch = __atomic_load_n(&wire->epoch, __ATOMIC_ACQUIRE);

	memset(done, 0, sizeof(*done));
	if (NSK_LIKELY(!d->timed))
		dir_recv_now(d, pool, room, bufs, n, epoch, wire->nic, done);
	else
		dir_recv_due(d, now_ns, pool, bufs, n, epoch, done);
	if (done->packets)
		counter_add(&d->delivered, done->packets);
	if (NSK_UNLIKELY(done->bad))
		counter_add(&d->no_buffer, done->bad);
}

uint64_t wire_next_ns(struct nsk_wire *wire, unsigned end)
{
	struct wire_dir *d = &wire->dir[end ^ 1];
	uint64_t due_ns;

	if (!d->timed)
		return frameq_ready(&d->inorder, 1) ? 0 : UINT64_MAX;
	dir_first(d, &due_ns);
	return due_ns;
}

/* ---- an end played by hand ----------------------------------------------------------------- */

int nsk_wire_send(struct nsk_wire *wire, unsigned end, uint64_t now_ns, const void *frame,
		  size_t len)
{
	/* A packet as far as a direction looks at one; nobody keeps or frees it. */
	struct rte_mbuf packet = {
		.buf_addr = (void *)(uintptr_t)frame,
		.nb_segs = 1,
		.data_len = (uint16_t)len,
		.pkt_len = (uint32_t)len,
	};
	struct rte_mbuf *m = &packet;
	struct wire_burst done = {0};
	uint32_t epoch = __atomic_load_n(&wire->epoch, __ATOMIC_ACQUIRE);

	if (end > 1 || len == 0 || len > UINT16_MAX || len > wire->frame_max) {
		errno = end > 1 || len == 0 ? EINVAL : EMSGSIZE;
		return -1;
	}
	if (epoch & 1)
		dir_lose(&wire->dir[end], &m, 1, &done);
	else
		dir_send_bad(wire, &wire->dir[end], now_ns, &m, 1, epoch, &done);
	bell_ring(&wire->dir[end].bell);
	return 0;
}

size_t nsk_wire_receive(struct nsk_wire *wire, unsigned end, uint64_t now_ns, void *buf,
			size_t size)
{
	struct wire_dir *d = &wire->dir[end ^ 1];
	uint32_t epoch = __atomic_load_n(&wire->epoch, __ATOMIC_ACQUIRE);
	struct frameq *q;
	uint64_t due_ns;
	size_t len = 0;

	while (len == 0 && (q = dir_first(d, &due_ns)) != NULL && due_ns <= now_ns) {
		struct frame *f = frameq_peek(q);

		if (WIRE_EPOCH(f->tag) != WIRE_EPOCH(epoch)) {
			dir_drop_cut(d, q, f);
			continue;
		}
		len = f->len;
		memcpy(buf, f->data, NSK_MIN(len, size));
		counter_add(&d->delivered, 1);
		frameq_pop(q, f);
	}
	frameq_release(&d->inorder);
	if (d->held.head)
		frameq_release(&d->held);
	return len;
}

uint64_t nsk_wire_next(struct nsk_wire *wire, unsigned end)
{
	return wire_next_ns(wire, end);
}
