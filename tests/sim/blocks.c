/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/blocks.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK CAPTURE_READ_MIN

static uint32_t u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t u64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Calls fn with each option; they end with the one that says so, at the end of the block. */
static void each_option(struct blocks *b, const uint8_t *at, const uint8_t *end,
			void (*fn)(struct blocks *b, uint16_t code, const uint8_t *value,
				   uint16_t len))
{
	for (;;) {
		uint16_t head[2];

		assert_true(end - at >= 4);
		memcpy(head, at, sizeof(head));
		at += 4;
		if (head[0] == 0) {
			assert_int_equal(head[1], 0);
			assert_ptr_equal(at, end);
			return;
		}
		assert_true(end - at >= ((head[1] + 3) & ~3));
		fn(b, head[0], at, head[1]);
		at += (head[1] + 3) & ~3;
	}
}

static void interface_option(struct blocks *b, uint16_t code, const uint8_t *value, uint16_t len)
{
	if (code == 2)
		snprintf(b->name[b->ninterfaces], sizeof(b->name[0]), "%.*s", len,
			 (const char *)value);
	if (code == 9)
		assert_int_equal(*value, 9);
}

static void packet_option(struct blocks *b, uint16_t code, const uint8_t *value, uint16_t len)
{
	struct blocks_packet *p = &b->packet[b->npackets];

	if (code == 1)
		snprintf(p->comment, sizeof(p->comment), "%.*s", len, (const char *)value);
	else if (code == 2)
		p->direction = u32(value);
	else if (code == 4)
		p->lost = u64(value);
	else if (code == 6)
		p->queue = u32(value);
	else
		fail_msg("option %u of a packet", code);
}

static void counts_option(struct blocks *b, uint16_t code, const uint8_t *value, uint16_t len)
{
	assert_int_equal(len, 8);
	assert_true(code == 4 || code == 5);
	*(code == 4 ? &b->matched : &b->lost) += u64(value);
}

static void take_packet(struct blocks *b, const uint8_t *at, const uint8_t *end)
{
	struct blocks_packet *p = &b->packet[b->npackets];

	assert_true(b->npackets < BLOCKS_PACKETS_MAX);
	*p = (struct blocks_packet){.interface = u32(at + 8),
				    .ns = (uint64_t)u32(at + 12) << 32 | u32(at + 16),
				    .cap_len = u32(at + 20),
				    .len = u32(at + 24),
				    .data = at + 28,
				    .queue = UINT32_MAX};
	assert_true(p->interface < b->ninterfaces);
	assert_true(p->cap_len <= p->len);
	assert_true(p->cap_len <= (size_t)(end - at) - 28);
	each_option(b, at + 28 + ((p->cap_len + 3) & ~3u), end, packet_option);
	b->npackets++;
}

static void take_block(struct blocks *b, const uint8_t *at, uint32_t len)
{
	const uint8_t *end = at + len - 4;

	assert_int_equal(len % 4, 0);
	assert_int_equal(u32(end), len);
	switch (u32(at)) {
	case 0x0a0d0d0au:
		assert_ptr_equal(at, b->bytes);
		assert_int_equal(u32(at + 8), 0x1a2b3c4d);
		break;
	case 1:
		assert_true(b->ninterfaces < BLOCKS_INTERFACES_MAX);
		memcpy(&b->link[b->ninterfaces], at + 8, 2);
		each_option(b, at + 16, end, interface_option);
		b->ninterfaces++;
		break;
	case 6:
		take_packet(b, at, end);
		break;
	case 5:
		assert_true(u32(at + 8) < b->ninterfaces);
		assert_false(b->counted[u32(at + 8)]);
		b->counted[u32(at + 8)] = true;
		each_option(b, at + 20, end, counts_option);
		break;
	default:
		fail_msg("block of type %u", u32(at));
	}
}

void blocks_start(struct blocks *b, struct nsk_stack *stack, const struct capture_want *want)
{
	struct capture_want w = want ? *want : (struct capture_want){.queue = -1};
	char error[256];

	memset(b, 0, sizeof(*b));
	w.ifaces = w.ifaces ? w.ifaces : UINT32_MAX;
	w.what = w.what ? w.what : WORKER_CAPTURES_IN | WORKER_CAPTURES_OUT | WORKER_CAPTURES_DROPS;
	w.snaplen = w.snaplen ? w.snaplen : CAPTURE_SNAPLEN_MAX;
	w.buffer = w.buffer ? w.buffer : CAPTURE_BUFFER;
	if (capture_start(stack, &w, &b->capture, error, sizeof(error)))
		fail_msg("capture_start: %s", error);
	b->room = 64 * CHUNK;
	b->bytes = malloc(b->room); /* blocks stay where they are */
	assert_non_null(b->bytes);
}

void blocks_read(struct blocks *b)
{
	size_t n;

	do {
		assert_true(b->room - b->have >= CHUNK);
		n = capture_read(b->capture, b->bytes + b->have, CHUNK);
		b->have += n;
	} while (n > 0);
	while (b->parsed < b->have) {
		uint32_t len = u32(b->bytes + b->parsed + 4);

		assert_true(len >= 12 && len <= b->have - b->parsed);
		take_block(b, b->bytes + b->parsed, len);
		b->parsed += len;
	}
}

void blocks_end(struct blocks *b)
{
	capture_end(b->capture);
}

void blocks_finish(struct blocks *b)
{
	assert_true(capture_settled(b->capture));
	blocks_read(b);
	for (unsigned i = 0; i < b->ninterfaces; i++)
		assert_true(b->counted[i]);
	capture_leave(b->capture);
	free(b->bytes);
	b->bytes = NULL;
}
