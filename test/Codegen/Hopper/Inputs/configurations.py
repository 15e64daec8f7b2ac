"""Assembles every configuration of the kernels for sm_90a: D and Dv in multiples of
64 up to 256, with and without a mask, bf16, f16 and f32, and head sizes that are padded
to them. ringattn-assemble-kernels fails where ptxas reports a spill or a serialised
product.

  configurations.py RINGATTN_OPT
"""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product

SIZES = (64, 128, 192, 256)
# Sizes that are padded, and some (no multiple of 8) that are copied first.
ODD_SIZES = ((1, 1), (3, 130), (40, 177), (100, 80), (190, 192), (255, 65))
# Masks with layouts: positions of striped shards cost most registers.
MASKS = {
    "full": ("#ringattn.full", "#ringattn.contiguous"),
    "causal": ("#ringattn.causal", "#ringattn.contiguous"),
    "window": ("#ringattn.sliding_window<left = 500, right = 9>", "#ringattn.zigzag"),
    "striped": ("#ringattn.causal", "#ringattn.striped<granularity = 1>"),
}


def program(d, dv, dtype, mask, layout):
    """A step of the ring, which may be the first, and the last step."""
    q, v = f"memref<?x8x?x{d}x{dtype}>", f"memref<?x2x?x{dv}x{dtype}>"
    k, o, m = q.replace("8x", "2x", 1), f"memref<?x8x?x{dv}xf32>", "memref<?x8x?xf32>"
    r = v.replace("2x", "8x", 1)
    return "".join(
        f"func.func private @{name}(%q: {q}, %k: {k}, %v: {v}, %o: {o}, %m: {m},\n"
        f"    %l: {m}, %r: index, %s: index, %out: {r}, %lse: {m})\n"
        f"    attributes {{ringattn.kernel}} {{\n"
        f"  ringattn.online_attention ins(%q, %k, %v : {q}, {k}, {v})\n"
        f"    outs(%o, %m, %l : {o}, {m}, {m}) at(%r, %r of %r) global(%s, %s) hop(%r)\n"
        f"    {results} {{layout = {layout}, mask = {mask}, scale = 0.1 : f64,\n"
        f"    starts_empty}}\n  return\n}}\n"
        for name, results in (
            ("step", ""),
            ("last", f"finish(%out : {r}) lse(%lse : {m})"),
        )
    )


def compile_kernels(opt, configuration, assemble="--ringattn-assemble-kernels"):
    d, dv, dtype, name = configuration
    return subprocess.run(
        [opt, "--ringattn-hopper-kernels", assemble],
        input=program(d, dv, dtype, *MASKS[name]),
        capture_output=True,
        text=True,
        check=False,
    )


def assemble(opt, configuration):
    d, dv, dtype, name = configuration
    done = compile_kernels(opt, configuration)
    label = f"D {d} Dv {dv} {dtype} {name}"
    if done.returncode != 0:
        return f"{label}: FAILED {done.stderr.splitlines()[0]}"
    registers = ", ".join(re.findall(r"registers = (\d+)", done.stdout))
    return f"{label}: {registers} registers, no spill"


def main():
    configurations = [
        (d, dv, dtype, name)
        for d, dv, name in product(SIZES, SIZES, MASKS)
        for dtype in (("bf16", "f16", "f32") if name in ("full", "causal") else ("bf16", "f32"))
    ] + [
        (*sizes, dtype, name)
        for sizes, dtype, name in product(ODD_SIZES, ("bf16", "f32"), ("full", "striped"))
    ]
    with ThreadPoolExecutor(2) as pool:
        for line in pool.map(lambda c: assemble(sys.argv[1], c), configurations):
            print(line)


if __name__ == "__main__":
    main()
