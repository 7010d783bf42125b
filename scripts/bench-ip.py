#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What routes cost: a lookup among 1 to 1,000,000 of them, a change, and a forwarded packet.

`lookup` is tests/perf/routes.c: cycles, instructions and memory. "hot" are 4,096 addresses looked up again and again, "random"
4,000,000 all over the address space; "change" is a route taken out or put back, one by one in one thread, "99.9 %" what one in a
thousand takes longer than, /1 and /8 a route of that length on top of all others. Instructions are counted by callgrind where
there is valgrind.

`turn` is tests/perf/forward.c: ticks and instructions for a packet on its way through a router, in one thread under virtual time,
to few destinations and to many. The median of the turns, and of that the least of several runs: nothing but the machine varies.

`changes` is tests/perf/route_changes.c: a worker forwards 32 packets a turn among all those routes while another thread changes them by
the public calls: none, 10,000 a second, as many as it can, and one wide prefix above the others again and again. "call" is what a
change takes who calls, "seen" the time from the call until the turn has ended in which a packet went the new way, and how many
turns after that of the call's return that was, "turn" a worker's turn, of which the time is left out that the core was taken away.
Of each the median, 99 %, 99.99 % and the longest, of the run in which the turns were the shortest. Two cores are needed.

`forward` is packets a second over a virtual wire between two cores, 512 of them on their way at once, to 1,000,000 destinations: a
router with 1 and 1,000,000 routes, nsk-reflect, and testpmd in macswap mode (Debian's dpdk-dev). Nothing else may run.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

from rig import Failure, Rig, enter_namespace, until, wait_for_quiet

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("NSK_BUILD", os.path.join(TOP, "build"))
PROGRAM = os.path.join(BUILD, "tests/perf/perf_routes")
FORWARD = os.path.join(BUILD, "tests/perf/perf_forward")
CHANGES = os.path.join(BUILD, "tests/perf/perf_route_changes")
LOOKUPS = 2 * 5 * 4000000  # of the program, for which route_find() is called


def instructions(count, family):
    """Instructions of route_find() and what it calls, a lookup; None without valgrind."""
    if not shutil.which("valgrind"):
        return None
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", "--collect-atstart=no",
                        "--toggle-collect=route_find", PROGRAM, str(count), family, "few"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        total = re.search(r"^totals: (\d+)", out.read().decode(), re.MULTILINE)
    return round(int(total[1]) / (LOOKUPS / 1000), 1)


def lookup(args):
    rows = []
    print(f"{'family':<8}{'routes':>9}{'MB':>8}{'adds/s':>10}{'instr.':>8}{'hot':>8}{'random':>8}{'change us':>11}"
          f"{'99.9 % us':>12}{'/1 us':>8}{'/8 us':>8}")
    for family, counts in (("4", args.routes), ("6", args.routes6)):
        for count in counts.split(","):
            row = json.loads(subprocess.run([PROGRAM, count, family], stdout=subprocess.PIPE, check=True).stdout)
            row["instructions"] = None if args.no_instructions else instructions(count, family)
            rows.append(row)
            print(f"IPv{family:<5}{row['routes']:>9,}{row['bytes'] / 1e6:>8.1f}{row['adds_per_s']:>10,.0f}"
                  f"{row['instructions'] or '-':>8}{row['hot_cycles']:>8.0f}{row['random_cycles']:>8.0f}"
                  f"{row['change_us']:>11.2f}{row['longest_us']:>12.1f}{row['slash1_us']:>8.1f}{row['slash8_us']:>8.1f}",
                  flush=True)
    return rows


# ---- a packet's way through a router ----------------------------------------------------------------------------


def ticks(arguments, runs):
    """Samples of the same run."""
    return [json.loads(subprocess.run([FORWARD, *arguments], stdout=subprocess.PIPE, check=True).stdout)["ticks_each"]
            for _ in range(runs)]


def forward_instructions(arguments):
    """Instructions a packet; None without valgrind."""
    if not shutil.which("valgrind"):
        return None
    with tempfile.NamedTemporaryFile() as out:
        words = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", "--instr-atstart=no", "--collect-atstart=no",
                 "--toggle-collect=serve*", FORWARD, *arguments, "--eal", "--force-max-simd-bitwidth=256"]
        said = subprocess.run(words, capture_output=True, text=True, check=True)
        total = re.search(r"^totals: (\d+)", out.read().decode(), re.MULTILINE)
    return round(int(total[1]) / json.loads(said.stdout)["done"], 1)


