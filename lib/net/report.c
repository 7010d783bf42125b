/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is to be told of groups, and when; see report.h. RFC 3376 §5.1, RFC 3810 §6.1; of older
 * versions RFC 2236 §3, RFC 2710 §4.
 */
#include "net/report.h"

#include "base/mem.h"
#include "net/group.h"
#include "net/net.h"
#include "net/tx.h"
#include "wire/nd.h"

#define NS_PER_MS UINT64_C(1000000)
#define AGAIN_NS  NS_PER_MS /* where the table was being changed, or memory was short */

/* ---- groups ---------------------------------------------------------------------------------- */

static struct list_node *bucket_of(struct report_side *side, const struct ip_addr *addr)
{
	size_t last = ip_addr_len(addr) - 1;

	return &side->bucket[(addr->b[last] ^ addr->b[last - 1]) % REPORT_BUCKETS];
}

struct report_group *report_find(const struct report_side *side, const struct ip_addr *addr)
{
	struct list_node *n, *head = bucket_of((struct report_side *)side, addr);

	NSK_LIST_FOREACH(n, head) {
		struct report_group *g = NSK_LIST_ENTRY(n, struct report_group, link);

		if (ip_addr_eq(&g->addr, addr))
			return g;
	}
	return NULL;
}

static struct report_group *make_group(struct nsk_worker *w, struct report_side *side,
				       const struct ip_addr *addr)
{
	struct report_group *g = mem_zalloc(w->mem, sizeof(*g));

	if (!g)
		return NULL;
	g->addr = *addr;
	list_add_tail(bucket_of(side, addr), &g->link);
	return g;
}

static void free_group(struct nsk_worker *w, struct report_group *g)
{
	list_del(&g->link);
	if (g->source)
		mem_free(w->mem, g->source, REPORT_SOURCES_MAX * sizeof(*g->source));
	if (g->asked)
		mem_free(w->mem, g->asked, REPORT_ASKED_MAX * sizeof(*g->asked));
	mem_free(w->mem, g, sizeof(*g));
}

bool report_is_joined(const struct report_group *g)
{
	for (unsigned i = 0; i < g->nsources; i++)
		if (g->source[i].in)
			return true;
	return g->exclude;
}

/* Nothing is to be told of changes any more. */
static void forget_changes(struct report_group *g)
{
	unsigned n = 0;

	g->left = 0;
	g->change_ns = 0;
	for (unsigned i = 0; i < g->nsources; i++) {
		if (!g->source[i].in)
			continue;
		g->source[n] = g->source[i];
		g->source[n++].left = 0;
	}
	g->nsources = (uint16_t)n;
}

void report_cancel(struct nsk_worker *w, struct report_side *side)
{
	struct report_group *g;

	side->general_ns = 0;
	REPORT_FOREACH(side, g)
	{
		forget_changes(g);
		g->answer_ns = 0;
		g->nasked = 0;
		if (!g->wanted)
			free_group(w, g);
	}
}

/* ---- sides ----------------------------------------------------------------------------------- */

struct report_side *report_side_of(struct nsk_worker *w, struct iface *ifc, uint8_t family)
{
	const struct report_kind *kind = &report_kinds[family == AF_INET6];
	struct report_side **place = &w->net->report[ifc->index][family == AF_INET6];

	if (*place)
		return *place;
	*place = mem_zalloc_apart(w->mem, sizeof(**place));
	if (!*place)
		return NULL;
	(*place)->kind = kind;
	(*place)->ifc = ifc;
	(*place)->version = kind->newest;
	(*place)->up = tx_may_send(ifc);
	for (unsigned i = 0; i < REPORT_BUCKETS; i++)
		list_init(&(*place)->bucket[i]);
	return *place;
}

void report_fini(struct nsk_worker *w)
{
	for (unsigned i = 0; i < IFACE_MAX * REPORT_FAMILIES; i++) {
		struct report_side *side = w->net->report[i / REPORT_FAMILIES][i % REPORT_FAMILIES];
		struct report_group *g;

		if (!side)
			continue;
		REPORT_FOREACH(side, g)
		free_group(w, g);
		mem_free(w->mem, side, sizeof(*side));
	}
}

uint8_t report_robustness(const struct nsk_worker *w, const struct report_side *side)
{
	if (side->robustness)
		return side->robustness;
	return (uint8_t)(side->kind->family == AF_INET6 ? SETTING(w->set, mld_robustness)
							: SETTING(w->set, igmp_robustness));
}

