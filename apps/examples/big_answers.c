/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TCP server that answers each byte with a megabyte, out of memory of its own and without copying
 * it: registered memory, MSG_ZEROCOPY, and the error queue, which tells when a call is over. The
 * memory never changes here; a program that writes to it waits until then. The counters at the end
 * show what was copied.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include <linux/errqueue.h>

#include <netstk/netstk.h>
#include <netstk/zerocopy.h>

#define PORT   7
#define EVENTS 64
#define ANSWER (1024 * 1024)

static struct nsk_stack *stack;
static uint8_t *answer;
static uint64_t calls_over;

struct client {
	int fd;
	uint64_t owed; /* bytes that were asked for and not sent yet */
	LIST_ENTRY(client) link;
};

static LIST_HEAD(, client) clients = LIST_HEAD_INITIALIZER(clients);

/* What the error queue tells: calls from ee_info to ee_data are over. */
static void count_what_is_over(int fd)
{
	uint8_t control[128];
	struct msghdr msg = {.msg_control = control, .msg_controllen = sizeof(control)};
	struct sock_extended_err err;

	while (nsk_recvmsg(fd, &msg, MSG_ERRQUEUE) >= 0) {
		memcpy(&err, CMSG_DATA((struct cmsghdr *)control), sizeof(err));
		if (err.ee_origin == SO_EE_ORIGIN_ZEROCOPY)
			calls_over += err.ee_data - err.ee_info + 1;
		msg.msg_controllen = sizeof(control);
	}
}

/* Takes requests and sends answers until there is nothing to read, or no room. */
static int serve_client(struct client *c)
{
	uint8_t requests[64];
	ssize_t n;

	do {
		size_t done = (size_t)(-c->owed % ANSWER); /* of the answer that is being sent */

		if (c->owed)
			n = nsk_send(c->fd, answer + done, ANSWER - done, MSG_ZEROCOPY);
		else
			n = nsk_recv(c->fd, requests, sizeof(requests), 0);
		if (n == 0)
			return -1;
		if (n > 0)
			c->owed = c->owed ? c->owed - (uint64_t)n : (uint64_t)n * ANSWER;
	} while (n > 0);
	return errno == EAGAIN || errno == ENOBUFS ? 0 : -1;
}

static void leave(struct client *c)
{
	LIST_REMOVE(c, link);
	nsk_close(c->fd);
	free(c);
}

static void on_event(const struct epoll_event *event)
{
	struct client *c = event->data.ptr;

	if (event->events & EPOLLERR)
		count_what_is_over(c->fd);
	if (serve_client(c))
		leave(c);
}

static void welcome(int epoll, int listener)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
	int fd = nsk_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	struct client *c = fd < 0 ? NULL : calloc(1, sizeof(*c));

	if (c)
		c->fd = fd;
	event.data.ptr = c;
	if (fd >= 0 && (!c || nsk_epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))) {
		nsk_close(fd);
		free(c);
	} else if (c) {
		LIST_INSERT_HEAD(&clients, c, link);
	}
}

static int serve(void *arg)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct epoll_event events[EVENTS], event = {.events = EPOLLIN};
	int listener = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int epoll = nsk_epoll_create1(0);
	int on = 1, n;

	(void)arg;
	/* Connections have what their listener has. */
	if (nsk_setsockopt(listener, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)) ||
	    nsk_bind(listener, (struct sockaddr *)&any, sizeof(any)) ||
	    nsk_listen(listener, 1024) || nsk_epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event)) {
		perror("listen");
		nsk_stop(stack);
		return 1;
	}
	while ((n = nsk_epoll_wait(epoll, events, EVENTS, -1)) >= 0)
		for (int i = 0; i < n; i++)
			if (events[i].data.ptr)
				on_event(&events[i]);
			else
				welcome(epoll, listener);
	while (!LIST_EMPTY(&clients))
		leave(LIST_FIRST(&clients));
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
		printf("%" PRIu64 " calls over, %" PRIu64 " bytes of answers copied\n", calls_over,
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
	answer = malloc(ANSWER);
	if (!answer || nsk_zc_register(stack, answer, ANSWER)) {
		perror("registering memory");
		return 1;
	}
	for (size_t i = 0; i < ANSWER; i++)
		answer[i] = (uint8_t)(i % 251);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	rc = nsk_launch(stack, serve, NULL) || nsk_join(stack);
	say_what_was_copied();
	nsk_stack_destroy(stack);
	free(answer);
	return rc;
}
