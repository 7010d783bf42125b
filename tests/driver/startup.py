#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Programs that cannot start, or not as asked: they end at once, with one message that says what to do, and with status 2
where command line or configuration are wrong, 1 for everything else.

The device is DPDK's null device: no NIC, no hugepages, no root.
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

ROOT = os.environ["NSK_SOURCE_ROOT"]
APPS = sys.argv.pop(1)
NULL = ("-d", "net_null0", "-a", "10.0.0.2/24", "--no-huge")


def run(program, *args, env=None):
    return subprocess.run([os.path.join(APPS, program), *args], capture_output=True, text=True, timeout=120, check=False,
                          env={**os.environ, **(env or {})})


class Ports(unittest.TestCase):
    def test_a_port_asked_for_twice_ends_the_program(self):
        result = run("nsk-echo", *NULL, "--tcp", "7", "--http", "7")
        self.assertEqual((result.returncode, result.stderr), (1, "nsk-echo: TCP port 7: bind: Address already in use\n"))
        self.assertNotIn("time s", result.stdout)
        self.assertNotIn("summary", result.stdout)


class Jumbo(unittest.TestCase):
    def test_packets_of_several_buffers_that_the_port_may_not_send_are_told_of(self):
        with tempfile.TemporaryDirectory() as folder:
            for options, told in (("mtu=9000",), False), (("mtu=9000", "offload.sg=off"), True), (
                    ("mtu=9000", "offload.sg=off", "pool.buffer_bytes=9014"), False), (("offload.sg=off",), False):
                result = run("nsk-echo", "-d", f"net_vhost0,iface={folder}/x", *NULL[2:], "--duration", "0.1",
                             *(word for option in options for word in ("-o", option)))
                self.assertEqual((result.returncode, "set pool.buffer_bytes to 9014 or more" in result.stderr), (0, told), result.stderr)


