#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Bytes go both ways at once between the stack and the kernel and arrive intact while nsk-wire, between the two, loses, delays,
reorders, duplicates and corrupts packets; the stack as the server, then as the client. 1 GiB with NSK_TEST_ALL."""
import time

from client import ClientTest, as_it_comes
from tap import ALL, MIB, SMALL, TapTest, connect, echo, fact, main, snmp, throughput, use_cubic

SIZE = (2 if SMALL else 1024 if ALL else 16) * MIB
LOSS = "loss=0.3%,delay=1ms,seed=11"
DISORDER = "reorder=2%,reorder_by=2ms,dup=1%,delay=1ms,jitter=200us,seed=12"
ALL_AT_ONCE = "loss=0.2%,corrupt=0.1%,dup=0.5%,reorder=1%,reorder_by=2ms,delay=1ms,seed=13"


class Server:
    """The kernel connects to the stack's echo server."""

    def test_bytes_arrive_both_ways(self):
        with connect() as sock:
            fact(f"{self.faults}; the kernel's congestion control: {use_cubic(sock)}")
        theirs = snmp("Tcp", "RetransSegs")
        seconds = echo(self, SIZE)
        fact(f"{SIZE // MIB} MiB: {throughput(SIZE, seconds)}; retransmitted {snmp('Tcp', 'RetransSegs') - theirs} (kernel), "
             f"{self.counted('segments retransmitted')} (stack)")


class Client:
    """The stack connects to an echo server of the kernel."""

    def test_bytes_arrive_both_ways(self):
        used = []

        def behave(sock, received, sent):
            used.append(use_cubic(sock))
            as_it_comes(sock, received, sent)

        began, theirs = time.monotonic(), snmp("Tcp", "RetransSegs")
        heard = self.transfer(SIZE, behave)
        self.assertEqual(heard.client_received, heard.client_sent)
        fact(f"{self.faults}; the kernel's congestion control: {used[0]}")
        fact(f"{SIZE // MIB} MiB: {throughput(SIZE, time.monotonic() - began)}; retransmitted "
             f"{snmp('Tcp', 'RetransSegs') - theirs} (kernel)")


class ServerWithLoss(Server, TapTest):
    faults = LOSS


class ServerWithDisorder(Server, TapTest):
    faults = DISORDER


class ServerWithAll(Server, TapTest):
    faults = ALL_AT_ONCE


class ClientWithLoss(Client, ClientTest):
    faults = LOSS


class ClientWithDisorder(Client, ClientTest):
    faults = DISORDER


class ClientWithAll(Client, ClientTest):
    faults = ALL_AT_ONCE


if __name__ == "__main__":
    main()
