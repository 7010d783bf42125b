#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""nskctl doctor: each finding of a machine is provoked in a folder that is laid out as /sys and /proc are, and each finding of
a program by one that runs, or by somebody who answers as one would.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

APPS = sys.argv.pop(1)
NSKCTL = os.path.join(APPS, "nskctl")
CARD = "sys/bus/pci/devices/0000:01:00.0"
CPU = "sys/devices/system/cpu/cpu"
HUGE = "hugepages/hugepages-2048kB"

# A machine that nothing is wrong with: two processors on a core each, hugepages, a card that is DPDK's.
HEALTHY = {
    f"sys/kernel/mm/{HUGE}/nr_hugepages": "1024",
    f"sys/kernel/mm/{HUGE}/free_hugepages": "1000",
    f"sys/devices/system/node/node0/{HUGE}/free_hugepages": "1000",
    "sys/class/iommu/dmar0/name": "dmar0",
    "sys/bus/pci/drivers/vfio-pci/bind": "",
    f"{CARD}/class": "0x020000", f"{CARD}/vendor": "0x8086", f"{CARD}/device": "0x10d3", f"{CARD}/numa_node": "0",
    f"{CARD}/driver": "-> ../../../../bus/pci/drivers/vfio-pci",
    "sys/bus/pci/devices/0000:00:1f.0/class": "0x060100",  # no card
    f"{CPU}0/topology/thread_siblings_list": "0", f"{CPU}0/node0/cpulist": "0-1",
    f"{CPU}0/cpufreq/scaling_governor": "performance",
    f"{CPU}1/topology/thread_siblings_list": "1", f"{CPU}1/node0/cpulist": "0-1",
    f"{CPU}1/cpufreq/scaling_governor": "performance",
    "sys/devices/system/cpu/isolated": "0-1",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc",
    "proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu tsc constant_tsc nonstop_tsc\n",
    "proc/net/route": "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\teno1\t0\n"
                      "eno1\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n",
    "proc/self/limits": "Max locked memory         unlimited            unlimited            bytes\n",
    "proc/self/status": "Name:\tnskctl\nCapEff:\t000001ffffffffff\n",
}
DRIVER = b'\x00junk\x00PMD_INFO_STRING= {"name": "net_x", "pci_ids": [[6900, 4096, 65535, 65535], [32902, 4307, 65535, 65535]]}\x00'


