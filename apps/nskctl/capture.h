/* SPDX-License-Identifier: BSD-3-Clause */
/* nskctl capture: packets of a running program as pcapng. */
#ifndef NSK_APPS_NSKCTL_CAPTURE_H
#define NSK_APPS_NSKCTL_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "nskctl/client.h"

/* What the words of the command line ask for. */
struct capture_words {
	json_t *request;
	const char *path;   /* NULL: standard output */
	uint64_t count;	    /* packets, then it ends; 0: no end */
	uint64_t file_size; /* bytes of a file, then the next; 0: one file */
	unsigned files;	    /* then the oldest is written again; 0: no limit */
};

/* 0, or -1 with a text that says what is allowed. */
int capture_words(char *const *operands, struct capture_words *words, char *error, size_t size);

/* Until Ctrl-C, the count or the program's end; takes the request. Exit status 0, or -1 with a text
 * in the client. json: the counts, which go to standard error, as JSON. */
int capture(struct client *c, struct capture_words *words, bool json);

#endif
