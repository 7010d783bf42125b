/* SPDX-License-Identifier: BSD-3-Clause */
/* Both ways between structures and their flat images; see image.h. */
#include "base/image.h"

#include <string.h>

#include "base/wheel.h"

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_US UINT64_C(1000)

/* Readings of nothing, which no time gone by looks like. */
#define NONE_32 UINT64_C(0x80000000)
#define NONE_64 (UINT64_C(1) << 63)
/* No moment lies further away. */
#define FAR_64 (INT64_C(1) << 62)

#define FNV_PRIME 16777619u

/* ---- elements ---- */

static uint64_t load(const uint8_t *p, unsigned width)
{
	uint64_t v = 0;

	memcpy((uint8_t *)&v + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 8 - width : 0), p, width);
	return v;
}

static void store(uint8_t *p, uint64_t v, unsigned width)
{
	memcpy(p, (uint8_t *)&v + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 8 - width : 0), width);
}

/* The clock as a field of this kind reads it. */
static uint64_t clock_of(enum image_kind kind, uint64_t now_ns)
{
	switch (kind) {
	case IMAGE_MS:
	case IMAGE_MS_OR_0:
	case IMAGE_AHEAD_MS:
		return now_ns / NS_PER_MS;
	case IMAGE_US:
	case IMAGE_US_OR_0:
	case IMAGE_US_LONG:
		return now_ns / NS_PER_US;
	case IMAGE_TICKS:
		return now_ns >> WHEEL_TICK_SHIFT;
	default:
		return now_ns;
	}
}

static uint64_t to_image(enum image_kind kind, uint64_t v, uint64_t now_ns)
{
	uint64_t now = clock_of(kind, now_ns);

	switch (kind) {
	case IMAGE_MS_OR_0:
	case IMAGE_US_OR_0:
		return v ? now - v : NONE_32;
	case IMAGE_MS:
	case IMAGE_US:
		return now - v;
	case IMAGE_US_LONG:
	case IMAGE_NS_LONG:
		return v ? now - v : NONE_64;
	case IMAGE_AHEAD_MS:
		return v + now;
	case IMAGE_TICKS:
		return v - now;
	default:
		return v;
	}
}

/* A moment so long ago; the clock may not have been running then. */
static uint64_t long_ago(uint64_t gone, uint64_t now, bool *bad)
{
	int64_t ago = (int64_t)gone;

	if (gone == NONE_64)
		return 0;
	*bad |= ago > FAR_64 || ago < -FAR_64;
	return ago >= (int64_t)now ? 1 : now - gone;
}

static uint64_t from_image(enum image_kind kind, uint64_t v, uint64_t now_ns, bool *bad)
{
	uint64_t now = clock_of(kind, now_ns);

	switch (kind) {
	case IMAGE_MS_OR_0:
	case IMAGE_US_OR_0:
		if (v == NONE_32)
			return 0;
		return (uint32_t)(now - v) ? now - v : 1;
	case IMAGE_MS:
	case IMAGE_US:
		return now - v;
	case IMAGE_US_LONG:
	case IMAGE_NS_LONG:
		return long_ago(v, now, bad);
	case IMAGE_AHEAD_MS:
		return v - now;
	case IMAGE_TICKS:
		return v + now;
	default:
		return v;
	}
}

/* ---- out ---- */

static uint8_t *more(struct image_out *o, size_t n)
{
	uint8_t *p = o->len + n <= o->room ? o->at + o->len : NULL;

	o->len += n;
	return p;
}

void image_put_number(struct image_out *o, uint64_t v, unsigned width)
{
	uint8_t *p = more(o, width);

	for (unsigned i = 0; p && i < width; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void put_octets(struct image_out *o, const uint8_t *from, size_t n)
{
	uint8_t *p = more(o, n);

	if (p)
		memcpy(p, from, n);
}

void image_put(struct image_out *o, const struct image_table *t, const void *from, uint64_t now_ns)
{
	for (unsigned i = 0; i < t->count; i++) {
		const struct image_field *f = &t->field[i];
		const uint8_t *p = (const uint8_t *)from + f->at;
		enum image_kind kind = (enum image_kind)f->kind;

		if (kind == IMAGE_STAYS)
			continue;
		if (kind == IMAGE_PART) {
			image_put(o, f->part, p, now_ns);
		} else if (kind == IMAGE_OCTETS) {
			put_octets(o, p, f->size);
		} else {
			for (unsigned at = 0; at < f->size; at += f->width)
				image_put_number(o, to_image(kind, load(p + at, f->width), now_ns),
						 f->width);
		}
	}
}

/* ---- in ---- */

static const uint8_t *next(struct image_in *in, size_t n)
{
	const uint8_t *p = in->at;

	if (n > in->left) {
		in->bad = true;
		in->left = 0;
		return NULL;
	}
	in->at += n;
	in->left -= n;
	return p;
}

uint64_t image_get_number(struct image_in *in, unsigned width)
{
	const uint8_t *p = next(in, width);
	uint64_t v = 0;

	for (unsigned i = 0; p && i < width; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static void get_field(struct image_in *in, const struct image_field *f, uint8_t *p, uint64_t now_ns)
{
	for (unsigned at = 0; at < f->size; at += f->width) {
		uint64_t v = image_get_number(in, f->width);

		in->bad |= v < f->least || (f->most && v > f->most);
		v = from_image((enum image_kind)f->kind, v, now_ns, &in->bad);
		store(p + at, v, f->width);
	}
}

void image_get(struct image_in *in, const struct image_table *t, void *to, uint64_t now_ns)
{
	/* Nothing of a bad image gets into a structure: a flag that is neither true nor false is
	 * not even to be looked at. */
	for (unsigned i = 0; i < t->count && !in->bad; i++) {
		const struct image_field *f = &t->field[i];
		uint8_t *p = (uint8_t *)to + f->at;

		if (f->kind == IMAGE_STAYS)
			continue;
		if (f->kind == IMAGE_PART) {
			image_get(in, f->part, p, now_ns);
		} else if (f->kind == IMAGE_OCTETS) {
			const uint8_t *from = next(in, f->size);

			if (from)
				memcpy(p, from, f->size);
		} else {
			get_field(in, f, p, now_ns);
		}
	}
}

/* ---- checks ---- */

bool image_covers(const struct image_table *t)
{
	for (unsigned octet = 0; octet < t->size; octet++) {
		unsigned rows = 0;

		for (unsigned i = 0; i < t->count; i++)
			rows += octet - t->field[i].at < t->field[i].size;
		if (rows != 1)
			return false;
	}
	return true;
}

uint32_t image_layout(const struct image_table *t, uint32_t so_far)
{
	for (unsigned i = 0; i < t->count; i++) {
		const struct image_field *f = &t->field[i];

		if (f->kind == IMAGE_STAYS)
			continue;
		for (const char *c = f->name; *c; c++)
			so_far = (so_far ^ (uint8_t)*c) * FNV_PRIME;
		so_far = (so_far ^ f->kind) * FNV_PRIME;
		if (f->kind == IMAGE_PART)
			so_far = image_layout(f->part, so_far);
		else
			so_far = (so_far ^ (uint32_t)f->size << 8 ^ f->width) * FNV_PRIME;
	}
	return so_far;
}
