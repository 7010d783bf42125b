/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stack from inside: what it owns, and what the loop keeps for each worker.
 */
#ifndef NSK_STACK_STACK_H
#define NSK_STACK_STACK_H

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ring.h>

#include <netstk/counters.h>
#include <netstk/stack.h>

#include "base/log.h"
#include "base/settings.h"
#include "mbuf/shared.h"
#include "mbuf/worker.h"
#include "net/iface.h"
#include "net/rss.h"
#include "stack/clock.h"
#include "stack/config.h"

struct capture;
struct ctl;
struct mirror;

#define STACK_CAPTURES_MAX 4 /* at once */

/* One port queue that a worker polls. */
struct rx_source {
	struct iface *ifc;
	uint16_t queue;
};

/* What a worker does while it has nothing to do; idle.c. */
struct idle {
	uint64_t since_ns;   /* [W] of the last turn with work */
	uint64_t longest_ns; /* [C] a sleep that others end */
	uint32_t asleep;     /* [A] whoever gives it work rings */
	int bell;	     /* [A] eventfd, there when it first sleeps; -1: not yet */
	bool armed;	     /* [W] ports were told of a sleep that has not been yet */
	bool fine_timer;     /* [W] the thread was asked to sleep no longer than it says */
};

/* Counters and levels as the worker published them last; read by any thread. */
struct published {
	uint64_t next_ns;   /* [W] when to publish again */
	uint64_t watch_ns;  /* [W] when to look at the links again */
	uint64_t routes_ns; /* [W] when to tell of changed routes again */
	uint64_t level[sizeof(struct nsk_levels) / sizeof(uint64_t)]; /* [A] */
};

#define STEER_BURST 32

/* Packets for one other worker, which go to its ring together. */
struct steer_batch {
	unsigned n;
	struct rte_mbuf *m[STEER_BURST];
};

/* call.c: an operation that a worker runs for another thread. */
struct call {
	int (*fn)(void *arg);
	void *arg;
	int result;
	uint32_t done; /* [A] enum call_state; futex word */
	bool given_up; /* [A] */
};

/* What lib/stack keeps per worker, in one piece with the worker itself. */
struct run_worker {
	struct nsk_worker w;		    /* first: run_of() */
	struct nsk_stack *stack;	    /* [C] */
	struct mem mem;			    /* [W] */
	unsigned nsources;		    /* [W] */
	bool twins;			    /* [C] of worker 0: interfaces have some, twin.c */
	struct rx_source source[IFACE_MAX]; /* the last is lo's while it holds packets */
	struct rte_ring *steer_ring;	    /* packets from other workers, NULL with one worker */
	struct rte_ring
		*tx_ring; /* frames for ports whose queue this worker owns, NULL with one worker */
	struct rte_ring *call_ring; /* struct call: operations from other threads */
	struct call tick;	    /* [C] of worker 0: its net_tick(), */
	bool tick_asked;	    /* [A] and whether that is on its way */
	bool announced[IFACE_MAX];  /* [W] addresses were announced since the interface and its link
				       came up */
	uint32_t link_returns[IFACE_MAX]; /* [W] of which neighbours were asked */
	uint32_t ifaces_generation;	  /* [W] of the snapshot that was looked at for both */
	uint32_t routes_passed;		  /* [A] generation of the snapshot, see route_change.h */
	unsigned ncaptures;		  /* [W] that are running, capture.h */
	struct capture *capture[STACK_CAPTURES_MAX]; /* [W] */
	struct published pub;
	struct idle idle;
	struct clock_reader reader; /* [W] */
	uint64_t turn_ns;	    /* [W] when the present turn began, or the worker did */
	int cpu;		    /* [C] -1: not pinned */
	int numa_node;		    /* [C] of its memory, -1: any */
	pthread_t thread;	    /* [C] while launched */
	bool launched;
	int lender;	 /* [W] what owner_tid was before worker_borrow() */
	bool registered; /* this worker's thread was registered with EAL by us */
	bool ours;	 /* [W] that thread is one of nsk_launch() */
	int result;
	size_t mapping_size;	    /* [C] of the memory this struct lies in */
	struct mem_ops node_ops;    /* [C] memory on numa_node */
	unsigned protocols;	    /* [C] how many rows of worker.c's table are up */
	bool woken;		    /* [W] sleepers were told that the stack is stopping */
	unsigned batched;	    /* [W] packets in batches */
	struct steer_batch batch[]; /* [W] one for each worker of the stack */
};

