/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Filling a configuration by calls: what a file and a command line do as well, each by way of
 * these. Everything is copied and bounded; each failure leaves a text that says what is wrong and
 * what is allowed.
 */
#include "stack/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "stack/eal_args.h"
#include "stack/secret.h"
#include "stack/settings.h"

#define DEVARGS_MAX 1024
#define FAULTS_MAX  256

/* ---- errors -------------------------------------------------------------------------------- */

static int no_memory(struct nsk_config *config)
{
	return config_fail(config, ENOMEM, "no memory");
}

static int invalid(void)
{
	errno = EINVAL;
	return -1;
}

/* ---- life ---------------------------------------------------------------------------------- */

struct nsk_config *nsk_config_new(void)
{
	struct nsk_config *config = calloc(1, sizeof(*config));

	if (!config)
		return NULL;
	config->set_at = calloc(settings_count, sizeof(config->set_at[0]));
	if (!config->set_at) {
		free(config);
		return NULL;
	}
	config->here.name = "";
	settings_defaults(&config->set);
	config->nworkers = 1;
	config->cpu[0] = -1;
	config->log_level = NSK_LOG_WARN;
	return config;
}

void nsk_config_free(struct nsk_config *config)
{
	if (!config)
		return;
	for (unsigned i = 0; i < config->ndevices; i++) {
		free(config->device[i].devargs);
		free(config->device[i].faults);
		free(config->device[i].twin);
	}
	while (config->files) {
		struct config_file_name *next = config->files->next;

		free(config->files);
		config->files = next;
	}
	free(config->set_at);
	free(config->route);
	explicit_bzero(&config->cluster, sizeof(config->cluster));
	free(config);
}

const char *nsk_config_error(const struct nsk_config *config)
{
	return config ? config->error : "";
}

/* ---- settings ------------------------------------------------------------------------------ */

/* Notes where a setting, or each of three, was given. */
static void place_setting(struct nsk_config *config, const char *key)
{
	const struct setting_triple *triple = settings_triple(key);

	if (!triple)
		*config_set_at(config, settings_find(key)) = config->here;
	for (unsigned i = 0; triple && i < NSK_ARRAY_LEN(triple->name); i++)
		*config_set_at(config, settings_find(triple->name[i])) = config->here;
}

int nsk_config_set(struct nsk_config *config, const char *key, const char *value)
{
	char error[SETTINGS_ERROR_MAX];
	int rc;

	if (!config || !key || !value)
		return invalid();
	rc = settings_set(&config->set, key, value, error, sizeof(error));
	if (rc)
		return config_fail(config, -rc, "%s", error);
	place_setting(config, key);
	return 0;
}

int nsk_config_get(const struct nsk_config *config, const char *key, char *value, size_t size)
{
	int n;

	if (!config || !key || (!value && size))
		return invalid();
	n = settings_get(&config->set, key, value, size);
	if (n < 0) {
		errno = -n;
		return -1;
	}
	return n;
}

static bool same_place(const struct config_place *a, const struct config_place *b)
{
	return a->name == b->name && a->line == b->line;
}

/* The place of the first setting that somebody has given, and then that of the other. */
int config_check(struct nsk_config *config)
{
	const struct setting *about[2];
	char error[SETTINGS_ERROR_MAX], place[CONFIG_PLACE_MAX] = "";
	int rc = settings_check(&config->set, about, error, sizeof(error));
	unsigned first;

	if (rc == 0)
		return config_check_twins(config);
	first = about[1] && !config_set_at(config, about[0])->name;
	if (about[!first] &&
	    !same_place(config_set_at(config, about[0]), config_set_at(config, about[1])))
		config_place_text(config_set_at(config, about[!first]), place, sizeof(place));
	return config_fail_at(config, config_set_at(config, about[first]), -rc,
			      place[0] ? "%s (%s is set by %s)" : "%s", error,
			      place[0] ? about[!first]->name : "", place);
}

/* ---- devices ------------------------------------------------------------------------------- */

static struct config_device *new_device(struct nsk_config *config, enum config_device_kind kind)
{
	if (config->ndevices == IFACE_DEVICES_MAX) {
		config_fail(config, ENOSPC, "a stack has %d devices at most", IFACE_DEVICES_MAX);
		return NULL;
	}
	config->device[config->ndevices] = (struct config_device){.kind = kind, .at = config->here};
	return &config->device[config->ndevices];
}

static struct config_device *last_device(struct nsk_config *config)
{
	return config->ndevices ? &config->device[config->ndevices - 1] : NULL;
}