class CommandLines(unittest.TestCase):
    def test_a_bad_value_is_named_with_what_is_allowed(self):
        for program, option, value, wants in (
                ("nsk-echo", "--tcp", "0", "a number from 1 to 65535"),
                ("nsk-echo", "--udp", "http", "a number from 1 to 65535"),
                ("nsk-echo", "--body", "-1", "a number from 0 to 1048576"),
                ("nsk-echo", "--interval", "0", "seconds, 0.1 or more"),
                ("nsk-echo", "--duration", "1m", "seconds, more than 0"),
                ("nsk-reflect", "--duration", "0", "seconds, more than 0"),
                ("nsk-load", "--warmup", "1m", "seconds, such as 10 or 0.5"),
                ("nsk-load", "--engine", "foo", "lean, raw, stack or kernel"),
                ("nsk-load", "--in-flight", "0", "a number from 1 to 1000000"),
                ("nsk-load", "--target", "10.0.0.2", "ADDRESS:PORT of a host, such as 10.0.0.2:7 or [2001:db8::2]:7"),
                ("nsk-load", "--target", "10.0.0.2:0", "ADDRESS:PORT of a host, such as 10.0.0.2:7 or [2001:db8::2]:7"),
                ("nsk-load", "--target", "0.0.0.0:7", "ADDRESS:PORT of a host, such as 10.0.0.2:7 or [2001:db8::2]:7"),
                ("nsk-load", "--target", "224.0.0.1:7", "ADDRESS:PORT of a host, such as 10.0.0.2:7 or [2001:db8::2]:7"),
                ("nsk-load", "--bulk", "all", "send, recv or both"),
                ("nsk-load", "--rate", "0", "requests a second, more than 0"),
                ("nsk-load", "--path", "index", "a path that begins with /, without blanks, 511 bytes at most"),
                ("nsk-load", "--ports", "7", "FIRST-LAST, such as 1024-65535"),
                ("nsk-load", "--source-range", "x",
                 "10.0.1.0/24, 10.0.1.1-10.0.1.9 or 10.0.1.1+9, 65536 addresses at most")):
            result = run(program, *NULL, option, value)
            self.assertEqual((result.returncode, result.stderr.splitlines()[0]),
                             (2, f'{program}: {option} "{value}": give {wants}'))

    def misused(self, line):
        """What a program says of a command line, which must be a misuse: its first line without its name."""
        program, *args = line.split()
        result = run(program, *args)
        self.assertEqual(result.returncode, 2, f"{line}\n{result.stderr}")
        said, where = result.stderr.splitlines()[-2:]
        self.assertEqual(where, f'Try "{program} --help".')
        self.assertEqual(result.stdout, "")
        return said.removeprefix(f"{program}: ")

    def test_settings_that_only_a_stack_heeds_are_refused_without_one(self):
        for program, *args in (("nsk-wire", "-d", "net_null0"), ("nsk-reflect",)):
            args += ["--no-huge", "-d", "net_null1", "-o", "rx_ring=512", "-o"]
            result = run(program, *args, "tcp.retries=8")
            self.assertEqual((result.returncode, result.stderr),
                             (2, f"{program}: -o: tcp.retries does nothing here: there is no stack\n"))

    def test_help_has_no_options_that_are_refused(self):
        said = run("nsk-wire", "--help").stdout
        for option in ("--address", "--gateway", "--control", "--secret-file"):
            self.assertNotIn(option, said)
        self.assertIn("--lcores", said)
        self.assertNotIn("--gateway", run("nsk-reflect", "--help").stdout)

    def test_what_would_do_nothing_is_refused(self):
        load = f"nsk-load {' '.join(NULL)} --target 10.0.0.9:7 "
        wire = "nsk-wire --no-huge -d net_null0 -d net_null1 "
        for line, said in (
                ("nsk-load", "no --target: give ADDRESS:PORT of whom to load"),
                (load + "--bulk send --zero-copy", "--zero-copy is for --engine stack"),
                (load + "--engine stack --bulk recv --zero-copy", "--zero-copy goes with --bulk send or both"),
                (load + "--engine raw --short", "--short is for engines that know connections"),
                (load + "--engine raw --bulk send", "--bulk is for engines that know connections"),
                (load + "--bulk send --udp", "--udp goes without --bulk"),
                (load + "--bulk both --http", "--http goes with --bulk recv alone"),
                (load + "--bytes 7", "--bytes goes with --bulk"),
                (load + "--path /x", "--path goes with --http"),
                (load + "--http --request 7", "--request goes with neither --http nor --bulk"),
                (load + "--rate 7 --think 7", "--think goes with none of --bulk, --short and --rate"),
                (load + "--engine stack --rto 7", "--rto is for --engine lean over TCP"),
                (load + "--engine stack --ports 7-9", "--ports is for --engine lean and raw"),
                (load + "--short --handshakes 7", "--handshakes goes with none of --engine raw, --udp and --short"),
                (load + "--requests-total 7 --duration 7", "--duration goes with neither --requests-total nor --bytes"),
                (load + "--ports 1-5 --connections 9", "--connections 9: more than addresses times ports, 1 times 5; see "
                 "--source-range and --ports"),
                (load + "--udp --request 65508", "--request: a datagram has room for 65507 bytes"),
                (load + "-a 10.0.1.2/24", "--address: one is used; --source-range takes more"),
                (load + "--control x", "--control: there is no stack here to look into"),
                (load + "--target [::1]:7", "--target [::1]:7: --engine kernel alone speaks IPv6"),
                (load + "--engine kernel", "--engine kernel uses the system's own sockets: -d and the other options of a "
                 "stack do nothing there"),
                ("nsk-load --no-huge -d net_null0 --target 10.0.0.9:7", "no address of our own: give it with -a"),
                ("nsk-load --no-huge --target 10.0.0.9:7", "no device: name one with -d, or in the file given with -c"),
                ("nsk-wire --no-huge -d net_null0", "1 device: give -d twice"),
                (wire + "-d net_null2", "3 devices: give -d twice"),
                (wire + "-a 10.0.0.2/24", "--address: a wire has no address, its ends' hosts have"),
                (wire + "-g 10.0.0.1", "--gateway: a wire sends nothing of its own"),
                (wire + "--control x", "--control: there is no stack here to look into"),
                (wire + "--workers 2", "2 workers: one thread moves the packets, give one core"),
                (load + "--engine stack --workers 9 --connections 8", "9 workers for --connections 8: some would idle"),
                ("nsk-reflect --no-huge -d net_null0 -d net_null1", "2 devices: give -d once"),
                ("nsk-reflect --no-huge -d net_null0 -g 10.0.0.1", "--gateway: packets go back to where they came from"),
                ("nsk-echo --no-huge -d net_null0 -- x", 'unexpected argument "x"'),
                ("nsk-echo -x", "unknown option -x"),
                ("nsk-echo -d", "-d: lacks its value (-d DEVARGS)"),
                ("nsk-sim --what", "unknown option --what"),
                ("nsk-sim -d help", "unknown option -d")):
            self.assertEqual(self.misused(line), said)

    def test_a_port_too_many_is_refused(self):
        result = run("nsk-echo", *NULL, *(f"--tcp={port}" for port in range(1, 10)))
        self.assertEqual(result.stderr.splitlines()[0], 'nsk-echo: --tcp "9": give 8 ports at most')

    def test_an_interface_without_an_address_says_that_nobody_can_reach_it(self):
        def says(*names):
            return "".join(f"netstk warning: iface: {name} has no address: nothing can reach it, and nothing is sent from it; "
                           "give it one: -a CIDR behind its -d, or addresses in its file\n" for name in names)

        for args, names in (((), ("net_null0",)), (("-a", "10.0.0.2/24"), ()), (("-d", "net_null1"), ("net_null0", "net_null1")),
                            (("-d", "net_null1", "-a", "10.0.0.2/24"), ("net_null0",)), (("--log", "error"), ())):
            result = run("nsk-echo", "-d", "net_null0", *args, "--no-huge", "--duration", "0.1", "--quiet")
            self.assertEqual((result.returncode, result.stderr), (0, says(*names)))

    def test_faults_are_listed_and_stand_in_the_document(self):
        with open(f"{ROOT}/docs/CONFIG.md", encoding="utf-8") as file:
            document = file.read()
        for args in (("-d", "fault:help"), ("-dfault:help",), ("--device=fault:help",)):
            result = run("nsk-echo", *args)
            self.assertEqual(result.returncode, 0)
            rows = re.findall(r"^  (\w+) +([A-Z]+) +(.*)$", result.stdout, re.MULTILINE)
            self.assertGreater(len(rows), 10)
            for name, kind, text in rows:
                self.assertIn(f"| `{name}` | {kind} | {text} |\n", document)


