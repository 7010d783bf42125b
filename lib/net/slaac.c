/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stateless address autoconfiguration: addresses of the prefixes that routers tell of. RFC 4862
 * §5.5.3, §5.5.4; stable ones RFC 7217, or of the MAC (RFC 4291 appendix A); temporary ones RFC
 * 8981.
 */
#include <errno.h>
#include <string.h>

#include "base/siphash.h"
#include "mbuf/shared.h"
#include "net/addr.h"
#include "net/autoconf.h"
#include "net/net.h"

#define NS_PER_SEC	  UINT64_C(1000000000)
#define PREFIX_BITS	  64
#define TWO_HOURS_NS	  (7200 * NS_PER_SEC)
#define TEMP_VALID_NS	  (2 * 86400 * NS_PER_SEC) /* RFC 8981 §3.8 */
#define TEMP_PREFERRED_NS (86400 * NS_PER_SEC)
#define TEMP_ADVANCE_NS	  (5 * NS_PER_SEC) /* REGEN_ADVANCE */

static uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
	return !a_ns ? b_ns : !b_ns ? a_ns : NSK_MIN(a_ns, b_ns);
}

/* ---- identifiers ----------------------------------------------------------------------------- */

/* RFC 5453: of subnet-router anycast, of reserved anycast addresses. */
static bool is_reserved(uint64_t id)
{
	return id == 0 ||
	       (id >= UINT64_C(0xfdffffffffffff80) && id <= UINT64_C(0xfdffffffffffffff)) ||
	       id >> 24 == UINT64_C(0x02005efffe);
}

/* RFC 7217 §5: the same each time that the link has this prefix, and another one on each link. */
static uint64_t stable_id(const struct nsk_worker *w, const struct iface *ifc,
			  const struct auto_prefix *x)
{
	const struct siphash_key key = shared_key(w->shared, SHARED_SLAAC);
	struct {
		uint8_t prefix[8], mac[6], conflicts, tries;
	} of = {.conflicts = x->conflicts};
	uint64_t id;

	memcpy(of.prefix, x->prefix.addr.b, sizeof(of.prefix));
	memcpy(of.mac, ifc->mac.b, sizeof(of.mac));
	do {
		id = siphash24(&key, &of, sizeof(of));
		of.tries++;
	} while (is_reserved(id));
	return id;
}

static uint64_t temporary_id(struct nsk_worker *w)
{
	uint64_t id;

	do
		id = rng_u64(&w->rng);
	while (is_reserved(id));
	return id;
}

static uint64_t choose_id(const struct nsk_worker *w, const struct iface *ifc,
			  const struct auto_prefix *x)
{
	const struct ip_addr of_mac = iface_link_local(ifc);

	return SETTING(w->set, ipv6_addr_gen) == IPV6_ADDR_GEN_EUI64 ? load_be64(of_mac.b + 8)
								     : stable_id(w, ifc, x);
}

static struct ip_addr address_of(const struct auto_prefix *x, uint64_t id)
{
	struct ip_addr a = x->prefix.addr;

	store_be64(a.b + 8, id);
	return a;
}

/* ---- stable addresses ------------------------------------------------------------------------ */

/* What others kept from being done is done soon. */
static int soon(struct nsk_worker *w, const struct iface *ifc, int rc)
{
	if (rc == -EAGAIN)
		w->net->autoconf[ifc->index]->again = true;
	return rc;
}

static int add(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr, uint8_t flags,
	       uint64_t preferred_ns, uint64_t valid_ns)
{
	const struct addr_spec spec = {
		.prefix = {.addr = *addr, .len = PREFIX_BITS},
		.flags = (uint8_t)(IFACE_ADDR_AUTO | IFACE_ADDR_DYNAMIC | flags),
		.preferred_ns = preferred_ns,
		.valid_ns = valid_ns,
	};

	return soon(w, ifc, addr_add(w, ifc, &spec, ADDR_IN_TURN));
}

/* False: not yet. */
static bool del(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr)
{
	const struct ip_prefix prefix = {.addr = *addr, .len = PREFIX_BITS};

	return soon(w, ifc, addr_del(w, ifc, &prefix, ADDR_IN_TURN)) != -EAGAIN;
}

