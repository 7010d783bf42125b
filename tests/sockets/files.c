/* SPDX-License-Identifier: BSD-3-Clause */
/* What sockets share with other files: dup(), fcntl(), ioctl(), close(). */
#include <linux/sockios.h>
#include <stdio.h>
#include <sys/sendfile.h>

#include "sockets/twin.h"

static void copies(void)
{
	char byte;
	int fd[2], copy;

	tcp_pair(fd);
	say_rc("close on exec", fcntl(fd[0], F_SETFD, FD_CLOEXEC));
	copy = say_fd("dup", dup(fd[0]));
	say("close on exec of the copy", "%d", fcntl(copy, F_GETFD));
	say("of the first", "%d", fcntl(fd[0], F_GETFD));
	set_nonblock(copy, true);
	say_if("O_NONBLOCK is of both", fcntl(fd[0], F_GETFL) & O_NONBLOCK);
	set_int(copy, IPPROTO_TCP, TCP_NODELAY, 1);
	say("options are of both", "%d", get_int(fd[0], IPPROTO_TCP, TCP_NODELAY));
	say_rc("the first is closed", close(fd[0]));
	say_rc("and closed again", close(fd[0]));
	say_rc("the copy sends", send(copy, "x", 1, 0));
	receive_all(fd[1], &byte, 1);
	say_rc("the peer sees no end", recv(fd[1], &byte, 1, MSG_DONTWAIT));
	close(copy);
	say_rc("until the copy is closed", recv(fd[1], &byte, 1, 0));
	close(fd[1]);
}

static void flags(void)
{
	int fd = tcp_socket(0);

	say("flags", "%#x", fcntl(fd, F_GETFL));
	say_rc("set O_NONBLOCK", fcntl(fd, F_SETFL, O_NONBLOCK));
	say("flags then", "%#x", fcntl(fd, F_GETFL));
	say_rc("set O_RDONLY and O_NONBLOCK", fcntl(fd, F_SETFL, O_RDONLY | O_NONBLOCK));
	say("which changes", "%#x", fcntl(fd, F_GETFL));
	say_rc("clear", fcntl(fd, F_SETFL, 0));
	say("flags at last", "%#x", fcntl(fd, F_GETFL));
	say("descriptor's flags", "%d", fcntl(fd, F_GETFD));
	say_rc("set FD_CLOEXEC", fcntl(fd, F_SETFD, FD_CLOEXEC));
	say("descriptor's flags then", "%d", fcntl(fd, F_GETFD));
	say_rc("set other bits", fcntl(fd, F_SETFD, 6));
	say("descriptor's flags at last", "%d", fcntl(fd, F_GETFD));
	say_rc("a command that is none", fcntl(fd, 9999));
	close(fd);
}

static void blocking_by_ioctl(void)
{
	int fd = udp_socket(0), on = 1, off = 0;

	say_rc("FIONBIO 1", ioctl(fd, FIONBIO, &on));
	say_if("is O_NONBLOCK", fcntl(fd, F_GETFL) & O_NONBLOCK);
	say_rc("FIONBIO 0", ioctl(fd, FIONBIO, &off));
	say_if("is O_NONBLOCK no more", !(fcntl(fd, F_GETFL) & O_NONBLOCK));
	say_rc("FIONBIO without a place", ioctl(fd, FIONBIO, NULL));
	say_rc("a request that is none", ioctl(fd, 0x7777, &on));
	close(fd);
}

static void counted(const char *name, int fd, unsigned long request)
{
	int n = -1, rc = ioctl(fd, request, &n);

	if (rc)
		say_rc(name, rc);
	else
		say(name, "%d", n);
}

static void amounts_of_stream(void)
{
	struct sockaddr_in to;
	char buf[4];
	int fd[2], other;

	other = tcp_socket(0);
	counted("FIONREAD, fresh stream", other, FIONREAD);
	counted("SIOCOUTQ, fresh stream", other, SIOCOUTQ);
	counted("SIOCOUTQNSD, fresh stream", other, SIOCOUTQNSD);
	close(other);
	other = tcp_listener(&to, 1, 0);
	counted("FIONREAD, listener", other, FIONREAD);
	counted("SIOCOUTQ, listener", other, SIOCOUTQ);
	close(other);
	tcp_pair(fd);
	counted("FIONREAD, nothing", fd[1], FIONREAD);
	need(send(fd[0], "abcdef", 6, 0) == 6);
	arrived(fd[1], 6);
	counted("FIONREAD, 6 bytes", fd[1], FIONREAD);
	receive_all(fd[1], buf, 4);
	counted("FIONREAD, 2 are left", fd[1], FIONREAD);
	until(all_acknowledged, fd[0]);
	counted("SIOCOUTQ, all acknowledged", fd[0], SIOCOUTQ);
	counted("SIOCOUTQNSD, all acknowledged", fd[0], SIOCOUTQNSD);
	need(shutdown(fd[0], SHUT_WR) == 0);
	ended(fd[1]);
	counted("FIONREAD, 2 and the end", fd[1], FIONREAD);
	receive_all(fd[1], buf, 2);
	counted("FIONREAD, the end", fd[1], FIONREAD);
	say_rc("FIONREAD without a place", ioctl(fd[1], FIONREAD, NULL));
	close_pair(fd);
	tcp_pair_sized(fd, 8192, 16384);
	fill(fd[0]);
	{
		int queued, unsent;

		need(ioctl(fd[0], SIOCOUTQ, &queued) == 0);
		need(ioctl(fd[0], SIOCOUTQNSD, &unsent) == 0);
		say_if("a full buffer has bytes that were not sent", unsent > 0);
		say_if("and no others", unsent == queued);
	}
	close_pair(fd);
}

