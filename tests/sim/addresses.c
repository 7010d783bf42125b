/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses that come and go while stacks run: who may use them when, what is said on the link,
 * what becomes of sockets. RFC 4862 §5.4, §5.5.4, RFC 5227 §2.1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "sim/world.h"

#define LISTED 64

static struct nsk_addr_info list[LISTED];

static const char *iface(struct world *world, unsigned h)
{
	static struct nsk_iface_info info;

	assert_int_equal(nsk_iface_info(world->host[h], 0, &info), 0);
	return info.name;
}

static void add(struct world *world, unsigned h, const char *cidr)
{
	assert_int_equal(
		nsk_addr_add(world->host[h], iface(world, h), cidr, NSK_FOREVER, NSK_FOREVER), 0);
}

static void del(struct world *world, unsigned h, const char *cidr)
{
	assert_int_equal(nsk_addr_del(world->host[h], iface(world, h), cidr), 0);
}

static int try_add(struct world *world, const char *name, const char *cidr, uint64_t preferred,
		   uint64_t valid)
{
	return nsk_addr_add(world->host[0], name, cidr, preferred, valid) ? -errno : 0;
}

static int try_del(struct world *world, const char *name, const char *cidr)
{
	return nsk_addr_del(world->host[0], name, cidr) ? -errno : 0;
}

/* What the list has of an address; NULL: nothing. */
static const struct nsk_addr_info *find(struct world *world, unsigned h, const char *cidr)
{
	int n = nsk_addr_list(world->host[h], list, LISTED);

	for (int i = 0; i < n; i++)
		if (strcmp(list[i].address, cidr) == 0)
			return &list[i];
	return NULL;
}

static struct sockaddr_storage name_of(const char *text, uint16_t port, socklen_t *len)
{
	struct sockaddr_storage ss = {0};
	struct sockaddr_in *sin = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;

	if (strchr(text, ':')) {
		*sin6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
		assert_int_equal(inet_pton(AF_INET6, text, &sin6->sin6_addr), 1);
		*len = sizeof(*sin6);
	} else {
		*sin = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
		assert_int_equal(inet_pton(AF_INET, text, &sin->sin_addr), 1);
		*len = sizeof(*sin);
	}
	return ss;
}

/* A UDP socket bound to an address; -errno. */
static int bound(struct world *world, unsigned h, const char *text, uint16_t port)
{
	socklen_t len;
	struct sockaddr_storage ss = name_of(text, port, &len);
	int fd;

	world_enter(world, h);
	fd = nsk_socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	if (nsk_bind(fd, (struct sockaddr *)&ss, len) == 0)
		return fd;
	nsk_close(fd);
	return -errno;
}

/* 1, or -errno. */
static int send_to(int fd, const char *text, uint16_t port)
{
	socklen_t len;
	struct sockaddr_storage ss = name_of(text, port, &len);
	int rc = (int)nsk_sendto(fd, "x", 1, 0, (struct sockaddr *)&ss, len);

	return rc < 0 ? -errno : rc;
}

/* Whether a datagram came, and from whom. */
static bool arrived(struct world *world, int fd, char *from, size_t size)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char byte;

	world_run(world, 3 * SEC, NULL, NULL);
	if (nsk_recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&ss, &len) != 1)
		return false;
	inet_ntop(ss.ss_family,
		  ss.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&ss)->sin_addr
					  : (void *)&((struct sockaddr_in6 *)&ss)->sin6_addr,
		  from, (socklen_t)size);
	return true;
}

static void pair(struct world *world, const char *const *settings, unsigned workers)
{
	world_pair(world, &(struct world_params){.seed = 9,
						 .six = true,
						 .settings = settings,
						 .wire = {.delay_ns = MS},
						 .workers = {workers, 1}});
	world_settle(world);
	world_run(world, 5 * SEC, NULL, NULL);
}

/* ---- coming and going ---- */

/* Of either family: an address that comes, and the other host's. */
static const char *const comes[] = {"10.0.0.9/24", "2001:db8::9/64"};
static const char *const comes_bare[] = {"10.0.0.9", "2001:db8::9"};
static const char *const there_already[] = {"10.0.0.2", "2001:db8::2"};

