/* SPDX-License-Identifier: BSD-3-Clause */
/* Words of a configuration that another word keeps from doing anything: a warning, for forwarding
 * may be switched on later. */
#include "stack/build.h"
#include "stack/settings.h"
#include "stack/stack.h"

/* Where somebody has said so: a default says nothing. */
static bool said(const struct nsk_config *config, const char *setting)
{
	const struct setting *row = settings_find(setting);

	return config_set_at(config, row)->name && settings_value(&config->set, row);
}

static bool any_is_automatic(const struct nsk_config *config)
{
	for (unsigned i = 0; i < config->ndevices; i++)
		if (config->device[i].automatic)
			return true;
	return false;
}

static void of_device(const struct nsk_stack *stack, const struct config_device *d,
		      const char *name)
{
	const struct settings *set = &stack->set;

	if (d->rp_filter && !SETTING(set, ip_forward) && !SETTING(set, ipv6_forward))
		LOG_WARN(&stack->log, "iface",
			 "%s: rp_filter does nothing without ip.forward or ipv6.forward", name);
	if (d->proxy_arp && !SETTING(set, ip_forward))
		LOG_WARN(&stack->log, "iface", "%s: proxy_arp does nothing without ip.forward",
			 name);
}

void config_warn_idle(const struct nsk_stack *stack, const struct nsk_config *config)
{
	const struct settings *set = &stack->set;

	for (unsigned i = 0; i < config->ndevices; i++)
		of_device(stack, &config->device[i], stack->iface[i].name);
	if (said(config, "ip.rp_filter") && !SETTING(set, ip_forward) &&
	    !SETTING(set, ipv6_forward))
		LOG_WARN(&stack->log, "config",
			 "ip.rp_filter does nothing without ip.forward or ipv6.forward");
	if (said(config, "arp.proxy") && !SETTING(set, ip_forward))
		LOG_WARN(&stack->log, "config", "arp.proxy does nothing without ip.forward");
	if (said(config, "ipv6.temporary") && !any_is_automatic(config))
		LOG_WARN(&stack->log, "config",
			 "ipv6.temporary does nothing: no device has the address \"auto\"");
}
