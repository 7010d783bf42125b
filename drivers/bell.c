/* SPDX-License-Identifier: BSD-3-Clause */
/* The bell of an in-process port; see bell.h. */
#include "bell.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

void bell_fini(struct bell *b)
{
	if (b->made)
		close(b->fd);
	b->made = 0;
}

/* A full fence in every thread of the process; 0 or less. */
static long fence_all(void)
{
	long rc = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);

	return rc < 0 ? rc : syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

int bell_fd(struct bell *b)
{
	int fd, saved = errno;

	if (__atomic_load_n(&b->made, __ATOMIC_ACQUIRE))
		return b->broken ? -1 : b->fd;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -1;
	b->fd = fd;
	__atomic_store_n(&b->made, 1, __ATOMIC_RELEASE);
	if (fence_all() < 0) {
		b->broken = true;
		errno = saved;
	}
	return -1;
}

void bell_arm(struct bell *b)
{
	__atomic_store_n(&b->armed, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Whoever has taken the arm off may still be about to write: then the next sleep is none. */
void bell_disarm(struct bell *b)
{
	eventfd_t count;
	int saved = errno;

	__atomic_store_n(&b->armed, 0, __ATOMIC_RELAXED);
	if (__atomic_load_n(&b->made, __ATOMIC_ACQUIRE) && eventfd_read(b->fd, &count) < 0)
		errno = saved; /* it was not rung */
}

void bell_ring_armed(struct bell *b)
{
	int saved = errno;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&b->armed, __ATOMIC_RELAXED) ||
	    !__atomic_exchange_n(&b->armed, 0, __ATOMIC_ACQ_REL))
		return;
	/* made was seen, perhaps without the descriptor behind it */
	(void)__atomic_load_n(&b->made, __ATOMIC_ACQUIRE);
	if (eventfd_write(b->fd, 1) < 0)
		errno = saved; /* it rings already */
}
