"""Times packages and their peers in one process, on one card, in turns.

The standard input says which rows with which peers; every row is a line of JSON on the
standard output, and so is every step that may break the process, before it is taken:
{"doing": PEER}, "ours", "all" for the measurement of all together, or "roof". Times are of calls
that find nothing in the L2 cache: {"median", "low", "high", "rounds"}, in milliseconds,
low and high being the 20% and 80% quantiles.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time

import numpy as np

import cases
from device import Package
from sensors import Sensors
from worker import LIBRARY, PACKAGES, say

WARM_UP, FEWEST_ROUNDS, MOST_ROUNDS, SECONDS = 3, 10, 40, 1.5
# Relative to the row's largest magnitude, of storage in bf16.
TOLERANCE = 2e-2


def reason(error: Exception) -> str:
    """The first line that says something."""
    lines = [line.strip() for line in str(error).splitlines()]
    # "backend='inductor' raised:"
    said = [line for line in lines if line and not line.endswith("raised:")]
    return said[0][:160] if said else type(error).__name__


def error_of(row, output) -> float:
    """The largest in a sample of rows, against float64."""
    configuration = row.configuration
    rows = np.unique(np.linspace(0, row.length - 1, 24).astype(np.int64))
    worst = 0.0
    last = row.batch - 1, configuration.heads - 1
    for b, h in {(0, 0), last, (last[0] // 2, last[1] // 3)}:
        q, k, v, got = (row.head(x, b, h) for x in (*row.inputs, output))
        scores = q[rows] @ k.T * configuration.factor
        if row.causal:
            scores[np.arange(row.length)[None] > rows[:, None]] = -np.inf
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        expected = p / p.sum(axis=1, keepdims=True) @ v
        error = abs(got[rows] - expected).max(axis=1)
        share = (error / abs(expected).max(axis=1)).max()
        worst = float("inf") if np.isnan(share) else max(worst, float(share))
    return worst if row.finite(output) else float("inf")


def summary(times: list[float]) -> dict:
    low, high = np.quantile(times, [0.2, 0.8])
    return {
        "median": statistics.median(times), "low": float(low), "high": float(high),
        "rounds": len(times),
    }


def measure(lab, calls: dict, step: str) -> dict[str, dict]:
    """Every round begins with another one: who comes after whom may matter."""
    say(doing=step)
    for run in calls.values():
        for _ in range(WARM_UP):
            run()
    lab.synchronize()
    names = list(calls)
    found: dict[str, list[float]] = {name: [] for name in calls}
    begin, rounds = time.monotonic(), 0
    while rounds < MOST_ROUNDS and (
        rounds < FEWEST_ROUNDS or time.monotonic() - begin < SECONDS
    ):
        say(doing=step)
        spans = {}
        first = rounds % len(names)
        for name in names[first:] + names[:first]:
            lab.flush()
            spans[name] = span = lab.Span()
            span.begin()
            calls[name]()
            span.end()
        lab.synchronize()
        for name, span in spans.items():
            found[name].append(span.milliseconds())
        rounds += 1
    return {name: summary(times) for name, times in found.items()}


def broken(lab) -> str:
    """Why the context is of no use any more, or nothing."""
    try:
        lab.synchronize()
        lab.device.synchronize()
    except Exception as error:
        return reason(error)
    return ""


def die(why: str) -> None:
    print(why, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def time_row(lab, package: Package, row, peers: list[str], sensors: Sensors) -> dict:
    configuration = row.configuration
    result = {
        "name": configuration.name, "d": configuration.d,
        "mask": configuration.mask.kind, "length": row.length, "batch": row.batch,
        "heads": configuration.heads, "kernels": lab.kernels, "times": {},
        "wrong": "", "without": {},
    }
    say(doing="ours")
    calls = {"ours": lab.ours(row, package)}
    output = calls["ours"]()
    lab.device.synchronize()
    result["error"] = error_of(row, output)
    if not result["error"] <= TOLERANCE:
        result["wrong"] = f"error {result['error']:.2e}, allowed {TOLERANCE:.0e}"
    for peer in peers:
        say(doing=peer)
        try:
            call = lab.peer(peer, row)
            error = error_of(row, call())
            if not error <= TOLERANCE:
                raise RuntimeError(f"error {error:.2e}")
            for _ in range(WARM_UP):
                call()
            lab.synchronize()
            calls[peer] = call
        except Exception as error:  # a peer that is not there is no failure
            result["without"][peer] = reason(error)
            if why := broken(lab):
                die(why)
    begin = time.monotonic()
    result["times"] = measure(lab, calls, "all" if len(calls) > 1 else "ours")
    result |= sensors.since(begin)
    return result


def main() -> None:
    work = json.loads(sys.stdin.read())
    try:
        import torch

        if not torch.cuda.is_available():
            raise ImportError("PyTorch finds no GPU")
        from peers import Lab
    except ImportError:
        from alone import Lab
    lab = Lab(LIBRARY, work)
    say(versions=lab.versions)
    sensors = Sensors()
    if work["roof"]:
        say(doing="roof")
    if work["roof"] and (roof := lab.roof()):
        call, operations = roof
        begin = time.monotonic()
        times = measure(lab, {"roof": call}, "roof")["roof"]
        say(roof={
            "tflops": operations / times["median"] * 1e-9, **times,
            **sensors.since(begin),
        })
        del roof, call
    packages: dict[str, Package] = {}
    by_name = {x.name: x for x in cases.timed_configurations()}
    for name, length, batch in work["rows"]:
        say(doing="ours")
        if name not in packages:
            packages[name] = Package(lab.device, PACKAGES / f"{name}.so")
        row = lab.Row(by_name[name], length, batch)
        say(**time_row(lab, packages[name], row, work["peers"], sensors))
        del row
    sensors.close()


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # whose it is, the last step tells
        die(reason(error))
    sys.stdout.flush()
    os._exit(0)
