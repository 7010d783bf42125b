# SPDX-License-Identifier: BSD-3-Clause
"""Our stack as the client (client.c), the kernel as the server."""
import concurrent.futures
import dataclasses
import os
import socket
import time
import zlib

from tap import BLOCK, KERNEL, PATIENCE_S, Failure, TapTest, until, use_cubic

SLOWEST_BPS = 250000  # bytes: a transfer over a bad wire on a busy machine still does that


@dataclasses.dataclass
class Flow:
    """What went one way."""
    count: int = 0
    crc: int = 0

    def add(self, data):
        self.count += len(data)
        self.crc = zlib.crc32(data, self.crc)


@dataclasses.dataclass
class Heard:
    """What each side says of a transfer."""
    client_sent: Flow
    client_received: Flow
    server_received: Flow
    server_sent: Flow


def blocks(sock, received):
    while data := sock.recv(BLOCK):
        received.add(data)
        yield data


def as_it_comes(sock, received, sent):
    """A server that echoes."""
    for data in blocks(sock, received):
        sent.add(data)
        sock.sendall(data)


def after_the_end(sock, received, sent):
    """A server that answers only when the client has ended."""
    for data in list(blocks(sock, received)):
        sent.add(data)
        sock.sendall(data)


def ends_at_once(sock, received, _):
    """A server that ends first and hears the client to its end."""
    sock.shutdown(socket.SHUT_WR)
    for _ in blocks(sock, received):
        pass


def slowly(sock, received, _):
    """A server whose client waits for room again and again."""
    while data := sock.recv(20000):
        received.add(data)
        time.sleep(0.001)


def serve(listener, behave):
    """Behaves so to one client; what it received and sent."""
    received, sent = Flow(), Flow()
    with listener.accept()[0] as sock:
        sock.settimeout(PATIENCE_S)
        use_cubic(sock)
        behave(sock, received, sent)
    return received, sent


class ClientTest(TapTest):
    """Tests with a client of our stack, which takes one command after the other."""

    program_line = ["netns_client"]
    ready = "ready"

    @classmethod
    def setUpClass(cls):
        reading, cls.commands = os.pipe()
        cls.addClassCleanup(os.close, reading)
        cls.stdin = reading
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        os.close(cls.commands)
        until("the client's end", lambda: not cls.program.running(), PATIENCE_S)
        super().tearDownClass()

    def answers(self):
        """What the client has said so far, its log left out; a line without its end is not there yet."""
        return [line for line in self.program.said.split("\n")[:-1] if not line.startswith("netstk ")]

    def ask(self, *words, patience_s=PATIENCE_S):
        """The client's answer to a command. One that stays away ends the client: it does one thing after the other, so the
        tests that follow need not wait as well."""
        before = len(self.answers())
        self.program.need()
        os.write(self.commands, (" ".join(map(str, words)) + "\n").encode())
        try:
            until("the client's answer", lambda: self.program.need() and len(self.answers()) > before, patience_s)
        except Failure:
            self.program.process.kill()
            self.program.process.wait()
            raise
        return self.answers()[before]

    def transfer(self, size, behave):
        """The client sends so much to a server of the kernel. All that was sent must have been received."""
        self.program.need()
        with socket.create_server((KERNEL, 0)) as listener, concurrent.futures.ThreadPoolExecutor(1) as pool:
            listener.settimeout(PATIENCE_S)
            server = pool.submit(serve, listener, behave)
            answer = self.ask("tcp", KERNEL, listener.getsockname()[1], size, patience_s=PATIENCE_S + size / SLOWEST_BPS)
            received, sent = server.result()
        words = answer.split()
        self.assertEqual(words[::3], ["sent", "received"], answer)
        heard = Heard(*(Flow(int(words[at]), int(words[at + 1], 16)) for at in (1, 4)), received, sent)
        self.assertEqual(heard.client_sent.count, size)
        self.assertEqual(heard.server_received, heard.client_sent)
        self.assertEqual(heard.client_received, heard.server_sent)
        return heard
