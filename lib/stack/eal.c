/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting EAL, once in a process, and telling later requests whether what runs suits them.
 *
 * What EAL does to its caller is undone: it pins the calling thread, and its threads inherit the
 * signal mask. Its messages come to our log; the few that it writes to stderr by itself are those
 * of a failing start ("EAL: FATAL"). When a start fails midway, DPDK 22.11 cannot try again.
 *
 * The state here is process-wide, as EAL is, under one lock.
 */
#include "stack/eal.h"

#include <dirent.h>
#include <errno.h>
#include <mntent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_memory.h>

#include "base/compiler.h"
#include "net/port.h"
#include "sock/handle.h"
#include "stack/eal_args.h"
#include "stack/eal_log.h"
#include "stack/eal_runtime.h"

/* Fewer free hugepages than this are not worth starting with: a pool would find nothing. */
#define HUGE_MIN_MB 64
#define HUGE_SYSFS  "/sys/kernel/mm/hugepages"

enum eal_state {
	EAL_OFF,
	EAL_OURS,
	EAL_APPLICATIONS, /* the application has started it */
};

static struct {
	pthread_mutex_t lock;
	enum eal_state state;
	bool huge;	/* EAL uses hugepages */
	bool pci;	/* EAL has looked at the PCI bus */
	bool in_memory; /* these two count only with hugepages */
	bool single_file;
	bool said_no_huge;
	char *user_text;      /* --eal of the request that started it */
	char *runtime_dir;    /* removed at exit, if telemetry has used it */
	struct eal_args args; /* EAL keeps pointers into it */
} eal = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- what this machine offers -------------------------------------------------------------- */

/* Free hugepages of all sizes in MB. */
static uint64_t huge_free_mb(void)
{
	DIR *dir = opendir(HUGE_SYSFS);
	struct dirent *d;
	uint64_t mb = 0;

	if (!dir)
		return 0;
	while ((d = readdir(dir)) != NULL) {
		char path[sizeof(HUGE_SYSFS) + sizeof(d->d_name) + 32];
		unsigned long long kb = 0, pages = 0;
		FILE *f;

		if (sscanf(d->d_name, "hugepages-%llukB", &kb) != 1)
			continue;
		snprintf(path, sizeof(path), HUGE_SYSFS "/%s/free_hugepages", d->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fscanf(f, "%llu", &pages) == 1)
			mb += kb * pages / 1024;
		fclose(f);
	}
	closedir(dir);
	return mb;
}

static bool hugetlbfs_writable(void)
{
	FILE *mounts = setmntent("/proc/mounts", "re");
	struct mntent m;
	char text[1024];
	bool found = false;

	if (!mounts)
		return false;
	while (!found && getmntent_r(mounts, &m, text, sizeof(text)))
		found = strcmp(m.mnt_type, "hugetlbfs") == 0 && access(m.mnt_dir, W_OK) == 0;
	endmntent(mounts);
	return found;
}

