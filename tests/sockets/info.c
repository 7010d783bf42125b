/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP_INFO through a connection's life: its state, and the options that both ends agreed on. */
#include "sockets/twin.h"

/* That both stacks may have. */
#define OPTIONS (TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE)

static struct tcp_info info_of(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	need(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0);
	return info;
}

static void says(const char *name, int fd)
{
	struct tcp_info info = info_of(fd);

	say(name, "state %u, options %#x, %u timeouts, %u unacknowledged", info.tcpi_state,
	    info.tcpi_options & OPTIONS, info.tcpi_retransmits, info.tcpi_unacked);
}

static uint8_t wanted;

static bool is_there(int fd)
{
	return info_of(fd).tcpi_state == wanted;
}

/* States that nothing else tells of; names of <netinet/tcp.h> cannot be had beside the kernel's. */
enum {
	FIN_WAIT_2 = 5,
	CLOSED = 7,
	CLOSE_WAIT = 8,
};

static void comes_to(uint8_t state, int fd)
{
	wanted = state;
	until(is_there, fd);
}

static void before(void)
{
	struct sockaddr_in to, silent = silent_address(9, PORT);
	int listener, fd;

	on_client();
	fd = tcp_socket(SOCK_NONBLOCK);
	says("fresh", fd);
	need(bind(fd, SA(&(struct sockaddr_in){.sin_family = AF_INET}), SIN_LEN) == 0);
	says("bound", fd);
	say_rc("connect to a silent host", connect(fd, SA(&silent), SIN_LEN));
	say("connecting", "state %u", info_of(fd).tcpi_state);
	close(fd);
	listener = tcp_listener(&to, 5, 0);
	say("listening", "state %u, %u of %u", info_of(listener).tcpi_state,
	    info_of(listener).tcpi_unacked, info_of(listener).tcpi_sacked);
	on_client();
	fd = tcp_socket(0);
	need(connect(fd, SA(&to), SIN_LEN) == 0);
	events_wait(listener, POLLIN);
	say("with a visitor", "state %u, %u of %u", info_of(listener).tcpi_state,
	    info_of(listener).tcpi_unacked, info_of(listener).tcpi_sacked);
	close(fd);
	close(listener);
}

static void open_and_ended(void)
{
	int fd[2];
	char c;

	tcp_pair(fd);
	says("open, the client", fd[0]);
	says("open, the server", fd[1]);
	need(send(fd[0], "x", 1, 0) == 1 && recv(fd[1], &c, 1, 0) == 1);
	until(all_acknowledged, fd[0]);
	says("after some data", fd[0]);
	need(shutdown(fd[0], SHUT_WR) == 0);
	comes_to(CLOSE_WAIT, fd[1]);
	says("the client has ended, the server", fd[1]);
	comes_to(FIN_WAIT_2, fd[0]);
	says("and the client", fd[0]);
	need(shutdown(fd[1], SHUT_WR) == 0);
	comes_to(CLOSED, fd[0]);
	says("both have ended, the client", fd[0]);
	comes_to(CLOSED, fd[1]);
	says("and the server", fd[1]);
	close_pair(fd);
}

static void reset(void)
{
	int fd[2];

	tcp_pair(fd);
	set_linger(fd[0], true, 0);
	close(fd[0]);
	ended(fd[1]);
	says("reset", fd[1]);
	close(fd[1]);
}

void topic_info(void)
{
	before();
	open_and_ended();
	reset();
}
