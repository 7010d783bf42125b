/* SPDX-License-Identifier: BSD-3-Clause */
/* Many messages in one call, control messages, the error queue, full buffers, waits with masks. */
#include <netinet/udp.h>
#include <signal.h>
#include <time.h>

#include <linux/errqueue.h>

#include "sockets/twin.h"

/* ---- sendmmsg, recvmmsg ---------------------------------------------------------------------- */

static void vectors_of(struct mmsghdr *m, struct iovec *iov, char (*room)[8], size_t n, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		iov[i] = (struct iovec){room[i], len};
		m[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &iov[i], .msg_iovlen = 1}};
	}
}

static void many(void)
{
	char out[4][8] = {"first", "second", "third", "fourth"}, in[4][8];
	struct mmsghdr m[4];
	struct iovec iov[4];
	struct timespec soon = {0}, bad = {.tv_nsec = 1000000000};
	int fd[2];

	udp_pair(fd);
	vectors_of(m, iov, out, 4, 6);
	say_rc("sendmmsg", sendmmsg(fd[0], m, 4, 0));
	say("lengths", "%u %u", m[0].msg_len, m[3].msg_len);
	say_rc("sendmmsg of none", sendmmsg(fd[0], m, 0, 0));
	events_wait(fd[1], POLLIN);
	vectors_of(m, iov, in, 4, 4);
	say_rc("recvmmsg of one", recvmmsg(fd[1], m, 1, 0, NULL));
	say("it is cut", "%u, %s", m[0].msg_len,
	    m[0].msg_hdr.msg_flags & MSG_TRUNC ? "TRUNC" : "whole");
	vectors_of(m, iov, in, 4, 8);
	say_rc("the others", recvmmsg(fd[1], m, 3, 0, NULL));
	for (int i = 0; i < 3; i++) {
		about("message %d", i);
		say_bytes("", in[i], m[i].msg_len);
	}
	about("%s", "");
	say_rc("nothing there", recvmmsg(fd[1], m, 2, MSG_DONTWAIT, NULL));
	say_rc("a timeout that is none", recvmmsg(fd[1], m, 2, MSG_DONTWAIT, &bad));
	need(send(fd[0], "x", 1, 0) == 1);
	say_rc("MSG_WAITFORONE", recvmmsg(fd[1], m, 4, MSG_WAITFORONE, NULL));
	need(send(fd[0], "y", 1, 0) == 1);
	events_wait(fd[1], POLLIN);
	say_rc("a timeout of 0", recvmmsg(fd[1], m, 4, 0, &soon));
	vectors_of(m, iov, out, 3, 6);
	m[1].msg_hdr.msg_iovlen = 2000;
	say_rc("the second has too many pieces", sendmmsg(fd[0], m, 3, 0));
	m[0].msg_hdr.msg_iovlen = 2000;
	say_rc("the first has", sendmmsg(fd[0], m, 3, 0));
	say_rc("no vector", sendmmsg(fd[0], NULL, 1, 0));
	close_pair(fd);
}

/* ---- control messages ------------------------------------------------------------------------ */

#define CONTROL 256

static ssize_t get(int fd, struct msghdr *msg, size_t control, int flags)
{
	static char data[64];
	static _Alignas(struct cmsghdr) char room[CONTROL];
	static struct iovec iov;

	iov = (struct iovec){data, sizeof(data)};
	*msg = (struct msghdr){
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = control};
	return recvmsg(fd, msg, flags);
}

static void say_controls(const char *name, const struct msghdr *msg)
{
	struct msghdr copy = *msg;
	int n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(&copy); c; c = CMSG_NXTHDR(&copy, c)) {
		about("%s, control %d", name, n++);
		say_control(c);
	}
	about("%s", "");
}

static void told_one(const char *name, const int fd[2], int option)
{
	struct msghdr msg;

	set_int(fd[1], IPPROTO_IP, option, 1);
	need(send(fd[0], "x", 1, 0) == 1);
	need(get(fd[1], &msg, CONTROL, 0) == 1);
	say_controls(name, &msg);
	set_int(fd[1], IPPROTO_IP, option, 0);
}

static void pktinfo(const int fd[2])
{
	struct in_pktinfo info = {0};
	struct msghdr msg;

	set_int(fd[1], IPPROTO_IP, IP_PKTINFO, 1);
	need(send(fd[0], "x", 1, 0) == 1);
	need(get(fd[1], &msg, CONTROL, 0) == 1);
	memcpy(&info, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(info));
	say("IP_PKTINFO", "%08x, from here %08x, by %s", ntohl(info.ipi_addr.s_addr),
	    ntohl(info.ipi_spec_dst.s_addr), info.ipi_ifindex > 0 ? "an interface" : "none");
	set_int(fd[1], IPPROTO_IP, IP_PKTINFO, 0);
}

