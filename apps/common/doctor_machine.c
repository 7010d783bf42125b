/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts of a machine: what /sys and /proc say, which may lie elsewhere in tests. */
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/doctor.h"

#define PCI	      "/sys/bus/pci"
#define CPUS	      "/sys/devices/system/cpu"
#define NODES	      "/sys/devices/system/node"
#define PCI_CLASS_NET 0x02
#define CAP_NET_ADMIN 12
#define CAP_NET_RAW   13
#define PATH_SIZE     512

/* ---- reading ------------------------------------------------------------------------------- */

/* First line of a file, without its end; false and "" if there is none. */
static bool read_line(char *line, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static bool read_line(char *line, size_t size, const char *fmt, ...)
{
	char path[PATH_SIZE];
	va_list ap;
	FILE *f;
	bool ok;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	line[0] = '\0';
	f = fopen(path, "re");
	ok = f && fgets(line, (int)size, f);
	if (f)
		fclose(f);
	if (!ok)
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return ok;
}

static bool is_there(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static bool is_there(const char *fmt, ...)
{
	char path[PATH_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return access(path, F_OK) == 0;
}

/* Calls fn with each entry of a folder; how many there were. */
static unsigned each(const char *folder, void (*fn)(void *arg, const char *name), void *arg)
{
	struct dirent **names;
	int n = scandir(folder, &names, NULL, alphasort);
	unsigned count = 0;

	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.') {
			count++;
			if (fn)
				fn(arg, names[i]->d_name);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return count;
}

struct walk {
	const char *root;
	struct doctor_machine *m;
	unsigned node;
	char name[64]; /* what was found */
	const char *begin;
};

/* ---- memory -------------------------------------------------------------------------------- */

static void add_pages(void *arg, const char *name)
{
	struct walk *w = arg;
	unsigned long long kb, total, have;
	char line[64];

	if (sscanf(name, "hugepages-%llukB", &kb) != 1)
		return;
	read_line(line, sizeof(line), "%s/sys/kernel/mm/hugepages/%s/nr_hugepages", w->root, name);
	total = strtoull(line, NULL, 10);
	read_line(line, sizeof(line), "%s/sys/kernel/mm/hugepages/%s/free_hugepages", w->root,
		  name);
	have = strtoull(line, NULL, 10);
	w->m->huge_mb += total * kb / 1024;
	w->m->huge_free_mb += have * kb / 1024;
}

static void add_node_pages(void *arg, const char *name)
{
	struct walk *w = arg;
	unsigned long long kb;
	char line[64];

	if (sscanf(name, "hugepages-%llukB", &kb) != 1)
		return;
	read_line(line, sizeof(line), "%s" NODES "/node%u/hugepages/%s/free_hugepages", w->root,
		  w->node, name);
	w->m->node_free_mb[w->node] += strtoull(line, NULL, 10) * kb / 1024;
}

static void look_at_memory(struct walk *w)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/sys/kernel/mm/hugepages", w->root);
	each(path, add_pages, w);
	for (w->node = 0; w->node < DOCTOR_NODES; w->node++) {
		if (!is_there("%s" NODES "/node%u", w->root, w->node))
			continue;
		w->m->nnodes = w->node + 1;
		snprintf(path, sizeof(path), "%s" NODES "/node%u/hugepages", w->root, w->node);
		each(path, add_node_pages, w);
	}
}

/* ---- cards --------------------------------------------------------------------------------- */

static void first_of(void *arg, const char *name)
{
	struct walk *w = arg;

	if (!w->name[0] && strncmp(name, w->begin, strlen(w->begin)) == 0)
		snprintf(w->name, sizeof(w->name), "%.*s", (int)sizeof(w->name) - 1, name);
}

/* The first entry of a folder whose name begins so, "" if there is none. */
static const char *find_first(struct walk *w, const char *folder, const char *begin)
{
	w->begin = begin;
	w->name[0] = '\0';
	each(folder, first_of, w);
	return w->name;
}

/* The kernel's interface on a card; of virtio it belongs to a device on the device. */
static void nic_iface(struct walk *w, struct doctor_nic *nic)
{
	char folder[PATH_SIZE], virtio[64];

	snprintf(folder, sizeof(folder), "%s" PCI "/devices/%s", w->root, nic->address);
	snprintf(virtio, sizeof(virtio), "%s", find_first(w, folder, "virtio"));
	snprintf(folder, sizeof(folder), "%s" PCI "/devices/%s/%s%snet", w->root, nic->address,
		 virtio, virtio[0] ? "/" : "");
	snprintf(nic->iface, sizeof(nic->iface), "%.23s", find_first(w, folder, ""));
}

/* Whether the machine's default route leads by it. */
static bool has_default_route(const char *root, const char *iface)
{
	char path[PATH_SIZE], line[256], name[24];
	unsigned destination, mask;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/net/route", root);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%23s %x %*x %*x %*d %*d %*d %x", name, &destination, &mask) ==
				3 &&
			destination == 0 && mask == 0 && strcmp(name, iface) == 0;
	if (f)
		fclose(f);
	return found;
}

static void nic_driver(const char *root, struct doctor_nic *nic)
{
	char path[PATH_SIZE], target[PATH_SIZE];
	const char *slash;
	ssize_t n;

	snprintf(path, sizeof(path), "%s" PCI "/devices/%s/driver", root, nic->address);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	slash = strrchr(target, '/');
	snprintf(nic->driver, sizeof(nic->driver), "%.31s", slash ? slash + 1 : target);
}

static void add_nic(void *arg, const char *address)
{
	struct walk *w = arg;
	struct doctor_nic *nic = &w->m->nic[w->m->nnics];
	char line[64];

	read_line(line, sizeof(line), "%s" PCI "/devices/%s/class", w->root, address);
	if (strtoul(line, NULL, 16) >> 16 != PCI_CLASS_NET || w->m->nnics == DOCTOR_NICS)
		return;
	w->m->nnics++;
	snprintf(nic->address, sizeof(nic->address), "%.23s", address);
	read_line(line, sizeof(line), "%s" PCI "/devices/%s/vendor", w->root, address);
	nic->vendor = (uint16_t)strtoul(line, NULL, 16);
	read_line(line, sizeof(line), "%s" PCI "/devices/%s/device", w->root, address);
	nic->device = (uint16_t)strtoul(line, NULL, 16);
	nic->node =
		read_line(line, sizeof(line), "%s" PCI "/devices/%s/numa_node", w->root, address)
			? atoi(line)
			: -1;
	nic_driver(w->root, nic);
	nic_iface(w, nic);
	nic->leave = nic->iface[0] && has_default_route(w->root, nic->iface);
}

static void look_at_cards(struct walk *w)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s" PCI "/devices", w->root);
	each(path, add_nic, w);
	snprintf(path, sizeof(path), "%s/sys/class/iommu", w->root);
	w->m->iommu = each(path, NULL, NULL) > 0;
	w->m->vfio = is_there("%s" PCI "/drivers/vfio-pci", w->root);
	w->m->uio = is_there("%s" PCI "/drivers/uio_pci_generic", w->root) ||
		    is_there("%s" PCI "/drivers/igb_uio", w->root);
}

