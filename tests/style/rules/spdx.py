# SPDX-License-Identifier: BSD-3-Clause
"""Every source says its licence: C in its first line, scripts and meson.build in the first two."""
from tree import Problem

TAG = "SPDX-License-" + "Identifier: BSD-3-Clause"


def check(tree):
    for file in tree.files:
        if file.is_c():
            if file.lines[0] != f"/* {TAG} */":
                yield Problem(file.path, 1, f"the first line must be /* {TAG} */")
        elif file.path.endswith(".py") or file.name == "meson.build" or file.is_shell():
            if f"# {TAG}" not in file.lines[:2]:
                yield Problem(file.path, 1, f"line 1 or 2 must be # {TAG}")


GOOD = [
    {"lib/base/a.c": f"/* {TAG} */\nint x;\n"},
    {"tests/a.sh": f"#!/bin/bash\n# {TAG}\n", "meson.build": f"# {TAG}\n", "README.md": "text\n"},
]
BAD = [
    {"lib/base/a.c": "int x;\n"},
    {"lib/base/a.h": f"\n/* {TAG} */\n"},
    {"tests/a.py": "pass\n"},
    {"dev": "#!/usr/bin/env bash\necho\n"},
]
