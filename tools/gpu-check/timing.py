"""Times packages and their peers in one process, on one card, in turns.

The standard input says which rows; every row is a line of JSON on the standard
output: {"d": 64, "mask": "full", "length": 512, "ours": MS, "peers": {NAME: MS},
"error": "", "kernels": false}. Times are medians, of calls that find nothing in the
L2 cache.
"""

from __future__ import annotations

import ctypes as c
import json
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

import cases
from device import Device, DeviceError, Package
from worker import LIBRARY, PACKAGES, say

WARM_UP, FEWEST_ROUNDS, MOST_ROUNDS, SECONDS = 3, 10, 40, 1.5
# More than the L2 holds, and long enough to hide what the host does meanwhile.
FLUSH_BYTES = 2**30
# Relative to the row's largest magnitude, of storage in bf16.
TOLERANCE = 2e-2


class Row:
    def __init__(self, configuration: cases.Configuration, length: int, batch: int):
        self.configuration, self.length, self.batch = configuration, length, batch
        self.causal = configuration.mask.kind == "causal"
        shape = (self.batch, configuration.heads, length, configuration.d)
        generator = torch.Generator("cuda").manual_seed(length + configuration.d)
        self.q, self.k, self.v = (
            torch.randn(shape, device="cuda", dtype=torch.bfloat16,
                        generator=generator)
            for _ in range(3)
        )

    def error(self, output: torch.Tensor) -> float:
        """The largest in a sample of rows, against float64."""
        rows = np.unique(np.linspace(0, self.length - 1, 24).astype(np.int64))
        worst = 0.0
        last = self.batch - 1, self.configuration.heads - 1
        for b, h in {(0, 0), last, (last[0] // 2, last[1] // 3)}:
            q, k, v, got = (
                x[b, h].float().cpu().numpy().astype(np.float64)
                for x in (self.q, self.k, self.v, output)
            )
            scores = q[rows] @ k.T * self.configuration.factor
            if self.causal:
                scores[np.arange(self.length)[None] > rows[:, None]] = -np.inf
            p = np.exp(scores - scores.max(axis=1, keepdims=True))
            expected = p / p.sum(axis=1, keepdims=True) @ v
            error = abs(got[rows] - expected).max(axis=1)
            share = (error / abs(expected).max(axis=1)).max()
            worst = float("inf") if np.isnan(share) else max(worst, float(share))
        return worst if bool(output.isfinite().all()) else float("inf")


def our_call(row: Row, device: Device, package: Package):
    output = torch.full_like(row.q, torch.nan)
    torch.cuda.synchronize()
    arrays = [row.q, row.k, row.v, output]
    buffers = (c.c_void_p * 4)(*(x.data_ptr() for x in arrays))
    dims = (c.c_int64 * 16)(*(size for x in arrays for size in x.shape))
    call, handle = device.library.gc_call, package.handle

    def run() -> torch.Tensor:
        device.check(call(handle, b"main", 1, buffers, 4, dims))
        return output

    return run


def torch_call(row: Row, backend: SDPBackend):
    def run() -> torch.Tensor:
        with sdpa_kernel(backend):
            return F.scaled_dot_product_attention(
                row.q, row.k, row.v, is_causal=row.causal
            )

    return run


def flex_call(row: Row):
    """Triton, by PyTorch's compiler."""
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    # A function is compiled for a few sizes only before it is interpreted instead.
    torch._dynamo.reset()
    compiled = torch.compile(flex_attention, dynamic=False, fullgraph=True)
    mask = None
    if row.causal:
        mask = create_block_mask(
            lambda b, h, i, j: i >= j, None, None, row.length, row.length,
            device="cuda",
        )

    def run() -> torch.Tensor:
        return compiled(row.q, row.k, row.v, block_mask=mask)

    return run


def measure(calls: dict, device: Device, kernels: bool) -> dict[str, float]:
    """Median milliseconds. With `kernels`, ours is the sum of our kernels' times."""
    flush = torch.empty(FLUSH_BYTES, dtype=torch.uint8, device="cuda")
    for run in calls.values():
        for _ in range(WARM_UP):
            run()
    torch.cuda.synchronize()
    device.times()
    found: dict[str, list[float]] = {name: [] for name in calls}
    begin, rounds = time.monotonic(), 0
    while rounds < MOST_ROUNDS and (
        rounds < FEWEST_ROUNDS or time.monotonic() - begin < SECONDS
    ):
        spans = {}
        for name, run in calls.items():
            flush.zero_()
            first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            first.record()
            run()
            last.record()
            spans[name] = first, last
        torch.cuda.synchronize()
        for name, (first, last) in spans.items():
            own = kernels and name == "ours"
            found[name].append(
                sum(device.times()) if own else first.elapsed_time(last)
            )
        rounds += 1
    return {name: statistics.median(times) for name, times in found.items()}


def main() -> None:
    work = json.loads(sys.stdin.read())
    managed = work["managed"]
    versions = {"PyTorch": torch.__version__}
    if torch.backends.cudnn.version():
        versions["cuDNN"] = str(torch.backends.cudnn.version())
    try:
        import triton

        versions["Triton"] = triton.__version__
    except ImportError:
        pass
    say(versions=versions)
    torch.cuda.init()
    torch.zeros(1, device="cuda")
    device = Device(
        LIBRARY, managed=managed, checked=False, timed=managed, timeout=30
    )
    flex_until = time.monotonic() + work["flex_seconds"]
    packages: dict[str, Package] = {}
    by_name = {x.name: x for x in cases.timed_configurations()}
    for name, length, batch in work["rows"]:
        configuration = by_name[name]
        row = Row(configuration, length, batch)
        result = {
            "name": name, "d": configuration.d, "mask": configuration.mask.kind,
            "length": length, "batch": batch, "heads": configuration.heads,
            "kernels": managed, "peers": {}, "wrong": "", "without": {},
        }
        calls = {}
        try:
            if name not in packages:
                packages[name] = Package(
                    device, PACKAGES / f"{name}.so"
                )
            run = our_call(row, device, packages[name])
            output = run()
            device.synchronize()
            error = row.error(output)
            result["error"] = error
            if not error <= TOLERANCE:
                result["wrong"] = f"error {error:.2e}, allowed {TOLERANCE:.0e}"
            calls["ours"] = run
        except DeviceError as error:
            # The context, PyTorch's too, is of no use any more.
            say(**result | {"wrong": str(error), "broken": True})
            return
        peers = {
            "cuDNN": lambda: torch_call(row, SDPBackend.CUDNN_ATTENTION),
            "FlashAttention-2": lambda: torch_call(row, SDPBackend.FLASH_ATTENTION),
        }
        if time.monotonic() < flex_until:
            peers["Triton (flex)"] = lambda: flex_call(row)
        else:
            result["without"]["Triton (flex)"] = "its time for compiling was used up"
        for peer, make in peers.items():
            try:
                call = make()
                error = row.error(call())
                if not error <= TOLERANCE:
                    raise RuntimeError(f"error {error:.2e}")
                calls[peer] = call
            except Exception as error:  # a peer that is not there is no failure
                why = str(error).strip().splitlines() or [type(error).__name__]
                result["without"][peer] = why[0][:120]
        times = measure(calls, device, managed)
        result["ours"] = times.pop("ours")
        result["peers"] = times
        say(**result)
        del row, calls, run, output


if __name__ == "__main__":
    try:
        main()
    except DeviceError as error:
        say(error=str(error))
    sys.stdout.flush()
    os._exit(0)
