/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Beginning, reading and ending captures; see capture.h.
 *
 * Workers learn of a change as of any other of the configuration: when the generation of the
 * snapshot grows they look at the stack's captures, between packets. So what has ended is freed
 * when all of them have passed that generation, and nobody waits for anybody.
 */
#include "stack/capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <netstk/version.h>

#include "stack/capture_session.h"

/* ---- filter -------------------------------------------------------------------------------- */

static const int dlt[CAPTURE_LINKS] = {DLT_EN10MB, DLT_RAW};

/*
 * A filter need not make sense for each link ("ether host" has none for packets without frames):
 * for one at least. It is run by libpcap as it is: DPDK's rte_bpf_convert() makes programs of it
 * that read the wrong octets behind an IP header (22.11: icmp[icmptype]).
 */
static int compile(struct capture *c, const bool wanted[CAPTURE_LINKS], char *error, size_t size)
{
	bool any = false;

	for (unsigned i = 0; i < CAPTURE_LINKS; i++) {
		pcap_t *pcap = wanted[i] ? pcap_open_dead(dlt[i], CAPTURE_SNAPLEN_MAX) : NULL;

		if (!pcap)
			continue;
		c->matches[i] = pcap_compile(pcap, &c->program[i], c->want.filter, 1,
					     PCAP_NETMASK_UNKNOWN) == 0;
		any |= c->matches[i];
		if (!c->matches[i] && !any)
			snprintf(error, size, "filter \"%.80s\": %s", c->want.filter,
				 pcap_geterr(pcap));
		pcap_close(pcap);
	}
	return any ? 0 : -EINVAL;
}

/* ---- the blocks before the packets ----------------------------------------------------------- */

static void add_interface(struct capture *c, const struct iface *ifc, enum capture_link link)
{
	char description[IFACE_NAME_MAX + 64];
	struct pcapng_interface i = {
		.name = ifc->name,
		.description = ifc->port->name,
		.filter = c->want.filter,
		.link = link == CAPTURE_FRAMES ? PCAPNG_ETHERNET : PCAPNG_RAW,
		.snaplen = c->want.snaplen,
		.mac = ifc->ethernet ? ifc->mac.b : NULL,
	};

	if (ifc->ethernet && link == CAPTURE_PACKETS) {
		snprintf(description, sizeof(description),
			 "%s, packets that were dropped without their frames", ifc->name);
		i.description = description;
	}
	if (c->preamble)
		pcapng_interface(c->preamble + c->preamble_len, &i);
	c->preamble_len += pcapng_interface(NULL, &i);
	c->number[c->nblocks] = CAPTURE_NO_BLOCK;
	c->block[ifc->index][link] = (uint8_t)c->nblocks++;
	c->block_at[c->nblocks] = c->preamble_len;
}

/* What would be written is measured first. */
static void add_blocks(struct capture *c)
{
	static const char application[] = "libnetstk " NSK_VERSION_STRING;

	if (c->preamble)
		pcapng_section(c->preamble, application);
	c->preamble_len = pcapng_section(NULL, application);
	c->block_at[0] = c->preamble_len;
	c->nblocks = 0;
	for (unsigned i = 0; i < c->stack->nifaces; i++) {
		const struct iface *ifc = &c->stack->iface[i];

		c->block[i][CAPTURE_FRAMES] = c->block[i][CAPTURE_PACKETS] = CAPTURE_NO_BLOCK;
		if (!(c->want.ifaces & (UINT32_C(1) << i)))
			continue;
		if (ifc->ethernet)
			add_interface(c, ifc, CAPTURE_FRAMES);
		if (!ifc->ethernet || (c->want.what & WORKER_CAPTURES_DROPS))
			add_interface(c, ifc, CAPTURE_PACKETS);
	}
}

/* ---- memory -------------------------------------------------------------------------------- */

static void destroy(struct capture *c)
{
	for (unsigned i = 0; i < CAPTURE_LINKS; i++)
		if (c->matches[i])
			pcap_freecode(&c->program[i]);
	if (c->memory)
		munmap(c->memory, c->memory_len);
	free(c->preamble);
	free((void *)(uintptr_t)c->want.filter);
	free(c);
}

