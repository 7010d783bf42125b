# SPDX-License-Identifier: BSD-3-Clause
"""Documents say what the tree says.

What stands between "<!-- made from: SOURCE -->" and "<!-- end -->" is made from the sources: the tables of drop reasons
(drop.h), counters (counters.h), findings of nskctl doctor (findings.h) and quirks of drivers (quirks.c), and whole files that are
shown. scripts/doc-tables.py makes it anew. Relative links
lead to something that is there. A test that is named as `FOLDER/FILE.c:TEST`, `script/FOLDER/NAME.script` or, all of
them, `script/FOLDER/` exists. docs/SOCKETS.md has a row for each socket option of the code's tables and for no other,
docs/CALLS.md names each call of the headers for descriptors in its tables and no other.
"""
import os
import re

from tree import Problem

MADE = re.compile(r"(<!-- made from: (\S+) -->\n)(.*?)(<!-- end -->\n)", re.DOTALL)
LINK = r"\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)"
TEST = r"`((?:unit|sim|driver|netns|vm|threads|apps)/\w+\.(?:c|py))(?::(\w+))?`"
SCRIPT = r"`(script/[\w-]+/(?:[\w-]+\.script)?)`"
# A row of a table, by the macros of lib/sock/option.h and those that are made of them.
OPTION = re.compile(r"^\t(?:SOCK_(?:INT|FLAG|BYTES)\w*|DGRAM_WANTS|GROUP_INT)\((?:\w+, )?((?:SO|TCP|UDP|IP|IPV6|MCAST|ICMP)_\w+),",
                    re.MULTILINE)
