#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A stack's interfaces on VLANs against those of a Linux kernel, by 802.1Q and by 802.1Q within 802.1ad (QinQ).

    guest: eth0, q100, ad10q100 --- vm0 [ nskbr ] nsk0 --- stack: net_tap0, net_tap0.100, net_tap0.10.100

Once with e1000, whose driver leaves the tags to the card, and once with virtio, whose driver does not.
"""
import concurrent.futures
import json
import os
import socket
import unittest

from vm import BUILD, HERE, PATIENCE_S, SMALL, Guest, Rig, fact, main, run, until

# pylint: disable-next=wrong-import-order
from client import Flow  # of tests/netns

TAP, CARD_TAP, BRIDGE = "nsk0", "vm0", "nskbr"
# By name: the stack's device, the guest's, and their addresses' third part.
LINKS = {
    "untagged": ("net_tap0,iface=nsk0", "eth0", 0),
    "tagged": ("vlan:net_tap0,100", "q100", 1),
    "tagged twice": ("vlan:net_tap0,10.100", "ad10q100", 2),
}
# The guest's devices: the one below, tag, number. Priorities in the tags change nothing.
DEVICES = {
    "q100": ("eth0", "802.1Q", 100, "egress-qos-map", "0:5"),
    "ad10": ("eth0", "802.1ad", 10),
    "ad10q100": ("ad10", "802.1Q", 100),
}
# Where the stack has no interface, and how it counts what comes from there.
STRANGERS = {
    "q101": ("eth0", "802.1Q", 101, "eth_vlan_unknown"),
    "ad100": ("eth0", "802.1ad", 100, "eth_vlan_unknown"),
    "ad10q101": ("ad10", "802.1Q", 101, "eth_vlan_unknown"),
    "q100ad10": ("q100", "802.1ad", 10, "eth_vlan_unknown"),
    "three": ("ad10q100", "802.1Q", 100, "eth_vlan_depth"),
}
MTU, HEADERS, LENGTH = 1500, {4: 28, 6: 48}, {4: 24, 6: 64}
SIZE = (1 if SMALL else 4) << 20
TRAFFIC = ("python3", os.path.join(HERE, "traffic.py"))


def addresses(link, host):
    """Of the guest (1) or the stack (2), by family."""
    return {4: f"10.9.{LINKS[link][2]}.{host}", 6: f"fd09:{LINKS[link][2]}::{host}"}


class Vlans:
    """The tests, whatever card the guest has."""

    card = None

    @classmethod
    def setUpClass(cls):
        cls.rig = cls.enterClassContext(Rig(no_huge=True))
        cls.control = os.path.join(cls.rig.folder, "control")
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        cls.addClassCleanup(run, "ip", "link", "del", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        cls.guest = cls.enterClassContext(Guest(cls.rig, cls.card, CARD_TAP))
        run("ip", "link", "set", CARD_TAP, "master", BRIDGE)
        fact(f"guest: Linux {cls.guest.version}, {cls.card}")
        cls.guest.run("ip", "link", "set", "eth0", "up")
        for name, (below, tag, number, *rest) in DEVICES.items():
            cls.add(name, below, tag, number, *rest)
        for link, (_, name, _) in LINKS.items():
            for family, address in addresses(link, 1).items():
                cls.guest.run("ip", "addr", "add", f"{address}/{LENGTH[family]}", "dev", name, *(["nodad"] if family == 6 else []))

    @classmethod
    def add(cls, name, below, tag, number, *rest):
        cls.guest.run("ip", "link", "add", "link", below, "name", name, "type", "vlan", "proto", tag, "id", number, *rest)
        cls.guest.run("ip", "link", "set", name, "up")

    def start(self, *arguments, links=tuple(LINKS), **options):
        """A program of ours with these interfaces and what follows, until the test's end."""
        words = ()
        for link in links:
            words += ("-d", LINKS[link][0])
            for family, address in addresses(link, 2).items():
                words += ("-a", f"{address}/{LENGTH[family]}")
        name, *rest = arguments
        self.program = self.rig.start(name, *words, *rest, "--no-huge", "--control", self.control, **options)
        until("the tap", lambda: self.program.need() and os.path.exists(f"/proc/sys/net/ipv4/conf/{TAP}"), PATIENCE_S)
        run("ip", "link", "set", TAP, "master", BRIDGE)
        run("ip", "link", "set", TAP, "up")
        for link in links:
            until("a way to the stack", lambda there=addresses(link, 2)[4]: " 1 received" in self.ping(there, 56, 1), PATIENCE_S)

    def end(self):
        self.assertEqual(self.program.end(PATIENCE_S), 0, self.program.said)

    def ping(self, address, size, count, *options):
        return self.guest.run("ping", "-n", "-c", count, "-i", "0.02", "-s", size, "-w", 2 if count == 1 else PATIENCE_S, *options,
                              address, check=False)

    def nskctl(self, *words):
        return json.loads(run(os.path.join(BUILD, "apps/nskctl"), "-j", "-s", self.control, *words))

    def dropped(self, reason):
        return self.nskctl("drops")["drops"][reason]

    def test_every_link_carries_pings_and_echoes_up_to_its_mtu(self):
        self.start("nsk-echo", "--quiet", "--tcp", 7, "--udp", 7)
        for link in LINKS:
            for family, address in addresses(link, 2).items():
                with self.subTest(link=link, family=family):
                    largest = MTU - HEADERS[family]
                    for size in (0, 56, largest):
                        said = self.ping(address, size, 5, "-M", "do")
                        self.assertRegex(said, r"\b([5-9]|\d\d+) received")  # with -w it goes on until 5 are answered
                        for complaint in ("wrong data", "truncated", "BAD CHECKSUM"):
                            self.assertNotIn(complaint, said)
                    self.guest.run(*TRAFFIC, "udp", address, 7, 1, 100, largest, 5000)
                    fact(f"{link}, IPv{family}: {self.guest.run(*TRAFFIC, 'tcp', address, 7, SIZE).strip()}")
        self.end()

    def test_the_stack_connects_over_every_link(self):
        reading, commands = os.pipe()
        self.addCleanup(os.close, reading)
        self.start("netns_client", stdin=reading)
        for link, answers in zip(LINKS, range(1, 9)):
            with self.subTest(link=link):
                server = self.guest.start(*TRAFFIC, "serve", 5000)
                until("the guest's server", lambda: ":5000" in self.guest.run("ss", "-Hltn"), PATIENCE_S)
                os.write(commands, f"tcp {addresses(link, 1)[4]} 5000 {SIZE}\n".encode())
                until("the client's answer", lambda n=answers: self.program.need() and self.program.said.count("sent ") == n,
                      PATIENCE_S)
                self.assertEqual(self.guest.result(server)["status"], 0)
                words = self.program.said.split("\n")[-2].split()
                sent, received = (Flow(int(words[at]), int(words[at + 1], 16)) for at in (1, 4))
                self.assertEqual(sent.count, SIZE)
                self.assertEqual(received, sent)
        os.close(commands)
        until("the client's end", lambda: not self.program.running(), PATIENCE_S)
        self.end()

    def test_another_vlan_gets_no_answer_and_is_counted(self):
        self.start("nsk-echo", "--quiet")
        for name, (below, tag, number, reason) in STRANGERS.items():
            with self.subTest(vlan=name):
                self.add(name, below, tag, number)
                self.guest.run("ip", "addr", "add", "10.9.9.1/24", "dev", name)
                self.addCleanup(self.guest.run, "ip", "addr", "del", "10.9.9.1/24", "dev", name)
                before = self.dropped(reason)
                until("the drop", lambda n=name, r=reason, b=before: " 0 received" in self.ping(addresses("tagged", 2)[4], 56, 1, "-I", n)
                      and self.dropped(r) > b, PATIENCE_S)
        self.assertIn(" 1 received", self.ping(addresses("tagged", 2)[4], 56, 1))
        self.end()


