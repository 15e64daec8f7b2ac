"""Random cases for the simulated GPU, cut to what it computes in a second or two."""

from __future__ import annotations

import dataclasses
import random

from oracle import Mask
from placement import Layout
from program import Case
from properties import sizes

MOST_SCORES = 2**17


def scores(case: Case) -> int:
    """Of all heads, in whole tiles; three times as many for heads of 256."""
    tiles = -(-case.sq // 128) * -(-case.sk // 128)
    return case.batch * case.heads * tiles * 2**14 * (256 + case.d + case.dv) // 256


def head_size(rng: random.Random) -> int:
    """Up to 256; multiples of 64 fill their tiles, multiples of 8 need no copy."""
    kind = rng.random()
    if kind < 0.5:
        return rng.choice([64, 64, 128, 192, 256])
    if kind < 0.75:
        return 8 * rng.randint(1, 32)
    return rng.randint(1, 256)


def random_case(rng: random.Random) -> Case:
    ranks = rng.choice([1, 1, 2, 2, 3, 4, 4, 5, 8])
    kv_heads = rng.choice([1, 1, 2])
    group = rng.choice([1, 1, 2, 3])
    d = head_size(rng)
    dv = d if rng.random() < 0.6 else head_size(rng)
    kind = rng.choice(["full", "causal", "causal", "window", "window"])
    sq = sizes(rng, ranks)
    sk = sizes(rng, ranks) if kind == "full" and rng.random() < 0.5 else sq

    def extent() -> int | None:
        return rng.choice([None, 0, -(-sq // ranks), rng.randint(0, 2 * sq)])

    mask = Mask("window", extent(), extent()) if kind == "window" else Mask(kind)
    layout = rng.choice(
        [
            Layout("contiguous"),
            Layout("zigzag"),
            Layout("striped", rng.choice([1, 1, 3, 16, 64, 100])),
        ]
    )
    values = rng.choice(["normal", "normal", "spiky", "spiky", "rising", "flat"])
    scale = 1.0 if values == "rising" else None
    if scale is None and rng.random() < 0.3:
        scale = rng.choice([-1, 1]) * rng.uniform(0.01, 1)
    dynamic = ("batch", "sequence", "grid") if rng.random() < 0.3 else ()
    case = Case(
        batch=rng.choice([1, 1, 2]),
        heads=kv_heads * group,
        kv_heads=kv_heads,
        d=d,
        dv=dv,
        sq=sq,
        sk=sk,
        ranks=ranks,
        layout=layout,
        mask=mask,
        dtype=rng.choice(["bf16", "bf16", "f16", "f32"]),
        scale=scale,
        lse=rng.random() < 0.6,
        dynamic=dynamic,
        around=rng.random() < 0.2,
        values=values,
        interleaving=rng.randrange(2**31),
        seed=rng.randrange(2**31),
    )
    while scores(case) > MOST_SCORES and max(case.sq, case.sk) > 1:
        if case.batch > 1:
            case = dataclasses.replace(case, batch=1)
        elif case.heads > case.kv_heads:
            case = dataclasses.replace(case, heads=case.kv_heads)
        elif case.kv_heads > 1:
            case = dataclasses.replace(case, heads=1, kv_heads=1)
        elif case.sq == case.sk:
            half = (case.sq + 1) // 2
            case = dataclasses.replace(case, sq=half, sk=half)
        else:
            case = dataclasses.replace(
                case, sq=(case.sq + 1) // 2, sk=(case.sk + 1) // 2
            )
    return case
