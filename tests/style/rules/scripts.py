# SPDX-License-Identifier: BSD-3-Clause
"""Every script says which rule it proves, in an "rfc" line with document and section, and its folder is run."""
import os
import re

from tree import Problem

SOURCE = re.compile(r"^rfc \d+ (§|appendix )", re.MULTILINE)


def check(tree):
    builds = {os.path.dirname(file.path): file.text for file in tree.files if file.name == "meson.build"}
    for file in tree.files:
        if not file.name.endswith(".script"):
            continue
        folder = os.path.dirname(file.path)
        if not SOURCE.search(file.text):
            yield Problem(file.path, 1, "no line says its source, as: rfc 9293 §3.10.7.4")
        if f"'{os.path.basename(folder)}'" not in builds.get(os.path.dirname(folder), ""):
            yield Problem(file.path, 1, f"{folder} is not in the meson.build above it")


GOOD = [
    {"tests/script/meson.build": "folders = ['listen']\n", "tests/script/listen/a.script": "// A rule.\nrfc 9293 §3.1\n"},
    {"tests/script/meson.build": "folders = ['a-b']\n", "tests/script/a-b/a.script": "rfc 7323 appendix A\n"},
]
BAD = [
    {"tests/script/meson.build": "folders = ['listen']\n", "tests/script/listen/a.script": "// A rule.\n"},
    {"tests/script/meson.build": "folders = ['listen']\n", "tests/script/listen/a.script": "rfc 9293\n"},
    {"tests/script/meson.build": "folders = ['listen']\n", "tests/script/closed/a.script": "rfc 9293 §3.1\n"},
]
