/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tap that the stack makes for itself: the kernel's twin of an interface, with the same MAC,
 * whose MTU and link follow the interface's. It is there as long as its descriptor is open. Not a
 * device: net_tap is, with a MAC of its own on the kernel's side.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "counter.h"
#include "framebuf.h"
#include "kv.h"
#include "net/port.h"
#include "rows.h"

#define TAP_MTU_MAX 65521 /* the kernel's */
#define NETNS_DIR   "/run/netns/"

struct tap_port {
	struct port port;
	char iface[IFNAMSIZ];	  /* [C] */
	char netns[KV_VALUE_MAX]; /* [C] path of its namespace; "": ours */
	int fd;			  /* [C] while started */
	int sock;		  /* [C] the same: of its namespace, by which it is set up */
	uint32_t mtu;		  /* [W] what the kernel has */
	bool up;		  /* [W] */
	bool gone;		  /* [A] the kernel has taken it away */
	struct rte_mempool *pool; /* [C] while started */
	struct port_stats stats;  /* [W] */
	uint8_t flat[TAP_MTU_MAX + FRAME_LINK_MAX];
};

static struct tap_port *tap_of(struct port *port)
{
	return NSK_CONTAINER_OF(port, struct tap_port, port);
}

/* ---- life ---------------------------------------------------------------------------------- */

/* What the kernel said, and what mends it. */
static int failed(struct tap_port *t, const char *what, int err)
{
	const char *hint = "";

	if (err == EPERM || err == EACCES)
		hint = t->netns[0] ? ": run as root, or give the program CAP_NET_ADMIN and "
				     "CAP_SYS_ADMIN (setcap), and access to /dev/net/tun"
				   : ": run as root, or give the program CAP_NET_ADMIN (setcap), "
				     "and access to /dev/net/tun";
	else if (err == EBUSY)
		hint = ": there is an interface of that name already";
	else if (err == ENOENT || err == ENODEV)
		hint = ": as root: modprobe tun";
	snprintf(t->port.error, sizeof(t->port.error), "%s %s: %s%s", what, t->iface, strerror(err),
		 hint);
	return -err;
}

static int ask(int sock, unsigned long request, struct ifreq *ifr)
{
	return ioctl(sock, request, ifr) ? -errno : 0;
}

/* By the name that it has now. */
static struct ifreq request_of(const struct tap_port *t)
{
	struct ifreq ifr = {0}, now = {0};

	if (ioctl(t->fd, TUNGETIFF, &now) == 0)
		memcpy(ifr.ifr_name, now.ifr_name, sizeof(ifr.ifr_name) - 1);
	else
		snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", t->iface);
	return ifr;
}

/* Where it is not in the network namespace that it was made in. */
static bool has_moved(const struct tap_port *t)
{
	int was = ioctl(t->sock, SIOCGSKNS), is = ioctl(t->fd, TUNGETDEVNETNS);
	struct stat a, b;
	bool moved = was >= 0 && is >= 0 && fstat(was, &a) == 0 && fstat(is, &b) == 0 &&
		     a.st_ino != b.st_ino;

	if (was >= 0)
		close(was);
	if (is >= 0)
		close(is);
	return moved;
}

static enum port_fate tap_fate(struct port *port, char *name, size_t size)
{
	struct tap_port *t = tap_of(port);
	struct ifreq ifr = request_of(t);

	snprintf(name, size, "%s", ifr.ifr_name);
	if (__atomic_load_n(&t->gone, __ATOMIC_RELAXED))
		return PORT_GONE;
	return has_moved(t) ? PORT_MOVED : PORT_THERE;
}

/* A descriptor whose interface has gone would be readable for ever. */
static void note_end(struct tap_port *t)
{
	if (errno != EBADFD || t->gone)
		return;
	__atomic_store_n(&t->gone, true, __ATOMIC_RELAXED);
	LOG_WARN(t->port.log, "twin",
		 "%s: the kernel has taken it away (ip link del): nothing goes there or comes from "
		 "there until the program starts anew",
		 t->iface);
}

static int set_mtu(struct tap_port *t, uint32_t mtu)
{
	struct ifreq ifr = request_of(t);
	int rc;

	ifr.ifr_mtu = (int)mtu;
	rc = ask(t->sock, SIOCSIFMTU, &ifr);
	t->mtu = mtu;
	return rc;
}

