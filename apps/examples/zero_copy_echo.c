/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TCP echo server that copies no payload: the buffers that bring a request carry the answer. The
 * counters at the end show it. For one worker (the list of clients is the program's).
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <netstk/netstk.h>
#include <netstk/zerocopy.h>

#define PORT   7
#define EVENTS 64
#define BURST  32

static struct nsk_stack *stack;

/* A connection with what it has received and the send buffer had no room for. */
struct client {
	struct client *next, **link; /* of all */
	int fd;
	unsigned first, count;
	struct rte_mbuf *bufs[BURST];
};

static struct client *clients;

static void end(struct client *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	nsk_zc_free(c->bufs + c->first, c->count);
	nsk_close(c->fd);
	free(c);
}

/* True when all of it went; false with errno. */
static bool send_all(struct client *c)
{
	while (c->count > 0) {
		if (nsk_zc_send(c->fd, c->bufs[c->first]) < 0)
			return false;
		c->first++;
		c->count--;
	}
	return true;
}

/* Edge-triggered: goes on until there is nothing to read, or no room to send. */
static void echo(struct client *c)
{
	for (;;) {
		int n;

		if (!send_all(c))
			break;
		n = nsk_zc_recv(c->fd, c->bufs, BURST);
		if (n == 0) {
			end(c);
			return;
		}
		if (n < 0)
			break;
		c->first = 0;
		c->count = (unsigned)n;
	}
	if (errno != EAGAIN)
		end(c);
}

static void welcome(int epoll, int listener)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
	int fd = nsk_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	struct client *c = fd < 0 ? NULL : calloc(1, sizeof(*c));

	if (!c) {
		if (fd >= 0)
			nsk_close(fd);
		return;
	}
	*c = (struct client){.fd = fd, .next = clients, .link = &clients};
	if (clients)
		clients->link = &c->next;
	clients = c;
	event.data.ptr = c;
	if (nsk_epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		end(c);
}

static int serve(void *arg)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct epoll_event events[EVENTS], event = {.events = EPOLLIN};
	int listener = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int epoll = nsk_epoll_create1(0);
	int n;

	(void)arg;
	if (nsk_bind(listener, (struct sockaddr *)&any, sizeof(any)) ||
	    nsk_listen(listener, 1024) || nsk_epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event)) {
		perror("listen");
		nsk_stop(stack);
		return 1;
	}
	while ((n = nsk_epoll_wait(epoll, events, EVENTS, -1)) >= 0)
		for (int i = 0; i < n; i++)
			if (events[i].data.ptr)
				echo(events[i].data.ptr);
			else
				welcome(epoll, listener);
	while (clients)
		end(clients);
	return 0;
}

static void on_signal(int sig)
{
	(void)sig;
	nsk_stop(stack);
}

static void say_what_was_copied(void)
{
	struct nsk_stats stats;

	if (nsk_stats_read(stack, -1, &stats) == 0)
		printf("%" PRIu64 " segments in, %" PRIu64 " bytes of payload copied\n",
		       stats.counter[NSK_CNT_TCP_SEGMENTS_IN],
		       stats.counter[NSK_CNT_PAYLOAD_COPIED_RX] +
			       stats.counter[NSK_CNT_PAYLOAD_COPIED_TX]);
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
	say_what_was_copied();
	nsk_stack_destroy(stack);
	return rc;
}
