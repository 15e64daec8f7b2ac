"""Makes a bundle; tools/gpu-check/bundle calls it."""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tools" / "gpu-check"
COMMON = ROOT / "test" / "Integration" / "Common"
sys.path.insert(0, str(COMMON))

import cases  # noqa: E402
from cases import Case, Configuration  # noqa: E402

LARGEST = 64 * 2**20
# Every x86-64 machine that has such a GPU runs it, whatever made the bundle.
PORTABLE_CPU = "x86-64-v3"
SHIPPED = ("alone.py", "cases.py", "cases_part.py", "device.py", "peers.py",
           "process.py", "report.py", "run.py", "sensors.py", "timing.py",
           "timing_part.py", "worker.py")
SOURCES = ("tools/gpu-check/*.cpp", "tools/gpu-check/*.h", "runtime/include/ringrt/*.h",
           "runtime/test/SimGolden.h", "runtime/test/SimInstructions.h")
# Needs the toolkit's header.
NOT_SHIPPED = "CudaHeaderTest.cpp"


class Failed(RuntimeError):
    pass


class Maker:
    def __init__(self, options: argparse.Namespace, scratch: Path):
        self.options, self.scratch = options, scratch
        self.bin, self.lib = ROOT / "build" / "bin", ROOT / "build" / "lib"
        self.failures: list[str] = []
        self.simulated: dict[str, np.ndarray] = {}
        self.done = 0

    @staticmethod
    def execute(command: list, seconds: float = 600) -> None:
        try:
            done = subprocess.run(
                [str(c) for c in command], capture_output=True, text=True,
                timeout=seconds, stdin=subprocess.DEVNULL, check=False,
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"no end after {seconds:g} s") from None
        if done.returncode < 0:
            name = signal.Signals(-done.returncode).name
            raise Failed(f"{Path(command[0]).name} was killed by {name}")
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines()
            raise Failed(lines[0] if lines else f"exit {done.returncode}")

    def compile(self, configuration: Configuration, to: Path, *options: str) -> None:
        source = self.scratch / f"{configuration.name}.mlir"
        source.write_text(configuration.program())
        compiler = self.bin / "ringattn-compile"
        self.execute([compiler, source, "-o", to, "--target=sm_90a", *options])

    def simulate(self, configuration: Configuration, package: Path, case: Case) -> None:
        with tempfile.TemporaryDirectory(dir=self.scratch) as name:
            folder = Path(name)
            command = [
                self.bin / "ringattn-run", package, "--device=sim",
                f"--ranks={case.ranks}", "--timeout=600",
            ]
            for index, array in enumerate(configuration.inputs(case)):
                np.save(folder / f"in{index}.npy", array.astype(np.float32))
                command.append(f"--input={folder / f'in{index}.npy'}")
            results = 2 if configuration.lse else 1
            for index in range(results):
                command.append(f"--output={folder / f'out{index}.npy'}")
            self.execute(command)
            rows = configuration.sampled(case)
            key = f"{configuration.name} {case.name}"
            output = np.load(folder / "out0.npy").reshape(-1, configuration.dv)[rows]
            if configuration.dtype == "f16":
                output = output.astype(np.float16)
            self.simulated[f"{key} 0"] = output
            if configuration.lse:
                lse = np.load(folder / "out1.npy").reshape(-1)[rows]
                self.simulated[f"{key} 1"] = lse

    def make(self, work: tuple[Configuration, list[Case]]) -> None:
        """A package, and what the simulator says of its cases."""
        configuration, chosen = work
        name = configuration.name
        package = self.options.out / "packages" / f"{name}.so"
        try:
            if self.options.with_sim:
                self.compile(configuration, package, "--with-sim")
            else:
                self.compile(configuration, package, f"--target-cpu={PORTABLE_CPU}")
        except Failed as why:
            self.failures.append(f"{name} is not compiled: {why}")
            return
        small = [case for case in chosen if case.simulated]
        if small:
            simulated = package
            try:
                if not self.options.with_sim:
                    simulated = self.scratch / f"{name}.so"
                    self.compile(configuration, simulated, "--with-sim")
                for case in small:
                    self.simulate(configuration, simulated, case)
            except Failed as why:
                self.failures.append(f"{name} on the simulator: {why}")
            if simulated != package:
                simulated.unlink(missing_ok=True)
        self.done += 1
        if self.done % 20 == 0:
            print(f"{self.done} packages", flush=True)


