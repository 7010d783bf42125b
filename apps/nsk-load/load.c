/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-load/load.h"

#include <stdarg.h>
#include <stdio.h>

void load_fail(struct load *load, const char *fmt, ...)
{
	va_list ap;

	if (__atomic_load_n(&load->failed, __ATOMIC_ACQUIRE))
		return;
	va_start(ap, fmt);
	vsnprintf(load->failure, sizeof(load->failure), fmt, ap);
	va_end(ap);
	load->status = load->status ? load->status : 1;
	__atomic_store_n(&load->failed, true, __ATOMIC_RELEASE);
}