/* Memory of the rings is the kernel's until they are written to. */
static int make_rings(struct capture *c)
{
	c->memory_len = (c->want.buffer + CAPTURE_SNAPLEN_MAX) * c->stack->nworkers;
	c->memory = mmap(NULL, c->memory_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	if (c->memory == MAP_FAILED) {
		c->memory = NULL;
		return -ENOMEM;
	}
	for (unsigned i = 0; i < c->stack->nworkers; i++) {
		uint8_t *memory = c->memory + i * (c->want.buffer + CAPTURE_SNAPLEN_MAX);

		bytering_init(&c->worker[i].ring, memory, c->want.buffer);
		c->worker[i].whole = memory + c->want.buffer;
	}
	return 0;
}

static int make_blocks(struct capture *c)
{
	add_blocks(c);
	c->preamble = malloc(c->preamble_len);
	if (!c->preamble)
		return -ENOMEM;
	add_blocks(c);
	return 0;
}

static int fill(struct capture *c, char *error, size_t size)
{
	bool wanted[CAPTURE_LINKS] = {false};
	int rc;

	if (c->want.filter && !(c->want.filter = strdup(c->want.filter)))
		return -ENOMEM;
	rc = make_blocks(c);
	if (rc == 0)
		rc = make_rings(c);
	for (unsigned i = 0; i < c->stack->nifaces; i++)
		for (unsigned k = 0; k < CAPTURE_LINKS; k++)
			wanted[k] |= c->block[i][k] != CAPTURE_NO_BLOCK;
	if (rc == 0 && c->want.filter)
		rc = compile(c, wanted, error, size);
	return rc;
}

static int make(struct nsk_stack *stack, const struct capture_want *want, struct capture **out,
		char *error, size_t size)
{
	size_t len = sizeof(struct capture) + stack->nworkers * sizeof(struct capture_ring);
	struct capture *c = aligned_alloc(NSK_CACHELINE,
					  (len + NSK_CACHELINE - 1) & ~(size_t)(NSK_CACHELINE - 1));
	int rc;

	if (!c)
		return -ENOMEM;
	memset(c, 0, len);
	c->stack = stack;
	c->want = *want;
	c->wall_offset_ns = stack->clock.fn ? 0 : clock_wall_offset_ns();
	rc = fill(c, error, size);
	if (rc) {
		destroy(c);
		return rc;
	}
	*out = c;
	return 0;
}

/* ---- life ---------------------------------------------------------------------------------- */

/* Workers are to look; those that sleep, too. */
static void tell(struct capture *c)
{
	struct nsk_stack *stack = c->stack;

	net_snapshot_touch(&stack->snap);
	c->generation = net_snapshot_generation(&stack->snap);
	for (unsigned i = 0; i < stack->nworkers; i++)
		idle_wake(stack->worker[i]);
}

bool capture_settled(const struct capture *c)
{
	for (unsigned i = 0; i < c->stack->nworkers; i++) {
		const struct run_worker *r = c->stack->worker[i];
		uint32_t passed = __atomic_load_n(&r->routes_passed, __ATOMIC_ACQUIRE);

		if ((int32_t)(passed - c->generation) < 0)
			return false;
	}
	return true;
}

void captures_sweep(struct nsk_stack *stack)
{
	for (unsigned i = 0; i < STACK_CAPTURES_MAX; i++) {
		struct capture *c = stack->capture[i];

		if (!c || !c->left || !capture_settled(c))
			continue;
		__atomic_store_n(&stack->capture[i], NULL, __ATOMIC_RELAXED);
		destroy(c);
	}
}

static int find_slot(const struct nsk_stack *stack)
{
	for (int i = 0; i < STACK_CAPTURES_MAX; i++)
		if (!stack->capture[i])
			return i;
	return -1;
}

int capture_start(struct nsk_stack *stack, const struct capture_want *want, struct capture **out,
		  char *error, size_t size)
{
	struct capture *c = NULL;
	int slot, rc;

	captures_sweep(stack);
	slot = find_slot(stack);
	if (slot < 0) {
		snprintf(error, size, "%d captures are running already: end one of them",
			 STACK_CAPTURES_MAX);
		return -EBUSY;
	}
	snprintf(error, size, "there is no memory for a capture");
	rc = make(stack, want, &c, error, size);
	if (rc)
		return rc;
	error[0] = '\0';
	c->active = true;
	__atomic_store_n(&stack->capture[slot], c, __ATOMIC_RELEASE);
	tell(c);
	*out = c;
	return 0;
}

void capture_end(struct capture *c)
{
	__atomic_store_n(&c->active, false, __ATOMIC_RELEASE);
	tell(c);
}

void capture_leave(struct capture *c)
{
	c->left = true;
}

void captures_down(struct nsk_stack *stack)
{
	for (unsigned i = 0; i < stack->nworkers; i++) {
		stack->worker[i]->ncaptures = 0;
		stack->worker[i]->w.capturing = 0;
	}
	for (unsigned i = 0; i < STACK_CAPTURES_MAX; i++) {
		if (stack->capture[i])
			destroy(stack->capture[i]);
		stack->capture[i] = NULL;
	}
}

/* ---- reading ------------------------------------------------------------------------------- */

/* The ring whose oldest block is the oldest of all; NULL: none has any. */
static struct bytering *oldest(struct capture *c, const uint8_t **block, size_t *len)
{
	struct bytering *first = NULL;

	for (unsigned i = 0; i < c->stack->nworkers; i++) {
		struct bytering *ring = &c->worker[i].ring;
		uint64_t ns;
		size_t n;
		const uint8_t *at = bytering_look(ring, &n, &ns);

		if (!at || (first && ns >= c->last_ns))
			continue;
		first = ring;
		c->last_ns = ns;
		*block = at;
		*len = n;
	}
	return first;
}

/* An interface that was not told of yet, unless there is no room. Returns how long its block is. */
static size_t tell_of(struct capture *c, unsigned block, uint8_t *room, size_t size)
{
	size_t len = c->block_at[block + 1] - c->block_at[block];

	if (c->number[block] != CAPTURE_NO_BLOCK || len > size)
		return 0;
	memcpy(room, c->preamble + c->block_at[block], len);
	c->number[block] = (uint8_t)c->ntold++;
	return len;
}

/* The section, and an interface that is the only one. */
static size_t read_section(struct capture *c, uint8_t *room, size_t size)
{
	size_t len = c->block_at[0];

	if (c->preamble_len > size)
		return 0;
	memcpy(room, c->preamble, len);
	c->begun = true;
	return len + (c->nblocks == 1 ? tell_of(c, 0, room + len, size - len) : 0);
}

static size_t read_packets(struct capture *c, uint8_t *room, size_t size)
{
	const uint8_t *from = NULL;
	struct bytering *ring;
	size_t done = 0, len = 0;

	while ((ring = oldest(c, &from, &len)) != NULL) {
		unsigned block = pcapng_packet_interface(from);

		done += tell_of(c, block, room + done, size - done);
		if (c->number[block] == CAPTURE_NO_BLOCK || len > size - done)
			break;
		memcpy(room + done, from, len);
		pcapng_packet_set_interface(room + done, c->number[block]);
		done += len;
		bytering_take(ring);
	}
	return done;
}

/* Of an interface all of whose packets were lost, too; a file without any is none. */
static size_t read_counts(struct capture *c, uint8_t *room, size_t size)
{
	size_t done = c->ntold ? 0 : tell_of(c, 0, room, size);
	size_t len = pcapng_statistics(NULL, 0, 0, 0, 0);

	for (; c->counted < c->nblocks; c->counted++) {
		uint64_t matched = 0, lost = 0;

		for (unsigned i = 0; i < c->stack->nworkers; i++) {
			const struct capture_ring *ring = &c->worker[i];

			matched += __atomic_load_n(&ring->matched[c->counted], __ATOMIC_RELAXED);
			lost += __atomic_load_n(&ring->lost[c->counted], __ATOMIC_RELAXED);
		}
		if (matched)
			done += tell_of(c, c->counted, room + done, size - done);
		else if (c->number[c->counted] == CAPTURE_NO_BLOCK)
			continue;
		if (c->number[c->counted] == CAPTURE_NO_BLOCK || len > size - done)
			break;
		done += pcapng_statistics(room + done, c->number[c->counted], c->last_ns, matched,
					  lost);
	}
	return done;
}

size_t capture_read(struct capture *c, uint8_t *room, size_t size)
{
	/* Looked at first: after that nothing is written any more. */
	bool over = !c->active && capture_settled(c);
	size_t done;

	if (!c->begun)
		return read_section(c, room, size);
	done = read_packets(c, room, size);
	if (done == 0 && over)
		done = read_counts(c, room, size);
	return done;
}
