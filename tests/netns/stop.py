#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How nsk-echo ends: with a summary and status 0 when it is asked to, whatever is open; with a reason and status 1 when its
device cannot be had."""
import os
import signal
import subprocess
import unittest

from tap import BUILD, KERNEL, PATIENCE_S, STACK, TAP, Rig, TapTest, connect, main, run, start

ECHO = os.path.join(BUILD, "apps", "nsk-echo")


class WhenAsked(unittest.TestCase):
    def setUp(self):
        self.rig = self.enterContext(Rig(no_huge=True))
        self.program = start(self.rig, *TapTest.program_line)

    def end(self, number):
        self.program.process.send_signal(number)
        self.assertEqual(self.program.process.wait(PATIENCE_S), 0, self.program.said)
        self.assertIn("\nsummary over ", self.program.said)
        self.assertEqual(run("ip", "link", "show", TAP, check=False), "", "the tap must be gone")

    def test_sigint_ends_it(self):
        self.end(signal.SIGINT)
        self.assertIn(" requests 0 ", self.program.said)

    def test_sigterm_ends_it_with_connections_open_and_data_on_its_way(self):
        socks = [self.enterContext(connect()) for _ in range(20)]
        for sock in socks:
            sock.sendall(b"x")
            self.assertEqual(sock.recv(1), b"x")
        socks[0].setblocking(False)
        with self.assertRaises(BlockingIOError):  # its echo is not read: at some time nothing more fits
            while True:
                socks[0].send(bytes(65536))
        self.end(signal.SIGTERM)
        self.assertIn(" connections accepted 20 ", self.program.said)


class WithoutDevice(unittest.TestCase):
    def refused(self, device):
        rig = self.enterContext(Rig(no_huge=True))
        return subprocess.run([ECHO, "-d", device, "-a", f"{STACK}/24", "--no-huge"], capture_output=True, text=True,
                              env=rig.env, timeout=PATIENCE_S, check=False)

    def test_it_names_a_driver_that_does_not_exist(self):
        result = self.refused("net_nosuch0")
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("net_nosuch0", result.stderr)

    def test_it_names_a_device_whose_interface_is_no_tap(self):
        result = self.refused("net_tap0,iface=lo")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("nsk-echo: -d: net_tap0: interface lo exists and is no tap: choose another name", result.stderr)

    def test_it_names_an_interface_that_another_program_has(self):
        run("ip", "tuntap", "add", "dev", TAP, "mode", "tun")
        self.addCleanup(run, "ip", "tuntap", "del", "dev", TAP, "mode", "tun")
        run("ip", "addr", "add", f"{KERNEL}/24", "dev", TAP)
        result = self.refused(f"net_tap0,iface={TAP}")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(TAP, result.stderr)


if __name__ == "__main__":
    main()
