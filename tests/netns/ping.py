#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The kernel's ping gets every answer, with its bytes, from no data at all up to what a datagram holds, in fragments."""
import re
import subprocess

from tap import PATIENCE_S, STACK, TapTest, main

COUNT = 20


def ping(count, size, *options):
    """What ping says; it compares the bytes itself."""
    return subprocess.run(["ping", "-n", "-c", str(count), "-i", "0.01", "-s", str(size), *options, STACK],
                          capture_output=True, text=True, timeout=3 * PATIENCE_S, check=False).stdout


class Ping(TapTest):
    def test_every_request_is_answered(self):
        for size in (0, 1, 56, 1472, 1473, 4000, 20000, 65507):
            with self.subTest(size=size):
                # With -w it goes on until so many are answered, or a few more: the last of them may be late on a busy machine.
                said = ping(COUNT, size, "-w", str(PATIENCE_S))
                answers = re.findall(rf"^{size + 8} bytes from {STACK}: icmp_seq=(\d+) ", said, re.MULTILINE)
                self.assertGreaterEqual(len(answers), COUNT, said)
                self.assertEqual([int(n) for n in answers], list(range(1, len(answers) + 1)), said)
                for complaint in ("DUP!", "wrong data", "truncated", "BAD CHECKSUM", "DIFFERENT ADDRESS"):
                    self.assertNotIn(complaint, said)


if __name__ == "__main__":
    main()
