# SPDX-License-Identifier: BSD-3-Clause
"""The guest's side of a conversation, by its kernel's sockets; ends with status 0 when every byte was right.

usage: traffic.py tcp ADDRESS PORT BYTES    sends so many to a server that echoes, while it hears them come back
       traffic.py udp ADDRESS PORT SIZE...  datagrams of these sizes, each until it has come back
       traffic.py serve PORT                echoes to one client of TCP, until that one ends
"""
import concurrent.futures
import hashlib
import random
import socket
import sys
import time

PATIENCE_S = 60
BLOCK = 1 << 16


def send(sock, size):
    """Noise; its hash."""
    digest, source = hashlib.blake2b(), random.Random(size)
    for at in range(0, size, BLOCK):
        block = source.randbytes(min(BLOCK, size - at))
        digest.update(block)
        sock.sendall(block)
    sock.shutdown(socket.SHUT_WR)
    return digest.digest()


def tcp(address, port, size):
    digest, count = hashlib.blake2b(), 0
    with socket.create_connection((address, int(port)), PATIENCE_S) as sock, concurrent.futures.ThreadPoolExecutor(1) as pool:
        sent = pool.submit(send, sock, int(size))
        while part := sock.recv(BLOCK):
            digest.update(part)
            count += len(part)
        assert (count, digest.digest()) == (int(size), sent.result()), f"{count} of {size} bytes came back, or others"
    print(f"{count} bytes, hash {digest.hexdigest()[:16]}")


def udp(address, port, *sizes):
    family = socket.getaddrinfo(address, port)[0][0]
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.connect((address, int(port)))
        sock.settimeout(1)
        for size in map(int, sizes):
            data, end = random.Random(size).randbytes(size), time.monotonic() + PATIENCE_S
            while time.monotonic() < end:
                sock.send(data)
                try:
                    while sock.recv(BLOCK) != data:  # one that was sent twice comes back twice
                        pass
                    break
                except TimeoutError:
                    pass
            else:
                raise SystemExit(f"{size} bytes: no answer")


def serve(port):
    with socket.create_server(("::", int(port)), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        listener.settimeout(PATIENCE_S)
        with listener.accept()[0] as sock:
            sock.settimeout(PATIENCE_S)
            while part := sock.recv(BLOCK):
                sock.sendall(part)


if __name__ == "__main__":
    {"tcp": tcp, "udp": udp, "serve": serve}[sys.argv[1]](*sys.argv[2:])