/*
 * The part of devargs by which DPDK knows a device ("net_tap0" of "vdev:net_tap0,iface=nsk0"), 0
 * long for those of our own drivers ("pcap:rx=…", of which several may read one file) and for forms
 * that name it by a key ("bus=pci,addr=…").
 */
static size_t device_name_len(const char **name)
{
	const char *devargs = *name += strncmp(*name, "vdev:", 5) == 0 ? 5 : 0;
	size_t n = strcspn(devargs, ",");
	size_t word = strspn(devargs, "abcdefghijklmnopqrstuvwxyz");

	if (memchr(devargs, '=', n) || (word > 0 && devargs[word] == ':'))
		return 0;
	return n;
}

static const struct config_device *same_device(const struct nsk_config *config, const char *devargs)
{
	size_t n = device_name_len(&devargs);

	for (unsigned i = 0; n && i < config->ndevices; i++) {
		const struct config_device *d = &config->device[i];
		const char *name = d->devargs;

		if (d->kind == CONFIG_DEVARGS && device_name_len(&name) == n &&
		    strncmp(name, devargs, n) == 0)
			return d;
	}
	return NULL;
}

static int check_devargs(struct nsk_config *config, const char *devargs)
{
	if (devargs[0] == '\0')
		return config_fail(config, EINVAL, "the device has no name");
	if (devargs[0] == '-')
		return config_fail(config, EINVAL,
				   "\"%.60s\" looks like an option, not like a device", devargs);
	if (strlen(devargs) >= DEVARGS_MAX)
		return config_fail(config, ENAMETOOLONG,
				   "device \"%.60s...\": longer than %d characters", devargs,
				   DEVARGS_MAX - 1);
	for (const char *c = devargs; *c; c++)
		if (!isgraph((unsigned char)*c))
			return config_fail(
				config, EINVAL,
				"device \"%.200s\": a blank or a character that does not print",
				devargs);
	if (same_device(config, devargs))
		return config_fail(config, EEXIST, "device \"%.*s\" is there already",
				   (int)NSK_MIN(strcspn(devargs, ","), (size_t)60), devargs);
	return 0;
}

static int add_plain(struct nsk_config *config, const char *devargs)
{
	struct config_device *d;

	if (check_devargs(config, devargs))
		return -1;
	d = new_device(config, CONFIG_DEVARGS);
	if (!d)
		return -1;
	d->devargs = strdup(devargs);
	if (!d->devargs)
		return no_memory(config);
	config->ndevices++;
	return 0;
}

/* "loss=1%,seed=7:net_tap0,iface=nsk0": what is wrong with the whole is found before anything is
 * added. */
static int add_faulty(struct nsk_config *config, const char *rest)
{
	const char *colon = strchr(rest, ':');
	char faults[FAULTS_MAX];

	if (!colon || colon == rest || (size_t)(colon - rest) >= sizeof(faults))
		return config_fail(config, EINVAL,
				   "device \"fault:%.100s\": write fault:FAULTS:DEVICE, such as "
				   "fault:loss=1%%,seed=7:net_tap0",
				   rest);
	if (strncmp(colon + 1, "vlan:", 5) == 0)
		return config_fail(
			config, EINVAL,
			"device \"fault:%.100s\": faults are of the device that the VLAN "
			"is on",
			rest);
	if (strncmp(colon + 1, "fault:", 6) == 0)
		return config_fail(
			config, EINVAL,
			"device \"fault:%.100s\": one fault: is enough, it takes several faults",
			rest);
	snprintf(faults, sizeof(faults), "%.*s", (int)(colon - rest), rest);
	if (add_plain(config, colon + 1))
		return -1;
	if (nsk_config_add_fault(config, faults)) {
		free(config->device[--config->ndevices].devargs);
		return -1;
	}
	return 0;
}

/* A VLAN's number at *text, which goes behind it; 0: there is none. */
static uint16_t vlan_number(const char **text)
{
	char *end;
	unsigned long n;

	if (!isdigit((unsigned char)**text))
		return 0;
	n = strtoul(*text, &end, 10);
	*text = end;
	return n <= VLAN_ID_MAX ? (uint16_t)n : 0;
}

/* "eth0,100", or "eth0,10.100": the outer tag (802.1ad) and the inner one. */
static bool read_vlan(const char *text, struct config_device *d)
{
	size_t n = strcspn(text, ",");

	if (n == 0 || n >= IFACE_NAME_MAX || text[n] != ',')
		return false;
	snprintf(d->parent, sizeof(d->parent), "%.*s", (int)n, text);
	text += n + 1;
	d->vlan.inner = vlan_number(&text);
	if (*text == '.') {
		text++;
		d->vlan.outer = d->vlan.inner;
		d->vlan.inner = vlan_number(&text);
		if (!d->vlan.outer)
			return false;
	}
	return d->vlan.inner && *text == '\0';
}

