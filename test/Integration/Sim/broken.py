"""Generated kernels with one instruction changed: the simulator says what is wrong
and where, or the results are wrong, whatever the interleaving."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np

from faults import TESTS
from kernel import PATTERNS, Kernel
from program import Case, Failure, Run, Tools, compare_with_oracle

# Five tiles of keys in two slots, the last one not full. Three warpgroups take turns;
# two do, on products of tf32; two do not, and tiles are as wide as they get.
CASES = {
    "bf16": Case(ranks=1, sq=150, sk=600, d=64, dv=64, dtype="bf16"),
    "f32": Case(ranks=1, sq=150, sk=600, d=128, dv=64, dtype="f32"),
    "f16": Case(ranks=1, sq=150, sk=600, d=256, dv=256, dtype="f16"),
}
INTERLEAVINGS = (0, 1, 7)

# What a change may lead to, but for an error of the simulator.
WRONG_RESULTS, NOTHING = "wrong results", "nothing"

# Errors of the simulator.
NOT_ARRIVED = (
    "reads shared memory .* which the load .* writes .*: a wait for that phase must "
    "come between"
)
STILL_READ = (
    "writes shared memory .* which the wgmma .* reads: a wgmma.wait_group of all its "
    "warps and a barrier must come between"
)
STILL_WRITTEN = (
    "writes shared memory .* which the load .* writes .*: a wait for that phase must "
    "come between"
)
OVERWRITES_A = (
    "writes the registers of A of the wgmma at .*: a wgmma.wait_group must come between"
)
DEADLOCK = "deadlock: .* for the mbarrier"


@dataclass(frozen=True)
class Change:
    """`change` changes a kernel and returns the line that the error must point to
    (None: it depends on the interleaving). `leads_to`: an expression that the error
    contains, or one of the above."""

    change: Callable[[Kernel], int | None]
    leads_to: str
    cases: tuple[str, ...]


CHANGES: dict[str, Change] = {}


def broken(leads_to: str, *cases: str):
    def register(function: Callable[[Kernel], int | None]):
        name = function.__name__
        CHANGES[name] = Change(function, leads_to, cases or tuple(CASES))
        return function

    return register


def broken_each(leads_to: str, **variants: tuple):
    """A change for each keyword; its value are further arguments."""

    def register(function: Callable[..., int | None]):
        for name, arguments in variants.items():
            CHANGES[f"{function.__name__}_{name}"] = Change(
                lambda kernel, arguments=arguments: function(kernel, *arguments),
                leads_to,
                tuple(CASES),
            )
        return function

    return register


# Products, in the order of the text: the first S before the loop, S and O in it, the
# last O behind it.
PRODUCTS = {"first_s": (0,), "s": (1,), "o": (2,), "last_o": (3,)}


def product_after(kernel: Kernel, line: int) -> int:
    """The first one at or behind a line."""
    return next(
        i
        for i in sorted(kernel.roles)
        if i >= line and "ringptx.wgmma " in kernel.lines[i]
    )


# The start --------------------------------------------------------------------------


@broken("executed no fence.mbarrier_init or fence.proxy.async between")
def no_fence_after_init(kernel: Kernel) -> int:
    kernel.drop(kernel.find("init fence"))
    return kernel.find("load", 0)


@broken("without being synchronised with its initialisation|is not initialised")
def no_barrier_after_init(kernel: Kernel) -> None:
    kernel.drop(kernel.find("block barrier"))


@broken("the mbarrier at .* is not initialised")
def barrier_not_initialised(kernel: Kernel) -> int:
    kernel.drop(kernel.find("init", 0, barrier="v full"))
    return kernel.find("expect", 0, barrier="v full")


def change_arrivals(kernel: Kernel, change: Callable[[int], int]) -> None:
    line = kernel.find("init", 0, barrier="k empty")
    count = kernel.operands(line)[1]
    kernel.replace_constant(line, count, change(kernel.value(count)), "i32")


@broken(f"{STILL_READ}|{DEADLOCK}")
def too_few_arrivals(kernel: Kernel) -> None:
    """A slot is empty when half of its readers are done."""
    change_arrivals(kernel, lambda count: count // 2)


@broken("deadlock: .* 1 of (257|385) arrivals")
def too_many_arrivals(kernel: Kernel) -> int:
    change_arrivals(kernel, lambda count: count + 1)
    return kernel.find("wait", 1, "producer", "k empty")


@broken("deadlock: .* registers a thread .setmaxnreg.: 0 of the block's")
def registers_not_given_up(kernel: Kernel) -> None:
    kernel.drop(kernel.find("registers", 0, "producer"))


@broken("deadlock: .* 248 registers a thread .setmaxnreg.: ")
def more_registers_than_there_are(kernel: Kernel) -> None:
    line = kernel.find("registers", 0, "consumer")
    kernel.edit(line, r"increase \d+", "increase 248")


# Turns ------------------------------------------------------------------------------


@broken("deadlock: .* wait for barrier 1 .128 of 256 threads arrived", "bf16", "f32")
def first_turn_not_given(kernel: Kernel) -> int:
    kernel.drop(kernel.find("pass turn", 0))
    return kernel.find("take turn")


@broken("deadlock: .* wait for barrier 1 .128 of 256 threads arrived", "bf16", "f32")
def turn_not_passed(kernel: Kernel) -> int:
    kernel.drop(kernel.find("pass turn", 1))
    return kernel.find("take turn")


@broken(NOTHING, "bf16", "f32")
def turn_not_taken(kernel: Kernel) -> None:
    """Turns are for speed only."""
    kernel.drop(kernel.find("take turn"))


# Tiles that arrive ------------------------------------------------------------------


ARRIVALS = {
    "q": ("q full", 0),
    "first_k": ("k full", 0),
    "k": ("k full", 1),
    "v": ("v full", 0),
    "last_v": ("v full", 1),
}


@broken_each(NOT_ARRIVED, **ARRIVALS)
def no_wait_for(kernel: Kernel, barrier: str, nth: int) -> int:
    line = kernel.find("wait", nth, "consumer", barrier)
    kernel.drop(line)
    return product_after(kernel, line)


def flip(kernel: Kernel, line: int) -> None:
    parity, one = kernel.operands(line)[1], kernel.constant(1)
    kernel.edit(line, rf"{parity}, ", "%flipped, ")
    kernel.insert(f"      %flipped = llvm.xor {parity}, {one} : i32", line)


@broken_each(f"{NOT_ARRIVED}|{DEADLOCK}", **ARRIVALS)
def parity_flipped_of(kernel: Kernel, barrier: str, nth: int) -> None:
    flip(kernel, kernel.find("wait", nth, "consumer", barrier))


def change_bytes(kernel: Kernel, barrier: str, by: int) -> int:
    line = kernel.find("expect", 0, barrier=barrier)
    count = kernel.operands(line)[1]
    kernel.replace_constant(line, count, kernel.value(count) + by, "i32")
    return kernel.find("wait", 0, "consumer", barrier)


@broken("deadlock: .* 0 of 1 arrivals and 128 bytes to come")
def more_bytes_expected(kernel: Kernel) -> int:
    return change_bytes(kernel, "k full", 128)


@broken("deadlock: .* 0 of 1 arrivals and -128 bytes to come")
def fewer_bytes_expected(kernel: Kernel) -> int:
    return change_bytes(kernel, "v full", -128)


@broken(r"deadlock: .* 1 of 1 arrivals and -\d+ bytes to come")
def no_bytes_expected(kernel: Kernel) -> int:
    kernel.drop(kernel.find("expect", 1, barrier="k full"))
    return kernel.find("wait", 1, "consumer", "k full")


@broken(NOTHING)
def bytes_expected_after_the_load(kernel: Kernel) -> None:
    """A phase is not complete before the arrival that announces its bytes."""
    expect = kernel.find("expect", 1, barrier="k full")
    text = kernel.lines[expect]
    last = kernel.find("load", -1, barrier="k full")
    kernel.drop(expect)
    kernel.insert(text, last + 1)


@broken(r"deadlock: .* 0 of 1 arrivals and \d+ bytes to come")
def tile_not_loaded(kernel: Kernel) -> int:
    kernel.drop(kernel.find("load", -1, barrier="k full"))
    return kernel.find("wait", 1, "consumer", "k full")


@broken(r"deadlock: .* 0 of 1 arrivals and \d+ bytes to come")
def load_counted_elsewhere(kernel: Kernel) -> int:
    """The bytes of the last V count as Q's."""
    line = kernel.find("load", -1, barrier="v full")
    other = kernel.operands(kernel.find("expect", 0, barrier="q full"))[0]
    kernel.edit(line, r"(global %\w+, %\w+), %\w+,", rf"\1, {other},")
    return kernel.find("wait", 1, "consumer", "v full")


