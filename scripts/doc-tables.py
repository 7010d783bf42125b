#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes anew what documents are made of: tables of drop reasons and counters, files that are shown.

The rule "documents" of tests/style says what stands where, and that all is in step.
"""
import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests", "style"))

from rules.documents import renewed  # noqa: E402, found by the path above
from tree import Tree  # noqa: E402


def main():
    tree = Tree(TOP)
    for file in tree.files:
        if not file.path.endswith(".md"):
            continue
        text = renewed(file.text, tree)
        if text != file.text:
            with open(os.path.join(TOP, file.path), "w", encoding="utf-8", newline="") as document:
                document.write(text)
            print(file.path)


if __name__ == "__main__":
    main()
