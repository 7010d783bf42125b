/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/program.h"
#include "common/doctor.h"

#include <errno.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One Ctrl-C may come as several signals: to the whole group, and passed on by who started us. */
#define AGAIN_NS UINT64_C(1000000000)

static volatile sig_atomic_t ended;
static uint64_t first_signal_ns; /* 0: none came */
static struct nsk_stack *volatile signal_stack;
static uint64_t given;	 /* rows of options that were on the command line */
static char wanted[128]; /* instead of the value that was given */
static bool wake_made;
static sem_t wake; /* posted at the end: a sleeper misses no signal that comes before it sleeps */

static void print_shared(const struct program *p)
{
	const char *without[USELESS_MAX + 1] = {NULL};

	for (unsigned i = 0; p->useless && i < USELESS_MAX && p->useless[i].option; i++)
		without[i] = p->useless[i].option;
	nsk_config_args_help(stdout, without);
}

static void print_help(const struct program *p)
{
	printf("usage: %s %s\n\n%s\n\noptions:\n", p->name, p->usage, p->summary);
	for (const struct option_row *row = p->rows; row->name; row++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", row->name, row->value ? " " : "",
			 row->value ? row->value : "");
		printf("  %-28s %s\n", left, row->help);
	}
	printf("  %-28s %s\n", "--help", "print this and exit");
	printf("  %-28s %s\n\n", "--version", "print the version and exit");
	if (!p->no_stack)
		print_shared(p);
	if (p->examples)
		printf("\nexamples:\n%s", p->examples);
}

void program_misuse(const struct program *p, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", p->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nTry \"%s --help\".\n", p->name);
	exit(2);
}

static const struct option_row *find_row(const struct program *p, const char *name, size_t len)
{
	for (const struct option_row *row = p->rows; row->name; row++)
		if (strlen(row->name) == len && memcmp(row->name, name, len) == 0)
			return row;
	return NULL;
}

/* Handles argv[i]; returns how many arguments it took. */
static int take_option(const struct program *p, int argc, char **argv, int i)
{
	const char *name = argv[i] + 2;
	int len = (int)strcspn(name, "=");
	const struct option_row *row = find_row(p, name, (size_t)len);
	const char *value = name[len] == '=' ? name + len + 1 : NULL;
	int used = 1;

	if (!row)
		program_misuse(p, "unknown option --%.*s", len, name);
	if (!row->value && value)
		program_misuse(p, "option --%.*s takes no value", len, name);
	if (row->value && !value) {
		if (i + 1 >= argc)
			program_misuse(p, "option --%.*s needs a value", len, name);
		value = argv[i + 1];
		used = 2;
	}
	program_wants("%s: %s", row->value ? row->value : "nothing", row->help);
	if (!row->set((char *)p->options + row->place, value ? value : ""))
		program_misuse(p, "--%.*s \"%s\": give %s", len, name, value ? value : "", wanted);
	given |= UINT64_C(1) << (row - p->rows);
	return used;
}

bool program_given(const struct program *p, const char *name)
{
	const struct option_row *row = find_row(p, name, strlen(name));

	return row && (given >> (row - p->rows) & 1);
}

bool option_flag(void *place, const char *value)
{
	(void)value;
	return *(bool *)place = true;
}

bool option_seconds(void *place, const char *value)
{
	return parse_seconds(value, place);
}

bool option_duration(void *place, const char *value)
{
	return (parse_seconds(value, place) && *(double *)place > 0) ||
	       program_wants("seconds, more than 0");
}

bool option_interval(void *place, const char *value)
{
	return (parse_seconds(value, place) && *(double *)place >= 0.1) ||
	       program_wants("seconds, 0.1 or more");
}

static void list_devices(FILE *out)
{
	fprintf(out, "devices of this machine, by the name that -d takes:\n");
	if (nsk_devices_list(out) <= 0)
		fprintf(out,
			"  none was found; net_tap0,iface=nsk0 makes a tap and needs no NIC\n");
}

/* The value of -d in any of its forms, "" if argv[i] is something else. */
static const char *device_arg(int argc, char **argv, int i)
{
	if (strcmp(argv[i], "-d") == 0 || strcmp(argv[i], "--device") == 0)
		return i + 1 < argc ? argv[i + 1] : "";
	if (strncmp(argv[i], "-d", 2) == 0)
		return argv[i] + 2;
	return strncmp(argv[i], "--device=", 9) == 0 ? argv[i] + 9 : "";
}

static void early_exits(const struct program *p, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			print_help(p);
			exit(0);
		}
		if (!p->no_stack && strcmp(device_arg(argc, argv, i), "help") == 0) {
			list_devices(stdout);
			exit(0);
		}
		if (!p->no_stack && strcmp(device_arg(argc, argv, i), "fault:help") == 0) {
			nsk_faults_list(stdout);
			exit(0);
		}
		if (strcmp(argv[i], "--version") == 0) {
			printf("%s %s\n", p->name, nsk_version());
			exit(0);
		}
	}
}

void program_need_device(const struct program *p, const struct nsk_config *config)
{
	if (nsk_config_devices(config))
		return;
	list_devices(stderr);
	program_misuse(p, "no device: name one with -d, or in the file given with -c");
}