uint64_t report_pick(struct nsk_worker *w, uint32_t most_ms)
{
	return w->now_ns + 1 + rng_u64(&w->rng) % (NSK_MAX(most_ms, 1u) * NS_PER_MS);
}

/* ---- changes --------------------------------------------------------------------------------- */

/* Room for senders. False: there is none, and never were any. */
static bool has_list(struct nsk_worker *w, struct report_group *g)
{
	if (!g->source)
		g->source = mem_zalloc(w->mem, REPORT_SOURCES_MAX * sizeof(*g->source));
	return g->source != NULL;
}

static struct report_source *source_of(const struct report_group *g, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < g->nsources; i++)
		if (ip_addr_eq(&g->source[i].addr, addr))
			return &g->source[i];
	return NULL;
}

/* One that is not in the list. Who is no more in it and has been told so gives up his place. */
static void add_source(struct report_group *g, const struct ip_addr *addr, uint8_t left)
{
	struct report_source *s = NULL;

	for (unsigned i = 0; !s && g->nsources == REPORT_SOURCES_MAX && i < g->nsources; i++)
		if (!g->source[i].in)
			s = &g->source[i];
	if (!s)
		s = &g->source[g->nsources++];
	*s = (struct report_source){.addr = *addr, .in = true, .left = left};
}

static bool is_among(const struct ip_addr *addr, const struct ip_addr *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (ip_addr_eq(&list[i], addr))
			return true;
	return false;
}

/* What a group is to be. */
struct wish {
	bool exclude;
	unsigned count;
	const struct ip_addr *source;
};

/* Who came into the list and who left it; true: there are such. */
static bool change_list(struct report_group *g, const struct wish *wish, uint8_t robustness)
{
	bool changed = false;

	for (unsigned i = 0; i < g->nsources; i++) {
		struct report_source *s = &g->source[i];

		if (!s->in || is_among(&s->addr, wish->source, wish->count))
			continue;
		s->in = false;
		s->left = robustness;
		changed = true;
	}
	for (unsigned i = 0; i < wish->count; i++) {
		struct report_source *s = source_of(g, &wish->source[i]);

		if (s && s->in)
			continue;
		if (s)
			*s = (struct report_source){
				.addr = s->addr, .in = true, .left = robustness};
		else
			add_source(g, &wish->source[i], robustness);
		changed = true;
	}
	return changed;
}

/*
 * RFC 3376 §5.1: a change of the mode is told with the whole list, and so is a change of the list
 * while the mode's is still being told; else senders by themselves.
 */
static bool change_state(struct report_group *g, const struct wish *wish, uint8_t robustness)
{
	bool mode = g->exclude != wish->exclude, list = change_list(g, wish, robustness);

	if (mode || (list && g->left)) {
		g->exclude = wish->exclude;
		forget_changes(g);
		g->left = robustness;
	}
	return mode || list;
}

static bool set_state(struct nsk_worker *w, struct report_side *side, struct report_group *g,
		      const struct wish *wish)
{
	bool joined = report_is_joined(g);

	if (wish->count && !has_list(w, g))
		return false;
	if (!change_state(g, wish, report_robustness(w, side)))
		return true;
	g->change_ns = w->now_ns;
	if (side->version < side->kind->newest) { /* which knows no senders */
		forget_changes(g);
		if (joined != report_is_joined(g)) {
			g->left = joined ? 1 : report_robustness(w, side);
			g->change_ns = w->now_ns;
		}
	}
	if (!side->up)
		forget_changes(g);
	return true;
}

/* The interface can speak, or has a name to speak by: all of it, as if it had just come. */
static void tell_all(struct nsk_worker *w, struct report_side *side)
{
	uint8_t robustness = report_robustness(w, side);
	struct report_group *g;

	report_cancel(w, side);
	REPORT_FOREACH(side, g)
	{
		g->change_ns = w->now_ns;
		if (g->exclude || side->version < side->kind->newest)
			g->left = robustness;
		for (unsigned i = 0; !g->left && i < g->nsources; i++)
			g->source[i].left = robustness;
	}
}

/* ---- what is listened to --------------------------------------------------------------------- */

struct look {
	struct nsk_worker *w;
	bool again; /* memory was short */
};

/* All hosts' group is nobody's to report (RFC 3376 §6, RFC 3810 §6), nor are groups that do not
 * leave a node. */
static bool is_silent(const struct report_kind *kind, const struct ip_addr *group)
{
	return ip_addr_eq(group, &kind->all_hosts) ||
	       (kind->family == AF_INET6 && (group->b[1] & 15) <= 1);
}