/* ---- DPDK's drivers ------------------------------------------------------------------------ */

/* "[[32902, 4298, 65535, 65535], …]": which of the cards are among them. */
static void match_ids(struct doctor_machine *m, const char *at, const char *end)
{
	unsigned vendor, device;

	/* A list ends with its own bracket, each pair with one before that. */
	while ((at = memchr(at, '[', (size_t)(end - at))) != NULL) {
		if (sscanf(at, "[%u, %u", &vendor, &device) != 2)
			return;
		for (unsigned i = 0; i < m->nnics; i++)
			m->nic[i].pmd |= m->nic[i].vendor == vendor && m->nic[i].device == device;
		at = memchr(at, ']', (size_t)(end - at));
		if (!at || at[1] == ']')
			return;
	}
}

/* A driver's own description of itself, which dpdk-pmdinfo.py reads too: text in the file. */
static void search_driver(struct doctor_machine *m, const char *text, size_t n)
{
	static const char mark[] = "PMD_INFO_STRING= {", ids[] = "\"pci_ids\"";
	const char *end = text + n, *at = text;

	while ((at = memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1)) != NULL) {
		const char *stop = memchr(at, '\0', (size_t)(end - at));
		const char *list;

		/* It is a string; what has no end is none. */
		if (!stop)
			return;
		m->pmds_known = true;
		list = memmem(at, (size_t)(stop - at), ids, sizeof(ids) - 1);
		list = list ? memchr(list, '[', (size_t)(stop - list)) : NULL;
		if (list)
			match_ids(m, list + 1, stop);
		at = stop;
	}
}

struct drivers {
	struct doctor_machine *m;
	const char *folder;
};