# Slots that are given back -----------------------------------------------------------


# In the loop; the first K and the last V are handled outside.
SLOTS = {"k": ("k empty", 1), "v": ("v empty", 0)}


@broken_each(
    f"{STILL_READ}|{STILL_WRITTEN}|all 1 arrivals of phase 0 .* have come already",
    **SLOTS,
)
def no_wait_for_empty(kernel: Kernel, barrier: str, nth: int) -> None:
    kernel.drop(kernel.find("wait", nth, "producer", barrier))


@broken_each(DEADLOCK, **SLOTS)
def parity_flipped_of_empty(kernel: Kernel, barrier: str, nth: int) -> int:
    line = kernel.find("wait", nth, "producer", barrier)
    flip(kernel, line)
    return line


@broken_each(DEADLOCK, **SLOTS)
def not_released(kernel: Kernel, barrier: str, nth: int) -> int:
    kernel.drop(kernel.find("arrive", nth, "consumer", barrier))
    return kernel.find("wait", nth, "producer", barrier)


@broken_each(
    STILL_READ, first_k=("k empty", 0, 0), k=("k empty", 1, 1), v=("v empty", 0, 2)
)
def released_before_the_product_is_awaited(
    kernel: Kernel, barrier: str, nth: int, wait: int
) -> None:
    kernel.move(
        kernel.find("arrive", nth, "consumer", barrier),
        before=kernel.find("product wait", wait, "consumer"),
    )


