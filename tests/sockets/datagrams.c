/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP: with and without a peer, addresses, empty and cut datagrams, refusals, who may broadcast,
 * shutdown(). */
#include <pthread.h>

#include "sockets/twin.h"

static void destinations(void)
{
	struct sockaddr_in to, own, port0 = host_address(SERVER, 0), six, from;
	int server = udp_bound(SERVER, &to, 0), fd;
	socklen_t len = SIN_LEN;
	char buf[16];

	on_client();
	fd = udp_socket(0);
	six = to;
	six.sin_family = AF_INET6;
	say_rc("send to nobody", send(fd, "x", 1, 0));
	say_rc("sendto nobody", sendto(fd, "x", 1, 0, NULL, 0));
	say_rc("to port 0", sendto(fd, "x", 1, 0, SA(&port0), SIN_LEN));
	say_rc("to IPv6", sendto(fd, "x", 1, 0, SA(&six), SIN_LEN));
	six.sin_family = AF_UNSPEC;
	say_rc("to family 0", sendto(fd, "0", 1, 0, SA(&six), SIN_LEN));
	say_rc("an address of 8 bytes", sendto(fd, "x", 1, 0, SA(&to), 8));
	say_rc("to somebody", sendto(fd, "hello", 5, 0, SA(&to), SIN_LEN));
	own = name_of(fd);
	own.sin_addr = host_address(CLIENT, 0).sin_addr;
	say_bytes("family 0 arrives", buf, recv(server, buf, sizeof(buf), 0));
	say_bytes("the other too", buf, recvfrom(server, buf, sizeof(buf), 0, SA(&from), &len));
	say_address("from", &from, len);
	say_if("which is the sender", memcmp(&from, &own, sizeof(own)) == 0);
	say_rc("the answer", sendto(server, "world", 5, 0, SA(&from), SIN_LEN));
	say_bytes("arrives", buf, recv(fd, buf, sizeof(buf), 0));
	say_rc("connect", connect(fd, SA(&to), SIN_LEN));
	say_rc("send", send(fd, "peer", 4, 0));
	say_bytes("arrives there", buf, recv(server, buf, sizeof(buf), 0));
	say_rc("connect to family 0", connect(fd, SA(&(struct sockaddr_in){0}), SIN_LEN));
	say_rc("send then", send(fd, "x", 1, 0));
	say_rc("peer's name then", getpeername(fd, SA(&from), &len));
	close(fd);
	close(server);
}

static void sizes(void)
{
	static char big[65536];
	char buf[8] = "";
	int fd[2];

	udp_pair(fd);
	say_rc("an empty datagram", send(fd[0], "", 0, 0));
	events_wait(fd[1], POLLIN);
	say_rc("is received", recv(fd[1], buf, sizeof(buf), 0));
	say_rc("and gone", recv(fd[1], buf, sizeof(buf), MSG_DONTWAIT));
	need(send(fd[0], "abcdef", 6, 0) == 6 && send(fd[0], "gh", 2, 0) == 2);
	arrived(fd[1], 6);
	say_bytes("a look", buf, recv(fd[1], buf, 3, MSG_PEEK));
	say_bytes("3 of 6", buf, recv(fd[1], buf, 3, 0));
	say_bytes("the next", buf, recv(fd[1], buf, sizeof(buf), 0));
	need(send(fd[0], "abcdef", 6, 0) == 6);
	arrived(fd[1], 6);
	say_rc("no memory", recv(fd[1], NULL, 6, 0));
	close_pair(fd);
	udp_pair(fd);
	say_rc("65508 bytes", send(fd[0], big, 65508, 0));
	say_rc("1472 bytes", send(fd[0], big, 1472, 0));
	arrived(fd[1], 1472);
	say_bytes("which arrive", big, recv(fd[1], big, sizeof(big), 0));
	close_pair(fd);
}

static void only_the_peer(void)
{
	struct sockaddr_in to = {0}, other;
	int server, stranger, fd;
	char buf[8];

	server = udp_bound(SERVER, &to, 0);
	stranger = udp_bound(SERVER, &other, 0);
	on_client();
	fd = udp_socket(0);
	need(connect(fd, SA(&to), SIN_LEN) == 0);
	other = name_of(fd);
	need(sendto(stranger, "stranger", 8, 0, SA(&other), SIN_LEN) == 8);
	need(sendto(server, "peer", 4, 0, SA(&other), SIN_LEN) == 4);
	say_bytes("a connected socket hears its peer alone", buf, recv(fd, buf, sizeof(buf), 0));
	say_rc("and nobody else", recv(fd, buf, sizeof(buf), MSG_DONTWAIT));
	to = name_of(stranger);
	say_rc("it sends to another all the same", sendto(fd, "x", 1, 0, SA(&to), SIN_LEN));
	say_bytes("who hears it", buf, recv(stranger, buf, sizeof(buf), 0));
	say_rc("connect to another", connect(fd, SA(&to), SIN_LEN));
	say_rc("send to that", send(fd, "y", 1, 0));
	say_bytes("which hears it", buf, recv(stranger, buf, sizeof(buf), 0));
	close(fd);
	close(server);
	close(stranger);
}

