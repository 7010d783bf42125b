/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A querier and observer of group membership at a scripted peer, for both families: sockets that
 * join, queries byte by byte, and what the stack reports, taken apart here and not by the stack's
 * own decoders.
 */
#ifndef NSK_TESTS_SIM_GROUPS_H
#define NSK_TESTS_SIM_GROUPS_H

#include <netinet/in.h>

#include "sim/peer.h"

#define RECORDS_MAX 256
#define SENDERS_MAX 64

/* The next tick of the stack's timers is at once. */
#define GROUPS_AT_ONCE 50000

/* Of RFC 3376 §4.2.12. */
enum {
	IS_IN = 1,
	IS_EX,
	TO_IN,
	TO_EX,
	ALLOW,
	BLOCK
};

struct record {
	uint8_t type;
	struct ip_addr group;
	unsigned senders;
	struct ip_addr sender[SENDERS_MAX];
};

/* A report or leave message; those of older versions have one record of type 0. */
struct report {
	uint64_t now_ns;
	unsigned version;
	bool leave;
	size_t len; /* of the packet */
	struct ip_addr src, dst;
	unsigned records;
	struct record record[RECORDS_MAX];
};

/* What of the two families a test runs with. */
struct line {
	int family;
	unsigned newest; /* version */
	unsigned old;	 /* the one before */
	const char *group, *other, *sender[3];
	const char *reports_to, *leaves_to;
	uint64_t old_ns; /* between unsolicited reports of old, at most */
};

extern const struct line lines[2];
#define IGMP_LINE (&lines[0])
#define MLD_LINE  (&lines[1])

/* A stack with IPv4 and IPv6 addresses, beyond all that it says of itself. */
void groups_start(struct peer *p, const char *const *settings);

/* Time goes by, and the stack looks at its links meanwhile. */
void groups_pass(struct peer *p, uint64_t ns);

struct ip_addr groups_addr(const char *text);
int groups_socket(struct peer *p, const struct line *l);
/* 0 or -errno. */
int groups_change(int fd, const struct line *l, int option, const char *group);
void groups_join(struct peer *p, int fd, const struct line *l, const char *group);
void groups_leave(struct peer *p, int fd, const struct line *l, const char *group);
/* MCAST_JOIN_SOURCE_GROUP and its like. 0 or -errno. */
int groups_source(int fd, const struct line *l, int option, const char *group, const char *sender);

/* How a query is sent; zero stands for what is right. */
struct query {
	unsigned version;
	const char *group;	/* NULL: about all */
	const char *sender[64]; /* of version 3 and MLDv2 */
	unsigned senders;
	uint32_t most_ms; /* to answer in, as the code says it */
	uint8_t code;	  /* instead, of IGMP */
	uint8_t robustness, interval;
	const char *src, *dst;
	uint8_t hops;
	bool no_alert, bad_checksum;
	size_t len; /* of the message, instead of what is right */
};
void groups_query(struct peer *p, const struct line *l, const struct query *q);
/* Another host's report of the old version. */
void groups_other_reports(struct peer *p, const struct line *l, const char *group);

/* The next message of a family that is about the test's groups; false: none was sent. Records of
 * others are left out. */
bool groups_next(struct peer *p, const struct line *l, struct report *r);
/* The next one must have one record, and be sent at that time. */
void groups_expect(struct peer *p, const struct line *l, uint8_t type, const char *group,
		   unsigned senders, struct report *r);
void groups_expect_old(struct peer *p, const struct line *l, const char *group, bool leave,
		       struct report *r);
void groups_expect_nothing(struct peer *p, const struct line *l);

#endif
