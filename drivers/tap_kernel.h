/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's side of a tap: whether an interface of that name is free, and its MAC.
 */
#ifndef NSK_DRIVERS_TAP_KERNEL_H
#define NSK_DRIVERS_TAP_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

enum tap_state {
	TAP_NONE,   /* no interface of that name, or none that can be asked about */
	TAP_FREE,   /* one that outlives programs (ip tuntap add), and nobody has it open */
	TAP_USED,   /* a program has it open */
	TAP_SINGLE, /* it has one queue only, and net_tap opens those with several */
	TAP_OTHER,  /* no tap; for net_tun: no tun */
};

/* What the interface of that name is to net_tap, to net_tun if @tun. */
enum tap_state tap_kernel_state(const char *iface, bool tun);

/*
 * Gives the kernel's side of a started net_tap a MAC of its own, made from the stack's; 0 or
 * -errno. Without one both sides have the same: a bridge that the interface is put into takes the
 * stack's address for its own port's, and keeps what is for the stack.
 */
int tap_kernel_mac(uint16_t port);

#endif
