"""A test case: its program as MLIR text, its numbers, how it is run and judged."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import oracle
from attempts import Failure
from oracle import Mask
from placement import Layout, Work, work

STORAGE_BYTES = {"f64": 8, "f32": 4, "f16": 2, "bf16": 2}


def other_cpus() -> list[str]:
    """CPUs whose code this machine runs too, by Linux's names of their features."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = set(file.read().split())
    known = {
        "x86-64": {"sse2"},
        "haswell": {"avx2", "fma", "f16c"},
        "skylake-avx512": {"avx512f", "avx512bw", "avx512dq", "avx512vl"},
    }
    return [cpu for cpu, needed in known.items() if needed <= flags]


OTHER_CPUS = other_cpus()


def precision(dtype: str, device: str) -> str:
    """What bounds the errors of a storage type: kernels for GPUs round the factors
    of f32 products to tf32."""
    return "tf32" if (dtype, device) == ("f32", "sim") else dtype


@dataclass(frozen=True)
class Case:
    batch: int = 1
    heads: int = 1
    kv_heads: int = 1
    d: int = 16
    dv: int = 16
    sq: int = 64
    sk: int = 64
    ranks: int = 4
    layout: Layout = Layout()
    mask: Mask = Mask()
    dtype: str = "f32"
    scale: float | None = None
    lse: bool = True
    dynamic: tuple[str, ...] = ()  # of batch, sequence, grid
    around: bool = False  # elementwise ops before and after
    values: str = "normal"
    threads: int = 1
    compiled: bool = False  # by ringattn-compile, and kept for the next case
    cpu: str = ""  # --target-cpu of ringattn-compile; implies compiled
    interleaving: int = 0  # of the threads of the simulated GPU
    seed: int = 0

    @property
    def factor(self) -> float:
        return 1 / np.sqrt(self.d) if self.scale is None else self.scale

    def work(self) -> Work:
        return work(self.layout, self.mask, self.sq, self.sk, self.ranks)

    def to_json(self) -> str:
        """Only what differs from the defaults."""
        default = dataclasses.asdict(Case())
        mine = dataclasses.asdict(self)
        return json.dumps({k: v for k, v in mine.items() if v != default[k]})

    @staticmethod
    def from_json(text: str) -> Case:
        fields = json.loads(text)
        if "layout" in fields:
            fields["layout"] = Layout(**fields["layout"])
        if "mask" in fields:
            fields["mask"] = Mask(**fields["mask"])
        if "dynamic" in fields:
            fields["dynamic"] = tuple(fields["dynamic"])
        return Case(**fields)

    # The program -----------------------------------------------------------

    def program(self, sharded: bool = True) -> str:
        b = "?" if "batch" in self.dynamic else self.batch
        sq, sk = (
            ("?", "?") if "sequence" in self.dynamic else (self.sq, self.sk)
        )
        q = f"tensor<{b}x{self.heads}x{sq}x{self.d}x{self.dtype}>"
        k = f"tensor<{b}x{self.kv_heads}x{sk}x{self.d}x{self.dtype}>"
        v = f"tensor<{b}x{self.kv_heads}x{sk}x{self.dv}x{self.dtype}>"
        o = f"tensor<{b}x{self.heads}x{sq}x{self.dv}x{self.dtype}>"
        wide = "f64" if self.dtype == "f64" else "f32"
        lse = f"tensor<{b}x{self.heads}x{sq}x{wide}>"
        attributes = [f"mask = {self.mask.text()}"]
        scale = self.scale
        if self.around:  # the query is doubled
            scale = self.factor / 2
        if scale is not None:
            attributes.append(f"scale = {scale:.17e} : f64")
        lines = []
        if sharded:
            grid = "?" if "grid" in self.dynamic else self.ranks
            lines.append(f"shard.grid @ring(shape = {grid})")
            attributes.append(
                "sharding = #ringattn.seq_sharding<@ring, axes = [0], "
                f"layout = {self.layout.text()}>"
            )
        results = f"({o}, {lse})" if self.lse else o
        lines.append(
            f"func.func @main(%q: {q}, %k: {k}, %v: {v}) -> {results} {{"
        )
        query = "%q"
        if self.around:
            query = "%q2"
            lines.append(f"  %q2 = arith.addf %q, %q : {q}")
        lines += [
            f"  %o{', %lse' if self.lse else ''} = "
            f"ringattn.attention {query}, %k, %v {{",
            "      " + ",\n      ".join(attributes) + "}",
            f"    : ({q}, {k}, {v}) -> {results}",
        ]
        output = "%o"
        if self.around:
            output = "%n"
            lines.append(f"  %n = arith.negf %o : {o}")
        returned = f"{output}, %lse : {o}, {lse}" if self.lse else f"{output} : {o}"
        lines += [f"  return {returned}", "}", ""]
        return "\n".join(lines)

    # The numbers -----------------------------------------------------------

    def inputs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self.seed, 7])
        shapes = (
            (self.batch, self.heads, self.sq, self.d),
            (self.batch, self.kv_heads, self.sk, self.d),
            (self.batch, self.kv_heads, self.sk, self.dv),
        )
        q, k, v = VALUES[self.values](rng, *shapes)
        return tuple(oracle.round_to(x, self.dtype) for x in (q, k, v))

    def answer(self, inputs: tuple[np.ndarray, ...]) -> oracle.Answer:
        answer = oracle.attention(*inputs, self.mask, self.factor)
        if self.around:
            answer.output = -answer.output
        return answer


