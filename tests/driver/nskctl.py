#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""nskctl against a running program, and without one: what it prints, what it says when something is wrong, how it exits.

The program is nsk-echo on DPDK's null device: no NIC, no hugepages, no root.
"""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

ROOT = os.environ["NSK_SOURCE_ROOT"]
APPS = sys.argv.pop(1)
NSKCTL = os.path.join(APPS, "nskctl")


def run(*args, env=None):
    return subprocess.run([NSKCTL, *args], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, **(env or {})})


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


class WithoutProgram(unittest.TestCase):
    def test_settings_table_in_the_document_is_what_nskctl_prints(self):
        table = re.search(r"<!-- settings: begin -->\n(.*)<!-- settings: end -->", read("docs/CONFIG.md"), re.DOTALL)
        self.assertEqual(run("settings", "--markdown").stdout, table[1])

    def test_settings_of_the_sample_are_what_nskctl_prints(self):
        self.assertTrue(read("config/echo-tap.conf").endswith(run("settings", "--config").stdout))

    def test_document_names_every_command_and_option(self):
        manual = read("docs/NSKCTL.md")
        for word in re.findall(r"^  (\w+) ", run("--help").stdout, re.MULTILINE):
            self.assertIn(f"`{word}", manual)
        for word in re.findall(r"--\w+", run("--help").stdout):
            self.assertTrue(f"`{word}" in manual or f" {word}`" in manual or f"`{word} " in manual or
                            word in ("--control",), word)

    def test_wrong_command_lines_exit_with_2(self):
        for args in ([], ["fly"], ["arp", "x"], ["set", "mtu"], ["-w", "x", "counters"], ["--what"], ["watch", "x"],
                     ["watch", "0"], ["watch", "1", "-1"], ["watch", "1", "2", "3"], ["-s", "", "arp"]):
            result = run(*args)
            self.assertEqual((result.returncode, result.stdout), (2, ""), args)
            self.assertIn("nskctl: ", result.stderr)
            self.assertTrue(result.stderr.endswith('Try "nskctl --help".\n'), result.stderr)

    def test_an_unknown_operation_is_named(self):
        for args in (["fly"], ["-s", "/nowhere/x", "fly"], ["--json", "fly", "away"], ["Counters"]):
            result = run(*args)
            word = next(arg for arg in args if arg[0] in "fC")
            self.assertEqual((result.returncode, result.stdout, result.stderr),
                             (2, "", f'nskctl: no such command: {word}\nTry "nskctl --help".\n'))

    def test_an_option_that_would_do_nothing_is_refused(self):
        for line, said in (("-w 0 sockets", "--worker does nothing for sockets"), ("-a arp", "--all does nothing for arp"),
                           ("--markdown drops", "--markdown or --config does nothing for drops"),
                           ("-s x devices", "--socket does nothing for devices"),
                           ("--config --markdown settings", "--markdown and --config: one of them"),
                           ("-j settings --config", "--markdown and --config print what every program has: no --socket, no "
                            "--json"),
                           ("log a b", "log takes [LEVEL]"), ("arp x", "arp takes no operands")):
            result = run(*line.split())
            self.assertEqual((result.returncode, result.stderr), (2, f'nskctl: {said}\nTry "nskctl --help".\n'))

    def test_devices_are_json_when_asked(self):
        devices = json.loads(run("--json", "devices").stdout)["devices"]
        tap, = (device for device in devices if device["device"] == "net_tap0,iface=nsk0")
        self.assertIn(tap["ready"], (True, False))
        self.assertIn("CAP_NET_ADMIN", tap["group"])
        for device in devices:
            self.assertIn(f"  -d {device['device']:34} {device['text']}\n", run("devices").stdout)

    def test_sizing_says_what_a_load_takes(self):
        usual = json.loads(run("-j", "sizing").stdout)
        self.assertEqual((usual["buffers"], usual["ring_buffers"], usual["settings"]),
                         (32767, 768, "pool:\n{\n\tbuffers = 32767;\n};\n"))
        many = json.loads(run("-j", "sizing", "workers", "4", "ports", "2", "connections", "200000", "active", "40000",
                              "flight", "14600", "rx_ring", "1024").stdout)
        self.assertEqual(many["buffers"], 2 * 2 * (1024 + 128) + -(-10000 * 10 * 8 // 3) - 1)
        self.assertEqual(many["hugepages_2m"], -(-many["device_bytes"] // (2 << 20)))
        self.assertEqual(many["settings"], f"rx_ring = 1024;\npool:\n{{\n\tbuffers = {many['buffers']};\n}};\n")
        shown = run("sizing", "mtu", "9000", "buffer_bytes", "9216").stdout
        self.assertIn("\nbuffers      32767 of each worker: 768 for rings, 31999 for data\n", shown)
        self.assertTrue(shown.endswith("mtu = 9000;\npool:\n{\n\tbuffers = 32767;\n\tbuffer_bytes = 9216;\n};\n"), shown)
        for args, status, said in ((("connections",), 2, "sizing: connections is 0 to 16777216, not nothing"),
                                   (("workers", "65"), 2, "sizing: workers is 1 to 64, not 65"),
                                   (("cores", "3"), 2, "sizing: no such word: cores; there are connections, active, flight, "
                                                       "workers, ports, rx_ring, tx_ring, mtu, buffer_bytes"),
                                   (("active", "3"), 2, "sizing: active is at most connections, 0"),
                                   (("connections", "16777216", "flight", "1000000"), 1,
                                    "that takes more than 16777216 buffers of a worker, which is what a pool may have: more workers, "
                                    "or less in flight")):
            result = run("sizing", *args)
            self.assertEqual((result.returncode, result.stderr.splitlines()[0]), (status, f"nskctl: {said}"))

    def test_help_and_version_exit_with_0(self):
        self.assertIn("usage: nskctl", run("--help").stdout)
        self.assertRegex(run("--version").stdout, r"^nskctl \d+\.\d+\.\d+\n$")

    def test_no_socket_says_what_to_do(self):
        with tempfile.TemporaryDirectory() as folder:
            result = run("-s", f"{folder}/none", "version")
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stderr, f"nskctl: {folder}/none: no such control socket; was the program started "
                                            "with --control?\n")
            open(f"{folder}/file", "w", encoding="utf-8").close()
            for path, kind in ((f"{folder}/file", "file"), (f"{folder}/", "folder")):
                result = run("-s", path, "version")
                self.assertEqual((result.returncode, result.stderr), (1, f"nskctl: {path} is no socket but a {kind}: give what "
                                                                         "the program was given with --control\n"))

    def test_a_closed_output_is_a_failure(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            for command in (["settings", "--markdown"], ["devices"], ["-j", "devices"]):
                result = subprocess.run([NSKCTL, *command], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
                self.assertEqual((result.returncode, result.stderr), (1, "nskctl: standard output takes no more\n"))


def echo(path, *args):
    """nsk-echo on the null device, once it answers at its control socket."""
    program = subprocess.Popen([os.path.join(APPS, "nsk-echo"), "-d", "net_null0", *args, "--no-huge", "--tcp", "7", "--udp", "7",
                                "--control", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if run("-s", path, "version").returncode == 0:
            return program
        if program.poll() is not None:
            raise RuntimeError(program.stderr.read())
    raise RuntimeError("nsk-echo does not answer")


class WithoutAddress(unittest.TestCase):
    def test_an_interface_that_nothing_can_reach_is_told(self):
        with tempfile.TemporaryDirectory() as folder, echo(f"{folder}/x", "-d", "net_null1", "-a", "10.0.0.2/24") as program:
            said = run("-s", f"{folder}/x", "interfaces").stdout
            program.send_signal(signal.SIGTERM)
            log = program.communicate(timeout=60)[1]
        self.assertEqual(re.findall(r"^(\w+): |^    addresses   (.*)$", said, re.MULTILINE),
                         [("net_null0", ""), ("", "none: nothing can reach it; -a CIDR behind its -d gives it one"),
                          ("net_null1", ""), ("", "10.0.0.2/24"), ("lo", ""), ("", "127.0.0.1/8,::1/128")])
        self.assertRegex(log, "^netstk warning: iface: net_null0 has no address: .*\n$")


class WithProgram(unittest.TestCase):
    @classmethod
    def start(cls):
        cls.program = echo(cls.socket, "-a", "10.0.0.2/24", "-g", "10.0.0.1", "--eal", f"--file-prefix={cls.prefix}")

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.socket = os.path.join(cls.folder.name, "echo.sock")
        cls.prefix = f"nskctl-test-{os.getpid()}"
        cls.start()

    @classmethod
    def runtime(cls):
        """Where DPDK has the sockets of the program."""
        top = "/var/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", "/tmp")
        return f"{top}/dpdk/{cls.prefix}"

    @classmethod
    def stop(cls, number=signal.SIGTERM):
        cls.program.send_signal(number)
        cls.program.wait()
        cls.program.stderr.close()

    @classmethod
    def tearDownClass(cls):
        cls.stop()
        cls.folder.cleanup()
        shutil.rmtree(cls.runtime(), ignore_errors=True)

    def ask(self, *args):
        result = run("-s", self.socket, *args)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def ask_json(self, *args):
        return json.loads(self.ask("-j", *args))

    def test_json_has_what_the_document_says(self):
        self.assertEqual(self.ask_json("version")["program"], "nsk-echo")
        interface, lo = self.ask_json("interfaces")["interfaces"]
        self.assertEqual((lo["name"], lo["addresses"]), ("lo", ["127.0.0.1/8", "::1/128"]))
        self.assertEqual(interface["addresses"], ["10.0.0.2/24"])
        self.assertEqual(interface["state"], "enabled")
        self.assertIn("rx_missed", interface["port"])
        self.assertEqual(sorted((route["destination"], route["gateway"]) for route in self.ask_json("routes")["routes"]),
                         [("10.0.0.0/24", None), ("default", "10.0.0.1")])
        self.assertEqual({(s["proto"], s["state"], s["local"]) for s in self.ask_json("sockets")["sockets"]},
                         {("tcp", "LISTEN", "*:7"), ("udp", "BOUND", "*:7")})
        self.assertIsInstance(self.ask_json("arp")["neighbours"], list)
        self.assertGreater(self.ask_json("counters")["counters"]["turns"], 0)
        self.assertIn("tcp_no_listener", self.ask_json("-w", "0", "drops")["drops"])
        worker, = self.ask_json("workers")["workers"]
        self.assertEqual(worker["buffers_total"], json.loads(run("-j", "sizing").stdout)["buffers"])

    def test_text_names_what_it_shows(self):
        for command, words in (("version", "nsk-echo"), ("interfaces", "10.0.0.2/24"), ("routes", "default"), ("arp", "address"),
                               ("sockets", "LISTEN"), ("counters", "turns of the worker's loop"), ("workers", "busy %"),
                               ("settings", "tcp.window"), ("log", "log level")):
            self.assertIn(words, self.ask(command))
        self.assertIn("tcp_paws", self.ask("-a", "drops"))

    def test_ports_are_told_as_ethtool_would(self):
        port, = self.ask_json("port", "show", "--stats", "net_null0")["ports"]
        self.assertEqual((port["driver"], port["bus"], port["bus_address"]), ("ethdev:net_null", "vdev", "net_null0"))
        self.assertEqual((port["queues"]["rx"], port["queues"]["rx_reported"]), ({"used": 1, "max": 1}, 1024))
        self.assertEqual((port["rings"]["rx"]["size"], port["rings"]["tx"]["size"]), (256, 128))
        self.assertGreater(port["counters"]["rx_good_packets"], 0)
        offloads = {row.pop("name"): row for row in port["offloads"]}
        self.assertEqual(offloads["tx-shared-data"],
                         {"has": True, "asked": True, "used": True, "setting": "offload.sg", "why": None})
        self.assertEqual(offloads["rx-spreading"]["why"], "not with this driver")
        self.assertNotIn("counters", self.ask_json("port", "show")["ports"][0])
        shown = self.ask("port", "show", "--stats")
        for line in ("net_null0: enabled, link up, 10000 Mbit/s, full duplex, ", "    driver      ethdev:net_null, version DPDK ",
                     "    rx queues   1 of 1 (the device says 1024), each of 256 descriptors ", "    tx-tcp-segmentation  no   yes    no "):
            self.assertIn(line, shown)
        self.assertRegex(shown, r"\n    rx_good_packets +\d+\n")
        for args, status, said in ((("show", "lo"), 1, '"lo" is no interface with a port of its own'),
                                   (("show", "-a"), 2, "--all does nothing for port without --stats"),
                                   (("hide",), 2, "port: show [IFACE] is what it knows, not hide")):
            result = run("-s", self.socket, "port", *args)
            self.assertEqual((result.returncode, result.stderr.splitlines()[0]), (status, f"nskctl: {said}"))

    def test_health_is_an_exit_status(self):
        health = run("-s", self.socket, "health")
        self.assertEqual((health.returncode, health.stdout), (0, "serving, 0 connections\n"))
        self.assertEqual(self.ask("drain"), "draining, 0 connections\n")
        health = run("-s", self.socket, "-j", "health")
        self.assertEqual(health.returncode, 1)
        self.assertEqual(json.loads(health.stdout), {"healthy": False, "state": "draining", "reasons": [], "connections": 0})
        self.assertEqual(self.ask("drain", "5"), "draining, 0 connections\n")
        self.assertEqual(self.ask("drain", "off"), "serving, 0 connections\n")
        self.assertEqual(run("-s", self.socket, "health").returncode, 0)
        self.assertEqual(run("-s", self.socket, "drain", "soon").returncode, 2)

    def test_addresses_come_and_go_while_it_runs(self):
        name = self.ask_json("interfaces")["interfaces"][0]["name"]
        self.ask("addr", "add", "10.0.0.9/24", "dev", name, "valid_lft", "600", "preferred_lft", "300")
        self.addCleanup(run, "-s", self.socket, "addr", "del", "10.0.0.9/24", "dev", name)
        shown = self.ask("addr", "show", "dev", name)
        self.assertRegex(shown, rf"^{name}:\n    inet 10\.0\.0\.2/24 scope global\n       valid_lft forever preferred_lft forever\n"
                                r"    inet 10\.0\.0\.9/24 scope global dynamic\n       valid_lft (600|59\d)sec preferred_lft (300|29\d)sec\n$")
        lacking = "there is no interface \"x\"; there are net_null0, lo"
        rows = {row["address"]: row for row in self.ask_json("addr")["addresses"]}
        self.assertEqual((rows["10.0.0.2/24"]["valid_s"], rows["10.0.0.2/24"]["state"]), (None, "valid"))
        for args, status, text in ((("add", "10.0.0.9/24", "dev", name), 1, f"10.0.0.9/24 on {name}: the interface has it already"),
                                   (("show", "dev", "x"), 1, lacking),
                                   (("add", "10.0.0.8/24", "dev", "x"), 1, lacking),
                                   (("del", "10.0.0.7/24", "dev", name), 1,
                                    f"10.0.0.7/24 on {name}: the interface has no such address with this length"),
                                   (("add", "10.0.0.7/24"), 2, "addr: on which interface? dev IFACE"),
                                   (("add",), 2, "addr: which address? CIDR dev IFACE"),
                                   (("add", "10.0.0.7/24", "dev"), 2, "addr: a value is missing behind dev"),
                                   (("add", "10.0.0.7/24", "dev", name, "valid_lft", "x"), 2,
                                    "addr: a lifetime is a number of seconds, or forever"),
                                   (("fly",), 2, "addr: dev, valid_lft or preferred_lft, not fly")):
            result = run("-s", self.socket, "addr", *args)
            self.assertEqual((result.returncode, result.stderr.splitlines()[0]), (status, f"nskctl: {text}"))
        self.ask("addr", "del", "10.0.0.9/24", "dev", name)
        self.assertNotIn("10.0.0.9", self.ask("addr"))

    def test_neighbours_are_given_and_taken_back(self):
        name = self.ask_json("interfaces")["interfaces"][0]["name"]

        def states():
            return {row["address"]: (row["mac"], row["state"]) for row in self.ask_json("arp")["neighbours"]}

        self.assertEqual(self.ask("neigh", "add", "10.0.0.77", "lladdr", "02:00:00:00:00:4d", "dev", name), "")
        while "10.0.0.77" not in states():  # until the worker's next turn
            pass
        self.assertEqual(states()["10.0.0.77"], ("02:00:00:00:00:4d", "permanent"))
        self.assertEqual(self.ask("neigh", "del", "10.0.0.77", "dev", name), "")
        while "10.0.0.77" in states():
            pass
        result = run("-s", self.socket, "neigh", "del", "10.0.0.77", "dev", name)
        self.assertEqual((result.returncode, result.stderr),
                         (1, f"nskctl: 10.0.0.77 on {name}: it is not one that was given\n"))
        self.assertEqual(run("-s", self.socket, "neigh", "add", "10.0.0.77", "dev", name).returncode, 2)

    def test_routes_come_and_go_in_the_words_of_ip_route(self):
        self.ask("addr", "add", "10.7.0.1/24", "dev", "net_null0")
        self.ask("route", "add", "default", "via", "10.7.0.2", "src", "10.7.0.1", "metric", "9")
        self.ask("route", "add", "10.9.0.0/16", "via", "10.7.0.3", "metric", "5", "weight", "1", "proto", "bird")
        self.ask("route", "append", "10.9.0.0/16", "via", "10.7.0.4", "metric", "5", "weight", "2")
        self.ask("route", "add", "blackhole", "192.0.2.0/24")
        shown = self.ask("route")
        for line in ("default via 10.7.0.2 dev net_null0 proto boot src 10.7.0.1 metric 9\n",
                     "10.7.0.0/24 dev net_null0 proto kernel scope link\n",
                     "10.9.0.0/16 via 10.7.0.3 dev net_null0 proto bird metric 5 weight 1\n",
                     "10.9.0.0/16 via 10.7.0.4 dev net_null0 proto boot metric 5 weight 2\n",
                     "blackhole 192.0.2.0/24 proto boot\n"):
            self.assertIn(line, shown)
        self.assertEqual(self.ask("routes"), shown)
        self.assertRegex(self.ask("route", "get", "10.9.1.1"), r"^10\.9\.0\.0/16 via 10\.7\.0\.[34] dev net_null0 ")
        for line, said in (("add 10.9.0.0/16 via 10.7.0.5 metric 5", "there is one with this destination and metric"),
                           ("add 1.0.0.0/8 via 7.7.7.7", "gateway 7.7.7.7 is on no link of ours"),
                           ("add 1.0.0.0/8 dev nix", "there is no interface \"nix\"; there are net_null0, lo"),
                           ("del 10.9.0.0/16 weight 3", "there is no such route"),
                           ("del 1.0.0.0/8", "there is no such route")):
            result = run("-s", self.socket, "route", *line.split())
            self.assertEqual((result.returncode, result.stderr), (1, f"nskctl: route {line.split()[1]}: {said}\n"))
        self.ask("route", "del", "10.9.0.0/16", "via", "10.7.0.3")
        self.ask("route", "del", "10.9.0.0/16")
        self.ask("route", "del", "blackhole", "192.0.2.0/24")
        self.ask("route", "del", "default", "metric", "9")
        self.ask("addr", "del", "10.7.0.1/24", "dev", "net_null0")
        self.assertNotIn("10.9.0.0", self.ask("route"))

    def test_settings_and_log_change_while_it_runs(self):
        self.assertIn("8", self.ask("set", "tcp.retries", "8"))
        values = {s["name"]: s["value"] for s in self.ask_json("settings")["settings"]}
        self.assertEqual(values["tcp.retries"], "8")
        self.ask("set", "net.ipv4.tcp_rmem", "16384 131072 12582912")  # the last is as it was
        values = {s["name"]: s["value"] for s in self.ask_json("settings")["settings"]}
        self.assertEqual([values[f"tcp.{name}"] for name in ("rcvbuf_min", "window", "rcvbuf_max")], ["8192", "65536", "6291456"])
        self.assertEqual(self.ask("log", "error"), "log level error\n")
        self.assertEqual(self.ask("log"), "log level error\n")
        for args, text in ((("set", "mtu", "1400"), "mtu is read when the stack is made; it cannot change while it runs"),
                           (("set", "tcp.retries", "0"), "tcp.retries = 0: out of range; allowed: 1 to 100 times"),
                           (("set", "net.ipv4.tcp_rmem", "8192 131072 6291456"),
                            "net.ipv4.tcp_rmem: the third number, tcp.rcvbuf_max, is read when the stack is made; while it runs it must "
                            "stay 12582912"),
                           (("set", "net.ipv4.tcp_mem", "1 2"),
                            "net.ipv4.tcp_mem = 1 2: takes three numbers: tcp.mem_low, tcp.mem_pressure and tcp.mem_high"),
                           (("log", "loud"), "level is none, error, warning, info or debug"),
                           (("-w", "7", "counters"), "worker is 0 to 0, or left out for the sum")):
            result = run("-s", self.socket, *args)
            self.assertEqual((result.returncode, result.stderr), (1, f"nskctl: {text}\n"))

    def test_netstat_has_the_names_of_linux(self):
        counters, drops = self.ask_json("counters")["counters"], self.ask_json("drops")["drops"]
        netstat = self.ask_json("netstat")
        for group, name, value in (("Tcp", "InSegs", counters["tcp_segments_in"]), ("Tcp", "CurrEstab", 0),
                                   ("Udp", "NoPorts", drops["udp_no_socket"]),
                                   ("TcpExt", "ListenOverflows", drops["tcp_accept_backlog_full"])):
            self.assertEqual(netstat[group][name], value)
        lines = dict(line.split() for line in self.ask("-a", "netstat").splitlines())
        self.assertEqual(lines, {group + name: str(value) for group, names in netstat.items()
                                 for name, value in names.items()})
        # Each name that the table leads from is there.
        with open(os.path.join(ROOT, "apps/nskctl/netstat.c"), encoding="utf-8") as table:
            self.assertEqual(len(lines), len(re.findall(r'^\t\{"\w+",', table.read(), re.MULTILINE)))
        self.assertEqual(self.ask_json("-w", "0", "netstat"), netstat)

    def test_watch_prints_so_many_lines(self):
        self.assertEqual(len(self.ask("watch", "0.05", "3").splitlines()), 4)
        self.assertEqual(len([json.loads(line) for line in self.ask("-j", "watch", "0.05", "2").splitlines()]), 2)

    def test_watch_ends_in_order(self):
        with subprocess.Popen([NSKCTL, "-s", self.socket, "watch", "0.05"], stdout=subprocess.PIPE, text=True) as watch:
            watch.stdout.readline()
            watch.send_signal(signal.SIGINT)
            watch.send_signal(signal.SIGINT)
            watch.communicate(timeout=60)
        self.assertEqual(watch.returncode, 0)

    def test_counters_are_in_the_telemetry_of_dpdk(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as telemetry:
            telemetry.settimeout(20)
            telemetry.connect(f"{self.runtime()}/dpdk_telemetry.v2")
            telemetry.recv(1024)

            def ask(request):
                telemetry.send(request.encode())
                return next(iter(json.loads(telemetry.recv(65536)).values()))

            stack, = ask("/netstk/stacks")
            self.assertEqual(list(ask("/netstk/counters")), list(self.ask_json("counters")["counters"]))
            self.assertEqual(list(ask(f"/netstk/drops,{stack}")), list(self.ask_json("drops")["drops"]))
            self.assertGreater(ask(f"/netstk/counters,{stack}")["turns"], 0)
            self.assertIsNone(ask(f"/netstk/counters,{stack + 1}"))
            self.assertIsNone(ask("/netstk/drops,x"))

    def test_a_name_stands_for_a_path(self):
        if os.geteuid() == 0:
            self.skipTest("root's names lie in /run")
        environment = {"XDG_RUNTIME_DIR": self.folder.name}
        os.makedirs(f"{self.folder.name}/netstk", exist_ok=True)
        os.symlink(self.socket, f"{self.folder.name}/netstk/echo.sock")
        self.assertEqual(run("-s", "echo", "version", env=environment).returncode, 0)
        self.assertEqual(run("version", env=environment).returncode, 0)

    def test_a_killed_program_is_told_from_a_running_one(self):
        self.stop(signal.SIGKILL)
        result = run("-s", self.socket, "version")
        self.assertEqual((result.returncode, result.stderr),
                         (1, f"nskctl: {self.socket}: no program answers; it has ended\n"))
        self.start()
        self.assertEqual(run("-s", self.socket, "version").returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
