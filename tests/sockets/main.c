/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs the topic that is named, or all of them; 77 where there are no hosts to be had. */
#include <signal.h>
#include <stdio.h>

#include "sockets/twin.h"

static const struct {
	const char *name;
	void (*run)(void);
} topics[] = {
#define TOPIC_ROW(name) {#name, topic_##name},
	TWIN_TOPICS(TOPIC_ROW)
#undef TOPIC_ROW
};

/* The hosts know each other's link addresses afterwards, and no device loses what is sent. */
static void acquaint(enum twin_host from, enum twin_host to)
{
	struct sockaddr_in sin;
	int at = udp_bound(to, &sin, 0);
	struct pollfd p = {.fd = at, .events = POLLIN};
	int fd;

	on_host(from);
	fd = udp_socket(0);
	do
		sendto(fd, "hello", 5, 0, SA(&sin), SIN_LEN);
	while (poll(&p, 1, 10) == 0);
	close(fd);
	close(at);
}

int main(int argc, char **argv)
{
	bool found = false;

	if (!hosts_start())
		return 77;
	signal(SIGPIPE, SIG_IGN);
	alarm(2 * TWIN_LIMIT_MS / 1000);
	acquaint(CLIENT, SERVER);
	acquaint(SERVER, CLIENT);
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
		if (argc > 1 && strcmp(argv[1], topics[i].name))
			continue;
		found = true;
		twin_topic = topics[i].name;
		about("%s", "");
		topics[i].run();
	}
	hosts_stop();
	if (!found)
		fprintf(stderr, "no such topic: %s\n", argv[1]);
	return !found;
}
