#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What nsk-sim says must hold of a run, broken one at a time: sim_planted alters what calls give, and the run fails for
that reason. Without a plant the same runs hold."""
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)

BULK = """\
settings = { mem_limit = 100000000; };
hosts = { a = { }; b = { }; };
links = { wire = { ends = ["a", "b"]; rate = "10 Mbit/s"; delay = "5 ms"; }; };
apps = { up = { from = "a"; to = "b"; bytes = 2000000; READER }; };
"""
SLOW = BULK.replace("READER", 'read_rate = "2 Mbit/s"; rcvbuf = 60000;')
FAST = BULK.replace("READER", "")

# A host that is hostile drops and loses a lot at its victim, none of it datagrams.
UDP = """\
hosts = { a = { }; b = { }; m = { hostile = { acts = ["garbage", "flood", "chaos"]; per_second = 300; }; }; };
links = { wire = { ends = ["a", "b"]; rate = "10 Mbit/s"; delay = "5 ms"; }; alley = { ends = ["m", "b"]; }; };
apps = { drip = { kind = "udp"; from = "a"; to = "b"; count = 200; }; };
"""

STEPS = """\
hosts = { a = { }; b = { }; };
links = { wire = { ends = ["a", "b"]; }; };
apps = { talk = { from = "a"; to = "b";
  client_steps = [ "set TCP_NODELAY 1", "write 5 KB", "wait 1 s", "shutdown", "read to end", "close" ];
  server_steps = [ "wait 10 ms", "read 1 KB", "read to end", "write 1 KB", "close" ]; }; };
"""

# What is planted, in which scenario, and what is said of it.
PLANTS = (
    ("queued", FAST, r'host "\w" holds \d+ bytes in TCP queues, of \d+ that it may'),
    ("memory", FAST, r'host "\w" has taken \d+ bytes of memory, its limit is 100000000'),
    ("too-many-buffers", FAST, r'host "\w" has \d+ packet buffers free of \d+'),
    ("buffer", FAST, r'host "a" misses 1 packet buffers of \d+'),
    ("connection", FAST, r'host "a" has 1 connections left though its applications are done'),
    ("counted-twice", FAST, r'host "\w" has received \d+ packets and counts \d+ of them'),
    ("not-counted", FAST, r'host "\w" has received \d+ packets, of which \d+ are in no counter'),
    ("received", FAST, r'host "a" counts \d+ packets received, its links \d+'),
    ("sent", FAST, r'host "a" counts \d+ packets sent, its links \d+'),
    ("wire", FAST, r'link "wire" took (\d+) packets from host "a" and accounts for \d+'),
    ("una-beyond-written", FAST, "of the client more is left to send than was written, "),
    ("una-back", FAST, "of the client SND.UNA went back, "),
    ("una-ahead-of-nxt", FAST, "of the client SND.UNA is behind SND.NXT, "),
    ("una-ahead-of-peer", FAST, "of the client SND.UNA is behind the peer's RCV.NXT, "),
    ("nxt-back", FAST, "of the client SND.NXT went back, "),
    ("rcv-back", SLOW, "of the server RCV.NXT went back, "),
    ("rcv-beyond-written", FAST, "of the server RCV.NXT is behind what the peer has written, "),
    ("rcv-ahead-of-peer", FAST, "of the server RCV.NXT is behind the peer's SND.NXT, "),
    ("octet", FAST, "byte 7 that the server got is 0x[0-9a-f]+, sent was 0x[0-9a-f]+"),
    ("octet-missing", FAST, "byte 7 that the server got is 0x[0-9a-f]+, sent was 0x[0-9a-f]+"),
    ("octet", STEPS, "byte 7 that the server got is 0x[0-9a-f]+, sent was 0x[0-9a-f]+"),
    ("datagram-sent", UDP, r'host "a" has sent 200 datagrams; its links have taken 199, 0 packets are lost'),
    ("datagram-received", UDP, "1 datagrams have not arrived; links and hosts have lost 0 packets"),
    ("datagram-twice", UDP, "1 datagrams came twice; links have doubled 0 packets"),
)


class Planted(unittest.TestCase):
    def run_with(self, plant, text, *args):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(text)
            file.flush()
            return subprocess.run([PROGRAM, "--quiet", file.name, *args], capture_output=True, text=True, timeout=300, check=False,
                                  env=dict(os.environ, NSK_PLANT=plant), stdin=subprocess.DEVNULL)

    def test_without_a_plant_all_holds(self):
        for text in (FAST, SLOW, STEPS, UDP):
            result = self.run_with("", text)
            self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_each_plant_fails_the_run_for_its_own_reason(self):
        for plant, text, reason in PLANTS:
            with self.subTest(plant):
                result = self.run_with(plant, text)
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertRegex(result.stderr, r"FAILED with seed 1 at [\d.]+ s: .*" + reason)

    def test_what_a_hostile_host_does_is_made_less_never_more(self):
        for text in (UDP, UDP.replace('acts = ["garbage", "flood", "chaos"]; ', "")):
            result = self.run_with("flooded", text, "--shrink")
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn('acts = [ "flood" ];', result.stdout)
            self.assertRegex(result.stdout, r"per_second = \d{1,2};")

    def test_of_scripts_the_steps_that_it_takes_are_left(self):
        result = self.run_with("octet", STEPS, "--shrink")
        self.assertIn('client_steps = [ "write 5 KB" ];', result.stdout)
        self.assertRegex(result.stdout, r'server_steps = \[ ("read 1 KB"|"read to end") \];')

    def test_a_host_that_has_nothing_to_do_with_it_goes_with_its_link(self):
        result = self.run_with("sent", UDP, "--shrink")
        self.assertIn("wire", result.stdout)
        self.assertNotIn("alley", result.stdout)
        self.assertNotRegex(result.stdout, r"\bm :")


if __name__ == "__main__":
    unittest.main()
