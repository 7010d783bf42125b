/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections given from one worker to another (nsk_migrate()): worker 0 accepts and reads which
 * room a client wants to be in; each room is served by one worker, so that its guests need no lock
 * to talk to each other. A client in the same process, over a wire, tries it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <netstk/netstk.h>

#define ROOMS  2 /* one a worker */
#define GUESTS 8
#define PORT   7000

static int door[ROOMS][2]; /* pipes, by which descriptors are handed in */
static int listener;	   /* of worker 0 */

/* ---- the server ---------------------------------------------------------------------------- */

static void watch(int epfd, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	nsk_epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev);
}

/* A guest says "you are served by worker N" for each octet that is sent. */
static void serve(int fd)
{
	char octet, answer = (char)('0' + nsk_worker_index());

	if (nsk_recv(fd, &octet, 1, 0) <= 0 || nsk_send(fd, &answer, 1, 0) != 1)
		nsk_close(fd);
}

/* The first octet says where it is to go. What came behind it goes along, unread. (A server for
 * strangers would wait for that octet in its epoll instance.) */
static void show_in(int fd)
{
	char octet;
	int room;

	if (nsk_recv(fd, &octet, 1, 0) != 1) {
		nsk_close(fd);
		return;
	}
	room = octet & 1;
	if (nsk_migrate(fd, (unsigned)room) || write(door[room][1], &fd, sizeof(fd)) < 0)
		nsk_close(fd);
}

static int listen_here(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int fd = nsk_socket(AF_INET, SOCK_STREAM, 0);

	nsk_bind(fd, (struct sockaddr *)&any, sizeof(any));
	nsk_listen(fd, GUESTS);
	return fd;
}

/* A worker's thread: one epoll instance for the door, which is a descriptor of the kernel's, the
 * guests, and on worker 0 the listener. */
static int run_room(void *arg)
{
	int room = nsk_worker_index(), epfd = nsk_epoll_create1(0);
	struct epoll_event ev;
	int fd;

	(void)arg;
	watch(epfd, door[room][0]);
	if (room == 0)
		watch(epfd, listener);
	while (nsk_epoll_wait(epfd, &ev, 1, -1) == 1)
		if (ev.data.fd == listener)
			show_in(nsk_accept(listener, NULL, NULL));
		else if (ev.data.fd != door[room][0])
			serve(ev.data.fd);
		else if (read(door[room][0], &fd, sizeof(fd)) == sizeof(fd))
			watch(epfd, fd);
	return 0; /* the stack stops */
}

/* ---- the client ---------------------------------------------------------------------------- */

static int turn(void *arg)
{
	(void)arg;
	nsk_poll(NULL, 0, -1);
	return 0;
}

/* Wishes for a room, and asks twice who serves it. */
static int visit(int room)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	char ask[] = {(char)('0' + room), '?', '?'}, answer[2] = {0};
	int fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
	int ok;

	inet_pton(AF_INET, "10.0.0.2", &sin.sin_addr);
	ok = nsk_connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 &&
	     nsk_send(fd, ask, sizeof(ask), 0) == sizeof(ask) &&
	     nsk_recv(fd, answer, 2, MSG_WAITALL) == 2;
	printf("room %d: served by worker %c, worker %c\n", room, answer[0], answer[1]);
	nsk_close(fd);
	return ok && answer[0] == '0' + room && answer[1] == answer[0];
}

/* ---- both ---------------------------------------------------------------------------------- */

static struct nsk_stack *build(struct nsk_wire *wire, unsigned end, unsigned workers)
{
	struct nsk_config *config = nsk_config_new();
	struct nsk_stack *stack = NULL;

	if (nsk_config_workers(config, workers) || nsk_config_add_wire(config, wire, end) ||
	    nsk_config_add_address(config, end ? "10.0.0.2/24" : "10.0.0.1/24") ||
	    nsk_stack_create(config, &stack))
		fprintf(stderr, "%s\n", nsk_config_error(config));
	nsk_config_free(config);
	return stack;
}

int main(void)
{
	struct nsk_wire *wire = nsk_wire_create(NULL, NULL, 1500);
	struct nsk_stack *client = build(wire, 0, 1), *server = build(wire, 1, ROOMS);
	int served = 0;

	if (!client || !server || pipe(door[0]) || pipe(door[1]))
		return 1;
	nsk_enter(
		server); /* calls of this thread act on its first worker, until that has its own */
	listener = listen_here();
	nsk_launch(server, run_room, NULL);
	nsk_launch(client, turn, NULL);
	nsk_enter(client);
	for (int i = 0; i < GUESTS; i++)
		served += visit(i % ROOMS);
	nsk_stack_destroy(client);
	nsk_stack_destroy(server);
	nsk_wire_destroy(wire);
	return served == GUESTS ? 0 : 1;
}
