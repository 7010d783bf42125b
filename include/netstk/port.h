/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file port.h
 * @brief Ports that live inside the process: the in-process wire and the callback port.
 *
 * Neither needs a NIC, hugepages, root or an EAL lcore.
 */
#ifndef NETSTK_PORT_H
#define NETSTK_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netstk/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What happens to packets in one direction of a wire. All zero: nothing, immediate delivery.
 * Probabilities are in parts per million.
 */
struct nsk_wire_params {
	uint64_t seed;		/**< of every random choice on this direction */
	uint64_t delay_ns;	/**< propagation delay */
	uint64_t jitter_ns;	/**< added uniformly from [0, jitter_ns); order is kept */
	uint64_t rate_bps;	/**< bits a second; 0: unlimited */
	uint32_t queue_packets; /**< packets in flight or queued at most; 0: 4096; what comes on top
				   is dropped */
	uint64_t queue_bytes;	/**< bytes that wait for the transmitter, at most, with rate_bps; 0:
				   no   limit; the packet that does not fit is dropped */
	uint32_t mtu;	    /**< IP packets longer than this are lost without a word; 0: none is */
	uint32_t loss_ppm;  /**< the packet is lost */
	uint32_t burst_ppm; /**< with this packet a burst of losses begins (Gilbert and Elliott) */
	uint32_t burst_packets;	 /**< packets in a burst, the mean; 0: 10 */
	uint32_t burst_loss_ppm; /**< a packet in a burst is lost; 0: each is */
	uint32_t duplicate_ppm;	 /**< the packet arrives twice */
	uint32_t corrupt_ppm;	 /**< one random bit behind the Ethernet header flips */
	uint32_t reorder_ppm;	 /**< the packet is held back by reorder_ns more */
	uint64_t reorder_ns;	 /**< 0 with reorder_ppm: 1 ms */
	uint64_t ecn_threshold;	 /**< bytes, with rate_bps: an IPv4 packet before which more wait is
				    marked (CE), or dropped if it is not ECT (RFC 3168); 0: none */
};

/** What a direction of a wire has done. */
struct nsk_wire_stats {
	uint64_t packets;    /**< accepted from the sender */
	uint64_t bytes;	     /**< of them */
	uint64_t delivered;  /**< taken by the receiver, duplicates counted */
	uint64_t lost;	     /**< by loss_ppm, in a burst, or sent while the wire was down */
	uint64_t duplicated; /**< by duplicate_ppm */
	uint64_t corrupted;  /**< by corrupt_ppm */
	uint64_t reordered;  /**< held back by reorder_ppm */
	uint64_t queue_full; /**< dropped because of queue_packets, queue_bytes or ecn_threshold */
	uint64_t too_long;   /**< lost because of mtu */
	uint64_t cut;	     /**< were on the way when the wire went down */
	uint64_t no_buffer;  /**< the receiver had no packet buffer for them */
	uint64_t marked;     /**< by ecn_threshold */
};

/** An in-process wire with two ends, each to be plugged into one stack by nsk_config_add_wire(). */
struct nsk_wire;

/**
 * @brief Make a wire. Its ends may be run by two different threads.
 * @param a_to_b, b_to_a NULL: a perfect wire
 * @param mtu largest IP packet in bytes, 68 to 65535
 * @return NULL with errno (ENOMEM, EINVAL)
 */
NSK_API struct nsk_wire *nsk_wire_create(const struct nsk_wire_params *a_to_b,
					 const struct nsk_wire_params *b_to_a, uint32_t mtu);

/**
 * @brief Let the ports at both ends do what large NICs do: compute and judge checksums, cut TCP
 * into segments (TSO), take what nobody has cut (LRO).
 *
 * Frames then go over uncut and unsummed where both ends have it so, as between the machines of one
 * host; where something looks at them on the way (faults, delays, nsk_wire_tap()), or where there
 * is no stack at the other end, they are cut and summed first. Before either end is plugged in.
 * @return 0, or -1 with errno: EBUSY (an end is in use, or frames are on the way), ENOMEM
 */
NSK_API int nsk_wire_offload(struct nsk_wire *wire);

/** @brief Free a wire whose stacks are gone, and the packets on it. */
NSK_API void nsk_wire_destroy(struct nsk_wire *wire);

