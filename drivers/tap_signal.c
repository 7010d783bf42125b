/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net_tap receives when a real-time signal has told it to: it asks the kernel for one with each
 * packet, sent to the process, which means to its main thread as a rule. There the signal cuts
 * short whatever that thread waits in, a blocking call of ours with EINTR as well. Here it is sent
 * to EAL's interrupt thread, which goes on after it.
 *
 * That one thread takes them all has two more effects. The driver's handler counts without a lock:
 * in two threads at once it could count back to what a queue has seen, and a packet would wait for
 * the next one. And where the queue of signals is full the kernel sends SIGIO instead, which ends
 * a process, but is blocked in EAL's threads (lib/stack/eal.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <rte_alarm.h>
#include <rte_ethdev.h>

#include "quirks.h"
#include "tap_kernel.h"

struct move {
	uint16_t port, rx_queues;
	int rc;
	sem_t done;
};

/* The calling thread gets the signals of this descriptor; 0 or -errno. */
static int take_signals_of(int fd)
{
	const struct f_owner_ex me = {.type = F_OWNER_TID, .pid = gettid()};
	int number = fcntl(fd, F_GETSIG);
	sigset_t set;

	if (number < 0)
		return -errno;
	if (number == 0)
		return 0; /* the driver found none that was free, and looks without being told */
	sigemptyset(&set);
	sigaddset(&set, number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	return fcntl(fd, F_SETOWN_EX, &me) ? -errno : 0;
}

/* In EAL's interrupt thread. */
static void take_signals(void *arg)
{
	struct move *m = arg;

	for (uint16_t q = 0; q < m->rx_queues && m->rc == 0; q++) {
		int fd = rte_eth_dev_rx_intr_ctl_q_get_fd(m->port, q);

		m->rc = fd < 0 ? -ENOTSUP : take_signals_of(fd);
	}
	sem_post(&m->done);
}

void started_tun(uint16_t port, uint16_t rx_queues, const struct log *log)
{
	struct move m = {.port = port, .rx_queues = rx_queues};

	sem_init(&m.done, 0, 0);
	m.rc = rte_eal_alarm_set(1, take_signals, &m);
	if (m.rc == 0)
		while (sem_wait(&m.done) && errno == EINTR)
			;
	sem_destroy(&m.done);
	if (m.rc)
		LOG_WARN(log, "ethdev", "port %u: its signals may interrupt calls: %s", port,
			 strerror(-m.rc));
}

void started_tap(uint16_t port, uint16_t rx_queues, const struct log *log)
{
	int rc = tap_kernel_mac(port);

	if (rc)
		LOG_WARN(log, "ethdev", "port %u: no MAC of its own for the kernel's side: %s",
			 port, strerror(-rc));
	started_tun(port, rx_queues, log);
}
