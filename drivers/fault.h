/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the fault driver is told to do, and the reader of it.
 */
#ifndef NSK_DRIVERS_FAULT_H
#define NSK_DRIVERS_FAULT_H

#include <stddef.h>
#include <stdint.h>

#include <netstk/port.h>

enum fault_side {
	FAULT_RX,
	FAULT_TX,
	FAULT_SIDES
};

struct fault_params {
	struct nsk_wire_params line[FAULT_SIDES];
	uint32_t rxfail_ppm;	/* received packets dropped as if there were no buffer */
	uint32_t txfull_ppm;	/* transmit bursts that find the ring full */
	uint32_t txpart_ppm;	/* transmit bursts of which only a part is taken */
	uint64_t down_every_ns; /* 0: the link stays up */
	uint64_t down_for_ns;
};

/*
 * Read "loss=1%,seed=7,tx.delay=1ms". 0, or -EINVAL with a text that names the item and says what
 * would do.
 */
int fault_parse(const char *list, struct fault_params *params, char *error, size_t size);

#endif
