#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Requests/s and short connections/s of an echo server over a virtual wire between two cores.

Measures the reflector (the wire's ceiling), netstk and the Linux kernel, one server core each, closed loop, 64-byte
requests; then counts netstk's instructions a request and a connection with callgrind. docs/PERFORMANCE.md says how and
why. A table goes to the terminal, everything else (raw samples, command lines, machine) to a JSON file. Nothing else
should run on the machine: a run in which either side waited more than 5 % of the time for its core is dropped.
"""
import argparse
import itertools
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time

import instructions
from rig import BUILD, TOP, Failure, Rig, enter_namespace, find_program, huge_free_mb, human, read, wait_for_quiet
from sides import SIDES, LinuxPacket, LinuxSockets, Netstk, Reflect, Workload, measure

WORKLOADS = (Workload(1), Workload(64), Workload(1000), Workload(10000, in_flight=256), Workload(100000, in_flight=256),
             Workload(1000000, in_flight=256), Workload(64, short=True))
WAIT_LIMIT_PERCENT = 5.0
ERROR_LIMIT = 0.001
LINUX = (LinuxPacket.name, LinuxSockets.name)


# ---- running ----------------------------------------------------------------------------------------------------


def verdict(result, wait_limit):
    """Why a run does not count, or None."""
    for who, reading in result["readings"].items():
        if reading["waited_percent"] > wait_limit:
            return f"the {who} waited {reading['waited_percent']:.1f} % of the time for its core"
    if result["errors"] > ERROR_LIMIT * max(1, result["summary"]["counters"]["sent"]):
        return f"{result['errors']} errors: {result['summary']['errors_by_kind']}"
    return None


def sample_of(rig, side, workload, args, number):
    """One run of a side; a run that fails is a dropped one."""
    wait_for_quiet((rig.cores.server, rig.cores.load), args.patience)
    try:
        sample = measure(side(rig), workload, args.seconds)
        sample["dropped"] = verdict(sample, args.max_wait)
    except Failure as failure:
        sample = {"side": side.name, "workload": workload.name, "dropped": str(failure)}
    sample["run"] = number
    return sample


def in_turn(runs):
    """(run, workload, side): all sides of a workload beside each other, all of a round before the next."""
    return ((run, workload, side) for run, workload in itertools.product(range(1, runs + 1), WORKLOADS)
            for side in workload.sides)


def run_all(rig, args):
    """Every side and workload in turn until each has args.runs runs that count, in twice as many rounds; the samples."""
    samples, start = [], time.monotonic()
    count = {(workload.name, side.name): 0 for workload in WORKLOADS for side in workload.sides}
    try:
        for number, workload, side in in_turn(2 * args.runs):
            key = workload.name, side.name
            if count[key] < args.runs:
                samples.append(sample_of(rig, side, workload, args, number))
                count[key] += not samples[-1]["dropped"]
                missing = sum(args.runs - done for done in count.values())
                progress(samples[-1], workload, missing, (time.monotonic() - start) / len(samples) * missing)
    except KeyboardInterrupt:
        print("ended early; this is what there is", file=sys.stderr)
    return samples


def progress(sample, workload, missing, seconds):
    figure = f"{human(sample['rate']):>8}/s" if "rate" in sample else f"{'-':>10}"
    dropped = f"  DROPPED: {sample['dropped'].splitlines()[0]}" if sample["dropped"] else ""
    print(f"[{missing:3} to go, {seconds:4.0f} s] run {sample['run']}  {workload.title:<34} {sample['side']:<14}"
          f"{figure}{dropped}", file=sys.stderr, flush=True)


# ---- callgrind --------------------------------------------------------------------------------------------------


def count_instructions(rig):
    """Instructions of the server's side for one request and connection, of those that have a limit."""
    counted = []
    for row in (row for row in instructions.rows() if row.limit):
        item = {"work": row.work, "limit": row.limit}
        try:
            item["instructions"] = row.count(os.path.dirname(find_program("perf_instructions")), rig.env)
        except (Failure, RuntimeError) as failure:
            item["error"] = str(failure)
        counted.append(item)
    return counted


# ---- figures ----------------------------------------------------------------------------------------------------


def figures_of(samples, side, workload):
    """Median, least, most and number of the runs that count; None where none does."""
    good = [s for s in samples if s["side"] == side and s["workload"] == workload.name and not s["dropped"]]
    if not good:
        return None
    rates = [s["rate"] for s in good]
    busy = [s["busy"] for s in good if s["busy"] is not None]
    return {"median": statistics.median(rates), "least": min(rates), "most": max(rates), "runs": len(rates),
            "p50_us": statistics.median(s["latency"]["p50_us"] for s in good),
            "p99_us": statistics.median(s["latency"]["p99_us"] for s in good),
            "server_core_percent": statistics.median(s["readings"]["server"]["core_busy_percent"] for s in good),
            "load_core_percent": statistics.median(s["readings"]["load"]["core_busy_percent"] for s in good),
            "server_waited_percent": max(s["readings"]["server"]["waited_percent"] for s in good),
            "load_waited_percent": max(s["readings"]["load"]["waited_percent"] for s in good),
            "busy_percent": statistics.median(busy) if busy else None,
            "packets_each": statistics.median(s["packets_each"] for s in good)}


def row_of(samples, workload):
    """One row of the table: the figures of each side, of the better Linux, and netstk's shares."""
    row = {"workload": workload.name, "title": workload.title}
    for side in SIDES:
        row[side.name] = figures_of(samples, side.name, workload)
    linux = [name for name in LINUX if row[name]]
    row["linux"] = max(linux, key=lambda name: row[name]["median"]) if linux else None
    ceiling, ours = row[Reflect.name], row[Netstk.name]
    if ceiling and workload.short:
        # The reflector has no connections: its packets over those that a connection takes.
        scale = ours["packets_each"] if ours else 0
        row["ceiling"] = ceiling["median"] / scale if scale else None
    else:
        row["ceiling"] = ceiling["median"] if ceiling else None
    row["share"] = ours["median"] / row["ceiling"] if ours and row["ceiling"] else None
    row["times_linux"] = ours["median"] / row[row["linux"]]["median"] if ours and row["linux"] else None
    return row


def spread(figures):
    if not figures:
        return "no run counts"
    return f"{human(figures['median'])} [{human(figures['least'])}-{human(figures['most'])}]"


def table(report):
    """The text that is shown."""
    lines = [f"{'':<34}{'ceiling':>9}  {'netstk':<24}{'share':>7}  {'Linux':<24}{'times':>6}"]
    for row in report["rows"]:
        linux = row[row["linux"]] if row["linux"] else None
        lines.append(f"{row['title']:<34}{human(row['ceiling']) if row['ceiling'] else '-':>9}  "
                     f"{spread(row[Netstk.name]):<24}"
                     f"{format(100 * row['share'], '.0f') + ' %' if row['share'] else '-':>7}  {spread(linux):<24}"
                     f"{format(row['times_linux'], '.1f') if row['times_linux'] else '-':>6}")
    lines.append("")
    lines.append(f"{'p50 / p99 us':<34}{'reflector':>17}  {'netstk':>17}  {'Linux, use of the server core':>40}")
    for row in report["rows"]:
        linux = row[row["linux"]] if row["linux"] else None
        lines.append(f"{row['title']:<34}{latency(row[Reflect.name]):>17}  {latency(row[Netstk.name]):>17}  "
                     f"{kernel_latency(row['linux'], linux):>40}")
    lines.append("")
    for item in report["instructions"]:
        if "instructions" in item:
            lines.append(f"instructions a {item['work']}, server's side: {item['instructions']:.0f} "
                         f"(limit {item['limit']:,}{': ABOVE' if item['instructions'] > item['limit'] else ''})")
        else:
            lines.append(f"instructions a {item['work']}: not counted: {item['error'].splitlines()[0]}")
    dropped = [s for s in report["samples"] if s["dropped"]]
    lines.append(f"{len(report['samples'])} runs of {report['seconds']:g} s, {len(dropped)} dropped; medians [least-most]"
                 f"{most_waited(report)}")
    for sample in dropped:
        lines.append(f"  dropped: run {sample['run']}, {sample['workload']}, {sample['side']}: "
                     f"{sample['dropped'].splitlines()[0]}")
    return "\n".join(lines)


def most_waited(report):
    """How long a side waited for its core in the runs that count, at most."""
    waited = [row[side.name][f"{who}_waited_percent"] for row in report["rows"] for side in SIDES if row[side.name]
              for who in ("server", "load")]
    return f"; no side waited for its core longer than {max(waited):.1f} % of the time" if waited else ""


def latency(figures):
    return f"{figures['p50_us']:.1f} / {figures['p99_us']:.1f}" if figures else "-"


def kernel_latency(side, figures):
    """With how the load came, and the use of the server's core: the other servers poll and always use all of it."""
    return f"{latency(figures)}, {figures['server_core_percent']:.0f} % ({side})" if figures else "-"


def markdown(report):
    """The tables as documents show them."""
    lines = ["| | Ceiling | netstk | of the ceiling | p50, p99 µs | Linux | p50, p99 µs | times |",
             "|---|---|---|---|---|---|---|---|"]
    for row in report["rows"]:
        linux = row[row["linux"]] if row["linux"] else None
        lines.append("| " + " | ".join((
            row["title"], human(row["ceiling"]) if row["ceiling"] else "-", spread(row[Netstk.name]),
            f"{100 * row['share']:.0f} %" if row["share"] else "-", latency(row[Netstk.name]).replace(" /", ","),
            spread(linux), latency(linux).replace(" /", ","),
            f"{row['times_linux']:.1f}" if row["times_linux"] else "-")) + " |")
    lines += ["", "| Instructions, server's side | Count | Limit |", "|---|---|---|"]
    lines += [f"| a {item['work']} | {item['instructions']:,.0f} | {item['limit']:,} |"
              for item in report["instructions"] if "instructions" in item]
    return "\n".join(lines)


# ---- the machine ------------------------------------------------------------------------------------------------


def output_of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=TOP, check=False).stdout.strip()
    except OSError:
        return ""


