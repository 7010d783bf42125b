/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of port drivers, finding a row by what was given with -d, and the few steps that every
 * driver's open takes.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "counter.h"
#include "net/port.h"
#include "quirks.h"
#include "rows.h"

static const struct port_driver drivers[] = {
	{
		.name = "loop",
		.help = "one end of an in-process wire (nsk_config_add_wire)",
		.open = loop_open,
	},
	{
		.name = "callback",
		.help = "packets from and to the program (nsk_config_add_callback)",
		.open = callback_open,
	},
	{
		.name = "fault",
		.help = "fault:loss=1%,seed=7:DEVICE makes any device a bad one",
		.open = fault_open,
	},
	{
		.name = "pcap",
		.help = "pcap:rx=IN.pcap,tx=OUT.pcap reads and writes capture files",
		.open = pcapfile_open,
	},
	{
		.name = "tap",
		.help = "the kernel's twin of an interface (nsk_config_add_twin)",
		.open = tap_open,
	},
	{
		.name = "ethdev",
		.help = "any DPDK device: net_tap0,iface=nsk0 or a PCI address, handed to EAL as it is",
		.needs_eal_devices = true,
		.open = ethdev_open,
	},
};

const struct port_driver *port_driver_named(const char *name)
{
	for (size_t i = 0; i < NSK_ARRAY_LEN(drivers); i++)
		if (strcmp(drivers[i].name, name) == 0)
			return &drivers[i];
	return NULL;
}

const struct port_driver *port_driver_find(const char *devargs, const char **rest)
{
	for (size_t i = 0; i < NSK_ARRAY_LEN(drivers); i++) {
		size_t n = strlen(drivers[i].name);

		if (strncmp(devargs, drivers[i].name, n) == 0 && devargs[n] == ':') {
			*rest = devargs + n + 1;
			return &drivers[i];
		}
	}
	*rest = devargs;
	return port_driver_named("ethdev");
}

void port_needs(const char *devargs, struct port_needs *needs)
{
	const struct port_driver *driver = port_driver_find(devargs, &devargs);
	const struct quirk *quirk;
	size_t len;

	memset(needs, 0, sizeof(*needs));
	while (strcmp(driver->name, "fault") == 0) {
		devargs += strcspn(devargs, ":");
		if (*devargs != ':')
			return;
		driver = port_driver_find(devargs + 1, &devargs);
	}
	if (!driver->needs_eal_devices)
		return;
	quirk = quirk_of_devargs(devargs);
	needs->device = devargs;
	needs->pci = devargs_is_pci(devargs, &len) || strncmp(devargs, "pci:", 4) == 0;
	needs->single_file = quirk->single_file;
	needs->no_in_memory = quirk->no_in_memory;
}

int port_open_fail(const struct port_open *open, int rc, const char *fmt, ...)
{
	va_list ap;

	if (!open->error || !open->error_size)
		return rc;
	va_start(ap, fmt);
	vsnprintf(open->error, open->error_size, fmt, ap);
	va_end(ap);
	return rc;
}

void port_init(struct port *port, const struct port_ops *ops, const struct port_open *open,
	       const char *driver)
{
	const char *name = open->devargs && open->devargs[0] ? open->devargs : driver;

	port->ops = ops;
	port->log = open->log;
	snprintf(port->name, sizeof(port->name), "%s", name);
	snprintf(port->driver, sizeof(port->driver), "%s", driver);
}

void port_stats_read(const struct port_stats *from, struct port_stats *to)
{
	to->rx_packets = counter_read(&from->rx_packets);
	to->rx_bytes = counter_read(&from->rx_bytes);
	to->tx_packets = counter_read(&from->tx_packets);
	to->tx_bytes = counter_read(&from->tx_bytes);
	to->rx_missed = counter_read(&from->rx_missed);
	to->rx_errors = counter_read(&from->rx_errors);
	to->tx_errors = counter_read(&from->tx_errors);
	to->tx_unfit = counter_read(&from->tx_unfit);
	to->tx_down = counter_read(&from->tx_down);
	to->rx_nobuf = counter_read(&from->rx_nobuf);
	to->injected = counter_read(&from->injected);
	to->marked = counter_read(&from->marked);
	to->duplicated = counter_read(&from->duplicated);
	to->corrupted = counter_read(&from->corrupted);
	to->held = counter_read(&from->held);
}
