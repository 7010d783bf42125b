/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a worker does while its thread waits and there is no work (idle.mode): it goes on turning
 * (busy), goes to sleep when there has been none for a while (adaptive), or at once (sleep).
 *
 * It sleeps in the kernel's poll(), on its bell, which other threads ring after they have given it
 * a call or a packet, and on the descriptors of its ports' queues. A port without such a descriptor
 * wakes nobody: then a sleep lasts idle.sleep_us at most. Under a clock of the caller's nobody
 * sleeps.
 *
 * No wake-up is lost: the worker says that it sleeps and then looks for work once more; who gives
 * it work looks for the sleeper afterwards. Between the two stands a full fence on either side.
 * Ports that wake only who has asked for it (rx_arm()) do the same with what they receive. One that
 * cannot tell what came before has it polled first: all stay armed for another turn, and then,
 * unless that found work, they are asked again.
 * Work is also the word of a call that waits, in this thread, for a socket of another worker.
 */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <rte_pause.h>

#include "stack/route_change.h"
#include "stack/stack.h"

#define NS_PER_SEC UINT64_C(1000000000)
#define NS_PER_US  UINT64_C(1000)
#define LEAST_NS   (5 * NS_PER_US)     /* a shorter sleep costs more than it saves */
#define LONGEST_NS (10000 * NS_PER_US) /* levels are published and links looked at meanwhile */
#define OTHER_FDS  2		       /* the bell, the caller's */
#define FINE_SLACK 1UL		       /* ns */

void idle_init(struct run_worker *r)
{
	r->idle.bell = -1;
	r->idle.longest_ns = LONGEST_NS;
}

void idle_fini(struct run_worker *r)
{
	if (r->idle.bell >= 0)
		close(r->idle.bell);
}

/* Made when it is first needed: many stacks never sleep. */
static bool has_bell(struct run_worker *r)
{
	if (r->idle.bell < 0)
		__atomic_store_n(&r->idle.bell, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
				 __ATOMIC_RELEASE);
	return r->idle.bell >= 0;
}

void idle_ring(struct run_worker *r)
{
	static const eventfd_t one = 1;
	int saved = errno;

	if (write(__atomic_load_n(&r->idle.bell, __ATOMIC_ACQUIRE), &one, sizeof(one)) < 0)
		errno = saved; /* it rings already */
}

struct nap {
	struct pollfd fds[2 * IFACE_MAX + OTHER_FDS]; /* ports, twins, others */
	const struct rx_source *armed[IFACE_MAX];     /* those that are to be told that it comes */
	nfds_t n;
	unsigned twin, ntwins; /* which of them are twins' */
	unsigned narmed;
	bool all; /* each port has a descriptor */
};

static void look_at_ports(const struct run_worker *r, struct nap *nap)
{
	nap->n = 0;
	nap->narmed = 0;
	nap->all = true;
	for (unsigned i = 0; i < r->nsources; i++) {
		const struct rx_source *from = &r->source[i];
		struct port *port = from->ifc->port;
		int fd = -1;

		if (!iface_running(from->ifc))
			continue;
		if (port->ops->rx_fd)
			fd = port->ops->rx_fd(port, from->queue);
		nap->all &= fd >= 0;
		if (fd < 0)
			continue;
		nap->fds[nap->n++] = (struct pollfd){.fd = fd, .events = POLLIN};
		if (port->ops->rx_arm)
			nap->armed[nap->narmed++] = from;
	}
	nap->twin = (unsigned)nap->n;
	nap->ntwins = r->twins ? twins_fds(r, &nap->fds[nap->n]) : 0;
	nap->n += nap->ntwins;
}

/* What the kernel has sent is not left waiting until the worker happens to look. */
static void look_at_twins(struct run_worker *r, const struct nap *nap)
{
	for (unsigned i = 0; i < nap->ntwins; i++)
		if (nap->fds[nap->twin + i].revents)
			r->pub.next_ns = r->w.now_ns;
}

/* Packets that come from now on wake the worker; true if none has come already, or might have. */
static bool arm(const struct nap *nap)
{
	bool quiet = true;

	for (unsigned i = 0; i < nap->narmed; i++) {
		struct port *port = nap->armed[i]->ifc->port;

		quiet &= port->ops->rx_arm(port, nap->armed[i]->queue);
	}
	return quiet;
}

