/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The version of the library that is loaded, as against that of the header compiled with.
 */
#include <netstk/version.h>

const char *nsk_version(void)
{
	return NSK_VERSION_STRING;
}
