/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What one thread of load has done. The thread writes, the reporting thread reads at any time:
 * every counter is whole at every moment, and only grows.
 */
#ifndef NSK_APPS_NSK_LOAD_RESULT_H
#define NSK_APPS_NSK_LOAD_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/histogram.h"

/* X(NAME, "name", "meaning"): every kind of error. */
#define LOAD_ERROR_LIST(X)                                                                   \
	X(CONNECT_TIMEOUT, "connect_timeouts", "no answer to SYN")                           \
	X(REFUSED, "refused", "connection refused")                                          \
	X(RESET, "resets", "connection reset by the other side")                             \
	X(TIMEOUT, "timeouts", "no answer to a request")                                     \
	X(CLOSED, "closed_early", "closed by the other side before the answer was complete") \
	X(CLOSE_TIMEOUT, "close_timeouts", "the other side did not close")                   \
	X(BAD, "bad_answers", "wrong bytes or wrong length")                                 \
	X(UNREACHABLE, "unreachable", "ICMP destination unreachable")                        \
	X(CHECKSUM, "bad_checksums", "packets with a wrong checksum")                        \
	X(SOCKET, "socket_errors", "a socket call failed otherwise")

enum load_error {
#define X(name, text, meaning) LOAD_ERR_##name,
	LOAD_ERROR_LIST(X)
#undef X
	LOAD_ERR_MAX
};

const char *load_error_name(enum load_error error);
const char *load_error_text(enum load_error error);

/* X(field): every counter. */
#define LOAD_COUNTER_LIST(X)                                            \
	X(sent)	      /* requests begun */                              \
	X(answers)    /* requests answered, completely and right */     \
	X(opened)     /* connections established */                     \
	X(closed)     /* connections ended as they should */            \
	X(tx_bytes)   /* payload sent, first time */                    \
	X(rx_bytes)   /* payload received in order */                   \
	X(tx_packets) /* lean and raw only, as are all below */         \
	X(rx_packets)                                                   \
	X(retransmits) /* segments sent again */                        \
	X(tx_full)     /* packets that the port did not take in time */ \
	X(no_buffers)  /* packets not sent for want of a buffer */      \
	X(stray)       /* packets that nobody waited for */             \
	X(busy_ns)     /* time in turns that had work */                \
	X(jitter_ns)   /* sum of differences between one latency and the next */

struct counters {
#define X(field) uint64_t field;
	LOAD_COUNTER_LIST(X)
#undef X
};

struct result {
	struct counters now;	   /* since the start */
	struct counters base, end; /* at both ends of the measured time */
	uint64_t error[LOAD_ERR_MAX];
	uint64_t open;	  /* connections established at present */
	uint64_t waiting; /* open loop: requests due that no connection was free for */
	uint64_t measure_start_ns, measure_end_ns; /* by the thread's clock; 0: not yet */
	uint64_t last_latency_ns;
	uint64_t socket_errno; /* of the last error of kind SOCKET */
	bool done;
	struct histogram latency; /* of requests, of whole connections with --short */
	struct histogram connect; /* SYN to SYN-ACK */
} __attribute__((aligned(64)));

static inline void result_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline void result_set(uint64_t *gauge, uint64_t value)
{
	__atomic_store_n(gauge, value, __ATOMIC_RELAXED);
}

static inline void result_error(struct result *r, enum load_error error)
{
	result_add(&r->error[error], 1);
}

/* One more latency, within the measured time. */
static inline void result_latency(struct result *r, uint64_t ns)
{
	uint64_t last = r->last_latency_ns;

	histogram_record(&r->latency, ns);
	if (last)
		result_add(&r->now.jitter_ns, ns > last ? ns - last : last - ns);
	r->last_latency_ns = ns ? ns : 1;
}

/* The measured time begins or ends now. */
void result_begin(struct result *r, uint64_t now_ns);
void result_end(struct result *r, uint64_t now_ns);

/* a - b, field by field, or a + b. */
void counters_sub(struct counters *a, const struct counters *b);
void counters_add(struct counters *a, const struct counters *b);
/* A reading while the thread runs. */
void counters_read(struct counters *to, const struct counters *from);
uint64_t result_errors(const struct result *r);

#endif
