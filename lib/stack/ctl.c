/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread: a few clients at a time, each with one request under way. It is no worker and
 * owns nothing that a worker uses; everything it needs to answer is there when the stack starts,
 * apart from the text of replies.
 */
#include "stack/ctl.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack/capture.h"
#include "stack/ctl_command.h"

#define CLIENTS	     8
#define THREAD_STACK (512 * 1024)
#define IDLE_NS                                                                                    \
	UINT64_C(60000000000) /* a client that says nothing, or takes nothing, for so long is left \
			       */
#define LOOK_MS		1000
#define CAPTURE_LOOK_MS 5 /* while packets are captured: how often they are asked for */

struct client {
	int fd; /* -1: free place */
	size_t have;
	char in[CTL_REQUEST_SIZE];
	const char *out; /* on its way, NULL: nothing */
	char *reply;	 /* what out is of, unless that is captured packets */
	size_t out_len, sent;
	uint64_t active_ns;
	bool last;		     /* close when the reply is out */
	struct ctl_capture *capture; /* that it reads, NULL: none; then nobody listens to it, */
	bool silent;		     /* and it has said all it will */
};

struct ctl {
	struct ctl_view view;
	char path[CONFIG_PATH_MAX];
	int listener;
	int wake; /* eventfd that ends the thread */
	pthread_t thread;
	uint64_t deaf_until_ns; /* accept() failed for want of descriptors: it would at once fail
				   again */
	struct client client[CLIENTS];
};

/* ---- clients ------------------------------------------------------------------------------- */

static void leave(struct client *c)
{
	close(c->fd);
	free(c->reply);
	ctl_capture_leave(c->capture);
	c->out = c->reply = NULL;
	c->capture = NULL;
	c->fd = -1;
}

static struct client *free_place(struct ctl *ctl)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (ctl->client[i].fd < 0)
			return &ctl->client[i];
	return NULL;
}

static void accept_client(struct ctl *ctl, uint64_t now)
{
	static const char full[] = "{\"error\":\"too many clients\"}\n";
	int fd = accept4(ctl->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c = free_place(ctl);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			ctl->deaf_until_ns = now + UINT64_C(1000000000);
		return;
	}
	if (!c) {
		/* Whether it hears why is its own affair. */
		if (send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL) < 0)
			LOG_DEBUG(&ctl->view.stack->log, "control",
				  "a client too many left before its answer");
		close(fd);
		return;
	}
	c->fd = fd;
	c->have = 0;
	c->out_len = c->sent = 0;
	c->last = c->silent = false;
	c->active_ns = now;
}

static void send_reply(struct client *c, uint64_t now)
{
	ssize_t n = send(c->fd, c->out + c->sent, c->out_len - c->sent, MSG_NOSIGNAL);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			leave(c);
		return;
	}
	c->active_ns = now;
	c->sent += (size_t)n;
	if (c->sent < c->out_len)
		return;
	free(c->reply);
	c->out = c->reply = NULL;
	if (c->last)
		leave(c);
}

/* Packets that were captured since, as long as the client takes them. */
static void send_packets(struct client *c, uint64_t now)
{
	while (c->fd >= 0 && !c->out) {
		/* Asked first: what is there after that is the last. */
		bool over = ctl_capture_over(c->capture);
		const uint8_t *bytes;

		c->sent = 0;
		c->out_len = ctl_capture_read(c->capture, &bytes);
		if (c->out_len == 0) {
			if (over)
				leave(c);
			return;
		}
		c->out = (const char *)bytes;
		send_reply(c, now);
	}
}

