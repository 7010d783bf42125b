/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocks of draft-ietf-opsawg-pcapng in the machine's byte order. */
#include "nsk-sim/pcapng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SECTION	0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET	6u
#define BYTE_ORDER_MARK 0x1a2b3c4du
#define LINK_ETHERNET	1u
#define OPTION_NAME	2u /* of an interface */
#define OPTION_TSRESOL	9u
#define OPTION_FLAGS	2u /* of a packet */

struct pcapng {
	FILE *out;
};

static uint32_t padded(size_t len)
{
	return (uint32_t)((len + 3) & ~(size_t)3);
}

static void put(struct pcapng *p, const void *data, size_t len)
{
	static const char zero[4];

	fwrite(data, 1, len, p->out);
	fwrite(zero, 1, padded(len) - len, p->out);
}

static void put_u32(struct pcapng *p, uint32_t v)
{
	put(p, &v, sizeof(v));
}

/* Code and length of an option are 16 bits each. */
static void put_option(struct pcapng *p, uint16_t code, const void *data, size_t len)
{
	uint16_t head[2] = {code, (uint16_t)len};

	put(p, head, sizeof(head));
	put(p, data, len);
}

struct pcapng *pcapng_open(const char *path)
{
	struct pcapng *p = calloc(1, sizeof(*p));
	static const uint16_t version[2] = {1, 0};
	static const uint64_t unknown = UINT64_MAX;

	if (!p)
		return NULL;
	p->out = fopen(path, "wb");
	if (!p->out) {
		free(p);
		return NULL;
	}
	put_u32(p, BLOCK_SECTION);
	put_u32(p, 28);
	put_u32(p, BYTE_ORDER_MARK);
	put(p, version, sizeof(version));
	put(p, &unknown, sizeof(unknown));
	put_u32(p, 28);
	return p;
}

void pcapng_interface(struct pcapng *p, const char *name)
{
	static const uint16_t link[2] = {LINK_ETHERNET, 0};
	static const uint8_t nanoseconds = 9;
	uint32_t size = 20 + 4 + padded(strlen(name)) + 8 + 4;

	put_u32(p, BLOCK_INTERFACE);
	put_u32(p, size);
	put(p, link, sizeof(link));
	put_u32(p, 0); /* frames are whole */
	put_option(p, OPTION_NAME, name, strlen(name));
	put_option(p, OPTION_TSRESOL, &nanoseconds, 1);
	put_u32(p, 0); /* end of options */
	put_u32(p, size);
}

void pcapng_frame(struct pcapng *p, uint32_t interface, unsigned direction, uint64_t at_ns,
		  const void *frame, size_t len)
{
	uint32_t size = 32 + padded(len) + 8 + 4, flags = direction ? 1 : 2;

	put_u32(p, BLOCK_PACKET);
	put_u32(p, size);
	put_u32(p, interface);
	put_u32(p, (uint32_t)(at_ns >> 32));
	put_u32(p, (uint32_t)at_ns);
	put_u32(p, (uint32_t)len);
	put_u32(p, (uint32_t)len);
	put(p, frame, len);
	put_option(p, OPTION_FLAGS, &flags, sizeof(flags));
	put_u32(p, 0);
	put_u32(p, size);
}

bool pcapng_close(struct pcapng *p)
{
	bool good = !ferror(p->out);

	good &= fclose(p->out) == 0;
	free(p);
	return good;
}