class Dev(unittest.TestCase):
    def names(self, *names):
        tree = os.path.dirname(APPS)
        return subprocess.run([sys.executable, f"{ROOT}/scripts/test-names.py", tree, "/nowhere", "--", *names],
                              capture_output=True, text=True, check=False)

    def test_names_of_suites_and_tests_are_told_apart(self):
        self.assertEqual(self.names("driver", "base_wheel", "base_ht*", "base_l[io]*").stdout,
                         "--suite=driver\nbase_wheel\nbase_htab\nbase_list\nbase_log\n")

    def test_an_unknown_test_is_named(self):
        result = self.names("base_wheel", "base_weel", "qqqqq")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"^dev: no suite or test is named base_weel; did you mean base_wheel.*\?\n"
                                        r"dev: no suite or test is named qqqqq; the suites are .*driver.*\n$")

    def test_what_the_demo_is_built_from_is_there(self):
        with open(f"{ROOT}/dev", encoding="utf-8") as file:
            needs = re.search(r"^    script_needs=\((.+)\)$", file.read(), re.MULTILINE)[1].split()
        self.assertIn("apps/nsk-echo", needs)
        for target in needs:
            self.assertTrue(os.access(os.path.join(os.path.dirname(APPS), target), os.X_OK), target)

    def test_help_of_a_command_is_the_help(self):
        for command in ("test", "build", "fuzz", "fmt", "clean"):
            result = subprocess.run([f"{ROOT}/dev", command, "--help"], capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 0)
            self.assertIn("Usage: ./dev COMMAND", result.stdout)


