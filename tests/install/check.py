#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Installs into a folder of its own and uses what lies there as an application would.

Every public header compiles alone, twice in a row, as C11 and as C++17; a program builds and runs by pkg-config with
the shared and with the static library; the soname is right; the shared library exports what the headers declare with
NSK_API, no more and no less, and all of it is called nsk_*; our programs start; the three places that name the version agree.
"""
import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

SONAME = "libnetstk.so.0"
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = """
#include <netstk/version.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    puts(nsk_version());
    return strcmp(nsk_version(), NSK_VERSION_STRING) != 0;
}
"""


class Failure(Exception):
    pass


def run(*command, env=None):
    """The output of a command that must succeed."""
    result = subprocess.run(command, capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL, check=False)
    if result.returncode:
        raise Failure(f"{shlex.join(command)}: status {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def expect(what, found, wanted):
    if found != wanted:
        raise Failure(f"{what}: {found!r}, wanted {wanted!r}")


class Installation:
    """An installed netstk below a temporary root."""

    def __init__(self, args, root):
        self.version = args.version
        self.build = args.build
        self.root = root
        self.prefix = root + args.prefix
        run("meson", "install", "-C", args.build, "--no-rebuild", "--quiet", "--destdir", root)
        self.pc = self._find("libnetstk.pc")
        self.shared = self._find("libnetstk.so")
        self.static = self._find("libnetstk.a")
        self.headers = sorted(os.listdir(f"{self.prefix}/include/netstk"))
        self._move_pc(args.prefix)

    def _find(self, name):
        for folder, _, names in os.walk(self.root):
            if name in names:
                return os.path.join(folder, name)
        raise Failure(f"{name} is not installed")

    def _move_pc(self, prefix):
        """The .pc file names the final prefix; what is under test lies below the root."""
        with open(self.pc, encoding="utf-8") as file:
            text = file.read()
        moved = re.sub(rf"^prefix={re.escape(prefix)}$", f"prefix={self.prefix}", text, flags=re.MULTILINE)
        if moved == text:
            raise Failure(f"no prefix={prefix} in {self.pc}:\n{text}")
        with open(self.pc, "w", encoding="utf-8") as file:
            file.write(moved)

    def pkg_config(self, *options):
        path = os.path.dirname(self.pc)
        others = os.environ.get("PKG_CONFIG_PATH")
        env = dict(os.environ, PKG_CONFIG_PATH=f"{path}:{others}" if others else path)
        return shlex.split(run("pkg-config", *options, "libnetstk", env=env))


def header_text(inst, header):
    with open(f"{inst.prefix}/include/netstk/{header}", encoding="utf-8") as file:
        return re.sub(r"/\*.*?\*/|//[^\n]*", " ", file.read(), flags=re.DOTALL)


def check_headers(inst):
    """Headers without DPDK's types compile without DPDK's folders on the path."""
    for header in inst.headers:
        dpdk = "#include <rte_" in header_text(inst, header)
        if dpdk:
            flags = [re.sub("^-I(.*/dpdk.*)", r"-isystem\1", flag) for flag in inst.pkg_config("--cflags")]
        else:
            flags = ["-pedantic", f"-I{inst.prefix}/include"]
        for compiler, standard, suffix in (("cc", "gnu11", "c"), ("c++", "c++17", "cc")):
            standard = "gnu++17" if dpdk and suffix == "cc" else standard
            source = f"{inst.root}/header.{suffix}"
            with open(source, "w", encoding="utf-8") as file:
                file.write(f"#include <netstk/{header}>\n" * 2 + "extern int not_empty;\n")
            run(compiler, f"-std={standard}", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *flags, source)


def check_flags(inst):
    """What an application is told is ours: DPDK's flags concern nobody who does not use its types."""
    expect("pkg-config --cflags", inst.pkg_config("--cflags"), [f"-I{inst.prefix}/include"])
    expect("pkg-config --libs", inst.pkg_config("--libs"), [f"-L{os.path.dirname(inst.shared)}", "-lnetstk"])


def check_zero_copy(inst):
    """A program that reads packet buffers names libdpdk as well."""
    source = f"{inst.root}/zerocopy.c"
    with open(source, "w", encoding="utf-8") as file:
        file.write("#include <netstk/zerocopy.h>\n#include <rte_mbuf.h>\n"
                   "int len(struct rte_mbuf *m) { nsk_zc_free(&m, 1); return m->data_len; }\n")
    run("cc", "-fsyntax-only", *inst.pkg_config("--cflags", "libdpdk"), source)


def check_documents(inst):
    doc = f"{inst.prefix}/share/doc/netstk"
    for name in ("README.md", "docs/CONFIG.md", "config/echo-tap.conf"):
        expect(name, os.path.exists(f"{doc}/{name}"), True)


