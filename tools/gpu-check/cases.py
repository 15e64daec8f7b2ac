"""What is checked on a GPU: programs, their inputs, and what must come out.

Needs numpy, and oracle.py and placement.py of test/Integration/Common.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import product

import numpy as np

import oracle
from oracle import Mask
from placement import Layout

SIZES = (64, 128, 192, 256)
DTYPES = ("bf16", "f16", "f32")
FULL, CAUSAL = Mask(), Mask("causal")
WINDOW = Mask("window", 130, 9)
MASKS = {
    "full": (FULL, Layout()),
    "causal": (CAUSAL, Layout()),
    "window": (WINDOW, Layout("zigzag")),
    "striped": (CAUSAL, Layout("striped", 64)),
}
# Rows of the simulator's results that a bundle carries for every case.
SAMPLED_ROWS = 48


@dataclass(frozen=True)
class Case:
    """One call of a configuration's package."""

    batch: int = 1
    sq: int = 200
    sk: int = 200
    ranks: int = 1
    values: str = "normal"
    simulated: bool = False  # small enough for the simulator

    @property
    def name(self) -> str:
        return f"B{self.batch} S{self.sq}x{self.sk} P{self.ranks} {self.values}"


@dataclass(frozen=True)
class Configuration:
    """One package."""

    d: int
    dv: int
    dtype: str
    mask: Mask = FULL
    layout: Layout | None = None  # None: not sharded
    heads: int = 4
    kv_heads: int = 2
    scale: float | None = None
    lse: bool = True
    kind: str = ""  # the name of the mask and the layout

    @property
    def name(self) -> str:
        heads = "" if (self.heads, self.kv_heads) == (4, 2) else (
            f"-h{self.heads}x{self.kv_heads}"
        )
        return f"d{self.d}x{self.dv}-{self.dtype}-{self.kind}{heads}"

    @property
    def factor(self) -> float:
        return 1 / np.sqrt(self.d) if self.scale is None else self.scale

    def program(self) -> str:
        """Batch, sequences and ring are sizes of the call."""
        q = f"tensor<?x{self.heads}x?x{self.d}x{self.dtype}>"
        k = f"tensor<?x{self.kv_heads}x?x{self.d}x{self.dtype}>"
        v = f"tensor<?x{self.kv_heads}x?x{self.dv}x{self.dtype}>"
        o = f"tensor<?x{self.heads}x?x{self.dv}x{self.dtype}>"
        lse = f"tensor<?x{self.heads}x?xf32>"
        attributes = [f"mask = {self.mask.text()}"]
        if self.scale is not None:
            attributes.append(f"scale = {self.scale:.17e} : f64")
        lines = []
        if self.layout is not None:
            lines.append("shard.grid @ring(shape = ?)")
            attributes.append(
                "sharding = #ringattn.seq_sharding<@ring, axes = [0], "
                f"layout = {self.layout.text()}>"
            )
        results = f"({o}, {lse})" if self.lse else o
        names, types = ("%o, %l", f"{o}, {lse}") if self.lse else ("%o", o)
        lines += [
            f"func.func @main(%q: {q}, %k: {k}, %v: {v}) -> {results} {{",
            f"  {names} = ringattn.attention %q, %k, %v {{{', '.join(attributes)}}}",
            f"    : ({q}, {k}, {v}) -> {results}",
            f"  return {names} : {types}",
            "}",
            "",
        ]
        return "\n".join(lines)

    # Arrays ----------------------------------------------------------------

    def shapes(self, case: Case) -> list[tuple[int, ...]]:
        """Of Q, K, V, O and, with lse, the LSE."""
        shapes = [
            (case.batch, self.heads, case.sq, self.d),
            (case.batch, self.kv_heads, case.sk, self.d),
            (case.batch, self.kv_heads, case.sk, self.dv),
            (case.batch, self.heads, case.sq, self.dv),
            (case.batch, self.heads, case.sq),
        ]
        return shapes if self.lse else shapes[:4]

    def inputs(self, case: Case) -> list[np.ndarray]:
        """The same numbers on every machine: they come from integers."""
        seed = zlib.crc32(f"{self.name} {case.name}".encode())
        arrays = [
            VALUES[case.values](shape, seed + 7919 * index, index)
            for index, shape in enumerate(self.shapes(case)[:3])
        ]
        return [oracle.round_to(array, self.dtype) for array in arrays]

    def owned(self, size: int, case: Case) -> list[np.ndarray]:
        """The positions of every rank."""
        layout = self.layout or Layout()
        owners = layout.owners(size, case.ranks)
        return [np.flatnonzero(owners == rank) for rank in range(case.ranks)]

    # Judging ---------------------------------------------------------------

    def bounds(self, answer: oracle.Answer) -> tuple[np.ndarray, np.ndarray]:
        """Of the output (absolute) and of the LSE, a number a row."""
        lse = oracle.bound32(answer)
        if self.dtype == "f32":  # products of tf32
            output = 2e-3 + 1e-3 * answer.spread
            lse = lse + 1e-3 * answer.spread
        else:
            output = oracle.output_bound(answer, self.dtype)
        return output * oracle.magnitude(answer) + self.tiny, lse

    def device_bounds(self, answer: oracle.Answer) -> tuple[np.ndarray, np.ndarray]:
        """Between two devices."""
        wide = oracle.bound32(answer)
        if self.dtype == "f32":
            # Sums of exact products differ, and what they are rounded to: P.
            output = wide + 2.0**-10
        else:
            output = wide + 2 * oracle.ULP[self.dtype]
        return output * oracle.magnitude(answer) + self.tiny, wide

    @property
    def tiny(self) -> float:
        return 2.0**-24 if self.dtype == "f16" else 1e-30

    def sampled(self, case: Case) -> np.ndarray:
        """Flat indices of rows (b, h, i): some, the first and the last."""
        rows = case.batch * self.heads * case.sq
        if rows <= SAMPLED_ROWS:
            return np.arange(rows)
        return np.unique(np.linspace(0, rows - 1, SAMPLED_ROWS).astype(np.int64))


