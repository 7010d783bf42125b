/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the workers of a stack share beside settings and the configuration: written rarely, read
 * where no packet of an established flow comes by.
 */
#ifndef NSK_MBUF_SHARED_H
#define NSK_MBUF_SHARED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/siphash.h"
#include "mbuf/extmem.h"

#define SHARED_PORTS 65536

enum shared_proto {
	SHARED_TCP,
	SHARED_UDP,
	SHARED_PROTOS,
};

/*
 * Multicast groups with members, net/group.h: twice as many places as groups, at least one vacant;
 * and the senders that members have named, of all groups and of one.
 */
#define SHARED_GROUPS_MAX	 256
#define SHARED_GROUP_PLACES	 512
#define SHARED_SOURCES_MAX	 1024
#define SHARED_GROUP_SOURCES_MAX 64

struct shared_group {
	uint32_t seq;	    /* [A] odd: it is about to become another group */
	uint32_t key;	    /* [A] interface and family, 0: the end of a chain */
	uint64_t word[2];   /* [A] address */
	uint32_t members;   /* [A] 0: vacant */
	uint32_t wants_seq; /* [A] odd: what follows is about to change */
	uint32_t excluders; /* [A] of them: who hear all senders but some */
	uint32_t first;	    /* [A] source, from 1 on; 0: none was named */
	uint32_t nsources;
};

/* Who named it of the group's members, to hear it or not to. */
struct shared_source {
	uint64_t word[2];   /* [A] address */
	uint32_t includers; /* [A] */
	uint32_t excluders; /* [A] */
	uint32_t next;	    /* [A] of the group, or vacant: from 1 on */
};

struct shared_groups {
	pthread_mutex_t lock; /* of who joins or leaves */
	uint32_t count;
	uint32_t changes;  /* [A] how often what an interface listens to became another */
	uint32_t nsources; /* places of source[] that were ever used */
	uint32_t vacant;   /* list of those that are no more */
	uint32_t sources;  /* in use */
	struct shared_group place[SHARED_GROUP_PLACES];
	struct shared_source source[SHARED_SOURCES_MAX];
};

struct stack_shared {
	struct siphash_key secret;  /* [C] of shared_key() */
	struct siphash_key cluster; /* [C] the same, for what other nodes must find as well */
	bool clustered;	     /* [C] there are such: cluster is their secret, else it is as secret */
	uint64_t wall_ns;    /* [C] from the stack's clock to the one that the nodes share */
	uint64_t cookie_ns;  /* [A] when a SYN cookie was given out last, about; 0: none was */
	uint64_t icmp_users; /* [A] workers that have ICMP sockets, as a mask */
	bool strays;	     /* [A] some TCP connections live where their flows do not belong */
	bool moves;	     /* [A] some TCP connection has moved to another worker */
	bool moving;	     /* [A] one is on its way now */
	uint32_t sockets_left; /* [A] descriptors that no worker has taken, see sock/limit.h */
	struct shared_groups groups;
	pthread_mutex_t addr_lock; /* of who adds or removes addresses; nobody waits under it */
	/* Which workers have, or for TCP ever had, a socket bound to a port, as a mask [A]; NULL
	 * with one worker. */
	uint64_t *port_users[SHARED_PROTOS];
	struct extmem extmem; /* the application's memory that packets may point into */
};

/* Secrets that have to be the same on all workers, so that a flow may move; two of them on all
 * nodes, so that a cookie may: its connection's timestamps go on where the cookie's was. */
enum shared_secret {
	SHARED_ISN,
	SHARED_TS_OFFSET,
	SHARED_COOKIE,
	SHARED_FASTOPEN,
	SHARED_PATHS,
	SHARED_SLAAC, /* of addresses that are to be the same after a start with the same secret */
};

/* The key of one purpose; nobody tells it from that of another. */
static inline struct siphash_key shared_key(const struct stack_shared *s, enum shared_secret what)
{
	const uint8_t label[2][2] = {{(uint8_t)what, 0}, {(uint8_t)what, 1}};
	bool all = what == SHARED_TS_OFFSET || what == SHARED_COOKIE || what == SHARED_SLAAC;
	const struct siphash_key *from = all ? &s->cluster : &s->secret;

	return (struct siphash_key){
		.k0 = siphash24(from, label[0], sizeof(label[0])),
		.k1 = siphash24(from, label[1], sizeof(label[1])),
	};
}

/* Worker id has a socket bound to the port from now on, or has no more. */
static inline void shared_port_use(struct stack_shared *s, enum shared_proto proto, uint16_t port,
				   uint16_t id, bool use)
{
	const uint64_t bit = UINT64_C(1) << id;

	if (use)
		__atomic_fetch_or(&s->port_users[proto][port], bit, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&s->port_users[proto][port], ~bit, __ATOMIC_RELAXED);
}

/* The users of a port, as a mask. */
static inline uint64_t shared_port_users(const struct stack_shared *s, enum shared_proto proto,
					 uint16_t port)
{
	return __atomic_load_n(&s->port_users[proto][port], __ATOMIC_RELAXED);
}

/* Who of some users comes after worker id, in their order round from home; -1: nobody. */
static inline int shared_next(uint64_t users, uint16_t id, uint16_t home, uint16_t workers)
{
	for (unsigned i = (id + 1u) % workers; i != home; i = (i + 1) % workers)
		if (users >> i & 1)
			return (int)i;
	return -1;
}

/*
 * A packet to a port has found no socket on worker id: who of the users of the port is next, in
 * their order round from home, where such packets come first; -1: all were asked.
 */
static inline int shared_port_next(const struct stack_shared *s, enum shared_proto proto,
				   uint16_t port, uint16_t id, uint16_t home, uint16_t workers)
{
	return shared_next(shared_port_users(s, proto, port), id, home, workers);
}

/* The only user of a port, -1 if there are more or none. */
static inline int shared_port_only(const struct stack_shared *s, enum shared_proto proto,
				   uint16_t port)
{
	uint64_t users = shared_port_users(s, proto, port);

	return users && !(users & (users - 1)) ? __builtin_ctzll(users) : -1;
}

#endif
