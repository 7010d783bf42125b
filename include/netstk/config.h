/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file config.h
 * @brief What a stack is made from: devices, addresses, routes, cores and settings.
 *
 * A configuration is filled from a file, from the command line, or by calls, in any order; the last
 * word on a setting counts. Functions return 0, or -1 with errno and a text in nsk_config_error()
 * that names the file and line, or the option, and says what to do. A configuration is used by one
 * thread at a time.
 */
#ifndef NETSTK_CONFIG_H
#define NETSTK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <netstk/export.h>
#include <netstk/log.h>
#include <netstk/port.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A configuration. Opaque. */
struct nsk_config;

/** @brief A configuration with every setting at its default and no device. @return NULL with errno
 * ENOMEM */
NSK_API struct nsk_config *nsk_config_new(void);

/** @brief Free a configuration; stacks made from it live on. @param config may be NULL */
NSK_API void nsk_config_free(struct nsk_config *config);

/** @brief Text of the last failure, one line, "" if none; valid until the next call on @p config.
 */
NSK_API const char *nsk_config_error(const struct nsk_config *config);

/**
 * @brief Read a configuration file (libconfig syntax, docs/CONFIG.md). The first error ends it;
 * what came before it in the file has been applied.
 */
NSK_API int nsk_config_load(struct nsk_config *config, const char *path);

/** @brief Set one setting by its name, as `-o KEY=VALUE` does: "tcp.window", "65535". */
NSK_API int nsk_config_set(struct nsk_config *config, const char *key, const char *value);

/** @brief Present value of a setting as text. @return length as snprintf(), or -1 with errno ENOENT
 */
NSK_API int nsk_config_get(const struct nsk_config *config, const char *key, char *value,
			   size_t size);

/**
 * @brief Add a device and an interface on it, as `-d DEVARGS` does.
 *
 * `vlan:INTERFACE,NUMBER` is an interface on a VLAN of one that was added before, with frames of
 * its own (IEEE 802.1Q); `vlan:INTERFACE,OUTER.INNER` on a VLAN in another (802.1ad).
 */
NSK_API int nsk_config_add_device(struct nsk_config *config, const char *devargs);

/** @brief Number of devices added so far. */
NSK_API unsigned nsk_config_devices(const struct nsk_config *config);

/** @brief Number of addresses of all devices added so far. */
NSK_API unsigned nsk_config_addresses(const struct nsk_config *config);

/** @brief Number of workers that a stack made from it has. */
NSK_API unsigned nsk_config_worker_count(const struct nsk_config *config);

/** @brief Add one end (0 or 1) of an in-process wire as a device; @p wire must outlive the stack.
 */
NSK_API int nsk_config_add_wire(struct nsk_config *config, struct nsk_wire *wire, unsigned end);

/** @brief Add a callback port as a device; it must outlive the stack and serves one stack only. */
NSK_API int nsk_config_add_callback(struct nsk_config *config, struct nsk_callback_port *port);

/** @brief Give the device added last an address with prefix length, as `-a CIDR` does
 * ("10.0.0.2/24", "2001:db8::2/64"); "dhcp" or "auto": what a DHCP server gives, what IPv6 routers
 * tell of. */
NSK_API int nsk_config_add_address(struct nsk_config *config, const char *cidr);

/** @brief Wrap the device added last in the fault driver ("loss=1%,seed=7"), as `-d fault:…:DEV`
 * does. */
NSK_API int nsk_config_add_fault(struct nsk_config *config, const char *faults);

/**
 * @brief Give the device added last a twin, a tap of the kernel's with the same MAC and MTU, as
 * `--twin NAME` does: "eth0k", or "eth0k,netns=NAME" in another network namespace. The kernel gets
 * there what the stack has no home for and nsk_config_add_punt() asks for (docs/KERNEL.md).
 */
NSK_API int nsk_config_add_twin(struct nsk_config *config, const char *name);

/** @brief The same with a callback port of the caller's in the kernel's place; it must outlive the
 * stack. */
NSK_API int nsk_config_add_twin_callback(struct nsk_config *config, struct nsk_callback_port *port);

/**
 * @brief Let a kind of packets that nobody here takes go to the twin of the device added last, as
 * `--punt RULE` does.
 * @param rule "bgp", "bfd", "ospf", "ssh", "icmp", "no-listener", or PROTOCOL[:PORT[-PORT][/both]]
 * with PROTOCOL tcp, udp or a number; "both": the source port may match as well
 */
NSK_API int nsk_config_add_punt(struct nsk_config *config, const char *rule);

/** @brief Default route of the gateway's family by way of it, as `-g ADDR` does. */
NSK_API int nsk_config_add_gateway(struct nsk_config *config, const char *gateway);

/**
 * @brief Add a route.
 * @param destination "10.1.0.0/16", "2001:db8:1::/48", or "default": of the gateway's family
 * @param gateway address, or NULL for on-link
 * @param iface interface name, or NULL: the one that reaches the gateway
 * @param metric lowest wins
 */
NSK_API int nsk_config_add_route(struct nsk_config *config, const char *destination,
				 const char *gateway, const char *iface, uint32_t metric);

/** @brief Cores of the workers, one worker each, as `-l LIST` does: "1", "1-3,5". Default: one
 * worker, not pinned. */
NSK_API int nsk_config_lcores(struct nsk_config *config, const char *list);

/** @brief Number of workers without naming cores, as `--workers COUNT` does: the system's scheduler
 * places their threads. Of this and nsk_config_lcores() the last call counts. */
NSK_API int nsk_config_workers(struct nsk_config *config, unsigned count);

/** @brief Further arguments for DPDK's EAL, split as a shell would, as `--eal "ARGS"` does. */
NSK_API int nsk_config_eal(struct nsk_config *config, const char *args);

