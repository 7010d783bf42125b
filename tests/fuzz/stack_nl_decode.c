/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of rtnetlink: whatever the bytes, no more is read than there is, and what comes out is
 * within its bounds. */
#include <sys/socket.h>

#include "fuzz.h"
#include "net/route.h"
#include "stack/nl_decode.h"

static void check(const struct nl_change *c)
{
	FUZZ_CHECK(c->hops <= NL_HOPS_MAX);
	if (c->kind != NL_ADDR && c->kind != NL_ROUTE)
		return;
	FUZZ_CHECK(c->prefix.addr.family == AF_INET || c->prefix.addr.family == AF_INET6);
	FUZZ_CHECK(c->prefix.len <= 8 * ip_addr_len(&c->prefix.addr));
	for (unsigned i = 0; i < c->hops; i++)
		FUZZ_CHECK(c->hop[i].weight >= 1 && c->hop[i].weight <= ROUTE_WEIGHT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size);
	struct nl_change c;
	size_t at = 0, n;

	while ((n = nl_decode(p + at, size - at, &c)) > 0) {
		FUZZ_CHECK(n <= size - at);
		check(&c);
		at += n;
	}
	fuzz_free(p, size);
	return 0;
}
