"""Named tests of what plans of kernels depend on: the head sizes, and the CPU (other
ones than this too, as far as their code runs here)."""

from __future__ import annotations

import itertools

import numpy as np

from faults import each, test
from oracle import Mask
from placement import Layout
from program import OTHER_CPUS, Case, Failure, Tools


EVERY_CPU = ("x86-64", "haswell", "skylake-avx512", "sapphirerapids", "znver5")


@each("head_sizes")
def head_sizes():
    """Rows that are moved and computed by loops, with and without a rest."""
    for d, dv in ((257, 300), (300, 257), (64, 1100), (1100, 3), (2048, 2048)):
        for dtype in ("f32", "bf16"):
            yield f"{d}_{dv}_{dtype}", Case(
                d=d, dv=dv, dtype=dtype, mask=Mask("causal"), sq=70, sk=70, ranks=2
            )


@each("other_cpus")
def other_cpus():
    """The same program for CPUs without 16-bit instructions, and with none but the
    baseline's; with ops around attention in the storage type."""
    for cpu in OTHER_CPUS:
        for dtype in ("f32", "bf16", "f16", "f64"):
            yield f"{cpu}_{dtype}", Case(
                cpu=cpu, dtype=dtype, around=True, mask=Mask("causal"), sq=130, sk=130,
                heads=2, d=40, dv=24, layout=Layout("zigzag"),
            )  # fmt: skip


@each("short_rows")
def short_rows():
    """One row a rank of a size that leaves one element to its last vector."""
    for dtype in ("bf16", "f16"):
        for d, dv in ((9, 9), (17, 17), (25, 33), (33, 1)):
            yield f"{d}_{dv}_{dtype}", Case(
                dtype=dtype, d=d, dv=dv, sq=3, sk=3, ranks=3
            )


@test
def short_rows_on_every_cpu(tools: Tools) -> None:
    """Also code that this machine cannot run is generated."""
    text = ""
    for dtype, d, rows in itertools.product(("bf16", "f16"), (9, 17, 25, 41), (1, 2)):
        shape = f"tensor<1x1x{rows}x{d}x{dtype}>"
        text += (
            f"func.func @{dtype}_{d}_{rows}(%q: {shape}) -> {shape} {{\n"
            f"  %o = ringattn.attention %q, %q, %q : ({shape}, {shape}, {shape}) -> "
            f"{shape}\n  return %o : {shape}\n}}\n"
        )
    for cpu in EVERY_CPU:
        tools.compile(text, cpu)


@test
def odd_rows_on_every_cpu(tools: Tools) -> None:
    """Rows that no power of two divides, on a ring: their vectors stay in registers
    across loops."""
    sizes = ((4, 2, 24, 18, 37), (3, 3, 34, 20, 9), (6, 3, 30, 34, 15), (3, 1, 39, 6, 6))
    text = "shard.grid @ring(shape = 2)\n"
    for dtype, (heads, kv_heads, rows, d, dv) in itertools.product(
        ("bf16", "f16"), sizes
    ):
        q, k, v, o = (
            f"tensor<1x{h}x{rows}x{size}x{dtype}>"
            for h, size in ((heads, d), (kv_heads, d), (kv_heads, dv), (heads, dv))
        )
        text += (
            f"func.func @{dtype}_{d}_{dv}(%q: {q}, %k: {k}, %v: {v}) -> {o} {{\n"
            "  %o = ringattn.attention %q, %k, %v {\n"
            "      sharding = #ringattn.seq_sharding<@ring, axes = [0]>}\n"
            f"    : ({q}, {k}, {v}) -> {o}\n  return %o : {o}\n}}\n"
        )
    for cpu in EVERY_CPU:
        tools.compile(text, cpu)


def hard_to_round(count: int) -> np.ndarray:
    """f64 next to the middle of two neighbours in f16, and all over the range."""
    rng = np.random.default_rng(1)
    below = rng.standard_normal(count // 2).astype(np.float16)
    above = np.nextafter(below, np.float16(np.inf))
    middle = (below.astype(np.float64) + above) / 2
    near = middle * (1 + rng.choice([0, 1e-12, -1e-12, 2e-16], count // 2))
    spread = rng.standard_normal(count // 2) * np.exp2(
        rng.integers(-30, 20, count // 2)
    )
    special = [np.inf, -np.inf, 0.0, -0.0, 1e300, -1e300, 65520, 65519.99, 2.0**-25]
    return np.concatenate([special, near, spread])[:count]


@test
def conversion_from_f64_rounds_once(tools: Tools) -> None:
    values = hard_to_round(4096)
    with np.errstate(over="ignore"):
        expected = values.astype(np.float16)
    types = [f"tensor<{values.size}x{dtype}>" for dtype in ("f64", "f16")]
    text = (
        f"func.func @main(%x: {types[0]}) -> {types[1]} {{\n"
        f"  %h = arith.truncf %x : {types[0]} to {types[1]}\n"
        f"  return %h : {types[1]}\n}}\n"
    )
    for cpu in ["", *OTHER_CPUS]:
        run = tools.run(text, [values], 1, 1, cpu=cpu)
        actual = run.outputs[0].astype(np.float16)
        wrong = actual.view(np.uint16) != expected.view(np.uint16)
        if wrong.any():
            i = int(np.argmax(wrong))
            raise Failure(
                f"{values[i]!r} became {actual[i]!r}, expected {expected[i]!r}, on "
                f"{cpu or 'this CPU'} ({wrong.sum()} of {wrong.size} differ)"
            )
