# SPDX-License-Identifier: BSD-3-Clause
"""No blanks at the end of a line, no carriage returns, a line end at the end, tabs where tabs belong."""
from tree import Problem

SUFFIXES = (".c", ".h", ".py", ".sh", ".md", ".txt", ".map", "meson.build")
NAMES = ("dev", ".ci/run", ".clang-format", ".gitignore", "LICENSE", "docs/Doxyfile")
WITHOUT_TABS = (".py", ".sh")


def check(tree):
    for file in tree.files:
        if not file.path.endswith(SUFFIXES) and file.path not in NAMES:
            continue
        if file.text and not file.text.endswith("\n"):
            yield Problem(file.path, len(file.lines), "the last line has no end")
        for line, _ in file.find(r"[ \t\r]+$", file.text):
            yield Problem(file.path, line, "blanks at the end of the line")
        if file.path.endswith(WITHOUT_TABS):
            for line, _ in file.find(r"\t", file.text):
                yield Problem(file.path, line, "a tab; this kind of file is indented by spaces")


GOOD = [{"lib/base/a.c": "int f(void)\n{\n\treturn 0;\n}\n", "meson.build": "x = [\n  1,\n]\n", "a.bin": "x \t"}]
BAD = [
    {"lib/base/a.c": "int x; \n"},
    {"README.md": "a\r\n"},
    {"dev": "x"},
    {"tests/a.py": "if x:\n\tpass\n"},
]