def machine_facts(rig):
    model = re.search(r"^model name\s*: (.*)$", read("/proc/cpuinfo"), re.MULTILINE)
    mhz = re.findall(r"^cpu MHz\s*: (.*)$", read("/proc/cpuinfo"), re.MULTILINE)
    compiler = re.search(r'"version": "([^"]*)"', read(f"{BUILD}/meson-info/intro-compilers.json"))
    return {"cpu": model[1] if model else platform.processor(), "mhz": mhz[:1], "cpus": os.cpu_count(),
            "server_core": rig.cores.server, "load_core": rig.cores.load, "one_core_only": rig.cores.alone,
            "hyperthreads_of_one_core": rig.cores.siblings, "virtual": " hypervisor " in read("/proc/cpuinfo"),
            "governor": read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "none"),
            "kernel": platform.release(), "hugepages": rig.huge, "hugepages_free_mb": huge_free_mb(),
            "dpdk": output_of("pkg-config", "--modversion", "libdpdk"), "compiler": compiler[1] if compiler else "",
            "load_average_before": os.getloadavg()[0], "commit": output_of("git", "describe", "--always", "--dirty"),
            "time": time.strftime("%Y-%m-%dT%H:%M:%S%z")}


def header(facts):
    lines = [f"{facts['cpu']}, {facts['cpus']} CPUs{', virtual' if facts['virtual'] else ''}, Linux {facts['kernel']}, "
             f"DPDK {facts['dpdk']}, {'hugepages' if facts['hugepages'] else 'no hugepages'}, commit {facts['commit']}",
             f"server on core {facts['server_core']}, load on core {facts['load_core']}, "
             f"load average before {facts['load_average_before']:.2f}"]
    if facts["one_core_only"]:
        lines.append("ONE CORE ONLY: server and load take turns on it, the figures mean little")
    if facts["load_average_before"] > 0.5:
        lines.append("something else ran just before: look at the waiting times")
    return "\n".join(lines)


