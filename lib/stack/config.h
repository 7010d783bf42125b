/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration as the stack's builder reads it. Filled by config.c (calls), config_file.c
 * (libconfig) and args.c (command line); settings by way of the table in settings.c.
 */
#ifndef NSK_STACK_CONFIG_H
#define NSK_STACK_CONFIG_H

#include <netstk/config.h>
#include <netstk/stack.h>

#include "base/addr.h"
#include "base/settings.h"
#include "base/siphash.h"
#include "net/iface.h"
#include "net/port.h"
#include "net/twin.h"

#define CONFIG_WORKERS_MAX 64
#define CONFIG_ADDRS_MAX   16 /* of an interface */
#define CONFIG_ROUTES_MAX  1024
#define CONFIG_NEIGHS_MAX  32 /* of an interface */
#define CONFIG_ERROR_MAX   512
#define CONFIG_EAL_MAX	   1024
#define CONFIG_PATH_MAX	   108 /* sun_path */
#define CONFIG_PLACE_MAX   280

/*
 * Where something was configured: a line of a file or an option (line 0). Name "": by a call; NULL:
 * nowhere, it is a default. What is kept has its place beside it, and each error begins with one.
 */
struct config_place {
	const char *name;
	unsigned line;
};

enum config_device_kind {
	CONFIG_DEVARGS,	 /* named by a string: drivers/table.c decides */
	CONFIG_WIRE,	 /* end of a struct nsk_wire */
	CONFIG_CALLBACK, /* struct nsk_callback_port */
	CONFIG_VLAN,	 /* on a VLAN of an interface that stands before it */
};

struct config_neigh {
	struct ip_addr addr;
	struct eth_addr mac;
	struct config_place at;
};

struct config_device {
	enum config_device_kind kind;
	char *devargs;		     /* CONFIG_DEVARGS, CONFIG_VLAN */
	char parent[IFACE_NAME_MAX]; /* CONFIG_VLAN, and which: */
	struct vlan vlan;
	void *object;		   /* the others */
	unsigned end;		   /* CONFIG_WIRE */
	char *faults;		   /* NULL: not wrapped */
	char name[IFACE_NAME_MAX]; /* interface name; "" : made from the device by the builder */
	uint32_t mtu;		   /* 0: the setting */
	bool rp_filter;		   /* forwards only from where the way back leads */
	bool proxy_arp;		   /* a router answers for those behind other interfaces */
	bool has_mac;
	struct eth_addr mac; /* instead of the device's own */
	char *twin;	     /* the way to the kernel, as a device is named; NULL: none */
	void *twin_object;   /* or a callback port */
	bool mirror;	     /* what the kernel has on it is the stack's as well */
	bool punts;	     /* it was said what goes there */
	unsigned npunts;
	struct twin_rule punt[TWIN_RULES_MAX];
	struct config_place twin_at, punt_at, mirror_at;
	unsigned nneighs;
	struct config_neigh neigh[CONFIG_NEIGHS_MAX];
	bool automatic; /* addresses of routers' advertisements */
	bool dhcp;	/* an IPv4 address of a DHCP server */
	uint16_t naddrs;
	struct ip_prefix addrs[CONFIG_ADDRS_MAX];
	struct config_place at, faults_at, mtu_at, mac_at, automatic_at, dhcp_at,
		addrs_at[CONFIG_ADDRS_MAX];
};

struct config_route {
	struct ip_prefix dst;	    /* len 0: default */
	struct ip_addr gateway;	    /* family 0: on-link */
	char iface[IFACE_NAME_MAX]; /* "": the one that reaches the gateway */
	uint32_t metric;
	struct ip_addr src; /* family 0: the interface's */
	uint8_t type;	    /* enum route_type; none but unicast has a gateway or an interface */
	uint16_t weight;    /* 0: alone with its metric */
	struct config_place at;
};

/* The name of a file that was read; places point to it. */
struct config_file_name {
	struct config_file_name *next;
	char name[];
};

struct setting;