enum stop_reason {
	STOP_ASKED = 1 << 0,  /* nsk_stop() */
	STOP_LAUNCH = 1 << 1, /* nsk_launch() failed: until those that it had started have ended */
};

struct nsk_stack {
	struct settings set;	  /* [C], live ones [A] */
	pthread_mutex_t set_lock; /* whoever changes live ones */
	bool merges;		  /* [C] ports may hand segments over put together */
	struct mem mem;		  /* of what is not one worker's; only while building */
	struct log log;		  /* [C] */
	struct clock clock;	  /* [C] */
	uint64_t seed;		  /* [C] */
	struct stack_shared shared;
	struct rss rss;	   /* [C] which worker owns a flow */
	unsigned id;	   /* [C] for names of pools and rings */
	unsigned nworkers; /* [C] */
	struct run_worker *worker[CONFIG_WORKERS_MAX];
	unsigned nifaces;	       /* [C] */
	struct iface iface[IFACE_MAX]; /* the last is lo */
	struct config_device
		device[IFACE_DEVICES_MAX]; /* [C] what each was made from, for reports */
	struct net_snapshot snap;	   /* [S] */
	struct route_table *routes;	   /* [S], changed in place: route_change.h */
	struct mem routes_mem;		   /* of whoever has the lock */
	pthread_mutex_t routes_lock;	   /* whoever changes them */
	uint32_t routes_news;		   /* [A] enum stack_routes_news */
	unsigned stopping;		   /* [A] enum stop_reason */
	bool draining;			   /* [A] nsk_drain() */
	int place;			   /* [C] of sock_enter(); 0: threads cannot enter it */
	bool iface_lock; /* [A] one at a time changes interfaces, see iface_api.c */
	void (*event_fn)(void *arg, const struct nsk_event *event);
	void *event_arg;
	int (*launch_fn)(void *arg);
	void *launch_arg;
	struct mirror *mirror[IFACE_MAX];	     /* by interface, NULL: none */
	struct ctl *ctl;			     /* control socket's thread, NULL: none */
	struct capture *capture[STACK_CAPTURES_MAX]; /* [A] that thread's */
};

/*
 * tune.c: changes a live setting, from any thread; -errno as settings_set(), or -EPERM: it is read
 * at the start alone; with a text.
 */
int stack_set(struct nsk_stack *stack, const char *key, const char *value, char *error,
	      size_t size);

static inline struct run_worker *run_of(struct nsk_worker *w)
{
	return (struct run_worker *)w;
}

/* stack.c: ports with a pool and nothing above them, for raw.c. 0 or -errno with a text in config.
 */
int stack_build_ports(struct nsk_config *config, uint32_t buffers, struct nsk_stack **out);
void stack_free_ports(struct nsk_stack *stack);

/* loop.c: the table of calls upward that every worker has. */
extern const struct worker_ops loop_ops;
/* One turn in the order of nsk_turn(): receive, process, timers, output, transmit. */
void loop_turn(struct run_worker *r);
/* What a turn does when an interface or an address has changed. */
void loop_look_at_ifaces(struct run_worker *r);
/* When the worker has something to do next. */
uint64_t loop_next_ns(struct nsk_worker *w);