/** @brief Do without hugepages, as `--no-huge` does. */
NSK_API int nsk_config_no_huge(struct nsk_config *config, bool no_huge);

/**
 * @brief Bring the clock: monotonic ns. Default: CLOCK_MONOTONIC by way of the TSC.
 * @param now_ns called once a turn by the thread that runs the worker, and by nsk_now(); NULL for
 * the default
 */
NSK_API void nsk_config_clock(struct nsk_config *config, uint64_t (*now_ns)(void *arg), void *arg);

/** @brief Seed every random choice of the stack, for repeatable runs. Default: from getrandom(2).
 */
NSK_API void nsk_config_seed(struct nsk_config *config, uint64_t seed);

/** @brief Where the log goes and from which level. Default: stderr, NSK_LOG_WARN. NULL keeps the
 * sink. */
NSK_API void nsk_config_log(struct nsk_config *config, nsk_log_fn fn, void *arg,
			    enum nsk_log_level level);

/**
 * @brief Where the control socket is that nskctl talks to: a path, or a name without slash (see
 * nsk_control_path()); NULL (default) for none.
 */
NSK_API int nsk_config_control(struct nsk_config *config, const char *path);

/**
 * @brief Read the secret that nodes share so that each takes the SYN cookies that another gave out,
 * as behind a balancer that sends a connection's last ACK elsewhere than its SYN.
 *
 * The file holds 32 hexadecimal digits ("openssl rand -hex 16"), nobody else may read it, and it is
 * read at once. The nodes' clocks must agree within a second when their stacks are created, and not
 * be stepped after that; a cookie is refused that one node made in the first moments of a minute
 * (64 s) that for the other has not begun. The default are secrets of the stack's own.
 * @return 0, or -1 with errno (EACCES, ENOENT, EINVAL)
 */
NSK_API int nsk_config_secret_file(struct nsk_config *config, const char *path);

/**
 * @brief The path that the name of a control socket stands for.
 *
 * "echo" is /run/netstk/echo.sock for root; for others netstk/echo.sock in $XDG_RUNTIME_DIR, or in
 * a folder of theirs in /tmp where that is not set. A name with a slash is a path already; "" is
 * the folder itself.
 * @return length as snprintf(), or -1 with errno EINVAL
 */
NSK_API int nsk_control_path(const char *name, char *buf, size_t size);

struct nsk_event;
/** @brief Who hears of events (link, interface state); one function a stack. See stack.h. */
NSK_API void nsk_config_events(struct nsk_config *config,
			       void (*fn)(void *arg, const struct nsk_event *event), void *arg);

/**
 * @brief Make the Nth step of nsk_stack_create() fail (0: none). For tests of unwinding.
 * @return number of steps that the last nsk_stack_create() with this configuration took
 */
NSK_API unsigned nsk_config_fail_step(struct nsk_config *config, unsigned step);

/**
 * @brief Take the options that all programs share out of a command line.
 *
 * `-d/--device -a/--address -g/--gateway -l/--lcores --workers -c/--config -o/--option
 * --no-huge --eal --control --secret-file --log` are applied; `--help`, `--version` and everything
 * unknown are left in argv for the caller, in order, argv[0] included. Everything after `--` is
 * left alone.
 *
 * @param argc in: count; out: count of what is left
 */
NSK_API int nsk_config_args(struct nsk_config *config, int *argc, char **argv);

/**
 * @brief Whether nsk_config_args() has taken an option, for programs that have no use for it.
 * @param option long name without dashes ("address"); NULL: any of them
 */
NSK_API bool nsk_config_given(const struct nsk_config *config, const char *option);

/**
 * @brief Print the help text of the shared options, for `--help` of a program.
 * @param without long names without dashes of those that do nothing in it, NULL behind the last;
 * NULL: none
 */
NSK_API void nsk_config_args_help(FILE *out, const char *const *without);

/** @brief Print every setting with unit, range, default and meaning, one a line. */
NSK_API void nsk_config_settings_help(FILE *out);

/** One row of the table of settings, see nsk_setting_info(). Texts live as long as the library. */
struct nsk_setting_info {
	const char *name;  /**< "tcp.window" */
	const char *alias; /**< Linux's name for the same, which nsk_config_set() takes as well;
			      NULL if there is none */
	const char *unit;  /**< "bytes"; "" when it has none */
	const char *text;  /**< meaning, one line */
	bool live;	   /**< may be changed while the stack runs */
	char range[128];   /**< what is allowed, with the unit: "1024 to 1073725440 bytes" */
	char def[32];	   /**< default, as nsk_config_set() takes it */
};

/** @brief Facts of setting number @p index, in the order of the table. @return 0, or -1 with errno
 * ENOENT */
NSK_API int nsk_setting_info(unsigned index, struct nsk_setting_info *info);

/** A device of this machine, see nsk_devices_each(). */
struct nsk_device_info {
	const char *group; /**< kind of device and what it asks for; the same pointer for all of a
			      group, which come one after the other */
	char args[80];	   /**< as `-d` takes it */
	char text[240];	   /**< what it is, and what is to be done first if it is not ready */
	bool ready;	   /**< may be used as it is */
};

/** @brief Call a function with each device of this machine. @return how many are ready */
NSK_API int nsk_devices_each(void (*fn)(void *arg, const struct nsk_device_info *info), void *arg);

/** @brief Print the devices of this machine and how to name them (what `-d` takes), with kinds that
 * can be made. @return how many are ready */
NSK_API int nsk_devices_list(FILE *out);

/** @brief List the faults that "fault:FAULTS:DEVICE" takes, one a line with its kind of value. */
NSK_API void nsk_faults_list(FILE *out);

#ifdef __cplusplus
}
#endif
#endif
