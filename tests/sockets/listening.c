/* SPDX-License-Identifier: BSD-3-Clause */
/* listen(), accept(), accept4(): errors, flags, what connections have of their listener. */
#include "sockets/twin.h"

static void listen_errors(void)
{
	struct sockaddr_in sin = host_address(SERVER, PORT);
	int fd[2], udp = udp_socket(0), a = tcp_socket(0), b = tcp_socket(0);

	say_rc("a datagram socket listens", listen(udp, 1));
	say_rc("and accepts", accept(udp, NULL, NULL));
	say_rc("a stream accepts that does not listen", accept(a, NULL, NULL));
	need(bind(a, SA(&sin), SIN_LEN) == 0);
	say_rc("one that is bound accepts", accept(a, NULL, NULL));
	say("listens", "%d", get_int(a, SOL_SOCKET, SO_ACCEPTCONN));
	say_rc("it listens", listen(a, 1));
	say("listens now", "%d", get_int(a, SOL_SOCKET, SO_ACCEPTCONN));
	say_rc("it listens again", listen(a, 5));
	say_rc("with a backlog of -1", listen(a, -1));
	say_rc("with a backlog of 0", listen(a, 0));
	say_rc("a listener connects", connect(a, SA(&sin), SIN_LEN));
	say_rc("a listener is bound", bind(a, SA(&sin), SIN_LEN));
	say_rc("a listener sends", send(a, "x", 1, MSG_NOSIGNAL));
	say_rc("a listener receives", recv(a, &sin, 1, MSG_DONTWAIT));
	say_rc("its port cannot be bound", bind(b, SA(&sin), SIN_LEN));
	tcp_pair(fd);
	say_rc("a connected stream listens", listen(fd[0], 1));
	say_rc("a connected stream accepts", accept(fd[0], NULL, NULL));
	close_pair(fd);
	close(udp);
	close(a);
	close(b);
}

/* A connection waits at the listener. */
static int visitor(const struct sockaddr_in *to, int listener)
{
	int fd;

	on_client();
	fd = tcp_socket(0);
	need(connect(fd, (const struct sockaddr *)to, SIN_LEN) == 0);
	on_server();
	events_wait(listener, POLLIN);
	return fd;
}

static void accept_arguments(void)
{
	static const int flags[] = {
		0, SOCK_NONBLOCK, SOCK_CLOEXEC, SOCK_NONBLOCK | SOCK_CLOEXEC, O_APPEND, MSG_PEEK,
		-1};
	struct sockaddr_in to, peer;
	int listener = tcp_listener(&to, 8, SOCK_NONBLOCK), client, fd;
	socklen_t len = SIN_LEN;

	say_rc("accept where nobody waits", accept(listener, NULL, NULL));
	say_rc("accept4 with a wrong flag where nobody waits", accept4(listener, NULL, NULL, 1));
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		client = visitor(&to, listener);
		about("accept4 with flags %#x", (unsigned)flags[i]);
		fd = say_fd("", accept4(listener, SA(&peer), &len, flags[i]));
		if (fd < 0) {
			fd = accept(listener, NULL, NULL);
			need(fd >= 0);
		} else {
			say("flags", "%s%s", fcntl(fd, F_GETFL) & O_NONBLOCK ? "nonblock " : "",
			    fcntl(fd, F_GETFD) & FD_CLOEXEC ? "cloexec" : "");
			say_address("peer", &peer, len);
		}
		close(fd);
		close(client);
	}
	about("%s", "");
	close(listener);
}

static void accept_room(void)
{
	static const socklen_t rooms[] = {16, 100, 7, 1, 0};
	struct sockaddr_in to;
	int listener = tcp_listener(&to, 8, SOCK_NONBLOCK), client, fd;

	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		uint8_t room[100] = {0};
		socklen_t len = rooms[i];

		client = visitor(&to, listener);
		fd = accept(listener, SA(room), &len);
		need(fd >= 0);
		say("an address", "into %u bytes: length %u, family %u", rooms[i], len, room[0]);
		about("again");
		if (i)
			about("again, %zu", i);
		close(fd);
		close(client);
	}
	about("%s", "");
	client = visitor(&to, listener);
	say_rc("room without length", accept(listener, SA(&to), NULL));
	fd = accept(listener, NULL, NULL);
	say_if("the connection is there still", fd >= 0);
	close(fd);
	close(client);
	client = visitor(&to, listener);
	say_rc("a length of -1",
	       accept(listener, SA(&(struct sockaddr_in){0}), &(socklen_t){(socklen_t)-1}));
	fd = accept(listener, NULL, NULL);
	say_if("and is there still", fd >= 0);
	close(fd);
	close(client);
	client = visitor(&to, listener);
	fd = accept(listener, NULL, &(socklen_t){0});
	say_if("a length without room", fd >= 0);
	close(fd);
	close(client);
	close(listener);
}

