/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is looked at before a virtual device is probed: rights, files, sockets, interfaces. The
 * drivers themselves fail with "Operation not permitted" or less; here the text says what to do.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "kv.h"
#include "quirks.h"

/* Whether the calling thread has a capability; in a user namespace, over what that namespace owns.
 */
static bool has_cap(unsigned cap)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	if (syscall(SYS_capget, &head, data) != 0)
		return true; /* let the device decide */
	return data[cap / 32].effective & (UINT32_C(1) << (cap % 32));
}

/* ---- socket files -------------------------------------------------------------------------------
 */

/* A process of this network namespace listens on the path. */
static bool listed_as_listening(const char *path)
{
	FILE *f = fopen("/proc/net/unix", "re");
	char line[512], name[256];
	unsigned flags;
	bool found = false;

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%*s %*s %*s %x %*s %*s %*s %255s", &flags, name) == 2 &&
			(flags & 0x10000) /* __SO_ACCEPTCON */ && strcmp(name, path) == 0;
	fclose(f);
	return found;
}

/* 0: somebody accepts connections there; -errno otherwise. */
static int try_connect(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd, rc;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	strcpy(sa.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	rc = connect(fd, (struct sockaddr *)&sa, sizeof(sa)) ? -errno : 0;
	if (rc == -EPROTOTYPE) { /* memif: SOCK_SEQPACKET */
		close(fd);
		fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0)
			return -errno;
		rc = connect(fd, (struct sockaddr *)&sa, sizeof(sa)) ? -errno : 0;
	}
	close(fd);
	return rc == -EAGAIN ? 0 : rc;
}

enum socket_file {
	SOCKET_NONE,
	SOCKET_STALE,
	SOCKET_LIVE,
	SOCKET_OTHER
};

static enum socket_file look_at_socket(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return SOCKET_NONE;
	if (!S_ISSOCK(st.st_mode))
		return SOCKET_OTHER;
	/* The list first: a connection that comes and goes disturbs some servers. */
	if (listed_as_listening(path) || try_connect(path) != -ECONNREFUSED)
		return SOCKET_LIVE;
	return SOCKET_STALE;
}

/* Makes way for a socket that is about to be created. */
static int clear_socket(const char *path, bool may_be_live, const struct log *log, char *error,
			size_t size)
{
	switch (look_at_socket(path)) {
	case SOCKET_STALE:
		if (unlink(path) != 0) {
			snprintf(error, size, "cannot remove the stale socket %s: %s", path,
				 strerror(errno));
			return -EACCES;
		}
		LOG_INFO(log, "ethdev", "removed %s: a socket that nobody listened on", path);
		return 0;
	case SOCKET_LIVE:
		if (may_be_live)
			return 0;
		snprintf(error, size, "%s is in use by another process: choose another path", path);
		return -EADDRINUSE;
	case SOCKET_OTHER:
		snprintf(error, size, "%s exists and is no socket: choose another path", path);
		return -EEXIST;
	default:
		return 0;
	}
}

/* A path given as key=PATH, or an error that says so. */
static int need_path(const char *devargs, const char *key, char *path, size_t len, char *error,
		     size_t size)
{
	if (kv_find(devargs, key, path, len) == 0 && path[0])
		return 0;
	snprintf(error, size, "which socket? Add ,%s=PATH", key);
	return -EINVAL;
}

static bool arg_is(const char *devargs, const char *key, const char *value)
{
	char text[16];

	return kv_find(devargs, key, text, sizeof(text)) == 0 && strcmp(text, value) == 0;
}

/* ---- devices ------------------------------------------------------------------------------------
 */

int prepare_tap(const char *devargs, const struct log *log, char *error, size_t size)
{
	char iface[64];
	int fd;

	(void)log;
	if (kv_find(devargs, "iface", iface, sizeof(iface)) == 0 && strlen(iface) >= IFNAMSIZ) {
		snprintf(error, size, "interface name '%s' is longer than %d characters", iface,
			 IFNAMSIZ - 1);
		return -EINVAL;
	}
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		int rc = -errno;

		snprintf(
			error, size,
			rc == -ENOENT || rc == -ENODEV
				? "no /dev/net/tun here: 'modprobe tun', or give the container that "
				  "device (%s)"
				: "cannot open /dev/net/tun: run as root or allow this user to (%s)",
			strerror(-rc));
		return rc;
	}
	close(fd);
	if (!has_cap(CAP_NET_ADMIN)) {
		snprintf(
			error, size,
			"making a tap needs CAP_NET_ADMIN: run as root, or in a network of your own "
			"with 'unshare -Urn'");
		return -EPERM;
	}
	return 0;
}