/* idle.c */
void idle_init(struct run_worker *r);
void idle_fini(struct run_worker *r);
/* worker_ops.idle */
void idle_wait(struct nsk_worker *w, uint64_t until_ns, int kernel_fd, const uint32_t *word);
/* Ports that were told of a sleep are told that there is none: there is work. */
void idle_disarm(struct run_worker *r);
/* Slow half of idle_wake(). Async-signal-safe. */
void idle_ring(struct run_worker *r);

/* After something was put where the worker will find it. */
static inline void idle_wake(struct run_worker *r)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (NSK_UNLIKELY(__atomic_load_n(&r->idle.asleep, __ATOMIC_ACQUIRE)))
		idle_ring(r);
}

/* thread.c: takes a worker that no thread runs for a moment; false when somebody has it. */
bool worker_borrow(struct run_worker *r);
/* The same, but waits for others who only borrow it; false when a thread runs it, or the calling
 * one has it already. */
bool worker_take(struct run_worker *r);
/* Gives it back, and serves who has come meanwhile and may sleep over it. */
void worker_return(struct run_worker *r);
/*
 * Stops the stack, joins what was launched, makes every worker the calling thread's, which runs
 * none of them any more. -EBUSY: another thread runs one, or the calling thread is in a turn or in
 * a function of nsk_launch(); then nothing has changed.
 */
int stack_seize(struct nsk_stack *stack);

/* worker.c */
int worker_create(struct nsk_stack *stack, unsigned index, struct nsk_config *config,
		  struct run_worker **out);
void worker_destroy(struct run_worker *r);
/* Frees what other workers handed over, while the pools that it came from are all there. */
void worker_drain(struct run_worker *r);
/* Pools need to know the ports first: buffers of worker index for these ports. */
int worker_create_pool(struct run_worker *r, struct nsk_config *config, bool device_memory);
/* Protocols of a worker, once interfaces and routes are there. */
int worker_start(struct run_worker *r, struct nsk_config *config);
void worker_quiesce(struct run_worker *r);
void worker_stop(struct run_worker *r);

/* lo.c: the loopback interface, behind all others. */
int lo_up(struct nsk_stack *stack, struct nsk_config *config);
void lo_down(struct nsk_stack *stack);
/* Drops what waits in it for this worker. */
void lo_purge(struct nsk_worker *w);
/* How many interfaces there are without it. */
static inline unsigned stack_nlinks(const struct nsk_stack *stack)
{
	return stack->nifaces && stack->iface[stack->nifaces - 1].loopback ? stack->nifaces - 1
									   : stack->nifaces;
}

/* "eth0, eth1, lo", as long as there is room. */
const char *stack_iface_names(const struct nsk_stack *stack, char *text, size_t size);

/* routes.c: the table of routes of a stack whose interfaces are open. */
int stack_routes_up(struct nsk_stack *stack, struct nsk_config *config);
/* config_idle.c: warns of what does nothing as the rest is. */
void config_warn_idle(const struct nsk_stack *stack, const struct nsk_config *config);
void stack_routes_down(struct nsk_stack *stack);

/* iface_open.c: an interface from what the configuration says of a device; 0 or -errno. */
int iface_open(struct nsk_stack *stack, struct nsk_config *config, unsigned index);
void iface_close(struct nsk_stack *stack, unsigned index);

/* iface_life.c: states of interfaces; 0 or -errno. */
/* How many packet buffers a worker's receive rings of this port hold. */
uint32_t iface_rx_buffers(const struct nsk_stack *stack, const struct iface *ifc, unsigned worker);
/* Starts the port with one queue a worker where it can; the text of a failure is in the port. */
int iface_enable(struct nsk_stack *stack, struct iface *ifc);
/* Stops it once no worker touches it any more. */
void iface_disable(struct nsk_stack *stack, struct iface *ifc);
/* Looks at the link of each interface and tells of changes. */
void iface_watch(struct nsk_stack *stack);
/* Takes it down, those on its VLANs as well, and iface_restart() up again; false: somebody else
 * changes interfaces, nothing was done. A running worker's. */