static int add_vlan(struct nsk_config *config, const char *devargs)
{
	struct config_device *d, vlan = {.kind = CONFIG_VLAN};

	if (strlen(devargs) >= DEVARGS_MAX || !read_vlan(devargs + strlen("vlan:"), &vlan))
		return config_fail(config, EINVAL,
				   "device \"%.100s\": write vlan:INTERFACE,NUMBER, such as "
				   "vlan:eth0,100, or vlan:eth0,10.100 for a VLAN (1 to %d) in "
				   "another",
				   devargs, VLAN_ID_MAX);
	for (unsigned i = 0; i < config->ndevices; i++)
		if (config->device[i].kind == CONFIG_VLAN &&
		    strcmp(config->device[i].devargs, devargs) == 0)
			return config_fail(config, EEXIST, "device \"%.60s\" is there already",
					   devargs);
	d = new_device(config, CONFIG_VLAN);
	if (!d)
		return -1;
	snprintf(d->parent, sizeof(d->parent), "%s", vlan.parent);
	d->vlan = vlan.vlan;
	d->devargs = strdup(devargs);
	if (!d->devargs)
		return no_memory(config);
	config->ndevices++;
	return 0;
}

int nsk_config_add_device(struct nsk_config *config, const char *devargs)
{
	if (!config || !devargs)
		return invalid();
	if (strncmp(devargs, "vlan:", 5) == 0)
		return add_vlan(config, devargs);
	if (strncmp(devargs, "fault:", 6) == 0)
		return add_faulty(config, devargs + 6);
	return add_plain(config, devargs);
}

static int add_object(struct nsk_config *config, enum config_device_kind kind, void *object,
		      unsigned end)
{
	struct config_device *d;

	for (unsigned i = 0; i < config->ndevices; i++)
		if (config->device[i].kind == kind && config->device[i].object == object &&
		    config->device[i].end == end)
			return config_fail(config, EEXIST, "this %s is there already",
					   kind == CONFIG_WIRE ? "end of the wire"
							       : "callback port");
	d = new_device(config, kind);
	if (!d)
		return -1;
	d->object = object;
	d->end = end;
	config->ndevices++;
	return 0;
}

int nsk_config_add_wire(struct nsk_config *config, struct nsk_wire *wire, unsigned end)
{
	if (!config || !wire)
		return invalid();
	if (end > 1)
		return config_fail(config, EINVAL, "a wire has the ends 0 and 1, not %u", end);
	return add_object(config, CONFIG_WIRE, wire, end);
}

int nsk_config_add_callback(struct nsk_config *config, struct nsk_callback_port *port)
{
	return config && port ? add_object(config, CONFIG_CALLBACK, port, 0) : invalid();
}

int nsk_config_add_fault(struct nsk_config *config, const char *faults)
{
	struct config_device *d = config ? last_device(config) : NULL;

	if (!config || !faults)
		return invalid();
	if (!d)
		return config_fail(config, EINVAL, "faults \"%.60s\" without a device before",
				   faults);
	if (d->kind == CONFIG_VLAN)
		return config_fail(config, EINVAL,
				   "faults \"%.60s\": they are of the device that the VLAN is on",
				   faults);
	if (d->faults)
		return config_fail(config, EEXIST, "the device has faults already: \"%.60s\"",
				   d->faults);
	if (faults[0] == '\0' || strlen(faults) >= FAULTS_MAX)
		return config_fail(config, EINVAL, "faults \"%.60s\": 1 to %d characters", faults,
				   FAULTS_MAX - 1);
	d->faults_at = config->here;
	d->faults = strdup(faults);
	return d->faults ? 0 : no_memory(config);
}

static bool name_taken(const struct nsk_config *config, const char *name)
{
	for (unsigned i = 0; i < config->ndevices; i++)
		if (strcmp(config->device[i].name, name) == 0)
			return true;
	return false;
}

int config_device_name(struct nsk_config *config, const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	struct config_device *d = last_device(config);

	if (name[0] == '\0' || strlen(name) >= IFACE_NAME_MAX || name[strspn(name, allowed)])
		return config_fail(
			config, EINVAL,
			"interface name \"%.60s\": 1 to %d letters, digits, '_', '.' or '-'", name,
			IFACE_NAME_MAX - 1);
	if (strcmp(name, "lo") == 0)
		return config_fail(config, EINVAL,
				   "interface name \"lo\": the loopback interface's, which every "
				   "stack has");
	if (name_taken(config, name))
		return config_fail(config, EEXIST, "an interface \"%s\" is there already", name);
	snprintf(d->name, sizeof(d->name), "%s", name);
	return 0;
}

