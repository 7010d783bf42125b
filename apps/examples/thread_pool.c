/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TCP echo server of ordinary threads with blocking calls, none of which is a worker's: the
 * worker has a thread of its own that does nothing but turn the loop.
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include <netstk/netstk.h>

#define PORT	7
#define THREADS 8

static struct nsk_stack *stack;

/* The worker's thread: waits for nothing, until the stack stops. */
static int turn(void *arg)
{
	(void)arg;
	nsk_poll(NULL, 0, -1);
	return 0;
}

static void echo_all(int fd)
{
	char buffer[16384];
	ssize_t n;

	while ((n = nsk_recv(fd, buffer, sizeof(buffer), 0)) > 0)
		if (nsk_send(fd, buffer, (size_t)n, 0) != n)
			break;
	nsk_close(fd);
}

/* One client after the other; ends with ESHUTDOWN when the stack stops. */
static void *serve(void *arg)
{
	int listener = *(int *)arg;

	for (;;) {
		int fd = nsk_accept(listener, NULL, NULL);

		if (fd >= 0)
			echo_all(fd);
		else if (errno == ESHUTDOWN || errno == EBADF)
			return NULL;
		else
			nsk_poll(NULL, 0, 10); /* no descriptor or no memory left: soon again */
	}
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = nsk_socket(AF_INET, SOCK_STREAM, 0);

	return nsk_bind(fd, (struct sockaddr *)&any, sizeof(any)) || nsk_listen(fd, 1024) ? -1 : fd;
}

static int run_threads(void)
{
	pthread_t thread[THREADS];
	int listener, n = 0;

	nsk_enter(stack); /* nsk_socket() of this thread acts there */
	listener = listen_on(PORT);
	if (listener < 0) {
		perror("listen");
		return 1;
	}
	while (n < THREADS && pthread_create(&thread[n], NULL, serve, &listener) == 0)
		n++;
	while (n > 0)
		pthread_join(thread[--n], NULL);
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
	rc = nsk_launch(stack, turn, NULL) || run_threads();
	nsk_stop(stack);
	nsk_join(stack);
	nsk_stack_destroy(stack);
	return rc;
}
