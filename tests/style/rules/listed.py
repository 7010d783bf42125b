# SPDX-License-Identifier: BSD-3-Clause
"""Every C file is built: its name stands in its folder's meson.build.

A test that is in no table never runs, and nobody notices.
"""
import os
import re

from tree import Problem


def check(tree):
    builds = {os.path.dirname(file.path): file for file in tree.files if file.name == "meson.build"}
    for file in tree.c_files():
        if not file.name.endswith(".c"):
            continue
        folder = os.path.dirname(file.path)
        while folder and folder not in builds:
            folder = os.path.dirname(folder)
        build = builds.get(folder)
        name = os.path.relpath(file.path, folder or ".")
        if not build or not re.search(rf"'{re.escape(name)}'|'{re.escape(name[:-2])}'", build.text):
            yield Problem(file.path, 1, f"is not in {build.path if build else 'any meson.build'}")


GOOD = [
    {"lib/base/meson.build": "base_sources = files('wheel.c')\n", "lib/base/wheel.c": "int x;\n"},
    {"tests/unit/meson.build": "unit_tests += ['base_wheel']\n", "tests/unit/base_wheel.c": "int x;\n"},
    {"tests/sim/meson.build": "files('net/wire.c')\n", "tests/sim/net/wire.c": "int x;\n"},
]
BAD = [
    {"lib/base/meson.build": "base_sources = files()\n", "lib/base/wheel.c": "int x;\n"},
    {"tests/unit/meson.build": "unit_tests += ['base_wheel_far']\n", "tests/unit/base_wheel.c": "int x;\n"},
    {"lib/new/wheel.c": "int x;\n"},
]