class E1000(Vlans, unittest.TestCase):
    card = "e1000"


class Virtio(Vlans, unittest.TestCase):
    card = "virtio"

    def test_a_server_on_a_vlan_leases_an_address(self):
        self.guest.start("dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--interface=q100", "--bind-interfaces",
                         "--user=root", "--no-ping", "--dhcp-range=10.9.1.50,10.9.1.50,255.255.255.0,1h",
                         "--dhcp-leasefile=/run/leases", "--pid-file=/run/dnsmasq.pid")
        self.start("nsk-echo", "--quiet", "-d", LINKS["tagged"][0], "-a", "dhcp", links=["untagged"])
        until("the lease", lambda: self.nskctl("addr", "dev", "net_tap0.100")["dhcp"][0].get("address"), PATIENCE_S)
        said = self.ping("10.9.1.50", MTU - HEADERS[4], 5, "-M", "do")
        self.assertRegex(said, r"\b([5-9]|\d\d+) received")
        self.guest.run(*TRAFFIC, "tcp", "10.9.1.50", 7, SIZE)
        self.end()

    def test_a_vlan_has_a_twin_of_its_own(self):
        device, _, _ = LINKS["tagged"]
        there = addresses("tagged", 2)[4]
        self.start("nsk-echo", "--quiet", "-d", device, "-a", f"{there}/24", "--twin", "tw100", "--punt", "tcp:179", "--tcp", 7,
                   links=["untagged"])
        run("ip", "addr", "add", f"{there}/24", "dev", "tw100")
        run("ip", "link", "set", "tw100", "up")
        with socket.create_server((there, 179)) as listener, concurrent.futures.ThreadPoolExecutor(1) as pool:
            listener.settimeout(PATIENCE_S)
            server = pool.submit(lambda: listener.accept()[0])
            client = self.guest.start(*TRAFFIC, "tcp", there, 179, 20000)
            with server.result() as sock:
                while part := sock.recv(65536):
                    sock.sendall(part)
            self.assertEqual(self.guest.result(client)["status"], 0)
        self.guest.run(*TRAFFIC, "tcp", there, 7, 20000)  # what is not the kernel's is the stack's, as before
        self.end()


if __name__ == "__main__":
    main()
