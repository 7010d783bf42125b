/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands of the control socket, one row each; lists of what workers own are in ctl_list.c. */
#include "stack/ctl_command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_version.h>

#include <netstk/version.h>

#include "net/addr.h"
#include "net/dhcp.h"
#include "net/port.h"
#include "net/twin.h"
#include "stack/settings.h"

/* ---- replies ------------------------------------------------------------------------------- */

void ctl_put(json_t *object, const char *key, json_t *value)
{
	/* Takes the value in any case; fails for want of memory alone. */
	(void)json_object_set_new(object, key, value);
}

void ctl_refuse(json_t *reply, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_object_clear(reply);
	ctl_put(reply, "error", json_string(text));
}

bool ctl_has_iface(const struct nsk_stack *stack, const char *name)
{
	for (unsigned i = 0; name && i < stack->nifaces; i++)
		if (strcmp(stack->iface[i].name, name) == 0)
			return true;
	return false;
}

void ctl_refuse_iface(const struct nsk_stack *stack, const char *name, json_t *reply)
{
	char names[256];

	ctl_refuse(reply, "there is no interface \"%.40s\"; there are %s", name ? name : "",
		   stack_iface_names(stack, names, sizeof(names)));
}

static const char *text_of(const json_t *request, const char *key)
{
	return json_string_value(json_object_get(request, key));
}

/* ---- program and interfaces ---------------------------------------------------------------- */

static void version(struct ctl_view *view, const json_t *request, json_t *reply)
{
	uint64_t up_ns = clock_system_ns() - view->started_ns;

	(void)request;
	ctl_put(reply, "version", json_string(nsk_version()));
	ctl_put(reply, "dpdk", json_string(rte_version()));
	ctl_put(reply, "pid", json_integer(getpid()));
	ctl_put(reply, "program", json_string(program_invocation_short_name));
	ctl_put(reply, "workers", json_integer(view->stack->nworkers));
	ctl_put(reply, "uptime_s", json_integer((json_int_t)(up_ns / 1000000000)));
}

json_t *ctl_port_stats(struct port *port)
{
	struct port_stats st = {0};
	json_t *o = json_object();

	port->ops->stats(port, &st);
	ctl_put(o, "rx_packets", json_integer((json_int_t)st.rx_packets));
	ctl_put(o, "rx_bytes", json_integer((json_int_t)st.rx_bytes));
	ctl_put(o, "tx_packets", json_integer((json_int_t)st.tx_packets));
	ctl_put(o, "tx_bytes", json_integer((json_int_t)st.tx_bytes));
	ctl_put(o, "rx_missed", json_integer((json_int_t)st.rx_missed));
	ctl_put(o, "rx_errors", json_integer((json_int_t)st.rx_errors));
	ctl_put(o, "tx_errors", json_integer((json_int_t)st.tx_errors));
	ctl_put(o, "tx_unfit", json_integer((json_int_t)st.tx_unfit));
	ctl_put(o, "tx_down", json_integer((json_int_t)st.tx_down));
	ctl_put(o, "rx_nobuf", json_integer((json_int_t)st.rx_nobuf));
	ctl_put(o, "injected", json_integer((json_int_t)st.injected));
	return o;
}

static json_t *dhcp_state_json(const struct nsk_stack *stack, const struct iface *ifc)
{
	struct dhcp_shown d = {.state = DHCP_INIT};

	dhcp_look(&stack->worker[0]->w, ifc, &d);
	return json_string(dhcp_state_name(d.state));
}

static json_t *addresses_json(const struct nsk_stack *stack, const struct iface *ifc)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < iface_naddrs(ifc); i++) {
		char text[IP_PREFIX_STRLEN];
		struct iface_addr a;
		struct ip_prefix p;

		if (addr_get(&stack->worker[0]->w, ifc, i, &a))
			continue;
		p = (struct ip_prefix){.addr = a.addr, .len = a.prefix_len};
		json_array_append_new(list, json_string(ip_prefix_format(&p, text, sizeof(text))));
	}
	return list;
}

