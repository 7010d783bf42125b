#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Multicast with the kernel on the other side: datagrams to groups both ways, and what a member of ours says of them on the link,
byte by byte, at first and when a querier asks (the test plays one through the kernel's raw sockets)."""
import socket
import struct
import time

from client import ClientTest
from tap import PATIENCE_S, TAP, main, run, until

GROUP4, GROUP6, PORT = "239.9.9.1", "ff15::9:1", 5000
STACK6, KERNEL6 = "fd09::2", "fd09::1"
IPV6_HOPOPTS, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_IF = 54, 18, 17
ETH_P_ALL = 3
TO_IN, TO_EX, IS_EX = 3, 4, 2


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def index():
    return socket.if_nametoindex(TAP)


class Groups(ClientTest):
    """A member on a tap, and all that passes there."""

    program_line = ["netns_member", "-a", f"{STACK6}/64"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        run("ip", "-6", "addr", "add", f"{KERNEL6}/64", "dev", TAP, "nodad")
        until("the kernel's link-local address", lambda: "tentative" not in run("ip", "-6", "addr", "show", "dev", TAP),
              PATIENCE_S)

    def setUp(self):
        self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.addCleanup(self.wire.close)
        self.wire.bind((TAP, ETH_P_ALL))
        self.wire.settimeout(1)

    def packet(self, wanted):
        """The next packet of the stack's that is wanted: what that makes of it."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                frame, where = self.wire.recvfrom(2048)
            except TimeoutError:
                continue
            found = where[2] != socket.PACKET_OUTGOING and wanted(frame)
            if found:
                return found
        self.fail("no such packet came")
        return None

    def igmp(self, kind):
        def wanted(frame):
            if frame[12:14] != b"\x08\x00" or frame[23] != 2 or frame[38] != kind:
                return None
            ip, message = frame[14:38], frame[38:]
            self.assertEqual(ip[0], 0x46)
            self.assertEqual((ip[8], ip[1], ip[20:24]), (1, 0xc0, b"\x94\x04\0\0"))
            self.assertEqual(checksum(ip), 0)
            self.assertEqual(checksum(message), 0)
            return ip, message
        return self.packet(wanted)

    def mld(self, kind, group):
        def wanted(frame):
            if frame[12:14] != b"\x86\xdd" or frame[20] != 0 or frame[62] != kind:
                return None
            ip, options, message = frame[14:54], frame[54:62], frame[62:]
            self.assertEqual(ip[7], 1)
            self.assertEqual(options, b"\x3a\0\x05\x02\0\0\x01\0")
            self.assertEqual(checksum(ip[8:40] + struct.pack("!II", len(message), 58) + message), 0)
            return (ip, message) if socket.inet_pton(socket.AF_INET6, group) in message else None
        return self.packet(wanted)


class Members(Groups):
    def test_what_is_sent_comes_to_members_on_both_sides(self):
        for family, group in ((socket.AF_INET, GROUP4), (socket.AF_INET6, GROUP6)):
            with self.subTest(group=group), socket.socket(family, socket.SOCK_DGRAM) as sock:
                level = socket.IPPROTO_IPV6 if family == socket.AF_INET6 else socket.IPPROTO_IP
                sock.settimeout(PATIENCE_S)
                sock.bind(("", PORT))
                name = struct.pack("HH", family, 0)
                name += (b"\0" * 4 if family == socket.AF_INET6 else b"") + socket.inet_pton(family, group)
                sock.setsockopt(level, 42, struct.pack("I4x", index()) + name.ljust(128, b"\0"))  # MCAST_JOIN_GROUP
                if family == socket.AF_INET6:
                    sock.setsockopt(level, IPV6_MULTICAST_IF, index())
                else:
                    sock.setsockopt(level, socket.IP_MULTICAST_IF, struct.pack("=4s4si", b"\0" * 4, b"\0" * 4, index()))
                sock.setsockopt(level, IPV6_MULTICAST_HOPS if family == socket.AF_INET6 else socket.IP_MULTICAST_TTL, 1)
                self.assertEqual(self.ask("join", group), "ok")
                self.assertEqual(self.ask("join", group), "EADDRINUSE")
                sock.sendto(b"from-the-kernel", (group, PORT))
                self.assertEqual(self.ask("hear", group), "from-the-kernel")
                self.assertEqual(sock.recv(64), b"from-the-kernel")  # its own copy
                self.assertEqual(self.ask("say", group, "from-the-stack"), "ok")
                self.assertEqual(sock.recv(64), b"from-the-stack")
                self.assertEqual(self.ask("hear", group), "from-the-stack")  # and ours
                self.assertEqual(self.ask("leave", group), "ok")

    def test_joining_and_leaving_is_reported(self):
        group = socket.inet_aton(GROUP4)
        self.assertEqual(self.ask("join", GROUP4), "ok")
        for kind, change in ((TO_EX, "leave"), (TO_IN, None)):
            for _ in range(2):
                ip, message = self.igmp(0x22)
                self.assertEqual(socket.inet_ntoa(ip[16:20]), "224.0.0.22")
                self.assertEqual(message[4:], struct.pack("!HHBBH4s", 0, 1, kind, 0, 0, group))
            if change:
                self.assertEqual(self.ask(change, GROUP4), "ok")
        self.assertEqual(self.ask("join", GROUP6), "ok")
        for kind, change in ((TO_EX, "leave"), (TO_IN, None)):
            for _ in range(2):
                ip, message = self.mld(143, GROUP6)
                self.assertEqual(socket.inet_ntop(socket.AF_INET6, ip[24:40]), "ff02::16")
                self.assertTrue(ip[8:10] == b"\xfe\x80" or ip[8:24] == bytes(16))
                self.assertEqual(message[8:12], struct.pack("!BBH", kind, 0, 0))
            if change:
                self.assertEqual(self.ask(change, GROUP6), "ok")


class Igmp(Groups):
    def test_a_querier_is_answered_in_its_version(self):
        self.assertEqual(self.ask("join", GROUP4), "ok")
        for _ in range(2):
            self.igmp(0x22)
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP) as querier:
            querier.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x94\x04\0\0")
            querier.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
            querier.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", b"\0" * 4, b"\0" * 4, index()))
            for version, body in ((3, struct.pack("!BBH", 2, 125, 0)), (2, b"")):
                query = struct.pack("!BBH4s", 0x11, 5, 0, b"\0" * 4) + body
                query = query[:2] + struct.pack("!H", checksum(query)) + query[4:]
                querier.sendto(query, ("224.0.0.1", 0))
                if version == 3:
                    _, message = self.igmp(0x22)
                    self.assertEqual(message[8:], struct.pack("!BBH4s", IS_EX, 0, 0, socket.inet_aton(GROUP4)))
                else:
                    ip, message = self.igmp(0x16)
                    self.assertEqual((ip[16:20], message[4:]), (socket.inet_aton(GROUP4),) * 2)
        self.assertEqual(self.ask("leave", GROUP4), "ok")
        ip, message = self.igmp(0x17)
        self.assertEqual((socket.inet_ntoa(ip[16:20]), message[4:]), ("224.0.0.2", socket.inet_aton(GROUP4)))


class Mld(Groups):
    def test_a_querier_is_answered_in_its_version(self):
        self.assertEqual(self.ask("join", GROUP6), "ok")
        while self.mld(143, GROUP6)[0][8:10] != b"\xfe\x80":  # from its own address once that is sure
            pass
        with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as querier:
            querier.setsockopt(socket.IPPROTO_IPV6, IPV6_HOPOPTS, b"\0\0\x05\x02\0\0\x01\0")
            querier.setsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1)
            querier.setsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_IF, index())
            for version, body in ((2, struct.pack("!BBH", 2, 125, 0)), (1, b"")):
                querier.sendto(struct.pack("!BBHHH", 130, 0, 0, 500, 0) + bytes(16) + body, ("ff02::1", 0, 0, index()))
                ip, message = self.mld(143 if version == 2 else 131, GROUP6)
                while version == 2 and message[8] != IS_EX:  # what is still to be said of joining
                    ip, message = self.mld(143, GROUP6)
                self.assertEqual(ip[8:10], b"\xfe\x80")
                if version == 1:
                    self.assertEqual(ip[24:40], message[8:24])
        self.assertEqual(self.ask("leave", GROUP6), "ok")
        ip, _ = self.mld(132, GROUP6)
        self.assertEqual(socket.inet_ntop(socket.AF_INET6, ip[24:40]), "ff02::2")


if __name__ == "__main__":
    main()
