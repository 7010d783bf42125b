/* SPDX-License-Identifier: BSD-3-Clause */
/* What is wrong, by the facts alone: one function a row. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/doctor.h"

#define UNEVEN_LEAST   10000 /* packets, before a spread is judged */
#define UNEVEN_PERCENT 75
#define MIB	       (1u << 20)

struct judge {
	const struct doctor_machine *m;
	const struct doctor_program *p; /* NULL: there is none */
	struct findings *out;
	enum finding_id id;
};

/* Another finding; its mend is filled in by mend(). */
static struct finding *find(struct judge *j, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static struct finding *find(struct judge *j, const char *fmt, ...)
{
	static const struct finding none;
	struct finding *f;
	va_list ap;

	/* One that there is no place for takes the last one's. */
	f = &j->out->at[j->out->n < DOCTOR_FINDINGS ? j->out->n++ : DOCTOR_FINDINGS - 1];
	*f = none;
	f->id = j->id;
	va_start(ap, fmt);
	vsnprintf(f->what, sizeof(f->what), fmt, ap);
	va_end(ap);
	return f;
}

static void mend(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void mend(struct finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->mend, sizeof(f->mend), fmt, ap);
	va_end(ap);
}

/* ---- the machine --------------------------------------------------------------------------- */

/* MB of hugepages that a program with one worker and one card takes. */
static uint64_t needed_mb(void)
{
	const struct nsk_sizing_plan plan = {.workers = 1, .ports = 1};
	struct nsk_sizing s = {0};

	nsk_sizing(&plan, &s);
	return (s.device_bytes + MIB - 1) / MIB;
}

static void hugepages_none(struct judge *j)
{
	if (j->m->huge_mb == 0)
		mend(find(j, "there are no hugepages"), "sysctl vm.nr_hugepages=%" PRIu64,
		     (needed_mb() + 1) / 2);
}

/* A program that runs has taken its own. */
static void hugepages_few(struct judge *j)
{
	const struct doctor_machine *m = j->m;
	uint64_t missing = needed_mb() - m->huge_free_mb;

	if (!j->p && m->huge_mb && m->huge_free_mb < needed_mb())
		mend(find(j, "%" PRIu64 " MiB of hugepages are free, of %" PRIu64, m->huge_free_mb,
			  m->huge_mb),
		     "sysctl vm.nr_hugepages=%" PRIu64 " (nskctl sizing tells what a load takes)",
		     (m->huge_mb + missing + 1) / 2);
}

static bool is_given(const struct doctor_nic *nic)
{
	return strcmp(nic->driver, "vfio-pci") == 0 ||
	       strcmp(nic->driver, "uio_pci_generic") == 0 || strcmp(nic->driver, "igb_uio") == 0;
}

static void hugepages_node(struct judge *j)
{
	const struct doctor_machine *m = j->m;

	for (unsigned i = 0; !j->p && i < m->nnics; i++) {
		const struct doctor_nic *nic = &m->nic[i];

		if (!is_given(nic) || nic->node < 0 || nic->node >= (int)m->nnodes ||
		    m->node_free_mb[nic->node] || m->huge_free_mb == 0)
			continue;
		mend(find(j, "%s is on NUMA node %d, where no hugepages are free", nic->address,
			  nic->node),
		     "echo %" PRIu64 " > /sys/devices/system/node/node%d/hugepages/"
		     "hugepages-2048kB/nr_hugepages",
		     (needed_mb() + 1) / 2, nic->node);
	}
}

/* One that the kernel could spare. */
static const struct doctor_nic *spare_nic(const struct doctor_machine *m)
{
	for (unsigned i = 0; i < m->nnics; i++)
		if (!m->nic[i].leave)
			return &m->nic[i];
	return NULL;
}

static void module_none(struct judge *j)
{
	const struct doctor_machine *m = j->m;

	if (spare_nic(m) && !m->vfio && !m->uio)
		mend(find(j, "neither vfio-pci nor uio_pci_generic is loaded"), "modprobe %s",
		     m->iommu ? "vfio-pci" : "uio_pci_generic");
}

static void iommu_off(struct judge *j)
{
	if (spare_nic(j->m) && !j->m->iommu)
		mend(find(j, "the kernel uses no IOMMU"),
		     "intel_iommu=on iommu=pt (AMD: amd_iommu=on) on the kernel's command line, and VT-d in the "
		     "firmware; in a virtual machine: modprobe uio_pci_generic");
}

static bool is_shared_driver(const struct doctor_nic *nic)
{
	return strncmp(nic->driver, "mlx", 3) == 0; /* DPDK's runs beside the kernel's */
}

static void nic_kernel(struct judge *j)
{
	const struct doctor_machine *m = j->m;

	for (unsigned i = 0; i < m->nnics; i++) {
		const struct doctor_nic *nic = &m->nic[i];

		if (nic->leave || is_given(nic) || is_shared_driver(nic))
			continue;
		mend(find(j, "%s (%04x:%04x) is bound to %s%s%s", nic->address, nic->vendor,
			  nic->device, nic->driver[0] ? nic->driver : "no driver",
			  nic->iface[0] ? ", as " : "", nic->iface),
		     "dpdk-devbind.py --bind=%s %s",
		     m->iommu || !m->uio ? "vfio-pci" : "uio_pci_generic", nic->address);
	}
}

static void nic_no_pmd(struct judge *j)
{
	for (unsigned i = 0; j->m->pmds_known && i < j->m->nnics; i++) {
		const struct doctor_nic *nic = &j->m->nic[i];

		if (is_given(nic) && !nic->pmd)
			mend(find(j, "DPDK has no driver for %s (%04x:%04x)", nic->address,
				  nic->vendor, nic->device),
			     "apt install librte-meta-net; where that does not help, "
			     "dpdk-devbind.py gives it back to the kernel");
	}
}

static void memlock(struct judge *j)
{
	bool vfio = false;

	for (unsigned i = 0; i < j->m->nnics; i++)
		vfio |= strcmp(j->m->nic[i].driver, "vfio-pci") == 0;
	if (vfio && j->m->memlock_kb / 1024 < needed_mb())
		mend(find(j, "%" PRIu64 " KiB may be locked, at least %" PRIu64 " MiB are needed",
			  j->m->memlock_kb, needed_mb()),
		     "ulimit -l unlimited (systemd: LimitMEMLOCK=infinity)");
}

static void rights(struct judge *j)
{
	const struct doctor_machine *m = j->m;

	if (!j->p && m->rights_known && !(m->net_admin && m->net_raw))
		mend(find(j, "no %s",
			  m->net_raw ? "CAP_NET_ADMIN" : "CAP_NET_RAW and CAP_NET_ADMIN"),
		     "run as root; 'unshare -Urn' gives a namespace with both");
}

static void clock_source(struct judge *j)
{
	const char *name = j->m->clocksource;

	if (name[0] && strcmp(name, "tsc") != 0 && strcmp(name, "kvm-clock") != 0)
		mend(find(j, "the kernel's clock is %s", name),
		     "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource; if it is "
		     "refused, 'dmesg | grep -i tsc' says why");
}

static void clock_tsc(struct judge *j)
{
	if (j->m->cpuinfo && !j->m->tsc_steady)
		mend(find(j, "the processor has no constant_tsc or no nonstop_tsc"),
		     "in a virtual machine: pass the host's through (QEMU: -cpu host,+invtsc)");
}

static void governor(struct judge *j)
{
	unsigned slow = 0;

	for (unsigned i = 0; i < DOCTOR_CPUS; i++)
		slow += j->m->cpu[i].slow;
	if (slow)
		mend(find(j, "%u of %u cores are governed by \"%s\"", slow, j->m->ncpus,
			  j->m->governor),
		     "cpupower frequency-set -g performance");
}

/* ---- a running program --------------------------------------------------------------------- */

static const struct doctor_cpu *cpu_of(const struct judge *j, unsigned worker)
{
	int cpu = j->p->worker[worker].cpu;

	return cpu >= 0 && cpu < DOCTOR_CPUS && j->m->cpu[cpu].there ? &j->m->cpu[cpu] : NULL;
}

static void workers_many(struct judge *j)
{
	if (j->p && j->m->ncpus && j->p->nworkers > j->m->ncpus)
		mend(find(j, "%u workers run on %u cores", j->p->nworkers, j->m->ncpus),
		     "--workers %u", j->m->ncpus);
}

static void workers_share(struct judge *j)
{
	for (unsigned i = 0; j->p && i < j->p->nworkers; i++) {
		const struct doctor_cpu *mine = cpu_of(j, i);

		for (unsigned k = 0; mine && k < i; k++) {
			const struct doctor_cpu *other = cpu_of(j, k);

			if (!other || mine->core < 0 || mine->core != other->core)
				continue;
			mend(find(j, "workers %u and %u share a core (processors %d and %d)", k, i,
				  j->p->worker[k].cpu, j->p->worker[i].cpu),
			     "-l with one processor of each core: lscpu -e tells them apart");
			break;
		}
	}
}

static void workers_not_isolated(struct judge *j)
{
	char list[128] = "";
	size_t n = 0;

	for (unsigned i = 0; j->p && i < j->p->nworkers && n < sizeof(list); i++) {
		const struct doctor_cpu *cpu = cpu_of(j, i);

		if (cpu && !cpu->isolated)
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%d", n ? "," : "",
					      j->p->worker[i].cpu);
	}
	if (n)
		mend(find(j, "workers run on processors %s, which are not isolated", list),
		     "isolcpus=%s nohz_full=%s on the kernel's command line", list, list);
}

