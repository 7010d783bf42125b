# SPDX-License-Identifier: BSD-3-Clause
"""Settings that may change at run time are read by SETTING().

Another thread may store such a setting at any moment (a row of lib/stack/settings_table.c that says LIVE), so that a plain
read of the field is a data race. KEY of an exception: PATH.
"""
import re

from tree import Problem

TABLE = "lib/stack/settings_table.c"
ROW = re.compile(r"\b(?:U32|U64|BOOL|(?:LINUX_)?ENUM)\(\s*,\s*(\w+)([^;{}]*?)\)\s*(?=[,}])")


def live_fields(tree):
    for file in tree.c_files("lib"):
        if file.path == TABLE:
            return {m[1] for m in ROW.finditer(file.code) if re.search(r"\bLIVE\b", m[2])}
    return set()


def check(tree):
    fields = live_fields(tree)
    if not fields:
        return
    plain = rf"\bset(?:->|\.)({'|'.join(sorted(fields))})\b"
    for file in tree.c_files("lib", "drivers"):
        for line, match in file.find(plain):
            if not tree.excused("live", file.path):
                yield Problem(file.path, line, f"{match[1]} may change meanwhile: SETTING(set, {match[1]})")


ROWS = {TABLE: 'T t[] = {\n\tU32("ip.ttl", ip_ttl, "hops", 1, 255, 64, LIVE, NULL, "time; (to) live"),\n'
               '\tU32("mtu", mtu, "bytes", 68, 65535, 1500, START, NULL, "packet"),\n'
               '\tBOOL("tcp.sack", tcp_sack, 1, LIVE, NULL, "offer"),\n};\n'}
GOOD = [
    {**ROWS, "lib/ip/a.c": "int f(W *w) { return SETTING(w->set, ip_ttl) + w->set->mtu; }\n"},
]
BAD = [
    {**ROWS, "lib/ip/a.c": "int f(W *w) { return w->set->ip_ttl; }\n"},
    {**ROWS, "lib/tcp/a.c": "int f(S *set) { return set->tcp_sack; }\n"},
]
