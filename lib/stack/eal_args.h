/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line that EAL is started with: ours, by what the devices need, and the user's.
 */
#ifndef NSK_STACK_EAL_ARGS_H
#define NSK_STACK_EAL_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#define EAL_ARGS_MAX 128
#define EAL_TEXT_MAX 8192
#define EAL_PCI_MAX  16

struct eal_args {
	int argc;
	char *argv[EAL_ARGS_MAX + 1];
	size_t used;
	char text[EAL_TEXT_MAX]; /* what argv points into */
};

/* Everything that the command line depends on. */
struct eal_plan {
	bool devices;		      /* DPDK devices, not only ports without any */
	const char *pci[EAL_PCI_MAX]; /* devargs of PCI devices */
	unsigned npci;
	bool single_file; /* as in struct port_needs */
	bool no_in_memory;
	bool no_huge;		 /* asked for, or nothing else is possible */
	const char *why_no_huge; /* when nothing else is possible: why; else NULL */
	bool telemetry;		 /* its socket can be made */
	int pid;
	char cpus[256]; /* the caller's, as EAL writes them: "0-1,4" */
};

/* Add one argument. 0 or -E2BIG. */
int eal_args_add(struct eal_args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Split the user's arguments as a shell would ('', "", \) and look at each. 0, or -EINVAL with a
 * text: options that EAL does not have or that would end the process (--help) are refused here,
 * because EAL prints and exits on them.
 */
int eal_args_split(struct eal_args *a, const char *text, char *error, size_t size);

/* Whether one of the option's spellings ("-m", "--no-huge") stands in the arguments. */
bool eal_args_have(const struct eal_args *a, const char *option);

/* Fill @a from the plan and the user's arguments; those have the last word. 0, or -errno with a
 * text. */
int eal_args_make(struct eal_args *a, const struct eal_plan *plan, const struct eal_args *user,
		  char *error, size_t size);

#endif