static void want(struct look *look, struct iface *ifc, const struct ip_addr *group,
		 const struct wish *wish)
{
	struct report_side *side;
	struct report_group *g;

	if (ifc->loopback)
		return;
	side = report_side_of(look->w, ifc, group->family);
	if (!side || is_silent(side->kind, group)) {
		look->again |= !side;
		return;
	}
	g = report_find(side, group);
	if (!g)
		g = make_group(look->w, side, group);
	if (!g || g->seen) {
		look->again |= !g;
		return;
	}
	g->wanted = g->seen = true;
	look->again |= !set_state(look->w, side, g, wish);
}

static bool want_joined(void *arg, const struct group_state *state)
{
	const struct wish wish = {
		.exclude = state->exclude, .count = state->count, .source = state->source};
	struct look *look = arg;

	want(look, look->w->net->snap->iface[state->iface], &state->group, &wish);
	return true;
}

static void want_all(struct look *look, struct iface *ifc, const struct ip_addr *group)
{
	static const struct wish all = {.exclude = true};

	want(look, ifc, group, &all);
}

static void want_solicited(struct look *look, struct iface *ifc, const struct ip_addr *addr)
{
	struct ip_addr group = {.family = AF_INET6};

	nd_solicited_node(group.b, addr->b);
	want_all(look, ifc, &group);
}

/* What nd_listens() listens to: each address's solicited-node group (RFC 4862 §5.4.2), also of one
 * that is still asked for; of a router, routers' groups and anycast addresses. */
static void want_own(struct look *look, struct iface *ifc)
{
	static const struct ip_addr routers[2] = {
		{.b = {0xff, 2, [15] = 2}, .family = AF_INET6},
		{.b = {0xff, 5, [15] = 2}, .family = AF_INET6},
	};
	bool router = SETTING(look->w->set, ipv6_forward), six = false;

	for (unsigned i = 0; i < iface_naddrs(ifc); i++) {
		const struct iface_addr *a = &ifc->addrs[i];
		const struct ip_addr anycast = iface_addr_anycast(a);

		if (!iface_addr_there(a) || a->addr.family != AF_INET6)
			continue;
		six = true;
		want_solicited(look, ifc, &a->addr);
		if (router && anycast.family)
			want_solicited(look, ifc, &anycast);
	}
	for (unsigned i = 0; router && six && i < NSK_ARRAY_LEN(routers); i++)
		want_all(look, ifc, &routers[i]);
}

static void begin_look(struct report_side *side)
{
	struct report_group *g;

	REPORT_FOREACH(side, g)
	g->seen = false;
}

/* Who is wanted no more leaves. */
static void end_look(struct nsk_worker *w, struct report_side *side)
{
	static const struct wish nothing = {.exclude = false};
	struct report_group *g;

	REPORT_FOREACH(side, g)
	{
		if (g->seen || !g->wanted)
			continue;
		g->wanted = false;
		g->answer_ns = 0;
		set_state(w, side, g, &nothing);
		if (!g->change_ns)
			free_group(w, g);
	}
}

static void each_side(struct nsk_worker *w,
		      void (*fn)(struct nsk_worker *w, struct report_side *side))
{
	for (unsigned i = 0; i < IFACE_MAX * REPORT_FAMILIES; i++) {
		struct report_side *side = w->net->report[i / REPORT_FAMILIES][i % REPORT_FAMILIES];

		if (side)
			fn(w, side);
	}
}

static void begin_look_at(struct nsk_worker *w, struct report_side *side)
{
	(void)w;
	begin_look(side);
}

/* True: all that there is was seen. */
static bool look_at_all(struct nsk_worker *w)
{
	struct look look = {.w = w};
	uint32_t cursor = 0;

	each_side(w, begin_look_at);
	for (unsigned i = 0; i < w->net->snap->nifaces; i++)
		want_own(&look, w->net->snap->iface[i]);
	if (!group_each(w, &cursor, want_joined, &look))
		return false;
	each_side(w, end_look);
	return !look.again;
}

/* ---- time ------------------------------------------------------------------------------------ */

/* RFC 3590 §4: what was said without an address of ours is said again when there is one. */
static void take_name(struct nsk_worker *w, struct report_side *side)
{
	const struct iface_addr *a;
	struct ip_addr own;

	if (side->named)
		return;
	if (side->kind->family == AF_INET6) {
		a = net_link_local(side->ifc, &own) ? iface_find_addr(side->ifc, &own) : NULL;
		if (!a || !iface_addr_valid(a))
			return;
	}
	side->named = true;
	if (side->unnamed_sent)
		tell_all(w, side);
	side->unnamed_sent = false;
}

