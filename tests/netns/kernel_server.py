#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Our client sends 1 byte to 100 MiB to an echo server of the kernel while it receives what comes back; both sides' CRCs."""
import concurrent.futures
import socket
import time

from client import ClientTest, as_it_comes, slowly
from tap import KERNEL, MIB, PATIENCE_S, SMALL, STACK, fact, main, throughput

MSS = 1460
BIGGEST = (8 if SMALL else 100) * MIB


class KernelServer(ClientTest):
    def test_bytes_come_back(self):
        for size in (0, 1, 2, MSS - 1, MSS, MSS + 1, 65536, MIB, BIGGEST):
            with self.subTest(size=size):
                began = time.monotonic()
                heard = self.transfer(size, as_it_comes)
                self.assertEqual(heard.client_received, heard.client_sent)
                if size >= MIB:
                    fact(f"{size // MIB} MiB: {throughput(size, time.monotonic() - began)}")

    def test_a_datagram_is_answered(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, concurrent.futures.ThreadPoolExecutor(1) as pool:
            sock.bind((KERNEL, 0))
            sock.settimeout(PATIENCE_S)
            answer = pool.submit(self.ask, "udp", *sock.getsockname())
            data, sender = sock.recvfrom(64)
            self.assertEqual((data, sender[0]), (b"hello", STACK))
            sock.sendto(b"goodbye", sender)
            self.assertEqual(answer.result(), "received goodbye")

    def test_packets_interrupt_no_call_that_waits(self):
        self.transfer(8 * MIB, slowly)


if __name__ == "__main__":
    main()
