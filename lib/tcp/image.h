/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection as a flat image, and beside it the buffers of its queues: what another worker, or
 * another process, needs to go on with it. RFC 9293 §3.3.1 (the variables that are it).
 *
 * Layout, all numbers little-endian, nothing between fields:
 *
 *	magic u32, version u16, parts u16, length u32 (of all of it)
 *	buffers in the send queue u32, in the receive queue u32, out of order u32
 *	the connection, its socket first: rows of tcp_conn_image
 *	if parts say so, in this order:
 *	  EXT	 rows of tcp_ext_image, number of the next send by reference u32
 *	  LOSS	 rows of loss_more_image; if undo is armed cc_image, and priv by its own table
 *	  PACE	 rows of tcp_pace_image; snapshots u16, each as rate_snap_image
 *	  MODEL	 rows of the congestion control's table
 *	  MTU	 rows of tcp_mtu_image
 *	  ROOM	 losses not told yet: flight_losses_image; ranges u16, each as flight_range_image
 *	  OOO	 recent u32, that many numbers u32
 *	priv of the congestion control, unless it is a model, by its own table
 *	each buffer to be sent: sequence number u32, octets u16, a write ended with it u8
 *	each buffer received: octets u16
 *	each buffer out of order: sequence number u32, octets u16
 *
 * The tables are in image.c and tcpalg/image.c. A field that is added to one of the structures must
 * get a row, or the test of the tables fails; a row that comes, goes or changes makes another
 * layout, and needs another version. An importer takes its own version alone.
 *
 * Moments are written as time that has gone by, deadlines as time to go. So an image means the same
 * on any clock, if the importer says how long it was on its way.
 */
#ifndef NSK_TCP_IMAGE_H
#define NSK_TCP_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/image.h"
#include "tcp/conn.h"

#define CONN_IMAGE_MAGIC   UINT32_C(0x434b534e) /* NSKC */
#define CONN_IMAGE_VERSION 10u

enum conn_image_parts {
	CONN_IMAGE_EXT = 1 << 0,
	CONN_IMAGE_LOSS = 1 << 1,
	CONN_IMAGE_PACE = 1 << 2,
	CONN_IMAGE_MODEL = 1 << 3,
	CONN_IMAGE_MTU = 1 << 4,
	CONN_IMAGE_ROOM = 1 << 5,
	CONN_IMAGE_OOO = 1 << 6,
	CONN_IMAGE_ALL = (1 << 7) - 1,
};

extern const struct image_table tcp_conn_image, tcp_ext_image, tcp_pace_image, tcp_mtu_image;

/* Flags that are about where a connection is, not what it is. */
#define CONN_F_LOCAL (CONN_F_DIRTY | CONN_F_DEAD | CONN_F_HASHED | CONN_F_ESTAB)

/* Buffers that travel beside an image, each queue in its order, chained by qnext. */
struct conn_queues {
	struct rte_mbuf *snd, *rcv, *ooo;
};

/* ---- export.c ---- */

/*
 * Whether there may be an image: 0 in all states in which both SYNs are acknowledged, -EAGAIN while
 * it is being opened, or a send by reference is not over or not told, -ENOTCONN when there is no
 * connection, or no more, -EOPNOTSUPP for a listener.
 */
int conn_exportable(const struct tcp_conn *c);

/* Writes the image of a connection that is exportable if there is room for it; octets it takes.
 * Changes nothing. */
size_t conn_export(const struct nsk_worker *w, const struct tcp_conn *c, void *image, size_t room);

/* Takes the buffers out of the queues, for one who takes the connection over; and puts them back
 * again, as nobody did. */
void conn_queues_take(struct nsk_worker *w, struct tcp_conn *c, struct conn_queues *q);
void conn_queues_return(struct nsk_worker *w, struct tcp_conn *c, struct conn_queues *q);

/* ---- import.c ---- */

/*
 * Makes the connection of an image, taken elapsed_ns ago by this worker's clock, with the buffers
 * of its queues, whose payload is that of an export's; a connection that the application had has
 * the one reference. Whatever the image says, nothing is believed unseen: -EBADMSG what no export
 * writes, or not of these buffers, -EPROTONOSUPPORT another version, -EADDRNOTAVAIL its address is
 * not ours, -EADDRINUSE the worker has such a connection, -ENOBUFS no memory, or no budget for its
 * queues. Then nothing has changed, and the buffers are the caller's.
 */
int conn_import(struct nsk_worker *w, const void *image, size_t len, uint64_t elapsed_ns,
		struct conn_queues *q, struct tcp_conn **out);

#endif
