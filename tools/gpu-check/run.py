"""Checks and times the packages of a bundle on this machine's GPU. Exits 0 where all
is well, 1 where something is wrong, 2 where there is nothing to check with.

  run                      everything
  run --parts=golden,cases,timing
  run --filter=WORD        only configurations whose name contains WORD
  run --seconds=N          for everything (default 560)
  run --jobs=N             processes that share the GPU for cases (default 4 to 12)
  run --out=DIR            where results.json and hopper.md go (default: results)
  run --timeout=N          seconds that work on the GPU may take (default 10; of
                           golden vectors at most 2)
  run --step=N             seconds that a step of a timing may take (default 45; one
                           that compiles: twice that)
  run --managed            arrays of cases in managed memory, which host code may touch:
                           for packages of which the host's code does
  run --ptx                the driver compiles the kernels' PTX, as it does where it is
                           too old for the cubins
  run --under=COMMAND      what every process is run by: --under=compute-sanitizer
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import resource
import shlex
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from pathlib import Path

import process
import report
from cases_part import START_SECONDS, CasesPart
from timing_part import TimingPart

HERE = Path(__file__).resolve().parent
BUNDLE = HERE.parent
# The oracle is what takes longest.
JOBS = max(4, min(12, (os.cpu_count() or 4) - 4))
# Shares of the time of the parts that are run.
SHARES = {"golden": 2.5, "cases": 9, "timing": 9}
# Seconds that a golden vector may take: it is over at once, or never.
GOLDEN_SECONDS = 2


class Missing(RuntimeError):
    """There is nothing to check with."""


class Run:
    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.end = time.monotonic() + options.seconds
        self.lock = threading.Lock()
        self.packages = BUNDLE / "packages"
        self.manifest = json.loads((BUNDLE / "manifest.json").read_text())
        self.results = {
            "date": datetime.date.today().isoformat(),
            "commit": self.manifest["commit"],
            "command": shlex.join(["run", *sys.argv[1:]]),
            "golden": [], "cases": [], "timing": [], "problems": [],
        }

    def say(self, text: str) -> None:
        with self.lock:
            print(text, flush=True)

    def problem(self, text: str) -> None:
        with self.lock:
            self.results["problems"].append(text)
            print(f"FAIL {text}", flush=True)

    # Processes ---------------------------------------------------------------

    def execute(self, program: str, work: dict, silence: float, until: float,
                first: float = 0):
        return process.execute(
            program, work, silence, until, first=first, packages=self.packages,
            under=self.options.under, say=self.say,
        )

    # Parts -------------------------------------------------------------------

    def find_card(self) -> None:
        for line in self.execute("worker.py", {"part": "card"}, 120, self.end):
            if "card" in line:
                self.results["device"] = line
            elif "error" in line:
                raise Missing(line["error"])
            elif line.get("end"):
                raise Missing(f"the GPU cannot be asked: {line['end']}")
        self.results["card"] = self.results["device"]["card"]
        try:
            asked = subprocess.run(
                ["nvidia-smi", "--query-gpu=driver_version,power.limit",
                 "--format=csv,noheader"],
                capture_output=True, text=True, timeout=30, check=True,
            )
            driver, power = asked.stdout.splitlines()[0].split(", ")
            self.results["card"] += f", driver {driver}, {power}"
        except (OSError, subprocess.SubprocessError, ValueError, IndexError):
            self.results["card"] += f", CUDA {self.results['device']['cuda']}"
        self.say(f"{self.results['card']}, commit {self.results['commit']}")
        self.choose_code()

    def choose_code(self) -> None:
        """Cubins are for drivers of the major version that ptxas has, or later ones; PTX
        is for older ones, down to that which knows its version."""
        made, has = self.manifest["cuda"], self.results["device"]["cuda"]
        old = int(has.split(".")[0]) < int(made.split(".")[0])
        self.results["code"] = "ptx" if old or self.options.ptx else "cubin"
        os.environ["RINGATTN_DEVICE_CODE"] = self.results["code"]
        if old:
            self.say(
                f"the driver is of CUDA {has}, the cubins are of CUDA {made}: the driver "
                "compiles the PTX instead"
            )

    def run_golden(self, until: float) -> None:
        first, timeout = 0, min(self.options.timeout, GOLDEN_SECONDS)
        count = self.manifest["golden"]
        while first < count and time.monotonic() < until:
            done, end = first, ""
            work = {"part": "golden", "first": first, "timeout": timeout}
            for line in self.execute(
                "worker.py", work, timeout + 5, until, START_SECONDS
            ):
                if "index" in line:
                    done = line["index"] + 1
                    self.results["golden"].append(line)
                    if line["wrong"]:
                        self.problem(f"golden: {line['name']}: {line['wrong']}")
                elif "error" in line:
                    return self.problem(f"golden: {line['error']}")
                elif "end" in line:
                    end = line["end"]
            if done == first and not end:
                end = "the process ended without a result"
            if end and done < count:
                self.problem(f"golden: vector {done}: {end}")
                self.results["golden"].append(
                    {"index": done, "name": str(done), "wrong": end}
                )
                done += 1
            first = done
            self.write()
        notes = {e["note"] for e in self.results["golden"] if e.get("note")}
        if notes:
            self.say(f"golden: outside of a tensor, NaN is {', '.join(sorted(notes))}")
        if len(self.results["golden"]) < count:
            self.problem("golden: not all vectors were run: no time was left")

    def record(self, name: str, case: str, entry: dict) -> None:
        entry = {**entry, "configuration": name, "case": case}
        with self.lock:
            self.results["cases"].append(entry)
        if entry["wrong"]:
            self.problem(f"{name}: {case}: {entry['wrong']}")

    def run_cases(self, until: float) -> None:
        chosen = {
            name: cases for name, cases in self.manifest["configurations"].items()
            if self.options.filter in name
        }
        done = 0

        def execute(work: dict, silence: float, until: float):
            return self.execute("worker.py", work, silence, until)

        def finished() -> None:
            nonlocal done
            with self.lock:
                done += 1
                count = done
            self.write()
            if count % 20 == 0 or count == len(chosen):
                self.say(f"{count} of {len(chosen)} packages")

        CasesPart(
            chosen, execute, self.record, finished, self.options.jobs,
            self.options.timeout, self.options.managed,
        ).run(until)

    def run_timing(self, until: float) -> None:
        rows = [
            row for row in self.manifest["timed"] if self.options.filter in row[0]
        ]

        def execute(work: dict, silence: float, first: float, until: float):
            work = {**work, "timeout": self.options.timeout}
            return self.execute("timing.py", work, silence, until, first)

        TimingPart(
            self.results, execute, self.problem, self.write, self.options.step
        ).run(rows, until)

    # All ---------------------------------------------------------------------

    def run(self) -> int:
        self.find_card()
        with tempfile.TemporaryDirectory(prefix="ringattn-gpu-") as folder:
            self.packages = BUNDLE / "packages"
            if not self.packages.exists():
                self.packages = unpack(folder)
            return self.run_parts()

    def run_parts(self) -> int:
        for failure in self.manifest["failures"]:
            self.problem(f"bundle: {failure}")
        parts = [part for part in SHARES if part in self.options.parts]
        for index, part in enumerate(parts):
            # What a part leaves is for those that follow.
            share = SHARES[part] / sum(SHARES[p] for p in parts[index:])
            now = time.monotonic()
            getattr(self, f"run_{part}")(now + share * (self.end - now))
            self.say(f"{part}: {time.monotonic() - now:.0f} s")
            self.write()
        if not any(self.results[part] for part in parts):
            self.problem("nothing was checked")
        self.write()
        if self.results["golden"] or self.results["cases"]:
            print()
            print("\n".join(report.check_table(self.results)))
        if self.results["timing"]:
            print()
            print("\n".join(report.timing_table(self.results["timing"])))
        problems = len(self.results["problems"])
        print(f"\n{problems} problems" if problems else "\nall is well")
        return 1 if problems else 0

    def write(self) -> None:
        """Never half of it: a run may be ended at any time."""
        out = self.options.out
        out.mkdir(parents=True, exist_ok=True)
        with self.lock:
            files = {"results.json": json.dumps(self.results, indent=1)}
            if self.results["timing"]:
                files["hopper.md"] = report.document(self.results)
            for name, text in files.items():
                (out / f"{name}.new").write_text(text)
                (out / f"{name}.new").replace(out / name)


def unpack(folder: str) -> Path:
    with tarfile.open(BUNDLE / "packages.tar.xz") as packed:
        if hasattr(tarfile, "data_filter"):
            packed.extractall(folder, filter="data")
        else:
            packed.extractall(folder)
    return Path(folder) / "packages"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", default=",".join(SHARES))
    parser.add_argument("--filter", default="")
    parser.add_argument("--seconds", type=float, default=560)
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--timeout", type=float, default=10)
    parser.add_argument("--step", type=float, default=45)
    parser.add_argument("--managed", action="store_true")
    parser.add_argument("--ptx", action="store_true")
    parser.add_argument("--under", type=shlex.split, default=[])
    parser.add_argument("--out", type=Path, default=BUNDLE / "results")
    options = parser.parse_args()
    options.parts = options.parts.split(",")
    for part in options.parts:
        if part not in SHARES:
            parser.error(f"unknown part '{part}', expected one of {', '.join(SHARES)}")
    # A process that a package breaks need not leave gigabytes.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        return Run(options).run()
    except Missing as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
