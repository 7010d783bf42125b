/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ethdev port: any DPDK device, physical or virtual, by the devargs that EAL takes. Here are
 * open and close, the bursts, link and counters; ethdev_caps.c says what a device can do,
 * ethdev_setup.c starts and stops it.
 *
 * The device is probed when the port is opened, so that EAL may be running already.
 */
#include "ethdev.h"

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_errno.h>

#include "base/mem.h"
#include "base/rng.h"
#include "counter.h"
#include "rows.h"
#include "txwork.h"

#define PCI_DEVICES "/sys/bus/pci/devices/"

/* ---- bursts, link, counters ---------------------------------------------------------------- */

static uint16_t ethdev_rx(struct port *port, uint16_t queue, uint64_t now_ns,
			  struct rte_mbuf **bufs, uint16_t n)
{
	(void)now_ns;
	return rte_eth_rx_burst(ethdev_of(port)->id, queue, bufs, n);
}

/*
 * Shows packets to the device before they are sent: it fills in what its checksum unit wants to
 * find. One that it refuses is dropped here, or it would block the queue for ever.
 */
static uint16_t tx_prepared(struct ethdev_port *e, uint16_t queue, struct rte_mbuf **bufs,
			    uint16_t n)
{
	uint16_t good, sent;

	for (uint16_t i = 0; NSK_UNLIKELY(e->quirk->odd_sums) && i < n; i++)
		if (bufs[i]->nb_segs > 1)
			txwork_sum_odd(bufs[i]);
	good = rte_eth_tx_prepare(e->id, queue, bufs, n);
	sent = good ? rte_eth_tx_burst(e->id, queue, bufs, good) : 0;
	if (NSK_LIKELY(good == n) || sent < good)
		return sent;
	rte_pktmbuf_free(bufs[good]);
	counter_add(&e->tx_unfit[queue], 1);
	return good + 1;
}

static uint16_t ethdev_tx(struct port *port, uint16_t queue, uint64_t now_ns,
			  struct rte_mbuf **bufs, uint16_t n)
{
	struct ethdev_port *e = ethdev_of(port);

	(void)now_ns;
	return e->prepare ? tx_prepared(e, queue, bufs, n)
			  : rte_eth_tx_burst(e->id, queue, bufs, n);
}

static void ethdev_link(struct port *port, struct port_link *link)
{
	struct ethdev_port *e = ethdev_of(port);
	struct rte_eth_link l;

	memset(link, 0, sizeof(*link));
	link->gone = __atomic_load_n(&e->gone, __ATOMIC_ACQUIRE);
	if (link->gone || rte_eth_link_get_nowait(e->id, &l) != 0)
		return;
	link->up = l.link_status == RTE_ETH_LINK_UP;
	link->full_duplex = l.link_duplex == RTE_ETH_LINK_FULL_DUPLEX;
	link->mbps = l.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : l.link_speed;
}

void ethdev_look(struct ethdev_port *e, struct port_stats *stats)
{
	struct rte_eth_stats s;

	memset(stats, 0, sizeof(*stats));
	if (rte_eth_stats_get(e->id, &s) != 0)
		return;
	stats->rx_packets = s.ipackets;
	stats->rx_bytes = s.ibytes;
	stats->tx_packets = s.opackets;
	stats->tx_bytes = s.obytes;
	stats->rx_missed = s.imissed;
	stats->rx_errors = s.ierrors;
	stats->tx_errors = s.oerrors;
	stats->rx_nobuf = s.rx_nombuf;
	for (unsigned q = 0; q < PORT_QUEUES_MAX; q++)
		stats->tx_unfit += counter_read(&e->tx_unfit[q]);
}

static void ethdev_stats(struct port *port, struct port_stats *stats)
{
	struct ethdev_port *e = ethdev_of(port);

	rte_spinlock_lock(&e->look_lock);
	if (e->device)
		ethdev_look(e, stats);
	else
		*stats = e->last;
	rte_spinlock_unlock(&e->look_lock);
}

