/* SPDX-License-Identifier: BSD-3-Clause */
/* What poll, select and epoll say of a socket in each state; what they are asked for and not. */
#include "sockets/twin.h"

#define EVERYTHING                                                                        \
	(POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND | \
	 POLLMSG | POLLRDHUP)

/* All three, of one socket. */
static void state_of(const char *name, int fd)
{
	struct epoll_event ev = {.events = EVERYTHING, .data.u32 = 7};
	struct timeval tv = {0};
	fd_set r, w, e;
	int ep, rc;

	about("%s", name);
	say_events("asked for everything", events_now(fd, EVERYTHING));
	say_events("asked for nothing", events_now(fd, 0));
	say_events("asked for POLLIN", events_now(fd, POLLIN));
	say_events("asked for POLLOUT", events_now(fd, POLLOUT));
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&e);
	FD_SET(fd, &r);
	FD_SET(fd, &w);
	FD_SET(fd, &e);
	rc = select(fd + 1, &r, &w, &e, &tv);
	say("select", "%d%s%s%s", rc, FD_ISSET(fd, &r) ? " read" : "",
	    FD_ISSET(fd, &w) ? " write" : "", FD_ISSET(fd, &e) ? " except" : "");
	ep = epoll_create1(0);
	need(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == 0);
	memset(&ev, 0, sizeof(ev));
	rc = epoll_wait(ep, &ev, 1, 0);
	say_events("epoll", rc == 1 && ev.data.u32 == 7 ? ev.events : 0);
	close(ep);
	about("%s", "");
}

static void fresh(void)
{
	struct sockaddr_in sin = host_address(SERVER, PORT);
	int fd = tcp_socket(0);

	state_of("fresh stream", fd);
	need(bind(fd, SA(&sin), SIN_LEN) == 0);
	state_of("bound stream", fd);
	close(fd);
	fd = udp_socket(0);
	state_of("fresh datagram socket", fd);
	close(fd);
}

static void listening(void)
{
	struct sockaddr_in to;
	int listener = tcp_listener(&to, 8, 0), client, fd;

	state_of("listener", listener);
	on_client();
	client = tcp_socket(0);
	need(connect(client, SA(&to), SIN_LEN) == 0);
	on_server();
	events_wait(listener, POLLIN);
	state_of("listener with a connection", listener);
	fd = accept(listener, NULL, NULL);
	state_of("listener after accept", listener);
	state_of("accepted", fd);
	close(fd);
	close(client);
	need(shutdown(listener, SHUT_RDWR) == 0);
	state_of("listener that was shut down", listener);
	close(listener);
}

static void connecting(void)
{
	struct sockaddr_in no = host_address(SERVER, PORT_NO), silent = silent_address(0, PORT);
	int fd;

	on_client();
	fd = tcp_socket(SOCK_NONBLOCK);
	need(connect(fd, SA(&silent), SIN_LEN) == -1);
	state_of("connecting", fd);
	close(fd);
	fd = tcp_socket(SOCK_NONBLOCK);
	need(connect(fd, SA(&no), SIN_LEN) == -1);
	events_wait(fd, POLLERR);
	state_of("refused", fd);
	need(get_int(fd, SOL_SOCKET, SO_ERROR) == ECONNREFUSED);
	state_of("refused, the error told", fd);
	close(fd);
	fd = tcp_socket(0);
	need(connect(fd, SA(&no), SIN_LEN) == -1);
	state_of("refused, and told by connect", fd);
	close(fd);
}

/* The client's end through the life of a connection. */
static void connected(void)
{
	char byte;
	int fd[2];

	tcp_pair(fd);
	on_client();
	state_of("connected", fd[0]);
	need(send(fd[1], "x", 1, 0) == 1);
	arrived(fd[0], 1);
	state_of("with data", fd[0]);
	need(shutdown(fd[1], SHUT_WR) == 0);
	ended(fd[0]);
	state_of("with data and the end", fd[0]);
	receive_all(fd[0], &byte, 1);
	state_of("with the end", fd[0]);
	need(recv(fd[0], &byte, 1, 0) == 0);
	state_of("the end was told", fd[0]);
	need(shutdown(fd[0], SHUT_RD) == 0);
	state_of("and reading shut down", fd[0]);
	need(shutdown(fd[0], SHUT_WR) == 0);
	ended(fd[1]);
	events_wait(fd[0], POLLHUP);
	state_of("and writing", fd[0]);
	close_pair(fd);
	tcp_pair(fd);
	on_client();
	need(shutdown(fd[0], SHUT_WR) == 0);
	ended(fd[1]);
	state_of("writing shut down", fd[0]);
	need(shutdown(fd[0], SHUT_RD) == 0);
	state_of("writing and reading shut down", fd[0]);
	close_pair(fd);
	tcp_pair(fd);
	on_client();
	need(shutdown(fd[0], SHUT_RD) == 0);
	state_of("reading shut down", fd[0]);
	close_pair(fd);
}

