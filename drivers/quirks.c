/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of quirks, and finding a row. Each row says why it is there; what was seen was seen
 * with DPDK 22.11.11 unless it says otherwise.
 */
#include "quirks.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "net/port.h"

#define ALL_CSUM \
	(PORT_RX_CSUM_IPV4 | PORT_RX_CSUM_L4 | PORT_TX_CSUM_IPV4 | PORT_TX_CSUM_L4 | PORT_TX_TSO)

#define RX_INTR          \
	.rx_intr = true, \
	.reason = "Has receive interrupts by DPDK's documentation; not tried on hardware."

const struct quirk quirk_none = {.driver = ""};

static const struct quirk quirks[] = {
	{
		.driver = "net_tap",
		.package = "librte-net-tap",
		.keys = "iface=text remote=text mac=text persist",
		.no_rss = true,
		.offloads_off = ALL_CSUM,
		.queues_max = 1,
		.rx_fds = true,
		.prepare = prepare_tap,
		.started = started_tap,
		.external = true,
		.link_mute = true,
		.reason =
			"Reports RSS, but spreads by the kernel's own flow table. Its checksums and its "
			"segmentation are computed by the driver on our core, after a copy: ours are "
			"cheaper. Wants as many rx as tx queues. Reception hangs on a real-time signal "
			"that interrupts what the main thread waits in: tap_signal.c sends it to EAL's "
			"own. Both sides get one MAC, and a second program may open the same tap: "
			"tap_kernel.c. Says that it reports changes of its link, and reports none.",
	},
	{
		.driver = "net_tun",
		.package = "librte-net-tap",
		.keys = "iface=text",
		.no_rss = true,
		.no_ethernet = true,
		.offloads_off = ALL_CSUM,
		.queues_max = 1,
		.rx_fds = true,
		.prepare = prepare_tun,
		.started = started_tun,
		.external = true,
		.reason = "As net_tap; carries IP packets without a link header.",
	},
	{
		.driver = "net_virtio_user",
		.package = "librte-net-virtio",
		.keys = "path=text mac=mac cq=bool queue_size=num queues=num iface=text server=bool "
			"mrg_rxbuf=bool in_order=bool packed_vq=bool speed=num vectorized=bool",
		.single_file = true,
		.rx_intr = true,
		.merges = true,
		.prepare = prepare_virtio_user,
		.reason =
			"The vhost side maps our memory: one file descriptor a page is more than the "
			"protocol's 8 regions (\"Failed to set memory table\"), so one file a region. "
			"With --no-huge EAL's memory is one memfd, which does as well.",
	},
	{
		.driver = "net_vhost",
		.package = "librte-net-vhost",
		.keys = "iface=text queues=num client=bool iommu-support=bool postcopy-support=bool "
			"tso=bool linear-buffer=bool ext-buffer=bool legacy-ol-flags=bool",
		.single_file = true,
		.chains = true,
		.odd_sums = true,
		.prepare = prepare_vhost,
		.reason =
			"Listens on a socket file that a crash leaves behind, and bind() then fails. "
			"Packets longer than a buffer come as chains though it does not report SCATTER. "
			"Computes checksums itself for a peer without VIRTIO_NET_F_GUEST_CSUM, by "
			"rte_raw_cksum_mbuf(), which loses carries of what follows a buffer of odd length: "
			"a segment that was cut there arrived never.",
	},
	{
		.driver = "net_memif",
		.package = "librte-net-memif",
		.keys = "id=num role=server|client|master|slave bsize=num rsize=num socket=text "
			"socket-abstract=yes|no mac=mac secret=text zero-copy=yes|no",
		.no_in_memory = true,
		.chains = true,
		.queues_max = 1,
		.offloads_off = PORT_TX_MULTI_SEG,
		.prepare = prepare_memif,
		.reason =
			"The server died three times with --in-memory when its client left. Packets of "
			"several segments are corrupted in 23.03 to 24.11.4 and in 25.11.0, zero-copy "
			"sends stale flags in 22.11. No RSS; the number of queues is the peer's too.",
	},
	{
		.driver = "net_af_packet",
		.package = "librte-net-af-packet",
		.keys = "iface=text qpairs=num qdisc_bypass=bool blocksz=num framesz=num "
			"framecnt=num",
		.prepare = prepare_af_packet,
		.external = true,
		.tags_alike = true,
		.link_mute = true,
		.reason =
			"Does not look at the kernel's mark for packets whose checksum is still to be "
			"computed, as a veth peer sends them: the peer's offloads must be off, which is "
			"seen to where the peer can be reached. The kernel hands the outermost tag over "
			"beside the frame, and the driver writes it back as one of 802.1Q, whatever it "
			"was. Its link is always up.",
	},
	{
		.driver = "net_ring",
		.package = "librte-net-ring",
		.keys = "nodeaction=text+ internal=text",
		.chains = true,
		.no_rss = true,
		.queues_max = 1,
		.reason = "Hands mbufs over as they are: chains and flags of the sender included.",
	},
	{
		.driver = "net_pcap",
		.package = "librte-net-pcap",
		.keys = "rx_pcap=text+ tx_pcap=text+ rx_iface=text+ rx_iface_in=text+ tx_iface=text+ "
			"iface=text+ phy_mac=bool infinite_rx=bool",
		.chains = true,
		.prepare = prepare_pcap,
		.external = true,
		.reason =
			"Opens kernel interfaces with libpcap, which needs CAP_NET_RAW; checksums of a "
			"veth peer as with net_af_packet.",
	},
	{
		.driver = "net_null",
		.package = "librte-net-null",
		.keys = "size=num copy=num no-rx=bool",
		.no_rss = true,
		.external = true,
		.reason =
			"Reports a RETA of 128 entries, but every queue delivers the same nothing.",
	},
	{
		.driver = "net_bonding",
		.package = "librte-net-bond",
		.keys = "mode=num slave=text+ member=text+ primary=text socket_id=num mac=mac "
			"xmit_policy=l2|l23|l34 agg_mode=count|stable|bandwidth "
			"lsc_poll_period_ms=num up_delay=num down_delay=num",
		.no_rss = true,
		.queues_max = 1,
		.offloads_off = ALL_CSUM | PORT_TX_MULTI_SEG,
		.prepare = prepare_bonding,
		.reason =
			"Takes its members in when it is configured: what it reports before is nobody's, "
			"so only what every device can do is used. More in bond.c.",
	},
	{
		.driver = "net_e1000_em",
		.package = "librte-net-e1000",
		.queues_max = 1,
		.reason = "Reports two queues of each kind, has no RSS: one.",
	},
	{
		.driver = "net_e1000_igb",
		.package = "librte-net-e1000",
		.rx_intr = true,
		.reason =
			"Has receive interrupts by vfio-pci; by uio_pci_generic it takes them and none "
			"comes, so that they are not asked for there (QEMU's 82576).",
	},
	{.driver = "net_igc", .package = "librte-net-igc", RX_INTR},
	{.driver = "net_ixgbe", .package = "librte-net-ixgbe", RX_INTR},
	{.driver = "net_i40e", .package = "librte-net-i40e", RX_INTR},
	{.driver = "net_ice", .package = "librte-net-ice", RX_INTR},
	{.driver = "mlx5_pci", .package = "librte-net-mlx5", RX_INTR},
	{
		.driver = "net_virtio",
		.package = "librte-net-virtio",
		.rx_intr = true,
		.merges = true,
		.packed_whole = true,
		.reason =
			"No IPv4 header checksum in either direction, as it reports. Received packets "
			"may say \"no checksum, data good\" (RTE_MBUF_F_RX_L4_CKSUM_NONE): that is good. "
			"On a packed ring a chain is sent by an indirect table whose first descriptor, the "
			"header's, keeps the flag of one that the device may write (virtqueue.h, "
			"vring_desc_init_indirect_packed()): QEMU 7.2 says \"Incorrect order for "
			"descriptors\" and the device is dead until it is reset. What is on a packed ring when "
			"the link goes down kills that queue in QEMU (hw/virtio/virtio.c, "
			"virtqueue_packed_drop_all(), 7.2 to 10.0, counts it as given back and not as "
			"taken): the device is reset when the link returns.",
	},
};

