#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks the tree against the rules in rules/, one module a rule.

usage: check.py [--root DIR] [--library LIB.a] [RULE...]     without RULE: all of them
       check.py --files c                                    the C files of the tree, one a line
       check.py --rules                                      the rules

Exit status: 0 clean, 1 problems found, 77 the tool that the rule needs is missing.
"""
import argparse
import importlib
import os
import sys

from tree import Skip, Tree

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))


def rule_names():
    return sorted(name[:-3] for name in os.listdir(os.path.join(HERE, "rules")) if name.endswith(".py"))


def load_rule(name):
    return importlib.import_module(f"rules.{name}")


def run_rule(name, tree):
    """The problems that a rule finds, its stale exceptions included."""
    problems = list(load_rule(name).check(tree))
    return problems + list(tree.reasons.problems(name))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default=TOP)
    parser.add_argument("--library")
    parser.add_argument("--files", choices=["c"])
    parser.add_argument("--rules", action="store_true")
    parser.add_argument("rule", nargs="*")
    args = parser.parse_args()

    if args.rules:
        print("\n".join(rule_names()))
        return 0
    tree = Tree(args.root, args.library)
    if args.files:
        print("\n".join(os.path.join(tree.root, file.path) for file in tree.c_files()))
        return 0

    found = skipped = 0
    for name in args.rule or rule_names():
        try:
            for problem in run_rule(name, tree):
                print(f"{problem} [{name}]")
                found += 1
        except Skip as skip:
            print(f"{name}: skipped, {skip}")
            skipped += 1
    if found:
        print(f"{found} problems; a justified exception is a line in tests/style/reasons.txt")
        return 1
    return 77 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