static void stamps(const int fd[2])
{
	static const int kinds[] = {SO_TIMESTAMP, SO_TIMESTAMPNS};
	struct msghdr msg;

	for (int i = 0; i < 2; i++) {
		set_int(fd[1], SOL_SOCKET, kinds[i], 1);
		need(send(fd[0], "x", 1, 0) == 1);
		need(get(fd[1], &msg, CONTROL, 0) == 1);
		about("time stamp %d", i);
		say("", "type %d, %zu bytes", CMSG_FIRSTHDR(&msg)->cmsg_type,
		    CMSG_FIRSTHDR(&msg)->cmsg_len - CMSG_LEN(0));
		about("%s", "");
	}
	say("both", "%d %d", get_int(fd[1], SOL_SOCKET, SO_TIMESTAMP),
	    get_int(fd[1], SOL_SOCKET, SO_TIMESTAMPNS));
	set_int(fd[1], SOL_SOCKET, SO_TIMESTAMPNS, 0);
}

static void cut(const int fd[2])
{
	struct msghdr msg;

	set_int(fd[1], IPPROTO_IP, IP_RECVTTL, 1);
	for (size_t room = 0; room <= CMSG_SPACE(4); room += 4) {
		need(send(fd[0], "x", 1, 0) == 1);
		need(get(fd[1], &msg, room, 0) == 1);
		about("control of %zu bytes", room);
		say("", "%zu used, %s", msg.msg_controllen,
		    msg.msg_flags & MSG_CTRUNC ? "CTRUNC" : "whole");
		about("%s", "");
	}
	set_int(fd[1], IPPROTO_IP, IP_RECVTTL, 0);
}

/* One that is sent with a TTL and a type of service of its own. */
static ssize_t send_with(int fd, int type, const void *value, size_t len)
{
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(16)] = "";
	struct iovec iov = {(char[]){'x'}, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = room,
			     .msg_controllen = CMSG_SPACE(len)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	*c = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(len), .cmsg_level = IPPROTO_IP, .cmsg_type = type};
	memcpy(CMSG_DATA(c), value, len);
	return sendmsg(fd, &msg, 0);
}

static void sent_with(const int fd[2])
{
	static const int values[] = {0, 1, 255, 256, -1};
	struct in_pktinfo info = {.ipi_ifindex = 7777};
	struct msghdr msg;

	set_int(fd[1], IPPROTO_IP, IP_RECVTTL, 1);
	set_int(fd[1], IPPROTO_IP, IP_RECVTOS, 1);
	for (int i = 0; i < 5; i++) {
		about("with IP_TTL %d", values[i]);
		say_rc("sent", send_with(fd[0], IP_TTL, &values[i], sizeof(int)));
		about("with IP_TOS %d", values[i]);
		say_rc("sent", send_with(fd[0], IP_TOS, &values[i], sizeof(int)));
		about("%s", "");
	}
	events_wait(fd[1], POLLIN);
	while (get(fd[1], &msg, CONTROL, MSG_DONTWAIT) == 1)
		;
	say_rc("IP_TTL of 1 byte", send_with(fd[0], IP_TTL, "\x07", 1));
	say_rc("IP_TOS of 1 byte", send_with(fd[0], IP_TOS, "\x28", 1));
	need(get(fd[1], &msg, CONTROL, 0) == 1);
	say_controls("sent with 1 byte", &msg);
	say_rc("IP_PKTINFO of no interface", send_with(fd[0], IP_PKTINFO, &info, sizeof(info)));
	info = (struct in_pktinfo){.ipi_spec_dst = host_address(SERVER, 0).sin_addr};
	say_rc("IP_PKTINFO of another's address",
	       send_with(fd[0], IP_PKTINFO, &info, sizeof(info)));
	say_rc("IP_PKTINFO of 3 bytes", send_with(fd[0], IP_PKTINFO, &info, 3));
	set_int(fd[1], IPPROTO_IP, IP_RECVTTL, 0);
	set_int(fd[1], IPPROTO_IP, IP_RECVTOS, 0);
}

