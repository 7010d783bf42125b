/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two stacks in one process, without NIC, hugepages or root, on a clock that this program moves.
 * Packets that one sends are handed to the other: how simulators and embedders run the stack.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netstk/netstk.h>

struct host {
	struct nsk_callback_port *port;
	struct nsk_stack *stack;
};

static struct host host[2];
static uint64_t now_ns = 1000000000;
static bool moved; /* a packet went from one to the other */

static uint64_t read_clock(void *arg)
{
	return *(uint64_t *)arg;
}

static bool deliver(void *to, const void *packet, size_t len)
{
	moved = true;
	return nsk_callback_input(((struct host *)to)->port, packet, len) == 0;
}

static void make(struct host *h, struct host *peer, const char *cidr)
{
	struct nsk_callback_params params = {.output = deliver, .arg = peer}; /* no Ethernet */
	struct nsk_config *config = nsk_config_new();

	h->port = nsk_callback_create(&params);
	nsk_config_clock(config, read_clock, &now_ns);
	nsk_config_seed(config, 7);
	if (nsk_config_add_callback(config, h->port) || nsk_config_add_address(config, cidr) ||
	    nsk_stack_create(config, &h->stack)) {
		fprintf(stderr, "%s\n", nsk_config_error(config));
		exit(1);
	}
	nsk_config_free(config);
}

/* A turn of each; with nothing on its way, time jumps to the next deadline, if there is one. */
static bool turn(void)
{
	uint64_t next = NSK_NEVER;

	moved = false;
	for (int i = 0; i < 2; i++) {
		uint64_t deadline = nsk_turn(host[i].stack);

		next = deadline < next ? deadline : next;
	}
	if (!moved && next != NSK_NEVER && next > now_ns)
		now_ns = next;
	return moved || next != NSK_NEVER;
}

int main(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(7)};
	char text[64] = "";
	int client, listener, server;

	make(&host[0], &host[1], "10.0.0.1/24");
	make(&host[1], &host[0], "10.0.0.2/24");
	nsk_enter(host[1].stack);
	listener = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (nsk_bind(listener, (struct sockaddr *)&sin, sizeof(sin)) || nsk_listen(listener, 1))
		return 1;

	nsk_enter(host[0].stack);
	client = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	inet_pton(AF_INET, "10.0.0.2", &sin.sin_addr);
	nsk_connect(client, (struct sockaddr *)&sin, sizeof(sin)); /* EINPROGRESS */
	while ((server = nsk_accept(listener, NULL, NULL)) < 0)
		turn();
	nsk_send(server, "hello from 10.0.0.2", 19, 0);
	while (nsk_recv(client, text, sizeof(text) - 1, 0) < 0)
		turn();
	nsk_close(server);
	nsk_close(client);
	while (turn())
		;
	printf("%s; all over after %.0f s of virtual time\n", text, (double)now_ns / 1e9 - 1);

	/* A stack that ends tells its peers: the ports are the last to go. */
	for (int i = 0; i < 2; i++)
		nsk_stack_destroy(host[i].stack);
	for (int i = 0; i < 2; i++)
		nsk_callback_destroy(host[i].port);
	return strcmp(text, "hello from 10.0.0.2") != 0;
}
