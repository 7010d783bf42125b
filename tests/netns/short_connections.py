#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""10,000 connections that each carry one request and its answer, without a single error: the kernel's to nsk-echo, and
ours to the kernel's echo server."""
import unittest

from tap import KERNEL, PATIENCE_S, STACK, Rig, TapTest, fact, main, run, start, until
from rig import json_objects  # after tap, which says where it is

COUNT = 10000
LOAD = ["--short", "--connections", 16, "--requests-total", COUNT, "--timeout", 1000 * PATIENCE_S, "--strict", "--json",
        "--quiet"]


def judge(test, load):
    """The load's summary must tell of that many answers and of nothing else."""
    until("the load's end", lambda: not load.running(), 3 * PATIENCE_S)
    test.assertEqual(load.end(PATIENCE_S), 0, load.said)
    summary, = json_objects(load.said, "summary")
    test.assertEqual((summary["errors"], summary["errors_by_kind"]), (0, {}))
    counters = summary["counters"]
    test.assertEqual((counters["opened"], counters["answers"], counters["closed"]), (COUNT, COUNT, COUNT))
    fact(f"{COUNT} connections in {summary['seconds']:.2f} s")


class ToOurServer(TapTest):
    def test_the_kernels_connections(self):
        judge(self, self.rig.start("nsk-load", "--engine", "kernel", "--target", f"{STACK}:7", *LOAD))
        self.assertEqual(self.counted("connections accepted"), COUNT)


class ToTheKernelsServer(unittest.TestCase):
    def test_our_connections(self):
        rig = self.enterContext(Rig(no_huge=True))
        server = rig.start("kernel_echo", "--tcp", 7)
        until("the kernel's server", lambda: server.need() and ":7 " in run("ss", "-Hltn"), PATIENCE_S)
        judge(self, start(rig, "nsk-load", "--engine", "stack", "--target", f"{KERNEL}:7", *LOAD, ready=""))
        server.need()


if __name__ == "__main__":
    main()
