/* SPDX-License-Identifier: BSD-3-Clause */
/* Runtime folders of EAL: which of them go when a process starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stack/eal_runtime.h"

static char root[64];
static struct log test_log;
static unsigned told;
static char told_text[LOG_TEXT_MAX];

static void hear(void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	(void)arg;
	assert_int_equal(level, NSK_LOG_DEBUG);
	assert_string_equal(module, "eal");
	told++;
	snprintf(told_text, sizeof(told_text), "%s", text);
}

static int setup(void **state)
{
	char path[128];

	(void)state;
	strcpy(root, "/tmp/nsk-test-XXXXXX");
	assert_non_null(mkdtemp(root));
	assert_int_equal(setenv("RUNTIME_DIRECTORY", root, 1), 0);
	snprintf(path, sizeof(path), "%s/dpdk", root);
	assert_int_equal(mkdir(path, 0700), 0);
	log_init(&test_log, NSK_LOG_DEBUG, hear, NULL);
	told = 0;
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

/* The id of a process that has ended and been waited for. */
static pid_t dead_pid(void)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	return child;
}

/* The path of what lies in EAL's folder by that name. */
static const char *NSK_PRINTF(1, 2) in_dpdk(const char *fmt, ...)
{
	static char path[256];
	int len = snprintf(path, sizeof(path), "%s/dpdk/", root);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path + len, sizeof(path) - (size_t)len, fmt, ap);
	va_end(ap);
	return path;
}

static void put_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

/* A socket of telemetry's kind, listening. */
static int put_socket(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && strlen(path) < sizeof(sa.sun_path));
	memcpy(sa.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static bool there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void a_dead_processs_folder_goes_with_all_in_it(void **state)
{
	int pid = (int)dead_pid();
	char expected[256];

	(void)state;
	assert_int_equal(mkdir(in_dpdk("nsk-%d", pid), 0700), 0);
	close(put_socket(in_dpdk("nsk-%d/dpdk_telemetry.v2", pid)));
	put_file(in_dpdk("nsk-%d/config", pid));
	assert_int_equal(symlink("/nowhere", in_dpdk("nsk-%d/link", pid)), 0);
	eal_runtime_sweep(&test_log);
	assert_false(there(in_dpdk("nsk-%d", pid)));
	assert_int_equal(told, 1);
	snprintf(expected, sizeof(expected), "removed %s, left by a process that was killed",
		 in_dpdk("nsk-%d", pid));
	assert_string_equal(told_text, expected);
}

static void a_living_processs_folder_stays(void **state)
{
	int pid = (int)getpid();

	(void)state;
	assert_int_equal(mkdir(in_dpdk("nsk-%d", pid), 0700), 0);
	assert_int_equal(mkdir(in_dpdk("nsk-1"), 0700), 0);
	eal_runtime_sweep(&test_log);
	assert_true(there(in_dpdk("nsk-%d", pid)));
	assert_true(there(in_dpdk("nsk-1")));
	assert_int_equal(told, 0);
}

static void a_folder_stays_while_somebody_listens_in_it(void **state)
{
	int pid = (int)dead_pid(), fd;

	(void)state;
	assert_int_equal(mkdir(in_dpdk("nsk-%d", pid), 0700), 0);
	put_file(in_dpdk("nsk-%d/config", pid));
	fd = put_socket(in_dpdk("nsk-%d/dpdk_telemetry.v2", pid));
	eal_runtime_sweep(&test_log);
	assert_true(there(in_dpdk("nsk-%d/dpdk_telemetry.v2", pid)));
	assert_true(there(in_dpdk("nsk-%d/config", pid)));
	assert_int_equal(told, 0);
	close(fd);
	eal_runtime_sweep(&test_log);
	assert_false(there(in_dpdk("nsk-%d", pid)));
	assert_int_equal(told, 1);
}

static void other_prefixes_and_names_stay(void **state)
{
	static const char *const names[] = {"rte",    "nsk-",	"nsk-0",   "nsk--1",
					    "nsk- 1", "nsk-x1", "nsk-+99", "nsk-4294967297"};
	int pid = (int)dead_pid();

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_int_equal(mkdir(in_dpdk("%s", names[i]), 0700), 0);
	assert_int_equal(mkdir(in_dpdk("nsk-%dx", pid), 0700), 0);
	assert_int_equal(mkdir(in_dpdk("Xnsk-%d", pid), 0700), 0);
	assert_int_equal(mkdir(in_dpdk("rte%d", pid), 0700), 0);
	eal_runtime_sweep(&test_log);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_true(there(in_dpdk("%s", names[i])));
	assert_true(there(in_dpdk("nsk-%dx", pid)));
	assert_true(there(in_dpdk("Xnsk-%d", pid)));
	assert_true(there(in_dpdk("rte%d", pid)));
	assert_int_equal(told, 0);
}

static void links_are_not_followed(void **state)
{
	int pid = (int)dead_pid();

	(void)state;
	assert_int_equal(mkdir(in_dpdk("elsewhere"), 0700), 0);
	put_file(in_dpdk("elsewhere/precious"));
	assert_int_equal(symlink("elsewhere", in_dpdk("nsk-%d", pid)), 0);
	eal_runtime_sweep(&test_log);
	assert_true(there(in_dpdk("elsewhere/precious")));
	assert_int_equal(told, 0);
}

static void what_is_not_empty_after_all_stays(void **state)
{
	int pid = (int)dead_pid();

	(void)state;
	assert_int_equal(mkdir(in_dpdk("nsk-%d", pid), 0700), 0);
	assert_int_equal(mkdir(in_dpdk("nsk-%d/folder", pid), 0700), 0);
	eal_runtime_sweep(&test_log);
	assert_true(there(in_dpdk("nsk-%d/folder", pid)));
	assert_int_equal(told, 0);
}

static bool somebody_else;

uid_t __real_geteuid(void);
uid_t __wrap_geteuid(void);

uid_t __wrap_geteuid(void)
{
	return __real_geteuid() + somebody_else;
}

static void another_users_folder_stays(void **state)
{
	int pid = (int)dead_pid();

	(void)state;
	assert_int_equal(mkdir(in_dpdk("nsk-%d", pid), 0700), 0);
	somebody_else = true;
	eal_runtime_sweep(&test_log);
	somebody_else = false;
	assert_true(there(in_dpdk("nsk-%d", pid)));
	assert_int_equal(told, 0);
}

static void without_the_folder_there_is_nothing_to_do(void **state)
{
	(void)state;
	assert_int_equal(rmdir(in_dpdk("%s", "")), 0);
	eal_runtime_sweep(&test_log);
	assert_int_equal(told, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_dead_processs_folder_goes_with_all_in_it),
		TEST(a_living_processs_folder_stays),
		TEST(a_folder_stays_while_somebody_listens_in_it),
		TEST(other_prefixes_and_names_stay),
		TEST(links_are_not_followed),
		TEST(what_is_not_empty_after_all_stays),
		TEST(another_users_folder_stays),
		TEST(without_the_folder_there_is_nothing_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
