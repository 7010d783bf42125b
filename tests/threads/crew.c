/* SPDX-License-Identifier: BSD-3-Clause */
#include "threads/crew.h"

#include <arpa/inet.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include <netstk/epoll.h>

#include "base/list.h"
#include "sock/call.h"
#include "sock/item.h"
#include "stack/stack.h"

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

/* ---- stacks -------------------------------------------------------------------------------- */

static void log_line(void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	struct crew *crew = arg;

	if (level > NSK_LOG_ERR)
		return;
	__atomic_fetch_add(&crew->errors, 1, __ATOMIC_RELAXED);
	fprintf(stderr, "log of a stack: %s: %s\n", module, text);
}

/* Gives the core away after each turn: there may be fewer cores than threads. */
int crew_turn(void *stack)
{
	int ep = nsk_epoll_create1(0);
	struct epoll_event ev;

	(void)stack;
	while (nsk_epoll_wait(ep, &ev, 1, 0) >= 0)
		sched_yield();
	return errno == ESHUTDOWN ? 0 : errno;
}

void crew_start_with(struct crew *crew, unsigned workers, int (*fn)(void *stack))
{
	static const char *const cidr[] = {"10.0.0.1/24", "10.0.0.2/24"};

	memset(crew, 0, sizeof(*crew));
	crew->wire = nsk_wire_create(NULL, NULL, 1500);
	assert_non_null(crew->wire);
	for (unsigned i = 0; i < 2; i++) {
		struct nsk_config *config = nsk_config_new();

		nsk_config_log(config, log_line, crew, NSK_LOG_WARN);
		assert_int_equal(nsk_config_workers(config, workers), 0);
		assert_int_equal(nsk_config_add_wire(config, crew->wire, i), 0);
		assert_int_equal(nsk_config_add_address(config, cidr[i]), 0);
		if (nsk_stack_create(config, &crew->stack[i]))
			fail_msg("%s", nsk_config_error(config));
		nsk_config_free(config);
	}
	for (unsigned i = 0; fn && i < 2; i++)
		assert_int_equal(nsk_launch(crew->stack[i], fn, crew->stack[i]), 0);
}

void crew_start(struct crew *crew, unsigned workers)
{
	crew_start_with(crew, workers, crew_turn);
}

void crew_end(struct crew *crew)
{
	nsk_enter(NULL);
	for (unsigned i = 0; i < 2; i++)
		nsk_stop(crew->stack[i]);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(nsk_join(crew->stack[i]), 0);
		nsk_stack_destroy(crew->stack[i]);
	}
	nsk_wire_destroy(crew->wire);
	assert_int_equal(crew->errors, 0);
}

/* ---- waiting for what others do ------------------------------------------------------------ */

void crew_until(bool (*done)(void *arg), void *arg)
{
	uint64_t limit = now_ns() + CREW_LIMIT_S * UINT64_C(1000000000);

	while (!done(arg)) {
		if (now_ns() > limit)
			fail_msg("nothing happened for %d s", CREW_LIMIT_S);
		sched_yield();
	}
}

struct watched {
	struct nsk_stack *stack;
	unsigned want;
};

static int count_watches(void *arg)
{
	const struct nsk_worker *w = arg;
	struct list_node *n;
	int count = 0;

	NSK_LIST_FOREACH(n, &w->sock->watches)
		count++;
	return count;
}

static bool are_waiting(void *arg)
{
	const struct watched *watched = arg;
	unsigned n = 0;

	for (unsigned i = 0; i < watched->stack->nworkers; i++) {
		struct nsk_worker *w = &watched->stack->worker[i]->w;

		n += (unsigned)sock_call(w, count_watches, w);
	}
	return n == watched->want;
}

void crew_waiting(struct nsk_stack *stack, unsigned n)
{
	struct watched watched = {stack, n};

	crew_until(are_waiting, &watched);
}

/* ---- sockets ------------------------------------------------------------------------------- */

void crew_enter(struct crew *crew, unsigned which)
{
	assert_int_equal(nsk_enter(crew->stack[which]), 0);
}

struct sockaddr_in crew_address(unsigned which, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(0x0a000001 + which),
	};
}

