/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file neigh.h
 * @brief Neighbours whose link addresses are given, while a stack runs.
 *
 * Nobody is asked for them by ARP or neighbour discovery, and nothing that is said on the link
 * changes them; they stay until they are deleted. All other neighbours come and go by themselves.
 * From any thread. Every worker knows of a change before its next turn ends.
 */
#ifndef NETSTK_NEIGH_H
#define NETSTK_NEIGH_H

#include <netstk/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nsk_stack;

/**
 * @brief Give a neighbour's link address, or another one than before.
 * @param stack the stack
 * @param iface interface name
 * @param address of the neighbour: "192.0.2.9", "2001:db8::9"
 * @param mac "02:00:00:00:00:09"
 * @return 0, or -1 with errno: EINVAL (no station's address, no station's link address, or the
 * interface has none), ENODEV no such interface, ENOBUFS there are 256, EPERM in a child made by
 * fork()
 */
NSK_API int nsk_neigh_add(struct nsk_stack *stack, const char *iface, const char *address,
			  const char *mac);

/**
 * @brief Take that back: who is sent to is asked again.
 * @return 0, or -1 with errno: EINVAL, ENODEV, ENOENT it is not given, EPERM
 */
NSK_API int nsk_neigh_del(struct nsk_stack *stack, const char *iface, const char *address);

#ifdef __cplusplus
}
#endif
#endif