static void port_far(struct judge *j)
{
	for (unsigned i = 0; j->p && i < j->p->nports; i++) {
		const struct doctor_port *port = &j->p->port[i];

		for (unsigned k = 0; k < j->p->nworkers; k++) {
			int node = j->p->worker[k].node;

			if (port->node < 0 || node < 0 || node == port->node)
				continue;
			mend(find(j, "%s is on NUMA node %d, worker %u on node %d", port->name,
				  port->node, k, node),
			     "-l with processors of node %d: lscpu -e lists them", port->node);
			break;
		}
	}
}

static void link_down(struct judge *j)
{
	for (unsigned i = 0; j->p && i < j->p->nports; i++)
		if (!j->p->port[i].up)
			mend(find(j, "the link of %s is down", j->p->port[i].name),
			     "look at its cable or its other end; nskctl port show %s",
			     j->p->port[i].name);
}

static void gateway(struct judge *j)
{
	if (j->p && j->p->gateway[0])
		mend(find(j, "the gateway %s does not answer on %s", j->p->gateway,
			  j->p->gateway_iface),
		     "is it the right one (nskctl route), and in the own subnet (nskctl addr)? nskctl "
		     "capture dev %s filter arp or icmp6 shows what is asked",
		     j->p->gateway_iface);
}