class Devices(unittest.TestCase):
    def refused(self, device):
        """What is said of a device: once, and as the last word."""
        result = run("nsk-echo", "-d", device, "-a", "10.0.0.2/24", "--no-huge")
        self.assertEqual(result.returncode, 2)
        *before, last = result.stderr.splitlines()
        self.assertEqual([line for line in before if last.removeprefix("nsk-echo: ") in line], [])
        return last

    def test_an_interface_of_the_kernel_is_not_a_device(self):
        self.assertEqual(self.refused("lo"), "nsk-echo: -d: 'lo' is an interface of the kernel, no device of DPDK's: "
                         "net_af_packet0,iface=lo shares it with the kernel; 'nskctl devices' lists more")

    def test_an_unknown_argument_of_a_device_is_refused(self):
        self.assertEqual(self.refused("net_tap0,ifac=nsk0"), "nsk-echo: -d: net_tap0: no argument 'ifac'; did you mean 'iface'? "
                         "net_tap has: iface remote mac persist")

    def test_an_unknown_device_is_refused_once(self):
        there = "There are net_tap net_tun net_virtio_user net_vhost net_memif net_af_packet net_ring net_pcap net_null net_bonding"
        said = self.refused("net_what0")
        self.assertIn("nsk-echo: -d: no device 'net_what0'", said)
        self.assertIn(there, said)

    def test_a_name_that_only_begins_as_a_drivers_is_refused(self):
        """EAL itself would make a tap of net_tapp0; eth_null is another name of net_null."""
        for device, driver in (("net_tapp0", "net_tap"), ("net_nullA", "net_null"), ("vdev:net_null-1,size=64", "net_null"),
                               ("eth_nulll0", "eth_null")):
            name = re.search(r"\w+_[\w-]+", device)[0]
            self.assertEqual(self.refused(device), f"nsk-echo: -d: no device '{name}': behind the driver's name, {driver}, comes "
                             f"nothing, a number, or _ and a name of yours ({driver}0, {driver}_lan). There are net_tap net_tun "
                             "net_virtio_user net_vhost net_memif net_af_packet net_ring net_pcap net_null net_bonding")
        for device in ("net_null", "net_null7", "net_null_lan", "net_null7lan", "vdev:net_null1", "eth_null0"):
            result = run("nsk-echo", "-d", device, "-a", "10.0.0.2/24", "--no-huge", "--quiet", "--duration", "0.1")
            self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_no_folder_for_dpdks_runtime_data_is_no_error(self):
        result = run("nsk-echo", *NULL, "--quiet", "--duration", "0.1", env={"RUNTIME_DIRECTORY": "/nowhere"})
        self.assertEqual((result.returncode, result.stderr), (0, ""))


