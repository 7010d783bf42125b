/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the control thread and its commands share. A request is one line of JSON, {"cmd": NAME, …},
 * and so is its reply; one that fails has the key "error". docs/NSKCTL.md lists the commands.
 */
#ifndef NSK_STACK_CTL_COMMAND_H
#define NSK_STACK_CTL_COMMAND_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "stack/stack.h"

#define CTL_ROWS_MAX	 256	   /* rows a worker copies at once */
#define CTL_WAIT_NS	 300000000 /* for one worker */
#define CTL_REQUEST_NS	 600000000 /* for all of one request: the answer comes within a second */
#define CTL_REQUEST_SIZE 4096	   /* bytes of a request with its line end */

struct ctl_capture;
struct ctl_page;

/* What commands work on. */
struct ctl_view {
	struct nsk_stack *stack;
	struct ctl_page *pages[CONFIG_WORKERS_MAX]; /* ctl_list.c: one a worker, lent to it while it
						       copies */
	uint64_t started_ns;
	struct ctl_capture *capture; /* that a command began: its client's, who takes it */
};

/* ctl_command.c: the reply to a request; the caller owns it. NULL without memory. */
json_t *ctl_answer(struct ctl_view *view, const char *request, size_t len);
/* Sets "error", and takes what else the reply has. */
void ctl_refuse(json_t *reply, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* For want of an interface of that name, which may be NULL: says which there are. */
bool ctl_has_iface(const struct nsk_stack *stack, const char *name);
void ctl_refuse_iface(const struct nsk_stack *stack, const char *name, json_t *reply);
/* Adds key and value; what there is no memory for is left out. */
void ctl_put(json_t *object, const char *key, json_t *value);

/* ctl_list.c: tables that belong to workers, a page at a time. 0 or -ENOMEM. */
int ctl_pages_create(struct ctl_view *view);
/* Takes back what is lent, then frees. */
void ctl_pages_destroy(struct ctl_view *view);
void ctl_list_arp(struct ctl_view *view, const json_t *request, json_t *reply);
void ctl_list_sockets(struct ctl_view *view, const json_t *request, json_t *reply);

/* Whether a worker answers in that time; else a warning says how it does not. */
bool ctl_worker_answers(struct ctl_view *view, unsigned worker, uint64_t wait_ns, json_t *warnings);

/* ctl_neigh.c: neighbours that are given. */
void ctl_neigh_add(struct ctl_view *view, const json_t *request, json_t *reply);
void ctl_neigh_del(struct ctl_view *view, const json_t *request, json_t *reply);

/* ctl_health.c: whether traffic should be led here. */
void ctl_health(struct ctl_view *view, const json_t *request, json_t *reply);
void ctl_drain(struct ctl_view *view, const json_t *request, json_t *reply);

/* ctl_capture.c: packets to a client. */
void ctl_capture(struct ctl_view *view, const json_t *request, json_t *reply);
/* What is there now for the client, 0: nothing yet. Valid until the next call. */
size_t ctl_capture_read(struct ctl_capture *c, const uint8_t **bytes);
/* The client wants no more packets; and once nothing is left after this is true, that was all. */
void ctl_capture_end(struct ctl_capture *c);
bool ctl_capture_over(const struct ctl_capture *c);
/* Ends it and gives it back. c may be NULL. */
void ctl_capture_leave(struct ctl_capture *c);

/* ctl_port.c: what devices say of themselves. */
void ctl_ports(struct ctl_view *view, const json_t *request, json_t *reply);
/* What a port counts. */
json_t *ctl_port_stats(struct port *port);

/* ctl_group.c */
void ctl_list_groups(struct ctl_view *view, const json_t *request, json_t *reply);

/* ctl_route.c */
void ctl_list_routes(struct ctl_view *view, const json_t *request, json_t *reply);
void ctl_route_add(struct ctl_view *view, const json_t *request, json_t *reply);
void ctl_route_del(struct ctl_view *view, const json_t *request, json_t *reply);
void ctl_route_get(struct ctl_view *view, const json_t *request, json_t *reply);

/* ctl_addr.c: addresses of interfaces, and changes of them. */
void ctl_addresses(struct ctl_view *view, const json_t *request, json_t *reply);
void ctl_address_add(struct ctl_view *view, const json_t *request, json_t *reply);
void ctl_address_del(struct ctl_view *view, const json_t *request, json_t *reply);

/* ctl_socket.c: the listening socket of a path, or -errno with a text. */
int ctl_socket_open(const char *path, char *error, size_t size);
/* Closes it and takes its file away if it is still ours. */
void ctl_socket_close(int fd, const char *path);

#endif
