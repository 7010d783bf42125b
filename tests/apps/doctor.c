/* SPDX-License-Identifier: BSD-3-Clause */
/* apps/common/doctor_judge.c: each finding comes of its facts, and none of a healthy machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/doctor.h"

struct patient {
	struct doctor_machine m;
	struct doctor_program p;
	struct findings found;
};

static struct doctor_nic *add_nic(struct doctor_machine *m, const char *driver)
{
	struct doctor_nic *nic = &m->nic[m->nnics++];

	*nic = (struct doctor_nic){.vendor = 0x8086, .device = 0x10d3, .pmd = true};
	snprintf(nic->address, sizeof(nic->address), "0000:0%u:00.0", m->nnics);
	snprintf(nic->driver, sizeof(nic->driver), "%s", driver);
	return nic;
}

/* A machine with two nodes of two cores with two threads each, and a program on it. */
static int healthy(void **state)
{
	struct patient *t = calloc(1, sizeof(*t));

	if (!t)
		return -1;
	t->m = (struct doctor_machine){
		.huge_mb = 2048,
		.huge_free_mb = 2048,
		.nnodes = 2,
		.node_free_mb = {1024, 1024},
		.iommu = true,
		.vfio = true,
		.pmds_known = true,
		.ncpus = 8,
		.clocksource = "tsc",
		.cpuinfo = true,
		.tsc_steady = true,
		.memlock_kb = UINT64_MAX,
		.rights_known = true,
		.net_admin = true,
		.net_raw = true,
	};
	for (int i = 0; i < 8; i++)
		t->m.cpu[i] = (struct doctor_cpu){.there = true,
						  .isolated = true,
						  .node = (int16_t)(i / 4),
						  .core = (int16_t)(i & ~1)};
	add_nic(&t->m, "vfio-pci");
	t->p.nworkers = 2;
	t->p.worker[0].cpu = 0;
	t->p.worker[1].cpu = 2;
	t->p.nports = 1;
	t->p.port[0] = (struct doctor_port){.name = "eth0",
					    .up = true,
					    .rx_queues = 2,
					    .rx_queues_max = 4,
					    .queue_packets = {50000, 50000},
					    .rx_ring = 256};
	*state = t;
	return 0;
}

static int gone(void **state)
{
	free(*state);
	return 0;
}

/* Exactly these findings, each once and once again where it is there for two. */
static void finds(struct patient *t, bool program, enum finding_id id, const char *what,
		  const char *mend)
{
	doctor_judge(&t->m, program ? &t->p : NULL, &t->found);
	if (t->found.n != 1)
		fail_msg("%u findings, the first: %s", t->found.n,
			 t->found.n ? t->found.at[0].what : "");
	assert_int_equal(t->found.at[0].id, id);
	assert_string_equal(t->found.at[0].what, what);
	if (!strstr(t->found.at[0].mend, mend))
		fail_msg("\"%s\" lacks \"%s\"", t->found.at[0].mend, mend);
}

static void nothing(struct patient *t, bool program)
{
	doctor_judge(&t->m, program ? &t->p : NULL, &t->found);
	if (t->found.n)
		fail_msg("%s: %s", finding_name(t->found.at[0].id), t->found.at[0].what);
}

static void a_healthy_machine_has_nothing(void **state)
{
	nothing(*state, false);
	nothing(*state, true);
}

static void every_finding_has_a_name_and_a_price(void **state)
{
	(void)state;
	for (enum finding_id id = 0; id < FINDINGS; id++) {
		assert_true(strlen(finding_name(id)) > 3);
		assert_true(strlen(finding_costs(id)) > 10);
	}
}

static void hugepages(void **state)
{
	struct patient *t = *state;

	t->m.huge_mb = t->m.huge_free_mb = 0;
	memset(t->m.node_free_mb, 0, sizeof(t->m.node_free_mb));
	finds(t, false, FINDING_HUGEPAGES_NONE, "there are no hugepages",
	      "sysctl vm.nr_hugepages=");
	t->m.huge_mb = 128;
	t->m.huge_free_mb = 40;
	t->m.node_free_mb[0] = 40;
	finds(t, false, FINDING_HUGEPAGES_FEW, "40 MiB of hugepages are free, of 128",
	      "sysctl vm.nr_hugepages=");
	nothing(t, true); /* it has them */
	t->m.huge_free_mb = 2048;
	t->m.nic[0].node = 1;
	finds(t, false, FINDING_HUGEPAGES_NODE,
	      "0000:01:00.0 is on NUMA node 1, where no hugepages are free",
	      "/sys/devices/system/node/node1/hugepages/");
}

