#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The way to the kernel: nsk-echo with a twin in a namespace of its own, which has the stack's address. One port of it is the
stack's, another the kernel's; what belongs to the one never disturbs the other.

    kernel (the peer)                             kernel (the host)
    10.9.0.1, fd09::1  nsk0 ~~~ tap ~~~ nsk-echo ~~~ eth0k  10.9.0.2, fd09::2 as well, 10.9.0.3 alone
    (this namespace)            10.9.0.2, fd09::2           (another)
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import unittest

from tap import KERNEL, PATIENCE_S, STACK, TAP, TapTest, connect, echo, main, run, until
from rig import BUILD, Rig, die_with_parent, find_program

TWIN = "eth0k"
TCPDUMP = shutil.which("tcpdump", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
OTHER = "10.9.0.3"  # the twin's alone
KERNEL6, STACK6 = "fd09::1", "fd09::2"
SSH, CLOSED = 22, 23

# An echo server in the kernel of the host's namespace.
SERVER = """
import socket, sys, threading
listener = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
def serve(sock):
    while part := sock.recv(1 << 16):
        sock.sendall(part)
    sock.close()
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


class TwinTest(TapTest):
    punt = "ssh", "icmp"
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(Rig(no_huge=True)).namespace()
        rules = [word for rule in cls.punt for word in ("--punt", rule)]
        cls.program_line = ["nsk-echo", "--quiet", "--tcp", 7, "--udp", 7, "-a", f"{STACK6}/64",
                            "--twin", f"{TWIN},netns=/proc/{cls.host}/ns/net", *rules, *cls.options]
        super().setUpClass()
        run("ip", "-6", "addr", "add", f"{KERNEL6}/64", "dev", TAP, "nodad")
        for address in (f"{STACK}/24", f"{OTHER}/24"):
            cls.inside("ip", "addr", "add", address, "dev", TWIN)
        cls.inside("ip", "-6", "addr", "add", f"{STACK6}/64", "dev", TWIN, "nodad")
        cls.inside("ip", "link", "set", "lo", "up")

    @classmethod
    def inside(cls, *command, check=True):
        return run("nsenter", "-t", str(cls.host), "-n", *command, check=check)

    def link(self):
        """What the host's kernel says of the twin."""
        return self.inside("ip", "-o", "link", "show", TWIN, check=False)

    def serve(self, port):
        """An echo server of the host's kernel."""
        # pylint: disable-next=consider-using-with
        server = subprocess.Popen(["nsenter", "-t", str(self.host), "-n", sys.executable, "-c", SERVER, str(port)],
                                  stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.assertEqual(server.stdout.readline(), "ready\n")


class Both(TwinTest):
    def test_the_twin_has_mac_mtu_and_link_of_the_interface(self):
        said = until("its link", lambda: "LOWER_UP" in self.link() and self.link(), PATIENCE_S)
        self.assertIn(" mtu 1500 ", said)
        mac = re.search(r"link/ether (\S+)", said)[1]
        neighbour = until("the stack's MAC", lambda: self.neighbour(STACK), PATIENCE_S)
        self.assertEqual(mac, neighbour)

    def neighbour(self, address):
        run("ping", "-c", "1", "-W", "1", address, check=False)
        found = re.search(r"lladdr (\S+)", run("ip", "neigh", "show", address, "dev", TAP))
        return found and found[1]

    def test_one_address_has_ports_of_both(self):
        self.serve(SSH)
        for _ in range(3):
            echo(self, 1 << 16)  # the stack's
            self.assertTrue(self.talk(STACK, SSH))
        self.assertTrue(self.talk(STACK6, SSH))
        self.assertTrue(self.talk(OTHER, SSH))

    def talk(self, address, port):
        with socket.create_connection((address, port), timeout=PATIENCE_S) as sock:
            for size in (1, 1000, 100_000):
                data = os.urandom(size)
                sock.sendall(data)
                got = b""
                while len(got) < size:
                    part = sock.recv(size - len(got))
                    self.assertTrue(part)
                    got += part
                self.assertEqual(got, data)
        return True

    def test_what_no_rule_names_the_stack_refuses(self):
        for address in (STACK, STACK6):
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection((address, CLOSED), timeout=PATIENCE_S)

    def test_the_kernel_refuses_what_it_gets_and_does_not_want(self):
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection((STACK, SSH), timeout=PATIENCE_S)
        echo(self, 1 << 16)  # and the stack's connections live

    def test_ping_reaches_both_and_comes_from_both(self):
        for address in (STACK, STACK6, OTHER):
            with self.subTest(address=address):
                self.assertIn(" 0% packet loss", run("ping", "-n", "-c", "3", "-i", "0.2", "-w", str(PATIENCE_S), address))
        for address in (KERNEL, KERNEL6):
            with self.subTest(address=address):
                said = self.inside("ping", "-n", "-c", "3", "-i", "0.2", "-w", str(PATIENCE_S), address)
                self.assertIn(" 0% packet loss", said)

    @unittest.skipUnless(TCPDUMP, "there is no tcpdump")
    def test_tcpdump_does_no_harm(self):
        """It makes the twin promiscuous, and shows what is the kernel's alone."""
        # pylint: disable-next=consider-using-with
        tcpdump = subprocess.Popen(["nsenter", "-t", str(self.host), "-n", TCPDUMP, "-i", TWIN, "-n", "-l", "--immediate-mode"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        try:
            self.assertTrue(any("listening on" in line for line in tcpdump.stderr))
            until("the mode", lambda: "PROMISC" in self.inside("ip", "-d", "link", "show", TWIN) or
                  "promiscuity 1" in self.inside("ip", "-d", "link", "show", TWIN), PATIENCE_S)
            self.serve(SSH)
            for _ in range(3):
                echo(self, 1 << 16)
                self.assertTrue(self.talk(STACK, SSH))
        finally:
            tcpdump.terminate()
            said = tcpdump.communicate()[0]
        self.assertRegex(said, rf"> {re.escape(STACK)}\.22: ")
        self.assertNotRegex(said, rf"> {re.escape(STACK)}\.7: ")

    def test_a_listener_of_the_kernel_does_not_disturb_open_connections(self):
        with connect() as sock:
            sock.sendall(b"one")
            self.assertEqual(sock.recv(3), b"one")
            self.serve(SSH)
            self.assertTrue(self.talk(STACK, SSH))
            sock.sendall(b"two")
            self.assertEqual(sock.recv(3), b"two")


class Link(TwinTest):
    def test_its_link_follows_and_it_goes_with_the_stack(self):
        until("its link", lambda: "LOWER_UP" in self.link(), PATIENCE_S)
        run("ip", "link", "set", TAP, "down")
        until("the link to go", lambda: "NO-CARRIER" in self.link(), PATIENCE_S)
        run("ip", "link", "set", TAP, "up")
        until("the link to come", lambda: "LOWER_UP" in self.link(), PATIENCE_S)
        self.assertEqual(self.program.end(PATIENCE_S), 0, self.program.said)
        self.assertEqual(self.link(), "")


class NoListener(TwinTest):
    punt = ("no-listener",)

    def test_all_that_nobody_takes_is_the_kernels(self):
        self.serve(CLOSED)
        with socket.create_connection((STACK, CLOSED), timeout=PATIENCE_S) as sock:
            sock.sendall(b"x")
            self.assertEqual(sock.recv(1), b"x")
        echo(self, 1 << 16)


class Refused(unittest.TestCase):
    """A twin that cannot be had says why, and where it was asked for."""

    def refused(self, twin, user=False):
        rig = self.enterContext(Rig(no_huge=True))
        path = os.path.join(rig.folder, "twin.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'devices = (\n  {{ device = "pcap:tx=/dev/null";\n    twin = "{twin}"; punt = [ "bgp" ]; }}\n);\n'
                       "no_huge = true;\n")
        os.chmod(rig.folder, 0o755)
        command = [os.path.join(BUILD, "apps", "nsk-echo"), "-c", path, "-a", f"{STACK}/24"]
        if user:
            command = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", *command]
        result = subprocess.run(command, capture_output=True, text=True, env=rig.env, timeout=PATIENCE_S, check=False)
        self.assertIn(result.returncode, (1, 2), result.stderr)
        self.assertIn(f"{path}:3: ", result.stderr)
        return result.stderr

    def test_a_name_that_is_there(self):
        run("ip", "link", "add", "nskdummy", "type", "bridge")
        self.addCleanup(run, "ip", "link", "del", "nskdummy")
        self.refused("nskdummy")

    def test_a_name_that_is_none(self):
        self.assertIn("1 to 15 characters", self.refused("a-name-of-more-letters"))

    def test_a_namespace_that_is_not_there(self):
        self.assertIn("network namespace", self.refused("eth0k,netns=nosuch"))

    def test_rights_that_are_not_there(self):
        self.assertIn("CAP_NET_ADMIN", self.refused("eth0k", user=True))


class TheKernelTakesIt(TwinTest):
    control = f"/tmp/nsk-twin-fate-{os.getpid()}.sock"
    options = ("--control", control)

    def twin(self):
        return json.loads(run(find_program("nskctl"), "-j", "-s", self.control, "interfaces"))["interfaces"][0]["twin"]

    def test_it_is_renamed_then_moved_then_gone(self):
        self.assertEqual(self.twin()["state"], "there")
        self.inside("ip", "link", "set", TWIN, "down")
        self.inside("ip", "link", "set", TWIN, "name", "eth0renamed")
        self.inside("ip", "link", "set", "eth0renamed", "up")
        self.assertRegex(self.twin()["name"], "^eth0renamed")
        self.inside("ip", "link", "set", "eth0renamed", "netns", str(os.getpid()))
        self.assertEqual(self.twin()["state"], "moved")
        run("ip", "link", "del", "eth0renamed")
        until("that it is gone", lambda: self.twin()["state"] == "gone", PATIENCE_S)
        self.assertIn("eth0k: the kernel has taken it away", until("a warning", self.warning, PATIENCE_S))
        self.assertIn(": gone, the kernel has taken it away", run(find_program("nskctl"), "-s", self.control, "interfaces"))
        before = self.processor_s()
        echo(self, 1000)  # the stack goes on
        time.sleep(0.5)
        self.assertLess(self.processor_s() - before, 0.3)  # and sleeps: a dead descriptor is always readable

    def warning(self):
        self.program.need()
        return self.program.said if "taken it away" in self.program.said else ""

    def processor_s(self):
        with open(f"/proc/{self.program.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
