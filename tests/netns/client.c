/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client of the stack that does what its standard input says, one command a line, and answers
 * each with a line:
 *
 *	tcp ADDRESS PORT BYTES	connect, send so many bytes and end this side, receive to the end;
 *				the worker's thread connects and receives, the main thread sends
 *	fastopen ADDRESS PORT BYTES	the same by one call that connects and sends, all of it in
 *				the main thread; tells what TCP_INFO says of Fast Open
 *	udp ADDRESS PORT	connect with IP_RECVERR, send "hello", receive a datagram and show
 *				it; the main thread does all of it
 *	keepalive ADDRESS PORT	connect, probe each second, receive to the end or the failure;
 *				the main thread does all of it
 *	urgent ADDRESS PORT	connect, send "abcX" whose last is urgent and "def", show what
 *				comes before a mark, at it and behind it; the main thread does all
 *				of it
 *	hop ADDRESS PORT HOPS	send a datagram that goes so far, in either family; type, code and
 *				sender of the ICMP error about it; the main thread does all of it
 *
 * Every call blocks: in the worker's thread it turns the loop, in the main thread it sleeps. A call
 * that fails is answered with its name and errno's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <netstk/netstk.h>
#include <netstk/tcp_info.h>

#define BLOCK	   40000 /* neither a power of two nor a multiple of an MSS */
#define PATIENCE_S 60
#define SYN_DATA   32 /* tcpi_options: data was in the SYN, and taken */

/* One direction of a transfer; its CRC is zlib's crc32(). */
struct flow {
	unsigned long long bytes;
	uint32_t crc;
};

struct transfer {
	struct sockaddr_in peer;
	int fd;
	struct flow in;
	char failed[64]; /* what the worker's thread could not do */
	sem_t connected, received;
};

static struct transfer *wanted; /* [A] handed to the worker's thread */
static uint32_t crc_table[256];
static char failed[64]; /* what the main thread could not do */

static void crc_init(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
		crc_table[i] = c;
	}
}

static void flow_add(struct flow *f, const uint8_t *data, size_t len)
{
	uint32_t c = ~f->crc;

	for (size_t i = 0; i < len; i++)
		c = crc_table[(c ^ data[i]) & 255] ^ c >> 8;
	f->crc = ~c;
	f->bytes += len;
}

/* Keeps the first failure. */
static void note(char text[64], const char *call)
{
	if (!*text)
		snprintf(text, 64, "%s: %s", call, strerrorname_np(errno));
}

/* ---- the worker's thread ---- */

static void receive(struct transfer *t)
{
	static uint8_t buffer[BLOCK];
	ssize_t n;

	while ((n = nsk_recv(t->fd, buffer, sizeof(buffer), 0)) > 0)
		flow_add(&t->in, buffer, (size_t)n);
	if (n < 0)
		note(t->failed, "recv");
}

static void connect_and_receive(struct transfer *t)
{
	t->fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
	if (nsk_connect(t->fd, (struct sockaddr *)&t->peer, sizeof(t->peer)))
		note(t->failed, "connect");
	sem_post(&t->connected);
	if (!*t->failed)
		receive(t);
	sem_post(&t->received);
}

/* Looks for a transfer once a millisecond; while one is going on, the calls turn the loop. */
static int work(void *arg)
{
	int epoll = nsk_epoll_create1(0);
	struct epoll_event event;

	(void)arg;
	while (nsk_epoll_wait(epoll, &event, 1, 1) >= 0) {
		struct transfer *t = __atomic_exchange_n(&wanted, NULL, __ATOMIC_ACQUIRE);

		if (t)
			connect_and_receive(t);
	}
	return errno == ESHUTDOWN ? 0 : 1;
}

/* ---- the main thread ---- */

/* Random enough that no two blocks are alike. */
static void fill(uint8_t *data, size_t len, uint64_t *seed)
{
	for (size_t i = 0; i < len; i++) {
		*seed = *seed * 6364136223846793005u + 1442695040888963407u;
		data[i] = (uint8_t)(*seed >> 56);
	}
}

static struct flow send_bytes(int fd, unsigned long long bytes)
{
	static uint8_t buffer[BLOCK];
	struct flow out = {0};
	uint64_t seed = bytes;

	while (out.bytes < bytes) {
		size_t len = bytes - out.bytes < BLOCK ? (size_t)(bytes - out.bytes) : BLOCK;

		fill(buffer, len, &seed);
		if (nsk_send(fd, buffer, len, 0) != (ssize_t)len) {
			note(failed, "send");
			break;
		}
		flow_add(&out, buffer, len);
	}
	if (nsk_shutdown(fd, SHUT_WR)) /* the server waits for it, whatever failed */
		note(failed, "shutdown");
	return out;
}

