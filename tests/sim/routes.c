/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes that come and go while a stack runs, and where its packets go then: the next hop is whom
 * it asks for on eth (callback0), and what is sent without asking on tun (callback1), a port
 * without Ethernet. RFC 1812 §5.2.4.3.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "net/route.h"
#include "sim/world.h"
#include "stack/stack.h"

/* Where the last packet went: "eth 192.168.1.1" is who was asked for, "tun 10.0.0.7" the
 * destination. */
struct host {
	struct world world;
	struct nsk_callback_port *port[2];
	char went[32];
	int udp;
};

static bool on_eth(void *arg, const void *packet, size_t len)
{
	struct host *host = arg;
	const uint8_t *b = packet;

	if (len >= 42 && b[12] == 8 && b[13] == 6 && b[21] == 1 && memcmp(b + 28, b + 38, 4) != 0)
		snprintf(host->went, sizeof(host->went), "eth %u.%u.%u.%u", b[38], b[39], b[40],
			 b[41]);
	return true;
}

static bool on_tun(void *arg, const void *packet, size_t len)
{
	struct host *host = arg;
	const uint8_t *b = packet;

	if (len >= 20 && b[0] >> 4 == 4)
		snprintf(host->went, sizeof(host->went), "tun %u.%u.%u.%u", b[16], b[17], b[18],
			 b[19]);
	return true;
}

static void open_port(struct host *host, struct nsk_config *config, unsigned i, const char *cidr)
{
	const struct nsk_callback_params params = {
		.ethernet = i == 0,
		.mac = {2, 0, 0, 0, 0, 1},
		.output = i == 0 ? on_eth : on_tun,
		.arg = host,
	};

	host->port[i] = nsk_callback_create(&params);
	assert_non_null(host->port[i]);
	assert_int_equal(nsk_config_add_callback(config, host->port[i]), 0);
	assert_int_equal(nsk_config_add_address(config, cidr), 0);
}

static void host_begin(struct host *host, const char *const *settings)
{
	struct nsk_config *config;

	memset(host, 0, sizeof(*host));
	world_init(&host->world, 1);
	config = world_config(&host->world, settings);
	open_port(host, config, 0, "192.168.1.2/24");
	open_port(host, config, 1, "10.255.0.1/32");
	world_add(&host->world, config);
	world_enter(&host->world, 0);
	host->udp = nsk_socket(AF_INET, SOCK_DGRAM, 0);
	assert_true(host->udp >= 0);
	world_settle(&host->world);
}

static void host_end(struct host *host)
{
	assert_int_equal(nsk_close(host->udp), 0);
	world_end(&host->world);
	nsk_callback_destroy(host->port[0]);
	nsk_callback_destroy(host->port[1]);
}

/* 0 or errno of a datagram. */
static int send_to(struct host *host, const char *addr)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	ssize_t n;

	assert_int_equal(inet_pton(AF_INET, addr, &to.sin_addr), 1);
	host->went[0] = '\0';
	n = nsk_sendto(host->udp, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	if (n < 0)
		return errno;
	world_settle(&host->world);
	return 0;
}

static void assert_went(struct host *host, const char *to, const char *by)
{
	assert_int_equal(send_to(host, to), 0);
	assert_string_equal(host->went, by);
}

static struct nsk_route route(const char *destination, const char *gateway, const char *iface,
			      uint32_t metric)
{
	struct nsk_route r = {.metric = metric};

	snprintf(r.destination, sizeof(r.destination), "%s", destination);
	snprintf(r.gateway, sizeof(r.gateway), "%s", gateway ? gateway : "");
	snprintf(r.iface, sizeof(r.iface), "%s", iface ? iface : "");
	return r;
}

/* 0 or errno. */
static int add(struct host *host, const struct nsk_route *r, bool append)
{
	return nsk_route_add(host->world.host[0], r, append) ? errno : 0;
}

static int add_route(struct host *host, const char *destination, const char *gateway,
		     const char *iface, uint32_t metric)
{
	struct nsk_route r = route(destination, gateway, iface, metric);

	return add(host, &r, false);
}

