#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sums up runs of "meson test".

usage: summary.py [--broken=TREE]... LOG.json...

Each log holds one JSON object a line, one line a test. Prints the output of each test that failed with the command
that repeats it, names each test that skipped itself with its reason, and ends with "N passed, N failed". A tree that
did not build or run counts as one failure, and so does a run without any test. Exit status: 1 when anything failed.
"""
import argparse
import json
import os
import re
import shlex
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
TAIL_LINES = 80


def read_log(path):
    """The tests of one log, each with the build tree it ran in."""
    tree = os.path.dirname(os.path.dirname(path))
    with open(path, encoding="utf-8", errors="replace") as log:
        return [dict(json.loads(line), tree=tree) for line in log if line.strip()]


def short_name(test):
    """'netstk:unit / base_wheel' is 'base_wheel' on meson's command line."""
    return test["name"].split(" / ")[-1]


def repeat_command(test):
    """A fuzz target names the input that it fell over; every other test repeats by itself."""
    found = re.search(r"Test unit written to (\S+)", (test.get("stdout") or "") + (test.get("stderr") or ""))
    if found:
        return shlex.join([test["command"][0], found[1]])
    return f"meson test -C {test['tree']} -v {short_name(test)}"


def skip_reason(test):
    found = re.search(r"skipped[:,] *(.+)", (test.get("stdout") or "") + (test.get("stderr") or ""), re.IGNORECASE)
    return found[1] if found else "it does not say why"


def print_failure(test):
    print(f"\n---- {test['name']} in {test['tree']}: {test['result']}, status {test.get('returncode')}, "
          f"{test.get('duration', 0):.1f} s")
    for stream in ("stdout", "stderr"):
        lines = (test.get(stream) or "").rstrip().splitlines()
        if len(lines) > TAIL_LINES:
            print(f"[{len(lines) - TAIL_LINES} lines of {stream} left out]")
        for line in lines[-TAIL_LINES:]:
            print(line)
    print(f"repeat: {repeat_command(test)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broken", action="append", default=[])
    parser.add_argument("logs", nargs="*")
    args = parser.parse_args()

    tests = [test for path in args.logs if os.path.exists(path) for test in read_log(path)]
    skipped = [test for test in tests if test["result"] == "SKIP"]
    passed = [test for test in tests if test["result"] in PASSED]
    failed = [test for test in tests if test["result"] not in PASSED | {"SKIP"}]

    for test in failed:
        print_failure(test)
    print()
    for test in skipped:
        print(f"skipped: {test['name']} in {test['tree']}: {skip_reason(test)}")
    for tree in args.broken:
        print(f"did not build or run: {tree}")
    for test in failed:
        print(f"failed: {test['name']} in {test['tree']}")
    failures = len(failed) + len(args.broken)
    if failures == 0 and not passed:
        print("no test ran")
        failures = 1
    print(f"{len(passed)} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
