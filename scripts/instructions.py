# SPDX-License-Identifier: BSD-3-Clause
"""Instructions a piece of work takes, of its server or router alone, counted by callgrind."""
import dataclasses
import os
import re
import subprocess
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TABLE = os.path.join(TOP, "tests/perf/instructions.txt")
WORSE = 0.02  # what may be lost without a word


@dataclasses.dataclass
class Row:
    """A line of the table: what is counted, what it was, and what it must not exceed."""
    work: str
    at_once: int
    number: int
    baseline: int
    limit: int | None

    def command(self, folder, out):
        """The program is one of those in the folder. EAL would choose AVX-512 where there is some, which valgrind 3.19 does not know."""
        program = os.path.join(folder, "perf_forward" if self.work.startswith("forward") else "perf_instructions")
        return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--instr-atstart=no",
                "--collect-atstart=no", "--toggle-collect=serve*", program, self.work, "--connections",
                str(self.at_once), "--count", str(self.number), "--eal", "--force-max-simd-bitwidth=256"]

    def count(self, programs, env=None):
        """Instructions a piece; RuntimeError says what went wrong. Meson has malloc() fill what it gives, which counts."""
        env = {name: value for name, value in (env or os.environ).items() if name != "MALLOC_PERTURB_"}
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "out")
            command = self.command(programs, out)
            try:
                result = subprocess.run(command, capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL,
                                        check=False)
                with open(out, encoding="utf-8") as file:
                    totals = re.search(r"^totals: (\d+)", file.read(), re.MULTILINE)
            except OSError as error:
                raise RuntimeError(f"{' '.join(command)}: {error}") from error
        done = re.search(r'"done":(\d+)', result.stdout)
        if result.returncode or not done or not totals:
            raise RuntimeError(f"{' '.join(command)}: status {result.returncode}\n{result.stderr.strip()[-2000:]}")
        return round(int(totals[1]) / int(done[1]))

    def verdict(self, counted):
        """What is wrong with a count, or None."""
        if self.limit and counted > self.limit:
            return f"above the limit of {self.limit:,}"
        if counted > self.baseline * (1 + WORSE):
            return f"{(counted / self.baseline - 1) * 100:.1f} % more than the {self.baseline:,} of {TABLE[len(TOP) + 1:]}"
        return None


def rows():
    """The table."""
    found = []
    with open(TABLE, encoding="utf-8") as file:
        for line in file:
            words = line.split("#")[0].split()
            if words:
                work, at_once, number, baseline, limit = words
                found.append(Row(work, int(at_once), int(number), int(baseline), None if limit == "-" else int(limit)))
    return found


def renew(counts):
    """Writes what was counted, in the order of rows(), into the table."""
    with open(TABLE, encoding="utf-8") as file:
        lines = file.readlines()
    left = iter(zip(rows(), counts))
    with open(TABLE, "w", encoding="utf-8") as file:
        for line in lines:
            if line.split("#")[0].strip():
                row, counted = next(left)
                line = f"{row.work:<12}{row.at_once:<9}{row.number:<10}{counted:<14}{row.limit or '-'}\n"
            file.write(line)