static void modules(void **state)
{
	struct patient *t = *state;

	t->m.vfio = false;
	t->m.nic[0].driver[0] = '\0';
	t->m.nic[0].leave = true; /* the only card is not to be had: nobody needs a module */
	nothing(t, false);
	snprintf(add_nic(&t->m, "mlx5_core")->iface, 8, "eth1");
	finds(t, false, FINDING_MODULE_NONE, "neither vfio-pci nor uio_pci_generic is loaded",
	      "modprobe vfio-pci");
	t->m.uio = true;
	nothing(t, false);
	t->m.iommu = false;
	finds(t, false, FINDING_IOMMU_OFF, "the kernel uses no IOMMU", "intel_iommu=on iommu=pt");
}

static void cards(void **state)
{
	struct patient *t = *state;
	struct doctor_nic *nic = add_nic(&t->m, "e1000e");

	snprintf(nic->iface, sizeof(nic->iface), "enp2s0");
	finds(t, false, FINDING_NIC_KERNEL,
	      "0000:02:00.0 (8086:10d3) is bound to e1000e, as enp2s0",
	      "dpdk-devbind.py --bind=vfio-pci 0000:02:00.0");
	nic->driver[0] = nic->iface[0] = '\0';
	finds(t, false, FINDING_NIC_KERNEL, "0000:02:00.0 (8086:10d3) is bound to no driver",
	      "--bind=vfio-pci 0000:02:00.0");
	nic->leave = true;
	nothing(t, false);
	t->m.nic[0].pmd = false;
	finds(t, false, FINDING_NIC_NO_PMD, "DPDK has no driver for 0000:01:00.0 (8086:10d3)",
	      "apt install librte-meta-net");
	t->m.pmds_known = false;
	nothing(t, false);
}

static void limits_and_rights(void **state)
{
	struct patient *t = *state;

	t->m.memlock_kb = 8192;
	doctor_judge(&t->m, NULL, &t->found);
	assert_int_equal(t->found.n, 1);
	assert_int_equal(t->found.at[0].id, FINDING_MEMLOCK);
	assert_string_equal(t->found.at[0].mend,
			    "ulimit -l unlimited (systemd: LimitMEMLOCK=infinity)");
	t->m.memlock_kb = 1048576;
	nothing(t, false);
	t->m.net_admin = false;
	finds(t, false, FINDING_RIGHTS, "no CAP_NET_ADMIN", "run as root");
	t->m.net_raw = false;
	finds(t, false, FINDING_RIGHTS, "no CAP_NET_RAW and CAP_NET_ADMIN", "unshare -Urn");
	nothing(t, true); /* those of the program are its own affair */
}

static void clocks_and_speed(void **state)
{
	struct patient *t = *state;

	snprintf(t->m.clocksource, sizeof(t->m.clocksource), "hpet");
	finds(t, false, FINDING_CLOCK_SOURCE, "the kernel's clock is hpet", "echo tsc > ");
	snprintf(t->m.clocksource, sizeof(t->m.clocksource), "kvm-clock");
	nothing(t, false);
	t->m.tsc_steady = false;
	finds(t, false, FINDING_CLOCK_TSC, "the processor has no constant_tsc or no nonstop_tsc",
	      "invtsc");
	t->m.cpuinfo = false;
	nothing(t, false);
	t->m.cpu[1].slow = t->m.cpu[3].slow = true;
	snprintf(t->m.governor, sizeof(t->m.governor), "powersave");
	finds(t, false, FINDING_GOVERNOR, "2 of 8 cores are governed by \"powersave\"",
	      "cpupower frequency-set -g performance");
}

