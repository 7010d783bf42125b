/* SPDX-License-Identifier: BSD-3-Clause */
/* Faults at their times. Each entry of the agenda is a fault's beginning or its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nsk-sim/apps.h"
#include "nsk-sim/sim.h"

/* A fault ends then, no sooner than others. */
static void note_end(struct sim *sim, uint64_t at_ns)
{
	if (at_ns > sim->faults_end_ns)
		sim->faults_end_ns = at_ns;
}

static void link_up(struct sim *sim, void *arg)
{
	const struct sim_fault *f = arg;

	nsk_wire_link(sim->wire[f->link].wire, true);
	note_end(sim, sim->now_ns);
	for (unsigned end = 0; end < 2; end++)
		sim->stack[sim->s->link[f->link].host[end]].touched = true;
}

static void link_down(struct sim *sim, const struct sim_fault *f)
{
	nsk_wire_link(sim->wire[f->link].wire, false);
	for (unsigned end = 0; end < 2; end++)
		sim->stack[sim->s->link[f->link].host[end]].touched = true;
}

static void change(struct sim *sim, struct sim_wire *w, const struct nsk_wire_params dir[2])
{
	w->changes++;
	for (unsigned d = 0; d < 2; d++) {
		struct nsk_wire_params p = dir[d];

		/* Chances go on from where no others have been. */
		p.seed = sim->s->seed * 4096 + (uint64_t)(w - sim->wire) * 2 + d +
			 ((uint64_t)w->changes << 32);
		if (nsk_wire_set(w->wire, d, &p))
			sim_fail(sim, "link \"%s\" cannot be changed: %m", w->link->name);
		w->now[d] = p;
		sim->stack[w->link->host[d]].touched = true;
	}
}

struct restore {
	const struct sim_fault *fault;
	struct nsk_wire_params before[2];
};

static void change_back(struct sim *sim, void *arg)
{
	struct restore *r = arg;

	change(sim, &sim->wire[r->fault->link], r->before);
	note_end(sim, sim->now_ns);
	free(r);
}

static void change_for_a_time(struct sim *sim, const struct sim_fault *f)
{
	struct restore *r = calloc(1, sizeof(*r));

	if (!r) {
		sim_fail(sim, "out of memory");
		return;
	}
	r->fault = f;
	memcpy(r->before, sim->wire[f->link].now, sizeof(r->before));
	change(sim, &sim->wire[f->link], f->dir);
	agenda_add(&sim->agenda, sim->now_ns + f->for_ns, change_back, r);
}

static void host_on(struct sim *sim, void *arg)
{
	const struct sim_fault *f = arg;

	sim->stack[f->host].stopped = false;
	sim->stack[f->host].touched = true;
	apps_wake(sim->apps, f->host);
	note_end(sim, sim->now_ns);
}

static void starve(struct sim *sim, struct sim_stack *h, const struct sim_fault *f)
{
	static const struct nsk_shortage none;

	h->shortage = f;
	h->touched = true;
	if (nsk_starve(h->stack, f ? &f->shortage : &none))
		sim_fail(sim, "host \"%s\" cannot be starved: %m", h->host->name);
}

static void feed(struct sim *sim, void *arg)
{
	const struct sim_fault *f = arg;

	note_end(sim, sim->now_ns);
	/* Another shortage may have taken its place. */
	if (sim->stack[f->host].shortage == f)
		starve(sim, &sim->stack[f->host], NULL);
}

static void stall(struct sim *sim, const struct sim_fault *f, bool stalled)
{
	struct sim_wire *w = &sim->wire[f->link];

	for (unsigned end = 0; end < 2; end++) {
		struct sim_stack *h = &sim->stack[w->link->host[end]];

		h->stalled += stalled ? 1u : (unsigned)-1;
		h->touched = true;
		w->stalls[end] += stalled ? 1u : (unsigned)-1;
		nsk_wire_stall(w->wire, end, w->stalls[end] > 0);
	}
}

static void go_on(struct sim *sim, void *arg)
{
	stall(sim, arg, false);
	note_end(sim, sim->now_ns);
}

static void begin(struct sim *sim, void *arg)
{
	struct sim_fault *f = arg;
	uint64_t end_ns = sim->now_ns + f->for_ns;

	note_end(sim, end_ns);
	switch (f->what) {
	case FAULT_DOWN:
		link_down(sim, f);
		if (f->for_ns)
			agenda_add(&sim->agenda, end_ns, link_up, f);
		else
			sim->faults_for_ever = true;
		break;
	case FAULT_SET:
		if (f->for_ns)
			change_for_a_time(sim, f);
		else
			change(sim, &sim->wire[f->link], f->dir);
		break;
	case FAULT_STOP:
		sim->stack[f->host].stopped = true;
		if (f->for_ns)
			agenda_add(&sim->agenda, end_ns, host_on, f);
		else
			sim->stack[f->host].gone = sim->faults_for_ever = true;
		break;
	case FAULT_STARVE:
		sim->stack[f->host].was_short = true;
		starve(sim, &sim->stack[f->host], f);
		if (f->for_ns)
			agenda_add(&sim->agenda, end_ns, feed, f);
		break;
	case FAULT_TX_FULL:
		stall(sim, f, true);
		agenda_add(&sim->agenda, end_ns, go_on, f);
		break;
	default:
		/* Every clock leaps, as when a machine was asleep: nobody turns in between. */
		sim->now_ns += f->leap_ns;
		note_end(sim, sim->now_ns);
	}
}

void faults_start(struct sim *sim)
{
	for (unsigned i = 0; i < sim->s->nfaults; i++) {
		const struct sim_fault *f = &sim->s->fault[i];

		agenda_add(&sim->agenda, SIM_START_NS + f->at_ns, begin, (void *)(uintptr_t)f);
	}
}
