# SPDX-License-Identifier: BSD-3-Clause
"""What the demonstration and the benchmarks stand on: a network namespace of their own, two cores, wires between
programs, and readings of what a program used and how long it waited for its core.

Everything lives in namespaces and below one temporary folder: when the programs are gone, nothing is left.
"""
import ctypes
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("NSK_BUILD", os.path.join(TOP, "build"))
INSIDE = "NSK_RIG_INSIDE"
HUGE_NEED_MB = 512
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
# ethtool and others of the kernel's tools are not on an ordinary user's PATH; the user's own choice goes first.
os.environ["PATH"] = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"


class Failure(Exception):
    """What went wrong and what mends it, for the user."""


# ---- namespaces -------------------------------------------------------------------------------------------------


def enter_namespace():
    """Runs the calling program again in a network namespace, an ordinary user's in a user namespace as well."""
    if os.environ.get(INSIDE):
        return
    flags = ["-n"] if os.getuid() == 0 else ["-Urn"]
    probe = subprocess.run(["unshare", *flags, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        raise Failure(f"no network namespace to be had: {probe.stderr.strip()}\n"
                      + ("run this where CAP_SYS_ADMIN is, not in a restricted container" if os.getuid() == 0 else
                         "as root: sysctl -w user.max_user_namespaces=10000 kernel.unprivileged_userns_clone=1\n"
                         "or run this as root"))
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", *flags, sys.executable, *sys.argv])


def check_tun():
    if not os.path.exists("/dev/net/tun"):
        raise Failure("no /dev/net/tun; as root: modprobe tun, or mkdir -p /dev/net && mknod /dev/net/tun c 10 200")
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        raise Failure("no access to /dev/net/tun; as root: chmod 666 /dev/net/tun")


def run(*command, check=True):
    """A short command; its output as text."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise Failure(f"{command[0]}: not installed; packages.txt names what is needed") from error
    if check and result.returncode:
        raise Failure(f"{shlex.join(command)}: {(result.stderr or result.stdout).strip()}")
    return result.stdout


def until(what, attempt, seconds=20):
    """The first result of attempt() that is true."""
    end = time.monotonic() + seconds
    while True:
        result = attempt()
        if result:
            return result
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(0.02)


# ---- cores and memory -------------------------------------------------------------------------------------------


def read(path, default=""):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return default


def siblings(cpu):
    """Logical CPUs of the same physical core, as the kernel writes them."""
    return read(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list", str(cpu))


class Cores:
    """One core for the load, another for the server; the same one where there is only one."""

    def __init__(self):
        allowed = sorted(os.sched_getaffinity(0))
        self.load = allowed[0]
        others = [cpu for cpu in allowed[1:] if siblings(cpu) != siblings(self.load)] or allowed[1:]
        self.server = others[0] if others else self.load
        self.alone = self.load == self.server
        self.siblings = not self.alone and siblings(self.load) == siblings(self.server)


def huge_free_mb():
    folder = "/sys/kernel/mm/hugepages"
    total = 0
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        total += int(name.split("-")[1].removesuffix("kB")) * int(read(f"{folder}/{name}/free_hugepages", "0")) // 1024
    return total


def huge_usable():
    """Enough hugepages for two programs on memif, and a mounted hugetlbfs that may be written."""
    mounts = [line.split() for line in read("/proc/mounts").splitlines()]
    writable = any(m[2] == "hugetlbfs" and os.access(m[1], os.W_OK) for m in mounts)
    return writable and huge_free_mb() >= HUGE_NEED_MB


# ---- programs ---------------------------------------------------------------------------------------------------


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def find_program(name):
    for path in (f"{BUILD}/apps/{name}", f"{BUILD}/tests/perf/{name}", f"{BUILD}/tests/netns/{name}"):
        if os.access(path, os.X_OK):
            return path
    if name == "stdbuf" and shutil.which(name):  # which runs another program
        return shutil.which(name)
    raise Failure(f"no {name} in {BUILD}: ./dev build")


class Program:
    """A running program of ours. Only what was started here is ever ended."""

    def __init__(self, rig, arguments, core=None, namespace=None, show=False, stdin=subprocess.DEVNULL):
        self.arguments = arguments
        command = [find_program(arguments[0]), *arguments[1:]]
        if core is not None:
            command = ["taskset", "-c", str(core), *command]
        if namespace is not None:
            command = ["nsenter", "-t", str(namespace), "-n", *command]
        self.path = os.path.join(rig.folder, f"{len(rig.programs)}-{arguments[0]}.out")
        self.output = None if show else open(self.path, "wb")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(command, stdin=stdin, stdout=self.output, stderr=self.output,
                                        env=rig.env, preexec_fn=die_with_parent)
        rig.programs.append(self)

    @property
    def text(self):
        return shlex.join(self.arguments)

    @property
    def said(self):
        with open(self.path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def running(self):
        return self.process.poll() is None

    def need(self):
        """The program must be there still."""
        if not self.running():
            raise Failure(f"{self.text}: ended with status {self.process.returncode}\n{self.said.strip()}")
        return True

    def pid(self):
        """taskset and nsenter become the program: its pid is ours."""
        return self.process.pid

    def end(self, seconds=5):
        """SIGTERM, so that it tidies up; SIGKILL when it does not."""
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.output:
            self.output.close()
        return self.process.returncode


class Rig:
    """The folder, the cores, the environment; ends what was started in it."""

    def __init__(self, no_huge=False, wire="memif"):
        self.folder = tempfile.mkdtemp(prefix="nsk-rig-")
        self.programs = []
        self.namespaces = []
        self.cores = Cores()
        self.huge = not no_huge and huge_usable()
        self.env = dict(os.environ, RUNTIME_DIRECTORY=self.folder)
        self.wires = 0
        self.wire = {"memif": self.memif, "vhost": self.vhost}[wire]

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        run("ip", "link", "set", "lo", "up")
        return self

    def __exit__(self, *_):
        for program in reversed(self.programs):
            program.end()
        for process in self.namespaces:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, *arguments, **options):
        return Program(self, [str(a) for a in arguments], **options)

    def memory(self):
        return [] if self.huge else ["--no-huge"]

    def namespace(self):
        """Pid of a process that holds another network namespace."""
        process = subprocess.Popen(["unshare", "-n", "sleep", "infinity"], preexec_fn=die_with_parent,
                                   stdin=subprocess.DEVNULL)
        self.namespaces.append(process)
        ours = os.readlink("/proc/self/ns/net")
        until("a second namespace", lambda: read(f"/proc/{process.pid}/comm") == "sleep"
              and os.readlink(f"/proc/{process.pid}/ns/net") != ours)
        return process.pid

    def memif(self):
        """Its socket, and device arguments of the server's and the client's end of a new memif wire."""
        self.wires += 1
        path = os.path.join(self.folder, f"memif-{self.wires}.sock")
        ends = [f"net_memif0,role={role},id=0,socket={path},socket-abstract=no" for role in ("server", "client")]
        return path, ends

    def vhost(self):
        """The same of a new vhost-user wire; its server's end is the one that a hypervisor's host has."""
        self.wires += 1
        path = os.path.join(self.folder, f"vhost-{self.wires}.sock")
        return path, [f"net_vhost0,iface={path}", f"net_virtio_user0,path={path}"]

    def veth(self, here, there, namespace):
        """A veth pair, one end in another namespace; nothing is left to hardware that is not there."""
        run("ip", "link", "add", here, "type", "veth", "peer", "name", there)
        run("ip", "link", "set", there, "netns", str(namespace))
        inside = ["nsenter", "-t", str(namespace), "-n"]
        run("ethtool", "-K", here, "tx", "off", "tso", "off", "gso", "off")
        run(*inside, "ethtool", "-K", there, "tx", "off", "tso", "off", "gso", "off")
        run("ip", "link", "set", here, "up")
        for interface in ("lo", there):
            run(*inside, "ip", "link", "set", interface, "up")
        return inside


# ---- what a program used ----------------------------------------------------------------------------------------


def busiest_thread(pid):
    """(ns on a core, ns waiting for one) of the thread that ran longest: the worker."""
    best = (0, 0)
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            numbers = read(f"/proc/{pid}/task/{task}/schedstat").split()
            if len(numbers) == 3:
                best = max(best, (int(numbers[0]), int(numbers[1])))
    except OSError:
        pass
    return best


def core_busy(cpu):
    """(busy, all) of a core in clock ticks, interrupts' work included."""
    for line in read("/proc/stat").splitlines():
        name, *numbers = line.split()
        if name == f"cpu{cpu}":
            ticks = [int(n) for n in numbers[:8]]
            return sum(ticks) - ticks[3] - ticks[4], sum(ticks)
    return 0, 0


def wait_for_quiet(cpus, patience, seconds=0.3, percent=10.0):
    """Waits until the cores have been idle for a moment, for so many seconds at most."""
    end = time.monotonic() + patience
    while True:
        before = [core_busy(cpu) for cpu in cpus]
        time.sleep(seconds)
        after = [core_busy(cpu) for cpu in cpus]
        if all(100.0 * (b[0] - a[0]) <= percent * (b[1] - a[1]) for a, b in zip(before, after)):
            return
        if time.monotonic() > end:
            return


class Meter:
    """Reads a program's use of its core from now to the last tick()."""

    def __init__(self, pid, core):
        self.pid, self.core = pid, core
        self.start = self.last = (time.monotonic_ns(), busiest_thread(pid))
        self.core_start = self.core_last = core_busy(core)

    def tick(self):
        """Threads that have ended are seen no more: what counts is the last reading of the busiest one."""
        used = busiest_thread(self.pid)
        if used > self.last[1]:
            self.last = (time.monotonic_ns(), used)
            self.core_last = core_busy(self.core)

    def percent(self, index):
        wall = self.last[0] - self.start[0]
        return 100.0 * (self.last[1][index] - self.start[1][index]) / wall if wall > 0 else 0.0

    def reading(self):
        busy, ticks = (b - a for a, b in zip(self.core_start, self.core_last))
        return {"ran_percent": round(self.percent(0), 2), "waited_percent": round(self.percent(1), 2),
                "core_busy_percent": round(100.0 * busy / ticks, 1) if ticks else 0.0}


# ---- results ----------------------------------------------------------------------------------------------------


def json_objects(text, kind):
    """The JSON objects of a kind in a program's output, one a line; a last line without its end is not there yet."""
    found = []
    for line in text.split("\n")[:-1]:
        if line.startswith("{"):
            item = json.loads(line)
            if item.get("kind") == kind:
                found.append(item)
    return found


def human(number):
    """Four digits at most: 7270000 is 7.27 M."""
    for factor, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= factor:
            return f"{number / factor:.3g}{letter}" if number < 1000 * factor else f"{number / factor:.0f}{letter}"
    return f"{number:.0f}" if number >= 10 else f"{number:.2g}"