/* What was set at the listener before the connection came. */
static void inheritance(void)
{
	struct timeval tv = {.tv_sec = 5};
	struct sockaddr_in to;
	socklen_t len = sizeof(tv);
	struct linger linger;
	int listener = tcp_listener(&to, 8, SOCK_NONBLOCK), client, fd;

	set_int(listener, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(listener, SOL_SOCKET, SO_REUSEADDR, 1);
	set_int(listener, SOL_SOCKET, SO_BROADCAST, 1);
	set_int(listener, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 0);
	set_int(listener, IPPROTO_TCP, TCP_NODELAY, 1);
	set_int(listener, IPPROTO_TCP, TCP_KEEPIDLE, 77);
	set_int(listener, IPPROTO_TCP, TCP_KEEPINTVL, 11);
	set_int(listener, IPPROTO_TCP, TCP_SYNCNT, 2);
	set_int(listener, IPPROTO_TCP, TCP_KEEPCNT, 3);
	set_int(listener, IPPROTO_TCP, TCP_USER_TIMEOUT, 9999);
	set_int(listener, IPPROTO_IP, IP_TOS, 0x20);
	set_int(listener, IPPROTO_IP, IP_TTL, 33);
	set_linger(listener, true, 7);
	need(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	client = visitor(&to, listener);
	fd = accept(listener, NULL, NULL);
	about("a connection has of its listener");
	say("SO_KEEPALIVE", "%d", get_int(fd, SOL_SOCKET, SO_KEEPALIVE));
	say("SO_REUSEADDR", "%d", get_int(fd, SOL_SOCKET, SO_REUSEADDR));
	say("SO_BROADCAST", "%d", get_int(fd, SOL_SOCKET, SO_BROADCAST));
	say("IP_BIND_ADDRESS_NO_PORT", "%d", get_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT));
	say("SO_ACCEPTCONN", "%d", get_int(fd, SOL_SOCKET, SO_ACCEPTCONN));
	say("TCP_NODELAY", "%d", get_int(fd, IPPROTO_TCP, TCP_NODELAY));
	say("TCP_KEEPIDLE", "%d", get_int(fd, IPPROTO_TCP, TCP_KEEPIDLE));
	say("TCP_KEEPINTVL", "%d", get_int(fd, IPPROTO_TCP, TCP_KEEPINTVL));
	say("TCP_SYNCNT", "%d", get_int(fd, IPPROTO_TCP, TCP_SYNCNT));
	say("TCP_KEEPCNT", "%d", get_int(fd, IPPROTO_TCP, TCP_KEEPCNT));
	say("TCP_USER_TIMEOUT", "%d", get_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT));
	say("IP_TOS", "%#x", get_int(fd, IPPROTO_IP, IP_TOS));
	say("IP_TTL", "%d", get_int(fd, IPPROTO_IP, IP_TTL));
	len = sizeof(linger);
	need(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len) == 0);
	say("SO_LINGER", "%d %d", linger.l_onoff, linger.l_linger);
	len = sizeof(tv);
	need(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len) == 0);
	say("SO_RCVTIMEO", "%lld s", (long long)tv.tv_sec);
	say("O_NONBLOCK", "%d", !!(fcntl(fd, F_GETFL) & O_NONBLOCK));
	about("%s", "");
	close(fd);
	close(client);
	close(listener);
}