def check_program(inst):
    source, program = f"{inst.root}/program.c", f"{inst.root}/program"
    with open(source, "w", encoding="utf-8") as file:
        file.write(PROGRAM)

    libdir = os.path.dirname(inst.shared)
    run("cc", "-o", program, source, *inst.pkg_config("--cflags", "--libs"))
    expect("needed by a shared program", SONAME in run("readelf", "-d", program), True)
    expect("shared program", run(program, env=dict(os.environ, LD_LIBRARY_PATH=libdir)).strip(), inst.version)


def check_static(inst):
    """README's server by README's command line: all of it and all of DPDK find place in one program."""
    with open(f"{TOP}/README.md", encoding="utf-8") as file:
        command = re.search(r"^(cc app\.c .*?) +# static$", file.read(), flags=re.MULTILINE)[1]
    env = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(inst.pc))
    for source in (f"{inst.root}/program.c", f"{TOP}/apps/examples/epoll_server.c"):
        shutil.copy(source, f"{inst.root}/app.c")
        run("sh", "-c", f"cd {shlex.quote(inst.root)} && {command}", env=env)
        expect("needed by a static program", SONAME in run("readelf", "-d", f"{inst.root}/a.out"), False)
        if source.endswith("program.c"):
            expect("static program", run(f"{inst.root}/a.out").strip(), inst.version)
        else:
            result = subprocess.run([f"{inst.root}/a.out", "x"], capture_output=True, text=True, check=False)
            expect("static server", (result.returncode, "only options are taken" in result.stderr), (2, True))


def check_programs(inst):
    """Ours start wherever they were put, and find the library that was installed with them."""
    env = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
    folder = f"{inst.prefix}/bin"
    for name in sorted(os.listdir(folder)) if os.path.exists(folder) else ():
        expect(name, run(f"{folder}/{name}", "--version", env=env).strip(), f"{name} {inst.version}")
        found = re.findall(rf"{re.escape(SONAME)} => (\S+)", run("ldd", f"{folder}/{name}", env=env))
        expect(f"library of {name}", [os.path.realpath(path) for path in found], [os.path.realpath(inst.shared)])


def check_build_folder(inst):
    """What was built serves without being installed."""
    source, program = f"{inst.root}/program.c", f"{inst.root}/program"
    env = dict(os.environ, PKG_CONFIG_PATH=inst.build)
    flags = shlex.split(run("pkg-config", "--cflags", "--libs", "libnetstk", env=env))
    run("cc", "-o", program, source, *flags, f"-Wl,-rpath,{inst.build}")
    expect("program in the build folder", run(program).strip(), inst.version)


def check_soname(inst):
    expect("soname", re.findall(r"SONAME.*\[(.*)\]", run("readelf", "-d", inst.shared)), [SONAME])
    expect("file behind the names", os.path.basename(os.path.realpath(inst.shared)), f"libnetstk.so.{inst.version}")


def names(rows):
    return {row.split()[-1].split("@")[0] for row in rows.splitlines() if len(row.split()) > 2 and row.split()[-2] != "A"}


def check_symbols(inst):
    exported = names(run("nm", "-D", "--defined-only", inst.shared))
    expect("exported and not nsk_*", sorted(s for s in exported if not s.startswith("nsk_")), [])
    expect("global in libnetstk.a alone or in libnetstk.so alone",
           sorted(exported ^ names(run("nm", "-g", "--defined-only", inst.static))), [])

    declared = set()
    for header in inst.headers:
        declarations = re.sub(r"^[ \t]*#(?:.*\\\n)*.*$", "", header_text(inst, header), flags=re.MULTILINE)
        for declaration in re.findall(r"\bNSK_API\b([^;{]*?)[;{]", declarations):
            name = re.search(r"\b(nsk_\w+)\s*(?:\(|\[|$)", declaration.strip())
            if name:
                declared.add(name[1])
    expect("declared with NSK_API and not exported", sorted(declared - exported), [])
    expect("exported and not declared in a header", sorted(exported - declared), [])


def check_version(inst):
    numbers = dict(re.findall(r"#define NSK_VERSION_(MAJOR|MINOR|PATCH) (\d+)", header_text(inst, "version.h")))
    expect("version.h", ".".join(numbers.get(part, "?") for part in ("MAJOR", "MINOR", "PATCH")), inst.version)
    expect("libnetstk.pc", inst.pkg_config("--modversion"), [inst.version])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--version", required=True)
    args = parser.parse_args()

    failed = 0
    with tempfile.TemporaryDirectory(prefix="nsk-install-") as root:
        inst = Installation(args, root)
        for check in (check_version, check_soname, check_symbols, check_headers, check_flags, check_zero_copy, check_documents,
                      check_program, check_static, check_programs, check_build_folder):
            try:
                check(inst)
                print(f"ok {check.__name__}")
            except Failure as failure:
                print(f"FAILED {check.__name__}: {failure}")
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
