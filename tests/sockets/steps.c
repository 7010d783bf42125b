/* SPDX-License-Identifier: BSD-3-Clause */
/* What checks are made of: sockets, connections, and waits for what the other host does. */
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <time.h>

#include "sockets/twin.h"

/* ---- addresses and sockets ------------------------------------------------------------------- */

static struct sockaddr_in ipv4(uint32_t address, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(address),
	};
}

struct sockaddr_in host_address(enum twin_host host, uint16_t port)
{
	return ipv4(0x0a000001u + host, port);
}

struct sockaddr_in silent_address(unsigned which, uint16_t port)
{
	return ipv4(0x0a00004d + which, port);
}

struct sockaddr_in any_address(uint16_t port)
{
	return ipv4(INADDR_ANY, port);
}

struct sockaddr_in6 address6(const char *text, uint16_t port)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	need(inet_pton(AF_INET6, text, &sin6.sin6_addr) == 1);
	return sin6;
}

struct sockaddr_in6 host_address6(enum twin_host host, uint16_t port)
{
	return address6(host == CLIENT ? "2001:db8::1" : "2001:db8::2", port);
}

struct sockaddr_in6 mapped_address(enum twin_host host, uint16_t port)
{
	return address6(host == CLIENT ? "::ffff:10.0.0.1" : "::ffff:10.0.0.2", port);
}

struct sockaddr_in6 link_address(enum twin_host host, uint16_t port)
{
	struct sockaddr_in6 sin6 = address6(host == CLIENT ? "fe80::1" : "fe80::2", port);

	sin6.sin6_scope_id = link_number(host == CLIENT ? SERVER : CLIENT);
	return sin6;
}

int six_socket(int type)
{
	int fd = socket(AF_INET6, type, 0);

	need(fd >= 0);
	return fd;
}

uint16_t port_of(int fd)
{
	struct sockaddr_in6 name; /* the port stands at the same place in both families */
	socklen_t len = sizeof(name);

	need(getsockname(fd, SA(&name), &len) == 0);
	return ntohs(name.sin6_port);
}

int tcp_socket(int flags)
{
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0);

	need(fd >= 0);
	return fd;
}

int udp_socket(int flags)
{
	int fd = socket(AF_INET, SOCK_DGRAM | flags, 0);

	need(fd >= 0);
	return fd;
}

struct sockaddr_in name_of(int fd)
{
	struct sockaddr_in sin;
	socklen_t len = SIN_LEN;

	need(getsockname(fd, SA(&sin), &len) == 0);
	return sin;
}

/* Binds to the host's address and a port that it chooses, and tells them. */
static void bind_somewhere(int fd, enum twin_host host, struct sockaddr_in *address)
{
	*address = host_address(host, ANY_PORT);
	need(bind(fd, SA(address), SIN_LEN) == 0);
	*address = name_of(fd);
}

int tcp_listener(struct sockaddr_in *address, int backlog, int flags)
{
	int fd;

	on_server();
	fd = tcp_socket(flags);
	bind_somewhere(fd, SERVER, address);
	need(listen(fd, backlog) == 0);
	return fd;
}

int udp_bound(enum twin_host host, struct sockaddr_in *address, int flags)
{
	int fd;

	on_host(host);
	fd = udp_socket(flags);
	bind_somewhere(fd, host, address);
	return fd;
}

/* ---- connections ----------------------------------------------------------------------------- */

void tcp_pair_sized(int fd[2], int rcvbuf, int sndbuf)
{
	struct sockaddr_in sin;
	int listener;

	on_server();
	listener = tcp_socket(0);
	if (rcvbuf)
		set_int(listener, SOL_SOCKET, SO_RCVBUF, rcvbuf);
	bind_somewhere(listener, SERVER, &sin);
	need(listen(listener, 8) == 0);
	on_client();
	fd[0] = tcp_socket(0);
	if (sndbuf)
		set_int(fd[0], SOL_SOCKET, SO_SNDBUF, sndbuf);
	need(connect(fd[0], SA(&sin), SIN_LEN) == 0);
	fd[1] = accept(listener, NULL, NULL);
	need(fd[1] >= 0);
	close(listener);
}

