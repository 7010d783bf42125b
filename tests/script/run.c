/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs scripts: script_run [--trace] FILE|FOLDER... Each is a test of its own.
 */
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/script.h"
#include "tcpalg/isn.h"

uint8_t script_data[SCRIPT_DATA];

static struct script now; /* the one that runs */
static bool trace;

_Noreturn void script_fail(const struct script *s, const char *fmt, ...)
{
	char text[2 * SCRIPT_PACKET], *more;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	more = strchr(text, '\n');
	print_error("%.*s\n", more ? (int)(more - text) : -1, text);
	if (s->text && *s->text)
		print_error("    %s\n", s->text);
	if (more)
		print_error("%s\n", more + 1);
	_fail(s->path, (int)s->line);
	abort(); /* not reached */
}

void script_need(struct script *s, const char *text)
{
	if (!lex_take(&s->x, text))
		script_fail(s, "%s expected before: %s", text, s->x.at);
}

int64_t script_need_number(struct script *s)
{
	int64_t n = 0;

	if (!lex_number(&s->x, &n))
		script_fail(s, "number expected before: %s", s->x.at);
	return n;
}

struct script_flow *script_flow(struct script *s, uint16_t peer_port)
{
	struct script_flow *f;

	if (peer_port == 0)
		peer_port = s->nflows ? s->flow[0].peer_port : SCRIPT_PEER;
	for (unsigned i = 0; i < s->nflows; i++)
		if (s->flow[i].peer_port == peer_port)
			return &s->flow[i];
	if (s->nflows == SCRIPT_FLOWS)
		script_fail(s, "too many connections");
	f = &s->flow[s->nflows++];
	*f = (struct script_flow){
		.peer_port = peer_port,
		.stack_port = SCRIPT_STACK,
		.peer_iss = s->peer_iss,
	};
	return f;
}

/* ---- time ---- */

/* What the stack sent by itself before this line. */
static void expect_silence(struct script *s)
{
	const struct kept_frame *k = peer_take(&s->peer);
	char text[SCRIPT_PACKET];

	if (!k)
		return;
	script_describe(s, k, text, sizeof(text));
	script_fail(s, "no line expects a packet that came before %s\nthe stack sent\n    %s",
		    s->text ? "this one" : "the end", text);
}

static uint64_t now_ns(const struct script *s)
{
	return s->peer.world.now_ns;
}

/* Goes on to the time of an event. Whatever is sent on the way is kept. */
static void go_to(struct script *s, uint64_t at_ns)
{
	if (at_ns > now_ns(s))
		peer_run(&s->peer, at_ns - now_ns(s));
	s->at_ns = at_ns;
}

/* The time at the beginning of a line: "0.25" since the start or "+0.25" since the last event. */
static uint64_t read_time(struct script *s)
{
	bool relative = lex_take(&s->x, "+");
	uint64_t ns;

	if (!lex_seconds(&s->x, &ns))
		script_fail(
			s,
			"a time expected, as 0.1 or +0.1, or one of rfc, set, include, iss, slack");
	return (relative ? s->at_ns : s->start_ns) + ns;
}

/* ---- lines ---- */

static void run_file(struct script *s, FILE *file);

/* A segment of the usual peer to the usual port, before the script's own. */
static void knock(struct script *s, uint8_t flags, uint32_t seq)
{
	const struct tcp_spec spec = {
		.sport = SCRIPT_PEER,
		.dport = SCRIPT_STACK,
		.flags = flags,
		.seq = seq,
	};
	uint8_t frame[PEER_FRAME_MAX];
	size_t n = frame_tcp(frame, &spec);

	peer_input(&s->peer, frame + ETH_HLEN, n - ETH_HLEN);
	peer_settle(&s->peer);
}

/*
 * Lets time go on until the stack's ISN for the usual connection is the one that is wanted: it is a
 * clock of 4 us and something that belongs to the connection, which an attempt tells.
 */