OPTION_ROW = re.compile(r"^\| `((?:SO|TCP|UDP|IP|IPV6|MCAST|ICMP)_\w+)` \|", re.MULTILINE)
CALL_HEADERS = tuple(f"include/netstk/{name}.h" for name in ("socket", "epoll", "client", "zerocopy"))
CALL = re.compile(r"^(?:NSK_API|static inline) [^;{=]*?\b(nsk_\w+)\(", re.MULTILINE)
CALL_ROW = re.compile(r"^\| (`nsk_[^|]*) \|", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
ROW = re.compile(r'/\* (?P<group>[^*]+) \*/|X\(\w+,\s*"(?P<name>\w+)",\s*"(?P<text>[^"]*)"\)')


def x_rows(header):
    """(name, text) of each row of a header's X lists; (None, group) for a comment between rows."""
    for listing in re.finditer(r"#define NSK_\w+_LIST\(X\)((?:.*\\\n)*.*\n)", header):
        for match in ROW.finditer(listing[1].replace("\\\n", "\n")):
            yield match["name"], match["text"] if match["name"] else match["group"]


def table(header, heading, meaning="Meaning"):
    lines = [f"| {heading} | {meaning} |", "|---|---|"]
    for name, text in x_rows(header):
        lines.append(f"| `{name}` | {text} |" if name else f"| **{text}** | |")
    return "\n".join(lines) + "\n"


def strings(text):
    """The C string literals that a text begins with, as one."""
    one = r'\s*"((?:[^"\\]|\\.)*)"'
    text = text.replace("\\\n", "\n")
    return "".join(re.findall(one, re.match(f"(?:{one})*", text)[0])).replace('\\"', '"')


def quirks(source):
    """A row for each driver in the table of quirks: its name and why it is there; macros may say that."""
    said = {name: strings(text) for name, text in
            re.findall(r"^#define (\w+) (?:.*\\\n)*?.*\.reason = (.*(?:(?<=\\)\n.*)*)", source, re.MULTILINE)}
    lines = ["| Driver | Why it has a row |", "|---|---|"]
    for _, name, row in re.findall(r'(\{\s*\.driver = "(\w+)")(.*?)(?=\n\t\{|\n\};)', source, re.DOTALL):
        own = re.search(r"\.reason =(.*)", row, re.DOTALL)
        lines.append(f"| `{name}` | {strings(own[1]) if own else next(text for macro, text in said.items() if macro in row)} |")
    return "\n".join(lines) + "\n"


def made_from(path, text):
    """What stands in a document for a source."""
    if path.endswith("/drop.h"):
        return table(text, "Reason")
    if path.endswith("/counters.h"):
        return table(text, "Counter")
    if path.endswith("/quirks.c"):
        return quirks(text)
    if path.endswith("/findings.h"):
        return table(text, "Finding", "What it costs")
    return f"```{path.rpartition('.')[2]}\n{text}```\n"


def renewed(document, tree):
    """The document with everything in it that is made from sources made anew."""
    sources = {file.path: file for file in tree.files}

    def anew(match):
        source = sources.get(match[2])
        return match[1] + (made_from(source.path, source.text) if source else f"no {match[2]}\n") + match[4]

    return MADE.sub(anew, document)


def missing_tests(file, tree):
    """Problems with the tests that a document names."""
    sources = {source.path: source.text for source in tree.files}
    for line, match in file.find(TEST, file.text):
        source = sources.get(f"tests/{match[1]}")
        if source is None or (match[2] and not re.search(rf"\b{match[2]}\b", source)):
            yield Problem(file.path, line, f"there is no test {match[0]}")
    for line, match in file.find(SCRIPT, file.text):
        if not any(path.startswith(f"tests/{match[1]}") and path.endswith(".script") for path in sources):
            yield Problem(file.path, line, f"there is no test {match[0]}")


def socket_options(file, tree):
    """Problems with the tables of socket options."""
    code = {name for source in tree.files if source.path.startswith("lib/") for name in OPTION.findall(source.text)}
    rows = set(OPTION_ROW.findall(file.text))
    for name in sorted(code ^ rows):
        yield Problem(file.path, 1, f"{name} is " + ("not in the code" if name in rows else "in the code, not here"))


def calls(file, tree):
    """Problems with the tables of calls."""
    code = {name for source in tree.files if source.path in CALL_HEADERS for name in CALL.findall(source.text)}
    rows = {name for row in CALL_ROW.findall(file.text) for name in re.findall(r"nsk_\w+", row)}
    for name in sorted(code - {"nsk_is_fd"} ^ rows):
        yield Problem(file.path, 1, f"{name}() is " + ("not in the headers" if name in rows else "in the headers, not here"))


def check(tree):
    for file in tree.files:
        if not file.path.endswith(".md"):
            continue
        if renewed(file.text, tree) != file.text:
            yield Problem(file.path, 1, "differs from what it is made from: run scripts/doc-tables.py")
        yield from missing_tests(file, tree)
        if file.path == "docs/SOCKETS.md":
            yield from socket_options(file, tree)
        if file.path == "docs/CALLS.md":
            yield from calls(file, tree)
        prose = FENCED.sub(lambda block: re.sub(r"[^\n]", " ", block[0]), file.text)
        for line, match in file.find(LINK, prose):
            target = os.path.normpath(os.path.join(os.path.dirname(file.path), match[1]))
            if not os.path.exists(os.path.join(tree.root, target)):
                yield Problem(file.path, line, f"leads to {target}, which is not there")


_DROPS = '#define NSK_DROP_LIST(X) \\\n\t/* Link */ \\\n\tX(A, "a", "One.") \\\n\tX(B, "b", \\\n\t  "Two.")\n'
_LEVELS = '#define NSK_LEVEL_LIST(X) \\\n\t/* Now */ \\\n\tX(c, "c", "three")\n'
_COUNTERS = '#define NSK_COUNTER_LIST(X) \\\n\tX(A, "a", "one")\n\n' + _LEVELS
_COUNTED = "| Counter | Meaning |\n|---|---|\n| `a` | one |\n| **Now** | |\n| `c` | three |\n"
_TABLE = "| Reason | Meaning |\n|---|---|\n| **Link** | |\n| `a` | One. |\n| `b` | Two. |\n"


def _made(path, text):
    return f"<!-- made from: {path} -->\n{text}<!-- end -->\n"

_QUIRKS = ('#define INTR \\\n\t.i = 1, \\\n\t.reason = "By " \\\n\t"book."\n\nstatic int quirks[] = {\n\t{\n\t\t.driver = "a",\n\t\t.k = "x",\n'
           '\t\t.reason =\n\t\t\t"One "\n\t\t\t"two.",\n\t},\n\t{.driver = "b", INTR},\n};\n')
_WHY = "| Driver | Why it has a row |\n|---|---|\n| `a` | One two. |\n| `b` | By book. |\n"


GOOD = [
    {"tests/sim/a.c": "static void works(void **state)\n", "docs/A.md": "`sim/a.c:works` `sim/a.c` `lib/b.c`\n"},
    {"include/netstk/drop.h": _DROPS, "docs/A.md": "x\n" + _made("include/netstk/drop.h", _TABLE)},
    {"include/netstk/counters.h": _COUNTERS, "docs/A.md": _made("include/netstk/counters.h", _COUNTED)},
    {"drivers/quirks.c": _QUIRKS, "docs/A.md": _made("drivers/quirks.c", _WHY)},
    {"apps/a.c": "int x;\n", "README.md": _made("apps/a.c", "```c\nint x;\n```\n")},
    {"tests/script/b/c-d.script": "rfc 1 §1\n", "docs/A.md": "`script/b/c-d.script` `script/b/`\n"},
    {"lib/udp/udp_options.c": "\tSOCK_INT(SOL_SOCKET, SO_X, a, b),\n\tGROUP_INT(IP_Y, a),\n", "docs/SOCKETS.md": "| `SO_X` |\n| `IP_Y` |\n"},
    {"include/netstk/epoll.h": "NSK_API int\nnsk_e(int a);\n", "docs/CALLS.md": "| `nsk_e` | e(2) | nsk_f() |\n"},
    {"README.md": "[a](docs/A.md#part) [b](https://x.org/y) [c](#here)\n```\nx[1](2)\n```\n", "docs/A.md": "[up](../)\n"},
]
BAD = [
    {"tests/sim/a.c": "static void works(void **state)\n", "docs/A.md": "`sim/a.c:work`\n"},
    {"docs/A.md": "`unit/gone.c`\n"},
    {"tests/script/b/c.script": "rfc 1 §1\n", "docs/A.md": "`script/b/d.script`\n"},
    {"tests/script/b/c.script": "rfc 1 §1\n", "docs/A.md": "`script/c/`\n"},
    {"include/netstk/drop.h": _DROPS, "docs/A.md": _made("include/netstk/drop.h", _TABLE.replace("Two", "too"))},
    {"include/netstk/drop.h": _DROPS, "docs/A.md": _made("include/netstk/drop.h", "")},
    {"drivers/quirks.c": _QUIRKS, "docs/A.md": _made("drivers/quirks.c", _WHY.replace("two", "too"))},
    {"apps/a.c": "int y;\n", "README.md": _made("apps/a.c", "```c\nint x;\n```\n")},
    {"README.md": _made("apps/gone.c", "```c\nint x;\n```\n")},
    {"README.md": "[a](docs/GONE.md)\n"},
    {"lib/tcp/sockopt.c": "\tSOCK_FLAG_IN(IPPROTO_TCP, TCP_X, a),\n", "docs/SOCKETS.md": "| `TCP_Y` |\n"},
    {"lib/tcp/sockopt.c": "\tSOCK_FLAG_IN(IPPROTO_TCP, TCP_X, a),\n", "docs/SOCKETS.md": "nothing\n"},
    {"include/netstk/client.h": "NSK_API int nsk_c(int a);\n", "docs/CALLS.md": "| `nsk_d` | c(2) | - |\n"},
    {"include/netstk/client.h": "NSK_API int nsk_c(int a);\n", "docs/CALLS.md": "nsk_c\n"},
    {"docs/A.md": "[a](docs/A.md)\n"},
]
