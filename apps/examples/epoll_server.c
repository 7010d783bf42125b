/* SPDX-License-Identifier: BSD-3-Clause */
/* A TCP echo server: the epoll loop that everybody knows, once on each worker. */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>

#include <netstk/netstk.h>

#define PORT   7
#define EVENTS 64

static struct nsk_stack *stack;

static void watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (fd >= 0 && nsk_epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		nsk_close(fd);
}

/* Sends back what came. A client that does not read its answers is given up (nsk-echo keeps them).
 */
static void echo(int fd)
{
	char buffer[4096];
	ssize_t n = nsk_recv(fd, buffer, sizeof(buffer), 0);

	if (n <= 0 || nsk_send(fd, buffer, (size_t)n, 0) != n)
		nsk_close(fd);
}

static int serve(void *arg)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct epoll_event events[EVENTS];
	int listener = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int epoll = nsk_epoll_create1(0);
	int n;

	(void)arg;
	if (nsk_bind(listener, (struct sockaddr *)&any, sizeof(any)) ||
	    nsk_listen(listener, 1024)) {
		perror("listen");
		nsk_stop(stack);
		return 1;
	}
	watch(epoll, listener);
	while ((n = nsk_epoll_wait(epoll, events, EVENTS, -1)) >= 0)
		for (int i = 0; i < n; i++)
			if (events[i].data.fd == listener)
				watch(epoll, nsk_accept4(listener, NULL, NULL, SOCK_NONBLOCK));
			else
				echo(events[i].data.fd);
	return 0;
}

static void on_signal(int sig)
{
	(void)sig;
	nsk_stop(stack);
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
	int rc;

	/* -d DEVICE, -a ADDRESS, -l CORES ... as all programs take them. */
	if (nsk_config_args(config, &argc, argv))
		return failed(config, nsk_config_error(config), 2);
	if (argc > 1)
		return failed(config, "only options are taken, such as -d net_tap0 -a 10.9.0.2/24",
			      2);
	if (nsk_stack_create(config, &stack))
		return failed(config, nsk_config_error(config),
			      errno == EINVAL || errno == ENODEV ? 2 : 1);
	nsk_config_free(config);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	rc = nsk_launch(stack, serve, NULL) || nsk_join(stack);
	nsk_stack_destroy(stack);
	return rc;
}
