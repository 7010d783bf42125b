/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The capture command. After its reply the connection carries pcapng, from the stack to the client,
 * until the client has said all it will (shutdown(2) of its side): what is left then follows, with
 * the counts of the interfaces, and the connection ends.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack/capture.h"
#include "stack/ctl_command.h"

#define BURST	       (256 * 1024)
#define ROOM	       (CAPTURE_READ_MIN + BURST)
#define SETTLE_NS      UINT64_C(300000000) /* for workers to take it up, before the reply */
#define SETTLE_LOOK_US 200

static int64_t number(const json_t *request, const char *key, int64_t def)
{
	const json_t *value = json_object_get(request, key);

	if (!value)
		return def;
	return json_is_integer(value) ? json_integer_value(value) : INT64_MIN;
}

/* ---- what is wanted -------------------------------------------------------------------------- */

/* "iface": a name, or none: all. */
static bool read_ifaces(const struct nsk_stack *stack, const json_t *request,
			struct capture_want *want, json_t *reply)
{
	const json_t *value = json_object_get(request, "iface");
	const char *name = json_string_value(value);

	want->ifaces = value ? 0 : UINT32_MAX;
	for (unsigned i = 0; name && i < stack->nifaces; i++)
		if (strcmp(name, stack->iface[i].name) == 0)
			want->ifaces = UINT32_C(1) << i;
	if (!want->ifaces)
		ctl_refuse_iface(stack, name, reply);
	return want->ifaces != 0;
}

/* The queues that one of the interfaces has at most: one on a VLAN has its parent's. */
static int queues_of(const struct nsk_stack *stack, const struct capture_want *want)
{
	int most = 1;

	for (unsigned i = 0; i < stack->nifaces; i++) {
		const struct iface *ifc = &stack->iface[i];

		if (!(want->ifaces & UINT32_C(1) << i))
			continue;
		ifc = ifc->parent ? ifc->parent : ifc;
		most = NSK_MAX(most, (int)NSK_MAX(ifc->rx_queues, ifc->tx_queues));
	}
	return most;
}

/* "in", "out", "drops": booleans; none of them: in and out. */
static bool read_what(const json_t *request, struct capture_want *want, json_t *reply)
{
	static const struct {
		const char *key;
		uint8_t bit;
	} what[] = {
		{"in", WORKER_CAPTURES_IN},
		{"out", WORKER_CAPTURES_OUT},
		{"drops", WORKER_CAPTURES_DROPS},
	};
	bool any = false;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(what); i++) {
		const json_t *value = json_object_get(request, what[i].key);

		any |= value != NULL;
		if (json_is_true(value))
			want->what |= what[i].bit;
	}
	if (!any)
		want->what = WORKER_CAPTURES_IN | WORKER_CAPTURES_OUT;
	if (!want->what)
		ctl_refuse(reply, "nothing is to be captured: \"in\", \"out\" or \"drops\" are "
				  "true");
	return want->what != 0;
}

static bool read_sizes(const struct nsk_stack *stack, const json_t *request,
		       struct capture_want *want, json_t *reply)
{
	int queues = queues_of(stack, want);
	int64_t snaplen = number(request, "snaplen", CAPTURE_SNAPLEN_MAX);
	int64_t buffer = number(request, "buffer", CAPTURE_BUFFER);
	int64_t queue = number(request, "queue", -1);

	if (snaplen < 1 || snaplen > CAPTURE_SNAPLEN_MAX)
		ctl_refuse(reply, "\"snaplen\" is 1 to %d bytes", CAPTURE_SNAPLEN_MAX);
	else if (buffer < CAPTURE_BUFFER_MIN || buffer > CAPTURE_BUFFER_MAX)
		ctl_refuse(reply, "\"buffer\" is %d to %d bytes a worker", CAPTURE_BUFFER_MIN,
			   CAPTURE_BUFFER_MAX);
	else if (queue < -1 || queue >= PORT_QUEUES_MAX)
		ctl_refuse(reply, "\"queue\" is 0 to %d, or not there: any", PORT_QUEUES_MAX - 1);
	else if (queue >= queues && queues == 1)
		ctl_refuse(reply, "there is no queue %d, but queue 0 alone", (int)queue);
	else if (queue >= queues)
		ctl_refuse(reply, "there is no queue %d; there are 0 to %d", (int)queue,
			   queues - 1);
	else {
		want->snaplen = (uint32_t)snaplen;
		want->queue = (int)queue;
		for (want->buffer = CAPTURE_BUFFER_MIN; want->buffer < (size_t)buffer;)
			want->buffer *= 2;
		return true;
	}
	return false;
}

static bool read_filter(const json_t *request, struct capture_want *want, json_t *reply)
{
	const json_t *value = json_object_get(request, "filter");

	want->filter = json_string_value(value);
	if (value && !want->filter)
		ctl_refuse(reply, "\"filter\" is text as pcap-filter(7) has it");
	return !value || want->filter;
}

/* ---- the command ----------------------------------------------------------------------------- */

struct ctl_capture {
	struct capture *capture;
	bool ended;
	uint8_t room[ROOM];
};

/* So that nothing is missed of what comes after the reply. */
static void settle(const struct ctl_view *view, const struct capture *c, json_t *reply)
{
	uint64_t deadline = clock_system_ns() + SETTLE_NS;

	while (!capture_settled(c) && clock_system_ns() < deadline)
		usleep(SETTLE_LOOK_US);
	if (capture_settled(c))
		return;
	ctl_put(reply, "warning",
		json_string("a worker has not taken it up yet: nobody runs it, or it hangs"));
	LOG_WARN(&view->stack->log, "control",
		 "a worker has not taken up a capture: nobody runs it, or it hangs");
}

void ctl_capture(struct ctl_view *view, const json_t *request, json_t *reply)
{
	struct capture_want want = {0};
	struct ctl_capture *c;
	char error[256];

	if (!read_ifaces(view->stack, request, &want, reply) || !read_what(request, &want, reply) ||
	    !read_sizes(view->stack, request, &want, reply) || !read_filter(request, &want, reply))
		return;
	c = calloc(1, sizeof(*c));
	if (!c) {
		ctl_refuse(reply, "there is no memory for a capture");
		return;
	}
	if (capture_start(view->stack, &want, &c->capture, error, sizeof(error))) {
		ctl_refuse(reply, "%s", error);
		free(c);
		return;
	}
	settle(view, c->capture, reply);
	ctl_put(reply, "capture", json_string("pcapng"));
	view->capture = c;
}

/* ---- the stream ------------------------------------------------------------------------------ */

size_t ctl_capture_read(struct ctl_capture *c, const uint8_t **bytes)
{
	*bytes = c->room;
	return capture_read(c->capture, c->room, sizeof(c->room));
}

void ctl_capture_end(struct ctl_capture *c)
{
	if (!c->ended)
		capture_end(c->capture);
	c->ended = true;
}

bool ctl_capture_over(const struct ctl_capture *c)
{
	return c->ended && capture_settled(c->capture);
}

void ctl_capture_leave(struct ctl_capture *c)
{
	if (!c)
		return;
	ctl_capture_end(c);
	capture_leave(c->capture);
	free(c);
}
