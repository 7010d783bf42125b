/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's side of a tap, by rtnetlink and ioctl. A tap of several queues lets any number of
 * programs open it and deals the packets out among them: each gets a part, and neither is told.
 */
#include "tap_kernel.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_ethdev.h>

#define ANSWER_MAX 16384

/* First byte of the kernel's MAC, as libvirt gives it to a guest's tap: a bridge takes the lowest
 * MAC of its ports for its own, and shall not take this one. */
#define KERNEL_MAC_FIRST 0xfe

struct request {
	struct nlmsghdr head;
	struct ifinfomsg link;
	struct rtattr name;
	char text[RTA_ALIGN(IF_NAMESIZE)];
};

union answer {
	struct nlmsghdr head;
	char bytes[ANSWER_MAX];
};

/* RTM_GETLINK by name; bytes of the answer, or -errno. */
static int ask(const char *iface, union answer *answer)
{
	struct request r = {
		.head = {.nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST},
		.name = {.rta_type = IFLA_IFNAME},
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t n;

	if (fd < 0)
		return -errno;
	snprintf(r.text, sizeof(r.text), "%s", iface);
	r.name.rta_len = (unsigned short)RTA_LENGTH(strlen(r.text) + 1);
	r.head.nlmsg_len = (uint32_t)(offsetof(struct request, name) + RTA_ALIGN(r.name.rta_len));
	n = send(fd, &r, r.head.nlmsg_len, 0) < 0 ? -1 : recv(fd, answer, sizeof(*answer), 0);
	n = n < 0 ? -errno : n;
	close(fd);
	return (int)n;
}

/* An attribute of a list, NULL when it is not there. */
static const struct rtattr *find(const void *list, size_t len, unsigned type)
{
	const struct rtattr *a = list;

	while (len >= sizeof(*a) && a->rta_len >= sizeof(*a) && a->rta_len <= len) {
		size_t step = NLMSG_ALIGN(a->rta_len);

		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
		if (step >= len)
			break;
		len -= step;
		a = (const struct rtattr *)((const char *)a + step);
	}
	return NULL;
}

static const struct rtattr *inside(const struct rtattr *outer, unsigned type)
{
	return outer ? find(RTA_DATA(outer), RTA_PAYLOAD(outer), type) : NULL;
}

/* A number of one or four bytes; 0 when it is not there. */
static uint32_t number(const struct rtattr *list, unsigned type)
{
	const struct rtattr *a = inside(list, type);
	uint32_t value = 0;

	if (a && RTA_PAYLOAD(a) == 1)
		return *(const uint8_t *)RTA_DATA(a);
	if (a && RTA_PAYLOAD(a) == sizeof(value))
		memcpy(&value, RTA_DATA(a), sizeof(value));
	return value;
}

enum tap_state tap_kernel_state(const char *iface, bool tun)
{
	const struct rtattr *info, *kind, *data;
	union answer answer;
	int n = ask(iface, &answer);
	size_t skip = NLMSG_LENGTH(sizeof(struct ifinfomsg));

	if (n < (int)skip || answer.head.nlmsg_type != RTM_NEWLINK)
		return TAP_NONE;
	info = find(answer.bytes + skip, (size_t)n - skip, IFLA_LINKINFO);
	kind = inside(info, IFLA_INFO_KIND);
	data = inside(info, IFLA_INFO_DATA);
	if (!kind || RTA_PAYLOAD(kind) < 4 || memcmp(RTA_DATA(kind), "tun", 4) != 0)
		return TAP_OTHER;
	if (!data)
		return TAP_NONE; /* a kernel before 4.17 does not say */
	if (number(data, IFLA_TUN_TYPE) != (tun ? IFF_TUN : IFF_TAP))
		return TAP_OTHER;
	if (!number(data, IFLA_TUN_MULTI_QUEUE))
		return TAP_SINGLE;
	return number(data, IFLA_TUN_NUM_QUEUES) + number(data, IFLA_TUN_NUM_DISABLED_QUEUES)
		       ? TAP_USED
		       : TAP_FREE;
}

/* As <linux/ipv6.h>, which cannot stand beside <netinet/in.h>. */
struct in6_request {
	uint8_t addr[16];
	uint32_t prefix_len;
	int index;
};

static struct in6_request link_local(const struct rte_ether_addr *mac, unsigned index)
{
	const uint8_t *b = mac->addr_bytes;

	return (struct in6_request){.addr = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, b[0] ^ 2, b[1], b[2],
					     0xff, 0xfe, b[3], b[4], b[5]},
				    .prefix_len = 64,
				    .index = (int)index};
}

/* The kernel made its link-local address of the MAC that it had, which is ours. A kernel that makes
 * it otherwise, or has none, is left alone. */
static void move_link_local(unsigned index, const struct rte_ether_addr *from,
			    const struct rte_ether_addr *to)
{
	struct in6_request old = link_local(from, index), new = link_local(to, index);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (ioctl(fd, SIOCDIFADDR, &old) == 0)
		ioctl(fd, SIOCSIFADDR, &new);
	close(fd);
}

int tap_kernel_mac(uint16_t port)
{
	struct rte_eth_dev_info info;
	struct rte_ether_addr mac, other;
	struct ifreq ifr = {0};
	int fd, rc = rte_eth_dev_info_get(port, &info);

	if (rc == 0)
		rc = rte_eth_macaddr_get(port, &mac);
	if (rc)
		return rc;
	if (!if_indextoname(info.if_index, ifr.ifr_name))
		return -errno;
	ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	other = mac;
	other.addr_bytes[0] = mac.addr_bytes[0] == KERNEL_MAC_FIRST ? KERNEL_MAC_FIRST ^ 4
								    : KERNEL_MAC_FIRST;
	memcpy(ifr.ifr_hwaddr.sa_data, other.addr_bytes, sizeof(other.addr_bytes));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	rc = ioctl(fd, SIOCSIFHWADDR, &ifr) ? -errno : 0;
	close(fd);
	if (rc == 0)
		move_link_local(info.if_index, &mac, &other);
	return rc;
}
