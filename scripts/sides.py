# SPDX-License-Identifier: BSD-3-Clause
"""The sides of the comparison, each a server on one core and the load on another, and one measured run of a side.

  reflect         nsk-load's raw engine against nsk-reflect: the same frames, no stack: the ceiling
  netstk          nsk-load's lean engine against nsk-echo
  linux-packet    the same generator against an epoll server on the kernel, through af_packet and a veth pair
  linux-sockets   nsk-load on the kernel's own sockets against that server, through the veth pair

The kernel's server is nsk-echo's own code compiled for the kernel's sockets (tests/perf/kernel_echo.c). nsk-load's lean
engine is a client without a stack below it, so that the generator is not what is measured.
"""
import os
import time

from rig import Failure, Meter, json_objects, read, run, until

PORT = 7
REQUEST_BYTES = 64
OURS, PEER = "10.9.1.2", "10.9.1.1"             # over the virtual wire: server, load
SOURCES = "10.9.3.0/26"                         # of many connections
KERNEL, VETH_LOAD = "10.9.2.2", "10.9.2.1"      # over veth: the kernel's server, the kernel's client
VETH_PACKET = "10.9.2.3"                        # the generator on af_packet
SETTLE_S = 1.0


class Workload:
    """What is asked: connections at a time, and whether each carries one request or many. With in_flight so many requests are
    under way over all connections, which are asked in turn: more than the wire has room for would be lost."""

    def __init__(self, connections, short=False, in_flight=None):
        self.connections, self.short, self.in_flight = connections, short, in_flight

    @property
    def name(self):
        return f"{'short' if self.short else 'requests'}-{self.connections}"

    @property
    def title(self):
        among = f", {self.in_flight} among {self.connections:,}" if self.in_flight else f", {self.connections:,} at a time"
        return ("short connections/s" if self.short else "requests/s") + among

    @property
    def sides(self):
        """Who is asked for so much: what many connections cost the kernel is not the question here."""
        return (Reflect, Netstk) if self.in_flight else SIDES

    def arguments(self, address, seconds, warmup):
        arguments = ["--target", f"{address}:{PORT}", "--connections", self.connections, "--request", REQUEST_BYTES,
                     "--duration", seconds, "--warmup", warmup]
        if self.in_flight:
            arguments += ["--source-range", SOURCES, "--in-flight", self.in_flight, "--handshakes", self.in_flight]
        return arguments + (["--short"] if self.short else [])

    def frames(self):
        """The same for who has no connections: as many frames under way."""
        return Workload(self.in_flight or self.connections)


class Side:
    """Starts its server and says what its load is started with."""

    name = title = None
    connections = True  # False: knows requests only

    def __init__(self, rig):
        self.rig = rig
        self.server = None

    def start(self, workload):
        """Starts the server for a workload and waits until it can be reached."""

    def load(self):
        """Arguments of nsk-load before those of the workload, and the address to load."""

    def load_core(self):
        """The core that the load is put on from outside; None: it pins itself."""


class WireSide(Side):
    """Over memory that both programs see: the rig's kind of wire."""

    server_arguments = load_arguments = ()

    def start(self, workload):
        rig = self.rig
        socket, (ours, self.theirs) = rig.wire()
        room = ["-o", f"max_sockets={workload.connections + 1000}"] if self.connections and workload.in_flight else []
        self.server = rig.start(*self.server_arguments, *room, "-d", ours, "-a", f"{OURS}/16", "-l", rig.cores.server,
                                *rig.memory())
        until(f"{self.server.text}: its socket", lambda: self.server.need() and os.path.exists(socket))

    def load(self):
        return ["-d", self.theirs, "-a", f"{PEER}/16", "-l", self.rig.cores.load, *self.rig.memory(),
                *self.load_arguments], OURS


class Reflect(WireSide):
    name, title = "reflect", "reflector"
    connections = False
    server_arguments = ("nsk-reflect", "--quiet")
    load_arguments = ("--engine", "raw")


class Netstk(WireSide):
    name, title = "netstk", "netstk"
    server_arguments = ("nsk-echo", "--tcp", PORT, "--json")
    load_arguments = ("--engine", "lean")


