/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/segment.h"

#define ETH_LEN 14

static void parse_options(struct segment *s, const uint8_t *p, size_t len)
{
	while (len && p[0] != 0) {
		size_t n = p[0] == 1 ? 1 : len > 1 ? p[1] : 0;

		if (n == 0 || n > len || (n < 2 && p[0] != 1))
			return;
		if (p[0] == 2 && n == 4) {
			s->has |= HAS_MSS;
			s->mss = get16(p + 2);
		} else if (p[0] == 3 && n == 3) {
			s->has |= HAS_WSCALE;
			s->shift = p[2];
		} else if (p[0] == 4) {
			s->has |= HAS_SACK_OK;
		} else if (p[0] == 5) {
			s->has |= HAS_SACK;
		} else if (p[0] == 8 && n == 10) {
			s->has |= HAS_TS;
			s->tsval = get32(p + 2);
		}
		p += n;
		len -= n;
	}
}

bool segment_parse(struct segment *s, const uint8_t *p, size_t len)
{
	size_t ip_len, total, tcp_len;

	if (len < ETH_LEN + 40 || get16(p + 12) != 0x0800)
		return false;
	p += ETH_LEN;
	ip_len = (size_t)(p[0] & 15) * 4;
	total = get16(p + 2);
	if (p[0] >> 4 != 4 || p[9] != 6 || total > len - ETH_LEN || ip_len < 20 ||
	    total < ip_len + 20)
		return false;
	*s = (struct segment){.address = {get32(p + 12), get32(p + 16)}};
	p += ip_len;
	tcp_len = (size_t)(p[12] >> 4) * 4;
	if (tcp_len < 20 || total < ip_len + tcp_len)
		return false;
	s->port[0] = get16(p);
	s->port[1] = get16(p + 2);
	s->seq = get32(p + 4);
	s->ack = get32(p + 8);
	s->flags = p[13];
	s->wnd = get16(p + 14);
	s->len = (uint32_t)(total - ip_len - tcp_len);
	parse_options(s, p + 20, tcp_len - 20);
	return true;
}
