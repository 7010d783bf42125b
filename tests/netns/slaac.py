#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""radvd tells of a prefix, itself as router, an MTU and DNS; nsk-echo -a auto takes them: it has an address that the kernel
reaches, whose end comes when radvd says so.

    kernel (radvd, 2001:db8:77::1/64)  nsk0 ~~~ tap ~~~ nsk-echo -a auto
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys

from tap import PATIENCE_S, TAP, TapTest, main, run, until
from rig import find_program  # after tap, which says where it is

PREFIX, ROUTER = "2001:db8:77::", "2001:db8:77::1"
FAR = "2001:db8:ffff::1"
CONFIG = """
interface %s {
    AdvSendAdvert on;
    MinRtrAdvInterval 3;
    MaxRtrAdvInterval 4;
    AdvLinkMTU 1400;
    AdvDefaultLifetime 600;
    AdvDefaultPreference high;
    prefix %s/64 { AdvOnLink on; AdvAutonomous on; AdvValidLifetime 86400; AdvPreferredLifetime 14400; };
    RDNSS 2001:db8:77::53 { AdvRDNSSLifetime 900; };
    DNSSL example.com { AdvDNSSLLifetime 900; };
};
"""


class Slaac(TapTest):
    control = f"/tmp/nsk-slaac-{os.getpid()}.sock"
    program_line = [*TapTest.program_line, "-a", "auto", "--control", control]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, value in (("all/forwarding", "1"), (f"{TAP}/accept_dad", "0")):
            with open(f"/proc/sys/net/ipv6/conf/{name}", "w", encoding="ascii") as file:
                file.write(value)
        run("ip", "-6", "addr", "add", f"{ROUTER}/64", "dev", TAP, "nodad")
        run("ip", "link", "set", "lo", "up")
        run("ip", "-6", "addr", "add", f"{FAR}/128", "dev", "lo", "nodad")
        until("the kernel's link-local address", lambda: "tentative" not in run("ip", "-6", "addr", "show", "dev", TAP),
              PATIENCE_S)

    def nskctl(self, *args):
        return json.loads(run(find_program("nskctl"), "-j", "-s", self.control, *args))

    def auto(self):
        """The address that the prefix made, once it is there."""
        rows = [row for row in self.nskctl("addr")["addresses"] if row["address"].startswith("2001:db8:77:")]
        return rows[0] if rows else None

    def default(self):
        return [row for row in self.nskctl("routes")["routes"] if row["destination"] in ("default", "::/0") and
                ":" in (row["gateway"] or "")]

    def test_what_radvd_says_is_taken_and_ends(self):
        folder = self.rig.folder
        path = os.path.join(folder, "radvd.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(CONFIG % (TAP, PREFIX))
        radvd = subprocess.Popen([RADVD, "-C", path, "-p", os.path.join(folder, "radvd.pid"), "-m", "stderr", "-n"],
                                 stderr=subprocess.PIPE, text=True)
        try:
            until("an address of the prefix", lambda: radvd.poll() is None and self.auto() is not None, PATIENCE_S)
            row = self.auto()
            self.assertTrue(row["dynamic"])
            self.assertLessEqual(row["valid_s"], 86400)
            self.assertLessEqual(row["preferred_s"], 14400)
            address = row["address"].split("/")[0]
            self.assertEqual([route["metric"] for route in self.default()], [1024])
            until("the address", lambda: self.auto()["state"] == "valid", PATIENCE_S)
            for source in (ROUTER, FAR):  # on-link, and by the default route; 1,400 bytes, and in fragments
                for size in (56, 1352, 3000):
                    said = run("ping", "-6", "-n", "-c", "3", "-i", "0.1", "-w", str(PATIENCE_S), "-s", str(size), "-I", source,
                               address, check=False)
                    self.assertIn(" 3 received", said)
            with socket.create_connection((address, 7), PATIENCE_S, (FAR, 0)) as sock:
                mss = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
                sock.sendall(b"hello")
                self.assertEqual(sock.recv(5, socket.MSG_WAITALL), b"hello")
            self.assertLessEqual(mss, 1400 - 60)
            dns = self.nskctl("addr")["dns"]
            self.assertEqual({entry.get("server") or entry.get("domain") for entry in dns}, {"2001:db8:77::53", "example.com"})
            shown = run(find_program("nskctl"), "-s", self.control, "addr")
            self.assertRegex(shown, rf"inet6 {re.escape(row['address'])} scope global dynamic\n")
        finally:
            radvd.terminate()
            said = radvd.communicate()[1]
        # Its last word is that it is no router any more (RFC 4861 6.2.5); the address stays for what is left.
        until("the end of the default route", lambda: not self.default(), PATIENCE_S)
        self.assertIsNotNone(self.auto(), said)


RADVD = shutil.which("radvd") or shutil.which("radvd", path="/usr/sbin:/sbin")

if __name__ == "__main__":
    if not RADVD:
        print("SKIP: there is no radvd")
        sys.exit(77)
    main()