int prepare_virtio_user(const char *devargs, const struct log *log, char *error, size_t size)
{
	char path[KV_VALUE_MAX];
	int rc = need_path(devargs, "path", path, sizeof(path), error, size);

	if (rc)
		return rc;
	if (arg_is(devargs, "server", "1"))
		return clear_socket(path, false, log, error, size);
	switch (look_at_socket(path)) {
	case SOCKET_NONE:
		snprintf(
			error, size,
			"nothing at %s: start the vhost side first (net_vhost0,iface=%s), or let this "
			"side listen with ,server=1",
			path, path);
		return -ENOENT;
	case SOCKET_STALE:
		snprintf(error, size, "nobody listens on %s: start the vhost side first", path);
		return -ECONNREFUSED;
	default:
		return 0;
	}
}

int prepare_vhost(const char *devargs, const struct log *log, char *error, size_t size)
{
	char path[KV_VALUE_MAX];
	int rc = need_path(devargs, "iface", path, sizeof(path), error, size);

	if (rc || arg_is(devargs, "client", "1"))
		return rc;
	return clear_socket(path, false, log, error, size);
}

int prepare_memif(const char *devargs, const struct log *log, char *error, size_t size)
{
	char path[KV_VALUE_MAX] = "/run/memif.sock"; /* the driver's default */

	if (arg_is(devargs, "zero-copy", "yes")) {
		snprintf(error, size,
			 "zero-copy=yes is not supported: DPDK's memif sends stale flags "
			 "with it; leave it out");
		return -EINVAL;
	}
	/* Without a file in the file system there is nothing to tidy up. */
	if (!arg_is(devargs, "socket-abstract", "no"))
		return 0;
	kv_find(devargs, "socket", path, sizeof(path));
	if (arg_is(devargs, "role", "server") || arg_is(devargs, "role", "master"))
		return clear_socket(path, true, log, error, size); /* several may share one */
	return 0;
}

/* The name of the driver behind a kernel interface, "" if it does not say. */
static void kernel_driver(const char *iface, char *name, size_t size)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq ifr = {.ifr_data = (char *)&info};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	name[0] = '\0';
	if (fd < 0)
		return;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", iface);
	if (ioctl(fd, SIOCETHTOOL, &ifr) == 0)
		snprintf(name, size, "%.*s", (int)sizeof(info.driver), info.driver);
	close(fd);
}

/* The other end of a veth pair by name; "PEER" when it is in another namespace. */
static void veth_peer(const char *iface, char *peer, size_t size)
{
	char path[128];
	unsigned index = 0;
	char back[128];
	unsigned own = 0;
	FILE *f;

	snprintf(peer, size, "PEER");
	snprintf(path, sizeof(path), "/sys/class/net/%s/iflink", iface);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fscanf(f, "%u", &index) != 1)
		index = 0;
	fclose(f);
	if (!index || !if_indextoname(index, back))
		return;
	/* An index of another namespace may be some interface of this one: the peer points back. */
	snprintf(path, sizeof(path), "/sys/class/net/%.20s/iflink", back);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fscanf(f, "%u", &own) == 1 && own == if_nametoindex(iface))
		snprintf(peer, size, "%.*s", (int)size - 1, back);
	fclose(f);
}

static void warn_veth(const char *iface, const struct log *log)
{
	char driver[40], peer[IFNAMSIZ];

	kernel_driver(iface, driver, sizeof(driver));
	if (strcmp(driver, "veth") != 0)
		return;
	veth_peer(iface, peer, sizeof(peer));
	LOG_WARN(
		log, "ethdev",
		"%s is a veth: its peer leaves checksums and segmentation to hardware that is not there, "
		"and such packets are dropped; run 'ethtool -K %s tx off tso off gso off' where the peer is",
		iface, peer);
}

/* An interface named by iface=, on which packets of the kernel can be read. */
static int prepare_kernel_iface(const char *iface, const struct log *log, char *error, size_t size)
{
	if (!has_cap(CAP_NET_RAW)) {
		snprintf(error, size,
			 "reading packets of %s needs CAP_NET_RAW: run as root, or 'setcap "
			 "cap_net_raw+ep PROGRAM'",
			 iface);
		return -EPERM;
	}
	if (if_nametoindex(iface) == 0) {
		snprintf(error, size, "no interface '%s' here: 'ip link' lists them", iface);
		return -ENODEV;
	}
	warn_veth(iface, log);
	return 0;
}

int prepare_af_packet(const char *devargs, const struct log *log, char *error, size_t size)
{
	char iface[64];

	if (kv_find(devargs, "iface", iface, sizeof(iface))) {
		snprintf(error, size, "which interface? Add ,iface=NAME");
		return -EINVAL;
	}
	return prepare_kernel_iface(iface, log, error, size);
}

int prepare_pcap(const char *devargs, const struct log *log, char *error, size_t size)
{
	char iface[64];

	if (kv_find(devargs, "iface", iface, sizeof(iface)))
		return 0; /* files */
	return prepare_kernel_iface(iface, log, error, size);
}