static void workers_and_cores(void **state)
{
	struct patient *t = *state;

	t->p.worker[1].cpu = 1;
	finds(t, true, FINDING_WORKERS_SHARE, "workers 0 and 1 share a core (processors 0 and 1)",
	      "lscpu -e");
	t->p.worker[1].cpu = 2;
	t->m.cpu[2].isolated = false;
	finds(t, true, FINDING_WORKERS_NOT_ISOLATED,
	      "workers run on processors 2, which are not isolated", "isolcpus=2 nohz_full=2");
	t->m.cpu[2].isolated = true;
	t->m.ncpus = 1;
	finds(t, true, FINDING_WORKERS_MANY, "2 workers run on 1 cores", "--workers 1");
	t->m.ncpus = 8;
	t->p.worker[0].cpu = t->p.worker[1].cpu = -1; /* wherever the kernel likes */
	nothing(t, true);
	t->p.worker[1].node = 1;
	finds(t, true, FINDING_PORT_FAR, "eth0 is on NUMA node 0, worker 1 on node 1",
	      "processors of node 0");
	t->p.port[0].node = -1;
	nothing(t, true);
}

static void ports(void **state)
{
	struct patient *t = *state;
	struct doctor_port *port = &t->p.port[0];

	port->up = false;
	finds(t, true, FINDING_LINK_DOWN, "the link of eth0 is down", "nskctl port show eth0");
	port->up = true;
	port->rx_queues = port->rx_queues_max = 1;
	finds(t, true, FINDING_SINGLE_QUEUE, "eth0 gives 2 workers one receive queue",
	      "it has 1 queue");
	port->rx_queues_max = 3;
	finds(t, true, FINDING_SINGLE_QUEUE, "eth0 gives 2 workers one receive queue",
	      "--workers with 3 or fewer");
	port->rx_queues = 2;
	port->queue_packets[0] = 10;
	finds(t, true, FINDING_RSS_UNEVEN, "queue 1 of eth0 got 99 % of its packets", "more flows");
	port->queue_packets[1] = 9000; /* too few to tell */
	nothing(t, true);
	port->noffloads = 1;
	port->off[0] = (struct doctor_offload){"tx-tcp-segmentation", "offload.tso"};
	finds(t, true, FINDING_OFFLOAD_OFF, "eth0 has tx-tcp-segmentation, which is not used",
	      "-o offload.tso=true");
}

static void losses(void **state)
{
	struct patient *t = *state;

	t->p.port[0].rx_missed = 7;
	finds(t, true, FINDING_RX_MISSED, "eth0 has missed 7 packets", "rx_ring = 1024");
	t->p.port[0].rx_missed = 0;
	t->p.port[0].rx_nobuf = 8;
	finds(t, true, FINDING_RX_NOBUF, "eth0 had no buffer for 8 packets", "nskctl sizing");
	t->p.port[0].rx_nobuf = 0;
	t->p.tx_full = 9;
	finds(t, true, FINDING_TX_FULL, "9 packets found the transmit ring full", "tx_ring");
	t->p.tx_full = 0;
	snprintf(t->p.gateway, sizeof(t->p.gateway), "10.0.0.1");
	snprintf(t->p.gateway_iface, sizeof(t->p.gateway_iface), "eth0");
	finds(t, true, FINDING_GATEWAY, "the gateway 10.0.0.1 does not answer on eth0",
	      "nskctl capture dev eth0");
}

/* More than there is a place for are left out, and nothing is written behind the end. */
static void too_many_findings_are_left_out(void **state)
{
	struct patient *t = *state;

	t->m.nnics = 0;
	for (unsigned i = 0; i < DOCTOR_NICS; i++)
		add_nic(&t->m, "e1000e");
	t->p.nports = DOCTOR_PORTS;
	for (unsigned i = 0; i < DOCTOR_PORTS; i++)
		t->p.port[i] = (struct doctor_port){.rx_missed = 1, .rx_nobuf = 1};
	doctor_judge(&t->m, &t->p, &t->found);
	assert_int_equal(t->found.n, DOCTOR_FINDINGS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, healthy, gone)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_healthy_machine_has_nothing),
		TEST(every_finding_has_a_name_and_a_price),
		TEST(hugepages),
		TEST(modules),
		TEST(cards),
		TEST(limits_and_rights),
		TEST(clocks_and_speed),
		TEST(workers_and_cores),
		TEST(ports),
		TEST(losses),
		TEST(too_many_findings_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