static void ethdev_close(struct port *port)
{
	struct ethdev_port *e = ethdev_of(port);
	struct ethdev_hush hush;

	ethdev_release(e);
	ethdev_hush(&hush);
	bond_release(e->members, e->nmembers);
	ethdev_unhush(&hush);
	free(e);
}

static const struct port_ops ethdev_ops = {
	.start = ethdev_start,
	.stop = ethdev_stop,
	.close = ethdev_close,
	.rx_burst = ethdev_rx,
	.tx_burst = ethdev_tx,
	.link = ethdev_link,
	.stats = ethdev_stats,
	.rx_fd = ethdev_rx_fd,
	.rx_arm = ethdev_rx_arm,
	.rx_disarm = ethdev_rx_disarm,
	.listen = ethdev_listen,
	.pause = ethdev_pause,
	.facts = ethdev_facts,
	.counters = ethdev_counters,
};

/* ---- open ---------------------------------------------------------------------------------- */

/* The name that EAL gives a device: a virtual one's own, a PCI address in full. */
static void device_name(const char *devargs, char *name, size_t size)
{
	size_t len;

	if (strncmp(devargs, "pci:", 4) == 0)
		devargs += 4;
	else if (strncmp(devargs, "vdev:", 5) == 0)
		devargs += 5;
	if (devargs_is_pci(devargs, &len)) {
		const char *domain =
			memchr(devargs, ':', len) == memrchr(devargs, ':', len) ? "0000:" : "";

		snprintf(name, size, "%s%.*s", domain, (int)len, devargs);
		for (char *c = name; *c; c++)
			*c = (char)tolower((unsigned char)*c);
	} else {
		snprintf(name, size, "%.*s", (int)strcspn(devargs, ","), devargs);
	}
}

/* The kernel driver that a PCI device is bound to, "" for none. */
static void pci_bound_to(const char *address, char *driver, size_t size)
{
	char path[128], link[256];
	ssize_t n;

	snprintf(path, sizeof(path), PCI_DEVICES "%.32s/driver", address);
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	snprintf(driver, size, "%s", n > 0 ? strrchr(link, '/') + 1 : "");
}

/*
 * uio_pci_generic hands over the device's one old-style interrupt: net_virtio then refuses receive
 * interrupts in three lines of complaint, net_e1000_igb takes them and none comes.
 */
static bool has_one_interrupt(const char *name)
{
	char driver[64];
	size_t len;

	if (!devargs_is_pci(name, &len))
		return false;
	pci_bound_to(name, driver, sizeof(driver));
	return strcmp(driver, "uio_pci_generic") == 0;
}

/* Why a PCI device cannot work, before EAL says less about it. */
static int pci_check(const struct port_open *open, const char *address)
{
	static const char *const fit[] = {"vfio-pci", "uio_pci_generic", "igb_uio", "mlx4_core",
					  "mlx5_core"};
	char path[128], driver[64];

	snprintf(path, sizeof(path), PCI_DEVICES "%.32s", address);
	if (access(path, F_OK) != 0)
		return port_open_fail(
			open, -ENODEV,
			"no PCI device %s: 'nskctl devices' lists those that there are", address);
	pci_bound_to(address, driver, sizeof(driver));
	for (size_t i = 0; i < NSK_ARRAY_LEN(fit); i++)
		if (strcmp(driver, fit[i]) == 0)
			return 0;
	return port_open_fail(
		open, -EBUSY,
		"%s is bound to %s%s: 'dpdk-devbind.py --bind=vfio-pci %s' as root gives it "
		"to DPDK (or uio_pci_generic where there is no IOMMU)",
		address, driver[0] ? "kernel driver " : "no driver", driver, address);
}