def lay(folder, changes):
    for path, text in {**HEALTHY, **changes}.items():
        if text is None:
            continue
        path = os.path.join(folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if text.startswith("-> "):
            os.symlink(text[3:], path)
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    os.makedirs(f"{folder}/pmds")
    with open(f"{folder}/pmds/librte_net_x.so", "wb") as file:
        file.write(DRIVER)


def doctor(*args, **changes):
    """What is found on a machine with these changes, and how it exits."""
    with tempfile.TemporaryDirectory() as folder:
        lay(folder, changes.get("changes", {}))
        env = {**os.environ, "NSK_SYSROOT": folder, "XDG_RUNTIME_DIR": folder, "NSK_PMDS": changes.get("pmds", f"{folder}/pmds")}
        if env["NSK_PMDS"] is None:  # DPDK's own
            del env["NSK_PMDS"]
        return subprocess.run([NSKCTL, *args, "doctor"], capture_output=True, text=True, timeout=60, check=False, env=env)


def findings(*args, **changes):
    result = doctor("-j", *args, **changes)
    found = {row["finding"]: row for row in json.loads(result.stdout)["findings"]}
    if result.returncode != bool(found):
        raise AssertionError(f"status {result.returncode} with {list(found)}: {result.stderr}")
    return found


class Machine(unittest.TestCase):
    def test_a_healthy_one_has_nothing(self):
        result = doctor()
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"^0 findings of this machine")
        self.assertEqual(findings(), {})

    def test_each_finding_has_what_it_costs_and_what_mends_it(self):
        spare = {f"{CARD}/driver": "-> /sys/bus/pci/drivers/e1000e", f"{CARD}/net/enp1s0/address": ""}
        default = HEALTHY["proc/net/route"].replace("eno1\t00000000", "enp1s0\t00000000")
        none = {f"sys/kernel/mm/{HUGE}/nr_hugepages": "0", f"sys/kernel/mm/{HUGE}/free_hugepages": "0",
                f"sys/devices/system/node/node0/{HUGE}/free_hugepages": "0"}
        for changes, found, what, mend in (
                (none, "hugepages_none", "there are no hugepages", r"^sysctl vm\.nr_hugepages=\d+$"),
                ({f"sys/kernel/mm/{HUGE}/free_hugepages": "4"}, "hugepages_few", "8 MiB of hugepages are free, of 2048",
                 r"^sysctl vm\.nr_hugepages=\d{4} "),
                ({f"{CARD}/numa_node": "1", "sys/devices/system/node/node1/cpulist": ""}, "hugepages_node",
                 "0000:01:00.0 is on NUMA node 1, where no hugepages are free", "/node1/"),
                ({**spare, "sys/bus/pci/drivers/vfio-pci/bind": None}, "module_none",
                 "neither vfio-pci nor uio_pci_generic is loaded", "^modprobe vfio-pci$"),
                ({"sys/class/iommu/dmar0/name": None}, "iommu_off", "the kernel uses no IOMMU", "intel_iommu=on"),
                (spare, "nic_kernel", "0000:01:00.0 (8086:10d3) is bound to e1000e, as enp1s0",
                 "^dpdk-devbind.py --bind=vfio-pci 0000:01:00.0$"),
                ({f"{CARD}/driver": None}, "nic_kernel", "0000:01:00.0 (8086:10d3) is bound to no driver", "--bind=vfio-pci"),
                ({f"{CARD}/device": "0x1234"}, "nic_no_pmd", "DPDK has no driver for 0000:01:00.0 (8086:1234)",
                 "apt install librte-meta-net"),
                ({"proc/self/limits": "Max locked memory         8388608              8388608              bytes\n"}, "memlock",
                 r"8192 KiB may be locked, ", "ulimit -l unlimited"),
                ({"proc/self/status": "CapEff:\t0000000000002000\n"}, "rights", "no CAP_NET_ADMIN", "run as root"),
                ({"proc/self/status": "CapEff:\t0000000000000000\n"}, "rights", "no CAP_NET_RAW and CAP_NET_ADMIN", "unshare -Urn"),
                ({"sys/devices/system/clocksource/clocksource0/current_clocksource": "acpi_pm\n"}, "clock_source",
                 "the kernel's clock is acpi_pm", "echo tsc > "),
                ({"proc/cpuinfo": "flags\t\t: fpu tsc constant_tsc\n"}, "clock_tsc",
                 "the processor has no constant_tsc or no nonstop_tsc", "invtsc"),
                ({f"{CPU}1/cpufreq/scaling_governor": "schedutil\n"}, "governor", '1 of 2 cores are governed by "schedutil"',
                 "^cpupower frequency-set -g performance$")):
            with self.subTest(found=found, what=what):
                rows = findings(changes=changes)
                if found == "module_none":  # that it is the kernel's is another one
                    del rows["nic_kernel"]
                self.assertEqual(list(rows), [found])
                self.assertTrue(rows[found]["what"].startswith(what), rows[found])
                self.assertRegex(rows[found]["mend"], mend)
                self.assertGreater(len(rows[found]["costs"]), 10)
                text = doctor(changes=changes)  # the same for people
                self.assertEqual(text.returncode, 1)
                self.assertIn(f"{found}: {rows[found]['what']}\n    costs  {rows[found]['costs']}\n    mend   "
                              f"{rows[found]['mend']}\n", text.stdout)
        # A card with the machine's own way out is left alone, and a driver that is not told of is nobody's fault.
        self.assertEqual(findings(changes={**spare, "proc/net/route": default}), {})
        self.assertEqual(findings(changes={f"{CARD}/device": "0x1234"}, pmds="/nowhere"), {})

    def test_the_drivers_of_dpdk_say_what_they_are_for(self):
        with_none = findings(changes={f"{CARD}/device": "0x1234"}, pmds=None)
        if not with_none:
            self.skipTest("DPDK's drivers are not where they are looked for")
        self.assertEqual(list(with_none), ["nic_no_pmd"])
        self.assertEqual(findings(pmds=None), {})  # net_e1000_em is for 8086:10d3

    def test_wrong_use_exits_with_2(self):
        for args in (("-a", "doctor"), ("doctor", "x")):
            result = subprocess.run([NSKCTL, *args], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual((result.returncode, result.stdout), (2, ""))
        result = doctor("-s", "/nowhere/x")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("no such control socket", result.stderr)


def start(name, path, *args):
    """A program of ours, once it answers."""
    program = subprocess.Popen([os.path.join(APPS, name), "--no-huge", "--control", path, *args], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if subprocess.run([NSKCTL, "-s", path, "version"], capture_output=True, check=False).returncode == 0:
            return program
        if program.poll() is not None:
            raise RuntimeError(program.stderr.read())
    raise RuntimeError(f"{name} does not answer")


class Program(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "x.sock")

    def end(self, program):
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=60)

    def test_one_queue_for_two_workers_and_an_offload_that_is_off(self):
        program = start("nsk-echo", self.path, "-d", "net_null0", "-a", "10.0.0.2/24", "--tcp", "7", "--workers", "2", "-o",
                        "offload.sg=false")
        self.addCleanup(self.end, program)
        rows = findings("-s", self.path)
        self.assertEqual(rows["single_queue"]["what"], "net_null0 gives 2 workers one receive queue")
        self.assertIn("offload.sg=true", rows["offload_off"]["mend"])
        self.assertEqual(set(rows), {"single_queue", "offload_off"})
        rows = findings("-s", self.path, changes={f"{CPU}1/topology/thread_siblings_list": None, f"{CPU}1/node0/cpulist": None,
                                                  f"{CPU}1/cpufreq/scaling_governor": None})
        self.assertEqual(rows["workers_many"]["what"], "2 workers run on 1 cores")

    def test_a_gateway_that_does_not_answer(self):
        program = start("nsk-load", self.path, "-d", "net_null0", "-a", "10.0.0.2/24", "-g", "10.0.0.1", "--engine", "stack",
                        "--target", "192.0.2.1:7")
        self.addCleanup(self.end, program)
        for _ in range(200):
            rows = findings("-s", self.path)
            if "gateway" in rows:
                break
        self.assertEqual(rows["gateway"]["what"], "the gateway 10.0.0.1 does not answer on net_null0")
        self.assertIn("nskctl capture dev net_null0", rows["gateway"]["mend"])


class Start(unittest.TestCase):
    def said(self, *args, changes=None):
        with tempfile.TemporaryDirectory() as folder:
            lay(folder, changes or {})
            result = subprocess.run([os.path.join(APPS, "nsk-echo"), "-d", "net_null0", "-a", "10.0.0.2/24", "--no-huge",
                                     "--duration", "0.1", *args], capture_output=True, text=True, timeout=60, check=False,
                                    env={**os.environ, "NSK_SYSROOT": folder})
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stderr

    def test_a_program_says_what_slows_it_down(self):
        slow = {f"{CPU}0/cpufreq/scaling_governor": "powersave",
                "sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet",
                f"sys/kernel/mm/{HUGE}/nr_hugepages": "0",  # EAL's affair
                "proc/cpuinfo": "flags\t\t: fpu tsc\n"}
        self.assertEqual(self.said(), "")
        said = self.said("--workers", "3", changes=slow).splitlines()
        for line, begin in zip(said, ("the kernel's clock is hpet: each turn ", "the processor has no constant_tsc or no nonstop_tsc: ",
                                      '1 of 2 cores are governed by "powersave": cores run slower than they can until they have been '
                                      "busy for some ms; cpupower ", "3 workers run on 2 cores: ",
                                      "net_null0 gives 3 workers one receive queue: "), strict=True):
            self.assertTrue(line.startswith(f"nsk-echo: {begin}"), line)
        self.assertEqual(self.said("--workers", "3", "--quiet", changes=slow), "")


class Answers(threading.Thread):
    """Who answers as a program would whose ports are like this."""

    def __init__(self, path, port, workers, drops):
        super().__init__(daemon=True)
        self.replies = {"workers": {"workers": workers}, "ports": {"ports": [port]}, "drops": {"drops": drops},
                        "routes": {"routes": [], "next": None}, "arp": {"neighbours": [], "next": None}}
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()

    def run(self):
        client, _ = self.listener.accept()
        with client, client.makefile("rw", encoding="utf-8") as lines:
            for line in lines:
                lines.write(json.dumps(self.replies[json.loads(line)["cmd"]]) + "\n")
                lines.flush()
        self.listener.close()


class Told(unittest.TestCase):
    PORT = {"name": "eth0", "numa_node": 0, "link": {"up": True}, "queues": {"rx": {"used": 2, "max": 2}},
            "rings": {"rx": {"size": 256}}, "offloads": [], "counters": {}, "stats": {"rx_missed": 0, "rx_nobuf": 0}}
    WORKERS = [{"core": 0, "numa_node": 0}, {"core": 1, "numa_node": 0}]

    def found(self, changes=None, workers=None, drops=None, **port):
        with tempfile.TemporaryDirectory() as folder:
            answers = Answers(f"{folder}/x", {**self.PORT, **port}, workers or self.WORKERS, drops or {})
            answers.start()
            rows = findings("-s", f"{folder}/x", changes=changes or {})
            answers.join(60)
        return rows

    def test_nothing_is_found_where_all_is_well(self):
        self.assertEqual(self.found(counters={"rx_q0_packets": 50000, "rx_q1_packets": 40000}), {})

    def test_each_finding_of_a_program(self):
        for found, what, rows in (
                ("workers_share", "workers 0 and 1 share a core (processors 0 and 1)",
                 self.found({f"{CPU}{n}/topology/thread_siblings_list": "0-1" for n in (0, 1)})),
                ("workers_not_isolated", "workers run on processors 1, which are not isolated",
                 self.found({"sys/devices/system/cpu/isolated": "0\n"})),
                ("port_far", "eth0 is on NUMA node 1, worker 0 on node 0", self.found(numa_node=1)),
                ("link_down", "the link of eth0 is down", self.found(link={"up": False})),
                ("rss_uneven", "queue 1 of eth0 got 90 % of its packets",
                 self.found(counters={"rx_q0_good_packets": 2000, "rx_q1_good_packets": 18000})),
                ("rx_missed", "eth0 has missed 5 packets", self.found(stats={"rx_missed": 5})),
                ("rx_nobuf", "eth0 had no buffer for 6 packets", self.found(stats={"rx_nobuf": 6})),
                ("tx_full", "7 packets found the transmit ring full", self.found(drops={"tx_ring_full": 7}))):
            with self.subTest(found=found):
                self.assertEqual({name: row["what"] for name, row in rows.items()}, {found: what})


if __name__ == "__main__":
    unittest.main(verbosity=2)