/* The way to the kernel: null where there is none. */
static json_t *twin_json(const struct twin *t, bool mirror)
{
	static const char *const fates[] = {
		[PORT_THERE] = "there", [PORT_MOVED] = "moved", [PORT_GONE] = "gone"};
	enum port_fate fate = PORT_THERE;
	char name[sizeof(t->port->name)];
	json_t *o;

	if (!t)
		return json_null();
	snprintf(name, sizeof(name), "%s", t->port->name);
	if (t->port->ops->fate)
		fate = t->port->ops->fate(t->port, name, sizeof(name));
	o = json_object();
	ctl_put(o, "name", json_string(name));
	ctl_put(o, "state", json_string(fates[fate]));
	ctl_put(o, "mirror", json_boolean(mirror));
	ctl_put(o, "rules", json_integer(t->rules));
	ctl_put(o, "waiting", json_integer(rte_ring_count(t->queue)));
	ctl_put(o, "port", ctl_port_stats(t->port));
	return o;
}

static json_t *iface_json(struct nsk_stack *stack, unsigned index)
{
	struct nsk_iface_info info;
	char mac[ETH_ADDR_STRLEN];
	json_t *o = json_object();

	nsk_iface_info(stack, index, &info);
	ctl_put(o, "name", json_string(info.name));
	ctl_put(o, "device", json_string(info.device));
	ctl_put(o, "driver", json_string(info.driver));
	ctl_put(o, "state", json_string(iface_state_name(info.state)));
	ctl_put(o, "link_up", json_boolean(info.link_up));
	ctl_put(o, "primary", json_boolean(info.primary));
	ctl_put(o, "mac",
		info.ethernet
			? json_string(eth_addr_format(&stack->iface[index].mac, mac, sizeof(mac)))
			: json_null());
	ctl_put(o, "mtu", json_integer(info.mtu));
	ctl_put(o, "rx_queues", json_integer(info.rx_queues));
	ctl_put(o, "tx_queues", json_integer(info.tx_queues));
	ctl_put(o, "addresses", addresses_json(stack, &stack->iface[index]));
	if (stack->iface[index].dhcp)
		ctl_put(o, "dhcp", dhcp_state_json(stack, &stack->iface[index]));
	ctl_put(o, "port", ctl_port_stats(stack->iface[index].port));
	ctl_put(o, "twin", twin_json(stack->iface[index].twin, stack->mirror[index]));
	ctl_put(o, "rp_filter", json_boolean(stack->iface[index].rp_filter));
	ctl_put(o, "proxy_arp", json_boolean(stack->iface[index].proxy_arp));
	return o;
}

static void interfaces(struct ctl_view *view, const json_t *request, json_t *reply)
{
	json_t *list = json_array();

	(void)request;
	for (unsigned i = 0; i < view->stack->nifaces; i++)
		json_array_append_new(list, iface_json(view->stack, i));
	ctl_put(reply, "interfaces", list);
}

/* ---- counters ------------------------------------------------------------------------------ */

static json_t *counters_json(const struct nsk_stats *st)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < NSK_CNT_MAX; i++)
		ctl_put(o, nsk_counter_name((enum nsk_counter)i),
			json_integer((json_int_t)st->counter[i]));
	return o;
}

static json_t *drops_json(const struct nsk_stats *st)
{
	json_t *o = json_object();

	for (unsigned i = NSK_DROP_NONE + 1; i < NSK_DROP_MAX; i++)
		ctl_put(o, nsk_drop_name((enum nsk_drop)i), json_integer((json_int_t)st->drop[i]));
	return o;
}

static json_t *levels_json(const struct nsk_stats *st)
{
	const struct nsk_levels *l = &st->level;
	json_t *o = json_object();

#define X(field, name, meaning) ctl_put(o, name, json_integer((json_int_t)l->field));
	NSK_LEVEL_LIST(X)
#undef X
	return o;
}

