/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts of a running program, by its control socket; and findings in print. */
#include "nskctl/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "common/doctor.h"

static void copy_text(char *to, size_t size, const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	snprintf(to, size, "%s", text ? text : "");
}

/* A number, or what stands for null. */
static int number_or(const json_t *o, const char *key, int missing)
{
	const json_t *value = json_object_get(o, key);

	return json_is_integer(value) ? (int)json_integer_value(value) : missing;
}

static uint64_t count(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

/* ---- what the program says ----------------------------------------------------------------- */

static void take_workers(const json_t *reply, struct doctor_program *p)
{
	const json_t *list = json_object_get(reply, "workers");

	for (size_t i = 0; i < json_array_size(list) && i < DOCTOR_WORKERS; i++) {
		const json_t *w = json_array_get(list, i);

		p->worker[i].cpu = number_or(w, "core", -1);
		p->worker[i].node = number_or(w, "numa_node", -1);
		p->nworkers++;
	}
}

static void take_offloads(const json_t *list, struct doctor_port *port)
{
	for (size_t i = 0; i < json_array_size(list) && port->noffloads < DOCTOR_OFFLOADS; i++) {
		const json_t *o = json_array_get(list, i);
		struct doctor_offload *off = &port->off[port->noffloads];
		const char *why = json_string_value(json_object_get(o, "why"));

		/* Not where something else stands in the way as well. */
		copy_text(off->setting, sizeof(off->setting), o, "setting");
		if (!why || !off->setting[0] || strncmp(why, off->setting, strlen(off->setting)))
			continue;
		copy_text(off->name, sizeof(off->name), o, "name");
		port->noffloads++;
	}
}

/* Devices name them in one of two ways. */
static void take_queues(const json_t *counters, struct doctor_port *port)
{
	for (unsigned q = 0; q < DOCTOR_QUEUES; q++) {
		char name[40];

		snprintf(name, sizeof(name), "rx_q%u_packets", q);
		if (!json_object_get(counters, name))
			snprintf(name, sizeof(name), "rx_q%u_good_packets", q);
		port->queue_packets[q] = count(counters, name);
	}
}

static void take_port(const json_t *o, struct doctor_port *port)
{
	const json_t *rx = json_object_get(json_object_get(o, "queues"), "rx");
	const json_t *ring = json_object_get(json_object_get(o, "rings"), "rx");
	const json_t *stats = json_object_get(o, "stats");

	copy_text(port->name, sizeof(port->name), o, "name");
	port->up = json_is_true(json_object_get(json_object_get(o, "link"), "up"));
	port->node = number_or(o, "numa_node", -1);
	port->rx_queues = (unsigned)count(rx, "used");
	port->rx_queues_max = (unsigned)count(rx, "max");
	port->rx_ring = (unsigned)count(ring, "size");
	port->rx_missed = count(stats, "rx_missed");
	port->rx_nobuf = count(stats, "rx_nobuf");
	take_offloads(json_object_get(o, "offloads"), port);
	take_queues(json_object_get(o, "counters"), port);
}

static void take_ports(const json_t *reply, struct doctor_program *p)
{
	const json_t *list = json_object_get(reply, "ports");

	for (size_t i = 0; i < json_array_size(list) && i < DOCTOR_PORTS; i++)
		take_port(json_array_get(list, i), &p->port[p->nports++]);
}

static bool is_silent(const json_t *neighbours, const char *address)
{
	bool asked = false;

	for (size_t i = 0; i < json_array_size(neighbours); i++) {
		const json_t *o = json_array_get(neighbours, i);
		const char *one = json_string_value(json_object_get(o, "address")), *state;

		if (!one || strcmp(one, address) != 0)
			continue;
		state = json_string_value(json_object_get(o, "state"));
		/* Each worker has neighbours of its own: one that was answered will do. */
		if (state && strcmp(state, "incomplete") != 0 && strcmp(state, "failed") != 0)
			return false;
		asked = true;
	}
	return asked;
}

/* The first default route whose gateway was asked and has not answered. */
static void take_gateway(const json_t *routes, const json_t *neighbours, struct doctor_program *p)
{
	const json_t *list = json_object_get(routes, "routes");

	for (size_t i = 0; i < json_array_size(list) && !p->gateway[0]; i++) {
		const json_t *o = json_array_get(list, i);
		const char *to = json_string_value(json_object_get(o, "destination"));
		const char *via = json_string_value(json_object_get(o, "gateway"));

		if (!to || !via || strcmp(to, "default") != 0 ||
		    !is_silent(json_object_get(neighbours, "neighbours"), via))
			continue;
		snprintf(p->gateway, sizeof(p->gateway), "%s", via);
		copy_text(p->gateway_iface, sizeof(p->gateway_iface), o, "iface");
	}
}

static int ask_program(struct client *c, struct doctor_program *p)
{
	json_t *workers = client_ask(c, json_pack("{s:s}", "cmd", "workers"));
	json_t *ports =
		workers ? client_ask(c, json_pack("{s:s, s:b}", "cmd", "ports", "counters", true))
			: NULL;
	json_t *drops = ports ? client_ask(c, json_pack("{s:s}", "cmd", "drops")) : NULL;
	json_t *routes = drops ? client_list(c, "routes", "routes") : NULL;
	json_t *neighbours = routes ? client_list(c, "arp", "neighbours") : NULL;

	if (neighbours) {
		take_workers(workers, p);
		take_ports(ports, p);
		p->tx_full = count(json_object_get(drops, "drops"), "tx_ring_full");
		take_gateway(routes, neighbours, p);
	}
	json_decref(workers);
	json_decref(ports);
	json_decref(drops);
	json_decref(routes);
	json_decref(neighbours);
	return neighbours ? 0 : -1;
}

/* ---- in print ------------------------------------------------------------------------------ */

static void print_text(FILE *out, const struct findings *found, const struct client *c)
{
	for (unsigned i = 0; i < found->n; i++) {
		const struct finding *f = &found->at[i];

		fprintf(out, "%s: %s\n    costs  %s\n    mend   %s\n", finding_name(f->id), f->what,
			finding_costs(f->id), f->mend);
	}
	fprintf(out, "%u finding%s of this machine%s%s\n", found->n, found->n == 1 ? "" : "s",
		c->fd >= 0 ? " and of the program at " : "; no program was looked at: ",
		c->fd >= 0 ? c->path : c->error);
}

static void print_json(FILE *out, const struct findings *found, const char *path)
{
	json_t *list = json_array(), *o;

	for (unsigned i = 0; i < found->n; i++) {
		const struct finding *f = &found->at[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "finding",
						      finding_name(f->id), "what", f->what, "costs",
						      finding_costs(f->id), "mend", f->mend));
	}
	o = json_pack("{s:o, s:s?}", "findings", list, "program", path);
	json_dumpf(o, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(o);
}

int doctor(FILE *out, struct client *c, bool json)
{
	/* A machine laid out elsewhere, for tests. */
	const char *root = getenv("NSK_SYSROOT"), *pmds = getenv("NSK_PMDS");
	struct doctor_machine *m = calloc(1, sizeof(*m));
	struct doctor_program *p = calloc(1, sizeof(*p));
	struct findings *found = calloc(1, sizeof(*found));
	bool there = c->fd >= 0;
	int status = -1;

	if (!m || !p || !found) {
		snprintf(c->error, sizeof(c->error), "no memory");
	} else if (!there || ask_program(c, p) == 0) {
		doctor_machine(root ? root : "", pmds ? pmds : NSK_PMD_FOLDER, m);
		doctor_judge(m, there ? p : NULL, found);
		if (json)
			print_json(out, found, there ? c->path : NULL);
		else
			print_text(out, found, c);
		status = found->n > 0;
	}
	free(m);
	free(p);
	free(found);
	return status;
}
