/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-load/result.h"

static const char *const names[] = {
#define X(name, text, meaning) text,
	LOAD_ERROR_LIST(X)
#undef X
};

static const char *const texts[] = {
#define X(name, text, meaning) meaning,
	LOAD_ERROR_LIST(X)
#undef X
};

const char *load_error_name(enum load_error error)
{
	return error < LOAD_ERR_MAX ? names[error] : "?";
}

const char *load_error_text(enum load_error error)
{
	return error < LOAD_ERR_MAX ? texts[error] : "?";
}

void result_begin(struct result *r, uint64_t now_ns)
{
	r->base = r->now;
	__atomic_store_n(&r->measure_start_ns, now_ns, __ATOMIC_RELEASE);
}

void result_end(struct result *r, uint64_t now_ns)
{
	r->end = r->now;
	__atomic_store_n(&r->measure_end_ns, now_ns, __ATOMIC_RELEASE);
}

void counters_sub(struct counters *a, const struct counters *b)
{
#define X(field) a->field -= b->field;
	LOAD_COUNTER_LIST(X)
#undef X
}

void counters_add(struct counters *a, const struct counters *b)
{
#define X(field) a->field += b->field;
	LOAD_COUNTER_LIST(X)
#undef X
}

void counters_read(struct counters *to, const struct counters *from)
{
#define X(field) to->field = __atomic_load_n(&from->field, __ATOMIC_RELAXED);
	LOAD_COUNTER_LIST(X)
#undef X
}

uint64_t result_errors(const struct result *r)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < LOAD_ERR_MAX; i++)
		sum += __atomic_load_n(&r->error[i], __ATOMIC_RELAXED);
	return sum;
}
