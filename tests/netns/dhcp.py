#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""dnsmasq leases an address to nsk-echo -a dhcp: the kernel reaches it, by its routes too, it is renewed, and when dnsmasq does
not know it any more another one takes its place.

    kernel (dnsmasq, 10.77.0.1/24)  nsk0 ~~~ tap ~~~ nsk-echo -a dhcp
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import unittest

from tap import PATIENCE_S, TAP, main, run, until
from rig import Rig, find_program  # after tap, which says where it is

SERVER, FAR, DNS = "10.77.0.1", "10.88.0.1", "10.77.0.53"
TWIN = "eth0k"


class Client(unittest.TestCase):
    control = f"/tmp/nsk-dhcp-{os.getpid()}.sock"
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.rig = cls.enterClassContext(Rig(no_huge=True))
        cls.program = cls.rig.start("nsk-echo", "-d", f"net_tap0,iface={TAP}", "-a", "dhcp", "--no-huge", "--quiet",
                                    "--tcp", 7, "--udp", 7, "--control", cls.control, *cls.options)
        until("the tap", lambda: cls.program.need() and "link " in cls.program.said and
              os.path.exists(f"/proc/sys/net/ipv4/conf/{TAP}"), PATIENCE_S)
        run("ip", "addr", "add", f"{SERVER}/24", "dev", TAP)
        run("ip", "link", "set", TAP, "up")
        run("ip", "link", "set", "lo", "up")
        run("ip", "addr", "replace", f"{FAR}/32", "dev", "lo")

    @classmethod
    def tearDownClass(cls):
        status = cls.program.end(PATIENCE_S)
        if status:
            raise AssertionError(f"ended with status {status}\n{cls.program.said}")

    def serve(self, low, high):
        """A server that knows of no lease."""
        folder = self.rig.folder
        path = os.path.join(folder, f"leases-{low}")
        return subprocess.Popen(
            [DNSMASQ, "--no-daemon", "--conf-file=/dev/null", "--port=0", f"--interface={TAP}", "--bind-interfaces",
             "--user=root", "--no-ping", "--dhcp-authoritative", f"--dhcp-range=10.77.0.{low},10.77.0.{high},255.255.255.0,1h",
             f"--dhcp-option=option:router,{SERVER}", f"--dhcp-option=option:dns-server,{DNS}", "--dhcp-option=option:mtu,1400",
             "--dhcp-option=option:T2,4", f"--dhcp-leasefile={path}",
             f"--pid-file={os.path.join(folder, 'dnsmasq.pid')}", "--log-dhcp", "--log-facility=-"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def nskctl(self, *args):
        return json.loads(run(find_program("nskctl"), "-j", "-s", self.control, *args))

    def lease(self):
        row = self.nskctl("addr", "dev", "net_tap0")["dhcp"][0]
        return row if row.get("address") else None

    def reached(self, address):
        for source in (SERVER, FAR):  # on-link, and by the default route; whole, and in fragments
            for size in (56, 3000):
                said = run("ping", "-n", "-c", "3", "-i", "0.1", "-w", str(PATIENCE_S), "-s", str(size), "-I", source, address,
                           check=False)
                self.assertIn(" 3 received", said)
        with socket.create_connection((address, 7), PATIENCE_S, (FAR, 0)) as sock:
            self.assertLessEqual(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG), 1400 - 40)
            sock.sendall(b"hello")
            self.assertEqual(sock.recv(5, socket.MSG_WAITALL), b"hello")


class Dhcp(Client):
    def sent(self):
        return int(self.nskctl("counters")["counters"]["dhcp_sent"])

    def test_what_dnsmasq_leases_is_had_renewed_and_given_back(self):
        self.assertEqual(self.nskctl("addr", "dev", "net_tap0")["addresses"], [])
        self.assertRegex(run(find_program("nskctl"), "-s", self.control, "interfaces"),
                         r"addresses +none yet: a DHCP server .*\n +dhcp +(init|selecting)")
        dnsmasq = self.serve(50, 60)
        try:
            until("a lease", lambda: dnsmasq.poll() is None and self.lease(), PATIENCE_S)
            row = self.lease()
            address = row["address"].split("/")[0]
            self.assertRegex(row["address"], r"^10\.77\.0\.(5\d|60)/24$")
            self.assertEqual(row["server"], SERVER)
            self.assertLessEqual(row["lease_s"], 3600)
            self.reached(address)
            reply = self.nskctl("addr", "dev", "net_tap0")
            self.assertEqual([(entry["server"], entry["iface"]) for entry in reply["dns"]], [(DNS, row["iface"])])
            self.assertEqual([entry["dynamic"] for entry in reply["addresses"]], [True])
            shown = run(find_program("nskctl"), "-s", self.control, "addr")
            self.assertRegex(shown, rf"(?m)^dhcp dev \S+ state \w+ .*address {row['address']} server {SERVER} lease \d+sec ")
            self.assertIn("proto dhcp", run(find_program("nskctl"), "-s", self.control, "route"))
            before = self.sent()
            until("two renewals", lambda: self.sent() >= before + 2, PATIENCE_S)  # after 3 s each: dnsmasq's T1
        finally:
            dnsmasq.terminate()
            said = dnsmasq.communicate()[1]
        self.assertGreaterEqual(said.count("DHCPACK"), 3, said)
        self.assertEqual(said.count("DHCPDISCOVER"), 1, said)
        dnsmasq = self.serve(70, 80)
        try:
            until("another lease", lambda: dnsmasq.poll() is None and (self.lease() or row)["address"] != row["address"],
                  3 * PATIENCE_S)
            self.assertRegex(self.lease()["address"], r"^10\.77\.0\.(7\d|80)/24$")
            self.reached(self.lease()["address"].split("/")[0])
            self.assertEqual(len(self.nskctl("addr", "dev", "net_tap0")["addresses"]), 1)
        finally:
            dnsmasq.terminate()
            said = dnsmasq.communicate()[1]
        self.assertIn("DHCPNAK", said)


class Twin(Client):
    """The kernel's twin beside it: the lease stays the stack's, whatever the rules say, and its MTU is the twin's as well."""

    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(Rig(no_huge=True)).namespace()
        cls.options = "--twin", f"{TWIN},netns=/proc/{cls.host}/ns/net", "--punt", "udp", "--punt", "icmp"
        super().setUpClass()

    def inside(self, *command, check=True):
        return run("nsenter", "-t", str(self.host), "-n", *command, check=check)

    def test_the_twin_has_the_mtu_that_the_server_says(self):
        self.assertIn(" mtu 1500 ", self.inside("ip", "link", "show", TWIN))
        dnsmasq = self.serve(50, 60)
        try:
            until("a lease", lambda: dnsmasq.poll() is None and self.lease(), PATIENCE_S)
            until("the twin's MTU", lambda: " mtu 1400 " in self.inside("ip", "link", "show", TWIN), PATIENCE_S)
            until("the twin's link", lambda: "LOWER_UP" in self.inside("ip", "link", "show", TWIN), PATIENCE_S)
            self.reached(self.lease()["address"].split("/")[0])
            self.inside("ip", "addr", "add", self.lease()["address"], "dev", TWIN)
            # The kernel cuts what is longer, where the wire would not take it.
            for size in (1372, 1473, 3000):
                said = self.inside("ping", "-n", "-c", "3", "-i", "0.1", "-w", str(PATIENCE_S), "-s", str(size), "-M", "dont",
                                   SERVER, check=False)
                self.assertIn(" 3 received", said)
        finally:
            dnsmasq.terminate()
            dnsmasq.communicate()


DNSMASQ = shutil.which("dnsmasq") or shutil.which("dnsmasq", path="/usr/sbin:/sbin")

if __name__ == "__main__":
    if not DNSMASQ:
        print("SKIP: there is no dnsmasq")
        sys.exit(77)
    main()
