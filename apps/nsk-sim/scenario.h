/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A scenario: hosts, links between two of them, applications, faults, as a file says it
 * (docs/NSK-SIM.md). The file is a tree of libconfig; what is here is made from the tree and a
 * seed, of which ranges ("10 ms..50 ms") are drawn.
 */
#ifndef NSK_APPS_NSK_SIM_SCENARIO_H
#define NSK_APPS_NSK_SIM_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include <libconfig.h>

#include <netstk/netstk.h>

#define SIM_HOSTS    32
#define SIM_LINKS    32
#define SIM_APPS     64
#define SIM_FAULTS   256
#define SIM_SETTINGS 96
#define SIM_NAME     32
#define SIM_NONE     UINT32_MAX /* an index of nothing */

struct sim_setting {
	char name[64];
	char value[64];
	const config_setting_t *at; /* NULL: chosen by the simulator */
};

/* What a hostile host does; of these, each by the same chance. */
enum sim_act {
	ACT_CHAOS,    /* anything at all on connections of its own */
	ACT_STUCK,    /* connections that neither go on nor end; windows that stay closed */
	ACT_OPTIMIST, /* acknowledges what has not come */
	ACT_RENEGE,   /* SACK blocks that lie, or are taken back */
	ACT_SCATTER,  /* octets by themselves, with gaps, over each other */
	ACT_BLIND,    /* segments into connections of others, whose numbers it does not know */
	ACT_FLOOD,    /* SYNs from anywhere */
	ACT_ICMP,     /* errors about connections */
	ACT_GARBAGE,  /* frames that are broken anywhere */
	ACT_COUNT,
};

struct sim_hostile {
	const config_setting_t *at; /* NULL: the host is honest */
	uint32_t acts;		    /* bits of enum sim_act */
	uint32_t per_second;
	uint32_t connections; /* of its own, at once, at most */
	uint64_t start_ns, duration_ns;
};

struct sim_host {
	char name[SIM_NAME];
	struct sim_hostile hostile;
	unsigned nsettings;
	struct sim_setting setting[SIM_SETTINGS];
};

struct sim_link {
	char name[SIM_NAME];
	uint32_t host[2]; /* at its ends */
	char address[2][32];
	uint32_t mtu;
	struct nsk_wire_params dir[2]; /* [0] from the first end to the second */
	char fault[96];		       /* of the ports at both ends, for nsk_config_add_fault() */
	const config_setting_t *at;
};

enum sim_kind {
	SIM_BULK,
	SIM_REQUEST,
	SIM_SHORT,
	SIM_HALF_CLOSE,
	SIM_UDP,
	SIM_STEPS,
};

#define SIM_OPTIONS 14

/* Socket options of an end, in the order of the list in parts_options.c. */
struct sim_options {
	uint32_t there; /* bits */
	uint32_t value[SIM_OPTIONS];
};

/* What an end of a connection does, one after the other. */
enum sim_step_kind {
	STEP_CONNECT,
	STEP_WRITE,	   /* so many bytes; UINT64_MAX: until the application stops */
	STEP_READ,	   /* so many bytes */
	STEP_READ_END,	   /* until the peer's stream ends */
	STEP_KEEP_READING, /* reads whatever comes, beside the steps that follow */
	STEP_STOP_READING,
	STEP_WAIT,	    /* ns */
	STEP_WAIT_UNTIL,    /* ns since the start */
	STEP_SHUTDOWN,	    /* sends no more */
	STEP_SHUTDOWN_READ, /* reads no more than has come */
	STEP_SET,	    /* a socket option */
	STEP_CLOSE,
	STEP_ABORT,	    /* resets */
	STEP_REFUSE,	    /* nobody listens */
	STEP_REPEAT,	    /* what follows, so often; goes on behind STEP_AGAIN */
	STEP_REPEAT_TO_END, /* the same until the peer's stream ends */
	STEP_AGAIN,
};

struct sim_step {
	uint32_t what;
	/* Of STEP_REPEAT and STEP_REPEAT_TO_END the place of STEP_AGAIN, and back; of STEP_SET the
	 * option. */
	uint32_t other;
	uint64_t value;
	uint32_t outcomes;	    /* that it may have, bits by parts_outcomes; 0: done */
	uint32_t number;	    /* in the scenario, from 1; 0: goes without saying */
	const config_setting_t *at; /* NULL: made from the kind of the application */
};

