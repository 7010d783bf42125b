#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""ECN with the kernel's stack: who asks is agreed with, and each side sees ECT on the other's data (RFC 3168)."""
import socket

from client import ClientTest, as_it_comes
from tap import MIB, TapTest, connect, echo, main, run

ECN, ECN_SEEN = 8, 16  # tcpi_options


def options(sock):
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[5] & (ECN | ECN_SEEN)


class KernelAsks(TapTest):
    def test_the_stack_agrees(self):
        run("sysctl", "-q", "-w", "net.ipv4.tcp_ecn=1")
        with connect() as sock:
            sock.sendall(b"x" * 10000)
            count = 0
            while count < 10000:
                count += len(sock.recv(10000))
            self.assertEqual(options(sock), ECN | ECN_SEEN)
        echo(self, MIB)

    def test_the_stack_is_not_asked(self):
        run("sysctl", "-q", "-w", "net.ipv4.tcp_ecn=2")
        with connect() as sock:
            sock.sendall(b"x")
            self.assertEqual(sock.recv(1), b"x")
            self.assertEqual(options(sock), 0)


class StackAsks(ClientTest):
    program_line = ["netns_client", "-o", "tcp.ecn=ask"]

    def seen_by(self, setting):
        """What the kernel's server sees when its setting is this."""
        seen = []

        def behave(sock, received, sent):
            as_it_comes(sock, received, sent)
            seen.append(options(sock))

        run("sysctl", "-q", "-w", f"net.ipv4.tcp_ecn={setting}")
        self.transfer(MIB, behave)
        return seen[0]

    def test_the_kernel_agrees(self):
        self.assertEqual(self.seen_by(1), ECN | ECN_SEEN)

    def test_the_kernel_refuses(self):
        self.assertEqual(self.seen_by(0), 0)


if __name__ == "__main__":
    main()
