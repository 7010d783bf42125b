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

/* EAL's options in 22.11 to 25.11, so that a wrong one is refused before EAL prints its usage to
 * stdout. */
static const struct {
	const char *name;
	bool value; /* takes one, perhaps in the next argument */
} options[] = {
	{"-a", true},
	{"--allow", true},
	{"-b", true},
	{"--block", true},
	{"-c", true},
	{"-d", true},
	{"-l", true},
	{"-m", true},
	{"-n", true},
	{"-r", true},
	{"-s", true},
	{"-S", true},
	{"--base-virtaddr", true},
	{"--create-uio-dev", false},
	{"--driver-path", true},
	{"--file-prefix", true},
	{"--force-max-simd-bitwidth", true},
	{"--huge-dir", true},
	{"--huge-unlink", false},
	{"--huge-worker-stack", false},
	{"--in-memory", false},
	{"--iova-mode", true},
	{"--lcores", true},
	{"--legacy-mem", false},
	{"--log-color", false},
	{"--log-level", true},
	{"--log-timestamp", false},
	{"--main-lcore", true},
	{"--match-allocations", false},
	{"--mbuf-pool-ops-name", true},
	{"--memory-channels", true},
	{"--memory-ranks", true},
	{"--memory-size", true},
	{"--no-hpet", false},
	{"--no-huge", false},
	{"--no-pci", false},
	{"--no-shconf", false},
	{"--no-telemetry", false},
	{"--numa-limit", true},
	{"--numa-mem", true},
	{"--proc-type", true},
	{"--remap-lcore-ids", false},
	{"--service-corelist", true},
	{"--service-cores", true},
	{"--single-file-segments", false},
	{"--socket-limit", true},
	{"--socket-mem", true},
	{"--syslog", true},
	{"--telemetry", false},
	{"--trace", true},
	{"--trace-bufsz", true},
	{"--trace-dir", true},
	{"--trace-mode", true},
	{"--vdev", true},
	{"--vfio-intr", true},
	{"--vfio-vf-token", true},
	{"--vmware-tsc-map", false},
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

/* -1: no such option. Otherwise whether the next argument belongs to it. */
static int wants_next(const char *arg)
{
	for (size_t i = 0; i < NSK_ARRAY_LEN(options); i++) {
		size_t n = strlen(options[i].name);

		if (is_option(arg, options[i].name))
			return options[i].value && arg[n] == '\0';
	}
	return -1;
}

static int check_user(const struct eal_args *a, char *error, size_t size)
{
	for (int i = 0; i < a->argc; i++) {
		const char *arg = a->argv[i];
		int next = wants_next(arg);

		if (next < 0) {
			snprintf(error, size, "EAL has no option '%s' for a library", arg);
			return -EINVAL;
		}
		if (next && i + 1 == a->argc) {
			snprintf(error, size, "%s wants a value", arg);
			return -EINVAL;
		}
		if (is_option(arg, "--proc-type") &&
		    strcmp(next ? a->argv[i + 1] : arg + 11, "primary") != 0 &&
		    strcmp(arg, "--proc-type=primary") != 0) {
			snprintf(error, size, "secondary processes are not supported (%s)", arg);
			return -EINVAL;
		}
		i += next;
	}
	if (eal_args_have(a, "--no-huge") && eal_args_have(a, "--in-memory")) {
		snprintf(error, size,
			 "EAL refuses --no-huge together with --in-memory: leave one out");
		return -EINVAL;
	}
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
