/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file with the secret that several nodes share, so that each takes the SYN cookies of the
 * others: 32 hexadecimal digits; blanks, line ends and what follows a # do not count.
 */
#ifndef NSK_STACK_SECRET_H
#define NSK_STACK_SECRET_H

#include <stddef.h>
#include <sys/stat.h>

#include "base/siphash.h"

/* 0, or -errno with a text that says what is wrong and what mends it. */
int secret_read(const char *path, struct siphash_key *key, char *error, size_t size);

/* Why somebody else may know what stands in a file, NULL: nobody but its reader and root can. */
const char *secret_unsafe(const struct stat *st, uid_t reader);

#endif
