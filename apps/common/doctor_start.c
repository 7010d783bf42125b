/* SPDX-License-Identifier: BSD-3-Clause */
/* What the doctor finds that a program had better say when it starts: what costs it time all along,
 * and what nobody else says then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/doctor.h"

static bool is_told(enum finding_id id)
{
	switch (id) {
	case FINDING_CLOCK_SOURCE:
	case FINDING_CLOCK_TSC:
	case FINDING_GOVERNOR:
	case FINDING_WORKERS_MANY:
	case FINDING_SINGLE_QUEUE:
		return true;
	default:
		return false;
	}
}

static void look_at_program(const struct nsk_stack *stack, struct doctor_program *p)
{
	struct nsk_iface_info info;

	p->nworkers = nsk_stack_workers(stack);
	for (unsigned i = 0; p->nports < DOCTOR_PORTS && nsk_iface_info(stack, i, &info) == 0;
	     i++) {
		struct doctor_port *port = &p->port[p->nports];

		/* A VLAN has the port of another. */
		if (info.loopback || strcmp(info.driver, "vlan") == 0)
			continue;
		p->nports++;
		snprintf(port->name, sizeof(port->name), "%s", info.name);
		port->up = info.link_up;
		port->node = -1;
		port->rx_queues = port->rx_queues_max = info.rx_queues;
	}
	for (unsigned i = 0; i < p->nworkers && i < DOCTOR_WORKERS; i++)
		p->worker[i].cpu = p->worker[i].node = -1;
}

void doctor_start(FILE *out, const char *program, const struct nsk_stack *stack)
{
	const char *root = getenv("NSK_SYSROOT");
	struct doctor_machine *m = calloc(1, sizeof(*m));
	struct doctor_program *p = calloc(1, sizeof(*p));
	struct findings *found = calloc(1, sizeof(*found));

	if (m && p && found) {
		doctor_machine(root ? root : "", NULL, m);
		look_at_program(stack, p);
		doctor_judge(m, p, found);
		for (unsigned i = 0; i < found->n; i++)
			if (is_told(found->at[i].id))
				fprintf(out, "%s: %s: %s; %s\n", program, found->at[i].what,
					finding_costs(found->at[i].id), found->at[i].mend);
	}
	free(m);
	free(p);
	free(found);
}