/* The end of listening, and what becomes of who waits. */
static void end_of_listening(void)
{
	struct sockaddr_in to = host_address(SERVER, PORT + 1);
	int listener = tcp_socket(SOCK_NONBLOCK), client;
	char byte;

	need(bind(listener, SA(&to), SIN_LEN) == 0 && listen(listener, 8) == 0);
	client = visitor(&to, listener);
	say_rc("a listener's sending side is shut down", shutdown(listener, SHUT_WR));
	say_events("it has", events_now(listener, POLLIN | POLLOUT));
	say_rc("its receiving side", shutdown(listener, SHUT_RD));
	say_rc("accept then", accept(listener, NULL, NULL));
	say("it still listens", "%d", get_int(listener, SOL_SOCKET, SO_ACCEPTCONN));
	say_events("it has now", events_now(listener, POLLIN | POLLOUT | POLLRDHUP));
	say_rc("who waited receives", recv(client, &byte, 1, 0));
	close(client);
	say_rc("the socket listens again", listen(listener, 8));
	client = visitor(&to, listener);
	close(listener);
	say_rc("who waits when the listener is closed receives", recv(client, &byte, 1, 0));
	close(client);
}

/* Connections that ended while they waited. */
static void ended_in_queue(void)
{
	struct sockaddr_in to, peer;
	int listener = tcp_listener(&to, 8, SOCK_NONBLOCK), client, fd;
	socklen_t len = SIN_LEN;
	char bytes[8];

	client = visitor(&to, listener);
	need(send(client, "bye", 3, 0) == 3);
	close(client);
	fd = say_fd("one that was closed is accepted", accept(listener, NULL, NULL));
	ended(fd);
	say_bytes("its bytes", bytes, recv(fd, bytes, sizeof(bytes), 0));
	say_bytes("its end", bytes, recv(fd, bytes, sizeof(bytes), 0));
	close(fd);
	client = visitor(&to, listener);
	set_linger(client, true, 0);
	close(client);
	/* What comes after it on the wire says that the reset is here. */
	client = visitor(&to, listener);
	set_nonblock(listener, false);
	fd = say_fd("one that was reset is accepted", accept(listener, SA(&peer), &len));
	say_address("its peer", &peer, len);
	say_rc("its bytes then", recv(fd, bytes, sizeof(bytes), 0));
	say_rc("its bytes after that", recv(fd, bytes, sizeof(bytes), 0));
	close(fd);
	close(client);
	close(listener);
}

/* A connection that is being opened. */
static int knocks(const struct sockaddr_in *to)
{
	int fd;

	on_client();
	fd = tcp_socket(SOCK_NONBLOCK);
	need(connect(fd, (const struct sockaddr *)to, SIN_LEN) == -1 && errno == EINPROGRESS);
	return fd;
}

/* More connections than listen() was told: the last one waits until there is room. */
static void overflow(int backlog)
{
	struct sockaddr_in to, here;
	int listener = tcp_listener(&to, backlog, SOCK_NONBLOCK), fd[8], accepted;
	int udp = udp_bound(SERVER, &here, 0), from;
	char c;

	about("backlog %d", backlog);
	for (int i = 0; i < backlog + 1; i++) {
		fd[i] = knocks(&to);
		need(events_wait(fd[i], POLLOUT) == POLLOUT);
	}
	fd[backlog + 1] = knocks(&to);
	from = udp_socket(0);
	need(sendto(from, "x", 1, 0, SA(&here), SIN_LEN) == 1 && recv(udp, &c, 1, 0) == 1);
	say_events("one too many", events_now(fd[backlog + 1], POLLOUT));
	accepted = accept(listener, NULL, NULL);
	say_if("there is one to accept", accepted >= 0);
	close(accepted);
	say_events("then there is room", events_wait(fd[backlog + 1], POLLOUT));
	for (int i = 0; i < backlog + 1; i++) {
		events_wait(listener, POLLIN);
		close(accept(listener, NULL, NULL));
	}
	say_rc("and no more to accept", accept(listener, NULL, NULL));
	for (int i = 0; i < backlog + 2; i++)
		close(fd[i]);
	close(from);
	close(udp);
	close(listener);
	about("%s", "");
}

void topic_listening(void)
{
	on_server();
	listen_errors();
	accept_arguments();
	accept_room();
	inheritance();
	end_of_listening();
	ended_in_queue();
	overflow(0);
	overflow(1);
	overflow(4);
}
