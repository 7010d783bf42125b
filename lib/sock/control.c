/* SPDX-License-Identifier: BSD-3-Clause */
/* Control messages for recvmsg(). */
#include <string.h>

#include "sock/sock.h"

void sock_control_put(struct msghdr *msg, size_t *used, int level, int type, const void *data,
		      size_t len)
{
	size_t room = msg->msg_control ? msg->msg_controllen - *used : 0;
	struct cmsghdr c = {.cmsg_level = level, .cmsg_type = type};
	uint8_t *to = (uint8_t *)msg->msg_control + *used;

	if (room < CMSG_LEN(0)) {
		msg->msg_flags |= MSG_CTRUNC;
		return;
	}
	if (room < CMSG_LEN(len)) {
		msg->msg_flags |= MSG_CTRUNC;
		len = room - CMSG_LEN(0);
	}
	c.cmsg_len = CMSG_LEN(len);
	memcpy(to, &c, sizeof(c));
	memcpy(to + CMSG_LEN(0), data, len);
	*used += NSK_MIN(CMSG_SPACE(len), room);
}
