# SPDX-License-Identifier: BSD-3-Clause
"""docs/RFC-MATRIX.md is complete and honest in its form.

A table that begins "| § | Rule | Level |" has a requirement of an RFC in each row: in no more words than are needed, with a
level of RFC 2119, and with a test, or a reason that begins "Deviates:" or "Not applicable:". Each number of RFC 9293's
appendix B has a row, and each script is in some row, by its name or by its folder's. That what is named exists is the rule
"documents".
"""
import os
import re

from rules.documents import SCRIPT, TEST
from tree import Problem

MATRIX = "docs/RFC-MATRIX.md"
HEADER = "| § | Rule | Level |"
LEVELS = {"MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "REQUIRED", "SHALL", "SHALL NOT", "RECOMMENDED", "NOT RECOMMENDED",
          "must", "should", "rule"}  # small ones: of RFCs that do not use the great ones
REASON = re.compile(r"\b(?:Deviates|Not applicable): (?:\S+ ){3}\S")
WORDS_MAX = 15
NUMBERS = ([f"MUST-{n}" for n in range(1, 70)] + [f"SHLD-{n}" for n in range(1, 32)] + ["REC-1"])


def requirements(lines):
    """(line number, cells) of each row of the tables of requirements."""
    inside = False
    for number, line in enumerate(lines, 1):
        if line.startswith(HEADER):
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("|---"):
            yield number, [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def faults(cells):
    """What is wrong with a row."""
    if len(cells) != 4:
        yield f"wanted 4 cells, not {len(cells)}"
        return
    _, rule, level, shown = cells
    if level not in LEVELS:
        yield f"'{level}' is no level of a requirement"
    if len(rule.split()) > WORDS_MAX:
        yield f"a rule in {len(rule.split())} words; {WORDS_MAX} are enough"
    if not re.search(TEST, shown) and not re.search(SCRIPT, shown) and not REASON.search(shown):
        yield "neither a test nor a reason (\"Deviates: …\", \"Not applicable: …\")"


def check(tree):
    matrix = next((file for file in tree.files if file.path == MATRIX), None)
    if matrix is None:
        return
    for line, cells in requirements(matrix.lines):
        for fault in faults(cells):
            yield Problem(MATRIX, line, fault)
    for number in NUMBERS:
        if not re.search(rf"^\| {number},", matrix.text, re.MULTILINE):
            yield Problem(MATRIX, 1, f"{number} of RFC 9293 has no row")
    named = set(re.findall(SCRIPT, "\n".join(line for line in matrix.lines if line.startswith("|"))))
    for file in tree.files:
        path = file.path.removeprefix("tests/")
        if path.endswith(".script") and path not in named and os.path.dirname(path) + "/" not in named:
            yield Problem(file.path, 1, f"is in no row of {MATRIX}")


_HEAD = "| § | Rule | Level | Shown by |\n|---|---|---|---|\n"
_NUMBERED = _HEAD + "".join(f"| {number}, 3.1 | a | MUST | `sim/a.c` |\n" for number in NUMBERS)


def _tree(rows, **files):
    return {MATRIX: _NUMBERED + rows, **files}


GOOD = [
    _tree("| 1 | it does what it should | MUST | `sim/a.c:works` |\n| 2 | b | SHOULD NOT | Deviates: as Linux has it |\n"),
    _tree("| 1 | a | rule | `script/b/c.script` |\n", **{"tests/script/b/c.script": ""}),
    _tree("| 1 | a | rule | `script/b/` |\n\n| RFC | What |\n|---|---|\n| 1 | b |\n", **{"tests/script/b/c.script": ""}),
]
BAD = [
    _tree("| 1 | a | MUST | somebody looked at it |\n"),
    _tree("| 1 | a | MUST | Deviates: we do |\n"),
    _tree("| 1 | a | MIGHT | `sim/a.c` |\n"),
    _tree("| 1 | a | MUST |\n"),
    _tree("| 1 | " + "word " * 16 + "| MUST | `sim/a.c` |\n"),
    _tree("`script/b/c.script` outside of a row\n", **{"tests/script/b/c.script": ""}),
    {MATRIX: _NUMBERED.replace("| MUST-40,", "| MUST-4,")},
]
