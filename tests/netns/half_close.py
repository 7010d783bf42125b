#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A side that has ended still hears everything, whoever ends first: RFC 9293 §3.6, cases 1 and 2."""
import hashlib
import random
import socket

from client import ClientTest, after_the_end, ends_at_once
from tap import MIB, TapTest, connect, main, receive_to_end


class KernelEndsFirst(TapTest):
    program_line = [*TapTest.program_line, "--http", 80]

    def test_it_hears_the_whole_echo_afterwards(self):
        for size in (1, 1000, 16384):
            with self.subTest(size=size), connect() as sock:
                data = random.Random(size).randbytes(size)
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(receive_to_end(sock), (size, hashlib.blake2b(data).hexdigest()))

    def test_it_ends_without_having_sent_anything(self):
        with connect() as sock:
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(sock.recv(1), b"")

    def test_the_stack_ends_first_after_an_answer(self):
        with connect(80) as sock:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b""
            while part := sock.recv(4096):
                answer += part
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)
            self.assertEqual(len(answer.partition(b"\r\n\r\n")[2]), 64)


class StackEndsFirst(ClientTest):
    def test_it_hears_the_whole_answer_afterwards(self):
        for size in (0, 1, 16384, MIB):
            with self.subTest(size=size):
                heard = self.transfer(size, after_the_end)
                self.assertEqual(heard.client_received, heard.server_sent)
                self.assertEqual(heard.client_received.count, size)


class KernelServerEndsFirst(ClientTest):
    def test_it_hears_everything_afterwards(self):
        for size in (0, 1, 16384, 4 * MIB):
            with self.subTest(size=size):
                heard = self.transfer(size, ends_at_once)
                self.assertEqual(heard.client_received.count, 0)


if __name__ == "__main__":
    main()
