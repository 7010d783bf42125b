/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names through the host's resolver: getaddrinfo() in a thread, so that a worker's loop goes on.
 * Two hold a question, the thread and who asked; the last one frees it.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <netstk/client.h>
#include <netstk/socket.h>

/* Threads of the resolver at once in the process: a name server that is silent keeps each for its
 * time. */
#define THREADS_MAX 64

static unsigned threads; /* [A] */

struct nsk_lookup {
	char *node, *service;
	bool hinted;
	struct addrinfo hints;
	int answered; /* eventfd */
	int holders;  /* [A] */
	int rc, err;  /* before answered is written */
	struct addrinfo *result;
};

static void release(struct nsk_lookup *l)
{
	if (__atomic_sub_fetch(&l->holders, 1, __ATOMIC_ACQ_REL))
		return;
	if (l->result)
		freeaddrinfo(l->result);
	if (l->answered >= 0)
		close(l->answered);
	free(l->node);
	free(l->service);
	free(l);
}

static void *ask(void *arg)
{
	struct nsk_lookup *l = arg;

	l->rc = getaddrinfo(l->node, l->service, l->hinted ? &l->hints : NULL, &l->result);
	l->err = errno;
	eventfd_write(l->answered, 1);
	release(l);
	__atomic_sub_fetch(&threads, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* The resolver's thread takes no signals that are the application's. 0 or an errno. */
static int start_thread(struct nsk_lookup *l)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = EAGAIN;
	if (__atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED) <= THREADS_MAX)
		rc = pthread_create(&thread, &attr, ask, l);
	if (rc)
		__atomic_sub_fetch(&threads, 1, __ATOMIC_RELAXED);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static bool copy_text(const char *text, char **copy)
{
	*copy = text ? strdup(text) : NULL;
	return *copy || !text;
}

struct nsk_lookup *nsk_lookup_begin(const char *node, const char *service,
				    const struct addrinfo *hints)
{
	struct nsk_lookup *l = calloc(1, sizeof(*l));
	int err = ENOMEM;

	if (!l) {
		errno = err;
		return NULL;
	}
	l->holders = 1;
	l->hinted = hints;
	if (hints)
		l->hints = *hints;
	l->answered = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->answered < 0) {
		err = errno;
	} else if (copy_text(node, &l->node) && copy_text(service, &l->service)) {
		l->holders = 2;
		err = start_thread(l);
		if (err)
			l->holders = 1;
	}
	if (!err)
		return l;
	release(l);
	errno = err;
	return NULL;
}

int nsk_lookup_fd(const struct nsk_lookup *lookup)
{
	return lookup->answered;
}

int nsk_lookup_end(struct nsk_lookup *lookup, struct addrinfo **result)
{
	eventfd_t count;
	int rc = EAI_AGAIN;

	if (result && eventfd_read(lookup->answered, &count) == 0) {
		rc = lookup->rc;
		errno = lookup->err;
		*result = lookup->result;
		lookup->result = NULL;
	}
	release(lookup);
	return rc;
}

int nsk_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		    struct addrinfo **result)
{
	struct nsk_lookup *l = nsk_lookup_begin(node, service, hints);
	struct pollfd p = {.events = POLLIN};
	int err;

	if (!l)
		return EAI_SYSTEM;
	p.fd = l->answered;
	if (nsk_poll(&p, 1, -1) == 1)
		return nsk_lookup_end(l, result);
	err = errno;
	nsk_lookup_end(l, NULL);
	errno = err;
	return EAI_SYSTEM;
}
