/* SPDX-License-Identifier: BSD-3-Clause */
/* Two hosts of the kernel: network namespaces of the program's own, joined by a veth. */
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "driver/netns.h"
#include "sockets/twin.h"

static int host_ns[2] = {-1, -1};
static unsigned link_numbers[2];

/* By a shell, in the namespace where the thread is. */
static bool command(const char *line)
{
	return system(line) == 0;
}

void on_host(enum twin_host host)
{
	need(setns(host_ns[host], CLONE_NEWNET) == 0);
}

unsigned link_number(enum twin_host host)
{
	return link_numbers[host];
}

/* The device of that name gets the host's address. Some errors come to a host from itself. */
static bool device_up(enum twin_host host, const char *name)
{
	char line[512];

	on_host(host);
	snprintf(line, sizeof(line), "/proc/sys/net/ipv6/conf/%s/addr_gen_mode", name);
	write_text(line, "1");
	snprintf(line, sizeof(line),
		 "ip addr add 10.0.0.%d/24 dev %s && ip link set %s up && ip link set lo up && "
		 "ip addr add 2001:db8::%d/64 dev %s nodad && ip addr add fe80::%d/64 dev %s nodad",
		 host + 1, name, name, host + 1, name, host + 1, name);
	link_numbers[host] = if_nametoindex(name);
	if (!write_text("/proc/sys/net/ipv4/ping_group_range", "0 0"))
		fprintf(stderr, "no ping sockets here\n");
	return command(line);
}

bool hosts_start(void)
{
	char line[128];

	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	if (!netns_enter())
		return false;
	host_ns[CLIENT] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (unshare(CLONE_NEWNET))
		return false;
	host_ns[SERVER] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	snprintf(line, sizeof(line),
		 "ip link add server type veth peer name client && ip link set client netns "
		 "/proc/%d/fd/%d",
		 (int)getpid(), host_ns[CLIENT]);
	if (!command(line)) {
		fprintf(stderr, "SKIPPED: no veth to be had\n");
		return false;
	}
	return device_up(CLIENT, "client") && device_up(SERVER, "server");
}

void hosts_stop(void)
{
	close(host_ns[CLIENT]);
	close(host_ns[SERVER]);
}
