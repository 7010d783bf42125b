/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of the application that a stack may send out of: netstk/zerocopy.h. */
#include <errno.h>

#include <netstk/zerocopy.h>

#include "sock/handle.h"
#include "stack/stack.h"

static int told(int rc)
{
	if (rc == 0)
		return 0;
	errno = -rc;
	return -1;
}

int nsk_zc_register(struct nsk_stack *stack, void *addr, size_t len)
{
	if (!stack)
		return told(-EINVAL);
	return told(handles.forked ? -EPERM : extmem_add(&stack->shared.extmem, addr, len));
}

int nsk_zc_unregister(struct nsk_stack *stack, void *addr)
{
	if (!stack)
		return told(-EINVAL);
	return told(handles.forked ? -EPERM : extmem_remove(&stack->shared.extmem, addr));
}
