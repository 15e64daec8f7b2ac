"""Named tests of wrong input: one line `error: ...` that names what and where, the
exit code of its kind, no dump of an op, never a crash."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Callable

import numpy as np

from faults import TESTS
from program import Case, Failure, Tools

PROGRAM, USAGE = 1, 2

Prepare = Callable[[Path], list]
CASE = Case(sq=16, sk=16, ranks=4, lse=False)


def write(folder: Path, case: Case = CASE, text: str | None = None) -> Path:
    path = folder / "program.mlir"
    path.write_text(case.program() if text is None else text)
    return path


def arrays(folder: Path, case: Case = CASE, **changed: np.ndarray) -> list[str]:
    """--input options; `changed` replaces q, k or v."""
    options = []
    for name, array in zip("qkv", case.inputs()):
        path = folder / f"{name}.npy"
        np.save(path, changed.get(name, array))
        options.append(f"--input={path}")
    return options


def mistake(
    name: str,
    code: int,
    *words: str,
    tool: str = "ringattn-run",
):
    """The command that the function prepares fails with `code` and one error that
    contains `words` (regular expressions)."""

    def register(prepare: Prepare) -> Prepare:
        def run(tools: Tools) -> None:
            with tools.folder() as scratch:
                command = [tools.binaries / tool, *prepare(Path(scratch))]
                done = tools.execute(command)
            shown = f"{shlex.join(map(str, command))}\n{done.stderr.strip()[-1500:]}"
            if done.returncode != code:
                raise Failure(f"exit {done.returncode}, expected {code}: {shown}")
            errors = re.findall(r"^(?:[^\n]*: )?error: .*$", done.stderr, re.MULTILINE)
            if len(errors) != 1:
                raise Failure(f"{len(errors)} lines with error:, expected 1: {shown}")
            for word in words:
                if not re.search(word, errors[0], re.IGNORECASE):
                    raise Failure(f"the error does not name '{word}': {shown}")
            for dump in ("see current operation", '"ringattn.', "Stack dump", "PLEASE"):
                if dump in done.stderr:
                    raise Failure(f"'{dump}' in the messages: {shown}")

        TESTS[f"mistake_{name}"] = run
        return prepare

    return register


# Arguments -----------------------------------------------------------------------


@mistake("ranks_against_a_static_grid", PROGRAM, "3", "4")
def _(folder: Path) -> list:
    return [write(folder), "--ranks=3", *arrays(folder)]


@mistake("ranks_without_a_grid", PROGRAM, "3", "grid")
def _(folder: Path) -> list:
    return [write(folder, text=CASE.program(False)), "--ranks=3", *arrays(folder)]


@mistake("no_inputs", USAGE, "--input", "--random-inputs")
def _(folder: Path) -> list:
    return [write(folder)]


@mistake("no_module", USAGE, "module")
def _(folder: Path) -> list:
    return ["--random-inputs=1"]


@mistake("unknown_option", USAGE, "--frobnicate")
def _(folder: Path) -> list:
    return [write(folder), "--frobnicate", "--random-inputs=1"]


for _name, _option in {
    "ranks_zero": "--ranks=0",
    "ranks_no_number": "--ranks=four",
    "threads_zero": "--threads=0",
    "repeat_zero": "--repeat=0",
    "timeout_negative": "--timeout=-1",
    "link_unknown_key": "--link=speed=3",
    "link_no_number": "--link=bandwidth=fast,latency=1",
    "link_negative": "--link=bandwidth=-1,latency=1",
    "transport_unknown": "--transport=pigeon",
    "device_unknown": "--device=abacus",
    "shape_malformed": "--shape=0:1xtwo",
    "random_inputs_no_number": "--random-inputs=lots",
}.items():

    @mistake(_name, USAGE, _option.split("=")[0].lstrip("-"))
    def _(folder: Path, option=_option) -> list:
        seed = [] if option.startswith("--random") else ["--random-inputs=1"]
        return [write(folder), option, *seed]


for _name, _option in {
    "transport_mpi": "--transport=mpi",
    "transport_nccl": "--transport=nccl",
    "device_cuda": "--device=cuda",
    "target_sm_80": "--target=sm_80",
}.items():

    @mistake(f"reserved_{_name}", USAGE, _option.split("=")[1])
    def _(folder: Path, option=_option) -> list:
        return [write(folder), option, "--random-inputs=1"]


@mistake("target_that_the_cpu_does_not_run", USAGE, "cpu", "sm_90a")
def _(folder: Path) -> list:
    return [write(folder), "--target=sm_90a", "--random-inputs=1"]


@mistake("target_that_the_simulator_does_not_run", USAGE, "sim", "cpu", "sm_90a")
def _(folder: Path) -> list:
    return [write(folder), "--device=sim", "--target=cpu", "--random-inputs=1"]


@mistake("shape_against_a_static_size", PROGRAM, "17", "16")
def _(folder: Path) -> list:
    return [write(folder), "--shape=0:1x1x17x16", "--random-inputs=1"]


@mistake("shape_of_no_argument", PROGRAM, "9", "3")
def _(folder: Path) -> list:
    return [write(folder), "--shape=9:1x1x16x16", "--random-inputs=1"]


@mistake("dynamic_sizes_not_given", PROGRAM, "--shape")
def _(folder: Path) -> list:
    case = Case(dynamic=("sequence",), lse=False)
    return [write(folder, case), "--random-inputs=1"]


@mistake("dynamic_sizes_that_differ", PROGRAM, "16", "24")
def _(folder: Path) -> list:
    case = Case(sq=16, sk=16, dynamic=("sequence",), lse=False)
    longer = np.zeros((1, 1, 24, 16), np.float32)
    return [write(folder, case), *arrays(folder, case, v=longer)]


for _name, _query, _result, _found, _expected in (
    ("batch", "?x1x16x16", "2x1x16x16", "3", "2"),
    ("sequence", "2x1x?x16", "2x1x16x16", "17", "16"),
):

    @mistake(f"dynamic_{_name}_against_a_static_result", PROGRAM, _found, _expected)
    def _(folder: Path, query=_query, result=_result, found=_found) -> list:
        q, o = f"tensor<{query}xf32>", f"tensor<{result}xf32>"
        text = (
            f"func.func @main(%q: {q}) -> {o} {{\n"
            f"  %o = ringattn.attention %q, %q, %q : ({q}, {q}, {q}) -> {o}\n"
            f"  return %o : {o}\n}}\n"
        )
        path = write(folder, text=text)
        return [path, f"--shape=0:{query.replace('?', found)}", "--random-inputs=1"]


@mistake("dynamic_causal_lengths_that_differ", PROGRAM, "16", "24")
def _(folder: Path) -> list:
    from oracle import Mask

    case = Case(sq=16, sk=16, dynamic=("sequence",), lse=False, mask=Mask("causal"))
    longer = np.zeros((1, 1, 24, 16), np.float32)
    return [write(folder, case), *arrays(folder, case, k=longer, v=longer)]


@mistake("dynamic_size_of_zero", PROGRAM, "0")
def _(folder: Path) -> list:
    case = Case(sq=16, sk=16, dynamic=("sequence",), lse=False)
    empty = np.zeros((1, 1, 0, 16), np.float32)
    return [write(folder, case), *arrays(folder, case, q=empty, k=empty, v=empty)]


@mistake("unknown_entry", PROGRAM, "absent", "main")
def _(folder: Path) -> list:
    return [write(folder), "--entry=absent", "--random-inputs=1"]


# Arrays --------------------------------------------------------------------------


@mistake("input_missing", PROGRAM, r"nowhere\.npy")
def _(folder: Path) -> list:
    options = arrays(folder)
    return [write(folder), *options[:2], f"--input={folder}/nowhere.npy"]


@mistake("input_truncated", PROGRAM, r"v\.npy")
def _(folder: Path) -> list:
    options = arrays(folder)
    path = folder / "v.npy"
    path.write_bytes(path.read_bytes()[:-4])
    return [write(folder), *options]


@mistake("input_truncated_header", PROGRAM, r"v\.npy")
def _(folder: Path) -> list:
    options = arrays(folder)
    path = folder / "v.npy"
    path.write_bytes(path.read_bytes()[:20])
    return [write(folder), *options]


@mistake("input_empty", PROGRAM, r"v\.npy")
def _(folder: Path) -> list:
    options = arrays(folder)
    (folder / "v.npy").write_bytes(b"")
    return [write(folder), *options]


@mistake("input_is_no_npy", PROGRAM, r"v\.npy")
def _(folder: Path) -> list:
    options = arrays(folder)
    (folder / "v.npy").write_text("1, 2, 3")
    return [write(folder), *options]


@mistake("input_of_integers", PROGRAM, r"q\.npy", "i4", "f4")
def _(folder: Path) -> list:
    return [write(folder), *arrays(folder, q=np.zeros((1, 1, 16, 16), np.int32))]


@mistake("input_of_f64_for_f32", PROGRAM, r"q\.npy", "f8", "f4")
def _(folder: Path) -> list:
    return [write(folder), *arrays(folder, q=np.zeros((1, 1, 16, 16)))]


@mistake("input_of_another_shape", PROGRAM, "17", "16")
def _(folder: Path) -> list:
    wrong = np.zeros((1, 1, 17, 16), np.float32)
    return [write(folder), *arrays(folder, k=wrong)]


@mistake("input_of_another_rank", PROGRAM, " 1x16x16", "1x1x16x16")
def _(folder: Path) -> list:
    return [write(folder), *arrays(folder, k=np.zeros((1, 16, 16), np.float32))]


@mistake("too_few_inputs", PROGRAM, "2", "3")
def _(folder: Path) -> list:
    return [write(folder), *arrays(folder)[:2]]


@mistake("too_many_inputs", PROGRAM, "4", "3")
def _(folder: Path) -> list:
    options = arrays(folder)
    return [write(folder), *options, options[0]]


def reads(name: str, convert: Callable[[np.ndarray], np.ndarray]) -> None:
    """A file with the same numbers in another form gives the same result."""

    def run(tools: Tools) -> None:
        with tools.folder() as scratch:
            results = []
            for change in (lambda array: array, convert):
                folder = Path(scratch)
                options = arrays(folder, q=change(CASE.inputs()[0]))
                output = folder / "result.npy"
                command = [tools.binaries / "ringattn-run", write(folder), *options]
                done = tools.execute([*command, f"--output={output}"])
                if done.returncode != 0:
                    raise Failure(f"exit {done.returncode}: {done.stderr.strip()}")
                results.append(np.load(output))
        if not np.array_equal(*results):
            raise Failure("the result differs from that of an ordinary file")

    TESTS[f"reads_{name}"] = run


reads("input_in_fortran_order", np.asfortranarray)
reads("input_big_endian", lambda array: array.astype(">f4"))


@mistake("too_many_outputs", PROGRAM, "2", "1")
def _(folder: Path) -> list:
    return [
        write(folder),
        *arrays(folder),
        f"--output={folder}/a.npy",
        f"--output={folder}/b.npy",
    ]


for _name in ("output", "report", "trace"):

    @mistake(f"{_name}_unwritable", PROGRAM, "no/such/folder")
    def _(folder: Path, option=_name) -> list:
        return [write(folder), *arrays(folder), f"--{option}={folder}/no/such/folder/x"]


# Modules -------------------------------------------------------------------------


@mistake("module_missing", PROGRAM, r"absent\.mlir")
def _(folder: Path) -> list:
    return [folder / "absent.mlir", "--random-inputs=1"]


@mistake("module_empty", PROGRAM, r"program\.mlir")
def _(folder: Path) -> list:
    return [write(folder, text=""), "--random-inputs=1"]


@mistake("module_of_an_unknown_kind", PROGRAM, r"program\.bin")
def _(folder: Path) -> list:
    path = folder / "program.bin"
    path.write_bytes(bytes(range(256)))
    return [path, "--random-inputs=1"]


@mistake("shared_object_empty", PROGRAM, r"program\.so")
def _(folder: Path) -> list:
    path = folder / "program.so"
    path.write_bytes(b"")
    path.chmod(0o755)
    return [path, "--random-inputs=1"]


for _tool, _extra in (
    ("ringattn-run", ["--random-inputs=1"]),
    ("ringattn-compile", ["-o", "/dev/null"]),
):

    @mistake(f"{_tool}_syntax_error", PROGRAM, r"program\.mlir:2:", tool=_tool)
    def _(folder: Path, extra=_extra) -> list:
        return [write(folder, text="\nfunc.func @main( {\n}\n"), *extra]

    @mistake(
        f"{_tool}_heads_that_do_not_divide",
        PROGRAM,
        r"program\.mlir:\d+:\d+: ",
        "7",
        "multiple",
        "2",
        tool=_tool,
    )
    def _(folder: Path, extra=_extra) -> list:
        return [write(folder, Case(heads=7, kv_heads=2)), *extra]

    @mistake(
        f"{_tool}_op_without_a_rule",
        PROGRAM,
        r"program\.mlir:\d+:\d+: ",
        tool=_tool,
    )
    def _(folder: Path, extra=_extra) -> list:
        # A reverse along the sharded sequence: its rows live on other ranks.
        text = CASE.program().replace(
            "  return %o",
            "  %e = tensor.empty() : tensor<1x1x16x16xf32>\n"
            "  %r = linalg.generic {indexing_maps = [\n"
            "      affine_map<(a, b, c, d) -> (a, b, 15 - c, d)>,\n"
            "      affine_map<(a, b, c, d) -> (a, b, c, d)>],\n"
            "      iterator_types = ['parallel', 'parallel', 'parallel', 'parallel']}\n".replace(
                "'", '"'
            )
            + "      ins(%o : tensor<1x1x16x16xf32>) outs(%e : tensor<1x1x16x16xf32>) {\n"
            "  ^bb0(%x: f32, %y: f32):\n    linalg.yield %x : f32\n"
            "  } -> tensor<1x1x16x16xf32>\n"
            "  return %r",
        )
        return [write(folder, text=text), *extra]


@mistake("compile_without_output", USAGE, "-o", tool="ringattn-compile")
def _(folder: Path) -> list:
    return [write(folder)]


@mistake(
    "compile_output_unwritable", PROGRAM, "no/such/folder", tool="ringattn-compile"
)
def _(folder: Path) -> list:
    return [write(folder), "-o", folder / "no/such/folder/x.so"]


for _name, _option in {
    "phase": "--compile-to=nirvana",
    "target": "--target=abacus",
    "target_cpu": "--target-cpu=abacus",
    "target_features": "--target-features=+abacus",
}.items():

    @mistake(
        f"compile_unknown_{_name}", USAGE, "nirvana|abacus", tool="ringattn-compile"
    )
    def _(folder: Path, option=_option) -> list:
        return [write(folder), option, "-o", folder / "x.so"]


@mistake("opt_unknown_option", USAGE, "--frobnicate", tool="ringattn-opt")
def _(folder: Path) -> list:
    return [write(folder), "--frobnicate"]


@mistake("opt_bad_program", PROGRAM, r"program\.mlir:\d+:\d+: ", tool="ringattn-opt")
def _(folder: Path) -> list:
    return [write(folder, Case(heads=7, kv_heads=2))]
