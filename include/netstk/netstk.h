/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file netstk.h
 * @brief Everything an ordinary application needs: include this one.
 */
#ifndef NETSTK_NETSTK_H
#define NETSTK_NETSTK_H

#include <netstk/addr.h>
#include <netstk/client.h>
#include <netstk/config.h>
#include <netstk/counters.h>
#include <netstk/drop.h>
#include <netstk/epoll.h>
#include <netstk/log.h>
#include <netstk/neigh.h>
#include <netstk/port.h>
#include <netstk/route.h>
#include <netstk/sizing.h>
#include <netstk/socket.h>
#include <netstk/stack.h>
#include <netstk/tcp_info.h>
#include <netstk/version.h>

#endif
