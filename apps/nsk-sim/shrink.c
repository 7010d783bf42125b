/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/shrink.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "nsk-sim/parts.h"
#include "nsk-sim/process.h"
#include "nsk-sim/quantity.h"

struct shrinking {
	const char *file;
	uint64_t seed;
	unsigned timeout_s;
	char what[sizeof(((struct result *)0)->why)]; /* that fails, without names and numbers */
	bool scripted; /* a step of a script failed: the script is what the user wants */
	char *text;    /* the smallest scenario so far */
	unsigned runs;
	struct result result; /* of the smallest one */
};

/* What fails, not where and when: letters outside of quotes. */
static void essence(const char *why, char *what, size_t size)
{
	size_t n = 0;
	bool quoted = false;

	for (; *why && n + 1 < size; why++) {
		quoted ^= *why == '"';
		if (!quoted && isalpha((unsigned char)*why))
			what[n++] = *why;
	}
	what[n] = '\0';
}

static char *text_of(const config_t *tree)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		perror("nsk-sim");
		exit(1);
	}
	/* Two lines for the heading, so that those of messages are the file's. */
	fputs("\n\n", out);
	config_write(tree, out);
	fclose(out);
	return text;
}

/* ---- what can be left out ------------------------------------------------------------------ */

/* Keys that make a thing what it is, and amounts, without which it is more. */
static bool needed(const char *key)
{
	static const char *const keys[] = {"ends",	   "kind",	 "from",    "to",
					   "at",	   "host",	 "link",    "down",
					   "stop",	   "for",	 "clock",   "memory",
					   "buffers",	   "set",	 "tx_full", "bytes",
					   "count",	   "no_buffers", "seed",    "client_steps",
					   "server_steps", NULL};

	for (const char *const *k = keys; *k; k++)
		if (strcmp(*k, key) == 0)
			return true;
	return false;
}

static bool is_named(const config_setting_t *at, const char *name)
{
	const char *own = config_setting_name(at);

	return own && strcmp(own, name) == 0;
}

static bool is_script(const config_setting_t *at)
{
	return is_named(at, "client_steps") || is_named(at, "server_steps");
}

/* Can a part of a setting be left out as a whole? Of the scenario's groups their members can; what
 * a hostile host does not say it does without measure; a script of which a step failed is the
 * question itself. */
static bool can_go(const struct shrinking *sh, const config_setting_t *at,
		   const config_setting_t *part)
{
	const char *name = config_setting_name(part);

	if (is_script(at))
		return !sh->scripted;
	if (config_setting_is_root(at) && config_setting_length(part) > 0)
		return false;
	return !(name && needed(name)) && !is_named(at, "hostile");
}

/*
 * Takes out the k-th thing below a setting that can be, in the order of the file, wholes before
 * their parts; *k becomes less by the number of those passed. True: one was taken out.
 */
static bool take_out(const struct shrinking *sh, config_setting_t *at, unsigned *k)
{
	for (int i = 0; i < config_setting_length(at); i++) {
		config_setting_t *part = config_setting_get_elem(at, (unsigned)i);

		if (can_go(sh, at, part) && (*k)-- == 0) {
			config_setting_remove_elem(at, (unsigned)i);
			return true;
		}
		if (config_setting_is_aggregate(part) && !is_named(part, "ends") &&
		    take_out(sh, part, k))
			return true;
	}
	return false;
}

static bool has_link(const config_setting_t *links, const char *host)
{
	for (int i = 0; i < config_setting_length(links); i++) {
		const config_setting_t *ends = config_setting_get_member(
			config_setting_get_elem(links, (unsigned)i), "ends");

		for (unsigned k = 0; k < 2; k++)
			if (strcmp(config_setting_get_string_elem(ends, (int)k), host) == 0)
				return true;
	}
	return false;
}

/* Hosts whose last link has gone go with it: no scenario may have them. */
static void take_out_lonely(const config_t *tree)
{
	config_setting_t *hosts = config_lookup(tree, "hosts");
	const config_setting_t *links = config_lookup(tree, "links");

	for (int i = config_setting_length(hosts) - 1; i >= 0; i--)
		if (!has_link(links,
			      config_setting_name(config_setting_get_elem(hosts, (unsigned)i))))
			config_setting_remove_elem(hosts, (unsigned)i);
}

static bool amount_of(const config_setting_t *at, uint64_t *value)
{
	const char *text = config_setting_get_string(at);
	uint64_t most;

	if (text)
		return quantity_parse(QUANTITY_BYTES, text, value, &most) && *value == most;
	*value = (uint64_t)config_setting_get_int64(at);
	return true;
}

