"""Benchmarks of the tools in build/bin; each prints a Markdown table."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / "build" / "bin"


@dataclass(frozen=True)
class Program:
    """One attention; `layout` None: one device."""

    size: int
    d: int
    heads: int = 1
    kv_heads: int = 1
    dtype: str = "f32"
    mask: str = "#ringattn.causal"
    ranks: int = 1
    layout: str | None = None

    def text(self) -> str:
        q = f"tensor<1x{self.heads}x{self.size}x{self.d}x{self.dtype}>"
        k = f"tensor<1x{self.kv_heads}x{self.size}x{self.d}x{self.dtype}>"
        sharding, grid = "", ""
        if self.layout:
            grid = f"shard.grid @ring(shape = {self.ranks})\n"
            sharding = (
                ",\n      sharding = #ringattn.seq_sharding<@ring, axes = [0], "
                f"layout = {self.layout}>"
            )
        return (
            f"{grid}func.func @main(%q: {q}, %k: {k}, %v: {k}) -> {q} {{\n"
            f"  %o = ringattn.attention %q, %k, %v {{\n"
            f"      mask = {self.mask}{sharding}}}\n"
            f"    : ({q}, {k}, {k}) -> {q}\n  return %o : {q}\n}}\n"
        )


class Bench:
    def __init__(self, scratch: Path, command: str):
        self.scratch = scratch
        self.command = command
        self.modules: dict[Program, Path] = {}

    def execute(self, command: list, **keywords) -> str:
        command = [str(part) for part in command]
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **keywords,
        )
        if done.returncode != 0:
            sys.exit(
                f"error: bench: exit {done.returncode} of {shlex.join(command)}\n"
                f"{done.stderr.strip()[-2000:]}"
            )
        return done.stdout

    def module(self, program: Program) -> Path:
        if program not in self.modules:
            stem = self.scratch / f"program{len(self.modules)}"
            stem.with_suffix(".mlir").write_text(program.text())
            self.execute(
                [
                    BIN / "ringattn-compile",
                    stem.with_suffix(".mlir"),
                    "-o",
                    stem.with_suffix(".so"),
                ]
            )
            self.modules[program] = stem.with_suffix(".so")
        return self.modules[program]

    def run(self, program: Program, *options: str, core: int | None = None) -> dict:
        """The report of one run of one thread a rank."""
        report = self.scratch / "report.json"
        pinned = [] if core is None else ["taskset", "-c", str(core)]
        self.execute(
            [
                *pinned,
                BIN / "ringattn-run",
                self.module(program),
                f"--ranks={program.ranks}",
                "--random-inputs=1",
                "--threads=1",
                f"--report={report}",
                *options,
            ]
        )
        return json.loads(report.read_text())

    def peak(self, dtype: str, core: int) -> float:
        """GFLOP/s of multiply-adds in registers, now, on this core: for bf16 the
        better of its dot product and of f32, into which a kernel may convert."""
        binary = self.scratch / "peak"
        if not binary.exists():
            self.execute(
                ["clang-22", "-O2", "-march=native", ROOT / "tools/bench/peak.c"]
                + ["-o", binary]
            )
        return max(
            float(self.execute(["taskset", "-c", str(core), binary, kind, "0.3"]))
            for kind in {"f32", dtype}
        )


def heading(title: str, bench: Bench) -> None:
    commit = subprocess.run(
        ["git", "-C", ROOT, "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    print(f"\n## {title}\n")
    print(
        f"{datetime.date.today().isoformat()}, {cpu_model()}, {os.cpu_count()} cores, "
        f"commit {commit or 'unknown'}: `{bench.command}`\n"
    )


def cpu_model() -> str:
    fields = {}
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            name, _, value = line.partition(":")
            fields.setdefault(name.strip(), value.strip())
    return (
        f"{fields.get('model name', 'unknown CPU')} "
        f"(family {fields.get('cpu family')}, model {fields.get('model')})"
    )


def table(header: list[str], rows: list[list[str]]) -> None:
    for row in (header, ["---"] * len(header), *rows):
        print("| " + " | ".join(row) + " |", flush=True)


def cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


# balance -----------------------------------------------------------------------


def owners(layout: str, granularity: int, size: int, ranks: int) -> np.ndarray:
    """docs/Layouts.md, position by position."""
    position = np.arange(size)
    if layout == "contiguous":
        return position // -(-size // ranks)
    if layout == "striped":
        return position // granularity % ranks
    chunk = position // -(-size // (2 * ranks))
    return np.where(chunk < ranks, chunk, 2 * ranks - 1 - chunk)


def per_hop_imbalance(
    owner: np.ndarray, left: int | None, right: int | None, ranks: int
) -> float:
    """Ranks meet at every hop: the sum over hops of the largest share, over the
    mean of the sums."""
    positions = [np.flatnonzero(owner == rank) for rank in range(ranks)]
    share = np.zeros((ranks, ranks))
    for rank, q in enumerate(positions):
        low = np.zeros_like(q) if left is None else q - left
        high = np.full_like(q, owner.size) if right is None else q + right
        for source, k in enumerate(positions):
            seen = np.searchsorted(k, high, "right") - np.searchsorted(k, low, "left")
            share[(rank - source) % ranks, rank] = seen.sum()
    return float(share.max(axis=1).sum() / (share.sum() / ranks))


def balance(bench: Bench, options: argparse.Namespace) -> None:
    size = options.size or 32768
    heading(f"Balance: causal, S = {size}", bench)
    print(
        "max/mean over ranks of the scores a rank computes, as the run reports them, "
        "and (in parentheses) the same hop by hop: ranks meet at every hop, so the sum "
        "over hops of the largest share is what a run takes.\n"
    )
    rows = []
    for layout, granularity in (
        ("contiguous", 0),
        ("striped", 1),
        ("striped", 16),
        ("striped", 64),
        ("striped", 256),
        ("zigzag", 0),
    ):
        text = f"#ringattn.{layout}"
        if layout == "striped":
            text += f"<granularity = {granularity}>"
        row = [f"`{text}`"]
        for ranks in (2, 4, 8, 16):
            program = Program(size, d=1, ranks=ranks, layout=text)
            visible = [
                rank["visible"] for rank in bench.run(program)["per_rank"]
            ]
            total = max(visible) / (sum(visible) / ranks)
            hops = per_hop_imbalance(
                owners(layout, granularity, size, ranks), None, 0, ranks
            )
            row.append(f"{total:.3f} ({hops:.3f})")
        rows.append(row)
    table(["layout", "P = 2", "P = 4", "P = 8", "P = 16"], rows)


# overlap -----------------------------------------------------------------------


def overlap(bench: Bench, options: argparse.Namespace) -> None:
    heading("Overlap: P = 2, a hop's transfer takes half of a hop's compute", bench)
    size = options.size or 8192
    rows = []
    for mask, layout in (
        ("full", "#ringattn.contiguous"),
        ("causal", "#ringattn.striped<granularity = 64>"),
        ("causal", "#ringattn.zigzag"),
    ):
        program = Program(
            size,
            d=128,
            heads=4,
            kv_heads=4,
            ranks=2,
            mask=f"#ringattn.{mask}",
            layout=layout,
        )
        free = bench.run(program, f"--repeat={options.repeat}")["per_rank"]
        hop = statistics.mean(r["compute_seconds"] / r["hops"] for r in free)
        sent = max(r["bytes_sent"] / r["exchanges"] for r in free)
        bandwidth = sent / (0.5 * hop) / 1e9
        report = bench.run(
            program,
            f"--repeat={options.repeat}",
            f"--link=bandwidth={bandwidth:.6f},latency=0",
        )["per_rank"]
        comm = [r["comm_seconds"] for r in report]
        exposed = [r["exposed_comm_seconds"] for r in report]
        worst = max(e / c for e, c in zip(exposed, comm))
        rows.append(
            [
                f"{mask}, `{layout}`",
                f"{1e3 * hop:.0f}",
                f"{bandwidth:.3f}",
                f"{1e3 * max(comm):.0f}",
                f"{1e3 * max(exposed):.2f}",
                f"{100 * worst:.1f}%",
            ]
        )
    table(
        [
            "mask, layout",
            "hop compute ms",
            "link GB/s",
            "transfer ms",
            "exposed ms",
            "exposed / transfer",
        ],
        rows,
    )
    print("\nTarget: under 5%.")


# ring-overhead -------------------------------------------------------------------


def ring_overhead(bench: Bench, options: argparse.Namespace) -> None:
    size = options.size or 16384
    core = cores()[-1]
    heading(
        f"Ring overhead: 4 ranks on one core against 1 rank, S = {size}, D = 128, "
        "causal, striped g = 64, f32",
        bench,
    )
    layout = "#ringattn.striped<granularity = 64>"
    ring = Program(size, d=128, ranks=4, layout=layout)
    one = Program(size, d=128)
    ratios, times = [], []
    for _ in range(options.repeat):
        pair = [bench.run(p, core=core)["wall_seconds"] for p in (one, ring)]
        times.append(pair)
        ratios.append(pair[1] / pair[0])
    first, second = (statistics.median(t) for t in zip(*times))
    table(
        ["P = 1 s", "P = 4 s", "median ratio", "least", "most"],
        [
            [
                f"{first:.3f}",
                f"{second:.3f}",
                f"{statistics.median(ratios):.3f}",
                f"{min(ratios):.3f}",
                f"{max(ratios):.3f}",
            ]
        ],
    )
    print(f"\n{options.repeat} interleaved pairs on core {core}. Target: at most 1.10.")


# kernel --------------------------------------------------------------------------


def kernel(bench: Bench, options: argparse.Namespace) -> None:
    size = options.size or 4096
    core = cores()[-1]
    heading(f"Kernel: one thread, S = {size}, against multiply-adds in registers", bench)
    rows = []
    for dtype in ("f32", "bf16"):
        for d in (64, 128):
            for mask in ("full", "causal"):
                program = Program(
                    size, d=d, heads=2, kv_heads=2, dtype=dtype, mask=f"#ringattn.{mask}"
                )
                shares, rates = [], []
                for _ in range(options.repeat):
                    before = bench.peak(dtype, core)
                    report = bench.run(program, core=core)
                    after = bench.peak(dtype, core)
                    seconds = report["per_rank"][0]["compute_seconds"]
                    rates.append(report["flops"] / seconds / 1e9)
                    shares.append(rates[-1] / ((before + after) / 2))
                rows.append(
                    [
                        dtype,
                        str(d),
                        mask,
                        f"{statistics.median(rates):.1f}",
                        f"{100 * statistics.median(shares):.0f}%",
                        f"{100 * min(shares):.0f}-{100 * max(shares):.0f}%",
                    ]
                )
    table(["type", "D", "mask", "GFLOP/s", "of peak (median)", "range"], rows)
    print(
        f"\n{options.repeat} runs on core {core}, the peak measured before and after "
        "each. Useful work only: 2 * visible * (D + Dv)."
    )


BENCHMARKS = {
    "balance": balance,
    "overlap": overlap,
    "ring-overhead": ring_overhead,
    "kernel": kernel,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="tools/bench/run", description=__doc__)
    parser.add_argument("name", choices=[*BENCHMARKS, "all"])
    parser.add_argument("--repeat", type=int, default=5, help="runs (default 5)")
    parser.add_argument("--size", type=int, help="sequence length")
    options = parser.parse_args()
    command = shlex.join(["tools/bench/run", *sys.argv[1:]])
    with tempfile.TemporaryDirectory(prefix="ringattn-bench-") as scratch:
        bench = Bench(Path(scratch), command)
        for name, benchmark in BENCHMARKS.items():
            if options.name in (name, "all"):
                benchmark(bench, options)


if __name__ == "__main__":
    main()