def turn(args):
    rows = []
    print(f"{'family':<8}{'routes':>9}{'destinations':>14}{'instr.':>8}{'ticks':>8}{'times':>7}  samples")
    for family, counts in (("4", args.routes), ("6", args.routes6)):
        least = {}
        for count in counts.split(","):
            for destinations in (4096, 4000000):
                what = [f"forward{family}", "--routes", count, "--destinations", str(destinations)]
                samples = ticks([*what, "--count", "2000000"], args.runs)
                counted = None if args.no_instructions or destinations > 4096 else forward_instructions([*what, "--count", "20000"])
                first = least.setdefault(destinations, min(samples))
                rows.append({"family": family, "routes": int(count), "destinations": destinations, "ticks": samples,
                             "instructions": counted})
                print(f"IPv{family:<5}{int(count):>9,}{destinations:>14,}{counted or '-':>8}{min(samples):>8.0f}"
                      f"{min(samples) / first:>7.2f}  {' '.join(f'{s:.0f}' for s in samples)}", flush=True)
    return rows


# ---- changes while packets are forwarded --------------------------------------------------------------------------

RATES = (("none", ["0"]), ("10,000/s", ["10000"]), ("any", ["max"]), ("a /8", ["10000", "8"]), ("a /1", ["10000", "1"]))


def change(args, cores, family, count, rate, wide=None):
    """One run, on these two cores; they are next to each other."""
    wait_for_quiet(cores, args.patience)
    command = [CHANGES, family, count, rate, str(args.seconds), str(cores[0]), *([wide] if wide else [])]
    row = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    if row["lost"]:
        raise Failure(f"{' '.join(command)}: {row['lost']} packets were not forwarded")
    return row | {"command": " ".join(command)}


def changes(args):
    cores = (0, 1)
    rows = []
    print(f"{'family':<8}{'routes':>9}  {'changes':<10}{'per second':>11}{'turns':>9}{'> 50 us':>9}  "
          f"{'turn us':<28}{'call us':<28}{'seen us':<28}")
    for family, counts in (("4", args.routes), ("6", args.routes6)):
        for what, arguments in RATES:
            runs = [change(args, cores, family, counts.split(",")[-1], *arguments) for _ in range(args.runs)]
            rows.append({"what": what, "runs": runs})
            best = min(runs, key=lambda run: run["turn"]["us"][-1])
            shown = "".join(f"{' '.join(f'{us:.1f}' for us in best[part]['us']):<28}" for part in ("turn", "call", "seen"))
            print(f"IPv{family:<5}{best['routes']:>9,}  {what:<10}{best['changes_per_s']:>11,.0f}{best['turn']['n']:>9,}"
                  f"{best['turns_over_50_us']:>9,}  {shown}", flush=True)
            print(f"  {runs[0]['command']}; seen after {max(run['most_turns_late'] for run in runs)} turns at most; "
                  f"longest turns: {' '.join(str(run['turn']['us'][-1]) for run in runs)}; over 50 us: "
                  f"{' '.join(str(run['turns_over_50_us']) for run in runs)}", flush=True)
    return rows


# ---- packets a second -------------------------------------------------------------------------------------------


def testpmd(rig, device):
    """It forwards as soon as it runs, and ends when its input does. What it says comes line by line."""
    memory = ["--in-memory"] if rig.huge else ["--no-huge", "-m", "512"]
    lcores = f"{rig.cores.load},{rig.cores.server}"
    return rig.start("stdbuf", "-oL", "dpdk-testpmd", "-l", lcores, "--main-lcore", rig.cores.load, "--no-pci", *memory, "--no-telemetry",
                     f"--vdev={device}", "--", "--forward-mode=macswap", "--auto-start", "--total-num-mbufs=8192", stdin=subprocess.PIPE)


def reflect(rig, device):
    return rig.start("nsk-reflect", "-d", device, *rig.memory(), "-l", rig.cores.server, "--quiet")


