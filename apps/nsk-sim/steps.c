/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs the script of an end of a connection, step by step, as far as it goes at an instant, and
 * tells of steps that end otherwise than they were to. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "nsk-sim/apps.h"
#include "nsk-sim/endpoint.h"

static const struct sim_step *step_of(const struct endpoint *e)
{
	return &e->conn->app->a->script[e->server].step[e->step];
}

/* ---- each step ----------------------------------------------------------------------------- */

static int connected(struct endpoint *e)
{
	struct pollfd pfd = {.fd = e->fd, .events = POLLOUT};
	socklen_t len = sizeof(int);
	int error = 0;

	if (nsk_poll(&pfd, 1, 0) <= 0)
		return CALL_WAITS;
	nsk_getsockopt(e->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	e->connected = !error;
	return error;
}

static int pause_is_over(struct endpoint *e)
{
	if (e->until_ns <= e->conn->app->sim->now_ns)
		return CALL_DONE;
	endpoint_wake(e, e->until_ns);
	return CALL_WAITS;
}

static int shut_down(struct endpoint *e, bool read)
{
	if (nsk_shutdown(e->fd, read ? SHUT_RD : SHUT_WR))
		return endpoint_failed(e);
	e->deaf |= read;
	e->shut |= !read;
	return CALL_DONE;
}

static int set_reading(struct endpoint *e, bool on)
{
	e->reading = on;
	return CALL_DONE;
}

static int set_option(struct endpoint *e, const struct sim_step *step)
{
	if (parts_set_option(step->other, (uint32_t)step->value, e->fd))
		return endpoint_failed(e);
	return CALL_DONE;
}

static int leave(struct endpoint *e, bool abort)
{
	struct linger linger = {1, 0};

	if (abort)
		nsk_setsockopt(e->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	e->broken |= abort;
	endpoint_end(e, 0);
	return CALL_DONE;
}

/* Is there more than steps have taken, or the end? */
static int more_to_read(struct endpoint *e)
{
	return e->got > e->want ? CALL_DONE : endpoint_peek(e);
}

/* Another round, if there is to be one. */
static int repeat(struct endpoint *e, const struct sim_step *step)
{
	int rc = CALL_DONE;

	if (step->what == STEP_REPEAT_TO_END)
		rc = more_to_read(e);
	else if (e->rounds-- == 0)
		rc = CALL_ENDS;
	if (rc == CALL_ENDS)
		e->step = step->other;
	return rc == CALL_ENDS ? CALL_DONE : rc;
}

/* Back to where the repetition begins, which has begun already. */
static int again(struct endpoint *e, const struct sim_step *step)
{
	e->step = step->other;
	return repeat(e, step_of(e));
}

static int run(struct endpoint *e, const struct sim_step *step)
{
	int rc;

	switch (step->what) {
	case STEP_CONNECT:
		return connected(e);
	case STEP_WRITE:
		return endpoint_write(e);
	case STEP_READ:
		return endpoint_read(e, e->want);
	case STEP_READ_END:
		rc = endpoint_read(e, UINT64_MAX);
		return rc == CALL_ENDS ? CALL_DONE : rc;
	case STEP_KEEP_READING:
	case STEP_STOP_READING:
		return set_reading(e, step->what == STEP_KEEP_READING);
	case STEP_WAIT:
	case STEP_WAIT_UNTIL:
		return pause_is_over(e);
	case STEP_SHUTDOWN:
	case STEP_SHUTDOWN_READ:
		return shut_down(e, step->what == STEP_SHUTDOWN_READ);
	case STEP_SET:
		return set_option(e, step);
	case STEP_REPEAT:
	case STEP_REPEAT_TO_END:
		return repeat(e, step);
	case STEP_AGAIN:
		return again(e, step);
	default:
		return leave(e, step->what == STEP_ABORT);
	}
}

/* ---- one after the other ------------------------------------------------------------------- */

/* What a step is to reach. */
static void begin(struct endpoint *e, const struct sim_step *step)
{
	struct app *app = e->conn->app;

	switch (step->what) {
	case STEP_WRITE:
		/* The first is asked for from when it connects. */
		if (!e->server && e->sent)
			e->conn->asked_ns = app->sim->now_ns;
		e->goal = e->sent + step->value;
		if (step->value == UINT64_MAX)
			e->goal = app->stopped ? e->sent : UINT64_MAX;
		break;
	case STEP_READ:
		e->want += step->value;
		break;
	case STEP_WAIT:
		e->until_ns = app->sim->now_ns + step->value;
		break;
	case STEP_WAIT_UNTIL:
		e->until_ns = SIM_START_NS + step->value;
		break;
	case STEP_REPEAT:
		e->rounds = step->value;
		break;
	default:
		break;
	}
	e->begun = true;
}

static void answered(struct endpoint *e)
{
	struct app *app = e->conn->app;

	if (e->server || (app->a->kind != SIM_REQUEST && app->a->kind != SIM_SHORT))
		return;
	app->result->requests++;
	histogram_record(app->latency, app->sim->now_ns - e->conn->asked_ns);
}

/* ---- how they end -------------------------------------------------------------------------- */

const char *endpoint_step(const struct endpoint *e, char *buf, size_t size)
{
	const struct sim_step *step = step_of(e);
	int n;

	if (!step->at || !step->number)
		return NULL;
	n = scenario_place(e->conn->app->sim->s, step->at, buf, size);
	if (n >= 0 && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, "step %u of the %s, \"%s\"", step->number,
			 e->server ? "server" : "client", config_setting_get_string(step->at));
	return buf;
}

bool endpoint_only_waits(const struct endpoint *e)
{
	const struct sim_step *step = step_of(e);

	return !step->at ||
	       (!step->outcomes && (step->what == STEP_READ || step->what == STEP_READ_END ||
				    step->what == STEP_REPEAT_TO_END));
}

static bool may_end_so(const struct sim_step *step, int rc)
{
	for (unsigned i = 0; step->outcomes && parts_outcomes[i].name; i++)
		if (parts_outcomes[i].code == rc)
			return step->outcomes & 1u << i;
	return !step->outcomes && rc == CALL_DONE;
}

/* Tells of a step that ended otherwise than it was to. */
static void tell(const struct endpoint *e, const char *step, int rc)
{
	const struct app *app = e->conn->app;
	const char *name = "an error";
	char how[160];

	for (unsigned i = 0; parts_outcomes[i].name; i++)
		if (parts_outcomes[i].code == rc)
			name = parts_outcomes[i].name;
	if (rc == CALL_DONE)
		snprintf(how, sizeof(how), "was done");
	else if (rc == CALL_ENDS)
		snprintf(how, sizeof(how), "came to the end of the stream, %llu bytes short",
			 (unsigned long long)(e->want - e->got));
	else
		snprintf(how, sizeof(how), "ended with %s (%s)", name, strerror(rc));
	sim_fail(app->sim, "application \"%s\", connection %llu: %s, %s", app->a->name,
		 (unsigned long long)e->conn->serial, step, how);
}

/* Where no outcome is named an error is one of the application, which may be borne with. */
static void missed(struct endpoint *e, int rc)
{
	char buf[500];
	const char *step = endpoint_step(e, buf, sizeof(buf));

	if (step && (step_of(e)->outcomes || !endpoint_excused(e)))
		tell(e, step, rc);
	endpoint_end(e, rc == CALL_ENDS ? ENODATA : rc);
}

bool endpoint_step_over(struct endpoint *e, int rc)
{
	const struct sim_step *step = step_of(e);
	struct app *app = e->conn->app;

	/* Who trusts a hostile host waits for what does not come. */
	if (rc == CALL_WAITS || (rc == CALL_ENDS && app->a->foreign && !step->outcomes))
		return false;
	if (!may_end_so(step, rc)) {
		missed(e, rc);
		return false;
	}
	if (rc > 0) {
		e->broken = true;
		e->reading = false;
	}
	if (step->what == STEP_READ && rc == CALL_DONE)
		answered(e);
	if (step->what == STEP_READ_END)
		e->want = e->got;
	e->last_ns = app->sim->now_ns;
	e->step++;
	e->begun = false;
	return true;
}

void endpoint_run(struct endpoint *e)
{
	struct sim *sim = e->conn->app->sim;
	bool more = e->fd >= 0 && !sim->stack[e->stack].stopped;

	if (more)
		sim->stack[e->stack].touched = true;
	while (more && e->fd >= 0 && !sim->result->failed) {
		const struct sim_step *step = step_of(e);
		int rc = e->reading ? endpoint_read(e, UINT64_MAX) : CALL_WAITS;

		if (!e->begun)
			begin(e, step);
		more = endpoint_step_over(e, rc > 0 ? rc : run(e, step));
	}
}
