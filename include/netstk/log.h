/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Log levels and the function that receives what the library has to say.
 *
 * The library prints nowhere by itself but through this: without a sink of the application's own,
 * messages go to standard error, one line each.
 */
#ifndef NETSTK_LOG_H
#define NETSTK_LOG_H

#ifdef __cplusplus
extern "C" {
#endif

/** How serious a message is; a smaller number is more serious. */
enum nsk_log_level {
	NSK_LOG_NONE = 0,  /**< As a threshold: nothing is reported. Never a message's level. */
	NSK_LOG_ERR = 1,   /**< Something asked for does not work. */
	NSK_LOG_WARN = 2,  /**< Works, though not as it should. */
	NSK_LOG_INFO = 3,  /**< What an operator wants to see once: start, links, configuration. */
	NSK_LOG_DEBUG = 4, /**< What a developer wants to see. */
};

/**
 * Receives one message.
 *
 * Called on the thread where the message arose, workers included: it must be safe from several
 * threads at once, should not block, and must not call back into the library.
 *
 * @param arg    what was given with the function
 * @param level  the message's level, never NSK_LOG_NONE
 * @param module short name of the part that speaks, such as "tcp"; lives as long as the library
 * @param text   the message, one line without its end, printable; valid during the call only
 */
typedef void (*nsk_log_fn)(void *arg, enum nsk_log_level level, const char *module,
			   const char *text);

#ifdef __cplusplus
}
#endif

#endif
