"""What a run makes of processes that end as they should not: with processes that only
say their lines."""

from __future__ import annotations

import copy
import sys
import time

from harness import CHECK, Bench, expect, test

sys.path.insert(0, str(CHECK))

from cases_part import CasesPart  # noqa: E402
from timing_part import TRITON, TimingPart  # noqa: E402

ROWS = [[name, length, 1] for length in (2048, 1024, 512) for name in ("a", "b")]


def time_rows(deaths: dict) -> tuple[dict, list[str], list[dict]]:
    """`deaths`: (contestant, name, length) -> how the process ends at that step."""
    results: dict = {"timing": []}
    problems: list[str] = []
    works: list[dict] = []

    def execute(work: dict, silence: float, first: float, until: float):
        work = copy.deepcopy(work)  # as a process gets it
        works.append(work)
        expect(len(works) < 40, "it never ends")
        yield {"versions": {"PyTorch": "0"}}
        if work["roof"]:
            yield {"doing": "roof"}
            if "roof" in deaths:
                yield {"end": deaths["roof"]}
                return
            yield {"roof": {"tflops": 700}}
        for name, length, batch in work["rows"]:
            steps = ["ours", *work["peers"], *(["all"] if work["peers"] else [])]
            for step in steps:
                yield {"doing": step}
                if (step, name, length) in deaths:
                    yield {"end": deaths[step, name, length]}
                    return
            times = {step: {"median": 1.0} for step in ("ours", *work["peers"])}
            yield {"name": name, "length": length, "batch": batch, "times": times,
                   "wrong": "", "without": {}}
        yield {"end": ""}

    part = TimingPart(results, execute, problems.append, lambda: None, 1)
    part.run(ROWS, time.monotonic() + 60)
    return results, problems, works


def row(results: dict, name: str, length: int) -> dict:
    (found,) = [
        r for r in results["timing"] if (r["name"], r["length"]) == (name, length)
    ]
    return found


@test
def decisions_when_all_is_well(bench: Bench) -> None:
    results, problems, works = time_rows({})
    expect(len(works) == 2 and not problems, f"{works} {problems}")
    expect(len(results["timing"]) == len(ROWS) and "roof" in results, f"{results}")
    expect(all("compiled" in r and not r["without"] for r in results["timing"]),
           f"{results}")


@test
def decisions_when_triton_breaks(bench: Bench) -> None:
    """Twice, then it is left alone; no row lacks ours."""
    results, problems, works = time_rows(
        {(TRITON, "a", 2048): "hung", (TRITON, "a", 1024): "killed"}
    )
    expect(not problems and len(results["timing"]) == len(ROWS), f"{problems}")
    expect(row(results, "a", 2048)["without"] == {TRITON: "hung"}, f"{results}")
    expect("compiled" in row(results, "b", 2048), f"{results}")
    for name in "ab":
        why = row(results, name, 512)["without"][TRITON]
        expect(why == "it broke 2 rows before", why)


@test
def decisions_when_a_library_breaks(bench: Bench) -> None:
    results, problems, works = time_rows(
        {("cuDNN", "a", 2048): "hung", ("all", "b", 1024): "failed", "roof": "hung"}
    )
    expect(not problems and len(results["timing"]) == len(ROWS), f"{problems}")
    first = row(results, "a", 2048)
    expect(first["without"] == {"cuDNN": "hung"}, f"{first}")
    expect("FlashAttention-2" in first["times"], f"{first}")
    expect("cuDNN" in row(results, "b", 2048)["times"], f"{results}")
    together = row(results, "b", 1024)
    expect(set(together["times"]) == {"ours"}, f"{together}")
    expect(set(together["without"].values()) == {"measured together: failed"},
           f"{together}")


@test
def decisions_when_ours_breaks(bench: Bench) -> None:
    """It is wrong, and its package's other rows are not tried for ever."""
    results, problems, works = time_rows(
        {("ours", "a", 2048): "killed by SIGSEGV", ("ours", "a", 1024): "hung"}
    )
    expect(
        problems == [
            "timing: a, length 2048: killed by SIGSEGV: host code of the package "
            "touched device memory",
            "timing: a, length 1024: hung",
            "timing: a: 1 rows were not measured: it broke 2 before",
        ],
        f"{problems}",
    )
    expect([r["name"] for r in results["timing"]] == ["b"] * 3, f"{results}")


@test
def decisions_about_cases(bench: Bench) -> None:
    """What a process leaves is for another; a package that breaks two is left alone."""
    cases = {f"p{i}": ["x", "y", "z"] for i in range(20)}
    found: dict[tuple[str, str], str] = {}
    works: list[dict] = []

    def execute(work: dict, silence: float, until: float):
        work = copy.deepcopy(work)  # as a process gets it
        works.append(work)
        for name, indices in work["work"]:
            if name == "p5":  # says nothing, and dies
                yield {"end": "killed by SIGABRT"}
                return
            if name == "p6":
                yield {"name": name, "error": "has no cubin"}
                continue
            for index in indices:
                broken = name == "p7" and index == 1
                yield {"name": name, "index": index, "case": cases[name][index],
                       "wrong": "hung" if broken else "", "broken": broken}
                if broken:
                    yield {"end": ""}
                    return
        yield {"end": ""}

    def record(name: str, case: str, entry: dict) -> None:
        expect((name, case) not in found, f"{name} {case} twice")
        found[name, case] = entry["wrong"]

    finished: list[int] = []
    part = CasesPart(
        cases, execute, record, lambda: finished.append(1), 3, 1, managed=False
    )
    part.run(time.monotonic() + 60)
    expect(len(found) == 60 and len(finished) == 20, f"{len(found)} {len(finished)}")
    wrong = {key: why for key, why in found.items() if why}
    expect(
        wrong == {
            ("p5", "x"): "killed by SIGABRT", ("p5", "y"): "killed by SIGABRT",
            ("p5", "z"): "not run: 2 cases before it broke",
            ("p6", "x"): "has no cubin", ("p6", "y"): "has no cubin",
            ("p6", "z"): "has no cubin", ("p7", "y"): "hung",
        },
        f"{wrong}",
    )
    expect(len(works) < 20, f"{len(works)} processes")
