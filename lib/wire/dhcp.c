/* SPDX-License-Identifier: BSD-3-Clause */
/* DHCP messages; see dhcp.h. */
#include "wire/dhcp.h"

#define BOOT_REQUEST 1
#define BOOT_REPLY   2
#define HTYPE_ETHER  1
#define COOKIE	     UINT32_C(0x63825363)
#define BROADCAST    0x8000

/* The fixed part, RFC 2131 §2. */
#define OFF_XID	   4
#define OFF_SECS   8
#define OFF_FLAGS  10
#define OFF_CIADDR 12
#define OFF_YIADDR 16
#define OFF_CHADDR 28
#define OFF_SNAME  44
#define LEN_SNAME  64
#define OFF_FILE   108
#define LEN_FILE   128
#define OFF_COOKIE 236

/* RFC 2132, RFC 3442. */
enum option {
	OPT_PAD = 0,
	OPT_MASK = 1,
	OPT_ROUTER = 3,
	OPT_DNS = 6,
	OPT_MTU = 26,
	OPT_ADDR = 50,
	OPT_LEASE = 51,
	OPT_OVERLOAD = 52,
	OPT_TYPE = 53,
	OPT_SERVER = 54,
	OPT_PARAMS = 55,
	OPT_TEXT = 56,
	OPT_MAX_SIZE = 57,
	OPT_T1 = 58,
	OPT_T2 = 59,
	OPT_CLIENT_ID = 61,
	OPT_ROUTES = 121,
	OPT_END = 255,
};

#define OVERLOAD_FILE  1
#define OVERLOAD_SNAME 2
#define VALUE_MAX      DHCP_MOST /* no option is longer than what it came in */

/* ---- options --------------------------------------------------------------------------------- */

struct area {
	const uint8_t *p;
	size_t len;
};

/* Where options are, in the order in which pieces of one are put together (RFC 3396 §5). */
struct areas {
	struct area area[3];
	unsigned n;
};

/* The value of an option, its pieces put together. */
struct value {
	size_t len;
	bool there;
	uint8_t b[VALUE_MAX];
};

/* Adds the pieces of an option that lie in an area. False: an option reaches beyond its end. */
static bool gather(const struct area *a, uint8_t code, struct value *v)
{
	size_t off = 0;

	while (off < a->len && a->p[off] != OPT_END) {
		size_t len;

		if (a->p[off] == OPT_PAD) {
			off++;
			continue;
		}
		if (a->len - off < 2)
			return false;
		len = a->p[off + 1];
		if (len > a->len - off - 2)
			return false;
		if (a->p[off] == code && len <= sizeof(v->b) - v->len) {
			memcpy(v->b + v->len, a->p + off + 2, len);
			v->len += len;
			v->there = true;
		}
		off += 2 + len;
	}
	return true;
}

static bool find(const struct areas *in, uint8_t code, struct value *v)
{
	v->len = 0;
	v->there = false;
	for (unsigned i = 0; i < in->n; i++)
		if (!gather(&in->area[i], code, v))
			return false;
	return true;
}

/* False: malformed; a number that is not there is as it was. */
static bool read_u32(const struct areas *in, uint8_t code, uint32_t *to)
{
	struct value v;

	if (!find(in, code, &v) || (v.there && v.len != 4))
		return false;
	if (v.there)
		*to = load_be32(v.b);
	return true;
}

/* RFC 2131 §4.1: fields that are not needed may hold options. */
static bool find_areas(const uint8_t *p, size_t len, struct areas *in)
{
	struct value v;

	*in = (struct areas){.area = {{p + DHCP_FIXED, len - DHCP_FIXED}}, .n = 1};
	if (!find(in, OPT_OVERLOAD, &v) || (v.there && (v.len != 1 || v.b[0] == 0 || v.b[0] > 3)))
		return false;
	if (v.there && v.b[0] & OVERLOAD_FILE)
		in->area[in->n++] = (struct area){p + OFF_FILE, LEN_FILE};
	if (v.there && v.b[0] & OVERLOAD_SNAME)
		in->area[in->n++] = (struct area){p + OFF_SNAME, LEN_SNAME};
	return true;
}

