#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""nsk-wire joins the taps of two kernels in namespaces of their own: what it does to packets is what it was told."""
import concurrent.futures
import json
import re
import subprocess
import sys
import unittest

from tap import MIB, PATIENCE_S, SMALL, Rig, connect, fact, main, receive_to_end, run, send_noise, until

HERE, THERE = "10.9.0.1", "10.9.0.2"  # THERE is what connect() goes to
SIZE = (2 if SMALL else 16) * MIB

# An echo server for one connection after the other, in the other namespace.
ECHO = """
import socket
s = socket.create_server(("10.9.0.2", 7))
print("ready", flush=True)
while True:
    c = s.accept()[0]
    while part := c.recv(1 << 16):
        c.sendall(part)
    c.close()
"""


class Wire(unittest.TestCase):
    def join(self, faults, *options):
        """nsk-wire between this namespace and another; the other's pid."""
        self.rig = self.enterContext(Rig(no_huge=True))
        wrap = f"fault:{faults}:" if faults else ""
        self.program = self.rig.start("nsk-wire", "-d", f"{wrap}net_tap0,iface=w0", "-d", "net_tap1,iface=w1", "--no-huge",
                                      *options)
        until("the wire", lambda: self.program.need() and "joined" in self.program.said, PATIENCE_S)
        other = self.rig.namespace()
        run("ip", "link", "set", "w1", "netns", str(other))
        inside = ["nsenter", "-t", str(other), "-n"]
        for command, name, address in (([], "w0", HERE), (inside, "w1", THERE)):
            run(*command, "ip", "addr", "add", f"{address}/24", "dev", name)
            run(*command, "ip", "link", "set", name, "up")
        until("the way through", lambda: " 1 received" in run("ping", "-c", "1", "-W", "1", THERE, check=False), PATIENCE_S)
        return inside

    def serve(self, inside):
        server = subprocess.Popen([*inside, sys.executable, "-c", ECHO], stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.assertEqual(server.stdout.readline(), "ready\n")

    def echo(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool, connect() as sock:
            sender = pool.submit(send_noise, sock, 3, SIZE)
            count, heard = receive_to_end(sock)
            self.assertEqual(count, SIZE)
            self.assertEqual(heard, sender.result())

    def test_delay_is_added_both_ways(self):
        self.join("delay=250ms,seed=1")
        # With -w it goes on until so many are answered, or a few more: the last of them may be late on a busy machine.
        said = run("ping", "-c", "5", "-i", "0.2", "-w", str(PATIENCE_S), THERE)
        self.assertGreaterEqual(int(re.search(r" (\d+) received", said)[1]), 5, said)
        least = float(re.search(r"= ([\d.]+)/", said)[1])
        fact(f"least round trip {least} ms over a wire of 2 x 250 ms")
        # A program that loses its core between its clock and its port stamps what came meanwhile too early: by the
        # milliseconds that it was away, never by a whole way.
        self.assertGreaterEqual(least, 400.0)

    def test_bytes_arrive_over_a_bad_wire(self):
        inside = self.join("loss=1%,reorder=1%,dup=0.5%,seed=7", "--json")
        self.serve(inside)
        self.echo()
        self.assertEqual(self.program.end(PATIENCE_S), 0, self.program.said)
        summary = json.loads(self.program.said.splitlines()[-1])
        for way in ("a_to_b", "b_to_a"):
            self.assertGreater(summary[way]["bytes"], SIZE)
            self.assertEqual(summary[way]["dropped"], 0)
        # The faults are those of one end; what they lose has to be told there and nowhere else.
        self.assertGreater(summary["a"]["faults"], 0)
        self.assertEqual(summary["b"]["faults"], 0)


if __name__ == "__main__":
    main()
