#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Programs that cannot start, or not as asked: they end at once, with one message that says what to do, and with status 1
(2 for a wrong command line).

The device is DPDK's null device: no NIC, no hugepages, no root.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = os.environ["NSK_SOURCE_ROOT"]
APPS = sys.argv.pop(1)
NULL = ("-d", "net_null0", "-a", "10.0.0.2/24", "--no-huge")


def run(program, *args, env=None):
    return subprocess.run([os.path.join(APPS, program), *args], capture_output=True, text=True, timeout=120, check=False,
                          env={**os.environ, **(env or {})})


class Ports(unittest.TestCase):
    def test_a_port_asked_for_twice_ends_the_program(self):
        result = run("nsk-echo", *NULL, "--tcp", "7", "--http", "7")
        self.assertEqual((result.returncode, result.stderr), (1, "nsk-echo: TCP port 7: bind: Address already in use\n"))
        self.assertNotIn("time s", result.stdout)
        self.assertNotIn("summary", result.stdout)


class CommandLines(unittest.TestCase):
    def test_a_bad_value_is_named_with_what_is_allowed(self):
        for program, option, value, wants in (
                ("nsk-echo", "--tcp", "0", "a number from 1 to 65535"),
                ("nsk-echo", "--udp", "http", "a number from 1 to 65535"),
                ("nsk-echo", "--body", "-1", "a number from 0 to 1048576"),
                ("nsk-echo", "--interval", "0", "seconds, 0.1 or more"),
                ("nsk-echo", "--duration", "1m", "seconds, such as 10 or 0.5"),
                ("nsk-load", "--target", "10.0.0.2", "ADDRESS:PORT, such as 10.0.0.2:7 or [2001:db8::2]:7"),
                ("nsk-load", "--target", "10.0.0.2:0", "ADDRESS:PORT, such as 10.0.0.2:7 or [2001:db8::2]:7"),
                ("nsk-load", "--bulk", "all", "send, recv or both"),
                ("nsk-load", "--rate", "0", "requests a second, more than 0"),
                ("nsk-load", "--path", "index", "a path that begins with /, without blanks, 511 bytes at most"),
                ("nsk-load", "--ports", "7", "FIRST-LAST, such as 1024-65535"),
                ("nsk-load", "--source-range", "x",
                 "10.0.1.0/24, 10.0.1.1-10.0.1.9 or 10.0.1.1+9, 65536 addresses at most")):
            result = run(program, *NULL, option, value)
            self.assertEqual((result.returncode, result.stderr.splitlines()[0]),
                             (2, f'{program}: {option} "{value}": give {wants}'))

    def test_a_port_too_many_is_refused(self):
        result = run("nsk-echo", *NULL, *(f"--tcp={port}" for port in range(1, 10)))
        self.assertEqual(result.stderr.splitlines()[0], 'nsk-echo: --tcp "9": give 8 ports at most')

    def test_an_echo_without_an_address_says_that_nobody_can_reach_it(self):
        result = run("nsk-echo", "-d", "net_null0", "--no-huge", "--duration", "0.1", "--quiet")
        self.assertEqual((result.returncode, result.stderr), (0, "nsk-echo: no address, so that nobody can reach it: "
                                                                 "give it one with -a 10.9.0.2/24 or the like\n"))

    def test_faults_are_listed_and_stand_in_the_document(self):
        with open(f"{ROOT}/docs/CONFIG.md", encoding="utf-8") as file:
            document = file.read()
        for args in (("-d", "fault:help"), ("-dfault:help",), ("--device=fault:help",)):
            result = run("nsk-echo", *args)
            self.assertEqual(result.returncode, 0)
            rows = re.findall(r"^  (\w+) +([A-Z]+) +(.*)$", result.stdout, re.MULTILINE)
            self.assertGreater(len(rows), 10)
            for name, kind, text in rows:
                self.assertIn(f"| `{name}` | {kind} | {text} |\n", document)


