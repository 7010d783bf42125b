#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Shows the stack at work, in less than a minute, as root or as an ordinary user, and leaves nothing behind.

First nsk-echo on a tap, with the kernel of this machine as its client. Then nsk-load against nsk-echo over a virtual wire
between two cores, next to the ceiling of that wire (nsk-reflect) and to the kernel's own stack doing the same work.
"""
import argparse
import platform
import subprocess
import sys
import time

from rig import Failure, Rig, check_tun, enter_namespace, human, run, until
from sides import LinuxPacket, LinuxSockets, Netstk, Reflect, Workload, measure

TAP, STACK, KERNEL = "nsk0", "10.9.0.2", "10.9.0.1"
CONNECTIONS = 64
HEADING = f"{'time s':>8} {'requests/s':>12} {'p50 us':>9} {'p99 us':>9} {'max us':>9} {'errors':>7}"


def say(text):
    print(f"\n\033[1m== {text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def prompt(text):
    print(f"$ {text}", flush=True)


def shell(command, seconds=10):
    """Shows a command and what it prints; it must succeed."""
    prompt(command)
    result = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=seconds, check=False)
    text = result.stdout.decode(errors="replace").rstrip()
    if text:
        print(text, flush=True)
    if result.returncode:
        raise Failure(f"{command}: status {result.returncode}")


def kernel_client(rig):
    """The kernel's ping, nc and curl get their answers from nsk-echo on a tap."""
    say(f"The kernel of this machine ({KERNEL}) talks to the stack ({STACK}) over a tap")
    arguments = ["nsk-echo", "-d", f"net_tap0,iface={TAP}", "-a", f"{STACK}/24", "--tcp", 7, "--http", 80, "--no-huge"]
    server = rig.start(*arguments)
    prompt(f"{server.text} &")
    until("the tap", lambda: server.need() and run("ip", "link", "show", TAP, check=False))
    shell(f"ip addr add {KERNEL}/24 dev {TAP}")
    shell(f"ip link set {TAP} up")
    until("an answer to ping",
          lambda: server.need() and "1 received" in run("ping", "-c", "1", "-W", "1", STACK, check=False))
    shell(f"ping -c 3 -i 0.2 {STACK}")
    shell(f"echo 'hello, stack' | nc -N -w 5 {STACK} 7")
    shell(f"curl -sS -i --max-time 5 http://{STACK}/")
    server.end()
    summary = server.said.partition("\nsummary")[2]
    if summary:
        print(f"nsk-echo's summary{summary.rstrip()}", flush=True)


def micro(value):
    """A latency, or that there is none: only what is measured has one."""
    return f"{'-':>9}" if value is None else f"{value:9.1f}"


def show_line(line):
    phase = "" if line["phase"] == "measure" else f"  {line['phase']}"
    print(f"{line['time_s']:8.1f} {line['requests_per_s']:12.0f} {micro(line['p50_us'])} {micro(line['p99_us'])} "
          f"{micro(line['max_us'])} {line['errors']:7d}{phase}", flush=True)


def load(side, title, seconds):
    """One side under load, with its table; the result. A busy machine gets a second try."""
    say(title)
    print(HEADING, flush=True)
    try:
        result = measure(side, Workload(CONNECTIONS), seconds, progress=show_line)
    except Failure as failure:
        print(f"{failure}\nonce more:", flush=True)
        result = measure(side, Workload(CONNECTIONS), seconds, progress=show_line)
    print(f"  server: {result['server']}\n  load:   {result['load']}", flush=True)
    return result


def summarise(ours, ceiling, linux, alone):
    """The one table at the end."""
    say(f"Summary: {CONNECTIONS} connections, one 64-byte request outstanding on each, one server core")
    print(f"{'':<34} {'requests/s':>11} {'p50 us':>9} {'p99 us':>9} {'of ceiling':>11} {'server core':>12}")
    best = max(linux, key=lambda result: result["rate"])
    kernel = f"Linux {platform.release().split('-')[0]}, epoll ({'af_packet' if 'packet' in best['side'] else 'sockets'})"
    used = f"{best['readings']['server']['core_busy_percent']:.0f} % used"
    for name, result, core in (("netstk", ours, "polls"), (kernel, best, used),
                               ("nsk-reflect (the wire's ceiling)", ceiling, "polls")):
        latency = result["latency"]
        print(f"{name:<34} {human(result['rate']):>11} {latency['p50_us']:9.1f} {latency['p99_us']:9.1f} "
              f"{100 * result['rate'] / ceiling['rate']:9.1f} % {core:>12}")
    if alone:
        print("\nOn one core two polling programs wait for each other: these figures say nothing about the stack.")
    else:
        print(f"\nnetstk answers {ours['rate'] / best['rate']:.1f} times the requests of the kernel's stack here.")
    waited = max(reading["waited_percent"] for result in (ours, ceiling, best) for reading in result["readings"].values())
    if waited > 5 and not alone:
        print(f"Something else runs on this machine: a side waited {waited:.0f} % of the time for its core, and the figures "
              "mean little.")


def remarks(rig):
    if rig.cores.alone:
        print("Only one core here: server and load take turns on it, and the figures mean little.")
    elif rig.cores.siblings:
        print("The two cores are hyperthreads of one: the figures are lower than those of two cores.")
    print(f"Server on core {rig.cores.server}, load on core {rig.cores.load}, "
          f"{'hugepages' if rig.huge else 'no hugepages (slower): sysctl vm.nr_hugepages=256 as root makes some'}.")


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement (default 4)")
    parser.add_argument("--no-huge", action="store_true", help="do without hugepages even if there are some")
    args = parser.parse_args()
    start = time.monotonic()

    check_tun()
    enter_namespace()
    with Rig(args.no_huge) as rig:
        kernel_client(rig)
        say("A virtual wire (memif) between two cores")
        remarks(rig)
        ours = load(Netstk(rig), "nsk-load against nsk-echo", args.seconds)
        ceiling = load(Reflect(rig), "The ceiling: the same frames, sent back by nsk-reflect", args.seconds)
        linux = [load(LinuxPacket(rig), "The kernel's stack, the same generator (af_packet on veth)", args.seconds),
                 load(LinuxSockets(rig), "The kernel's stack, load by the kernel's sockets", args.seconds)]
        summarise(ours, ceiling, linux, rig.cores.alone)
        print(f"{time.monotonic() - start:.0f} s in all; nothing is left behind.")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"demo: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
