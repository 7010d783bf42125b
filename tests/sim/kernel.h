/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stack with a twin: the peer is on its interface, a callback port in the kernel's place.
 */
#ifndef NSK_TESTS_SIM_KERNEL_H
#define NSK_TESTS_SIM_KERNEL_H

#include <string.h>

#include "sim/peer.h"
#include "wire/tcp.h"

#define KERNEL_KEPT 4096
#define RULES(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

/* What the kernel got. */
struct kernel {
	struct nsk_callback_port *port;
	bool refuse;
	unsigned n;
	size_t len[KERNEL_KEPT];
	uint8_t last[PEER_FRAME_MAX];
};

extern struct peer peer;
extern struct kernel kernel;
/* A frame that is made. */
extern uint8_t f[PEER_FRAME_MAX];

/* A stack whose kernel gets what these rules name. */
void begin(const char *const *settings, const char *const *punt);
/* The same; more is said before the twin is, so that it is of the interface that came last. */
void begin_with(const char *const *settings, const char *const *punt,
		void (*more)(struct nsk_config *config));
void end(void);

uint64_t drops(enum nsk_drop reason);
uint64_t counted(enum nsk_counter counter);

/* The first len bytes of f come in. The stack has the time it takes: it looks at twins about every
 * millisecond. */
void hand_in(size_t len);
/* The kernel must have got the frame that was handed in, and nothing else. */
void kernel_got_it(size_t len);
/* The same of one that is handed in, and the stack says nothing. */
void kernel_gets_it(size_t len);
/* The stack says what it says to what nobody takes, and the kernel gets nothing. */
void refused(size_t len);
/* The stack is silent. */
void dropped(size_t len, enum nsk_drop reason);

/* A SYN of the peer's. dst 0: to the stack. */
size_t syn(uint32_t dst, uint16_t sport, uint16_t dport);

#endif