/* The reading that a request with "worker" (a number) or without (the sum) is about; false,
 * refused, for a bad one. */
static bool read_stats(struct ctl_view *view, const json_t *request, json_t *reply,
		       struct nsk_stats *st)
{
	const json_t *which = json_object_get(request, "worker");
	json_int_t worker = which ? json_integer_value(which) : -1;

	if (which && (!json_is_integer(which) || worker < 0 ||
		      worker >= (json_int_t)view->stack->nworkers)) {
		ctl_refuse(reply, "worker is 0 to %u, or left out for the sum",
			   view->stack->nworkers - 1);
		return false;
	}
	stats_read(view->stack, (int)worker, st);
	st->now_ns = clock_system_ns();
	ctl_put(reply, "now_ns", json_integer((json_int_t)st->now_ns));
	if (which)
		ctl_put(reply, "worker", json_integer(worker));
	return true;
}

static void counters(struct ctl_view *view, const json_t *request, json_t *reply)
{
	struct nsk_stats st;

	if (!read_stats(view, request, reply, &st))
		return;
	ctl_put(reply, "counters", counters_json(&st));
	ctl_put(reply, "levels", levels_json(&st));
}

static void drops(struct ctl_view *view, const json_t *request, json_t *reply)
{
	struct nsk_stats st;

	if (read_stats(view, request, reply, &st))
		ctl_put(reply, "drops", drops_json(&st));
}

static json_t *worker_json(struct nsk_stack *stack, unsigned index)
{
	const struct run_worker *r = stack->worker[index];
	/* Not of one who has taken it for a turn or a call. */
	bool run = __atomic_load_n(&r->w.settled, __ATOMIC_ACQUIRE);
	int tid = run ? __atomic_load_n(&r->w.owner_tid, __ATOMIC_RELAXED) : 0;
	struct nsk_stats st;
	json_t *o = levels_json((stats_read(stack, (int)index, &st), &st));

	ctl_put(o, "worker", json_integer(index));
	ctl_put(o, "core", r->cpu >= 0 ? json_integer(r->cpu) : json_null());
	ctl_put(o, "numa_node", r->numa_node >= 0 ? json_integer(r->numa_node) : json_null());
	ctl_put(o, "thread", tid > 0 ? json_integer(tid) : json_null());
	ctl_put(o, "turns", json_integer((json_int_t)st.counter[NSK_CNT_TURNS]));
	ctl_put(o, "turns_busy", json_integer((json_int_t)st.counter[NSK_CNT_TURNS_BUSY]));
	ctl_put(o, "loop_ns", json_integer((json_int_t)st.counter[NSK_CNT_LOOP_NS]));
	ctl_put(o, "loop_busy_ns", json_integer((json_int_t)st.counter[NSK_CNT_LOOP_BUSY_NS]));
	return o;
}

static void workers(struct ctl_view *view, const json_t *request, json_t *reply)
{
	json_t *list = json_array();

	(void)request;
	for (unsigned i = 0; i < view->stack->nworkers; i++)
		json_array_append_new(list, worker_json(view->stack, i));
	ctl_put(reply, "workers", list);
	ctl_put(reply, "now_ns", json_integer((json_int_t)clock_system_ns()));
}

/* ---- settings and log ---------------------------------------------------------------------- */

static json_t *setting_json(const struct settings *set, const struct setting *row)
{
	char value[32], def[32], range[128];
	json_t *o = json_object();

	settings_format(row, settings_value(set, row), value, sizeof(value));
	settings_format(row, row->def, def, sizeof(def));
	ctl_put(o, "name", json_string(row->name));
	ctl_put(o, "value", json_string(value));
	ctl_put(o, "default", json_string(def));
	ctl_put(o, "unit", json_string(row->unit));
	ctl_put(o, "range", json_string(settings_range(row, range, sizeof(range))));
	ctl_put(o, "live", json_boolean(row->live));
	return o;
}

