#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""One service on two nodes: BIRD speaks BGP and BFD for each over the twin of the stack's interface and announces the service's
address while the stack is healthy; a Linux router spreads connections over both.

                               +-- nskra 10.8.1.1 === wire0 [nsk-echo] 10.8.1.2 --- twin0 [BIRD]   node a
    [client] 10.8.0.2 --- 10.8.0.1 [router: Linux, BIRD]
                               +-- nskrb 10.8.2.1 === wire0 [nsk-echo] 10.8.2.2 --- twin0 [BIRD]   node b

The service is 10.8.99.10 port 7 on both nodes. Client, the wires' far ends and the twins are in namespaces of their own, the
router is in this one. Takes a minute; only where NSK_TEST_ALL is set.
"""
import json
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import time
import unittest

from tap import ALL, PATIENCE_S, fact, main, run, until
from rig import BUILD, TOP, Rig

SERVICE, PORT = "10.8.99.10", 7
CONNECTIONS = 200
NODES = {"a": 1, "b": 2}
GHOST = "10.8.0.77"  # a client that no kernel knows of
BIRD_ROUTER = """
log stderr all;
router id 10.8.0.1;
protocol device {{ scan time 1; }}
protocol kernel {{ merge paths on; ipv4 {{ export all; import none; }}; }}
protocol bfd {{ interface "nskr*" {{ interval 100 ms; multiplier 3; }}; }}
template bgp node {{ local as 65000; bfd on; connect delay time 1; connect retry time 1; error wait time 1, 2; ipv4 {{ import all; export none; }}; }}
protocol bgp a from node {{ neighbor 10.8.1.2 as 65001; }}
protocol bgp b from node {{ neighbor 10.8.2.2 as 65001; }}
"""
BIRD_NODE = """
log stderr all;
router id 10.8.{net}.2;
protocol device {{ scan time 1; }}
protocol static service {{ disabled; ipv4; route {service}/32 unreachable; }}
protocol bfd {{ interface "twin0" {{ interval 100 ms; multiplier 3; }}; }}
protocol bgp up {{ local as 65001; neighbor 10.8.{net}.1 as 65000; bfd on; connect delay time 1; connect retry time 1;
    error wait time 1, 2; ipv4 {{ import none; export where proto = "service"; }}; }}
"""
STACK = """
devices = ( {{ device = "net_af_packet0,iface=wire0"; name = "eth0"; addresses = [ "10.8.{net}.2/24", "{service}/32" ];
               twin = "twin0,netns=/proc/{space}/ns/net"; punt = [ "bgp", "bfd" ]; }} );
gateway = "10.8.{net}.1";
control = "{control}";
secret_file = "{secret}";
no_huge = true;
tcp: {{ syncookies = "always"; }};
"""
# Opens so many connections, says a word on each and hears it back; then the number of those that did.
CLIENT = """
import socket, sys
good, open_ones = 0, []
for i in range(int(sys.argv[2])):
    sock = socket.socket()
    sock.settimeout(60)
    try:
        sock.connect((sys.argv[1], 7))
        sock.sendall(b"hello %d" % i)
        good += sock.recv(100) == b"hello %d" % i
        open_ones.append(sock)
    except OSError as error:
        print(error, file=sys.stderr)
