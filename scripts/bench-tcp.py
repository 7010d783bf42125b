#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""TCP's costs, and its goodput and fairness on simulated links: loss, reordering, round trip, rate, congestion control.

Costs are instructions by callgrind and the memory of a million connections in one process. For the rest it runs nsk-sim (docs/NSK-SIM.md) under virtual time, so the figures depend on the code and the seed alone, not on the
machine. Goodput is payload that arrived, over what the link's rate leaves for payload of full segments with timestamps;
with loss, what of that gets through. It is measured after slow start over a hundred round trips at least. The queue of a
link holds what the link carries in a round trip. Prints Markdown; everything goes to a JSON file as well.
"""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time

import instructions

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("NSK_BUILD", os.path.join(TOP, "build"))
NSK_SIM = os.path.join(BUILD, "apps", "nsk-sim")

CLEAN_RATES = (10e6, 100e6, 1e9, 10e9, 100e9)
CLEAN_RTTS = (0.1, 1, 10, 20, 100, 300)
LARGEST_BYTES = 256e6
WINDOW_MAX = 1 << 30
LOSSES = (0, 0.01, 0.1, 1, 3)
REORDERS = (0, 1)
FEW_CONTROLS = ("cubic", "bbr")
REORDER_SHARES = (0.1, 1, 3, 10)
REORDER_RTTS = (1, 10, 50, 100)
REORDER_SEEDS = 5
LOSS_RATES = (10e6, 100e6, 1e9)
LOSS_RTTS = (10, 50, 100)
CONTROLS = ("cubic", "reno", "bbr", "dctcp")
FAIR = ((10e6, 20), (100e6, 20), (100e6, 100), (1e9, 10))
FLOWS = 4
MSS = 1448
ROUNDS = 100
KINDS = ("idle", "embryonic", "time-wait")
MEMORY_LIMIT = 512
LIMIT = 0.90

SCENARIO = """\
settings = {{ tcp = {{ rcvbuf_max = {window:.0f}; sndbuf_max = 1073741824; }}; pool = {{ buffers = {buffers}; }}; }};
hosts = {{ a = {{ }}; b = {{ }}; }};
step = "{step_us} us";
links = {{ wire = {{ ends = ["a", "b"]; rate = "{rate:.0f} bit/s"; delay = "{delay_us} us";
  loss = "{loss} %"; reorder = "{reorder} %"; reorder_by = "{reorder_us} us"; }}; }};
apps = {{
{apps}}};
"""
APP = """  {name} = {{ from = "a"; to = "b"; duration = "{duration:.6f} s"; warmup = "{warmup:.6f} s"; start = "{start:.6f} s";
    connections = {flows}; stagger = "{stagger:.6f} s"; congestion = "{control}"; }};
