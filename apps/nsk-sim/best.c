/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/best.h"

#include <string.h>

#define ETHERNET 14
#define HEADERS	 52 /* IPv4, TCP with timestamps */

/* Payload over what goes through the transmitter, of full segments. */
static double payload_share(const struct sim_link *l)
{
	return ((double)l->mtu - HEADERS) / ((double)l->mtu + ETHERNET);
}

void best_note_flow(struct sim *sim, const struct sim_app *a, unsigned direction, double bps)
{
	struct sim_wire *w = &sim->wire[a->link];
	unsigned d = direction ^ a->side;

	if (a->kind != SIM_BULK && a->kind != SIM_HALF_CLOSE)
		return;
	sim->result->link[a->link].flows[d]++;
	w->bps[d] += bps;
	w->bps_squares[d] += bps * bps;
}

static double bulk_best(const struct sim_app *a, const struct sim_link *l, unsigned d)
{
	const struct nsk_wire_params *p = &l->dir[d];
	double best = (double)p->rate_bps * payload_share(l) * (1 - p->loss_ppm / 1e6);

	if (a->read_bps && (best == 0 || (double)a->read_bps * a->connections < best))
		best = (double)a->read_bps * a->connections;
	return best;
}

/* Seconds that so many bytes of payload take to the other end, alone on the link. */
static double way(const struct sim_link *l, unsigned d, double bytes)
{
	const struct nsk_wire_params *p = &l->dir[d];
	double s = (double)p->delay_ns / 1e9;

	if (p->rate_bps)
		s += bytes * 8 / ((double)p->rate_bps * payload_share(l));
	return s;
}

static double request_best(const struct sim_app *a, const struct sim_link *l)
{
	double s = way(l, a->side, (double)a->request_bytes) +
		   way(l, !a->side, (double)a->response_bytes) + (double)a->think_ns / 1e9;

	/* Datagrams go at the pace that they are given. */
	if (a->kind == SIM_UDP)
		return 0;
	/* The handshake of a short one, and its end: the client's FIN and the server's. */
	if (a->kind == SIM_SHORT)
		s += 2 * (way(l, 0, 0) + way(l, 1, 0));
	return s > 0 ? a->connections / s : 0;
}

static void link_figures(struct sim *sim, unsigned index, unsigned d)
{
	struct sim_wire *w = &sim->wire[index];
	struct link_result *r = &sim->result->link[index];
	double sum = w->bps[d], squares = w->bps_squares[d];
	uint64_t ns = w->last_ns[d] - w->first_ns[d];
	struct nsk_wire_stats so_far;

	nsk_wire_stats(w->wire, d, &so_far);
	if (r->flows[d] > 1 && squares > 0)
		r->jain[d] = sum * sum / (r->flows[d] * squares);
	if (w->link->dir[d].rate_bps && ns)
		r->used[d] =
			(double)so_far.bytes * 8e9 / (double)ns / (double)w->link->dir[d].rate_bps;
}

void best_result(struct sim *sim)
{
	for (unsigned i = 0; i < sim->s->napps; i++) {
		const struct sim_app *a = &sim->s->app[i];
		const struct sim_link *l = &sim->s->link[a->link];

		for (unsigned d = 0; d < 2; d++)
			sim->result->app[i].best_bps[d] = bulk_best(a, l, d ^ a->side);
		sim->result->app[i].best_requests = request_best(a, l);
	}
	for (unsigned i = 0; i < sim->s->nlinks; i++)
		for (unsigned d = 0; d < 2; d++)
			link_figures(sim, i, d);
}