void idle_disarm(struct run_worker *r)
{
	r->idle.armed = false;
	for (unsigned i = 0; i < r->nsources; i++) {
		const struct rx_source *from = &r->source[i];
		struct port *port = from->ifc->port;

		if (iface_running(from->ifc) && port->ops->rx_disarm)
			port->ops->rx_disarm(port, from->queue);
	}
}

/* The kernel rounds sleeps up by 50 us unless it is told not to. */
static void ask_for_fine_timer(struct run_worker *r)
{
	if (r->idle.fine_timer || !r->ours)
		return;
	prctl(PR_SET_TIMERSLACK, FINE_SLACK, 0, 0, 0);
	r->idle.fine_timer = true;
}

/* Asked once more between the word that the worker sleeps and its sleep. */
static bool has_work(const struct run_worker *r, const uint32_t *word)
{
	return steer_waiting(r) || r->batched || !rte_ring_empty(r->call_ring) ||
	       nsk_stopping(r->stack) ||
	       r->ifaces_generation != net_snapshot_generation(&r->stack->snap) ||
	       __atomic_load_n(&r->w.zc_returned, __ATOMIC_RELAXED) ||
	       (word && __atomic_load_n(word, __ATOMIC_RELAXED));
}

/* Until then at most, if nothing has come; the descriptors tell what ended it. */
static void sleep_until(const struct run_worker *r, struct nap *nap, uint64_t until_ns)
{
	uint64_t ns = until_ns - r->w.now_ns;
	struct timespec ts;

	ns = NSK_MIN(ns,
		     nap->all ? r->idle.longest_ns : SETTING(r->w.set, idle_sleep_us) * NS_PER_US);
	ts = (struct timespec){(time_t)(ns / NS_PER_SEC), (long)(ns % NS_PER_SEC)};
	ppoll(nap->fds, nap->n, &ts, NULL);
}

/* What ports have since the last turn, loop_next_ns() tells: so it is asked after they were armed.
 */
static void nap(struct run_worker *r, uint64_t until_ns, int kernel_fd, const uint32_t *word)
{
	struct nap nap;
	struct pollfd *bell;
	eventfd_t count;
	bool soon; /* there is something to do, or might be */

	look_at_ports(r, &nap);
	bell = &nap.fds[nap.n];
	nap.fds[nap.n++] = (struct pollfd){.fd = r->idle.bell, .events = POLLIN};
	nap.fds[nap.n++] = (struct pollfd){.fd = kernel_fd, .events = POLLIN};
	ask_for_fine_timer(r);
	__atomic_store_n(&r->idle.asleep, 1, __ATOMIC_RELEASE);
	soon = !arm(&nap);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	until_ns = NSK_MIN(until_ns, loop_next_ns(&r->w));
	if (stack_routes_news(r->stack))
		until_ns = NSK_MIN(until_ns, NSK_MAX(r->pub.routes_ns, r->pub.next_ns));
	soon |= until_ns <= r->w.now_ns + LEAST_NS;
	if (!soon && !has_work(r, word))
		sleep_until(r, &nap, until_ns);
	__atomic_store_n(&r->idle.asleep, 0, __ATOMIC_RELAXED);
	r->idle.armed = true;
	if (!soon)
		idle_disarm(r);
	look_at_twins(r, &nap);
	if (bell->revents)
		eventfd_read(r->idle.bell, &count);
}

void idle_wait(struct nsk_worker *w, uint64_t until_ns, int kernel_fd, const uint32_t *word)
{
	struct run_worker *r = run_of(w);
	uint32_t mode = SETTING(w->set, idle_mode);
	uint64_t spin_ns = mode == IDLE_SLEEP ? 0 : SETTING(w->set, idle_spin_us) * NS_PER_US;

	if (w->busy || mode == IDLE_BUSY || r->stack->clock.fn) {
		r->idle.since_ns = w->now_ns;
		if (r->idle.armed)
			idle_disarm(r);
		return;
	}
	if (w->now_ns - r->idle.since_ns < spin_ns) {
		rte_pause();
		return;
	}
	if (NSK_MIN(until_ns, loop_next_ns(w)) > w->now_ns + LEAST_NS && has_bell(r))
		nap(r, until_ns, kernel_fd, word);
}