struct nsk_config {
	struct settings set;
	struct config_place *set_at; /* of each setting, in the order of the table */
	unsigned ndevices;
	struct config_device device[IFACE_DEVICES_MAX];
	unsigned nroutes;
	struct config_route *route;  /* CONFIG_ROUTES_MAX at most */
	unsigned nworkers;	     /* ≥ 1 */
	int cpu[CONFIG_WORKERS_MAX]; /* core of each worker, -1: not pinned */
	char eal_args[CONFIG_EAL_MAX];
	struct config_place eal_at; /* the last of them */
	bool no_huge;
	uint64_t (*clock)(void *arg); /* NULL: the system's */
	void *clock_arg;
	bool seeded;
	uint64_t seed;
	nsk_log_fn log_fn; /* NULL: stderr */
	void *log_arg;
	enum nsk_log_level log_level;
	char control[CONFIG_PATH_MAX]; /* "": none */
	struct config_place control_at;
	bool clustered; /* other nodes have the same secret, this */
	struct siphash_key cluster;
	void (*event_fn)(void *arg, const struct nsk_event *event);
	void *event_arg;
	uint32_t given;	    /* options that nsk_config_args() took, by their rows */
	unsigned fail_step; /* make this step of building fail */
	unsigned steps;	    /* steps the last build took */
	struct config_file_name *files;
	struct config_place here; /* what is being read */
	char error[CONFIG_ERROR_MAX];
};

/* config_place.c: puts a text into config->error, behind the place of what is being read; returns
 * -1 with errno = err. */
int config_fail(struct nsk_config *config, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for another place; -err, errno is left alone. */
int config_fail_at(struct nsk_config *config, const struct config_place *at, int err,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Puts a place in front of the text that is there. */
void config_put_place(struct nsk_config *config, const struct config_place *at);
/* "echo.conf:12", "-o", "" for calls and defaults; returns buf. */
const char *config_place_text(const struct config_place *at, char *buf, size_t size);
/* A copy of a file's name that lives as long as the configuration; NULL: no memory. */
const char *config_file_named(struct nsk_config *config, const char *name);
/* The place of a setting. */
struct config_place *config_set_at(const struct nsk_config *config, const struct setting *row);

/* config.c: properties of the device added last that a file can give. 0, or -1 with errno and a
 * text. */
int config_device_name(struct nsk_config *config, const char *name);
int config_device_mtu(struct nsk_config *config, const char *text);
int config_device_mac(struct nsk_config *config, const char *text);
/* config_neigh.c: "192.0.2.9 lladdr 02:00:00:00:00:09". */
int config_device_neigh(struct nsk_config *config, const char *text);
/* config_twin.c: the list of rules is there, empty as it may be. */
int config_device_punts(struct nsk_config *config);
/* What is missing, once all is there. */
int config_check_twins(struct nsk_config *config);
int config_log_level(struct nsk_config *config, const char *name);
/* "default" or a prefix without bits behind its length; the address of one station. */
int config_destination(struct nsk_config *config, const char *text, struct ip_prefix *dst);
int config_gateway(struct nsk_config *config, const char *text, struct ip_addr *gateway);
/* "unicast", "blackhole" …; the address of one station to send from. */
int config_route_type(struct nsk_config *config, const char *text, uint8_t *type);
int config_route_source(struct nsk_config *config, const char *text, struct ip_addr *src);

/* A route as it is written; NULL: it is not. */
struct config_route_text {
	const char *destination, *gateway, *iface, *source, *type;
	uint32_t metric;
	uint16_t weight;
};

/* config_net.c: adds one. 0, or -1 with errno and a text. */
int config_add_route(struct nsk_config *config, const struct config_route_text *text);

/* What only the whole can show: settings that contradict each other. Asked when a stack is made. 0,
 * or -errno with a text. */
int config_check(struct nsk_config *config);

/*
 * config_text.c: a configuration file with everything it includes as one text, and where each of
 * its lines came from.
 * `@include "PATH"` on a line of its own; a relative path begins at the folder of the file that
 * includes.
 */
struct config_text {
	char *text; /* with a NUL behind; NULL when empty */
	size_t len, room;
	struct config_place *line; /* nlines of them: line n of the text is line[n - 1] */
	unsigned nlines;
	unsigned nfiles;
};

/* 0, or -1 with errno and a text in config. What was read is to be freed in either case. */
int config_text_read(struct nsk_config *config, struct config_text *text, const char *path);
void config_text_free(struct config_text *text);
/* File and line of line n (from 1) of the text. */
struct config_place config_text_place(const struct config_text *text, unsigned n);
/* Where line n begins, "" if there is none. */
const char *config_text_line(const struct config_text *text, unsigned n);

#endif