# ---- the command ------------------------------------------------------------------------------------------------


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench echo", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each side and workload (default 5)")
    parser.add_argument("--seconds", type=float, default=3, metavar="S", help="measured time of a run (default 3)")
    parser.add_argument("--max-wait", type=float, default=WAIT_LIMIT_PERCENT, metavar="P",
                        help="drop runs in which a side waited for its core for more percent of the time (default 5)")
    parser.add_argument("--patience", type=float, default=10, metavar="S",
                        help="wait up to so long before each run until both cores are idle (default 10)")
    parser.add_argument("--wire", choices=("memif", "vhost"), default="memif",
                        help="what joins the two programs: memif (default), or virtio-user and vhost")
    parser.add_argument("--json", metavar="FILE", help="where the JSON goes (default build/bench/echo-TIME.json)")
    parser.add_argument("--no-huge", action="store_true", help="do without hugepages even if there are some")
    parser.add_argument("--no-instructions", action="store_true", help="leave callgrind out")
    parser.add_argument("--show", metavar="FILE", help="measure nothing, show the JSON of an earlier run")
    parser.add_argument("--markdown", action="store_true", help="tables as documents have them")
    args = parser.parse_args()
    if args.runs < 1 or args.seconds < 0.1:
        parser.error("at least one run of 0.1 s")
    return args


def bench(args):
    """Measures; the report."""
    with Rig(args.no_huge, args.wire) as rig:
        facts = machine_facts(rig)
        print(header(facts), file=sys.stderr, flush=True)
        counted = [] if args.no_instructions else count_instructions(rig)
        samples = run_all(rig, args)
    return {"bench": "echo", "wire": args.wire, "machine": facts, "runs": args.runs, "seconds": args.seconds,
            "wait_limit_percent": args.max_wait, "rows": [row_of(samples, w) for w in WORKLOADS],
            "instructions": counted, "samples": samples}


def main():
    args = arguments()
    if args.show:
        with open(args.show, encoding="utf-8") as file:
            report = json.load(file)
    else:
        enter_namespace()
        report = bench(args)
        path = args.json or os.path.join(BUILD, "bench", time.strftime("echo-%Y%m%d-%H%M%S.json"))
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
        print(f"raw samples: {os.path.relpath(path)}", file=sys.stderr)
    print(f"{header(report['machine'])}\nover {report['wire']}\n\n{(markdown if args.markdown else table)(report)}")
    return 0 if all(row[Netstk.name] for row in report["rows"]) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"bench: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
