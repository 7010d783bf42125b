#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What ports can do, and what that saves: a bulk transfer with offloads and without.

`bulk` is tests/perf/bulk.c: one connection from one stack to another over the in-process wire, in one thread under virtual time,
that sends and receives by the socket calls (copies) or by reference (zero copy). "cycles" are TSC ticks of either side for 1,448
octets, the wire's own copy of each side among them, "instr." the same counted by callgrind. Offloads off and on are taken in turn;
the table has medians.
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

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("NSK_BUILD", os.path.join(TOP, "build"))
BULK = os.path.join(BUILD, "tests/perf/perf_bulk")
COUNTED = 40000000  # octets that callgrind sees
UNIT = 1448


def one(offloads, zero_copy, octets):
    return json.loads(subprocess.run([BULK, "--offloads", str(offloads), "--zero-copy", str(zero_copy), "--bytes", str(octets)],
                                     stdout=subprocess.PIPE, check=True).stdout)


def instructions(side, offloads, zero_copy):
    """Of one side, for 1,448 octets; None without valgrind."""
    if not shutil.which("valgrind"):
        return None
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", "--instr-atstart=no",
                        "--collect-atstart=no", f"--toggle-collect={side}", BULK, "--offloads", str(offloads), "--zero-copy",
                        str(zero_copy), "--bytes", str(COUNTED), "--eal", "--force-max-simd-bitwidth=256"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        total = re.search(r"^totals: (\d+)", out.read().decode(), re.MULTILINE)
    return round(int(total[1]) / (COUNTED / UNIT))


def bulk(args):
    rows = []
    print(f"{'payload':<11}{'offloads':<10}{'Gbit/s':>8}{'times':>7}{'cycles out':>12}{'cycles in':>11}{'instr. out':>12}"
          f"{'instr. in':>11}  samples, Gbit/s")
    for zero_copy in (0, 1):
        runs = {0: [], 1: []}
        for _ in range(args.runs):
            for offloads, samples in runs.items():
                samples.append(one(offloads, zero_copy, args.octets))
        without = statistics.median(run["gbit_per_s"] for run in runs[0])
        for offloads, samples in runs.items():
            counted = [None if args.no_instructions else instructions(side, offloads, zero_copy)
                       for side in ("sending", "receiving")]
            rows.append({"zero_copy": zero_copy, "offloads": offloads, "runs": samples, "instructions": counted})
            middle = {key: statistics.median(run[key] for run in samples) for key in
                      ("gbit_per_s", "cycles_send", "cycles_receive")}
            print(f"{'zero copy' if zero_copy else 'copied':<11}{'on' if offloads else 'off':<10}{middle['gbit_per_s']:>8.1f}"
                  f"{middle['gbit_per_s'] / without:>7.2f}{middle['cycles_send']:>12.0f}{middle['cycles_receive']:>11.0f}"
                  f"{counted[0] or '-':>12}{counted[1] or '-':>11}  {' '.join(str(run['gbit_per_s']) for run in samples)}",
                  flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("bulk",), default="bulk", help="which part (bulk)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (5)")
    parser.add_argument("--octets", type=int, default=1000000000, help="octets a run (1,000,000,000)")
    parser.add_argument("--no-instructions", action="store_true", help="count none")
    parser.add_argument("--json", metavar="FILE", help="all samples, too")
    args = parser.parse_args()
    print(f"command: {' '.join(sys.argv)}")
    rows = bulk(args)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as out:
            json.dump(rows, out, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
