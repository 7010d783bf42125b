/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcp/urgent.c: which segments have an urgent pointer, and which. RFC 9293 §3.8.5. */
#include "tcp_world.h"

#include "tcp/urgent.h"

/* A connection that has sent up to nxt, and queued octets up to up, all of which are urgent. */
static struct tcp_conn *urgent_conn(struct net_world *world, uint32_t una, uint32_t nxt,
				    uint32_t up)
{
	struct tcp_conn *c = fresh(world);

	c->snd_una = una;
	c->snd_nxt = nxt;
	c->snd_end = up;
	assert_non_null(conn_ext(&world->w, c));
	urgent_queued(c);
	return c;
}

static void drop(struct net_world *world, struct tcp_conn *c)
{
	conn_free(&world->w, c);
}

static void pointer_is_behind_the_last_octet_queued(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = urgent_conn(world, 1000, 1000, 1010);

	assert_int_equal(urgent_pointer(c, 1000), 10);
	assert_int_equal(urgent_pointer(c, 1009), 1);
	assert_int_equal(urgent_pointer(c, 999), 11); /* a probe */
	drop(world, c);
}

static void segments_behind_it_have_none(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = urgent_conn(world, 1000, 1000, 1010);

	assert_int_equal(urgent_pointer(c, 1010), 0);
	assert_int_equal(urgent_pointer(c, 1011), 0);
	assert_int_equal(urgent_pointer(c, 1010 + (1u << 31)), 0);
	drop(world, c);
}

static void none_has_one_once_it_is_acknowledged(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = urgent_conn(world, 1000, 1010, 1010);

	c->snd_una = 1009;
	assert_int_equal(urgent_pointer(c, 1009), 1);
	c->snd_una = 1010;
	assert_int_equal(urgent_pointer(c, 1009), 0); /* a keepalive probe */
	drop(world, c);
}

static void numbers_wrap(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = urgent_conn(world, UINT32_MAX - 4, UINT32_MAX - 4, 5);

	assert_int_equal(urgent_pointer(c, UINT32_MAX - 4), 10);
	assert_int_equal(urgent_pointer(c, 0), 5);
	assert_int_equal(urgent_pointer(c, 5), 0);
	drop(world, c);
}

/* That it is far is told, unless what was sent since will say where. */
static void pointer_reaches_65535_octets(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = urgent_conn(world, 0, 20000, 200000);

	assert_int_equal(urgent_pointer(c, 200000 - 65535), 65535);
	assert_int_equal(urgent_pointer(c, 200000 - 65536), 65535);
	assert_int_equal(urgent_pointer(c, 20000), 65535);
	assert_int_equal(urgent_pointer(c, 0), 65535);
	c->snd_nxt = 65534;
	assert_int_equal(urgent_pointer(c, 0), 65535);
	c->snd_nxt = 65535;
	assert_int_equal(urgent_pointer(c, 0), 0);
	assert_int_equal(urgent_pointer(c, 1), 65535);
	drop(world, c);
}

static void nothing_urgent_nothing_to_pay(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = urgent_conn(world, 1000, 1000, 1010);

	assert_true(c->loss.unusual != 0);
	urgent_forget(c);
	assert_int_equal(c->loss.unusual, 0);
	assert_false(urgent_sends(c));
	drop(world, c);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, tw_setup, tw_teardown)
	const struct CMUnitTest tests[] = {
		T(pointer_is_behind_the_last_octet_queued),
		T(segments_behind_it_have_none),
		T(none_has_one_once_it_is_acknowledged),
		T(numbers_wrap),
		T(pointer_reaches_65535_octets),
		T(nothing_urgent_nothing_to_pay),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
