/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Marks the functions that the shared library exports.
 *
 * The library is compiled with hidden visibility; a function is part of the interface if, and only
 * if, its declaration in include/netstk carries #NSK_API.
 */
#ifndef NETSTK_EXPORT_H
#define NETSTK_EXPORT_H

/** Visible outside of libnetstk.so. */
#define NSK_API __attribute__((visibility("default")))

#endif /* NETSTK_EXPORT_H */