@broken_each(f"{STILL_READ}|arrivals of phase .* have come already|{DEADLOCK}", **SLOTS)
def released_twice(kernel: Kernel, barrier: str, nth: int) -> None:
    line = kernel.find("arrive", nth, "consumer", barrier)
    kernel.insert(kernel.lines[line], line)


# Products ---------------------------------------------------------------------------


NOT_AWAITED = (
    f"{STILL_READ}|{OVERWRITES_A}|"
    "the warp ended without a wgmma.wait_group for this wgmma"
)


@broken_each(NOT_AWAITED, **PRODUCTS)
def not_awaited(kernel: Kernel, nth: int) -> None:
    line = kernel.find("product wait", nth, "consumer")
    kernel.edit(line, r"pending = \d+", "pending = 3")


@broken_each(NOT_AWAITED, **PRODUCTS)
def not_committed(kernel: Kernel, nth: int) -> None:
    kernel.drop(kernel.find("commit", nth, "consumer"))


@broken_each(
    "the accumulators were accessed since the last wgmma.fence: one must come between",
    first_s=(0,),
    s=(1,),
    last_o=(3,),
)
def no_fence_before(kernel: Kernel, nth: int) -> int:
    line = kernel.find("fence", nth, "consumer")
    kernel.drop(line)
    return product_after(kernel, line)


@broken(NOTHING)
def no_fence_before_o(kernel: Kernel) -> None:
    """P and O are not touched after the fence before S."""
    kernel.drop(kernel.find("fence", 2, "consumer"))


@broken("the (accumulators|registers of A) were written at .* since the last wgmma.fen")
def fence_before_p_is_converted(kernel: Kernel) -> int:
    """The last O's fence, moved to where O and P have been awaited."""
    fence = kernel.find("fence", 3, "consumer")
    kernel.drop(fence)
    wait = kernel.find("product wait", 2, "consumer")
    kernel.insert("      nvvm.wgmma.fence.aligned", wait + 1)
    return product_after(kernel, fence)


@broken(OVERWRITES_A)
def p_overwritten_early(kernel: Kernel) -> int:
    """The next P is converted before the last product of P is awaited."""
    convert = kernel.find("convert", 1, "consumer")
    wait = kernel.find("product wait", 2, "consumer")
    kernel.lines[wait - 1] += f"\n{kernel.lines[convert]}"
    kernel.drop(convert)
    return wait - 1


