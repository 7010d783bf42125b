#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What "meson test" is to be told for names of suites and tests: test-names.py TREE... -- NAME...

A suite becomes --suite=NAME, a test stays its name, a pattern becomes all that match, one a line. A name that none of the configured trees knows is an
error that says so. Trees that are not configured are passed over.
"""
import difflib
import fnmatch
import json
import os
import sys


def known(trees):
    suites, tests = set(), set()
    for tree in trees:
        path = os.path.join(tree, "meson-info", "intro-tests.json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                for test in json.load(file):
                    tests.add(test["name"])
                    suites.update(suite.rpartition(":")[2] for suite in test["suite"])
    return suites, tests


def main(arguments):
    split = arguments.index("--")
    suites, tests = known(arguments[:split])
    unknown = 0
    for name in arguments[split + 1:]:
        if name in suites:
            print(f"--suite={name}")
        elif matching := sorted(fnmatch.filter(tests, name)):
            print("\n".join(matching))
        else:
            near = difflib.get_close_matches(name, suites | tests, 3)
            print(f"dev: no suite or test is named {name}" + (f"; did you mean {', '.join(near)}?" if near else
                  f"; the suites are {', '.join(sorted(suites))}"), file=sys.stderr)
            unknown = 1
    return unknown


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
