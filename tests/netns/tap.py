# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of this folder stand on: a network namespace of the test's own, a program of ours on a tap in it, and
the kernel's sockets on the other side.

A test is an executable file: classes made from TapTest, and main() at its end. It takes the build tree from NSK_BUILD and,
as every unittest does, names of tests as arguments. NSK_SMALL=1 asks for smaller amounts (programs under a sanitizer),
NSK_TEST_ALL=1 for the whole ones again, and for the biggest.
"""
import concurrent.futures
import hashlib
import os
import platform
import random
import re
import shlex
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "scripts"))

# pylint: disable-next=wrong-import-position
from rig import BUILD, Failure, Rig, check_tun, enter_namespace, read, run, until  # noqa: E402

STACK, KERNEL, NETWORK, TAP = "10.9.0.2", "10.9.0.1", "10.9.0.0/24", "nsk0"
ALL = bool(os.environ.get("NSK_TEST_ALL"))
SMALL = bool(os.environ.get("NSK_SMALL")) and not ALL
PATIENCE_S = 60  # without any progress; a busy machine is slow, and no time is ever judged
MIB = 1 << 20
BLOCK = 1 << 16
SAID_LINES = 40


class TapTest(unittest.TestCase):
    """Tests that share one program of ours on a tap, which must end with status 0 when they are done. With faults there is
    nsk-wire between the program and the tap, and does them."""

    program_line = ["nsk-echo", "--quiet", "--tcp", 7, "--udp", 7]
    device = f"net_tap0,iface={TAP}"
    faults = None
    ready = "link "  # what the program says when it listens
    stdin = subprocess.DEVNULL

    @classmethod
    def setUpClass(cls):
        cls.rig = cls.enterClassContext(Rig(no_huge=True))
        if cls.faults:
            cls.wire, cls.device = join(cls.rig, cls.faults)
        cls.program = start(cls.rig, *cls.program_line, device=cls.device, ready=cls.ready,
                            stdin=cls.stdin)
        if cls.faults:  # memif's link comes up when both sides have met: a SYN before that is lost, and another without ECN
            until("the way through the wire", lambda: " 1 received" in run("ping", "-c", "1", "-W", "1", STACK, check=False),
                  PATIENCE_S)

    @classmethod
    def tearDownClass(cls):
        status = cls.program.end(PATIENCE_S)
        if status:
            raise AssertionError(f"{cls.program.text}: ended with status {status}\n{cls.program.said}")

    def counted(self, what):
        """Ends the program, so that no other test of the class may follow; a number of its summary."""
        self.assertEqual(self.program.end(PATIENCE_S), 0, self.program.said)
        found = re.search(rf"{what} +(\d+)", self.program.said)
        return int(found[1]) if found else 0


def join(rig, faults):
    """Starts nsk-wire between the tap and memif: it, and memif's other end. Its rx is what comes from the kernel."""
    _, (end, other) = rig.memif()
    wire = rig.start("nsk-wire", "-d", f"fault:{faults}:net_tap0,iface={TAP}", "-d", end, "--no-huge", "--json")
    until("the wire", lambda: wire.need() and "joined" in wire.said, PATIENCE_S)
    return wire, other


def start(rig, *arguments, device=TapTest.device, ready=TapTest.ready, **options):
    """Starts a program of ours on a tap; once it has said that it is ready, the kernel's side gets its address."""
    name, *rest = arguments
    program = rig.start(name, "-d", device, "-a", f"{STACK}/24", "--no-huge", *rest, **options)
    until("the tap", lambda: program.need() and ready in program.said and os.path.exists(f"/proc/sys/net/ipv4/conf/{TAP}"),
          PATIENCE_S)
    run("ip", "addr", "add", f"{KERNEL}/24", "dev", TAP)
    run("ip", "link", "set", TAP, "up")
    return program


# ---- the kernel's side ------------------------------------------------------------------------------------------


def use_cubic(sock):
    """What most Linux machines use, where it may be chosen; what is used, then."""
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
    except OSError:
        pass
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0").decode()


def connect(port=7, kind=socket.SOCK_STREAM):
    """A socket of the kernel, connected to the stack. It waits with patience, not for ever."""
    sock = socket.socket(socket.AF_INET, kind)
    try:
        sock.settimeout(PATIENCE_S)
        if kind == socket.SOCK_STREAM:
            use_cubic(sock)
        sock.connect((STACK, port))
        return sock
    except OSError:
        sock.close()
        raise


def noise(seed, size):
    """Bytes of a seed, block by block."""
    source = random.Random(seed)
    for at in range(0, size, BLOCK):
        yield source.randbytes(min(BLOCK, size - at))


