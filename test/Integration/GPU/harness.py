"""What the tests of tools/gpu-check are made of: a bundle, and ways to run it."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "Common"))

from attempts import Failure  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
CHECK = ROOT / "tools" / "gpu-check"
COMMON = ROOT / "test" / "Integration" / "Common"
TESTS = {}


def test(function):
    TESTS[function.__name__] = function
    return function


def expect(good: bool, what: str) -> None:
    if not good:
        raise Failure(what)


class Bench:
    """A bundle of a few packages that also run on the simulator."""

    def __init__(self, build: Path, scratch: Path):
        self.build, self.scratch = build, scratch
        self.fake = build / "lib" / "libringattn-fake-cuda.so"
        self.library = build / "lib" / "libringattn-gpu-check.so"
        self.bundle = scratch / "bundle"
        done = self.make_bundle("--few", "--with-sim", f"--out={self.bundle}")
        expect(done.returncode == 0, done.stdout + done.stderr)

    def make_bundle(self, *options: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, str(CHECK / "make_bundle.py"), *options],
            capture_output=True, text=True, timeout=7200, check=False,
        )

    def folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.scratch))

    def copy(self) -> Path:
        bundle = self.folder() / "bundle"
        shutil.copytree(
            self.bundle, bundle, ignore=shutil.ignore_patterns("packages", "tmp*")
        )
        return bundle

    def environment(self, fake: str | None) -> dict[str, str]:
        environment = {
            **os.environ, "PYTHON": sys.executable, "RINGATTN_FAKE_CUDA": fake or "",
            "PYTHONPATH": str(HERE / "Inputs"),
            "RINGATTN_CUDA_DRIVER": str(self.fake),
        }
        environment.pop("RINGATTN_GPU_CHECK", None)
        return environment

    def run(self, *options: str, fake: str = "", bundle: Path | None = None, **more):
        """The exit status, what was printed, and the results, if any."""
        out = self.folder()
        done = subprocess.run(
            [str((bundle or self.bundle) / "run"), f"--out={out}", "--jobs=2",
             *options],
            env={**self.environment(fake), **more},
            capture_output=True, text=True, timeout=900, check=False,
        )
        results = out / "results.json"
        found = json.loads(results.read_text()) if results.exists() else {}
        found["folder"] = out
        return done.returncode, done.stdout + done.stderr, found

    def expect_run(self, status: int, parts: list[str], *options: str, **more):
        got, text, results = self.run(*options, **more)
        expect(got == status, f"exit {got}, expected {status}:\n{text}")
        for part in parts:
            expect(part in text, f"no '{part}' in:\n{text}")
        return text, results

    def compile_c(self, *flags: str) -> Path:
        package = self.folder() / "package.so"
        subprocess.run(
            ["cc", "-shared", "-fPIC", f"-I{ROOT / 'runtime' / 'include'}",
             "-DKERNELS=1", '-DKERNEL="kernel"', *flags, str(HERE / "Inputs" / "package.c"),
             "-o", str(package)],
            check=True, capture_output=True, text=True,
        )
        return package

    def call(self, package: Path, fake: str = "", entry: str = "main") -> str:
        """Calls the package in a process of its own; what it says."""
        program = (
            "import sys; sys.path[:0] = sys.argv[1:3]\n"
            "from pathlib import Path\n"
            "from device import *\n"
            "try:\n"
            "    device = Device(Path(sys.argv[3]), timeout=1)\n"
            "    package = Package(device, Path(sys.argv[4]))\n"
            "    array = Array(device, 4096)\n"
            "    package.call(1, [array.address], [0])\n"
            "    device.synchronize()\n"
            "    print('done')\n"
            "except DeviceError as error:\n"
            "    print(error)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, str(CHECK),
             str(COMMON), str(self.library), str(package)],
            env=self.environment(fake), capture_output=True, text=True, timeout=60,
            check=False,
        )
        return (done.stdout + done.stderr).strip()


def has_gpu() -> str:
    """Empty where there is one that the kernels are for, else why not."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "no CUDA driver"
    count, major, device = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return "no GPU"
    if not count.value:
        return "no GPU"
    driver.cuDeviceGet(ctypes.byref(device), 0)
    driver.cuDeviceGetAttribute(ctypes.byref(major), 75, device)
    return "" if major.value == 9 else f"compute capability {major.value}, not 9.0"


def has_assembler() -> bool:
    return bool(shutil.which("ptxas")) or Path("/usr/local/cuda/bin/ptxas").exists()