static void controls(void)
{
	int fd[2];

	udp_pair(fd);
	told_one("IP_RECVTTL", fd, IP_RECVTTL);
	told_one("IP_RECVTOS", fd, IP_RECVTOS);
	pktinfo(fd);
	stamps(fd);
	cut(fd);
	sent_with(fd);
	close_pair(fd);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void error_queue(void)
{
	struct sockaddr_in no = host_address(SERVER, PORT_NO), name;
	struct {
		struct sock_extended_err err;
		struct sockaddr_in from;
	} told;
	struct msghdr msg;
	int fd;

	on_client();
	fd = udp_socket(0);
	say_rc("the queue is empty", get(fd, &msg, CONTROL, MSG_ERRQUEUE));
	set_int(fd, IPPROTO_IP, IP_RECVERR, 1);
	need(sendto(fd, "lost", 4, 0, SA(&no), SIN_LEN) == 4);
	say_events("an error", events_wait(fd, POLLIN));
	get(fd, &msg, CONTROL, MSG_ERRQUEUE | MSG_DONTWAIT);
	memcpy(&told, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(told));
	say("the error", "errno %d, origin %d, type %d, code %d, from %08x", (int)told.err.ee_errno,
	    told.err.ee_origin, told.err.ee_type, told.err.ee_code,
	    ntohl(told.from.sin_addr.s_addr));
	say("message", "%s, %s", msg.msg_flags & MSG_ERRQUEUE ? "ERRQUEUE" : "no",
	    msg.msg_flags & MSG_TRUNC ? "TRUNC" : "whole");
	say_rc("and no other", get(fd, &msg, CONTROL, MSG_ERRQUEUE));
	say_events("then", events_now(fd, POLLIN));
	need(sendto(fd, "lost", 4, 0, SA(&no), SIN_LEN) == 4);
	events_wait(fd, POLLIN);
	say_rc("a receive tells", recv(fd, &name, sizeof(name), MSG_DONTWAIT));
	say_rc("once", recv(fd, &name, sizeof(name), MSG_DONTWAIT));
	say_rc("and it is in the queue", get(fd, &msg, CONTROL, MSG_ERRQUEUE));
	say_rc("too long", sendto(fd, (char[2000]){0}, 2000, 0, SA(&no), 3));
	close(fd);
}

static void overflow(void)
{
	struct msghdr msg;
	int fd[2], n = 0;

	udp_pair(fd);
	set_int(fd[1], SOL_SOCKET, SO_RCVBUF, 1);
	say("the least buffer", "%d", get_int(fd[1], SOL_SOCKET, SO_RCVBUF));
	set_int(fd[1], SOL_SOCKET, SO_RXQ_OVFL, 1);
	for (int i = 0; i < 200; i++)
		need(send(fd[0], "x", 1, 0) == 1);
	events_wait(fd[1], POLLIN);
	while (get(fd[1], &msg, CONTROL, MSG_DONTWAIT) == 1)
		n++;
	say_if("some were lost", n < 200);
	/* The next one says how many. */
	need(send(fd[0], "x", 1, 0) == 1);
	need(get(fd[1], &msg, CONTROL, 0) == 1);
	say("SO_RXQ_OVFL", "type %d, %zu bytes", CMSG_FIRSTHDR(&msg)->cmsg_type,
	    CMSG_FIRSTHDR(&msg)->cmsg_len - CMSG_LEN(0));
	close_pair(fd);
}

/* ---- waits with masks ------------------------------------------------------------------------ */

static volatile sig_atomic_t caught;

static void handler(int sig)
{
	caught = sig;
}

static void masks(void)
{
	struct sigaction act = {.sa_handler = handler}, before;
	struct timespec now = {0}, bad = {.tv_nsec = -1}, minute = {.tv_sec = 60};
	struct epoll_event ev = {.events = EPOLLIN};
	sigset_t blocked, open;
	struct pollfd p;
	fd_set set;
	int fd[2], ep;

	udp_pair(fd);
	p = (struct pollfd){.fd = fd[1], .events = POLLIN};
	ep = epoll_create1(0);
	need(epoll_ctl(ep, EPOLL_CTL_ADD, fd[1], &ev) == 0);
	sigaction(SIGUSR1, &act, &before);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &blocked, &open);
	raise(SIGUSR1);
	say_rc("ppoll, blocked", ppoll(&p, 1, &now, &blocked));
	say_rc("ppoll, the signal waits", ppoll(&p, 1, &minute, &open));
	say("it came", "%d", caught == SIGUSR1);
	raise(SIGUSR1);
	FD_ZERO(&set);
	FD_SET(fd[1], &set);
	say_rc("pselect, the signal waits", pselect(fd[1] + 1, &set, NULL, NULL, &minute, &open));
	raise(SIGUSR1);
	say_rc("epoll_pwait2, the signal waits", epoll_pwait2(ep, &ev, 1, &minute, &open));
	say_rc("epoll_pwait2, nothing", epoll_pwait2(ep, &ev, 1, &now, NULL));
	say_rc("ppoll, no time", ppoll(&p, 1, &bad, NULL));
	say_rc("epoll_pwait2, no time", epoll_pwait2(ep, &ev, 1, &bad, NULL));
	need(send(fd[0], "x", 1, 0) == 1);
	say_rc("ppoll, a datagram", ppoll(&p, 1, &minute, &open));
	FD_ZERO(&set);
	FD_SET(fd[1], &set);
	say_rc("pselect, a datagram", pselect(fd[1] + 1, &set, NULL, NULL, &minute, &open));
	say_rc("epoll_pwait2, a datagram", epoll_pwait2(ep, &ev, 1, NULL, &open));
	pthread_sigmask(SIG_SETMASK, &open, NULL);
	sigaction(SIGUSR1, &before, NULL);
	close(ep);
	close_pair(fd);
}

void topic_messages(void)
{
	many();
	controls();
	error_queue();
	overflow();
	masks();
}
