# SPDX-License-Identifier: BSD-3-Clause
"""Files have names that say what is in them, headers have guards that say where they are.

No utils.c, no common.h. lib/base/wheel.h is guarded by NSK_BASE_WHEEL_H, include/netstk/drop.h by NETSTK_DROP_H,
drivers/loop.h by NSK_DRIVERS_LOOP_H; no #pragma once.
"""
import re

from tree import Problem

NOUNLESS = re.compile(r"(utils?|common|misc|helpers?|stuff|tools?)\.[ch]$")


def guard(file):
    prefix = "" if file.room == "public" else "NSK_"
    path = re.sub(r"^(lib|include)/", "", file.path)
    return prefix + re.sub(r"\W", "_", path).upper()


def check(tree):
    for file in tree.c_files():
        if NOUNLESS.match(file.name):
            yield Problem(file.path, 1, "this name says nothing about the file")
        if file.path.startswith(("lib/", "include/", "drivers/")) and not re.match(r"[a-z0-9_]+\.[ch]$", file.name):
            yield Problem(file.path, 1, "names are of small letters, digits and _")
        if not file.name.endswith(".h"):
            continue
        for line, _ in file.find(r"^[ \t]*#[ \t]*pragma[ \t]+once"):
            yield Problem(file.path, line, "an include guard in place of #pragma once")
        wanted = guard(file)
        first = re.search(r"^#\w.*\n#\w.*$", file.code, re.MULTILINE)
        if not first or first[0].split("\n") != [f"#ifndef {wanted}", f"#define {wanted}"]:
            yield Problem(file.path, 1, f"the include guard must be {wanted}")


def _guarded(name):
    return f"/* head */\n#ifndef {name}\n#define {name}\n\n#include <stdint.h>\n\n#endif /* {name} */\n"


GOOD = [
    {"lib/base/wheel.h": _guarded("NSK_BASE_WHEEL_H"), "drivers/loop.h": _guarded("NSK_DRIVERS_LOOP_H")},
    {"include/netstk/drop.h": _guarded("NETSTK_DROP_H"), "apps/nsk-echo.c": "int x;\n"},
]
BAD = [
    {"lib/base/utils.c": "int x;\n"},
    {"lib/base/common.h": _guarded("NSK_BASE_COMMON_H")},
    {"apps/misc.c": "int x;\n"},
    {"lib/base/Wheel.c": "int x;\n"},
    {"lib/base/wheel.h": _guarded("WHEEL_H")},
    {"lib/base/wheel.h": "#pragma once\n"},
    {"lib/base/wheel.h": "int x;\n"},
]
