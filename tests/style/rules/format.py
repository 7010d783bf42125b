# SPDX-License-Identifier: BSD-3-Clause
"""C is as clang-format leaves it. Its releases differ: only 14 (Debian 12) judges."""
import os
import re
import shutil
import subprocess

from tree import Problem, Skip

RELEASE = "14"
HERE = os.path.dirname(os.path.abspath(__file__))
STYLE = os.path.join(HERE, "..", "..", "..", ".clang-format")


def clang_format():
    for name in (f"clang-format-{RELEASE}", "clang-format"):
        program = shutil.which(name)
        if program:
            version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
            if re.search(rf"version {RELEASE}\.", version):
                return program
    raise Skip(f"clang-format {RELEASE} is not there")


def check(tree):
    paths = [file.path for file in tree.c_files()]
    program = clang_format()
    if not paths:
        return
    result = subprocess.run([program, "--dry-run", f"--style=file:{STYLE}", *paths],
                            cwd=tree.root, capture_output=True, text=True, check=False)
    for match in re.finditer(r"^(.+?):(\d+):\d+: (?:warning|error): (.*)$", result.stderr, re.MULTILINE):
        yield Problem(match[1], int(match[2]), "run ./dev fmt")
    if result.returncode and not result.stderr.strip():
        yield Problem(".clang-format", 1, "clang-format failed")


GOOD = [{"lib/base/a.c": "int f(int x)\n{\n\tif (x)\n\t\treturn 1;\n\treturn 0;\n}\n"}]
BAD = [
    {"lib/base/a.c": "int f(int x) {\n  return x;\n}\n"},
    {"lib/base/a.c": "int f(int x)\n{\n    return x;\n}\n"},
    {"lib/base/a.c": "/* " + "word " * 30 + "*/\nint x;\n"},
]
