/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/base/log.c: thresholds, clean lines, the rate limit, and the default sink. */
#include "base/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

struct caught {
	int n;
	enum nsk_log_level level;
	char module[16];
	char text[LOG_TEXT_MAX];
	char before[LOG_TEXT_MAX];
};

static void catch (void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	struct caught *c = arg;

	c->n++;
	c->level = level;
	strncpy(c->module, module, sizeof(c->module) - 1);
	memcpy(c->before, c->text, sizeof(c->text));
	assert_true(strlen(text) < sizeof(c->text));
	strcpy(c->text, text);
}

static void only_messages_up_to_the_level(void **state)
{
	struct caught c = {0};
	struct log l;
	int evaluated = 0;

	(void)state;
	log_init(&l, NSK_LOG_WARN, catch, &c);
	LOG_ERR(&l, "tcp", "code %d", 7);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.level, NSK_LOG_ERR);
	assert_string_equal(c.module, "tcp");
	assert_string_equal(c.text, "code 7");
	LOG_WARN(&l, "ip", "two");
	assert_int_equal(c.n, 2);
	LOG_INFO(&l, "ip", "%d", ++evaluated);
	LOG_DEBUG(&l, "ip", "%d", ++evaluated);
	log_write(&l, NSK_LOG_INFO, "ip", "no");
	assert_int_equal(c.n, 2);
	assert_int_equal(evaluated, 0);
	log_set_level(&l, NSK_LOG_DEBUG);
	LOG_DEBUG(&l, "ip", "%d", ++evaluated);
	assert_int_equal(c.n, 3);
	log_set_level(&l, NSK_LOG_NONE);
	LOG_ERR(&l, "ip", "no");
	assert_int_equal(c.n, 3);
	LOG_ERR((struct log *)NULL, "ip", "no");
}

static void a_message_is_one_printable_line(void **state)
{
	struct caught c = {0};
	struct log l;

	(void)state;
	log_init(&l, NSK_LOG_INFO, catch, &c);
	LOG_INFO(&l, "x", "a\nb\tc\x1b[1m\x7f\xff %s", "d\r");
	assert_string_equal(c.text, "a?b?c?[1m?? d?");
}

static void long_messages_are_cut_and_marked(void **state)
{
	char big[2 * LOG_TEXT_MAX];
	struct caught c = {0};
	struct log l;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_init(&l, NSK_LOG_INFO, catch, &c);
	LOG_INFO(&l, "x", "%s", big);
	assert_int_equal(strlen(c.text), LOG_TEXT_MAX - 1);
	assert_string_equal(c.text + LOG_TEXT_MAX - 5, "x...");
	LOG_INFO(&l, "x", "%s", big + sizeof(big) - LOG_TEXT_MAX);
	assert_int_equal(strlen(c.text), LOG_TEXT_MAX - 1);
	assert_string_equal(c.text + LOG_TEXT_MAX - 5, "xxxx");
}

static void the_rate_limit_counts_what_it_leaves_out(void **state)
{
	struct caught c = {0};
	struct log_rate r;
	struct log l;
	uint64_t now = 50 * SECOND;

	(void)state;
	log_init(&l, NSK_LOG_INFO, catch, &c);
	log_rate_init(&r, 10, 3);
	for (int i = 0; i < 8; i++)
		LOG_RATE(&l, &r, now, NSK_LOG_WARN, "arp", "n %d", i);
	assert_int_equal(c.n, 3);
	assert_string_equal(c.text, "n 2");
	assert_int_equal(r.suppressed, 5);
	LOG_RATE(&l, &r, now + SECOND / 10 - 1, NSK_LOG_WARN, "arp", "early");
	assert_int_equal(c.n, 3);
	LOG_RATE(&l, &r, now + SECOND / 10, NSK_LOG_WARN, "arp", "again");
	assert_int_equal(c.n, 5);
	assert_string_equal(c.before, "6 messages like the next one left out");
	assert_string_equal(c.text, "again");
	assert_int_equal(r.suppressed, 0);
	/* What the level leaves out takes no credit. */
	for (int i = 0; i < 100; i++)
		LOG_RATE(&l, &r, now + SECOND / 5, NSK_LOG_DEBUG, "arp", "no");
	LOG_RATE(&l, &r, now + SECOND / 5, NSK_LOG_WARN, "arp", "yes");
	assert_int_equal(c.n, 6);
}

static void the_bucket_fills_to_its_burst_and_no_further(void **state)
{
	struct log_rate r;
	int n;

	(void)state;
	log_rate_init(&r, 10, 3);
	for (n = 0; log_rate_take(&r, 0); n++)
		;
	assert_int_equal(n, 3);
	for (n = 0; log_rate_take(&r, UINT64_MAX); n++)
		;
	assert_int_equal(n, 3);
	/* A clock that goes back gives nothing. */
	assert_false(log_rate_take(&r, 5));
	assert_false(log_rate_take(&r, UINT64_MAX));
	log_rate_init(&r, 0, 0);
	assert_true(log_rate_take(&r, 0));
	assert_false(log_rate_take(&r, SECOND - 1));
	assert_true(log_rate_take(&r, SECOND));
	log_rate_init(&r, UINT32_MAX, 1);
	assert_true(log_rate_take(&r, 0));
}

static void level_names_lead_back(void **state)
{
	(void)state;
	for (int i = NSK_LOG_NONE; i <= NSK_LOG_DEBUG; i++)
		assert_int_equal(log_level_parse(log_level_name((enum nsk_log_level)i)), i);
	assert_int_equal(log_level_parse("loud"), -EINVAL);
	assert_string_equal(log_level_name((enum nsk_log_level)17), "?");
}

static void without_a_sink_one_line_goes_to_stderr(void **state)
{
	int fds[2], saved = dup(STDERR_FILENO);
	char line[256] = "";
	struct log l;
	ssize_t n;

	(void)state;
	assert_true(saved >= 0);
	assert_int_equal(pipe(fds), 0);
	assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
	log_init(&l, NSK_LOG_INFO, NULL, NULL);
	LOG_WARN(&l, "eal", "no %s", "hugepages");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fds[1]);
	n = read(fds[0], line, sizeof(line) - 1);
	close(fds[0]);
	assert_true(n > 0);
	assert_string_equal(line, "netstk warning: eal: no hugepages\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_messages_up_to_the_level),
		cmocka_unit_test(a_message_is_one_printable_line),
		cmocka_unit_test(long_messages_are_cut_and_marked),
		cmocka_unit_test(the_rate_limit_counts_what_it_leaves_out),
		cmocka_unit_test(the_bucket_fills_to_its_burst_and_no_further),
		cmocka_unit_test(level_names_lead_back),
		cmocka_unit_test(without_a_sink_one_line_goes_to_stderr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
