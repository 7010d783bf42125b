# SPDX-License-Identifier: BSD-3-Clause
"""No path that exists on one machine only."""
from tree import Problem

FOLDERS = ("home", "root", "Users", "work", "farm")
PATTERN = r"(?<![\w.$}])/(" + "|".join(FOLDERS) + r")/\w|\.\./(shared|\.library)\b"


def check(tree):
    for file in tree.files:
        for line, match in file.find(PATTERN, file.text):
            yield Problem(file.path, line, f"{match[0]}...: a path of one machine")


GOOD = [{"dev": "#!/bin/bash\ncat /usr/include/x /dev/hugepages /tmp/x $top/work/x a/home/b\n"}]
BAD = [{"README.md": f"see /{folder}/x\n"} for folder in FOLDERS] + [{"README.md": "see ../" + "shared/x\n"}]
