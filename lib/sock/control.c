/* SPDX-License-Identifier: BSD-3-Clause */
/* Control messages: for recvmsg(), and of sendmsg() what they have in common. */
#include <errno.h>
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

int sock_control_next(const struct msghdr *msg, const struct cmsghdr **c)
{
	const uint8_t *end = (const uint8_t *)msg->msg_control + msg->msg_controllen;
	struct msghdr mutable = *msg;

	if (!msg->msg_control)
		return msg->msg_controllen ? -EFAULT : 0;
	*c = *c ? CMSG_NXTHDR(&mutable, (struct cmsghdr *)(uintptr_t)*c) : CMSG_FIRSTHDR(&mutable);
	if (!*c)
		return 0;
	if ((*c)->cmsg_len < sizeof(**c) || (*c)->cmsg_len > (size_t)(end - (const uint8_t *)*c))
		return -EINVAL;
	return 1;
}

int sock_control_socket(const struct cmsghdr *c)
{
	return c->cmsg_type == SCM_RIGHTS || c->cmsg_type == SCM_CREDENTIALS ? 0 : -EINVAL;
}

int sock_control_check(const struct msghdr *msg)
{
	const struct cmsghdr *c = NULL;
	int rc;

	while ((rc = sock_control_next(msg, &c)) > 0) {
		if (c->cmsg_level == SOL_SOCKET && sock_control_socket(c))
			return -EINVAL;
	}
	return rc;
}
