/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net_bonding: several DPDK devices as one. Its driver looks for the members, by the names in its
 * devargs, when it is configured, and then fails without a reason: here they are looked at before.
 * And it leaves them in EAL when it goes, with packet buffers of a pool that goes, too: here they
 * follow it. What was read and seen was DPDK 22.11.11.
 */
#include "bond.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_version.h>

#include "kv.h"
#include "mbuf/dpdk_version.h"

/* The next member's name; false: there is none. */
static bool next_name(const char **list, struct kv *kv)
{
	while (kv_next(list, kv) == 1)
		if (strcmp(kv->key, BOND_MEMBER) == 0)
			return true;
	return false;
}

/* Behind the name of the bond itself. */
static const char *arguments(const char *devargs)
{
	const char *comma = strchr(devargs, ',');

	return comma ? comma + 1 : "";
}

unsigned bond_members(const char *devargs, uint16_t ports[BOND_MEMBERS_MAX])
{
	const char *list = arguments(devargs);
	unsigned n = 0;
	struct kv kv;

	while (n < BOND_MEMBERS_MAX && next_name(&list, &kv))
		if (rte_eth_dev_get_port_by_name(kv.value, &ports[n]) == 0)
			n++;
	return n;
}

/* Members get the bond's MAC address, or their own again, at every change. */
static int try_mac(uint16_t port)
{
	struct rte_ether_addr mac;
	int rc = rte_eth_macaddr_get(port, &mac);

	if (rc == 0 && rte_is_zero_ether_addr(&mac))
		mac.addr_bytes[0] = RTE_ETHER_LOCAL_ADMIN_ADDR;
	return rc ? rc : rte_eth_dev_default_mac_addr_set(port, &mac);
}

static int check_member(const char *name, const struct log *log, char *error, size_t size)
{
	const struct quirk *quirk = quirk_of_devargs(name);
	struct rte_eth_dev_owner owner;
	uint16_t port;
	int rc;

	if (rte_eth_dev_get_port_by_name(name, &port)) {
		snprintf(error, size,
			 "there is no device %s: members are made before the bond, by EAL: "
			 "--eal \"--vdev=%s,...\", for PCI addresses --eal \"-a %s\"",
			 name, name, name);
		return -ENODEV;
	}
	if (rte_eth_dev_owner_get(port, &owner) == 0 && owner.id != RTE_ETH_DEV_NO_OWNER) {
		snprintf(error, size, "%s is in use already in this process", name);
		return -EBUSY;
	}
	rc = try_mac(port);
	if (rc) {
		snprintf(error, size, "%s can be no member, its MAC address cannot be changed%s",
			 name,
			 strcmp(quirk->driver, "net_virtio_user") == 0
				 ? " unless it was given one: add ,mac=02:00:00:00:00:01 to it"
				 : "");
		return rc;
	}
	if (quirk->link_mute)
		LOG_WARN(log, "ethdev",
			 "%s: DPDK's driver tells nobody that its link went down: a bond goes on "
			 "using it",
			 name);
	return 0;
}

int prepare_bonding(const char *devargs, const struct log *log, char *error, size_t size)
{
	const char *list = arguments(devargs);
	const char *wrong = BOND_MEMBER_ELSEWHERE;
	char value[KV_VALUE_MAX];
	unsigned n = 0;
	struct kv kv;
	int rc = 0;

	if (kv_find(devargs, wrong, value, sizeof(value)) == 0) {
		snprintf(error, size, "this DPDK (%s) has no argument '%s': it is called '%s'",
			 rte_version(), wrong, BOND_MEMBER);
		return -EINVAL;
	}
	for (; rc == 0 && next_name(&list, &kv); n++)
		rc = check_member(kv.value, log, error, size);
	if (rc == 0 && (n == 0 || n > BOND_MEMBERS_MAX)) {
		snprintf(error, size, "%u members: name 1 to %u, each by ,%s=DEVICE", n,
			 BOND_MEMBERS_MAX, BOND_MEMBER);
		rc = -EINVAL;
	}
	return rc;
}

void bond_release(const uint16_t *ports, unsigned n)
{
	struct rte_eth_dev_info info;

	for (unsigned i = 0; i < n; i++) {
		if (rte_eth_dev_info_get(ports[i], &info))
			continue;
		rte_eth_dev_close(ports[i]);
		rte_dev_remove(info.device);
	}
}
