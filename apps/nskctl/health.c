/* SPDX-License-Identifier: BSD-3-Clause */
#include "nskctl/health.h"

#include <stdio.h>
#include <time.h>

static void print(const json_t *reply, bool json)
{
	const json_t *reasons = json_object_get(reply, "reasons");

	if (json) {
		json_dumpf(reply, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		printf("%s, %" JSON_INTEGER_FORMAT " connections",
		       json_string_value(json_object_get(reply, "state")),
		       json_integer_value(json_object_get(reply, "connections")));
		for (size_t i = 0; i < json_array_size(reasons); i++)
			printf("%s%s", i ? "; " : ": ",
			       json_string_value(json_array_get(reasons, i)));
		putchar('\n');
	}
	fflush(stdout);
}

int health(struct client *c, bool json)
{
	json_t *reply = client_ask(c, json_pack("{s:s}", "cmd", "health"));
	int status;

	if (!reply)
		return -1;
	print(reply, json);
	status = json_is_true(json_object_get(reply, "healthy")) ? 0 : 1;
	json_decref(reply);
	return status;
}

/* The reply is the caller's. */
static json_t *ask_drain(struct client *c, bool on)
{
	return client_ask(c, json_pack("{s:s, s:b}", "cmd", "drain", "on", on));
}

int drain(struct client *c, bool on, bool json)
{
	json_t *reply = ask_drain(c, on);

	if (!reply)
		return -1;
	print(reply, json);
	json_decref(reply);
	return 0;
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A line a second. */
int drain_wait(struct client *c, double seconds, bool json)
{
	static const struct timespec look = {.tv_nsec = 100000000};
	double start = now_s(), line = start;
	json_int_t left = 1;

	while (left) {
		json_t *reply = ask_drain(c, true);

		if (!reply)
			return -1;
		left = json_integer_value(json_object_get(reply, "connections"));
		if (now_s() >= line || !left) {
			print(reply, json);
			line += 1;
		}
		json_decref(reply);
		if (left && now_s() - start >= seconds)
			return 1;
		if (left)
			nanosleep(&look, NULL);
	}
	return 0;
}
