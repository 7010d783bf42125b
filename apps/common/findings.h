/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What nskctl doctor can find: a name, and what it costs. docs/OPERATIONS.md is made from this.
 * doctor_judge.c has a row of the same order for each, which says when it is so and what mends it.
 */
#ifndef NSK_APPS_COMMON_FINDINGS_H
#define NSK_APPS_COMMON_FINDINGS_H

#define NSK_FINDING_LIST(X)                                                                            \
	/* The machine */                                                                              \
	X(HUGEPAGES_NONE, "hugepages_none",                                                            \
	  "DPDK's devices run on ordinary pages: slower, and cards on uio not at all")                 \
	X(HUGEPAGES_FEW, "hugepages_few",                                                              \
	  "a program with one worker finds no memory for its packet buffers")                          \
	X(HUGEPAGES_NODE, "hugepages_node",                                                            \
	  "buffers of a card lie on another NUMA node: each packet crosses")                           \
	X(MODULE_NONE, "module_none",                                                                  \
	  "no card can be given to DPDK before a kernel module is loaded for it")                      \
	X(IOMMU_OFF, "iommu_off",                                                                      \
	  "vfio-pci takes no card; with uio any card can write all memory, and programs must be root") \
	X(NIC_KERNEL, "nic_kernel",                                                                    \
	  "the card is the kernel's: packets reach a program through a socket at best")                \
	X(NIC_NO_PMD, "nic_no_pmd", "the card is nobody's: DPDK has no driver for it here")            \
	X(MEMLOCK, "memlock",                                                                          \
	  "vfio maps memory for cards only as far as it may be locked: a start fails")                 \
	X(RIGHTS, "rights", "taps, raw sockets and cards are refused")                                 \
	X(CLOCK_SOURCE, "clock_source",                                                                \
	  "each turn of a worker reads the clock by a system call, hundreds of ns")                    \
	X(CLOCK_TSC, "clock_tsc",                                                                      \
	  "the time stamp counter changes its rate: timers and pacing are off")                        \
	X(GOVERNOR, "governor",                                                                        \
	  "cores run slower than they can until they have been busy for some ms")                      \
	/* A running program */                                                                        \
	X(WORKERS_MANY, "workers_many",                                                                \
	  "workers take turns on a core: each waits a time slice of the others")                       \
	X(WORKERS_SHARE, "workers_share",                                                              \
	  "two workers on one core's threads have little more than half a core each")                  \
	X(WORKERS_NOT_ISOLATED, "workers_not_isolated",                                                \
	  "the kernel runs other things on a worker's core: packets wait, and are missed")             \
	X(PORT_FAR, "port_far", "each packet crosses NUMA nodes")                                      \
	X(LINK_DOWN, "link_down", "nothing is sent or received there")                                 \
	X(GATEWAY, "gateway", "nothing beyond the own subnets can be reached")                         \
	X(SINGLE_QUEUE, "single_queue",                                                                \
	  "one worker receives everything, and hands it to the others")                                \
	X(RSS_UNEVEN, "rss_uneven", "one queue's worker is full while others have nothing to do")      \
	X(OFFLOAD_OFF, "offload_off", "cores do what the card could")                                  \
	X(RX_MISSED, "rx_missed", "packets were lost, since the card's ring was full")                 \
	X(RX_NOBUF, "rx_nobuf", "packets were lost for want of buffers")                               \
	X(TX_FULL, "tx_full", "packets were dropped, since the transmit ring stayed full")

#endif