static void make_stable(struct nsk_worker *w, struct iface *ifc, struct auto_prefix *x)
{
	const struct ip_addr addr = address_of(x, choose_id(w, ifc, x));
	int rc = add(w, ifc, &addr, 0, x->preferred_ns, x->valid_ns);

	x->unmade = rc == -EAGAIN;
	if (rc == 0)
		x->addr = addr;
}

/* RFC 4862 §5.5.3 (e): nobody can end an address at once, by a word that he may have no right to
 * say; within two hours he can. */
static uint64_t valid_until(const struct nsk_worker *w, const struct iface_addr *a,
			    uint32_t valid_s)
{
	uint64_t told_ns = autoconf_end(w, valid_s);
	uint64_t have_ns = __atomic_load_n(&a->valid_ns, __ATOMIC_RELAXED);
	uint64_t two_ns = w->now_ns + TWO_HOURS_NS;

	if (!told_ns || told_ns > two_ns || (have_ns && told_ns > have_ns))
		return told_ns;
	return have_ns && have_ns <= two_ns ? have_ns : two_ns;
}

static uint64_t preferred_until(const struct nsk_worker *w, uint32_t preferred_s, uint64_t valid_ns)
{
	uint64_t at_ns = autoconf_end(w, preferred_s);

	return earlier(at_ns, valid_ns);
}

/* RFC 8981 §3.4: none longer than the prefix, nor than such may be. */
static void renew_temps(struct iface *ifc, struct auto_prefix *x)
{
	for (unsigned i = 0; i < AUTO_TEMPS; i++) {
		const struct auto_temp *t = &x->temp[i];

		if (t->addr.family)
			addr_set_lifetimes(ifc, &t->addr, earlier(x->preferred_ns, t->preferred_ns),
					   earlier(x->valid_ns, t->made_ns + TEMP_VALID_NS));
	}
}

void slaac_heard(struct nsk_worker *w, struct iface *ifc, struct auto_prefix *x,
		 const struct ra_prefix *p)
{
	struct iface_addr *a = x->addr.family ? iface_have_addr(ifc, &x->addr) : NULL;

	if (p->preferred_s > p->valid_s || p->len != PREFIX_BITS)
		return;
	if (!a) {
		if (p->valid_s == 0)
			return;
		x->valid_ns = autoconf_end(w, p->valid_s);
		x->preferred_ns = preferred_until(w, p->preferred_s, x->valid_ns);
		if (x->conflicts <= AUTO_CONFLICTS_MAX)
			make_stable(w, ifc, x);
		return;
	}
	x->valid_ns = valid_until(w, a, p->valid_s);
	x->preferred_ns = preferred_until(w, p->preferred_s, x->valid_ns);
	addr_set_lifetimes(ifc, &x->addr, x->preferred_ns, x->valid_ns);
	renew_temps(ifc, x);
}

/* RFC 7217 §6: another one in place of one that another station has, some times. */
static void look_for_conflict(struct nsk_worker *w, struct iface *ifc, struct auto_prefix *x)
{
	const struct iface_addr *a = x->addr.family ? iface_have_addr(ifc, &x->addr) : NULL;
	bool made_of_mac = SETTING(w->set, ipv6_addr_gen) == IPV6_ADDR_GEN_EUI64;

	if (!a || iface_addr_state(a) != IFACE_ADDR_DUPLICATE || made_of_mac ||
	    x->conflicts >= AUTO_CONFLICTS_MAX || !del(w, ifc, &x->addr))
		return;
	x->addr.family = 0;
	x->conflicts++;
	make_stable(w, ifc, x);
}

/* ---- temporary addresses --------------------------------------------------------------------- */

static struct iface_addr *addr_of(struct iface *ifc, const struct auto_temp *t)
{
	return t->addr.family ? iface_have_addr(ifc, &t->addr) : NULL;
}

