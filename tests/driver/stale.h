/* SPDX-License-Identifier: BSD-3-Clause */
/* Files in the way of a socket: one that a dead process left, one that is alive, one that is none.
 */
#ifndef NSK_TESTS_DRIVER_STALE_H
#define NSK_TESTS_DRIVER_STALE_H

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ports.h"

/* A socket that somebody listens on, until it is closed. */
static inline int live_socket(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && strlen(path) < sizeof(sa.sun_path));
	memcpy(sa.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static inline void leave_stale_socket(const char *path)
{
	close(live_socket(path));
	assert_int_equal(access(path, F_OK), 0);
}

static inline int write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? -1 : close(fd);
}

#endif