def normal(rng, q, k, v):
    return (rng.standard_normal(shape) for shape in (q, k, v))


def spiky(rng, q, k, v):
    """Integers; few keys decide a row, so one wrong key shows."""
    return (
        rng.integers(-2, 3, q),
        rng.integers(-2, 3, k),
        rng.integers(-8, 9, v),
    )


def first_component(rng, q, k, v, scores):
    """The score of key j is scores[j] for every query (at scale 1)."""
    queries, keys = np.zeros(q), np.zeros(k)
    queries[..., 0] = 1
    keys[..., 0] = scores
    return queries, keys, rng.integers(-8, 9, v)


def thousands(rng, q, k, v):
    """Logits of +-1e3 in any order."""
    return first_component(rng, q, k, v, rng.choice([-1000, 1000], k[2]))


def rising(rng, q, k, v):
    """Every key outweighs all before it."""
    return first_component(rng, q, k, v, np.linspace(-1000, 1000, k[2]))


def falling(rng, q, k, v):
    return first_component(rng, q, k, v, np.linspace(1000, -1000, k[2]))


def abyss(rng, q, k, v):
    """Equal logits below every finite stand-in for -inf."""
    return first_component(rng, q, k, v, np.full(k[2], -(2.0**100)))


def flat(rng, q, k, v):
    """Zero logits: the LSE is the log of the number of visible keys."""
    return np.zeros(q), rng.standard_normal(k), rng.integers(-8, 9, v)


def last_key(rng, q, k, v):
    """The last key decides every row that sees it."""
    return first_component(rng, q, k, v, 60.0 * (np.arange(k[2]) == k[2] - 1))


VALUES = {
    "normal": normal,
    "spiky": spiky,
    "thousands": thousands,
    "rising": rising,
    "falling": falling,
    "abyss": abyss,
    "flat": flat,
    "last_key": last_key,
}


@dataclass
class Run:
    outputs: list[np.ndarray]
    report: dict
    command: str
    device: str


