#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""ECN with the kernel's stack: who asks is agreed with, each side sees ECT on the other's data, and marks slow each side down
(RFC 3168). nsk-wire makes the marks."""
import concurrent.futures
import os
import re
import socket

from client import ClientTest, as_it_comes
from tap import MIB, TapTest, connect, echo, fact, main, receive_to_end, run, send_noise, snmp, tcp_info
from rig import find_program  # after tap, which says where it is

ECN, ECN_SEEN = 8, 16  # tcpi_options
DELIVERED_CE = 196  # tcpi_delivered_ce: what the other side said of marks on our data
MARKING = "rate=8mbit,ecn_threshold=10000,delay=2ms,queue=4000,seed=5"
SIZE = 3 * MIB


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


class KernelAsksAndStackIsMarked(TapTest):
    # The way back is the narrow one: at the same rate nothing that is echoed would have to wait.
    faults = f"{MARKING},rx.rate=100mbit"
    control = f"/tmp/nsk-ecn-{os.getpid()}.sock"
    program_line = [*TapTest.program_line, "--control", control]

    def test_the_stack_slows_down(self):
        run("sysctl", "-q", "-w", "net.ipv4.tcp_ecn=1")
        with concurrent.futures.ThreadPoolExecutor(1) as pool, connect() as sock:
            sender = pool.submit(send_noise, sock, 5, SIZE)
            self.assertEqual(receive_to_end(sock), (SIZE, sender.result()))
        marked = snmp("IpExt", "InCEPkts")
        said = run(find_program("nskctl"), "-s", self.control, "-j", "counters")
        ours = int(re.search(r'"tcp_ecn_reductions": *(\d+)', said)[1])
        fact(f"marks that the kernel met {marked}, windows that the stack reduced {ours}")
        self.assertGreater(marked, 0)
        self.assertGreater(ours, 0)


class StackAsksAndBothAreMarked(ClientTest):
    program_line = ["netns_client", "-o", "tcp.ecn=ask"]
    # What is echoed has to wait as well: its way is the narrower one.
    faults = f"{MARKING},rx.rate=4mbit"

    def test_both_hear_of_marks(self):
        theirs = []

        def behave(sock, received, sent):
            as_it_comes(sock, received, sent)
            theirs.append(tcp_info(sock, DELIVERED_CE))

        run("sysctl", "-q", "-w", "net.ipv4.tcp_ecn=1")
        before = snmp("IpExt", "InCEPkts")
        heard = self.transfer(SIZE, behave)
        self.assertEqual(heard.client_received, heard.client_sent)
        marked = snmp("IpExt", "InCEPkts") - before
        fact(f"marks that the kernel met {marked}, was told of {theirs[0]}")
        self.assertGreater(marked, 0)
        self.assertGreater(theirs[0], 0)


if __name__ == "__main__":
    main()
