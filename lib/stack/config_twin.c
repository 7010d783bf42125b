/* SPDX-License-Identifier: BSD-3-Clause */
/* Twins of interfaces in a configuration, and what goes there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ip/punt.h"
#include "stack/config.h"

#define TWIN_TEXT_MAX 256

static int invalid(void)
{
	errno = EINVAL;
	return -1;
}

/* The device that it belongs to, which has none yet; NULL with a text. */
static struct config_device *without_twin(struct nsk_config *config, const char *twin)
{
	struct config_device *d = config->ndevices ? &config->device[config->ndevices - 1] : NULL;

	if (!d)
		config_fail(config, EINVAL, "twin \"%.60s\" without a device before: it is one's",
			    twin);
	else if (d->twin || d->twin_object)
		config_fail(config, EEXIST, "the device has a twin already%s%.60s",
			    d->twin ? ": " : "", d->twin ? d->twin : "");
	else
		return d;
	return NULL;
}

static bool name_taken(const struct nsk_config *config, const char *twin)
{
	for (unsigned i = 0; i < config->ndevices; i++)
		if (config->device[i].twin && strcmp(config->device[i].twin, twin) == 0)
			return true;
	return false;
}

/* A name by itself is the tap's. */
int nsk_config_add_twin(struct nsk_config *config, const char *name)
{
	struct config_device *d;
	char twin[TWIN_TEXT_MAX];
	int n;

	if (!config || !name)
		return invalid();
	n = snprintf(twin, sizeof(twin), "%s%s",
		     strcspn(name, ":") < strcspn(name, ",") ? "" : "tap:", name);
	d = without_twin(config, name);
	if (!d)
		return -1;
	if (name[0] == '\0' || (size_t)n >= sizeof(twin))
		return config_fail(config, EINVAL,
				   "twin \"%.60s\" has no name of 1 to 15 characters", name);
	if (name_taken(config, twin))
		return config_fail(config, EEXIST, "twin \"%.60s\" is there already", name);
	d->twin = strdup(twin);
	if (!d->twin)
		return config_fail(config, ENOMEM, "no memory");
	d->twin_at = config->here;
	return 0;
}

int nsk_config_add_twin_callback(struct nsk_config *config, struct nsk_callback_port *port)
{
	struct config_device *d;

	if (!config || !port)
		return invalid();
	d = without_twin(config, "callback");
	if (!d)
		return -1;
	d->twin_object = port;
	d->twin_at = config->here;
	return 0;
}

int config_device_punts(struct nsk_config *config)
{
	struct config_device *d = config->ndevices ? &config->device[config->ndevices - 1] : NULL;

	if (!d)
		return config_fail(config, EINVAL, "punt without a device before: it is one's");
	if (!d->punts)
		d->punt_at = config->here;
	d->punts = true;
	return 0;
}

int nsk_config_add_punt(struct nsk_config *config, const char *rule)
{
	struct config_device *d;
	int rc;

	if (!config || !rule)
		return invalid();
	if (config_device_punts(config))
		return -1;
	d = &config->device[config->ndevices - 1];
	if (d->npunts == TWIN_RULES_MAX)
		return config_fail(config, ENOSPC,
				   "punt \"%.60s\": an interface has %d rules at most", rule,
				   TWIN_RULES_MAX);
	rc = punt_parse(rule, &d->punt[d->npunts]);
	if (rc == -ERANGE)
		return config_fail(config, EINVAL,
				   "punt \"%.60s\": ports are numbers from 1 to 65535, of two the "
				   "lower one first",
				   rule);
	if (rc)
		return config_fail(
			config, EINVAL,
			"punt \"%.60s\": bgp, bfd, ospf, ssh, icmp and no-listener are possible, or "
			"a protocol, tcp, udp or a number from 1 to 254, with ports as in tcp:8080, "
			"udp:3784-3785 or tcp:179/both",
			rule);
	for (unsigned i = 0; i < d->npunts; i++)
		if (memcmp(&d->punt[i], &d->punt[d->npunts], sizeof(d->punt[i])) == 0)
			return config_fail(config, EEXIST, "punt \"%.60s\" is there already", rule);
	d->npunts++;
	return 0;
}

/* In the words of where it was written: options have names and no lines. */
static bool is_option(const struct config_place *at)
{
	return at->name && !at->line;
}

static const char *twin_word(const struct config_place *at)
{
	return is_option(at) ? "--twin eth0k" : "twin = \"eth0k\"";
}

static const char *punt_word(const struct config_place *at)
{
	return is_option(at) ? "--punt bgp --punt icmp, for example"
			     : "punt = [ \"bgp\", \"icmp\" ], for example, or [ ]";
}

int config_check_twins(struct nsk_config *config)
{
	for (unsigned i = 0; i < config->ndevices; i++) {
		const struct config_device *d = &config->device[i];
		bool twin = d->twin || d->twin_object;

		if (d->mirror && (!d->twin || strncmp(d->twin, "tap:", 4) != 0))
			return config_fail_at(config, &d->mirror_at, EINVAL,
					      "mirror without a twin of the kernel's: %s makes one",
					      twin_word(&d->mirror_at));
		if (d->punts && !twin)
			return config_fail_at(config, &d->punt_at, EINVAL,
					      "punt without a twin: %s makes one for what is to go "
					      "there",
					      twin_word(&d->punt_at));
		if (twin && !d->punts)
			return config_fail_at(config, &d->twin_at, EINVAL,
					      "a twin without punt, which says what goes there: %s",
					      punt_word(&d->twin_at));
	}
	return 0;
}
