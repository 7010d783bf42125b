/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/shrink.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "nsk-sim/process.h"
#include "nsk-sim/quantity.h"

struct shrinking {
	const char *file;
	uint64_t seed;
	unsigned timeout_s;
	char what[400]; /* of the failure, without names and numbers */
	char *text;	/* the smallest scenario so far */
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
	config_write(tree, out);
	fclose(out);
	return text;
}

/* ---- what can be left out ------------------------------------------------------------------ */

/* Keys that make a thing what it is. */
static bool needed(const char *key)
{
	static const char *const keys[] = {"ends",    "kind",	 "from",       "to",
					   "at",      "host",	 "link",       "down",
					   "stop",    "for",	 "clock",      "memory",
					   "buffers", "tx_full", "no_buffers", NULL};

	for (const char *const *k = keys; *k; k++)
		if (strcmp(*k, key) == 0)
			return true;
	return false;
}

/*
 * Takes out the k-th thing below a setting that can be, in the order of the file, wholes before
 * their parts; *k becomes less by the number of those passed. True: one was taken out.
 */
static bool take_out(config_setting_t *at, unsigned *k, unsigned depth)
{
	for (int i = 0; i < config_setting_length(at); i++) {
		config_setting_t *e = config_setting_get_elem(at, (unsigned)i);
		const char *name = config_setting_name(e);
		bool whole = depth > 0 || !config_setting_is_aggregate(e);

		if (depth == 0 && (!name || strcmp(name, "seed") == 0))
			continue;
		if (whole && !(name && needed(name)) && (*k)-- == 0) {
			config_setting_remove_elem(at, (unsigned)i);
			return true;
		}
		if ((config_setting_type(e) == CONFIG_TYPE_GROUP ||
		     config_setting_type(e) == CONFIG_TYPE_LIST) &&
		    take_out(e, k, depth + 1))
			return true;
	}
	return false;
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

/* Halves the k-th amount of the applications. */
static bool halve(config_t *tree, unsigned *k)
{
	static const char *const keys[] = {"bytes", "bytes_back", "count", "connections", NULL};
	config_setting_t *apps = config_lookup(tree, "apps");

	for (int i = 0; apps && i < config_setting_length(apps); i++) {
		config_setting_t *app = config_setting_get_elem(apps, (unsigned)i);

		for (const char *const *key = keys; *key; key++) {
			config_setting_t *at = config_setting_get_member(app, *key);
			uint64_t value;

			if (!at || !amount_of(at, &value) || value < 2 || (*k)-- > 0)
				continue;
			config_setting_remove(app, *key);
			at = config_setting_add(app, *key, CONFIG_TYPE_INT64);
			config_setting_set_int64(at, (long long)(value / 2));
			return true;
		}
	}
	return false;
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
	process_run(&s, sh->timeout_s, &result);
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
	there = halving ? halve(&tree, &k) : take_out(config_root_setting(&tree), &k, 0);
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

void shrink(const config_t *tree, const char *file, uint64_t seed, unsigned timeout_s,
	    const struct result *failed, FILE *out)
{
	static struct shrinking sh;

	sh = (struct shrinking){.file = file, .seed = seed, .timeout_s = timeout_s};
	sh.result = *failed;
	essence(failed->why, sh.what, sizeof(sh.what));
	sh.text = text_of(tree);
	while (pass(&sh, false))
		;
	while (pass(&sh, true))
		;
	fprintf(out, "# Made smaller from %s in %u runs. It fails with --seed %llu:\n# %s\n%s",
		file, sh.runs, (unsigned long long)seed, sh.result.why, sh.text);
	free(sh.text);
}
