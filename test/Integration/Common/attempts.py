"""Tests that are functions: what a failure is, how one is run and counted."""

from __future__ import annotations

import threading
import traceback
from typing import Callable


class Failure(AssertionError):
    pass


class Attempts:
    def __init__(self, verbose: bool):
        self.verbose = verbose
        self.passed = self.failed = 0
        self.lock = threading.Lock()

    def attempt(self, function: Callable[[], object]) -> str | None:
        """Runs one test; returns why it failed."""
        try:
            function()
            why = None
        except Failure as failure:
            why = str(failure)
        except Exception:  # a test must not end the run
            why = traceback.format_exc()
        with self.lock:
            if why is None:
                self.passed += 1
            else:
                self.failed += 1
        return why

    def report(self, name: str, why: str | None) -> None:
        with self.lock:
            if why is not None:
                print(f"FAIL: {name}\n  " + why.replace("\n", "\n  "), flush=True)
            elif self.verbose:
                print(f"PASS: {name}", flush=True)

    def run(self, name: str, function: Callable[[], object]) -> None:
        self.report(name, self.attempt(function))