static int del_route(struct host *host, const char *destination, const char *gateway)
{
	struct nsk_route r = route(destination, gateway, NULL, 0);

	return nsk_route_del(host->world.host[0], &r) ? errno : 0;
}

/* The table of the project's goals, as written there. */
static void test_the_longest_prefix_wins_whatever_its_metric(void **state)
{
	struct host host;

	(void)state;
	host_begin(&host, NULL);
	assert_int_equal(add_route(&host, "default", "192.168.1.1", "callback0", 10), 0);
	assert_int_equal(add_route(&host, "192.168.1.0/24", NULL, "callback0", 1), 0);
	assert_int_equal(add_route(&host, "10.0.0.0/8", "10.0.0.1", "callback1", 5), 0);
	assert_went(&host, "8.8.8.8", "eth 192.168.1.1");
	assert_went(&host, "192.168.1.7", "eth 192.168.1.7");
	assert_went(&host, "10.200.3.4", "tun 10.200.3.4");
	host_end(&host);
}

static void test_the_next_metric_takes_over_when_the_link_goes_down(void **state)
{
	struct nsk_route r;
	struct host host;

	(void)state;
	host_begin(&host, NULL);
	assert_int_equal(add_route(&host, "10.0.0.0/8", "192.168.1.1", NULL, 5), 0);
	assert_int_equal(add_route(&host, "10.0.0.0/8", NULL, "callback1", 10), 0);
	assert_went(&host, "10.1.2.3", "eth 192.168.1.1");
	nsk_callback_link(host.port[0], false);
	world_run(&host.world, 300 * MS, NULL, NULL);
	assert_went(&host, "10.1.2.3", "tun 10.1.2.3");
	nsk_callback_link(host.port[0], true);
	world_run(&host.world, 300 * MS, NULL, NULL);
	assert_int_equal(nsk_route_get(host.world.host[0], "10.1.2.4", &r), 0);
	assert_string_equal(r.gateway, "192.168.1.1");
	host_end(&host);
}

/* A way that a socket keeps is chosen anew: at once, and in a heap of changes 10 ms later. */
static void test_a_change_is_seen_by_ways_that_are_kept(void **state)
{
	struct host host;

	(void)state;
	host_begin(&host, NULL);
	assert_int_equal(add_route(&host, "default", NULL, "callback1", 10), 0);
	assert_went(&host, "8.8.8.8", "tun 8.8.8.8");
	world_run(&host.world, 100 * MS, NULL, NULL);
	assert_int_equal(add_route(&host, "8.0.0.0/8", "192.168.1.9", NULL, 0), 0);
	assert_went(&host, "8.8.8.8", "eth 192.168.1.9");
	assert_int_equal(del_route(&host, "8.0.0.0/8", NULL), 0);
	world_run(&host.world, 15 * MS, NULL, NULL);
	assert_went(&host, "8.8.8.8", "tun 8.8.8.8");
	host_end(&host);
}

static void test_routes_that_lead_nowhere_refuse_as_linux(void **state)
{
	static const int errs[] = {0, EINVAL, EHOSTUNREACH, EACCES};
	struct host host;

	(void)state;
	host_begin(&host, NULL);
	assert_int_equal(add_route(&host, "default", NULL, "callback1", 0), 0);
	for (unsigned type = NSK_ROUTE_BLACKHOLE; type <= NSK_ROUTE_PROHIBIT; type++) {
		struct nsk_route r = route("10.1.0.0/16", NULL, NULL, 0);

		r.type = (enum nsk_route_type)type;
		assert_int_equal(add(&host, &r, false), 0);
		world_run(&host.world, 30 * MS, NULL, NULL);
		assert_int_equal(send_to(&host, "10.1.2.3"), errs[type]);
		assert_int_equal(nsk_route_del(host.world.host[0], &r), 0);
		world_run(&host.world, 30 * MS, NULL, NULL);
	}
	assert_went(&host, "10.1.2.3", "tun 10.1.2.3");
	host_end(&host);
}

