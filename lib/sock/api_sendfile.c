/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sendfile from a file of the kernel's to a stream: piece by piece through a buffer. What the
 * stream did not take is read again by the next call, so that offset or file position tell what was
 * sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <netstk/socket.h>

#include "sock/api.h"
#include "sock/call.h"

#define PIECE ((size_t)64 * 1024)

struct part_of_file {
	int fd;
	off_t at;
	off_t size;  /* as the file system tells: 0 where it does not know it yet (proc) */
	size_t left; /* of what the call wants */
};

static int is_stream(struct sock *s, void *arg)
{
	(void)arg;
	return !(s->flags & SOCK_F_EPOLL) && s->ops->type == SOCK_STREAM ? 0 : -EINVAL;
}

/* The part of the file that a call is about; what there is of it reading will say. */
static int find_part(struct part_of_file *f, const off_t *offset)
{
	struct stat st;

	if (fstat(f->fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	f->at = offset ? *offset : lseek(f->fd, 0, SEEK_CUR);
	f->size = st.st_size;
	return f->at < 0 ? -EINVAL : 0;
}

static int check_readable(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || (flags & O_ACCMODE) == O_WRONLY ? -EBADF : 0;
}

/* Bytes of the next piece that went, or -1 with errno; 0: there is no more. */
static ssize_t send_piece(int out, struct part_of_file *f, char *buf)
{
	ssize_t n = pread(f->fd, buf, NSK_MIN(f->left, PIECE), f->at);
	bool more = n > 0 && (size_t)n < f->left && f->at + n < f->size;

	if (n > 0)
		n = nsk_send(out, buf, (size_t)n, more ? MSG_MORE : 0);
	if (n > 0) {
		f->at += n;
		f->left -= (size_t)n;
	}
	return n;
}

static ssize_t send_part(int out, struct part_of_file *f)
{
	off_t from = f->at;
	char *buf = malloc(PIECE);
	ssize_t n = 1;

	if (!buf)
		return api_fail(-ENOMEM);
	while (f->left && n > 0)
		n = send_piece(out, f, buf);
	free(buf);
	return n < 0 && f->at == from ? -1 : f->at - from;
}

ssize_t nsk_sendfile(int out_fd, int in_fd, off_t *offset, size_t count)
{
	struct part_of_file f = {.fd = in_fd, .left = NSK_MIN(count, API_BYTES_MAX)};
	int rc = check_readable(in_fd);
	ssize_t n;

	if (rc == 0)
		rc = sock_call_fd(out_fd, is_stream, NULL);
	if (rc == 0)
		rc = find_part(&f, offset);
	if (rc)
		return api_fail(rc);
	n = send_part(out_fd, &f);
	if (n > 0 && offset)
		*offset = f.at;
	else if (n > 0 && lseek(in_fd, f.at, SEEK_SET) < 0)
		return -1;
	return n;
}
