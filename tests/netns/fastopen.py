#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""TCP Fast Open with the kernel's stack, both as client and as server (RFC 7413)."""
import concurrent.futures
import os
import socket

from client import ClientTest, Flow
from tap import KERNEL, PATIENCE_S, STACK, TapTest, fact, main, read, run

MSG_FASTOPEN, SYN_DATA = 0x20000000, 32
KEYS = [f"{n:08x}-{n:08x}-{n:08x}-{n:08x}" for n in (1, 2, 3)]


def netstat(name):
    """A counter of the kernel in this namespace: netstat("TCPFastOpenActive")."""
    names, values = (line.split() for line in read("/proc/net/netstat").splitlines() if line.startswith("TcpExt:"))
    return int(values[names.index(name)])


def syn_data(sock):
    return bool(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[5] & SYN_DATA)


class KernelConnects(TapTest):
    """Every listener of the stack takes part, as the bits of Linux's setting say."""

    program_line = ["nsk-echo", "--quiet", "--tcp", 7, "-o", "net.ipv4.tcp_fastopen=1027"]

    def request(self, size):
        """Sends so much with the SYN, as far as it fits, and hears it again. Was there data in it?"""
        sent = os.urandom(size)
        with socket.socket() as sock:
            count = sock.sendto(sent, MSG_FASTOPEN, (STACK, 7))  # a timeout would make it a call that does not wait
            sock.settimeout(PATIENCE_S)
            sock.sendall(sent[count:])
            heard = b""
            while len(heard) < size and (part := sock.recv(size)):
                heard += part
            self.assertEqual(heard, sent)
            return syn_data(sock)

    def test_after_a_cookie_data_is_in_the_syn(self):
        run("sysctl", "-q", "-w", "net.ipv4.tcp_fastopen=1")
        self.assertFalse(self.request(100))
        for size in (1, 100, 1000, 20000):
            with self.subTest(size=size):
                self.assertTrue(self.request(size))
        fact(f"TCPFastOpenActive {netstat('TCPFastOpenActive')}, ActiveFail {netstat('TCPFastOpenActiveFail')}")
        self.assertEqual(netstat("TCPFastOpenActive"), 4)
        self.assertEqual(netstat("TCPFastOpenActiveFail"), 0)


class StackConnects(ClientTest):
    def serve(self, listener):
        """Echoes to one client; (what came, whether there was data in the SYN)."""
        received = Flow()
        with listener.accept()[0] as sock:
            sock.settimeout(PATIENCE_S)
            early = syn_data(sock)
            while data := sock.recv(65536):
                received.add(data)
                sock.sendall(data)
        return received, early

    def request(self, listener, size):
        """(was there data in the SYN, and why not) as the client says, who must agree with the server."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            server = pool.submit(self.serve, listener)
            words = self.ask("fastopen", KERNEL, listener.getsockname()[1], size).split()
            received, early = server.result()
        self.assertEqual(words[::3][:2], ["sent", "received"], words)
        self.assertEqual((received.count, f"{received.crc:08x}"), (size, words[2]))
        self.assertEqual(words[1:3], words[4:6])
        self.assertEqual(words[7] == "1", early)
        return early, int(words[9])

    def test_after_a_cookie_data_is_in_the_syn(self):
        run("sysctl", "-q", "-w", "net.ipv4.tcp_fastopen=3")
        run("sysctl", "-q", "-w", f"net.ipv4.tcp_fastopen_key={KEYS[0]}")
        with socket.create_server((KERNEL, 0)) as listener:
            listener.settimeout(PATIENCE_S)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)
            self.assertEqual(self.request(listener, 500), (False, 1))
            for size in (1, 500, 1400, 20000):
                with self.subTest(size=size):
                    self.assertEqual(self.request(listener, size), (True, 0))
            # The kernel's key changes: the old one is good still, then it is not.
            run("sysctl", "-q", "-w", f"net.ipv4.tcp_fastopen_key={KEYS[1]},{KEYS[0]}")
            self.assertEqual(self.request(listener, 500), (True, 0))
            run("sysctl", "-q", "-w", f"net.ipv4.tcp_fastopen_key={KEYS[1]}")
            self.assertEqual(self.request(listener, 500), (True, 0))
            run("sysctl", "-q", "-w", f"net.ipv4.tcp_fastopen_key={KEYS[2]}")
            self.assertEqual(self.request(listener, 500), (False, 2))
            self.assertEqual(self.request(listener, 500), (True, 0))
        self.assertEqual(netstat("TCPFastOpenPassive"), 7)
        self.assertEqual(netstat("TCPFastOpenPassiveFail"), 1)


if __name__ == "__main__":
    main()