static void test_what_contradicts_itself_is_refused_as_linux(void **state)
{
	static const struct {
		const char *destination, *gateway, *iface;
		int err;
	} rows[] = {
		{"10.0.0.1/8", NULL, "callback1", EINVAL}, /* bits behind the length */
		{"10.0.0.0/33", NULL, "callback1", EINVAL},
		{"nowhere", NULL, "callback1", EINVAL},
		{"10.0.0.0/8", NULL, NULL, EINVAL},	     /* no way at all */
		{"10.0.0.0/8", "192.168.1.2", NULL, EINVAL}, /* our own */
		{"10.0.0.0/8", "2001:db8::1", "callback1", EINVAL},
		{"10.0.0.0/8", "224.0.0.1", "callback1", EINVAL},
		{"10.0.0.0/8", "127.0.0.1", "callback1", EINVAL},
		{"10.0.0.0/8", "240.0.0.1", "callback1", EINVAL},
		{"10.0.0.0/8", "192.168.1.255", NULL, EINVAL}, /* no station */
		{"127.0.0.0/8", NULL, "callback1", EINVAL},
		{"10.0.0.0/8", "172.16.0.1", NULL, ENETUNREACH}, /* on no link */
		{"10.0.0.0/8", "172.16.0.1", "callback0", ENETUNREACH},
		{"2001:db8::/32", "fe80::1", NULL, EINVAL}, /* on which link? */
		{"10.0.0.0/8", NULL, "callback7", ENODEV},
	};
	struct nsk_route r = route("10.0.0.0/8", NULL, "callback1", 0);
	struct host host;

	(void)state;
	host_begin(&host, NULL);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(add_route(&host, rows[i].destination, rows[i].gateway,
					   rows[i].iface, 0),
				 rows[i].err);
	snprintf(r.source, sizeof(r.source), "10.9.9.9"); /* not ours */
	assert_int_equal(add(&host, &r, false), EINVAL);
	r = route("10.0.0.0/8", NULL, "callback1", 0);
	r.weight = 257;
	assert_int_equal(add(&host, &r, false), EINVAL);
	r.weight = 0;
	r.type = NSK_ROUTE_BLACKHOLE; /* and an interface */
	assert_int_equal(add(&host, &r, false), EINVAL);
	assert_int_equal(nsk_route_add(NULL, &r, false), -1);
	assert_int_equal(errno, EINVAL);
	host_end(&host);
}

static void test_one_of_each_metric_unless_it_is_appended(void **state)
{
	struct host host;
	struct nsk_route r;

	(void)state;
	host_begin(&host, NULL);
	assert_int_equal(add_route(&host, "10.0.0.0/8", "192.168.1.1", NULL, 5), 0);
	assert_int_equal(add_route(&host, "10.0.0.0/8", "192.168.1.3", NULL, 5), EEXIST);
	assert_int_equal(add_route(&host, "10.0.0.0/8", "192.168.1.3", NULL, 6), 0);
	r = route("10.0.0.0/8", "192.168.1.4", NULL, 5);
	assert_int_equal(add(&host, &r, true), 0);
	assert_int_equal(add(&host, &r, true), EEXIST);
	assert_int_equal(nsk_route_get(host.world.host[0], "10.1.1.1", &r), 0);
	assert_string_equal(r.gateway, "192.168.1.1");
	assert_string_equal(r.destination, "10.0.0.0/8");
	assert_string_equal(r.iface, "callback0");
	assert_int_equal(r.metric, 5);
	assert_int_equal(r.proto, NSK_ROUTE_PROTO_BOOT);
	assert_int_equal(del_route(&host, "10.0.0.0/8", "192.168.1.9"), ESRCH);
	assert_int_equal(del_route(&host, "10.0.0.0/8", "192.168.1.3"), 0);
	assert_int_equal(del_route(&host, "10.0.0.0/8", NULL), 0);
	assert_int_equal(nsk_route_get(host.world.host[0], "10.1.1.1", &r), 0);
	assert_string_equal(r.gateway, "192.168.1.4");
	assert_int_equal(del_route(&host, "10.0.0.0/8", NULL), 0);
	assert_int_equal(del_route(&host, "10.0.0.0/8", NULL), ESRCH);
	assert_int_equal(nsk_route_get(host.world.host[0], "10.1.1.1", &r), -1);
	assert_int_equal(errno, ENETUNREACH);
	host_end(&host);
}