def router(routes, family):
    return lambda rig, device: rig.start("perf_forward_router", routes, family, "-d", device, *rig.memory(), "-l",
                                         rig.cores.server)


# What they say then.
READY = {"dpdk-testpmd": "Press enter", "perf_forward_router": "ready"}


def measure(rig, start, family, seconds):
    """Packets a second of one run; the commands are printed the first time."""
    path, (server_end, load_end) = rig.wire()
    server = start(rig, server_end)
    said = next((said for name, said in READY.items() if name in server.text), "")
    until("the wire", lambda: server.need() and os.path.exists(path) and said in server.said, seconds=120)
    load = rig.start("perf_forward_load", seconds, family, "-d", load_end, *rig.memory(), "-l", rig.cores.load)
    load.process.wait()
    if load.process.returncode:
        raise Failure(f"{load.text}: {load.said}")
    rate = json.loads(load.said.splitlines()[-1])["packets_per_s"]
    server.end()
    return rate, [server.text, load.text]


def forward(args):
    """Each side in turn, so that a machine that changes its pace changes it for all."""
    sides = {"testpmd macswap": (testpmd, "4"), "nsk-reflect": (reflect, "4"), "router, 1 route": (router("1", "4"), "4"),
             "router, 1,000,000 routes": (router("1000000", "4"), "4"), "router, IPv6, 1 route": (router("1", "6"), "6"),
             "router, IPv6, 200,000 routes": (router("200000", "6"), "6")}
    if not shutil.which("dpdk-testpmd"):
        print("no dpdk-testpmd: apt-get install dpdk-dev; measured without it")
        del sides["testpmd macswap"]
    rates, commands = {name: [] for name in sides}, {}
    with Rig(args.no_huge, args.wire) as rig:
        for number in range(args.runs):
            for name, (start, family) in sides.items():
                wait_for_quiet((rig.cores.server, rig.cores.load), args.patience)
                rate, commands[name] = measure(rig, start, family, args.seconds)
                rates[name].append(rate)
                print(f"run {number + 1} of {args.runs}  {name:<30}{rate:>12,.0f} packets/s", file=sys.stderr, flush=True)
    ceiling = statistics.median(next(iter(rates.values())))
    for name, both in commands.items():
        print(f"{name}:\n  " + "\n  ".join(both))
    print(f"\n{'':<30}{'packets/s':>12}{'share':>8}  samples ({args.wire})")
    for name, samples in rates.items():
        middle = statistics.median(samples)
        print(f"{name:<30}{middle:>12,.0f}{100 * middle / ceiling:>6.0f} %  {' '.join(f'{s:,.0f}' for s in samples)}")
    return {"wire": args.wire, "commands": commands, "packets_per_s": rates}


PARTS = {"lookup": lookup, "turn": turn, "changes": changes, "forward": forward}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (all)")
    parser.add_argument("--routes", default="1,1000,100000,1000000", help="of IPv4 (1,1000,100000,1000000)")
    parser.add_argument("--routes6", default="1,1000,200000", help="of IPv6 (1,1000,200000)")
    parser.add_argument("--runs", type=int, default=5, help="of turn, changes and forward (5)")
    parser.add_argument("--seconds", type=float, default=2, help="of a run of changes or forward (2)")
    parser.add_argument("--wire", choices=("memif", "vhost"), default="memif", help="of forward (memif)")
    parser.add_argument("--patience", type=float, default=10, help="seconds to wait for the cores to be idle before a run (10)")
    parser.add_argument("--no-huge", action="store_true", help="forward: no hugepages")
    parser.add_argument("--no-instructions", action="store_true", help="do not count them, which takes a minute")
    parser.add_argument("--json", metavar="FILE", help="all figures as JSON, too")
    args = parser.parse_args()
    for part in args.parts:
        if part not in PARTS:
            parser.error(f"no such part: {part}; there are {', '.join(PARTS)}")
    if not args.parts or "forward" in args.parts:
        enter_namespace()
    try:
        report = {part: PARTS[part](args) for part in args.parts or PARTS}
    except Failure as failure:
        print(f"bench ip: {failure}", file=sys.stderr)
        return 1
    if args.json:
        with open(args.json, "w", encoding="utf-8") as out:
            json.dump({"bench": "ip", **report}, out, indent=1)
            out.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