class KernelSide(Side):
    """One namespace with the kernel's server at the far end of a veth pair; made once a rig."""

    def start(self, workload):
        rig = self.rig
        if not hasattr(rig, "kernel_namespace"):
            rig.kernel_namespace = rig.namespace()
            inside = rig.veth("nskv0", "nskv1", rig.kernel_namespace)
            run(*inside, "ip", "addr", "add", f"{KERNEL}/24", "dev", "nskv1")
            run("ip", "addr", "add", f"{VETH_LOAD}/24", "dev", "nskv0")
            # The kernel's client opens more connections than its default ports allow in TIME_WAIT.
            for key, value in (("ip_local_port_range", "1024 65535"), ("tcp_tw_reuse", "1")):
                with open(f"/proc/sys/net/ipv4/{key}", "w", encoding="utf-8") as file:
                    file.write(value)
        self.server = rig.start("kernel_echo", "--tcp", PORT, core=rig.cores.server, namespace=rig.kernel_namespace)
        until(f"{self.server.text}: its port", lambda: self.server.need() and self.listens())

    def listens(self):
        rows = [row.split() for name in ("tcp", "tcp6") for row in read(f"/proc/{self.server.pid()}/net/{name}", "").splitlines()]
        return any(row[1].endswith(f":{PORT:04X}") and row[3] == "0A" for row in rows)


class LinuxPacket(KernelSide):
    name, title = "linux-packet", "Linux, load by af_packet"

    def load(self):
        rig = self.rig
        return ["-d", "net_af_packet0,iface=nskv0", "-a", f"{VETH_PACKET}/24", "-l", rig.cores.load, *rig.memory(),
                "--engine", "lean"], KERNEL


class LinuxSockets(KernelSide):
    name, title = "linux-sockets", "Linux, load by sockets"

    def load(self):
        return ["--engine", "kernel"], KERNEL

    def load_core(self):
        return self.rig.cores.load


SIDES = (Reflect, Netstk, LinuxPacket, LinuxSockets)


def packets_each(counters, done):
    """Packets of one request or connection in the busier direction, as the lean engine counts them."""
    return max(counters["tx_packets"], counters["rx_packets"]) / done if done else 0.0


def busy_percent(server):
    """How much of its time nsk-echo had work, in percent: the middle one of its seconds under load; None: no such."""
    seconds = sorted(line["busy_percent"] for line in json_objects(server.said, "interval")
                     if line["requests_per_s"] > 0)
    return seconds[len(seconds) // 2] if seconds else None


def watch(load, meters, limit, progress):
    """Reads the meters until the load ends; hands each of its lines to progress, if that is wanted."""
    shown = 0
    while load.running():
        if time.monotonic() > limit:
            raise Failure(f"{load.text}: does not end\n{load.said.strip()}")
        for meter in meters.values():
            meter.tick()
        if progress:
            lines = json_objects(load.said, "interval")
            for line in lines[shown:]:
                progress(line)
            shown = len(lines)
        time.sleep(0.05)


def measure(side, workload, seconds, warmup=SETTLE_S, progress=None):
    """One run: the server is started, loaded and ended. A dict of what came out."""
    rig = side.rig
    asked = workload if side.connections else workload.frames()
    side.start(workload)
    try:
        arguments, address = side.load()
        load = rig.start("nsk-load", *arguments, *asked.arguments(address, seconds, warmup), "--json",
                         *([] if progress else ["--quiet"]), core=side.load_core())
        meters = {"server": Meter(side.server.pid(), rig.cores.server), "load": Meter(load.pid(), rig.cores.load)}
        watch(load, meters, time.monotonic() + seconds + warmup + 30, progress)
        # The work is done: a server whose memif driver dies now, because its peer has left, is no failure of it.
        summary = json_objects(load.said, "summary")
        if load.process.returncode or not summary:
            side.server.need()
            raise Failure(f"{load.text}: status {load.process.returncode}\n{load.said.strip()}")
    finally:
        side.server.end()
    total = summary[-1]
    return {"side": side.name, "workload": workload.name,
            "rate": total["closes_per_s" if asked.short else "requests_per_s"],
            "latency": total["latency"], "errors": total["errors"], "busy": busy_percent(side.server),
            "packets_each": packets_each(total["counters"], total["counters"]["closed" if asked.short else "answers"]),
            "server": side.server.text, "load": load.text,
            "readings": {name: meter.reading() for name, meter in meters.items()}, "summary": total}
