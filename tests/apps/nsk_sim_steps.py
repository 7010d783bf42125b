#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Scripts of nsk-sim's applications: what each step does, that a step ends as the scenario says it must, what is said when it
does not, and about scripts that are wrong or never end."""
import re
import struct
import unittest

from sim_case import SimCase, run, source
from sim_scenarios import HOSTS, LINK

FIN, SYN, RST = 1, 2, 4


def app(client=None, server=None, keys=""):
    """An application of two scripts, each step in a line of its own; the client's first is in line 4."""
    text = f'apps = {{ talk = {{ from = "a"; to = "b"; {keys}\n'
    for name, steps in (("client_steps", client), ("server_steps", server)):
        if steps is not None:
            text += f"{name} = [" + ",\n".join(f'"{step}"' for step in steps) + "];\n"
    return text + "}; };\n"


def scenario(*args, **keys):
    return HOSTS + LINK + app(*args, **keys)


def segments(capture):
    """Of each TCP segment: seconds, direction, flags, window, octets."""
    at, found = 0, []
    while at < len(capture):
        kind, size = struct.unpack_from("=II", capture, at)
        if kind == 6:
            high, low = struct.unpack_from("=II", capture, at + 12)
            frame = capture[at + 28:]
            if frame[12:14] == b"\x08\x00" and frame[23] == 6:
                length, = struct.unpack_from("!H", frame, 16)
                words, flags, window = struct.unpack_from("!BBH", frame, 46)
                found.append(((high << 32 | low) / 1e9, frame[29], flags, window, length - 20 - (words >> 4) * 4))
        at += size
    return found