def make_golden(maker: Maker) -> tuple[int, str]:
    """Of golden vectors; the CUDA of ptxas, which drivers must not be older than."""
    library = ctypes.CDLL(str(maker.lib / "libringattn-gpu-check.so"))
    library.gc_golden_kernels.restype = ctypes.c_char_p
    ptx = maker.options.out / "golden.ptx"
    ptx.write_bytes(library.gc_golden_kernels())
    assembler = os.environ.get("RINGATTN_PTXAS") or shutil.which("ptxas")
    assembler = assembler or "/usr/local/cuda/bin/ptxas"
    try:
        maker.execute(
            [assembler, "-arch=sm_90a", "-O3", ptx, "-o",
             maker.options.out / "golden.cubin"]
        )
    except (Failed, OSError) as why:
        raise SystemExit(f"error: bundle: golden vectors: {why}") from None
    said = subprocess.run(
        [assembler, "--version"], capture_output=True, text=True, check=False
    ).stdout
    version = re.search(r"release (\d+\.\d+)", said)
    if not version:
        raise SystemExit(f"error: bundle: '{assembler} --version' names no release")
    return library.gc_golden_count(), version[1]


def commit() -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True,
            check=True,
        ).stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + (
            " with changes" if git("status", "--porcelain") else ""
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def copy_files(out: Path, library: Path) -> None:
    (out / "lib").mkdir()
    (out / "python").mkdir()
    shutil.copy(library, out / "lib")
    for name in SHIPPED:
        shutil.copy(HERE / name, out / "python")
    for name in ("oracle.py", "placement.py"):
        shutil.copy(COMMON / name, out / "python")
    for pattern in SOURCES:
        for source in ROOT.glob(pattern):
            if source.name != NOT_SHIPPED:
                target = out / "source" / source.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
    shutil.copy(HERE / "run.sh", out / "run")


def pack(out: Path) -> None:
    """All packages in one archive: they have much in common."""
    packages = sorted((out / "packages").iterdir())
    with tarfile.open(out / "packages.tar.xz", "w:xz", preset=6) as archive:
        for package in packages:
            archive.add(package, f"packages/{package.name}")
    shutil.rmtree(out / "packages")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "gpu-bundle")
    parser.add_argument("--few", action="store_true")
    parser.add_argument("--filter", default="")
    parser.add_argument("--with-sim", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    out = options.out = options.out.resolve()
    if out.exists():
        if not (out / "manifest.json").exists() and any(out.iterdir()):
            raise SystemExit(f"error: bundle: '{out}' is not empty, and no bundle")
        shutil.rmtree(out)
    (out / "packages").mkdir(parents=True)

    everything = cases.few_configurations() if options.few else cases.configurations()
    work = [(c, k) for c, k in everything if options.filter in c.name]
    timed = [c for c in cases.timed_configurations() if options.filter in c.name]
    if options.few:
        timed = timed[:1]
    if not work and not timed:
        raise SystemExit(f"error: bundle: no configuration is called '{options.filter}'")
    with tempfile.TemporaryDirectory() as scratch:
        maker = Maker(options, Path(scratch))
        golden, cuda = make_golden(maker)
        with ThreadPoolExecutor(options.jobs) as pool:
            list(pool.map(maker.make, work + [(c, []) for c in timed]))
    copy_files(out, maker.lib / "libringattn-gpu-check.so")
    np.savez_compressed(out / "simulated.npz", **maker.simulated)
    compiled = {p.stem for p in (out / "packages").iterdir()}
    manifest = {
        "commit": commit(),
        "cuda": cuda,
        "golden": golden,
        "configurations": {
            c.name: [case.name for case in k] for c, k in work if c.name in compiled
        },
        # The longest first: they are worth most where time runs out.
        "timed": [
            [c.name, length, max(1, cases.TIMED_TOKENS // length)]
            for length in ((130,) if options.few else reversed(cases.TIMED_LENGTHS))
            for c in timed
            if c.name in compiled
        ],
        "failures": sorted(maker.failures),
    }
    if options.few:
        for row in manifest["timed"]:
            row[2] = 1
    pack(out)
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1))
    size = sum(f.stat().st_size for f in out.rglob("*") if f.is_file())
    for failure in manifest["failures"]:
        print(f"FAIL {failure}")
    print(
        f"{out}: {len(compiled)} packages, "
        f"{sum(map(len, manifest['configurations'].values()))} cases, "
        f"{golden} golden vectors, {size / 2**20:.1f} MiB"
    )
    if size > LARGEST:
        raise SystemExit(f"error: bundle: larger than {LARGEST / 2**20:.0f} MiB")
    return 1 if manifest["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