class Dev(unittest.TestCase):
    def names(self, *names):
        tree = os.path.dirname(APPS)
        return subprocess.run([sys.executable, f"{ROOT}/scripts/test-names.py", tree, "/nowhere", "--", *names],
                              capture_output=True, text=True, check=False)

    def test_names_of_suites_and_tests_are_told_apart(self):
        self.assertEqual(self.names("driver", "base_wheel", "base_ht*", "base_l[io]*").stdout,
                         "--suite=driver\nbase_wheel\nbase_htab\nbase_list\nbase_log\n")

    def test_an_unknown_test_is_named(self):
        result = self.names("base_wheel", "base_weel", "qqqqq")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"^dev: no suite or test is named base_weel; did you mean base_wheel.*\?\n"
                                        r"dev: no suite or test is named qqqqq; the suites are .*driver.*\n$")

    def test_help_of_a_command_is_the_help(self):
        for command in ("test", "build", "fuzz", "fmt", "clean"):
            result = subprocess.run([f"{ROOT}/dev", command, "--help"], capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 0)
            self.assertIn("Usage: ./dev COMMAND", result.stdout)


class Devices(unittest.TestCase):
    def refused(self, device):
        """What is said of a device: once, and as the last word."""
        result = run("nsk-echo", "-d", device, "-a", "10.0.0.2/24", "--no-huge")
        self.assertEqual(result.returncode, 1)
        *before, last = result.stderr.splitlines()
        self.assertEqual([line for line in before if last.removeprefix("nsk-echo: ") in line], [])
        return last

    def test_an_interface_of_the_kernel_is_not_a_device(self):
        self.assertEqual(self.refused("lo"), "nsk-echo: 'lo' is an interface of the kernel, no device of DPDK's: "
                         "net_af_packet0,iface=lo shares it with the kernel; '-d help' lists more")

    def test_an_unknown_argument_of_a_device_is_refused(self):
        self.assertEqual(self.refused("net_tap0,ifac=nsk0"), "nsk-echo: net_tap0: no argument 'ifac'; did you mean 'iface'? "
                         "net_tap has: iface remote mac persist")

    def test_an_unknown_device_is_refused_once(self):
        self.assertIn("nsk-echo: no device 'net_what0'", self.refused("net_what0"))

    def test_no_folder_for_dpdks_runtime_data_is_no_error(self):
        result = run("nsk-echo", *NULL, "--quiet", "--duration", "0.1", env={"RUNTIME_DIRECTORY": "/nowhere"})
        self.assertEqual((result.returncode, result.stderr), (0, ""))


class Summary(unittest.TestCase):
    def test_what_was_dropped_before_the_first_line_counts(self):
        with tempfile.TemporaryDirectory() as folder:
            result = run("nsk-echo", "-d", f"net_vhost0,iface={folder}/sock", "-a", "10.0.0.2/24", "--no-huge", "--json",
                         "--duration", "0.2", "--interval", "0.1")
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertGreater(lines[-1]["drops"]["tx_link_down"], 0)
        self.assertEqual(lines[-1]["dropped"], sum(line["dropped"] for line in lines[:-1]))


class Load(unittest.TestCase):
    def test_a_target_without_a_route_ends_the_load_at_once(self):
        for engine in ("lean", "raw", "stack"):
            result = run("nsk-load", *NULL, "--target", "10.5.0.3:7", "--engine", engine)
            self.assertEqual((result.returncode, result.stderr.splitlines()[-1]),
                             (1, "nsk-load: no route to 10.5.0.3:7: give a gateway with -g"))


class Rig(unittest.TestCase):
    def test_the_scripts_find_the_kernels_tools_with_an_ordinary_users_path(self):
        code = "import rig, shutil; print(shutil.which('ip'), rig.os.environ['PATH'])"
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                                env={"PATH": "/nowhere", "PYTHONPATH": os.path.join(ROOT, "scripts")})
        self.assertRegex(result.stdout, r"^/(usr/)?s?bin/ip /nowhere:/usr/sbin:/sbin\n$")

    def test_a_tool_that_is_not_there_is_named(self):
        code = "import rig\ntry: rig.run('no_such_tool')\nexcept rig.Failure as failure: print(failure)"
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                                env={"PYTHONPATH": os.path.join(ROOT, "scripts"), "PATH": ""})
        self.assertEqual(result.stdout, "no_such_tool: not installed; packages.txt names what is needed\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
