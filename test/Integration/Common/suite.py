"""Runs the tests of one device: named ones, then random cases until the time is up.

  run.py --bin=build/bin                       everything
  run.py --bin=build/bin --list                names of the named tests
  run.py --bin=build/bin --filter=zigzag       named tests with that in their name
  run.py --bin=build/bin --filter=random       random cases only
  run.py --bin=build/bin --case='{"sq": 7}'    one case, as a failure prints it
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable

from attempts import Attempts, Failure
from program import Case, Tools, judge
from properties import Draw, cases, shrink

# After so many failures the rest would only repeat them.
MOST_RANDOM_FAILURES = 5


Tests = dict[str, Callable[[Tools], None]]


class Suite(Attempts):
    def __init__(self, tools: Tools, tests: Tests, verbose: bool):
        super().__init__(verbose)
        self.tools, self.tests = tools, tests
        self.durations: list[tuple[float, str]] = []

    def timed(self, name: str, function: Callable[[], object]) -> str | None:
        start = time.monotonic()
        why = self.attempt(function)
        with self.lock:
            self.durations.append((time.monotonic() - start, name))
        return why

    def named(self, name: str) -> None:
        self.report(name, self.timed(name, lambda: self.tests[name](self.tools)))

    def random(self, named_case: tuple[str, Case]) -> None:
        name, case = named_case
        why = self.timed(name, lambda: judge(self.tools, case))
        if why is not None:
            case, why = shrink(self.tools, case, why, seconds=20)
            program = Path(sys.argv[0]).resolve()
            why += (
                f"\nagain: {sys.executable} {program} --bin={self.tools.binaries} "
                f"--case='{case.to_json()}'"
            )
        self.report(name, why)


def show_case(tools: Tools, case: Case) -> int:
    print(case.program())
    try:
        judge(tools, case)
    except Failure as failure:
        print(f"FAIL: {failure}")
        return 1
    print("pass")
    return 0


def main(
    device: str, tests: Tests, slow: set[str], random_case: Draw, seconds: float
) -> int:
    """`slow`: the tests that run only where they are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bin", type=Path, required=True, help="folder of the tools")
    parser.add_argument(
        "--seconds", type=float, default=seconds, help="for random cases"
    )
    parser.add_argument("--full", action="store_true", help="also the slow named tests")
    parser.add_argument("--seed", type=int, default=0, help="of the random cases")
    parser.add_argument("--jobs", type=int, default=2, help="tests at a time")
    parser.add_argument("--filter", default="", help="only names that contain this")
    parser.add_argument("--results", type=Path, help="JSON file of the counts")
    parser.add_argument("--verbose", action="store_true", help="also print what passes")
    parser.add_argument("--case", help="one case as JSON")
    parser.add_argument("--list", action="store_true", help="print the names")
    arguments = parser.parse_args()
    names = [
        name
        for name in tests
        if arguments.filter in name and (arguments.full or name not in slow)
    ]
    if arguments.list:
        print("\n".join(names))
        return 0

    with tempfile.TemporaryDirectory(prefix="ringattn-test-") as scratch:
        tools = Tools(arguments.bin.resolve(), Path(scratch), device)
        if arguments.case:
            return show_case(tools, Case.from_json(arguments.case))
        suite = Suite(tools, tests, arguments.verbose)
        start = time.monotonic()
        with ThreadPoolExecutor(arguments.jobs) as pool:
            for _ in pool.map(suite.named, names):
                pass
        print(
            f"named tests: {suite.passed} passed, {suite.failed} failed "
            f"in {time.monotonic() - start:.0f} s"
        )

        before = suite.passed, suite.failed
        if arguments.filter in f"random_{arguments.seed}_":
            deadline = time.monotonic() + arguments.seconds
            stream = cases(arguments.seed, random_case)

            def work() -> None:
                while time.monotonic() < deadline:
                    if suite.failed - before[1] >= MOST_RANDOM_FAILURES:
                        return
                    with suite.lock:
                        named_case = next(stream)
                    suite.random(named_case)

            with ThreadPoolExecutor(arguments.jobs) as pool:
                for future in [pool.submit(work) for _ in range(arguments.jobs)]:
                    future.result()
            print(
                f"random cases (seed {arguments.seed}): "
                f"{suite.passed - before[0]} passed, {suite.failed - before[1]} failed"
            )

        slowest = itertools.islice(sorted(suite.durations, reverse=True), 5)
        print("slowest: " + ", ".join(f"{name} {t:.1f} s" for t, name in slowest))
        if arguments.results:
            arguments.results.write_text(
                json.dumps({"passed": suite.passed, "failed": suite.failed})
            )
        return 1 if suite.failed else 0
