#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""100 MiB there and back through nsk-echo arrive intact while 1 % of the packets of either direction are lost."""
from tap import MIB, SMALL, TAP, TapTest, connect, echo, fact, main, snmp, throughput, use_cubic

SIZE = (4 if SMALL else 100) * MIB


class Lossy(TapTest):
    device = f"fault:loss=1%,seed=7:net_tap0,iface={TAP}"

    def test_bytes_arrive_both_ways(self):
        with connect() as sock:
            fact(f"the kernel's congestion control: {use_cubic(sock)}")
        seconds = echo(self, SIZE)
        theirs, ours = snmp("Tcp", "RetransSegs"), self.counted("segments retransmitted")
        fact(f"{SIZE // MIB} MiB: {throughput(SIZE, seconds)}; retransmitted {theirs} (kernel), {ours} (stack)")
        lost = SIZE // 1460 // 200  # half of what must have been: large segments of the kernel count as one
        self.assertGreater(theirs, lost // 10, "segments that the kernel sent again")
        self.assertGreater(ours, lost, "segments that the stack sent again")


if __name__ == "__main__":
    main()
