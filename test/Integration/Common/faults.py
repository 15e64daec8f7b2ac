"""Named tests: the known faults of other implementations of ring attention, and
the properties that a ring is used for. A test is a function of Tools that raises
Failure."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Callable, Iterator

import numpy as np

import oracle
from oracle import Mask
from placement import Layout, work
from program import (
    Case,
    Failure,
    Tools,
    check_report,
    compare,
    compare_with_oracle,
    judge,
    precision,
)

TESTS: dict[str, Callable[[Tools], None]] = {}

CONTIGUOUS, ZIGZAG = Layout("contiguous"), Layout("zigzag")
LAYOUTS = (CONTIGUOUS, Layout("striped", 1), Layout("striped", 7), ZIGZAG)
FULL, CAUSAL = Mask("full"), Mask("causal")


def window(left: int | None = None, right: int | None = None) -> Mask:
    return Mask("window", left, right)


def test(function: Callable[[Tools], None]) -> Callable[[Tools], None]:
    TESTS[function.__name__] = function
    return function


def each(name: str) -> Callable:
    """Makes a test of every (suffix, case) that the function yields."""

    def register(cases: Callable[[], Iterator[tuple[str, Case]]]):
        for suffix, case in cases():
            TESTS[f"{name}_{suffix}"] = lambda tools, case=case: judge_named(
                tools, case
            )
        return cases

    return register


def judge_named(tools: Tools, case: Case, *options: str):
    try:
        return judge(tools, case, *options)
    except Failure as failure:
        raise Failure(f"{failure}\n  case {case.to_json()}") from None


def short(layout: Layout) -> str:
    return layout.kind + (
        str(layout.granularity) if layout.kind == "striped" else ""
    )


# Numerics --------------------------------------------------------------------


@each("fault_01_merge_overflow")
def merge_overflow():
    """Logits of +-1e3, with the largest in the first, the last or any block."""
    for values in ("thousands", "rising", "falling"):
        for dtype in ("f32", "bf16", "f16"):
            mask = CAUSAL if values == "rising" else FULL
            yield f"{values}_{dtype}", Case(
                values=values, dtype=dtype, scale=1.0, mask=mask, sq=120, sk=120
            )


@each("fault_02_hops_without_keys")
def hops_without_keys():
    """Blocks from which a rank, or some of its rows, sees nothing."""
    for layout in LAYOUTS:
        for mask in (window(3, 0), window(0, 3), window(0, 0), CAUSAL):
            yield f"{short(layout)}_{mask.kind}_{mask.left}_{mask.right}", Case(
                layout=layout, mask=mask, sq=61, sk=61, values="spiky"
            )


@test
def fault_03_finite_mask_sentinel(tools: Tools) -> None:
    """Visible logits below every finite stand-in for -inf still count."""
    for mask in (CAUSAL, window(5, 2)):
        case = Case(values="abyss", scale=1.0, mask=mask, sq=50, sk=50, d=16)
        answer = case.answer(case.inputs())
        run = tools.run_case(case, True)
        allowed = np.full(answer.lse.shape, 1e-5)
        compare("output", run.outputs[0], answer.output, 8 * allowed)
        compare("LSE", run.outputs[1] / -(2.0**100), answer.lse / -(2.0**100), allowed)


@each("fault_04_lse_is_not_the_running_max")
def lse_is_not_the_running_max():
    for layout in LAYOUTS:
        yield short(layout), Case(
            values="flat", layout=layout, mask=CAUSAL, sq=90, sk=90, dtype="f16"
        )


@each("fault_05_unbounded_window")
def unbounded_window():
    """No extent, or one past both ends, is no bound at all."""
    huge = 2**63 - 1
    for name, mask in {
        "none": window(),
        "right_0": window(None, 0),
        "left_0": window(0, None),
        "left_huge": window(huge, 0),
        "right_huge": window(0, huge),
        "both_huge": window(huge, huge),
        "left_below_31_bits": window(2**31 - 9, 3),
        "right_below_31_bits": window(3, 2**31 - 9),
        "left_31_bits": window(2**31, 2),
        "left_32_bits": window(2**32, 2**32 + 1),
        "whole_sequence": window(60, 60),
        "all_but_one": window(59, 59),
    }.items():
        for layout in (CONTIGUOUS, ZIGZAG):
            yield f"{name}_{short(layout)}", Case(
                mask=mask, layout=layout, sq=61, sk=61, values="spiky"
            )


@test
def unbounded_window_is_the_full_mask(tools: Tools) -> None:
    """Bit for bit, and at the same number of exchanges."""
    for one, other in ((window(), FULL), (window(None, 0), CAUSAL)):
        runs = [
            tools.run_case(Case(mask=mask, sq=200, sk=200), True)
            for mask in (one, other)
        ]
        for a, b in zip(runs[0].outputs, runs[1].outputs):
            if not np.array_equal(a, b):
                raise Failure(f"{one.text()} differs from {other.text()}")
        counts = [
            [rank["exchanges"] for rank in run.report["per_rank"]] for run in runs
        ]
        if counts[0] != counts[1]:
            raise Failure(f"exchanges {counts[0]} and {counts[1]}, expected equal")


@test
def non_finite_keys_behind_the_mask(tools: Tools) -> None:
    """What a row does not see never reaches it."""
    kind = precision("f32", tools.device)
    for layout in LAYOUTS:
        for garbage in (np.nan, np.inf, -np.inf):
            case = Case(layout=layout, mask=CAUSAL, sq=70, sk=70)
            q, k, v = case.inputs()
            clean = 40
            answer = case.answer((q, k, v))
            k = k.copy()
            k[:, :, clean:] = garbage
            run = tools.run(
                case.program(), (q, k, v), 2, case.ranks, "--threads=1"
            )
            allowed = oracle.output_bound(answer, kind) * oracle.magnitude(answer)
            for got, want, most in (
                (run.outputs[0], answer.output, allowed),
                (run.outputs[1], answer.lse, oracle.lse_bound(answer, kind)),
            ):
                compare(
                    f"rows before the {garbage} keys, {short(layout)}",
                    got[:, :, :clean],
                    want[:, :, :clean],
                    most[:, :, :clean],
                )


@each("scales")
def scales():
    for name, scale in {
        "negative": -0.5,
        "zero": 0.0,
        "large": 30.0,
        "tiny": 1e-30,
    }.items():
        yield name, Case(scale=scale, mask=CAUSAL, values="spiky", sq=70, sk=70)


# Order and reuse of buffers ---------------------------------------------------


@test
def fault_06_delays_change_nothing(tools: Tools) -> None:
    """A slow link, many runs: the same bits."""
    for mask in (CAUSAL, window(20, 20)):
        case = Case(ranks=6, mask=mask, sq=100, sk=100, kv_heads=2, heads=4)
        first = tools.run_case(case, True)
        for link in ("bandwidth=0.002,latency=300", "bandwidth=1,latency=2000"):
            for _ in range(3):
                run = tools.run_case(case, True, f"--link={link}")
                for a, b in zip(first.outputs, run.outputs):
                    if not np.array_equal(a, b):
                        raise Failure(f"other bits with --link={link}: {run.command}")


@test
def repeated_runs_are_bitwise_equal(tools: Tools) -> None:
    for dtype in ("f32", "bf16"):
        for threads in (1, 3):
            case = Case(
                dtype=dtype, threads=threads, heads=6, kv_heads=2, sq=301, sk=301
            )
            runs = [
                tools.run_case(case, True, *options)
                for options in ((), (), ("--repeat=4",))
            ]
            for run in runs[1:]:
                for a, b in zip(runs[0].outputs, run.outputs):
                    if not np.array_equal(a, b):
                        raise Failure(f"other bits in a second run: {run.command}")


TWICE = """\
shard.grid @ring(shape = 3)
func.func @main(%q: {t}, %k: {t}, %v: {t}) -> ({t}, {t}) {{
  %0 = ringattn.attention %q, %k, %v {{
      mask = #ringattn.causal,
      sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = {layout}>}}
    : ({t}, {t}, {t}) -> {t}
  %1 = ringattn.attention %0, %k, %v {{
      sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = {layout}>}}
    : ({t}, {t}, {t}) -> {t}
  return %0, %1 : {t}, {t}
}}
"""


@test
def fault_07_keys_and_values_survive(tools: Tools) -> None:
    """A second attention over the same K and V, and every further execution, finds
    them as they were."""
    kind = precision("f32", tools.device)
    for layout in LAYOUTS:
        case = Case(sq=50, sk=50, ranks=3, layout=layout)
        q, k, v = case.inputs()
        text = TWICE.format(t="tensor<1x1x50x16xf32>", layout=layout.text())
        run = tools.run(text, (q, k, v), 2, 3, "--repeat=3", "--threads=1")
        first = oracle.attention(q, k, v, CAUSAL, case.factor)
        second = oracle.attention(first.output, k, v, FULL, case.factor)
        for got, want in zip(run.outputs, (first, second)):
            compare(
                short(layout),
                got,
                want.output,
                2 * oracle.output_bound(want, kind) * oracle.magnitude(want),
            )


# Lengths ----------------------------------------------------------------------


@each("fault_11_tail_keys_count")
def tail_keys_count():
    """The last key decides every row; lengths of whole and of broken tiles."""
    for layout in LAYOUTS:
        for size in (1, 5, 63, 65, 257):
            yield f"{short(layout)}_{size}", Case(
                values="last_key", scale=1.0, layout=layout, sq=size, sk=size
            )


@each("fault_13_window_across_shard_edges")
def window_across_shard_edges():
    """Shards of 16 tokens; windows below, at and across their edges."""
    extents = (0, 1, 15, 16, 17, 31, 32, 33, 48, 63, 64)
    for layout in (CONTIGUOUS, Layout("striped", 4), ZIGZAG):
        for extent in extents:
            for name, mask in (
                ("left", window(extent, 0)),
                ("right", window(0, extent)),
                ("both", window(extent, extent)),
            ):
                # Half of the sweep a layout, so that the whole stays short.
                if (extent + len(name) + len(layout.kind)) % 2 and extent not in (16, 17):
                    continue
                yield f"{short(layout)}_{name}_{extent}", Case(
                    mask=mask, layout=layout, values="spiky", sq=64, sk=64
                )


@each("fault_15_uneven_chunks")
def uneven_chunks():
    for layout in (*LAYOUTS[:2], Layout("striped", 64), ZIGZAG):
        for size, ranks in ((2999, 4), (3, 4), (5, 4), (7, 4), (1, 16), (33, 16), (17, 16)):
            for mask in (CAUSAL,) if size > 1000 else (CAUSAL, FULL):
                yield f"{short(layout)}_{mask.kind}_{size}_on_{ranks}", Case(
                    layout=layout, mask=mask, sq=size, sk=size, ranks=ranks, values="spiky"
                )


@each("fault_16_zigzag_without_causal")
def zigzag_without_causal():
    for size, ranks in ((64, 4), (67, 4), (30, 7)):
        yield f"full_{size}_on_{ranks}", Case(
            layout=ZIGZAG, sq=size, sk=size, ranks=ranks, values="spiky"
        )
        yield f"window_{size}_on_{ranks}", Case(
            layout=ZIGZAG, sq=size, sk=size, ranks=ranks, mask=window(5, 9), values="spiky"
        )


@each("cross_attention")
def cross_attention():
    """More queries than keys, more keys than queries, ranks that own only one kind."""
    for layout in LAYOUTS:
        for sq, sk in ((40, 3), (3, 40), (1, 200), (129, 64), (2, 1)):
            yield f"{short(layout)}_{sq}_{sk}", Case(
                layout=layout, sq=sq, sk=sk, heads=2, ranks=5
            )


@test
def fault_17_rank_masked_entirely(tools: Tools) -> None:
    """A rank that sees nothing of a block does not compute it."""
    case = Case(mask=CAUSAL, sq=64, sk=64, ranks=4, values="spiky")
    run = judge_named(tools, case)
    hops = [rank["hops"] for rank in run.report["per_rank"]]
    if hops != [1, 2, 3, 4]:
        raise Failure(f"hops {hops}, expected [1, 2, 3, 4] for contiguous causal")
    case = Case(mask=window(2, 0), sq=64, sk=64, ranks=4, values="spiky")
    run = judge_named(tools, case)
    hops = [rank["hops"] for rank in run.report["per_rank"]]
    if hops != [1, 2, 2, 2]:
        raise Failure(f"hops {hops}, expected [1, 2, 2, 2] for a window of 3 keys")


@test
def fault_19_no_deadlock(tools: Tools) -> None:
    """Unequal lengths, idle ranks, several rings one after the other, slow links,
    more ranks than cores: every program ends."""
    for layout in LAYOUTS:
        for size in (2, 17, 40):
            case = Case(layout=layout, ranks=16, sq=size, sk=size, mask=window(3, 3))
            judge_named(tools, case, "--link=bandwidth=0.01,latency=100")
    text = TWICE.format(t="tensor<1x1x2x16xf32>", layout="#ringattn.zigzag")
    case = Case(sq=2, sk=2)
    tools.run(text, case.inputs(), 2, 3, "--repeat=20", "--threads=1")


# Counts -----------------------------------------------------------------------


@test
def fault_20_no_redundant_exchange(tools: Tools) -> None:
    """P-1 exchanges for full and causal masks, whatever the layout and length."""
    for mask in (FULL, CAUSAL):
        for layout in LAYOUTS:
            for ranks in (1, 2, 5):
                case = Case(mask=mask, layout=layout, ranks=ranks, sq=80, sk=80, lse=False)
                run = tools.run_case(case, True)
                got = [rank["exchanges"] for rank in run.report["per_rank"]]
                if got != [ranks - 1] * ranks:
                    raise Failure(
                        f"exchanges {got}, expected {ranks - 1} each: {run.command}"
                    )
                check_report(case, run)


@test
def window_exchanges_only_what_it_reaches(tools: Tools) -> None:
    for layout in (CONTIGUOUS, Layout("striped", 8), ZIGZAG):
        for left, right in (
            (0, 0), (1, 0), (8, 0), (9, 0), (16, 0), (17, 0), (33, 0), (0, 1), (0, 17),
            (1, 1), (17, 1), (1, 33), (40, 40), (127, 0), (127, 127),
        ):  # fmt: skip
            mask = window(left, right)
            case = Case(
                mask=mask, layout=layout, ranks=8, sq=128, sk=128, lse=False, values="spiky"
            )
            run = tools.run_case(case, True)
            want = work(layout, mask, 128, 128, 8).exchanges
            got = [rank["exchanges"] for rank in run.report["per_rank"]]
            if got != [want] * 8:
                raise Failure(
                    f"exchanges {got}, expected {want} each for {mask.text()}, "
                    f"{layout.text()}\n  case {case.to_json()}"
                )
            compare_with_oracle(case, run, case.answer(case.inputs()))


@test
def idle_ranks_exchange_nothing(tools: Tools) -> None:
    for layout in LAYOUTS:
        case = Case(layout=layout, ranks=12, sq=5, sk=5, values="spiky")
        run = judge_named(tools, case)
        for rank in run.report["per_rank"][case.work().active :]:
            for what in ("exchanges", "bytes_sent", "hops", "visible"):
                if rank[what] != 0:
                    raise Failure(f"idle rank: {what} is {rank[what]}, expected 0")


# Resources --------------------------------------------------------------------


@test
def memory_per_rank_does_not_grow_with_the_ring(tools: Tools) -> None:
    """At a fixed S/P the peak of a rank is the same; at a fixed P it is linear."""
    for layout in (CONTIGUOUS, Layout("striped", 16), ZIGZAG):

        def peak(size: int, ranks: int) -> int:
            case = Case(
                heads=4, kv_heads=2, d=32, dv=32, sq=size, sk=size, ranks=ranks,
                layout=layout, mask=CAUSAL, lse=False, dtype="f32",
            )  # fmt: skip
            run = tools.run_case(case, True)
            check_report(case, run)
            return max(rank["peak_bytes"] for rank in run.report["per_rank"])

        peaks = [peak(512 * ranks, ranks) for ranks in (2, 4, 8)]
        if max(peaks) > 1.01 * min(peaks):
            raise Failure(
                f"peak bytes {peaks} at 512 tokens a rank on 2, 4, 8 ranks, "
                f"expected equal ({layout.text()})"
            )
        growth = (peak(8192, 2) - peak(4096, 2)) / (peak(4096, 2) - peak(2048, 2))
        if not 1.8 < growth < 2.2:
            raise Failure(
                f"peak grows by {growth:.2f} when the growth of S doubles, expected 2"
            )


@test
def causal_work_is_balanced(tools: Tools) -> None:
    """max/mean of visible scores is at most 1.01 for striped with
    g*(P-1) <= S/100 and for zigzag with 2P dividing S."""
    size = 4096
    for layout, ranks in (
        (Layout("striped", 1), 16),
        (Layout("striped", 2), 16),
        (Layout("striped", 13), 4),
        (ZIGZAG, 2),
        (ZIGZAG, 16),
    ):
        case = Case(
            d=8, dv=8, sq=size, sk=size, ranks=ranks, layout=layout, mask=CAUSAL, lse=False
        )
        run = tools.run_case(case, True)
        check_report(case, run)
        visible = [rank["visible"] for rank in run.report["per_rank"]]
        ratio = max(visible) / (sum(visible) / ranks)
        if ratio > 1.01:
            raise Failure(
                f"max/mean of visible is {ratio:.4f} for {layout.text()} on {ranks} "
                "ranks, expected at most 1.01"
            )


@test
def small_module_compiles_and_runs(tools: Tools) -> None:
    """Measured and printed, not asserted: machines differ."""
    case = Case(heads=2, kv_heads=1, sq=256, sk=256, d=64, dv=64, mask=CAUSAL)
    start = time.monotonic()
    run = tools.run_case(case, True)
    print(f"  a small module compiles and runs in {time.monotonic() - start:.2f} s")
    compare_with_oracle(case, run, case.answer(case.inputs()))


@test
def random_inputs_do_not_depend_on_the_ring(tools: Tools) -> None:
    """--random-inputs: the same numbers whatever P, and checked by the tool too."""
    outputs = []
    for ranks in (1, 3, 4):
        case = Case(ranks=ranks, sq=90, sk=90, dtype="bf16", mask=CAUSAL)
        run = tools.run(
            case.program(), (), 2, ranks, "--random-inputs=5", "--check", "--threads=1"
        )
        outputs.append(run.outputs[0])
    for other in outputs[1:]:
        allowed = np.full(other.shape[:3], 0.05)
        compare("outputs of random inputs", other, outputs[0], allowed)


@test
def one_module_serves_any_ring_and_length(tools: Tools) -> None:
    """A module of dynamic batch, sequence and ring size, compiled once."""
    case = Case(
        dynamic=("batch", "sequence", "grid"), compiled=True, heads=4, kv_heads=2,
        d=24, dv=40, mask=CAUSAL, layout=Layout("striped", 4), values="spiky",
    )  # fmt: skip
    for batch, size, ranks in ((1, 64, 4), (2, 1, 3), (1, 333, 16), (3, 10, 1), (1, 97, 5)):
        judge_named(
            tools,
            dataclasses.replace(case, batch=batch, sq=size, sk=size, ranks=ranks),
        )


@test
def storage_of_both_16_bit_types_accumulates_in_f32(tools: Tools) -> None:
    """Fault 22's forward half: no rounding between hops. 1/512 added 512 times to 1
    is lost in bf16 and f16 if partial sums are rounded, and the ring agrees with one
    rank to two units of the last place."""
    for dtype in ("bf16", "f16"):
        case = Case(dtype=dtype, ranks=16, sq=512, sk=512, values="flat", d=16, dv=16)
        judge_named(tools, case)


@test
def trace_is_json_with_a_process_per_rank(tools: Tools) -> None:
    case = Case(sq=64, sk=64, mask=CAUSAL, layout=ZIGZAG)
    with tools.folder() as folder:
        path = f"{folder}/trace.json"
        tools.run_case(case, True, f"--trace={path}")
        with open(path, encoding="utf-8") as file:
            trace = json.load(file)
    events = trace["traceEvents"] if isinstance(trace, dict) else trace
    spans = [e for e in events if e.get("ph") == "X"]
    processes = {event["pid"] for event in spans}
    if processes != {0, 1, 2, 3}:
        raise Failure(f"processes {sorted(processes)}, expected ranks 0 to 3")
    for event in spans:
        if event["dur"] < 0 or event["ts"] < 0:
            raise Failure(f"negative time in {event}")
