/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting EAL once in a process. Each case runs in a process of its own. */
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include "netns.h"
#include "ports.h"
#include "sock/call.h"

/* In the child: ends it with the line's number when a check fails. */
#define CHECK(what)                                                                           \
	do {                                                                                  \
		if (!(what)) {                                                                \
			fprintf(stderr, "%s:%d: %s failed (%s)\n", __FILE__, __LINE__, #what, \
				test_error);                                                  \
			exit(1);                                                              \
		}                                                                             \
	} while (0)

static void in_a_process_of_its_own(void (*fn)(void))
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		fn();
		/* Not exit(): cmocka's own cleaning up is the parent's. */
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static int need(const char *devargs, const char *args)
{
	struct eal_request req = {
		.devargs = &devargs,
		.ndevargs = devargs ? 1 : 0,
		.user_args = args,
		.log = &test_log,
	};

	test_error[0] = '\0';
	return eal_need(&req, test_error, sizeof(test_error));
}

static void small(void)
{
	cpu_set_t cpus_before, cpus_after;
	sigset_t signals_before, signals_after;
	char path[64];

	sched_getaffinity(0, sizeof(cpus_before), &cpus_before);
	pthread_sigmask(SIG_SETMASK, NULL, &signals_before);
	CHECK(need(NULL, NULL) == 0);
	sched_getaffinity(0, sizeof(cpus_after), &cpus_after);
	pthread_sigmask(SIG_SETMASK, NULL, &signals_after);
	CHECK(CPU_EQUAL(&cpus_before, &cpus_after));
	for (int s = 1; s < SIGRTMAX; s++)
		CHECK(sigismember(&signals_before, s) == sigismember(&signals_after, s));
	CHECK(rte_lcore_count() == 1);
	CHECK(!rte_eal_has_hugepages());
	CHECK(need(NULL, "") == 0);
	snprintf(path, sizeof(path), "/var/run/dpdk/nsk-%d", (int)getpid());
	CHECK(access(path, F_OK) != 0);
}

static void without_devices_it_is_small_and_disturbs_nobody(void **state)
{
	(void)state;
	in_a_process_of_its_own(small);
}

static void other_args(void)
{
	CHECK(need(NULL, "-m 100") == 0);
	CHECK(need(NULL, "-m 100") == 0);
	CHECK(need(NULL, NULL) == 0);
	CHECK(need(NULL, "-m 200") == -EBUSY);
	CHECK(strcmp(test_error,
		     "EAL already runs in this process, started with --eal \"-m 100\", and cannot change to "
		     "\"-m 200\": give every stack the same, or only the first") == 0);
	CHECK(need("0000:00:08.0", NULL) == -EBUSY);
	CHECK(strstr(test_error, "without PCI: the first stack must name a PCI device") != NULL);
	CHECK(need(NULL, "--bogus") == -EINVAL);
}

static void a_second_request_for_other_arguments_fails_in_words(void **state)
{
	(void)state;
	in_a_process_of_its_own(other_args);
}

static void corrected(void)
{
	CHECK(need(NULL, "--help") == -EINVAL);
	CHECK(need(NULL, "--no-huge --in-memory") == -EINVAL);
	CHECK(need(NULL, NULL) == 0);
}

static void arguments_refused_do_no_harm(void **state)
{
	(void)state;
	in_a_process_of_its_own(corrected);
}

static void by_the_application(void)
{
	char text[] =
		"app\0--no-huge\0--no-pci\0--no-shconf\0--no-telemetry\0-m64\0--log-level=1\0";
	char *argv[8] = {NULL};
	int argc = 0;

	for (char *arg = text; *arg; arg += strlen(arg) + 1)
		argv[argc++] = arg;
	CHECK(rte_eal_init(argc, argv) >= 0);
	CHECK(need(NULL, NULL) == 0);
	CHECK(need("net_ring0", NULL) == 0);
	CHECK(need(NULL, "-m 64") == -EBUSY);
	CHECK(strstr(test_error, "started by the application: leave --eal out") != NULL);
}

static void what_the_application_has_started_is_used(void **state)
{
	(void)state;
	in_a_process_of_its_own(by_the_application);
}

static void devices_later(void)
{
	struct pkt_pool *pool;
	struct port *port;

	CHECK(need(NULL, NULL) == 0);
	CHECK(need("net_ring0", NULL) == 0);
	CHECK(port_open_named("net_ring0", &port) == 0);
	pool = pool_new("later", 1024, 2048, true);
	CHECK(pool && port_start_with(port, pool, 1500) == 0);
	CHECK(frame_send(port, pool, 0, 1, 100));
	rte_pktmbuf_free(frame_recv(port, 0));
	port->ops->stop(port);
	port->ops->close(port);
	CHECK(pkt_pool_destroy(pool) == 0);
}

static void virtual_devices_come_to_a_small_eal_later(void **state)
{
	(void)state;
	in_a_process_of_its_own(devices_later);
}

static unsigned heard;
static enum nsk_log_level heard_level;
static char heard_text[LOG_TEXT_MAX];

static void hear(void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	(void)arg;
	if (strcmp(module, "dpdk") != 0)
		return;
	heard++;
	heard_level = level;
	snprintf(heard_text, sizeof(heard_text), "%s", text);
}

