/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A script that runs: one stack, 10.0.0.1, on a callback port under virtual time, against what the
 * script's lines say the peer, 10.0.0.2, sends and is to receive. The language: docs/SCRIPTS.md.
 */
#ifndef NSK_TESTS_SCRIPT_SCRIPT_H
#define NSK_TESTS_SCRIPT_SCRIPT_H

#include "script/lex.h"
#include "sim/peer.h"

#define SCRIPT_FLOWS  32
#define SCRIPT_VARS   64
#define SCRIPT_DEPTH  8		 /* files that include others */
#define SCRIPT_DATA   (1U << 20) /* octets of a stream that a script can speak of */
#define SCRIPT_PEER   40000	 /* port of the peer when the stack listens */
#define SCRIPT_STACK  8080	 /* port of the stack then */
#define SCRIPT_ISS    1000000	 /* of the peer, what its relative number 0 means */
#define SCRIPT_MTU    1500
#define SCRIPT_MS     UINT64_C(1000000)
#define SCRIPT_SLACK  (2 * SCRIPT_MS)
#define SCRIPT_PACKET 512 /* room for one as text */

/* A connection, known by the peer's port; numbers in scripts are relative to its ISNs. */
struct script_flow {
	uint16_t peer_port, stack_port;
	uint32_t peer_iss, stack_iss;
	bool stack_known;  /* the stack's SYN was seen */
	uint32_t tsval;	   /* the last that the stack sent */
	uint32_t ts_first; /* the first */
};

/* A constant as a script writes it; lists end with a NULL. */
struct script_name {
	const char *name;
	int value;
};

#define SCRIPT_NAME(x) \
	{              \
#x, x  \
	}

/* A descriptor with a name. */
struct script_var {
	char name[LEX_WORD_MAX];
	int fd;
	uint32_t sent, received; /* octets of the streams */
};

struct script {
	struct peer peer;
	const char *path;
	const char *text; /* the line as it stands there, NULL at the end */
	unsigned line, depth;
	struct lex x;
	bool started;  /* the stack exists */
	bool numbered; /* by an "iss" line */
	uint32_t peer_iss, stack_iss;
	bool trace; /* print what happens */
	uint64_t start_ns, at_ns, slack_ns;
	char *setting[32]; /* "key=value" */
	unsigned nsettings;
	struct script_flow flow[SCRIPT_FLOWS];
	unsigned nflows;
	struct script_var var[SCRIPT_VARS];
	unsigned nvars;
	struct tcp_cookie cookie; /* the last that the stack sent */
};

/* Octets of both streams, by position: what is sent and what is compared. */
extern uint8_t script_data[SCRIPT_DATA];

/* Ends the test with the reason, behind whose first line the script's own line is quoted. */
_Noreturn void script_fail(const struct script *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* What must follow in the line. */
void script_need(struct script *s, const char *text);
int64_t script_need_number(struct script *s);

/* The flow of a peer's port, made if there is none. */
struct script_flow *script_flow(struct script *s, uint16_t peer_port);

/* packet.c: the rest of a line after "<" and after ">". */
void script_inject(struct script *s);
void script_expect(struct script *s);

/* describe.c: time and packet as a script would write them; the flag of a letter, 0: it is none. */
void script_describe(const struct script *s, const struct kept_frame *k, char *text, size_t size);
uint16_t script_flag(char letter);

/* call.c: a socket call or a look at the stack; name was read. */
void script_call(struct script *s, const char *name);
/* Names of a list joined by "|", or a number. */
int script_one_of(struct script *s, const struct script_name *list);
/* A descriptor by its name. */
struct script_var *script_variable(struct script *s);

/* look.c: "counter" or "drop"; "poll(" or "info(". False: name is another. */
bool script_count(struct script *s, const char *name);
bool script_look(struct script *s, const char *name);

#endif