bool iface_remove(struct nsk_stack *stack, struct iface *ifc);
bool iface_restart(struct nsk_stack *stack, struct iface *ifc);

/* twin.c: ways to the kernel, of interfaces that run. */
int twins_up(struct nsk_stack *stack, struct nsk_config *config);
void twins_down(struct nsk_stack *stack);
/* The link of an interface, or the interface, has changed. */
void twin_follow(const struct iface *ifc);
/* On worker 0, from time to time: frames to and from the kernel. */
void twins_serve(struct run_worker *r);
/* When twins_serve() is to come, if that is worker 0's next business; UINT64_MAX: nothing waits. */
uint64_t twins_next_ns(const struct run_worker *r);
/* What their ports dropped. */
void twins_stats(const struct nsk_stack *stack, struct nsk_stats *out);
/* Descriptors that are readable while the kernel has sent something; returns their number. */
unsigned twins_fds(const struct run_worker *r, struct pollfd *fds);

/* mirror.c: what the kernel has on twins becomes the stack's, by a thread each. */
int mirrors_up(struct nsk_stack *stack, struct nsk_config *config);
void mirrors_down(struct nsk_stack *stack);

/* steer.c */
uint16_t steer_owner(struct nsk_worker *w, const struct flow *flow);
/* The packet goes at the end of the turn, or when there are STEER_BURST for that worker. */
void steer_packet(struct nsk_worker *w, uint16_t owner, struct rte_mbuf *m);
void steer_flush(struct run_worker *r);
/* Frees what was not flushed. */
void steer_forget(struct run_worker *r);
void steer_share(struct nsk_worker *w, struct rte_mbuf *m);
uint16_t steer_tx_burst(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf **bufs,
			uint16_t n);
/* Takes what other workers handed over; returns packets taken. */
unsigned steer_receive(struct run_worker *r);
/* Sends what workers without a queue of their own handed over; returns frames taken. */
unsigned steer_transmit(struct run_worker *r);
/* True while something waits that another worker handed over. */
static inline bool steer_waiting(const struct run_worker *r)
{
	return r->w.peers > 1 && !(rte_ring_empty(r->steer_ring) && rte_ring_empty(r->tx_ring));
}

enum call_state {
	CALL_WAITS,
	CALL_DONE,
	CALL_SLEEPS, /* as the first, and its thread has to be woken */
};

/* Runs fn(arg) on the worker, in its thread and within a turn, and waits for the result; -EAGAIN
 * when too many wait. */
int call_run(struct nsk_worker *w, int (*fn)(void *arg), void *arg);
/*
 * The same for c->fn, waiting no longer than so, and never in the worker's place. -ETIMEDOUT: the
 * worker still has the call; c and all that fn touches must stay until call_done().
 */
int call_run_timeout(struct nsk_worker *w, struct call *c, uint64_t timeout_ns);
static inline bool call_done(const struct call *c)
{
	return __atomic_load_n(&c->done, __ATOMIC_ACQUIRE) == CALL_DONE;
}
/* Waits for a call that was given up, no longer than so; true if it is done. */
bool call_wait(struct call *c, uint64_t timeout_ns);
/* The worker's side: runs what waits, a bounded number. */
unsigned call_serve(struct run_worker *r);
/* The same for all workers of a stack that the calling thread has seized; for others nothing. */
unsigned call_serve_seized(struct nsk_stack *stack);
/* Serves the calling thread's own worker, if it has one, and lets others have the core: for whoever
 * waits for what another thread does. */
void call_serve_own(void);
/* worker_ops.tick: no one waits for it. */
void call_tick(struct nsk_worker *w);
void call_tick_init(struct run_worker *first);

/* stats.c */
void stats_publish(struct run_worker *r);
/* As nsk_stats_read() without the time, but looks at published levels alone: for threads that must
 * not touch what a worker owns, nor the caller's clock. */
int stats_read(const struct nsk_stack *stack, int worker, struct nsk_stats *stats);

#endif
