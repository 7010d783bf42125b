#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""nsk-sim: what it says about broken scenarios, that a seed repeats a run to the byte, what a failing run tells, that
the smaller scenario is the cause alone, and that the samples hold."""
import glob
import os
import pathlib
import re
import signal
import struct
import subprocess
import unittest

from sim_case import NSK_SIM, ROOT, SimCase, run, source
from sim_scenarios import APPS, BROKEN, DOOMED, HOSTILE, HOSTS, LINK

MANY = 200 if os.environ.get("NSK_SMALL") else 1000  # seeds with NSK_TEST_ALL; fewer under a sanitizer


class Sim(SimCase):
    def test_what_is_wrong_is_told_with_its_line_and_what_to_do(self):
        path = os.path.join(self.folder, "test.conf")
        for text, message in BROKEN:
            with self.subTest(message):
                result = run(self.file(text))
                self.assertEqual(result.stderr[:len(f"nsk-sim: {path}{message}")], f"nsk-sim: {path}{message}")
                self.assertEqual(result.returncode, 2)
                self.assertEqual(result.stdout, "")

    def test_a_queue_marks_what_is_ect_and_drops_the_rest(self):
        link = LINK.replace('"5 ms"', '"5 ms"; ecn_threshold = "15 KB"')
        apps = APPS.replace("20000", "1000000")
        for ecn, marked, dropped in (("ask", True, False), ("accept", False, True)):
            settings = f'settings = {{ tcp = {{ ecn = "{ecn}"; }}; }};\n'
            there = self.json(HOSTS + settings + link + apps)["links"][0]["forth"]
            self.assertEqual((there["marked"] > 0, there["queue_full"] > 0), (marked, dropped))

    def test_command_lines_that_make_no_sense_exit_with_2(self):
        path = self.file(HOSTS + LINK + APPS)
        for args in ([], [path, path], ["--seed", "x", path], ["--seeds", "5", path], ["--seeds", "1:0", path],
                     ["--set", "links", path], ["--set", "faults.[3].at=1s", path], ["--what", path], ["-d", "x", path],
                     ["--set", "links.wire.delay=5", path], ["--seeds", "1:2", "--pcap", "x", path],
                     [path + ".not-there"], [self.folder]):
            result = run(*args)
            self.assertEqual(result.returncode, 2, args)
            self.assertIn("nsk-sim: ", result.stderr)

    def test_an_option_that_would_do_nothing_is_refused(self):
        path = self.file(HOSTS + LINK + APPS)
        for line, said in (("", "give one scenario file, not 0"), ("--seed 7 --seeds 1:2 x", "--seed goes with one seed; --seeds "
                                                                   "runs many"),
                           ("--timeout 7 x", "--timeout goes with --seeds or --shrink"),
                           ("--json --shrink x", "--json goes without --shrink, which prints a scenario"),
                           ("--seeds 1:2 --pcap y x", "--pcap goes with one seed or --shrink; --seeds runs many"),
                           ("--check --pcap y x", "--pcap: --check runs nothing"),
                           ("--check --seeds 1:7 x", "--seeds: --check runs nothing"),
                           ("x" + " --set a=b" * 65, '--set "a=b": give 64 changes at most')):
            result = run(*line.replace("x", path, 1).split())
            self.assertEqual((result.returncode, result.stdout, result.stderr),
                             (2, "", f'nsk-sim: {said}\nTry "nsk-sim --help".\n'))

    def test_a_path_that_leads_nowhere_is_told_where_it_ends(self):
        path = self.file(HOSTS + LINK + APPS + "faults = ();\n")
        for what, said in (("links.nope.loss=1%", 'there is no "nope" in links, which has wire'),
                           ("links=1", None), ("links.wire.ends.x=1", 'there is no "x" in links.wire.ends, which has [0], [1]'),
                           ("nope.a=1", 'there is no "nope" in a scenario, which has hosts, links, apps, faults'),
                           ("apps.up.bytes.x=1", 'there is no "x" in apps.up.bytes, which has no parts'),
                           ("faults.[3].at=1s", 'there is no "[3]" in faults, which has no parts'),
                           ("hosts.nope.mtu=1", 'there is no "nope" in hosts, which has ')):
            result = run("--set", what, path)
            self.assertEqual(result.returncode, 2)
            if said:
                self.assertIn(f"nsk-sim: --set: {said}", result.stderr)
        self.assertEqual(run("--check", "--set", "settings.tcp.sack=false", "--set", "hosts.a.tcp.sack=false", path).returncode,
                         0)

    def test_a_scenario_that_is_checked_is_counted(self):
        path = self.file(HOSTS + LINK + APPS)
        self.assertEqual(run("--check", path).stdout, f"{path}: hosts 2, links 1, applications 1, faults 0: nothing is wrong\n")
        self.assertEqual(run("--check", "--quiet", path).stdout, "")

    def test_a_capture_that_cannot_be_written_is_no_fault_of_the_stack(self):
        path = self.file(HOSTS + LINK + APPS)
        for pcap, said in (("/dev/full", r"at [\d.]+ s: /dev/full: the capture cannot be written"),
                           (f"{self.folder}/none/x", f"{self.folder}/none/x: No such file or directory")):
            result = run("--quiet", "--pcap", pcap, path)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertRegex(result.stderr, f"^nsk-sim: {said}\n$")

    def interrupted(self, ready, *args):
        """What a run says that gets two signals, one on top of the other, once it is under way."""
        with subprocess.Popen([NSK_SIM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
            ready(program)
            program.send_signal(signal.SIGINT)
            program.send_signal(signal.SIGINT)
            said = program.communicate(timeout=120)[1]
        self.assertEqual(program.returncode, 1, said)
        self.assertRegex(said, r"^nsk-sim: at [\d.]+ s: ended by a signal\n")
        return said

    def test_a_capture_is_whole_when_a_signal_ends_the_run(self):
        path, pcap = self.file(HOSTS + LINK + APPS), os.path.join(self.folder, "cut.pcapng")

        def ready(program):
            while not (os.path.exists(pcap) and os.path.getsize(pcap) > 4096):
                self.assertIsNone(program.poll())

        self.interrupted(ready, "--set", "apps.up.bytes=1000000000000", "--set", "limit=8000 h", "--pcap", pcap, path)
        with open(pcap, "rb") as file:
            data, at = file.read(), 0
        while at < len(data):
            at += struct.unpack_from("=I", data, at + 4)[0]
        self.assertEqual(at, len(data))

    def test_seeds_that_a_signal_ends_are_counted(self):
        said = self.interrupted(lambda program: program.stdout.readline(), "--json", "--seeds", "1:1000000",
                                self.file(HOSTS + LINK + APPS))
        self.assertRegex(said, r"\nnsk-sim: [1-9]\d* of 1000000 seeds from 1 held\n$")

    def test_help_shows_every_option_and_the_document_too(self):
        text = run("--help").stdout
        self.assertIn("usage: nsk-sim [options] SCENARIO", text)
        manual = source("docs/NSK-SIM.md")
        for option in re.findall(r"^  (--\w+)", text, re.MULTILINE):
            self.assertIn(f"`{option}", manual)

    def test_the_document_names_every_key(self):
        manual = source("docs/NSK-SIM.md")
        text = "".join(source(name) for name in glob.glob(os.path.join(ROOT, "apps/nsk-sim/parts*.c")))
        keys = re.findall(r'\{"(\w+)",\s+FIELD_', text) + re.findall(r'\[ACT_\w+\] = "(\w+)"', text)
        options = re.findall(r"\bX\(\w+, (\w+), ", text)
        self.assertIn("SO_LINGER", options)
        keys += options
        self.assertGreater(len(keys), 40)
        for key in keys:
            self.assertTrue(re.search(rf"`{key}\b", manual), key)

    def test_the_document_names_every_congestion_control(self):
        said = run(self.file(HOSTS + LINK + APPS.replace("bytes", 'congestion = "newreno"; bytes'))).stderr
        there = re.findall(r"\w+", said.split("allowed: ")[1].replace(" or ", " "))
        self.assertGreaterEqual(len(there), 4, said)
        for name in there:
            self.assertRegex(source("docs/NSK-SIM.md"), rf"TCP_CONGESTION \([^)]*`{name}`")

    def test_the_samples_hold(self):
        samples = sorted(glob.glob(os.path.join(ROOT, "config", "sim-*.conf")))
        self.assertGreaterEqual(len(samples), 3)
        for path in samples:
            result = run(path)
            self.assertEqual((result.returncode, result.stderr), (0, ""), path)

    def test_who_may_lock_no_memory_needs_none(self):
        may_not = ["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock"] if os.geteuid() == 0 else []
        sample = os.path.join(ROOT, "config", "sim-lossy.conf")
        result = subprocess.run(["prlimit", "--memlock=65536", *may_not, NSK_SIM, "--quiet", sample], capture_output=True,
                                text=True, timeout=300, check=False)
        self.assertEqual(result.returncode, 0, result.stderr + result.stdout)

    def test_a_pool_that_memory_does_not_suffice_for_is_told_with_what_mends_it(self):
        result = run(self.file("settings = { pool: { buffers = 16777216; buffer_bytes = 65280; }; };\n" + HOSTS + LINK + APPS))
        self.assertEqual(result.returncode, 1)
        self.assertIn("no memory for 16777216 packet buffers of 65408 bytes: lower pool.buffers", result.stdout + result.stderr)
        self.assertNotIn("--eal", result.stdout + result.stderr)

    def test_many_seeds_of_hostile_hosts_and_of_storms_hold(self):
        count = MANY if os.environ.get("NSK_TEST_ALL") else 15
        for name in ("hostile", "storm"):
            path = os.path.join(ROOT, "config", f"sim-{name}.conf")
            result = subprocess.run([NSK_SIM, "--quiet", "--seeds", f"1:{count}", path], capture_output=True, text=True,
                                    timeout=count * 20, check=False, stdin=subprocess.DEVNULL)
            self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_few_buffers_are_enough_under_attack(self):
        """447 a host, as many as a stack without devices has; 4 and 230 once starved an honest connection."""
        path = os.path.join(ROOT, "config", "sim-hostile.conf")
        parts = ((1, MANY),) if os.environ.get("NSK_TEST_ALL") else ((4, 1), (230, 1), (1000, 40))
        for first, count in parts:
            result = subprocess.run([NSK_SIM, "--quiet", "--seeds", f"{first}:{count}", "--set", "settings.pool.buffers=447", path],
                                    capture_output=True, text=True, timeout=count * 20, check=False, stdin=subprocess.DEVNULL)
            self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_seeds_that_once_failed_hold(self):
        for name, seed in (("hostile", 700470), ("storm", 800619), ("storm", 794)):
            result = run("--quiet", "--seed", str(seed), os.path.join(ROOT, "config", f"sim-{name}.conf"))
            self.assertEqual((result.returncode, result.stderr), (0, ""), (name, seed))

    def test_a_seed_of_a_hostile_host_repeats_a_run_to_the_byte(self):
        text = HOSTILE.replace('"blind"', '"chaos", "blind", "garbage", "renege"') + APPS
        self.assertEqual(self.capture(text, "--seed", "7"), self.capture(text, "--seed", "7"))

    def test_a_seed_repeats_a_run_to_the_byte(self):
        text = source("config/sim-lossy.conf").replace("5 MB", "300 KB")
        first = self.capture(text, "--seed", "7")
        self.assertGreater(len(first), 600000)
        self.assertEqual(self.capture(text, "--seed", "7"), first)
        self.assertNotEqual(self.capture(text, "--seed", "8"), first)

    def test_the_capture_has_every_packet_once(self):
        text = HOSTS + LINK + APPS
        data, at, packets = self.capture(text), 0, 0
        while at < len(data):
            kind, size = struct.unpack_from("=II", data, at)
            self.assertEqual(struct.unpack_from("=I", data, at + size - 4), (size,))
            packets += kind == 6
            at += size
        wire = self.json(text)["links"][0]
        self.assertEqual(packets, wire["forth"]["packets"] + wire["back"]["packets"])

    def test_ranges_are_drawn_from_the_seed(self):
        text = HOSTS + LINK + APPS.replace("20000", '"1000..90000"')
        sizes = {self.json(text, "--seed", str(seed))["apps"][0]["bytes"] for seed in range(1, 7)}
        self.assertGreater(len(sizes), 3)
        self.assertTrue(all(1000 <= size <= 90000 for size in sizes))

    def test_set_takes_the_place_of_what_the_file_says(self):
        self.assertEqual(self.json(HOSTS + LINK + APPS, "--set", "apps.up.bytes=1234")["apps"][0]["bytes"], 1234)
        slow = self.json(HOSTS + LINK + APPS, "--set", "links.wire.rate=100 kbit/s")
        self.assertGreater(slow["virtual_s"], 1.6)

    def test_a_clean_link_is_used_to_nine_tenths_and_buffers_grow(self):
        for rate, delay, duration, warmup in (("100 Mbit/s", "20 ms", "5 s", "1 s"),
                                              ("1 Gbit/s", "50 us", "40 ms", "10 ms")):
            text = HOSTS + LINK.replace("10 Mbit/s", rate).replace("5 ms", delay) + \
                APPS.replace("bytes = 20000", f'duration = "{duration}"; warmup = "{warmup}"')
            app = self.json(text)["apps"][0]
            self.assertGreater(app["goodput_bps"], 0.9 * app["best_bps"], (rate, delay))
            self.assertLess(app["goodput_bps"], 1.02 * app["best_bps"])

    def test_each_way_has_the_figures_of_its_sender(self):
        lossy = 'links = { wire = { ends = ["a", "b"]; rate = "10 Mbit/s"; delay = "5 ms"; loss = "3 %"; ' \
                'back = { loss = "0 %"; rate = "1 Mbit/s"; }; }; };\n'
        text = HOSTS + lossy + 'apps = { up = { from = "a"; to = "b"; bytes = "1 MB"; bytes_back = "1 MB"; }; };'
        app = self.json(text)["apps"][0]
        self.assertNotEqual(app["retransmits"], app["retransmits_back"])
        self.assertNotEqual(app["rtt_us"], app["rtt_back_us"])
        rows = re.findall(r"^up .* (->|<-) .* % +(\d+) +([\d.]+) ms  done$", run(self.file(text)).stdout, re.MULTILINE)
        self.assertEqual(rows, [("->", str(app["retransmits"]), f"{app['rtt_us'] / 1e3:.3f}"),
                                ("<-", str(app["retransmits_back"]), f"{app['rtt_back_us'] / 1e3:.3f}")])

    def test_every_kind_of_application_comes_to_its_end(self):
        apps = """apps = {
            up = { from = "a"; to = "b"; bytes = 70000; connections = 3; stagger = "3 ms"; };
            slow = { from = "a"; to = "b"; bytes = 300000; read_rate = "1 Mbit/s"; };
            ask = { kind = "request"; from = "b"; to = "a"; count = 9; response = 5000; connections = 2; };
            many = { kind = "short"; from = "a"; to = "b"; count = 200; connections = 7; };
            half = { kind = "half-close"; from = "b"; to = "a"; bytes = 50000; bytes_back = 60000; };
        };"""
        up, slow, ask, many, half = self.json(HOSTS + LINK + apps)["apps"]
        self.assertEqual((up["done"], up["bytes"]), (3, 210000))
        self.assertGreater(slow["end_s"], 2.3)
        self.assertEqual((ask["requests"], ask["bytes_back"]), (18, 90000))
        self.assertEqual((many["done"], many["requests"], many["errors"]), (200, 200, 0))
        self.assertEqual((half["bytes"], half["bytes_back"]), (50000, 60000))

    def test_datagrams_arrive_as_they_were_sent_or_are_counted_as_lost(self):
        apps = """settings = { arp = { queue = 50; }; };
        apps = {
            ping = { kind = "udp"; from = "a"; to = "b"; count = 200; request = 100; response = 1400; think = "2 ms"; };
            drip = { kind = "udp"; from = "b"; to = "a"; count = 300; request = 1472; think = "1 ms"; start = "50 ms"; }; };"""
        ping, drip = self.json(HOSTS + LINK.replace("10 Mbit/s", "100 Mbit/s") + apps)["apps"]
        self.assertEqual((ping["requests"], ping["bytes"], ping["bytes_back"]), (200, 20000, 280000))
        self.assertEqual((drip["requests"], drip["bytes"], drip["latency_p50_us"]), (300, 441600, 0))
        bad = LINK.replace('"5 ms"', '"5 ms"; loss = "5 %"; duplicate = "5 %"; corrupt = "5 %"; reorder = "5 %"')
        ping, drip = self.json(HOSTS + bad + apps)["apps"]
        self.assertLess(ping["requests"] + drip["requests"], 480)
        self.assertGreater(ping["requests"] + drip["requests"], 100)

    def test_long_datagrams_arrive_whole_or_are_counted_as_lost(self):
        apps = """apps = {
            ping = { kind = "udp"; from = "a"; to = "b"; count = 100; request = 9000; response = 30000; think = "40 ms"; };
            drip = { kind = "udp"; from = "b"; to = "a"; count = 100; request = 1473; think = "40 ms"; start = "50 ms"; }; };"""
        ping, drip = self.json(HOSTS + LINK.replace("10 Mbit/s", "100 Mbit/s") + apps)["apps"]
        self.assertEqual((ping["requests"], ping["bytes"], ping["bytes_back"]), (100, 900000, 3000000))
        self.assertEqual((drip["requests"], drip["bytes"]), (100, 147300))
        bad = LINK.replace('"5 ms"', '"5 ms"; loss = "1 %"; duplicate = "5 %"; corrupt = "1 %"; reorder = "5 %"')
        for seed in range(1, 11):
            ping, drip = self.json(HOSTS + bad + apps, "--seed", str(seed))["apps"]
            self.assertLess(ping["requests"] + drip["requests"], 198)
            self.assertGreater(ping["requests"] + drip["requests"], 80)

    def test_an_error_that_must_come_and_does_not_is_a_failure(self):
        result = run(self.file(HOSTS + LINK + APPS.replace("bytes", 'expect = "error"; bytes')))
        self.assertEqual(result.returncode, 1)
        self.assertIn('application "up" has ended without the error that it was to have', result.stderr)

    def test_faults_happen_and_end(self):
        text = HOSTS + LINK + APPS.replace("20000", "2000000") + """faults = (
            { at = "200 ms"; link = "wire"; down = true; for = "2 s"; },
            { at = "3 s"; host = "b"; stop = true; for = "4 s"; },
            { at = "8 s"; clock = "30 s"; } );"""
        result = self.json(text)
        self.assertTrue(result["ok"])
        self.assertGreater(result["apps"][0]["end_s"], 5)
        self.assertGreater(result["links"][0]["forth"]["cut"], 0)

    def test_nobody_has_to_get_on_before_the_longest_fault_is_over(self):
        text = HOSTS + 'settings = { tcp = { retries = 100; rto_max_ms = 10000; }; arp = { retries = 100; retry_ms = 10000; }; };' + LINK + \
            APPS.replace("20000", "2000000") + """faults = ( { at = "100 ms"; link = "wire"; down = true; for = "10 min"; },
            { at = "1 s"; link = "wire"; set = { loss = "1 %"; }; for = "100 ms"; } );"""
        result = self.json(text)
        self.assertTrue(result["ok"], result["why"])
        self.assertGreater(result["apps"][0]["end_s"], 600)

    def test_who_was_to_wake_up_while_its_host_was_stopped_goes_on_with_it(self):
        apps = """apps = { slow = { from = "a"; to = "b"; bytes = 30000; read_rate = "100 kbit/s"; };
            talk = { kind = "request"; from = "b"; to = "a"; think = "100 ms"; count = 9; }; };
            faults = ( { at = "200 ms"; host = "b"; stop = true; for = "20 s"; } );"""
        result = self.json(HOSTS + LINK + apps)
        self.assertTrue(result["ok"], result["why"])
        self.assertEqual([app["done"] for app in result["apps"]], [1, 1])

    def test_a_peer_that_vanishes_is_given_up(self):
        text = HOSTS + LINK + APPS.replace("20000", '"50 MB"') + 'faults = ( { at = "1 s"; host = "b"; stop = true; } );'
        result = self.json(text)
        self.assertTrue(result["ok"], result["why"])
        self.assertEqual(result["apps"][0]["errors"], 1)
        self.assertGreater(result["virtual_s"], 100)

    def test_keepalive_ends_who_waits_for_a_peer_that_vanished_when_its_options_say(self):
        def end(idle, interval, count):
            app = APPS.replace("20000", f"""0; bytes_back = 20000; write_bytes = 10000; write_pause = "1 h"; expect = "error";
                client_options = {{ SO_KEEPALIVE = 1; TCP_KEEPIDLE = {idle}; TCP_KEEPINTVL = {interval}; TCP_KEEPCNT = {count}; }}""")
            result = self.json(HOSTS + LINK + app + 'faults = ( { at = "2 s"; host = "b"; stop = true; } );')
            self.assertEqual((result["ok"], result["apps"][0]["error"], result["apps"][0]["bytes_back"]),
                             (True, "Connection timed out", 10000), result["why"])
            return result["apps"][0]["end_s"]

        first = end(5, 2, 3)
        self.assertAlmostEqual(first, 11.038, delta=0.001)  # 38 ms for the handshake and 10,000 bytes, 5 s, and 3 of 2 s
        for options, later in (((6, 2, 3), 1), ((5, 3, 3), 3), ((5, 2, 7), 8), ((60, 10, 9), 139)):
            self.assertAlmostEqual(end(*options), first + later, delta=2e-4)  # ticks of the wheel

    def test_congestion_that_there_is_no_memory_for_is_the_host_s(self):
        fault = 'faults = ( { at = "0 s"; host = "a"; memory = 1; for = "5 s"; } );'
        result = self.json(HOSTS + LINK + APPS.replace("20000", '20000; congestion = "bbr"; expect = "any"; start = "1 s"') + fault)
        self.assertTrue(result["ok"], result["why"])

    def test_writes_have_pauses(self):
        app = self.json(HOSTS + LINK + APPS.replace("20000", '20000; write_bytes = 2000; write_pause = "3 s"'))["apps"][0]
        self.assertAlmostEqual(app["end_s"], 27.0, delta=0.2)

    def test_fast_open_saves_a_round_trip(self):
        apps = 'apps = { ask = { kind = "short"; from = "a"; to = "b"; count = 20; connections = 1; OPTIONS }; };'
        ordinary = self.json(HOSTS + "settings = { tcp = { fastopen = 3; }; };" + LINK + apps.replace("OPTIONS", ""))
        fast = self.json(HOSTS + "settings = { tcp = { fastopen = 3; }; };" + LINK + apps.replace(
            "OPTIONS", "client_options = { TCP_FASTOPEN_CONNECT = 1; }; server_options = { TCP_FASTOPEN = 16; };"))
        self.assertEqual([run["apps"][0]["done"] for run in (ordinary, fast)], [20, 20])
        saved = ordinary["apps"][0]["latency_p50_us"] - fast["apps"][0]["latency_p50_us"]
        self.assertGreater(saved, 9500)

    def test_options_of_sockets_are_those_of_the_scenario(self):
        wires = {}
        for option in ("TCP_NODELAY = 1", "TCP_CORK = 1", "TCP_MAXSEG = 500", "SO_MAX_PACING_RATE = 50000"):
            up = f'20000; write_bytes = 1000; write_pause = "1 ms"; options = {{ {option}; }}'
            result = self.json(HOSTS + LINK + APPS.replace("20000", up))
            self.assertEqual((result["ok"], result["apps"][0]["bytes"]), (True, 20000), result["why"])
            wires[option.split()[0]] = result
        packets = {name: wire["links"][0]["forth"]["packets"] for name, wire in wires.items()}
        self.assertLess(packets["TCP_CORK"], packets["TCP_NODELAY"])
        self.assertGreater(packets["TCP_MAXSEG"], 40)
        self.assertGreater(wires["SO_MAX_PACING_RATE"]["apps"][0]["end_s"], 0.15)

    def test_packets_too_long_for_a_link_are_lost_and_counted(self):
        text = HOSTS + LINK + APPS.replace("20000", '200000; expect = "any"') + \
            'faults = ( { at = "50 ms"; link = "wire"; set = { mtu = 1000; }; for = "300 ms"; } );'
        result = self.json(text)
        self.assertTrue(result["ok"], result["why"])
        self.assertGreater(result["links"][0]["forth"]["too_long"], 0)

    def test_what_a_hostile_host_does_is_dropped_with_its_reason(self):
        talk = APPS.replace("bytes = 20000", 'duration = "2 s"; bytes_back = 20000').replace("bytes_back = 20000", "nodelay = true")
        for act, reasons in (("blind", ("tcp_rst_challenge", "tcp_syn_challenge", "tcp_bad_ack", "tcp_bad_sequence", "tcp_rst_window")),
                             ("chaos", ("tcp_bad_sequence", "tcp_bad_ack", "tcp_checksum")),
                             ("flood", ("arp_unresolved", "arp_queue_full")),
                             ("icmp", ("icmp_bad_quote", "icmp_ignored")),
                             ("scatter", ("tcp_duplicate",)),
                             ("garbage", ("eth_unknown_type", "ip_checksum", "ip_martian_source", "ip_frag_length", "ip_frag_overlap", "arp_malformed"))):
            result = self.json(HOSTILE.replace("blind", act) + talk)
            self.assertTrue(result["ok"], result["why"])
            drops = result["hosts"][1]["drops"]
            for reason in reasons:
                self.assertIn(reason, drops, (act, drops))
            self.assertEqual(result["apps"][0]["done"], 1)

    def test_hostile_frames_fit_the_smallest_links(self):
        acts = HOSTILE.replace('"blind"', '"chaos", "stuck", "optimist", "renege", "scatter", "blind", "flood", "icmp", "garbage"')
        udp = 'apps = { drip = { kind = "udp"; from = "a"; to = "b"; request = 40; }; };'
        for mtu, apps in ((68, udp), (89, APPS), (100, APPS), (576, APPS)):
            text = acts.replace('"m", "b"];', f'"m", "b"]; mtu = {mtu};').replace('"a", "b"];', f'"a", "b"]; mtu = {mtu};')
            result = self.json(text + apps.replace("20000", '20000; start = "1 s"'))
            self.assertTrue(result["ok"], (mtu, result["why"]))
            self.assertEqual(result["links"][1]["forth"]["too_long"], 0)

    def test_who_reads_on_when_its_connection_is_closed_is_no_contradiction(self):
        both = APPS.replace("20000", '50000; bytes_back = 50000; connections = 9; read_rate = "100 kbit/s"; stagger = "1 ms"')
        result = self.json(HOSTS + LINK + both)
        self.assertTrue(result["ok"], result["why"])

    def test_what_is_not_over_in_time_is_told(self):
        udp = 'apps = { drip = { kind = "udp"; from = "a"; to = "b"; count = 500; think = "10 ms"; }; };'
        few = APPS.replace("20000", '20000; stagger = "2 s"; connections = 9')
        for apps, said in ((udp, r'application "drip" has sent 10\d of 500 datagrams'),
                           (APPS.replace("20000", "9000000"), r'application "up", connection 0 is not over'),
                           (few, r'application "up" has begun 1 of 9 connections')):
            result = run("--quiet", "--set", "limit=1s", self.file(HOSTS + LINK + apps))
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stderr, said + r" at the scenario's time limit")

    def test_one_who_connects_to_a_hostile_host_ends_too(self):
        for act in ("chaos", "stuck", "optimist", "renege", "scatter"):
            result = self.json(HOSTILE.replace("blind", act) + APPS.replace(
                "}; };", '}; lured = { from = "b"; to = "m"; connections = 4; bytes = 100000; }; };'))
            self.assertTrue(result["ok"], result["why"])
            self.assertGreater(result["apps"][0]["done"], 0)

    def test_shortages_are_survived_and_show(self):
        app = 'apps = { up = { from = "a"; to = "b"; bytes = 2000000; }; };'
        plain = self.json(HOSTS + LINK + app)
        for fault, reason in (('host = "a"; buffers = 7; for = "1 s";', None),
                              ('host = "a"; no_buffers = true; for = "1 s";', None),
                              ('host = "b"; no_buffers = true; for = "1 s";', "rx_no_buffer"),
                              ('host = "b"; memory = 1; for = "1500 ms";', None),
                              ('link = "wire"; tx_full = true; for = "200 ms";', None)):
            result = self.json(HOSTS + LINK + app + f'faults = ( {{ at = "300 ms"; {fault} }} );')
            self.assertTrue(result["ok"], result["why"])
            self.assertEqual(result["apps"][0]["done"], 1)
            if reason:
                self.assertIn(reason, result["hosts"][1]["drops"])
            if "memory" not in fault:
                self.assertNotEqual(result["hash"], plain["hash"], fault)

    def test_a_run_that_fails_says_what_seed_and_command(self):
        path = self.file(DOOMED)
        result = run(path, "--seed", "5", "--set", "apps.talk.count=21")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"nsk-sim: FAILED with seed 5 at \d+\.\d{9} s: application \"\w+\", connection 0: "
                         "the client's ended: No route to host\n")
        self.assertIn(f"again: {NSK_SIM} {path} --seed 5 --set 'apps.talk.count=21'\n", result.stderr)

    def test_of_many_seeds_the_first_that_fails_is_told(self):
        result = run(self.file(HOSTS + LINK + APPS), "--seeds", "3:4")
        self.assertEqual((result.returncode, result.stdout), (0, "4 seeds from 3: all as they must be\n"))
        result = run(self.file(DOOMED), "--seeds", "11:100")
        self.assertEqual(result.returncode, 1)
        self.assertIn("FAILED with seed 11", result.stderr)

    def test_shrinking_leaves_the_cause_alone(self):
        result = run(self.file(DOOMED), "--shrink")
        self.assertEqual(result.returncode, 1)
        small = result.stdout
        self.assertTrue(small.startswith("# Made smaller from "))
        self.assertIn("down = true", small)
        for gone in ("clock", "set", "loss", "jitter", "reorder", "ttl", "congestion"):
            self.assertNotIn(f"{gone} =", small)
        self.assertEqual(small.count("from ="), 1)
        self.assertEqual(small.count("at ="), 1)
        again = run(self.file(small, "small.conf"))
        self.assertEqual(again.returncode, 1)
        self.assertIn("ended: No route to host", again.stderr)

    def test_the_capture_and_the_seed_are_those_of_what_shrinking_leaves(self):
        pcaps = [os.path.join(self.folder, name) for name in ("first", "again")]
        first = run(self.file(DOOMED), "--seeds", "17:3", "--shrink", "--pcap", pcaps[0])
        again = run(self.file(first.stdout, "small.conf"), "--pcap", pcaps[1])
        self.assertIn("FAILED with seed 17", again.stderr)
        captures = [pathlib.Path(name).read_bytes() for name in pcaps]
        self.assertEqual(captures[0], captures[1])
        self.assertLess(len(captures[0]), 1500)

    def test_what_holds_is_not_made_smaller_and_says_so_beside_the_scenario(self):
        path = self.file(HOSTS + LINK + APPS)
        result = run("--shrink", path)
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (0, "", "nsk-sim: seed 1 holds: there is nothing to make smaller\n"))
        result = run("--shrink", "--seeds", "1:2", path)
        self.assertEqual((result.returncode, result.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main()
