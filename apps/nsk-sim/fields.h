/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Groups of a scenario as tables: one row a key, with its kind, its place in a structure and what
 * is allowed. Everything wrong is told with file, line and what to write instead.
 */
#ifndef NSK_APPS_NSK_SIM_FIELDS_H
#define NSK_APPS_NSK_SIM_FIELDS_H

#include "nsk-sim/quantity.h"
#include "nsk-sim/scenario.h"

enum field_kind {
	FIELD_TIME,    /* uint64_t ns */
	FIELD_RATE,    /* uint64_t bit/s */
	FIELD_BYTES,   /* uint64_t */
	FIELD_BYTES32, /* uint32_t */
	FIELD_SHARE,   /* uint32_t ppm */
	FIELD_COUNT,   /* uint32_t */
	FIELD_FLAG,    /* bool */
	FIELD_TEXT,    /* char[max] */
	FIELD_CHOICE,  /* uint32_t, index into choices */
	FIELD_HOST,    /* uint32_t, index of a host */
	FIELD_LINK,    /* uint32_t, index of a link */
	FIELD_OTHER,   /* read elsewhere */
};

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
	uint64_t min, max;
	const char *const *choices; /* ends with NULL */
};

/* Reads all members of a group; where: what the group is, such as "a link". */
bool fields_read(struct scenario *s, const config_setting_t *group, const struct field *fields,
		 void *base, const char *where);

/* One value of a text, of a range one that is drawn; shown: what is wrong if it is, as key and
 * value stand in the scenario. Of the field the name and what is allowed. */
bool fields_quantity(struct scenario *s, const config_setting_t *at, const struct field *f,
		     const char *shown, enum quantity q, const char *text, uint64_t *value);

/* One more name in a list of them, *n characters long so far; what does not fit is left out. */
void fields_list(char *list, size_t size, size_t *n, const char *name);

/* A string that must be one of those; name: of the key. */
bool fields_choice(struct scenario *s, const config_setting_t *at, const char *name,
		   const char *const *choices, uint32_t *value);

/* Type as a person names it: "a string". */
const char *fields_type(const config_setting_t *at);

/* Name of a member, checked to be fit for a name of SIM_NAME. */
bool fields_name(struct scenario *s, const config_setting_t *at, char *name);

#endif
