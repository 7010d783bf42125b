/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file route.h
 * @brief Routes of a stack, changed and looked at while it runs.
 *
 * The longest prefix decides, of its routes the one with the lowest metric; where its link is down,
 * the next one. Routes of one destination and metric that have weights share the flows. Any thread
 * may call; changes are seen at once by whoever looks a way up, and by what goes on along a known
 * way (connections) at once too, or, while changes come in heaps, 10 ms later at most.
 *
 * The subnets of interfaces' addresses have routes of their own, which come and go with them.
 */
#ifndef NETSTK_ROUTE_H
#define NETSTK_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include <netstk/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nsk_stack;

/** What becomes of packets. */
enum nsk_route_type {
	NSK_ROUTE_UNICAST = 0, /**< they go there */
	NSK_ROUTE_BLACKHOLE,   /**< dropped in silence; local senders: EINVAL */
	NSK_ROUTE_UNREACHABLE, /**< host unreachable; local senders: EHOSTUNREACH */
	NSK_ROUTE_PROHIBIT,    /**< administratively prohibited; local senders: EACCES */
};

/** Where routes come from, as rtnetlink numbers it; any other of its numbers may stand there. */
enum nsk_route_proto {
	NSK_ROUTE_PROTO_KERNEL = 2, /**< the subnet of an address */
	NSK_ROUTE_PROTO_BOOT = 3,   /**< nsk_route_add(), nskctl */
	NSK_ROUTE_PROTO_STATIC = 4, /**< the configuration */
	NSK_ROUTE_PROTO_RA = 9,	    /**< a router's advertisement */
};

/** A route; zero it first: fields that are left so have their meaning below. */
struct nsk_route {
	char destination[56];	  /**< "10.1.0.0/16", "2001:db8:1::/48"; "default": of the gateway's
				     family, else IPv4's */
	char gateway[48];	  /**< "": none, the destination is on the link */
	char iface[32];		  /**< interface name; "": the one that reaches the gateway */
	char source[48];	  /**< address to send from; "": the interface's */
	enum nsk_route_type type; /**< what becomes of packets */
	uint32_t metric;	  /**< lowest wins */
	uint32_t weight; /**< share among those of destination and metric, 1 to 256; 0: alone */
	uint32_t proto;	 /**< enum nsk_route_proto; to add, 0 is #NSK_ROUTE_PROTO_BOOT */
};

/**
 * @brief Add a route.
 * @param stack the stack
 * @param route what to add
 * @param append there may be others of its destination and metric already: it comes behind them,
 * or shares with them if it has a weight
 * @return 0, or -1 with errno: EINVAL (bits behind the prefix, a loopback destination, families
 * that differ, a gateway that is no station's or our own, neither gateway nor interface, a type
 * that leads nowhere with one of both, a source that is no address of ours), ENODEV no such
 * interface, ENETUNREACH the gateway is on no link (or not on that interface's), EEXIST one with
 * this destination and metric is there (to append: the very same), ENOSPC as many as the setting
 * ip.routes allows, or 128 of this destination, ENOMEM, EAGAIN a worker has not turned for too
 * long, EPERM in a child made by fork()
 */
NSK_API int nsk_route_add(struct nsk_stack *stack, const struct nsk_route *route, bool append);

/**
 * @brief Take out the first route that is like this: of its destination and type; and, where they
 * are given, of its gateway, interface, source, and (other than 0) metric, weight and proto.
 * @return 0, or -1 with errno: EINVAL, ENODEV, ESRCH there is none, ENOMEM, EAGAIN, EPERM
 */
NSK_API int nsk_route_del(struct nsk_stack *stack, const struct nsk_route *route);

/**
 * @brief The route that packets to an address take now.
 * @param stack the stack
 * @param address whereto
 * @param[out] route the route; of several with weights one of them
 * @return 0, or -1 with errno: EINVAL, ENETUNREACH there is none, EAGAIN within a worker's turn
 * another thread is changing routes, EPERM
 */
NSK_API int nsk_route_get(struct nsk_stack *stack, const char *address, struct nsk_route *route);

/**
 * @brief All routes, some at a time, in no order that means anything. What is changed meanwhile may
 * be there or not.
 * @param stack the stack
 * @param[in,out] cursor 0 for the first call; after the last it is UINT64_MAX
 * @param[out] list room for @p max
 * @param max how many are wanted at most
 * @return how many were put there, or -1 with errno: EINVAL, EPERM, EAGAIN (within a worker's turn:
 * another thread is changing them; the cursor is good for later)
 */
NSK_API int nsk_route_list(struct nsk_stack *stack, uint64_t *cursor, struct nsk_route *list,
			   unsigned max);

#ifdef __cplusplus
}
#endif
#endif
