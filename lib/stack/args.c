/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options that all programs share, taken out of a command line from left to right; what is
 * unknown stays for the program, in its order. A pass of our own and not getopt_long(3), which
 * would stop at or reorder what it does not know.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "stack/config.h"

struct option_row {
	const char *brief; /* "-d", NULL: none */
	const char *name;  /* "--device" */
	const char *value; /* what the help calls its value, NULL: takes none */
	const char *help;  /* lines */
	int (*apply)(struct nsk_config *config, const char *value);
};

static int set_key_value(struct nsk_config *config, const char *value)
{
	const char *equals = strchr(value, '=');
	char key[64];

	if (!equals || equals == value)
		return config_fail(config, EINVAL,
				   "\"%.60s\" is not KEY=VALUE, such as tcp.retries=8", value);
	if ((size_t)(equals - value) >= sizeof(key))
		return config_fail(config, ENOENT, "there is no setting \"%.60s...\"", value);
	snprintf(key, sizeof(key), "%.*s", (int)(equals - value), value);
	return nsk_config_set(config, key, equals + 1);
}

static int set_workers(struct nsk_config *config, const char *value)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || n > UINT_MAX)
		return config_fail(config, EINVAL, "\"%.60s\" is no number of workers", value);
	return nsk_config_workers(config, (unsigned)n);
}

static int no_huge(struct nsk_config *config, const char *value)
{
	(void)value;
	return nsk_config_no_huge(config, true);
}

static const struct option_row options[] = {
	{"-d", "--device", "DEVARGS",
	 "a device, as DPDK names it: net_tap0,iface=nsk0 or 0000:03:00.0; or\n"
	 "fault:FAULTS:DEVICE, pcap:..., vlan:INTERFACE,NUMBER; repeatable",
	 nsk_config_add_device},
	{"-a", "--address", "CIDR",
	 "an address of the device before it, with its subnet's length:\n"
	 "10.0.0.2/24 or 2001:db8::2/64; repeatable",
	 nsk_config_add_address},
	{NULL, "--twin", "NAME",
	 "an interface of the kernel's beside the device before it, see --punt",
	 nsk_config_add_twin},
	{NULL, "--punt", "RULE",
	 "what the kernel gets there: bgp, bfd, ospf, ssh, icmp, no-listener,\n"
	 "tcp:PORT, udp:PORT-PORT or a protocol's number; repeatable",
	 nsk_config_add_punt},
	{"-g", "--gateway", "ADDR", "default route by way of this address; one of each family",
	 nsk_config_add_gateway},
	{"-l", "--lcores", "LIST", "cores of the workers, one worker each: 1-3,5",
	 nsk_config_lcores},
	{NULL, "--workers", "COUNT", "so many workers without cores of their own", set_workers},
	{"-c", "--config", "FILE", "read a configuration file", nsk_config_load},
	{"-o", "--option", "KEY=VALUE", "change a setting: tcp.retries=8; repeatable",
	 set_key_value},
	{NULL, "--no-huge", NULL, "do without hugepages", no_huge},
	{NULL, "--eal", "ARGS",
	 "further arguments for DPDK's EAL, in one word: \"-m 64 --iova-mode=va\"", nsk_config_eal},
	{NULL, "--control", "PATH", "control socket, for nskctl -s PATH", nsk_config_control},
	{NULL, "--secret-file", "FILE",
	 "secret that nodes share, for each other's SYN cookies: 32 hex digits",
	 nsk_config_secret_file},
	{NULL, "--log", "LEVEL", "none, error, warning (default), info or debug", config_log_level},
};

/* ---- one option ---------------------------------------------------------------------------- */

/* An option as found in argv. */
struct found {
	const struct option_row *row;
	const char *value; /* in the same word ("-dX", "--device=X"), else NULL */
	const char *text;  /* as written, for errors: "-d", "--device"; lasts */
};

