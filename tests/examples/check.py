#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The examples against the kernel, over a tap in a network namespace of their own.

usage: check.py BLOCKING_CLIENT PING BIG_ANSWERS SERVER...

Each ends with status 2 when its command line is wrong. Each server echoes what kernel clients send, ends with status 0 on
SIGTERM, and is told apart from a broken one by the bytes; zero_copy_echo says that it has copied none, big_answers copies
less than its answers have packets. blocking_client sends its input to a kernel server and prints the answer; ping hears the
kernel. Exit status: 0, 1, or 77 where no namespace can be made.
"""
import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

OURS, KERNEL = "10.9.0.2", "10.9.0.1"
TAP = "nsk0"
LIMIT_S = 30


def enter_namespace():
    """Runs this program again in a network namespace; as an ordinary user in a user namespace as well."""
    if os.environ.get("NSK_EXAMPLES_INSIDE"):
        return
    flags = ["-n"] if os.getuid() == 0 else ["-Urn"]
    if subprocess.run(["unshare", *flags, "true"], capture_output=True, check=False).returncode:
        print("skipped: this machine lets us make no network namespace")
        sys.exit(77)
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        print("skipped: no /dev/net/tun")
        sys.exit(77)
    os.environ["NSK_EXAMPLES_INSIDE"] = "1"
    os.execvp("unshare", ["unshare", *flags, sys.executable, *sys.argv])


def command(program):
    return [program, "-d", f"net_tap0,iface={TAP}", "-a", f"{OURS}/24", "--no-huge"]


def until(what, attempt):
    """The first result of attempt() that is true; the kernel and the program need their time."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        result = attempt()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {LIMIT_S} s")


def address_tap():
    """Gives the kernel's side its address, as soon as the tap is there."""
    until("the tap", lambda: os.path.exists(f"/proc/sys/net/ipv4/conf/{TAP}"))
    subprocess.run(["ip", "addr", "add", f"{KERNEL}/24", "dev", TAP], check=True)
    subprocess.run(["ip", "link", "set", TAP, "up"], check=True)


@contextlib.contextmanager
def running(arguments, **streams):
    with subprocess.Popen(arguments, **streams) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def check_misuse(program, *operands):
    """Status 2 and a line about it, whatever is wrong with the command line."""
    name = os.path.basename(program)
    for arguments, says in ((["-d", "net_null0", *operands, "more"], "only options are taken|usage"),
                            (["-x", *operands], "only options are taken|usage"),
                            (["-d", "net_null0", "-a", "10.9.0.0/24", *operands], "the subnet's own number"),
                            (operands, "no device: name one with -d, 'nskctl devices' lists"),
                            (["-d", "net_nul0", "--no-huge", *operands], "no device 'net_nul0'")):
        result = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=LIMIT_S, check=False)
        assert result.returncode == 2 and re.search(says, result.stderr), f"{name} {arguments}: {result}"
    print(f"{name}: a wrong command line is status 2")


def connect():
    sock = socket.socket()
    sock.settimeout(LIMIT_S)
    try:
        sock.connect((OURS, 7))
        return sock
    except OSError:
        sock.close()
        return None


def receive_all(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(65536)
        if not part:
            break
        data += part
    return data


def check_server(program):
    noise = random.Random(7)
    name = os.path.basename(program)
    with running(command(program), stdout=subprocess.PIPE, text=True) as server:
        address_tap()
        clients = [until("a connection", connect) for _ in range(3)]
        for size in (1, 1000, 20000):
            for sock in clients:
                sent = noise.randbytes(size)
                sock.sendall(sent)
                assert receive_all(sock, size) == sent, f"{name}: {size} bytes came back wrong"
        for sock in clients:
            sock.close()
        server.send_signal(signal.SIGTERM)
        said, _ = server.communicate(timeout=LIMIT_S)
        assert server.returncode == 0, f"{name}: status {server.returncode}"
        assert "zero_copy" not in name or " 0 bytes of payload copied" in said, f"{name} says: {said}"
    print(f"{name}: three clients got their bytes back")


def check_answers(program):
    megabyte = bytes(i % 251 for i in range(1 << 20))
    with running(command(program), stdout=subprocess.PIPE, text=True) as server:
        address_tap()
        clients = [until("a connection", connect) for _ in range(2)]
        stays = until("a connection", connect)  # to the end
        for sock in clients:
            sock.sendall(b"ab")
        for sock in clients:
            assert receive_all(sock, 2 << 20) == 2 * megabyte, "big_answers: a wrong answer"
            sock.close()
        server.send_signal(signal.SIGTERM)
        said, _ = server.communicate(timeout=LIMIT_S)
        stays.close()
        assert server.returncode == 0, f"big_answers: status {server.returncode}"
    over, copied = (int(n) for n in re.findall(r"\d+", said))
    assert over >= 4 and copied < 100000, f"big_answers says: {said}"
    print(f"big_answers: four megabytes arrived, {copied} bytes of them copied")


def check_client(program):
    asked = random.Random(8).randbytes(30000)
    heard = []

    def serve(listener):
        with listener.accept()[0] as sock:
            sock.settimeout(LIMIT_S)
            heard.append(receive_all(sock, len(asked) + 1))
            sock.sendall(heard[0][::-1])

    listener = socket.create_server(("0.0.0.0", 7))
    listener.settimeout(LIMIT_S)
    thread = threading.Thread(target=serve, args=(listener,), daemon=True)
    thread.start()
    with running([*command(program), KERNEL, "7"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        address_tap()
        answer, _ = client.communicate(asked, LIMIT_S)
        assert client.returncode == 0, f"status {client.returncode}"
    thread.join(LIMIT_S)
    assert heard and heard[0] == asked, "the server heard something else"
    assert answer == asked[::-1], "the client printed something else"
    print("blocking_client: sent its input, printed the answer")


def check_ping(program):
    """The tap may have its address after the first request, which then goes nowhere; the next ones are answered."""
    with running([*command(program), KERNEL], stdout=subprocess.PIPE, text=True) as ping:
        address_tap()
        said, _ = ping.communicate(timeout=LIMIT_S)
        assert ping.returncode == 0, f"status {ping.returncode}: {said}"
    assert re.search(r"^64 bytes, sequence 3: \d+\.\d+ ms$", said, re.M), said
    print("ping: the kernel answers")


def main():
    enter_namespace()
    client, ping, answers, *servers = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="nsk-examples-") as folder:
        os.environ["RUNTIME_DIRECTORY"] = folder
        for program, *operands in ((client, KERNEL, "7"), (ping, KERNEL), (answers,), *((server,) for server in servers)):
            check_misuse(program, *operands)
        for server in servers:
            check_server(server)
        check_answers(answers)
        check_client(client)
        check_ping(ping)


if __name__ == "__main__":
    main()
