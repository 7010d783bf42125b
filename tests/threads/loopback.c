/* SPDX-License-Identifier: BSD-3-Clause */
/* Two workers speak with themselves and with each other by the loopback interface, and sleep while
 * they wait; threads that are no worker's do the same with blocking calls. */
#include <arpa/inet.h>

#include <netstk/epoll.h>

#include "threads/crew.h"

#define WORKERS 2
#define PORT	7000
#define ROUNDS                                                                            \
	2000 /* of one octet, one after the other: were each slept over, it were a minute \
	      */

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

/* ---- in the workers' own threads ------------------------------------------------------------- */

static unsigned clients_done; /* [A] */
static unsigned listening;    /* [A] workers of both stacks */

static bool all_done(void *arg)
{
	return __atomic_load_n(&clients_done, __ATOMIC_ACQUIRE) == *(const unsigned *)arg;
}

/* What a descriptor is for. */
struct end {
	enum {
		LISTENER,
		SERVER,
		CLIENT
	} role;
	int fd;
	unsigned rounds;
};

struct one {
	int ep;
	struct end end[1 + 2 * WORKERS]; /* those of other workers' clients may come all to one */
	unsigned n;
};

static int watch(struct one *w, int fd, int role, uint32_t events)
{
	struct end *e = &w->end[w->n++];
	struct epoll_event ev = {.events = events, .data.ptr = e};

	*e = (struct end){.role = role, .fd = fd};
	return fd < 0 ? -1 : nsk_epoll_ctl(w->ep, EPOLL_CTL_ADD, fd, &ev);
}

static int listen_on(struct one *w, uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (nsk_bind(fd, (struct sockaddr *)&sin, sizeof(sin)) || nsk_listen(fd, 16))
		return -1;
	return watch(w, fd, LISTENER, EPOLLIN);
}

/* To a listener that may be of the very thread that connects. */
static int connect_to(struct one *w, uint16_t port)
{
	struct sockaddr_in sin = loopback(port);
	int fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (nsk_connect(fd, (struct sockaddr *)&sin, sizeof(sin)) != -1 || errno != EINPROGRESS)
		return -1;
	return watch(w, fd, CLIENT, EPOLLIN | EPOLLOUT | EPOLLET);
}

static int handle(struct one *w, struct end *e, uint32_t events)
{
	char c = 'x';

	if (e->role == LISTENER)
		return watch(w, nsk_accept4(e->fd, NULL, NULL, SOCK_NONBLOCK), SERVER, EPOLLIN);
	if (e->role == SERVER)
		return nsk_recv(e->fd, &c, 1, 0) == 1 && nsk_send(e->fd, &c, 1, 0) == 1 ? 0 : -1;
	if (e->rounds == ROUNDS || (e->rounds && !(events & EPOLLIN)))
		return 0;
	if (e->rounds && nsk_recv(e->fd, &c, 1, 0) != 1)
		return errno == EAGAIN ? 0 : -1;
	if (++e->rounds == ROUNDS)
		__atomic_fetch_add(&clients_done, 1, __ATOMIC_RELEASE);
	else if (nsk_send(e->fd, &c, 1, 0) != 1)
		return -1;
	return 0;
}

static int speak(void *stack)
{
	struct one w = {.ep = nsk_epoll_create1(0)};
	struct epoll_event ev[8];
	int n = 0;

	(void)stack;
	if (listen_on(&w, (uint16_t)(PORT + nsk_worker_index())))
		return 1;
	__atomic_fetch_add(&listening, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&listening, __ATOMIC_ACQUIRE) < 2 * WORKERS && n >= 0)
		n = nsk_epoll_wait(w.ep, ev, 1, 0);
	for (unsigned i = 0; i < WORKERS; i++)
		if (connect_to(&w, (uint16_t)(PORT + i)))
			return 2;
	while ((n = nsk_epoll_wait(w.ep, ev, 8, -1)) >= 0)
		for (int i = 0; i < n; i++)
			if (handle(&w, ev[i].data.ptr, ev[i].events))
				return 3;
	return errno == ESHUTDOWN ? 0 : errno;
}

static void workers_speak_with_themselves_and_each_other(void **state)
{
	unsigned clients = 2 * WORKERS * WORKERS; /* both stacks have two workers */
	struct crew crew;

	(void)state;
	clients_done = listening = 0;
	crew_start_with(&crew, WORKERS, speak);
	crew_until(all_done, &clients);
	crew_end(&crew);
}

/* ---- in others ------------------------------------------------------------------------------- */

static void threads_speak_by_blocking_calls(void **state)
{
	struct sockaddr_in sin = loopback(PORT);
	struct crew crew;
	int listener, fd[2];
	char text[5];

	(void)state;
	crew_start(&crew, WORKERS);
	crew_enter(&crew, 0);
	listener = crew_listen(PORT);
	for (unsigned i = 0; i < 50; i++) {
		fd[0] = nsk_socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(nsk_connect(fd[0], (struct sockaddr *)&sin, sizeof(sin)), 0);
		fd[1] = nsk_accept(listener, NULL, NULL);
		assert_true(fd[1] >= 0);
		assert_int_equal(nsk_send(fd[0], "hello", 5, 0), 5);
		assert_int_equal(nsk_recv(fd[1], text, 5, MSG_WAITALL), 5);
		assert_memory_equal(text, "hello", 5);
		nsk_close(fd[0]);
		assert_int_equal(nsk_recv(fd[1], text, 5, 0), 0);
		nsk_close(fd[1]);
	}
	nsk_close(listener);
	crew_end(&crew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_speak_with_themselves_and_each_other),
		cmocka_unit_test(threads_speak_by_blocking_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
