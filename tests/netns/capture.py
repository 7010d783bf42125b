#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""nskctl capture, read back by tshark: traffic with the kernel in both families, every packet whole and none of them malformed."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from tap import KERNEL, PATIENCE_S, STACK, TAP, TapTest, connect, echo, main, run, until
from rig import find_program  # after tap, which says where it is

TCPDUMP = shutil.which("tcpdump", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
STACK6, KERNEL6 = "fd09::2", "fd09::1"
FIELDS = ("frame.interface_name", "frame.packet_flags_direction", "frame.comment", "ip.src", "ip.dst", "tcp.len", "tcp.dstport",
          "icmp.type", "icmpv6.type", "udp.dstport", "_ws.malformed")


def packets(path, *options):
    """What tshark makes of a file: a dictionary a packet."""
    said = run("tshark", "-r", path, "-T", "fields", "-E", "separator=|", *options,
               *(word for field in FIELDS for word in ("-e", field)))
    return [dict(zip(FIELDS, line.split("|"))) for line in said.splitlines()]


class Capture(TapTest):
    control = f"/tmp/nsk-capture-{os.getpid()}.sock"
    program_line = [*TapTest.program_line, "-a", f"{STACK6}/64", "--control", control]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        run("ip", "-6", "addr", "add", f"{KERNEL6}/64", "dev", TAP, "nodad")
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())

    def capture(self, *words, output=None):
        """A capture under way; its text on standard error goes into .said when it ends."""
        process = subprocess.Popen([find_program("nskctl"), "-s", self.control, "capture", *map(str, words)], text=True,
                                   stdout=output or subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(process.stderr.readline(), "nskctl: capturing\n")
        return process

    def end(self, process, interrupt=True):
        """How many packets it says to have captured."""
        if interrupt:
            process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=PATIENCE_S)[1]
        self.assertEqual(process.returncode, 0, said)
        self.assertRegex(said, r"^nskctl: \d+ packets captured, 0 lost for want of room\n$")
        return int(said.split()[1])

    def path(self, name):
        return os.path.join(self.folder, name)

    def test_all_that_passes_is_whole_and_nothing_malformed(self):
        size = 300000
        capture = self.capture("in", "out", "drops", "buffer", 64, "write", self.path("all"))
        echo(self, size)
        for address in (STACK, STACK6):
            run("ping", "-c", "2", "-i", "0.2", "-w", str(PATIENCE_S), address)
        with connect(kind=socket.SOCK_DGRAM) as sock:
            sock.send(b"hello")
            self.assertEqual(sock.recv(100), b"hello")
        with self.assertRaises(ConnectionRefusedError):
            connect(99)
        n = self.end(capture)
        got = packets(self.path("all"))
        self.assertEqual(len(got), n)
        self.assertEqual([p for p in got if p["_ws.malformed"]], [])
        for way, source in (("0x00000001", KERNEL), ("0x00000002", STACK)):
            with self.subTest(way=way):
                mine = [p for p in got if p["frame.packet_flags_direction"] == way and p["ip.src"] == source]
                self.assertGreaterEqual(sum(int(p["tcp.len"] or 0) for p in mine), size)
                self.assertGreaterEqual(len([p for p in mine if p["icmp.type"]]), 2)
                self.assertEqual(len([p for p in mine if p["udp.dstport"]]), 1)
        self.assertGreaterEqual(len([p for p in got if p["icmpv6.type"] in ("128", "129")]), 4)
        refused = [p for p in got if p["frame.comment"].startswith("dropped: tcp_no_listener: ")]
        self.assertEqual([(p["ip.src"], p["tcp.dstport"]) for p in refused], [(KERNEL, "99")])

    @unittest.skipUnless(TCPDUMP, "no tcpdump")
    def test_tcpdump_reads_what_came_by_one_kind_of_link(self):
        for words, names in ((("write", self.path("count"), "count", 2), ("count",)),
                             (("write", self.path("drops"), "drops", "in", "size", 1), ("drops.0",))):
            with self.subTest(words=words):
                capture = self.capture(*words)
                run("ping", "-c", "2", "-i", "0.2", "-w", str(PATIENCE_S), STACK)
                self.end(capture, interrupt="count" not in words)
                for name in names:
                    lines = run(TCPDUMP, "-nr", self.path(name)).splitlines()
                    self.assertGreaterEqual(len([line for line in lines if "ICMP echo request" in line]), 1)

    def test_a_filter_and_a_count_live_into_tshark(self):
        with subprocess.Popen(["tshark", "-r", "-", "-T", "fields", "-e", "icmp.type"], text=True, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tshark:
            capture = self.capture("count", 3, "filter", "icmp", "and", "host", STACK, output=tshark.stdin)
            tshark.stdin.close()
            run("ping", "-c", "4", "-i", "0.2", "-w", str(PATIENCE_S), STACK)
            self.assertEqual(self.end(capture, interrupt=False), 3)
            self.assertEqual(tshark.stdout.read().split(), ["8", "0", "8"])

    def test_files_of_a_size_in_a_ring(self):
        capture = self.capture("out", "buffer", 64, "write", self.path("ring"), "size", 1, "files", 2, "filter", "tcp")
        echo(self, 5 << 20)
        self.end(capture)
        for name in ("ring.0", "ring.1"):
            with self.subTest(name=name):
                self.assertLessEqual(os.path.getsize(self.path(name)), 1 << 20)
                got = packets(self.path(name))
                self.assertGreater(len(got), 10)
                self.assertEqual([p for p in got if p["_ws.malformed"]], [])
        self.assertFalse(os.path.exists(self.path("ring.2")))

    def test_mistakes_are_told(self):
        for words, status, text in (
                (["filter", "tcp", "portt"], 1, "can't parse filter expression"),
                (["dev", "nobody"], 1, "there is no interface \"nobody\"; there are net_tap0, lo"),
                (["queue", "99"], 1, "\"queue\" is 0 to 15"),
                (["snaplen", "0"], 1, "\"snaplen\" is 1 to 262144 bytes"),
                (["buffer", "5000"], 1, "\"buffer\" is"),
                (["count", "0"], 2, "take a number from 1, not 0"),
                (["files", "2"], 2, "files needs a size of each"),
                (["size", "2"], 2, "size needs a file"),
                (["filter"], 2, "filter takes an expression"),
                (["write"], 2, "a value is missing"),
                (["sideways"], 2, "are known words, not sideways"),
                (["write", "/nowhere/at/all"], 1, "/nowhere/at/all: No such file or directory")):
            with self.subTest(words=words):
                done = subprocess.run([find_program("nskctl"), "-s", self.control, "capture", *words], text=True, check=False,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE_S)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn(text, done.stderr)

    def test_who_goes_without_a_word_leaves_nothing_behind(self):
        for _ in range(6):  # more than there may be at once
            until("room for another capture", self.begins, PATIENCE_S)

    def begins(self):
        """Begins a capture, and kills who asked for it."""
        process = subprocess.Popen([find_program("nskctl"), "-s", self.control, "capture", "write", os.devnull], text=True,
                                   stderr=subprocess.PIPE)
        try:
            return process.stderr.readline() == "nskctl: capturing\n"
        finally:
            process.kill()
            process.wait()
            process.stderr.close()


if __name__ == "__main__":
    main()
