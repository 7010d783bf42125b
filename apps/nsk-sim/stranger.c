/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/stranger.h"

#include <errno.h>
#include <stdlib.h>

#include "nsk-sim/apps.h"

#define MOST  1000   /* that are borne with at once */
#define BYTES 200000 /* that each is sent */
#define CHUNK 16384

struct stranger {
	struct stranger *next;
	struct sim *sim;
	struct sim_stack *host;
	int fd; /* -1: closed */
	uint16_t port;
	uint32_t got, sent;
};

static void hang_up(struct stranger *s)
{
	if (s->fd < 0)
		return;
	nsk_close(s->fd);
	s->fd = -1;
	s->sim->strangers_open--;
}

/* Each octet once and in order, even of those who scatter them. */
static void take(struct stranger *s, const uint8_t *data, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (data[i] != stranger_octet(s->port, s->got + i)) {
			sim_fail(s->sim,
				 "host \"%s\" got %#x as byte %u of a hostile host's connection "
				 "from port %u, sent was %#x",
				 s->host->host->name, data[i], s->got + i, s->port,
				 stranger_octet(s->port, s->got + i));
			return;
		}
	s->got += n;
}

void stranger_run(struct stranger *s)
{
	static uint8_t data[CHUNK];
	ssize_t n = 1;

	while (s->fd >= 0 && (n = nsk_recv(s->fd, data, sizeof(data), 0)) > 0)
		take(s, data, (uint32_t)n);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		hang_up(s);
	while (s->fd >= 0 && s->sent < BYTES && (n = nsk_send(s->fd, data, sizeof(data), 0)) > 0)
		s->sent += (uint32_t)n;
	if (n < 0 && errno != EAGAIN)
		hang_up(s);
}

/* It has had its time. */
static void had_enough(struct sim *sim, void *arg)
{
	struct stranger *s = arg;

	if (s->host->stopped && !s->host->gone) {
		agenda_add(&sim->agenda, sim->now_ns + SIM_SECOND / 100, had_enough, s);
		return;
	}
	s->host->touched = true;
	hang_up(s);
}

void stranger_open(struct sim *sim, struct sim_stack *h, int fd, uint16_t port)
{
	struct stranger *s = sim->strangers_open < MOST ? calloc(1, sizeof(*s)) : NULL;
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLET};

	ev.data.u64 = (uint64_t)(uintptr_t)s | READY_STRANGER;
	if (!s || nsk_epoll_ctl(h->epfd, EPOLL_CTL_ADD, fd, &ev)) {
		free(s);
		nsk_close(fd);
		return;
	}
	*s = (struct stranger){
		.next = sim->strangers, .sim = sim, .host = h, .fd = fd, .port = port};
	sim->strangers = s;
	sim->strangers_open++;
	agenda_add(&sim->agenda, sim->now_ns + STRANGER_NS, had_enough, s);
	stranger_run(s);
}

void strangers_close(struct sim *sim)
{
	for (struct stranger *s = sim->strangers; s; s = s->next)
		hang_up(s);
}

void strangers_free(struct sim *sim)
{
	while (sim->strangers) {
		struct stranger *s = sim->strangers;

		sim->strangers = s->next;
		free(s);
	}
}