static void what_is_added_is_reached_at_once(void **state)
{
	struct world world;
	char from[64];

	(void)state;
	pair(&world, NULL, 3);
	for (unsigned i = 0; i < 2; i++) {
		int there = bound(&world, 1, there_already[i], 7), here;

		assert_int_equal(bound(&world, 0, comes_bare[i], 7), -EADDRNOTAVAIL);
		add(&world, 0, comes[i]);
		here = bound(&world, 0, comes_bare[i], 7);
		assert_true(here >= 0);
		assert_int_equal(send_to(here, there_already[i], 7), 1);
		assert_true(arrived(&world, there, from, sizeof(from)));
		assert_string_equal(from, comes_bare[i]);
		assert_int_equal(send_to(there, comes_bare[i], 7), 1);
		assert_true(arrived(&world, here, from, sizeof(from)));
		nsk_close(here);
		nsk_close(there);
	}
	world_end(&world);
}

/* As Linux: sockets stay, what they send goes nowhere. */
static void sockets_of_a_removed_address_stay(void **state)
{
	struct world world;
	char from[64];

	(void)state;
	pair(&world, NULL, 1);
	for (unsigned i = 0; i < 2; i++) {
		int there = bound(&world, 1, there_already[i], 7), here;

		add(&world, 0, comes[i]);
		here = bound(&world, 0, comes_bare[i], 7);
		assert_int_equal(send_to(here, there_already[i], 7), 1);
		assert_true(arrived(&world, there, from, sizeof(from)));
		del(&world, 0, comes[i]);
		assert_null(find(&world, 0, comes[i]));
		assert_int_equal(send_to(here, there_already[i], 7), -ENETUNREACH);
		assert_int_equal(bound(&world, 0, comes_bare[i], 8), -EADDRNOTAVAIL);
		assert_int_equal(send_to(there, comes_bare[i], 7), 1);
		assert_false(arrived(&world, here, from, sizeof(from)));
		add(&world, 0, comes[i]);
		assert_int_equal(send_to(here, there_already[i], 7), 1);
		assert_true(arrived(&world, there, from, sizeof(from)));
		assert_string_equal(from, comes_bare[i]);
		nsk_close(here);
		nsk_close(there);
	}
	world_end(&world);
}

/* What one has sent to oneself is on its way when the address goes. */
static void what_is_on_its_way_to_a_removed_address_of_ours_is_dropped(void **state)
{
	struct world world;
	char from[64];

	(void)state;
	pair(&world, NULL, 1);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t before = world_drops(&world, 0, NSK_DROP_IP_NOT_LOCAL);
		int here, own;

		add(&world, 0, comes[i]);
		here = bound(&world, 0, comes_bare[i], 7);
		own = bound(&world, 0, comes_bare[i], 8);
		assert_int_equal(send_to(own, comes_bare[i], 7), 1);
		assert_true(nsk_turn(world.host[0]) <= world.now_ns); /* it has left */
		del(&world, 0, comes[i]);
		assert_false(arrived(&world, here, from, sizeof(from)));
		assert_int_equal(world_drops(&world, 0, NSK_DROP_IP_NOT_LOCAL), before + 1);
		nsk_close(here);
		nsk_close(own);
	}
	world_end(&world);
}

/* A subnet is on-link while there is an address in it: by host 0's address alone both are reached.
 */
static void the_route_of_a_subnet_comes_and_goes_with_its_addresses(void **state)
{
	static const char *const ours[] = {"192.0.2.1/24", "2001:db8:5::1/64"};
	static const char *const more[] = {"192.0.2.3/24", "2001:db8:5::3/64"};
	static const char *const any[] = {"0.0.0.0", "::"};
	static const char *const peer[] = {"192.0.2.2", "2001:db8:5::2"};
	struct world world;

	(void)state;
	pair(&world, NULL, 2);
	for (unsigned i = 0; i < 2; i++) {
		int fd = bound(&world, 0, any[i], 9);

		assert_int_equal(send_to(fd, peer[i], 9), -ENETUNREACH);
		add(&world, 0, ours[i]);
		assert_int_equal(send_to(fd, peer[i], 9), 1);
		add(&world, 0, more[i]);
		del(&world, 0, ours[i]);
		assert_int_equal(send_to(fd, peer[i], 9), 1);
		del(&world, 0, more[i]);
		assert_int_equal(send_to(fd, peer[i], 9), -ENETUNREACH);
		assert_int_equal(try_add(&world, iface(&world, 0), ours[i], 5, 5), 0);
		assert_int_equal(send_to(fd, peer[i], 9), 1);
		world_run(&world, 6 * SEC, NULL, NULL); /* it goes by itself */
		assert_int_equal(send_to(fd, peer[i], 9), -ENETUNREACH);
		nsk_close(fd);
	}
	world_end(&world);
}

