/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TCP client with blocking calls: sends what stands on its standard input, ends its side, prints
 * what comes back. The main thread runs the worker: a call that blocks turns the loop. As with any
 * such client, answers must fit the receive buffer until everything is sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <netstk/netstk.h>

static int talk(const struct sockaddr_in *server)
{
	int fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
	char buffer[4096];
	ssize_t n = 0;
	size_t len;

	if (nsk_connect(fd, (const struct sockaddr *)server, sizeof(*server))) {
		perror("connect");
		return 1;
	}
	while ((len = fread(buffer, 1, sizeof(buffer), stdin)) > 0 && n >= 0)
		n = nsk_send(fd, buffer, len, 0);
	nsk_shutdown(fd, SHUT_WR);
	while (n >= 0 && (n = nsk_recv(fd, buffer, sizeof(buffer), 0)) > 0)
		fwrite(buffer, 1, (size_t)n, stdout);
	if (n < 0)
		perror("connection");
	nsk_close(fd);
	return n < 0;
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
	struct sockaddr_in server = {.sin_family = AF_INET};
	struct nsk_stack *stack;
	int rc;

	if (nsk_config_args(config, &argc, argv))
		return failed(config, nsk_config_error(config), 2);
	if (argc != 3 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1)
		return failed(
			config,
			"usage: blocking_client -d DEVICE -a CIDR [-g GATEWAY] ADDRESS PORT <DATA",
			2);
	server.sin_port = htons((uint16_t)atoi(argv[2]));
	if (nsk_stack_create(config, &stack))
		return failed(config, nsk_config_error(config),
			      errno == EINVAL || errno == ENODEV ? 2 : 1);
	nsk_config_free(config);
	rc = nsk_attach(stack, 0) || talk(&server);
	nsk_detach();
	nsk_stack_destroy(stack);
	return rc;
}