"""


def slow_start_s(flight_bytes, rtt_s):
    """From ten segments to what is in flight, doubling each round trip, and as long again, and the handshake."""
    rounds = math.log2(max(flight_bytes / (10 * MSS), 1)) + 1
    return (2 * rounds + 3) * rtt_s


class Cell:
    """One run: a link and the flows over it, whose receivers take no more than window bytes at a time."""

    def __init__(self, rate, rtt_ms, loss=0, reorder=0, controls=("cubic",), flows=1, least_s=0.0, window=WINDOW_MAX):
        self.rate, self.rtt_ms, self.loss, self.reorder = rate, rtt_ms, loss, reorder
        self.controls, self.flows, self.window = controls, flows, window
        rtt = rtt_ms / 1e3
        # What a round trip carries: the link's, or the window.
        self.flight_bytes = min(rate / 8 * rtt, window)
        # Whole packets count: on slow links with short round trips a hundred of those are too few.
        self.measured_s = max(ROUNDS * rtt, 1000 * 1514 * 8 / rate, least_s)
        self.warmup_s = slow_start_s(self.flight_bytes, rtt)

    def scenario(self):
        rtt = self.rtt_ms / 1e3
        apps = [APP.format(name=f"flow{i}", control=control, flows=self.flows, start=0, stagger=rtt,
                           duration=self.warmup_s + self.measured_s, warmup=self.warmup_s)
                for i, control in enumerate(self.controls)]
        buffers = min(8192 + int(24 * self.flight_bytes / MSS), 3000000)
        step = min(10, self.rtt_ms * 1e3 / 100) if self.rate >= 10e9 else 0
        return SCENARIO.format(rate=self.rate, delay_us=self.rtt_ms * 500, loss=self.loss, reorder=self.reorder,
                               reorder_us=max(self.rtt_ms * 100, 1), apps="".join(apps), buffers=buffers,
                               window=self.window, step_us=f"{step:.3f}")

    def title(self):
        return f"{human_rate(self.rate)}, {self.rtt_ms:g} ms, loss {self.loss:g} %, reordering {self.reorder:g} %, " \
               f"{self.flows} x {'+'.join(self.controls)}"


def human_rate(rate):
    for unit, name in ((1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s")):
        if rate >= unit:
            return f"{rate / unit:.3g} {name}"
    return f"{rate:.0f} bit/s"


def run(cell, seed, timeout):
    """The result of nsk-sim with the figures of the cell."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(cell.scenario())
        file.flush()
        start = time.monotonic()
        try:
            done = subprocess.run([NSK_SIM, "--json", "--seed", str(seed), file.name], capture_output=True, text=True,
                                  timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            return {"error": f"took longer than {timeout} s"}
    if not done.stdout:
        return {"error": done.stderr.strip().splitlines()[-1] if done.stderr else f"status {done.returncode}"}
    out = json.loads(done.stdout)
    goodput = sum(app["goodput_bps"] for app in out["apps"])
    best = min(out["apps"][0]["best_bps"], cell.window * 8e3 / cell.rtt_ms)
    return {"goodput_bps": goodput, "best_bps": best, "share": goodput / best if best else 0,
            "each_bps": [app["goodput_bps"] for app in out["apps"]],
            "fairness": out["links"][0]["forth"]["fairness"],
            "retransmits": sum(app["retransmits"] + app["retransmits_back"] for app in out["apps"]),
            "dropped": out["links"][0]["forth"]["queue_full"], "rtt_us": out["apps"][0]["rtt_us"],
            "error": None if out["ok"] else out["why"], "real_s": time.monotonic() - start}


def known_controls():
    """Those of CONTROLS that this build has."""
    known = []
    for control in CONTROLS:
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(Cell(1e9, 1, controls=(control,)).scenario())
            file.flush()
            if subprocess.run([NSK_SIM, "--check", file.name], capture_output=True, check=False).returncode == 0:
                known.append(control)
    return known


class Bench:
    """Runs cells and keeps what came of them."""

    def __init__(self, args):
        self.args, self.cells, self.part = args, [], None

    def run(self, cell, seed=None):
        result = run(cell, seed or self.args.seed, self.args.timeout)
        self.cells.append(dict(result, part=self.part, rate_bps=cell.rate, rtt_ms=cell.rtt_ms, loss_percent=cell.loss,
                               reorder_percent=cell.reorder, controls=cell.controls, flows=cell.flows,
                               measured_s=cell.measured_s, warmup_s=cell.warmup_s))
        text = f"{100 * result['share']:5.1f} %" if "share" in result else ""
        text += f" {result['error']}" if result["error"] else ""
        print(f"  {cell.title():<70} {text}", file=sys.stderr, flush=True)
        return result


def percent(result, limit=None):
    if "share" not in result:
        return "failed"
    text = f"{100 * result['share']:.1f} %"
    if result["error"]:
        return text + " (!)"
    return f"**{text}**" if limit and result["share"] < limit else text


def table(heads, rows):
    return ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)] + ["| " + " | ".join(row) + " |" for row in rows]


