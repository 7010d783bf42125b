# SPDX-License-Identifier: BSD-3-Clause
"""Devices are touched in drivers/ alone: no rte_eth_* and no <rte_ethdev.h> anywhere else.

KEY of an exception: PATH.
"""
from tree import Problem

PATTERN = r"\brte_eth_\w+|\brte_ethdev\w*"


def check(tree):
    for file in tree.c_files("lib", "apps", "include"):
        for line, match in file.find(PATTERN, file.uncommented):
            if not tree.excused("devices", file.path):
                yield Problem(file.path, line, f"{match[0]} belongs to drivers/")


GOOD = [
    {"drivers/ethdev.c": "#include <rte_ethdev.h>\nint f(void) { return rte_eth_dev_start(0); }\n"},
    {"lib/ip/a.c": "#include <rte_ether.h>\nstruct rte_ether_hdr *h; /* not rte_eth_tx_burst */\n"},
]
BAD = [
    {"lib/net/iface.c": "int f(void) { return rte_eth_dev_start(0); }\n"},
    {"lib/stack/run.c": "#include <rte_ethdev.h>\n"},
    {"apps/reflect.c": "int f(void) { return rte_eth_rx_burst(0, 0, 0, 0); }\n"},
]
