/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The doctor: facts of a machine and of a running program, and what is wrong with them. Gathered
 * (doctor_machine.c, nskctl/doctor.c), judged (doctor_judge.c) and printed apart.
 */
#ifndef NSK_APPS_COMMON_DOCTOR_H
#define NSK_APPS_COMMON_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <netstk/netstk.h>

#include "common/findings.h"

#define DOCTOR_CPUS	1024
#define DOCTOR_NODES	8
#define DOCTOR_NICS	32
#define DOCTOR_WORKERS	64
#define DOCTOR_PORTS	32
#define DOCTOR_OFFLOADS 16
#define DOCTOR_QUEUES	16
#define DOCTOR_FINDINGS 64

enum finding_id {
#define X(id, name, costs) FINDING_##id,
	NSK_FINDING_LIST(X)
#undef X
	FINDINGS
};

/* ---- facts --------------------------------------------------------------------------------- */

struct doctor_nic {
	char address[24];
	uint16_t vendor, device;
	char driver[32]; /* of the kernel's, "": none */
	char iface[24];	 /* the kernel's interface, "": none */
	int node;	 /* -1: unknown */
	bool pmd;	 /* DPDK has a driver for it here */
	bool leave;	 /* it carries the machine's default route */
};

struct doctor_cpu {
	bool there, isolated, slow; /* slow: its governor does not keep it fast */
	int16_t node, core;	    /* core: the first thread of the same one; -1: unknown */
};

struct doctor_machine {
	uint64_t huge_mb, huge_free_mb; /* of all sizes */
	unsigned nnodes;
	uint64_t node_free_mb[DOCTOR_NODES]; /* hugepages free there */
	bool iommu;
	bool vfio, uio; /* the kernel's modules are there */
	unsigned nnics;
	struct doctor_nic nic[DOCTOR_NICS];
	bool pmds_known; /* DPDK's drivers could be looked through */
	unsigned ncpus;	 /* there are */
	struct doctor_cpu cpu[DOCTOR_CPUS];
	char governor[32];	  /* of the first slow one */
	char clocksource[32];	  /* "": unknown */
	bool tsc_steady, cpuinfo; /* of cpuinfo: whether it could be read */
	uint64_t memlock_kb;	  /* UINT64_MAX: no limit */
	bool rights_known, net_admin, net_raw;
};

struct doctor_offload {
	char name[32], setting[32];
};

struct doctor_port {
	char name[40];
	bool up;
	int node; /* -1: unknown */
	unsigned rx_queues, rx_queues_max;
	uint64_t queue_packets[DOCTOR_QUEUES];
	unsigned noffloads;
	struct doctor_offload off[DOCTOR_OFFLOADS]; /* that the port has and a setting is against */
	uint64_t rx_missed, rx_nobuf;
	unsigned rx_ring, rx_ring_max;
};

struct doctor_program {
	unsigned nworkers;
	struct {
		int cpu, node; /* -1: not pinned, unknown */
	} worker[DOCTOR_WORKERS];
	unsigned nports;
	struct doctor_port port[DOCTOR_PORTS];
	char gateway[64]; /* that does not answer, "": none */
	char gateway_iface[40];
	uint64_t tx_full; /* packets */
};

/* ---- findings ------------------------------------------------------------------------------ */

struct finding {
	enum finding_id id;
	char what[200];
	char mend[200];
};

struct findings {
	unsigned n;
	struct finding at[DOCTOR_FINDINGS]; /* what is beyond is left out */
};

const char *finding_name(enum finding_id id);
const char *finding_costs(enum finding_id id);

/* What a machine's /sys and /proc say, which lie below root ("" for the machine's own). pmds: the
 * folder of DPDK's drivers, NULL: they are not looked through. */
void doctor_machine(const char *root, const char *pmds, struct doctor_machine *m);

/* In the order of the list. p is NULL without a program. */
void doctor_judge(const struct doctor_machine *m, const struct doctor_program *p,
		  struct findings *out);

/* A line for each finding that costs a program time from its start on. */
void doctor_start(FILE *out, const char *program, const struct nsk_stack *stack);

#endif
