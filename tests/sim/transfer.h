/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A random transfer: two hosts on a bad wire, some connections between them, and what applications
 * do at both ends. Everything follows from a seed. See transfer.c.
 */
#ifndef NSK_TESTS_SIM_TRANSFER_H
#define NSK_TESTS_SIM_TRANSFER_H

#include <sys/socket.h>

#include "base/rng.h"
#include "sim/trace.h"
#include "sim/world.h"

#define TRANSFER_CONNS	  4
#define TRANSFER_PORT	  7
#define TRANSFER_CLIENTS  10000 /* port of the first client */
#define TRANSFER_CHUNK	  20000
#define TRANSFER_SETTINGS 40

/* What an application does when it has sent everything. */
enum ending {
	SHUT_AT_ONCE,	/* half close: the other direction goes on */
	SHUT_AFTER_EOF, /* closes when the peer has closed */
	CLOSE_WHEN_DONE /* closes when it has got all that it expects; the peer's FIN finds nobody
			 */
};

/* How a client opens its connection. */
enum opening {
	OPEN_PLAIN,
	OPEN_WITH_DATA, /* MSG_FASTOPEN */
	OPEN_BY_WRITING /* TCP_FASTOPEN_CONNECT */
};

/* Socket options of one end; 0: as they are. */
struct end_options {
	const char *congestion;
	bool nodelay, cork, keepalive;
	int linger_s;
	int rcvbuf, sndbuf;
	unsigned user_timeout_ms;
};

enum transfer_fault {
	FAULT_MEMORY,	  /* the Nth allocation of a host fails, or each Nth for a while */
	FAULT_BUFFERS,	  /* the same of packet buffers */
	FAULT_NO_BUFFERS, /* a host has none for a while */
	FAULT_TX_FULL,	  /* a host's port takes nothing for a while */
	FAULT_LINK_DOWN,
	FAULT_CLOCK,  /* leaps */
	FAULT_STOP,   /* a host stands still for a while */
	FAULT_VANISH, /* a host stands still for ever */
	FAULT_BLIND,  /* somebody slips in segments who knows addresses and ports */
	FAULT_PATH,   /* the same who sees all that passes: transfer_path.c */
	FAULTS,
};

struct fault {
	bool there, begun, over;
	unsigned host;
	uint64_t at_ns, until_ns;
	uint64_t next_ns; /* when FAULT_BLIND or FAULT_PATH strikes again */
	uint32_t amount;
};

struct end {
	int fd; /* -1: not there yet, or closed */
	bool opened, shut, eof;
	bool aborts;	/* resets the connection when it has sent all but abort_left */
	bool was_reset; /* by its own application */
	int error;	/* that ended it */
	enum ending ending;
	enum opening opening;
	struct end_options options;
	uint64_t start_ns; /* of the client */
	uint64_t opened_ns;
	uint64_t abort_left;
	uint64_t key; /* of what it sends */
	uint64_t sent, to_send;
	uint64_t got, to_get;
	uint32_t write_max, read_max;
	uint32_t gap_ms; /* longest pause between two writes */
	uint64_t reads_at, writes_at;
	struct {
		uint32_t una, nxt, rcv, edge;
		bool now; /* there are such numbers */
	} seen;		  /* after the turn before */
};

struct transfer {
	struct world world;
	struct trace trace;
	struct rng rng;
	struct rng path_rng; /* of who is on the path */
	unsigned conns;
	unsigned spoiled;    /* connection that he may do anything to; TRANSFER_CONNS: none */
	uint64_t spoiled_ns; /* since when; 0: not yet */
	int listener;
	int backlog, fastopen; /* of the listener */
	bool clients_fast;     /* clients may open fast */
	bool cookies;	       /* the server may give some */
	bool lossy;
	unsigned ghosts; /* connections that no client has opened again */
	struct fault fault[FAULTS];
	bool starved[2];		   /* has been short of memory */
	struct end end[2][TRANSFER_CONNS]; /* [0]: clients, on host A */
	char text[2][TRANSFER_SETTINGS][40];
	const char *settings[2][TRANSFER_SETTINGS + 1];
	uint8_t data[TRANSFER_CHUNK], expect[TRANSFER_CHUNK];
};

/* Makes the world that a seed says. */
void transfer_choose(struct transfer *t, uint64_t seed);

/* A fault of this kind is among those of the seed, and has begun. */
bool transfer_had(const struct transfer *t, enum transfer_fault kind);
/* The host is gone for ever. */
bool transfer_gone(const struct transfer *t, unsigned host);
/* Chooses what goes wrong. */
void transfer_choose_faults(struct transfer *t, uint64_t seed);
/* Begins and ends what is due; when the next one is, limit at the latest. */
uint64_t transfer_faults(struct transfer *t, uint64_t limit);

/* What lasts is over, but for a host that is gone; what was still to come does not. */
void transfer_end_faults(struct transfer *t);

/* Sends what who is on the path sends once. */
void transfer_path(struct transfer *t);
/* He has had his way with this connection: nothing is known about its bytes, nor how it ends. */
bool transfer_spoiled(const struct transfer *t, unsigned conn);

/* The connection of an end in a synchronized state; NULL: closed, or not open yet. */
const struct tcp_conn *transfer_conn(const struct end *e);
/* What must hold after each turn. */
void transfer_check(struct transfer *t);
/* Each packet that a host has received is counted as taken, or as dropped for one reason. */
void transfer_check_counts(struct transfer *t, unsigned host);

/* Opens the listener. */
void transfer_listen(struct transfer *t);
/* Closes what hosts have that are gone. */
void transfer_bury(struct transfer *t);
/* One round of all applications; when the next one wakes up, deadline at the latest; 0: all are
 * through. */
uint64_t transfer_apps(struct transfer *t, uint64_t deadline);

#endif
