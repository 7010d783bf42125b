#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the socket calls cost, and what they cost among many.

Parts: `calls` (a thread that does not run the worker: one by one, and in batches), `growth` (instructions and ticks of the
time-stamp counter for a request among 1,000 to 1,000,000 connections that all take part), `lookup` (ticks until a packet's
connection is found among 1 to 1,000,000, each look-up by itself), `workers` (requests per second of
two workers against one, and against two processes with one each) and `idle` (what a worker without work costs, and how long
after a datagram it is awake: on a wire, and on a tap, for which it needs a network namespace). Requests per second as a share of the wire's ceiling are in
`./dev bench echo`. Nothing else may run; workers needs two cores of its own.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("NSK_BUILD", os.path.join(TOP, "build"))
CONNECTIONS = (1000, 10000, 100000, 1000000)
AMONG = (1, 10, 100, 1000, 10000, 100000, 1000000)
COUNTED = 32000  # requests that callgrind follows


def command(name, *arguments):
    words = [os.path.join(BUILD, "tests/perf", name), *map(str, arguments)]
    print(" ".join([os.path.relpath(words[0], TOP), *words[1:]]), flush=True)
    return words


def answer_of(process):
    """The JSON that a program printed; ends the script if it failed."""
    said, _ = process.communicate()
    if process.returncode:
        sys.exit(f"{process.args[0]}: status {process.returncode}")
    return json.loads(said)


def start(name, *arguments):
    return subprocess.Popen(command(name, *arguments), stdout=subprocess.PIPE, text=True)


def run(name, *arguments):
    return answer_of(start(name, *arguments))


def calls(args):
    for _ in range(args.runs):
        if subprocess.call(command("perf_foreign_calls", args.calls)):
            sys.exit("perf_foreign_calls failed")


def instructions(connections):
    with tempfile.NamedTemporaryFile(prefix="nsk-growth-") as out:
        words = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no", "--toggle-collect=serve*",
                 f"--callgrind-out-file={out.name}", *command("perf_growth", connections, COUNTED)]
        said = subprocess.run(words, capture_output=True, text=True, check=False)
        found = re.search(r"Collected : (\d+)", said.stderr)
        if said.returncode or not found:
            sys.exit(f"{' '.join(words)}: {said.stderr}")
    return int(found.group(1)) / COUNTED


def growth(args):
    ticks = {n: [] for n in CONNECTIONS}
    for _ in range(args.runs):
        for n in CONNECTIONS:
            ticks[n].append(run("perf_growth", n, args.requests)["ticks_each"])
    counted = {n: instructions(n) for n in (CONNECTIONS[0], CONNECTIONS[-1])}
    first = statistics.median(ticks[CONNECTIONS[0]])
    print(f"\n| Connections | Ticks a request (least to most) | Times those at {CONNECTIONS[0]:,} | Instructions | Times |")
    print("|---|---|---|---|---|")
    for n in CONNECTIONS:
        middle = statistics.median(ticks[n])
        of_instructions = f"{counted[n]:,.0f} | {counted[n] / counted[CONNECTIONS[0]]:.2f}" if n in counted else "– | –"
        print(f"| {n:,} | {middle:,.0f} ({min(ticks[n]):,.0f} to {max(ticks[n]):,.0f}) | {middle / first:.2f} | {of_instructions} |")
    print("\nGoals: 1.1 times the instructions, 2 times the ticks. A request is 64 bytes, their answer, and its acknowledgment.")


def lookup(args):
    shares = ("p50", "p99", "p999")
    ticks = {n: {share: [] for share in shares} for n in AMONG}
    for _ in range(args.runs):
        for n in AMONG:
            said = run("perf_lookup", n, args.lookups)
            for share in shares:
                ticks[n][share].append(said[share])
    print("\n| Connections | Ticks a look-up, p50 (least to most) | p99 | p99.9 |\n|---|---|---|---|")
    for n in AMONG:
        cells = [f"{statistics.median(samples):,.0f} ({min(samples):,.0f} to {max(samples):,.0f})" for samples in ticks[n].values()]
        print(f"| {n:,} | {' | '.join(cells)} |")
    print("\nIn no order that a cache follows, and one after the other: what the connection's cache lines take to come is in it. A "
          "turn's look-ups overlap; `growth` shows that.")


