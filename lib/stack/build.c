/* SPDX-License-Identifier: BSD-3-Clause */
#include "stack/build.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int build_step(struct nsk_config *config, const char *fmt, ...)
{
	char what[128];
	va_list ap;

	if (++config->steps != config->fail_step)
		return 0;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return build_fail(config, ECANCELED, "step %u was made to fail: %s", config->steps, what);
}

int build_fail(struct nsk_config *config, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(config->error, sizeof(config->error), fmt, ap);
	va_end(ap);
	return -err;
}