/* The gateway of the route that was taken out, of the three of 10.0.0.0/8; all are gone after. */
static void assert_takes_out(struct host *host, const struct nsk_route *like, const char *gateway)
{
	struct nsk_route r = route("10.0.0.0/8", "192.168.1.1", NULL, 0);

	r.weight = 1;
	assert_int_equal(add(host, &r, false), 0);
	r = route("10.0.0.0/8", "192.168.1.3", NULL, 0);
	r.weight = 5;
	assert_int_equal(add(host, &r, true), 0);
	r = route("10.0.0.0/8", "192.168.1.4", NULL, 0);
	r.proto = NSK_ROUTE_PROTO_STATIC;
	snprintf(r.source, sizeof(r.source), "192.168.1.2");
	assert_int_equal(add(host, &r, true), 0);
	assert_int_equal(nsk_route_del(host->world.host[0], like) ? errno : 0, gateway ? 0 : ESRCH);
	if (gateway)
		assert_int_equal(del_route(host, "10.0.0.0/8", gateway), ESRCH);
	for (unsigned i = gateway ? 1 : 0; i < 3; i++)
		assert_int_equal(del_route(host, "10.0.0.0/8", NULL), 0);
}

static void test_whatever_is_given_must_be_that_of_the_route_to_go(void **state)
{
	struct nsk_route like = route("10.0.0.0/8", NULL, NULL, 0);
	struct host host;

	(void)state;
	host_begin(&host, NULL);
	assert_takes_out(&host, &like, "192.168.1.1");
	like.weight = 5;
	assert_takes_out(&host, &like, "192.168.1.3");
	like.weight = 7;
	assert_takes_out(&host, &like, NULL);
	like.weight = 0;
	like.proto = NSK_ROUTE_PROTO_STATIC;
	assert_takes_out(&host, &like, "192.168.1.4");
	like.proto = NSK_ROUTE_PROTO_RA;
	assert_takes_out(&host, &like, NULL);
	like.proto = 0;
	snprintf(like.source, sizeof(like.source), "192.168.1.2");
	assert_takes_out(&host, &like, "192.168.1.4");
	like.weight = 1;
	assert_takes_out(&host, &like, NULL);
	host_end(&host);
}

static void test_a_list_has_all_routes_and_a_full_table_refuses(void **state)
{
	static const char *const settings[] = {"ip.routes=10", NULL};
	struct nsk_route list[4], r;
	uint64_t cursor = 0;
	struct host host;
	unsigned n = 0;
	char text[32];

	(void)state;
	host_begin(&host, settings);
	for (unsigned i = 0; i < 8; i++) {
		snprintf(text, sizeof(text), "10.%u.0.0/16", i);
		assert_int_equal(add_route(&host, text, NULL, "callback1", i), 0);
	}
	assert_int_equal(add_route(&host, "11.0.0.0/8", NULL, "callback1", 0), ENOSPC);
	while (cursor != UINT64_MAX) {
		int got = nsk_route_list(host.world.host[0], &cursor, list, 4);

		assert_in_range(got, 0, 4);
		n += (unsigned)got;
	}
	assert_int_equal(n, 10); /* with those of the two addresses */
	assert_int_equal(nsk_route_get(host.world.host[0], "192.168.1.77", &r), 0);
	assert_int_equal(r.proto, NSK_ROUTE_PROTO_KERNEL);
	host_end(&host);
}

