#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What script_run says of scripts that fail: the reason, the script's line, what the stack sent as a script would write it,
and the place last."""
import os
import subprocess
import sys
import tempfile
import unittest

RUNNER = sys.argv.pop(1)
# A script that fails leaves its stack behind, which is no leak.
ENV = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
START = os.path.join(os.environ["NSK_SOURCE_ROOT"], "tests", "script", "start")

# Lines behind those that lead to a state, what is said of the last, and its number.
FAILING = (
    ("listening", "+0 < S 0:0(0) win 65535 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>\n+0 > S. 0:0(0) ack 1 <mss 1400>",
     "the MSS differs\n    +0 > S. 0:0(0) ack 1 <mss 1400>\nthe stack sent\n    0.000000 > S. 0:0(0) ack 1 win 65535 "
     "<mss 1460,sackOK,TS val N ecr 1,nop,wscale 7>", 3),
    ("accepted-sack", "+0 < . 1461:2921(1460) ack 1\n+0 > . 1:1(0) ack 1 <>",
     "the list of options differs\n    +0 > . 1:1(0) ack 1 <>\nthe stack sent\n    0.100000 > . 1:1(0) ack 1 win 65535 "
     "<nop,nop,sack 1461:2921>", 3),
    ("accepted-ts", "+0 send(c, 10)\n+0 > P. 1:11(10) ack 2",
     "the acknowledgment differs\n    +0 > P. 1:11(10) ack 2\nthe stack sent\n    0.100000 > P. 1:11(10) ack 1 win 65535 "
     "<nop,nop,TS val last+100 ecr 1100>", 3),
    ("accepted", "+0 send(c, 100) = 50 // all", "the result is 100\n    +0 send(c, 100) = 50 // all", 2),
    ("accepted", "+0 drop tcp_paws = 1", "tcp_paws is 0\n    +0 drop tcp_paws = 1", 2),
    ("accepted", "+0 info(c).state = CLOSE_WAIT", "the state is ESTABLISHED\n    +0 info(c).state = CLOSE_WAIT", 2),
    ("accepted", "+0 < P. 1:11(10) ack 1\n+0 > . 1:1(0) ack 11\n+0 poll(c) = POLLIN",
     "poll says POLLIN|POLLOUT\n    +0 poll(c) = POLLIN", 4),
    ("accepted", "+0 send(c, 10)\n+0 poll(c) = POLLIN", "no line expects a packet that came before this one\n"
     "    +0 poll(c) = POLLIN\nthe stack sent\n    0.100000 > P. 1:11(10) ack 1 win 65535", 3),
    ("accepted", "+0 send(c, 10)", "no line expects a packet that came before the end\nthe stack sent\n"
     "    0.100000 > P. 1:11(10) ack 1 win 65535", 2),
    ("listening", "+0 < . 5:5(0) ack 77 from 7", "no line expects a packet that came before the end\nthe stack sent\n"
     "    0.000000 > R 77:77(0) win 0 to 7", 2),
    ("accepted", "+0.5 > . 1:1(0) ack 1", "the stack sent nothing\n    +0.5 > . 1:1(0) ack 1", 2),
    (None, "// a note\nset tcp.sak=0", 'there is no setting "tcp.sak"; did you mean "tcp.sack"?\n    set tcp.sak=0', 2),
    (None, "set tcp.sack", "KEY=VALUE expected before: tcp.sack\n    set tcp.sack", 1),
    (None, "\n\ninclude nope.inc", "FOLDER/nope.inc: No such file or directory\n    include nope.inc", 3),
    ("accepted", "+0 send(c, 10)\r", "the line ends in CR LF; write it with LF alone\n    +0 send(c, 10)", 2),
    (None, "rfcs 9293", "a time expected, as 0.1 or +0.1, or one of rfc, set, include, iss, slack\n    rfcs 9293", 1),
    ("listening", "+0 < S 0:0(0) <mss 1460,*>",
     "one of nop eol mss sackOK wscale TS sack FO raw expected before: *>\n    +0 < S 0:0(0) <mss 1460,*>", 2),
)


class Runner(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.symlink(START, os.path.join(self.folder, "start"))

    def run_script(self, start, lines, *args):
        path = os.path.join(self.folder, "a.script")
        with open(path, "w", encoding="utf-8", newline="") as out:
            out.write((f"include start/{start}.inc\n" if start else "") + lines + "\n")
        return subprocess.run([RUNNER, *args, path], capture_output=True, text=True, timeout=60, check=False, env=ENV)

    def test_a_failure_is_told_in_the_words_of_scripts_with_its_line_and_its_place_last(self):
        for start, lines, said, line in FAILING:
            result = self.run_script(start, lines)
            self.assertEqual(result.returncode, 1)
            with self.subTest(said):
                text = " ".join("N" if word.isdigit() and len(word) > 5 else word for word in result.stderr.split(" "))
                self.assertIn(said.replace("FOLDER", self.folder) + "\n", text)
                self.assertIn(f"{self.folder}/a.script:{line}: error", text.split(said.split("\n", maxsplit=1)[0][-20:])[1])

    def test_a_trace_has_events_and_packets_as_lines_of_scripts(self):
        result = self.run_script("accepted", "+0 send(c, 10)\n+0 > P. 1:11(10) ack 1", "--trace")
        self.assertIn("0.100000 c = accept(s)\n0.100000 send(c, 10)\n0.100000 > P. 1:11(10) ack 1 win 65535\n", result.stdout)


if __name__ == "__main__":
    unittest.main()
