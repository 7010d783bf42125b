/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/autoconf.c, slaac.c: what routers and neighbours cannot do, and what is left alone. */
#include "net_routers.h"

#include <pthread.h>

#include "net/addr.h"

static unsigned lines; /* of the log */
static char last_line[512];

static void note_line(void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	(void)arg;
	(void)level;
	(void)module;
	snprintf(last_line, sizeof(last_line), "%s", text);
	lines++;
}

static struct log *listen_to_log(struct net_world *world)
{
	static struct log log;

	log_init(&log, NSK_LOG_WARN, note_line, NULL);
	world->w.log = &log;
	lines = 0;
	return &log;
}

/* ---- routes of others ------------------------------------------------------------------------ */

static struct route own_route(const char *dst, const char *gateway, uint32_t metric)
{
	struct route r = {.dst = nw_prefix(dst), .metric = metric, .origin = ROUTE_FROM_BOOT};

	if (gateway)
		r.gateway = nw6_addr(gateway);
	return r;
}

static void test_an_operators_equal_routes_stay(void **state)
{
	struct net_world *world = *state;
	const struct route def = own_route("::/0", R1, AUTO_ROUTE_METRIC),
			   net = own_route("2001:db8:a::/64", NULL, AUTO_SUBNET_METRIC);

	assert_int_equal(route_add(world->routes, &def), 0);
	assert_int_equal(route_add(world->routes, &net), 0);
	hear_prefix(world, 0xc0, 7200, 7200);
	begin_ra(0, 0);
	put_prefix(PREFIX, 64, 0x80, 0, 0);
	hear(world, R1);
	assert_by(world, FAR6, R1);
	assert_by(world, PREFIX "5", PREFIX "5");
	/* what was learnt goes in spite of it */
	hear_router(world, R2, 1800, 0x08);
	hear_router(world, R2, 0, 0x08);
	assert_int_equal(route_del(world->routes, &def), 0);
	assert_by(world, FAR6, NULL);
}

/* As Linux: whoever takes a route out that routers tell of has it again with the next word. */
static void test_what_somebody_took_out_comes_back_with_the_next_word(void **state)
{
	struct net_world *world = *state;
	const struct route def = own_route("::/0", R1, AUTO_ROUTE_METRIC),
			   net = own_route("2001:db8:a::/64", NULL, AUTO_SUBNET_METRIC);

	hear_prefix(world, 0xc0, 7200, 7200);
	assert_int_equal(route_del(world->routes, &def), 0);
	assert_int_equal(route_del(world->routes, &net), 0);
	net_tick(&world->w);
	assert_by(world, FAR6, NULL);
	hear_prefix(world, 0xc0, 7200, 7200);
	assert_by(world, FAR6, R1);
	assert_by(world, PREFIX "5", PREFIX "5");
}

/* ---- a full table ---------------------------------------------------------------------------- */

static unsigned adds;

static int counted_route(struct nsk_worker *w, const struct route *route, bool add)
{
	adds += add;
	return nw_route(w, route, add);
}

static void fill(struct net_world *world)
{
	char text[32];

	for (unsigned i = 0; route_count(world->routes) < 1024; i++) {
		struct route r;

		snprintf(text, sizeof(text), "172.16.%u.%u/32", i >> 8, i & 255);
		r = own_route(text, NULL, 0);
		assert_int_equal(route_add(world->routes, &r), 0);
	}
}

static void make_room(struct net_world *world, const char *dst)
{
	const struct route r = own_route(dst, NULL, 0);

	assert_int_equal(route_del(world->routes, &r), 0);
}

