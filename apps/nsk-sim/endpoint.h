/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One end of one connection: what it is to send, what it has got, when it closes. The bytes of each
 * direction of each connection follow from their position, so that whoever reads can tell whether
 * each came once, in order and unaltered.
 */
#ifndef NSK_APPS_NSK_SIM_ENDPOINT_H
#define NSK_APPS_NSK_SIM_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include <netinet/in.h>

#include "common/histogram.h"
#include "nsk-sim/parts.h"
#include "nsk-sim/sim.h"

struct app;
struct conn;

struct endpoint {
	struct conn *conn;
	uint32_t stack; /* host */
	int fd;		/* -1: not there yet, or closed */
	bool server;
	bool opened;	/* has been there */
	bool connected; /* the client's handshake is over */
	bool shut;	/* has sent its FIN */
	bool eof;
	bool over;	   /* closed, failed, or on a host that is gone */
	bool asleep;	   /* its wake-up is on the agenda */
	bool pauses;	   /* so is its next write */
	uint64_t write_ns; /* not before */
	int error;	   /* that ended it */
	uint64_t key;
	uint64_t sent, goal; /* bytes; goal may still grow */
	uint64_t got;
	struct {
		uint64_t una, nxt,
			rcv; /* SND.UNA, SND.NXT, RCV.NXT, counted from the first octet */
		bool now;    /* there are such numbers still */
	} seen;
	uint64_t got_at_mark; /* when measuring began */
	uint64_t got_at_end;
	uint64_t last_ns; /* latest byte, or other step forward */
};

struct conn {
	struct app *app;
	uint32_t slot;
	uint32_t round;		/* requests answered */
	uint16_t port;		/* the client's */
	bool begun, over, idle; /* idle: between requests */
	uint64_t serial;
	uint64_t begin_ns, asked_ns;
	uint64_t mark_ns; /* measuring began */
	uint64_t end_ns[2];
	struct endpoint end[2]; /* client, server */
};

struct app {
	struct sim *sim;
	const struct sim_app *a;
	uint32_t index;
	int listener;
	bool stopped;		   /* duration is over */
	bool marked;		   /* warm-up is over */
	bool may_fail;		   /* an end of it vanishes */
	uint64_t begun, over;	   /* connections */
	uint64_t to_begin;	   /* altogether */
	struct conn *conn;	   /* a->connections */
	uint32_t *slot_of_port;	   /* by client's port: slot + 1 */
	struct histogram *latency; /* of requests */
	struct app_result *result;
	struct {
		int fd[2]; /* client's, server's */
		bool answered;
		uint32_t numbered; /* datagrams that the client has numbered so far */
		uint8_t *seen;	   /* by number: at the client (1), at the server (2) */
		uint64_t *sent_ns;
		uint64_t sent[2], got[2], twice;
	} udp;
	double rtt_sum[2]; /* of the client's, of the server's */
	uint64_t rtt_count[2];
};

struct apps {
	struct sim *sim;
	unsigned count;
	uint32_t looked; /* connections whose numbers were held against each other */
	struct app app[SIM_APPS];
};

/* Makes the table of bytes. */
bool pattern_make(void);

/* A call on a host failed, as errno tells, for want of memory or buffers that a fault has taken: it
 * may be made again after SHORT_NS. */
#define SHORT_NS (SIM_SECOND / 100)
bool endpoint_short(const struct sim_stack *h);
/* Sets the scenario's options of a socket; the simulation fails with the one that cannot be set. */
void endpoint_options(struct sim *sim, const struct sim_app *a, int fd, enum sim_socket which);

/* Takes a socket for an end: options, readiness. */
void endpoint_open(struct endpoint *e, int fd);
/* Reads, writes and closes as far as it goes now. */
void endpoint_run(struct endpoint *e);
/* Ends it here: closes its descriptor, errno tells why, 0: all is well. */
void endpoint_end(struct endpoint *e, int error);

/* Of apps.c: an address of an application's link, with its port; an end is over; an answer has
 * come. */
struct sockaddr_in app_address(const struct app *app, bool server);
void conn_end_over(struct conn *c);
void conn_answered(struct conn *c);

#endif
