#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A kernel client sends datagrams of every size that one packet holds to nsk-echo, and longer ones in fragments. None is sent
twice: none is lost.
"""
import hashlib
import random
import socket

from tap import PATIENCE_S, STACK, TAP, TapTest, connect, main, run

STACK6, KERNEL6 = "fd09::2", "fd09::1"
MOST = 1500 - 20 - 8
IP_MTU_DISCOVER, IP_PMTUDISC_DONT = 10, 0


class UdpEcho(TapTest):
    program_line = [*TapTest.program_line, "-a", f"{STACK6}/64"]

    def test_datagrams_of_every_size_come_back_whole(self):
        source = random.Random(7)
        sent, heard = hashlib.blake2b(), hashlib.blake2b()
        with connect(kind=socket.SOCK_DGRAM) as sock:
            for size in range(MOST + 1):
                data = source.randbytes(size)
                sock.send(data)
                answer = sock.recv(65536)
                self.assertEqual(len(answer), size)
                sent.update(data)
                heard.update(answer)
        self.assertEqual(heard.hexdigest(), sent.hexdigest())

    def test_longer_ones_go_in_fragments_both_ways(self):
        source = random.Random(8)
        sizes = [MOST + 1, 2952, 2953, 8192, 30000, 65507] + [source.randrange(MOST + 1, 65508) for _ in range(200)]
        with connect(kind=socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
            for size in sizes:
                data = source.randbytes(size)
                sock.send(data)
                self.assertEqual(hashlib.blake2b(sock.recv(65536)).digest(), hashlib.blake2b(data).digest(), size)

    def test_longer_ones_go_in_fragments_by_ipv6_too(self):
        run("ip", "-6", "addr", "add", f"{KERNEL6}/64", "dev", TAP, "nodad")
        source = random.Random(9)
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.settimeout(PATIENCE_S)
            sock.connect((STACK6, 7))
            for size in [1452, 1453, 2896, 2897, 65507] + [source.randrange(1453, 65508) for _ in range(100)]:
                data = source.randbytes(size)
                sock.send(data)
                self.assertEqual(hashlib.blake2b(sock.recv(65536)).digest(), hashlib.blake2b(data).digest(), size)

    def test_answers_go_to_whom_the_question_came_from(self):
        socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(32)]
        for number, sock in enumerate(socks):
            self.addCleanup(sock.close)
            sock.settimeout(60)
            sock.sendto(b"%d" % number, (STACK, 7))
        for number, sock in enumerate(socks):
            self.assertEqual(sock.recvfrom(64), (b"%d" % number, (STACK, 7)))


if __name__ == "__main__":
    main()