static void speak(struct nsk_worker *w, struct report_side *side, uint8_t version)
{
	if (version == side->version)
		return;
	report_cancel(w, side);
	side->version = version;
}

/* An interface comes up, to a link that may be another: nothing is known of its querier. */
static void set_up(struct nsk_worker *w, struct report_side *side, bool up)
{
	if (up == side->up)
		return;
	side->up = up;
	side->named = side->unnamed_sent = false;
	side->robustness = 0;
	side->interval_s = 0;
	memset(side->old_end_ns, 0, sizeof(side->old_end_ns));
	if (up)
		tell_all(w, side);
	else
		report_cancel(w, side);
}

static uint64_t sooner(uint64_t next, uint64_t at_ns)
{
	return at_ns && at_ns < next ? at_ns : next;
}

/* The earliest thing to do of groups: *change and *answer, UINT64_MAX: none. */
static void next_of_groups(const struct report_side *side, uint64_t *change, uint64_t *answer)
{
	struct report_group *g;

	*change = *answer = UINT64_MAX;
	REPORT_FOREACH(side, g)
	{
		*change = sooner(*change, g->change_ns);
		*answer = sooner(*answer, g->answer_ns);
	}
}

/* What was told often enough of a group that is not wanted any more is over. */
static void sweep(struct nsk_worker *w, struct report_side *side)
{
	struct report_group *g;

	REPORT_FOREACH(side, g)
	if (!g->wanted && !g->change_ns)
		free_group(w, g);
}

static uint64_t run_side(struct nsk_worker *w, struct report_side *side)
{
	uint64_t next = UINT64_MAX, change, answer;

	set_up(w, side, tx_may_send(side->ifc));
	if (!side->up)
		return UINT64_MAX;
	speak(w, side, report_version(w, side, &next));
	take_name(w, side);
	next_of_groups(side, &change, &answer);
	if (w->now_ns >= change) {
		report_send_changes(w, side);
		sweep(w, side);
	}
	if (side->general_ns && w->now_ns >= side->general_ns)
		report_send_all(w, side);
	if (w->now_ns >= answer)
		report_send_answers(w, side);
	next_of_groups(side, &change, &answer);
	return NSK_MIN(sooner(next, side->general_ns), NSK_MIN(change, answer));
}

/* Whether what is listened to may be other than it was told. */
static bool has_changed(struct nsk_worker *w, uint32_t *groups, uint32_t *addresses)
{
	*groups = group_changes(w);
	*addresses = __atomic_load_n(&w->net->snap->addresses, __ATOMIC_ACQUIRE);
	return !w->net->reported || *groups != w->net->reported_groups ||
	       *addresses != w->net->reported_addresses;
}

/* Ports that start know nothing; all of them learn what has changed. */
static void tell_ports(struct nsk_worker *w, bool changed)
{
	const struct net_snapshot *snap = w->net->snap;

	for (unsigned i = 0; i < snap->nifaces; i++) {
		uint32_t bit = UINT32_C(1) << i;
		bool runs = iface_running(snap->iface[i]);

		if (runs && (changed || !(w->net->listening & bit)))
			listen_tell(w, snap->iface[i]);
		w->net->listening = (w->net->listening & ~bit) | (runs ? bit : 0);
	}
}

uint64_t report_run(struct nsk_worker *w)
{
	uint64_t next = UINT64_MAX;
	uint32_t groups, addresses;

	bool changed = has_changed(w, &groups, &addresses);

	if (changed) {
		w->net->reported = look_at_all(w);
		w->net->reported_groups = groups;
		w->net->reported_addresses = addresses;
		if (!w->net->reported)
			next = w->now_ns + AGAIN_NS;
	}
	tell_ports(w, changed);
	for (unsigned i = 0; i < IFACE_MAX * REPORT_FAMILIES; i++) {
		struct report_side *side = w->net->report[i / REPORT_FAMILIES][i % REPORT_FAMILIES];

		if (side)
			next = NSK_MIN(next, run_side(w, side));
	}
	return next;
}

void report_soon(struct nsk_worker *w)
{
	if (w->id != 0 && w->ops->tick)
		w->ops->tick(w);
	else if (w->id == 0 && w->net)
		net_tick_by(w, w->now_ns);
}