#define SIM_SCRIPT 128

struct sim_script {
	unsigned count;
	struct sim_step step[SIM_SCRIPT];
};

enum sim_expect {
	EXPECT_DONE, /* everything arrives */
	EXPECT_ERROR,
	EXPECT_ANY,
};

struct sim_app {
	char name[SIM_NAME];
	uint32_t kind;
	uint32_t from, to; /* hosts: who connects, who listens */
	uint32_t link;	   /* over which they talk */
	uint32_t side;	   /* end of the link that the client is on */
	uint32_t port;
	uint32_t connections; /* at once; of short ones: slots */
	uint32_t count;	      /* requests of a connection, or short connections altogether */
	uint32_t expect;
	uint64_t start_ns;
	uint64_t stagger_ns;  /* between the starts of its connections */
	uint64_t bytes;	      /* client to server, of each connection */
	uint64_t bytes_back;  /* server to client */
	uint64_t duration_ns; /* instead of bytes: send that long */
	uint64_t warmup_ns;   /* goodput is measured from then on */
	uint64_t request_bytes, response_bytes;
	uint64_t think_ns;
	uint64_t read_bps;    /* how fast a reader reads; 0: at once */
	uint32_t write_bytes; /* in one call, at most */
	uint32_t read_bytes;
	uint32_t sndbuf, rcvbuf; /* SO_SNDBUF, SO_RCVBUF; 0: as they are */
	uint64_t user_timeout_ns;
	uint64_t write_pause_ns;       /* between two writes of an end */
	struct sim_options options[2]; /* client's, server's */
	struct sim_script script[2];   /* client's, server's */
	bool nodelay;
	bool urgent;	     /* each write's last byte is (MSG_OOB) */
	bool refuses;	     /* nobody listens */
	bool foreign;	     /* who listens is hostile: nothing is known about what comes */
	char congestion[16]; /* TCP_CONGESTION; "" as it is */
	const config_setting_t *at;
};

enum sim_fault_what {
	FAULT_NONE,
	FAULT_DOWN,    /* of a link */
	FAULT_SET,     /* a link's parameters */
	FAULT_STOP,    /* of a host: it turns no more */
	FAULT_CLOCK,   /* leaps */
	FAULT_STARVE,  /* of a host: memory or packet buffers are refused */
	FAULT_TX_FULL, /* a link's ports take nothing */
	FAULT_COUNT,
};

struct sim_fault {
	uint32_t what;
	uint64_t at_ns, for_ns; /* 0: for ever */
	uint32_t link, host;
	uint64_t leap_ns;
	struct nsk_shortage shortage;
	struct nsk_wire_params dir[2]; /* FAULT_SET: as they are afterwards */
	const config_setting_t *at;
};

struct scenario {
	char file[256];
	char error[512];
	uint64_t seed;
	uint64_t limit_ns; /* of virtual time */
	uint64_t step_ns;  /* least time between turns */
	unsigned nhosts, nlinks, napps, nfaults;
	struct sim_host host[SIM_HOSTS];
	struct sim_link link[SIM_LINKS];
	struct sim_app app[SIM_APPS];
	struct sim_fault fault[SIM_FAULTS]; /* in order of time */
};

/* Reads a file into a tree. false: error says "FILE:LINE: what". */
bool scenario_load(config_t *tree, const char *file, char *error, size_t size);

/* Puts a value at a path ("links.wan.rate=1 Mbit/s"). false: error says why not. */
bool scenario_set(config_t *tree, const char *assignment, char *error, size_t size);

/* Makes a scenario from a tree; the tree must stay. false: s->error says "FILE:LINE: what". */
bool scenario_read(struct scenario *s, const config_t *tree, const char *file, uint64_t seed);

/* Writes "FILE:LINE: " of a setting, as snprintf(). */
int scenario_place(const struct scenario *s, const config_setting_t *at, char *buf, size_t size);

/* For rooms of the reader: notes "FILE:LINE: ..." and returns false. */
bool scenario_fail(struct scenario *s, const config_setting_t *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Index by name, SIM_NONE: there is none. */
uint32_t scenario_host(const struct scenario *s, const char *name);
uint32_t scenario_link(const struct scenario *s, const char *name);

#endif