static void await_iss(struct script *s)
{
	const struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = WIRE_BE16(SCRIPT_STACK)};
	int fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	uint32_t iss;

	if (fd < 0 || nsk_bind(fd, (const struct sockaddr *)&sin, sizeof(sin)) || nsk_listen(fd, 1))
		script_fail(s, "cannot listen: %s", strerror(errno));
	knock(s, TCP_SYN, s->peer_iss);
	iss = peer_segment(&s->peer).seq;
	knock(s, TCP_RST, s->peer_iss + 1);
	nsk_close(fd);
	peer_forget(&s->peer);
	peer_run(&s->peer, (uint64_t)(s->stack_iss - iss) * ISN_TICK_NS);
}

static void begin(struct script *s)
{
	s->peer.ip_only = true;
	peer_start(&s->peer, (const char *const *)s->setting);
	s->started = true;
	if (s->numbered)
		await_iss(s);
	s->start_ns = s->at_ns = now_ns(s);
}

/* "include FILE", as seen from the file that says so: its lines, here. */
static void include(struct script *s)
{
	const char *slash = strrchr(s->path, '/'), *outer = s->path, *text = s->text;
	int folder = slash ? (int)(slash - outer) + 1 : 0;
	unsigned line = s->line;
	char path[4096];
	FILE *file;

	lex_blanks(&s->x);
	snprintf(path, sizeof(path), "%.*s%s", folder, outer, s->x.at);
	path[strcspn(path, " \t")] = '\0';
	if (++s->depth > SCRIPT_DEPTH)
		script_fail(s, "files include one another");
	file = fopen(path, "r");
	if (!file)
		script_fail(s, "%s: %s", path, strerror(errno));
	s->path = path;
	run_file(s, file);
	s->depth--;
	s->path = outer;
	s->line = line;
	s->text = text;
}

/* "set KEY=VALUE", of which the stack's own reader says what is wrong. */
static void read_setting(struct script *s)
{
	struct nsk_config *config = nsk_config_new();
	char *eq;

	if (s->started || s->nsettings + 1 >= sizeof(s->setting) / sizeof(s->setting[0]))
		script_fail(s, "settings come before the first event, 31 at most");
	lex_blanks(&s->x);
	s->setting[s->nsettings++] = strdup(s->x.at);
	eq = strchr(s->setting[s->nsettings - 1], '=');
	if (!eq)
		script_fail(s, "KEY=VALUE expected before: %s", s->x.at);
	*eq = '\0';
	if (nsk_config_set(config, s->setting[s->nsettings - 1], eq + 1))
		script_fail(s, "%s", nsk_config_error(config));
	*eq = '=';
	nsk_config_free(config);
}

/* Lines that are no events: "set KEY=VALUE", "slack SECONDS", "iss PEER STACK", "rfc NUMBER §…",
 * "include FILE". */
static bool preamble(struct script *s)
{
	if (lex_keyword(&s->x, "rfc"))
		return true;
	if (lex_keyword(&s->x, "include")) {
		include(s);
		return true;
	}
	if (lex_keyword(&s->x, "slack")) {
		if (!lex_seconds(&s->x, &s->slack_ns))
			script_fail(s, "seconds expected");
		return true;
	}
	if (lex_keyword(&s->x, "iss")) {
		if (s->started)
			script_fail(s, "numbers are given before the first event");
		s->peer_iss = (uint32_t)script_need_number(s);
		s->stack_iss = (uint32_t)script_need_number(s);
		s->numbered = true;
		return true;
	}
	if (!lex_keyword(&s->x, "set"))
		return false;
	read_setting(s);
	return true;
}

static void run_line(struct script *s)
{
	char word[LEX_WORD_MAX];
	uint64_t at_ns;

	if (lex_end(&s->x) || preamble(s))
		return;
	if (!s->started)
		begin(s);
	at_ns = read_time(s);
	go_to(s, at_ns);
	if (lex_take(&s->x, ">")) {
		script_expect(s);
		return;
	}
	expect_silence(s);
	if (s->trace)
		printf("%.6f %s\n", (double)(at_ns - s->start_ns) / 1e9,
		       s->x.at + strspn(s->x.at, " \t"));
	if (lex_take(&s->x, "<"))
		script_inject(s);
	else if (lex_word(&s->x, word))
		script_call(s, word);
	else
		script_fail(s, "<, > or a call expected before: %s", s->x.at);
	if (!lex_end(&s->x))
		script_fail(s, "not understood: %s", s->x.at);
}

