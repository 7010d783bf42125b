/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file of the control socket: where a name without slash lies, who may open it, and what
 * happens to one that a program which died has left behind.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "stack/ctl_command.h"

#define SOCKET_MODE 0660
#define BACKLOG	    8

static int refuse(int err, char *error, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int refuse(int err, char *error, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, size, fmt, ap);
	va_end(ap);
	return -err;
}

/* Where names lie: /run/netstk for root, $XDG_RUNTIME_DIR/netstk for others, /tmp/netstk-UID
 * without that. */
static void names_folder(char *buf, size_t size)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		snprintf(buf, size, "/run/netstk");
	else if (runtime && runtime[0] == '/')
		snprintf(buf, size, "%s/netstk", runtime);
	else
		snprintf(buf, size, "/tmp/netstk-%u", (unsigned)geteuid());
}

int nsk_control_path(const char *name, char *buf, size_t size)
{
	char folder[256];
	int n;

	if (!name || (!buf && size)) {
		errno = EINVAL;
		return -1;
	}
	if (strchr(name, '/'))
		return snprintf(buf, size, "%s", name);
	names_folder(folder, sizeof(folder));
	if (name[0] == '\0')
		n = snprintf(buf, size, "%s", folder);
	else
		n = snprintf(buf, size, "%s/%s.sock", folder, name);
	return n;
}

/* The folder of names is made when it is missing; one that others can write to is not used. */
static int need_folder(char *error, size_t size)
{
	char folder[256];
	struct stat st;

	names_folder(folder, sizeof(folder));
	if (mkdir(folder, 0755) && errno != EEXIST)
		return refuse(errno, error, size, "folder %s of control sockets: %s", folder,
			      strerror(errno));
	if (lstat(folder, &st) || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 0022))
		return refuse(
			EPERM, error, size,
			"folder %s of control sockets: not a folder that only you can write to",
			folder);
	return 0;
}

static int fill_address(struct sockaddr_un *addr, const char *path, char *error, size_t size)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(addr->sun_path))
		return refuse(ENAMETOOLONG, error, size,
			      "control socket %s: a path of %zu characters at most", path,
			      sizeof(addr->sun_path) - 1);
	snprintf(addr->sun_path, sizeof(addr->sun_path), "%s", path);
	return 0;
}

/* 0 when nobody answers at the address any more, else -errno with a text. */
static int must_be_stale(const struct sockaddr_un *addr, char *error, size_t size)
{
	const char *path = addr->sun_path;
	struct stat st;
	int fd, err;

	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return refuse(EEXIST, error, size,
			      "control socket %s: a file is there that is no socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return refuse(errno, error, size, "control socket: %s", strerror(errno));
	err = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? errno : 0;
	close(fd);
	if (err == ECONNREFUSED || err == ENOENT)
		return 0;
	if (err == 0 || err == EAGAIN)
		return refuse(
			EADDRINUSE, error, size,
			"control socket %s: another program answers there; choose another path",
			path);
	return refuse(err, error, size, "control socket %s: %s", path, strerror(err));
}

static int bind_path(int fd, const struct sockaddr_un *addr, char *error, size_t size)
{
	const struct sockaddr *sa = (const struct sockaddr *)addr;
	int rc;

	/* The file gets the mode of the descriptor, less the umask: nobody is let in before
	 * chmod(). */
	if (fchmod(fd, SOCKET_MODE))
		return refuse(errno, error, size, "control socket: %s", strerror(errno));
	if (bind(fd, sa, sizeof(*addr)) == 0)
		return 0;
	if (errno == EADDRINUSE) {
		rc = must_be_stale(addr, error, size);
		if (rc)
			return rc;
		unlink(addr->sun_path);
		if (bind(fd, sa, sizeof(*addr)) == 0)
			return 0;
	}
	if (errno == ENOENT)
		return refuse(ENOENT, error, size, "control socket %s: its folder is not there",
			      addr->sun_path);
	return refuse(errno, error, size, "control socket %s: %s", addr->sun_path, strerror(errno));
}

int ctl_socket_open(const char *path, char *error, size_t size)
{
	struct sockaddr_un addr;
	char full[512];
	int fd, rc;

	if (!strchr(path, '/') && need_folder(error, size))
		return -EPERM;
	nsk_control_path(path, full, sizeof(full));
	rc = fill_address(&addr, full, error, size);
	if (rc)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return refuse(errno, error, size, "control socket: %s", strerror(errno));
	rc = bind_path(fd, &addr, error, size);
	if (rc) {
		close(fd);
		return rc;
	}
	if (chmod(full, SOCKET_MODE) || listen(fd, BACKLOG)) {
		rc = refuse(errno, error, size, "control socket %s: %s", full, strerror(errno));
		unlink(full);
		close(fd);
	}
	return rc ? rc : fd;
}

/* Another program may have taken the path over since: its file stays. */
void ctl_socket_close(int fd, const char *path)
{
	char full[512];
	char error[64];
	struct sockaddr_un addr;

	close(fd);
	nsk_control_path(path, full, sizeof(full));
	if (fill_address(&addr, full, error, sizeof(error)) == 0 &&
	    must_be_stale(&addr, error, sizeof(error)) == 0)
		unlink(full);
}