class Configurations(unittest.TestCase):
    """What only shows when the stack is made still has the place where it was written."""

    DEVICE = 'devices = ( { device = "net_null0"; addresses = "10.0.0.2/24"; } );\n'

    def start(self, text, *args):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/x.conf"
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            result = run("nsk-echo", "-c", path, "--no-huge", "--quiet", "--duration", "0.1", *args)
        return result.returncode, result.stderr.replace(folder + "/", "").splitlines()

    def refused(self, text, *args):
        status, lines = self.start(text, *args)
        self.assertEqual(status, 2, lines)
        if lines[-1] == 'Try "nsk-echo --help".':  # found while it is read
            lines.pop()
        return lines[-1].removeprefix("nsk-echo: ")

    def test_each_late_fault_is_told_with_file_and_line(self):
        for text, says in (
                ('gateway = "192.168.1.1";', "2: gateway 192.168.1.1 is in no subnet of an interface: give the interface an "
                 "address next to it, or name the interface in a route"),
                ('gateway = "10.0.0.2";', "2: route default: gateway 10.0.0.2 is this host's own address"),
                ('gateway = "10.0.0.255";', "2: route default: gateway 10.0.0.255 is the number or the broadcast address of its "
                 "subnet, not a station"),
                ('routes = (\n { destination = "10.9.0.0/16"; iface = "nope"; } );',
                 '3: route 10.9.0.0/16: there is no interface "nope", but net_null0'),
                ('routes = (\n { destination = "10.9.0.0/16"; gateway = "10.9.0.1"; } );',
                 "3: route 10.9.0.0/16: gateway 10.9.0.1 is in no subnet of an interface: give the interface an address next "
                 "to it, or name the interface in a route"),
                ('routes = ( { destination = "10.9.0.0/16"; gateway = "10.0.0.9"; weight = 3; },\n'
                 '{ destination = "10.9.0.0/16"; gateway = "10.0.0.9"; weight = 1; } );',
                 "3: route 10.9.0.0/16: the same way by 10.0.0.9 with metric 0 is there already"),
                ("routes = (" + ",\n".join('{ destination = "10.9.0.0/16"; gateway = "10.0.0.%d"; weight = 1; }' % i
                                           for i in range(10, 150)) + ");", r"\d+: route 10.9.0.0/16: one destination has \d+ ways at most"),
                ('ip: {\n routes = 1; };\ngateway = "10.0.0.1";', "3: route default is one more than ip.routes = 1 allows, "
                 "subnets of interfaces included: raise it"),
                ("port_min = 6000;\nport_max = 5000;", "2: port_min = 6000 is above port_max = 5000: lower one or raise the "
                 r"other \(port_max is set by x.conf:3\)"),
                ('mem_limit = "10K";', r"2: mem_limit = 10240: too small, a worker needs \d{6} bytes to start with, and more "
                 "for each connection"),
                ("rx_ring = 128;\npool: { buffers = 191; };", "3: pool.buffers = 191: too small, the receive rings of worker 0 "
                 r"alone hold 128: give at least 192, or 0 \(as many as the ports ask for\), or lower rx_ring"),
                ("pool: { buffer_bytes = 256; };", "1: net_null0: buffers of 256 bytes are too small for mtu 1500 and "
                 "ethdev:net_null fills only one a packet: set pool.buffer_bytes to 1522 or more, or a smaller mtu"),
                ('\neal = "--iova-mode=xx";', "3: EAL does not start with .*--iova-mode=xx.*")):
            self.assertRegex(self.refused(self.DEVICE + text + "\n"), f"^x.conf:{says}$")

    def test_each_fault_of_a_device_is_told_with_file_and_line(self):
        for text, says in (
                ('\n"net_what0"', "2: no device 'net_what0': .*"),
                ('\n"net_null0,foo=1"', "2: net_null0: no argument 'foo'; net_null has: size copy no-rx"),
                ('\n"net_null0,size=banana"', "2: net_null0: size=banana: give a number"),
                ('{ device = "net_null0";\n fault = "loss=120%"; }',
                 "2: fault: loss=120%: give a share such as 1%, 0.5% or 200ppm, at most 100%"),
                ('\n"fault:los=1%:net_null0"', "2: fault: no fault 'los'; there are: loss .*"),
                ('\n"pcap:tx=/dev/null,mtu=67"', "2: pcap: mtu=67: give bytes, 68 to 65535"),
                ('\n"pcap:tx=/dev/null,mac=01:00:00:00:00:01"', "2: pcap: mac=01:00:00:00:00:01: give the address of one "
                 "station, such as 02:00:00:00:00:01"),
                ('{ device = "pcap:tx=/dev/null,mtu=1400";\n mtu = 1401; }',
                 r"2: mtu = 1401: pcap0 can do 1400 at most, as its driver says \(pcap\)"),
                ('"pcap:tx=/dev/null,mtu=1400" );\nmtu = 1401;#', r"2: mtu = 1401: pcap0 can do 1400 at most, as its driver "
                 r"says \(pcap\); in a file each device may have its own mtu"),
                ('{ device = "pcap:tx=/dev/null,link=raw";\n mac = "02:00:00:00:00:01"; }',
                 "2: mac: pcap0 carries IP packets without Ethernet, and so without addresses of it"),
                ('{ device = "pcap:tx=/dev/null";\n mirror = true; }', "2: mirror without a twin of the kernel's: .*"),
                ('{ device = "pcap:tx=/dev/null";\n punt = "bgp"; }', "2: punt without a twin: .*"),
                ('{ device = "pcap:tx=/dev/null";\n twin = "eth0k"; }', "2: a twin without punt, which says what goes there: .*"),
                ('{ device = "pcap:tx=/dev/null,link=raw";\n twin = "eth0k"; punt = [ ]; }',
                 "2: pcap0 carries IP packets without Ethernet: it has no twin"),
                ('{ device = "pcap:tx=/dev/null,link=raw";\n addresses = "dhcp"; }', '2: pcap0: address "dhcp" needs .* Ethernet'),
                ('{ device = "pcap:tx=/dev/null,link=raw";\n addresses = "auto"; }', '2: pcap0: address "auto" needs .* Ethernet'),
                ('{ device = "pcap:tx=/dev/null,link=raw";\n neighbours = "10.0.0.9 lladdr 02:00:00:00:00:09"; }',
                 "2: neighbour 1 of pcap0: the interface has no link addresses"),
                ('{ device = "pcap:tx=/dev/null";\n neighbours = "10.0.0.9 lladdr 01:00:00:00:00:09"; }',
                 "2: neighbour 1 of pcap0: the link address is no station's"),
                ('{ device = "pcap:tx=/dev/null";\n neighbours = "224.0.0.9 lladdr 02:00:00:00:00:09"; }',
                 "2: neighbour 1 of pcap0: no station has such an address"),
                ('{ device = "pcap:tx=/dev/null"; addresses = "10.0.0.9/24";\n neighbours = "10.0.0.9 lladdr 02:00:00:00:00:09"; }',
                 "2: neighbour 1 of pcap0: the address is this host's own"),
                ('{ device = "pcap:tx=/dev/null";\n neighbours = [ "10.0.0.9 lladdr 02:00:00:00:00:09", '
                 '"10.0.0.9 lladdr 02:00:00:00:00:08" ]; }',
                 '2: neighbour "10.0.0.9 lladdr 02:00:00:00:00:08" has a link address already'),
                ('{ device = "pcap:tx=/dev/null";\n addresses = [ "dhcp", "dhcp" ]; }', '2: address "dhcp" is there already'),
                ('{ device = "pcap:tx=/dev/null";\n addresses = [ "auto", "auto" ]; }', '2: address "auto" is there already'),
                ('{ device = "pcap:tx=/dev/null"; twin = "eth0k";\n punt = [ "ssh", "bgp", "ssh" ]; }',
                 '2: punt "ssh" is there already'),
                ('{ device = "pcap:tx=/dev/null"; twin = "eth0k";\n punt = "tcp:70000"; }',
                 '2: punt "tcp:70000": ports are numbers from 1 to 65535, of two the lower one first'),
                ('{ device = "pcap:tx=/dev/null"; twin = "eth0k";\n punt = "udp:70-50"; }', '2: punt "udp:70-50": ports are .*'),
                ('{ device = "pcap:tx=/dev/null"; twin = "eth0k";\n punt = "tcp:x"; }', '2: punt "tcp:x": bgp, bfd, .*'),
                ('{ device = "pcap:tx=/dev/null"; name = "lan"; mtu = 1400; },\n{ device = "vlan:lan,7"; mtu = 1500; }',
                 r"2: mtu = 1500: lan.7 can have 1400 at most, the mtu of lan, whose VLAN it is on"),
                ('\n"vlan:lan,7"', '2: device "vlan:lan,7": no interface "lan" with Ethernet stands before it, whose VLAN it could be'),
                ('{ device = "net_null0"; name = "net_null1"; },\n"net_null1"', '2: interface "net_null1" has the name of '
                 r"another one: name one of them \(name = ... in a file\)")):
            self.assertRegex(self.refused(f"devices = ( {text} );\n"), f"^x.conf:{says}$")

    def test_what_does_nothing_is_told(self):
        forward, device = "without ip.forward or ipv6.forward", '{ device = "net_null0"; addresses = "10.0.0.2/24"; %s }'
        for words, settings, says in (
                ("rp_filter = true;", "", "net_null0: rp_filter does nothing " + forward),
                ("proxy_arp = true;", "", "net_null0: proxy_arp does nothing without ip.forward"),
                ("", "ip: { rp_filter = true; };", "ip.rp_filter does nothing " + forward),
                ("", "arp: { proxy = true; };", "arp.proxy does nothing without ip.forward"),
                ("", "ipv6: { temporary = true; };", 'ipv6.temporary does nothing: no device has the address "auto"'),
                ('neighbours = "10.0.1.9 lladdr 02:00:00:00:00:09";', "",
                 "neighbour 10.0.1.9 is in no subnet of net_null0: only a route that leads there finds it"),
                ("rp_filter = true;", "ipv6: { forward = true; };", None),
                ("rp_filter = true; proxy_arp = true;", "ip: { forward = true; };", None),
                ('neighbours = "10.0.0.9 lladdr 02:00:00:00:00:09";', "", None),
                ('neighbours = "10.0.1.9 lladdr 02:00:00:00:00:09";',
                 'routes = ( { destination = "default"; gateway = "10.0.1.9"; iface = "net_null0"; } );', None)):
            with self.subTest(words=words, settings=settings):
                status, lines = self.start(f"devices = ( {device % words} );\n{settings}\n")
                self.assertEqual(status, 0, lines)
                self.assertEqual(len(lines), 0 if says is None else 1, lines)
                self.assertIn(says or "", "".join(lines))

    def test_options_are_places_too(self):
        for args, says in (
                (("-g", "10.0.1.1"), "-g: gateway 10.0.1.1 is in no subnet of an interface: .*"),
                (("-o", "port_min=9", "-o", "port_max=8"),
                 "-o: port_min = 9 is above port_max = 8: lower one or raise the other"),
                (("-d", "pcap:tx=/dev/null,mtu=1400", "--option", "mtu=9000"), "--option: mtu = 9000: pcap1 can do 1400 at most, .*"),
                (("-d", "pcap:tx=/dev/null", "--twin", "eth0k"),
                 "--twin: a twin without punt, which says what goes there: --punt bgp --punt icmp, for example"),
                (("-d", "pcap:tx=/dev/null", "--punt", "bgp"), "--punt: punt without a twin: --twin eth0k makes one .*"),
                (("--device=fault:dup=x:net_null1",), "--device: fault: dup=x: give a share such as .*")):
            self.assertRegex(self.refused(self.DEVICE, *args), f"^{says}$")

    def test_two_files_and_an_option_are_told_apart(self):
        self.assertEqual(self.refused(self.DEVICE + "port_max = 7;\n", "-o", "port_min=8"), "-o: port_min = 8 is above "
                         "port_max = 7: lower one or raise the other (port_max is set by x.conf:2)")

    def test_what_the_machine_lacks_is_no_fault_of_the_configuration(self):
        for text in ('control = "/nowhere/socket";', "pool: { buffers = 16777216; };"):
            status, lines = self.start(self.DEVICE + text + "\n")
            self.assertEqual(status, 1)
            self.assertRegex(lines[-1], "^nsk-echo: x.conf:2: ")

    def test_a_pool_has_more_than_what_all_rings_take(self):
        for ring, buffers, least in ((256, 256, 320), (256, 64, 320), (512, 100, 576)):
            self.assertRegex(self.refused(self.DEVICE, "-o", f"pool.buffers={buffers}", "-o", f"rx_ring={ring}"),
                             f"^-o: pool.buffers = {buffers}: too small, .* hold {ring}: give at least {least}, ")
        self.assertRegex(self.refused(self.DEVICE, "-d", "net_null1", "-o", "pool.buffers=575"), " hold 512: give at least 576, ")
        self.assertEqual(self.start(self.DEVICE, "-d", "net_null1", "-a", "10.0.1.2/24", "-o", "pool.buffers=576"), (0, []))
        result = run("nsk-wire", "--no-huge", "-d", "net_null0", "-d", "net_null1", "-o", "pool.buffers=512")
        self.assertEqual((result.returncode, result.stderr.splitlines()[-1].split(":")[:3]),
                         (2, ["nsk-wire", " -o", " pool.buffers = 512"]))

    def test_what_is_odd_but_works_is_said(self):
        self.assertEqual(self.start(self.DEVICE, "-d", "net_null1", "-a", "10.0.0.3/24"), (0, [
            "netstk warning: route: net_null0 and net_null1 are both in 10.0.0.0/24: what is sent there leaves by net_null0"]))

    def test_an_interface_that_a_route_names_may_do_without_an_address(self):
        route = 'routes = ( { destination = "10.9.0.0/16"; iface = "net_null1"; } );\n'
        self.assertEqual(self.start(self.DEVICE + route, "-d", "net_null1"), (0, []))

    def test_names_of_linux_are_understood_in_files_and_options(self):
        self.assertEqual(self.start(self.DEVICE + "net: { ipv4: { tcp_retries2 = 7; }; };\n", "-o",
                                    "net.ipv4.tcp_syn_retries=3"), (0, []))

    def test_every_program_ends_with_2(self):
        load = ("-a", "10.0.0.2/24", "--target", "10.0.0.3:7", "--engine")
        for program, *args in (("nsk-reflect",), ("nsk-wire", "-d", "net_null0"), ("nsk-load", *load, "lean"),
                               ("nsk-load", *load, "stack")):
            result = run(program, "--no-huge", "-d", "net_null2,nix=1", *args)
            self.assertEqual((result.returncode, result.stderr.splitlines()[-1]),
                             (2, f"{program}: -d: net_null2: no argument 'nix'; net_null has: size copy no-rx"))


