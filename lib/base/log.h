/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log: one object per stack with a threshold and a sink. A message is formatted on the caller's
 * stack and handed to the sink as one line; nothing is kept, so any thread may write. What packets
 * can provoke is written through a rate limit, whose state lies with its owner (a worker).
 */
#ifndef NSK_BASE_LOG_H
#define NSK_BASE_LOG_H

#include <netstk/log.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#define LOG_TEXT_MAX 512 /* bytes of a message with its end; longer ones are cut with "..." */

struct log {
	nsk_log_fn fn;		  /* [C] NULL: standard error */
	void *arg;		  /* [C] */
	enum nsk_log_level level; /* [A] messages above this are not made */
};

/* A token bucket of messages; not shared between threads. */
struct log_rate {
	uint64_t interval_ns; /* [C] one message per this */
	uint64_t burst_ns;    /* [C] credit that may be saved up */
	uint64_t credit_ns;   /* [W] */
	uint64_t last_ns;     /* [W] time of the last look */
	uint64_t suppressed;  /* [W] messages left out since the last one written */
};

/* Messages up to @level go to @fn, or to standard error when it is NULL. */
void log_init(struct log *l, enum nsk_log_level level, nsk_log_fn fn, void *arg);

/* "error", "warning", "info", "debug". */
const char *log_level_name(enum nsk_log_level level);

/* The level of such a name ("none" too), or -EINVAL. */
int log_level_parse(const char *name);

/*
 * Write one message. Bytes that do not print, line ends included, appear as '?'. Use the macros,
 * which do not evaluate their arguments when the level is off. A NULL log swallows everything.
 */
void log_write(const struct log *l, enum nsk_log_level level, const char *module, const char *fmt,
	       ...) NSK_PRINTF(4, 5);

/* A bucket, full at the start, of @burst messages that fills with @per_second (both at least 1). */
void log_rate_init(struct log_rate *r, uint32_t per_second, uint32_t burst);

/* Take one message's credit; false: leave it out (it is counted). A clock that goes back is kept.
 */
bool log_rate_take(struct log_rate *r, uint64_t now_ns);

/* Write one message, and before it, if some were left out, a line that says how many. */
void log_write_rated(const struct log *l, struct log_rate *r, uint64_t now_ns,
		     enum nsk_log_level level, const char *module, const char *fmt, ...)
	NSK_PRINTF(6, 7);

static inline bool log_on(const struct log *l, enum nsk_log_level level)
{
	return l != NULL && level <= __atomic_load_n(&l->level, __ATOMIC_RELAXED);
}

/* Change the threshold while others write. */
static inline void log_set_level(struct log *l, enum nsk_log_level level)
{
	__atomic_store_n(&l->level, level, __ATOMIC_RELAXED);
}

#define LOG_AT(l, lvl, ...)                                  \
	do {                                                 \
		const struct log *log_ = (l);                \
		if (log_on(log_, (lvl)))                     \
			log_write(log_, (lvl), __VA_ARGS__); \
	} while (0)

/* LOG_ERR(log, "module", "format", ...) and so on. */
#define LOG_ERR(l, ...)	  LOG_AT(l, NSK_LOG_ERR, __VA_ARGS__)
#define LOG_WARN(l, ...)  LOG_AT(l, NSK_LOG_WARN, __VA_ARGS__)
#define LOG_INFO(l, ...)  LOG_AT(l, NSK_LOG_INFO, __VA_ARGS__)
#define LOG_DEBUG(l, ...) LOG_AT(l, NSK_LOG_DEBUG, __VA_ARGS__)

/* LOG_RATE(log, &rate, now_ns, NSK_LOG_WARN, "module", "format", ...) */
#define LOG_RATE(l, rate, now_ns, lvl, ...)                                          \
	do {                                                                         \
		const struct log *log_ = (l);                                        \
		if (log_on(log_, (lvl)))                                             \
			log_write_rated(log_, (rate), (now_ns), (lvl), __VA_ARGS__); \
	} while (0)

#endif
