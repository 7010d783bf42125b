#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's bonding device in mode 1, one member active and one in reserve: a connection outlives the active one.

    kernel 10.9.0.1 [ nskbr ] nskw0 --- nsk-wire --- vhost-user --- net_virtio_user0 \\
                              nskw1 --- nsk-wire --- vhost-user --- net_virtio_user1 - net_bonding0 10.9.0.2: the stack
"""
import json
import os
import socket
import time
import unittest

from tap import KERNEL, PATIENCE_S, STACK, fact, main, run, until

# pylint: disable-next=wrong-import-order
from rig import Rig, find_program

BRIDGE = "nskbr"


def answers():
    """Whether the stack answers a ping within a second."""
    return " 1 received" in run("ping", "-n", "-c", "1", "-W", "1", STACK, check=False)


class Bonding(unittest.TestCase):
    def setUp(self):
        self.rig = self.enterContext(Rig(no_huge=True))
        self.control = os.path.join(self.rig.folder, "control")

    def bond(self, members, *arguments):
        """A stack on a bond of these devices."""
        made = " ".join(f"--vdev={member}" for member in members)
        device = "net_bonding0,mode=1," + ",".join(f"slave={member.split(',')[0]}" for member in members)
        return self.rig.start("nsk-echo", "--eal", made, "-d", device, "-a", f"{STACK}/24", "--no-huge", "--tcp", 7, "--control",
                              self.control, *arguments)

    def wire(self, number):
        """nsk-wire between a port of the bridge and a new member: it, and the member's device."""
        path, (server, member) = self.rig.vhost()
        program = self.rig.start("nsk-wire", "-d", server, "-d", f"net_tap0,iface=nskw{number}", "--no-huge")
        until("the socket", lambda: program.need() and os.path.exists(path), PATIENCE_S)
        return program, member.replace("user0", f"user{number}") + f",mac=02:00:00:00:01:{number:02}"

    def link(self):
        said = run(find_program("nskctl"), "-j", "-s", self.control, "interfaces")
        return json.loads(said)["interfaces"][0]["link_up"]

    def echo(self, sock, text):
        sock.sendall(text)
        with sock.makefile("rb") as heard:
            self.assertEqual(heard.read(len(text)), text)

    def test_a_connection_outlives_the_active_member(self):
        wires, members = zip(*(self.wire(number) for number in range(2)))
        program = self.bond(members, "--quiet")
        # An address of its own: else it has one of a port's, and another one when that port is gone.
        run("ip", "link", "add", BRIDGE, "address", "02:00:00:00:00:b1", "type", "bridge", "forward_delay", "0")
        run("ip", "addr", "add", f"{KERNEL}/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        for number, wire in enumerate(wires):
            until("the wire", lambda w=wire: program.need() and w.need() and "joined" in w.said, PATIENCE_S)
            run("ip", "link", "set", f"nskw{number}", "master", BRIDGE)
            run("ip", "link", "set", f"nskw{number}", "up")
        until("the first answer", lambda: program.need() and answers(), PATIENCE_S)
        with socket.create_connection((STACK, 7), timeout=PATIENCE_S) as sock:
            self.echo(sock, b"over the first")
            self.assertEqual(wires[0].end(PATIENCE_S), 0, wires[0].said)
            began = time.monotonic()
            self.echo(sock, b"over the second" * 10000)
            fact(f"the connection went on {time.monotonic() - began:.2f} s after its way was gone")
            self.assertTrue(self.link())
        self.assertEqual(wires[1].end(PATIENCE_S), 0, wires[1].said)
        until("no link", lambda: not self.link(), PATIENCE_S)
        self.assertEqual(program.end(PATIENCE_S), 0, program.said)
        self.assertNotIn("packet buffers still out", program.said)

    def refused(self, *members):
        program = self.bond(members)
        until("the end", lambda: not program.running(), PATIENCE_S)
        self.assertNotEqual(program.process.returncode, 0)
        return program.said.splitlines()[-1]

    def test_what_cannot_be_a_member_is_refused(self):
        _, (server, _) = self.rig.vhost()
        for member in (server, "net_ring0"):
            name = member.split(",")[0]
            self.assertIn(f"{name} can be no member, its MAC address cannot be changed", self.refused(member))

    def test_what_is_said_of_members_is_looked_at(self):
        for members, complaint in (("slave=net_tap7", "there is no device net_tap7: members are made before the bond"),
                                   ("member=net_tap7", "has no argument 'member': it is called 'slave'"),
                                   ("mode=1", "0 members: name 1 to 8, each by ,slave=DEVICE")):
            program = self.rig.start("nsk-echo", "-d", f"net_bonding0,{members}", "-a", f"{STACK}/24", "--no-huge")
            until("the end", lambda p=program: not p.running(), PATIENCE_S)
            self.assertIn(complaint, program.said)

    def test_members_whose_link_nobody_hears_of_are_told(self):
        program = self.bond(["net_tap0,iface=nskt0", "net_tap1,iface=nskt1"])
        until("the bond", lambda: program.need() and "link up" in program.said, PATIENCE_S)
        self.assertIn("net_tap1: DPDK's driver tells nobody that its link went down", program.said)
        self.assertEqual(program.end(PATIENCE_S), 0, program.said)
        self.assertNotIn("packet buffers still out", program.said)


if __name__ == "__main__":
    main()
