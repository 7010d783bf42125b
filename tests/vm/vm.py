# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of this folder stand on: a guest with a Linux kernel of Debian's under QEMU, whose network cards are taps of
the test's namespace. Where the tap leads, a bridge to a tap of the stack's for instance, is the test's own.

The guest has this machine's files (what it writes stays in its memory), so that every tool is there under its name; a command
runs in it by guest.run("ip", "addr"). Its processor is emulated, for machines of the cloud have no other: commands take ten to
thirty times as long as here, and no test judges a time.
"""
import concurrent.futures
import contextlib
import itertools
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "netns"))

# pylint: disable=wrong-import-position
from tap import main as run_tests  # noqa: E402
from tap import SMALL, fact  # noqa: E402
from rig import BUILD, Failure, Rig, die_with_parent, find_program, read, run, until  # noqa: E402

import kernel  # noqa: E402
import qemu  # noqa: E402
from cards import CARDS  # noqa: E402

PATIENCE_S = 120
CONSOLE_LINES = 30


def clock():
    """What the guest's kernel is told of its clock: measured on busy cores the rate of its TSC, which is this machine's,
    comes out wrong by factors, and every clock in it with that."""
    found = re.search(r"tsc: Detected (\d+)\.(\d{3}) MHz", run("dmesg", check=False))
    khz = int(found[1] + found[2]) if found else 0
    if not khz and re.search(r"^flags\b.* hypervisor\b", read("/proc/cpuinfo"), re.MULTILINE):
        khz = int(float(re.search(r"^cpu MHz\s*: ([\d.]+)", read("/proc/cpuinfo"), re.MULTILINE)[1]) * 1000)
    return f"tsc=reliable tsc_early_khz={khz}" if khz else "clocksource=hpet"


class Guest:
    """A virtual machine; with the name of one of CARDS and the tap's there is one network card, eth0 in it, whose driver is
    Linux's. Whoever gives it to a program takes it from that: see nic.py."""

    def __init__(self, rig, card, tap, memory_mb=512):
        self.tap = tap
        card = CARDS[card]
        command, env = qemu.qemu_with(card.model)
        self.console, self.complaints = (os.path.join(rig.folder, f"{what}-{tap}") for what in ("console", "qemu"))
        run("ip", "tuntap", "add", tap, "mode", "tap", *card.tap_arguments())
        run("ip", "link", "set", tap, "up")
        self.channel, other = socket.socketpair()
        self.monitor, monitored = socket.socketpair()
        self.greeted = False
        image, initramfs = kernel.boot_files()
        line = ["console=ttyS0", "quiet", "panic=-1", "mitigations=off", "no_timer_check", "random.trust_cpu=on",
                f"nsk.agent={os.path.join(HERE, 'agent.py')}", clock(), *card.kernel_words()]
        with other, monitored, open(self.complaints, "wb") as complaints:
            self.process = subprocess.Popen(
                [*command, "-M", "q35,smm=off,usb=off", "-accel", "tcg,thread=multi", "-cpu", "max,la57=off", "-smp", "2",
                 "-m", str(memory_mb), "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-monitor", "none",
                 "-serial", f"file:{self.console}", "-kernel", image, "-initrd", initramfs, "-append", " ".join(line),
                 "-device", "virtio-serial-pci", "-chardev", f"socket,id=agent,fd={other.fileno()}",
                 "-device", "virtserialport,chardev=agent,name=nsk",
                 "-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
                 "-chardev", f"socket,id=monitor,fd={monitored.fileno()}", "-mon", "chardev=monitor,mode=control",
                 *card.arguments(tap)],
                stdin=subprocess.DEVNULL, stdout=complaints, stderr=complaints,
                pass_fds=[other.fileno(), monitored.fileno()], env={**os.environ, **env},
                preexec_fn=die_with_parent)
        self.answers = {0: concurrent.futures.Future()}
        self.numbers = itertools.count(1)
        self.reader = threading.Thread(target=self.listen, daemon=True)
        self.reader.start()
        try:
            self.version = self.result(0)["said"].strip()
        except Failure:
            self.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Nothing of it is kept, so that it need not be told."""
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.channel.close()
        self.monitor.close()
        run("ip", "link", "del", self.tap)

    def listen(self):
        with self.channel.makefile("rb") as lines, contextlib.suppress(ConnectionResetError):
            for line in lines:
                answer = json.loads(line)
                self.answers[answer["id"]].set_result(answer)
        for future in list(self.answers.values()):
            if not future.done():
                future.set_exception(Failure("the guest has ended"))

    def result(self, number, seconds=PATIENCE_S):
        try:
            return self.answers[number].result(seconds)
        except (TimeoutError, Failure) as error:
            raise Failure(f"the guest has ended or does not answer; QEMU and its console said:\n{self.last_words()}") from error

    def ask(self, **question):
        self.channel.sendall(json.dumps(question).encode() + b"\n")

    def start(self, *command):
        """A command in the guest; its number, for result()."""
        number = next(self.numbers)
        self.answers[number] = concurrent.futures.Future()
        self.ask(id=number, command=[str(word) for word in command])
        return number

    def run(self, *command, check=True, seconds=PATIENCE_S):
        """A command in the guest; what it said."""
        answer = self.result(self.start(*command), seconds)
        if check and answer["status"]:
            raise Failure(f"{' '.join(map(str, command))} in the guest: status {answer['status']}\n{answer['said'].strip()}")
        return answer["said"]

    def qemu(self, command, **arguments):
        """Has QEMU itself do something (QMP): qemu("set_link", name="card", up=False)."""
        if not self.greeted:
            self.told({"execute": "qmp_capabilities"})
            self.greeted = True
        return self.told({"execute": command, "arguments": arguments})

    def told(self, words):
        self.monitor.sendall(json.dumps(words).encode())
        with self.monitor.makefile("rb") as lines:
            for said in map(json.loads, lines):
                if "return" in said or "error" in said:
                    break
        if "return" not in said:
            raise Failure(f"QEMU on {words}: {said}")
        return said["return"]

    def last_words(self):
        """What QEMU and the console said at last."""
        return "\n".join((read(self.complaints) + "\n" + read(self.console)).splitlines()[-CONSOLE_LINES:])


class GuestProgram:
    """A program that runs in a guest; the like of what rig.py has for those that run here."""

    def __init__(self, guest, *command):
        self.guest = guest
        self.text = shlex.join(str(word) for word in command) + " (in the guest)"
        self.number = guest.start(*command)

    def running(self):
        return not self.guest.answers[self.number].done()

    def need(self):
        """The program must be there still."""
        if not self.running():
            raise Failure(f"{self.text}: ended\n{self.said}")
        return True

    def end(self, seconds=PATIENCE_S, by=signal.SIGTERM):
        """Its status."""
        self.guest.ask(of=self.number, signal=by)
        return self.guest.result(self.number, seconds)["status"]

    def heard(self):
        """What it said, after its end."""
        return self.guest.result(self.number)["said"]

    @property
    def said(self):
        """That, and the guest's console. It is ended for that: asked for after a failure or the end."""
        try:
            if self.running():
                self.end()
            return self.heard() + self.guest.last_words()
        except Failure as failure:
            return str(failure)


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def main(cards=("e1000",)):
    """Runs the tests of the calling file, where VMs are wanted and to be had; which cards they have, as far as that is known."""
    if not os.environ.get("NSK_TEST_VM"):
        skip("NSK_TEST_VM is not set; ./dev test --vm sets it")
    if os.environ["NSK_TEST_VM"] == "some" and (SMALL or not os.environ.get("NSK_VM_SOME")):
        skip("not among the few of NSK_TEST_VM=some; ./dev test --vm has all")
    if not shutil.which(qemu.PROGRAM):
        skip(f"no {qemu.PROGRAM}; apt-get install qemu-system-x86")
    try:
        for card in cards:
            qemu.qemu_with(CARDS[card].model)
        kernel.boot_files()
    except kernel.Missing as missing:
        skip(missing)
    run_tests()
