/* SPDX-License-Identifier: BSD-3-Clause */
/* Talking to a running program: one line of JSON each way over its control socket. */
#ifndef NSK_APPS_NSKCTL_CLIENT_H
#define NSK_APPS_NSKCTL_CLIENT_H

#include <jansson.h>
#include <stddef.h>

struct client {
	int fd;
	char path[512];
	char error[512]; /* of the last call that failed */
	char *in;	 /* bytes of replies, room of them, those in use */
	size_t room, have;
};

/*
 * Connects to a path or name; NULL: to the only program that answers in the usual folder. 0, or -1
 * with a text that says what to do.
 */
int client_open(struct client *c, const char *name);
void client_close(struct client *c);

/* The reply to a request, which is taken; NULL with a text. A reply that has "error" is one that
 * failed. */
json_t *client_ask(struct client *c, json_t *request);

/* What has come behind the line of the last reply, up to n bytes of it; how many they are. */
size_t client_rest(const struct client *c, void *room, size_t n);

/* A whole list: asks page by page, all rows in one reply, NULL with a text. key: the list's name in
 * replies. */
json_t *client_list(struct client *c, const char *cmd, const char *key);

#endif
