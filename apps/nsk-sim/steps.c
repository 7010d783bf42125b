/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs the script of an end of a connection, step by step, as far as it goes at an instant. */
#include <errno.h>
#include <netinet/in.h>

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

static int end_sending(struct endpoint *e)
{
	if (nsk_shutdown(e->fd, SHUT_WR))
		return endpoint_failed(e);
	e->shut = true;
	return CALL_DONE;
}

static int keep_reading(struct endpoint *e)
{
	e->reading = true;
	return CALL_DONE;
}

/* Another round, if there is to be one. */
static int repeat(struct endpoint *e, const struct sim_step *step)
{
	int rc = CALL_DONE;

	if (step->what == STEP_REPEAT_TO_END)
		rc = endpoint_peek(e);
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
		return keep_reading(e);
	case STEP_WAIT:
	case STEP_WAIT_UNTIL:
		return pause_is_over(e);
	case STEP_SHUTDOWN:
		return end_sending(e);
	case STEP_REPEAT:
	case STEP_REPEAT_TO_END:
		return repeat(e, step);
	case STEP_AGAIN:
		return again(e, step);
	default:
		endpoint_end(e, 0);
		return CALL_DONE;
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

/* True: the next step's turn has come. */
static bool go_on(struct endpoint *e, const struct sim_step *step, int rc)
{
	/* Who trusts a hostile host waits for what does not come. */
	if (rc == CALL_WAITS || (rc == CALL_ENDS && e->conn->app->a->foreign))
		return false;
	if (rc != CALL_DONE) {
		endpoint_end(e, rc == CALL_ENDS ? ECONNRESET : rc);
		return false;
	}
	e->last_ns = e->conn->app->sim->now_ns;
	if (step->what == STEP_READ)
		answered(e);
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
		more = go_on(e, step, rc > 0 ? rc : run(e, step));
	}
}
