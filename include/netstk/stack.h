/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file stack.h
 * @brief Life of a stack: create, run its workers, stop, destroy.
 *
 * A stack is an object. A process may hold any number of them; they share nothing but DPDK's EAL
 * and the numbers of their descriptors. A stack owns workers (one a core), ports and interfaces.
 *
 * There are three ways to run the workers of a stack:
 *
 * - nsk_launch(): the library makes one thread for each worker, pins it and calls a function of
 * yours in it. In that function you use sockets and nsk_epoll_wait() as in any epoll server.
 * - nsk_attach(): the calling thread itself becomes the worker's thread.
 * - nsk_turn(): nobody owns the workers; the caller runs one turn of all of them whenever it likes,
 * on the clock that it brought. This is how simulators, test suites and embedders run it.
 */
#ifndef NETSTK_STACK_H
#define NETSTK_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include <netstk/config.h>
#include <netstk/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A stack: workers, ports, interfaces, connections. Opaque. */
struct nsk_stack;

/** Value of a deadline that never comes. */
#define NSK_NEVER UINT64_MAX

/**
 * @brief Build a stack from a configuration and bring its interfaces up.
 *
 * Everything is allocated here or nothing is: on failure each step already taken is undone and the
 * reason stands in nsk_config_error(config), for the caller to say, and in the log from level info
 * on.
 *
 * @param config read only during the call (except for its error text); may be freed or used again
 * afterwards
 * @param[out] stack the new stack; the caller owns it and ends it with nsk_stack_destroy()
 * @return 0, or -1 with errno (EINVAL what is configured cannot be, ENODEV no such device: with
 * these two a program should end with status 2, as another start would not help; ENOMEM, EBUSY EAL
 * already runs with other arguments, EIO no randomness from the kernel and no seed configured,
 * ENFILE more than 4096 stacks in the process, or what the device said)
 */
NSK_API int nsk_stack_create(struct nsk_config *config, struct nsk_stack **stack);

/**
 * @brief End a stack: stop and join launched workers, close every socket, stop the ports, free
 * everything.
 *
 * Descriptors of the stack are closed. Other threads may be in a call on one of them, even asleep:
 * such a call fails with ESHUTDOWN (or is done yet), later ones with EBADF, and memory is freed
 * when the last one is out. What takes the stack itself (nsk_turn(), nsk_iface_set() …) must not
 * come at the same time or later.
 *
 * A worker that the calling thread has attached is given back, a stack that it has entered is left.
 * In other threads that have entered it nsk_socket() and the like fail with ENXIO from now on.
 * @param stack may be NULL
 * @return 0, or -1 with errno EBUSY and the stack lives on: another thread has attached one of its
 * workers (nsk_detach() there first), or this was called in a function of nsk_launch() or inside a
 * turn, that is in a callback; EPERM in a child made by fork()
 */
NSK_API int nsk_stack_destroy(struct nsk_stack *stack);

/** @brief Number of workers of a stack. */
NSK_API unsigned nsk_stack_workers(const struct nsk_stack *stack);

/**
 * @brief Start one thread for each worker, pinned to the worker's core, and run a function in each.
 *
 * The function's thread has entered the stack: nsk_socket() and the like act on its own worker.
 *
 * When not every thread can be made, those that run already are told to end, as by nsk_stop(), and
 * joined. The stack is then as it was before the call, apart from what the function did in them: it
 * can be launched again, turned or attached.
 * @return 0, or -1 with errno (EINVAL; EBUSY: a worker already has a thread; what pthread_create()
 * says)
 */
NSK_API int nsk_launch(struct nsk_stack *stack, int (*fn)(void *arg), void *arg);

/**
 * @brief Wait until each function started by nsk_launch() has returned.
 * @return the first result that is not 0, else 0; or -1 with errno EDEADLK in one of those
 * functions
 */
NSK_API int nsk_join(struct nsk_stack *stack);

/**
 * @brief Ask every worker to end: blocking calls and nsk_epoll_wait() fail with ESHUTDOWN from now
 * on.
 *
 * Async-signal-safe, so that a SIGINT handler may call it. Sockets stay until they are closed.
 */
NSK_API void nsk_stop(struct nsk_stack *stack);

/**
 * @brief Say that the stack is to get no new work, or that it may again.
 *
 * Nothing else changes: connections go on, and new ones are still taken. But `nskctl health` says
 * "draining" and fails, by which whoever leads traffic here (a routing daemon, a balancer) is told
 * to lead it elsewhere; when no connection is left the program may end. Any thread may call, and
 * `nskctl drain`.
 */
NSK_API void nsk_drain(struct nsk_stack *stack, bool drain);

/** @brief Whether the stack is draining: an application may stop keeping connections alive. */
NSK_API bool nsk_draining(const struct nsk_stack *stack);

/** @brief True once nsk_stop() was called. */
NSK_API bool nsk_stopping(const struct nsk_stack *stack);

/**
 * @brief Make the calling thread the thread of worker @p index.
 * @return 0, or -1 with errno (EINVAL no such worker, EBUSY it has a thread or the thread has a
 * worker)
 */
NSK_API int nsk_attach(struct nsk_stack *stack, unsigned index);

/**
 * @brief Give the worker of the calling thread back.
 *
 * A thread must do so before it ends: a worker that is attached keeps the stack from being
 * destroyed.
 * @return 0, or -1 with errno EINVAL when it has attached none
 */
NSK_API int nsk_detach(void);