static void list_settings(struct ctl_view *view, const json_t *request, json_t *reply)
{
	json_t *list = json_array();

	(void)request;
	for (unsigned i = 0; i < settings_count; i++)
		json_array_append_new(list, setting_json(&view->stack->set, &settings_table[i]));
	ctl_put(reply, "settings", list);
}

static void set(struct ctl_view *view, const json_t *request, json_t *reply)
{
	const char *key = text_of(request, "key"), *value = text_of(request, "value");
	const struct setting *row;
	char error[SETTINGS_ERROR_MAX];

	if (!key || !value) {
		ctl_refuse(reply, "set takes \"key\" and \"value\", both as text");
		return;
	}
	if (stack_set(view->stack, key, value, error, sizeof(error))) {
		ctl_refuse(reply, "%s", error);
		return;
	}
	row = settings_find(settings_triple(key) ? settings_triple(key)->name[0] : key);
	LOG_INFO(&view->stack->log, "control", "%s = %s", key,
		 row->type == SETTING_KEY ? "(a key)" : value);
	ctl_put(reply, "setting", setting_json(&view->stack->set, row));
}

static void log_level(struct ctl_view *view, const json_t *request, json_t *reply)
{
	const char *name = text_of(request, "level");
	int level = name ? log_level_parse(name) : 0;

	if ((!name && json_object_get(request, "level")) || level < 0) {
		ctl_refuse(reply, "level is none, error, warning, info or debug");
		return;
	}
	if (name)
		log_set_level(&view->stack->log, (enum nsk_log_level)level);
	level = (int)__atomic_load_n(&view->stack->log.level, __ATOMIC_RELAXED);
	ctl_put(reply, "level", json_string(log_level_name((enum nsk_log_level)level)));
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*fn)(struct ctl_view *view, const json_t *request, json_t *reply);
} commands[] = {
	{"version", version},
	{"interfaces", interfaces},
	{"ports", ctl_ports},
	{"counters", counters},
	{"drops", drops},
	{"workers", workers},
	{"settings", list_settings},
	{"set", set},
	{"log", log_level},
	{"addresses", ctl_addresses},
	{"address_add", ctl_address_add},
	{"address_del", ctl_address_del},
	{"arp", ctl_list_arp},
	{"groups", ctl_list_groups},
	{"neigh_add", ctl_neigh_add},
	{"neigh_del", ctl_neigh_del},
	{"routes", ctl_list_routes},
	{"route_add", ctl_route_add},
	{"route_del", ctl_route_del},
	{"route_get", ctl_route_get},
	{"sockets", ctl_list_sockets},
	{"health", ctl_health},
	{"drain", ctl_drain},
	{"capture", ctl_capture},
};

static void refuse_command(json_t *reply, const char *name)
{
	char list[512];
	size_t n = 0;

	for (size_t i = 0; i < NSK_ARRAY_LEN(commands) && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "",
				      commands[i].name);
	ctl_refuse(reply, "there is no command \"%.40s\"; there are %s", name, list);
}

static void dispatch(struct ctl_view *view, const json_t *request, json_t *reply)
{
	const char *name = text_of(request, "cmd");

	if (!name) {
		ctl_refuse(reply, "a request is {\"cmd\":NAME, ...}");
		return;
	}
	for (size_t i = 0; i < NSK_ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].name, name) == 0) {
			commands[i].fn(view, request, reply);
			return;
		}
	}
	refuse_command(reply, name);
}

json_t *ctl_answer(struct ctl_view *view, const char *request, size_t len)
{
	json_t *reply = json_object(), *parsed;
	json_error_t error;

	if (!reply)
		return NULL;
	if (len == SIZE_MAX) {
		ctl_refuse(reply, "the request is longer than %d bytes", CTL_REQUEST_SIZE - 1);
		return reply;
	}
	parsed = json_loadb(request, len, JSON_REJECT_DUPLICATES, &error);
	if (parsed)
		dispatch(view, parsed, reply);
	else
		ctl_refuse(reply, "not JSON: %.150s", error.text);
	json_decref(parsed);
	return reply;
}
