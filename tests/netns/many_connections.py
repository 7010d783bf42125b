#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""100,000 connections of nsk-load that are open at once, to nsk-echo over memif, each asked in turn: none is lost and none
gets a wrong answer. A million with NSK_TEST_ALL."""
import unittest

from tap import ALL, PATIENCE_S, SMALL, Rig, fact, main, until
from rig import json_objects  # after tap, which says where it is

COUNT = 1000000 if ALL else 10000 if SMALL else 100000
SERVER, CLIENT, SOURCES = "10.8.0.2", "10.8.0.1", "10.8.1.0/26"


class OpenAtOnce(unittest.TestCase):
    def test_all_are_open_and_answered(self):
        rig = self.enterContext(Rig(no_huge=True))
        _, (end, other) = rig.memif()
        server = rig.start("nsk-echo", "-d", end, "-a", f"{SERVER}/16", "--no-huge", "--tcp", 7, "--json",
                           "-o", f"max_sockets={COUNT + 1000}")
        until("the server", lambda: server.need() and server.said, PATIENCE_S)
        load = rig.start("nsk-load", "-d", other, "-a", f"{CLIENT}/16", "--no-huge", "--source-range", SOURCES,
                         "--target", f"{SERVER}:7", "--connections", COUNT, "--in-flight", 256, "--handshakes", 256,
                         "--timeout", 1000 * PATIENCE_S, "--duration", 2, "--strict", "--json")
        until("the load's end", lambda: not load.running(), 5 * PATIENCE_S)
        self.assertEqual(load.end(PATIENCE_S), 0, load.said)
        summary, = json_objects(load.said, "summary")
        self.assertEqual((summary["errors"], summary["errors_by_kind"]), (0, {}))
        self.assertEqual([i["open"] for i in json_objects(load.said, "interval") if i["phase"] == "measure"][-1], COUNT)
        self.assertEqual(server.end(PATIENCE_S), 0, server.said)
        accepted = sum(round(i["accepts_per_s"] * i["seconds"]) for i in json_objects(server.said, "interval"))
        self.assertEqual(accepted, COUNT)
        fact(f"{COUNT} connections open, {summary['requests_per_s']:.0f} requests/s among them")


if __name__ == "__main__":
    main()
