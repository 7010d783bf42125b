#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Finds the QEMU that has a network card, and fetches one where the machine's is too old for it: qemu.py CARD.

Debian 12's QEMU has no igb. That of its backports runs beside the libraries of Debian 12; it is loaded with apt from a list of
sources of its own and unpacked into the folder that kernel.py uses. Nothing is installed, apt's own lists stay as they are.
"""
import contextlib
import fcntl
import glob
import os
import platform
import re
import subprocess
import sys
import tempfile

from kernel import Missing, cache_folder

PROGRAM = "qemu-system-x86_64"
PACKAGES = ["qemu-system-x86", "qemu-system-common", "qemu-system-data", "seabios"]
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
MIRROR = "http://deb.debian.org/debian"


def installed():
    return [PROGRAM], {}


def unpacked():
    """The command and the environment of the one in the cache; it looks for its parts where they would be installed."""
    top = os.path.join(cache_folder(), "qemu", "usr")
    modules = glob.glob(os.path.join(top, "lib", "*", "qemu"))
    shares = [word for name in ("qemu", "seabios") for word in ("-L", os.path.join(top, "share", name))]
    return [os.path.join(top, "bin", PROGRAM), *shares], {"QEMU_MODULE_DIR": modules[0]} if modules else {}


def has(qemu, card):
    """Asked for the card's options; the status says 0 of a card that is not there."""
    command, env = qemu
    try:
        said = subprocess.run([*command, "-device", f"{card},help"], env={**os.environ, **env}, capture_output=True, text=True,
                              check=False).stdout
    except FileNotFoundError:
        return False
    return f"{card} options" in said


def qemu_with(card):
    """(command, environment) of a QEMU that has this card."""
    for qemu in (installed(), unpacked()):
        if has(qemu, card):
            return qemu
    raise Missing(f"no QEMU here has {card}; tests/vm/qemu.py {card} fetches one")


def apt(folder, *words):
    """apt-get with the backports as its only source, in a folder of its own."""
    options = {"Dir::Etc::sourcelist": f"{folder}/sources", "Dir::Etc::sourceparts": "/dev/null",
               "Dir::State::lists": f"{folder}/lists", "Dir::Cache": f"{folder}/cache"}
    if os.getuid() == 0:
        options["APT::Sandbox::User"] = "root"
    line = ["apt-get", "-q", *(word for key, value in options.items() for word in ("-o", f"{key}={value}")), *words]
    done = subprocess.run(line, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode:
        raise Missing(f"apt-get {words[0]} from {MIRROR} failed:\n{done.stdout[-1000:]}")


def fetch():
    """Unpacks the backports' QEMU into the cache, all of it or nothing."""
    release = platform.freedesktop_os_release()
    codename = release.get("VERSION_CODENAME", "")
    if release.get("ID") != "debian" or not re.fullmatch("[a-z]+", codename):
        raise Missing("backports are Debian's; install a newer QEMU")
    print(f"fetching QEMU of {codename}-backports into {cache_folder()}", flush=True)
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        for name in ("lists/partial", "cache/archives/partial", "qemu"):
            os.makedirs(os.path.join(folder, name))
        with open(os.path.join(folder, "sources"), "w", encoding="utf-8") as file:
            file.write(f"deb [signed-by={KEYRING}] {MIRROR} {codename}-backports main\n")
        apt(folder, "update")
        apt(folder, "download", *PACKAGES)
        for package in glob.glob(os.path.join(folder, "*.deb")):
            subprocess.run(["dpkg-deb", "-x", package, os.path.join(folder, "qemu")], check=True)
        with contextlib.suppress(FileNotFoundError):
            os.rename(os.path.join(cache_folder(), "qemu"), os.path.join(folder, "before"))
        os.rename(os.path.join(folder, "qemu"), os.path.join(cache_folder(), "qemu"))


def main(card):
    """A QEMU with this card, fetched if need be."""
    os.makedirs(cache_folder(), exist_ok=True)
    with open(os.path.join(cache_folder(), "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            qemu = qemu_with(card)
        except Missing:
            fetch()
            qemu = qemu_with(card)
    print(qemu[0][0])


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Missing as missing:
        sys.exit(f"qemu.py: {missing}")