int config_device_mtu(struct nsk_config *config, const char *text)
{
	struct config_device *d = last_device(config);
	char error[SETTINGS_ERROR_MAX];
	uint64_t mtu;
	int rc = settings_parse(settings_find("mtu"), text, &mtu, error, sizeof(error));

	if (rc)
		return config_fail(config, -rc, "%s", error);
	d->mtu = (uint32_t)mtu;
	d->mtu_at = config->here;
	return 0;
}

int config_device_mac(struct nsk_config *config, const char *text)
{
	struct config_device *d = last_device(config);
	struct eth_addr mac;

	if (eth_addr_parse(&mac, text) || eth_addr_is_multicast(&mac) || eth_addr_is_zero(&mac))
		return config_fail(
			config, EINVAL,
			"mac \"%.60s\": the address of one station, such as 02:00:00:00:00:01",
			text);
	d->mac = mac;
	d->mac_at = config->here;
	d->has_mac = true;
	return 0;
}

/* ---- the rest ------------------------------------------------------------------------------ */

int nsk_config_eal(struct nsk_config *config, const char *args)
{
	struct eal_args split;
	char error[128];
	size_t have, n;

	if (!config || !args)
		return invalid();
	have = strlen(config->eal_args);
	n = strlen(args);
	if (have + (have > 0) + n >= sizeof(config->eal_args))
		return config_fail(config, ENAMETOOLONG, "EAL arguments: more than %d characters",
				   CONFIG_EAL_MAX - 1);
	if (eal_args_split(&split, args, error, sizeof(error)))
		return config_fail(config, EINVAL, "%s", error);
	if (have > 0)
		config->eal_args[have++] = ' ';
	memcpy(config->eal_args + have, args, n + 1);
	config->eal_at = config->here;
	return 0;
}

int nsk_config_no_huge(struct nsk_config *config, bool no_huge)
{
	if (!config)
		return invalid();
	config->no_huge = no_huge;
	return 0;
}

void nsk_config_clock(struct nsk_config *config, uint64_t (*now_ns)(void *arg), void *arg)
{
	config->clock = now_ns;
	config->clock_arg = arg;
}

void nsk_config_seed(struct nsk_config *config, uint64_t seed)
{
	config->seeded = true;
	config->seed = seed;
}

void nsk_config_log(struct nsk_config *config, nsk_log_fn fn, void *arg, enum nsk_log_level level)
{
	if (fn) {
		config->log_fn = fn;
		config->log_arg = arg;
	}
	config->log_level = level;
}

int config_log_level(struct nsk_config *config, const char *name)
{
	int level = strcmp(name, "warn") == 0 ? NSK_LOG_WARN : log_level_parse(name);

	if (level < 0)
		return config_fail(config, EINVAL,
				   "log level \"%.40s\": none, error, warning, info or debug",
				   name);
	config->log_level = (enum nsk_log_level)level;
	return 0;
}

int nsk_config_control(struct nsk_config *config, const char *path)
{
	if (!config)
		return invalid();
	if (path && path[0] == '\0')
		return config_fail(
			config, EINVAL,
			"control socket \"\": a name or a path; there is none where nobody "
			"asks for one");
	if (path && strlen(path) >= CONFIG_PATH_MAX)
		return config_fail(config, ENAMETOOLONG,
				   "control socket \"%.150s\": a path of %d characters at most",
				   path, CONFIG_PATH_MAX - 1);
	snprintf(config->control, sizeof(config->control), "%s", path ? path : "");
	config->control_at = config->here;
	return 0;
}

int nsk_config_secret_file(struct nsk_config *config, const char *path)
{
	char error[CONFIG_ERROR_MAX];
	int rc;

	if (!config || !path)
		return invalid();
	rc = secret_read(path, &config->cluster, error, sizeof(error));
	if (rc)
		return config_fail(config, -rc, "%s", error);
	config->clustered = true;
	return 0;
}

void nsk_config_events(struct nsk_config *config,
		       void (*fn)(void *arg, const struct nsk_event *event), void *arg)
{
	config->event_fn = fn;
	config->event_arg = arg;
}

unsigned nsk_config_fail_step(struct nsk_config *config, unsigned step)
{
	config->fail_step = step;
	return config->steps;
}