static void a_connection_outlives_its_address_being_away(void **state)
{
	struct world world;
	char text[5];
	int l, fd[2];

	(void)state;
	pair(&world, NULL, 1);
	world_connected(&world, 80, &l, fd);
	del(&world, 0, "10.0.0.1/24");
	add(&world, 0, "10.0.0.77/24"); /* so that there is a way, but not for it */
	world_send(&world, fd[0], "hello", 5);
	world_run(&world, 10 * SEC, NULL, NULL);
	assert_int_equal(nsk_recv(fd[1], text, 5, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	add(&world, 0, "10.0.0.1/24");
	world_recv(&world, fd[1], text, 5);
	assert_memory_equal(text, "hello", 5);
	nsk_close(fd[0]);
	nsk_close(fd[1]);
	nsk_close(l);
	world_run(&world, 3 * MINUTE, NULL, NULL);
	assert_true(world_all_closed(&world, 0));
	world_end(&world);
}

static void errors_are_those_of_rtnetlink(void **state)
{
	static const char *const bad[] = {
		"",	 "x",	       "10.0.0.0/24", "10.0.0.1/33", "224.0.0.1/24",
		"::/64", "ff02::5/64", "0.0.0.0/8",   "::1/128"};
	struct world world;
	const char *name;

	(void)state;
	pair(&world, NULL, 2);
	name = iface(&world, 0);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(try_add(&world, name, bad[i], NSK_FOREVER, NSK_FOREVER), -EINVAL);
	assert_int_equal(try_add(&world, "no such", "10.0.0.9/24", 1, 1), -ENODEV);
	assert_int_equal(try_add(&world, name, "10.0.0.9/24", 2, 1), -EINVAL);
	assert_int_equal(try_add(&world, name, "10.0.0.9/24", 0, 0), -EINVAL);
	assert_int_equal(try_add(&world, name, "10.0.0.1/24", 1, 1), -EEXIST);
	assert_int_equal(try_add(&world, NULL, "10.0.0.9/24", 1, 1), -EINVAL);
	assert_int_equal(try_del(&world, name, "10.0.0.9/24"), -EADDRNOTAVAIL);
	assert_int_equal(try_del(&world, name, "10.0.0.1/25"), -EADDRNOTAVAIL);
	assert_int_equal(try_del(&world, name, "10.0.0.1"), -EADDRNOTAVAIL);
	assert_int_equal(try_del(&world, "no such", "10.0.0.1/24"), -ENODEV);
	assert_int_equal(nsk_addr_list(NULL, list, 1), -1);
	/* Two of its own and the link-local one; 127.0.0.1 and ::1 are lo's. */
	assert_int_equal(nsk_addr_list(world.host[0], NULL, 0), 3 + 2);
	world_end(&world);
}

/* Places are used again when every worker has looked, never before: 32 are enough for thousands. */
static void places_are_used_again(void **state)
{
	struct world world;
	char cidr[32];

	(void)state;
	pair(&world, NULL, 3);
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(cidr, sizeof(cidr), "10.0.%u.%u/16", 1 + i / 200, 1 + i % 200);
		add(&world, 0, cidr);
		assert_non_null(find(&world, 0, cidr));
		del(&world, 0, cidr);
	}
	for (unsigned i = 3; i < 32; i++) {
		snprintf(cidr, sizeof(cidr), "10.0.1.%u/16", i);
		add(&world, 0, cidr);
	}
	assert_int_equal(try_add(&world, iface(&world, 0), "10.0.2.1/16", 1, 1), -ENOBUFS);
	del(&world, 0, "10.0.1.7/16");
	add(&world, 0, "10.0.2.1/16");
	world_run(&world, 5 * SEC, NULL, NULL);
	world_end(&world);
}

/* RFC 5227 §2.3, RFC 4861 §7.2.6. */
static void the_link_hears_of_a_new_address_twice(void **state)
{
	struct world world;
	uint64_t arp, adverts;

	(void)state;
	pair(&world, NULL, 1);
	arp = world_counter(&world, 0, NSK_CNT_ARP_REQUESTS_SENT);
	adverts = world_counter(&world, 0, NSK_CNT_ND_ADVERTS_SENT);
	add(&world, 0, "10.0.0.9/24");
	world_run(&world, 1900 * MS, NULL, NULL);
	assert_int_equal(world_counter(&world, 0, NSK_CNT_ARP_REQUESTS_SENT), arp + 1);
	world_run(&world, 200 * MS, NULL, NULL);
	assert_int_equal(world_counter(&world, 0, NSK_CNT_ARP_REQUESTS_SENT), arp + 2);
	add(&world, 0, "2001:db8::9/64");
	world_run(&world, MINUTE, NULL, NULL);
	assert_int_equal(world_counter(&world, 0, NSK_CNT_ARP_REQUESTS_SENT), arp + 2);
	assert_int_equal(world_counter(&world, 0, NSK_CNT_ND_ADVERTS_SENT), adverts + 1);
	world_end(&world);
}

/* RFC 4291 §2.6.1: the anycast address of its routers is a stack's while it is one. */
static void routers_of_a_subnet_are_reached_rfc4291_2_6_1(void **state)
{
	struct world world;
	char from[64];
	int there, here;

	(void)state;
	pair(&world, NULL, 2);
	there = bound(&world, 1, "2001:db8::2", 7);
	here = bound(&world, 0, "::", 7);
	for (unsigned router = 0; router < 3; router++) {
		assert_int_equal(
			nsk_set(world.host[0], "ipv6.forward", router & 1 ? "true" : "false"), 0);
		assert_int_equal(send_to(there, "2001:db8::", 7), 1);
		assert_int_equal(arrived(&world, here, from, sizeof(from)), router & 1);
		world_run(&world, MINUTE, NULL, NULL); /* who did not answer is forgotten */
	}
	assert_string_equal(from, "2001:db8::2");
	nsk_close(here);
	nsk_close(there);
	world_end(&world);
}

/* ---- duplicates ---- */

static void a_new_ipv6_address_is_asked_for_rfc4862_5_4(void **state)
{
	struct world world;

	(void)state;
	pair(&world, NULL, 1);
	world.errors_expected = true;
	add(&world, 0, "2001:db8::9/64");
	add(&world, 0, "2001:db8::2/64"); /* the peer's */
	assert_int_equal(find(&world, 0, "2001:db8::9/64")->state, NSK_ADDR_OPTIMISTIC);
	world_run(&world, 100 * MS, NULL, NULL);
	assert_int_equal(find(&world, 0, "2001:db8::9/64")->state, NSK_ADDR_OPTIMISTIC);
	assert_int_equal(find(&world, 0, "2001:db8::2/64")->state, NSK_ADDR_DUPLICATE);
	assert_int_equal(bound(&world, 0, "2001:db8::2", 7), -EADDRNOTAVAIL);
	world_run(&world, 2 * SEC, NULL, NULL);
	assert_int_equal(find(&world, 0, "2001:db8::9/64")->state, NSK_ADDR_VALID);
	del(&world, 0, "2001:db8::2/64");
	world_end(&world);
}

static const char *const dad4[] = {"ipv4.dad=true", NULL};

static void an_ipv4_address_is_asked_for_before_it_is_used_rfc5227_2_1(void **state)
{
	struct world world;
	uint64_t begun;

	(void)state;
	world_pair(&world, &(struct world_params){.seed = 3, .settings = dad4});
	assert_int_equal(bound(&world, 0, "10.0.0.1", 7), -EADDRNOTAVAIL);
	assert_int_equal(find(&world, 0, "10.0.0.1/24")->state, NSK_ADDR_TENTATIVE);
	world_settle(&world);
	begun = world.now_ns;
	while (find(&world, 0, "10.0.0.1/24")->state == NSK_ADDR_TENTATIVE)
		world_step(&world, world.now_ns + SEC);
	/* three probes at 0 to 1, then 1 to 2 s after one another, and 2 s to answer the last */
	assert_in_range(world.now_ns - begun, 4 * SEC, 7 * SEC + SEC / 10);
	assert_int_equal(world_counter(&world, 0, NSK_CNT_ARP_REQUESTS_SENT), 4);
	assert_true(bound(&world, 0, "10.0.0.1", 7) >= 0);
	world_run(&world, 10 * SEC, NULL, NULL);
	assert_int_equal(world_counter(&world, 0, NSK_CNT_ARP_REQUESTS_SENT), 5);
	world_end(&world);
}

static void an_ipv4_address_of_another_is_not_used_rfc5227_2_1_1(void **state)
{
	struct world world;

	(void)state;
	world_pair(&world, &(struct world_params){.seed = 4, .settings = dad4});
	world_settle(&world);
	world_run(&world, 10 * SEC, NULL, NULL);
	world.errors_expected = true;
	add(&world, 0, "10.0.0.2/24"); /* the peer's */
	world_run(&world, 2 * SEC, NULL, NULL);
	assert_int_equal(find(&world, 0, "10.0.0.2/24")->state, NSK_ADDR_DUPLICATE);
	world_run(&world, MINUTE, NULL, NULL);
	assert_int_equal(find(&world, 0, "10.0.0.2/24")->state, NSK_ADDR_DUPLICATE);
	/* Both want one that nobody has: nobody gets it. */
	add(&world, 0, "10.0.0.5/24");
	add(&world, 1, "10.0.0.5/24");
	world_run(&world, MINUTE, NULL, NULL);
	assert_true(find(&world, 0, "10.0.0.5/24")->state == NSK_ADDR_DUPLICATE ||
		    find(&world, 1, "10.0.0.5/24")->state == NSK_ADDR_DUPLICATE);
	world_end(&world);
}

/* ---- lifetimes ---- */

static void an_address_is_deprecated_and_goes_rfc4862_5_5_4(void **state)
{
	const struct nsk_addr_info *a;
	struct world world;
	int there, here;
	char from[64];

	(void)state;
	pair(&world, NULL, 1);
	there = bound(&world, 1, "2001:db8::2", 7);
	del(&world, 0, "2001:db8::1/64");
	assert_int_equal(try_add(&world, iface(&world, 0), "2001:db8::3/64", 30, 60), 0);
	world_run(&world, 5 * SEC, NULL, NULL);
	here = bound(&world, 0, "::", 7);
	assert_int_equal(send_to(here, "2001:db8::2", 7), 1);
	assert_true(arrived(&world, there, from, sizeof(from)));
	assert_string_equal(from, "2001:db8::3");
	a = find(&world, 0, "2001:db8::3/64");
	assert_true(a->dynamic && !a->deprecated);
	assert_in_range(a->preferred_s, 20, 22);
	assert_in_range(a->valid_s, 50, 52);
	add(&world, 0, "2001:db8:0:0:ffff::1/64"); /* less in common with the peer's */
	world_run(&world, 10 * SEC, NULL, NULL);
	assert_int_equal(send_to(here, "2001:db8::2", 7), 1);
	assert_true(arrived(&world, there, from, sizeof(from)));
	assert_string_equal(from, "2001:db8::3");
	world_run(&world, 15 * SEC, NULL, NULL);
	a = find(&world, 0, "2001:db8::3/64");
	assert_true(a->deprecated);
	assert_int_equal(a->preferred_s, 0);
	assert_int_equal(send_to(here, "2001:db8::2", 7), 1);
	assert_true(arrived(&world, there, from, sizeof(from)));
	assert_string_equal(from, "2001:db8::ffff:0:0:1");
	world_run(&world, 30 * SEC, NULL, NULL);
	assert_null(find(&world, 0, "2001:db8::3/64"));
	world_end(&world);
}

/* ---- one MAC on two links ---- */

static bool swallow(void *arg, const void *packet, size_t len)
{
	(void)arg;
	(void)packet;
	(void)len;
	return true;
}

/* A link-local address tells on which link it is meant (net/scope.h). */
static void interfaces_of_one_mac_have_link_local_addresses_of_their_own(void **state)
{
	const struct nsk_callback_params params = {
		.ethernet = true, .mac = {2, 0, 0, 0, 0, 1}, .output = swallow};
	struct nsk_callback_port *port[2];
	struct nsk_config *config;
	struct world world;

	(void)state;
	world_init(&world, 1);
	config = world_config(&world, NULL);
	for (unsigned i = 0; i < 2; i++) {
		port[i] = nsk_callback_create(&params);
		assert_int_equal(nsk_config_add_callback(config, port[i]), 0);
		assert_int_equal(nsk_config_add_address(config,
							i ? "2001:db8:1::1/64" : "2001:db8::1/64"),
				 0);
	}
	world_add(&world, config);
	assert_string_equal(find(&world, 0, "fe80::ff:fe00:1/64")->iface, "callback0");
	assert_string_equal(find(&world, 0, "fe80::fd:100:1/64")->iface, "callback1");
	world_end(&world);
	for (unsigned i = 0; i < 2; i++)
		nsk_callback_destroy(port[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(what_is_added_is_reached_at_once),
		world_test(sockets_of_a_removed_address_stay),
		world_test(what_is_on_its_way_to_a_removed_address_of_ours_is_dropped),
		world_test(the_route_of_a_subnet_comes_and_goes_with_its_addresses),
		world_test(a_connection_outlives_its_address_being_away),
		world_test(errors_are_those_of_rtnetlink),
		world_test(places_are_used_again),
		world_test(the_link_hears_of_a_new_address_twice),
		world_test(routers_of_a_subnet_are_reached_rfc4291_2_6_1),
		world_test(a_new_ipv6_address_is_asked_for_rfc4862_5_4),
		world_test(an_ipv4_address_is_asked_for_before_it_is_used_rfc5227_2_1),
		world_test(an_ipv4_address_of_another_is_not_used_rfc5227_2_1_1),
		world_test(an_address_is_deprecated_and_goes_rfc4862_5_5_4),
		world_test(interfaces_of_one_mac_have_link_local_addresses_of_their_own),
	};

	return world_main(tests);
}
