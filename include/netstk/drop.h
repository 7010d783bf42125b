/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * @brief The one list of reasons for which the stack drops a packet.
 *
 * Every packet that the stack does not pass on counts exactly one of these reasons, in the
 * counters of the worker that dropped it. Tools, captures, statistics and documents are made
 * from this list; nothing else in the project names a drop reason.
 *
 * To add a reason, add one row. Numbers may change between releases; names stay.
 */
#ifndef NETSTK_DROP_H
#define NETSTK_DROP_H

#include <netstk/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The list: `X(NAME, "lower_snake_name", "one sentence that says what it means")`.
 *
 * NAME gives the enumerator `NSK_DROP_NAME`; the string is its name in counters and JSON.
 */
#define NSK_DROP_LIST(X)                                                                           \
	/* Link */                                                                                 \
	X(ETH_SHORT, "eth_short", "The frame is shorter than its Ethernet header.")                \
	X(ETH_OTHER_MAC, "eth_other_mac", "The frame is for another station's MAC address.")       \
	X(ETH_BAD_SOURCE, "eth_bad_source", "The frame's source MAC is a multicast address.")      \
	X(ETH_LLC, "eth_llc", "The frame is IEEE 802.3 LLC, not Ethernet II.")                     \
	X(ETH_VLAN_UNKNOWN, "eth_vlan_unknown", "No interface here is on the frame's VLAN.")       \
	X(ETH_VLAN_DEPTH, "eth_vlan_depth", "The frame has more than two VLAN tags.")              \
	X(ETH_UNKNOWN_TYPE, "eth_unknown_type", "No protocol here handles this EtherType.")        \
	/* ARP */                                                                                  \
	X(ARP_MALFORMED, "arp_malformed",                                                          \
	  "The ARP packet breaks RFC 826 or names an impossible sender.")                          \
	X(ARP_NOT_OURS, "arp_not_ours", "The ARP packet concerns an address that is not ours.")    \
	X(ARP_UNSOLICITED, "arp_unsolicited", "An ARP reply came that nobody here had asked for.") \
	X(ARP_CONFLICT, "arp_conflict", "Another station claims our address (RFC 5227).")          \
	X(ARP_TABLE_FULL, "arp_table_full", "The neighbour table has no room for a new address.")  \
	X(ARP_QUEUE_FULL, "arp_queue_full", "Too many packets wait for neighbours to answer.")     \
	X(ARP_UNRESOLVED, "arp_unresolved",                                                        \
	  "The neighbour did not answer, so its packets were given up.")                           \
	/* Neighbour discovery */                                                                  \
	X(ND_MALFORMED, "nd_malformed", "The message breaks RFC 4861, or came from off the link.") \
	X(ND_NOT_OURS, "nd_not_ours", "The solicitation is about an address that is not ours.")    \
	X(ND_UNSOLICITED, "nd_unsolicited",                                                        \
	  "An advertisement came that nobody here had asked for.")                                 \
	X(ND_CONFLICT, "nd_conflict", "Another station advertises our address (RFC 4862).")        \
	X(ND_IGNORED, "nd_ignored",                                                                \
	  "The message is a redirect or a router's, or our own that came back.")                   \
	/* IP */                                                                                   \
	X(IP_SHORT, "ip_short", "The packet is shorter than an IP header.")                        \
	X(IP_VERSION, "ip_version", "The version field does not fit the packet's EtherType.")      \
	X(IP_HEADER_LEN, "ip_header_len",                                                          \
	  "The header length is below the minimum or past the packet's end.")                      \
	X(IP_TOTAL_LEN, "ip_total_len",                                                            \
	  "The total length is below the header's or past the packet's end.")                      \
	X(IP_CHECKSUM, "ip_checksum", "The IPv4 header checksum is wrong.")                        \
	X(IP_OPTIONS, "ip_options", "The IPv4 options are malformed or ask for a source route.")   \
	X(IP6_EXTENSIONS, "ip6_extensions",                                                        \
	  "The IPv6 extension headers are malformed, too many, or not to be passed over.")         \
	X(IP6_NO_NEXT, "ip6_no_next", "Nothing follows the IPv6 headers (number 59).")             \
	X(IP_MARTIAN_SOURCE, "ip_martian_source", "The source address may never send to us.")      \
	X(IP_MARTIAN_DEST, "ip_martian_dest",                                                      \
	  "The destination address may never be on this wire.")                                    \
	X(IP_LINK_BROADCAST, "ip_link_broadcast",                                                  \
	  "The packet for one host came as a link-layer broadcast (RFC 1122).")                    \
	X(IP_SPLIT_HEADERS, "ip_split_headers",                                                    \
	  "The headers lie in several buffers and could not be joined.")                           \
	X(IP_NOT_LOCAL, "ip_not_local",                                                            \
	  "The destination is not ours and we do not forward to it.")                              \
	X(IP_TTL, "ip_ttl", "The time to live or hop limit of a packet to forward ran out.")       \
	X(IP_SCOPE, "ip_scope",                                                                    \
	  "A link-local source or destination: the packet may not leave its link.")                \
	X(IP_DIRECTED_BCAST, "ip_directed_bcast",                                                  \
	  "A broadcast to another network of ours is not forwarded (RFC 2644).")                   \
	X(IP_ROUTE_REFUSES, "ip_route_refuses",                                                    \
	  "The route is a blackhole, unreachable, prohibited, or back over the same link.")        \
	X(IP_REVERSE_PATH, "ip_reverse_path",                                                      \
	  "The way back to the source does not lead to where the packet came in (RFC 3704).")      \
	X(IP_FRAG_LENGTH, "ip_frag_length",                                                        \
	  "The fragment is empty, or no multiple of 8 long and not the last.")                     \
	X(IP_FRAG_TOO_LONG, "ip_frag_too_long", "The fragments' datagram exceeds 65,535 bytes.")   \
	X(IP_FRAG_OVERLAP, "ip_frag_overlap",                                                      \
	  "The fragment's datagram has fragments that overlap (RFC 5722).")                        \
	X(IP_FRAG_DUPLICATE, "ip_frag_duplicate", "The very same fragment was there already.")     \
	X(IP_FRAG_MANY, "ip_frag_many", "The fragment's datagram has more than 128.")              \
	X(IP_FRAG_FULL, "ip_frag_full", "No room for fragments: the oldest have to go.")           \
	X(IP_FRAG_STALE, "ip_frag_stale",                                                          \
	  "More than ip.frag_max_dist fragments of others came before the next one.")              \
	X(IP_FRAG_TIMEOUT, "ip_frag_timeout", "The rest of the datagram did not come in time.")    \
	X(IP_FRAG_ECN, "ip_frag_ecn",                                                              \
	  "A mark of congestion among fragments that do not allow it (RFC 3168).")                 \
	X(IP_UNKNOWN_PROTO, "ip_unknown_proto", "No transport here handles this protocol number.") \
	X(IP_NO_ROUTE, "ip_no_route", "No route leads to the destination.")                        \
	X(IP_TOO_BIG, "ip_too_big",                                                                \
	  "The packet to send exceeds the MTU and may not be fragmented.")                         \
	/* ICMP */                                                                                 \
	X(ICMP_SHORT, "icmp_short", "The ICMP message is shorter than its header.")                \
	X(ICMP_CHECKSUM, "icmp_checksum", "The ICMP checksum is wrong.")                           \
	X(ICMP_UNKNOWN_TYPE, "icmp_unknown_type", "Nothing here handles this ICMP type.")          \
	X(ICMP_IGNORED, "icmp_ignored",                                                            \
	  "The ICMP message is a redirect or source quench: not followed.")                        \
	X(ICMP_RATE_LIMITED, "icmp_rate_limited", "The ICMP answer exceeds the rate limit.")       \
	X(ICMP_BAD_QUOTE, "icmp_bad_quote",                                                        \
	  "The ICMP error quotes nothing that we can have sent.")                                  \
	X(ICMP_BROADCAST_ECHO, "icmp_broadcast_echo",                                              \
	  "The ICMP query was sent to a broadcast or multicast.")                                  \
	X(ICMP_RCVBUF_FULL, "icmp_rcvbuf_full", "The ICMP socket's receive buffer is full.")       \
	/* Multicast groups */                                                                     \
	X(GROUP_MALFORMED, "group_malformed",                                                      \
	  "The IGMP or MLD message breaks RFC 3376 or RFC 3810.")                                  \
	X(GROUP_IGNORED, "group_ignored",                                                          \
	  "The IGMP or MLD message is none that a host has to do with.")                           \
	X(GROUP_FLOOD, "group_flood", "More IGMP or MLD messages than are looked at.")             \
	X(GROUP_SOURCE, "group_source", "No member of the group wants to hear this sender.")       \
	/* UDP */                                                                                  \
	X(UDP_SHORT, "udp_short", "The datagram is shorter than a UDP header.")                    \
	X(UDP_LENGTH, "udp_length", "The UDP length is below 8 or past the IP payload's end.")     \
	X(UDP_CHECKSUM, "udp_checksum", "The UDP checksum is wrong.")                              \
	X(UDP_NO_SOCKET, "udp_no_socket", "No UDP socket receives on this address and port.")      \
	X(UDP_RCVBUF_FULL, "udp_rcvbuf_full", "The UDP socket's receive buffer is full.")          \
	X(UDP_MEM_FULL, "udp_mem_full", "All UDP and ICMP sockets together hold udp.mem.")         \
	/* DHCP */                                                                                 \
	X(DHCP_MALFORMED, "dhcp_malformed", "The DHCP message breaks RFC 2131 or 2132.")           \
	X(DHCP_NOT_OURS, "dhcp_not_ours",                                                          \
	  "A DHCP message to another client, or one that nobody here has asked for.")              \
	X(DHCP_REFUSED, "dhcp_refused",                                                            \
	  "A DHCP server gives an address that no host can have, or none for any time.")           \
	/* TCP */                                                                                  \
	X(TCP_SHORT, "tcp_short", "The segment is shorter than a TCP header.")                     \
	X(TCP_DATA_OFFSET, "tcp_data_offset",                                                      \
	  "The data offset is below 5 or past the segment's end.")                                 \
	X(TCP_CHECKSUM, "tcp_checksum", "The TCP checksum is wrong.")                              \
	X(TCP_BCAST, "tcp_bcast", "The segment was sent to a broadcast or multicast address.")     \
	X(TCP_NO_LISTENER, "tcp_no_listener", "No connection and no listener takes this segment.") \
	X(TCP_NO_CONNECTION, "tcp_no_connection",                                                  \
	  "The port listens, and the segment is of no connection that there is.")                  \
	X(TCP_SYN_BACKLOG_FULL, "tcp_syn_backlog_full",                                            \
	  "The listener has no room for another half-open connection.")                            \
	X(TCP_ACCEPT_BACKLOG_FULL, "tcp_accept_backlog_full",                                      \
	  "The listener's accept queue is full.")                                                  \
	X(TCP_SYN_LIMIT, "tcp_syn_limit", "The source has sent more SYNs than tcp.syn_rate.")      \
	X(TCP_BAD_COOKIE, "tcp_bad_cookie",                                                        \
	  "While SYN cookies are out an ACK to a listener carries no valid one.")                  \
	X(TCP_BAD_SEQUENCE, "tcp_bad_sequence",                                                    \
	  "The sequence numbers lie outside the receive window.")                                  \
	X(TCP_BAD_ACK, "tcp_bad_ack",                                                              \
	  "The ACK acknowledges what was never sent or is far too old.")                           \
	X(TCP_BAD_FLAGS, "tcp_bad_flags", "The combination of flags means nothing in this state.") \
	X(TCP_RST_WINDOW, "tcp_rst_window", "The RST lies outside the receive window.")            \
	X(TCP_RST_CHALLENGE, "tcp_rst_challenge",                                                  \
	  "The RST is not exact and was challenged (RFC 5961).")                                   \
	X(TCP_SYN_CHALLENGE, "tcp_syn_challenge",                                                  \
	  "The SYN hit a live connection and was challenged (RFC 5961).")                          \
	X(TCP_PAWS, "tcp_paws", "The timestamp is older than the last one accepted (RFC 7323).")   \
	X(TCP_DUPLICATE, "tcp_duplicate", "All of the segment's data had been received before.")   \
	X(TCP_OOO_FULL, "tcp_ooo_full", "The store of out-of-order data is full.")                 \
	X(TCP_RCVBUF_FULL, "tcp_rcvbuf_full", "The socket's receive buffer is full.")              \
	X(TCP_MEM_FULL, "tcp_mem_full", "The memory for what all TCP sockets receive is used up.") \
	X(TCP_AFTER_CLOSE, "tcp_after_close", "Data came after the application had closed.")       \
	X(TCP_TIME_WAIT, "tcp_time_wait", "The segment belongs to a connection in TIME_WAIT.")     \
	X(TCP_TABLE_FULL, "tcp_table_full", "The table of connections is full.")                   \
	X(TCP_NO_MEMORY, "tcp_no_memory", "There was no memory for the connection's state.")       \
	/* Ports, buffers and steering */                                                          \
	X(RX_NO_BUFFER, "rx_no_buffer", "There was no packet buffer to receive or answer with.")   \
	X(RX_IFACE_DOWN, "rx_iface_down",                                                          \
	  "The packet came in on an interface that is not enabled.")                               \
	X(RX_MISSED, "rx_missed", "The device had no room: its receive ring was full.")            \
	X(RX_BROKEN, "rx_broken", "The device or the capture gave a packet that was broken.")      \
	X(TX_NO_BUFFER, "tx_no_buffer", "There was no packet buffer to send with.")                \
	X(TX_RING_FULL, "tx_ring_full", "The port took no more packets to send.")                  \
	X(TX_SEGMENTS, "tx_segments",                                                              \
	  "The packet is in several buffers and the port sends single ones.")                      \
	X(TX_LINK_DOWN, "tx_link_down", "The port's link or interface is down.")                   \
	X(TX_UNFIT, "tx_unfit",                                                                    \
	  "The port cannot send such a packet: too long, or not what its checksum unit takes.")    \
	X(TX_FAILED, "tx_failed", "The device took the packet and could not send it.")             \
	X(STEER_RING_FULL, "steer_ring_full",                                                      \
	  "The ring to the worker that owns the packet is full.")                                  \
	/* The way to the kernel */                                                                \
	X(TWIN_RATE, "twin_rate",                                                                  \
	  "More packets a second for the kernel's twin than twin.rate allows a rule.")             \
	X(TWIN_QUEUE_FULL, "twin_queue_full", "Too many packets wait for the kernel's twin.")      \
	X(TWIN_DOWN, "twin_down", "The kernel's twin is down, or took no more.")                   \
	X(TWIN_BAD_FRAME, "twin_bad_frame",                                                        \
	  "A frame from the kernel's twin is too short, or too long for the interface.")           \
	X(FAULT_INJECTED, "fault_injected", "A fault port dropped the packet on request.")

/** Why a packet was dropped. */
enum nsk_drop {
	NSK_DROP_NONE = 0, /**< Not dropped. */
/** @cond */
#define NSK_DROP_ENUM(name, string, text) NSK_DROP_##name,
	/** @endcond */
	NSK_DROP_LIST(NSK_DROP_ENUM)
#undef NSK_DROP_ENUM
	NSK_DROP_MAX /**< Number of reasons, NSK_DROP_NONE included. */
};

/**
 * Name of a reason as counters and JSON spell it.
 *
 * @param reason any value.
 * @return A constant string: "none" for NSK_DROP_NONE, "invalid" for a value not in the list.
 */
NSK_API const char *nsk_drop_name(enum nsk_drop reason);

/**
 * One sentence that says what a reason means.
 *
 * @param reason any value.
 * @return A constant string, never NULL.
 */
NSK_API const char *nsk_drop_text(enum nsk_drop reason);

#ifdef __cplusplus
}
#endif

#endif /* NETSTK_DROP_H */