def change_descriptor(kernel: Kernel, product: int, bits: int) -> None:
    """XORs bits of the descriptor of B that all products of a block start from."""
    value = kernel.operands(product)[1]
    while not kernel.definitions[value].startswith("llvm.or "):
        value = re.findall(r"%\w+", kernel.definitions[value])[0]
    line = kernel.definition_line(value)
    for operand in kernel.operands(line):
        if kernel.definitions.get(operand, "").startswith("llvm.mlir.constant"):
            changed = (kernel.value(operand) ^ bits) % 2**64
            signed = changed - 2**64 if changed >> 63 else changed
            return kernel.replace_constant(line, operand, signed, "i64")
    raise Failure(f"no constant in: {kernel.lines[line]}")


# Whether what is read beside the tile has arrived depends on the interleaving.
MISREAD = f"{WRONG_RESULTS}|{NOT_ARRIVED}"

# Bits of a descriptor (PTX ISA, "Matrix descriptor"): sizes in units of 16 bytes.
ADDRESS, LEADING, STRIDE, SWIZZLE = 0, 16, 32, 62


@broken_each(
    MISREAD,
    of_k_none=("scores", 1 << SWIZZLE),
    of_k_64_bytes=("scores", 3 << SWIZZLE),
    of_v_none=("output", 1 << SWIZZLE),
    of_v_64_bytes=("output", 3 << SWIZZLE),
)
def swizzle(kernel: Kernel, product: str, bits: int) -> None:
    change_descriptor(kernel, kernel.find(product, 0), bits)


@broken_each(
    MISREAD,
    of_k=("scores", (64 ^ 32) << STRIDE),
    of_v=("output", (64 ^ 32) << STRIDE),
)
def stride_halved(kernel: Kernel, product: str, bits: int) -> None:
    change_descriptor(kernel, kernel.find(product, 0), bits)


@broken(MISREAD, "f16")
def leading_stride_of_v(kernel: Kernel) -> None:
    """Of more than 64 columns that are not adjacent."""
    change_descriptor(kernel, kernel.find("output", 0), 64 << LEADING)


@broken_each(MISREAD, of_k=("scores",), of_v=("output",))
def address_off_by_16_bytes(kernel: Kernel, product: str) -> None:
    change_descriptor(kernel, kernel.find(product, 0), 1 << ADDRESS)


@broken(MISREAD, "bf16", "f16")
def v_not_transposed(kernel: Kernel) -> None:
    kernel.edit(kernel.find("output", 0), ", transpose_b", "")


@broken_each(WRONG_RESULTS, s=("scores", 1), o=("output", 1))
def not_accumulated(kernel: Kernel, product: str, nth: int) -> None:
    kernel.edit(kernel.find(product, nth), r"\{accumulate(, )?", "{")


@broken_each(WRONG_RESULTS, s=("scores",), o=("output",))
def one_product_missing(kernel: Kernel, product: str) -> None:
    line = kernel.find(product, 1)
    result = re.match(r" *(%\w+) = ", kernel.lines[line])[1]
    accumulator = re.search(r"into (%\w+)", kernel.lines[line])[1]
    kernel.drop(line)
    for i in kernel.roles:
        kernel.lines[i] = re.sub(rf"{result}\b", accumulator, kernel.lines[i])


# Results ----------------------------------------------------------------------------


def move_store(kernel: Kernel, offset: int) -> int:
    line = kernel.find("store", 0, "consumer")
    address = re.search(PATTERNS["store"], kernel.lines[line])[1]
    kernel.edit(line, rf"{address} :", "%moved :")
    kernel.insert(
        f"      %moved = llvm.getelementptr {address}[{offset}]"
        " : (!llvm.ptr<1>) -> !llvm.ptr<1>, i8",
        line,
    )
    return line


@broken(r"writes \d+ bytes of global memory at offset \d+ of an array of \d+ bytes")
def stored_far_away(kernel: Kernel) -> int:
    return move_store(kernel, 1 << 30)


@broken(r"the global address .* is \d bytes after a multiple of [248], expected such")
def stored_misaligned(kernel: Kernel) -> int:
    return move_store(kernel, 1)


