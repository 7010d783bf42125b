/* SPDX-License-Identifier: BSD-3-Clause */
/* The table from our counters to Linux's; see netstat.h. */
#include "nskctl/netstat.h"

#include <string.h>

#define SUM_MAX 4

static const struct row {
	const char *group, *name;
	const char *plus[SUM_MAX]; /* counters, drops or levels, added up */
	const char *minus;	   /* one that is taken away, or NULL */
} rows[] = {
	/* RFC 4022 */
	{"Tcp", "ActiveOpens", {"tcp_active_opens"}, NULL},
	{"Tcp", "PassiveOpens", {"tcp_passive_opens"}, NULL},
	{"Tcp", "AttemptFails", {"tcp_attempt_fails"}, NULL},
	{"Tcp", "EstabResets", {"tcp_estab_resets"}, NULL},
	{"Tcp", "CurrEstab", {"tcp_established"}, NULL},
	{"Tcp",
	 "InSegs",
	 {"tcp_segments_in", "tcp_short", "tcp_data_offset", "tcp_checksum"},
	 NULL},
	{"Tcp", "OutSegs", {"tcp_segments_out"}, "tcp_retrans_segments"},
	{"Tcp", "RetransSegs", {"tcp_retrans_segments"}, NULL},
	{"Tcp", "InErrs", {"tcp_short", "tcp_data_offset", "tcp_checksum"}, NULL},
	{"Tcp", "OutRsts", {"tcp_rst_sent"}, NULL},
	{"Tcp", "InCsumErrors", {"tcp_checksum"}, NULL},
	/* RFC 4113 */
	{"Udp", "InDatagrams", {"udp_in"}, NULL},
	{"Udp", "NoPorts", {"udp_no_socket"}, NULL},
	{"Udp", "InErrors", {"udp_short", "udp_length", "udp_checksum", "udp_rcvbuf_full"}, NULL},
	{"Udp", "OutDatagrams", {"udp_out"}, NULL},
	{"Udp", "RcvbufErrors", {"udp_rcvbuf_full"}, NULL},
	{"Udp", "InCsumErrors", {"udp_checksum"}, NULL},
	/* Linux's own */
	{"TcpExt", "SyncookiesSent", {"tcp_cookies_sent"}, NULL},
	{"TcpExt", "SyncookiesRecv", {"tcp_cookies_accepted"}, NULL},
	{"TcpExt", "SyncookiesFailed", {"tcp_bad_cookie"}, NULL},
	{"TcpExt", "TCPFastOpenActive", {"tcp_fastopen_active"}, NULL},
	{"TcpExt", "TCPFastOpenActiveFail", {"tcp_fastopen_active_fail"}, NULL},
	{"TcpExt", "TCPFastOpenPassive", {"tcp_fastopen_passive"}, NULL},
	{"TcpExt", "TCPFastOpenPassiveFail", {"tcp_fastopen_passive_fail"}, NULL},
	{"TcpExt", "TCPFastOpenPassiveAltKey", {"tcp_fastopen_passive_alt_key"}, NULL},
	{"TcpExt", "TCPFastOpenListenOverflow", {"tcp_fastopen_listen_overflow"}, NULL},
	{"TcpExt", "TCPFastOpenCookieReqd", {"tcp_fastopen_cookie_reqd"}, NULL},
	{"TcpExt", "PAWSEstab", {"tcp_paws"}, NULL},
	{"TcpExt", "DelayedACKs", {"tcp_delayed_acks"}, NULL},
	{"TcpExt", "ListenOverflows", {"tcp_accept_backlog_full"}, NULL},
	{"TcpExt", "ListenDrops", {"tcp_accept_backlog_full", "tcp_syn_backlog_full"}, NULL},
	{"TcpExt", "TCPTimeouts", {"tcp_rto"}, NULL},
	{"TcpExt", "TCPLossProbes", {"tcp_loss_probes"}, NULL},
	{"TcpExt", "TCPLossProbeRecovery", {"tcp_probe_repairs"}, NULL},
	{"TcpExt", "TCPMTUPSuccess", {"tcp_mtu_raised"}, NULL},
	{"TcpExt", "TCPMTUPFail", {"tcp_mtu_probes_lost"}, NULL},
	{"TcpExt", "TCPDSACKRecv", {"tcp_dsacks"}, NULL},
	{"TcpExt", "TCPAbortOnTimeout", {"tcp_timeouts"}, NULL},
	{"TcpExt", "TCPMemoryPressures", {"tcp_mem_pressures"}, NULL},
	{"TcpExt", "TCPMemoryPressuresChrono", {"tcp_mem_pressure_ms"}, NULL},
	{"TcpExt", "TCPOFOQueue", {"tcp_ooo_queued"}, NULL},
	{"TcpExt", "TCPRcvQDrop", {"tcp_mem_full"}, NULL},
	{"TcpExt", "TCPZeroWindowDrop", {"tcp_rcvbuf_full"}, NULL},
	{"TcpExt", "TCPChallengeACK", {"tcp_challenge_acks"}, NULL},
	{"TcpExt", "TCPSYNChallenge", {"tcp_syn_challenge"}, NULL},
	{"TcpExt", "TCPKeepAlive", {"tcp_keepalives"}, NULL},
	{"TcpExt", "TCPWinProbe", {"tcp_zero_window_probes"}, NULL},
};

/* False: the program has nothing of this name. */
static bool value_of(const json_t *counters, const json_t *drops, const char *name, json_int_t *v)
{
	const json_t *from[] = {json_object_get(counters, "counters"),
				json_object_get(counters, "levels"),
				json_object_get(drops, "drops")};

	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		const json_t *found = json_object_get(from[i], name);

		if (found) {
			*v = json_integer_value(found);
			return true;
		}
	}
	return false;
}

static bool row_value(const struct row *row, const json_t *counters, const json_t *drops,
		      json_int_t *sum)
{
	json_int_t v;

	*sum = 0;
	for (unsigned i = 0; i < SUM_MAX && row->plus[i]; i++) {
		if (!value_of(counters, drops, row->plus[i], &v))
			return false;
		*sum += v;
	}
	if (!row->minus)
		return true;
	if (!value_of(counters, drops, row->minus, &v))
		return false;
	*sum -= *sum < v ? *sum : v; /* they were read one after the other */
	return true;
}

json_t *netstat_make(const json_t *counters, const json_t *drops)
{
	json_t *all = json_object();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *group = json_object_get(all, rows[i].group);
		json_int_t v;

		if (!row_value(&rows[i], counters, drops, &v))
			continue;
		if (!group) {
			group = json_object();
			json_object_set_new(all, rows[i].group, group);
		}
		json_object_set_new(group, rows[i].name, json_integer(v));
	}
	return all;
}

void show_netstat(FILE *out, const json_t *all, bool zeros)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const json_t *v =
			json_object_get(json_object_get(all, rows[i].group), rows[i].name);
		char name[64];

		if (!v || (!zeros && json_integer_value(v) == 0))
			continue;
		snprintf(name, sizeof(name), "%s%s", rows[i].group, rows[i].name);
		fprintf(out, "%-32s %14" JSON_INTEGER_FORMAT "\n", name, json_integer_value(v));
	}
}