static int bound(int type, uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = nsk_socket(AF_INET, type, 0);

	return fd < 0 || nsk_bind(fd, (struct sockaddr *)&sin, sizeof(sin)) ? -1 : fd;
}

int crew_listen(uint16_t port)
{
	int fd = bound(SOCK_STREAM, port);

	return fd < 0 || nsk_listen(fd, 64) ? -1 : fd;
}

int crew_udp(uint16_t port)
{
	return bound(SOCK_DGRAM, port);
}

int crew_connect(unsigned which, uint16_t port)
{
	struct sockaddr_in sin = crew_address(which, port);
	int fd = nsk_socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 || nsk_connect(fd, (struct sockaddr *)&sin, sizeof(sin)) ? -1 : fd;
}

void crew_connected(struct crew *crew, uint16_t port, int *listener, int fd[2])
{
	crew_enter(crew, 1);
	*listener = crew_listen(port);
	assert_true(*listener >= 0);
	crew_enter(crew, 0);
	fd[0] = crew_connect(1, port);
	assert_true(fd[0] >= 0);
	fd[1] = nsk_accept(*listener, NULL, NULL);
	assert_true(fd[1] >= 0);
}

void crew_timeout(int fd, int option, unsigned ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, option, &tv, sizeof(tv)), 0);
}

/* ---- jobs ---------------------------------------------------------------------------------- */

static void *job_thread(void *arg)
{
	struct job *job = arg;
	uint64_t start = now_ns();

	nsk_enter(job->stack);
	job->fn(job);
	nsk_enter(NULL);
	job->took_ns = now_ns() - start;
	__atomic_store_n(&job->done, true, __ATOMIC_RELEASE);
	return NULL;
}

void job_start(struct job *job)
{
	job->done = false;
	assert_int_equal(pthread_create(&job->thread, NULL, job_thread, job), 0);
}

static bool is_done(void *arg)
{
	return __atomic_load_n(&((struct job *)arg)->done, __ATOMIC_ACQUIRE);
}

void job_join(struct job *job)
{
	crew_until(is_done, job);
	assert_int_equal(pthread_join(job->thread, NULL), 0);
}

static unsigned signals; /* [A] handled so far */

static void on_signal(int sig)
{
	(void)sig;
	__atomic_fetch_add(&signals, 1, __ATOMIC_RELAXED);
}

static bool signal_again(void *arg)
{
	struct job *job = arg;

	if (is_done(job))
		return true;
	pthread_kill(job->thread, SIGUSR1);
	return is_done(job);
}

static bool was_handled(void *before)
{
	return __atomic_load_n(&signals, __ATOMIC_RELAXED) != *(unsigned *)before;
}

static void signals_up(struct sigaction *before)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	assert_int_equal(sigaction(SIGUSR1, &sa, before), 0);
}

static void signals_down(const struct sigaction *before)
{
	assert_int_equal(sigaction(SIGUSR1, before, NULL), 0);
}

void job_interrupt(struct job *job)
{
	struct sigaction before;

	signals_up(&before);
	crew_until(signal_again, job);
	assert_int_equal(pthread_join(job->thread, NULL), 0);
	signals_down(&before);
}

void job_signal(struct job *job, unsigned times)
{
	struct sigaction before;

	signals_up(&before);
	while (times--) {
		unsigned handled = __atomic_load_n(&signals, __ATOMIC_RELAXED);

		assert_int_equal(pthread_kill(job->thread, SIGUSR1), 0);
		crew_until(was_handled, &handled);
	}
	signals_down(&before);
}

static int hold_worker(void *arg)
{
	struct hold *hold = arg;

	__atomic_store_n(&hold->held, true, __ATOMIC_RELEASE);
	while (__atomic_load_n(&hold->held, __ATOMIC_ACQUIRE))
		sched_yield();
	return 0;
}

static void do_hold(struct job *job)
{
	sock_call(&job->stack->worker[0]->w, hold_worker, job->data);
}

static bool is_held(void *arg)
{
	return __atomic_load_n(&((struct hold *)arg)->held, __ATOMIC_ACQUIRE);
}

#define BUSTLE_MOST 8

