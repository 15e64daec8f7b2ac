"""One process of the checks: its work as JSON on the standard input, a line of JSON
for every piece of it on the standard output, as soon as it is done. A GPU that
hangs or fails takes only its process with it.

  {"part": "golden", "first": 0}
  {"part": "cases", "work": [[NAME, [0, 2]], ...], "managed": false}
  {"part": "card"}
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np

import cases
import oracle
from device import PTX, Device, DeviceError, Package

BUNDLE = Path(__file__).resolve().parent.parent
LIBRARY = Path(
    os.environ.get("RINGATTN_GPU_CHECK", BUNDLE / "lib" / "libringattn-gpu-check.so")
)
PACKAGES = Path(os.environ.get("RINGATTN_PACKAGES", BUNDLE / "packages"))
# Results of the same call must be the same bits.
REPEATS = 3


def say(**fields) -> None:
    print(json.dumps(fields), flush=True)


def card() -> None:
    say(**Device(LIBRARY).describe())


def golden(first: int, timeout: float) -> None:
    device = Device(LIBRARY, timeout=timeout)
    library = device.library
    image = (BUNDLE / ("golden.ptx" if PTX else "golden.cubin")).read_bytes()
    for index in range(first, library.gc_golden_count()):
        try:
            wrong = device.check(
                library.gc_golden_run(device.handle, image, index)
            ).decode()
        except DeviceError as error:
            # The context is of no use any more.
            say(index=index, name=library.gc_golden_name(index).decode(),
                wrong=str(error), broken=True)
            return
        say(index=index, name=library.gc_golden_name(index).decode(), wrong=wrong,
            note=library.gc_golden_note(device.handle).decode())


def judge(
    configuration: cases.Configuration,
    case: cases.Case,
    runs: list[list[np.ndarray]],
    inputs: list[np.ndarray],
    expected: list[np.ndarray] | None,
) -> dict:
    """Shares of the bounds, and what is wrong."""
    answer = oracle.attention(
        *inputs, configuration.mask, configuration.factor
    ) if case.sk else empty_answer(configuration, case)
    wrong = []
    output, lse = configuration.bounds(answer)
    shares = {"oracle": cases.share_of_bound(runs[0][0], answer.output, output)}
    if configuration.lse:
        shares["lse"] = cases.share_of_bound(runs[0][1], answer.lse, lse)
    if expected is not None:
        output, lse = configuration.device_bounds(answer)
        rows = configuration.sampled(case)
        got = runs[0][0].reshape(-1, configuration.dv)[rows]
        shares["simulator"] = cases.share_of_bound(
            got, expected[0], output.reshape(-1)[rows]
        )
        if configuration.lse:
            share = cases.share_of_bound(
                runs[0][1].reshape(-1)[rows], expected[1], lse.reshape(-1)[rows]
            )
            shares["simulator's lse"] = share
    for name, share in shares.items():
        if not share <= 1:
            wrong.append(f"{name}: {share:.3g} of the bound")
    for index, run in enumerate(runs[1:]):
        if any(a.tobytes() != b.tobytes() for a, b in zip(runs[0], run)):
            wrong.append(f"run {index + 2} gives other bits than run 1")
            break
    return {"shares": shares, "wrong": "; ".join(wrong)}


def empty_answer(
    configuration: cases.Configuration, case: cases.Case
) -> oracle.Answer:
    """Without keys."""
    rows = (case.batch, configuration.heads, case.sq)
    return oracle.Answer(
        np.zeros((*rows, configuration.dv)), np.full(rows, -np.inf), np.zeros(rows),
        np.zeros(rows), np.zeros(case.sq, np.int64),
    )


def check(work: list, managed: bool, timeout: float) -> None:
    """Until one breaks the process."""
    known = {c.name: (c, k) for c, k in cases.configurations()}
    manifest = json.loads((BUNDLE / "manifest.json").read_text())
    expected = np.load(BUNDLE / "simulated.npz")
    device = Device(LIBRARY, managed=managed, timeout=timeout)
    for name, indices in work:
        configuration, all_cases = known[name]
        names = manifest["configurations"][name]
        chosen = [case for case in all_cases if case.name in names]
        try:
            package = Package(device, PACKAGES / f"{name}.so")
        except DeviceError as error:
            say(name=name, error=str(error))
            continue
        for index in indices:
            case = chosen[index]
            inputs = configuration.inputs(case)
            key = f"{name} {case.name}"
            simulated = None
            if f"{key} 0" in expected:
                simulated = [expected[f"{key} 0"].astype(np.float32)]
                if configuration.lse:
                    simulated.append(expected[f"{key} 1"])
            result = {"name": name, "index": index, "case": case.name}
            try:
                runs, changed = package.run(configuration, case, inputs, REPEATS)
            except DeviceError as error:
                say(**result, wrong=str(error), broken=True)
                return
            judged = judge(configuration, case, runs, inputs, simulated)
            if changed:
                complaint = f"{changed} inputs were written to"
                judged["wrong"] = "; ".join(filter(None, [judged["wrong"], complaint]))
            say(**result, **judged)
        package.unload()


def main() -> int:
    work = json.loads(sys.stdin.read())
    part, timeout = work["part"], work.get("timeout", 20)
    try:
        if part == "card":
            card()
        elif part == "golden":
            golden(work["first"], timeout)
        else:
            check(work["work"], work["managed"], timeout)
    except DeviceError as error:
        say(error=str(error))
        sys.stdout.flush()
        os._exit(1)
    sys.stdout.flush()
    # A context that hangs or has failed need not be torn down.
    os._exit(0)


if __name__ == "__main__":
    main()