/* MAC and MTU, then up: addresses and routes are the administrator's. */
static int dress(struct tap_port *t, const struct port_setup *setup)
{
	struct ifreq ifr = request_of(t);
	int off = 0, rc;

	t->sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (t->sock < 0)
		return failed(t, "a socket to set up", errno);
	ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(ifr.ifr_hwaddr.sa_data, setup->mac->b, sizeof(setup->mac->b));
	rc = ask(t->sock, SIOCSIFHWADDR, &ifr);
	if (rc == 0)
		rc = set_mtu(t, setup->mtu);
	/* Its link is down until the interface's is known; kernels before 5.0 cannot say so. */
	if (rc == 0 && ioctl(t->fd, TUNSETCARRIER, &off))
		LOG_WARN(t->port.log, "twin", "%s: its link does not follow: %s", t->iface,
			 strerror(errno));
	if (rc == 0)
		rc = ask(t->sock, SIOCGIFFLAGS, &ifr);
	ifr.ifr_flags |= IFF_UP;
	if (rc == 0)
		rc = ask(t->sock, SIOCSIFFLAGS, &ifr);
	return rc ? failed(t, "cannot set up", -rc) : 0;
}

static int make(struct tap_port *t, const struct port_setup *setup)
{
	struct ifreq ifr = {.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL)};

	t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0)
		return failed(t, "no tap", errno);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", t->iface);
	if (ioctl(t->fd, TUNSETIFF, &ifr))
		return failed(t, "cannot make", errno);
	return dress(t, setup);
}

struct making {
	struct tap_port *t;
	const struct port_setup *setup;
	int rc;
};

static void *make_there(void *arg)
{
	struct making *m = arg;
	struct tap_port *t = m->t;
	int there = open(t->netns, O_RDONLY | O_CLOEXEC);
	int err = there < 0 || setns(there, CLONE_NEWNET) ? errno : 0;

	if (there >= 0)
		close(there);
	if (err)
		snprintf(t->port.error, sizeof(t->port.error), "network namespace %s: %s%s",
			 t->netns, strerror(err), err == EPERM ? ": that needs CAP_SYS_ADMIN" : "");
	m->rc = err ? -err : make(t, m->setup);
	return NULL;
}

/* In another namespace: by a thread that goes there and ends, since who goes may find no way back.
 */