def share_of_bound(
    got: np.ndarray, expected: np.ndarray, allowed: np.ndarray
) -> float:
    """The largest error as a share of what is allowed (a number a row); infinite
    where a number is missing or something else."""
    with np.errstate(invalid="ignore"):
        error = np.where(got == expected, 0, abs(got - expected))
    if error.ndim > allowed.ndim:
        error = error.max(axis=-1, initial=0)
    if error.size == 0:
        return 0.0
    share = error / allowed
    return float("inf") if np.isnan(share).any() else float(share.max())


# Values --------------------------------------------------------------------------


def bits(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """64 random bits an element (splitmix64)."""
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        x = (
            np.arange(1, count + 1, dtype=np.uint64)
            + np.uint64(seed) * np.uint64(0x9E3779B9)
        ) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (x ^ (x >> np.uint64(31))).reshape(shape)


def normal(shape: tuple[int, ...], seed: int, _: int) -> np.ndarray:
    """Nearly: the sum of four uniform numbers, of variance 4/3."""
    x = bits(shape, seed)
    parts = [(x >> np.uint64(16 * i)) & np.uint64(0xFFFF) for i in range(4)]
    return (sum(part.astype(np.int64) for part in parts) - 131070) / 32768.0


def spiky(shape: tuple[int, ...], seed: int, index: int) -> np.ndarray:
    """Integers; few keys decide a row, so one wrong key shows."""
    most = 8 if index == 2 else 2
    return (bits(shape, seed) % np.uint64(2 * most + 1)).astype(np.float64) - most


def rising(shape: tuple[int, ...], seed: int, index: int) -> np.ndarray:
    """Every key outweighs all before it: each tile rescales all sums."""
    if index == 2:
        return spiky(shape, seed, index)
    x = np.zeros(shape)
    x[..., 0] = 16 if index == 0 else np.arange(shape[2]) // 4
    return x


VALUES = {"normal": normal, "spiky": spiky, "rising": rising}


# What is checked ---------------------------------------------------------------------


def plain_cases() -> list[Case]:
    """Of programs that are not sharded."""
    return [
        Case(sq=200, sk=200, simulated=True),
        Case(batch=2, sq=1061, sk=1061),
        Case(batch=3, sq=193, sk=193, values="rising"),
    ]


def ring_cases() -> list[Case]:
    return [
        Case(sq=200, sk=200, simulated=True),
        Case(sq=333, sk=333, ranks=3, simulated=True),
        Case(batch=2, sq=709, sk=709),
        Case(sq=900, sk=900, ranks=4, values="spiky"),
    ]


def unequal_cases() -> list[Case]:
    """Edges of tiles, of the full mask also with other numbers of keys."""
    return [
        Case(sq=1, sk=1, simulated=True),
        Case(sq=130, sk=65, simulated=True),
        Case(sq=64, sk=515),
        Case(sq=129, sk=1),
        Case(sq=191, sk=129, batch=5, values="spiky"),
        Case(sq=577, sk=176),
        Case(sq=70, sk=0),  # rows without keys
    ]


def odd_cases() -> list[Case]:
    return [
        Case(sq=77, sk=77, simulated=True),
        Case(sq=1, sk=1),
        Case(sq=64, sk=64, values="spiky"),
        Case(sq=127, sk=127, batch=2),
        Case(sq=641, sk=641, values="rising"),
    ]


# D, Dv, heads of Q and of K and V that no tile fits.
ODD = (
    (3, 3, 1, 1),
    (1, 16, 2, 1),
    (40, 40, 3, 1),
    (40, 96, 4, 4),
    (72, 200, 6, 2),
    (80, 80, 4, 2),
    (96, 64, 8, 1),
    (112, 112, 4, 2),
    (160, 160, 4, 2),
    (250, 33, 2, 2),
    (256, 8, 4, 2),
)


def configurations() -> list[tuple[Configuration, list[Case]]]:
    """The square heads first: what fails everywhere shows there."""
    found = []
    pairs = sorted(product(SIZES, SIZES), key=lambda p: (p[0] != p[1], p))
    for (d, dv), dtype, kind in product(pairs, DTYPES, MASKS):
        mask, layout = MASKS[kind]
        found.append(
            (Configuration(d, dv, dtype, mask, layout, kind=kind), ring_cases())
        )
    for d, dtype in product((64, 128, 256), DTYPES):
        for kind, mask, cases in (
            ("plain-full", FULL, plain_cases() + unequal_cases()),
            ("plain-causal", CAUSAL, plain_cases()),
        ):
            found.append((Configuration(d, d, dtype, mask, kind=kind), cases))
    for (d, dv, heads, kv_heads), dtype in product(ODD, DTYPES):
        for kind, mask in (("odd-full", FULL), ("odd-causal", CAUSAL)):
            found.append(
                (
                    Configuration(
                        d, dv, dtype, mask, None, heads, kv_heads, kind=kind,
                        scale=0.3 if d == 40 else None,
                    ),
                    odd_cases(),
                )
            )
    return found


def few_configurations() -> list[tuple[Configuration, list[Case]]]:
    """One of every sort, for tests of the checks themselves."""
    wanted = {
        "d64x64-bf16-full",
        "d128x128-f16-striped",
        "d64x128-f32-window",
        "d64x64-bf16-plain-full",
        "d40x40-f32-odd-causal-h3x1",
    }
    return [
        (configuration, [case for case in cases if case.simulated])
        for configuration, cases in configurations()
        if configuration.name in wanted
    ]


# Timing ------------------------------------------------------------------------------

TIMED_SIZES = (64, 128, 256)
TIMED_LENGTHS = (512, 1024, 2048, 4096, 8192, 16384)
TIMED_TOKENS, TIMED_HIDDEN = 16384, 2048


def timed_configurations() -> list[Configuration]:
    """As FlashAttention-3 is measured: 16384 tokens, heads of 2048 in all."""
    return [
        Configuration(
            d, d, "bf16", mask, None, TIMED_HIDDEN // d, TIMED_HIDDEN // d,
            lse=False, kind=f"timed-{mask.kind}",
        )
        for d, mask in product(TIMED_SIZES, (FULL, CAUSAL))
    ]
