/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may share an address and a port: SO_REUSEADDR, SO_REUSEPORT, listeners, connections. */
#include "sockets/twin.h"

enum share {
	ALONE,
	ADDR,
	PORTS,
	BOTH,
};

static const char *const share_names[] = {"no option", "REUSEADDR", "REUSEPORT", "both"};

static int sharing(int type, enum share share)
{
	int fd = socket(AF_INET, type, 0);

	need(fd >= 0);
	if (share == ADDR || share == BOTH)
		set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (share == PORTS || share == BOTH)
		set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	return fd;
}

/* One has the port already, another wants it too. */
static void two(int type, enum share first, enum share second, bool listening, bool any)
{
	struct sockaddr_in sin = host_address(SERVER, PORT);
	int a = sharing(type, first), b = sharing(type, second);
	int rc;

	need(bind(a, SA(&sin), SIN_LEN) == 0);
	if (listening)
		need(listen(a, 1) == 0);
	if (any)
		sin = any_address(PORT);
	about("%s%s with %s, %s with %s", type == SOCK_STREAM ? "stream" : "datagram",
	      listening ? " that listens" : "", share_names[first],
	      any ? "any address" : "the same address", share_names[second]);
	rc = bind(b, SA(&sin), SIN_LEN);
	say_rc("", rc);
	if (rc == 0 && type == SOCK_STREAM)
		say_rc("listen", listen(b, 1));
	close(a);
	close(b);
	about("%s", "");
}

static void pairs(void)
{
	for (enum share first = ALONE; first <= BOTH; first++) {
		for (enum share second = ALONE; second <= BOTH; second++) {
			two(SOCK_STREAM, first, second, false, false);
			two(SOCK_STREAM, first, second, true, false);
			two(SOCK_DGRAM, first, second, false, false);
		}
		two(SOCK_STREAM, first, first, true, true);
		two(SOCK_DGRAM, first, first, false, true);
	}
}

/* The option must be there when the other asks, not when the port was taken. */
static void option_afterwards(void)
{
	struct sockaddr_in sin = host_address(SERVER, PORT);
	int a = sharing(SOCK_STREAM, ALONE), b = sharing(SOCK_STREAM, ADDR);

	need(bind(a, SA(&sin), SIN_LEN) == 0);
	say_rc("one without the option has the port", bind(b, SA(&sin), SIN_LEN));
	set_int(a, SOL_SOCKET, SO_REUSEADDR, 1);
	say_rc("it gets the option", bind(b, SA(&sin), SIN_LEN));
	close(a);
	close(b);
}

/* A listener's port while connections that came of it live, and when they are in TIME-WAIT. */
static void after_connections(bool time_wait)
{
	struct sockaddr_in sin = host_address(SERVER, PORT + 1 + time_wait);
	int listener, client, server, again;
	char byte;

	on_server();
	listener = sharing(SOCK_STREAM, ADDR);
	need(bind(listener, SA(&sin), SIN_LEN) == 0 && listen(listener, 1) == 0);
	on_client();
	client = tcp_socket(0);
	need(connect(client, SA(&sin), SIN_LEN) == 0);
	server = accept(listener, NULL, NULL);
	close(listener);
	if (time_wait) {
		close(server);
		need(recv(client, &byte, 1, 0) == 0);
		close(client);
	}
	on_server();
	about("the port of a listener that is gone, a connection of which %s",
	      time_wait ? "was closed" : "lives");
	again = sharing(SOCK_STREAM, ALONE);
	say_rc("without option", bind(again, SA(&sin), SIN_LEN));
	close(again);
	again = sharing(SOCK_STREAM, ADDR);
	say_rc("REUSEADDR", bind(again, SA(&sin), SIN_LEN));
	say_rc("REUSEADDR, listen", listen(again, 1));
	close(again);
	about("%s", "");
	if (!time_wait) {
		close(client);
		close(server);
	}
}