@dataclass
class Tools:
    """The tools under test, the device that programs run on, and a folder for what
    they read and write."""

    binaries: Path
    scratch: Path
    device: str = "cpu"
    seconds: float = 120
    modules: dict[tuple[str, str], Path] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def execute(
        self, command: list[str], environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess:
        # Fresh memory is never zero, so that padding that is read shows.
        env = {**os.environ, "MALLOC_PERTURB_": "1", **(environment or {})}
        try:
            return subprocess.run(
                [str(c) for c in command],
                env=env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=self.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Failure(
                f"no end after {self.seconds:.0f} s: {shlex.join(map(str, command))}"
            ) from None

    def succeed(
        self, command: list, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess:
        done = self.execute(command, environment)
        if done.returncode != 0:
            tail = (done.stderr or done.stdout).strip()[-1500:]
            raise Failure(
                f"exit {done.returncode}: {shlex.join(map(str, command))}\n{tail}"
            )
        return done

    def folder(self) -> tempfile.TemporaryDirectory:
        return tempfile.TemporaryDirectory(dir=self.scratch)

    def compile(self, text: str, cpu: str = "") -> Path:
        """The module of a program, compiled once."""
        with self.lock:
            if (text, cpu) not in self.modules:
                stem = self.scratch / f"module{len(self.modules)}"
                source = stem.with_suffix(".mlir")
                source.write_text(text)
                module = stem.with_suffix(".so")
                command = [self.binaries / "ringattn-compile", source, "-o", module]
                if self.device == "sim":
                    command += ["--target=sm_90a", "--with-sim", "--device-code=none"]
                self.succeed(command + ([f"--target-cpu={cpu}"] if cpu else []))
                self.modules[text, cpu] = module
            return self.modules[text, cpu]

    def run(
        self,
        text: str,
        inputs,
        results: int,
        ranks: int,
        *options: str,
        compiled: bool = False,
        cpu: str = "",
        interleaving: int = 0,
    ) -> Run:
        with self.folder() as name:
            folder = Path(name)
            if compiled or cpu:
                module = self.compile(text, cpu)
            else:
                module = folder / "program.mlir"
                module.write_text(text)
            command = [self.binaries / "ringattn-run", module, f"--ranks={ranks}"]
            if self.device != "cpu":
                command.append(f"--device={self.device}")
            for index, array in enumerate(inputs):
                path = folder / f"in{index}.npy"
                np.save(path, array)
                command.append(f"--input={path}")
            outputs = [folder / f"out{index}.npy" for index in range(results)]
            command += [f"--output={path}" for path in outputs]
            report = folder / "report.json"
            command += [f"--report={report}", "--timeout=60", *options]
            self.succeed(command, {"RINGRT_SIM_SEED": str(interleaving)})
            return Run(
                [np.load(path) for path in outputs],
                json.loads(report.read_text()),
                shlex.join(map(str, command)),
                self.device,
            )

    def run_case(self, case: Case, sharded: bool, *options: str) -> Run:
        return self.run(
            case.program(sharded),
            case.inputs(),
            2 if case.lse else 1,
            case.ranks if sharded else 1,
            f"--threads={case.threads}",
            *options,
            compiled=case.compiled,
            cpu=case.cpu,
            interleaving=case.interleaving,
        )


# Judging ---------------------------------------------------------------------


def compare(
    what: str, got: np.ndarray, expected: np.ndarray, allowed: np.ndarray
) -> None:
    """`allowed` has one number a row; rows are the leading dimensions."""
    if got.shape != expected.shape:
        raise Failure(f"{what}: shape {got.shape}, expected {expected.shape}")
    with np.errstate(invalid="ignore"):
        error = np.where(got == expected, 0, abs(got - expected))
    if error.ndim > allowed.ndim:
        error = error.max(axis=-1)
    bad = ~(error <= allowed)
    if bad.any():
        worst = np.unravel_index(
            np.argmax(np.where(bad, np.nan_to_num(error / allowed, nan=np.inf), -1)),
            bad.shape,
        )
        row = tuple(int(i) for i in worst)
        raise Failure(
            f"{what}: {int(bad.sum())} of {bad.size} rows wrong; row (b, h, i) = {row}: "
            f"error {error[worst]:.3e}, allowed {allowed[worst]:.3e}; "
            f"got {np.ravel(got[worst])[:4]}, expected {np.ravel(expected[worst])[:4]}"
        )


def smallest(dtype: str) -> float:
    """What a storage type cannot tell from zero."""
    return 2.0**-24 if dtype == "f16" else 1e-30


def compare_with_oracle(case: Case, run: Run, answer: oracle.Answer) -> None:
    kind = precision(case.dtype, run.device)
    allowed = oracle.output_bound(answer, kind) * oracle.magnitude(answer)
    compare("output", run.outputs[0], answer.output, allowed + smallest(case.dtype))
    if case.lse:
        compare("LSE", run.outputs[1], answer.lse, oracle.lse_bound(answer, kind))


def compare_runs(
    what: str, case: Case, one: Run, other: Run, answer: oracle.Answer
) -> None:
    """Of the same case, on other ranks or another device."""
    kind, other_kind = (precision(case.dtype, run.device) for run in (one, other))
    if kind == other_kind:
        relative = oracle.ring_bound(answer, kind)
        lse = oracle.ring_lse_bound(answer, kind)
    else:  # tf32 against f32
        relative = oracle.output_bound(answer, "tf32")
        lse = oracle.lse_bound(answer, "tf32")
    allowed = relative * oracle.magnitude(answer)
    compare(what, one.outputs[0], other.outputs[0], allowed + smallest(case.dtype))
    if case.lse:
        compare(f"LSE, {what}", one.outputs[1], other.outputs[1], lse)


def bytes_per_key(case: Case) -> int:
    return case.batch * case.kv_heads * (case.d + case.dv) * STORAGE_BYTES[case.dtype]


def shard_bytes(case: Case, rank: int) -> int:
    counts, storage = case.work(), STORAGE_BYTES[case.dtype]
    query = case.batch * case.heads * counts.queries[rank]
    lse = query * max(4, storage if case.dtype == "f64" else 4) if case.lse else 0
    return (
        query * (case.d + case.dv) * storage
        + counts.keys[rank] * bytes_per_key(case)
        + lse
    )


def fewest_exchanges(case: Case) -> tuple[int, int]:
    """Bounds of the exchanges of a rank. They are equal but for windows on a zigzag
    whose second half is cut short by the sequence's end: there a schedule that
    treats both halves alike may exchange more."""
    counts = case.work()
    if case.layout.kind == "zigzag" and case.sq % (2 * case.ranks):
        return counts.exchanges, counts.active - 1
    return counts.exchanges, counts.exchanges


def check_report(case: Case, run: Run) -> None:
    """Everything a report says that can be counted beforehand."""
    counts, report = case.work(), run.report

    def expect(what: str, got, good: bool, expected) -> None:
        if not good:
            raise Failure(f"report: {what} is {got}, expected {expected}")

    ranks = report["ranks"]
    expect("ranks", ranks, ranks == case.ranks, case.ranks)
    per_rank = report["per_rank"]
    expect("size of per_rank", len(per_rank), len(per_rank) == case.ranks, case.ranks)
    flops = (
        2 * case.batch * case.heads * sum(counts.visible) * (case.d + case.dv)
    )
    expect("flops", report["flops"], report["flops"] == flops, flops)
    chain = counts.bytes_of_one_chain(bytes_per_key(case))
    for rank, got in enumerate(per_rank):
        of = f"of rank {rank}"
        expect(
            f"visible {of}",
            got["visible"],
            got["visible"] == counts.visible[rank],
            counts.visible[rank],
        )
        least, most = fewest_exchanges(case)
        if rank >= counts.active:
            least = most = 0
        exchanges = got["exchanges"]
        expect(
            f"exchanges {of}",
            exchanges,
            least <= exchanges <= most,
            least if least == most else f"{least} to {most}",
        )
        least, most = counts.blocks[rank], exchanges + 1
        if counts.queries[rank] == 0:
            most = least = 0
        expect(
            f"hops {of}",
            got["hops"],
            least <= got["hops"] <= most,
            f"{least} to {most}",
        )
        if exchanges == 0:
            expect(f"bytes_sent {of}", got["bytes_sent"], got["bytes_sent"] == 0, 0)
        elif exchanges == counts.active - 1 and case.mask.kind != "window":
            expect(
                f"bytes_sent {of}",
                got["bytes_sent"],
                got["bytes_sent"] == chain[rank],
                chain[rank],
            )
        shards = shard_bytes(case, rank)
        query_rows = case.batch * case.heads * counts.queries[rank]
        wide = 8 if case.dtype == "f64" else 4
        state = query_rows * (case.dv + 2) * wide
        slots = 3 * max(counts.keys) * bytes_per_key(case)
        around = query_rows * (case.d + case.dv) * STORAGE_BYTES[case.dtype]
        panels = 4 * slots + 4 * 2**20 * case.threads
        largest = shards + state + slots + panels + (2 * around if case.around else 0)
        expect(
            f"peak_bytes {of}",
            got["peak_bytes"],
            shards <= got["peak_bytes"] <= largest,
            f"{shards} to {largest}",
        )


def judge(tools: Tools, case: Case, *options: str) -> Run:
    """Runs a case on its ring and on one rank; raises Failure where the results or
    the counts are wrong."""
    answer = case.answer(case.inputs())
    ring = tools.run_case(case, True, *options)
    compare_with_oracle(case, ring, answer)
    check_report(case, ring)
    one = tools.run_case(case, False)
    compare_with_oracle(case, one, answer)
    compare_runs("ring against one rank", case, ring, one, answer)
    return ring
