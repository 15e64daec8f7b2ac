"""The part of a run that compares results: which cases in which process, and what is
done where one breaks it. A process takes configurations from a list until one fails;
what that leaves is for a new process."""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Iterator

from process import explain

# What a process needs besides its work: Python, the driver's context, the oracle.
START_SECONDS = 60
# A package of which so many cases broke their process is left alone.
MOST_BROKEN = 2
# Configurations that a process is given at a time.
MOST_AT_A_TIME = 8


class CasesPart:
    """`execute(work, silence, until)` yields the lines of worker.py; `record` takes the
    result of a case; `finished` is called after every configuration."""

    def __init__(
        self,
        cases: dict[str, list[str]],
        execute: Callable[..., Iterator[dict]],
        record: Callable[[str, str, dict], None],
        finished: Callable[[], None],
        jobs: int,
        timeout: float,
        managed: bool,
    ):
        self.cases, self.execute, self.record = cases, execute, record
        self.finished, self.jobs = finished, jobs
        self.timeout, self.managed = timeout, managed
        self.lock = threading.Lock()
        self.queue = deque(cases)

    def run(self, until: float) -> None:
        with ThreadPoolExecutor(self.jobs) as pool:
            list(pool.map(self.serve, [until] * self.jobs))

    def serve(self, until: float) -> None:
        while chunk := self.take():
            self.run_chunk(chunk, until)

    def take(self) -> list[str]:
        """The fewer there are left, the fewer at a time."""
        with self.lock:
            count = min(MOST_AT_A_TIME, -(-len(self.queue) // (2 * self.jobs)))
            return [self.queue.popleft() for _ in range(count)]

    def run_chunk(self, names: list[str], until: float) -> None:
        left = {name: list(range(len(self.cases[name]))) for name in names}
        broken = dict.fromkeys(names, 0)

        def end_with(name: str, why: str) -> None:
            for index in left.pop(name):
                self.record(name, self.cases[name][index], {"wrong": why})
            self.finished()

        while left:
            if time.monotonic() >= until:
                for name in list(left):
                    end_with(name, "no time was left")
                return
            work = {
                "part": "cases", "work": list(left.items()), "managed": self.managed,
                "timeout": self.timeout,
            }
            before, end = sum(map(len, left.values())), ""
            silence = START_SECONDS + self.timeout
            for line in self.execute(work, silence, until):
                if "index" in line:
                    name = line.pop("name")
                    left[name].remove(line["index"])
                    broken[name] += line.get("broken", False)
                    self.record(name, line["case"], line)
                elif "error" in line and "name" in line:
                    end_with(line["name"], line["error"])
                    continue
                elif "error" in line:
                    for name in list(left):
                        end_with(name, line["error"])
                elif "end" in line:
                    end = line["end"]
                for name in [name for name in left if not left[name]]:
                    end_with(name, "")
            if not left:
                return
            first = next(iter(left))
            if end or before == sum(map(len, left.values())):
                # Cases are done in order: it was the next.
                why = explain(end, self.managed) or "the process ended without a result"
                case = self.cases[first][left[first].pop(0)]
                self.record(first, case, {"wrong": why})
                broken[first] += end != "no time was left"
            for name in [name for name in left if broken[name] >= MOST_BROKEN]:
                end_with(name, f"not run: {broken[name]} cases before it broke")
