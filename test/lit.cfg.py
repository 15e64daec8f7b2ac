# lit's configuration. Parameters (--param NAME=VALUE):
#   verify_roundtrip=1  give --verify-roundtrip to every ringattn-opt

import os
import platform
import shutil

import lit.formats

config.name = "RingAttn"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)

config.environment["FILECHECK_OPTS"] = "-enable-var-scope"
config.environment["PATH"] = os.pathsep.join(
    [config.ringattn_tools_dir, config.llvm_bin_dir, os.environ.get("PATH", "")]
)
for name in ("TMPDIR", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]


def tool(directory, name):
    return os.path.join(directory, name)


opt = tool(config.ringattn_tools_dir, "ringattn-opt")
if lit_config.params.get("verify_roundtrip") in ("1", "true", "yes"):
    opt += " --verify-roundtrip"

# A tool's name as a word of its own, not part of a path or of a longer name.
word = r"(?<![\w./%-]){}(?![\w.-])"
for name, command in [
    ("ringattn-opt", opt),
    ("ringattn-compile", tool(config.ringattn_tools_dir, "ringattn-compile")),
    ("ringattn-run", tool(config.ringattn_tools_dir, "ringattn-run")),
    ("mlir-opt", tool(config.llvm_bin_dir, "mlir-opt")),
    ("mlir-runner", tool(config.llvm_bin_dir, "mlir-runner")),
    ("mlir-translate", tool(config.llvm_bin_dir, "mlir-translate")),
    ("FileCheck", tool(config.llvm_bin_dir, "FileCheck")),
    ("not", tool(config.llvm_bin_dir, "not")),
]:
    config.substitutions.append((word.format(name), command))
config.substitutions += [
    ("%python", config.python),
    ("%plugin", tool(config.ringattn_lib_dir, "RingAttnPlugin.so")),
    ("%llvm_bindir", config.llvm_bin_dir),
    ("%ringattn_libs", config.ringattn_lib_dir),
    ("%ringattn_tools", config.ringattn_tools_dir),
    ("%ringattn_src", config.ringattn_source_dir),
]


def cpu_features():
    """The CPU's features in Linux's names, without underscores (avx512bf16)."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith(("flags", "Features")):
                    return {f.replace("_", "") for f in line.split(":")[1].split()}
    except OSError:
        pass
    return set()


config.available_features.add(f"host-{platform.machine()}")
for feature in cpu_features() & {
    "avx2",
    "fma",
    "f16c",
    "avx512f",
    "avx512bw",
    "avx512vl",
    "avx512bf16",
    "avx512fp16",
}:
    config.available_features.add(feature)
for assembler in ("ptxas", "nvdisasm"):
    if shutil.which(assembler):
        config.available_features.add(assembler)
if os.path.exists("/dev/nvidiactl"):
    config.available_features.add("cuda")
if shutil.which("mpirun"):
    config.available_features.add("mpi")
