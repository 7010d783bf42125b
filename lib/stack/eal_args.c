/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Making EAL's command line. No DPDK call is made here.
 *
 * Three kinds of process:
 *   small     no DPDK device: --no-huge --no-pci --no-shconf --no-telemetry -m 256
 *   hugepages --in-memory --single-file-segments, or --huge-unlink=always on a mounted hugetlbfs
 *             when a device does not work in memory; either way nothing is left behind
 *   no-huge   --no-huge, never together with --in-memory, which EAL refuses
 * None has secondary processes, so all have --no-shconf; rte_thread_register() wants that as well.
 */
#include "stack/eal_args.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "stack/eal.h"
#include "stack/eal_runtime.h"

/* Of an option; EAL takes a word for 0 where a number is wanted. */
enum value {
	NONE,
	TEXT,
	NUMBER
};

/* EAL's options in 22.11 to 25.11, so that a wrong one is refused before EAL prints its usage to
 * stdout. */
static const struct {
	const char *name;
	enum value value; /* may stand in the next argument */
} options[] = {
	{"-a", TEXT},
	{"--allow", TEXT},
	{"-b", TEXT},
	{"--block", TEXT},
	{"-c", TEXT},
	{"-d", TEXT},
	{"-l", TEXT},
	{"-m", NUMBER},
	{"-n", NUMBER},
	{"-r", NUMBER},
	{"-s", TEXT},
	{"-S", TEXT},
	{"--base-virtaddr", TEXT},
	{"--create-uio-dev", NONE},
	{"--driver-path", TEXT},
	{"--file-prefix", TEXT},
	{"--force-max-simd-bitwidth", TEXT},
	{"--huge-dir", TEXT},
	{"--huge-unlink", NONE},
	{"--huge-worker-stack", NONE},
	{"--in-memory", NONE},
	{"--iova-mode", TEXT},
	{"--lcores", TEXT},
	{"--legacy-mem", NONE},
	{"--log-color", NONE},
	{"--log-level", TEXT},
	{"--log-timestamp", NONE},
	{"--main-lcore", NUMBER},
	{"--match-allocations", NONE},
	{"--mbuf-pool-ops-name", TEXT},
	{"--memory-channels", NUMBER},
	{"--memory-ranks", NUMBER},
	{"--memory-size", NUMBER},
	{"--no-hpet", NONE},
	{"--no-huge", NONE},
	{"--no-pci", NONE},
	{"--no-shconf", NONE},
	{"--no-telemetry", NONE},
	{"--numa-limit", TEXT},
	{"--numa-mem", TEXT},
	{"--proc-type", TEXT},
	{"--remap-lcore-ids", NONE},
	{"--service-corelist", TEXT},
	{"--service-cores", TEXT},
	{"--single-file-segments", NONE},
	{"--socket-limit", TEXT},
	{"--socket-mem", TEXT},
	{"--syslog", TEXT},
	{"--telemetry", NONE},
	{"--trace", TEXT},
	{"--trace-bufsz", TEXT},
	{"--trace-dir", TEXT},
	{"--trace-mode", TEXT},
	{"--vdev", TEXT},
	{"--vfio-intr", TEXT},
	{"--vfio-vf-token", TEXT},
	{"--vmware-tsc-map", NONE},
};

/* ---- building ------------------------------------------------------------------------------ */

int eal_args_add(struct eal_args *a, const char *fmt, ...)
{
	size_t room = sizeof(a->text) - a->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(a->text + a->used, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room || a->argc >= EAL_ARGS_MAX)
		return -E2BIG;
	a->argv[a->argc++] = a->text + a->used;
	a->argv[a->argc] = NULL;
	a->used += (size_t)n + 1;
	return 0;
}

/* "--lcores=0@1" is an "--lcores", "-m64" is an "-m". */
static bool is_option(const char *arg, const char *option)
{
	size_t n = strlen(option);

	if (strncmp(arg, option, n) != 0)
		return false;
	return option[1] != '-' || arg[n] == '\0' || arg[n] == '=';
}

bool eal_args_have(const struct eal_args *a, const char *option)
{
	for (int i = 0; i < a->argc; i++)
		if (is_option(a->argv[i], option))
			return true;
	return false;
}

/* ---- the user's ---------------------------------------------------------------------------- */

/* One word from *@text into @word. 1, 0 at the end, -EINVAL for an open quote or a word too long.
 */
static int next_word(const char **text, char *word, size_t size)
{
	const char *p = *text;
	size_t n = 0;
	char quote = '\0';

	while (isspace((unsigned char)*p))
		p++;
	if (*p == '\0')
		return 0;
	for (; *p && (quote || !isspace((unsigned char)*p)); p++) {
		if (quote && *p == quote) {
			quote = '\0';
			continue;
		}
		if (!quote && (*p == '\'' || *p == '"')) {
			quote = *p;
			continue;
		}
		if (*p == '\\' && quote != '\'')
			p++;
		if (*p == '\0' || n + 1 >= size)
			return -EINVAL;
		word[n++] = *p;
	}
	if (quote)
		return -EINVAL;
	word[n] = '\0';
	*text = p;
	return 1;
}

