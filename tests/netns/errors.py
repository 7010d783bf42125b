#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Closed ports and hosts that are not there, from either side, as Linux tells them to programs."""
import socket

from client import ClientTest
from tap import KERNEL, TapTest, connect, main

CLOSED = 9
NOBODY, NOBODY_EITHER = "10.9.0.77", "10.9.0.78"
OFF_LINK = "10.99.0.1"


class KernelIsTold(TapTest):
    def test_a_closed_tcp_port_refuses(self):
        for _ in range(20):
            with self.assertRaises(ConnectionRefusedError):
                connect(CLOSED)
        with connect() as sock:  # and an open one does not
            sock.sendall(b"x")
            self.assertEqual(sock.recv(1), b"x")

    def test_a_closed_udp_port_is_told_to_a_connected_socket(self):
        with connect(CLOSED, socket.SOCK_DGRAM) as sock:
            sock.send(b"x")
            with self.assertRaises(ConnectionRefusedError):
                sock.recv(1)


class StackIsTold(ClientTest):
    def test_a_closed_tcp_port_refuses(self):
        for _ in range(20):
            self.assertEqual(self.ask("tcp", KERNEL, CLOSED, 1), "connect: ECONNREFUSED")

    def test_a_closed_udp_port_is_told_to_a_connected_socket(self):
        self.assertEqual(self.ask("udp", KERNEL, CLOSED), "recv: ECONNREFUSED")

    def test_nobody_answers_for_an_address_of_the_link(self):
        self.assertEqual(self.ask("tcp", NOBODY, CLOSED, 1), "connect: EHOSTUNREACH")
        self.assertEqual(self.ask("udp", NOBODY_EITHER, CLOSED), "recv: EHOSTUNREACH")

    def test_a_datagram_socket_connects_to_an_address_that_did_not_answer(self):
        self.assertEqual(self.ask("tcp", NOBODY, CLOSED, 1), "connect: EHOSTUNREACH")
        self.assertIn(self.ask("udp", NOBODY, CLOSED), ("send: EHOSTUNREACH", "recv: EHOSTUNREACH"))

    def test_no_route_leads_there(self):
        self.assertEqual(self.ask("tcp", OFF_LINK, CLOSED, 1), "connect: ENETUNREACH")
        self.assertEqual(self.ask("udp", OFF_LINK, CLOSED), "connect: ENETUNREACH")


if __name__ == "__main__":
    main()