static void test_a_full_table_has_the_routes_when_there_is_room(void **state)
{
	struct net_world *world = *state;
	struct worker_ops ops = nw_ops;

	ops.route = counted_route;
	world->w.ops = &ops;
	listen_to_log(world);
	fill(world);
	adds = 0;
	hear_prefix(world, 0xc0, 7200, 7200);
	assert_by(world, FAR6, NULL);
	nw_pass(world, 60 * S);
	assert_in_range(adds, 2 * 12, 2 * 13); /* both of them, every 5 s */
	assert_int_equal(lines, 1);
	assert_non_null(strstr(last_line, "ip.routes"));
	make_room(world, "172.16.0.1/32");
	nw_pass(world, 5 * S);
	assert_by(world, FAR6, R1);
	make_room(world, "172.16.0.2/32");
	nw_pass(world, 5 * S);
	assert_by(world, PREFIX "5", PREFIX "5");
	adds = 0;
	nw_pass(world, 60 * S);
	assert_int_equal(adds, 0);
	world->w.ops = &nw_ops;
	world->w.log = NULL;
}

/* The default route's place is enough for another one. */
static void test_another_router_takes_over_in_a_full_table(void **state)
{
	struct net_world *world = *state;

	hear_router(world, R1, 1800, 0);
	fill(world);
	hear_router(world, R2, 1800, 0x08);
	assert_by(world, FAR6, R2);
	hear_router(world, R2, 0, 0);
	assert_by(world, FAR6, R1);
	assert_int_equal(route_count(world->routes), 1024);
}

/* ---- subnets --------------------------------------------------------------------------------- */

/* RFC 4291 §2.5.4, RFC 6177 §2: what is shorter than /48 is no link's. */
static void test_what_is_no_subnet_of_a_link_is_not_believed(void **state)
{
	static const struct {
		const char *prefix;
		uint8_t len;
		bool refused;
	} rows[] = {
		{"::", 0, true},	   {"2000::", 3, true},
		{"2001:db8::", 47, true},  {"ff02::", 64, true},
		{"::1", 128, true},	   {"::ffff:192.0.2.0", 120, true},
		{"2001:db8::", 48, false}, {"2001:db8::1", 128, false},
	};
	struct net_world *world = *state;
	unsigned refused = 0, before = route_count(world->routes);

	listen_to_log(world);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		begin_ra(0, 0);
		put_prefix(rows[i].prefix, rows[i].len, 0xc0, 7200, 7200);
		hear(world, R1);
		refused += rows[i].refused;
		before += !rows[i].refused;
		assert_int_equal(world->w.cnt[NSK_CNT_ND_PREFIXES_REFUSED], refused);
		assert_int_equal(route_count(world->routes), before);
		assert_int_equal(lines > 0, refused > 0);
	}
	world->w.log = NULL;
}

/* ---- routers --------------------------------------------------------------------------------- */

static void lose(struct net_world *world, const char *router)
{
	const struct ip_addr a = nw6_addr(router);

	autoconf_lost(&world->w, &world->ifc[0], &a);
	net_tick(&world->w);
}

static void test_a_newcomer_has_the_place_of_one_that_is_dead(void **state)
{
	struct net_world *world = *state;
	char text[16];

	for (unsigned i = 0; i < IFACE_ROUTERS; i++) {
		snprintf(text, sizeof(text), "fe80::%x", 0x100 + i);
		hear_router(world, text, 9000, 0);
	}
	hear_router(world, R1, 9000, 0x08); /* all places are taken, by who may live */
	assert_by(world, FAR6, "fe80::100");
	lose(world, "fe80::103"); /* another one than the chosen one */
	hear_router(world, R1, 9000, 0);
	assert_by(world, FAR6, "fe80::100");
	lose(world, "fe80::100");
	hear_router(world, R2, 9000, 0x08);
	assert_by(world, FAR6, R2);
	/* all of them dead: the chosen one's is the last to go */
	for (unsigned i = 1; i < IFACE_ROUTERS; i++) {
		snprintf(text, sizeof(text), "fe80::%x", 0x100 + i);
		lose(world, text);
	}
	lose(world, R1);
	lose(world, R2);
	hear_router(world, R3, 9000, 0);
	assert_by(world, FAR6, R3);
	hear_router(world, "fe80::77", 0, 0); /* is none: takes no place */
	assert_by(world, FAR6, R3);
}

/* ---- temporary addresses --------------------------------------------------------------------- */

static const struct iface_addr *temporary(const struct net_world *world)
{
	for (unsigned i = 0; i < iface_naddrs(&world->ifc[0]); i++) {
		const struct iface_addr *a = &world->ifc[0].addrs[i];

		if (iface_addr_there(a) && a->flags & IFACE_ADDR_TEMPORARY)
			return a;
	}
	return NULL;
}

