#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A stack's interfaces on VLANs of a tap, against a peer that writes and reads tags by itself: the kernel here may have no
802.1Q, but hands whole frames to packet sockets, the outermost tag beside them."""
import socket
import struct
import time
import unittest

from tap import PATIENCE_S, TAP, Rig, TapTest, main, run, until

ETH_P_ALL, SOL_PACKET, PACKET_AUXDATA, VLAN_VALID = 3, 263, 8, 1 << 4
Q, AD, IP, ARP, ICMP = 0x8100, 0x88A8, 0x0800, 0x0806, 1
PEER = bytes.fromhex("02000000aa01")
# Tags as (type, number), the peer's address and the stack's.
LINKS = {
    "single": ([(Q, 100)], "10.9.1.1", "10.9.1.2"),
    "double": ([(AD, 10), (Q, 100)], "10.9.2.1", "10.9.2.2"),
}


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def tagged(dst, tags, kind, payload):
    return dst + PEER + b"".join(struct.pack("!HH", *tag) for tag in tags) + struct.pack("!H", kind) + payload


def arp(op, sender, target):
    return struct.pack("!HHBBH6s4s6s4s", 1, IP, 6, 4, op, PEER, socket.inet_aton(sender), bytes(6), socket.inet_aton(target))


def echo(sender, target, sequence, data):
    message = struct.pack("!BBHHH", 8, 0, 0, 7, sequence) + data
    message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(message), 0, 0x4000, 64, ICMP, 0, socket.inet_aton(sender),
                         socket.inet_aton(target))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + message


class Vlans(TapTest):
    program_line = [*TapTest.program_line, "-d", "vlan:net_tap0,100", "-a", "10.9.1.2/24", "-d", "vlan:net_tap0,10.100", "-a",
                    "10.9.2.2/24"]

    def setUp(self):
        self.wire = self.enterContext(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)))
        self.wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.wire.bind((TAP, 0))
        self.wire.settimeout(1)

    def frame(self):
        """The next frame as it was on the wire: addresses, tags, type, payload; None after a second."""
        try:
            data, control, _, _ = self.wire.recvmsg(70000, 256)
        except TimeoutError:
            return None
        tags, at = [], 12
        for level, kind, aux in control:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", aux)
                if status & VLAN_VALID:
                    tags.append((tpid or Q, tci & 0xFFF))
        while struct.unpack_from("!H", data, at)[0] in (Q, AD):
            kind, tci = struct.unpack_from("!HH", data, at)
            tags.append((kind, tci & 0xFFF))
            at += 4
        return data[:6], data[6:12], tags, struct.unpack_from("!H", data, at)[0], data[at + 2:]

    def ask(self, question, fits):
        """Sends a frame until something that fits has come."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            self.wire.send(question)
            while (frame := self.frame()) is not None:
                if frame[0] == PEER and fits(frame):
                    return frame
        raise AssertionError("no answer")

    def test_arp_and_ping_on_each_vlan(self):
        for name, (tags, own, stack) in LINKS.items():
            with self.subTest(link=name):
                answer = self.ask(tagged(b"\xff" * 6, tags, ARP, arp(1, own, stack)),
                                  lambda f, t=tags: f[2] == t and f[3] == ARP and f[4][6:8] == b"\0\2")
                mac = answer[1]
                self.assertEqual(answer[4][14:18], socket.inet_aton(stack))
                # The kernel lets a packet socket send one tag beyond the MTU, not two.
                for sequence, size in enumerate((0, 56, 1400)):
                    data = bytes(i & 255 for i in range(size))
                    answer = self.ask(tagged(mac, tags, IP, echo(own, stack, sequence, data)),
                                      lambda f, t=tags, s=sequence: f[2] == t and f[3] == IP and f[4][20] == 0 and
                                      f[4][26:28] == struct.pack("!H", s))
                    self.assertEqual(answer[4][28:28 + size], data)
                    self.assertEqual(checksum(answer[4][:20]), 0)
                    self.assertEqual(checksum(answer[4][20:28 + size]), 0)

    def test_what_is_on_another_vlan_gets_no_answer(self):
        _, own, stack = LINKS["single"]
        for tags in ([], [(Q, 101)], [(AD, 100)], [(AD, 10), (Q, 100)]):
            self.wire.send(tagged(b"\xff" * 6, tags, ARP, arp(1, own, stack)))
        # When this one is answered, the others were looked at.
        answer = self.ask(tagged(b"\xff" * 6, [(Q, 100)], ARP, arp(1, own, stack)),
                          lambda f: f[3] == ARP and f[4][6:8] == b"\0\2")
        self.assertEqual(answer[2], [(Q, 100)])


class AfPacket(unittest.TestCase):
    """The kernel hands tags over beside the frame, and DPDK's driver takes each for one of 802.1Q."""

    def test_two_numbers_are_refused_where_they_would_not_be_heard(self):
        rig = self.enterContext(Rig(no_huge=True))
        run("ip", "link", "add", "nskv0", "type", "veth", "peer", "name", "nskv1")
        for numbers in ("100", "10.100"):
            program = rig.start("nsk-echo", "-d", "net_af_packet0,iface=nskv0", "-a", "10.9.0.2/24", "-d", f"vlan:net_af_packet0,{numbers}",
                                "-a", "10.9.1.2/24", "--no-huge", "--duration", 0.1)
            until("the end", lambda p=program: not p.running(), PATIENCE_S)
            self.assertEqual("hands tags of 802.1ad over as tags of 802.1Q" in program.said, "." in numbers, program.said)
            self.assertEqual(program.process.returncode == 0, "." not in numbers, program.said)


if __name__ == "__main__":
    main()
