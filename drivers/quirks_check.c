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
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "kv.h"
#include "quirks.h"
#include "tap_kernel.h"

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

/* ---- socket files -------------------------------------------------------------------------- */

/*
 * Whether a socket file has a socket behind it. Asked with the wrong type of socket: the kernel
 * says "refused" for a dead one and "wrong type" for a live one, which does not notice.
 */
static bool address_lives(const struct sockaddr_un *sa, size_t len)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return true;
	rc = connect(fd, (const struct sockaddr *)sa, (socklen_t)len) ? errno : 0;
	close(fd);
	return rc != ECONNREFUSED;
}

static bool socket_lives(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(sa.sun_path))
		return true;
	memcpy(sa.sun_path, path, strlen(path) + 1);
	return address_lives(&sa, sizeof(sa));
}

/* The same for a name without a file, as net_memif makes it. */
static bool abstract_lives(const char *name)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	size_t len = strlen(name);

	if (len + 1 >= sizeof(sa.sun_path))
		return true;
	memcpy(sa.sun_path + 1, name, len);
	return address_lives(&sa, offsetof(struct sockaddr_un, sun_path) + 1 + len);
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
	return socket_lives(path) ? SOCKET_LIVE : SOCKET_STALE;
}

/* The folder that a socket is to be made in. */
static int need_folder(const char *path, char *error, size_t size)
{
	const char *slash = strrchr(path, '/');
	char folder[KV_VALUE_MAX];
	int rc;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) : 1,
		 slash ? path : ".");
	if (slash == path || access(folder, W_OK | X_OK) == 0)
		return 0;
	rc = -errno;
	snprintf(error, size, "no socket can be made in the folder %s: %s", folder, strerror(-rc));
	return rc;
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
		return need_folder(path, error, size);
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

/* ---- devices ------------------------------------------------------------------------------- */

/* The interface named by iface=: a new name, or that of a tap which nobody uses. */
static int tap_name_check(const char *devargs, bool tun, char *error, size_t size)
{
	const char *mode = tun ? "tun" : "tap";
	char iface[64];

	if (kv_find(devargs, "iface", iface, sizeof(iface)))
		return 0; /* the driver finds a new one */
	if (strlen(iface) >= IFNAMSIZ) {
		snprintf(error, size, "interface name '%s' is longer than %d characters", iface,
			 IFNAMSIZ - 1);
		return -EINVAL;
	}
	switch (tap_kernel_state(iface, tun)) {
	case TAP_USED:
		snprintf(error, size, "interface %s is in use by another program or device", iface);
		return -EBUSY;
	case TAP_SINGLE:
		snprintf(
			error, size,
			"%s has a single queue, which DPDK cannot open: delete it, or make it with "
			"'ip tuntap add %s mode %s multi_queue'",
			iface, iface, mode);
		return -EINVAL;
	case TAP_OTHER:
		snprintf(error, size,
			 "interface %s exists and is no %s: choose another name, or "
			 "net_af_packet0,iface=%s to share it with the kernel",
			 iface, mode, iface);
		return -EEXIST;
	default:
		return 0;
	}
}

static int prepare_tap_or_tun(const char *devargs, bool tun, char *error, size_t size)
{
	int rc = tap_name_check(devargs, tun, error, size), fd;

	if (rc)
		return rc;
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		rc = -errno;
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

int prepare_tap(const char *devargs, const struct log *log, char *error, size_t size)
{
	(void)log;
	return prepare_tap_or_tun(devargs, false, error, size);
}

int prepare_tun(const char *devargs, const struct log *log, char *error, size_t size)
{
	(void)log;
	return prepare_tap_or_tun(devargs, true, error, size);
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
	bool server = arg_is(devargs, "role", "server") || arg_is(devargs, "role", "master");
	bool file = arg_is(devargs, "socket-abstract", "no");
	bool lives;

	if (arg_is(devargs, "zero-copy", "yes")) {
		snprintf(error, size,
			 "zero-copy=yes is not supported: DPDK's memif sends stale flags "
			 "with it; leave it out");
		return -EINVAL;
	}
	kv_find(devargs, "socket", path, sizeof(path));
	if (server)
		/* Without a file there is nothing to tidy up; several may share one. */
		return file ? clear_socket(path, true, log, error, size) : 0;
	lives = file ? look_at_socket(path) == SOCKET_LIVE : abstract_lives(path);
	if (!lives) {
		snprintf(error, size, "nobody listens on %s%s: start the server side first", path,
			 file ? "" : " (abstract, without socket-abstract=no)");
		return -ECONNREFUSED;
	}
	return 0;
}

/* One ethtool request. 0 or -errno. */
static int ethtool(const char *iface, void *request)
{
	struct ifreq ifr = {.ifr_data = request};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", iface);
	rc = ioctl(fd, SIOCETHTOOL, &ifr) ? -errno : 0;
	close(fd);
	return rc;
}

/* The index of a veth's other end, 0 if the interface is none. The driver shows it as a statistic.
 */
static unsigned veth_peer_index(const char *iface)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ethtool_stats *stats;
	unsigned index = 0;

	if (ethtool(iface, &info) != 0 || strcmp(info.driver, "veth") != 0 || info.n_stats == 0)
		return 0;
	stats = calloc(1, sizeof(*stats) + info.n_stats * sizeof(stats->data[0]));
	if (!stats)
		return 0;
	stats->cmd = ETHTOOL_GSTATS;
	stats->n_stats = info.n_stats;
	if (ethtool(iface, stats) == 0)
		index = (unsigned)stats->data[0];
	free(stats);
	return index;
}

/* The other end by name; false when it is in another namespace, where its index means something
 * else. */
static bool veth_peer(const char *iface, char peer[IF_NAMESIZE])
{
	unsigned index = veth_peer_index(iface);

	return index && if_indextoname(index, peer) &&
	       veth_peer_index(peer) == if_nametoindex(iface);
}

/* Has the interface leave nothing to hardware that it sends. 0 or -errno. */
static int stop_tx_offloads(const char *iface)
{
	static const uint32_t requests[] = {ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_STXCSUM};

	for (unsigned i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct ethtool_value value = {.cmd = requests[i], .data = 0};
		int rc = ethtool(iface, &value);

		if (rc)
			return rc;
	}
	return 0;
}

static void mend_veth(const char *iface, const struct log *log)
{
	char peer[IF_NAMESIZE];
	bool near = veth_peer(iface, peer);

	if (!veth_peer_index(iface))
		return;
	if (near && stop_tx_offloads(peer) == 0) {
		LOG_INFO(
			log, "ethdev",
			"%s is a veth: checksums and segmentation of its peer %s are now computed, "
			"not left to hardware that is not there",
			iface, peer);
		return;
	}
	LOG_WARN(
		log, "ethdev",
		"%s is a veth: its peer leaves checksums and segmentation to hardware that is not there, "
		"and such packets are dropped; run 'ethtool -K %s tx off tso off gso off' where the peer is",
		iface, near ? peer : "PEER");
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
	mend_veth(iface, log);
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
