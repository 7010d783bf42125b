/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every program of this project does the same way: the shared options, --help and --version,
 * Ctrl-C, exit codes: 0 done, 1 it failed, 2 the command line is wrong.
 */
#ifndef NSK_APPS_COMMON_PROGRAM_H
#define NSK_APPS_COMMON_PROGRAM_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <netstk/netstk.h>

/* One option of a program's own. */
struct option_row {
	const char *name;  /* without dashes */
	const char *value; /* name of its value in the help, NULL: a flag */
	const char *help;  /* one line */
	/* Takes the value ("" for a flag); false: not acceptable, program_wants() says what is. */
	bool (*set)(void *place, const char *value);
	size_t place; /* of what set() fills, in the program's options; 0: all of them */
};

/* What set() may be: of a flag, a bool; of seconds, a double, more than none, or as many as a line
 * of output may stand for. */
bool option_flag(void *place, const char *value);
bool option_seconds(void *place, const char *value);
bool option_duration(void *place, const char *value);
bool option_interval(void *place, const char *value);

/* A shared option, by its long name, that would do nothing in a program. */
struct useless {
	const char *option, *why;
};

#define USELESS_MAX 8

struct program {
	const char *name;
	const char *summary;	       /* one line */
	const char *usage;	       /* arguments after the name */
	const char *examples;	       /* lines, may be NULL */
	const struct option_row *rows; /* ends with name NULL */
	void *options;
	const struct useless *useless; /* USELESS_MAX at most, ends with option NULL; may be NULL */
	const char *operands;	       /* name of operands in messages, NULL: none are taken */
	bool no_device;		       /* works without a device */
	bool no_stack;		       /* takes none of the shared options */
};

/*
 * Reads the command line into a new configuration and the program's options. Exits with 0 after
 * --help and --version, with 2 after a message for anything wrong. Operands are left in
 * argv[1…*argc - 1].
 */
struct nsk_config *program_args(const struct program *program, int *argc, char **argv);
/* Whether an option of the program's own was on the command line. */
bool program_given(const struct program *program, const char *name);
/* Without a device: lists what there is and exits with 2. program_args() does it unless no_device
 * says otherwise. */
void program_need_device(const struct program *program, const struct nsk_config *config);
/* A shared option, by its long name, that would do nothing here: exits with 2 if it was given. */
void program_useless(const struct program *program, const struct nsk_config *config,
		     const char *option, const char *why);
/* For what moves packets without a stack: exits with 2 unless there are so many devices, and
 * nothing was asked for that only a stack has. */
void program_raw(const struct program *program, const struct nsk_config *config, unsigned devices);
/* Prints "NAME: text", of a wrong command line, and where help is; exits with 2. */
void program_misuse(const struct program *program, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));
/* Prints "NAME: text" and exits with 1. */
void program_fail(const struct program *program, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));
/* 2 for what is as wrong at the next start as at this one, because it is configured so, else 1; of
 * nsk_stack_create()'s errno. */
int program_config_status(int err);
/* Prints the configuration's error and exits with that status. */
void program_config_fail(const struct program *program, const struct nsk_config *config)
	__attribute__((noreturn));
/* The exit status of a run that ended so: 1, after a message, if its output could not be written.
 */
int program_status(const struct program *program, int status);

/* Builds the stack or exits with a message; without --quiet says what slows it down all along
 * (nskctl doctor finds more). Signals are caught from then on. */
struct nsk_stack *program_stack(const struct program *program, struct nsk_config *config);
void program_stack_end(struct nsk_stack *stack);
/* SIGINT, SIGTERM and a hang-up end the stack (may be NULL) and set program_ended(). One that comes
 * a second or more after the first kills. */
void program_catch_signals(struct nsk_stack *stack);
bool program_ended(void);
/* What a signal does, for any thread that finds that there is no point in going on. */
void program_end(void);
/* Sleeps until the monotonic time, or until the program ends. Signals are caught. */
void program_sleep_until(uint64_t ns);
uint64_t program_now(void);

/* So many a second, 0 where no time has passed. */
static inline double per_second(double n, double seconds)
{
	return seconds > 0 ? n / seconds : 0;
}

/*
 * Parsers of values. Each returns false after having said what it wants, for the message of a bad
 * option; program_wants() says so for others, or more precisely, and returns false too.
 */
bool program_wants(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *value);
bool parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value);
bool parse_port(const char *text, uint16_t *value);
bool parse_seconds(const char *text, double *value);

#endif
