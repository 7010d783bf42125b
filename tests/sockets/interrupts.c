/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocking calls that a signal's handler interrupts, in a thread of their own. */
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "sockets/twin.h"

struct job {
	ssize_t (*call)(int fd);
	int fd, err;
	ssize_t rc;
	bool done; /* [A] */
};

static void on_signal(int sig)
{
	(void)sig;
}

static void *run(void *arg)
{
	struct job *job = arg;

	on_client();
	job->rc = job->call(job->fd);
	job->err = errno;
	__atomic_store_n(&job->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Signals until the call has ended: one that comes before the call sleeps is lost. */
static void interrupted(const char *name, ssize_t (*call)(int fd), int fd, int flags)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = flags};
	struct job job = {.call = call, .fd = fd};
	pthread_t thread;

	need(sigaction(SIGUSR1, &sa, NULL) == 0);
	need(pthread_create(&thread, NULL, run, &job) == 0);
	while (!__atomic_load_n(&job.done, __ATOMIC_ACQUIRE)) {
		pthread_kill(thread, SIGUSR1);
		nanosleep(&ms, NULL);
	}
	need(pthread_join(thread, NULL) == 0);
	errno = job.err;
	say_rc(name, job.rc);
}

static ssize_t do_recv(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0);
}

static ssize_t do_send(int fd)
{
	return send(fd, "x", 1, 0);
}

static ssize_t do_accept(int fd)
{
	return accept(fd, NULL, NULL);
}

static ssize_t do_poll(int fd)
{
	return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, TWIN_LIMIT_MS);
}

static ssize_t do_select(int fd)
{
	struct timeval tv = {.tv_sec = TWIN_LIMIT_MS / 1000};
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, &tv);
}

static ssize_t do_epoll_wait(int ep)
{
	struct epoll_event ev;

	return epoll_wait(ep, &ev, 1, TWIN_LIMIT_MS);
}

void topic_interrupts(void)
{
	struct sockaddr_in to;
	int listener = tcp_listener(&to, 1, 0), ep, fd[2], udp[2];

	tcp_pair_sized(fd, 8192, 16384);
	udp_pair(udp);
	fill(fd[0]);
	ep = epoll_create1(0);
	interrupted("recv", do_recv, fd[0], 0);
	interrupted("send", do_send, fd[0], 0);
	interrupted("recv of a datagram", do_recv, udp[0], 0);
	interrupted("accept", do_accept, listener, 0);
	interrupted("poll", do_poll, udp[0], 0);
	interrupted("select", do_select, udp[0], 0);
	interrupted("epoll_wait", do_epoll_wait, ep, 0);
	interrupted("poll, SA_RESTART", do_poll, udp[0], SA_RESTART);
	interrupted("epoll_wait, SA_RESTART", do_epoll_wait, ep, SA_RESTART);
	set_timeout(fd[0], SO_RCVTIMEO, TWIN_LIMIT_MS);
	interrupted("recv with a time limit, SA_RESTART", do_recv, fd[0], SA_RESTART);
	close(ep);
	close_pair(udp);
	close_pair(fd);
	close(listener);
}