@broken("global memory at .* writes at .*: blocks of a grid are not ordered", "f32", "f16")
def all_blocks_the_same(kernel: Kernel) -> None:
    zero = kernel.constant(0)
    line = kernel.find("block")
    name = re.match(r" *(%\w+) = ", kernel.lines[line])[1]
    kernel.lines[line] = f"      {name} = llvm.add {zero}, {zero} : i32"


# Running them -----------------------------------------------------------------------


TEXTS: dict[str, str] = {}


def module_text(tools: Tools, name: str) -> str:
    """A case's module after phase `target`."""
    with tools.lock, tools.folder() as folder:
        if name not in TEXTS:
            source = Path(folder) / "program.mlir"
            source.write_text(CASES[name].program(sharded=False))
            command = [tools.binaries / "ringattn-compile", source]
            command += ["--target=sm_90a", "--compile-to=target"]
            TEXTS[name] = tools.succeed(command).stdout
        return TEXTS[name]


def run_changed(tools: Tools, name: str, change: Change | None) -> None:
    case = CASES[name]
    kernel = Kernel(module_text(tools, name))
    line = change.change(kernel) if change else None
    leads_to = change.leads_to if change else NOTHING
    inputs = case.inputs()
    answer = case.answer(inputs)
    with tools.folder() as scratch:
        folder = Path(scratch)
        source, module = folder / "changed.mlir", folder / "changed.so"
        source.write_text(kernel.text())
        tools.succeed(
            [tools.binaries / "ringattn-compile", source, "-o", module]
            + ["--target=sm_90a", "--with-sim", "--device-code=none"]
        )
        for index, array in enumerate(inputs):
            np.save(folder / f"in{index}.npy", array)
        outputs = [folder / f"out{index}.npy" for index in range(2)]
        command = [tools.binaries / "ringattn-run", module, "--device=sim"]
        command += ["--threads=1", *(f"--input={folder}/in{i}.npy" for i in range(3))]
        command += [f"--output={path}" for path in outputs]
        for interleaving in INTERLEAVINGS:
            done = tools.execute(command, {"RINGRT_SIM_SEED": str(interleaving)})
            what = f"{name}, interleaving {interleaving}"
            if done.returncode:
                pointed = f"changed.mlir:{kernel.number(line)}:" if line else ""
                expect_error(what, done.returncode, done.stderr, leads_to, pointed)
                continue
            run = Run([np.load(path) for path in outputs], {}, "", "sim")
            try:
                compare_with_oracle(case, run, answer)
                wrong = ""
            except Failure as failure:
                wrong = str(failure)
            if leads_to == NOTHING and wrong:
                raise Failure(f"{what}: {wrong}, expected right results")
            if not wrong and leads_to != NOTHING:
                raise Failure(f"{what}: right results, expected: {leads_to}")
            if wrong and WRONG_RESULTS not in leads_to and leads_to != NOTHING:
                raise Failure(f"{what}: {wrong}, expected: {leads_to}")


def expect_error(
    what: str, code: int, shown: str, leads_to: str, pointed: str
) -> None:
    """One line that names kernel, block, threads, instruction and place."""
    shown = shown.strip()
    good = (
        code == 3
        and "\n" not in shown
        and re.match(
            r"error: rank 0: kernel 'attention_kernel', block \(\d+, 0, 0\): "
            r".*(thread|warp)s? \d+.* at '[^']*changed\.mlir:\d+:\d+ [\w.]+",
            shown,
        )
        and re.search(leads_to, shown)
        and pointed in shown
    )
    if not good:
        raise Failure(
            f"{what}: exit {code}: {shown[:1500]}\n"
            f"  expected {f'{pointed} and ' if pointed else ''}{leads_to}"
        )


def register() -> None:
    for name in CASES:
        TESTS[f"broken_{name}_not"] = lambda tools, name=name: run_changed(
            tools, name, None
        )
    for what, change in CHANGES.items():
        for name in change.cases:
            TESTS[f"broken_{name}_{what}"] = (
                lambda tools, name=name, change=change: run_changed(tools, name, change)
            )


register()
# What f32 and f16 share with bf16.
SLOW = {
    f"broken_{name}_{what}"
    for what, change in CHANGES.items()
    for name in change.cases
    if name != "bf16" and change.leads_to not in (MISREAD, WRONG_RESULTS)
}
