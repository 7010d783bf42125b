/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Version of the library. Semantic versioning; before 1.0 a new minor may break the interface.
 */
#ifndef NETSTK_VERSION_H
#define NETSTK_VERSION_H

#include <netstk/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Major version of these headers. */
#define NSK_VERSION_MAJOR 0
/** Minor version of these headers. */
#define NSK_VERSION_MINOR 1
/** Patch level of these headers. */
#define NSK_VERSION_PATCH 0
/** Version of these headers as text. */
#define NSK_VERSION_STRING "0.1.0"

/**
 * Version of the library that is loaded.
 *
 * @return static text of the form "MAJOR.MINOR.PATCH"; differs from #NSK_VERSION_STRING when the
 * program was compiled with the headers of another version.
 */
NSK_API const char *nsk_version(void);

#ifdef __cplusplus
}
#endif

#endif /* NETSTK_VERSION_H */