/* What may be wrong with a device that EAL could not probe. */
static int probe_failed(const struct port_open *open, const char *name, int rc)
{
	const struct quirk *quirk = quirk_of_devargs(name);
	char names[160];
	size_t len;

	if (devargs_is_pci(name, &len))
		return port_open_fail(
			open, rc,
			"%s cannot be probed (%s): no DPDK driver for it is installed, or no "
			"access to /dev/vfio or /dev/uio* (run as root), or no memory for "
			"DMA (uio needs hugepages). EAL's own words are in the log",
			name, strerror(-rc));
	if (quirk == &quirk_none)
		return port_open_fail(
			open, -ENODEV,
			"no device '%s': not a device that this DPDK knows; a name is that of a driver with a "
			"number behind it (net_tap0), or a PCI address. There are %s; 'apt install "
			"librte-meta-net' brings them all. EAL's own words are in the log",
			name, quirk_virtual_names(names, sizeof(names)));
	/* Drivers say -1 for whatever it was: that is no errno. */
	return port_open_fail(
		open, rc,
		"%s cannot be made%s%s%s: is %s installed, and are its arguments right? EAL's own words "
		"are in the log",
		name, rc == -1 ? "" : " (", rc == -1 ? "" : strerror(-rc), rc == -1 ? "" : ")",
		quirk->package);
}

/* EAL takes a driver for whatever begins with its name. */
static int misnamed(const struct port_open *open, const char *name, const char *driver)
{
	char names[160];

	return port_open_fail(
		open, -ENODEV,
		"no device '%s': behind the driver's name, %s, comes nothing, a number, or _ and a name of "
		"yours (%s0, %s_lan). There are %s",
		name, driver, driver, driver, quirk_virtual_names(names, sizeof(names)));
}

/* After it was probed: by its own name, or "eth_", which old names begin with. */
static int check_driver(const struct port_open *open, const char *name, uint16_t id)
{
	struct rte_eth_dev_info info;
	char driver[64];

	if (rte_eth_dev_info_get(id, &info) || !info.driver_name)
		return 0;
	snprintf(driver, sizeof(driver), "%s", info.driver_name);
	if (strncmp(name, "eth_", 4) == 0 && strncmp(driver, "net_", 4) == 0)
		memcpy(driver, "eth_", 4);
	if (strncmp(name, driver, strlen(driver)) != 0 || devargs_is_of(name, driver))
		return 0;
	rte_eth_dev_close(id);
	rte_dev_remove(info.device);
	return misnamed(open, name, driver);
}

/* DPDK's port of a device, with or without an owner; RTE_MAX_ETHPORTS: none. */
static uint16_t port_of_device(const char *name)
{
	struct rte_eth_dev_info info;

	for (uint16_t id = 0; id < RTE_MAX_ETHPORTS; id++)
		if (rte_eth_dev_is_valid_port(id) && rte_eth_dev_info_get(id, &info) == 0 &&
		    info.device && strcmp(rte_dev_name(info.device), name) == 0)
			return id;
	return RTE_MAX_ETHPORTS;
}

/* Probes the device, unless EAL has at its start. */
static int device_probe(const struct port_open *open, const char *name, uint16_t *id)
{
	struct rte_eth_dev_owner owner;
	int rc;

	*id = port_of_device(name);
	if (*id != RTE_MAX_ETHPORTS) {
		rc = rte_eth_dev_owner_get(*id, &owner);
		if (rc == 0 && owner.id == RTE_ETH_DEV_NO_OWNER)
			return 0;
		return port_open_fail(open, -EBUSY, "%s is in use already in this process", name);
	}
	rc = rte_dev_probe(open->devargs);
	if (rc && rc != -EEXIST)
		return probe_failed(open, name, rc);
	*id = port_of_device(name);
	if (*id != RTE_MAX_ETHPORTS)
		return check_driver(open, name, *id);
	return port_open_fail(open, -ENODEV, "%s is a device, but not one that carries packets",
			      name);
}

