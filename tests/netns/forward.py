#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Two kernels in namespaces of their own, joined by nsk-fwd over two taps: ping, traceroute, path MTU discovery and iperf3 go
through it in both families.

    10.7.1.2 nskf0 --- 10.7.1.1 [nsk-fwd] 10.7.2.1 --- nskf1 [ nskfbr ] nskv0 --- nskv1 10.7.2.2
    fd07:1::2            fd07:1::1       fd07:2::1                                      fd07:2::2
    (this namespace)                                                                    (another)
"""
import json
import os
import re
import socket
import subprocess
import sys
import unittest

from tap import PATIENCE_S, SMALL, fact, main, run, send_noise, until
from rig import Rig

TAPS = "nskf0", "nskf1"
NETS = ("10.7.1", "fd07:1:"), ("10.7.2", "fd07:2:")
FAR = {4: "10.7.2.2", 6: "fd07:2::2"}
ROUTER = {4: "10.7.1.1", 6: "fd07:1::1"}
SMALL_MTU = 1300
PORT = 7007

# Takes connections; reads each to its end, sends the same amount of other bytes, says what it read.
SINK = """
import hashlib, socket, sys
listener = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
while True:
    sock = listener.accept()[0]
    digest, count = hashlib.blake2b(), 0
    while part := sock.recv(1 << 18):
        digest.update(part)
        count += len(part)
    sock.sendall(digest.hexdigest().encode() + b" " + str(count).encode())
    sock.close()
