/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line of nsk-load.
 */
#ifndef NSK_APPS_NSK_LOAD_OPTIONS_H
#define NSK_APPS_NSK_LOAD_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/program.h"

#define LOAD_TARGETS	 64
#define LOAD_CONNECTIONS 1000000u

enum bulk {
	BULK_NONE = 0,
	BULK_SEND = 1,
	BULK_RECV = 2,
	BULK_BOTH = 3
};

struct target_addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
	char text[64];
};

struct options {
	const char *engine;
	struct target_addr target[LOAD_TARGETS];
	uint32_t ntargets;
	uint32_t connections;
	uint32_t in_flight;  /* 0: no limit */
	uint32_t handshakes; /* at once */
	uint32_t request_bytes;
	uint32_t response_bytes; /* UINT32_MAX: echo */
	bool http;
	const char *path;
	bool short_lived;
	bool udp;
	enum bulk bulk;
	uint64_t bulk_bytes; /* each connection and direction; 0: no end */
	bool zero_copy;
	double rate; /* requests/s, 0: closed loop */
	uint32_t think_ms;
	uint64_t requests_total; /* 0: no limit */
	double duration_s, warmup_s, ramp_s, interval_s;
	double patience_s; /* without a connection opened, or an answer */
	uint32_t timeout_ms, rto_ms;
	uint32_t window;		     /* receive window, lean */
	uint32_t source_first, source_count; /* host order; 0: the device's own */
	uint16_t port_first, port_last;
	bool no_checksum;
	bool strict, json, quiet;
};

extern const struct option_row load_option_rows[];
extern const char *const load_examples;

/* Defaults. */
void options_init(struct options *o);
/* What the options say together, with the shared ones: exits with 2 if it makes no sense, or if one
 * would do nothing. Fills in defaults that depend on others. */
void options_check(struct options *o, const struct program *program,
		   const struct nsk_config *config);

#endif