/* A turn does not wait for whoever changes routes, however long that takes. */
static void test_a_list_within_a_turn_does_not_wait(void **state)
{
	struct nsk_route list[4];
	struct nsk_worker *w;
	uint64_t cursor = 0;
	struct host host;

	(void)state;
	host_begin(&host, NULL);
	w = world_worker(&host.world, 0);
	assert_int_equal(nsk_attach(w->stack, 0), 0);
	assert_int_equal(pthread_mutex_lock(&w->stack->routes_lock), 0);
	w->in_turn = true;
	assert_int_equal(nsk_route_list(w->stack, &cursor, list, 4), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(cursor, 0);
	assert_int_equal(nsk_route_get(w->stack, "192.168.1.77", list), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(pthread_mutex_unlock(&w->stack->routes_lock), 0);
	assert_int_equal(nsk_route_list(w->stack, &cursor, list, 4), 2);
	w->in_turn = false;
	assert_int_equal(nsk_detach(), 0);
	world_enter(&host.world, 0);
	host_end(&host);
}

/* Nor does the turn of a thread that turns the worker by nsk_turn(), what routers say included. */
static void test_a_change_within_a_turn_does_not_wait(void **state)
{
	const struct route r = {.dst = {.addr = {.family = AF_INET, .b = {9}}, .len = 8}};
	struct rusage before, after;
	struct run_worker *run;
	struct host host;

	(void)state;
	host_begin(&host, NULL);
	run = world_worker(&host.world, 0)->run;
	assert_true(worker_take(run));
	run->w.in_turn = true;
	assert_int_equal(pthread_mutex_lock(&run->stack->routes_lock), 0);
	assert_int_equal(getrusage(RUSAGE_THREAD, &before), 0);
	assert_int_equal(run->w.ops->route(&run->w, &r, true), -EAGAIN);
	assert_int_equal(getrusage(RUSAGE_THREAD, &after), 0);
	assert_in_range(after.ru_nvcsw - before.ru_nvcsw, 0, 10); /* it did not sleep */
	assert_int_equal(pthread_mutex_unlock(&run->stack->routes_lock), 0);
	assert_int_equal(run->w.ops->route(&run->w, &r, true), 0);
	run->w.in_turn = false;
	worker_return(run);
	host_end(&host);
}

/* Connections of a pair of hosts are spread over the gateways, and keep to theirs. */
static void test_flows_are_spread_by_their_ports(void **state)
{
	unsigned asked[2] = {0};
	struct host host;

	(void)state;
	host_begin(&host, NULL);
	for (unsigned i = 0; i < 2; i++) {
		struct nsk_route r = route("8.0.0.0/8", i ? "192.168.1.8" : "192.168.1.9", NULL, 0);

		r.weight = 1;
		assert_int_equal(add(&host, &r, i), 0);
	}
	world_run(&host.world, 30 * MS, NULL, NULL);
	for (unsigned i = 0; i < 64; i++) {
		struct sockaddr_in to = {.sin_family = AF_INET,
					 .sin_port = htons((uint16_t)(1000 + i))};
		int fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		assert_int_equal(inet_pton(AF_INET, "8.8.8.8", &to.sin_addr), 1);
		host.went[0] = '\0';
		assert_int_equal(nsk_connect(fd, (struct sockaddr *)&to, sizeof(to)), -1);
		assert_int_equal(errno, EINPROGRESS);
		world_settle(&host.world);
		if (strcmp(host.went, "eth 192.168.1.8") == 0)
			asked[0]++;
		if (strcmp(host.went, "eth 192.168.1.9") == 0)
			asked[1]++;
		assert_int_equal(nsk_close(fd), 0);
	}
	assert_true(asked[0] > 0 && asked[1] > 0); /* each is asked for when it is first needed */
	host_end(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_the_longest_prefix_wins_whatever_its_metric),
		world_test(test_the_next_metric_takes_over_when_the_link_goes_down),
		world_test(test_a_change_is_seen_by_ways_that_are_kept),
		world_test(test_routes_that_lead_nowhere_refuse_as_linux),
		world_test(test_what_contradicts_itself_is_refused_as_linux),
		world_test(test_one_of_each_metric_unless_it_is_appended),
		world_test(test_whatever_is_given_must_be_that_of_the_route_to_go),
		world_test(test_a_list_has_all_routes_and_a_full_table_refuses),
		world_test(test_a_list_within_a_turn_does_not_wait),
		world_test(test_a_change_within_a_turn_does_not_wait),
		world_test(test_flows_are_spread_by_their_ports),
	};

	return world_main(tests);
}