static void single_queue(struct judge *j)
{
	for (unsigned i = 0; j->p && j->p->nworkers > 1 && i < j->p->nports; i++) {
		const struct doctor_port *port = &j->p->port[i];

		if (port->rx_queues != 1)
			continue;
		mend(find(j, "%s gives %u workers one receive queue", port->name, j->p->nworkers),
		     port->rx_queues_max > 1
			     ? "--workers with %u or fewer, so that each has a queue"
			     : "fewer workers, or a card with RSS; it has %u queue",
		     port->rx_queues_max);
	}
}

static void rss_uneven(struct judge *j)
{
	for (unsigned i = 0; j->p && i < j->p->nports; i++) {
		const struct doctor_port *port = &j->p->port[i];
		uint64_t sum = 0, most = 0;
		unsigned which = 0;

		for (unsigned q = 0; q < port->rx_queues && q < DOCTOR_QUEUES; q++) {
			sum += port->queue_packets[q];
			if (port->queue_packets[q] > most) {
				most = port->queue_packets[q];
				which = q;
			}
		}
		if (port->rx_queues > 1 && sum >= UNEVEN_LEAST &&
		    most / UNEVEN_PERCENT >= sum / 100)
			mend(find(j, "queue %u of %s got %" PRIu64 " %% of its packets", which,
				  port->name, most * 100 / sum),
			     "more flows (clients with ports or addresses of their own); one flow stays on "
			     "one worker");
	}
}