def instruction_table(_bench):
    rows = [[row.work, str(row.at_once), f"{row.count(program('perf_instructions')):,}",
             f"{row.limit:,}" if row.limit else "-"] for row in instructions.rows()]
    return ["Instructions of the server's side for a 64-byte request and its answer, and for a whole short connection.",
            ""] + table(["work", "at once", "instructions", "limit"], rows)


def program(name):
    return os.path.join(BUILD, "tests", "perf", name)


def memory_table(bench):
    """What the process grows by, all in."""
    rows = []
    for kind in KINDS:
        print(f"  memory of {bench.args.connections:,} connections, {kind}", file=sys.stderr, flush=True)
        done = subprocess.run([program("perf_memory"), kind, str(bench.args.connections)], capture_output=True,
                              text=True, check=False)
        if done.returncode:
            sys.exit(f"bench-tcp: {done.stderr.strip()}")
        each = json.loads(done.stdout)["bytes_each"]
        rows.append([kind, f"{bench.args.connections:,}", f"{each:.0f}" if each <= MEMORY_LIMIT else f"**{each:.0f}**",
                     str(MEMORY_LIMIT)])
    return ["Memory of a connection: what the process has grown by, descriptor, tables and epoll registration included.",
            ""] + table(["kind", "connections", "bytes each", "limit"], rows)


def few(controls):
    """Those whose grids show what the others would show as well."""
    return [control for control in FEW_CONTROLS if control in controls]


def clean_grid(bench, controls):
    rows = []
    for control in few(controls):
        for rate in CLEAN_RATES:
            row = [control, human_rate(rate)]
            for rtt in CLEAN_RTTS:
                cell = Cell(rate, rtt, controls=(control,))
                above = cell.flight_bytes > LARGEST_BYTES
                if above:
                    cell = Cell(rate, rtt, controls=(control,), window=LARGEST_BYTES)
                if cell.flight_bytes > bench.args.largest * 1e6:
                    row.append("not run")
                else:
                    row.append(percent(bench.run(cell), LIMIT) + (" (w)" if above else ""))
            rows.append(row)
    return [f"Clean links, one flow, {ROUNDS} round trips after slow start: share of the payload rate, and with more than "
            f"{LARGEST_BYTES / 1e6:.0f} MB on the way (w) of a window of that size a round trip (below {100 * LIMIT:.0f} %: "
            "bold).", ""] + \
        table(["control", "rate \\ RTT"] + [f"{rtt:g} ms" for rtt in CLEAN_RTTS], rows)


def reorder_grid(bench, controls):
    rows = []
    for control in few(controls):
        for rtt in REORDER_RTTS:
            row = [control, "100 Mbit/s", f"{rtt:g} ms"]
            for share in REORDER_SHARES:
                cell = Cell(100e6, rtt, 0, share, (control,), least_s=30)
                results = [bench.run(cell, seed) for seed in range(1, REORDER_SEEDS + 1)]
                row.append(percent(min(results, key=lambda result: result.get("share", 0)), LIMIT))
            rows.append(row)
    return [f"Links that hold a share of the packets back by a tenth of the round trip, one flow: the least of "
            f"{REORDER_SEEDS} seeds (below {100 * LIMIT:.0f} %: bold).", ""] + \
        table(["control", "rate", "RTT"] + [f"{share:g} % late" for share in REORDER_SHARES], rows)


def loss_grid(bench, controls):
    rows = []
    rates, rtts = (LOSS_RATES, LOSS_RTTS) if bench.args.all else (LOSS_RATES[1:2], LOSS_RTTS[:2])
    for control in controls:
        for rate in rates:
            for rtt in rtts:
                for reorder in REORDERS:
                    row = [control, human_rate(rate), f"{rtt:g} ms", f"{reorder} %"]
                    row += [percent(bench.run(Cell(rate, rtt, loss, reorder, (control,), least_s=30)))
                            for loss in LOSSES]
                    rows.append(row)
    return ["Lossy links, one flow: share of the payload that gets through at full rate.", ""] + \
        table(["control", "rate", "RTT", "reordered"] + [f"loss {loss:g} %" for loss in LOSSES], rows)