/* Marks the port as ours, so that no second stack takes it. */
static int device_own(const struct port_open *open, uint16_t id)
{
	struct rte_eth_dev_owner owner = {.name = "netstk"};

	if (rte_eth_dev_owner_new(&owner.id) || rte_eth_dev_owner_set(id, &owner))
		return port_open_fail(open, -EBUSY, "%s belongs to somebody else in this process",
				      open->devargs);
	return 0;
}

/* For devices without an address (net_ring): a locally administered one. */
static void made_up_mac(const char *name, struct eth_addr *mac)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
	struct rng rng;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	rng_seed(&rng, hash ^ (uint64_t)getpid());
	rng_fill(&rng, mac->b, sizeof(mac->b));
	mac->b[0] = 0x02;
}

static int facts_fill(struct ethdev_port *e)
{
	struct rte_eth_dev_info info;
	struct rte_ether_addr mac;
	int rc = rte_eth_dev_info_get(e->id, &info);

	if (rc)
		return rc;
	e->device = info.device;
	e->quirk = quirk_of_driver(info.driver_name);
	snprintf(e->port.driver, sizeof(e->port.driver), "ethdev:%.20s", info.driver_name);
	rc = rte_eth_macaddr_get(e->id, &mac);
	if (rc)
		return rc;
	memcpy(e->port.mac.b, mac.addr_bytes, sizeof(e->port.mac.b));
	if (rte_is_zero_ether_addr(&mac))
		made_up_mac(rte_dev_name(info.device), &e->port.mac);
	rc = rte_eth_dev_get_mtu(e->id, &e->mtu_now);
	return rc ? rc : ethdev_caps(e);
}

int ethdev_open(const struct port_open *open, struct port **port)
{
	char name[RTE_DEV_NAME_MAX_LEN], text[256];
	const struct quirk *quirk;
	struct ethdev_port *e;
	size_t len;
	int rc = 0;

	if (!open->devargs || !open->devargs[0])
		return port_open_fail(open, -EINVAL,
				      "no device named: 'nskctl devices' lists what there is");
	device_name(open->devargs, name, sizeof(name));
	quirk = quirk_of_devargs(open->devargs);
	if (devargs_is_pci(name, &len))
		rc = pci_check(open, name);
	else if ((rc = devargs_check(quirk, open->devargs, text, sizeof(text))))
		port_open_fail(open, rc, "%s: %s", name, text);
	else if (quirk->prepare && port_of_device(name) == RTE_MAX_ETHPORTS &&
		 (rc = quirk->prepare(open->devargs, open->log, text, sizeof(text))))
		port_open_fail(open, rc, "%s: %s", name, text);
	else if (quirk == &quirk_none && if_nametoindex(name))
		rc = port_open_fail(
			open, -ENODEV,
			"'%s' is an interface of the kernel, no device of DPDK's: "
			"net_af_packet0,iface=%s shares it with the kernel; 'nskctl devices' lists more",
			name, name);
	else if (quirk == &quirk_none && quirk_taken_for(name))
		rc = misnamed(open, name, quirk_taken_for(name)->driver);
	if (rc)
		return rc;
	e = mem_apart(sizeof(*e));
	if (!e)
		return port_open_fail(open, -ENOMEM, "%s: out of memory", name);
	port_init(&e->port, &ethdev_ops, open, "ethdev");
	rc = device_probe(open, name, &e->id);
	if (rc == 0)
		rc = device_own(open, e->id);
	if (rc) {
		free(e);
		return rc;
	}
	rte_spinlock_init(&e->look_lock);
	e->one_irq = has_one_interrupt(name);
	if (strcmp(quirk->driver, "net_bonding") == 0)
		e->nmembers = bond_members(open->devargs, e->members);
	rc = facts_fill(e);
	if (rc) {
		port_open_fail(open, rc, "%s does not say what it can do: %s", name, strerror(-rc));
		ethdev_close(&e->port);
		return rc;
	}
	if (devargs_is_pci(name, &len))
		ethdev_gone_watch(e);
	*port = &e->port;
	return 0;
}