"""


def control(rig):
    """The router's control socket: nobody else's."""
    return os.path.join(rig.folder, "router.sock")


class Forward(unittest.TestCase):
    workers = 1
    mtu = None  # of the far link, as the router has it

    @classmethod
    def setUpClass(cls):
        cls.rig = cls.enterClassContext(Rig(no_huge=True))
        path = os.path.join(cls.rig.folder, "router.conf")
        with open(path, "w", encoding="utf-8") as file:
            devices = (f'{{ device = "net_tap{i},iface={TAPS[i]}"; name = "if{i}"; rp_filter = true;'
                       f' addresses = [ "{NETS[i][0]}.1/24", "{NETS[i][1]}:1/64" ];'
                       f'{f" mtu = {cls.mtu};" if i and cls.mtu else ""} }}' for i in range(2))
            file.write(f"devices = ( {', '.join(devices)} );\nno_huge = true;\ncontrol = \"{control(cls.rig)}\";\n"
                       "icmp: { rate = 100000; burst = 1000; };\n")
        cls.program = cls.rig.start("nsk-fwd", "-c", path, "--quiet", "--workers", cls.workers)
        until("the taps", lambda: cls.program.need() and cls.program.said.count("link ") == 2, PATIENCE_S)
        # A tap tells of its link in the namespace of its program only: a bridge leads to the other.
        cls.inside = cls.rig.veth("nskv0", "nskv1", cls.rig.namespace())
        cls.addClassCleanup(run, "ip", "link", "del", "nskfbr")
        run("ip", "link", "add", "nskfbr", "type", "bridge")
        for port in (TAPS[1], "nskv0"):
            run("ip", "link", "set", port, "master", "nskfbr")
            run("ip", "link", "set", port, "up")
        run("ip", "link", "set", "nskfbr", "up")
        for i, interface, inside in ((0, TAPS[0], []), (1, "nskv1", cls.inside)):
            run(*inside, "ip", "addr", "add", f"{NETS[i][0]}.2/24", "dev", interface)
            run(*inside, "ip", "-6", "addr", "add", f"{NETS[i][1]}:2/64", "dev", interface, "nodad")
            run(*inside, "ip", "link", "set", interface, "up")
            run(*inside, "ip", "route", "add", f"{NETS[1 - i][0]}.0/24", "via", f"{NETS[i][0]}.1")
            run(*inside, "ip", "-6", "route", "add", f"{NETS[1 - i][1]}:/64", "via", f"{NETS[i][1]}:1")
        for family in (4, 6):
            until("the way through", lambda f=family: cls.program.need() and " 1 received" in cls.ping(f, "-c", "1", "-W", "1"),
                  PATIENCE_S)
        cls.sink = subprocess.Popen([*cls.inside, sys.executable, "-c", SINK, str(PORT)], stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.end_sink)
        assert cls.sink.stdout.readline() == "ready\n"

    @classmethod
    def end_sink(cls):
        cls.sink.kill()
        cls.sink.wait()
        cls.sink.stdout.close()

    @classmethod
    def tearDownClass(cls):
        status = cls.program.end(PATIENCE_S)
        if status:
            raise AssertionError(f"{cls.program.text}: ended with status {status}\n{cls.program.said}")

    @classmethod
    def ping(cls, family, *options, target=None):
        return run("ping", f"-{family}", "-n", *options, target or FAR[family], check=False)

    @classmethod
    def ctl(cls, *words):
        return subprocess.run([os.path.join(os.environ["NSK_BUILD"], "apps", "nskctl"), "-s", control(cls.rig), *words],
                              env=cls.rig.env, capture_output=True, text=True, check=True).stdout

    def send(self, family, size, seed=7):
        """Bytes go through the router; the far kernel says what has come."""
        with socket.create_connection((FAR[family], PORT), PATIENCE_S) as sock:
            sent = send_noise(sock, seed, size)
            self.assertEqual(sock.makefile().read(), f"{sent} {size}")


class Router(Forward):
    def test_every_ping_is_answered(self):
        for family in (4, 6):
            for size in (0, 56, 1400, 8000):
                with self.subTest(family=family, size=size):
                    said = self.ping(family, "-c", "20", "-i", "0.01", "-s", str(size), "-w", str(PATIENCE_S))
                    self.assertGreaterEqual(int(re.search(r" (\d+) received", said)[1]), 20, said)
                    for complaint in ("DUP!", "wrong data", "truncated", "BAD CHECKSUM"):
                        self.assertNotIn(complaint, said)

    def test_the_router_answers_itself(self):
        for family, target in ((4, ROUTER[4]), (6, ROUTER[6]), (4, "10.7.2.1"), (6, "fd07:2::1")):
            self.assertIn(" 1 received", self.ping(family, "-c", "1", "-w", str(PATIENCE_S), target=target))

    def test_traceroute_names_router_and_end_from_both_sides(self):
        ends = {(4, 0): ("10.7.1.1", "10.7.2.2"), (6, 0): ("fd07:1::1", "fd07:2::2"),
                (4, 1): ("10.7.2.1", "10.7.1.2"), (6, 1): ("fd07:2::1", "fd07:1::2")}
        for (family, side), hops in ends.items():
            with self.subTest(family=family, side=side):
                said = run(*(self.inside if side else []), "traceroute", f"-{family}", "-n", "-q", "1", "-N", "1", "-m", "5", hops[1])
                self.assertEqual(tuple(re.findall(r"^ ?\d+  (\S+) ", said, re.MULTILINE)), hops, said)

    def test_the_route_and_the_time_are_recorded_rfc1812_5_3_13(self):
        said = self.ping(4, "-c", "1", "-R", "-w", str(PATIENCE_S))
        self.assertRegex(said, r"(?s)RR: .*10\.7\.2\.1\b.*10\.7\.2\.2\b.*10\.7\.1\.1\b", said)
        said = self.ping(4, "-c", "1", "-T", "tsandaddr", "-w", str(PATIENCE_S))
        self.assertRegex(said, r"(?s)TS: .*10\.7\.2\.1\b", said)

    def test_hosts_and_networks_that_are_not_there(self):
        run("ip", "route", "add", "10.99.0.0/16", "via", ROUTER[4])
        run("ip", "-6", "route", "add", "fd99::/16", "via", ROUTER[6])
        for family, target, complaint in ((4, "10.7.2.99", "Destination Host Unreachable"),
                                          (6, "fd07:2::99", "Destination unreachable: Address unreachable"),
                                          (4, "10.99.0.1", "Destination Net Unreachable"),
                                          (6, "fd99::1", "Destination unreachable: No route")):
            with self.subTest(target=target):
                said = self.ping(family, "-c", "1", "-w", "20", target=target)
                self.assertRegex(said, f"(?i)From {ROUTER[family]} icmp_seq=1 {complaint}")

    def test_tcp_comes_through_unharmed(self):
        size = (2 if SMALL else 32) << 20
        for family in (4, 6):
            self.send(family, size)

    def test_iperf3(self):
        """iperf3 judges whether all is well; no rate is judged."""
        with subprocess.Popen([*self.inside, "iperf3", "-s", "--forceflush"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True) as server:
            try:
                for family in (4, 6):
                    for kind, options in (("TCP", ()), ("TCP, back", ("-R",)), ("UDP", ("-u", "-b", "20M", "-l", "1200"))):
                        # It says so before each client, and turns away who comes while it is busy with the last one's end.
                        self.assertTrue(any("Server listening" in line for line in server.stdout))
                        said = json.loads(run("iperf3", f"-{family}", "-c", FAR[family], "-t", "2", "-J", *options))
                        self.assertNotIn("error", said)
                        end = said["end"]["sum" if "-u" in options else "sum_received"]
                        self.assertGreater(end["bytes"], 0)
                        fact(f"iperf3, IPv{family}, {kind}: {end['bits_per_second'] / 1e6:.0f} Mbit/s")
            finally:
                server.kill()

    def test_nskctl_turns_it_off_and_on(self):
        self.assertRegex(self.ctl("settings"), r"ip\.forward +true")
        self.ctl("set", "net.ipv4.ip_forward", "0")
        self.assertNotIn(" 1 received", self.ping(4, "-c", "1", "-W", "1"))
        self.assertIn(" 1 received", self.ping(6, "-c", "1", "-w", str(PATIENCE_S)))
        self.ctl("set", "ip.forward", "true")
        self.assertIn(" 1 received", self.ping(4, "-c", "1", "-w", str(PATIENCE_S)))


class Narrow(Forward):
    """The far link takes less than the near one, which only the router knows."""
    mtu = SMALL_MTU

    def learnt(self, family):
        found = re.search(r"\bmtu (\d+)", run("ip", f"-{family}", "route", "get", FAR[family]))
        return int(found[1]) if found else None

    def forget(self):
        for family in (4, 6):
            run("ip", f"-{family}", "route", "flush", "cache")

    def test_the_path_mtu_is_found_and_tcp_goes_on_rfc1191_rfc8201(self):
        for family in (4, 6):
            with self.subTest(family=family):
                self.forget()
                self.send(family, 4 << 20)
                self.assertEqual(self.learnt(family), SMALL_MTU)

    def test_what_may_be_cut_is_cut(self):
        for size in (1273, 1472):
            said = self.ping(4, "-M", "dont", "-c", "5", "-i", "0.01", "-s", str(size), "-w", str(PATIENCE_S))
            self.assertGreaterEqual(int(re.search(r" (\d+) received", said)[1]), 5, said)

    def test_what_may_not_be_cut_is_complained_of(self):
        for family, complaint in ((4, rf"Frag needed and DF set \(mtu = {SMALL_MTU}\)"), (6, f"Packet too big: mtu={SMALL_MTU}")):
            with self.subTest(family=family):
                self.forget()
                said = self.ping(family, "-M", "do", "-c", "1", "-s", "1400", "-w", "20")
                self.assertRegex(said, rf"(?i)From {ROUTER[family]} icmp_seq=1 {complaint}")


class Sample(unittest.TestCase):
    """config/router.conf, which README and ROUTER show, as it stands: hosts of the lan reach the rest of the world by its gateway.

        10.1.0.2, fd01::2  nsk0 [nsk-fwd] nsk1 [ nskfbr ] nskv0 --- nskv1  192.0.2.1, 2001:db8::1, and the world behind it
        (this namespace)                                                  (another)
    """
    world = {4: "198.51.100.7", 6: "2001:db8:ffff::7"}

    @classmethod
    def setUpClass(cls):
        cls.rig = cls.enterClassContext(Rig(no_huge=True))
        path = os.path.join(os.environ["NSK_SOURCE_ROOT"], "config", "router.conf")
        cls.program = cls.rig.start("nsk-fwd", "-c", path, "--no-huge", "--quiet", "--control", control(cls.rig))
        until("the taps", lambda: cls.program.need() and cls.program.said.count("link ") == 2, PATIENCE_S)
        cls.inside = cls.rig.veth("nskv0", "nskv1", cls.rig.namespace())
        cls.addClassCleanup(run, "ip", "link", "del", "nskfbr")
        run("ip", "link", "add", "nskfbr", "type", "bridge")
        for port in ("nsk1", "nskv0"):
            run("ip", "link", "set", port, "master", "nskfbr")
            run("ip", "link", "set", port, "up")
        run("ip", "link", "set", "nskfbr", "up")
        for inside, interface, addresses in (([], "nsk0", ("10.1.0.2/24", "fd01::2/64")),
                                             (cls.inside, "nskv1", ("192.0.2.1/24", "2001:db8::1/64")),
                                             (cls.inside, "lo", ("198.51.100.7/32", "2001:db8:ffff::7/128"))):
            run(*inside, "ip", "addr", "add", addresses[0], "dev", interface)
            run(*inside, "ip", "-6", "addr", "add", addresses[1], "dev", interface, "nodad")
            run(*inside, "ip", "link", "set", interface, "up")
        for net in ("198.51.100.0/24", "192.0.2.0/24"):
            run("ip", "route", "add", net, "via", "10.1.0.1")
        run("ip", "-6", "route", "add", "2001:db8:ffff::/48", "via", "fd01::1")
        run(*cls.inside, "ip", "route", "add", "10.0.0.0/8", "via", "192.0.2.2")
        run(*cls.inside, "ip", "-6", "route", "add", "fd01::/64", "via", "2001:db8::2")

    @classmethod
    def tearDownClass(cls):
        status = cls.program.end(PATIENCE_S)
        if status:
            raise AssertionError(f"{cls.program.text}: ended with status {status}\n{cls.program.said}")

    def ping(self, family, target, *options, inside=()):
        return run(*inside, "ping", f"-{family}", "-n", "-c", "1", "-w", str(PATIENCE_S), *options, target, check=False)

    def test_the_lan_reaches_the_world(self):
        for family, target in self.world.items():
            self.assertRegex(self.ping(family, target), r" [1-9]\d* received")

    def test_the_route_behind_a_host_of_the_lan_is_there(self):
        run("ip", "addr", "add", "10.1.0.9/24", "dev", "nsk0")  # it is that host, too
        run("ip", "addr", "add", "10.9.5.5/32", "dev", "nsk0")
        self.assertRegex(self.ping(4, "10.9.5.5", inside=self.inside), r" [1-9]\d* received")

    def test_who_comes_from_where_he_cannot_be_is_dropped(self):
        """rp_filter of the lan."""
        run("ip", "addr", "add", "203.0.113.9/32", "dev", "nsk0")
        self.assertNotIn(" 1 received", run("ping", "-n", "-c", "1", "-W", "1", "-I", "203.0.113.9", self.world[4], check=False))
        said = subprocess.run([os.path.join(os.environ["NSK_BUILD"], "apps", "nskctl"), "-s", control(self.rig), "drops"],
                              env=self.rig.env, capture_output=True, text=True, check=True).stdout
        self.assertRegex(said, r"ip_reverse_path +[1-9]")


if __name__ == "__main__":
    main()
