/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading a configuration file by tables of keys.
 */
#ifndef NSK_STACK_CONFIG_KEYS_H
#define NSK_STACK_CONFIG_KEYS_H

#include <libconfig.h>
#include <stdbool.h>

#include "stack/config.h"

#define KEY_TYPE(t) (1u << CONFIG_TYPE_##t)
#define KEY_INTEGER (KEY_TYPE(INT) | KEY_TYPE(INT64))
#define KEY_SCALAR  (KEY_INTEGER | KEY_TYPE(FLOAT) | KEY_TYPE(STRING) | KEY_TYPE(BOOL))
#define KEY_SEVERAL (KEY_TYPE(ARRAY) | KEY_TYPE(LIST))

struct key_file {
	struct nsk_config *config;
	struct config_text text;
	config_t tree;
};

/* One key that a group may have; a table of them ends with one without a name. */
struct key {
	const char *name;
	unsigned types;	  /* KEY_TYPE() of those allowed */
	const char *must; /* "a string": what it must be */
	int (*apply)(struct key_file *f, const config_setting_t *s);
};

/* What is read next, and what errors from here on are about. */
const config_setting_t *keys_look_at(struct key_file *f, const config_setting_t *s);

/* All that return int: 0, or -1 with the text of what is wrong in the configuration, and errno. */

/* Every key of a group by its table; "where" names the group in an error. */
int keys_apply(struct key_file *f, const config_setting_t *group, const struct key *keys,
	       const char *where);
int keys_apply_one(struct key_file *f, const config_setting_t *s, const struct key *key);
/* A key's function where its value is taken elsewhere. */
int keys_done(struct key_file *f, const config_setting_t *s);
const struct key *keys_find(const struct key *keys, const char *name);
int keys_unknown(struct key_file *f, const config_setting_t *s, const struct key *keys,
		 const char *where);

bool keys_is_type(const config_setting_t *s, unsigned types);
int keys_wrong_type(struct key_file *f, const config_setting_t *s, const char *what,
		    const char *must);
/* A number, text or truth value as text. */
const char *keys_text(const config_setting_t *s, char *buf, size_t size);
int keys_number(struct key_file *f, const config_setting_t *s, long long least, long long most,
		uint64_t *value);
/* Calls fn with each string of a list, or with the one that stands alone. */
int keys_each_string(struct key_file *f, const config_setting_t *s,
		     int (*fn)(struct nsk_config *config, const char *text));

#endif