static void offload_off(struct judge *j)
{
	for (unsigned i = 0; j->p && i < j->p->nports; i++) {
		const struct doctor_port *port = &j->p->port[i];

		for (unsigned k = 0; k < port->noffloads; k++)
			mend(find(j, "%s has %s, which is not used", port->name, port->off[k].name),
			     "%s = true in the configuration (-o %s=true)", port->off[k].setting,
			     port->off[k].setting);
	}
}

static void rx_missed(struct judge *j)
{
	for (unsigned i = 0; j->p && i < j->p->nports; i++) {
		const struct doctor_port *port = &j->p->port[i];

		if (port->rx_missed)
			mend(find(j, "%s has missed %" PRIu64 " packets", port->name,
				  port->rx_missed),
			     "rx_ring = %u or more workers; nskctl workers shows whether they are busy",
			     port->rx_ring ? port->rx_ring * 4 : 1024);
	}
}

static void rx_nobuf(struct judge *j)
{
	for (unsigned i = 0; j->p && i < j->p->nports; i++)
		if (j->p->port[i].rx_nobuf)
			mend(find(j, "%s had no buffer for %" PRIu64 " packets", j->p->port[i].name,
				  j->p->port[i].rx_nobuf),
			     "a larger pool.buffers: nskctl sizing says which");
}

static void tx_full(struct judge *j)
{
	if (j->p && j->p->tx_full)
		mend(find(j, "%" PRIu64 " packets found the transmit ring full", j->p->tx_full),
		     "a larger tx_ring; or the link is slower than what is sent");
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct {
	const char *name, *costs;
} texts[FINDINGS] = {
#define X(id, name, costs) {name, costs},
	NSK_FINDING_LIST(X)
#undef X
};

static void (*const judges[FINDINGS])(struct judge *j) = {
	[FINDING_HUGEPAGES_NONE] = hugepages_none,
	[FINDING_HUGEPAGES_FEW] = hugepages_few,
	[FINDING_HUGEPAGES_NODE] = hugepages_node,
	[FINDING_MODULE_NONE] = module_none,
	[FINDING_IOMMU_OFF] = iommu_off,
	[FINDING_NIC_KERNEL] = nic_kernel,
	[FINDING_NIC_NO_PMD] = nic_no_pmd,
	[FINDING_MEMLOCK] = memlock,
	[FINDING_RIGHTS] = rights,
	[FINDING_CLOCK_SOURCE] = clock_source,
	[FINDING_CLOCK_TSC] = clock_tsc,
	[FINDING_GOVERNOR] = governor,
	[FINDING_WORKERS_MANY] = workers_many,
	[FINDING_WORKERS_SHARE] = workers_share,
	[FINDING_WORKERS_NOT_ISOLATED] = workers_not_isolated,
	[FINDING_PORT_FAR] = port_far,
	[FINDING_LINK_DOWN] = link_down,
	[FINDING_GATEWAY] = gateway,
	[FINDING_SINGLE_QUEUE] = single_queue,
	[FINDING_RSS_UNEVEN] = rss_uneven,
	[FINDING_OFFLOAD_OFF] = offload_off,
	[FINDING_RX_MISSED] = rx_missed,
	[FINDING_RX_NOBUF] = rx_nobuf,
	[FINDING_TX_FULL] = tx_full,
};

const char *finding_name(enum finding_id id)
{
	return texts[id].name;
}

const char *finding_costs(enum finding_id id)
{
	return texts[id].costs;
}

void doctor_judge(const struct doctor_machine *m, const struct doctor_program *p,
		  struct findings *out)
{
	struct judge j = {.m = m, .p = p, .out = out};

	out->n = 0;
	for (j.id = 0; j.id < FINDINGS; j.id++)
		judges[j.id](&j);
}
