/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses of either family by their text, and sockets that take them. */
#ifndef NSK_TESTS_SIM_NAME_H
#define NSK_TESTS_SIM_NAME_H

#include <arpa/inet.h>
#include <netinet/in.h>

#include "sim/world.h"

struct name {
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	};
	socklen_t len;
};

static inline struct name name_of(const char *text, uint16_t port)
{
	struct name n = {.four = {.sin_family = AF_INET, .sin_port = htons(port)},
			 .len = sizeof(n.four)};

	if (inet_pton(AF_INET, text, &n.four.sin_addr) == 1)
		return n;
	n = (struct name){.six = {.sin6_family = AF_INET6, .sin6_port = htons(port)},
			  .len = sizeof(n.six)};
	assert_int_equal(inet_pton(AF_INET6, text, &n.six.sin6_addr), 1);
	return n;
}

/* A socket of the family, of the host that the thread has entered. */
static inline int name_socket(const struct name *like, int type)
{
	int fd = nsk_socket(like->any.sa_family, type | SOCK_NONBLOCK, 0);

	assert_true(fd >= NSK_FD_BASE);
	return fd;
}

#endif
