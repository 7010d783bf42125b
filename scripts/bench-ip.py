#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a route lookup costs among 1 to 1,000,000 routes: cycles, instructions, memory, and what a change takes.

The program is tests/perf/routes.c. "hot" are 4,096 addresses looked up again and again, "random" 4,000,000 all over the
address space; "change" is a route taken out or put back, one by one in one thread, "99.9 %" what one in a thousand takes longer than, /1 and /8 a
route of that length on top of all others. Instructions are counted by callgrind where there is valgrind.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("NSK_BUILD", os.path.join(TOP, "build"))
PROGRAM = os.path.join(BUILD, "tests/perf/perf_routes")
LOOKUPS = 2 * 5 * 4000000  # of the program, for which route_find() is called


def instructions(count, family):
    """Instructions of route_find() and what it calls, a lookup; None without valgrind."""
    if not shutil.which("valgrind"):
        return None
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", "--collect-atstart=no",
                        "--toggle-collect=route_find", PROGRAM, str(count), family, "few"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        total = re.search(r"^(?:summary|totals): (\d+)", out.read().decode(), re.MULTILINE)
    return round(int(total[1]) / (LOOKUPS / 1000), 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--routes", default="1,1000,100000,1000000", help="of IPv4 (1,1000,100000,1000000)")
    parser.add_argument("--routes6", default="1,1000,200000", help="of IPv6 (1,1000,200000)")
    parser.add_argument("--no-instructions", action="store_true", help="do not count them, which takes a minute")
    parser.add_argument("--json", metavar="FILE", help="all figures as JSON, too")
    args = parser.parse_args()
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
    if args.json:
        with open(args.json, "w", encoding="utf-8") as out:
            json.dump({"bench": "ip", "lookups": rows}, out, indent=1)
            out.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