static void put_number(config_setting_t *group, const char *key, uint64_t value)
{
	config_setting_t *at;

	config_setting_remove(group, key);
	at = config_setting_add(group, key,
				value > INT32_MAX ? CONFIG_TYPE_INT64 : CONFIG_TYPE_INT);
	config_setting_set_int64(at, (long long)value);
}

/* Halves the k-th amount below a setting. */
static bool halve(config_setting_t *at, unsigned *k)
{
	static const char *const keys[] = {"bytes",	  "bytes_back", "count",
					   "connections", "per_second", NULL};

	for (int i = 0; i < config_setting_length(at); i++) {
		config_setting_t *part = config_setting_get_elem(at, (unsigned)i);
		uint64_t value;

		if (config_setting_is_group(part) && halve(part, k))
			return true;
		for (const char *const *key = keys; *key; key++) {
			if (!is_named(part, *key) || !amount_of(part, &value) || value < 2 ||
			    (*k)-- > 0)
				continue;
			put_number(at, *key, value / 2);
			return true;
		}
	}
	return false;
}

/* What goes without saying, said, so that it can be made less: the seed, and what hostile hosts do.
 */
static void spell_out(config_t *tree, uint64_t seed)
{
	config_setting_t *hosts = config_lookup(tree, "hosts");

	put_number(config_root_setting(tree), "seed", seed);
	for (int i = 0; hosts && i < config_setting_length(hosts); i++) {
		config_setting_t *hostile = config_setting_get_member(
			config_setting_get_elem(hosts, (unsigned)i), "hostile");
		config_setting_t *acts;

		if (!hostile || config_setting_get_member(hostile, "acts"))
			continue;
		acts = config_setting_add(hostile, "acts", CONFIG_TYPE_ARRAY);
		for (const char *const *act = parts_acts; *act; act++)
			config_setting_set_string_elem(acts, -1, *act);
	}
}

/* ---- trying -------------------------------------------------------------------------------- */

/* Does it still fail in the same way? Then it is the smallest so far. */
static bool try_tree(struct shrinking *sh, const config_t *tree)
{
	static struct scenario s;
	static struct result result;
	char what[sizeof(sh->what)];

	if (!scenario_read(&s, tree, sh->file, sh->seed))
		return false;
	sh->runs++;
	process_run(&s, sh->timeout_s, NULL, &result);
	essence(result.why, what, sizeof(what));
	if (!result.failed || strcmp(what, sh->what) != 0)
		return false;
	sh->result = result;
	free(sh->text);
	sh->text = text_of(tree);
	return true;
}

/* One step with the k-th thing. False: there is no such thing. */
static bool step(struct shrinking *sh, unsigned k, bool halving, bool *smaller)
{
	config_t tree;
	bool there;

	config_init(&tree);
	config_read_string(&tree, sh->text);
	there = halving ? halve(config_root_setting(&tree), &k)
			: take_out(sh, config_root_setting(&tree), &k);
	if (there)
		take_out_lonely(&tree);
	*smaller = there && try_tree(sh, &tree);
	config_destroy(&tree);
	return there;
}

static bool pass(struct shrinking *sh, bool halving)
{
	bool any = false, smaller;
	unsigned k = 0;

	while (step(sh, k, halving, &smaller)) {
		any |= smaller;
		k += !smaller;
	}
	return any;
}

/* The packets of the smallest one. */
static void capture(const struct shrinking *sh, const char *pcap)
{
	static struct scenario s;
	static struct result result;
	config_t tree;

	config_init(&tree);
	config_read_string(&tree, sh->text);
	if (scenario_read(&s, &tree, sh->file, sh->seed))
		process_run(&s, sh->timeout_s, pcap, &result);
	config_destroy(&tree);
	if (result.stopped)
		fprintf(stderr, "nsk-sim: %s\n", result.why);
}

void shrink(config_t *tree, const char *file, uint64_t seed, unsigned timeout_s, const char *pcap,
	    const struct result *failed, FILE *out)
{
	static struct shrinking sh;

	sh = (struct shrinking){.file = file, .seed = seed, .timeout_s = timeout_s};
	sh.result = *failed;
	essence(failed->why, sh.what, sizeof(sh.what));
	sh.scripted = strstr(failed->why, ": step ") != NULL;
	spell_out(tree, seed);
	sh.text = text_of(tree);
	while (pass(&sh, false))
		;
	while (pass(&sh, true))
		;
	fprintf(out, "# Made smaller from %s in %u runs. It fails:\n# %s\n%s", file, sh.runs,
		sh.result.why, sh.text + 2);
	if (pcap)
		capture(&sh, pcap);
	free(sh.text);
}
