/* SPDX-License-Identifier: BSD-3-Clause */
/* What differs between the releases of DPDK that this builds with: 22.11, 24.11, 25.11. */
#ifndef NSK_MBUF_DPDK_VERSION_H
#define NSK_MBUF_DPDK_VERSION_H

#include <rte_version.h>

/* Renamed in 23.03. */
#if RTE_VERSION < RTE_VERSION_NUM(23, 3, 0, 0)
#define TELEMETRY_ADD_U64 rte_tel_data_add_dict_u64
#else
#define TELEMETRY_ADD_U64 rte_tel_data_add_dict_uint
#endif

/* A bond's devices in its devargs, renamed in 23.11. */
#if RTE_VERSION < RTE_VERSION_NUM(23, 11, 0, 0)
#define BOND_MEMBER	      "slave"
#define BOND_MEMBER_ELSEWHERE "member"
#else
#define BOND_MEMBER	      "member"
#define BOND_MEMBER_ELSEWHERE "slave"
#endif

#endif
