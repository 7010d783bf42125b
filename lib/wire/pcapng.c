/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocks of a pcapng file; see pcapng.h. */
#include "wire/pcapng.h"

#include <string.h>

#define BLOCK_SECTION	 0x0a0d0d0au
#define BLOCK_INTERFACE	 1u
#define BLOCK_STATISTICS 5u
#define BLOCK_PACKET	 6u
#define PACKET_INTERFACE 8 /* where it stands in a packet's block */
#define BYTE_ORDER_MARK	 0x1a2b3c4du
#define TEXT_MAX	 1024u

/* Options of any block, the section, an interface, a packet, statistics. */
enum option {
	OPT_END = 0,
	OPT_COMMENT = 1,
	SHB_USERAPPL = 4,
	IF_NAME = 2,
	IF_DESCRIPTION = 3,
	IF_MAC = 6,
	IF_TSRESOL = 9,
	IF_FILTER = 11,
	EPB_FLAGS = 2,
	EPB_DROPCOUNT = 4,
	EPB_QUEUE = 6,
	ISB_IFRECV = 4,
	ISB_IFDROP = 5,
};

/* What is being written, or only measured. */
struct block {
	uint8_t *room; /* NULL: measured */
	size_t len;
};

static void put(struct block *b, const void *data, size_t len)
{
	size_t padded = (len + 3) & ~(size_t)3;

	if (b->room) {
		memset(b->room + b->len, 0, padded);
		memcpy(b->room + b->len, data, len);
	}
	b->len += padded;
}

static void put_u32(struct block *b, uint32_t v)
{
	put(b, &v, sizeof(v));
}

/* Moments are two words, the high one first, in either byte order. */
static void put_time(struct block *b, uint64_t ns)
{
	put_u32(b, (uint32_t)(ns >> 32));
	put_u32(b, (uint32_t)ns);
}

static void put_option(struct block *b, uint16_t code, const void *data, size_t len)
{
	const uint16_t head[2] = {code, (uint16_t)len};

	put(b, head, sizeof(head));
	put(b, data, len);
}

static void put_text(struct block *b, uint16_t code, const char *text)
{
	if (text)
		put_option(b, code, text, strnlen(text, TEXT_MAX));
}

static struct block begin(uint8_t *room, uint32_t type)
{
	struct block b = {.room = room};

	put_u32(&b, type);
	put_u32(&b, 0); /* the length: end() */
	return b;
}

static size_t end(struct block *b)
{
	uint32_t len = (uint32_t)b->len + 4;

	put_u32(b, len);
	if (b->room)
		memcpy(b->room + 4, &len, sizeof(len));
	return b->len;
}

static void put_end(struct block *b)
{
	put_u32(b, OPT_END); /* and no length */
}

size_t pcapng_section(uint8_t *room, const char *application)
{
	static const uint16_t version[2] = {1, 0};
	static const uint64_t unknown = UINT64_MAX;
	struct block b = begin(room, BLOCK_SECTION);

	put_u32(&b, BYTE_ORDER_MARK);
	put(&b, version, sizeof(version));
	put(&b, &unknown, sizeof(unknown)); /* the section's length */
	put_text(&b, SHB_USERAPPL, application);
	put_end(&b);
	return end(&b);
}

size_t pcapng_interface(uint8_t *room, const struct pcapng_interface *i)
{
	static const uint8_t nanoseconds = 9, ours = 0;
	const uint16_t link[2] = {i->link, 0};
	struct block b = begin(room, BLOCK_INTERFACE);
	char filter[1 + TEXT_MAX];

	put(&b, link, sizeof(link));
	put_u32(&b, i->snaplen);
	put_text(&b, IF_NAME, i->name);
	put_text(&b, IF_DESCRIPTION, i->description);
	if (i->mac)
		put_option(&b, IF_MAC, i->mac, 6);
	put_option(&b, IF_TSRESOL, &nanoseconds, sizeof(nanoseconds));
	if (i->filter) { /* the octet in front: it is libpcap's text */
		size_t n = strnlen(i->filter, TEXT_MAX);

		filter[0] = (char)ours;
		memcpy(filter + 1, i->filter, n);
		put_option(&b, IF_FILTER, filter, n + 1);
	}
	put_end(&b);
	return end(&b);
}

size_t pcapng_packet(uint8_t *room, const struct pcapng_packet *p)
{
	struct block b = begin(room, BLOCK_PACKET);
	size_t padded = ((size_t)p->cap_len + 3) & ~(size_t)3;

	put_u32(&b, p->interface);
	put_time(&b, p->ns);
	put_u32(&b, p->cap_len);
	put_u32(&b, p->len);
	if (room && padded)
		memset(room + b.len + padded - 4, 0, 4);
	b.len += padded;
	put_text(&b, OPT_COMMENT, p->comment);
	if (p->direction != PCAPNG_UNKNOWN)
		put_option(&b, EPB_FLAGS, &p->direction, sizeof(p->direction));
	if (p->lost)
		put_option(&b, EPB_DROPCOUNT, &p->lost, sizeof(p->lost));
	if (p->queue != UINT32_MAX)
		put_option(&b, EPB_QUEUE, &p->queue, sizeof(p->queue));
	put_end(&b);
	return end(&b);
}

uint32_t pcapng_packet_interface(const uint8_t *block)
{
	uint32_t interface;

	memcpy(&interface, block + PACKET_INTERFACE, sizeof(interface));
	return interface;
}

void pcapng_packet_set_interface(uint8_t *block, uint32_t interface)
{
	memcpy(block + PACKET_INTERFACE, &interface, sizeof(interface));
}

size_t pcapng_statistics(uint8_t *room, uint32_t interface, uint64_t ns, uint64_t matched,
			 uint64_t lost)
{
	struct block b = begin(room, BLOCK_STATISTICS);

	put_u32(&b, interface);
	put_time(&b, ns);
	put_option(&b, ISB_IFRECV, &matched, sizeof(matched));
	put_option(&b, ISB_IFDROP, &lost, sizeof(lost));
	put_end(&b);
	return end(&b);
}