static void end(struct script *s)
{
	if (!s->started)
		script_fail(s, "no event in the script");
	s->text = NULL;
	expect_silence(s);
	for (unsigned i = 0; i < s->nvars; i++)
		if (s->var[i].fd >= 0)
			nsk_close(s->var[i].fd);
	peer_forget(&s->peer);
	peer_end(&s->peer); /* nothing may be left behind */
}

/* Runs the lines of the file, which is that at s->path. */
static void run_file(struct script *s, FILE *file)
{
	char line[1024], text[1024];

	s->line = 0;
	while (fgets(line, sizeof(line), file)) {
		char *comment = strstr(line, "//");

		s->line++;
		if (!strchr(line, '\n') && !feof(file)) {
			fclose(file);
			script_fail(s, "line too long");
		}
		line[strcspn(line, "\n")] = '\0';
		snprintf(text, sizeof(text), "%s", line);
		s->text = text;
		if (strchr(line, '\r')) {
			*strchr(text, '\r') = '\0';
			script_fail(s, "the line ends in CR LF; write it with LF alone");
		}
		if (comment)
			*comment = '\0';
		s->x.at = line;
		run_line(s);
	}
	fclose(file);
}

static void run_script(void **state)
{
	FILE *file;

	memset(&now, 0, sizeof(now));
	now.path = *state;
	now.trace = trace;
	now.slack_ns = SCRIPT_SLACK;
	now.peer_iss = SCRIPT_ISS;
	world_repeat("%s", "");
	file = fopen(now.path, "r");
	if (!file)
		script_fail(&now, "%s", strerror(errno));
	run_file(&now, file);
	end(&now);
	for (unsigned i = 0; i < now.nsettings; i++)
		free(now.setting[i]);
}

static int help(void)
{
	puts("script_run [--trace] FILE|FOLDER...\n"
	     "Runs each script, all *.script of a folder, against a stack of its own under virtual\n"
	     "time; see docs/SCRIPTS.md.\n"
	     "  --trace  print events and packets as they happen");
	return 0;
}

/* Adds what an argument names: a file, or the scripts of a folder. False if there is nothing. */
static bool add(glob_t *paths, const char *name)
{
	size_t n = strlen(name);
	bool file = n > 7 && strcmp(name + n - 7, ".script") == 0;
	char pattern[4096];

	snprintf(pattern, sizeof(pattern), file ? "%s" : "%s/*.script", name);
	if (glob(pattern, paths->gl_pathc ? GLOB_APPEND : 0, NULL, paths) == 0)
		return true;
	fprintf(stderr, "script_run: no script: %s\n", name);
	return false;
}

static int run_all(const glob_t *paths)
{
	struct CMUnitTest *tests = calloc(paths->gl_pathc, sizeof(*tests));
	int failed;

	if (!tests)
		return 1;
	for (size_t i = 0; i < paths->gl_pathc; i++)
		tests[i] = (struct CMUnitTest){
			.name = paths->gl_pathv[i],
			.test_func = run_script,
			.initial_state = paths->gl_pathv[i],
		};
	failed = _cmocka_run_group_tests("scripts", tests, paths->gl_pathc, NULL, NULL);
	free(tests);
	return failed != 0;
}

int main(int argc, char **argv)
{
	glob_t paths = {0};
	int rc;

	world_fill(script_data, sizeof(script_data), 0, 1);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			return help();
		if (strcmp(argv[i], "--trace") == 0)
			trace = true;
		else if (!add(&paths, argv[i]))
			return 2;
	}
	if (paths.gl_pathc == 0) {
		fprintf(stderr, "script_run: no script; --help tells more\n");
		return 2;
	}
	rc = run_all(&paths);
	globfree(&paths);
	return rc;
}