const struct quirk *quirk_of_driver(const char *driver)
{
	for (size_t i = 0; i < NSK_ARRAY_LEN(quirks); i++)
		if (strcmp(quirks[i].driver, driver) == 0)
			return &quirks[i];
	return &quirk_none;
}

/* Rows of virtual devices are those whose arguments are known. */
static bool is_virtual(const struct quirk *quirk)
{
	return quirk->keys != NULL;
}

bool devargs_is_of(const char *devargs, const char *driver)
{
	size_t n = strlen(driver);

	return strncmp(devargs, driver, n) == 0 &&
	       (devargs[n] == '\0' || devargs[n] == ',' || devargs[n] == '_' ||
		isdigit((unsigned char)devargs[n]));
}

const struct quirk *quirk_of_devargs(const char *devargs)
{
	if (strncmp(devargs, "vdev:", 5) == 0)
		devargs += 5;
	for (size_t i = 0; i < NSK_ARRAY_LEN(quirks); i++)
		if (is_virtual(&quirks[i]) && devargs_is_of(devargs, quirks[i].driver))
			return &quirks[i];
	return &quirk_none;
}

const struct quirk *quirk_taken_for(const char *name)
{
	for (size_t i = 0; i < NSK_ARRAY_LEN(quirks); i++)
		if (is_virtual(&quirks[i]) &&
		    strncmp(name, quirks[i].driver, strlen(quirks[i].driver)) == 0)
			return &quirks[i];
	return NULL;
}

const char *quirk_virtual_names(char *text, size_t size)
{
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < NSK_ARRAY_LEN(quirks) && n < size; i++)
		if (is_virtual(&quirks[i]))
			n += (size_t)snprintf(text + n, size - n, "%s%s", n ? " " : "",
					      quirks[i].driver);
	return text;
}

static size_t hex_digits(const char *text)
{
	size_t n = 0;

	while (isxdigit((unsigned char)text[n]))
		n++;
	return n;
}

bool devargs_is_pci(const char *devargs, size_t *len)
{
	const char *p = devargs;
	size_t n = hex_digits(p);

	*len = 0;
	/* [domain:]bus:device.function */
	if (n >= 4 && n <= 8 && p[n] == ':') {
		p += n + 1;
		n = hex_digits(p);
	}
	if (n < 1 || n > 2 || p[n] != ':')
		return false;
	p += n + 1;
	n = hex_digits(p);
	if (n < 1 || n > 2 || p[n] != '.' || p[n + 1] < '0' || p[n + 1] > '7')
		return false;
	p += n + 2;
	if (*p != '\0' && *p != ',')
		return false;
	*len = (size_t)(p - devargs);
	return true;
}
