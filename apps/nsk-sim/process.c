/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/program.h"
#include "nsk-sim/sim.h"

#define LOOK_MS 100

/* What the child sends. A signal that was ours alone is its, too. */
static bool read_whole(int fd, pid_t pid, void *data, size_t len)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	bool told = false;
	size_t got = 0;

	while (got < len) {
		ssize_t n;

		if (program_ended() && !told)
			told = kill(pid, SIGTERM) == 0;
		if (poll(&pfd, 1, LOOK_MS) <= 0)
			continue;
		n = read(fd, (char *)data + got, len - got);
		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		got += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static void write_whole(int fd, const void *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			_exit(1);
		data = (const char *)data + (n > 0 ? n : 0);
		len -= n > 0 ? (size_t)n : 0;
	}
}

static void child(const struct scenario *s, unsigned timeout_s, const char *pcap, int fd)
{
	static struct result result;

	if (timeout_s)
		alarm(timeout_s);
	sim_scenario(s, pcap, false, &result);
	write_whole(fd, &result, sizeof(result));
	_exit(0);
}

static void died(struct result *result, int status, unsigned timeout_s)
{
	memset(result, 0, sizeof(*result));
	result->failed = true;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(result->why, sizeof(result->why), "the run took longer than %u s",
			 timeout_s);
	else if (WIFSIGNALED(status))
		snprintf(result->why, sizeof(result->why),
			 "the process was ended by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(result->why, sizeof(result->why), "the process ended with status %d",
			 WEXITSTATUS(status));
}

void process_run(const struct scenario *s, unsigned timeout_s, const char *pcap,
		 struct result *result)
{
	int fd[2], status = 0;
	bool whole = false;
	pid_t pid;

	fflush(NULL);
	pid = pipe(fd) ? -1 : fork();
	if (pid < 0) {
		perror("nsk-sim");
		exit(1);
	}
	if (pid == 0) {
		close(fd[0]);
		child(s, timeout_s, pcap, fd[1]);
	}
	close(fd[1]);
	whole = read_whole(fd[0], pid, result, sizeof(*result));
	close(fd[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!whole || status)
		died(result, status, timeout_s);
	result->seed = s->seed;
}