void tcp_pair(int fd[2])
{
	tcp_pair_sized(fd, 0, 0);
}

void udp_pair(int fd[2])
{
	struct sockaddr_in sin[2];

	for (int i = 0; i < 2; i++)
		fd[i] = udp_bound((enum twin_host)i, &sin[i], 0);
	for (int i = 0; i < 2; i++)
		need(connect(fd[i], SA(&sin[!i]), SIN_LEN) == 0);
}

void close_pair(const int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

/* ---- options --------------------------------------------------------------------------------- */

void set_int(int fd, int level, int name, int value)
{
	need(setsockopt(fd, level, name, &value, sizeof(value)) == 0);
}

int get_int(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	need(getsockopt(fd, level, name, &value, &len) == 0);
	return value;
}

void set_nonblock(int fd, bool on)
{
	need(fcntl(fd, F_SETFL, on ? O_NONBLOCK : 0) == 0);
}

void set_timeout(int fd, int name, unsigned ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	need(setsockopt(fd, SOL_SOCKET, name, &tv, sizeof(tv)) == 0);
}

void set_linger(int fd, bool on, int seconds)
{
	struct linger linger = {.l_onoff = on, .l_linger = seconds};

	need(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0);
}

/* ---- waiting --------------------------------------------------------------------------------- */

uint32_t events_now(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	need(poll(&p, 1, 0) >= 0);
	return (uint16_t)p.revents;
}

uint32_t events_wait(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	need(poll(&p, 1, TWIN_LIMIT_MS) == 1);
	return (uint16_t)p.revents;
}

void arrived(int fd, size_t bytes)
{
	static char room[1 << 16];

	need(bytes <= sizeof(room));
	need(recv(fd, room, bytes, MSG_PEEK | MSG_WAITALL) == (ssize_t)bytes);
}

void ended(int fd)
{
	events_wait(fd, POLLRDHUP);
}

void receive_all(int fd, void *buf, size_t bytes)
{
	need(recv(fd, buf, bytes, MSG_WAITALL) == (ssize_t)bytes);
}

/* Everything that was sent is acknowledged, the window closed, and after that no byte is taken. */
static bool is_full(int fd)
{
	static const char block[4096];
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);
	bool took = false;

	need(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0);
	while (send(fd, block, sizeof(block), MSG_DONTWAIT) > 0)
		took = true;
	return !took && info.tcpi_unacked == 0 && info.tcpi_snd_wnd == 0;
}

void fill(int fd)
{
	until(is_full, fd);
}

size_t drain(int fd)
{
	static char block[65536];
	size_t sum = 0;
	ssize_t n;

	while ((n = recv(fd, block, sizeof(block), MSG_DONTWAIT)) > 0)
		sum += (size_t)n;
	return sum;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void until(bool (*done)(int fd), int fd)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	int64_t limit = now_ms() + TWIN_LIMIT_MS;

	while (!done(fd)) {
		need(now_ms() < limit);
		nanosleep(&ms, NULL);
	}
}

bool all_acknowledged(int fd)
{
	int bytes;

	need(ioctl(fd, SIOCOUTQ, &bytes) == 0);
	return bytes == 0;
}

void tells(const char *name, int ep)
{
	struct epoll_event ev[4] = {{0}};
	int n = epoll_wait(ep, ev, 4, 0);

	if (n == 1)
		say_events(name, ev[0].events);
	else
		say_rc(name, n);
}

void option_in_sizes(const char *name, int fd, int level, int option)
{
	for (socklen_t room = 0; room <= 9; room += 1 + 4 * (room == 5)) {
		uint8_t value[16] = {1};
		socklen_t len = room;

		about("%s in %u bytes", name, room);
		say_rc("set", setsockopt(fd, level, option, value, room));
		memset(value, 0xee, sizeof(value));
		say_rc("read", getsockopt(fd, level, option, value, &len));
		say("which is", "%u bytes, first %#x", len, value[0]);
	}
}
