# SPDX-License-Identifier: BSD-3-Clause
"""What tests of nsk-sim have in common: scenarios in a folder of their own, and what a run of one says. The program is the
command line's first argument."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.environ["NSK_SOURCE_ROOT"]
NSK_SIM = sys.argv.pop(1)


def run(*args):
    return subprocess.run([NSK_SIM, *args], capture_output=True, text=True, timeout=300, check=False,
                          stdin=subprocess.DEVNULL)


def source(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


class SimCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, text, name="test.conf"):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def json(self, text, *args):
        result = run("--json", *args, self.file(text))
        self.assertEqual(result.stderr, "")
        return json.loads(result.stdout)

    def capture(self, text, *args):
        path = os.path.join(self.folder, "out.pcapng")
        result = run("--pcap", path, *args, self.file(text))
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(path, "rb") as file:
            return file.read()
