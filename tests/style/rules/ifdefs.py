# SPDX-License-Identifier: BSD-3-Clause
"""No features by #ifdef.

Conditional compilation beyond include guards, __cplusplus and the byte order needs a reason: compilers, sanitizers,
processors and releases of DPDK differ, each in one small header. KEY of an exception:
PATH:FIRST-NAME-IN-THE-CONDITION.
"""
import re

from tree import Problem

ALWAYS = ("__cplusplus", "__BYTE_ORDER__")


def subject(condition):
    """The first name that a condition asks about."""
    names = [name for name in re.findall(r"[A-Za-z_]\w*", condition) if name != "defined"]
    return names[0] if names else condition.strip() or "?"


def check(tree):
    for file in tree.c_files("lib", "drivers", "apps", "include"):
        guard_seen = False
        for line, match in file.find(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)\b(.*)$", file.uncommented):
            name = subject(match[2])
            if name in ALWAYS:
                continue
            if not guard_seen and match[1] == "ifndef" and file.path.endswith(".h") and name.endswith("_H"):
                guard_seen = True
                continue
            if not tree.excused("ifdefs", f"{file.path}:{name}"):
                yield Problem(file.path, line, f"conditional on {name}: features are table rows, not #ifdef")


GOOD = [
    {"lib/base/a.h": "#ifndef NSK_BASE_A_H\n#define NSK_BASE_A_H\n#endif\n"},
    {"include/netstk/a.h": "#ifndef NSK_A_H\n#ifdef __cplusplus\n#endif\n#endif\n"},
    {"lib/base/mem.h": "#ifndef NSK_BASE_MEM_H\n#if defined(__SANITIZE_ADDRESS__)\n#endif\n#endif\n",
     "tests/style/reasons.txt": "ifdefs lib/base/mem.h:__SANITIZE_ADDRESS__ poisons only where ASan is\n"},
]
BAD = [
    {"lib/tcp/a.c": "#ifdef NSK_WITH_SACK\n#endif\n"},
    {"lib/tcp/a.c": "#if 0\n#endif\n"},
    {"lib/tcp/a.c": "#  if defined(DEBUG) && X\n#endif\n"},
    {"lib/base/a.h": "#ifndef NSK_BASE_A_H\n#ifndef OTHER_H\n#endif\n#endif\n"},
    {"lib/tcp/a.c": "#if 1\n#elif RTE_VERSION > 3\n#endif\n"},
]
