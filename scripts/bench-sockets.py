#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What socket calls cost a thread that does not run the worker: one by one, and in batches."""
import argparse
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("NSK_BUILD", os.path.join(TOP, "build"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("calls", nargs="?", type=int, default=200000, help="how many in a run (200000)")
    parser.add_argument("--runs", type=int, default=5, help="how often (5)")
    args = parser.parse_args()
    program = os.path.join(BUILD, "tests/perf/perf_foreign_calls")
    for run in range(1, args.runs + 1):
        print(f"run {run} of {args.runs}: {os.path.relpath(program, TOP)} {args.calls}", flush=True)
        status = subprocess.call([program, str(args.calls)])
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
