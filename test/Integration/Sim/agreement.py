"""Named tests: rings on the simulated GPU give what rings on CPUs give, for every
layout and mask; and what only kernels for GPUs depend on."""

from __future__ import annotations

import dataclasses
from typing import Iterator

import numpy as np

from faults import CAUSAL, FULL, LAYOUTS, TESTS, each, judge_named, short, test, window
from oracle import Mask
from placement import Layout
from program import (
    Case,
    Failure,
    Tools,
    check_report,
    compare_runs,
    compare_with_oracle,
)

# Below, at and across the edges of 4 shards of 40.
MASKS = {
    "full": FULL,
    "causal": CAUSAL,
    "window_40_0": window(40, 0),
    "window_0_13": window(0, 13),
    "window_50_50": window(50, 50),
    "window_unbounded_3": window(None, 3),
}


def as_on_cpus(tools: Tools, case: Case) -> None:
    """The simulated ring against the oracle, and against the same ring on CPUs."""
    answer = case.answer(case.inputs())
    simulated = tools.run_case(case, True)
    compare_with_oracle(case, simulated, answer)
    check_report(case, simulated)
    on_cpus = dataclasses.replace(tools, device="cpu", modules={})
    reference = on_cpus.run_case(case, True)
    compare_with_oracle(case, reference, answer)
    compare_runs("the simulator against CPUs", case, simulated, reference, answer)


def cases() -> Iterator[tuple[str, Case]]:
    """On rings of 2, 4 and 8; the types of storage and LSEs in turn."""
    number = 0
    for mask_name, mask in MASKS.items():
        for layout in (*LAYOUTS[:2], Layout("striped", 16), LAYOUTS[-1]):
            for ranks in (2, 4, 8):
                for lse in (True, False):
                    dtype = ("bf16", "f32", "f16")[number % 3]
                    number += 1
                    name = f"{short(layout)}_{mask_name}_on_{ranks}_{dtype}"
                    yield name + ("_lse" if lse else ""), Case(
                        ranks=ranks, layout=layout, mask=mask, lse=lse, dtype=dtype,
                        sq=157, sk=157, d=64, dv=64, heads=2, values="spiky",
                        interleaving=1000 * number,
                    )  # fmt: skip


for _name, _case in cases():
    TESTS[f"as_on_cpus_{_name}"] = lambda tools, case=_case: as_on_cpus(
        tools, case
    )


@each("gpu_head_sizes")
def head_sizes():
    """Of one column, of copied rows, of whole and of broken boxes of 64, the most."""
    for d, dv in (
        (1, 1), (3, 256), (33, 20), (64, 128), (72, 200), (96, 96), (136, 8), (192, 64),
        (256, 1), (256, 256),
    ):  # fmt: skip
        for dtype in ("bf16", "f16", "f32"):
            yield f"{d}_{dv}_{dtype}", Case(
                d=d, dv=dv, dtype=dtype, mask=CAUSAL, sq=150, sk=150, ranks=2
            )


@each("gpu_rows_of_a_block")
def rows_of_a_block():
    """Around the rows of one to three warpgroups and the keys of a tile."""
    for size in (1, 63, 64, 65, 127, 128, 129, 191, 192, 193, 257, 385):
        yield f"{size}", Case(
            sq=size, sk=size, d=64, dv=64, dtype="bf16", ranks=1, values="last_key",
            scale=1.0, interleaving=size,
        )  # fmt: skip


@each("gpu_heads")
def heads():
    """Blocks of several batches and heads; queries that share keys."""
    for batch, heads, kv_heads in ((2, 6, 2), (3, 4, 1), (1, 7, 7)):
        yield f"{batch}_{heads}_{kv_heads}", Case(
            batch=batch, heads=heads, kv_heads=kv_heads, sq=70, sk=70, d=64, dv=64,
            dtype="bf16", ranks=2, mask=CAUSAL, layout=Layout("zigzag"),
        )  # fmt: skip


@test
def gpu_interleavings_give_the_same_bits(tools: Tools) -> None:
    for dtype, d in (("bf16", 64), ("f32", 128), ("f16", 256)):
        case = Case(
            dtype=dtype, d=d, dv=d, sq=200, sk=600, ranks=2, heads=2, kv_heads=1
        )
        first = judge_named(tools, case)
        for interleaving in (1, 2**32, 2**64 - 2):
            run = tools.run_case(
                dataclasses.replace(case, interleaving=interleaving), True
            )
            for a, b in zip(first.outputs, run.outputs):
                if not np.array_equal(a, b):
                    raise Failure(f"other bits with interleaving {interleaving}")


@test
def gpu_package_serves_any_ring_and_length(tools: Tools) -> None:
    """One package with code for the simulator, and lengths of less than a tile."""
    case = Case(
        dynamic=("batch", "sequence", "grid"), compiled=True, heads=2, d=64, dv=64,
        dtype="f16", mask=Mask("causal"), layout=Layout("zigzag"), values="spiky",
    )  # fmt: skip
    for batch, size, ranks in ((1, 300, 4), (2, 1, 3), (1, 131, 8), (3, 10, 1)):
        judge_named(
            tools,
            dataclasses.replace(case, batch=batch, sq=size, sk=size, ranks=ranks),
        )


@test
def gpu_dynamic_sizes_give_the_same_bits(tools: Tools) -> None:
    case = Case(dtype="bf16", d=64, dv=64, sq=201, sk=201, ranks=3, mask=CAUSAL)
    runs = [
        judge_named(tools, dataclasses.replace(case, dynamic=dynamic))
        for dynamic in ((), ("batch", "sequence", "grid"))
    ]
    for a, b in zip(*(run.outputs for run in runs)):
        if not np.array_equal(a, b):
            raise Failure("dynamic sizes give other bits than static ones")


# One in five of these combinations is in every run.
MANY = [name for name in TESTS if name.startswith(("as_on_cpus_", "gpu_head_sizes_"))]
SLOW = set(MANY) - set(MANY[::5])
