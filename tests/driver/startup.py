#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Programs that cannot start, or not as asked: they end at once, with one message that says what to do, and with status 1
(2 for a wrong command line).

The device is DPDK's null device: no NIC, no hugepages, no root.
"""
import os
import subprocess
import sys
import unittest

ROOT = os.environ["NSK_SOURCE_ROOT"]
APPS = sys.argv.pop(1)
NULL = ("-d", "net_null0", "-a", "10.0.0.2/24", "--no-huge")


def run(program, *args):
    return subprocess.run([os.path.join(APPS, program), *args], capture_output=True, text=True, timeout=120, check=False)


class Ports(unittest.TestCase):
    def test_a_port_asked_for_twice_ends_the_program(self):
        result = run("nsk-echo", *NULL, "--tcp", "7", "--http", "7")
        self.assertEqual((result.returncode, result.stderr), (1, "nsk-echo: TCP port 7: bind: Address already in use\n"))
        self.assertNotIn("time s", result.stdout)
        self.assertNotIn("summary", result.stdout)


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
