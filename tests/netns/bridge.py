#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A tap in a bridge with another machine behind it: that machine reaches the stack, and so does this kernel.

    10.9.0.3 nskv1 --- nskv0 [ nskbr 10.9.0.1 ] nsk0 --- stack 10.9.0.2
    (another namespace)
"""
import sys

from tap import KERNEL, STACK, TAP, TapTest, main, run, until

BRIDGE, FAR = "nskbr", "10.9.0.3"


class Bridge(TapTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.inside = cls.rig.veth("nskv0", "nskv1", cls.rig.namespace())
        run(*cls.inside, "ip", "addr", "add", f"{FAR}/24", "dev", "nskv1")
        run("ip", "addr", "flush", "dev", TAP)
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        for port in (TAP, "nskv0"):
            run("ip", "link", "set", port, "master", BRIDGE)
        run("ip", "addr", "add", f"{KERNEL}/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")

    def pinged(self, *inside):
        until("an answer to ping", lambda: self.program.need() and
              "1 received" in run(*inside, "ping", "-c", "1", "-W", "1", STACK, check=False))

    def test_another_machine_on_the_bridge_reaches_the_stack(self):
        self.pinged(*self.inside)
        code = (f"import socket; s = socket.create_connection(('{STACK}', 7), 60); s.sendall(b'x' * 5000); "
                "print(len(s.makefile('rb').read(5000)))")
        self.assertEqual(run(*self.inside, sys.executable, "-c", code), "5000\n")

    def test_the_kernel_of_the_bridge_reaches_the_stack(self):
        self.pinged()


if __name__ == "__main__":
    main()