static void broken(void)
{
	char byte;
	int fd[2];

	tcp_pair(fd);
	on_client();
	set_linger(fd[1], true, 0);
	close(fd[1]);
	events_wait(fd[0], POLLERR);
	state_of("reset", fd[0]);
	need(recv(fd[0], &byte, 1, 0) == -1 && errno == ECONNRESET);
	state_of("reset, and told", fd[0]);
	close(fd[0]);
	tcp_pair_sized(fd, 8192, 16384);
	on_client();
	fill(fd[0]);
	state_of("full", fd[0]);
	close_pair(fd);
}

static void datagrams(void)
{
	struct sockaddr_in no = host_address(SERVER, PORT_NO);
	char byte;
	int fd[2], one;

	udp_pair(fd);
	on_client();
	state_of("connected datagram socket", fd[0]);
	need(send(fd[1], "x", 1, 0) == 1);
	arrived(fd[0], 1);
	state_of("with a datagram", fd[0]);
	need(recv(fd[0], &byte, 1, 0) == 1);
	need(shutdown(fd[0], SHUT_RD) == 0);
	state_of("datagram socket, reading shut down", fd[0]);
	need(shutdown(fd[0], SHUT_WR) == 0);
	state_of("datagram socket, both shut down", fd[0]);
	close_pair(fd);
	one = udp_socket(0);
	need(connect(one, SA(&no), SIN_LEN) == 0 && send(one, "x", 1, 0) == 1);
	events_wait(one, POLLERR);
	state_of("datagram socket, refused", one);
	need(get_int(one, SOL_SOCKET, SO_ERROR) == ECONNREFUSED);
	state_of("datagram socket, refused and told", one);
	close(one);
}

/* poll itself. */
static void several(void)
{
	struct pollfd p[4] = {{.fd = -1, .events = POLLIN, .revents = 77}};
	int fd[2], ep, idle = udp_socket(0);

	tcp_pair(fd);
	p[1] = (struct pollfd){.fd = fd[0], .events = POLLOUT};
	p[2] = (struct pollfd){.fd = fd[1], .events = POLLIN};
	p[3] = (struct pollfd){.fd = fd[0], .events = POLLIN | POLLOUT};
	say_rc("poll of four", poll(p, 4, 0));
	say_events("of -1", (uint16_t)p[0].revents);
	say_events("of one that is writable", (uint16_t)p[1].revents);
	say_events("of one that is idle", (uint16_t)p[2].revents);
	say_events("of the same again", (uint16_t)p[3].revents);
	say_rc("poll of none", poll(p, 0, 0));
	ep = epoll_create1(0);
	p[0] = (struct pollfd){.fd = ep, .events = POLLIN | POLLOUT};
	say_rc("poll of an instance", poll(p, 1, 0));
	close(ep);
	close_pair(fd);
	p[1].revents = 0;
	p[2].fd = idle;
	say_rc("poll of a closed one and an idle one", poll(p + 1, 2, -1));
	say_events("the closed one", (uint16_t)p[1].revents);
	close(idle);
}

static void select_errors(void)
{
	struct timeval tv = {0}, bad = {0, -1}, long_ago = {-1, 0};
	int fd = udp_socket(0);
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	say_rc("select of nothing", select(0, NULL, NULL, NULL, &tv));
	say_rc("select of -1", select(-1, &set, NULL, NULL, &tv));
	say_rc("select with -1 us", select(fd + 1, &set, NULL, NULL, &bad));
	say_rc("select with -1 s", select(fd + 1, &set, NULL, NULL, &long_ago));
	say_rc("select below the number", select(fd, &set, NULL, NULL, &tv));
	FD_ZERO(&set);
	FD_SET(fd, &set);
	close(fd);
	say_rc("select of a closed one", select(fd + 1, &set, NULL, NULL, &tv));
}

void topic_states(void)
{
	on_server();
	fresh();
	listening();
	connecting();
	connected();
	broken();
	datagrams();
	several();
	select_errors();
}
