# SPDX-License-Identifier: BSD-3-Clause
"""Files and functions stay readable.

A file past 600 lines and a function past 60 need a reason; past 1,000 and 100 there is none. Functions of tests,
which are often tables, are not measured. KEY of an exception: PATH for a file, PATH:FUNCTION for a function.
"""
import subprocess

from tree import Problem, Skip

FILE_REASON, FILE_LIMIT = 600, 1000
FUNCTION_REASON, FUNCTION_LIMIT = 60, 100
SUFFIXES = (".c", ".h", ".py", ".sh")


def judge(tree, key, what, lines, reason, limit):
    """A text when the size is wrong, else None."""
    if lines > limit:
        return f"{what} has {lines} lines, more than {limit}"
    if lines > reason and not tree.excused("sizes", key):
        return f"{what} has {lines} lines; past {reason} a reason is owed"
    return None


def functions(tree):
    """(path, name, first line, number of lines) of each function outside of tests."""
    paths = [file.path for file in tree.c_files("lib", "drivers", "apps", "include")]
    if not paths:
        return
    command = ["ctags", "--languages=C", "--langmap=C:.c.h", "--kinds-C=f", "--fields=+ne", "-f", "-", "-L", "-"]
    try:
        listing = subprocess.run(command, cwd=tree.root, input="\n".join(paths), capture_output=True, text=True,
                                 check=True).stdout
    except FileNotFoundError:
        raise Skip("ctags is not there") from None
    for row in listing.splitlines():
        if row.startswith("!"):
            continue
        name, path, *rest = row.split("\t")
        fields = dict(field.split(":", 1) for field in rest if ":" in field)
        if "line" in fields and "end" in fields:
            yield path, name, int(fields["line"]), int(fields["end"]) - int(fields["line"]) + 1


def check(tree):
    for file in tree.files:
        if file.path.endswith(SUFFIXES) or file.path == "dev":
            lines = file.text.count("\n")
            problem = judge(tree, file.path, "the file", lines, FILE_REASON, FILE_LIMIT)
            if problem:
                yield Problem(file.path, lines, problem)
    for path, name, line, lines in functions(tree):
        problem = judge(tree, f"{path}:{name}", f"{name}()", lines, FUNCTION_REASON, FUNCTION_LIMIT)
        if problem:
            yield Problem(path, line, problem)


def _function(lines):
    return "int f(int x)\n{\n" + "\tx++;\n" * (lines - 4) + "\treturn x;\n}\n"


def _reason(key):
    return {"tests/style/reasons.txt": f"sizes {key} one straight path, read top to bottom\n"}


GOOD = [
    {"lib/tcp/a.c": "int x;\n" * 600, "tests/unit/a.c": _function(90)},
    {"lib/tcp/a.c": _function(60)},
    {"lib/tcp/a.c": _function(100), **_reason("lib/tcp/a.c:f")},
    {"lib/tcp/a.c": "int x;\n" * 1000, **_reason("lib/tcp/a.c")},
]
BAD = [
    {"lib/tcp/a.c": "int x;\n" * 601},
    {"tests/unit/a.c": "int x;\n" * 601},
    {"lib/tcp/a.c": "int x;\n" * 1001, **_reason("lib/tcp/a.c")},
    {"lib/tcp/a.c": _function(61)},
    {"lib/tcp/a.h": _function(61)},
    {"apps/a.c": _function(101), **_reason("apps/a.c:f")},
]