def send_noise(sock, seed, size):
    """Sends the bytes of a seed and ends this side; their hash."""
    digest = hashlib.blake2b()
    for block in noise(seed, size):
        digest.update(block)
        sock.sendall(block)
    sock.shutdown(socket.SHUT_WR)
    return digest.hexdigest()


def receive_to_end(sock, limit=1 << 40):
    """(number, hash) of the bytes until the other side ends, or of those up to a limit."""
    digest, count = hashlib.blake2b(), 0
    while count < limit and (part := sock.recv(min(BLOCK * 4, limit - count))):
        digest.update(part)
        count += len(part)
    return count, digest.hexdigest()


def echo(test, size, seed=7):
    """Bytes go to the stack's echo and come back, both at a time; seconds that it took."""
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(1) as pool, connect() as sock:
        sender = pool.submit(send_noise, sock, seed, size)
        try:
            count, heard = receive_to_end(sock)
        except OSError:
            sock.shutdown(socket.SHUT_RDWR)  # the sender must not wait for what never comes
            raise
        test.assertEqual(count, size, "bytes that came back")
        test.assertEqual(heard, sender.result(), "hash of what came back, and of what was sent")
    return time.monotonic() - began


def echo_until(enough):
    """Bytes to the echo and back until it is enough: (number, hash) of those sent and of those that came back."""
    def send(sock):
        digest, count = hashlib.blake2b(), 0
        for block in noise(7, 1 << 40):
            if enough.is_set():
                break
            digest.update(block)
            count += len(block)
            sock.sendall(block)
        sock.shutdown(socket.SHUT_WR)
        return count, digest.hexdigest()

    with concurrent.futures.ThreadPoolExecutor(1) as pool, connect() as sock:
        sender = pool.submit(send, sock)
        try:
            heard = receive_to_end(sock)
        except OSError:
            sock.shutdown(socket.SHUT_RDWR)  # the sender must not wait for what never comes
            raise
        return sender.result(), heard


def snmp(group, name):
    """A counter of the kernel in this namespace: snmp("Tcp", "RetransSegs"), snmp("IpExt", "InCEPkts")."""
    text = read("/proc/net/netstat" if group.endswith("Ext") else "/proc/net/snmp")
    names, values = (line.split() for line in text.splitlines() if line.startswith(f"{group}:"))
    return int(values[names.index(name)])


def tcp_info(sock, offset):
    """A 32-bit number of the kernel's struct tcp_info."""
    return struct.unpack_from("=I", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, offset + 4), offset)[0]


def fact(text):
    print(f"    {text}", flush=True)


def throughput(size, seconds):
    return f"{seconds:.2f} s, {size * 8 / seconds / 1e6:.0f} Mbit/s each way"


# ---- the run ----------------------------------------------------------------------------------------------------


class Result(unittest.TextTestResult):
    """Says with each failure what the program said and how to repeat it."""

    def addError(self, test, err):  # pylint: disable=invalid-name
        super().addError(test, err)
        self.explain(test)

    def addFailure(self, test, err):  # pylint: disable=invalid-name
        super().addFailure(test, err)
        self.explain(test)

    def addSubTest(self, test, subtest, err):  # pylint: disable=invalid-name
        super().addSubTest(test, subtest, err)
        if err:
            self.explain(test)

    def explain(self, test):
        name = re.sub(r".*\((?:__main__\.)?(.*)\)", r"\1", test.id()).removeprefix("__main__.")
        settings = [f"NSK_BUILD={os.path.relpath(BUILD)}", *(["NSK_TEST_ALL=1"] if ALL else ["NSK_SMALL=1"] if SMALL else []),
                    *(["NSK_TEST_VM=1"] if os.environ.get("NSK_TEST_VM") else [])]
        self.stream.writeln("again: " + shlex.join(["env", *settings, "python3", os.path.relpath(sys.argv[0]), name]))
        program = getattr(test, "program", None)
        if program:
            lines = program.said.rstrip().splitlines()[-SAID_LINES:]
            self.stream.writeln("\n".join([f"{program.text} said:", *lines]))


def main():
    """Runs the tests of the calling file in a namespace of its own; 77 where there is none to be had."""
    try:
        check_tun()
        enter_namespace()
    except Failure as failure:
        print(f"skipped: {failure}")
        sys.exit(77)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell's children ignore it
    print(f"Linux {platform.release()}", flush=True)
    unittest.main(testRunner=unittest.TextTestRunner(stream=sys.stdout, resultclass=Result, verbosity=2))
