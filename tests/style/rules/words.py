# SPDX-License-Identifier: BSD-3-Clause
"""No notes of work left undone: it is done, or it is an issue."""
from tree import Problem

WORDS = ("TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK")


def check(tree):
    for file in tree.files:
        for line, match in file.find(r"\b(" + "|".join(WORDS) + r")\b", file.text):
            yield Problem(file.path, line, f"{match[0]}: do it, or open an issue")


GOOD = [{"lib/tcp/a.c": "/* mktemp -d /tmp/a.XXXXXX; hack */\n"}]
BAD = [{"lib/tcp/a.c": f"/* {word}: later */\n"} for word in WORDS] + [{"README.md": f"{WORDS[0]}\n"}]