/* All that listen on a port get connections; how many of them, together. */
static void shared_listeners(void)
{
	struct sockaddr_in sin = host_address(SERVER, PORT + 4);
	int listener[2], client[8], taken = 0, fd;

	on_server();
	for (int i = 0; i < 2; i++) {
		listener[i] = sharing(SOCK_STREAM, PORTS);
		need(bind(listener[i], SA(&sin), SIN_LEN) == 0 && listen(listener[i], 16) == 0);
		set_nonblock(listener[i], true);
	}
	on_client();
	for (int i = 0; i < 8; i++) {
		client[i] = tcp_socket(0);
		need(connect(client[i], SA(&sin), SIN_LEN) == 0);
	}
	while (taken < 8) {
		struct pollfd p[2] = {{.fd = listener[0], .events = POLLIN},
				      {.fd = listener[1], .events = POLLIN}};

		need(poll(p, 2, TWIN_LIMIT_MS) > 0);
		for (int i = 0; i < 2; i++) {
			while ((fd = accept(listener[i], NULL, NULL)) >= 0) {
				close(fd);
				taken++;
			}
		}
	}
	say("two that share a port accept", "%d", taken);
	for (int i = 0; i < 8; i++)
		close(client[i]);
	close(listener[0]);
	say_rc("the one that is left", events_now(listener[1], POLLIN));
	close(listener[1]);
}

/* Two datagrams each from 64 sockets: bit i is set if number i of the n that share the port hears
 * any; a flow has one of them alone. */
static unsigned who_hears(const int fd[], nfds_t n, const struct sockaddr_in *to)
{
	struct pollfd p[3];
	unsigned who = 0;
	char byte;

	on_client();
	for (int i = 0; i < 64; i++) {
		int sender = udp_socket(0), heard = 0;
		unsigned by = 0;

		for (int k = 0; k < 2; k++)
			need(sendto(sender, "x", 1, 0, SA(to), SIN_LEN) == 1);
		close(sender);
		while (heard < 2) {
			for (nfds_t k = 0; k < n; k++)
				p[k] = (struct pollfd){.fd = fd[k], .events = POLLIN};
			need(poll(p, n, TWIN_LIMIT_MS) > 0);
			for (nfds_t k = 0; k < n; k++) {
				while (recv(fd[k], &byte, 1, MSG_DONTWAIT) == 1) {
					heard++;
					by |= 1u << k;
				}
			}
		}
		need((by & (by - 1)) == 0);
		who |= by;
	}
	return who;
}

static void shared_datagrams(const char *name, const enum share shares[3], bool any)
{
	struct sockaddr_in to = host_address(SERVER, PORT + 5), at = to;
	int fd[3];

	on_server();
	if (any)
		at = any_address(PORT + 5);
	about("datagrams to three that share a port%s, %s", any ? " of any address" : "", name);
	for (int i = 0; i < 3; i++) {
		fd[i] = sharing(SOCK_DGRAM, shares[i]);
		need(bind(fd[i], SA(&at), SIN_LEN) == 0);
	}
	say("heard by", "%#x", who_hears(fd, 3, &to));
	close(fd[2]);
	say("without the last", "%#x", who_hears(fd, 2, &to));
	close(fd[0]);
	say("by the one that is left", "%#x", who_hears(&fd[1], 1, &to));
	close(fd[1]);
	about("%s", "");
}

/* A client's port: given, and used again. */
static void client_ports(void)
{
	struct sockaddr_in to, own = host_address(CLIENT, PORT + 3);
	int listener = tcp_listener(&to, 8, 0), a, b;

	on_client();
	a = sharing(SOCK_STREAM, ADDR);
	b = sharing(SOCK_STREAM, ADDR);
	need(bind(a, SA(&own), SIN_LEN) == 0);
	say_rc("a second socket with a client's port", bind(b, SA(&own), SIN_LEN));
	say_rc("the first connects", connect(a, SA(&to), SIN_LEN));
	say_rc("the second, to the same", connect(b, SA(&to), SIN_LEN));
	close(a);
	close(b);
	close(listener);
}

void topic_reuse(void)
{
	on_server();
	pairs();
	option_afterwards();
	after_connections(false);
	after_connections(true);
	shared_listeners();
	shared_datagrams("with REUSEPORT", (const enum share[]){PORTS, PORTS, PORTS}, false);
	shared_datagrams("with REUSEPORT", (const enum share[]){PORTS, PORTS, PORTS}, true);
	shared_datagrams("with REUSEADDR", (const enum share[]){ADDR, ADDR, ADDR}, false);
	shared_datagrams("the last with REUSEADDR alone", (const enum share[]){BOTH, BOTH, ADDR},
			 false);
	shared_datagrams("the last with both", (const enum share[]){ADDR, BOTH, BOTH}, false);
	client_ports();
}
