#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A kernel client sends 1 byte to 100 MiB to nsk-echo while it reads what comes back; hashes both ways."""
from tap import MIB, SMALL, TapTest, connect, echo, fact, main, throughput, use_cubic

MSS = 1460
BIGGEST = 8 * MIB if SMALL else 100 * MIB


class TcpEcho(TapTest):
    def test_bytes_come_back(self):
        with connect() as sock:
            fact(f"the kernel's congestion control: {use_cubic(sock)}")
        for size in (0, 1, 2, MSS - 1, MSS, MSS + 1, 2 * MSS, 2 * MSS + 1, 65535, 65536, MIB, BIGGEST):
            with self.subTest(size=size):
                seconds = echo(self, size, seed=size)
                if size >= MIB:
                    fact(f"{size // MIB} MiB: {throughput(size, seconds)}")

    def test_requests_and_answers_take_turns(self):
        with connect() as sock:
            for size in range(1, 3 * MSS, 97):
                sent = bytes(n % 251 for n in range(size))
                sock.sendall(sent)
                heard = b""
                while len(heard) < size and (part := sock.recv(size - len(heard))):
                    heard += part
                self.assertEqual(heard, sent)


if __name__ == "__main__":
    main()
