#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""virtio-user and vhost, the two ends of the wire of virtual machines, without one: a program of ours at either end.

    kernel 10.9.0.1 [ nsk0 ] nsk-wire --- vhost-user --- nsk-echo 10.9.0.2
                        netns_client --- vhost-user --- nsk-echo, with frames that the tap does not take
"""
import concurrent.futures
import json
import os
import socket
import threading
import unittest

from client import Flow
from tap import ALL, KERNEL, MIB, PATIENCE_S, SMALL, STACK, TAP, connect, echo, echo_until, fact, main, run, snmp, throughput, until

# pylint: disable-next=wrong-import-order
from rig import Rig, find_program

SIZE = (4 if SMALL else 100 if ALL or os.environ.get("NSK_TEST_VM") == "1" else 16) * MIB
JUMBO = 9000
IP4_HEADERS = 28
TAP_MAC = "02:00:00:00:09:01"  # the same one when the wire starts again


class Wire:
    """The kernel as the client. Either program may start again; vhost's listens, so that it must be the first."""

    first, second = "echo", "wire"  # who listens, who connects
    ends = "net_vhost0,iface={}", "net_virtio_user0,path={}"

    @classmethod
    def setUpClass(cls):
        cls.rig = cls.enterClassContext(Rig(no_huge=True))
        cls.control = os.path.join(cls.rig.folder, "control")
        cls.path = os.path.join(cls.rig.folder, "socket")
        cls.device = dict(zip((cls.first, cls.second), (end.format(cls.path) for end in cls.ends)))
        cls.lines = {
            "echo": ["nsk-echo", "-d", cls.device["echo"], "-a", f"{STACK}/24", "--quiet", "--tcp", 7, "--udp", 7, "--no-huge",
                     "--control", cls.control],
            "wire": ["nsk-wire", "-d", cls.device["wire"], "-d", f"net_tap0,iface={TAP},persist,mac={TAP_MAC}", "--no-huge"],
        }
        cls.programs = {}
        cls.start(cls.first)
        cls.start(cls.second)
        cls.addClassCleanup(run, "ip", "link", "del", TAP)
        run("ip", "addr", "add", f"{KERNEL}/24", "dev", TAP)
        run("ip", "link", "set", TAP, "up")
        cls.way()

    @classmethod
    def tearDownClass(cls):
        for name in (cls.second, cls.first):
            cls.end(name)

    @classmethod
    def start(cls, name):
        program = cls.programs[name] = cls.rig.start(*cls.lines[name])

        def ready():
            if name == cls.first:  # virtio-user that listens starts when somebody has connected
                return os.path.exists(cls.path)
            return os.path.exists(cls.control) if name == "echo" else "joined" in program.said
        until(f"the {name}", lambda: program.need() and ready(), PATIENCE_S)

    @classmethod
    def end(cls, name):
        program = cls.programs[name]
        status = program.end(PATIENCE_S)
        if status or "packet buffers still out" in program.said:
            raise AssertionError(f"{program.text}: ended with status {status}\n{program.said}")

    @classmethod
    def way(cls):
        until("a way to the stack", lambda: all(p.need() for p in cls.programs.values())
              and " 1 received" in run("ping", "-n", "-c", "1", "-W", "1", STACK, check=False), PATIENCE_S)

    def interface(self):
        return json.loads(run(find_program("nskctl"), "-j", "-s", self.control, "interfaces"))["interfaces"][0]

    # ---- the tests

    def test_arp_and_pings_are_answered(self):
        run("ip", "neigh", "flush", "dev", TAP)
        for size in (0, 56, 1500 - IP4_HEADERS, 4500):
            said = run("ping", "-n", "-c", "5", "-i", "0.02", "-w", str(PATIENCE_S), "-s", str(size), STACK, check=False)
            self.assertRegex(said, r"\b([5-9]|\d\d+) received")
        self.assertIn("lladdr", run("ip", "neigh", "show", STACK, "dev", TAP))

    def test_datagrams_come_back(self):
        with connect(kind=socket.SOCK_DGRAM) as sock:
            sock.settimeout(1)
            for size in (0, 1, 17, 18, 19, 1500 - IP4_HEADERS, 1500 - IP4_HEADERS + 1, 5000, 20000):
                data = os.urandom(size)

                def comes_back(data=data):
                    sock.send(data)
                    try:
                        return sock.recv(65536) == data
                    except TimeoutError:
                        return False
                until(f"a datagram of {size} bytes", comes_back, PATIENCE_S)

    def test_bytes_come_back(self):
        before, wrong, again = self.interface()["port"], snmp("Tcp", "InCsumErrors"), snmp("Tcp", "RetransSegs")
        took = echo(self, SIZE)
        after = self.interface()["port"]
        for way in ("rx_bytes", "tx_bytes"):
            self.assertGreater(after[way] - before[way], SIZE, way)
        self.assertEqual((after["rx_errors"], after["tx_unfit"]), (0, 0))
        self.assertEqual(snmp("Tcp", "InCsumErrors"), wrong, "wrong checksums of ours")
        fact(f"{self.device['echo'].split(',')[0]}: {SIZE // MIB} MiB, {throughput(SIZE, took)}, "
             f"the kernel sent {snmp('Tcp', 'RetransSegs') - again} segments again")

    def test_it_starts_again(self):
        for _ in range(2):
            self.end("echo")
            if self.first == "echo":  # nsk-wire's end, a client, does not connect again
                self.end("wire")
                self.start("echo")
                self.start("wire")
            else:
                self.start("echo")
            self.way()
        echo(self, MIB)


