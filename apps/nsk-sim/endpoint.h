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
	bool reading;	   /* beside its steps */
	bool deaf;	   /* reads no more than had come */
	bool broken;	   /* by an error, expected or not, or by its own doing */
	bool begun;	   /* the step that it is at */
	uint32_t step;	   /* of its script */
	uint64_t rounds;   /* that a repetition has left */
	uint64_t until_ns; /* of a pause */
	uint64_t wake_ns;  /* its next wake-up on the agenda, 0: none */
	uint64_t write_ns; /* no sooner */
	int error;	   /* that ended it */
	uint64_t key;
	uint64_t sent, goal; /* bytes; goal of the step that it is at */
	uint64_t got, want;  /* the same */
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
	uint16_t port; /* the client's */
	bool begun, over;
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
/* Runs an end's steps as far as they go now; nothing, if its host is stopped. */
void endpoint_run(struct endpoint *e);
/* The step that it is at has ended, as a call does (below). True: the next one's turn has come. */
bool endpoint_step_over(struct endpoint *e, int rc);
/* The step that it is at, as messages name it; NULL: it is not one of the scenario's. */
const char *endpoint_step(const struct endpoint *e, char *buf, size_t size);
/* It does nothing but wait for its peer, and expects nothing else. */
bool endpoint_only_waits(const struct endpoint *e);
/* The scenario bears with an error of it. */
bool endpoint_excused(const struct endpoint *e);
/* Runs them again no later than then. */
void endpoint_wake(struct endpoint *e, uint64_t at_ns);

/* How a call of an end went: as below, or an errno. */
#define CALL_DONE  0
#define CALL_WAITS (-1) /* it goes on when the end is run again */
#define CALL_ENDS  (-2) /* the peer's stream has ended */
/* A call has failed, as errno tells. */
int endpoint_failed(struct endpoint *e);
/* Reads until so many bytes have come altogether. */
int endpoint_read(struct endpoint *e, uint64_t want);
/* Waits until there is something to read. */
int endpoint_peek(struct endpoint *e);
/* Writes up to the goal. */
int endpoint_write(struct endpoint *e);
/* Ends it here: closes its descriptor, errno tells why, 0: all is well. */
void endpoint_end(struct endpoint *e, int error);

/* Of apps.c: an address of an application's link, with its port; an end is over. */
struct sockaddr_in app_address(const struct app *app, bool server);
void conn_end_over(struct conn *c);

#endif