class Steps(SimCase):
    def holds(self, *args, **keys):
        result = self.json(scenario(*args, **keys))
        self.assertEqual((result["ok"], result["why"]), (True, None))
        return result["apps"][0]

    def fails(self, said, *args, tail="", **keys):
        result = run("--quiet", self.file(scenario(*args, **keys) + tail))
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stderr, said)

    # ---- what steps do

    def test_writes_and_reads_of_so_many_bytes_and_to_the_end(self):
        talk = self.holds(["write 100 KB", "wait 200 ms", "read 1 MB", "shutdown", "read to end", "close"],
                          ["read 100 KB", "write 1 MB", "read to end", "close"])
        self.assertEqual((talk["kind"], talk["done"], talk["bytes"], talk["bytes_back"]), ("steps", 1, 100000, 1000000))

    def test_an_end_without_steps_reads_to_the_end_and_closes(self):
        self.assertEqual(self.holds(["write 5 KB"])["bytes"], 5000)
        self.assertEqual(self.holds(server=["write 7 KB", "close"])["bytes_back"], 7000)
        self.assertEqual(self.holds([], [])["done"], 1)

    def test_pauses_last_as_long_as_they_say(self):
        self.assertAlmostEqual(self.holds(["wait 7 s"])["end_s"], 7.03, delta=0.02)
        self.assertAlmostEqual(self.holds(["wait until 7 s", "write 1", "wait until 6 s"])["end_s"], 7.01, delta=0.01)
        self.assertAlmostEqual(self.holds(["wait until 7 s"], keys='start = "2 s";')["end_s"], 7.01, delta=0.01)

    def test_rounds_are_counted_or_go_on_to_the_end(self):
        talk = self.holds(["repeat 20 times", "write 100", "read 300", "again"], ["repeat to end", "read 100", "write 300", "again"])
        self.assertEqual((talk["bytes"], talk["bytes_back"]), (2000, 6000))
        talk = self.holds(["repeat 3 times", "write 100", "again", "write 1"], ["keep reading", "repeat to end", "read 7", "again"])
        self.assertEqual(talk["bytes"], 301)
        self.assertEqual(self.holds(["close"], ["repeat to end", "read 1", "again"])["bytes"], 0)
        talk = self.holds(["write 1 KB", "shutdown", "read to end"],
                          ["keep reading", "wait 1 s", "repeat to end", "read 100", "write 300", "again"])
        self.assertEqual(talk["bytes_back"], 3000)

    def test_an_end_that_keeps_reading_reads_beside_its_steps(self):
        steps = ["keep reading", "write 20 MB", "shutdown", "read to end"]
        talk = self.holds(steps, steps)
        self.assertEqual((talk["bytes"], talk["bytes_back"]), (20000000, 20000000))
        self.fails(r"waits in \S+:4: step 1 of the client, \"write 20 MB\", .* step 1 of the server, \"write 20 MB\"", steps[1:],
                   steps[1:])

    def test_a_reader_that_pauses_closes_the_window(self):
        for reader in (["read 50 KB", "wait 30 s", "read to end"],
                       ["keep reading", "wait 60 ms", "stop reading", "wait 30 s", "keep reading", "read to end"]):
            seen = segments(self.capture(scenario(["write 500 KB"], reader, keys="rcvbuf = 20000;")))
            closed = [time for time, host, flags, window, _ in seen if host == 2 and window == 0 and not flags & RST]
            self.assertGreater(len(closed), 1)
            self.assertGreater(max(closed), 20)
            probes = [time for time, host, *_, octets in seen if host == 1 and 2 < time < 30 and octets <= 1]
            self.assertGreater(len(probes), 2)
            moved = [time for time, host, *_, octets in seen if host == 1 and octets > 1]
            self.assertFalse([time for time in moved if 2 < time < 29])
            self.assertGreater(moved[-1], 30)

    def test_half_close_goes_in_either_order(self):
        talk = self.holds(["write 70 KB", "shutdown", "read to end"], ["read to end", "write 90 KB", "close"])
        self.assertEqual((talk["bytes"], talk["bytes_back"]), (70000, 90000))
        talk = self.holds(["read to end", "write 70 KB", "close"], ["write 90 KB", "shutdown", "read to end"])
        self.assertEqual((talk["bytes"], talk["bytes_back"]), (70000, 90000))
        steps = ["shutdown", "read to end"]
        self.assertEqual(self.holds(steps, steps)["done"], 1)

    def test_who_shuts_reading_down_has_what_had_come(self):
        talk = self.holds(["write 1 KB", "wait 1 s", "write 500", "close"],
                          ["wait 500 ms", "shutdown read", "read to end", "wait 2 s", "close"])
        self.assertEqual(talk["bytes"], 1000)
        talk = self.holds(["write 1 MB expect EPIPE", "close"], ["read 10 KB", "shutdown read", "read to end", "close"])
        self.assertGreaterEqual(talk["bytes"], 10000)

    def test_who_aborts_resets_and_what_came_is_a_prefix(self):
        reader = ["read 100 KB", "wait 1 s", "read to end expect ECONNRESET", "write 1 expect EPIPE", "read 1 expect end"]
        talk = self.holds(["write 1 MB", "abort"], reader)
        self.assertEqual((talk["done"], talk["errors"]), (1, 0))
        self.assertGreater(talk["bytes"], 100000)
        self.assertLess(talk["bytes"], 1000000)
        resets = [host for _, host, flags, *_ in segments(self.capture(scenario(["write 1 MB", "abort"], reader))) if flags & RST]
        self.assertIn(1, resets)
        self.fails(r'step 3 of the server, "read to end", ended with ECONNRESET \(Connection reset by peer\)',
                   ["write 1 MB", "abort"], ["read 100 KB", "wait 1 s", "read to end"])

    def test_options_are_set_in_mid_stream(self):
        seen = segments(self.capture(scenario(["write 100", "wait 20 ms", "set TCP_CORK 1", "write 100", "wait 50 ms",
                                               "write 100", "set TCP_CORK 0", "wait 50 ms", "write 100"])))
        self.assertEqual([octets for *_, octets in seen if octets], [100, 200, 100])

    def test_what_is_written_as_a_range_is_drawn_from_the_seed(self):
        text = scenario(["write 1 KB..90 KB"])
        sizes = {self.json(text, "--seed", str(seed))["apps"][0]["bytes"] for seed in range(1, 7)}
        self.assertGreater(len(sizes), 3)
        self.assertTrue(all(1000 <= size <= 90000 for size in sizes))

    def test_a_seed_repeats_scripts_to_the_byte(self):
        text = source("config/sim-steps.conf")
        self.assertEqual(self.capture(text, "--seed", "5"), self.capture(text, "--seed", "5"))
        self.assertNotEqual(self.capture(text, "--seed", "5"), self.capture(text, "--seed", "6"))

    def test_many_seeds_of_scripts_hold(self):
        result = run("--quiet", "--seeds", "1:15", self.file(source("config/sim-steps.conf")))
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_connections_run_their_steps_side_by_side(self):
        talk = self.holds(["write 3 KB", "wait 50 ms", "read to end"], ["read 3 KB", "write 1 KB", "close"],
                          keys='connections = 20; stagger = "3 ms"; start = "100 ms";')
        self.assertEqual((talk["done"], talk["bytes"], talk["bytes_back"]), (20, 60000, 20000))

    def test_who_pauses_on_a_host_that_sleeps_goes_on_with_it(self):
        fault = 'faults = ( { at = "100 ms"; host = "a"; stop = true; for = "10 s"; } );'
        result = self.json(scenario(["wait 1 s", "write 5 KB"]) + fault)
        self.assertEqual((result["ok"], result["apps"][0]["bytes"]), (True, 5000), result["why"])
        self.assertGreater(result["apps"][0]["end_s"], 10)

    def test_whose_peer_has_vanished_waits_as_long_as_its_script_says(self):
        fault = 'settings = { tcp = { retries = 3; }; };\nfaults = ( { at = "1 s"; host = "b"; stop = true; } );'
        for client, least, most in ((["read 1"], 0.9, 1.1), (["wait 10 s", "read 1"], 10, 10.1),
                                    (["wait 10 s", "write 1", "read to end expect ETIMEDOUT", "wait 1 s"], 12, 60)):
            result = self.json(scenario(client) + fault)
            self.assertTrue(result["ok"], result["why"])
            self.assertTrue(least < result["apps"][0]["end_s"] < most, (client, result["apps"][0]["end_s"]))

    def test_a_hostile_host_takes_a_client_with_a_script(self):
        hosts = 'hosts = { a = { }; b = { hostile = { acts = ["stuck", "chaos"]; }; }; };\n' \
                'links = { wire = { ends = ["a", "b"]; }; };\n'
        result = self.json(hosts + app(["write 100", "read 100", "write 100 KB", "read to end"], keys="connections = 5;"))
        self.assertTrue(result["ok"], result["why"])

    def test_who_sleeps_when_all_is_over_still_takes_what_is_on_its_way(self):
        fault = 'faults = ( { at = "1002 ms"; host = "b"; stop = true; for = "10 s"; } );'
        result = self.json(scenario(["wait until 1 s", "write 3 KB", "wait 1 ms", "abort"], ["wait until 1 s", "abort"]) + fault)
        self.assertTrue(result["ok"], result["why"])

    # ---- how steps end

    def test_an_outcome_that_is_named_is_the_one_that_comes(self):
        down = 'faults = ( { at = "%s"; link = "wire"; down = true; } );'
        for client, server, tail in (
                (["connect expect ECONNREFUSED"], ["refuse"], ""),
                (["connect expect done or ECONNREFUSED"], None, ""),
                (["connect expect EHOSTUNREACH"], None, down % "0 s"),
                (["read 1 expect ETIMEDOUT", "read 1 expect end"], ["wait 1 s", "write 1", "read to end expect ETIMEDOUT"],
                 "settings = { tcp = { retries = 8; }; arp = { retries = 100; }; };" + down % "1010 ms"),
                (["read 100 expect end"], ["write 50", "close"], ""),
                (["read 100 expect end", "read 1 expect end", "read to end"], ["write 50", "close"], ""),
                (["read to end", "read 5 expect end"], ["write 50", "close"], ""),
                (["read to end", "write 1", "wait 1 s", "write 1 expect EPIPE"], ["close"], ""),
                (["shutdown", "write 1 expect EPIPE"], None, ""),
                (["write 10", "wait 1 s", "close"], ["wait 2 s", "write 10", "wait 1 s", "read 11 expect EPIPE or ECONNRESET"], ""),
                (["abort"], ["read 1 expect ECONNRESET"], ""),
                (["set TCP_FASTOPEN_CONNECT 1 expect EINVAL", "set TCP_NODELAY 1 expect done"], None, "")):
            keys = "client_options = { SO_KEEPALIVE = 1; TCP_KEEPIDLE = 2; TCP_KEEPINTVL = 1; TCP_KEEPCNT = 2; };"
            with self.subTest(client=client, server=server):
                result = self.json(scenario(client, server, keys=keys) + tail)
                self.assertTrue(result["ok"], result["why"])
                self.assertEqual((result["apps"][0]["done"], result["apps"][0]["errors"]), (1, 0))

    def test_a_client_is_told_that_nobody_answers(self):
        before = app(["write 1"]).replace("talk", "before").replace("}; };", "};")
        talk = app(["connect expect ETIMEDOUT"], keys='start = "2 s";').replace("apps = { ", "")
        rest = 'settings = { tcp = { syn_retries = 1; }; };\nfaults = ( { at = "1 s"; link = "wire"; down = true; } );'
        result = self.json(HOSTS + LINK + before + talk + rest)
        self.assertEqual((result["ok"], result["apps"][1]["done"]), (True, 1), result["why"])

    def test_an_outcome_that_does_not_come_is_told_with_the_step(self):
        place = r"application \"talk\", connection 0: \S+/test.conf:%d: step %d of the %s, \"%s\", %s\n"
        reset = r"ended with ECONNRESET \(Connection reset by peer\)"
        for client, server, line, number, end, step, how in (
                (["connect expect ECONNREFUSED"], None, 4, 1, "client", "connect expect ECONNREFUSED", "was done"),
                (["connect"], ["refuse"], 4, 1, "client", "connect", r"ended with ECONNREFUSED \(Connection refused\)"),
                (["write 10"], ["read 5", "write 6 expect EPIPE"], 6, 2, "server", "write 6 expect EPIPE", "was done"),
                (["read 100"], ["write 50", "close"], 4, 1, "client", "read 100", "came to the end of the stream, 50 bytes short"),
                (["read 50 expect end"], ["write 50", "close"], 4, 1, "client", "read 50 expect end", "was done"),
                (["abort"], ["read 1 expect EPIPE or ETIMEDOUT"], 5, 1, "server", "read 1 expect EPIPE or ETIMEDOUT", reset),
                (["abort"], ["keep reading", "wait 1 s"], 6, 2, "server", "wait 1 s", reset),
                (["shutdown", "write 1"], None, 5, 2, "client", "write 1", r"ended with EPIPE \(Broken pipe\)"),
                (["shutdown expect ENOTCONN"], None, 4, 1, "client", "shutdown expect ENOTCONN", "was done"),
                (["set TCP_FASTOPEN_CONNECT 1"], None, 4, 1, "client", "set TCP_FASTOPEN_CONNECT 1",
                 r"ended with EINVAL \(Invalid argument\)")):
            with self.subTest(step):
                self.fails(place % (line, number, end, step, how), client, server)
        self.fails(r"application \"talk\", connection 0: the client's ended: Connection refused\n", ["write 1"], ["refuse"])

    def test_an_application_that_may_fail_bears_with_what_no_step_expects(self):
        talk = self.holds(["write 1 MB", "abort"], ["read to end"], keys='expect = "error";')
        self.assertEqual((talk["errors"], talk["error"]), (1, "Connection reset by peer"))
        talk = self.holds(["read 100"], ["write 50"], keys='expect = "any";')
        self.assertEqual((talk["errors"], talk["error"]), (1, "No data available"))
        self.fails("was done", ["write 1 expect EPIPE"], keys='expect = "any";')
        self.fails("without the error", ["shutdown", "write 1 expect EPIPE"], keys='expect = "error";')

    def test_scripts_that_wait_for_each_other_are_told_with_the_step_that_each_is_at(self):
        self.fails(r"has not got on for twice the longest RTO: the client waits in \S+:5: step 2 of the client, \"read 10\", sent 3, "
                   r"got 0; the server waits in \S+:7: step 2 of the server, \"read 20\", sent 0, got 3\n",
                   ["write 3", "read 10"], ["read 3", "read 20"])
        self.fails(r"is not over at the scenario's time limit: the client waits in \S+:4: step 1 of the client, \"wait 1 h\", ",
                   ["wait 1 h"], tail='limit = "5 min";')

    def test_a_server_that_is_to_do_something_and_is_never_reached_is_told(self):
        link = LINK.replace('"5 ms"', '"5 ms"; back = { loss = "0 %"; }; loss = "LOSS"')
        fault = 'faults = ( { at = "15100 us"; link = "wire"; set = { loss = "100 %"; back = { loss = "0 %"; }; }; for = "1 s"; } );'
        for server, holds in ((None, True), (["read to end expect ECONNRESET"], False)):
            result = run("--quiet", self.file(HOSTS + link.replace("LOSS", "0 %") + app(["wait 10 ms", "abort"], server) + fault))
            self.assertEqual(result.returncode == 0, holds, result.stderr)
        self.assertIn("the client is over, sent 0, got 0; the server was never accepted", result.stderr)

    # ---- what is wrong

    def test_a_step_that_is_wrong_is_told_with_its_line_and_what_to_do(self):
        bytes_, time = "give bytes, such as", 'give a time with its unit, such as "20 ms"'
        for client, server, line, said in (
                (["wirte 5"], None, 4, 'step 1 of client_steps, "wirte 5": there is no such step; there are connect, write, read to '
                 "end, read, keep reading, stop reading, wait until, wait, set, shutdown read, shutdown, repeat to end, repeat, again, "
                 "close, abort, refuse"),
                (["close now"], None, 4, 'step 1 of client_steps, "close now": there is no such step; '),
                (["write"], None, 4, 'step 1 of client_steps, "write": there is no such step; '),
                (["wait 1 s", "write 5 XB"], None, 5, f'step 2 of client_steps, "write 5 XB": {bytes_}'),
                (None, ["read to the end"], 4, f'step 1 of server_steps, "read to the end": {bytes_}'),
                (["write 0"], None, 4, 'step 1 of client_steps, "write 0" is out of range; allowed: 1 B to 1000 GB'),
                (["read 5..3"], None, 4, 'step 1 of client_steps, "read 5..3": the range runs backwards; '),
                (["wait 5"], None, 4, f'step 1 of client_steps, "wait 5": {time}'),
                (["wait until 5"], None, 4, f'step 1 of client_steps, "wait until 5": {time}'),
                (["repeat 0 times", "again"], None, 4, 'step 1 of client_steps, "repeat 0 times" is out of range; allowed: 1 to 1000000'),
                (["repeat many times", "again"], None, 4, 'step 1 of client_steps, "repeat many times": give a whole number'),
                (["wait 5 s expect EPIPE"], None, 4, '"wait 5 s expect EPIPE": nothing can be expected of it; it does not fail'),
                (["read 5 expect EFOO"], None, 4, 'nothing ends with "EFOO"; there are done, end, ECONNREFUSED, ECONNRESET, '),
                (["read 5 expect EPIPE or"], None, 4, 'nothing ends with "EPIPE or"; '),
                (["write 5 expect end"], None, 4, '"end" is for "read" of so many bytes'),
                (["write 5", "connect"], None, 5, "it is the first of client_steps, or goes without saying"),
                (None, ["connect"], 4, "it is the first of client_steps, or goes without saying"),
                (["refuse"], None, 4, "it is the only one of server_steps: nobody listens"),
                (None, ["refuse", "close"], 4, "it is the only one of server_steps: nobody listens"),
                (["close", "write 5"], None, 5, '"write 5": nothing follows "close" or "abort"'),
                (["abort", "close"], None, 5, '"close": nothing follows "close" or "abort"'),
                (["again"], None, 4, 'no "repeat" stands before it'),
                (["wait 1 s", "repeat 5 times", "write 1"], None, 5, 'step 2 of client_steps, "repeat 5 times": no "again" follows'),
                (["repeat 5 times", "repeat to end"], None, 5, "no repetition stands in another"),
                (["repeat to end", "write 1", "again"], None, 6, "who reads nothing never comes to the end"),
                (["set TCP_NODELY 1"], None, 4, '"set TCP_NODELY 1": there is no such option; there are SO_KEEPALIVE, SO_LINGER, '),
                (["set TCP_NODELAY 7"], None, 4, '"set TCP_NODELAY 7" is out of range; allowed: 0 to 1'),
                (["set TCP_NODELAY"], None, 4, '"set TCP_NODELAY": give a whole number'),
                (["write 1"] * 127, None, 4, "there are more than 128 steps, connecting and closing included"),
                (["x" * 100], None, 4, "too long for a step")):
            with self.subTest(said):
                result = run(self.file(scenario(client, server)))
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertIn(f"/test.conf:{line}: ", result.stderr)
                self.assertIn(said, result.stderr)

    def test_scripts_that_do_not_fit_their_application_are_told(self):
        for keys, said in (('kind = "bulk"; client_steps = ["close"];', 'client_steps is not for kind "bulk"'),
                           ('bytes = 3; server_steps = ["close"];', 'bytes is not for kind "steps"'),
                           ('think = "1 s"; server_steps = ["close"];', 'think is not for kind "steps"'),
                           ('kind = "udp"; server_steps = ["close"];', 'server_steps is not for kind "udp"'),
                           ('kind = "steps";', 'kind "steps" has client_steps, server_steps or both'),
                           ('client_steps = "write 5";', "client_steps is a string; it must be a list of steps, such as "),
                           ('client_steps = [ 5 ];', "client_steps has a whole number; each step must be a string")):
            result = run(self.file(scenario(keys=keys)))
            self.assertEqual(result.returncode, 2, keys)
            self.assertIn(said, result.stderr)
        hosts = 'hosts = { a = { }; b = { hostile = { }; }; };\nlinks = { wire = { ends = ["a", "b"]; }; };\n'
        result = run(self.file(hosts + app(server=["close"])))
        self.assertIn('test.conf:4: application "talk": a hostile host does as it likes, and takes no server_steps', result.stderr)

    def test_the_document_names_every_step_and_outcome(self):
        manual, parser = source("docs/NSK-SIM.md"), source("apps/nsk-sim/parts_steps.c")
        steps = re.findall(r'\{"([a-z ]+)", STEP_', parser)
        outcomes = re.findall(r'\{"(\w+)", CALL_|ERROR\((E\w+)\)', parser)
        self.assertGreaterEqual((len(steps), len(outcomes)), (17, 15))
        for name in steps:
            self.assertRegex(manual, rf"`{name}\b")
        for name in outcomes:
            self.assertIn(f"`{''.join(name)}`", manual)

    # ---- made smaller

    def test_shrinking_leaves_the_script_whose_step_failed(self):
        more = app(["write 5", "read 3 expect ECONNRESET"], ["read 5", "write 3"], keys='nodelay = true;').replace(
            "}; };", '}; other = { from = "b"; to = "a"; bytes = 5000; }; };')
        link = LINK.replace('"5 ms"', '"5 ms"; jitter = "1 ms"')
        result = run("--shrink", self.file(HOSTS + link + more))
        self.assertEqual(result.returncode, 1)
        for kept in ('"write 5"', '"read 3 expect ECONNRESET"', '"read 5"', '"write 3"'):
            self.assertIn(kept, result.stdout)
        for gone in ("jitter", "nodelay", "other"):
            self.assertNotIn(gone, result.stdout)
        again = run("--quiet", self.file(result.stdout, "small.conf"))
        self.assertRegex(again.stderr, r'small.conf:\d+: step 2 of the client, "read 3 expect ECONNRESET", was done')
        line = int(re.search(r"small.conf:(\d+)", again.stderr)[1])
        self.assertIn("read 3 expect", result.stdout.split("\n")[line - 1])


if __name__ == "__main__":
    unittest.main()
