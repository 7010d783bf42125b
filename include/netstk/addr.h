/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file addr.h
 * @brief Addresses of interfaces while a stack runs: add, remove, list.
 *
 * From any thread, a worker's included, but not from a callback. When a call returns every worker
 * knows of the change. The subnet of an address is reached by its interface while it has one there.
 * What is said on the link is said by worker 0 in its next turns: of IPv4 whose the address is (RFC
 * 5227), of IPv6 first whether it is somebody else's (RFC 4862).
 *
 * Sockets that are bound to an address stay when it is removed, and so do its connections: what
 * they send fails with ENETUNREACH (a connection tries again until it times out), what comes for it
 * is dropped; when it is there again they go on. Linux does the same, but sends from an IPv6
 * address that it has no more.
 */
#ifndef NETSTK_ADDR_H
#define NETSTK_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include <netstk/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nsk_stack;

/** A lifetime that does not end. */
#define NSK_FOREVER UINT64_MAX

/** What is known of an address. */
enum nsk_addr_state {
	NSK_ADDR_VALID = 0,  /**< in use */
	NSK_ADDR_OPTIMISTIC, /**< in use, while the link is asked whether it is another's (RFC 4429)
			      */
	NSK_ADDR_TENTATIVE,  /**< not in use yet: the link is asked first (setting ipv4.dad) */
	NSK_ADDR_DUPLICATE,  /**< not in use: another station has it */
};

/** An address of an interface, see nsk_addr_list(). */
struct nsk_addr_info {
	char iface[32];		   /**< interface name */
	char address[64];	   /**< with its prefix length: "10.0.0.2/24" */
	enum nsk_addr_state state; /**< whether another station has it */
	bool deprecated;	   /**< not chosen for what is new (RFC 4862) */
	bool dynamic;		   /**< goes by itself when its lifetime ends, or is a router's */
	bool temporary;		   /**< made to be changed often (RFC 8981) */
	uint64_t preferred_s;	   /**< seconds until it is deprecated, or #NSK_FOREVER */
	uint64_t valid_s;	   /**< seconds until it goes, or #NSK_FOREVER */
};

/**
 * @brief Give an interface an address.
 * @param stack the stack
 * @param iface interface name
 * @param cidr "10.0.0.2/24", "2001:db8::2/64"; without a length: of all bits
 * @param preferred_s, valid_s lifetimes in seconds, or #NSK_FOREVER
 * @return 0, or -1 with errno: EINVAL (no host's address in its subnet; preferred longer than
 * valid, valid 0; IPv6 on a link of less than 1,280 bytes), ENODEV no such interface, EEXIST an
 * interface has it already, with whatever length (link-local: this one), ENOBUFS it has 32 already,
 * EPERM in a child made by fork()
 */
NSK_API int nsk_addr_add(struct nsk_stack *stack, const char *iface, const char *cidr,
			 uint64_t preferred_s, uint64_t valid_s);

/**
 * @brief Take an address from an interface; others of its subnet stay (Linux: promote_secondaries).
 * @param stack the stack
 * @param iface interface name
 * @param cidr as it was added
 * @return 0, or -1 with errno: EINVAL, ENODEV, EADDRNOTAVAIL the interface has no such address with
 * this length, EBUSY it is a DHCP server's lease, which goes with the configuration's "dhcp", EPERM
 * in a child made by fork()
 */
NSK_API int nsk_addr_del(struct nsk_stack *stack, const char *iface, const char *cidr);

/**
 * @brief Addresses of all interfaces.
 * @param stack the stack
 * @param[out] list room for @p max of them; may be NULL if that is 0
 * @param max how many are wanted at most
 * @return how many there are, also if that is more than @p max; or -1 with errno EINVAL, EPERM
 */
NSK_API int nsk_addr_list(const struct nsk_stack *stack, struct nsk_addr_info *list, unsigned max);

/** What routers (RFC 8106) and DHCP servers say of DNS: a server or a domain to search, see
 * nsk_dns_list(). */
struct nsk_dns_info {
	char iface[32];	     /**< interface name */
	char server[64];     /**< address, "" if it is a domain */
	char domain[256];    /**< "example.com", "" if it is a server */
	uint64_t lifetime_s; /**< seconds for which it holds, or #NSK_FOREVER */
};

/**
 * @brief Servers and domains that routers have told of to interfaces with the address "auto", and
 * servers of the leases of those with "dhcp"; the stack itself asks nobody for names.
 * @param stack the stack
 * @param[out] list room for @p max of them; may be NULL if that is 0
 * @param max how many are wanted at most
 * @return how many there are, also if that is more than @p max; or -1 with errno EINVAL, EPERM
 */
NSK_API int nsk_dns_list(const struct nsk_stack *stack, struct nsk_dns_info *list, unsigned max);

#ifdef __cplusplus
}
#endif
#endif