def two_processes(args):
    sides = [start("perf_workers", 1, args.seconds, core) for core in (0, 1)]
    return sum(answer_of(side)["requests_per_s"] for side in sides)


def workers(args):
    kinds = {
        "one worker": lambda: run("perf_workers", 1, args.seconds, 0)["requests_per_s"],
        "two workers": lambda: run("perf_workers", 2, args.seconds, 0)["requests_per_s"],
        "two processes, one worker each": lambda: two_processes(args),
        "two workers, every packet handed over": lambda: run("perf_workers", 2, args.seconds, 0, "steered")["requests_per_s"],
    }
    rates = {kind: [] for kind in kinds}
    for _ in range(args.runs):
        for kind, measure in kinds.items():
            rates[kind].append(measure())
    one, two = (statistics.median(rates[kind]) for kind in ("one worker", "two processes, one worker each"))
    print("\n| | Requests/s (least to most) | Times one worker | Times two processes |\n|---|---|---|---|")
    for kind, samples in rates.items():
        middle = statistics.median(samples)
        print(f"| {kind} | {middle:,.0f} ({min(samples):,.0f} to {max(samples):,.0f}) | {middle / one:.2f} | {middle / two:.2f} |")
    print("\nGoal of two workers: 1.9 times one, or 0.97 times two processes. Each core runs its clients as well.")


def idle_once(kind, args):
    words = command("perf_idle", kind, args.seconds, args.wakes)
    if kind == "tap":
        words = ["unshare", "-n" if os.geteuid() == 0 else "-Urn", *words]
    return answer_of(subprocess.Popen(words, stdout=subprocess.PIPE, text=True))


def idle(args):
    print("\n| Port | Share of a core, % (least to most) | Sleeps/s | Awake after, us: p50 | p99 | longest |")
    print("|---|---|---|---|---|---|")
    for kind in ("wire", "tap"):
        runs = [idle_once(kind, args) for _ in range(args.runs)]
        share = [run["core_percent"] for run in runs]
        middle = {key: statistics.median(run[key] for run in runs) for key in ("sleeps_per_s", "p50_us", "p99_us")}
        print(f"| {kind} | {statistics.median(share):.1f} ({min(share):.1f} to {max(share):.1f}) | {middle['sleeps_per_s']:,.0f} "
              f"| {middle['p50_us']:.1f} | {middle['p99_us']:.1f} | {max(run['max_us'] for run in runs):,.0f} |")
        if any(run["lost"] for run in runs):
            print(f"lost: {[run['lost'] for run in runs]}")
    print("\nGoals: 5 % of a core, awake after 50 us.")


PARTS = {"calls": calls, "growth": growth, "lookup": lookup, "workers": workers, "idle": idle}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="of calls, growth, lookup, workers, idle (default: all)")
    parser.add_argument("--runs", type=int, default=5, help="how often, in turn (5)")
    parser.add_argument("--calls", type=int, default=200000, help="calls in a run (200000)")
    parser.add_argument("--requests", type=int, default=1000000, help="requests in a run of growth (1000000)")
    parser.add_argument("--lookups", type=int, default=1000000, help="look-ups in a run of lookup (1000000)")
    parser.add_argument("--seconds", type=int, default=2, help="seconds of a run of workers, and of idle's share (2)")
    parser.add_argument("--wakes", type=int, default=1000, help="datagrams in a run of idle (1000)")
    args = parser.parse_args()
    for part in args.parts:
        if part not in PARTS:
            parser.error(f"no part \"{part}\": of {', '.join(PARTS)}")
    for part in args.parts or PARTS:
        print(f"== {part}", flush=True)
        PARTS[part](args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