void program_useless(const struct program *p, const struct nsk_config *config, const char *option,
		     const char *why)
{
	if (nsk_config_given(config, option))
		program_misuse(p, "--%s: %s", option, why);
}

void program_raw(const struct program *p, const struct nsk_config *config, unsigned devices)
{
	unsigned n = nsk_config_devices(config);

	if (n != devices)
		program_misuse(p, "%u device%s: give -d %s", n, n == 1 ? "" : "s",
			       devices == 1 ? "once" : "twice");
	if (nsk_config_worker_count(config) > 1)
		program_misuse(p, "%u workers: one thread moves the packets, give one core",
			       nsk_config_worker_count(config));
	program_useless(p, config, "control", "there is no stack here to look into");
}

struct nsk_config *program_args(const struct program *p, int *argc, char **argv)
{
	struct nsk_config *config = nsk_config_new();
	int operands = 1;

	if (!config)
		program_fail(p, "out of memory");
	early_exits(p, *argc, argv);
	if (!p->no_stack && nsk_config_args(config, argc, argv))
		program_misuse(p, "%s", nsk_config_error(config));
	for (int i = 1; i < *argc;) {
		if (strcmp(argv[i], "--") == 0) {
			while (++i < *argc)
				argv[operands++] = argv[i];
		} else if (strncmp(argv[i], "--", 2) == 0) {
			i += take_option(p, *argc, argv, i);
		} else if (argv[i][0] == '-' && argv[i][1]) {
			program_misuse(p, "unknown option %s", argv[i]);
		} else {
			argv[operands++] = argv[i++];
		}
	}
	if (!p->no_device)
		program_need_device(p, config);
	for (const struct useless *u = p->useless; u && u->option; u++)
		program_useless(p, config, u->option, u->why);
	if (operands > 1 && !p->operands)
		program_misuse(p, "unexpected argument \"%s\"", argv[1]);
	*argc = operands;
	return config;
}

void program_fail(const struct program *p, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", p->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

int program_config_status(int err)
{
	return err == EINVAL || err == ENODEV ? 2 : 1;
}

void program_config_fail(const struct program *p, const struct nsk_config *config)
{
	int status = program_config_status(errno);

	fprintf(stderr, "%s: %s\n", p->name, nsk_config_error(config));
	exit(status);
}

int program_status(const struct program *p, int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "%s: standard output takes no more\n", p->name);
	return 1;
}

struct nsk_stack *program_stack(const struct program *p, struct nsk_config *config)
{
	struct nsk_stack *stack;

	/* A start takes seconds with many hugepages: who ends it then wants a tidy end, too. */
	program_catch_signals(NULL);
	if (nsk_stack_create(config, &stack))
		program_config_fail(p, config);
	if (!program_given(p, "quiet"))
		doctor_start(stderr, p->name, stack);
	return stack;
}

void program_stack_end(struct nsk_stack *stack)
{
	signal_stack = NULL;
	nsk_stack_destroy(stack);
}

void program_end(void)
{
	ended = 1;
	if (signal_stack)
		nsk_stop(signal_stack);
	sem_post(&wake);
}

static void on_signal(int sig)
{
	uint64_t first = 0, now = program_now();
	int err = errno;

	if (__atomic_compare_exchange_n(&first_signal_ns, &first, now, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED)) {
		program_end();
	} else if (now >= first + AGAIN_NS) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
	errno = err;
}

void program_catch_signals(struct nsk_stack *stack)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, before;

	if (!wake_made)
		wake_made = sem_init(&wake, 0, 0) == 0;
	signal_stack = stack;
	sigemptyset(&action.sa_mask);
	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaction(signals[i], NULL, &before);
		/* What nohup(1) asks for stays. */
		if (signals[i] != SIGHUP || before.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
	if (ended && stack)
		nsk_stop(stack);
}

bool program_ended(void)
{
	return ended;
}

uint64_t program_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void program_sleep_until(uint64_t ns)
{
	struct timespec ts = {.tv_sec = (time_t)(ns / 1000000000u),
			      .tv_nsec = (long)(ns % 1000000000u)};

	while (!ended && sem_clockwait(&wake, CLOCK_MONOTONIC, &ts) && errno == EINTR)
		;
}

bool program_wants(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(wanted, sizeof(wanted), fmt, ap);
	va_end(ap);
	return false;
}

bool parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *value >= min && *value <= max)
		return true;
	return program_wants("a number from %llu to %llu", (unsigned long long)min,
			     (unsigned long long)max);
}

bool parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *value)
{
	uint64_t wide;

	if (!parse_u64(text, min, max, &wide))
		return false;
	*value = (uint32_t)wide;
	return true;
}

bool parse_port(const char *text, uint16_t *value)
{
	uint32_t wide;

	if (!parse_u32(text, 1, 65535, &wide))
		return false;
	*value = (uint16_t)wide;
	return true;
}

bool parse_seconds(const char *text, double *value)
{
	char *end;

	errno = 0;
	*value = strtod(text, &end);
	if (end != text && !*end && !errno && *value >= 0 && *value <= 1e9)
		return true;
	return program_wants("seconds, such as 10 or 0.5");
}
