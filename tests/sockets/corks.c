/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagrams that are written in parts: MSG_MORE and UDP_CORK. */
#include <netinet/udp.h>

#include "sockets/twin.h"

/* A pair, of which the first sends without fragments, and a third that both hear. */
struct three {
	int fd[2], other;
	struct sockaddr_in server, elsewhere;
};

static void start(struct three *t)
{
	udp_pair(t->fd);
	set_int(t->fd[0], IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	t->server = name_of(t->fd[1]);
	t->other = udp_bound(SERVER, &t->elsewhere, 0);
}

static void end(struct three *t)
{
	close_pair(t->fd);
	close(t->other);
}

/* Nothing has come, as it would have before what is sent now. */
static void hears_nothing_more(const char *name, const struct three *t)
{
	char buf[2048];
	int fd;

	on_client();
	fd = udp_socket(0);
	need(connect(t->fd[1], SA(&(struct sockaddr_in){.sin_family = AF_UNSPEC}), SIN_LEN) == 0);
	need(bind(t->fd[1], SA(&t->server), SIN_LEN) == 0 || errno == EINVAL);
	need(sendto(fd, "nothing", 7, 0, SA(&t->server), SIN_LEN) == 7);
	say_bytes(name, buf, recv(t->fd[1], buf, sizeof(buf), 0));
	close(fd);
}

static void in_parts(void)
{
	struct iovec iov[2] = {{(char[]){'i'}, 1}, {(char[]){'j'}, 1}};
	struct three t;

	start(&t);
	say_rc("a part", send(t.fd[0], "ab", 2, MSG_MORE));
	say_rc("one more", send(t.fd[0], "cd", 2, MSG_MORE));
	say_rc("none", send(t.fd[0], "", 0, MSG_MORE));
	say_rc("the last", send(t.fd[0], "ef", 2, 0));
	hears("as one", t.fd[1]);
	say_rc("the next", send(t.fd[0], "gh", 2, 0));
	hears("alone", t.fd[1]);
	say_rc("a part, again", send(t.fd[0], "(", 1, MSG_MORE));
	say_rc("two pieces", writev(t.fd[0], iov, 2));
	hears("with the pieces", t.fd[1]);
	say_rc("an empty part", send(t.fd[0], "", 0, MSG_MORE));
	say_rc("and an empty one", send(t.fd[0], "", 0, 0));
	hears("an empty datagram", t.fd[1]);
	say_rc("a part that nothing follows", send(t.fd[0], "kl", 2, MSG_MORE));
	hears_nothing_more("nothing is heard of it", &t);
	end(&t);
}

/* Where it goes is what the first part says. */
static void destinations(void)
{
	struct sockaddr_in no = {.sin_family = AF_UNIX};
	struct three t;
	int fd;

	start(&t);
	say_rc("to the peer", send(t.fd[0], "1", 1, MSG_MORE));
	say_rc("to another", sendto(t.fd[0], "2", 1, 0, SA(&t.elsewhere), SIN_LEN));
	hears("both to the peer", t.fd[1]);
	say_rc("to another first", sendto(t.fd[0], "3", 1, MSG_MORE, SA(&t.elsewhere), SIN_LEN));
	say_rc("then to the peer", send(t.fd[0], "4", 1, 0));
	hears("both to the other", t.other);
	on_client();
	fd = udp_socket(0);
	say_rc("a part to nobody", send(fd, "7", 1, MSG_MORE));
	say_rc("a part to somebody", sendto(fd, "8", 1, MSG_MORE, SA(&t.elsewhere), SIN_LEN));
	say_rc("to nobody then", send(fd, "9", 1, MSG_MORE));
	say_rc("to what is no address", sendto(fd, "a", 1, 0, SA(&no), SIN_LEN));
	hears("all to the first", t.other);
	close(fd);
	end(&t);
}

static void by_option(void)
{
	struct three t;
	int fd, copy;

	start(&t);
	fd = t.fd[0];
	say("at first", "%d", get_int(fd, SOL_UDP, UDP_CORK));
	set_int(fd, SOL_UDP, UDP_CORK, 2);
	say("set", "%d", get_int(fd, SOL_UDP, UDP_CORK));
	say_rc("corked, a part", send(fd, "ab", 2, 0));
	say_rc("corked, another", send(fd, "cd", 2, MSG_MORE));
	set_int(fd, SOL_UDP, UDP_CORK, 1);
	say_rc("corked again, another", send(fd, "ef", 2, 0));
	set_int(fd, SOL_UDP, UDP_CORK, 0);
	say("off", "%d", get_int(fd, SOL_UDP, UDP_CORK));
	hears("all of it when it goes off", t.fd[1]);
	set_int(fd, SOL_UDP, UDP_CORK, 0);
	say_rc("a part", send(fd, "gh", 2, MSG_MORE));
	set_int(fd, SOL_UDP, UDP_CORK, 0);
	hears("it sends what waits, on or not", t.fd[1]);
	set_int(fd, SOL_UDP, UDP_CORK, 1);
	copy = dup(fd);
	say_rc("corked, for the copy", send(fd, "ij", 2, 0));
	close(fd);
	set_int(copy, SOL_UDP, UDP_CORK, 0);
	hears("the copy sends it", t.fd[1]);
	say_rc("a part of what is closed then", send(copy, "kl", 2, MSG_MORE));
	close(copy);
	t.fd[0] = udp_socket(0);
	hears_nothing_more("is not heard", &t);
	end(&t);
}

/* What cannot be added ends it. */
static void limits(void)
{
	static char big[65536];
	struct msghdr bad = {.msg_controllen = sizeof(struct cmsghdr),
			     .msg_control = &(struct cmsghdr){3, SOL_SOCKET, 1}};
	struct three t;
	int fd;

	start(&t);
	fd = t.fd[0];
	say_rc("1000 bytes", send(fd, big, 1000, MSG_MORE));
	say_rc("473 more", send(fd, big, 473, 0));
	say_rc("the next", send(fd, "next", 4, 0));
	hears("alone", t.fd[1]);
	say_rc("1000 bytes again", send(fd, big, 1000, MSG_MORE));
	say_rc("472 more", send(fd, big, 472, 0));
	hears("as one", t.fd[1]);
	say_rc("1473 bytes with more to come", send(fd, big, 1473, MSG_MORE));
	say_rc("65536 bytes with more to come", send(fd, big, 65536, MSG_MORE));
	say_rc("a part", send(fd, "a", 1, MSG_MORE));
	say_rc("65536 bytes", send(fd, big, 65536, 0));
	say_rc("MSG_OOB", send(fd, "b", 1, MSG_OOB));
	say_rc("control that is none", sendmsg(fd, &bad, MSG_MORE));
	say_rc("the last", send(fd, "c", 1, 0));
	hears("is heard with the first", t.fd[1]);
	say_rc("control that is none, at first", sendmsg(fd, &bad, MSG_MORE));
	say_rc("shut for writing", shutdown(fd, SHUT_WR));
	say_rc("a part then", send(fd, "d", 1, MSG_MORE));
	end(&t);
}

static void in_segments(void)
{
	struct three t;
	int fd;

	start(&t);
	fd = t.fd[0];
	set_int(fd, SOL_UDP, UDP_SEGMENT, 4);
	say_rc("in segments of 4, a part", send(fd, "abcdef", 6, MSG_MORE));
	set_int(fd, SOL_UDP, UDP_SEGMENT, 3);
	say_rc("the rest", send(fd, "ghi", 3, 0));
	for (int i = 0; i < 3; i++) {
		about("datagram %d", i);
		hears("of it", t.fd[1]);
	}
	about("%s", "");
	end(&t);
}

void topic_corks(void)
{
	about("in parts");
	in_parts();
	about("destinations");
	destinations();
	about("UDP_CORK");
	by_option();
	about("limits");
	limits();
	in_segments();
}
