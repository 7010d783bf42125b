/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pcap port: packets come from one capture file and go into another. pcap:rx=IN,tx=OUT, either
 * may be missing; timed=1 keeps the file's gaps, link=raw writes IP packets without Ethernet. The
 * end of the input takes the link down. Stamps are the time of day, or virtual time as it is.
 *
 * A file with Ethernet frames makes an Ethernet port, one with raw IP packets a port without ARP.
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/mem.h"
#include "counter.h"
#include "framebuf.h"
#include "kv.h"
#include "net/port.h"
#include "rows.h"

#define PCAP_MTU_DEFAULT 1500
#define PCAP_MTU_MIN	 68
#define SECOND_NS	 UINT64_C(1000000000)

struct pcap_args {
	char rx[KV_VALUE_MAX];
	char tx[KV_VALUE_MAX];
	uint64_t timed;
	uint64_t mtu;
	bool raw; /* asked for; the input file has the last word */
	struct eth_addr mac;
};

struct pcap_port {
	struct port port;
	struct pcap_args args;	  /* [C] */
	pcap_t *in;		  /* [W] */
	pcap_t *out;		  /* [W] */
	pcap_dumper_t *dump;	  /* [W] */
	struct rte_mempool *pool; /* [C] while started */
	struct pcap_pkthdr *next; /* [W] packet read ahead, NULL: none */
	const uint8_t *next_data; /* [W] */
	uint64_t file_ns;	  /* [W] time of the first packet in the file */
	uint64_t base_ns;	  /* [W] and on our clock */
	bool based;		  /* [W] */
	bool ended;		  /* [A] nothing more to read */
	bool broken;		  /* [W] the output cannot be written any more */
	uint64_t wall_offset_ns;  /* [C] from the stack's clock to that of stamps */
	struct port_stats stats;  /* [W] */
	uint8_t flat[FRAME_MTU_MAX + FRAME_LINK_MAX];
};

static struct pcap_port *pcap_of(struct port *port)
{
	return NSK_CONTAINER_OF(port, struct pcap_port, port);
}

/* ---- receiving ----------------------------------------------------------------------------- */

/* Reads one packet ahead. false: the file is at its end, or broken there. */
static bool read_ahead(struct pcap_port *p)
{
	int rc;

	if (p->next)
		return true;
	if (!p->in || p->ended)
		return false;
	rc = pcap_next_ex(p->in, &p->next, &p->next_data);
	if (rc == 1)
		return true;
	p->next = NULL;
	if (rc == PCAP_ERROR) {
		counter_add(&p->stats.rx_errors, 1);
		LOG_WARN(p->port.log, "pcap", "%s: %s", p->args.rx, pcap_geterr(p->in));
	}
	__atomic_store_n(&p->ended, true, __ATOMIC_RELAXED);
	return false;
}

/* When the packet read ahead is due. The file was opened with nanoseconds. */
static uint64_t next_due(struct pcap_port *p, uint64_t now_ns)
{
	uint64_t at_ns;

	if (!p->args.timed)
		return 0;
	at_ns = (uint64_t)p->next->ts.tv_sec * SECOND_NS + (uint64_t)p->next->ts.tv_usec;
	if (!p->based) {
		p->based = true;
		p->file_ns = at_ns;
		p->base_ns = now_ns;
	}
	/* Packets in a file may stand out of order by their time: those are due at once. */
	return at_ns > p->file_ns ? p->base_ns + (at_ns - p->file_ns) : 0;
}

static uint16_t pcapfile_rx(struct port *port, uint16_t queue, uint64_t now_ns,
			    struct rte_mbuf **bufs, uint16_t n)
{
	struct pcap_port *p = pcap_of(port);
	uint16_t out = 0;

	(void)queue;
	while (out < n && read_ahead(p) && next_due(p, now_ns) <= now_ns) {
		uint32_t len = p->next->caplen;

		p->next = NULL;
		if (len == 0 || len > sizeof(p->flat)) {
			counter_add(&p->stats.rx_errors, 1);
			continue;
		}
		bufs[out] = framebuf_make(p->pool, p->next_data, len);
		if (!bufs[out]) {
			counter_add(&p->stats.rx_nobuf, 1);
			continue;
		}
		counter_add(&p->stats.rx_packets, 1);
		counter_add(&p->stats.rx_bytes, len);
		out++;
	}
	return out;
}

static uint64_t pcapfile_next_ns(struct port *port, uint16_t queue)
{
	struct pcap_port *p = pcap_of(port);

	(void)queue;
	if (!read_ahead(p))
		return UINT64_MAX;
	return p->based ? next_due(p, 0) : 0;
}

