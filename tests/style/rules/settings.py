# SPDX-License-Identifier: BSD-3-Clause
"""What messages call a setting is a setting's name.

Words between quotes that look like one (a group of lib/stack/settings_table.c, a dot, a name) stand in that table; and
the field behind a name that is another is nobody's to know. KEY of an exception: PATH:WORD.
"""
import re

from tree import LITERAL, Problem

TABLE = "lib/stack/settings_table.c"
ROW = re.compile(r'\b(?:U32|U64|BOOL|(?:LINUX_)?ENUM)\(\s*"([\w.]+)",\s*(\w+),')


def check(tree):
    rows = [m.groups() for f in tree.c_files("lib") if f.path == TABLE for m in ROW.finditer(f.uncommented)]
    names = {name for name, _ in rows}
    fields = {field for name, field in rows if "_" in field} - names
    groups = {name.split(".")[0] for name in names if "." in name}
    if not groups:
        return
    word = re.compile(rf"(?<![\w.-])(?:(?:{'|'.join(sorted(groups))})\.[a-z]\w+|\w+)(?![\w.]*\w)")
    for file in tree.c_files("lib", "drivers", "apps"):
        if file.path == TABLE:
            continue
        for line, literal in file.find(LITERAL, file.uncommented):
            for match in word.finditer(literal[0]):
                wrong = match[0] in fields or "." in match[0] and match[0] not in names
                if wrong and not tree.excused("settings", f"{file.path}:{match[0]}"):
                    yield Problem(file.path, line, f"{match[0]} is no setting's name ({TABLE})")


ROWS = {TABLE: 'T t[] = {\n\tU32("pool.buffers", pool_bufs, "buffers", 0, 9, 0, START, NULL, "buffers"),\n'
               '\tU32("mtu", mtu, "bytes", 68, 65535, 1500, START, NULL, "packet"),\n};\n'}
GOOD = [
    {**ROWS, "lib/ip/a.c": 'T t = "lower pool.buffers. Or mtu, of file pool.c";\nint pool_bufs; /* "pool_bufs" */\n'},
]
BAD = [
    {**ROWS, "drivers/a.c": 'T t = "more are needed (pool_bufs)";\n'},
    {**ROWS, "lib/ip/a.c": 'T t = "lower pool.bufs";\n'},
]
