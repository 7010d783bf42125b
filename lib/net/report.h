/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the link is told of the groups that an interface listens to, so that routers and snooping
 * switches send them: IGMP (RFC 2236, RFC 3376) and MLD (RFC 2710, RFC 3810), the host's side. One
 * rule for both; what differs between them is a row of report_kinds.
 *
 * Worker 0 does it. It keeps what it has said of each group, compares that with the table of groups
 * (group.h) and the addresses of IPv6 whenever these have changed, and tells the difference: at
 * once, and robustness - 1 times more. What queries ask is answered after a random time, which the
 * querier bounds. While a querier of an older version is about, its version is spoken (RFC 3376 §7,
 * RFC 3810 §8).
 *
 * Anybody on the link can be a querier. He gets: so many queries looked at, one answer waiting for
 * each group and one for all, and of the senders that he asks for as many as a group may have.
 */
#ifndef NSK_NET_REPORT_H
#define NSK_NET_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/list.h"
#include "mbuf/shared.h"
#include "mbuf/worker.h"
#include "net/iface.h"
#include "tcpalg/limiter.h"
#include "wire/groupmsg.h"

#define REPORT_FAMILIES	   2
#define REPORT_BUCKETS	   32
#define REPORT_INTERVAL_S  125	 /* of queries, unless they say (RFC 3376 §8.2) */
#define REPORT_RESPONSE_MS 10000 /* RFC 3376 §8.3 */
#define REPORT_HEARD_RATE  100	 /* queries a second that are looked at, */
#define REPORT_HEARD_BURST 256	 /* and at once */
#define REPORT_ASKED_MAX   SHARED_GROUP_SOURCES_MAX

/* A sender that a group's members have named. */
struct report_source {
	struct ip_addr addr;
	bool in;      /* of the list now; else its going is still told */
	uint8_t left; /* how often its change is still to be told */
};

/* As many as the list has, and as many that have gone. */
#define REPORT_SOURCES_MAX (2 * SHARED_GROUP_SOURCES_MAX)

/* What was said of a group, and what is still to be. All [W] of worker 0. */
struct report_group {
	struct list_node link;
	struct ip_addr addr;
	bool wanted;  /* it is listened to; else its end is still told */
	bool seen;    /* while the table is looked at */
	bool exclude; /* all senders but those of the list, else those alone */
	bool last;    /* of older versions: nobody has reported it after us */
	uint8_t left; /* how often a change of exclude is still to be told, or that it was joined */
	uint16_t nsources;
	uint16_t nasked;
	struct report_source *source; /* REPORT_SOURCES_MAX; NULL: there never were any */
	struct ip_addr *asked; /* senders that a query asked for, REPORT_ASKED_MAX; NULL: all */
	uint64_t change_ns;    /* when to tell of a change, 0: not */
	uint64_t answer_ns;    /* when to answer a query about it, 0: not */
};

/* One family on one interface. All [W] of worker 0. */
struct report_side {
	const struct report_kind *kind;
	struct iface *ifc;
	bool up;		/* it can send, */
	bool named;		/* from an address that is surely its own; */
	bool unnamed_sent;	/* before, it had none */
	uint8_t version;	/* that is spoken now */
	uint8_t robustness;	/* as the querier says, 0: as the settings do */
	uint32_t interval_s;	/* the same of time between queries */
	uint64_t old_end_ns[4]; /* until when a querier of a version counts as present */
	uint64_t general_ns;	/* when to answer a query about all groups, 0: not */
	struct limiter heard;
	struct list_node bucket[REPORT_BUCKETS]; /* of struct report_group */
};

/* What differs between IGMP and MLD. */
struct report_kind {
	uint8_t family;
	uint8_t newest;	     /* version */
	uint8_t leaves_from; /* version that has leave messages */
	uint8_t addr_len;
	uint8_t ip_hlen;
	uint8_t report;	       /* types: of the newest version, */
	uint8_t old_report[3]; /* of older ones, */
	uint8_t leave;
	uint16_t unsolicited_ms[4]; /* by version: between reports of a change, at most */
	struct ip_addr all_hosts;   /* whom general queries go to, a group that is not reported, */
	struct ip_addr reports_to;  /* those of the newest version, */
	struct ip_addr leaves_to;   /* and leave messages */
	enum nsk_counter queries, sent;
	enum nsk_drop (*query)(const uint8_t *p, size_t len, struct groupmsg_query *out);
	const uint8_t *(*report_group)(const uint8_t *p, size_t len);
	size_t (*old_write)(uint8_t *p, uint8_t type, const uint8_t *group);
	void (*ip_write)(uint8_t *p, const uint8_t *src, const uint8_t *dst, size_t len);
};

extern const struct report_kind report_kinds[REPORT_FAMILIES];

/* ---- for others: report.c, report_query.c ---- */

/* On any worker: the table of groups has changed. */
void report_soon(struct nsk_worker *w);
/* On worker 0: does what is due; the time of the next thing to do, UINT64_MAX: there is none. */
uint64_t report_run(struct nsk_worker *w);
void report_fini(struct nsk_worker *w);
/* An IGMP or MLD message to us, its checksum judged; of it len bytes lie in one piece. Consumes m.
 */
void report_input(struct nsk_worker *w, struct rte_mbuf *m, size_t len);

/* listen.c: the port of an interface is told what it listens to. */
void listen_tell(struct nsk_worker *w, struct iface *ifc);

/* ---- among themselves ---- */

/* NULL: there is none, and no memory to make it. */
struct report_side *report_side_of(struct nsk_worker *w, struct iface *ifc, uint8_t family);
struct report_group *report_find(const struct report_side *side, const struct ip_addr *addr);
uint8_t report_robustness(const struct nsk_worker *w, const struct report_side *side);
/* A random time from now on, so many ms at most. */
uint64_t report_pick(struct nsk_worker *w, uint32_t most_ms);
/* What was to be told and answered is not any more; what only was still to be told goes. */
void report_cancel(struct nsk_worker *w, struct report_side *side);
/* The version that is to be spoken now, and until when that is so, at most. */
uint8_t report_version(const struct nsk_worker *w, const struct report_side *side,
		       uint64_t *until_ns);
/* A group is listened to by somebody. */
bool report_is_joined(const struct report_group *g);

#define REPORT_FOREACH(side, g)                                                              \
	for (unsigned b_ = 0; b_ < REPORT_BUCKETS; b_++)                                     \
		for (struct list_node *n_ = (side)->bucket[b_].next, *next_;                 \
		     n_ != &(side)->bucket[b_] &&                                            \
		     (next_ = n_->next, (g) = NSK_LIST_ENTRY(n_, struct report_group, link), \
		     true);                                                                  \
		     n_ = next_)

/* report_send.c: changes that are due, the present state of all groups, answers that are due; in
 * the version that is spoken. */
void report_send_changes(struct nsk_worker *w, struct report_side *side);
void report_send_all(struct nsk_worker *w, struct report_side *side);
void report_send_answers(struct nsk_worker *w, struct report_side *side);

#endif
