/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding EAL's runtime folders, and removing those that dead processes have left.
 *
 * The parent folder may be anybody's (/tmp/dpdk), so no name is trusted twice: folders are opened
 * without following links, and looked at and emptied by their descriptor. A process may be in
 * another pid namespace that shares the file system: there its id says nothing, but its telemetry
 * socket answers.
 */
#include "stack/eal_runtime.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RUNTIME_ROOT "/var/run"

/* The folder that holds "dpdk", by the rule that EAL finds it with. */
static const char *parent_dir(void)
{
	const char *dir = getenv("RUNTIME_DIRECTORY");

	if (!dir)
		dir = getuid() == 0 ? RUNTIME_ROOT : getenv("XDG_RUNTIME_DIR");
	return dir ? dir : "/tmp";
}

bool eal_runtime_writable(void)
{
	const char *dir = parent_dir();
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/dpdk", dir);
	return access(access(path, F_OK) == 0 ? path : dir, W_OK | X_OK) == 0;
}

/* ---- folders of the dead ------------------------------------------------------------------- */

static int open_dir(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The id in "nsk-123", 0: no such name. */
static pid_t pid_of(const char *name)
{
	const char *digits = name + strlen(EAL_PREFIX);
	char *end;
	long pid;

	if (strncmp(name, EAL_PREFIX, strlen(EAL_PREFIX)) != 0 || !isdigit((unsigned char)*digits))
		return 0;
	errno = 0;
	pid = strtol(digits, &end, 10);
	return *end || errno || pid > INT_MAX ? 0 : (pid_t)pid;
}

static bool is_dead(pid_t pid)
{
	return pid > 0 && kill(pid, 0) != 0 && errno == ESRCH;
}

/* Whether somebody listens on a socket of this folder; anything that is unsure counts as yes. */
static bool answers(int dir, const char *name)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct stat st;
	bool refused;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	if (snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/%s", dir, name) >=
	    (int)sizeof(sa.sun_path))
		return true;
	/* Not telemetry's own kind, SOCK_SEQPACKET: of another kind a listener fails with
	 * EPROTOTYPE and hears nothing, and without one it is ECONNREFUSED all the same. */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return true;
	refused = connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 && errno == ECONNREFUSED;
	close(fd);
	return !refused;
}

/* Calls @fn for each entry until it says true; whether one did. */
static bool any_entry(int dir, bool (*fn)(int dir, const char *name))
{
	int copy = open_dir(dir, ".");
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	bool found = false;

	if (!d) {
		if (copy >= 0)
			close(copy);
		return true; /* unsure */
	}
	while (!found && (entry = readdir(d)) != NULL)
		found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			fn(dir, entry->d_name);
	closedir(d);
	return found;
}

static bool cannot_unlink(int dir, const char *name)
{
	return unlinkat(dir, name, 0) != 0;
}

/* Empties and removes one folder, if it may. */
static bool remove_dir(int parent, const char *name)
{
	int dir = open_dir(parent, name);
	struct stat st;
	bool gone;

	if (dir < 0)
		return false;
	gone = fstat(dir, &st) == 0 && st.st_uid == geteuid() && !any_entry(dir, answers) &&
	       !any_entry(dir, cannot_unlink) && unlinkat(parent, name, AT_REMOVEDIR) == 0;
	close(dir);
	return gone;
}

void eal_runtime_sweep(const struct log *log)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *d;

	snprintf(path, sizeof(path), "%s/dpdk", parent_dir());
	d = opendir(path);
	if (!d)
		return;
	while ((entry = readdir(d)) != NULL)
		if (is_dead(pid_of(entry->d_name)) && remove_dir(dirfd(d), entry->d_name))
			LOG_DEBUG(log, "eal", "removed %s/%s, left by a process that was killed",
				  path, entry->d_name);
	closedir(d);
}