void bustle_start(struct bustle *b, int (*turn)(void *stack))
{
	struct nsk_iface_info info;

	b->wire = nsk_wire_create(NULL, NULL, 1500);
	nsk_config_log(b->config, NULL, NULL, NSK_LOG_ERR);
	assert_int_equal(nsk_config_workers(b->config, 2), 0);
	assert_int_equal(nsk_config_add_wire(b->config, b->wire, 0), 0);
	assert_int_equal(nsk_stack_create(b->config, &b->stack), 0);
	assert_int_equal(nsk_iface_info(b->stack, 0, &info), 0);
	snprintf(b->iface, sizeof(b->iface), "%s", info.name);
	assert_int_equal(nsk_launch(b->stack, turn, b->stack), 0);
}

void bustle_run(struct bustle *b, void (*change)(struct job *job), void *const data[], unsigned n,
		void (*look)(struct job *job))
{
	struct job looker = {.fn = look, .stack = b->stack}, changer[BUSTLE_MOST];

	assert_in_range(n, 1, BUSTLE_MOST);
	job_start(&looker);
	for (unsigned i = 0; i < n; i++) {
		changer[i] = (struct job){.fn = change, .stack = b->stack, .data = data[i]};
		job_start(&changer[i]);
	}
	for (unsigned i = 0; i < n; i++) {
		job_join(&changer[i]);
		assert_job(&changer[i], 0, 0);
	}
	job_join(&looker);
	assert_int_equal(looker.other, 0);
	nsk_stop(b->stack);
	assert_int_equal(nsk_join(b->stack), 0);
}

void bustle_end(struct bustle *b)
{
	assert_int_equal(nsk_stack_destroy(b->stack), 0);
	nsk_config_free(b->config);
	nsk_wire_destroy(b->wire);
}

void hold_start(struct hold *hold, struct nsk_stack *stack)
{
	hold->held = false;
	hold->job = (struct job){.fn = do_hold, .stack = stack, .data = hold};
	job_start(&hold->job);
	crew_until(is_held, hold);
}

static bool is_called(void *stack)
{
	return rte_ring_count(((struct nsk_stack *)stack)->worker[0]->call_ring) != 0;
}

void hold_until_called(struct hold *hold)
{
	crew_until(is_called, hold->job.stack);
}

void hold_end(struct hold *hold)
{
	__atomic_store_n(&hold->held, false, __ATOMIC_RELEASE);
	job_join(&hold->job);
}

/* ---- what jobs do --------------------------------------------------------------------------- */

void job_recv(struct job *job)
{
	JOB_CALL(job, nsk_recv(job->fd, job->data, job->len, job->flags));
}

void job_send(struct job *job)
{
	JOB_CALL(job, nsk_send(job->fd, job->data, job->len, job->flags));
}

void job_accept(struct job *job)
{
	JOB_CALL(job, nsk_accept(job->fd, NULL, NULL));
}

void job_poll(struct job *job)
{
	struct pollfd pfd[2] = {{.fd = job->fd, .events = POLLIN},
				{.fd = job->other, .events = POLLIN}};

	JOB_CALL(job, nsk_poll(pfd, 2, -1));
	job->flags = pfd[0].revents | pfd[1].revents << 16;
}

void job_epoll_wait(struct job *job)
{
	struct epoll_event ev = {0};

	JOB_CALL(job, nsk_epoll_wait(job->fd, &ev, 1, -1));
	job->flags = (int)ev.events;
	job->other = (int)ev.data.u32;
}

/* ---- one pair ------------------------------------------------------------------------------ */

int pair_up(void **state)
{
	static struct pair pair;

	crew_start(&pair.crew, 1);
	crew_connected(&pair.crew, 80, &pair.listener, pair.fd);
	memset(pair.buf, 0, sizeof(pair.buf));
	pair.job = (struct job){
		.fn = job_recv, .fd = pair.fd[1], .data = pair.buf, .len = sizeof(pair.buf)};
	*state = &pair;
	return 0;
}

int pair_down(void **state)
{
	struct pair *pair = *state;

	crew_end(&pair->crew);
	return 0;
}

/* Starts the job and waits until it sleeps. */
void pair_sleep_in(struct pair *pair, struct job *job)
{
	job_start(job);
	crew_waiting(pair->crew.stack[1], 1);
}

void crew_until_readable(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	assert_int_equal(nsk_poll(&pfd, 1, CREW_LIMIT_S * 1000), 1);
}
