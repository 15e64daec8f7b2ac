"""What a ring has to do, counted token by token from the definition of the layouts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from oracle import Mask


@dataclass(frozen=True)
class Layout:
    kind: str = "contiguous"  # contiguous, striped, zigzag
    granularity: int = 1

    def owners(self, size: int, ranks: int) -> np.ndarray:
        """The rank that owns each position."""
        position = np.arange(size)
        if self.kind == "contiguous":
            return position // -(-size // ranks)
        if self.kind == "striped":
            return position // self.granularity % ranks
        chunk = position // -(-size // (2 * ranks))
        return np.where(chunk < ranks, chunk, 2 * ranks - 1 - chunk)

    def text(self) -> str:
        if self.kind == "striped":
            return f"#ringattn.striped<granularity = {self.granularity}>"
        return f"#ringattn.{self.kind}"


@dataclass(frozen=True)
class Work:
    active: int  # ranks that own a query or a key
    queries: tuple[int, ...]  # per rank
    keys: tuple[int, ...]
    visible: tuple[int, ...]  # scores of a batch and head
    blocks: tuple[int, ...]  # K/V blocks with a visible key
    exchanges: int  # the fewest that bring every rank the blocks it needs

    def bytes_of_one_chain(self, bytes_per_key: int) -> tuple[int, ...]:
        """Sent by each rank when every block travels from rank r to r + 1 until it
        has seen all active ranks."""
        sent = []
        for rank in range(len(self.keys)):
            if rank >= self.active:
                sent.append(0)
                continue
            kept = self.keys[(rank + 1) % self.active]
            sent.append((sum(self.keys) - kept) * bytes_per_key)
        return tuple(sent)


@lru_cache(maxsize=None)
def work(layout: Layout, mask: Mask, sq: int, sk: int, ranks: int) -> Work:
    query_owner, key_owner = layout.owners(sq, ranks), layout.owners(sk, ranks)
    queries = [np.flatnonzero(query_owner == r) for r in range(ranks)]
    keys = [np.flatnonzero(key_owner == r) for r in range(ranks)]
    active = 1 + max(query_owner.max(), key_owner.max())
    visible = [0] * ranks
    blocks = [0] * ranks
    distances = set()  # (rank - source) mod active of the blocks that are needed
    for rank in range(active):
        for source in range(active):
            count = int(mask.visible(queries[rank], keys[source]).sum())
            visible[rank] += count
            if count:
                blocks[rank] += 1
                if rank != source:
                    distances.add((rank - source) % active)
    # Distances 1..p come one way, active-n..active-1 the other way.
    exchanges = min(
        max((d for d in distances if d <= p), default=0)
        + max((active - d for d in distances if d > p), default=0)
        for p in range(active)
    )
    return Work(
        int(active),
        tuple(map(len, queries)),
        tuple(map(len, keys)),
        tuple(visible),
        tuple(blocks),
        exchanges,
    )