static void look_at_driver(void *arg, const char *name)
{
	struct drivers *d = arg;
	char path[PATH_SIZE];
	size_t n = strlen(name);
	struct stat st;
	void *text;
	int fd;

	/* Those with a version behind are links to the same, or the same links to them. */
	if (n < 3 || strcmp(name + n - 3, ".so") != 0 || !strstr(name, "net_"))
		return;
	snprintf(path, sizeof(path), "%s/%s", d->folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (text != MAP_FAILED) {
			search_driver(d->m, text, (size_t)st.st_size);
			munmap(text, (size_t)st.st_size);
		}
	}
	close(fd);
}

/* ---- processors ---------------------------------------------------------------------------- */

/* "0-3,8" */
static void mark_isolated(struct doctor_machine *m, const char *list)
{
	while (*list) {
		char *end;
		unsigned long from = strtoul(list, &end, 10), to = from;

		if (end == list)
			return;
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		for (; from <= to && from < DOCTOR_CPUS; from++)
			m->cpu[from].isolated = true;
		list = *end ? end + 1 : end;
	}
}

static void look_at_cpu(struct walk *w, unsigned n)
{
	struct doctor_cpu *cpu = &w->m->cpu[n];
	char line[256], folder[PATH_SIZE];

	cpu->node = cpu->core = -1;
	if (!is_there("%s" CPUS "/cpu%u", w->root, n))
		return;
	if (read_line(line, sizeof(line), "%s" CPUS "/cpu%u/online", w->root, n) && line[0] == '0')
		return;
	cpu->there = true;
	w->m->ncpus++;
	if (read_line(line, sizeof(line), "%s" CPUS "/cpu%u/topology/thread_siblings_list", w->root,
		      n))
		cpu->core = (int16_t)atoi(line);
	snprintf(folder, sizeof(folder), "%s" CPUS "/cpu%u", w->root, n);
	if (find_first(w, folder, "node")[0])
		cpu->node = (int16_t)atoi(w->name + 4);
	if (read_line(line, sizeof(line), "%s" CPUS "/cpu%u/cpufreq/scaling_governor", w->root, n))
		cpu->slow = strcmp(line, "performance") != 0;
	if (cpu->slow && !w->m->governor[0])
		snprintf(w->m->governor, sizeof(w->m->governor), "%.31s", line);
}

static void look_at_clock(struct walk *w)
{
	char path[PATH_SIZE], line[8192];
	FILE *f;

	read_line(w->m->clocksource, sizeof(w->m->clocksource),
		  "%s/sys/devices/system/clocksource/clocksource0/current_clocksource", w->root);
	snprintf(path, sizeof(path), "%s/proc/cpuinfo", w->root);
	f = fopen(path, "re");
	while (f && !w->m->cpuinfo && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "flags", 5) != 0)
			continue;
		w->m->cpuinfo = true;
		w->m->tsc_steady = strstr(line, " constant_tsc") != NULL &&
				   strstr(line, " nonstop_tsc") != NULL;
	}
	if (f)
		fclose(f);
}

/* ---- the process --------------------------------------------------------------------------- */

static void look_at_rights(struct walk *w)
{
	char path[PATH_SIZE], line[256];
	unsigned long long caps;
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/self/status", w->root);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "CapEff: %llx", &caps) != 1)
			continue;
		w->m->rights_known = true;
		w->m->net_admin = caps >> CAP_NET_ADMIN & 1;
		w->m->net_raw = caps >> CAP_NET_RAW & 1;
	}
	if (f)
		fclose(f);
}

static void look_at_limits(struct walk *w)
{
	char path[PATH_SIZE], line[256];
	unsigned long long bytes;
	FILE *f;

	w->m->memlock_kb = UINT64_MAX;
	snprintf(path, sizeof(path), "%s/proc/self/limits", w->root);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Max locked memory %llu", &bytes) == 1)
			w->m->memlock_kb = bytes / 1024;
	if (f)
		fclose(f);
}

void doctor_machine(const char *root, const char *pmds, struct doctor_machine *m)
{
	struct walk w = {.root = root, .m = m};
	char line[256];

	memset(m, 0, sizeof(*m));
	look_at_memory(&w);
	look_at_cards(&w);
	if (pmds)
		each(pmds, look_at_driver, &(struct drivers){.m = m, .folder = pmds});
	for (unsigned i = 0; i < DOCTOR_CPUS; i++)
		look_at_cpu(&w, i);
	read_line(line, sizeof(line), "%s" CPUS "/isolated", root);
	mark_isolated(m, line);
	look_at_clock(&w);
	look_at_limits(&w);
	look_at_rights(&w);
}
