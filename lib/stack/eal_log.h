/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EAL's messages in our log. EAL is the process's and logs are the stacks': the log added last gets
 * them; with none they go nowhere.
 */
#ifndef NSK_STACK_EAL_LOG_H
#define NSK_STACK_EAL_LOG_H

#include "base/log.h"

/* Before EAL starts, so that what it says while starting comes too. 0 or -ENOMEM. */
int eal_log_open(void);

/* Give @log, which may be NULL, EAL's messages. 0 or -ENOMEM. */
int eal_log_add(const struct log *log);

/* @log is about to go away. Returns when no message is being written to it. */
void eal_log_remove(const struct log *log);

#endif