static void run_tcp(const struct sockaddr_in *peer, unsigned long long bytes)
{
	struct transfer t = {.peer = *peer};
	struct flow out = {0};

	sem_init(&t.connected, 0, 0);
	sem_init(&t.received, 0, 0);
	__atomic_store_n(&wanted, &t, __ATOMIC_RELEASE);
	sem_wait(&t.connected);
	if (!*t.failed)
		out = send_bytes(t.fd, bytes);
	sem_wait(&t.received);
	nsk_close(t.fd);
	if (*t.failed || *failed)
		printf("%s\n", *t.failed ? t.failed : failed);
	else
		printf("sent %llu %08x received %llu %08x\n", out.bytes, out.crc, t.in.bytes,
		       t.in.crc);
	sem_destroy(&t.connected);
	sem_destroy(&t.received);
}

static void run_udp(const struct sockaddr_in *peer)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = nsk_socket(AF_INET, SOCK_DGRAM, 0);
	const int on = 1;
	char buffer[64];
	ssize_t n = 0;

	if (nsk_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    nsk_setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)))
		note(failed, "setsockopt");
	if (nsk_connect(fd, (const struct sockaddr *)peer, sizeof(*peer)))
		note(failed, "connect");
	if (nsk_send(fd, "hello", 5, 0) != 5)
		note(failed, "send");
	else if ((n = nsk_recv(fd, buffer, sizeof(buffer) - 1, 0)) < 0)
		note(failed, "recv");
	buffer[n > 0 ? n : 0] = '\0';
	printf("%s%s\n", *failed ? failed : "received ", *failed ? "" : buffer);
	nsk_close(fd);
}

static void run_fastopen(const struct sockaddr_in *peer, unsigned long long bytes)
{
	static uint8_t buffer[BLOCK];
	int fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
	struct flow out = {0}, in = {0};
	struct nsk_tcp_info info = {0};
	socklen_t len = sizeof(info);
	uint64_t seed = bytes;
	ssize_t n;

	fill(buffer, bytes, &seed);
	flow_add(&out, buffer, bytes);
	if (nsk_sendto(fd, buffer, bytes, MSG_FASTOPEN, (const struct sockaddr *)peer,
		       sizeof(*peer)) != (ssize_t)bytes)
		note(failed, "sendto");
	else if (nsk_shutdown(fd, SHUT_WR))
		note(failed, "shutdown");
	while (!*failed && (n = nsk_recv(fd, buffer, sizeof(buffer), 0)) != 0) {
		if (n < 0)
			note(failed, "recv");
		else
			flow_add(&in, buffer, (size_t)n);
	}
	if (nsk_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		note(failed, "getsockopt");
	if (*failed)
		printf("%s\n", failed);
	else
		printf("sent %llu %08x received %llu %08x data %d fail %u\n", out.bytes, out.crc,
		       in.bytes, in.crc, !!(info.tcpi_options & SYN_DATA),
		       info.tcpi_fastopen_client_fail);
	nsk_close(fd);
}

static void run_keepalive(const struct sockaddr_in *peer)
{
	static const int options[][3] = {
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, 1},
		{IPPROTO_TCP, TCP_KEEPINTVL, 1},
		{IPPROTO_TCP, TCP_KEEPCNT, 3},
	};
	int fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
	char byte;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (nsk_setsockopt(fd, options[i][0], options[i][1], &options[i][2], sizeof(int)))
			note(failed, "setsockopt");
	if (nsk_connect(fd, (const struct sockaddr *)peer, sizeof(*peer)))
		note(failed, "connect");
	else if (nsk_recv(fd, &byte, 1, 0) < 0)
		note(failed, "recv");
	printf("%s\n", *failed ? failed : "ended");
	nsk_close(fd);
}