static void answer(struct ctl *ctl, struct client *c, const char *line, size_t len, uint64_t now)
{
	json_t *reply = ctl_answer(&ctl->view, line, len);
	char *text = reply ? json_dumps(reply, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
	size_t n = text ? strlen(text) : 0;

	json_decref(reply);
	c->capture = ctl->view.capture;
	ctl->view.capture = NULL;
	c->out = c->reply = text;
	if (!text) {
		leave(c);
		return;
	}
	text[n] = '\n'; /* in place of the end: lengths are kept */
	c->out_len = n + 1;
	c->sent = 0;
	send_reply(c, now);
}

/* Answers the first whole line, if there is one and no reply is on its way. */
static void take_line(struct ctl *ctl, struct client *c, uint64_t now)
{
	char *end = memchr(c->in, '\n', c->have);
	char line[CTL_REQUEST_SIZE];
	size_t len;

	if (!end && c->have < sizeof(c->in))
		return;
	len = end ? (size_t)(end - c->in) : c->have;
	memcpy(line, c->in, len);
	c->have -= end ? len + 1 : len;
	memmove(c->in, c->in + (end ? len + 1 : len), c->have);
	c->last = !end; /* too long: what follows has no beginning */
	answer(ctl, c, line, end ? len : SIZE_MAX, now);
}

static void read_client(struct client *c, uint64_t now)
{
	ssize_t n = recv(c->fd, c->in + c->have, sizeof(c->in) - c->have, 0);

	if (n > 0) {
		c->have += (size_t)n;
		c->active_ns = now;
	} else if (n == 0 && c->capture) {
		ctl_capture_end(c->capture);
		c->silent = true;
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		leave(c);
	}
}

/* Who captures waits for packets as long as it likes, but takes them. */
static bool is_idle(const struct client *c, uint64_t now)
{
	return (!c->capture || c->out) && now > c->active_ns && now - c->active_ns > IDLE_NS;
}

static void serve_client(struct ctl *ctl, struct client *c, short events, uint64_t now)
{
	if (c->out) {
		if (events & (POLLOUT | POLLERR | POLLHUP))
			send_reply(c, now);
	} else if (events) {
		read_client(c, now);
	}
	while (c->fd >= 0 && !c->out && !c->capture && c->have > 0) {
		size_t before = c->have;

		take_line(ctl, c, now);
		if (c->have == before)
			break;
	}
	if (c->capture) {
		c->have = 0;
		send_packets(c, now);
	}
	if (c->fd >= 0 && is_idle(c, now))
		leave(c);
}

/* ---- thread -------------------------------------------------------------------------------- */

static void serve(struct ctl *ctl, const struct pollfd *fds)
{
	uint64_t now = clock_system_ns();

	for (unsigned i = 0; i < CLIENTS; i++)
		if (ctl->client[i].fd >= 0)
			serve_client(ctl, &ctl->client[i], fds[2 + i].revents, now);
	if (fds[1].revents)
		accept_client(ctl, now);
	captures_sweep(ctl->view.stack);
}

static short wanted_events(const struct client *c)
{
	return c->out ? POLLOUT : c->silent ? 0 : POLLIN;
}

static void *run(void *arg)
{
	struct ctl *ctl = arg;
	struct pollfd fds[2 + CLIENTS];

	pthread_setname_np(pthread_self(), "nsk-control");
	for (;;) {
		bool deaf = clock_system_ns() < ctl->deaf_until_ns;
		int look_ms = LOOK_MS;

		fds[0] = (struct pollfd){.fd = ctl->wake, .events = POLLIN};
		fds[1] = (struct pollfd){.fd = deaf ? -1 : ctl->listener, .events = POLLIN};
		for (unsigned i = 0; i < CLIENTS; i++) {
			struct client *c = &ctl->client[i];

			fds[2 + i] = (struct pollfd){.fd = c->fd, .events = wanted_events(c)};
			if (c->capture)
				look_ms = CAPTURE_LOOK_MS;
		}
		if (poll(fds, 2 + CLIENTS, look_ms) < 0)
			continue;
		if (fds[0].revents)
			return NULL;
		serve(ctl, fds);
	}
}

/* Signals are the application's: this thread takes none. */
static int start_thread(struct ctl *ctl)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&ctl->thread, &attr, run, ctl);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -rc;
}

/* ---- life ---------------------------------------------------------------------------------- */

static struct ctl *make(struct nsk_stack *stack, const char *path)
{
	struct ctl *ctl = calloc(1, sizeof(*ctl));

	if (!ctl)
		return NULL;
	ctl->view.stack = stack;
	ctl->view.started_ns = clock_system_ns();
	for (unsigned i = 0; i < CLIENTS; i++)
		ctl->client[i].fd = -1;
	snprintf(ctl->path, sizeof(ctl->path), "%s", path);
	ctl->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ctl->wake < 0 || ctl_pages_create(&ctl->view)) {
		if (ctl->wake >= 0)
			close(ctl->wake);
		ctl_pages_destroy(&ctl->view);
		free(ctl);
		return NULL;
	}
	return ctl;
}

static void unmake(struct ctl *ctl)
{
	close(ctl->wake);
	ctl_pages_destroy(&ctl->view);
	free(ctl);
}

int ctl_start(struct nsk_stack *stack, const char *path, struct ctl **out, char *error,
	      size_t error_size)
{
	struct ctl *ctl = make(stack, path);
	int rc;

	if (!ctl) {
		snprintf(error, error_size, "control socket: no memory or no descriptor left");
		return -ENOMEM;
	}
	ctl->listener = ctl_socket_open(path, error, error_size);
	if (ctl->listener < 0) {
		rc = ctl->listener;
		unmake(ctl);
		return rc;
	}
	rc = start_thread(ctl);
	if (rc) {
		snprintf(error, error_size, "control socket: no thread: %s", strerror(-rc));
		ctl_socket_close(ctl->listener, path);
		unmake(ctl);
		return rc;
	}
	*out = ctl;
	return 0;
}

void ctl_stop(struct ctl *ctl)
{
	uint64_t one = 1;

	if (!ctl)
		return;
	/* An eventfd whose count is 0 takes it: this cannot fail. */
	if (write(ctl->wake, &one, sizeof(one)) != (ssize_t)sizeof(one))
		LOG_ERR(&ctl->view.stack->log, "control", "the control thread cannot be woken: %s",
			strerror(errno));
	/* It may wait for a worker, which is ours if the stack ends; and no worker must be left
	 * with a call that is given up, which lies in what we free. */
	while (pthread_tryjoin_np(ctl->thread, NULL) == EBUSY)
		if (call_serve_seized(ctl->view.stack) == 0)
			sched_yield();
	while (call_serve_seized(ctl->view.stack))
		;
	for (unsigned i = 0; i < CLIENTS; i++)
		if (ctl->client[i].fd >= 0)
			leave(&ctl->client[i]);
	ctl_socket_close(ctl->listener, ctl->path);
	unmake(ctl);
}
