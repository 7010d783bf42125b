#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Our stack as a host behind a router of the kernel's, beyond which the link is narrow: traceroute both ways and path MTU
discovery. And jumbo frames with the kernel, over a veth pair.

    netns_client 10.9.0.2 ~~~ nsk0 10.9.0.1 (router) 10.8.1.1 nskv0 --- nskv1 10.8.1.2, MTU 1300
                 fd09::2           fd09::1           fd08::1                  fd08::2
                              (this namespace)                       (another)
"""
import os
import re
import subprocess
import sys
import unittest

from client import ClientTest
from tap import PATIENCE_S, TAP, main, run, until
from rig import Rig, die_with_parent  # after tap, which says where it is

NARROW = 1300
PORT = 7007
CLOSED = 33434

# Takes a connection, reads it to its end and says how much it was.
SINK = """
import socket, sys
listener = socket.create_server(("0.0.0.0", int(sys.argv[1])))
print("ready", flush=True)
while True:
    sock = listener.accept()[0]
    count = 0
    while part := sock.recv(1 << 18):
        count += len(part)
    sock.sendall(str(count).encode())
    sock.close()
"""


class Behind(ClientTest):
    program_line = [*ClientTest.program_line, "-a", "fd09::2/64", "-g", "10.9.0.1", "-g", "fd09::1"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.inside = cls.rig.veth("nskv0", "nskv1", cls.rig.namespace())
        for family, value in (("ipv4/ip_forward", "1"), ("ipv6/conf/all/forwarding", "1")):
            with open(f"/proc/sys/net/{family}", "w", encoding="ascii") as file:
                file.write(value)
        run("ip", "-6", "addr", "add", "fd09::1/64", "dev", TAP, "nodad")
        run("ip", "link", "set", "nskv0", "mtu", str(NARROW))  # the end does not know, and so says nothing of it
        for inside, interface, last in (([], "nskv0", 1), (cls.inside, "nskv1", 2)):
            run(*inside, "ip", "addr", "add", f"10.8.1.{last}/24", "dev", interface)
            run(*inside, "ip", "-6", "addr", "add", f"fd08::{last}/64", "dev", interface, "nodad")
        run(*cls.inside, "ip", "route", "add", "default", "via", "10.8.1.1")
        run(*cls.inside, "ip", "-6", "route", "add", "default", "via", "fd08::1")
        for family, target in ((4, "10.9.0.2"), (6, "fd09::2")):
            until("the way through", lambda f=family, t=target: cls.program.need() and " 1 received" in run(
                *cls.inside, "ping", f"-{f}", "-n", "-c", "1", "-W", "1", t, check=False), PATIENCE_S)

    def test_traceroute_from_the_stack(self):
        for target, hop, router, end in (("10.8.1.2", "11 0", "10.9.0.1", "3 3"), ("fd08::2", "3 0", "fd09::1", "1 4")):
            with self.subTest(target=target):
                self.assertEqual(self.ask("hop", target, CLOSED, 1), f"{hop} {router}")
                self.assertEqual(self.ask("hop", target, CLOSED, 2), f"{end} {target}")

    def test_traceroute_to_the_stack(self):
        for family, hops in ((4, ("10.8.1.1", "10.9.0.2")), (6, ("fd08::1", "fd09::2"))):
            with self.subTest(family=family):
                said = run(*self.inside, "traceroute", f"-{family}", "-n", "-q", "1", "-N", "1", "-m", "5", hops[1])
                self.assertEqual(tuple(re.findall(r"^ ?\d+  (\S+) ", said, re.MULTILINE)), hops, said)

    @staticmethod
    def counted(name):
        """Of this namespace, which is the router."""
        with open("/proc/net/snmp", encoding="ascii") as file:
            names, values = [line.split() for line in file if line.startswith("Ip:")]
        return int(values[names.index(name)])

    def test_tcp_finds_the_mtu_of_the_path_rfc1191(self):
        # pylint: disable-next=consider-using-with
        sink = subprocess.Popen([*self.inside, sys.executable, "-c", SINK, str(PORT)], stdout=subprocess.PIPE, text=True,
                                preexec_fn=die_with_parent)
        self.addCleanup(sink.stdout.close)
        self.addCleanup(sink.wait)
        self.addCleanup(sink.kill)
        self.assertEqual(sink.stdout.readline(), "ready\n")
        size = 4 << 20
        before = {name: self.counted(name) for name in ("FragFails", "FragCreates")}
        for again in range(2):
            words = self.ask("tcp", "10.8.1.2", PORT, size).split()
            self.assertEqual((words[0], int(words[1]), int(words[4])), ("sent", size, len(str(size))), words)
            fails = self.counted("FragFails")
            if again:  # the next connection knows from its first segment on
                self.assertEqual(fails, before["FragFails"])
            else:
                self.assertGreater(fails, before["FragFails"])
            before["FragFails"] = fails
        self.assertEqual(self.counted("FragCreates"), before["FragCreates"])  # nothing was cut on the way


class Jumbo(unittest.TestCase):
    """The kernel and a stack with frames of 9,234 bytes, each in a chain of buffers. No device of DPDK's leads such to the kernel of this machine: another
    stack's twin does.

        kernel 10.6.0.1 eth0k ~~~ twin ~~~ nsk-echo ~~~ vhost ~~~ nsk-echo 10.6.0.2
               fd06::1                                                     fd06::2
        (another namespace)
    """
    mtu = 9216
    options = "-o", "mtu=9216", "-o", "pool.buffers=4095", "--no-huge", "--quiet"

    @classmethod
    def setUpClass(cls):
        host = cls.enterClassContext(Rig(no_huge=True)).namespace()
        cls.inside = ["nsenter", "-t", str(host), "-n"]
        cls.rig = cls.enterClassContext(Rig(no_huge=True))
        path, (end, other) = cls.rig.vhost()
        cls.near = cls.rig.start("nsk-echo", "-d", end, "-a", "10.6.0.9/24", "--twin", f"eth0k,netns=/proc/{host}/ns/net", "--punt",
                                 "icmp", "--punt", "tcp", "--tcp", 9, *cls.options)
        until("the wire's socket", lambda: cls.near.need() and os.path.exists(path), PATIENCE_S)
        cls.program = cls.rig.start("nsk-echo", "-d", other, "-a", "10.6.0.2/24", "-a", "fd06::2/64", "--tcp", 7, *cls.options)
        until("the twin's link", lambda: cls.near.need() and cls.program.need() and "LOWER_UP" in cls.said("ip", "link"), PATIENCE_S)
        run(*cls.inside, "ip", "addr", "add", "10.6.0.1/24", "dev", "eth0k")
        run(*cls.inside, "ip", "-6", "addr", "add", "fd06::1/64", "dev", "eth0k", "nodad")

    @classmethod
    def said(cls, *command):
        return run(*cls.inside, *command, "show", "eth0k", check=False)

    @classmethod
    def tearDownClass(cls):
        for program in (cls.program, cls.near):
            status = program.end(PATIENCE_S)
            if status:
                raise AssertionError(f"{program.text}: ended with status {status}\n{program.said}")

    def test_the_longest_frames_are_answered_whole(self):
        for family, target, headers in ((4, "10.6.0.2", 28), (6, "fd06::2", 48)):
            for size in (self.mtu - headers, self.mtu - headers - 1, self.mtu - headers + 1, 30000):
                with self.subTest(target=target, size=size):
                    cut = "dont" if size > self.mtu - headers else "do"
                    said = run(*self.inside, "ping", f"-{family}", "-n", "-c", "3", "-i", "0.1", "-w", str(PATIENCE_S), "-M", cut,
                               "-s", str(size), target, check=False)
                    self.assertRegex(said, r" [3-9] received")
                    for complaint in ("DUP!", "wrong data", "truncated", "BAD CHECKSUM"):
                        self.assertNotIn(complaint, said)

    def test_segments_are_as_long_as_the_link_takes(self):
        code = (f"import socket; s = socket.create_connection(('10.6.0.2', 7), {PATIENCE_S}); "
                "print(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)); s.sendall(b'x' * 200000); "
                "print(len(s.makefile('rb').read(200000)))")
        mss, count = run(*self.inside, sys.executable, "-c", code).split()
        self.assertGreaterEqual(int(mss), self.mtu - 40 - 12)
        self.assertEqual(int(count), 200000)


if __name__ == "__main__":
    main()
