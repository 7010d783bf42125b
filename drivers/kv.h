/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading "key=value,key=value" lists, as in -d, and the values that stand in them. Every reader
 * says on failure what it would have liked to see.
 */
#ifndef NSK_DRIVERS_KV_H
#define NSK_DRIVERS_KV_H

#include <stddef.h>
#include <stdint.h>

#define KV_KEY_MAX   32
#define KV_VALUE_MAX 256

struct kv {
	char key[KV_KEY_MAX];
	char value[KV_VALUE_MAX];
};

/*
 * Take the next pair off the list at *@list. 1: here it is; 0: the list is at its end; -EINVAL: not
 * a pair, which kv->key then shows.
 */
int kv_next(const char **list, struct kv *kv);

/* The value of @key in a list of devargs, cut to @size; 0, or -ENOENT. Items without '=' are passed
 * over. */
int kv_find(const char *list, const char *key, char *value, size_t size);

/* Each returns 0, or -EINVAL with *@expect set to what a good value looks like. */
int kv_u64(const char *text, uint64_t max, uint64_t *value, const char **expect);
int kv_ppm(const char *text, uint32_t *ppm, const char **expect);
int kv_time_ns(const char *text, uint64_t *ns, const char **expect);
int kv_rate_bps(const char *text, uint64_t *bps, const char **expect);
int kv_bool(const char *text, uint64_t *value, const char **expect);

#endif
