# SPDX-License-Identifier: BSD-3-Clause
"""The source tree as the style rules see it: files, rooms, code without its comments, reasons for exceptions."""
import os
import re
import subprocess
from functools import cached_property
from typing import NamedTuple

REASONS = "tests/style/reasons.txt"

COMMENT = r"//[^\n]*|/\*.*?\*/"
LITERAL = r'"(?:\\.|[^"\\\n])*"' + r"|'(?:\\.|[^'\\\n])*'"
TOKEN = re.compile(f"(?P<comment>{COMMENT})|(?P<literal>{LITERAL})", re.DOTALL)


class Skip(Exception):
    """Raised by a rule whose tool is not there."""


class Problem(NamedTuple):
    path: str
    line: int
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


def blank(text):
    """Spaces in place of everything but the line ends, so that line numbers stay."""
    return re.sub(r"[^\n]", " ", text)


class Source:
    """One file."""

    def __init__(self, root, path):
        self.root = root
        self.path = path

    @cached_property
    def text(self):
        with open(os.path.join(self.root, self.path), encoding="utf-8", errors="replace", newline="") as file:
            return file.read()

    @cached_property
    def lines(self):
        return self.text.split("\n")

    @cached_property
    def uncommented(self):
        """C without comments."""
        return TOKEN.sub(lambda m: blank(m[0]) if m["comment"] else m[0], self.text)

    @cached_property
    def code(self):
        """C without comments and without what stands between quotes."""
        return TOKEN.sub(lambda m: blank(m[0]), self.text)

    @property
    def name(self):
        return os.path.basename(self.path)

    @property
    def room(self):
        """lib/<room>/..., include/netstk is "public"; else the topmost folder; "" at the top."""
        parts = self.path.split("/")
        if parts[0] == "lib" and len(parts) > 2:
            return parts[1]
        if parts[0] == "include":
            return "public"
        return parts[0] if len(parts) > 1 else ""

    def find(self, pattern, text=None):
        """(line number, match) of each match in text, which is the code unless told otherwise."""
        text = self.code if text is None else text
        for match in re.finditer(pattern, text, re.MULTILINE):
            yield text.count("\n", 0, match.start()) + 1, match

    def is_c(self):
        return self.path.endswith((".c", ".h"))

    def is_shell(self):
        return self.path.endswith(".sh") or re.match(r"#!.*\b(ba)?sh\b", self.lines[0]) is not None


class Reasons:
    """Exceptions, one a line: RULE KEY REASON. An exception that nothing needs is itself a problem."""

    def __init__(self, text):
        self.entries = {}
        self.broken = []
        self.used = set()
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip() or line.startswith("#"):
                continue
            words = line.split(None, 2)
            if len(words) < 3 or len(words[2].split()) < 3:
                self.broken.append(Problem(REASONS, number, "wanted: RULE KEY REASON, the reason in words"))
                continue
            self.entries[words[0], words[1]] = number

    def has(self, rule, key):
        if (rule, key) not in self.entries:
            return False
        self.used.add((rule, key))
        return True

    def problems(self, rule):
        """What is wrong with the exceptions from a rule, asked after that rule has run."""
        yield from self.broken
        for entry, number in self.entries.items():
            if entry[0] == rule and entry not in self.used:
                yield Problem(REASONS, number, f"nothing needs this exception any more: {' '.join(entry)}")


class Tree:
    """All files that belong to the project, under a root."""

    def __init__(self, root, library=None):
        self.root = os.path.abspath(root)
        self.library = library  # path of the static library, for rules that read symbols
        self.files = [Source(self.root, path) for path in self._paths()]

    def _paths(self):
        try:
            listing = subprocess.run(
                ["git", "-C", self.root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                capture_output=True, check=True, text=True).stdout.split("\0")
        except (OSError, subprocess.CalledProcessError):
            listing = self._walk()
        paths = {path for path in listing if path and os.path.isfile(os.path.join(self.root, path))}
        return sorted(paths)

    def _walk(self):
        """Without git (an unpacked archive): everything but what is built."""
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if f not in (".git", "__pycache__") and not f.startswith("build")]
            for name in names:
                yield os.path.relpath(os.path.join(folder, name), self.root)

    @cached_property
    def reasons(self):
        for file in self.files:
            if file.path == REASONS:
                return Reasons(file.text)
        return Reasons("")

    def excused(self, rule, key):
        return self.reasons.has(rule, key)

    def c_files(self, *tops):
        """C sources and headers, all or below the folders named."""
        return [f for f in self.files if f.is_c() and (not tops or f.path.split("/")[0] in tops)]