static void logs(void)
{
	struct log second;

	log_init(&test_log, NSK_LOG_DEBUG, hear, NULL);
	CHECK(need(NULL, NULL) == 0);
	CHECK(heard > 0);
	rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1, "half a line, ");
	heard = 0;
	rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1, "the other half\n");
	CHECK(heard == 1 && heard_level == NSK_LOG_ERR);
	CHECK(strstr(heard_text, "half a line, ") && strstr(heard_text, "the other half"));
	rte_log(RTE_LOG_NOTICE, RTE_LOGTYPE_USER1, "note\n");
	CHECK(heard_level == NSK_LOG_INFO);
	rte_log(RTE_LOG_WARNING, RTE_LOGTYPE_USER1,
		"No legacy callbacks, legacy socket not created\n");
	CHECK(heard_level == NSK_LOG_DEBUG);
	/* The stack that came last hears; when it goes, the one before. */
	log_init(&second, NSK_LOG_NONE, hear, NULL);
	struct eal_request req = {.log = &second};
	CHECK(eal_need(&req, test_error, sizeof(test_error)) == 0);
	heard = 0;
	rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1, "to the second\n");
	CHECK(heard == 0);
	eal_forget(&second);
	rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1, "to the first\n");
	CHECK(heard == 1);
	eal_forget(&test_log);
	rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1, "to nobody\n");
	CHECK(heard == 1);
}

static void dpdks_messages_come_to_our_log_at_their_level(void **state)
{
	(void)state;
	in_a_process_of_its_own(logs);
}

static void as_pretended_root(void)
{
	char map[32];
	unsigned uid;

	unsetenv("RUNTIME_DIRECTORY");
	/* An ordinary user who is root in a namespace of his own cannot write to /var/run. */
	if (getuid() == 0 && (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000)))
		_exit(0);
	uid = getuid();
	prctl(PR_SET_DUMPABLE, 1);
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (unshare(CLONE_NEWUSER) || !write_text("/proc/self/uid_map", map)) {
		fprintf(stderr, "no user namespaces here: nothing to see\n");
		_exit(0);
	}
	CHECK(getuid() == 0);
	CHECK(need("net_null0", NULL) == 0);
	CHECK(getenv("RUNTIME_DIRECTORY") == NULL);
}

static void it_starts_in_a_user_namespace(void **state)
{
	(void)state;
	in_a_process_of_its_own(as_pretended_root);
}

static char runtime[] = "/tmp/nsk-test-XXXXXX";

static void with_telemetry(void)
{
	CHECK(setenv("RUNTIME_DIRECTORY", runtime, 1) == 0);
	CHECK(need("net_null0", NULL) == 0);
	raise(SIGKILL);
}

static void next_start(void)
{
	CHECK(setenv("RUNTIME_DIRECTORY", runtime, 1) == 0);
	CHECK(need(NULL, NULL) == 0);
}

static void what_a_killed_process_left_the_next_start_removes(void **state)
{
	char path[128];
	pid_t child;
	int status;

	(void)state;
	assert_non_null(mkdtemp(runtime));
	fflush(stdout);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		with_telemetry();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	snprintf(path, sizeof(path), "%s/dpdk/nsk-%d", runtime, (int)child);
	assert_int_equal(access(path, F_OK), 0);
	in_a_process_of_its_own(next_start);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/dpdk", runtime);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(runtime), 0);
}

/* A child runs at its exit() all that its parent has left to be run. */
static void who_has_a_child(void)
{
	const char *dir;
	int status = -1;
	pid_t child;

	CHECK(setenv("RUNTIME_DIRECTORY", runtime, 1) == 0);
	CHECK(need("net_null0", NULL) == 0);
	sock_watch_forks(); /* as the first stack does */
	dir = rte_eal_get_runtime_dir();
	CHECK(access(dir, F_OK) == 0);
	fflush(NULL);
	child = fork();
	if (child == 0)
		exit(0);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(access(dir, F_OK) == 0);
	exit(0); /* which removes it */
}

static void a_child_that_exits_leaves_its_parents_folder(void **state)
{
	char path[128];

	(void)state;
	snprintf(runtime, sizeof(runtime), "/tmp/nsk-test-XXXXXX");
	assert_non_null(mkdtemp(runtime));
	in_a_process_of_its_own(who_has_a_child);
	snprintf(path, sizeof(path), "%s/dpdk", runtime);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(runtime), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_devices_it_is_small_and_disturbs_nobody),
		cmocka_unit_test(a_second_request_for_other_arguments_fails_in_words),
		cmocka_unit_test(arguments_refused_do_no_harm),
		cmocka_unit_test(what_the_application_has_started_is_used),
		cmocka_unit_test(virtual_devices_come_to_a_small_eal_later),
		cmocka_unit_test(dpdks_messages_come_to_our_log_at_their_level),
		cmocka_unit_test(it_starts_in_a_user_namespace),
		cmocka_unit_test(what_a_killed_process_left_the_next_start_removes),
		cmocka_unit_test(a_child_that_exits_leaves_its_parents_folder),
	};

	log_init(&test_log, NSK_LOG_ERR, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