static int make_elsewhere(struct tap_port *t, const struct port_setup *setup)
{
	struct making m = {.t = t, .setup = setup};
	sigset_t all, before;
	pthread_t thread;
	int err;

	sigfillset(&all); /* signals are the program's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&thread, NULL, make_there, &m);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		return failed(t, "no thread for", err);
	pthread_join(thread, NULL);
	return m.rc;
}

static void tap_stop(struct port *port)
{
	struct tap_port *t = tap_of(port);

	if (t->fd >= 0)
		close(t->fd);
	if (t->sock >= 0)
		close(t->sock);
	t->fd = t->sock = -1;
}

static int tap_start(struct port *port, const struct port_setup *setup)
{
	struct tap_port *t = tap_of(port);
	int rc = t->netns[0] ? make_elsewhere(t, setup) : make(t, setup);

	if (rc) {
		tap_stop(port);
		return rc;
	}
	t->pool = setup->rx_pool[0];
	t->up = t->gone = false;
	port->mtu = setup->mtu;
	return 0;
}

static void tap_close(struct port *port)
{
	free(tap_of(port));
}

static void tap_follow(struct port *port, bool up, uint32_t mtu)
{
	struct tap_port *t = tap_of(port);
	int carrier = up, rc;

	if (t->gone)
		return;
	if (up != t->up && ioctl(t->fd, TUNSETCARRIER, &carrier) == 0)
		LOG_INFO(port->log, "twin", "%s: link is %s", t->iface, up ? "up" : "down");
	t->up = up;
	if (mtu == t->mtu)
		return;
	rc = set_mtu(t, mtu);
	if (rc)
		LOG_WARN(port->log, "twin", "%s: its MTU does not follow to %u: %s", t->iface, mtu,
			 strerror(-rc));
	else
		LOG_INFO(port->log, "twin", "%s: MTU is %u", t->iface, mtu);
}

/* ---- frames -------------------------------------------------------------------------------- */

static uint16_t tap_rx(struct port *port, uint16_t queue, uint64_t now_ns, struct rte_mbuf **bufs,
		       uint16_t n)
{
	struct tap_port *t = tap_of(port);
	uint16_t got = 0;
	ssize_t len;

	(void)queue;
	(void)now_ns;
	if (NSK_UNLIKELY(t->gone))
		return 0;
	while (got < n && (len = read(t->fd, t->flat, sizeof(t->flat))) != 0) {
		if (len < 0) {
			note_end(t);
			break;
		}
		bufs[got] = framebuf_make(t->pool, t->flat, (uint32_t)len);
		if (!bufs[got]) {
			counter_add(&t->stats.rx_nobuf, 1);
			break;
		}
		counter_add(&t->stats.rx_packets, 1);
		counter_add(&t->stats.rx_bytes, (uint64_t)len);
		got++;
	}
	return got;
}

static uint16_t tap_tx(struct port *port, uint16_t queue, uint64_t now_ns, struct rte_mbuf **bufs,
		       uint16_t n)
{
	struct tap_port *t = tap_of(port);
	uint16_t i;

	(void)queue;
	(void)now_ns;
	for (i = 0; i < n; i++) {
		const void *frame = rte_pktmbuf_mtod(bufs[i], const void *);
		uint32_t len = bufs[i]->pkt_len;

		if (bufs[i]->nb_segs > 1 && len <= sizeof(t->flat)) {
			framebuf_flatten(bufs[i], t->flat);
			frame = t->flat;
		}
		if (len > sizeof(t->flat)) {
			counter_add(&t->stats.tx_unfit, 1);
		} else if (write(t->fd, frame, len) >= 0) {
			counter_add(&t->stats.tx_packets, 1);
			counter_add(&t->stats.tx_bytes, len);
		} else if (errno == EINVAL) {
			counter_add(&t->stats.tx_errors, 1);
		} else {
			break; /* it is down, or the kernel has no room */
		}
		rte_pktmbuf_free(bufs[i]);
	}
	return i;
}

static void tap_link(struct port *port, struct port_link *link)
{
	link->up = tap_of(port)->fd >= 0 && !tap_of(port)->gone;
	link->full_duplex = true;
	link->mbps = 0;
}

static void tap_stats(struct port *port, struct port_stats *stats)
{
	port_stats_read(&tap_of(port)->stats, stats);
}

static int tap_rx_fd(struct port *port, uint16_t queue)
{
	(void)queue;
	return tap_of(port)->gone ? -1 : tap_of(port)->fd;
}

static const struct port_ops tap_ops = {
	.start = tap_start,
	.stop = tap_stop,
	.close = tap_close,
	.rx_burst = tap_rx,
	.tx_burst = tap_tx,
	.link = tap_link,
	.stats = tap_stats,
	.rx_fd = tap_rx_fd,
	.follow = tap_follow,
	.fate = tap_fate,
};

/* ---- open ---------------------------------------------------------------------------------- */

/* "eth0k" or "eth0k,netns=NAME". */
static int read_args(const struct port_open *open, struct tap_port *t)
{
	const char *list = open->devargs ? open->devargs : "";
	size_t n = strcspn(list, ",");
	char netns[KV_VALUE_MAX];
	struct kv kv;

	if (n == 0 || n >= sizeof(t->iface) || memchr(list, '/', n) || memchr(list, ' ', n) ||
	    memchr(list, '%', n))
		return port_open_fail(
			open, -EINVAL,
			"twin \"%.60s\": an interface's name has 1 to %zu characters, "
			"none of them '/', '%%' or a blank",
			list, sizeof(t->iface) - 1);
	snprintf(t->iface, sizeof(t->iface), "%.*s", (int)n, list);
	list += n + (list[n] == ',');
	while (*list) {
		if (kv_next(&list, &kv) <= 0 || strcmp(kv.key, "netns") != 0 || !kv.value[0])
			return port_open_fail(open, -EINVAL,
					      "twin \"%.60s\": behind the name netns=NAME, or the "
					      "path of a network namespace, may stand",
					      open->devargs);
		snprintf(netns, sizeof(netns), "%s", kv.value);
		if (snprintf(t->netns, sizeof(t->netns), "%s%s",
			     strchr(netns, '/') ? "" : NETNS_DIR, netns) >= (int)sizeof(t->netns))
			return port_open_fail(open, -EINVAL, "twin: netns=%.60s...: too long",
					      netns);
	}
	return 0;
}

int tap_open(const struct port_open *open, struct port **port)
{
	struct tap_port *t;
	int rc;

	if (!open->twin)
		return port_open_fail(
			open, -EINVAL,
			"tap: that is the twin of an interface (twin = ...), not a device; one is "
			"net_tap0,iface=nsk0");
	t = mem_apart(sizeof(*t));
	if (!t)
		return port_open_fail(open, -ENOMEM, "twin: out of memory");
	rc = read_args(open, t);
	if (rc) {
		free(t);
		return rc;
	}
	t->fd = t->sock = -1;
	port_init(&t->port, &tap_ops, open, "tap");
	t->port.caps = (struct port_caps){
		.offloads = PORT_TX_MULTI_SEG | PORT_TX_INDIRECT | PORT_TX_EXTERNAL,
		.rx_queues_max = 1,
		.tx_queues_max = 1,
		.mtu_max = TAP_MTU_MAX,
		.ethernet = true,
		.numa_node = -1,
	};
	*port = &t->port;
	return 0;
}
