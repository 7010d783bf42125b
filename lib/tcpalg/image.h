/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What of this room's structures is in the image of a connection (base/image.h); its tables. What a
 * congestion control keeps for itself has a table in its own row of cc_algos.
 */
#ifndef NSK_TCPALG_IMAGE_H
#define NSK_TCPALG_IMAGE_H

#include "base/image.h"
#include "tcpalg/cc.h"

extern const struct image_table seq_range_image;
extern const struct image_table window_image, rtt_image, ackpolicy_image, paws_gap_image;
extern const struct image_table limiter_image, pacer_image, mtu_search_image, hystart_image;
extern const struct image_table cc_image;				 /* but for priv */
extern const struct image_table flight_image;				 /* but for its room */
extern const struct image_table flight_range_image, flight_losses_image; /* of the room */
extern const struct image_table loss_image, loss_more_image;
extern const struct image_table rate_image;	 /* but for its room */
extern const struct image_table rate_snap_image; /* of the room */
extern const struct image_table round_image;
extern const struct image_table cc_model_image;

/* The table of cc->priv as it is used now, NULL: not at all, or it leads to a model. */
const struct image_table *cc_image_of_priv(const struct cc *cc);

/* Numbers that come from elsewhere agree with each other. */
bool cc_image_ok(const struct cc *cc);

#endif
