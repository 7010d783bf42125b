/* SPDX-License-Identifier: BSD-3-Clause */
#include "nskctl/route.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- requests ------------------------------------------------------------------------------ */

static const struct word {
	const char *word, *key;
	bool number;
} words[] = {
	{"via", "gateway", false},  {"dev", "iface", false},	{"src", "source", false},
	{"metric", "metric", true}, {"weight", "weight", true}, {"proto", "proto", true},
};

static const struct proto {
	const char *name;
	int number;
} protos[] = {{"kernel", 2}, {"boot", 3},  {"static", 4}, {"ra", 9},
	      {"zebra", 11}, {"bird", 12}, {"dhcp", 16},  {"bgp", 186}};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static json_t *wrong(char *error, size_t size, const char *text, const char *word)
{
	snprintf(error, size, "route: %s%s%.60s", text, word ? " " : "", word ? word : "");
	return NULL;
}

static json_t *read_number(const struct word *w, const char *text)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);

	for (size_t i = 0; strcmp(w->key, "proto") == 0 && i < COUNT(protos); i++)
		if (strcmp(text, protos[i].name) == 0)
			return json_integer(protos[i].number);
	if (text[0] < '0' || text[0] > '9' || *end || n > UINT32_MAX)
		return NULL;
	return json_integer((json_int_t)n);
}

/* Words with a value each, put into the request. */
static bool read_words(json_t *request, char *const *at, char *error, size_t size)
{
	for (; *at; at += 2) {
		const struct word *w = words;
		json_t *value;

		while (w < words + COUNT(words) && strcmp(w->word, *at) != 0)
			w++;
		if (w == words + COUNT(words))
			return wrong(error, size, "via, dev, src, metric, weight or proto, not",
				     *at);
		if (!at[1])
			return wrong(error, size, "a value is missing behind", *at);
		value = w->number ? read_number(w, at[1]) : json_string(at[1]);
		if (!value)
			return wrong(error, size, "a number is missing behind", *at);
		json_object_set_new(request, w->key, value);
	}
	return true;
}

static bool is_type(const char *word)
{
	return strcmp(word, "unicast") == 0 || strcmp(word, "blackhole") == 0 ||
	       strcmp(word, "unreachable") == 0 || strcmp(word, "prohibit") == 0;
}

static json_t *change(const char *cmd, char *const *at, char *error, size_t size)
{
	json_t *request = json_pack("{s:s}", "cmd", cmd);

	if (*at && is_type(*at))
		json_object_set_new(request, "type", json_string(*at++));
	if (!*at || json_object_set_new(request, "destination", json_string(*at))) {
		json_decref(request);
		return wrong(error, size, "which destination? PREFIX or default", NULL);
	}
	if (read_words(request, at + 1, error, size))
		return request;
	json_decref(request);
	return NULL;
}

json_t *route_request(char *const *operands, char *error, size_t size)
{
	const char *verb = operands[0] ? operands[0] : "show";
	json_t *request;

	if (strcmp(verb, "add") == 0)
		return change("route_add", operands + 1, error, size);
	if (strcmp(verb, "append") == 0) {
		request = change("route_add", operands + 1, error, size);
		if (request)
			json_object_set_new(request, "append", json_true());
		return request;
	}
	if (strcmp(verb, "del") == 0)
		return change("route_del", operands + 1, error, size);
	if (strcmp(verb, "get") == 0 && operands[1] && !operands[2]) {
		request = json_pack("{s:s, s:s}", "cmd", "route_get", "address", operands[1]);
		return request ? request : wrong(error, size, "an address is text in UTF-8", NULL);
	}
	if (strcmp(verb, "get") == 0)
		return wrong(error, size, "get takes one address", NULL);
	if (strcmp(verb, "show") != 0)
		return wrong(error, size, "show, add, append, del or get, not", verb);
	if (operands[0] && operands[1])
		return wrong(error, size, "show takes no operands, not", operands[1]);
	return json_pack("{s:s}", "cmd", "routes");
}

/* ---- replies ------------------------------------------------------------------------------- */

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static json_int_t number_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void show_proto(FILE *out, json_int_t number)
{
	for (size_t i = 0; i < COUNT(protos); i++) {
		if (protos[i].number != number)
			continue;
		fprintf(out, " proto %s", protos[i].name);
		return;
	}
	fprintf(out, " proto %" JSON_INTEGER_FORMAT, number);
}

static void show_one(FILE *out, const json_t *o)
{
	const char *type = text_of(o, "type"), *gateway = text_of(o, "gateway");

	if (strcmp(type, "unicast") != 0)
		fprintf(out, "%s ", type);
	fprintf(out, "%s", text_of(o, "destination"));
	if (gateway[0])
		fprintf(out, " via %s", gateway);
	if (text_of(o, "iface")[0])
		fprintf(out, " dev %s", text_of(o, "iface"));
	show_proto(out, number_of(o, "proto"));
	if (!gateway[0] && text_of(o, "iface")[0])
		fprintf(out, " scope link");
	if (text_of(o, "source")[0])
		fprintf(out, " src %s", text_of(o, "source"));
	if (number_of(o, "metric"))
		fprintf(out, " metric %" JSON_INTEGER_FORMAT, number_of(o, "metric"));
	if (number_of(o, "weight"))
		fprintf(out, " weight %" JSON_INTEGER_FORMAT, number_of(o, "weight"));
	fprintf(out, "\n");
}

/* By family, the default first, then as texts, then by metric. */
static int by_order(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	const char *dx = text_of(x, "destination"), *dy = text_of(y, "destination");
	int by = strcmp(text_of(x, "family"), text_of(y, "family"));
	json_int_t mx = number_of(x, "metric"), my = number_of(y, "metric");

	if (!by)
		by = (strcmp(dy, "default") == 0) - (strcmp(dx, "default") == 0);
	if (!by)
		by = strcmp(dx, dy);
	return by ? by : (mx > my) - (mx < my);
}

void route_show(FILE *out, const json_t *reply, bool all)
{
	const json_t *list = json_object_get(reply, "routes");
	size_t n = json_array_size(list);
	json_t **rows = calloc(n + 1, sizeof(*rows));

	(void)all;
	for (size_t i = 0; rows && i < n; i++)
		rows[i] = json_array_get(list, i);
	if (rows)
		qsort(rows, n, sizeof(*rows), by_order);
	for (size_t i = 0; rows && i < n; i++)
		show_one(out, rows[i]);
	free(rows);
	/* Of a change there is nothing to show. */
	if (json_is_true(json_object_get(reply, "found")))
		show_one(out, json_object_get(reply, "route"));
}