def fair_grid(bench, controls):
    rows = []
    pairs = [(control,) for control in controls]
    pairs += [(controls[0], other) for other in controls[1:]]
    for mix in pairs:
        for rate, rtt in FAIR if bench.args.all else FAIR[:2]:
            result = bench.run(Cell(rate, rtt, controls=mix, flows=FLOWS // len(mix), least_s=60))
            fairness = f"{result['fairness']:.3f}" if result.get("fairness") else "-"
            each = ", ".join(human_rate(bps) for bps in result.get("each_bps", []))
            rows.append([" against ".join(mix), human_rate(rate), f"{rtt} ms", percent(result), fairness, each])
    return [f"{FLOWS} flows over one link: their sum, and how evenly they share (Jain, 1 is even).", ""] + \
        table(["control", "rate", "RTT", "sum", "fairness", "each kind"], rows)


def loss_row(bench, controls):
    rows = []
    for control in controls:
        result = bench.run(Cell(1e9, 50, 1, 0, (control,), least_s=120))
        rows.append([control, human_rate(result["goodput_bps"]) if "goodput_bps" in result else "failed",
                     str(result.get("retransmits", "-"))])
    return ["1 Gbit/s, 1 % loss, 50 ms, one flow, 120 s.", ""] + table(["control", "goodput", "retransmitted"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="of instructions, memory, clean, row, loss, reorder, fair (default: all of them)")
    parser.add_argument("--all", action="store_true", help="every rate and round trip of the grids of loss and fairness")
    parser.add_argument("--largest", type=float, default=256, metavar="MB",
                        help="clean links with more than this on the way are left out (default 256)")
    parser.add_argument("--connections", type=int, default=1000000, metavar="N",
                        help="connections whose memory is measured (default 1000000)")
    parser.add_argument("--seed", type=int, default=1, help="of what the links do (default 1)")
    parser.add_argument("--timeout", type=float, default=900, metavar="SECONDS", help="for one run (default 900)")
    parser.add_argument("--json", metavar="FILE", help="where the JSON goes (default build/bench/tcp-TIME.json)")
    parser.add_argument("--plots", metavar="FOLDER", help="draw the grids as SVG into it")
    args = parser.parse_args()
    if not os.access(NSK_SIM, os.X_OK):
        sys.exit(f"bench-tcp: {NSK_SIM} is not there; ./dev bench tcp builds it")

    bench, controls = Bench(args), known_controls()
    parts = {"instructions": lambda: instruction_table(bench), "memory": lambda: memory_table(bench),
             "clean": lambda: clean_grid(bench, controls), "row": lambda: loss_row(bench, controls),
             "loss": lambda: loss_grid(bench, controls),
             "reorder": lambda: reorder_grid(bench, controls), "fair": lambda: fair_grid(bench, controls)}
    for name in args.parts:
        if name not in parts:
            sys.exit(f"bench-tcp: no part \"{name}\"; there are {', '.join(parts)}")
    text = []
    for name in args.parts or parts:
        bench.part = name
        text += parts[name]() + [""]
    print("\n".join(text))
    path = args.json or os.path.join(BUILD, "bench", time.strftime("tcp-%Y%m%d-%H%M%S.json"))
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        json.dump({"seed": args.seed, "cells": bench.cells, "markdown": "\n".join(text)}, out, indent=1)
    print(f"everything: {path}", file=sys.stderr)
    if args.plots:
        subprocess.run(["/usr/bin/python3", os.path.join(TOP, "scripts", "plot-tcp.py"), path, args.plots], check=True)
    return 1 if any(cell["error"] for cell in bench.cells) else 0


if __name__ == "__main__":
    sys.exit(main())
