#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Fetches the guest's kernel and makes what it boots from: kernel.py, before tests in a VM; nothing is installed.

Debian's kernel package is loaded with apt into a folder (NSK_VM_CACHE, else netstk/vm in the user's cache) and stays there.
Taken out of it are the kernel, unpacked, for QEMU starts an ELF file at once where the emulated processor would unpack for
seconds, and an initramfs of busybox, the modules below with what they need, and the file init beside this one.
"""
import fcntl
import functools
import glob
import hashlib
import io
import lzma
import os
import re
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
INIT = os.path.join(HERE, "init")
BUSYBOX = "/bin/busybox"
META_PACKAGE = "linux-image-amd64"
MODULES = [
    "virtio_pci", "virtio_console",  # the way to the test
    "9p", "9pnet_virtio", "overlay",  # this machine's files
    "e1000", "e1000e", "virtio_net",  # network cards
    "8021q",
    "uio_pci_generic", "vfio_pci", "vfio_iommu_type1",  # what gives a card to a program
]
MODULE_FOLDERS = r"/kernel/(lib|crypto|fs|net|virt|drivers/(char|net|ptp|pps|uio|vfio|virtio))(/|$)"
XZ_MAGIC, ELF_MAGIC = b"\xfd7zXZ\0", b"\x7fELF"


class Missing(Exception):
    """What is not there, and what mends it."""


def cache_folder():
    default = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "netstk/vm")
    return os.environ.get("NSK_VM_CACHE", default)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    """All of it or nothing is seen under that name."""
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.replace(path + ".new", path)


# ---- the package ------------------------------------------------------------------------------------------------


def package_file():
    """The newest kernel package in the cache."""
    found = glob.glob(os.path.join(cache_folder(), "linux-image-*.deb"))
    return max(found, key=os.path.getmtime, default=None)


def fetch():
    """Loads the package that Debian's kernel is today."""
    depends = subprocess.run(["apt-cache", "depends", META_PACKAGE], capture_output=True, text=True, check=False).stdout
    name = re.search(r"Depends: (linux-image-\S+)", depends)
    if not name:
        raise Missing(f"apt knows no {META_PACKAGE}; as root: apt-get update")
    print(f"fetching {name[1]} (70 MB) into {cache_folder()}", flush=True)
    options = ["-o", "APT::Sandbox::User=root"] if os.getuid() == 0 else []
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:  # a half one must not be taken for a whole one
        if subprocess.run(["apt-get", *options, "download", name[1]], cwd=folder, stdin=subprocess.DEVNULL,
                          check=False).returncode:
            raise Missing(f"apt-get could not download {name[1]}; as root: apt-get update")
        for file in os.listdir(folder):
            os.replace(os.path.join(folder, file), os.path.join(cache_folder(), file))


def contents(package):
    """The kernel as it is packed, and the modules by name."""
    kernel, modules = None, {}
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as unpacked:
        with tarfile.open(fileobj=unpacked.stdout, mode="r|") as archive:
            for member in archive:
                folder, name = os.path.split(member.name)
                if name.startswith("vmlinuz"):
                    kernel = archive.extractfile(member).read()
                elif re.search(r"\.ko(\.xz)?$", name) and re.search(MODULE_FOLDERS, folder):
                    modules[name.split(".ko")[0].replace("-", "_")] = archive.extractfile(member).read()
    if not kernel:
        raise Missing(f"{package} is no kernel package; remove it")
    return kernel, modules


# ---- what is booted ---------------------------------------------------------------------------------------------


def unpacked_kernel(packed):
    """The ELF file within a bzImage, whatever follows it there."""
    at = packed.find(XZ_MAGIC)
    elf = lzma.LZMADecompressor().decompress(packed[at:]) if at >= 0 else b""
    if not elf.startswith(ELF_MAGIC):
        raise Missing("this kernel is not packed with xz")
    return elf


def in_order(wanted, modules):
    """The wanted modules and those that they need, each behind what it needs: (name, ELF file)."""
    @functools.cache
    def image(name):
        if name not in modules:
            raise Missing(f"the kernel has no module {name}")
        packed = modules[name]
        return lzma.decompress(packed) if packed.startswith(XZ_MAGIC) else packed

    found = {}

    def visit(name):
        if name not in found:
            needs = re.search(rb"\0depends=([^\0]*)\0", image(name))
            for other in filter(None, needs[1].decode().split(",") if needs else ()):
                visit(other.replace("-", "_"))
            found[name] = image(name)

    for name in wanted:
        visit(name)
    return list(found.items())


def cpio(files):
    """An archive of (path, mode, bytes), in the form "newc"."""
    out = io.BytesIO()
    for number, (path, mode, data) in enumerate([*files, ("TRAILER!!!", 0, b"")], 1):
        name = path.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        out.write(b"070701" + b"".join(b"%08x" % field for field in fields) + name)
        for part in (b"", data):
            out.write(part + bytes(-(out.tell() + len(part)) % 4))
    return out.getvalue()


def initramfs(modules):
    folder, program, plain = 0o040755, 0o100755, 0o100644
    files = [(name, folder, b"") for name in ("bin", "dev", "proc", "sys", "modules", "host", "ram", "whole")]
    files += [("init", program, read(INIT)), ("bin/busybox", program, read(BUSYBOX))]
    files += [(f"modules/{number:02}-{name}.ko", plain, image) for number, (name, image) in enumerate(modules)]
    return cpio(files)


def recipe(package):
    """What the files were made from, for they are made anew when that changes."""
    parts = [package.encode(), read(__file__), read(INIT), read(BUSYBOX)]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def boot_files(may_fetch=False):
    """Paths of the kernel and of its initramfs, made if need be."""
    if not os.access(BUSYBOX, os.X_OK):
        raise Missing("no busybox; apt-get install busybox-static")
    folder = cache_folder()
    if not may_fetch and not package_file():
        raise Missing(f"no kernel for the guest in {folder}; tests/vm/kernel.py fetches it")
    os.makedirs(folder, exist_ok=True)
    paths = [os.path.join(folder, name) for name in ("vmlinux", "initramfs", "recipe")]
    with open(os.path.join(folder, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not package_file():
            fetch()
        made_from = recipe(package_file()).encode()
        if not os.path.exists(paths[2]) or read(paths[2]) != made_from:
            print(f"unpacking {os.path.basename(package_file())}", flush=True)
            kernel, modules = contents(package_file())
            write(paths[0], unpacked_kernel(kernel))
            write(paths[1], initramfs(in_order(MODULES, modules)))
            write(paths[2], made_from)
    return paths[:2]


if __name__ == "__main__":
    try:
        print("\n".join(boot_files(may_fetch=True)))
    except Missing as missing:
        sys.exit(f"kernel.py: {missing}")