static void refusals(void)
{
	struct sockaddr_in no = host_address(SERVER, PORT_NO), all = host_address(CLIENT, PORT);
	char buf[8];
	int fd;

	on_client();
	fd = udp_socket(0);
	need(connect(fd, SA(&no), SIN_LEN) == 0 && send(fd, "x", 1, 0) == 1);
	say_events("refused", events_wait(fd, POLLIN));
	say_rc("recv tells", recv(fd, buf, 1, MSG_DONTWAIT));
	say_rc("once", recv(fd, buf, 1, MSG_DONTWAIT));
	need(send(fd, "x", 1, 0) == 1);
	events_wait(fd, POLLERR);
	say_rc("send tells", send(fd, "x", 1, 0));
	close(fd);
	fd = udp_socket(0);
	all.sin_addr.s_addr = htonl(0x0a0000ff);
	say_rc("to all without SO_BROADCAST", sendto(fd, "x", 1, 0, SA(&all), SIN_LEN));
	say_rc("connect to all without it", connect(fd, SA(&all), SIN_LEN));
	set_int(fd, SOL_SOCKET, SO_BROADCAST, 1);
	say_rc("to all with it", sendto(fd, "x", 1, 0, SA(&all), SIN_LEN));
	close(fd);
}

static const char *const halves[] = {"RD", "WR", "RDWR"};

/* Of a pair, or of one without a peer: what it does still. */
static void shut(const char *kind, const int fd[2], const struct sockaddr_in *own, int how)
{
	struct sockaddr_in other = host_address(SERVER, PORT);
	char buf[8];

	about("%s, shut %s", kind, halves[how]);
	say_rc("shutdown", shutdown(fd[0], how));
	say_events("has", events_now(fd[0], POLLIN | POLLOUT | POLLRDHUP));
	say_rc("receives nothing", recv(fd[0], buf, sizeof(buf), MSG_DONTWAIT));
	say_rc("sends", send(fd[0], "x", 1, MSG_NOSIGNAL));
	need(sendto(fd[1], "later", 5, 0, SA(own), SIN_LEN) == 5);
	while (recv(fd[0], buf, 1, MSG_DONTWAIT | MSG_PEEK) < 0)
		need(errno == EAGAIN);
	say_bytes("hears", buf, recv(fd[0], buf, sizeof(buf), 0));
	say_rc("and then", recv(fd[0], buf, sizeof(buf), MSG_DONTWAIT));
	if (how != SHUT_WR)
		say_rc("and waiting", recv(fd[0], buf, sizeof(buf), 0));
	set_nonblock(fd[0], true);
	say_rc("and without waiting", recv(fd[0], buf, sizeof(buf), 0));
	say_rc("shutdown again", shutdown(fd[0], how));
	say_rc("connects", connect(fd[0], SA(&other), SIN_LEN));
	say_rc("sends then", send(fd[0], "x", 1, MSG_NOSIGNAL));
	about("%s", "");
}

static void shutdowns(void)
{
	struct sockaddr_in own;
	int fd[2];

	for (int how = SHUT_RD; how <= SHUT_RDWR; how++) {
		udp_pair(fd);
		own = name_of(fd[0]);
		shut("a connected one", fd, &own, how);
		close_pair(fd);
		fd[0] = udp_bound(CLIENT, &own, 0);
		on_server();
		fd[1] = udp_socket(0);
		shut("one without a peer", fd, &own, how);
		close_pair(fd);
	}
}

static void *receive(void *arg)
{
	static ssize_t rc;
	char byte;

	on_client();
	rc = recv(*(int *)arg, &byte, 1, 0);
	return &rc;
}

/* Who waits in recv() is woken, peer or not. */
static void shut_while_receiving(bool connected)
{
	struct sockaddr_in own, to = host_address(SERVER, PORT);
	int fd = udp_bound(CLIENT, &own, 0);
	pthread_t thread;
	void *rc;

	if (connected)
		need(connect(fd, SA(&to), SIN_LEN) == 0);
	need(pthread_create(&thread, NULL, receive, &fd) == 0);
	about("%s that somebody waits for", connected ? "a connected one" : "one without a peer");
	say_rc("shutdown", shutdown(fd, SHUT_RDWR));
	need(pthread_join(thread, &rc) == 0);
	say_rc("who waited", *(ssize_t *)rc);
	about("%s", "");
	close(fd);
}

void topic_datagrams(void)
{
	destinations();
	sizes();
	only_the_peer();
	refusals();
	shutdowns();
	shut_while_receiving(true);
	shut_while_receiving(false);
}