/* CPUs as "0-3,8". The set is never empty. */
static void cpus_format(const cpu_set_t *set, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (int cpu = 0; cpu < CPU_SETSIZE && len + 16 < size; cpu++) {
		int last = cpu;

		if (!CPU_ISSET(cpu, set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
			last++;
		len += (size_t)snprintf(text + len, size - len, last > cpu ? "%s%d-%d" : "%s%d",
					len ? "," : "", cpu, last);
		cpu = last;
	}
}

/* ---- what is needed ------------------------------------------------------------------------ */

static int plan_devices(const struct eal_request *req, struct eal_plan *plan, char *error,
			size_t size)
{
	for (unsigned i = 0; i < req->ndevargs; i++) {
		struct port_needs needs;

		port_needs(req->devargs[i], &needs);
		if (!needs.device)
			continue;
		plan->devices = true;
		plan->single_file |= needs.single_file;
		plan->no_in_memory |= needs.no_in_memory;
		if (!needs.pci)
			continue;
		if (plan->npci == EAL_PCI_MAX) {
			snprintf(error, size, "more than %d PCI devices", EAL_PCI_MAX);
			return -ENOSPC;
		}
		plan->pci[plan->npci++] = needs.device;
	}
	return 0;
}

/* Hugepages or not, for a process with devices. */
static void plan_memory(const struct eal_request *req, const struct eal_args *user,
			struct eal_plan *plan)
{
	plan->no_huge = req->no_huge || eal_args_have(user, "--no-huge") || !plan->devices;
	if (plan->no_huge)
		return;
	if (huge_free_mb() < HUGE_MIN_MB)
		plan->why_no_huge =
			"there are no free hugepages; 'sysctl vm.nr_hugepages=256' as root makes some";
	else if (plan->no_in_memory && plan->single_file)
		plan->why_no_huge =
			"net_memif and virtio-user or vhost in one process contradict each other";
	else if (plan->no_in_memory && !hugetlbfs_writable())
		plan->why_no_huge =
			"net_memif needs a mounted hugetlbfs; 'mount -t hugetlbfs none /dev/hugepages' "
			"as root makes one";
	plan->no_huge = plan->why_no_huge != NULL;
}

static int plan_make(const struct eal_request *req, const struct eal_args *user,
		     struct eal_plan *plan, char *error, size_t size)
{
	int rc;

	memset(plan, 0, sizeof(*plan));
	rc = plan_devices(req, plan, error, size);
	if (rc)
		return rc;
	plan_memory(req, user, plan);
	plan->telemetry = plan->devices && eal_runtime_writable();
	plan->pid = (int)getpid();
	return 0;
}

/* ---- starting ------------------------------------------------------------------------------ */

/* The part of the signal set that EAL's threads must not get: all but the real-time signals. */
static void block_signals(sigset_t *before)
{
	sigset_t set;

	sigfillset(&set);
	/* net_tap learns of packets by one of these; with the process's own threads busy or
	 * blocking it, an EAL thread takes it. */
	for (int s = SIGRTMIN; s <= SIGRTMAX; s++)
		sigdelset(&set, s);
	pthread_sigmask(SIG_BLOCK, &set, before);
}

/* rte_eal_init() with everything of the caller's as before. */
static int init_undisturbed(struct eal_args *args)
{
	char *argv[EAL_ARGS_MAX + 1];
	cpu_set_t cpus;
	sigset_t signals;
	int rc;

	/* EAL moves the pointers about. */
	memcpy(argv, args->argv, sizeof(argv));
	pthread_getaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	block_signals(&signals);
	rte_errno = 0;
	rc = rte_eal_init(args->argc, argv) < 0 ? -NSK_MAX(rte_errno, 1) : 0;
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	pthread_sigmask(SIG_SETMASK, &signals, NULL);
	return rc;
}

static void args_join(const struct eal_args *a, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (int i = 1; i < a->argc && len < size; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", i > 1 ? " " : "",
					a->argv[i]);
}

static int init_failed(int rc, char *error, size_t size)
{
	char text[256];

	args_join(&eal.args, text, sizeof(text));
	if (rc == -EALREADY)
		snprintf(error, size,
			 "EAL's start failed earlier, and it cannot be started twice in a process");
	else
		snprintf(error, size,
			 "EAL does not start with \"%s\": %s; its own words are in the log%s", text,
			 rte_strerror(-rc),
			 eal_runtime_writable() ? ""
						: ", and it has no folder for its runtime data "
						  "(RUNTIME_DIRECTORY names one)");
	return rc;
}

/* An empty directory for each process that ever ran is not wanted. */
static void drop_runtime_dir(bool telemetry)
{
	if (!telemetry)
		rmdir(rte_eal_get_runtime_dir());
	else
		eal.runtime_dir = strdup(rte_eal_get_runtime_dir());
}

/* Runs after telemetry's own exit handler has removed its socket. Fails where somebody else is in
 * there. A child made by fork() has none: the folder is its parent's. */
__attribute__((destructor)) static void drop_runtime_dir_at_exit(void)
{
	if (eal.runtime_dir && !handles.forked)
		rmdir(eal.runtime_dir);
}

static int eal_start(const struct eal_request *req, const struct eal_args *user,
		     struct eal_plan *plan, char *error, size_t size)
{
	cpu_set_t cpus;
	int rc;

	if (pthread_getaffinity_np(pthread_self(), sizeof(cpus), &cpus)) {
		CPU_ZERO(&cpus);
		CPU_SET(0, &cpus);
	}
	cpus_format(&cpus, plan->cpus, sizeof(plan->cpus));
	if (plan->why_no_huge && !eal.said_no_huge) {
		LOG_WARN(req->log, "eal", "running without hugepages, which is slower: %s",
			 plan->why_no_huge);
		eal.said_no_huge = true;
	}
	rc = eal_args_make(&eal.args, plan, user, error, size);
	if (rc == 0)
		rc = eal_log_open();
	if (rc)
		return rc;
	rc = init_undisturbed(&eal.args);
	if (rc)
		return init_failed(rc, error, size);
	drop_runtime_dir(!eal_args_have(&eal.args, "--no-telemetry"));
	eal_runtime_sweep(req->log);
	eal.user_text = strdup(req->user_args ? req->user_args : "");
	eal.state = EAL_OURS;
	eal.huge = rte_eal_has_hugepages();
	eal.pci = !eal_args_have(&eal.args, "--no-pci");
	eal.in_memory = eal_args_have(&eal.args, "--in-memory");
	eal.single_file = eal_args_have(&eal.args, "--single-file-segments");
	return 0;
}

/* ---- already running ----------------------------------------------------------------------- */

static int busy(char *error, size_t size, const char *why)
{
	snprintf(error, size, "EAL already runs in this process%s", why);
	return -EBUSY;
}

/* Whether what runs suits a request. */
static int eal_suits(const struct eal_request *req, const struct eal_plan *plan, char *error,
		     size_t size)
{
	bool has_args = req->user_args && req->user_args[strspn(req->user_args, " \t")];

	if (eal.state == EAL_APPLICATIONS)
		return has_args ? busy(error, size, ", started by the application: leave --eal out")
				: 0;
	if (has_args && (!eal.user_text || strcmp(req->user_args, eal.user_text) != 0)) {
		snprintf(
			error, size,
			"EAL already runs in this process, started with --eal \"%s\", and cannot change to "
			"\"%s\": give every stack the same, or only the first",
			eal.user_text ? eal.user_text : "", req->user_args);
		return -EBUSY;
	}
	if (req->no_huge && eal.huge)
		return busy(error, size,
			    " with hugepages: --no-huge must be asked for by the first stack");
	if (plan->npci && !eal.pci)
		return busy(
			error, size,
			" without PCI: the first stack must name a PCI device, or give --eal \"-a ADDRESS\"");
	if (plan->single_file && eal.huge && !eal.single_file)
		return busy(
			error, size,
			" without --single-file-segments, which virtio-user and vhost need: name such a "
			"device in the first stack, or give --no-huge");
	if (plan->no_in_memory && eal.huge && eal.in_memory)
		return busy(
			error, size,
			" with --in-memory, which net_memif does not work with: name such a device in the "
			"first stack, or give --no-huge");
	return 0;
}

int eal_need(const struct eal_request *req, char *error, size_t size)
{
	struct eal_plan plan;
	struct eal_args user;
	int rc;

	rc = eal_args_split(&user, req->user_args, error, size);
	if (rc)
		return rc;
	rc = plan_make(req, &user, &plan, error, size);
	if (rc)
		return rc;
	rc = eal_log_add(req->log);
	if (rc) {
		snprintf(error, size, "no memory for EAL's log");
		return rc;
	}
	pthread_mutex_lock(&eal.lock);
	/* No lcore is counted before EAL has read its command line, which the application may have
	 * seen to. */
	if (eal.state == EAL_OFF && eal.args.argc == 0 && rte_lcore_count() > 0)
		eal.state = EAL_APPLICATIONS;
	rc = eal.state == EAL_OFF ? eal_start(req, &user, &plan, error, size)
				  : eal_suits(req, &plan, error, size);
	pthread_mutex_unlock(&eal.lock);
	if (rc)
		eal_log_remove(req->log);
	return rc;
}

void eal_forget(const struct log *log)
{
	eal_log_remove(log);
}