/* ---- sending ------------------------------------------------------------------------------- */

/* Writes packets out; false: they did not all get into the file, and nothing more does. */
static bool write_out(struct pcap_port *p, uint64_t now_ns, struct rte_mbuf **bufs, uint16_t n)
{
	uint64_t at_ns = now_ns + p->wall_offset_ns;
	struct pcap_pkthdr h = {
		.ts.tv_sec = (time_t)(at_ns / SECOND_NS),
		.ts.tv_usec = (suseconds_t)(at_ns % SECOND_NS),
	};

	if (p->broken)
		return false;
	for (uint16_t i = 0; i < n; i++) {
		if (bufs[i]->pkt_len > sizeof(p->flat))
			continue;
		framebuf_flatten(bufs[i], p->flat);
		h.caplen = h.len = bufs[i]->pkt_len;
		pcap_dump((u_char *)p->dump, &h, p->flat);
	}
	/* Each burst, so that what is counted as sent is in the file. */
	if (n == 0 || pcap_dump_flush(p->dump) == 0)
		return true;
	p->broken = true;
	LOG_ERR(p->port.log, "pcap", "%s: cannot write: %s", p->args.tx, strerror(errno));
	return false;
}

static uint16_t pcapfile_tx(struct port *port, uint16_t queue, uint64_t now_ns,
			    struct rte_mbuf **bufs, uint16_t n)
{
	struct pcap_port *p = pcap_of(port);
	bool good = !p->dump || write_out(p, now_ns, bufs, n);

	(void)queue;
	for (uint16_t i = 0; i < n; i++) {
		if (bufs[i]->pkt_len > sizeof(p->flat)) {
			counter_add(&p->stats.tx_unfit, 1);
		} else if (!good) {
			counter_add(&p->stats.tx_errors, 1);
		} else {
			counter_add(&p->stats.tx_packets, 1);
			counter_add(&p->stats.tx_bytes, bufs[i]->pkt_len);
		}
	}
	rte_pktmbuf_free_bulk(bufs, n);
	return n;
}

/* ---- life ---------------------------------------------------------------------------------- */

static int pcapfile_start(struct port *port, const struct port_setup *setup)
{
	struct pcap_port *p = pcap_of(port);

	p->pool = setup->rx_pool[0];
	port->mtu = setup->mtu ? setup->mtu : port->caps.mtu_max;
	return 0;
}

static void pcapfile_stop(struct port *port)
{
	pcap_of(port)->pool = NULL;
}

static void pcapfile_close(struct port *port)
{
	struct pcap_port *p = pcap_of(port);

	if (p->dump)
		pcap_dump_close(p->dump);
	if (p->out)
		pcap_close(p->out);
	if (p->in)
		pcap_close(p->in);
	free(p);
}

static void pcapfile_link(struct port *port, struct port_link *link)
{
	link->up = !__atomic_load_n(&pcap_of(port)->ended, __ATOMIC_RELAXED);
	link->full_duplex = true;
	link->mbps = 0;
}

static void pcapfile_stats(struct port *port, struct port_stats *stats)
{
	port_stats_read(&pcap_of(port)->stats, stats);
}

static const struct port_ops pcapfile_ops = {
	.start = pcapfile_start,
	.stop = pcapfile_stop,
	.close = pcapfile_close,
	.rx_burst = pcapfile_rx,
	.tx_burst = pcapfile_tx,
	.link = pcapfile_link,
	.stats = pcapfile_stats,
	.next_ns = pcapfile_next_ns,
};

static int mtu_read(const char *text, uint64_t *mtu, const char **expect)
{
	int rc = kv_u64(text, FRAME_MTU_MAX, mtu, expect);

	*expect = "bytes, 68 to 65535";
	return rc == 0 && *mtu < PCAP_MTU_MIN ? -EINVAL : rc;
}

static int mac_read(const char *text, struct eth_addr *mac, const char **expect)
{
	*expect = "the address of one station, such as 02:00:00:00:00:01";
	if (eth_addr_parse(mac, text) || eth_addr_is_multicast(mac) || eth_addr_is_zero(mac))
		return -EINVAL;
	return 0;
}

