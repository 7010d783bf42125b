/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsk_devices_each(), nsk_devices_list(): which devices this machine has and how to name them with
 * -d. Reads /sys and /proc only; EAL need not run and no device is touched.
 */
#include <dirent.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netstk/config.h>

#define PCI_DEVICES   "/sys/bus/pci/devices"
#define PCI_CLASS_NET 0x02

/* Who hears of each device, and how many of them can be used as they are. */
struct listing {
	void (*fn)(void *arg, const struct nsk_device_info *info);
	void *arg;
	char primary[IFNAMSIZ]; /* carries the machine's default route, "": none does */
	int ready;
};

static void tell(struct listing *l, struct nsk_device_info *info)
{
	l->ready += info->ready;
	l->fn(l->arg, info);
}

/* First line of a file in /sys, "" if there is none. */
static void read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");

	line[0] = '\0';
	if (!f)
		return;
	if (fgets(line, (int)size, f))
		line[strcspn(line, "\n")] = '\0';
	else
		line[0] = '\0';
	fclose(f);
}

/* Last part of what a link in /sys points to, "" if there is none. */
static void read_target(const char *path, char *name, size_t size)
{
	char target[512];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *slash;

	name[0] = '\0';
	if (n <= 0)
		return;
	target[n] = '\0';
	slash = strrchr(target, '/');
	snprintf(name, size, "%.*s", (int)size - 1, slash ? slash + 1 : target);
}

/* The interface that carries the machine's default route, "" if none does. */
static void default_iface(char *name, size_t size)
{
	FILE *f = fopen("/proc/net/route", "re");
	char line[256], iface[IFNAMSIZ];
	unsigned destination, mask;

	name[0] = '\0';
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%15s %x %*x %*x %*d %*d %*d %x", iface, &destination, &mask) ==
			    3 &&
		    destination == 0 && mask == 0) {
			snprintf(name, size, "%s", iface);
			break;
		}
	}
	fclose(f);
}

