"""The part of a run that measures speed: which rows with which peers, in which
process, and what is done where one of them breaks it.

A first pass has ours and the library's kernels, so that nothing that a compiler does
can cost its rows; a second one has ours again and what Triton compiles.
"""

from __future__ import annotations

import time
from typing import Callable, Iterator

from process import explain

LIBRARIES = ("cuDNN", "FlashAttention-2")
TRITON = "Triton (flex)"
# Seconds until PyTorch is loaded; how much longer a step may take that compiles.
LOADING, COMPILING = 150, 2
# A peer that broke so many processes is left alone.
MOST_BROKEN = 2


class TimingPart:
    """`execute(work, silence, first, until)` yields the lines of timing.py; `problem`
    reports one; `changed` is called after every row; `step` is how many seconds a step
    may take."""

    def __init__(
        self,
        results: dict,
        execute: Callable[..., Iterator[dict]],
        problem: Callable[[str], None],
        changed: Callable[[], None],
        step: float,
    ):
        self.results, self.execute = results, execute
        self.problem, self.changed, self.step = problem, changed, step
        # How often a peer broke its process.
        self.broken: dict[str, int] = {}

    def run(self, rows: list, until: float) -> None:
        self.measure(rows, LIBRARIES, self.step, until)
        # What went wrong once would again.
        good = [
            [row["name"], row["length"], row["batch"]]
            for row in self.results["timing"] if not row["wrong"]
        ]
        if "PyTorch" in self.results.get("versions", {}):
            self.measure(good, (TRITON,), COMPILING * self.step, until)

    def measure(
        self, rows: list, peers: tuple[str, ...], silence: float, until: float
    ) -> None:
        left, first = list(rows), peers == LIBRARIES
        roof = first
        without: dict[str, str] = {}  # of the first row that is left
        while left and time.monotonic() < until:
            tried = [
                peer for peer in peers
                if peer not in without and self.broken.get(peer, 0) < MOST_BROKEN
            ]
            if not first and not tried:
                break
            # A row of which a peer broke the process is tried alone, without it.
            work = {"rows": left[:1] if without else left, "peers": tried, "roof": roof}
            step, steps, before, end = "", 0, len(left), ""
            for line in self.execute(work, silence, LOADING, until):
                if "versions" in line:
                    self.results.setdefault("versions", line["versions"])
                elif "roof" in line:
                    self.results["roof"] = line["roof"]
                elif "doing" in line:
                    step, steps = line["doing"], steps + 1
                    roof = roof and step == "roof"
                elif "length" in line:
                    for peer in set(peers) - set(tried):
                        line["without"][peer] = without.get(peer, self.why_left(peer))
                    without, step = {}, ""
                    left.pop(0)
                    self.record(line, first)
                elif "end" in line:
                    end = line["end"]
            if not left or (not end and len(left) < before):
                continue
            end = end or "the process ended without a result"
            if end == "no time was left":
                break
            if step == "roof":
                roof = False
            elif step == "all" or step in tried:
                if step == "all":
                    # Nobody knows which: the row has ours alone.
                    without.update({p: f"measured together: {end}" for p in tried})
                else:
                    self.broken[step] = self.broken.get(step, 0) + 1
                    without[step] = end
                if not first:
                    self.lack(left.pop(0), without)
                    without = {}
            elif not first:
                # Ours was measured before.
                self.lack(left.pop(0), {p: f"ours beside it: {end}" for p in peers})
            else:
                name, length, _ = left.pop(0)
                without = {}
                self.problem(f"timing: {name}, length {length}: {explain(end)}")
                if not steps:
                    break
                left = self.leave_alone(name, left)
        if first and left:
            self.problem(f"timing: {len(left)} rows were not measured")
        elif not first:
            for row in left:
                self.lack(row, {peer: self.why_left(peer) for peer in peers})

    def why_left(self, peer: str) -> str:
        broken = self.broken.get(peer, 0)
        return f"it broke {broken} rows before" if broken else "no time was left"

    def leave_alone(self, name: str, left: list) -> list:
        """Without the rows of a package that has broken too often."""
        self.broken[name] = self.broken.get(name, 0) + 1
        kept = [row for row in left if row[0] != name]
        if self.broken[name] < MOST_BROKEN or kept == left:
            return left
        self.problem(
            f"timing: {name}: {len(left) - len(kept)} rows were not measured: it broke "
            f"{MOST_BROKEN} before"
        )
        return kept

    def lack(self, row: list, without: dict[str, str]) -> None:
        for known in self.results["timing"]:
            if [known["name"], known["length"]] == row[:2]:
                known["without"].update(without)
        self.changed()

    def record(self, line: dict, first: bool) -> None:
        if first:
            self.results["timing"].append(line)
            if line["wrong"]:
                self.problem(
                    f"timing: {line['name']}, length {line['length']}: {line['wrong']}"
                )
        else:
            for known in self.results["timing"]:
                if [known["name"], known["length"]] == [line["name"], line["length"]]:
                    known["without"].update(line["without"])
                    if TRITON in line["times"]:
                        known["compiled"] = line["times"]
        self.changed()
