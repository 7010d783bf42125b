#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A program of ours over the driver of a real card, in a guest, and this machine's kernel as its client.

    guest: nsk-echo, DPDK's driver of the card --- vm0 here: the kernel, 10.9.0.1

The card is taken from Linux with dpdk-devbind, as on any machine.
"""
import concurrent.futures
import contextlib
import json
import os
import re
import socket
import sys
import threading
import unittest

from cards import CARDS, MAC
from vm import PATIENCE_S, SMALL, Guest, GuestProgram, Rig, fact, find_program, main, run, until

# pylint: disable-next=wrong-import-order
from tap import KERNEL, MIB, STACK, connect, echo, echo_until, snmp, throughput  # of tests/netns

CARD_TAP = "vm0"
CONTROL = "/run/nsk.sock"
HUGEPAGES = 256
GUEST_MB = 1024
MTU, JUMBO = 1500, 9000
IP4_HEADERS = 28
OUR_FAULT = ("tx_unfit", "rx_broken")
SIZE = (16 if SMALL else 100) * MIB


class Nic:
    """The tests, whatever the card; a class says which, and what binds it."""

    card = None
    driver = "net_e1000_em"
    bind = "uio_pci_generic"
    workers = 1
    offloads = "rx-checksum-ipv4 rx-checksum-l4 tx-checksum-ipv4 tx-checksum-l4 tx-scatter-gather tx-shared-data"  # those in use
    interrupts = 0  # queues that wake the program
    jumbo = ["pause=both"]  # settings with which it is tried once more, with large frames
    pause = "both"  # what comes of that
    known = "^$"  # complaints of DPDK's that nobody here can help

    @classmethod
    def setUpClass(cls):
        cls.rig = cls.enterClassContext(Rig(no_huge=True))
        cls.guest = cls.enterClassContext(Guest(cls.rig, cls.card, CARD_TAP, GUEST_MB))
        run("ip", "addr", "add", f"{KERNEL}/24", "dev", CARD_TAP)
        fact(f"guest: Linux {cls.guest.version}, {cls.card}, {cls.bind}")
        cls.guest.run("sysctl", "-q", "-w", f"vm.nr_hugepages={HUGEPAGES}")
        cls.address = CARDS[cls.card].address
        cls.guest.run("dpdk-devbind.py", f"--bind={cls.bind}", cls.address)
        cls.program, cls.mtu = None, MTU

    @classmethod
    def tearDownClass(cls):
        if cls.program:
            cls.end()

    @classmethod
    def start(cls, mtu=MTU, *options):
        """The program on the card; both sides with this MTU."""
        run("ip", "link", "set", CARD_TAP, "mtu", str(mtu))
        cls.mtu = mtu
        cls.program = cls.echo(mtu, *options)
        until("a way to the stack", lambda: cls.program.need() and " 1 received" in cls.ping(56, 1), PATIENCE_S)

    @classmethod
    def echo(cls, mtu, *options):
        return GuestProgram(
            cls.guest, os.path.abspath(find_program("nsk-echo")), "-d", cls.address, "-a", f"{STACK}/24", "-o", f"mtu={mtu}",
            "--workers", cls.workers, "--quiet", "--tcp", 7, "--udp", 7, "--control", CONTROL, *options)

    @classmethod
    def end(cls):
        program, cls.program = cls.program, None
        status = program.end(PATIENCE_S)
        if status:
            raise AssertionError(f"{program.text}: ended with status {status}\n{program.said}")
        complaints = [line for line in program.heard().splitlines() if "error" in line and not re.search(cls.known, line)]
        if complaints:
            raise AssertionError(f"{program.text} complained:\n{program.heard()}")

    @classmethod
    def ping(cls, size, count, *options):
        return run("ping", "-n", "-c", str(count), "-i", "0.02", "-s", str(size), "-w", str(2 if count == 1 else PATIENCE_S), *options,
                   STACK, check=False)

    def setUp(self):
        if not self.program or not self.program.running():
            self.start()

    def nskctl(self, *words):
        return json.loads(self.guest.run(os.path.abspath(find_program("nskctl")), "-j", "-s", CONTROL, *words))

    def interface(self):
        return self.nskctl("interfaces")["interfaces"][0]

    def port(self):
        return self.nskctl("port", "show")["ports"][0]

    # ---- what is tried, with any MTU

    def check_pings(self):
        for size in (0, 56, self.mtu - IP4_HEADERS):
            self.assertRegex(self.ping(size, 5, "-M", "do"), r"\b([5-9]|\d\d+) received")
        self.assertRegex(self.ping(3 * self.mtu, 5), r"\b([5-9]|\d\d+) received")  # in fragments

    def check_datagrams(self):
        """Of lengths around what a packet holds, each until it has come back."""
        with connect(kind=socket.SOCK_DGRAM) as sock:
            sock.settimeout(1)
            for size in (0, 1, 17, 18, 19, self.mtu - IP4_HEADERS, self.mtu - IP4_HEADERS + 1, 5000, 20000):
                data = os.urandom(size)

                def comes_back(data=data):
                    sock.send(data)
                    try:
                        return sock.recv(65536) == data
                    except TimeoutError:
                        return False
                until(f"a datagram of {size} bytes", comes_back, PATIENCE_S)

    def check_bytes(self):
        """There and back by the card, and neither side finds a wrong checksum: TCP would send again and hide it."""
        before, wrong, again = self.interface()["port"], snmp("Tcp", "InCsumErrors"), snmp("Tcp", "RetransSegs")
        took = echo(self, SIZE)
        after = self.interface()["port"]
        for way in ("rx_bytes", "tx_bytes"):
            self.assertGreater(after[way] - before[way], SIZE, way)
        self.assertEqual(snmp("Tcp", "InCsumErrors"), wrong, "wrong checksums of ours")
        drops = {reason: n for reason, n in self.nskctl("drops")["drops"].items() if n}
        self.assertEqual([reason for reason in drops if "checksum" in reason or reason in OUR_FAULT], [])
        fact(f"MTU {self.mtu}: {SIZE // MIB} MiB, {throughput(SIZE, took)}, "
             f"the kernel sent {snmp('Tcp', 'RetransSegs') - again} segments again; dropped: {drops}")

    # ---- the tests

    def test_arp_and_pings_are_answered(self):
        run("ip", "neigh", "flush", "dev", CARD_TAP)
        self.check_pings()
        self.assertIn(MAC, run("ip", "neigh", "show", STACK, "dev", CARD_TAP))
        self.assertEqual(self.interface()["driver"], f"ethdev:{self.driver}")
        self.assertEqual(self.interface()["rx_queues"], self.workers)
        self.assertEqual({offload["name"] for offload in self.port()["offloads"] if offload["used"]}, set(self.offloads.split()))
        self.assertEqual(self.port()["rx_interrupts"], self.interrupts)

    def test_datagrams_come_back(self):
        self.check_datagrams()

    def test_bytes_come_back(self):
        self.check_bytes()

    def test_a_transfer_outlives_the_link(self):
        enough = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            transfer = pool.submit(echo_until, enough)
            try:
                for _ in range(2):
                    self.link(False)
                    self.link(True)
            finally:
                enough.set()
            sent, heard = transfer.result()
        self.assertEqual(heard, sent, "number and hash of what came back, and of what was sent")
        fact(f"{sent[0] / MIB:.0f} MiB over a link that went twice")

    def link(self, up):
        """Pulls the cable or puts it back, once bytes have flowed since last time; the program sees it."""
        before = self.interface()["port"]["rx_bytes"]
        until("bytes", lambda: self.interface()["port"]["rx_bytes"] > before or not self.interface()["link_up"], PATIENCE_S)
        self.guest.qemu("set_link", name="card", up=up)
        until(f"the link {up=}", lambda: self.interface()["link_up"] == up, PATIENCE_S)

    def test_it_starts_again_and_with_jumbo_frames(self):
        self.end()
        self.start(JUMBO, *(word for setting in self.jumbo for word in ("-o", setting)))
        self.assertEqual(self.port()["pause"], self.pause)
        self.check_pings()
        self.check_datagrams()
        self.check_bytes()
        self.end()
        self.start()
        self.check_pings()


def flood(enough):
    """Datagrams until it is enough."""
    with connect(kind=socket.SOCK_DGRAM) as sock:
        while not enough.wait(0.001):
            with contextlib.suppress(OSError):
                sock.send(bytes(1000))


class Slot:
    """For cards that can be pulled out: by vfio-pci, which asks the program to give them back."""

    def test_the_card_is_pulled_out(self):
        enough = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            packets = pool.submit(flood, enough)
            try:
                before = self.interface()["port"]["tx_packets"]
                until("packets", lambda: self.interface()["port"]["tx_packets"] > before + 100, PATIENCE_S)
                self.guest.qemu("device_del", id="card")
                until("the interface down", lambda: self.interface()["state"] == "disabled", PATIENCE_S)
                until("the card out", lambda: self.address not in self.guest.run("ls", "/sys/bus/pci/devices"), PATIENCE_S)
            finally:
                enough.set()
            packets.result()
        self.assertFalse(self.interface()["link_up"])
        self.assertGreater(self.interface()["port"]["tx_packets"], before + 100)
        self.assertEqual(self.nskctl("drops")["drops"]["tx_unfit"], 0)
        program, type(self).program = self.program, None
        self.assertEqual(program.end(PATIENCE_S), 0)
        self.assertIn(f"{self.address}: the device is taken out of the machine", program.heard())
        self.assertNotIn("packet buffers still out", program.heard())


class E1000(Nic, unittest.TestCase):
    card = "e1000"
    pause = "off"  # it negotiates, and the partner that QEMU plays agrees to none


class E1000Vfio(Slot, Nic, unittest.TestCase):
    card, bind, pause = "e1000 by vfio", "vfio-pci", E1000.pause
    known = "MSI-X interrupts"  # which an 82540EM has not; EAL asks vfio for them all the same


class E1000e(Nic, unittest.TestCase):
    card = "e1000e"


class Igb(Nic, unittest.TestCase):
    card, driver = "igb", "net_e1000_igb"
    offloads = f"{Nic.offloads} tx-tcp-segmentation"


class IgbQueues(Slot, Igb):
    card, bind, workers = "igb by vfio", "vfio-pci", 2
    offloads, interrupts = f"{Igb.offloads} rx-spreading", 2


class Virtio(Nic, unittest.TestCase):
    card, driver = "virtio modern", "net_virtio"
    offloads = "rx-checksum-l4 tx-checksum-l4 tx-scatter-gather tx-shared-data tx-tcp-segmentation rx-merging"
    jumbo, pause = [], None


class VirtioTransitional(Virtio):
    card = "virtio"


class VirtioLegacy(Virtio):
    card = "virtio legacy"


class VirtioVfio(Slot, Virtio):
    card, bind = "virtio modern by vfio", "vfio-pci"
    interrupts = 1
    known = "Error disabling MSI-X interrupts"  # which its driver does at the device's end, and has done when it stopped


class VirtioPacked(Virtio):
    card = "virtio packed"
    offloads = "rx-checksum-l4 tx-checksum-l4 tx-shared-data rx-merging"
    jumbo = ["pool.buffer_bytes=9216", "pool.buffers=8192"]

    def test_pause_frames_are_refused_where_there_are_none(self):
        if self.program:
            self.end()
        refused = self.echo(MTU, "-o", "pause=off")
        until("the end", lambda: not refused.running(), PATIENCE_S)
        self.assertNotEqual(self.guest.result(refused.number)["status"], 0)
        self.assertIn("cannot be told about pause frames", refused.heard())


class VirtioQueues(Virtio):
    card, workers = "virtio modern, 2 queues", 2
    offloads = f"{Virtio.offloads} rx-spreading"


class VirtioPackedQueues(Virtio):
    card, workers = "virtio packed, 2 queues", 2
    offloads = f"{VirtioPacked.offloads} rx-spreading"
    jumbo = VirtioPacked.jumbo


if __name__ == "__main__":
    main(globals()[name.partition(".")[0]].card for name in sys.argv[1:] if not name.startswith("-"))