/* ---- what is said ---------------------------------------------------------------------------- */

static bool read_mask(const struct areas *in, uint8_t *len)
{
	uint32_t mask = 0, host;

	if (!read_u32(in, OPT_MASK, &mask))
		return false;
	host = ~mask;
	if (host & (host + 1)) /* ones, then zeros */
		return false;
	*len = mask ? (uint8_t)__builtin_popcount(mask) : 0;
	return true;
}

static bool read_mtu(const struct areas *in, uint16_t *mtu)
{
	struct value v;

	if (!find(in, OPT_MTU, &v) || (v.there && v.len != 2))
		return false;
	*mtu = v.there ? load_be16(v.b) : 0;
	return true;
}

static bool read_dns(const struct areas *in, struct dhcp_view *out)
{
	struct value v;

	if (!find(in, OPT_DNS, &v) || v.len % 4 || (v.there && !v.len))
		return false;
	for (size_t off = 0; off < v.len && out->ndns < DHCP_DNS_MAX; off += 4)
		out->dns[out->ndns++] = load_be32(v.b + off);
	return true;
}

/* RFC 3442: the length of a prefix, as many of its octets as are not zero, a gateway. */
static bool read_classless(const struct value *v, struct dhcp_view *out)
{
	for (size_t off = 0; off < v->len;) {
		uint8_t len = v->b[off], dst[4] = {0};
		size_t octets = (len + 7u) / 8;
		struct dhcp_route r = {.len = len};

		if (len > 32 || v->len - off < 1 + octets + 4)
			return false;
		memcpy(dst, v->b + off + 1, octets);
		r.dst = load_be32(dst) & (len ? UINT32_MAX << (32 - len) : 0);
		r.gateway = load_be32(v->b + off + 1 + octets);
		off += 1 + octets + 4;
		if (out->nroutes < DHCP_ROUTES_MAX)
			out->route[out->nroutes++] = r;
	}
	return v->len > 0;
}

/* Where there are classless ones, routers are ignored (RFC 3442). */
static bool read_routes(const struct areas *in, struct dhcp_view *out)
{
	struct value v;

	if (!find(in, OPT_ROUTES, &v))
		return false;
	if (v.there)
		return read_classless(&v, out);
	if (!find(in, OPT_ROUTER, &v) || v.len % 4 || (v.there && !v.len))
		return false;
	if (v.there && load_be32(v.b))
		out->route[out->nroutes++] = (struct dhcp_route){.gateway = load_be32(v.b)};
	return true;
}

static bool read_client_id(const struct areas *in, struct dhcp_view *out)
{
	struct value v;

	if (!find(in, OPT_CLIENT_ID, &v))
		return false;
	out->has_client_id = v.there;
	if (v.len == DHCP_CLIENT_ID)
		memcpy(out->client_id, v.b, DHCP_CLIENT_ID);
	return true;
}

static bool read_text(const struct areas *in, struct dhcp_view *out)
{
	struct value v;
	size_t n = 0;

	if (!find(in, OPT_TEXT, &v))
		return false;
	for (; n < v.len && n < sizeof(out->text) - 1 && v.b[n]; n++)
		out->text[n] = v.b[n] >= ' ' && v.b[n] < 0x7f ? (char)v.b[n] : '?';
	out->text[n] = '\0';
	return true;
}

static bool read_type(const struct areas *in, uint8_t *type)
{
	struct value v;

	if (!find(in, OPT_TYPE, &v) || v.len != 1)
		return false;
	*type = v.b[0];
	return *type == DHCP_OFFER || *type == DHCP_ACK || *type == DHCP_NAK;
}

/* RFC 2131 table 3: what must be there. */
static bool is_whole(const struct dhcp_view *out, const struct value *lease)
{
	return out->server && (out->type == DHCP_NAK || (out->addr && lease->there));
}