static int arg_read(const struct kv *kv, struct pcap_args *a, const char **expect)
{
	*expect = NULL;
	if (strcmp(kv->key, "rx") == 0) {
		snprintf(a->rx, sizeof(a->rx), "%s", kv->value);
	} else if (strcmp(kv->key, "tx") == 0) {
		snprintf(a->tx, sizeof(a->tx), "%s", kv->value);
	} else if (strcmp(kv->key, "timed") == 0) {
		return kv_bool(kv->value, &a->timed, expect);
	} else if (strcmp(kv->key, "mtu") == 0) {
		return mtu_read(kv->value, &a->mtu, expect);
	} else if (strcmp(kv->key, "link") == 0) {
		*expect = "ethernet or raw";
		a->raw = strcmp(kv->value, "raw") == 0;
		return a->raw || strcmp(kv->value, "ethernet") == 0 ? 0 : -EINVAL;
	} else if (strcmp(kv->key, "mac") == 0) {
		return mac_read(kv->value, &a->mac, expect);
	} else {
		return -EINVAL;
	}
	return 0;
}

static int args_read(const struct port_open *open, struct pcap_args *a)
{
	const char *list = open->devargs ? open->devargs : "", *expect;
	struct kv kv;
	int rc;

	memset(a, 0, sizeof(*a));
	a->mtu = PCAP_MTU_DEFAULT;
	a->mac = (struct eth_addr){{0x02, 0x6e, 0x73, 0x6b, 0x01, 0x01}};
	while ((rc = kv_next(&list, &kv)) > 0) {
		rc = arg_read(&kv, a, &expect);
		if (rc && expect)
			return port_open_fail(open, -EINVAL, "pcap: %s=%s: give %s", kv.key,
					      kv.value, expect);
		if (rc)
			break;
	}
	if (rc < 0)
		return port_open_fail(open, -EINVAL,
				      "pcap: '%s' is not one of rx=FILE tx=FILE timed=1 mtu=BYTES "
				      "link=ethernet|raw mac=ADDRESS",
				      kv.key);
	if (!a->rx[0] && !a->tx[0])
		return port_open_fail(open, -EINVAL,
				      "pcap: which file? pcap:rx=IN.pcap,tx=OUT.pcap");
	return 0;
}

static int input_open(const struct port_open *open, struct pcap_port *p)
{
	char text[PCAP_ERRBUF_SIZE];
	int type;

	p->in = pcap_open_offline_with_tstamp_precision(p->args.rx, PCAP_TSTAMP_PRECISION_NANO,
							text);
	if (!p->in)
		return port_open_fail(open, -ENOENT, "pcap: cannot read the capture: %s", text);
	type = pcap_datalink(p->in);
	if (type != DLT_EN10MB && type != DLT_RAW && type != DLT_IPV4 && type != DLT_IPV6)
		return port_open_fail(
			open, -EINVAL,
			"pcap: %s holds packets of link type %s; only Ethernet and raw "
			"IP are understood",
			p->args.rx, pcap_datalink_val_to_name(type));
	p->args.raw = type != DLT_EN10MB;
	return 0;
}

static int output_open(const struct port_open *open, struct pcap_port *p)
{
	p->out = pcap_open_dead_with_tstamp_precision(p->args.raw ? DLT_RAW : DLT_EN10MB,
						      sizeof(p->flat), PCAP_TSTAMP_PRECISION_NANO);
	if (!p->out)
		return port_open_fail(open, -ENOMEM, "pcap: out of memory");
	p->dump = pcap_dump_open(p->out, p->args.tx);
	if (!p->dump)
		return port_open_fail(open, -EACCES, "pcap: cannot write the capture: %s",
				      pcap_geterr(p->out));
	return 0;
}

int pcapfile_open(const struct port_open *open, struct port **port)
{
	struct pcap_port *p;
	struct pcap_args args;
	int rc;

	rc = args_read(open, &args);
	if (rc)
		return rc;
	p = mem_apart(sizeof(*p));
	if (!p)
		return port_open_fail(open, -ENOMEM, "pcap: out of memory");
	p->args = args;
	p->wall_offset_ns = open->wall_offset_ns;
	port_init(&p->port, &pcapfile_ops, open, "pcap");
	if (args.rx[0])
		rc = input_open(open, p);
	if (rc == 0 && args.tx[0])
		rc = output_open(open, p);
	if (rc) {
		pcapfile_close(&p->port);
		return rc;
	}
	p->port.caps = (struct port_caps){
		.offloads = PORT_TX_MULTI_SEG | PORT_TX_INDIRECT | PORT_TX_EXTERNAL,
		.rx_queues_max = 1,
		.tx_queues_max = 1,
		.mtu_max = (uint32_t)args.mtu,
		.ethernet = !p->args.raw,
		.numa_node = -1,
	};
	p->port.mac = args.mac;
	*port = &p->port;
	return 0;
}