print(good)
"""


class Node:
    """A stack, its twin, and who speaks for it."""

    def __init__(self, rig, name, secret):
        self.rig, self.name, self.net = rig, name, NODES[name]
        self.control = os.path.join(rig.folder, f"{name}.sock")
        self.wire_space, self.host_space = rig.namespace(), rig.namespace()
        self.host = ["nsenter", "-t", str(self.host_space), "-n"]
        rig.veth(f"nskr{name}", "wire0", self.wire_space)
        run("ip", "addr", "add", f"10.8.{self.net}.1/24", "dev", f"nskr{name}")
        self.secret = secret
        self.echo = self.bird = self.announcer = None

    def start(self):
        path = os.path.join(self.rig.folder, f"{self.name}.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(STACK.format(net=self.net, service=SERVICE, space=self.host_space, control=self.control, secret=self.secret))
        self.echo = self.rig.start("nsk-echo", "-c", path, "--tcp", PORT, "--quiet", namespace=self.wire_space)
        until("the twin", lambda: self.echo.need() and "link " in self.echo.said, PATIENCE_S)
        run(*self.host, "ip", "link", "set", "lo", "up")
        run(*self.host, "ip", "addr", "add", f"10.8.{self.net}.2/24", "dev", "twin0")
        run(*self.host, "ip", "link", "set", "twin0", "up")

    def speak(self):
        """BIRD, and the script that has it announce the service."""
        self.bird = bird(self.rig, f"bird-{self.name}", BIRD_NODE.format(net=self.net, service=SERVICE), self.host)
        self.announcer = subprocess.Popen(
            [os.path.join(TOP, "config/announce-bird.sh"), self.control, "service", self.rig_path("ctl")],
            env={**os.environ, "NSKCTL": os.path.join(BUILD, "apps/nskctl")}, stderr=subprocess.DEVNULL)

    def rig_path(self, suffix):
        return os.path.join(self.rig.folder, f"bird-{self.name}.{suffix}")

    def ctl(self, *words):
        return run(os.path.join(BUILD, "apps/nskctl"), "-j", "-s", self.control, *words, check=False)

    def opened(self):
        """Connections that it has taken so far."""
        counters = json.loads(self.ctl("counters"))["counters"]
        return counters["tcp_cookies_accepted"]

    def end(self):
        for process in (self.announcer, self.bird):
            if process and process.poll() is None:
                process.terminate()
                process.wait()


def bird(rig, name, conf, prefix):
    path = os.path.join(rig.folder, name)
    with open(f"{path}.conf", "w", encoding="utf-8") as file:
        file.write(conf)
    process = subprocess.Popen([*prefix, "bird", "-f", "-c", f"{path}.conf", "-s", f"{path}.ctl", "-P", f"{path}.pid"],
                               stderr=open(f"{path}.log", "wb"))  # pylint: disable=consider-using-with
    until(name, lambda: os.path.exists(f"{path}.ctl"), PATIENCE_S)
    return process


def ways():
    """Nodes that the router leads the service to."""
    route = run("ip", "route", "show", SERVICE)
    return {name for name, net in NODES.items() if f"via 10.8.{net}.2 " in route}


def lead_to(*names):
    until(f"ways to {names}, not {ways()}", lambda: ways() == set(names), PATIENCE_S)


# ---- a client that keeps no state -------------------------------------------------------------------------------


def checksum(data):
    total = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Ghost:
    """Sends and hears segments of one connection of GHOST by hand, on the client's interface."""

    def __init__(self, space, router_mac, own_mac, sport):
        self.sport, self.macs = sport, bytes.fromhex((router_mac + own_mac).replace(":", ""))
        # A socket stays in the namespace that it was made in.
        here = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/proc/{space}/ns/net", os.O_RDONLY)
        setns(there)
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x800))
        self.sock.bind(("nskcl", 0))
        setns(here)
        os.close(here)
        os.close(there)
        self.sock.settimeout(PATIENCE_S)

    def send(self, flags, seq, ack, options=b"", data=b""):
        source, to = socket.inet_aton(GHOST), socket.inet_aton(SERVICE)
        tcp = struct.pack(">HHIIBBHHH", self.sport, PORT, seq, ack, (20 + len(options)) // 4 << 4, flags, 65535, 0, 0)
        tcp += options + data
        total = checksum(source + to + struct.pack(">HH", 6, len(tcp)) + tcp)
        tcp = tcp[:16] + struct.pack(">H", total) + tcp[18:]
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, source, to)
        ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
        self.sock.send(self.macs + b"\x08\x00" + ip + tcp)

    def hear(self, wanted):
        """(flags, seq, ack, data, options) of the next segment that wanted(flags, data) likes."""
        while True:
            frame = self.sock.recv(2048)
            packet = frame[14:]
            if packet[9] != 6 or packet[16:20] != socket.inet_aton(GHOST):
                continue
            length = struct.unpack(">H", packet[2:4])[0]
            tcp = packet[(packet[0] & 15) * 4:length]
            sport, dport, seq, ack, offset, flags = struct.unpack(">HHIIBB", tcp[:14])
            data = tcp[(offset >> 4) * 4:]
            if (sport, dport) == (PORT, self.sport) and wanted(flags, data):
                return flags, seq, ack, data, tcp[20:(offset >> 4) * 4]


def setns(descriptor):
    import ctypes  # pylint: disable=import-outside-toplevel
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, 0):
        raise OSError("setns")


FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