static void amounts_of_datagrams(void)
{
	char buf[8];
	int fd[2];

	udp_pair(fd);
	counted("FIONREAD, no datagram", fd[1], FIONREAD);
	counted("SIOCOUTQ, datagram socket", fd[0], SIOCOUTQ);
	counted("SIOCOUTQNSD, datagram socket", fd[0], SIOCOUTQNSD);
	need(send(fd[0], "", 0, 0) == 0 && send(fd[0], "abc", 3, 0) == 3);
	need(send(fd[0], "defgh", 5, 0) == 5);
	events_wait(fd[1], POLLIN);
	counted("FIONREAD, an empty datagram first", fd[1], FIONREAD);
	need(recv(fd[1], buf, sizeof(buf), 0) == 0);
	arrived(fd[1], 3);
	counted("FIONREAD, the next", fd[1], FIONREAD);
	need(recv(fd[1], buf, sizeof(buf), 0) == 3);
	arrived(fd[1], 5);
	counted("FIONREAD, the last", fd[1], FIONREAD);
	close_pair(fd);
}

/* What a file of the kernel's gives to a stream. */
static void from_file(const char *name, const int fd[2], int file, off_t *offset, size_t count)
{
	char buf[256];
	ssize_t n = sendfile(fd[0], file, offset, count);

	about("sendfile, %s", name);
	say_rc("", n);
	if (n > 0) {
		receive_all(fd[1], buf, (size_t)n);
		say_bytes("arrives", buf, n - (buf[n - 1] == '\n'));
		say("position", "%ld", offset ? (long)*offset : (long)lseek(file, 0, SEEK_CUR));
	}
	about("%s", "");
}

static void from_files(void)
{
	FILE *file = tmpfile(), *proc = fopen("/proc/sys/kernel/ostype", "re");
	FILE *version = fopen("/proc/version", "re"), *written = fopen("/dev/full", "we");
	off_t at = 7, far = 100, before = -1;
	int fd[2];

	need(file && proc && version && written);
	need(fputs("0123456789", file) >= 0 && fflush(file) == 0);
	need(lseek(fileno(file), 0, SEEK_SET) == 0);
	tcp_pair(fd);
	from_file("4 bytes", fd, fileno(file), NULL, 4);
	from_file("no bytes", fd, fileno(file), NULL, 0);
	from_file("the rest", fd, fileno(file), NULL, 100);
	from_file("the end", fd, fileno(file), NULL, 100);
	from_file("from 7 on", fd, fileno(file), &at, 100);
	from_file("from behind the end", fd, fileno(file), &far, 100);
	from_file("from before the beginning", fd, fileno(file), &before, 1);
	from_file("a file that has no size", fd, fileno(proc), NULL, 100);
	from_file("its end", fd, fileno(proc), NULL, 100);
	from_file("5 bytes of another one", fd, fileno(version), NULL, 5);
	from_file("one that is only written", fd, fileno(written), NULL, 1);
	from_file("no bytes of that", fd, fileno(written), NULL, 0);
	from_file("a descriptor that is none", fd, -1, NULL, 1);
	close_pair(fd);
	fd[0] = udp_socket(0);
	say_rc("sendfile into a closed stream", sendfile(fd[1], fileno(file), NULL, 1));
	from_file("a file that is only written, into a datagram socket", fd, fileno(written), NULL,
		  1);
	close(fd[0]);
	need(fclose(file) == 0 && fclose(proc) == 0);
	need(fclose(version) == 0 && fclose(written) == 0);
}

void topic_files(void)
{
	on_server();
	copies();
	flags();
	blocking_by_ioctl();
	amounts_of_stream();
	amounts_of_datagrams();
	from_files();
}
