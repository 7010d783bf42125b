/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A running simulation: the stacks of a scenario's hosts on in-process wires under one virtual
 * clock, all in one thread. Time goes from one deadline to the next. Public API only.
 */
#ifndef NSK_APPS_NSK_SIM_SIM_H
#define NSK_APPS_NSK_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include <netstk/netstk.h>

#include "nsk-sim/agenda.h"
#include "nsk-sim/result.h"
#include "nsk-sim/scenario.h"

#define SIM_START_NS UINT64_C(1000000000)
#define SIM_SECOND   UINT64_C(1000000000)

struct watch;
struct pcapng;
struct apps;
struct hostile;
struct stranger;

struct sim_stack {
	struct sim *sim;
	const struct sim_host *host;
	struct nsk_stack *stack;
	int epfd;
	uint64_t due_ns;		  /* of its next turn */
	bool touched;			  /* something came for it since its last turn */
	bool stopped;			  /* does not turn */
	bool gone;			  /* nor ever will again */
	struct hostile *hostile;	  /* in place of a stack */
	const struct sim_fault *shortage; /* that it is in */
	bool was_short;			  /* its calls may have failed for that */
	unsigned stalled;		  /* links that take nothing from it */
	uint64_t rto_max_ns;
	uint64_t tcp_mem_high, mem_limit, buffer_bytes; /* settings */
	uint64_t arp; /* frames of it that were sent to the host, at most */
};

struct sim_wire {
	struct sim *sim;
	const struct sim_link *link;
	struct nsk_wire *wire;
	struct watch *watch;
	struct nsk_wire_params now[2];
	uint64_t first_ns[2], last_ns[2]; /* packets */
	double bps[2], bps_squares[2];	  /* sums over the flows that fairness is about */
	unsigned changes;
	unsigned stalls[2];    /* faults that keep an end from sending */
	uint64_t datagrams[2]; /* that it took */
	bool lawless;	       /* a hostile host is on it */
};

struct sim {
	const struct scenario *s;
	struct result *result;
	struct pcapng *pcap; /* may be NULL */
	struct agenda agenda;
	struct apps *apps;
	struct stranger *strangers;
	unsigned strangers_open;
	uint64_t now_ns;
	uint64_t turns;	  /* at this instant */
	uint64_t look_ns; /* of the latest repeated check */
	uint64_t faults_end_ns;
	bool faults_for_ever;
	bool progress;	  /* lines on stderr */
	uint64_t told_ns; /* real time of the last of them */
	struct sim_stack stack[SIM_HOSTS];
	struct sim_wire wire[SIM_LINKS];
};

/* Notes the first invariant that broke, and when. */
void sim_fail(struct sim *sim, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Goes on until done() says so, an invariant breaks or the time is limit_ns. */
void sim_run(struct sim *sim, uint64_t limit_ns, bool (*done)(struct sim *sim));

/* A turn of one host now, and what its applications do then. */
void sim_turn(struct sim *sim, struct sim_stack *h);

/* Runs a scenario from its start to its end with all checks. pcap: file to write, or NULL. */
void sim_scenario(const struct scenario *s, const char *pcap, bool progress, struct result *result);

/* Puts a scenario's faults on the agenda. */
void faults_start(struct sim *sim);

/* Puts the repeated checks on the agenda. */
void checks_start(struct sim *sim);
/* What must hold after each turn of a host. */
void checks_turn(struct sim *sim, struct sim_stack *h);
/* True when no host that is left has a connection. */
bool checks_all_closed(struct sim *sim);
/* What must hold when everything is over. */
void checks_end(struct sim *sim);

#endif