class Summary(unittest.TestCase):
    def test_what_was_dropped_before_the_first_line_counts(self):
        # What announces the address at the start.
        result = run("nsk-echo", "-d", "fault:tx.loss=100%:net_null0,no-rx=1", "-a", "10.0.0.2/24", "--no-huge", "--json",
                     "--duration", "0.2", "--interval", "0.1")
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertGreater(lines[-1]["drops"]["fault_injected"], 0)
        self.assertEqual(lines[-1]["dropped"], sum(line["dropped"] for line in lines[:-1]))


class Ending(unittest.TestCase):
    """One Ctrl-C may come as several signals: a program ends in order."""

    def end(self, *line):
        with subprocess.Popen([os.path.join(APPS, line[0]), *line[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True) as program:
            first = program.stdout.readline()
            program.send_signal(signal.SIGINT)
            program.send_signal(signal.SIGTERM)
            program.send_signal(signal.SIGINT)
            said = first + program.communicate(timeout=120)[0]
        return program.returncode, said

    def test_signals_on_top_of_each_other_end_a_program_in_order(self):
        for line in (("nsk-echo", *NULL), ("nsk-wire", "-d", "net_null0", "-d", "net_null1", "--no-huge")):
            status, said = self.end(*line)
            self.assertEqual(status, 0, said)
            self.assertIn("summary", said)

    def test_a_load_that_is_ended_says_that_nothing_was_measured(self):
        status, said = self.end("nsk-load", *NULL, "--target", "10.0.0.9:7", "--engine", "stack", "--interval", "0.1")
        self.assertEqual(status, 1, said)
        self.assertEqual(said.splitlines()[-1], "nsk-load: ended before anything was measured")

    def test_an_output_that_takes_no_more_is_a_failure(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([os.path.join(APPS, "nsk-reflect"), *NULL, "--duration", "0.1"], stdout=full,
                                    stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual((result.returncode, result.stderr), (1, "nsk-reflect: standard output takes no more\n"))


class Load(unittest.TestCase):
    def refused(self, *args):
        """What a load says of a port where nobody listens, by the kernel's own sockets, and its errors."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            target = f"127.0.0.1:{server.getsockname()[1]}"
        result = run("nsk-load", "--engine", "kernel", "--target", target, "--quiet", "--json", *args)
        summary = json.loads(result.stdout)
        self.assertEqual((result.returncode, result.stderr), (1, f"nsk-load: {summary['failure']}\n"))
        self.assertEqual(summary["failure"], f"{target} refuses connections: nobody listens there")
        self.assertEqual(summary["errors_by_kind"], {"refused": summary["errors"]})
        self.assertIsNone(summary["latency"]["p50_us"])

    def test_a_port_that_refuses_ends_the_load_whatever_its_end_is(self):
        self.refused("--duration", "0.5")
        self.refused("--requests-total", "100")
        self.refused("--bulk", "both", "--bytes", "100")

    def test_silence_ends_a_load(self):
        for engine in ("lean", "raw", "stack"):
            result = run("nsk-load", *NULL, "--target", "10.0.0.9:7", "--engine", engine, "--patience", "0.1", "--quiet",
                         "--duration", "0.1")
            self.assertEqual((result.returncode, result.stderr),
                             (1, "nsk-load: no connection to 10.0.0.9:7 was opened: no answer; is a server there, and the "
                                 "link up?\n"))

    def test_a_target_without_a_route_ends_the_load_at_once(self):
        for engine in ("lean", "raw", "stack"):
            result = run("nsk-load", *NULL, "--target", "10.5.0.3:7", "--engine", engine)
            self.assertEqual((result.returncode, result.stderr.splitlines()[-1]),
                             (1, "nsk-load: no route to 10.5.0.3:7: give a gateway with -g"))


class Rig(unittest.TestCase):
    def test_the_scripts_find_the_kernels_tools_with_an_ordinary_users_path(self):
        code = "import rig, shutil; print(shutil.which('ip'), rig.os.environ['PATH'])"
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                                env={"PATH": "/nowhere", "PYTHONPATH": os.path.join(ROOT, "scripts")})
        self.assertRegex(result.stdout, r"^/(usr/)?s?bin/ip /nowhere:/usr/sbin:/sbin\n$")

    def test_a_tool_that_is_not_there_is_named(self):
        code = "import rig\ntry: rig.run('no_such_tool')\nexcept rig.Failure as failure: print(failure)"
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                                env={"PYTHONPATH": os.path.join(ROOT, "scripts"), "PATH": ""})
        self.assertEqual(result.stdout, "no_such_tool: not installed; packages.txt names what is needed\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
