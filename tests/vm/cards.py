# SPDX-License-Identifier: BSD-3-Clause
"""The network cards that a guest can have, as QEMU is told of them."""
from typing import NamedTuple

MAC = "52:54:00:09:00:03"
SLOT = 8
ADDRESS = f"0000:00:{SLOT:02x}.0"


class Card(NamedTuple):
    """One network card."""

    device: str  # QEMU's name of it, with its properties
    queues: int = 1
    iommu: bool = False  # behind an IOMMU, for vfio-pci
    slot: bool = False  # in one that it can be pulled out of

    @property
    def model(self):
        return self.device.partition(",")[0]

    @property
    def address(self):
        return "0000:01:00.0" if self.slot else ADDRESS

    def tap_arguments(self):
        """For ip tuntap."""
        return ["multi_queue"] if self.queues > 1 else []

    def arguments(self, tap):
        """For QEMU: the card with the tap behind it, and how it is called in QMP (its id)."""
        several = f",queues={self.queues}" if self.queues > 1 else ""
        place = "bus=hole,addr=0" if self.slot else f"addr={SLOT:#x}"
        line = ["-netdev", f"tap,id=net,ifname={tap},script=no,downscript=no{several}",
                *(["-device", f"pcie-root-port,id=hole,chassis=1,slot=1,addr={SLOT:#x}"] if self.slot else []),
                "-device", f"{self.device},id=card,netdev=net,mac={MAC},romfile=,{place}"]
        return ["-device", "intel-iommu,intremap=on", *line] if self.iommu else line

    def kernel_words(self):
        return ["intel_iommu=on"] if self.iommu else []


MODERN = "virtio-net-pci,disable-legacy=on"
SEVERAL = "mq=on,rss=on,hash=on,vectors=6"

CARDS = {
    "e1000": Card("e1000"),
    "e1000 by vfio": Card("e1000", iommu=True, slot=True),
    "e1000e": Card("e1000e"),
    "igb": Card("igb"),
    "igb by vfio": Card("igb", iommu=True, slot=True),
    "virtio": Card("virtio-net-pci"),
    "virtio legacy": Card("virtio-net-pci,disable-modern=on,disable-legacy=off"),
    "virtio modern": Card(MODERN),
    "virtio modern by vfio": Card(f"{MODERN},iommu_platform=on", iommu=True, slot=True),
    "virtio packed": Card(f"{MODERN},packed=on"),
    "virtio modern, 2 queues": Card(f"{MODERN},{SEVERAL}", queues=2),
    "virtio packed, 2 queues": Card(f"{MODERN},packed=on,{SEVERAL}", queues=2),
}