/* RFC 8981 §3.4 (6): one that is another's goes; after so many in a row no more are made. */
static void drop_duplicates(struct nsk_worker *w, struct iface *ifc, struct auto_prefix *x)
{
	char text[IP_PREFIX_STRLEN];

	for (unsigned i = 0; i < AUTO_TEMPS; i++) {
		const struct iface_addr *a = addr_of(ifc, &x->temp[i]);

		if (!a || iface_addr_state(a) != IFACE_ADDR_DUPLICATE ||
		    !del(w, ifc, &x->temp[i].addr))
			continue;
		x->temp[i].addr.family = 0;
		x->temp_ns = w->now_ns;
		if (++x->temp_conflicts == AUTO_CONFLICTS_MAX)
			LOG_RATE(w->log, &w->net->log_rate, w->now_ns, NSK_LOG_ERR, "nd",
				 "%s: other stations have %d temporary addresses of %s in a row: "
				 "no more are made until the link returns",
				 ifc->name, AUTO_CONFLICTS_MAX,
				 ip_prefix_format(&x->prefix, text, sizeof(text)));
	}
}

static struct auto_temp *vacant_temp(struct iface *ifc, struct auto_prefix *x)
{
	for (unsigned i = 0; i < AUTO_TEMPS; i++)
		if (!addr_of(ifc, &x->temp[i]))
			return &x->temp[i];
	return NULL;
}

/* One that is another's, and is not gone yet, is none. */
static bool has_temp(struct iface *ifc, const struct auto_prefix *x)
{
	for (unsigned i = 0; i < AUTO_TEMPS; i++) {
		const struct iface_addr *a = addr_of(ifc, &x->temp[i]);

		if (a && iface_addr_state(a) != IFACE_ADDR_DUPLICATE)
			return true;
	}
	return false;
}

/* Whether the link was asked about the one that was made last, and nobody has it. */
static bool is_sure(struct iface *ifc, const struct auto_prefix *x)
{
	const struct iface_addr *a = addr_of(ifc, &x->temp[x->temp_last]);

	return a && iface_addr_valid(a);
}

/* RFC 8981 §3.4, §3.6: the next one comes shortly before the present one is deprecated. */
static void make_temp(struct nsk_worker *w, struct iface *ifc, struct auto_prefix *x)
{
	uint64_t most_ns = TEMP_PREFERRED_NS - rng_below(&w->rng, 34560) * NS_PER_SEC;
	uint64_t preferred_ns = earlier(x->preferred_ns, w->now_ns + most_ns);
	struct auto_temp *t = vacant_temp(ifc, x);

	if (is_sure(ifc, x))
		x->temp_conflicts = 0;
	if (!t || preferred_ns <= w->now_ns + TEMP_ADVANCE_NS ||
	    x->temp_conflicts >= AUTO_CONFLICTS_MAX)
		return;
	*t = (struct auto_temp){.addr = address_of(x, temporary_id(w)),
				.made_ns = w->now_ns,
				.preferred_ns = w->now_ns + most_ns};
	if (add(w, ifc, &t->addr, IFACE_ADDR_TEMPORARY, preferred_ns,
		earlier(x->valid_ns, w->now_ns + TEMP_VALID_NS)) == 0)
		x->temp_ns = w->now_ns + most_ns - TEMP_ADVANCE_NS;
	else
		t->addr.family = 0;
	x->temp_last = (uint8_t)(t - x->temp);
}

/* ---- with time ------------------------------------------------------------------------------- */

bool slaac_has(struct iface *ifc, const struct auto_prefix *x)
{
	return x->unmade || (x->addr.family && iface_have_addr(ifc, &x->addr)) || has_temp(ifc, x);
}

uint64_t slaac_run(struct nsk_worker *w, struct iface *ifc, struct auto_prefix *x)
{
	const struct iface_addr *a;

	look_for_conflict(w, ifc, x);
	if (x->unmade)
		make_stable(w, ifc, x);
	drop_duplicates(w, ifc, x);
	a = x->addr.family ? iface_have_addr(ifc, &x->addr) : NULL;
	if (!a || !SETTING(w->set, ipv6_temporary))
		return UINT64_MAX;
	if (w->now_ns >= x->temp_ns || !has_temp(ifc, x))
		make_temp(w, ifc, x);
	return x->temp_ns > w->now_ns ? x->temp_ns : UINT64_MAX;
}
