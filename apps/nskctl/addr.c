/* SPDX-License-Identifier: BSD-3-Clause */
#include "nskctl/addr.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- requests ------------------------------------------------------------------------------ */

/* Words with a value each. */
struct words {
	const char *dev, *valid, *preferred;
};

static json_t *wrong(char *error, size_t size, const char *text, const char *word)
{
	snprintf(error, size, "addr: %s%s%s", text, word ? " " : "", word ? word : "");
	return NULL;
}

static bool read_words(char *const *at, struct words *w, char *error, size_t size)
{
	for (; *at; at += 2) {
		const char **value = strcmp(*at, "dev") == 0		 ? &w->dev
				     : strcmp(*at, "valid_lft") == 0	 ? &w->valid
				     : strcmp(*at, "preferred_lft") == 0 ? &w->preferred
									 : NULL;

		if (!value)
			return wrong(error, size, "dev, valid_lft or preferred_lft, not", *at);
		if (!at[1])
			return wrong(error, size, "a value is missing behind", *at);
		*value = at[1];
	}
	return true;
}

/* "forever" leaves it out. */
static bool put_lifetime(json_t *request, const char *key, const char *text)
{
	char *end;
	unsigned long long seconds;

	if (!text || strcmp(text, "forever") == 0)
		return true;
	seconds = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || seconds > UINT32_MAX)
		return false;
	json_object_set_new(request, key, json_integer((json_int_t)seconds));
	return true;
}

static json_t *change(const char *cmd, char *const *operands, char *error, size_t size)
{
	struct words w = {0};
	json_t *request;

	if (!operands[0])
		return wrong(error, size, "which address? CIDR dev IFACE", NULL);
	if (!read_words(operands + 1, &w, error, size))
		return NULL;
	if (!w.dev)
		return wrong(error, size, "on which interface? dev IFACE", NULL);
	request = json_pack("{s:s, s:s, s:s}", "cmd", cmd, "address", operands[0], "iface", w.dev);
	if (request && put_lifetime(request, "valid_s", w.valid) &&
	    put_lifetime(request, "preferred_s", w.preferred))
		return request;
	json_decref(request);
	return wrong(error, size, "a lifetime is a number of seconds, or forever", NULL);
}

json_t *addr_request(char *const *operands, char *error, size_t size)
{
	struct words w = {0};

	if (operands[0] && strcmp(operands[0], "add") == 0)
		return change("address_add", operands + 1, error, size);
	if (operands[0] && strcmp(operands[0], "del") == 0)
		return change("address_del", operands + 1, error, size);
	if (operands[0] && strcmp(operands[0], "show") == 0)
		operands++;
	if (!read_words(operands, &w, error, size))
		return NULL;
	if (w.valid || w.preferred)
		return wrong(error, size, "show takes dev IFACE alone", NULL);
	return w.dev ? json_pack("{s:s, s:s}", "cmd", "addresses", "iface", w.dev)
		     : json_pack("{s:s}", "cmd", "addresses");
}

/* ---- replies ------------------------------------------------------------------------------- */

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static const char *lifetime(const json_t *o, const char *key, char *buf, size_t size)
{
	const json_t *value = json_object_get(o, key);

	if (!json_is_integer(value))
		return "forever";
	snprintf(buf, size, "%" JSON_INTEGER_FORMAT "sec", json_integer_value(value));
	return buf;
}

static void show_one(FILE *out, const json_t *o)
{
	const char *address = text_of(o, "address"), *state = text_of(o, "state");
	bool six = strchr(address, ':');
	char valid[32], preferred[32];

	fprintf(out, "    inet%s %s scope %s", six ? "6" : "", address,
		six && strncmp(address, "fe80:", 5) == 0 ? "link" : "global");
	if (json_is_true(json_object_get(o, "temporary")))
		fprintf(out, " temporary");
	if (json_is_true(json_object_get(o, "deprecated")))
		fprintf(out, " deprecated");
	if (json_is_true(json_object_get(o, "dynamic")))
		fprintf(out, " dynamic");
	fprintf(out, "%s%s\n", strcmp(state, "valid") == 0 ? "" : " ",
		strcmp(state, "valid") == 0 ? "" : state);
	fprintf(out, "       valid_lft %s preferred_lft %s\n",
		lifetime(o, "valid_s", valid, sizeof(valid)),
		lifetime(o, "preferred_s", preferred, sizeof(preferred)));
}

/* "dhcp dev eth0 state bound address 10.0.0.5/24 server 10.0.0.1 lease 3600sec renew 1800sec
 * rebind 3150sec" */
static void show_lease(FILE *out, const json_t *o)
{
	json_int_t unanswered = json_integer_value(json_object_get(o, "unanswered"));
	char buf[3][32];

	fprintf(out, "dhcp dev %s state %s", text_of(o, "iface"), text_of(o, "state"));
	if (unanswered > 0)
		fprintf(out, " unanswered %" JSON_INTEGER_FORMAT, unanswered);
	if (json_object_get(o, "address"))
		fprintf(out, " address %s server %s lease %s renew %s rebind %s",
			text_of(o, "address"), text_of(o, "server"),
			lifetime(o, "lease_s", buf[0], sizeof(buf[0])),
			lifetime(o, "renew_s", buf[1], sizeof(buf[1])),
			lifetime(o, "rebind_s", buf[2], sizeof(buf[2])));
	fprintf(out, "\n");
}

void addr_show(FILE *out, const json_t *reply, bool all)
{
	const json_t *list = json_object_get(reply, "addresses"),
		     *dns = json_object_get(reply, "dns"), *dhcp = json_object_get(reply, "dhcp");
	char buf[32];
	const char *iface = "";

	(void)all;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);

		if (strcmp(iface, text_of(o, "iface")) != 0) {
			iface = text_of(o, "iface");
			fprintf(out, "%s:\n", iface);
		}
		show_one(out, o);
	}
	for (size_t i = 0; i < json_array_size(dhcp); i++)
		show_lease(out, json_array_get(dhcp, i));
	for (size_t i = 0; i < json_array_size(dns); i++) {
		const json_t *o = json_array_get(dns, i);

		fprintf(out, "dns %s%s dev %s lifetime %s\n", text_of(o, "server"),
			text_of(o, "domain"), text_of(o, "iface"),
			lifetime(o, "lifetime_s", buf, sizeof(buf)));
	}
}
