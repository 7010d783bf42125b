/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arguments of a virtual device that its driver does not know, and values that make no sense.
 * DPDK's drivers pass over them, or over all of them at once, or take a word for 0: a slip of the
 * pen makes a device that nobody asked for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/compiler.h"
#include "kv.h"
#include "quirks.h"

#define WORD_MAX 32
#define NEAR	 2 /* letters to add, drop or change */

/* How many letters must be added, dropped or changed to make a word of the other (Levenshtein). */
static unsigned distance(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned row[WORD_MAX + 1];

	if (alen > WORD_MAX || blen > WORD_MAX)
		return WORD_MAX;
	for (unsigned j = 0; j <= blen; j++)
		row[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		unsigned corner = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= blen; j++) {
			unsigned change = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			row[j] = NSK_MIN(change, NSK_MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[blen];
}

/* One argument: KEY or KEY=VALUE. Lengths, as neither ends in a NUL. */
struct arg {
	const char *key, *value; /* value NULL: it has none */
	size_t key_len, value_len;
};

static size_t key_len(const char *word)
{
	return strcspn(word, " =");
}

/* The next word of a row's list, "" behind the last. */
static const char *next_word(const char *word)
{
	word += strcspn(word, " ");
	return word + (*word == ' ');
}

/* The word whose key is nearest; *best is how near. */
static const char *nearest(const char *list, const struct arg *a, unsigned *best)
{
	const char *found = list;

	*best = WORD_MAX;
	for (const char *word = list; *word; word = next_word(word)) {
		unsigned d = distance(a->key, a->key_len, word, key_len(word));

		if (d < *best) {
			*best = d;
			found = word;
		}
	}
	return found;
}

/* "iface remote mac persist" */
static void key_names(const char *list, char *text, size_t size)
{
	size_t n = 0;

	text[0] = '\0';
	for (; *list && n < size; list = next_word(list))
		n += (size_t)snprintf(text + n, size - n, "%s%.*s", n ? " " : "",
				      (int)key_len(list), list);
}

/* ---- values -------------------------------------------------------------------------------- */

/* True if a list of words with a sign between has this one, n characters. */
static bool one_of(const char *list, size_t len, const char *word, size_t n)
{
	for (const char *at = list; at < list + len;) {
		size_t m = strcspn(at, "|+ ");

		if (m == n && memcmp(at, word, n) == 0)
			return true;
		at += m + 1;
	}
	return false;
}

static bool is_kind(const char *kind, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(kind, name, len) == 0;
}

/* What a value should have been, NULL when it is so. */
static const char *value_wanted(const char *kind, size_t len, const struct arg *a, char *buf,
				size_t size)
{
	char value[64];
	const char *expect;
	struct eth_addr mac;
	uint64_t v;

	if (is_kind(kind, len, "text"))
		return a->value_len ? NULL : "a value";
	snprintf(value, sizeof(value), "%.*s", (int)NSK_MIN(a->value_len, sizeof(value)), a->value);
	if (is_kind(kind, len, "num"))
		return kv_u64(value, UINT32_MAX, &v, &expect) ? expect : NULL;
	if (is_kind(kind, len, "bool"))
		return kv_bool(value, &v, &expect) ? expect : NULL;
	if (is_kind(kind, len, "mac"))
		return eth_addr_parse(&mac, value) ? "an Ethernet address" : NULL;
	snprintf(buf, size, "one of %.*s", (int)len, kind);
	return one_of(kind, len, a->value, a->value_len) ? NULL : buf;
}

/* ---- arguments ----------------------------------------------------------------------------- */

static int unknown(const struct quirk *quirk, const struct arg *a, const char *near, char *error,
		   size_t size)
{
	char names[192];

	key_names(quirk->keys, names, sizeof(names));
	if (near)
		snprintf(error, size, "no argument '%.*s'; did you mean '%.*s'? %s has: %s",
			 (int)a->key_len, a->key, (int)key_len(near), near, quirk->driver, names);
	else
		snprintf(error, size, "no argument '%.*s'; %s has: %s", (int)a->key_len, a->key,
			 quirk->driver, names);
	return -EINVAL;
}

/* An argument against its row's word; rest: those behind it. */
static int check_value(const char *word, const struct arg *a, const char *rest, char *error,
		       size_t size)
{
	size_t word_len = strcspn(word, " ");
	bool again = word[word_len - 1] == '+';
	const char *kind = word + key_len(word) + 1, *want;
	char buf[96], name[WORD_MAX + 1], first[8];

	snprintf(name, sizeof(name), "%.*s", (int)a->key_len, a->key);
	if (!again && kv_find(rest, name, first, sizeof(first)) == 0) {
		snprintf(error, size, "%s is given twice", name);
		return -EINVAL;
	}
	if (kind > word + word_len) {
		if (!a->value)
			return 0;
		snprintf(error, size, "%s takes no value", name);
		return -EINVAL;
	}
	want = a->value ? value_wanted(kind, (size_t)(word + word_len - again - kind), a, buf,
				       sizeof(buf))
			: "a value";
	if (!want)
		return 0;
	snprintf(error, size, "%s=%.*s: give %s", name, (int)NSK_MIN(a->value_len, (size_t)60),
		 a->value ? a->value : "", want);
	return -EINVAL;
}

static int check_arg(const struct quirk *quirk, const struct arg *a, const char *rest, char *error,
		     size_t size)
{
	unsigned far;
	const char *word = nearest(quirk->keys, a, &far);

	if (far > 0)
		return unknown(quirk, a, far > NEAR ? NULL : word, error, size);
	return check_value(word, a, rest, error, size);
}

int devargs_check(const struct quirk *quirk, const char *devargs, char *error, size_t size)
{
	const char *at = devargs + strcspn(devargs, ",");
	int rc = 0;

	while (quirk->keys && rc == 0 && *at == ',') {
		struct arg a = {.key = ++at};
		size_t len = strcspn(at, ",");

		a.key_len = NSK_MIN(strcspn(at, ",="), len);
		if (a.key_len < len) {
			a.value = at + a.key_len + 1;
			a.value_len = len - a.key_len - 1;
		}
		if (len)
			rc = check_arg(quirk, &a, at + len, error, size);
		at += len;
	}
	return rc;
}
