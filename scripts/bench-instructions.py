#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Instructions for a request, a short connection and a forwarded packet, next to the committed figures.

Counted by callgrind on in-process wires: the side of server or router from the receive burst to the transmit burst, epoll and
socket calls included; docs/PERFORMANCE.md says how. The figures are those of tests/perf/instructions.txt.
"""
import argparse
import os
import sys

import instructions

BUILD = os.environ.get("NSK_BUILD", os.path.join(instructions.TOP, "build"))
SKIPPED = 77


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", default=os.path.join(BUILD, "tests/perf"), metavar="FOLDER",
                        help="where those are that are counted (default: the build's)")
    parser.add_argument("--renew", action="store_true", help="write the figures into tests/perf/instructions.txt")
    parser.add_argument("--skip", metavar="WHY", help="count nothing and say why")
    args = parser.parse_args()
    if args.skip:
        print(f"skipped: {args.skip}")
        return SKIPPED
    counts, bad = [], 0
    print(f"{'work':<12}{'at once':>8}{'instructions':>14}{'committed':>11}{'limit':>8}")
    for row in instructions.rows():
        counted = row.count(args.programs)
        wrong = None if args.renew else row.verdict(counted)
        bad += wrong is not None
        counts.append(counted)
        print(f"{row.work:<12}{row.at_once:>8}{counted:>14,}{row.baseline:>11,}{row.limit or '-':>8}"
              f"{'  ' + wrong if wrong else ''}", flush=True)
    if args.renew:
        instructions.renew(counts)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