class Listener(Wire):
    """The echo listens: its peer may go and come back."""

    def test_a_transfer_outlives_the_other_end(self):
        """The wire's end goes and comes back while bytes flow; the echo sees its link go and come."""
        enough = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            transfer = pool.submit(echo_until, enough)
            try:
                before = self.interface()["port"]["rx_bytes"]
                until("bytes", lambda: self.interface()["port"]["rx_bytes"] > before + MIB, PATIENCE_S)
                self.end("wire")
                until("no link", lambda: not self.interface()["link_up"], PATIENCE_S)
                self.start("wire")
                until("the link", lambda: self.interface()["link_up"], PATIENCE_S)
                before = self.interface()["port"]["rx_bytes"]
                until("bytes again", lambda: self.interface()["port"]["rx_bytes"] > before + MIB, PATIENCE_S)
            finally:
                enough.set()
            sent, heard = transfer.result()
        self.assertEqual(heard, sent, "number and hash of what came back, and of what was sent")
        self.assertEqual(snmp("Tcp", "InCsumErrors"), 0, "wrong checksums of ours")
        fact(f"{sent[0] / MIB:.0f} MiB over a wire whose end went once")


class Vhost(Listener, unittest.TestCase):
    pass


class VirtioUserListens(Listener, unittest.TestCase):
    ends = "net_virtio_user0,path={},server=1", "net_vhost0,iface={},client=1"


class VirtioUser(Wire, unittest.TestCase):
    first, second = "wire", "echo"


class VirtioUserPacked(VirtioUser):
    ends = "net_vhost0,iface={}", "net_virtio_user0,path={},packed_vq=1"


class VirtioUserUnmerged(VirtioUser):
    ends = "net_vhost0,iface={}", "net_virtio_user0,path={},mrg_rxbuf=0"


class Ours(unittest.TestCase):
    """Ours at both ends, each as client and as server, with jumbo frames."""

    def meet(self, server_end, client_end, path, vhost_first):
        options = ["--no-huge", "-o", f"mtu={JUMBO}"]
        lines = [("server", ["nsk-echo", "-d", server_end, "-a", f"{STACK}/24", "--quiet", "--tcp", 7, "--udp", 7, *options], {}),
                 ("client", ["netns_client", "-d", client_end, "-a", f"{KERNEL}/24", *options], {"stdin": self.reading})]
        programs = {}
        for name, line, more in lines if vhost_first == "server" else reversed(lines):
            program = programs[name] = self.rig.start(*line, **more)
            until("vhost's socket", lambda p=program: p.need() and os.path.exists(path), PATIENCE_S)
        until("the client", lambda: programs["client"].need() and "ready" in programs["client"].said, PATIENCE_S)
        return programs["server"], programs["client"]

    def ask(self, client, *words):
        def answers():
            return [line for line in client.said.split("\n")[:-1] if not line.startswith("netstk ")]
        before = len(answers())
        os.write(self.commands, (" ".join(map(str, words)) + "\n").encode())
        until("the client's answer", lambda: client.need() and len(answers()) > before, PATIENCE_S)
        return answers()[-1]

    def check(self, vhost_first, ring=""):
        self.rig = self.enterContext(Rig(no_huge=True))
        self.reading, self.commands = os.pipe()
        path, (vhost, user) = self.rig.vhost()
        ends = (vhost, user + ring) if vhost_first == "server" else (user + ring, vhost)
        server, client = self.meet(*ends, path, vhost_first)
        words = self.ask(client, "tcp", STACK, 7, SIZE).split()
        self.assertEqual(words[::3], ["sent", "received"], words)
        sent, received = (Flow(int(words[at]), int(words[at + 1], 16)) for at in (1, 4))
        self.assertEqual(sent.count, SIZE)
        self.assertEqual(received, sent)
        self.assertEqual(self.ask(client, "udp", STACK, 7), "received hello")
        os.close(self.commands)
        os.close(self.reading)
        until("the client's end", lambda: not client.running(), PATIENCE_S)
        for program in (client, server):
            self.assertEqual(program.end(PATIENCE_S), 0, program.said)
            self.assertNotIn("packet buffers still out", program.said)

    def test_vhost_serves(self):
        self.check("server")

    def test_virtio_user_serves(self):
        self.check("client")

    def test_virtio_user_serves_with_a_packed_ring(self):
        self.check("client", ",packed_vq=1")


if __name__ == "__main__":
    main()
