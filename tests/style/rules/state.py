# SPDX-License-Identifier: BSD-3-Clause
"""No process-wide mutable state in the library.

Reads the symbols of the compiled library: nothing may lie in a writable section (.data, .bss, or their per-thread
kind), static or not, file scope or function scope. Constant tables of pointers (.data.rel.ro) are constant.
KEY of an exception: PATH:VARIABLE.
"""
import os
import re
import subprocess

from tree import Problem, Skip

NEEDS_LIBRARY = True

MEMBER = re.compile(r"^(\S+\.o):\s+file format")
SYMBOL = re.compile(r"^[0-9a-f]+ .{7} (\S+)\t[0-9a-f]+ +(?:\.hidden )?(\S+)$")
WRITABLE = re.compile(r"\.(data|bss|tdata|tbss)(\.(?!rel\.ro).*)?$|\*COM\*$")


def variables(library):
    """(object, section, name) of each symbol that lies in a section."""
    try:
        listing = subprocess.run(["objdump", "-t", library], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        raise Skip("objdump is not there") from None
    member = ""
    for line in listing.splitlines():
        if found := MEMBER.match(line):
            member = os.path.basename(found[1])  # an archive without copies has paths
        elif found := SYMBOL.match(line):
            yield member, found[1], found[2]


def check(tree):
    if not tree.library:
        raise Skip("give the library: --library build/libnetstk_objects.a")
    sources = {file.path.replace("/", "_") + ".o": file for file in tree.c_files("lib", "drivers")}
    for member, section, symbol in variables(tree.library):
        if not WRITABLE.match(section) or symbol.startswith("."):
            continue
        name = re.sub(r"\.\d+$", "", symbol)  # x.0 is a static x within a function
        file = sources.get(member)
        path = file.path if file else member
        if tree.excused("state", f"{path}:{name}"):
            continue
        line = next((line for line, _ in file.find(rf"\b{re.escape(name)}\b")), 1) if file else 1
        yield Problem(path, line, f"{name} is mutable and belongs to the process ({section})")


GOOD = [
    {"lib/base/a.c": "static const int t[] = {1, 2};\nconst char *f(int i) { return t[i] ? \"a\" : \"b\"; }\n"},
    {"lib/base/a.c": "int g(void);\nint (*const ops[])(void) = {g};\nstatic const char *const n[] = {\"a\"};\n"
                     "const char *f(int i) { return n[i]; }\n"},
]
BAD = [
    {"lib/base/a.c": "int x;\n"},
    {"lib/base/a.c": "static int x = 3;\nint f(void) { return x++; }\n"},
    {"lib/base/a.c": "int f(void) { static int calls; return calls++; }\n"},
    {"lib/base/a.c": "static __thread int x;\nint f(void) { return x++; }\n"},
    {"drivers/a.c": "const char *names[] = {\"a\"};\n"},
]
