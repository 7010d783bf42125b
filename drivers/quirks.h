/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What DPDK drivers need or get wrong, one row each. The rest of the ethdev driver believes what a
 * device reports, except for what stands here.
 */
#ifndef NSK_DRIVERS_QUIRKS_H
#define NSK_DRIVERS_QUIRKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

struct quirk {
	const char *driver;  /* as the device reports it and as vdevs are named: "net_tap" */
	const char *package; /* Debian's name of it */
	/*
	 * Arguments that 22.11's has, with blanks between; NULL: no virtual device. Behind a '='
	 * what a value is: text, num, bool, mac or one of several words; without one it takes none.
	 * A '+' at the end: it may come again.
	 */
	const char *keys;
	bool single_file;  /* EAL: --single-file-segments when hugepages are used */
	bool no_in_memory; /* EAL: not with --in-memory */
	bool no_rss;	   /* says it has RSS, does not spread by the hash that was asked for */
	bool no_ethernet;  /* carries IP packets without a link header */
	bool tags_alike;   /* gives tags of 802.1ad as those of 802.1Q */
	bool chains;	   /* receives into chains of buffers without reporting SCATTER */
	bool external;	   /* copies what it sends, or the kernel does, before tx_burst() returns */
	bool rx_intr;	   /* has receive interrupts: they are asked for, see ethdev_intr.c */
	bool packed_whole; /* sends whole buffers alone where its rings are packed */
	bool merges;	/* its LRO was tried: says what it put together, and the segments' size */
	bool odd_sums;	/* sums chains up itself, wrongly behind a buffer of odd length */
	bool link_mute; /* a bond of it does not hear that its link went down */
	bool rx_fds;	/* its queues' descriptors are wanted: rx interrupts configured */
	uint32_t offloads_off; /* enum port_offload that it reports and must not be used */
	uint16_t queues_max;   /* 0: as reported */
	uint32_t mtu_max;      /* 0: as reported */
	/*
	 * Looked at before the device is probed: what would fail obscurely fails here, 0 or -errno
	 * with a text that says what to do. Also tidies up (stale sockets) and warns. May be NULL.
	 */
	int (*prepare)(const char *devargs, const struct log *log, char *error, size_t size);
	/* After each start of the device; warns of what it could not do. May be NULL. */
	void (*started)(uint16_t port, uint16_t rx_queues, const struct log *log);
	const char *reason; /* why, for whoever reads the row or --log=debug */
};

/* A row without any quirk. */
extern const struct quirk quirk_none;

/* The row of a driver's name ("net_tap"). Never NULL. */
const struct quirk *quirk_of_driver(const char *driver);

/* The row of a virtual device named in devargs ("net_tap0,iface=nsk0"); quirk_none for PCI and
 * unknown ones. */
const struct quirk *quirk_of_devargs(const char *devargs);

/* True if it names a virtual device of this driver: net_tap, net_tap0 and net_tap_lan are of
 * net_tap, net_tapestry0 is not. */
bool devargs_is_of(const char *devargs, const char *driver);

/* The row whose driver EAL would take for a name that is of none in the table: it looks at how the
 * name begins alone. NULL: there is none. */
const struct quirk *quirk_taken_for(const char *name);

/* Drivers of virtual devices in the table, "net_tap net_tun ..."; text. */
const char *quirk_virtual_names(char *text, size_t size);

/* True for "0000:00:08.0", "00:08.0" and the like, with or without arguments behind; @len: of the
 * address. */
bool devargs_is_pci(const char *devargs, size_t *len);

/* devargs.c: 0, or -EINVAL and a text when there are arguments that the driver does not have, or
 * values that they do not take. */
int devargs_check(const struct quirk *quirk, const char *devargs, char *error, size_t size);

/* quirks_check.c: the prepare functions. */
int prepare_tun(const char *devargs, const struct log *log, char *error, size_t size);
int prepare_tap(const char *devargs, const struct log *log, char *error, size_t size);
int prepare_virtio_user(const char *devargs, const struct log *log, char *error, size_t size);
int prepare_vhost(const char *devargs, const struct log *log, char *error, size_t size);
int prepare_memif(const char *devargs, const struct log *log, char *error, size_t size);
int prepare_af_packet(const char *devargs, const struct log *log, char *error, size_t size);
int prepare_pcap(const char *devargs, const struct log *log, char *error, size_t size);

/* bond.c: the members are there and can be members. */
int prepare_bonding(const char *devargs, const struct log *log, char *error, size_t size);

/* tap_signal.c: the signals of net_tap go to EAL's own thread, and the kernel's side gets a MAC. */
void started_tun(uint16_t port, uint16_t rx_queues, const struct log *log);
void started_tap(uint16_t port, uint16_t rx_queues, const struct log *log);

#endif
