"""Tests of tools/gpu-check, and of kernels on a GPU where there is one.

Without a GPU the checks run on a CUDA driver whose GPU is the simulator
(FakeCuda.cpp): what they pass to the driver, what they do where it fails, and what
they say. With one, the same bundle is checked on it too.

  run.py --bin=build/bin [--filter=WORD] [--full] [--results=FILE] [--verbose]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import decisions  # noqa: F401, its tests
from harness import (
    CHECK,
    TESTS,
    Bench,
    expect,
    has_assembler,
    has_gpu,
    test,
)

from attempts import Attempts  # noqa: E402, harness knows where

# A bundle must be small enough to be sent along.
LARGEST = 64 * 2**20

# The whole ------------------------------------------------------------------------


@test
def all_is_well(bench: Bench) -> None:
    text, results = bench.expect_run(
        0, ["| golden vectors | 88 | 0 |", "all is well"], "--parts=golden,cases"
    )
    manifest = json.loads((bench.bundle / "manifest.json").read_text())
    wanted = sum(map(len, manifest["configurations"].values()))
    expect(len(results["cases"]) == wanted, f"{len(results['cases'])} cases")
    # The GPU is the simulator: not a bit may differ from it.
    for entry in results["cases"]:
        shares = entry["shares"]
        expect(shares["simulator"] == 0, f"{entry}")
        expect(0 <= shares["oracle"] <= 1, f"{entry}")
    # Which NaN fills what is outside of a tensor is recorded, not demanded.
    notes = {e["note"] for e in results["golden"] if "NaN" in e["name"]}
    expect("0x7fff" in notes and "0x7fffffff" in notes, f"{notes}")
    expect(any(" P3 " in e["case"] for e in results["cases"]), "no ring was run")


@test
def small_enough(bench: Bench) -> None:
    size = sum(f.stat().st_size for f in bench.bundle.rglob("*") if f.is_file())
    expect(size < LARGEST / 8, f"{size} bytes for a few packages")


@test
def times(bench: Bench) -> None:
    tools = bench.folder()
    sensors = tools / "nvidia-smi"
    sensors.write_text(
        "#!/bin/sh\ncase $* in\n*driver_version*) echo '580.1, 700.00 W';;\n"
        "*) while sleep 0.1 && echo '1980, 650.5'; do :; done;;\nesac\n"
    )
    sensors.chmod(0o755)
    _, results = bench.expect_run(
        0,
        ["driver 580.1, 700.00 W", "| 64 | full | 130 |", "| 100% | 100% |",
         "all is well"],
        "--parts=timing", RINGATTN_FAKE_TORCH="flex=run",
        PATH=f"{tools}:{os.environ['PATH']}",
    )
    (row,) = results["timing"]
    expect(row["times"]["ours"]["median"] > 0 and row["error"] < 1e-2, f"{row}")
    expect(row["times"]["ours"]["rounds"] >= 10, f"{row}")
    expect((row["sm_mhz"], row["watts"]) == (1980, 650.5), f"{row}")
    expect(set(row["times"]) == {"ours", "cuDNN"}, f"{row}")
    expect(set(row["compiled"]) == {"ours", "Triton (flex)"}, f"{row}")
    expect(
        row["without"] == {"FlashAttention-2": "no available kernel"}, f"{row}"
    )
    expect(results["roof"]["tflops"] > 0, f"{results['roof']}")
    document = (results["folder"] / "hopper.md").read_text()
    for part in ("Simulated GPU", "commit", "SM clock while measuring 1980 MHz",
                 "| 64 | full | 130 |", "Without"):
        expect(part in document, document)


@test
def what_is_published(bench: Bench) -> None:
    """Only what is well, of a commit as it is, unless it is forced."""
    _, results = bench.expect_run(0, ["all is well"], "--parts=golden,timing")
    folder = results.pop("folder")
    source, target = folder / "results.json", folder / "published.md"

    def publish(changes: dict, *options: str) -> str:
        source.write_text(json.dumps({**results, "commit": "0123abc", **changes}))
        target.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, str(CHECK / "publish.py"), str(source),
             f"--to={target}", *options],
            capture_output=True, text=True, check=False,
        )
        expect((done.returncode == 0) == target.exists(), done.stderr)
        return done.stderr

    expect(publish({}) == "", "a good run is refused")
    document = target.read_text()
    for part in ("commit 0123abc", "| 64 | full | 130 |", "| golden vectors | 88 | 0 |"):
        expect(part in document, document)
    wrong = {"problems": ["timing: too slow"]}
    for changes, why in (
        (wrong, "has 1 problems, the first: timing: too slow"),
        ({"commit": "0123abc with changes"}, "is of commit 0123abc with changes, exp"),
        ({"commit": "unknown"}, "is of commit unknown, expected"),
        ({"timing": []}, "has no timings"),
    ):
        said = publish(changes)
        expect(said.startswith("error: ") and why in said, f"{changes}: {said}")
    expect(publish(wrong, "--force") == "", "--force")
    expect("1 problems; the first: timing: too slow" in target.read_text(), "hidden")
    expect(publish({"timing": []}, "--force") != "", "nothing is published")


@test
def wrong_results_are_found(bench: Bench) -> None:
    text, results = bench.expect_run(
        1,
        ["FAIL golden: elect.sync: warp ", "FAIL golden: wgmma: n = 8: warp ", ", lane ", ", register ", "expected ",
         "FAIL golden: tensor load: ", "FAIL golden: tensor store: ",
         " of the bound", " inputs were written to", "problems"],
        "--parts=golden,cases", fake="spoil",
    )
    wrong = [entry for entry in results["golden"] if entry["wrong"]]
    expect(len(wrong) == 88, f"{len(wrong)} of 88 golden vectors are wrong")
    expect(all(e["wrong"] for e in results["cases"]), "a wrong result is taken")


@test
def peers_that_break(bench: Bench) -> None:
    """They cost their own columns, and nothing is wrong."""
    for fate, peer, why in (
        ("flex=fail", "Triton (flex)", "the stand-in compiles nothing"),
        ("flex=die", "Triton (flex)", "killed by SIGABRT"),
        ("flex=hang", "Triton (flex)", "no answer after 12 s"),
        ("cudnn=die,flex=run", "cuDNN", "killed by SIGABRT"),
        ("cudnn=hang,flex=run", "cuDNN", "no answer after 6 s"),
    ):
        text, results = bench.expect_run(
            0, ["| 64 | full | 130 |", "all is well"], "--parts=timing", "--step=6",
            RINGATTN_FAKE_TORCH=fate,
        )
        (row,) = results["timing"]
        expect(row["without"].get(peer) == why, f"{fate}: {row}")
        expect("ours" in row["times"], f"{fate}: {row}")
        other = row["compiled"] if peer == "cuDNN" else row["times"]
        expect(len(other) == 2, f"{fate}: {row}")


@test
def times_without_peers(bench: Bench) -> None:
    folder = bench.folder()
    (folder / "torch.py").write_text("raise ImportError('hidden')\n")
    _, results = bench.expect_run(
        0, ["| 64 | full | 130 |", "all is well"], "--parts=timing",
        PYTHONPATH=str(folder),
    )
    (row,) = results["timing"]
    expect(set(row["times"]) == {"ours"} and row["kernels"], f"{row}")
    expect(row["error"] < 1e-2, f"{row}")
    document = (results["folder"] / "hopper.md").read_text()
    expect("There was no PyTorch" in document, document)


@test
def wrong_timed_results_are_found(bench: Bench) -> None:
    bench.expect_run(
        1, ["timing: d64x64-bf16-timed-full-h32x32, length 130: ", "CUDA_ERROR_LAUNCH_FAILED"],
        "--parts=timing", fake="fail=cuStreamQuery:719",
    )


# What may be missing ----------------------------------------------------------------


@test
def no_driver(bench: Bench) -> None:
    bench.expect_run(
        2, ["error: there is no CUDA driver: "],
        RINGATTN_CUDA_DRIVER="/nonexistent/libcuda.so",
    )


@test
def old_driver(bench: Bench) -> None:
    text, _ = bench.expect_run(
        2, ["error: the CUDA driver 'libc.so.6' has no cuInit, expected a driver of"],
        RINGATTN_CUDA_DRIVER="libc.so.6",
    )


@test
def driver_older_than_the_cubins(bench: Bench) -> None:
    """The driver compiles the PTX."""
    log = bench.folder() / "log"
    manifest = json.loads((bench.bundle / "manifest.json").read_text())
    if int(manifest["cuda"].split(".")[0]) < 13:
        return
    text, results = bench.expect_run(
        0, ["all is well"], "--parts=golden,cases", "--filter=plain",
        fake=f"cuda=12090,log={log}",
    )
    expect("the driver is of CUDA 12.9, the cubins are of CUDA 13." in text, text)
    expect(results["code"] == "ptx", results["code"])
    loads = [json.loads(line) for line in log.read_text().splitlines()]
    loads = [c for c in loads if c["call"] == "cuModuleLoadData"]
    expect(loads and not any(c["cubin"] for c in loads), f"{loads}")


@test
def no_gpu(bench: Bench) -> None:
    bench.expect_run(2, ["error: the CUDA driver finds no GPU"], fake="devices=0")
    bench.expect_run(
        2, ["error: the CUDA driver finds no GPU"], fake="fail=cuInit:100"
    )


@test
def another_gpu(bench: Bench) -> None:
    bench.expect_run(
        2,
        ["error: the GPU 'Simulated GPU' has compute capability 8.0, expected 9.0"],
        fake="capability=8.0",
    )


@test
def no_numpy(bench: Bench) -> None:
    folder = bench.folder()
    (folder / "numpy.py").write_text("raise ImportError('hidden')\n")
    bench.expect_run(2, ["error: run: ", "has no numpy"], PYTHONPATH=str(folder))


@test
def another_machine(bench: Bench) -> None:
    """The library is built from its sources where it does not load."""
    bundle = bench.copy()
    (bundle / "lib" / "libringattn-gpu-check.so").write_text("not a library")
    bench.expect_run(0, ["all is well"], "--parts=golden", bundle=bundle)
    expect((bundle / "lib" / "libringattn-gpu-check-here.so").exists(), "not built")


# Failures ----------------------------------------------------------------------------


@test
def launches_that_fail(bench: Bench) -> None:
    bench.expect_run(
        1,
        ["kernel 'attention_kernel': cuLaunchKernel: CUDA_ERROR_LAUNCH_FAILED (as",
         "kernel 'instruction_0': cuLaunchKernel: CUDA_ERROR_LAUNCH_FAILED"],
        "--parts=golden,cases", "--filter=plain", fake="fail=cuLaunchKernel:719",
    )


@test
def maps_that_fail(bench: Bench) -> None:
    bench.expect_run(
        1, ["cuTensorMapEncodeTiled: CUDA_ERROR_INVALID_VALUE (as asked for), for sizes "],
        "--parts=cases", "--filter=plain", fake="fail=cuTensorMapEncodeTiled:1",
    )


@test
def modules_that_fail(bench: Bench) -> None:
    bench.expect_run(
        1, ["cuModuleLoadData: CUDA_ERROR_INVALID_VALUE"], "--parts=cases",
        "--filter=plain", fake="fail=cuModuleLoadData:1",
    )


@test
def no_memory(bench: Bench) -> None:
    text, _ = bench.expect_run(
        1, ["bytes of GPU memory: CUDA_ERROR_OUT_OF_MEMORY"], "--parts=cases",
        "--filter=plain", fake="fail=cuMemAlloc_v2:2",
    )


@test
def kernels_that_hang(bench: Bench) -> None:
    """Every case is tried in a process of its own, and the run ends."""
    begin = time.monotonic()
    _, results = bench.expect_run(
        1, ["kernel 'attention_kernel' has not ended after 1 s"], "--parts=cases",
        "--filter=plain", "--timeout=1", fake="hang",
    )
    expect(time.monotonic() - begin < 60, "too slow")
    expect(len(results["cases"]) == 3, "a case is missing")


@test
def vectors_that_hang(bench: Bench) -> None:
    """A vector that hangs costs two seconds, not the others."""
    _, results = bench.expect_run(
        1, ["kernel 'instruction_0' has not ended after 2 s", "no time was left"],
        "--parts=golden", "--seconds=12", fake="hang",
    )
    wrong = [entry for entry in results["golden"] if entry["wrong"]]
    expect(len(wrong) >= 3, f"{len(wrong)} vectors in 12 seconds")


@test
def time_runs_out(bench: Bench) -> None:
    _, results = bench.expect_run(
        1, ["no time was left"], "--parts=cases", "--seconds=3", "--timeout=60",
        fake="hang",
    )
    manifest = json.loads((bench.bundle / "manifest.json").read_text())
    wanted = sum(map(len, manifest["configurations"].values()))
    expect(len(results["cases"]) == wanted, "cases are missing from the results")


@test
def packages_that_crash(bench: Bench) -> None:
    bundle = bench.copy()
    if not (bundle / "packages").exists():
        subprocess.run(
            ["tar", "-xJf", bundle / "packages.tar.xz", "-C", bundle], check=True
        )
    name = "d64x64-bf16-plain-full"
    shutil.copy(bench.compile_c("-DTOUCH"), bundle / "packages" / f"{name}.so")
    _, results = bench.expect_run(
        1, [f"{name}: ", "SIGSEGV: host code of the package touched device memory"],
        "--parts=cases", bundle=bundle,
    )
    for entry in results["cases"]:
        crashed = entry["configuration"] == name
        expect(bool(entry["wrong"]) == crashed, f"{entry}")


@test
def managed_memory(bench: Bench) -> None:
    """On request host code may touch arrays."""
    bench.expect_run(
        0, ["all is well"], "--parts=cases", "--filter=striped", "--managed"
    )


@test
def bad_options(bench: Bench) -> None:
    bench.expect_run(2, ["unknown part 'gold'"], "--parts=gold")
    bench.expect_run(1, ["nothing was checked"], "--parts=cases", "--filter=nothing")


# Packages by hand ---------------------------------------------------------------------


@test
def packages_that_are_refused(bench: Bench) -> None:
    text = bench.folder() / "text.so"
    text.write_text("no library")
    for package, part in (
        (text, "cannot be loaded: "),
        (bench.library, "is no compiled package"),
        (bench.compile_c("-DVERSION=7"), "has another ABI than 1"),
        (bench.compile_c("-UKERNELS", "-DKERNELS=0"), "has no kernels, expected"),
        (bench.compile_c("-DNO_CUBIN"), "kernel 'kernel' of "),
        (bench.compile_c("-DNO_CUBIN"), "has no cubin, expected a package compiled"),
    ):
        said = bench.call(package)
        expect(part in said and "\n" not in said, said)


@test
def kernels_that_are_not_there(bench: Bench) -> None:
    package = bench.compile_c("-DLAUNCH=1", "-UKERNEL", '-DKERNEL="another"')
    expect(
        bench.call(package) == "the package has no kernel 'another'",
        bench.call(package),
    )


@test
def grids(bench: Bench) -> None:
    expect(bench.call(bench.compile_c("-DLAUNCH=0")) == "done", "an empty grid")
    said = bench.call(bench.compile_c("-DLAUNCH=65536"))
    expect(
        said == "kernel 'kernel' has a grid of 65536 blocks in dimension 1, "
        "expected 0 to 65535", said,
    )


@test
def arrays_that_tma_cannot_take(bench: Bench) -> None:
    said = bench.call(bench.compile_c("-DSTRIDE=65"))
    expect(
        said == "TMA cannot load an array whose stride of rows is 130 bytes, expected "
        "a multiple of 16", said,
    )
    expect(bench.call(bench.compile_c("-DSTRIDE=72")) == "done", "a padded array")


# What the driver is told ----------------------------------------------------------------


@test
def arguments_of_the_driver(bench: Bench) -> None:
    log = bench.folder() / "log"
    bench.expect_run(
        0, [], "--parts=cases", "--filter=d64x64-bf16-full", fake=f"log={log}"
    )
    calls = [json.loads(line) for line in log.read_text().splitlines()]
    maps = [c for c in calls if c["call"] == "cuTensorMapEncodeTiled"]
    # Q of the case with one rank: 1 x 4 x 200 x 64, dense, bf16; 128-byte swizzle.
    q = {
        "call": "cuTensorMapEncodeTiled", "type": 9, "sizes": [64, 200, 4, 1],
        "swizzle": 3, "promotion": 2, "fill": 0,
    }
    found = [m for m in maps if m["sizes"] == q["sizes"]]
    expect(bool(found), f"{maps}")
    for m in found:
        expect(all(m[key] == value for key, value in q.items()), f"{m}")
        expect(m["strides"][:2] == [128, 200 * 128], f"{m}")
        expect(m["box"][0] == 64 and m["box"][2:] == [1, 1], f"{m}")
    # K and V of two heads, of ranks that own 111 of 333 positions.
    expect(any(m["sizes"] == [64, 111, 2, 1] for m in maps), f"{maps}")
    allowed = {
        c["name"]: c["value"] for c in calls if c["call"] == "cuFuncSetAttribute"
    }
    launches = [c for c in calls if c["call"] == "cuLaunchKernel"]
    attention = [c for c in launches if c["name"] == "attention_kernel"]
    expect(bool(attention), f"{launches}")
    for c in attention:
        rows = next(m["box"][1] for m in found)
        expect(c["block"][1:] == [1, 1] and c["block"][0] % 128 == 0, f"{c}")
        expect(c["shared"] == allowed[c["name"]] > 48 * 1024, f"{c}")
        expect(c["grid"][1:] == [4, 1], f"{c}")
        expect(c["grid"][0] in (-(-200 // rows), -(-111 // rows)), f"{c}")


# Bundles --------------------------------------------------------------------------------


@test
def bundles_that_are_refused(bench: Bench) -> None:
    folder = bench.folder()
    (folder / "precious").write_text("")
    done = bench.make_bundle("--few", f"--out={folder}")
    expect(done.returncode == 1 and "is not empty, and no bundle" in done.stderr,
           done.stderr)
    expect((folder / "precious").exists(), "a folder that is no bundle was emptied")
    done = bench.make_bundle("--filter=nothing", f"--out={bench.folder()}")
    expect("no configuration is called 'nothing'" in done.stderr, done.stderr)


@test
def whole_bundle(bench: Bench) -> None:
    """With --full only: every configuration is compiled, and simulated."""
    done = bench.make_bundle(f"--out={bench.scratch / 'whole'}")
    expect(done.returncode == 0, done.stdout + done.stderr)


ONLY_FULL = {"whole_bundle"}


# On a GPU --------------------------------------------------------------------------------


def on_the_gpu(bench: Bench) -> None:
    environment = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run(
        [str(bench.bundle / "run"), "--parts=golden,cases",
         f"--out={bench.folder()}"],
        env=environment, capture_output=True, text=True, timeout=900, check=False,
    )
    expect(done.returncode == 0, done.stdout + done.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bin", type=Path, required=True, help="folder of the tools")
    parser.add_argument("--filter", default="")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--jobs", type=int, default=3, help="tests at a time")
    parser.add_argument("--results", type=Path)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    tests = {
        f"gpu_check_{name}": function for name, function in TESTS.items()
        if options.full or name not in ONLY_FULL
    }
    missing = has_gpu()
    if missing:
        print(f"SKIP: gpu_on_the_device: {missing}", flush=True)
    else:
        tests["gpu_on_the_device"] = on_the_gpu
    tests = {n: f for n, f in tests.items() if options.filter in n}
    suite = Attempts(options.verbose)
    begin = time.monotonic()
    if tests and not has_assembler():
        print("SKIP: gpu_check: no ptxas to make cubins with", flush=True)
        tests = {}
    if tests:
        with tempfile.TemporaryDirectory(prefix="ringattn-gpu-") as scratch:
            bench: list[Bench] = []
            suite.run(
                "gpu_check_bundle",
                lambda: bench.append(Bench(options.bin.resolve().parent, Path(scratch))),
            )
            if bench:
                with ThreadPoolExecutor(options.jobs) as pool:
                    for name, function in tests.items():
                        pool.submit(suite.run, name, partial(function, bench[0]))
    seconds = time.monotonic() - begin
    passed, failed = suite.passed, suite.failed
    print(f"checks on GPUs: {passed} passed, {failed} failed in {seconds:.0f} s")
    if options.results:
        options.results.write_text(json.dumps({"passed": passed, "failed": failed}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