/**
 * @brief Name the stack that nsk_socket() and other calls without a descriptor act on in this
 * thread.
 *
 * Worker threads are in their own stack already. NULL leaves. When the stack is destroyed, such
 * calls fail with ENXIO.
 * @return 0, or -1 with errno EBUSY when the thread is a worker's
 */
NSK_API int nsk_enter(struct nsk_stack *stack);

/** @brief Index of the calling thread's worker in its stack, or -1. */
NSK_API int nsk_worker_index(void);

/**
 * @brief Run one turn of every worker that has no thread of its own: receive, process, timers,
 * transmit.
 *
 * @return the time of the stack's clock, in ns, when the next turn has something to do unless a
 * packet or a socket call comes first; #NSK_NEVER when nothing is pending. At or before the stack's
 * present time: run again now. What another stack sends over a wire (nsk_wire) comes after this was
 * told: under a clock of your own turn all stacks again until the earliest of their times is later
 * than now, and only then let time go by.
 */
NSK_API uint64_t nsk_turn(struct nsk_stack *stack);

/** What a stack runs short of, for tests of what is built on it; all zero: of nothing. */
struct nsk_shortage {
	uint64_t memory_at;    /**< the Nth allocation of memory from now on fails; 0: none */
	uint64_t memory_every; /**< and each so many after it; 0: only that one */
	uint64_t buffer_at;    /**< the Nth packet buffer that is asked for is refused; 0: none */
	uint64_t buffer_every; /**< and each so many after it; 0: only that one */
	bool no_buffers; /**< packet buffers that are free now are withheld, but for a small reserve
			    of acknowledgments; until a call without */
};

/**
 * @brief Make a stack run short of memory or packet buffers, for each of its workers, from now on;
 * a call takes the place of the one before.
 *
 * Everything that then fails is something that may fail in earnest. Where no thread runs a worker
 * (nsk_turn()), so that the same call of the same run fails each time.
 * @return 0, or -1 with errno (EINVAL; EBUSY: a worker has a thread; EPERM: in a child made by
 * fork())
 */
NSK_API int nsk_starve(struct nsk_stack *stack, const struct nsk_shortage *shortage);

/** @brief The time of the stack's clock in ns, read now. */
NSK_API uint64_t nsk_now(const struct nsk_stack *stack);

/**
 * @brief Change a setting while the stack runs, by its name or by Linux's ("net.ipv4.tcp_sack").
 *
 * From any thread. What is begun already may go on by the old value, where docs/CONFIG.md says so.
 * @return 0, or -1 with errno (ENOENT no such setting, EINVAL, ERANGE, EPERM: it is read when the
 * stack is created, see nsk_setting_info()); the log says what is allowed
 */
NSK_API int nsk_set(struct nsk_stack *stack, const char *key, const char *value);

/**
 * @brief The value of a setting as it is now, as text, ended by 0; by a name of Linux's as Linux
 * writes it ("1", where by ours it is "true").
 * @return its length without the 0, also if that is more than @p size holds, or -1 with errno
 * (ENOENT, EINVAL)
 */
NSK_API int nsk_get(const struct nsk_stack *stack, const char *key, char *value, size_t size);

/** Kinds of nsk_epoll-independent events of a stack, see nsk_config_events(). */
enum nsk_event_type {
	NSK_EVENT_IFACE_STATE, /**< an interface changed its state: @ref nsk_iface_state in value */
	NSK_EVENT_LINK,	       /**< link of a port went up (1) or down (0) */
};

/** Life of an interface; it only ever moves to the next one, round and round. */
enum nsk_iface_state {
	NSK_IFACE_DISABLED = 0,
	NSK_IFACE_ENABLING,
	NSK_IFACE_ENABLED,
	NSK_IFACE_DISABLING,
};

/** One event. */
struct nsk_event {
	enum nsk_event_type type; /**< what happened */
	const char *iface;	  /**< interface name, valid during the call */
	int value;		  /**< by type */
};

/** Called by the thread that caused or found the event; must not call into the stack. */
typedef void (*nsk_event_fn)(void *arg, const struct nsk_event *event);

/** Facts of one interface, see nsk_iface_info(). */
struct nsk_iface_info {
	char name[32];	  /**< as in routes and nskctl */
	char device[256]; /**< how the device was named */
	char driver[32];  /**< port driver, for DPDK devices with the PMD's name after a colon */
	enum nsk_iface_state state; /**< of its life */
	bool link_up;		    /**< the port has a peer */
	bool ethernet;		    /**< false: raw IP packets, no ARP */
	uint8_t mac[6];		    /**< own link address, zero without Ethernet */
	uint32_t mtu;		    /**< bytes of IP packet */
	uint32_t rx_queues;	    /**< receive queues in use */
	uint32_t tx_queues;	    /**< transmit queues in use */
	bool primary;  /**< the default route leads here; without one: the first interface */
	bool loopback; /**< it is "lo", which leads to this stack itself; the last one */
};

/** @brief Facts of interface number @p index. @return 0, or -1 with errno ENOENT, EPERM (in a
 * child) */
NSK_API int nsk_iface_info(const struct nsk_stack *stack, unsigned index,
			   struct nsk_iface_info *info);

/**
 * @brief Take an interface up or down while the stack runs.
 *
 * From any thread, but not from a callback; several at once wait for each other. Waits until no
 * worker uses an interface that goes down.
 * @return 0, also when it was so already; or -1 with errno (EINVAL, ENOENT, EIO)
 */
NSK_API int nsk_iface_set(struct nsk_stack *stack, const char *name, bool up);

#ifdef __cplusplus
}
#endif
#endif
