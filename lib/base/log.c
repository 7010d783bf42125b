/* SPDX-License-Identifier: BSD-3-Clause */
/* Formatting, the default sink, and the token bucket of rate-limited messages. */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const log_names[] = {
	[NSK_LOG_NONE] = "none", [NSK_LOG_ERR] = "error",   [NSK_LOG_WARN] = "warning",
	[NSK_LOG_INFO] = "info", [NSK_LOG_DEBUG] = "debug",
};

void log_init(struct log *l, enum nsk_log_level level, nsk_log_fn fn, void *arg)
{
	l->fn = fn;
	l->arg = arg;
	log_set_level(l, level);
}

const char *log_level_name(enum nsk_log_level level)
{
	return (size_t)level < NSK_ARRAY_LEN(log_names) ? log_names[level] : "?";
}

int log_level_parse(const char *name)
{
	for (size_t i = 0; i < NSK_ARRAY_LEN(log_names); i++) {
		if (strcmp(name, log_names[i]) == 0)
			return (int)i;
	}
	return -EINVAL;
}

/* The sink of those who gave none. One write, so that lines of several threads stay whole. */
static void log_to_stderr(enum nsk_log_level level, const char *module, const char *text)
{
	char line[LOG_TEXT_MAX + 64];
	int n = snprintf(line, sizeof(line), "netstk %s: %s: %s\n", log_level_name(level), module,
			 text);
	size_t len = NSK_MIN((size_t)n, sizeof(line) - 1);

	line[len - 1] = '\n';
	/* Nobody is left to tell if standard error does not take it. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

/* Mark a cut message, and replace what could forge a second line or upset a terminal. */
static void log_clean(char *text, int wanted)
{
	if (wanted >= LOG_TEXT_MAX)
		memcpy(text + LOG_TEXT_MAX - 4, "...", 4);
	for (char *c = text; *c != '\0'; c++) {
		unsigned char u = (unsigned char)*c;

		if (u < 0x20 || u >= 0x7f)
			*c = '?';
	}
}

static void NSK_PRINTF(4, 0) log_vwrite(const struct log *l, enum nsk_log_level level,
					const char *module, const char *fmt, va_list ap)
{
	char text[LOG_TEXT_MAX];
	int wanted;

	wanted = vsnprintf(text, sizeof(text), fmt, ap);
	if (wanted < 0)
		return;
	log_clean(text, wanted);
	if (l->fn != NULL)
		l->fn(l->arg, level, module, text);
	else
		log_to_stderr(level, module, text);
}

void log_write(const struct log *l, enum nsk_log_level level, const char *module, const char *fmt,
	       ...)
{
	va_list ap;

	if (!log_on(l, level))
		return;
	va_start(ap, fmt);
	log_vwrite(l, level, module, fmt, ap);
	va_end(ap);
}

void log_rate_init(struct log_rate *r, uint32_t per_second, uint32_t burst)
{
	r->interval_ns = UINT64_C(1000000000) / NSK_MAX(per_second, 1U);
	r->burst_ns = r->interval_ns * NSK_MAX(burst, 1U);
	r->credit_ns = r->burst_ns;
	r->last_ns = 0;
	r->suppressed = 0;
}

bool log_rate_take(struct log_rate *r, uint64_t now_ns)
{
	if (now_ns > r->last_ns) {
		uint64_t gained = now_ns - r->last_ns;

		/* Written so that an arbitrarily long pause cannot overflow the sum. */
		r->credit_ns += NSK_MIN(gained, r->burst_ns - r->credit_ns);
		r->last_ns = now_ns;
	}
	if (r->credit_ns < r->interval_ns) {
		r->suppressed++;
		return false;
	}
	r->credit_ns -= r->interval_ns;
	return true;
}

void log_write_rated(const struct log *l, struct log_rate *r, uint64_t now_ns,
		     enum nsk_log_level level, const char *module, const char *fmt, ...)
{
	va_list ap;

	if (!log_on(l, level) || !log_rate_take(r, now_ns))
		return;
	if (r->suppressed != 0) {
		log_write(l, level, module, "%" PRIu64 " messages like the next one left out",
			  r->suppressed);
		r->suppressed = 0;
	}
	va_start(ap, fmt);
	log_vwrite(l, level, module, fmt, ap);
	va_end(ap);
}
