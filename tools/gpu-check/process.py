"""One process of the checks, as the one that starts it sees it."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Callable, Iterator

HERE = Path(__file__).resolve().parent
# How much slower processes may be --under something.
SLOWER = 10


def execute(
    program: str,
    work: dict,
    silence: float,
    until: float,
    *,
    first: float = 0,
    packages: Path,
    under: list[str],
    say: Callable[[str], None],
) -> Iterator[dict]:
    """Yields the objects that a process prints, one a line, then {"end": ""}, or why it
    ended otherwise. It is killed when it says nothing for `silence` seconds (`first`
    before its first line, where that is longer), or at `until`."""
    slower = SLOWER if under else 1
    process = subprocess.Popen(
        [*under, sys.executable, str(HERE / program)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
        env={
            **os.environ, "RINGATTN_PACKAGES": str(packages),
            "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2",
            # Processes of their own would outlive one that is killed.
            "TORCHINDUCTOR_COMPILE_THREADS": "1",
            # A home that cannot be written to must not cost a peer.
            "TRITON_CACHE_DIR": str(packages.parent / "triton"),
            "TORCHINDUCTOR_CACHE_DIR": str(packages.parent / "inductor"),
        },
    )
    lines: queue.Queue = queue.Queue()
    errors: list[str] = []

    def read() -> None:
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    threading.Thread(target=lambda: errors.extend(process.stderr), daemon=True).start()
    why = ""
    try:
        process.stdin.write(json.dumps(work))
        process.stdin.close()
    except BrokenPipeError:
        pass
    patience = max(silence, first)
    while True:
        allowed = patience * slower
        try:
            line = lines.get(timeout=max(0.0, min(allowed, until - time.monotonic())))
        except queue.Empty:
            late = time.monotonic() >= until
            why = "no time was left" if late else f"no answer after {allowed:g} s"
            break
        if line is None:
            break
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if isinstance(value, dict):
            patience = silence
            yield value
        elif under:  # what the tool, or a library, prints
            say(line.rstrip())
    if why:
        kill(process)
    else:
        try:
            code = process.wait(30)
        except subprocess.TimeoutExpired:
            kill(process)
            code = 0
        if code < 0:
            why = f"killed by {signal.Signals(-code).name}"
        elif code > 0:
            last = [e.strip() for e in errors if e.strip()]
            why = last[-1] if last else f"exit {code}"
    yield {"end": why}


def explain(end: str, managed: bool = False) -> str:
    """How a process ended that called a package."""
    if end == "killed by SIGSEGV" and not managed:
        return f"{end}: host code of the package touched device memory"
    return end


def kill(process: subprocess.Popen) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
