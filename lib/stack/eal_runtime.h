/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EAL's runtime folders: /var/run/dpdk/nsk-PID and the like, one a process. A process that ends in
 * order removes its own (stack/eal.c); one that was killed cannot, so the next one to start does.
 */
#ifndef NSK_STACK_EAL_RUNTIME_H
#define NSK_STACK_EAL_RUNTIME_H

#include <stdbool.h>

#include "base/log.h"

/* EAL's file prefix is this and the process's id. */
#define EAL_PREFIX "nsk-"

/*
 * Whether EAL will be able to make its runtime folder. In a user namespace ("unshare -Urn") it
 * takes itself for root and fails on /var/run; without that folder only telemetry is lost, which
 * would end its start.
 */
bool eal_runtime_writable(void);

/*
 * Remove the folders that dead processes of ours have left: of this user, named EAL_PREFIX and the
 * id of a process that is no more, with no socket in it that anybody listens on. Tells each at
 * level debug; what cannot be removed stays.
 */
void eal_runtime_sweep(const struct log *log);

#endif
