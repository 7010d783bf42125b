/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run of a scenario gave: plain numbers, so that it can come from another process. */
#ifndef NSK_APPS_NSK_SIM_RESULT_H
#define NSK_APPS_NSK_SIM_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "nsk-sim/scenario.h"

struct app_result {
	uint64_t connections; /* begun */
	uint64_t done;	      /* of them: everything arrived, both ends closed */
	uint64_t errors;      /* of them: ended by an error at either end */
	int last_error;	      /* errno of the latest */
	uint64_t requests;    /* answered */
	uint64_t bytes[2];    /* arrived: at the server, at the client */
	uint64_t measured[2]; /* of them: while goodput was measured */
	uint64_t measured_ns[2];
	uint64_t begin_ns, end_ns; /* first connect, last close; since the start */
	uint64_t retransmits[2];   /* of the client, of the server */
	double rtt_us[2];	   /* as they saw it: mean of the smoothed ones at the end */
	double latency_p50_us, latency_p99_us; /* of requests */
	double best_bps[2];		       /* what the link allows, 0: any */
	double best_requests;		       /* a second */
};

struct link_result {
	struct nsk_wire_stats dir[2];
	double jain[2];	   /* fairness of the flows in a direction, 0: fewer than two */
	uint32_t flows[2]; /* of which it was made */
	double used[2];	   /* share of the rate, from the first packet to the last */
};

struct host_result {
	uint64_t received, sent;
	uint64_t drop[NSK_DROP_MAX]; /* by reason */
};

struct result {
	bool ended;    /* the run came to its end; false: the process was killed */
	bool failed;   /* an invariant broke, or it was stopped */
	bool stopped;  /* by a signal, or for want of its capture: no fault of the stack */
	char why[800]; /* with the virtual time */
	uint64_t seed;
	uint64_t virtual_ns; /* from the start to the end */
	uint64_t packets;
	uint64_t hash; /* of all packets, their times and directions */
	struct app_result app[SIM_APPS];
	struct link_result link[SIM_LINKS];
	struct host_result host[SIM_HOSTS];
};

#endif
