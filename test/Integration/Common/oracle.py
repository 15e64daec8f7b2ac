"""Attention in float64, written from the definition, and the bounds of its errors.

Nothing here knows of shards, tiles or rings: inputs and outputs are global arrays
and masks are predicates over global positions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mask:
    """Query i sees key j iff i - left <= j <= i + right; None is unbounded."""

    kind: str = "full"  # full, causal, window
    left: int | None = None
    right: int | None = None

    def visible(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        ahead = j[None, :] - i[:, None]  # i + right may not fit in 64 bits
        if self.kind == "causal":
            return ahead <= 0
        seen = np.ones(ahead.shape, dtype=bool)
        if self.left is not None:
            seen &= ahead >= -self.left
        if self.right is not None:
            seen &= ahead <= self.right
        return seen

    def text(self) -> str:
        if self.kind != "window":
            return f"#ringattn.{self.kind}"
        extents = [
            f"{name} = {value}"
            for name, value in (("left", self.left), ("right", self.right))
            if value is not None
        ]
        return "#ringattn.sliding_window" + (
            f"<{', '.join(extents)}>" if extents else ""
        )


@dataclass
class Answer:
    output: np.ndarray  # B, Hq, Sq, Dv
    lse: np.ndarray  # B, Hq, Sq
    weight: np.ndarray  # B, Hq, Sq: max over d of sum_j p_j |v_jd|
    spread: np.ndarray  # B, Hq, Sq: |scale| * max over visible j of sum_d |q_d k_jd|
    keys: np.ndarray  # Sq: visible keys of the row


def attention(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: Mask, scale: float
) -> Answer:
    q, k, v = (x.astype(np.float64) for x in (q, k, v))
    batch, heads, sq, _ = q.shape
    sk, dv, group = k.shape[2], v.shape[3], heads // k.shape[1]
    answer = Answer(
        np.zeros((batch, heads, sq, dv)),
        np.full((batch, heads, sq), -np.inf),
        np.zeros((batch, heads, sq)),
        np.zeros((batch, heads, sq)),
        np.zeros(sq, dtype=np.int64),
    )
    step = max(1, 2**22 // sk)
    for first in range(0, sq, step):
        rows = np.arange(first, min(sq, first + step))
        seen = mask.visible(rows, np.arange(sk))
        answer.keys[rows] = seen.sum(axis=1)
        some = answer.keys[rows] > 0
        for b in range(batch):
            for h in range(heads):
                qr, kh, vh = q[b, h, rows], k[b, h // group], v[b, h // group]
                with np.errstate(invalid="ignore", over="ignore"):
                    scores = np.where(seen, scale * (qr @ kh.T), -np.inf)
                    spread = np.where(seen, abs(scale) * (abs(qr) @ abs(kh).T), 0)
                    top = np.where(some, scores.max(axis=1), 0)
                    p = np.exp(scores - top[:, None])
                total = p.sum(axis=1)
                p /= np.where(some, total, 1)[:, None]
                answer.output[b, h, rows] = p @ vh
                answer.weight[b, h, rows] = (p @ abs(vh)).max(axis=1)
                with np.errstate(divide="ignore"):
                    answer.lse[b, h, rows] = np.where(
                        some, top + np.log(total), -np.inf
                    )
                answer.spread[b, h, rows] = spread.max(axis=1)
    return answer


ULP = {"tf32": 2.0**-10, "f16": 2.0**-10, "bf16": 2.0**-7}


def bound32(answer: Answer) -> np.ndarray:
    """B32 of every row, B x Hq x Sq."""
    return 4e-6 + 2e-7 * np.sqrt(answer.keys) + 5e-7 * answer.spread


def output_bound(answer: Answer, dtype: str) -> np.ndarray:
    """Relative to the row's magnitude. "tf32": of f32 whose products round their
    factors to tf32."""
    if dtype == "f64":
        return 1e-12 * (1 + answer.spread)
    if dtype == "tf32":
        return 2e-3 + 1e-3 * answer.spread
    return {"f32": 0.0, "f16": 2e-3, "bf16": 1.6e-2}[dtype] + bound32(answer)


def lse_bound(answer: Answer, dtype: str) -> np.ndarray:
    """Absolute."""
    if dtype in ("f64", "tf32"):
        return output_bound(answer, dtype)
    return bound32(answer)


def ring_bound(answer: Answer, dtype: str) -> np.ndarray:
    """Of a ring against one rank, or of one device against another, relative to the
    row's magnitude."""
    if dtype == "f64":
        return output_bound(answer, dtype)
    return bound32(answer) + 2 * ULP.get(dtype, 0.0)


def ring_lse_bound(answer: Answer, dtype: str) -> np.ndarray:
    """The same of LSEs, absolute: all see the same products."""
    return lse_bound(answer, dtype) if dtype == "f64" else bound32(answer)


def magnitude(answer: Answer) -> np.ndarray:
    """What errors of a row are relative to: its largest output. Rows of few
    elements can cancel to nothing; theirs is the magnitude of what was summed."""
    largest = abs(answer.output).max(axis=3)
    return largest if answer.output.shape[3] >= 16 else answer.weight


def round_to(x: np.ndarray, dtype: str) -> np.ndarray:
    """The nearest (even) numbers of a storage type."""
    if dtype == "f64":
        return x.astype(np.float64)
    if dtype == "f16":
        return x.astype(np.float16).astype(np.float32)
    x = np.ascontiguousarray(x, dtype=np.float32)
    if dtype == "f32":
        return x
    bits = x.view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return np.where(np.isnan(x), x, rounded.astype(np.uint32).view(np.float32))
