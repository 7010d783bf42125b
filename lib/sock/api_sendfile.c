/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sendfile from a file of the kernel's to a stream: piece by piece through a buffer. What the
 * stream did not take is read again by the next call, so that offset or file position tell what was
 * sent.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <netstk/socket.h>

#include "sock/api.h"
#include "sock/call.h"

#define PIECE ((size_t)64 * 1024)

struct part_of_file {
	int fd;
	off_t at, end;
};

static int is_stream(struct sock *s, void *arg)
{
	(void)arg;
	return !(s->flags & SOCK_F_EPOLL) && s->ops->type == SOCK_STREAM ? 0 : -EINVAL;
}

/* The part of the file that a call is about; a file that has no size is nothing to send. */
static int find_part(struct part_of_file *f, const off_t *offset, size_t count)
{
	struct stat st;

	if (fstat(f->fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	f->at = offset ? *offset : lseek(f->fd, 0, SEEK_CUR);
	if (f->at < 0)
		return -EINVAL;
	f->end = NSK_MAX(st.st_size, f->at);
	if ((size_t)(f->end - f->at) > count)
		f->end = f->at + (off_t)count;
	return 0;
}

/* Bytes of the next piece that went, or -1 with errno; 0: the file has become shorter. */
static ssize_t send_piece(int out, struct part_of_file *f, char *buf)
{
	size_t left = (size_t)(f->end - f->at);
	ssize_t n = pread(f->fd, buf, NSK_MIN(left, PIECE), f->at);

	if (n > 0)
		n = nsk_send(out, buf, (size_t)n, (size_t)n < left ? MSG_MORE : 0);
	if (n > 0)
		f->at += n;
	return n;
}

static ssize_t send_part(int out, struct part_of_file *f)
{
	off_t from = f->at;
	char *buf = malloc(PIECE);
	ssize_t n = 1;

	if (!buf)
		return api_fail(-ENOMEM);
	while (f->at < f->end && n > 0)
		n = send_piece(out, f, buf);
	free(buf);
	return n < 0 && f->at == from ? -1 : f->at - from;
}

ssize_t nsk_sendfile(int out_fd, int in_fd, off_t *offset, size_t count)
{
	struct part_of_file f = {.fd = in_fd};
	int rc = sock_call_fd(out_fd, is_stream, NULL);
	ssize_t n;

	if (rc == 0)
		rc = find_part(&f, offset, NSK_MIN(count, API_BYTES_MAX));
	if (rc)
		return api_fail(rc);
	n = send_part(out_fd, &f);
	if (n > 0 && offset)
		*offset = f.at;
	else if (n > 0 && lseek(in_fd, f.at, SEEK_SET) < 0)
		return -1;
	return n;
}
