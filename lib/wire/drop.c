/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of the drop reasons, from the one list in include/netstk/drop.h. */
#include <netstk/drop.h>

#include <stddef.h>

static const struct {
	const char *name;
	const char *text;
} drop_rows[NSK_DROP_MAX] = {[NSK_DROP_NONE] = {"none", "The packet was not dropped."},
#define DROP_ROW(reason, string, sentence) [NSK_DROP_##reason] = {string, sentence},
			     NSK_DROP_LIST(DROP_ROW)
#undef DROP_ROW
};

const char *nsk_drop_name(enum nsk_drop reason)
{
	return (size_t)reason < NSK_DROP_MAX ? drop_rows[reason].name : "invalid";
}

const char *nsk_drop_text(enum nsk_drop reason)
{
	return (size_t)reason < NSK_DROP_MAX ? drop_rows[reason].text : "No such reason.";
}
