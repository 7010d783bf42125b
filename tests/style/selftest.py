#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tests the rules: each bad sample of a rule must turn it red, and each good one must not.

A sample is a small tree: {path: text}. A rule without both kinds of sample fails.
"""
import os
import subprocess
import sys
import tempfile

from check import load_rule, rule_names, run_rule
from tree import Skip, Tree


def write(root, files):
    for path, text in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8", newline="") as file:
            file.write(text)


def archive(root, files):
    """Compiles the sample's C files as the build does, each object named after its source."""
    objects = []
    for path in files:
        if path.endswith(".c"):
            objects.append(os.path.join(root, path.replace("/", "_") + ".o"))
            subprocess.run(["cc", "-c", "-fPIC", "-o", objects[-1], os.path.join(root, path)], check=True)
    library = os.path.join(root, "sample.a")
    subprocess.run(["ar", "rc", library, *objects], check=True)
    for path in objects:
        os.remove(path)
    return library


def problems_of(name, files):
    with tempfile.TemporaryDirectory(prefix="nsk-style-") as root:
        write(root, files)
        library = archive(root, files) if getattr(load_rule(name), "NEEDS_LIBRARY", False) else None
        return run_rule(name, Tree(root, library))


def test_rule(name):
    """Texts of what is wrong with the rule."""
    rule = load_rule(name)
    if not rule.BAD or not rule.GOOD or not rule.__doc__:
        yield f"{name}: wants a docstring, BAD and GOOD samples"
    for number, files in enumerate(rule.BAD):
        if not problems_of(name, files):
            yield f"{name}: bad sample {number} was not found: {files}"
    for number, files in enumerate(rule.GOOD):
        for problem in problems_of(name, files):
            yield f"{name}: good sample {number}: {problem}"


def test_reasons():
    """An exception that nothing needs, or that gives no reason, is a problem; one that is needed is none."""
    code = {"lib/tcp/input.c": "int x;\n" * 700}
    entry = "sizes lib/tcp/input.c "
    for reason, wanted in (("one straight path of the RFC", 0), ("because", 2)):
        found = len(problems_of("sizes", {**code, "tests/style/reasons.txt": f"{entry}{reason}\n"}))
        if found != wanted:
            yield f"reasons: {found} problems with '{reason}', wanted {wanted}"
    if not problems_of("sizes", {"tests/style/reasons.txt": f"{entry}one straight path of the RFC\n"}):
        yield "reasons: a stale exception was not found"


def main():
    failures = list(test_reasons())
    skipped = 0
    for name in rule_names():
        try:
            failures += test_rule(name)
        except Skip as skip:
            print(f"{name}: skipped, {skip}")
            skipped += 1
    print("\n".join(failures) or f"{len(rule_names()) - skipped} rules tell good from bad")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
