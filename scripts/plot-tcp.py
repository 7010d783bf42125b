#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Draws what `./dev bench tcp` measured: plot-tcp.py JSON FOLDER writes tcp-clean.svg, tcp-loss.svg and tcp-fair.svg.

Runs under Debian's own Python: matplotlib is a Debian package (packages.txt, section plots).
"""
import json
import os
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "netstk"  # the same figures give the same file
import matplotlib.pyplot as plt  # pylint: disable=wrong-import-position

MARKS = {"cubic": "o", "reno": "s", "bbr": "^", "dctcp": "D"}
ZERO_LOSS = 0.003  # where no loss stands on a logarithmic axis, in percent


def rate_name(rate):
    return f"{rate / 1e9:g} Gbit/s" if rate >= 1e9 else f"{rate / 1e6:g} Mbit/s"


def save(figure, folder, name):
    path = os.path.join(folder, name)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    print(path)


def draw_clean(cells, folder):
    """Share of the payload rate over the round trip, a line for each rate."""
    figure, axes = plt.subplots(figsize=(7, 4))
    for rate in sorted({cell["rate_bps"] for cell in cells}):
        row = sorted((cell["rtt_ms"], 100 * cell["share"]) for cell in cells if cell["rate_bps"] == rate)
        axes.plot(*zip(*row), marker="o", label=rate_name(rate))
    axes.axhline(90, color="grey", linestyle=":", label="goal")
    axes.set(xscale="log", xlabel="round trip, ms", ylabel="goodput, % of the payload rate", ylim=(0, 105),
             title="Clean links, one flow of CUBIC")
    axes.legend(loc="lower right")
    save(figure, folder, "tcp-clean.svg")


def draw_loss(cells, folder):
    """Share of what gets through over the loss, a line for each control, a picture for each round trip."""
    links = sorted({(cell["rate_bps"], cell["rtt_ms"]) for cell in cells})
    figure, all_axes = plt.subplots(1, len(links), figsize=(4 * len(links), 4), sharey=True, squeeze=False)
    for axes, (rate, rtt) in zip(all_axes[0], links):
        for control in MARKS:
            for reorder, style in ((0, "-"), (1, "--")):
                row = sorted((max(cell["loss_percent"], ZERO_LOSS), 100 * cell["share"]) for cell in cells
                             if (cell["rate_bps"], cell["rtt_ms"]) == (rate, rtt) and
                             cell["controls"][0] == control and cell["reorder_percent"] == reorder)
                if row:
                    axes.plot(*zip(*row), style, marker=MARKS[control],
                              label=control + (", 1 % reordered" if reorder else ""))
        axes.set(xscale="log", xlabel="loss, % (leftmost: none)", title=f"{rate_name(rate)}, {rtt:g} ms", ylim=(0, 105))
    all_axes[0][0].set_ylabel("goodput, % of what gets through")
    all_axes[0][0].legend(fontsize="small", loc="lower left")
    save(figure, folder, "tcp-loss.svg")


def draw_fair(cells, folder):
    """Jain's index, a bar for each mix and link."""
    names = [f"{' / '.join(cell['controls'])}\n{rate_name(cell['rate_bps'])}, {cell['rtt_ms']:g} ms" for cell in cells]
    figure, axes = plt.subplots(figsize=(7, 0.45 * len(cells) + 1))
    axes.barh(range(len(cells)), [cell["fairness"] or 0 for cell in cells])
    axes.set_yticks(range(len(cells)), names, fontsize="small")
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="Jain's index (1: even)", title="Four flows over one link")
    save(figure, folder, "tcp-fair.svg")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    with open(sys.argv[1], encoding="utf-8") as file:
        cells = [cell for cell in json.load(file)["cells"] if "share" in cell]
    os.makedirs(sys.argv[2], exist_ok=True)
    for part, draw in (("clean", draw_clean), ("loss", draw_loss), ("fair", draw_fair)):
        chosen = [cell for cell in cells if cell["part"] == part and (part != "clean" or cell["controls"][0] == "cubic")]
        if chosen:
            draw(chosen, sys.argv[2])


if __name__ == "__main__":
    main()