static bool find_long(const char *word, struct found *f)
{
	size_t n = strcspn(word, "=");

	for (unsigned i = 0; i < NSK_ARRAY_LEN(options); i++) {
		if (strncmp(options[i].name, word, n) != 0 || options[i].name[n] != '\0')
			continue;
		f->row = &options[i];
		f->value = word[n] == '=' ? word + n + 1 : NULL;
		f->text = options[i].name;
		return true;
	}
	return false;
}

/* "-d", "-dX", "-d=X" is not meant: X would be "=X". */
static bool find_short(const char *word, struct found *f)
{
	for (unsigned i = 0; i < NSK_ARRAY_LEN(options); i++) {
		if (!options[i].brief || strncmp(options[i].brief, word, 2) != 0)
			continue;
		f->row = &options[i];
		f->value = word[2] ? word + 2 : NULL;
		f->text = options[i].brief;
		return true;
	}
	return false;
}

static bool find_option(const char *word, struct found *f)
{
	if (word[0] != '-')
		return false;
	return word[1] == '-' ? find_long(word, f) : find_short(word, f);
}

static int misused(struct nsk_config *config, const struct found *f, const char *how)
{
	return config_fail(config, EINVAL, "%s (%s%s%s)", how, f->text, f->row->value ? " " : "",
			   f->row->value ? f->row->value : "");
}

/* Applies an option whose value may be the next word; the number of words it took (1 or 2), or -1.
 */
static int apply(struct nsk_config *config, const struct found *f, const char *next)
{
	const char *value = f->value;
	int words = 1;

	config->here.name = f->text;
	if (!f->row->value && value)
		return misused(config, f, "takes no value");
	if (f->row->value && !value) {
		if (!next)
			return misused(config, f, "lacks its value");
		value = next;
		words = 2;
	}
	if (f->row->apply(config, value))
		return -1;
	config->given |= UINT32_C(1) << (f->row - options);
	return words;
}

/* ---- the command line ---------------------------------------------------------------------- */

int nsk_config_args(struct nsk_config *config, int *argc, char **argv)
{
	int left = 1;
	int i = 1;

	if (!config || !argc || !argv || *argc < 0) {
		errno = EINVAL;
		return -1;
	}
	if (*argc == 0)
		return 0;
	while (i < *argc && strcmp(argv[i], "--") != 0) {
		struct found f;
		int words;

		if (!find_option(argv[i], &f)) {
			argv[left++] = argv[i++];
			continue;
		}
		words = apply(config, &f, i + 1 < *argc ? argv[i + 1] : NULL);
		config->here.name = "";
		if (words < 0)
			return -1;
		i += words;
	}
	while (i < *argc)
		argv[left++] = argv[i++];
	argv[left] = NULL;
	*argc = left;
	return 0;
}

bool nsk_config_given(const struct nsk_config *config, const char *option)
{
	for (unsigned i = 0; config && i < NSK_ARRAY_LEN(options); i++)
		if ((config->given >> i & 1) &&
		    (!option || strcmp(options[i].name + 2, option) == 0))
			return true;
	return false;
}

/* ---- help ---------------------------------------------------------------------------------- */

#define HELP_COLUMN 27

/* Text whose further lines begin in the column of the first. */
static void print_lines(FILE *out, const char *text)
{
	for (;;) {
		int n = (int)strcspn(text, "\n");

		fprintf(out, "%.*s\n", n, text);
		if (text[n] == '\0')
			return;
		text += n + 1;
		fprintf(out, "%-*s", HELP_COLUMN, "");
	}
}

static bool is_among(const char *name, const char *const *names)
{
	while (names && *names)
		if (strcmp(name, *names++) == 0)
			return true;
	return false;
}

void nsk_config_args_help(FILE *out, const char *const *without)
{
	for (unsigned i = 0; i < NSK_ARRAY_LEN(options); i++) {
		const struct option_row *o = &options[i];
		char left[64];

		if (is_among(o->name + 2, without))
			continue;
		snprintf(left, sizeof(left), "  %s%s%s%s%s", o->brief ? o->brief : "  ",
			 o->brief ? ", " : "  ", o->name, o->value ? " " : "",
			 o->value ? o->value : "");
		fprintf(out, "%-*s", HELP_COLUMN, left);
		print_lines(out, o->help);
	}
}