# ---- the lab ----------------------------------------------------------------------------------------------------


class ScaleOut(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = cls.enterClassContext(Rig(no_huge=True))
        secret = os.path.join(cls.rig.folder, "secret")
        with open(os.open(secret, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_hex(16) + "\n")
        cls.client_space = cls.rig.namespace()
        cls.client = cls.rig.veth("nskrc", "nskcl", cls.client_space)
        run("ip", "addr", "add", "10.8.0.1/24", "dev", "nskrc")
        run(*cls.client, "ip", "addr", "add", "10.8.0.2/24", "dev", "nskcl")
        run(*cls.client, "ip", "route", "add", "default", "via", "10.8.0.1")
        for setting in ("net.ipv4.ip_forward=1", "net.ipv4.fib_multipath_hash_policy=1"):
            run("sysctl", "-qw", setting)
        cls.nodes = {name: Node(cls.rig, name, secret) for name in NODES}
        cls.router = bird(cls.rig, "bird-router", BIRD_ROUTER.format(), [])
        cls.addClassCleanup(lambda: (cls.router.terminate(), cls.router.wait()))
        for node in cls.nodes.values():
            cls.addClassCleanup(node.end)
            node.start()
            node.speak()
        lead_to("a", "b")

    def connect(self, count=CONNECTIONS):
        """Connections of the client's that were answered; those that each node took."""
        before = {name: node.opened() for name, node in self.nodes.items() if node.echo.running()}
        said = run(*self.client, sys.executable, "-c", CLIENT, SERVICE, str(count))
        return int(said), {name: self.nodes[name].opened() - n for name, n in before.items()}

    def test_1_load_spreads_over_both(self):
        good, taken = self.connect()
        self.assertEqual(good, CONNECTIONS)
        self.assertEqual(sum(taken.values()), CONNECTIONS)
        fact(f"connections: {taken}")
        for share in taken.values():
            self.assertGreater(share, CONNECTIONS // 5)

    def test_2_a_node_that_drains_gets_no_more(self):
        a = self.nodes["a"]
        self.assertEqual(json.loads(a.ctl("drain"))["state"], "draining")
        lead_to("b")
        good, taken = self.connect(50)
        self.assertEqual((good, taken), (50, {"a": 0, "b": 50}))
        self.assertEqual(json.loads(a.ctl("drain", "off"))["state"], "serving")
        lead_to("a", "b")

    def test_3_a_cookie_of_one_node_opens_a_connection_on_the_other(self):
        a, b = self.nodes["a"], self.nodes["b"]
        macs = [json.loads(run("ip", "-j", "link", "show", "nskrc"))[0]["address"],
                json.loads(run(*self.client, "ip", "-j", "link", "show", "nskcl"))[0]["address"]]
        run("ip", "neigh", "replace", GHOST, "lladdr", macs[1], "dev", "nskrc")
        ghost = Ghost(self.client_space, *macs, 40077)
        b.ctl("drain")
        lead_to("a")
        ghost.send(SYN, 1000, 0, options=bytes([2, 4, 5, 0xb4]))
        _, seq, ack, _, _ = ghost.hear(lambda flags, data: flags == SYN | ACK)
        self.assertEqual(ack, 1001)
        b.ctl("drain", "off")
        a.ctl("drain")
        lead_to("b")
        before = b.opened()
        ghost.send(ACK | PSH, 1001, seq + 1, data=b"across")
        _, _, _, data, _ = ghost.hear(lambda flags, data: data or flags & RST)
        self.assertEqual(data, b"across")
        self.assertEqual(b.opened() - before, 1)
        ghost.send(RST | ACK, 1007, seq + 1)
        a.ctl("drain", "off")
        lead_to("a", "b")

    def test_4_a_killed_nodes_traffic_moves_to_the_other(self):
        a = self.nodes["a"]
        a.echo.process.kill()
        a.echo.process.wait()
        began = time.monotonic()
        lead_to("b")
        fact(f"withdrawn {time.monotonic() - began:.2f} s after the kill (BFD: 0.3 s)")
        good, taken = self.connect(50)
        self.assertEqual((good, taken), (50, {"b": 50}))


if __name__ == "__main__":
    if not ALL or not shutil.which("bird"):
        print("skipped: NSK_TEST_ALL is not set" if not ALL else "skipped: no bird; apt-get install bird2")
        sys.exit(77)
    main()
