/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One loop for both worlds: a TCP echo server whose epoll holds a timer and the signals of the
 * kernel beside the stack's sockets. The main thread runs the worker.
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <netstk/netstk.h>

#define PORT	    7
#define EVENTS	    64
#define REPORT_EACH 10 /* seconds */

struct server {
	int epoll, listener, timer, signals;
	unsigned long bytes;
};

static int watch(const struct server *s, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return nsk_epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event);
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	return nsk_bind(fd, (struct sockaddr *)&any, sizeof(any)) || nsk_listen(fd, 1024) ? -1 : fd;
}

/* SIGINT and SIGTERM are read, not handled. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int open_timer(void)
{
	const struct itimerspec each = {{REPORT_EACH, 0}, {REPORT_EACH, 0}};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	return timerfd_settime(fd, 0, &each, NULL) ? -1 : fd;
}

/* A client that does not read its answers is given up. */
static void echo(struct server *s, int fd)
{
	char buffer[4096];
	ssize_t n = nsk_recv(fd, buffer, sizeof(buffer), 0);

	if (n <= 0 || nsk_send(fd, buffer, (size_t)n, 0) != n)
		nsk_close(fd);
	else
		s->bytes += (unsigned long)n;
}

static void welcome(const struct server *s)
{
	int fd = nsk_accept4(s->listener, NULL, NULL, SOCK_NONBLOCK);

	if (fd >= 0 && watch(s, fd))
		nsk_close(fd);
}

static void report(struct server *s)
{
	uint64_t times;

	if (read(s->timer, &times, sizeof(times)) == sizeof(times))
		printf("%lu bytes in %u s\n", s->bytes, REPORT_EACH);
	s->bytes = 0;
}

/* Until a signal comes. */
static int serve(struct server *s)
{
	struct epoll_event events[EVENTS];
	int n;

	while ((n = nsk_epoll_wait(s->epoll, events, EVENTS, -1)) >= 0) {
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == s->signals)
				return 0;
			if (fd == s->timer)
				report(s);
			else if (fd == s->listener)
				welcome(s);
			else
				echo(s, fd);
		}
	}
	return 1;
}

/* Says what is wrong; 2, as with all programs, where the same command line will not do next time
 * either. */
static int failed(struct nsk_config *config, const char *what, int status)
{
	fprintf(stderr, "%s\n", what);
	nsk_config_free(config);
	return status;
}

int main(int argc, char **argv)
{
	struct nsk_config *config = nsk_config_new();
	struct nsk_stack *stack;
	struct server s = {.signals = open_signals(), .timer = open_timer()};
	int rc;

	if (nsk_config_args(config, &argc, argv))
		return failed(config, nsk_config_error(config), 2);
	if (argc > 1)
		return failed(config, "only options are taken, such as -d net_tap0 -a 10.9.0.2/24",
			      2);
	if (nsk_stack_create(config, &stack))
		return failed(config, nsk_config_error(config),
			      errno == EINVAL || errno == ENODEV ? 2 : 1);
	nsk_config_free(config);
	nsk_attach(stack, 0);
	s.epoll = nsk_epoll_create1(0);
	s.listener = listen_on(PORT);
	rc = watch(&s, s.listener) || watch(&s, s.timer) || watch(&s, s.signals);
	if (rc)
		perror("watch");
	else
		rc = serve(&s);
	nsk_detach();
	nsk_stack_destroy(stack);
	return rc;
}
