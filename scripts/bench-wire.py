#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Bulk goodput to a Linux receiver over nsk-wire, lossy and long: netstk sends, then Linux over the same wire.

nsk-wire joins the receiver's tap with the sender's end: netstk's memif, or the tap of a kernel in a namespace of its own.
Both senders are nsk-load, here on netstk, there on the kernel's sockets, with the same congestion control, which is set
and read back. The wire draws its losses from a seed: run N of either side has the same. Goodput is what the receiver read
from its socket in the measured time, which begins when the warm-up is over. Runs are taken in turn, each with new
namespaces, programs and connections. A ping each half second says what the round trip really was: where cores are short, the
wire and netstk, which poll, wait for theirs. Prints Markdown; raw samples, command lines and facts go to a JSON file as well.
"""
import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time

from rig import BUILD, Failure, Rig, check_tun, enter_namespace, human, read, run, until

RECEIVER, SENDER, PORT = "10.9.3.1", "10.9.3.2", 5001
TAPS = "nskr0", "nsks0"
START_S = 20

# Reads one connection; says how much came, first in the warm-up, then in the measured time.
SINK = f"""
import socket, sys, time
listener = socket.create_server(("{RECEIVER}", {PORT}))
print("ready", flush=True)
sock = listener.accept()[0]
buffer = bytearray(1 << 20)
for seconds in map(float, sys.argv[1:]):
    began, count = time.monotonic(), 0
    while (left := began + seconds - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            got = sock.recv_into(buffer)
        except TimeoutError:
            break
        if not got:
            sys.exit("the sender ended")
        count += got
    print(count, time.monotonic() - began, flush=True)
"""


class Netstk:
    """netstk at the wire's other end."""

    name, title = "netstk", "netstk"

    def __init__(self, rig):
        self.rig = rig
        _, (self.end, self.own) = rig.memif()

    def prepare(self, control):
        self.control = control

    def load(self, arguments):
        return self.rig.start("nsk-load", "-d", self.own, "-a", f"{SENDER}/24", "-l", self.rig.cores.load,
                              *self.rig.memory(), "-o", f"tcp.congestion={self.control}", "--engine", "stack", *arguments)

    def control_used(self, _load):
        return self.control


class Linux:
    """The kernel's TCP in another namespace."""

    name, title = "linux", f"Linux {platform.release()}"

    def __init__(self, rig):
        self.rig = rig
        self.end = f"net_tap1,iface={TAPS[1]}"

    def prepare(self, control):
        """The tap moves to the sender's namespace."""
        self.namespace = self.rig.namespace()
        self.inside = ["nsenter", "-t", str(self.namespace), "-n"]
        run("ip", "link", "set", TAPS[1], "netns", str(self.namespace))
        run(*self.inside, "ip", "addr", "add", f"{SENDER}/24", "dev", TAPS[1])
        run(*self.inside, "ip", "link", "set", TAPS[1], "up")
        # By the route: the sysctl takes in a namespace only what the machine allows its users.
        run(*self.inside, "ip", "route", "replace", f"{RECEIVER}/32", "dev", TAPS[1], "src", SENDER, "congctl", control)

    def load(self, arguments):
        return self.rig.start("nsk-load", "--engine", "kernel", *arguments, core=self.rig.cores.load,
                              namespace=self.namespace)

    def control_used(self, _load):
        """As the socket has it, not as it was asked for."""
        found = re.search(r"\b(cubic|reno|bbr\w*|dctcp)\b", run(*self.inside, "ss", "-Htin", "dst", RECEIVER))
        return found[1] if found else "?"


SIDES = (Netstk, Linux)


def sink(rig, warmup, seconds):
    process = subprocess.Popen([sys.executable, "-c", SINK, str(warmup), str(seconds)], stdout=subprocess.PIPE, text=True)
    if process.stdout.readline() != "ready\n":
        raise Failure("the receiver did not start")
    return process


def ping(seconds):
    """Pings the sender for so long."""
    return subprocess.Popen(["ping", "-q", "-n", "-i", "0.5", "-w", str(max(1, int(seconds))), SENDER], text=True,
                            stdout=subprocess.PIPE)


def measure(kind, args, seed):
    """One run of a side."""
    with Rig() as rig:
        side = kind(rig)
        faults = f"rate={args.rate},delay={args.rtt / 2:g}ms,loss={args.loss:g}%,seed={seed}"
        wire = rig.start("nsk-wire", "-d", f"fault:{faults}:net_tap0,iface={TAPS[0]}", "-d", side.end,
                         "-l", rig.cores.server, *rig.memory(), "--json")
        until("the wire", lambda: wire.need() and "joined" in wire.said, START_S)
        run("ip", "addr", "add", f"{RECEIVER}/24", "dev", TAPS[0])
        run("ip", "link", "set", TAPS[0], "up")
        side.prepare(args.control)
        receiver = sink(rig, args.warmup, args.seconds)
        try:
            load = side.load(["--target", f"{RECEIVER}:{PORT}", "--bulk", "send", "--connections", 1,
                              "--duration", args.warmup + args.seconds + START_S, "--warmup", 0, "--json", "--quiet"])
            if not (line := receiver.stdout.readline()):
                raise Failure(f"{load.text}: {load.said.strip() or 'no connection'}")
            used = side.control_used(load)
            with ping(args.seconds) as pinging:
                line = receiver.stdout.readline() or line
                found = re.search(r"= [\d.]+/([\d.]+)/", pinging.communicate()[0])
            load.need()
        finally:
            receiver.kill()
            receiver.wait()
            receiver.stdout.close()
        load.end()
        status = wire.end()
        count, seconds = line.split()
        return {"side": side.name, "seed": seed, "goodput_bps": int(count) * 8 / float(seconds), "bytes": int(count),
                "seconds": float(seconds), "rtt_ms": float(found[1]) if found else None, "control": used,
                "wire": wire.text, "load": load.text, "wire_status": status,
                "wire_said": json.loads(wire.said.splitlines()[-1])}


def report(args, samples):
    lines = [f"{args.rate}, {args.rtt:g} ms round trip, {args.loss:g} % loss each way, {args.seconds:g} s after "
             f"{args.warmup:g} s, seeds {args.seed} to {args.seed + args.runs - 1}: goodput of one flow.", "",
             "| sender | control | median | least | most | runs | ping, ms |", "|---|---|---|---|---|---|---|"]
    for side in SIDES:
        mine = [s for s in samples if s["side"] == side.name]
        rates = [s["goodput_bps"] for s in mine]
        rtts = [s["rtt_ms"] for s in mine if s["rtt_ms"]]
        lines.append(" | ".join([f"| {side.title}", mine[0]["control"]] +
                                [f"{human(v)}bit/s" for v in (statistics.median(rates), min(rates), max(rates))] +
                                [f"{len(rates)}", f"{statistics.median(rtts) if rtts else 0:.1f} |"]))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="of each side (default 5)")
    parser.add_argument("--seconds", type=float, default=30, help="measured (default 30)")
    parser.add_argument("--warmup", type=float, default=5, metavar="SECONDS", help="before them (default 5)")
    parser.add_argument("--loss", type=float, default=1, metavar="PERCENT", help="each way (default 1)")
    parser.add_argument("--rtt", type=float, default=50, metavar="MS", help="round trip (default 50)")
    parser.add_argument("--rate", default="1gbit", help="as fault: has it (default 1gbit)")
    parser.add_argument("--control", default="cubic", help="congestion control of both (default cubic)")
    parser.add_argument("--seed", type=int, default=1, help="of the first run (default 1)")
    parser.add_argument("--json", metavar="FILE", help="where the JSON goes (default build/bench/wire-TIME.json)")
    args = parser.parse_args()
    check_tun()
    enter_namespace()

    samples = []
    for number in range(args.runs):
        for side in SIDES:
            sample = measure(side, args, args.seed + number)
            samples.append(sample)
            if number == 0:
                print(f"  {sample['wire']}\n  {sample['load']}", file=sys.stderr)
            print(f"  run {number + 1} {side.title:<24} {sample['control']:<6} {human(sample['goodput_bps'])}bit/s, "
                  f"ping {sample['rtt_ms']} ms",
                  file=sys.stderr, flush=True)
    text = report(args, samples)
    print(text)
    path = args.json or os.path.join(BUILD, "bench", time.strftime("wire-%Y%m%d-%H%M%S.json"))
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        json.dump({"arguments": vars(args), "load_average": read("/proc/loadavg"), "samples": samples, "markdown": text}, out,
                  indent=1)
    print(f"everything: {path}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"bench-wire: {failure}")
