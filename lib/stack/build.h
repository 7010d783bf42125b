/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Building a stack step by step: each step that can fail is announced, so that tests can make the
 * Nth fail, and each failure leaves its text in the configuration.
 */
#ifndef NSK_STACK_BUILD_H
#define NSK_STACK_BUILD_H

#include "stack/config.h"

/* Counts a step; -ECANCELED and a text that names it when it is the one to fail. */
int build_step(struct nsk_config *config, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Leaves a text; returns -err. */
int build_fail(struct nsk_config *config, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
