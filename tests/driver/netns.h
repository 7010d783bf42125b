/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A network namespace of the test's own: as root, or as an ordinary user by way of a user
 * namespace. Entered before any thread exists.
 */
#ifndef NSK_TESTS_DRIVER_NETNS_H
#define NSK_TESTS_DRIVER_NETNS_H

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static inline bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

/* False, with the reason on stderr, where the machine allows neither. */
static inline bool netns_enter(void)
{
	unsigned uid = getuid(), gid = getgid();
	char map[64];

	if (unshare(CLONE_NEWNET) == 0)
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
		perror("SKIPPED: not root, and no user namespace: unshare");
		return false;
	}
	write_text("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (!write_text("/proc/self/uid_map", map))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return write_text("/proc/self/gid_map", map);
}

#endif
