/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsk_devices_list(): which devices this machine has and how to name them with -d. Reads /sys and
 * /proc only; EAL need not run and no device is touched.
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

/* The kernel's interface on a PCI device, "" if it has none. */
static void pci_iface(const char *address, char *name, size_t size)
{
	char path[300];
	struct dirent *d;
	DIR *dir;

	name[0] = '\0';
	snprintf(path, sizeof(path), PCI_DEVICES "/%.64s/net", address);
	dir = opendir(path);
	if (!dir)
		return;
	while ((d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.')
			snprintf(name, size, "%.*s", (int)size - 1, d->d_name);
	closedir(dir);
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

/* One NIC; 1 if it can be used as it is. */
static int list_pci_one(FILE *out, const char *address, const char *primary)
{
	char path[300], vendor[16], device[16], driver[64], iface[IFNAMSIZ];

	snprintf(path, sizeof(path), PCI_DEVICES "/%.64s/vendor", address);
	read_line(path, vendor, sizeof(vendor));
	snprintf(path, sizeof(path), PCI_DEVICES "/%.64s/device", address);
	read_line(path, device, sizeof(device));
	snprintf(path, sizeof(path), PCI_DEVICES "/%.64s/driver", address);
	read_target(path, driver, sizeof(driver));
	pci_iface(address, iface, sizeof(iface));
	fprintf(out, "  -d %-34s NIC %s:%s, ", address, vendor, device);
	if (driver_fits(driver)) {
		fprintf(out, "bound to %s: ready\n", driver);
		return 1;
	}
	fprintf(out, "%s%s%s%s", driver[0] ? "the kernel's " : "no driver", driver,
		iface[0] ? " as " : "", iface);
	if (iface[0] && strcmp(iface, primary) == 0)
		fprintf(out, ", carries this machine's default route: leave it\n");
	else
		fprintf(out, ": first 'dpdk-devbind.py --bind=vfio-pci %s' as root\n", address);
	return 0;
}

static int list_pci(FILE *out, const char *primary)
{
	struct dirent **names;
	int n = scandir(PCI_DEVICES, &names, NULL, alphasort), ready = 0;
	bool any = false;

	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.' && pci_is_nic(names[i]->d_name)) {
			if (!any)
				fprintf(out, "NICs on the PCI bus:\n");
			any = true;
			ready += list_pci_one(out, names[i]->d_name, primary);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return ready;
}

static int list_kernel_ifaces(FILE *out, const char *primary)
{
	struct if_nameindex *all = if_nameindex();
	int usable = 0;

	for (struct if_nameindex *i = all; i && i->if_index; i++) {
		char args[64];

		if (strcmp(i->if_name, "lo") == 0)
			continue;
		if (usable++ == 0)
			fprintf(out, "Interfaces of the kernel, shared with it (CAP_NET_RAW):\n");
		snprintf(args, sizeof(args), "net_af_packet0,iface=%s", i->if_name);
		fprintf(out, "  -d %-34s %s\n", args,
			strcmp(i->if_name, primary) == 0
				? "carries this machine's default route; take an address of your own"
				: "take an address that the kernel does not have");
	}
	if_freenameindex(all);
	return usable;
}

static int list_tap(FILE *out)
{
	bool there = access("/dev/net/tun", R_OK | W_OK) == 0;

	fprintf(out,
		"A virtual interface to this machine's kernel (CAP_NET_ADMIN, or 'unshare -Urn'):\n");
	fprintf(out, "  -d %-34s %s\n", "net_tap0,iface=nsk0",
		there ? "ready" : "no access to /dev/net/tun here");
	return there;
}

int nsk_devices_list(FILE *out)
{
	char primary[IFNAMSIZ];
	int usable;

	default_iface(primary, sizeof(primary));
	usable = list_pci(out, primary);
	usable += list_tap(out);
	usable += list_kernel_ifaces(out, primary);
	fprintf(out, "To another process, a VM or a file:\n"
		     "  -d net_memif0,role=server,socket=/tmp/nsk.sock,socket-abstract=no\n"
		     "  -d net_vhost0,iface=/tmp/nsk-vhost.sock\n"
		     "  -d net_virtio_user0,path=/tmp/nsk-vhost.sock\n"
		     "  -d pcap:rx=IN.pcap,tx=OUT.pcap\n"
		     "Any of them with faults:\n"
		     "  -d fault:loss=1%%,delay=10ms,seed=7:DEVICE\n");
	return usable;
}
