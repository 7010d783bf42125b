/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbours of a configuration whose link addresses are given. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "stack/config.h"

#define WORD_MAX 64

/* "ADDRESS lladdr MAC", in the words of ip neigh. */
static bool parse(const char *text, struct config_neigh *n)
{
	char addr[WORD_MAX], word[WORD_MAX], mac[WORD_MAX], more;

	return sscanf(text, "%63s %63s %63s %c", addr, word, mac, &more) == 3 &&
	       strcmp(word, "lladdr") == 0 && ip_addr_parse(&n->addr, addr) == 0 &&
	       eth_addr_parse(&n->mac, mac) == 0;
}

int config_device_neigh(struct nsk_config *config, const char *text)
{
	struct config_device *d = &config->device[config->ndevices - 1];
	struct config_neigh *n = &d->neigh[d->nneighs];

	if (d->nneighs == CONFIG_NEIGHS_MAX)
		return config_fail(config, ENOSPC,
				   "neighbour \"%.80s\" is one too many: a device has %d at most",
				   text, CONFIG_NEIGHS_MAX);
	if (!parse(text, n))
		return config_fail(
			config, EINVAL,
			"neighbour \"%.80s\": write it as \"192.0.2.9 lladdr 02:00:00:00:00:09\"",
			text);
	for (unsigned i = 0; i < d->nneighs; i++)
		if (ip_addr_eq(&d->neigh[i].addr, &n->addr))
			return config_fail(config, EEXIST,
					   "neighbour \"%.80s\" has a link address already", text);
	n->at = config->here;
	d->nneighs++;
	return 0;
}