/* The only entry of a folder whose name begins so, "" if there is none. */
static void find_entry(const char *folder, const char *begin, char *name, size_t size)
{
	DIR *dir = opendir(folder);
	struct dirent *d;

	name[0] = '\0';
	while (dir && (d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.' && strncmp(d->d_name, begin, strlen(begin)) == 0)
			snprintf(name, size, "%.*s", (int)size - 1, d->d_name);
	if (dir)
		closedir(dir);
}

/* The kernel's interface on a PCI device, "" if it has none; of virtio it belongs to a device on
 * the device. */
static void pci_iface(const char *address, char *name, size_t size)
{
	char path[300], virtio[32];

	snprintf(path, sizeof(path), PCI_DEVICES "/%.64s", address);
	find_entry(path, "virtio", virtio, sizeof(virtio));
	snprintf(path, sizeof(path), PCI_DEVICES "/%.64s/%s%snet", address, virtio,
		 virtio[0] ? "/" : "");
	find_entry(path, "", name, size);
}

static bool pci_is_nic(const char *address)
{
	char path[300], text[32];

	snprintf(path, sizeof(path), PCI_DEVICES "/%.64s/class", address);
	read_line(path, text, sizeof(text));
	return strtoul(text, NULL, 16) >> 16 == PCI_CLASS_NET;
}

static bool driver_fits(const char *driver)
{
	return strcmp(driver, "vfio-pci") == 0 || strcmp(driver, "uio_pci_generic") == 0 ||
	       strcmp(driver, "igb_uio") == 0 || strncmp(driver, "mlx", 3) == 0;
}

static void tell_nic(struct listing *l, const char *address)
{
	struct nsk_device_info info = {.group = "NICs on the PCI bus"};
	char path[300], vendor[16], device[16], driver[64], iface[IFNAMSIZ];
	int n;

	snprintf(path, sizeof(path), PCI_DEVICES "/%.64s/vendor", address);
	read_line(path, vendor, sizeof(vendor));
	snprintf(path, sizeof(path), PCI_DEVICES "/%.64s/device", address);
	read_line(path, device, sizeof(device));
	snprintf(path, sizeof(path), PCI_DEVICES "/%.64s/driver", address);
	read_target(path, driver, sizeof(driver));
	pci_iface(address, iface, sizeof(iface));
	info.ready = driver_fits(driver);
	snprintf(info.args, sizeof(info.args), "%.64s", address);
	n = snprintf(info.text, sizeof(info.text), "NIC %s:%s, %s%s%s%s", vendor, device,
		     info.ready	 ? "bound to "
		     : driver[0] ? "the kernel's "
				 : "no driver",
		     driver, iface[0] ? " as " : "", iface);
	if (info.ready)
		snprintf(info.text + n, sizeof(info.text) - (size_t)n, ": ready");
	else if (iface[0] && !if_nametoindex(iface))
		/* The kernel tells its name to everybody, its routes only there. */
		snprintf(
			info.text + n, sizeof(info.text) - (size_t)n,
			", which is in another network namespace: ask there whether it can be had");
	else if (iface[0] && strcmp(iface, l->primary) == 0)
		snprintf(info.text + n, sizeof(info.text) - (size_t)n,
			 ", carries this machine's default route: leave it");
	else
		snprintf(info.text + n, sizeof(info.text) - (size_t)n,
			 ": first 'dpdk-devbind.py --bind=vfio-pci %.64s' as root", address);
	tell(l, &info);
}

static void tell_nics(struct listing *l)
{
	struct dirent **names;
	int n = scandir(PCI_DEVICES, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.' && pci_is_nic(names[i]->d_name))
			tell_nic(l, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

static void tell_kernel_ifaces(struct listing *l)
{
	struct if_nameindex *all = if_nameindex();

	for (struct if_nameindex *i = all; i && i->if_index; i++) {
		struct nsk_device_info info = {
			.group = "Interfaces of the kernel, shared with it (CAP_NET_RAW)",
			.ready = true,
		};

		if (strcmp(i->if_name, "lo") == 0)
			continue;
		snprintf(info.args, sizeof(info.args), "net_af_packet0,iface=%s", i->if_name);
		snprintf(
			info.text, sizeof(info.text), "%s",
			strcmp(i->if_name, l->primary) == 0
				? "carries this machine's default route; take an address of your own"
				: "take an address that the kernel does not have");
		tell(l, &info);
	}
	if_freenameindex(all);
}

static void tell_tap(struct listing *l)
{
	struct nsk_device_info info = {
		.group = "A virtual interface to this machine's kernel "
			 "(CAP_NET_ADMIN, or 'unshare -Urn')",
		.args = "net_tap0,iface=nsk0",
		.ready = access("/dev/net/tun", R_OK | W_OK) == 0,
	};

	snprintf(info.text, sizeof(info.text), "%s",
		 info.ready ? "ready" : "no access to /dev/net/tun here");
	tell(l, &info);
}

int nsk_devices_each(void (*fn)(void *arg, const struct nsk_device_info *info), void *arg)
{
	struct listing l = {.fn = fn, .arg = arg};

	default_iface(l.primary, sizeof(l.primary));
	tell_nics(&l);
	tell_tap(&l);
	tell_kernel_ifaces(&l);
	return l.ready;
}

/* ---- as text ------------------------------------------------------------------------------- */

struct printer {
	FILE *out;
	const char *group; /* of the line before */
};

static void print_one(void *arg, const struct nsk_device_info *info)
{
	struct printer *p = arg;

	if (p->group != info->group)
		fprintf(p->out, "%s:\n", info->group);
	p->group = info->group;
	fprintf(p->out, "  -d %-34s %s\n", info->args, info->text);
}

int nsk_devices_list(FILE *out)
{
	int ready = nsk_devices_each(print_one, &(struct printer){.out = out});

	fprintf(out, "To another process, a VM or a file:\n"
		     "  -d net_memif0,role=server,socket=/tmp/nsk.sock,socket-abstract=no\n"
		     "  -d net_vhost0,iface=/tmp/nsk-vhost.sock\n"
		     "  -d net_virtio_user0,path=/tmp/nsk-vhost.sock\n"
		     "  -d pcap:rx=IN.pcap,tx=OUT.pcap\n"
		     "Any of them with faults:\n"
		     "  -d fault:loss=1%%,delay=10ms,seed=7:DEVICE\n");
	return ready;
}