enum nsk_drop dhcp_parse(const uint8_t *p, size_t len, struct dhcp_view *out)
{
	struct value lease;
	struct areas in;

	memset(out, 0, sizeof(*out));
	if (len < DHCP_FIXED || len > DHCP_MOST || p[0] != BOOT_REPLY || p[1] != HTYPE_ETHER ||
	    p[2] != ETH_MAC_LEN || load_be32(p + OFF_COOKIE) != COOKIE)
		return NSK_DROP_DHCP_MALFORMED;
	out->xid = load_be32(p + OFF_XID);
	out->addr = load_be32(p + OFF_YIADDR);
	memcpy(out->mac, p + OFF_CHADDR, ETH_MAC_LEN);
	if (!find_areas(p, len, &in) || !read_type(&in, &out->type) ||
	    !read_u32(&in, OPT_SERVER, &out->server) || !read_u32(&in, OPT_LEASE, &out->lease_s) ||
	    !find(&in, OPT_LEASE, &lease) || !read_u32(&in, OPT_T1, &out->t1_s) ||
	    !read_u32(&in, OPT_T2, &out->t2_s) || !read_mask(&in, &out->prefix_len) ||
	    !read_mtu(&in, &out->mtu) || !read_dns(&in, out) || !read_routes(&in, out) ||
	    !read_client_id(&in, out) || !read_text(&in, out) || !is_whole(out, &lease))
		return NSK_DROP_DHCP_MALFORMED;
	return NSK_DROP_NONE;
}

/* ---- messages to servers --------------------------------------------------------------------- */

static uint8_t *put(uint8_t *o, uint8_t code, uint8_t len, const void *value)
{
	o[0] = code;
	o[1] = len;
	memcpy(o + 2, value, len);
	return o + 2 + len;
}

static uint8_t *put_u32(uint8_t *o, uint8_t code, uint32_t value)
{
	uint8_t b[4];

	if (!value)
		return o;
	store_be32(b, value);
	return put(o, code, sizeof(b), b);
}

size_t dhcp_write(uint8_t *p, const struct dhcp_message *msg)
{
	/* RFC 3442: classless routes before routers. */
	static const uint8_t params[] = {OPT_MASK,  OPT_ROUTES, OPT_ROUTER, OPT_DNS, OPT_MTU,
					 OPT_LEASE, OPT_SERVER, OPT_T1,	    OPT_T2};
	static const uint8_t most[2] = {(DHCP_MOST + 28) >> 8, (DHCP_MOST + 28) & 255};
	bool asks = msg->type == DHCP_DISCOVER || msg->type == DHCP_REQUEST;
	uint8_t id[DHCP_CLIENT_ID] = {HTYPE_ETHER}, *o = p + DHCP_FIXED;
	size_t len;

	memset(p, 0, DHCP_SENT_MAX);
	p[0] = BOOT_REQUEST;
	p[1] = HTYPE_ETHER;
	p[2] = ETH_MAC_LEN;
	store_be32(p + OFF_XID, msg->xid);
	store_be16(p + OFF_SECS, msg->secs);
	store_be16(p + OFF_FLAGS, msg->broadcast ? BROADCAST : 0);
	store_be32(p + OFF_CIADDR, msg->addr);
	memcpy(p + OFF_CHADDR, msg->mac, ETH_MAC_LEN);
	store_be32(p + OFF_COOKIE, COOKIE);
	o = put(o, OPT_TYPE, 1, &msg->type);
	memcpy(id + 1, msg->mac, ETH_MAC_LEN);
	o = put(o, OPT_CLIENT_ID, sizeof(id), id);
	o = put_u32(o, OPT_ADDR, msg->asked);
	o = put_u32(o, OPT_SERVER, msg->server);
	if (asks) {
		o = put(o, OPT_PARAMS, sizeof(params), params);
		o = put(o, OPT_MAX_SIZE, sizeof(most), most);
	}
	*o++ = OPT_END;
	len = (size_t)(o - p);
	return len < DHCP_LEAST ? DHCP_LEAST : len;
}
