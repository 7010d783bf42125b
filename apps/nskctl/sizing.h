/* SPDX-License-Identifier: BSD-3-Clause */
/* nskctl sizing: packet buffers, hugepages and settings for a load; needs no program. */
#ifndef NSK_APPS_NSKCTL_SIZING_H
#define NSK_APPS_NSKCTL_SIZING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Pairs of a word and a number, up to NULL. 0; 1 where it cannot be had, 2 where the words are
 * wrong, with a text. */
int sizing(FILE *out, char *const *words, bool json, char *error, size_t size);

#endif
