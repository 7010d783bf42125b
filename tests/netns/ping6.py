#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The kernel finds our IPv6 address by neighbour discovery and gets every answer to its pings, with its bytes; what it
asks of nobody, or with headers that mean nothing here, is answered by the ICMPv6 errors of RFC 4443."""
import re
import socket
import struct
import subprocess

from tap import PATIENCE_S, TAP, TapTest, main, run, until

STACK6, KERNEL6 = "fd09::2", "fd09::1"
COUNT = 20
MTU6 = 1280
DESTINATION, ROUTING, UDP = 60, 43, 17


def ping(count, size, target, *options):
    """What ping says; it compares the bytes itself."""
    return subprocess.run(["ping", "-6", "-n", "-c", str(count), "-i", "0.01", "-s", str(size), *options, target],
                          capture_output=True, text=True, timeout=3 * PATIENCE_S, check=False).stdout


def neighbour():
    """What the kernel's table says of the stack."""
    return run("ip", "-6", "neigh", "show", STACK6, "dev", TAP)


class Six(TapTest):
    program_line = [*TapTest.program_line, "-a", f"{STACK6}/64"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        run("ip", "-6", "addr", "add", f"{KERNEL6}/64", "dev", TAP, "nodad")
        # Its link-local address is there once nobody else has claimed it.
        until("the kernel's link-local address", lambda: "tentative" not in run("ip", "-6", "addr", "show", "dev", TAP),
              PATIENCE_S)


class Ping(Six):
    def test_every_request_is_answered(self):
        for size in (0, 1, 56, 1452, 1453, 20000, 65487):
            with self.subTest(size=size):
                # With -w it goes on until so many are answered, or a few more: the last of them may be late on a busy machine.
                said = ping(COUNT, size, STACK6, "-w", str(PATIENCE_S))
                answers = re.findall(rf"^{size + 8} bytes from {STACK6}: icmp_seq=(\d+) ", said, re.MULTILINE)
                self.assertGreaterEqual(len(answers), COUNT, said)
                self.assertEqual([int(n) for n in answers], list(range(1, len(answers) + 1)), said)
                for complaint in ("DUP!", "wrong data", "truncated", "BAD CHECKSUM", "DIFFERENT ADDRESS"):
                    self.assertNotIn(complaint, said)

    def test_the_link_local_address_answers_and_so_does_the_group_of_all_nodes(self):
        # -L: the kernel does not hear its own question, so that only the stack answers.
        said = ping(1, 56, f"ff02::1%{TAP}", "-L", "-w", str(PATIENCE_S))
        local = re.search(r"bytes from (fe80::[0-9a-f:]+)%", said)
        self.assertTrue(local, said)
        self.assertNotIn(local[1], run("ip", "-6", "addr", "show", "dev", TAP))
        self.assertIn(f"64 bytes from {local[1]}", ping(1, 56, f"{local[1]}%{TAP}", "-w", str(PATIENCE_S)))

    def test_a_neighbour_that_was_forgotten_is_found_again(self):
        run("ip", "-6", "neigh", "flush", "dev", TAP)
        self.assertIn(" 1 received", ping(1, 56, STACK6, "-w", str(PATIENCE_S)))
        self.assertIn("REACHABLE", neighbour())

    def test_the_kernel_hears_that_our_address_is_taken_rfc4862_5_4(self):
        run("ip", "-6", "addr", "add", f"{STACK6}/64", "dev", TAP)
        until("the end of the kernel's question", lambda: "dadfailed" in run("ip", "-6", "addr", "show", "dev", TAP), PATIENCE_S)
        run("ip", "-6", "addr", "del", f"{STACK6}/64", "dev", TAP)


class Errors(Six):
    def errors(self, build):
        """ICMPv6 errors (type, code, what stands in the last word) that a raw socket hears of what build() sends."""
        with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as heard:
            heard.settimeout(PATIENCE_S)
            build()
            while True:
                message = heard.recv(2048)
                if message[0] < 128:
                    return message[0], message[1], struct.unpack_from("!I", message, 4)[0]

    def raw(self, number, payload):
        """An IPv6 packet whose next header is that number."""
        with socket.socket(socket.AF_INET6, socket.SOCK_RAW, number) as sock:
            sock.sendto(payload, (STACK6, 0))

    def test_nobody_at_a_port(self):
        def send():
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
                sock.sendto(b"x", (STACK6, 9))
        self.assertEqual(self.errors(send), (1, 4, 0))

    def test_a_transport_that_is_none(self):
        self.assertEqual(self.errors(lambda: self.raw(253, b"12345678")), (4, 1, 6))

    def test_an_option_that_may_not_be_passed_over(self):
        self.assertEqual(self.errors(lambda: self.raw(DESTINATION, bytes([UDP, 0, 0x80, 4, 0, 0, 0, 0]) + bytes(8))),
                         (4, 2, 42))

    def test_a_route_of_type_0(self):
        self.assertEqual(self.errors(lambda: self.raw(ROUTING, bytes([UDP, 2, 0, 1]) + bytes(20) + bytes(8))), (4, 0, 42))


if __name__ == "__main__":
    main()
