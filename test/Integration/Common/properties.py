"""Random cases: a ring against the oracle and against one rank."""

from __future__ import annotations

import dataclasses
import random
import time
from typing import Callable, Iterator

from oracle import Mask
from placement import Layout
from program import OTHER_CPUS, Case, Failure, Tools, judge

Draw = Callable[[random.Random], Case]


def sizes(rng: random.Random, ranks: int) -> int:
    """Lengths around multiples of the ring and of tiles, and shorter than a ring."""
    kind = rng.random()
    if kind < 0.05:
        return ranks
    if kind < 0.15:
        return rng.randint(1, 2 * ranks + 1)
    if kind < 0.4:
        return max(1, 2 * ranks * rng.randint(1, 20) + rng.choice([-1, 0, 0, 1]))
    if kind < 0.6:
        return max(1, rng.choice([64, 128, 256, 512]) + rng.choice([-1, 0, 1]))
    return rng.randint(1, 700)


def random_case(rng: random.Random) -> Case:
    ranks = rng.choice([1, 2, 2, 3, 4, 4, 5, 6, 7, 8, 11, 16])
    kv_heads = rng.choice([1, 1, 2, 3])
    group = rng.choice([1, 1, 2, 4, 7])
    d = rng.choice([1, 2, 7, 8, 9, 15, 16, 17, 24, 25, 32, 48, 64, 64, 80, 96, 128])
    dv = d if rng.random() < 0.6 else rng.choice([1, 5, 9, 16, 24, 32, 33, 64, 80, 128])
    kind = rng.choice(["full", "causal", "causal", "window", "window"])
    sq = sizes(rng, ranks)
    sk = sizes(rng, ranks) if kind == "full" and rng.random() < 0.5 else sq

    def extent() -> int | None:
        choice = rng.random()
        if choice < 0.2:
            return None
        if choice < 0.4:
            return 0
        shard = -(-sq // ranks)
        if choice < 0.6:
            return max(0, rng.choice([1, 2, 3]) * shard + rng.choice([-1, 0, 1]))
        return rng.randint(0, 2 * sq)

    mask = Mask("window", extent(), extent()) if kind == "window" else Mask(kind)
    layout = rng.choice(
        [
            Layout("contiguous"),
            Layout("zigzag"),
            Layout("striped", rng.choice([1, 1, 2, 3, 8, 16, 64, 100, 1000])),
        ]
    )
    values = rng.choice(["normal", "normal", "spiky", "spiky", "rising", "flat"])
    if values == "rising":
        scale = 1.0
    elif rng.random() < 0.7:
        scale = None
    else:
        scale = rng.choice([-1, 1]) * rng.uniform(0.01, 4 if values == "spiky" else 1)
    dynamic: tuple[str, ...] = ()
    if rng.random() < 0.45:
        dynamic = tuple(
            what for what in ("batch", "sequence", "grid") if rng.random() < 0.6
        )
    case = Case(
        batch=rng.choice([1, 1, 1, 2, 3]),
        heads=kv_heads * group,
        kv_heads=kv_heads,
        d=d,
        dv=dv,
        sq=sq,
        sk=sk,
        ranks=ranks,
        layout=layout,
        mask=mask,
        dtype=rng.choice(["f32", "f32", "f32", "bf16", "bf16", "f16", "f64"]),
        scale=scale,
        lse=rng.random() < 0.6,
        dynamic=dynamic,
        around=rng.random() < 0.2,
        values=values,
        threads=rng.choice([1, 1, 1, 2, 3]),
        cpu=rng.choice(["", "", "", "", *OTHER_CPUS]),
        seed=rng.randrange(2**31),
    )
    # The oracle and emulated bf16 are slow on large cases.
    while case.batch * case.heads * case.sq * case.sk * (case.d + case.dv) > 2**28:
        if case.heads > case.kv_heads:
            case = dataclasses.replace(case, heads=case.kv_heads)
        elif case.batch > 1:
            case = dataclasses.replace(case, batch=1)
        else:
            case = dataclasses.replace(case, d=16, dv=16)
            break
    return case


def siblings(rng: random.Random, case: Case) -> Iterator[Case]:
    """Cases that the module of a fully dynamic program also serves."""
    yield case
    for _ in range(3):
        ranks = rng.choice([1, 2, 3, 4, 5, 8, 16])
        sq = min(sizes(rng, ranks), case.sq + 100)
        yield dataclasses.replace(
            case,
            ranks=ranks,
            batch=rng.choice([1, 2]),
            sq=sq,
            sk=sq if case.sq == case.sk else min(sizes(rng, ranks), case.sk + 100),
            threads=rng.choice([1, 2]),
            seed=rng.randrange(2**31),
        )


def cases(seed: int, draw: Draw) -> Iterator[tuple[str, Case]]:
    """An endless, reproducible sequence of named cases."""
    rng = random.Random(seed)
    number = 0
    while True:
        case = draw(rng)
        group = [case]
        if rng.random() < 0.3:
            case = dataclasses.replace(
                case, dynamic=("batch", "sequence", "grid"), compiled=True
            )
            group = list(siblings(rng, case))
        for member in group:
            yield f"random_{seed}_{number}", member
            number += 1


def smaller(case: Case) -> Iterator[Case]:
    """Simpler cases to try in its place, the simplest first."""

    def replaced(**changes) -> Iterator[Case]:
        other = dataclasses.replace(case, **changes)
        if other != case:
            yield other

    yield from replaced(cpu="")
    yield from replaced(compiled=False)
    yield from replaced(dynamic=())
    yield from replaced(around=False)
    yield from replaced(threads=1)
    yield from replaced(interleaving=0)
    yield from replaced(batch=1)
    yield from replaced(heads=1, kv_heads=1)
    yield from replaced(heads=case.kv_heads)
    yield from replaced(d=16, dv=16)
    yield from replaced(dv=case.d)
    yield from replaced(dtype="f32")
    yield from replaced(lse=False)
    yield from replaced(scale=None)
    yield from replaced(mask=Mask())
    yield from replaced(layout=Layout())
    for ranks in (1, 2, case.ranks - 1):
        if 0 < ranks < case.ranks:
            yield from replaced(ranks=ranks)
    for size in (case.sq // 2, case.sq - 1):
        if size > 0 and case.sq == case.sk:
            yield from replaced(sq=size, sk=size)


def shrink(tools: Tools, case: Case, failure: str, seconds: float) -> tuple[Case, str]:
    """A simpler case that fails too."""
    deadline = time.monotonic() + seconds
    progress = True
    while progress and time.monotonic() < deadline:
        progress = False
        for candidate in smaller(case):
            if time.monotonic() > deadline:
                break
            try:
                judge(tools, candidate)
            except Failure as other:
                case, failure, progress = candidate, str(other), True
                break
    return case, failure