/* Another station wants each temporary address. Returns how many there were, at most 20. */
static unsigned take_away(struct net_world *world)
{
	char text[IP_ADDR_STRLEN], group[IP_ADDR_STRLEN];
	const struct iface_addr *a;
	unsigned n = 0;

	while ((a = temporary(world)) && n < 20) {
		struct ip_addr g = ip_addr_any(AF_INET6);

		nd_solicited_node(g.b, a->addr.b);
		ip_addr_format(&a->addr, text, sizeof(text));
		ip_addr_format(&g, group, sizeof(group));
		nw6_solicit(world, "::", group, text, NULL);
		net_look_at_addresses(&world->w);
		net_tick(&world->w);
		net_look_at_addresses(&world->w);
		net_announce_new(&world->w, &world->ifc[0]);
		n++;
	}
	return n;
}

static void test_temporary_addresses_end_after_three_conflicts_rfc8981_3_4(void **state)
{
	struct net_world *world = *state;

	world->set.ipv6_dad = 1;
	world->set.ipv6_temporary = 1;
	listen_to_log(world);
	hear_prefix(world, 0xc0, 7 * 86400, 7 * 86400);
	assert_int_equal(take_away(world), AUTO_CONFLICTS_MAX);
	assert_non_null(strstr(last_line, "in a row"));
	lines = 0;
	nw_pass(world, 2 * 86400 * S);
	hear_prefix(world, 0xc0, 7 * 86400, 7 * 86400);
	assert_null(temporary(world));
	assert_int_equal(lines, 0);
	net_announce(&world->w, &world->ifc[0]); /* the link returned: perhaps another one */
	net_tick(&world->w);
	assert_non_null(temporary(world));
	world->w.log = NULL;
}

/* ---- others that change addresses ------------------------------------------------------------ */

/* A turn does not wait for a thread that has the lock, and does later what it could not. */
static void test_a_turn_waits_for_nobody(void **state)
{
	struct net_world *world = *state;
	pthread_mutex_t *lock = &world->with_peers.addr_lock;
	const struct autoconf *ac;
	struct dns_entry dns;
	uint8_t *o;

	pthread_mutex_init(lock, NULL);
	pthread_mutex_lock(lock);
	begin_ra(1800, 0);
	put_prefix(PREFIX, 64, 0xc0, 600, 600);
	o = option(ND_OPT_RDNSS, 3);
	store_be32(o + 4, 600);
	memcpy(o + 8, nw6_addr("2001:db8::53").b, 16);
	hear(world, R1);
	assert_by(world, FAR6, R1);
	assert_null(auto_addr(world, PREFIX, 0));
	nw_pass(world, 20);
	ac = world->w.net->autoconf[0];
	assert_false(ac->shown[0].used);
	pthread_mutex_unlock(lock);
	nw_pass(world, 2);
	assert_non_null(auto_addr(world, PREFIX, 0));
	assert_true(autoconf_dns(&world->w, &world->ifc[0], 0, &dns));
	pthread_mutex_lock(lock);
	nw_pass(world, 601 * S); /* their lifetimes end */
	assert_non_null(auto_addr(world, PREFIX, 0));
	pthread_mutex_unlock(lock);
	nw_pass(world, 2);
	assert_null(auto_addr(world, PREFIX, 0));
	assert_false(autoconf_dns(&world->w, &world->ifc[0], 0, &dns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_operators_equal_routes_stay),
		TEST(test_what_somebody_took_out_comes_back_with_the_next_word),
		TEST(test_a_full_table_has_the_routes_when_there_is_room),
		TEST(test_another_router_takes_over_in_a_full_table),
		TEST(test_what_is_no_subnet_of_a_link_is_not_believed),
		TEST(test_a_newcomer_has_the_place_of_one_that_is_dead),
		TEST(test_temporary_addresses_end_after_three_conflicts_rfc8981_3_4),
		TEST(test_a_turn_waits_for_nobody),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