static void run_urgent(const struct sockaddr_in *peer)
{
	int fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
	struct pollfd p = {.fd = fd, .events = POLLPRI};
	char before[16] = "", at[2] = "", behind[16] = "";

	if (nsk_connect(fd, (const struct sockaddr *)peer, sizeof(*peer)))
		note(failed, "connect");
	else if (nsk_send(fd, "abcX", 4, MSG_OOB) != 4 || nsk_send(fd, "def", 3, 0) != 3)
		note(failed, "send");
	else if (nsk_poll(&p, 1, PATIENCE_S * 1000) != 1)
		note(failed, "poll");
	else if (nsk_recv(fd, before, sizeof(before) - 1, MSG_WAITALL) < 0)
		note(failed, "recv");
	else if (nsk_sockatmark(fd) != 1)
		note(failed, "sockatmark");
	else if (nsk_recv(fd, at, 1, MSG_OOB) != 1)
		note(failed, "recv of the urgent byte");
	else if (nsk_recv(fd, behind, sizeof(behind) - 1, MSG_WAITALL) < 0)
		note(failed, "recv behind the mark");
	if (*failed)
		printf("%s\n", failed);
	else
		printf("%s %s %s\n", before, at, behind);
	nsk_close(fd);
}

/* What a traceroute does. */
static void run_hop(const char *address, uint16_t port, int hops)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	bool six = strchr(address, ':') != NULL;
	int level = six ? IPPROTO_IPV6 : IPPROTO_IP, on = 1;
	int fd = nsk_socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in6 peer6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in peer4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	char byte, control[512], from[INET6_ADDRSTRLEN] = "";
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct sock_extended_err *e = NULL;

	inet_pton(AF_INET6, address, &peer6.sin6_addr);
	inet_pton(AF_INET, address, &peer4.sin_addr);
	if (nsk_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    nsk_setsockopt(fd, level, six ? IPV6_RECVERR : IP_RECVERR, &on, sizeof(on)) ||
	    nsk_setsockopt(fd, level, six ? IPV6_UNICAST_HOPS : IP_TTL, &hops, sizeof(hops)))
		note(failed, "setsockopt");
	else if (six ? nsk_connect(fd, (struct sockaddr *)&peer6, sizeof(peer6))
		     : nsk_connect(fd, (struct sockaddr *)&peer4, sizeof(peer4)))
		note(failed, "connect");
	else if (nsk_send(fd, "?", 1, 0) != 1)
		note(failed, "send");
	else if (nsk_recv(fd, &byte, 1, 0) < 0 && nsk_recvmsg(fd, &msg, MSG_ERRQUEUE) < 0)
		note(failed, "recvmsg");
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c && !*failed; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == level && c->cmsg_type == (six ? IPV6_RECVERR : IP_RECVERR))
			e = (struct sock_extended_err *)CMSG_DATA(c);
	if (e && six)
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)SO_EE_OFFENDER(e))->sin6_addr, from,
			  sizeof(from));
	else if (e)
		inet_ntop(AF_INET, &((struct sockaddr_in *)SO_EE_OFFENDER(e))->sin_addr, from,
			  sizeof(from));
	if (e)
		printf("%u %u %s\n", e->ee_type, e->ee_code, from);
	else
		printf("%s\n", *failed ? failed : "no error");
	nsk_close(fd);
}

static bool obey(const char *line)
{
	struct sockaddr_in peer = {.sin_family = AF_INET};
	unsigned long long bytes = 0;
	char kind[16], address[48];
	uint16_t port;

	*failed = '\0';
	if (sscanf(line, "%15s %47s %hu %llu", kind, address, &port, &bytes) < 3)
		return false;
	if (strcmp(kind, "hop") != 0 && inet_pton(AF_INET, address, &peer.sin_addr) != 1)
		return false;
	peer.sin_port = htons(port);
	if (strcmp(kind, "hop") == 0)
		run_hop(address, port, (int)bytes);
	else if (strcmp(kind, "tcp") == 0)
		run_tcp(&peer, bytes);
	else if (strcmp(kind, "fastopen") == 0 && bytes <= BLOCK)
		run_fastopen(&peer, bytes);
	else if (strcmp(kind, "keepalive") == 0)
		run_keepalive(&peer);
	else if (strcmp(kind, "urgent") == 0)
		run_urgent(&peer);
	else
		run_udp(&peer);
	fflush(stdout);
	return true;
}

int main(int argc, char **argv)
{
	struct nsk_config *config = nsk_config_new();
	struct nsk_stack *stack;
	char line[128];
	int rc;

	if (nsk_config_args(config, &argc, argv) || nsk_stack_create(config, &stack)) {
		fprintf(stderr, "netns_client: %s\n", nsk_config_error(config));
		return 1;
	}
	nsk_config_free(config);
	crc_init();
	if (nsk_launch(stack, work, NULL) || nsk_enter(stack))
		return 1;
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) && obey(line))
		;
	nsk_stop(stack);
	rc = nsk_join(stack);
	nsk_stack_destroy(stack);
	return rc;
}
