/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of socket options: a row an option, with its type, its range and what reads and changes
 * it. Rows stand with what they belong to (lib/sock, lib/dgram, lib/tcp …) and hang together, from
 * a protocol's own to those that every socket has; one place looks them up, takes values from the
 * application's memory and puts them there. What is in no row fails with ENOPROTOOPT.
 */
#ifndef NSK_SOCK_OPTION_H
#define NSK_SOCK_OPTION_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct sock;

enum sock_option_type {
	SOCK_OPT_INT,	     /* an int, with get and set */
	SOCK_OPT_INT_NEEDED, /* the same, of which no byte at all is no 0 at level IPPROTO_IP */
	SOCK_OPT_FLAG,	     /* an int, with get_flag and set_flag */
	SOCK_OPT_BYTES,	     /* anything else, with get_bytes and set_bytes */
};

/* Getters: 0 and more, of bytes 0, or -errno; setters: 0 or -errno. A missing one is no option. */
struct sock_option {
	int level, name;
	enum sock_option_type type;
	/* What may be set, or how many bytes it takes at least; all others are -EINVAL. */
	int least, most;
	uint32_t flag; /* by which functions that rows share know what is meant */
	int (*get)(struct sock *s);
	int (*set)(struct sock *s, int value);
	int (*get_flag)(struct sock *s, uint32_t flag);
	int (*set_flag)(struct sock *s, uint32_t flag, int value);
	int (*get_bytes)(struct sock *s, void *value, socklen_t *len); /* *len bytes at most */
	int (*set_bytes)(struct sock *s, const void *value, socklen_t len);
};

/* Rows; NULL where reading or setting is not to be had. */
#define SOCK_INT_IN(Level, Name, Least, Most, Get, Set)                                   \
	{                                                                                 \
		.level = (Level), .name = (Name), .type = SOCK_OPT_INT, .least = (Least), \
		.most = (Most), .get = (Get), .set = (Set)                                \
	}
#define SOCK_INT(Level, Name, Get, Set) SOCK_INT_IN(Level, Name, INT_MIN, INT_MAX, Get, Set)
#define SOCK_FLAG_IN(Level, Name, Least, Most, Flag, Get, Set)                             \
	{                                                                                  \
		.level = (Level), .name = (Name), .type = SOCK_OPT_FLAG, .least = (Least), \
		.most = (Most), .flag = (Flag), .get_flag = (Get), .set_flag = (Set)       \
	}
#define SOCK_FLAG(Level, Name, Flag, Get, Set) \
	SOCK_FLAG_IN(Level, Name, INT_MIN, INT_MAX, Flag, Get, Set)
#define SOCK_BYTES(Level, Name, Size, Get, Set)                                                 \
	{                                                                                       \
		.level = (Level), .name = (Name), .type = SOCK_OPT_BYTES, .least = (int)(Size), \
		.get_bytes = (Get), .set_bytes = (Set)                                          \
	}

struct sock_options {
	const struct sock_option *row;
	size_t count;
	const struct sock_options *next; /* of more sockets than these */
	void (*before)(struct sock *s);	 /* runs ahead of functions of these rows; NULL: nothing */
};

/* Those of struct sock: levels SOL_SOCKET, IPPROTO_IP and IPPROTO_IPV6; options.c. */
extern const struct sock_options sock_options;

/* getsockopt() and setsockopt(), option.c. 0 or -errno: as in Linux -ENOPROTOOPT for what is in no
 * row, -EOPNOTSUPP for reading at a level that is not the socket's. */
int sock_option_get(struct sock *s, int level, int name, void *value, socklen_t *len);
int sock_option_set(struct sock *s, int level, int name, const void *value, socklen_t len);
/* For get_bytes: a shorter buffer gets the beginning. */
void sock_option_copy(const void *from, size_t size, void *value, socklen_t *len);

#endif
