/* SPDX-License-Identifier: BSD-3-Clause */
#include "forward_packets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "route_mix.h"

#define ETH	14
#define ROUTES	1000000
#define UDP_LEN 24
#define SUM_OFF (ETH + 10)
#define DST4	(ETH + 16)
#define DST6	(ETH + 24)

static void make_v4(uint8_t *f)
{
	static const uint8_t header[] = {0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10,
					 0,    1, 7, 0,	 0, 0, 0, 0, 9,	 0,  9, 0, 26};

	f[12] = 0x08;
	memcpy(f + ETH, header, sizeof(header));
}

static void make_v6(uint8_t *f)
{
	static const uint8_t header[] = {0x60, 0, 0, 0, 0, UDP_LEN, 17, 64, 0xfd, 0, 0, 1};

	f[12] = 0x86;
	f[13] = 0xdd;
	memcpy(f + ETH, header, sizeof(header));
	f[ETH + 23] = 7;
	f[ETH + 41] = f[ETH + 43] = 9;
	f[ETH + 45] = UDP_LEN;
}

void packets_make(struct packets *p, int family, uint32_t destinations)
{
	struct mix_prefix *routes = calloc(ROUTES, sizeof(*routes));
	struct mix mix;

	*p = (struct packets){.family = family, .count = destinations};
	p->destination = calloc(destinations, sizeof(*p->destination));
	if (!routes || !p->destination) {
		fputs("no memory\n", stderr);
		exit(1);
	}
	mix_seed(&mix, family);
	for (uint32_t i = 0; i < ROUTES; i++)
		routes[i] = mix_prefix(&mix);
	for (uint32_t i = 0; i < destinations; i++)
		mix_within(&mix, &routes[mix_below(&mix, ROUTES)], p->destination[i]);
	free(routes);
	if (family == AF_INET6)
		make_v6(p->frame);
	else
		make_v4(p->frame);
	p->len = family == AF_INET6 ? PACKETS_FRAME_MAX : 60;
}

void packets_free(struct packets *p)
{
	free(p->destination);
}

void packets_address(struct packets *p, const uint8_t to[6], const uint8_t from[6])
{
	memcpy(p->frame, to, 6);
	memcpy(p->frame + 6, from, 6);
}

static void put_checksum(uint8_t *frame)
{
	uint32_t sum = 0;

	for (unsigned i = ETH; i < ETH + 20; i += 2)
		sum += (uint32_t)frame[i] << 8 | frame[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	frame[SUM_OFF] = (uint8_t)(~sum >> 8);
	frame[SUM_OFF + 1] = (uint8_t)~sum;
}

void packets_write(struct packets *p, uint8_t *frame)
{
	const uint8_t *to = p->destination[p->next];

	p->next = p->next + 1 == p->count ? 0 : p->next + 1;
	memcpy(frame, p->frame, p->len);
	if (p->family == AF_INET6) {
		memcpy(frame + DST6, to, 16);
		return;
	}
	memcpy(frame + DST4, to, 4);
	put_checksum(frame);
}