static int refuse(char *error, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(char *error, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, size, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* How many arguments the option at i takes, 1 or 2; -EINVAL with a text. */
static int check_option(const struct eal_args *a, int i, char *error, size_t size)
{
	const char *arg = a->argv[i], *name, *value;
	size_t k = 0, n;
	bool next;

	while (k < NSK_ARRAY_LEN(options) && !is_option(arg, options[k].name))
		k++;
	if (k == NSK_ARRAY_LEN(options))
		return refuse(error, size, "EAL has no option '%s' for a library", arg);
	name = options[k].name;
	n = strlen(name);
	next = options[k].value != NONE && arg[n] == '\0';
	if (next && i + 1 == a->argc)
		return refuse(error, size, "%s wants a value", arg);
	value = next ? a->argv[i + 1] : arg + n + (name[1] == '-' && arg[n] == '=');
	if (options[k].value == NUMBER && (!value[0] || value[strspn(value, "0123456789")] != '\0'))
		return refuse(error, size, "%s of EAL wants a number, not \"%.60s\"", name, value);
	if (strcmp(name, "--proc-type") == 0 && strcmp(value, "primary") != 0)
		return refuse(error, size, "secondary processes are not supported (%s)", arg);
	return 1 + next;
}

static int check_user(const struct eal_args *a, char *error, size_t size)
{
	for (int i = 0; i < a->argc;) {
		int words = check_option(a, i, error, size);

		if (words < 0)
			return words;
		i += words;
	}
	if (eal_args_have(a, "--no-huge") && eal_args_have(a, "--in-memory"))
		return refuse(error, size,
			      "EAL refuses --no-huge together with --in-memory: leave one out");

	return 0;
}

int eal_args_split(struct eal_args *a, const char *text, char *error, size_t size)
{
	char word[1024];
	int rc;

	memset(a, 0, sizeof(*a));
	if (!text)
		return 0;
	while ((rc = next_word(&text, word, sizeof(word))) > 0) {
		rc = eal_args_add(a, "%s", word);
		if (rc)
			break;
	}
	if (rc < 0) {
		snprintf(error, size,
			 rc == -E2BIG
				 ? "too many arguments"
				 : "a quote or a backslash is open, or an argument is too long");
		return -EINVAL;
	}
	return check_user(a, error, size);
}

/* ---- ours ---------------------------------------------------------------------------------- */

struct maker {
	struct eal_args *args;
	const struct eal_args *user;
	int rc;
};

/* Adds an argument unless the user has given it, or its other spelling, himself. */
static void add_unless(struct maker *m, const char *option, const char *other, const char *arg)
{
	if (m->rc || eal_args_have(m->user, option) || (other && eal_args_have(m->user, other)))
		return;
	m->rc = eal_args_add(m->args, "%s", arg);
}

static void add_no_huge(struct maker *m, unsigned mb)
{
	char arg[32];

	add_unless(m, "--no-huge", NULL, "--no-huge");
	snprintf(arg, sizeof(arg), "-m%u", mb);
	add_unless(m, "-m", "--memory-size", arg);
}

static void add_huge(struct maker *m, const struct eal_plan *plan)
{
	if (plan->no_in_memory) {
		/* EAL refuses --huge-unlink with --single-file-segments: the plan has one of them.
		 */
		add_unless(m, "--huge-unlink", "--in-memory", "--huge-unlink=always");
		return;
	}
	add_unless(m, "--in-memory", "--huge-unlink", "--in-memory");
	add_unless(m, "--single-file-segments", NULL, "--single-file-segments");
}

int eal_args_make(struct eal_args *a, const struct eal_plan *plan, const struct eal_args *user,
		  char *error, size_t size)
{
	struct maker m = {.args = a, .user = user};
	bool lists = eal_args_have(user, "-a") || eal_args_have(user, "--allow") ||
		     eal_args_have(user, "-b") || eal_args_have(user, "--block");
	char arg[320];

	memset(a, 0, sizeof(*a));
	m.rc = eal_args_add(a, "netstk");
	snprintf(arg, sizeof(arg), "--file-prefix=" EAL_PREFIX "%d", plan->pid);
	add_unless(&m, "--file-prefix", NULL, arg);
	/* One lcore, our caller's thread, floating over the caller's own cores: no threads of
	 * EAL's. */
	if (!eal_args_have(user, "-l") && !eal_args_have(user, "-c")) {
		snprintf(arg, sizeof(arg), "--lcores=0@(%s)", plan->cpus);
		add_unless(&m, "--lcores", "-s", arg);
	}
	add_unless(&m, "--no-shconf", "--in-memory", "--no-shconf");
	if (!plan->telemetry)
		add_unless(&m, "--no-telemetry", "--telemetry", "--no-telemetry");
	/* Only the devices named: EAL would take every NIC that it can, and they decide its IOVA
	 * mode. */
	for (unsigned i = 0; i < plan->npci && !lists && m.rc == 0; i++)
		m.rc = eal_args_add(a, "-a%s", plan->pci[i]);
	if (plan->npci == 0 && !lists)
		add_unless(&m, "--no-pci", NULL, "--no-pci");
	if (plan->no_huge || !plan->devices)
		add_no_huge(&m, plan->devices ? EAL_DEVICES_MB : EAL_SMALL_MB);
	else
		add_huge(&m, plan);
	for (int i = 0; i < user->argc && m.rc == 0; i++)
		m.rc = eal_args_add(a, "%s", user->argv[i]);
	if (m.rc)
		snprintf(error, size, "too many arguments");
	return m.rc;
}