/** @brief Change a direction (0: from end 0 to end 1). Only while neither end runs. @return 0 or -1
 * with EINVAL */
NSK_API int nsk_wire_set(struct nsk_wire *wire, unsigned direction,
			 const struct nsk_wire_params *params);

/** @brief Let the port at an end (0 or 1) take nothing to send, as if its ring were full, or let it
 * go on. Only while that end does not run. */
NSK_API void nsk_wire_stall(struct nsk_wire *wire, unsigned end, bool stalled);

/** @brief Take the wire down (packets on it are lost) or up; both ends see the link state. */
NSK_API void nsk_wire_link(struct nsk_wire *wire, bool up);

/** @brief Read what a direction has done. */
NSK_API void nsk_wire_stats(const struct nsk_wire *wire, unsigned direction,
			    struct nsk_wire_stats *stats);

/**
 * @brief Watch every packet that enters a direction, before faults; for captures and tests. NULL:
 * nobody. The function runs in the sender's thread and must not call into a stack. Set it while
 * neither end runs.
 */
NSK_API void nsk_wire_tap(struct nsk_wire *wire,
			  void (*fn)(void *arg, unsigned direction, uint64_t now_ns,
				     const void *frame, size_t len),
			  void *arg);

/**
 * @brief Send a frame from an end by hand, as a port there would.
 *
 * The end may be one that no stack has, which makes the caller the peer, or a stack's: then the
 * frame is one that somebody slipped in, and neither may run meanwhile.
 * @param frame Ethernet header and all, without checksum behind
 * @return 0, also when the wire then loses it, or -1 with errno (EINVAL, EMSGSIZE longer than the
 * wire or 65535 bytes)
 */
NSK_API int nsk_wire_send(struct nsk_wire *wire, unsigned end, uint64_t now_ns, const void *frame,
			  size_t len);

/**
 * @brief Take the next frame that has arrived by now at an end that no stack has.
 * @return its length, even if @p size is less and the rest is lost; 0: none
 */
NSK_API size_t nsk_wire_receive(struct nsk_wire *wire, unsigned end, uint64_t now_ns, void *buf,
				size_t size);

/** @brief When the next frame arrives at an end: 0 now, UINT64_MAX none is on the way. */
NSK_API uint64_t nsk_wire_next(struct nsk_wire *wire, unsigned end);

/** A port whose packets come from and go to the caller. */
struct nsk_callback_port;

/** How a callback port is set up. */
struct nsk_callback_params {
	bool ethernet;	/**< frames with an Ethernet header; false: IP packets, no ARP */
	uint8_t mac[6]; /**< own address when ethernet; all zero: one made up, another in each run
			 */
	uint32_t mtu;	/**< 0: 1500 */
	uint32_t queue_packets; /**< packets handed in and not yet taken by a turn, at most; 0: 1024
				 */
	/**
	 * Takes a packet that the stack sends, during nsk_turn(). The bytes are the stack's and
	 * valid during the call. Must not call into the stack. @return true if taken; false: the
	 * stack keeps it and tries again in a later turn
	 */
	bool (*output)(void *arg, const void *packet, size_t len);
	void *arg; /**< handed to output */
};

/** @brief Make a callback port. @return NULL with errno (ENOMEM, EINVAL) */
NSK_API struct nsk_callback_port *nsk_callback_create(const struct nsk_callback_params *params);

/** @brief Free a callback port whose stack is gone. */
NSK_API void nsk_callback_destroy(struct nsk_callback_port *port);

/**
 * @brief Hand a packet to the stack; the next turn takes it. The bytes are copied.
 *
 * May be called by any thread, one at a time and not during a turn.
 * @return 0, or -1 with errno (ENOBUFS queue full, EMSGSIZE longer than the MTU and, with Ethernet,
 * a header with two VLAN tags (22 bytes), ENETDOWN link down, EINVAL empty)
 */
NSK_API int nsk_callback_input(struct nsk_callback_port *port, const void *packet, size_t len);

/** @brief Set the link state. */
NSK_API void nsk_callback_link(struct nsk_callback_port *port, bool up);

#ifdef __cplusplus
}
#endif
#endif
