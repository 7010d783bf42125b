# SPDX-License-Identifier: BSD-3-Clause
"""Includes between rooms go one way.

base <- wire, tcpalg <- mbuf <- sock, net <- filter, sched <- ip <- dgram <- icmp, udp, and ip <- tcp, <- stack. Drivers see the port
interface, mbuf and base; programs see the public headers and, of apps/, their own folder and apps/common. base, wire
and tcpalg know the C library only. DPDK's types appear in no public header but those that hand out packet buffers, and
<rte_mbuf.h> in no program but those that take them. KEY of an exception: PATH:HEADER.
"""
from tree import Problem

BELOW = {
    "base": (),
    "wire": ("base",),
    "tcpalg": ("base",),
    "mbuf": ("base", "wire", "tcpalg"),
    "sock": ("base", "wire", "tcpalg", "mbuf"),
    "net": ("base", "wire", "tcpalg", "mbuf"),
}
for _room in ("filter", "sched"):
    BELOW[_room] = ("base", "wire", "tcpalg", "mbuf", "sock", "net")
BELOW["ip"] = BELOW["sched"] + ("filter", "sched")
for _room in ("dgram", "tcp"):
    BELOW[_room] = BELOW["ip"] + ("ip",)
for _room in ("icmp", "udp"):
    BELOW[_room] = BELOW["dgram"] + ("dgram",)
BELOW["stack"] = BELOW["udp"] + ("icmp", "udp", "tcp")
BELOW["drivers"] = ("base", "mbuf")
BELOW["apps"] = ()

DRIVERS_ALSO = ("net/port.h",)
LIBC_ONLY = ("base", "wire", "tcpalg")
LIBC = set("""
    assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic
    stdbool stddef stdint stdio stdlib stdnoreturn string strings tgmath threads time uchar wchar wctype
    endian byteswap unistd fcntl poll pthread sched emmintrin tmmintrin smmintrin nmmintrin immintrin
    """.split())
LIBC_FOLDERS = ("sys", "netinet", "arpa", "net", "linux", "sanitizer")
WITH_DPDK_TYPES = ("include/netstk/zerocopy.h", "include/netstk/raw.h")
PROGRAMS_SHARE = "common"


def is_libc(header):
    folder, _, _ = header.rpartition("/")
    return folder in LIBC_FOLDERS or header.removesuffix(".h") in LIBC


def angle_problem(file, header):
    """What speaks against #include <header>, or None."""
    if header.startswith("netstk/"):
        return None
    if file.room in LIBC_ONLY and not is_libc(header):
        return f"lib/{file.room} knows the C library only"
    if header.startswith("rte_"):
        if file.room == "apps":
            return None if header == "rte_mbuf.h" else "programs see include/netstk alone"
        if file.room == "public" and file.path not in WITH_DPDK_TYPES:
            return "no DPDK in public headers but " + ", ".join(WITH_DPDK_TYPES)
    return None


def quote_problem(file, header):
    """What speaks against #include "header", or None."""
    room, slash, _ = header.partition("/")
    if file.room == "public":
        return "public headers include <netstk/...>"
    if file.room == "apps":
        own = file.path.split("/")[1]
        return None if not slash or room in (own, PROGRAMS_SHARE) else f"{own} must not see {room}"
    if not slash:
        return None if file.room in ("drivers", "apps") else f'write "{file.room}/{header}"'
    if room == file.room or room in BELOW[file.room]:
        return None
    if file.room == "drivers" and header in DRIVERS_ALSO:
        return None
    return f"{file.room} must not see {room}"


def check(tree):
    for file in tree.c_files("lib", "drivers", "apps", "include"):
        if file.room not in BELOW and file.room != "public":
            yield Problem(file.path, 1, f"no such room: {file.room}")
            continue
        for line, match in file.find(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)', file.uncommented):
            test = angle_problem if match[1] == "<" else quote_problem
            problem = test(file, match[2])
            if problem and not tree.excused("includes", f"{file.path}:{match[2]}"):
                yield Problem(file.path, line, f"{match[0].strip()}: {problem}")
        if file.room == "public" and file.path not in WITH_DPDK_TYPES:
            for line, match in file.find(r"\brte_\w+"):
                yield Problem(file.path, line, f"{match[0]}: DPDK's names belong to {' and '.join(WITH_DPDK_TYPES)}")


GOOD = [
    {"lib/tcp/input.c": '#include <rte_mbuf.h>\n#include "base/wheel.h"\n#include "ip/ip.h"\n#include "tcp/conn.h"\n'},
    {"lib/base/a.c": '#include <string.h>\n#include <sys/types.h>\n#include <netstk/drop.h>\n#include "base/a.h"\n'},
    {"drivers/loop.c": '#include "net/port.h"\n#include "mbuf/pkt.h"\n#include "loop.h"\n#include <rte_ethdev.h>\n'},
    {"apps/echo/echo.c": '#include <netstk/socket.h>\n#include <jansson.h>\n#include "echo/table.h"\n'},
    {"apps/echo/main.c": '#include <rte_mbuf.h>\n#include <netstk/raw.h>\n#include "common/program.h"\n'},
    {"include/netstk/zerocopy.h": "#include <rte_mbuf.h>\n"},
    {"lib/base/a.c": '/* #include "tcp/conn.h" */\n'},
    {"lib/stack/run.c": '#include "udp/udp.h"\n#include "sched/fifo.h"\n'},
]
BAD = [
    {"lib/base/a.c": '#include "wire/ipv4.h"\n'},
    {"lib/wire/a.c": '#include "tcpalg/seq.h"\n'},
    {"lib/base/a.c": "#include <rte_common.h>\n"},
    {"lib/wire/a.c": "#include <rte_ether.h>\n"},
    {"lib/tcpalg/a.c": "#include <libconfig.h>\n"},
    {"lib/sock/a.c": '#include "net/iface.h"\n'},
    {"lib/net/a.c": '#include "sock/sock.h"\n'},
    {"lib/ip/a.c": '#include "tcp/conn.h"\n'},
    {"lib/udp/a.c": '#include "tcp/conn.h"\n'},
    {"lib/tcp/a.c": '#include "stack/run.h"\n'},
    {"lib/filter/a.c": '#include "sched/fifo.h"\n'},
    {"lib/tcp/a.c": '#include "conn.h"\n'},
    {"drivers/a.c": '#include "net/route.h"\n'},
    {"drivers/a.c": '#include "wire/eth.h"\n'},
    {"lib/stack/a.c": '#include "drivers/loop.h"\n'},
    {"apps/a.c": '#include "base/list.h"\n'},
    {"apps/a/a.c": "#include <rte_ethdev.h>\n"},
    {"apps/a/a.c": '#include "b/b.h"\n'},
    {"include/netstk/socket.h": '#include "base/addr.h"\n'},
    {"include/netstk/socket.h": "#include <rte_mbuf.h>\n"},
    {"include/netstk/socket.h": "struct rte_mbuf;\n"},
    {"lib/stuff/a.c": "int x;\n"},
]
