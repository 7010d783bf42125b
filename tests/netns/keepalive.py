#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Keepalive both ways (RFC 9293 §3.8.4): each side's probes are answered by the other, and when nothing arrives any more,
because nsk-wire between them stands still, the side that asks ends the connection with ETIMEDOUT."""
import concurrent.futures
import errno
import signal
import socket

from client import ClientTest
from tap import KERNEL, PATIENCE_S, TapTest, connect, main, snmp, tcp_info, until

SEGMENTS_IN = 140  # tcpi_segs_in
ASK = {socket.SO_KEEPALIVE: (socket.SOL_SOCKET, 1), socket.TCP_KEEPIDLE: (socket.IPPROTO_TCP, 1),
       socket.TCP_KEEPINTVL: (socket.IPPROTO_TCP, 1), socket.TCP_KEEPCNT: (socket.IPPROTO_TCP, 3)}


def stand_still(test):
    """From now on no packet arrives; until the test is over."""
    test.wire.process.send_signal(signal.SIGSTOP)
    test.addCleanup(test.wire.process.send_signal, signal.SIGCONT)


class KernelAsks(TapTest):
    faults = "seed=1"

    def test_the_stack_answers_until_it_cannot(self):
        with connect() as sock:
            sock.settimeout(None)
            for option, (level, value) in ASK.items():
                sock.setsockopt(level, option, value)
            heard = tcp_info(sock, SEGMENTS_IN)
            until("answers to keepalive probes", lambda: tcp_info(sock, SEGMENTS_IN) >= heard + 3, PATIENCE_S)
            self.assertGreaterEqual(snmp("TcpExt", "TCPKeepAlive"), 3)
            sock.sendall(b"x")
            self.assertEqual(sock.recv(2), b"x")
            stand_still(self)
            with self.assertRaises(OSError) as failure:
                sock.recv(1)
            self.assertEqual(failure.exception.errno, errno.ETIMEDOUT)


class StackAsks(ClientTest):
    faults = "seed=1"

    def test_the_kernel_answers_until_it_cannot(self):
        with socket.create_server((KERNEL, 0)) as listener, concurrent.futures.ThreadPoolExecutor(1) as pool:
            listener.settimeout(PATIENCE_S)
            answer = pool.submit(self.ask, "keepalive", *listener.getsockname())
            with listener.accept()[0] as sock:
                # The SYN's ACK, and more probes than would go unanswered.
                until("keepalive probes", lambda: tcp_info(sock, SEGMENTS_IN) >= 6, PATIENCE_S)
                self.assertFalse(answer.done())
                stand_still(self)
                self.assertEqual(answer.result(), "recv: ETIMEDOUT")


if __name__ == "__main__":
    main()
