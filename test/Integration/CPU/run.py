"""Integration tests on CPU ranks: named tests (faults.py and steps.py, and around.py, cpus.py
and mistakes.py here), then random cases. See suite.py in Common, also for the options."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Common"))

import around  # noqa: E402, F401, registers its tests
import cpus  # noqa: E402, F401
import mistakes  # noqa: E402, F401
import steps  # noqa: E402, F401
from faults import TESTS  # noqa: E402
from properties import random_case  # noqa: E402
from suite import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main("cpu", TESTS, set(), random_case, seconds=200))
