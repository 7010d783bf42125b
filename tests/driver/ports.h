/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of port drivers share: EAL, a pool, ports opened by devargs or around a wire, and
 * frames whose contents tell which they are.
 */
#ifndef NSK_TESTS_DRIVER_PORTS_H
#define NSK_TESTS_DRIVER_PORTS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "mbuf/pool.h"
#include "net/port.h"
#include "stack/eal.h"

#define MS	    UINT64_C(1000000)
#define SECOND	    (1000 * MS)
#define PATIENCE_NS (30 * SECOND)
#define TEST_TYPE   0x88b5 /* IEEE 802 local experimental EtherType */
#define SKIPPED	    77	   /* what meson takes for "skipped" */

static struct log test_log;
static char test_error[512];

static inline uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* Starts EAL for the devices; without hugepages, so that tests can run side by side. 0 or -errno.
 */
static inline int eal_start_for(const char *const *devargs, unsigned n)
{
	struct eal_request req = {
		.devargs = devargs,
		.ndevargs = n,
		.no_huge = true,
		/* Its socket would stay behind when a test ends by a signal. */
		.user_args = "--no-telemetry",
		.log = &test_log,
	};
	int rc;

	log_init(&test_log, NSK_LOG_ERR, NULL, NULL);
	rc = eal_need(&req, test_error, sizeof(test_error));
	if (rc)
		fprintf(stderr, "EAL: %s\n", test_error);
	return rc;
}

/* For group_setup of tests without DPDK devices. */
static inline int eal_small(void **state)
{
	(void)state;
	return eal_start_for(NULL, 0);
}

static inline struct pkt_pool *pool_new(const char *name, uint32_t count, uint32_t data,
					bool device)
{
	struct pkt_pool_params p = {
		.name = name,
		.count = count,
		.data_room = data + RTE_PKTMBUF_HEADROOM,
		.numa_node = -1,
		.device_memory = device,
		.shared = true,
	};
	struct pkt_pool *pool = NULL;

	if (pkt_pool_create(&pool, &p))
		return NULL;
	return pool;
}

/* Opens by what -d takes. 0 or -errno with test_error. */
static inline int port_open_named(const char *devargs, struct port **port)
{
	struct port_open open = {
		.log = &test_log, .error = test_error, .error_size = sizeof(test_error)};

	test_error[0] = '\0';
	return port_driver_find(devargs, &open.devargs)->open(&open, port);
}

/* Opens a driver around an object: an end of a wire, a callback port. */
static inline int port_open_object(const char *driver, void *object, unsigned end,
				   struct port **port)
{
	struct port_open open = {
		.object = object,
		.end = end,
		.log = &test_log,
		.error = test_error,
		.error_size = sizeof(test_error),
	};

	test_error[0] = '\0';
	return port_driver_named(driver)->open(&open, port);
}

static inline int port_start_with(struct port *port, struct pkt_pool *pool, uint32_t mtu)
{
	struct port_setup setup = {
		.rx_queues = 1,
		.tx_queues = 1,
		.rx_desc = 256,
		.tx_desc = 128,
		.mtu = mtu,
		.offloads = port->caps.offloads & ~(uint32_t)(PORT_TX_TSO | PORT_RX_RSS),
		.rx_pool[0] = pool->mp,
	};

	return port->ops->start(port, &setup);
}

/* Byte @at of frame number @n. */
static inline uint8_t frame_byte(uint32_t n, uint32_t at)
{
	return (uint8_t)((n * 2654435761U + at * 40503U) >> 7);
}

/*
 * A broadcast frame number @n of @len >= 18 bytes in all, in as many buffers as it takes; NULL:
 * none left. Bytes 14 to 17 are the number.
 */
static inline struct rte_mbuf *frame_new(struct pkt_pool *pool, uint32_t n, uint32_t len)
{
	struct rte_mbuf *first = NULL, **link = &first;
	uint32_t at = 0;

	while (at < len) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool->mp);
		uint32_t part;
		uint8_t *p;

		if (!m) {
			rte_pktmbuf_free(first);
			return NULL;
		}
		part = RTE_MIN(len - at, (uint32_t)rte_pktmbuf_tailroom(m));
		p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)part);
		for (uint32_t i = 0; i < part; i++, at++)
			p[i] = at < 6	  ? 0xff
			       : at < 12  ? 0x02
			       : at == 12 ? TEST_TYPE >> 8
			       : at == 13 ? TEST_TYPE & 0xff
			       : at < 18  ? (uint8_t)(n >> (8 * (17 - at)))
					  : frame_byte(n, at);
		*link = m;
		link = &m->next;
		if (m != first)
			first->nb_segs++;
		first->pkt_len = at;
	}
	return first;
}

/* Byte @at of a chain. */
static inline uint8_t chain_byte(const struct rte_mbuf *m, uint32_t at)
{
	while (at >= m->data_len) {
		at -= m->data_len;
		m = m->next;
	}
	return *rte_pktmbuf_mtod_offset(m, const uint8_t *, at);
}

/* True for frames of ours; kernels say things of their own on new interfaces. */
static inline bool frame_is_ours(const struct rte_mbuf *m)
{
	return m->pkt_len >= 18 && chain_byte(m, 12) == TEST_TYPE >> 8 &&
	       chain_byte(m, 13) == (TEST_TYPE & 0xff);
}

static inline uint32_t frame_number(const struct rte_mbuf *m)
{
	return (uint32_t)chain_byte(m, 14) << 24 | (uint32_t)chain_byte(m, 15) << 16 |
	       (uint32_t)chain_byte(m, 16) << 8 | chain_byte(m, 17);
}

/* How many bytes behind the number differ from what frame_new() wrote. */
static inline unsigned frame_bad_bytes(const struct rte_mbuf *m)
{
	uint32_t n = frame_number(m), at = 0;
	unsigned bad = 0;

	for (const struct rte_mbuf *s = m; s; s = s->next) {
		const uint8_t *p = rte_pktmbuf_mtod(s, const uint8_t *);

		for (uint32_t i = 0; i < s->data_len; i++, at++)
			bad += at >= 18 && p[i] != frame_byte(n, at);
	}
	return bad + (at != m->pkt_len);
}

/* Sends one frame; true if the port took it. */
static inline bool frame_send(struct port *port, struct pkt_pool *pool, uint64_t now_ns, uint32_t n,
			      uint32_t len)
{
	struct rte_mbuf *m = frame_new(pool, n, len);

	if (!m)
		return false;
	if (port->ops->tx_burst(port, 0, now_ns, &m, 1) == 1)
		return true;
	rte_pktmbuf_free(m);
	return false;
}

/* Receives one packet or NULL. */
static inline struct rte_mbuf *frame_recv(struct port *port, uint64_t now_ns)
{
	struct rte_mbuf *m = NULL;

	return port->ops->rx_burst(port, 0, now_ns, &m, 1) ? m : NULL;
}

#endif
