#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Milliseconds that it takes to make a stack with one port, turn it once and destroy it."""
import argparse
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("NSK_BUILD", os.path.join(TOP, "build"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stacks", nargs="?", type=int, default=1000, help="how many, one after the other (1000)")
    parser.add_argument("--runs", type=int, default=3, help="how often (3)")
    args = parser.parse_args()
    for _ in range(args.runs):
        status = subprocess.call([os.path.join(BUILD, "tests/perf/perf_stack_life"), str(args.stacks)])
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
