#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Urgent data between the stack and the kernel, both ways (RFC 9293 §3.8.5, RFC 6093)."""
import concurrent.futures
import select
import socket

from client import ClientTest
from tap import KERNEL, PATIENCE_S, TapTest, connect, main


def mark(sock):
    """What comes before a mark, at it and behind it, up to the end."""
    sock.settimeout(None)  # else MSG_WAITALL does not wait
    poll = select.poll()
    poll.register(sock, select.POLLPRI)
    assert poll.poll(PATIENCE_S * 1000)
    before = sock.recv(100, socket.MSG_WAITALL)
    urgent = sock.recv(1, socket.MSG_OOB)
    return before, urgent, sock.recv(100, socket.MSG_WAITALL)


class KernelIsUrgent(TapTest):
    def test_the_echo_has_every_byte_in_its_place(self):
        with connect() as sock:
            sock.send(b"abcX", socket.MSG_OOB)
            sock.send(b"Y", socket.MSG_OOB)
            sock.sendall(b"def")
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(None)
            self.assertEqual(sock.recv(100, socket.MSG_WAITALL), b"abcXYdef")


class BothAreUrgent(ClientTest):
    def test_each_finds_the_urgent_byte_of_the_other(self):
        with socket.create_server((KERNEL, 0)) as listener, concurrent.futures.ThreadPoolExecutor(1) as pool:
            listener.settimeout(PATIENCE_S)
            answer = pool.submit(self.ask, "urgent", *listener.getsockname())
            with listener.accept()[0] as sock:
                sock.settimeout(PATIENCE_S)
                sock.send(b"ghiZ", socket.MSG_OOB)
                sock.sendall(b"jkl")
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(answer.result(), "ghi Z jkl")
                self.assertEqual(mark(sock), (b"abc", b"X", b"def"))


if __name__ == "__main__":
    main()
