/* SPDX-License-Identifier: BSD-3-Clause */
/* How many packet buffers a worker's pool has: what a stack takes by itself, and what nsk_sizing()
 * works out. */
#ifndef NSK_STACK_SIZING_H
#define NSK_STACK_SIZING_H

#include <stdint.h>

/* descriptors: of both rings of all device ports; data: buffers that TCP's queues hold in each
 * direction, 0: the usual. */
uint64_t sizing_buffers(uint64_t descriptors, uint64_t data);

#endif
