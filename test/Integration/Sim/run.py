"""Integration tests on ranks with a simulated GPU: the named tests of Common that
concern kernels, those here (agreement.py, around.py, broken.py), then random cases (shapes.py).
See suite.py in Common, also for the options."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Common"))

import steps  # noqa: E402, F401, registers its tests
from faults import TESTS  # noqa: E402

NAMES_IN_COMMON = list(TESTS)

import agreement  # noqa: E402, registers its tests
import around  # noqa: E402, F401
import broken  # noqa: E402
from shapes import random_case  # noqa: E402
from suite import main  # noqa: E402

# What the runtime does the same way on every device.
NOT_OF_KERNELS = {
    "causal_work_is_balanced",
    "fault_20_no_redundant_exchange",
    "memory_per_rank_does_not_grow_with_the_ring",
    "small_module_compiles_and_runs",
    "trace_is_json_with_a_process_per_rank",
    "window_exchanges_only_what_it_reaches",
}
SHARED = [name for name in NAMES_IN_COMMON if name not in NOT_OF_KERNELS]
# One test in so many of those that exist on CPUs too is in every run.
EVERY = 5

if __name__ == "__main__":
    tests = {name: TESTS[name] for name in TESTS if name not in NOT_OF_KERNELS}
    slow = (set(SHARED) - set(SHARED[::EVERY])) | agreement.SLOW | broken.SLOW
    sys.exit(main("sim", tests, slow, random_case, seconds=60))
