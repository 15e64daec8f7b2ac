"""Named tests of online_attention and finalize on themselves: states that whole
programs with today's masks do not reach, and offsets beyond 32 bits."""

from __future__ import annotations

import ctypes
import mmap
from dataclasses import dataclass

import numpy as np

import oracle
from faults import test
from module import Module
from oracle import Mask
from placement import Layout
from program import Failure, Tools

CAUSAL = Mask("causal")
MAP_NORESERVE = 0x4000  # Linux; Python has no name for it before 3.13


@dataclass(frozen=True)
class Steps:
    """Blocks of n keys, one after the other, against n queries: block b against
    queries at the positions of rank `at[b][0]` and keys at those of `at[b][1]`."""

    at: tuple[tuple[int, int], ...]
    mask: Mask
    n: int = 16
    ranks: int = 2
    heads: int = 2
    kv_heads: int = 1
    d: int = 16
    dv: int = 16
    rows: int | None = None  # queries and keys of a step, fewer than n: dynamic
    keys: int | None = None

    def program(self) -> str:
        h, hk, n, d, dv, blocks = (
            self.heads, self.kv_heads, self.n, self.d, self.dv, len(self.at),
        )  # fmt: skip
        rows = n if self.rows is None else "?"
        keys = n if self.keys is None else "?"
        q, k = f"1x{h}x{n}x{d}xf32", f"{blocks}x{hk}x{n}x{d}xf32"
        v, o, lse = f"{blocks}x{hk}x{n}x{dv}xf32", f"1x{h}x{n}x{dv}xf32", f"1x{h}x{n}xf32"
        layout = "strided<[{}, {}, {}, 1], offset: ?>"
        qs = f"memref<1x{h}x{rows}x{d}xf32, {layout.format(h * n * d, n * d, d)}>"
        ks = f"memref<1x{hk}x{keys}x{d}xf32, {layout.format(hk * n * d, n * d, d)}>"
        vs = f"memref<1x{hk}x{keys}x{dv}xf32, {layout.format(hk * n * dv, n * dv, dv)}>"
        accs = f"memref<1x{h}x{rows}x{dv}xf32, {layout.format(h * n * dv, n * dv, dv)}>"
        states = f"memref<1x{h}x{rows}xf32, strided<[{h * n}, {n}, 1], offset: ?>>"

        def attribute(*shapes: str) -> str:
            return ", ".join(f"{{type = tensor<{shape}>}}" for shape in shapes)

        lines = [
            f"func.func @main(%q: memref<{q}>, %k: memref<{k}>, %v: memref<{v}>,",
            f"    %o: memref<{o}>, %lse: memref<{lse}>) attributes {{ringattn.entry = {{",
            f"      arguments = [{attribute(q, k, v)}], equal = [],",
            f"      results = [{attribute(o, lse)}]}}}} {{",
            "  %ninf = arith.constant 0xFF800000 : f32",
            "  %zero = arith.constant 0.0 : f32",
            "  %zeroIndex = arith.constant 0 : index",
            f"  %s = arith.constant {n * self.ranks} : index",
            f"  %ranks = arith.constant {self.ranks} : index",
            f"  %rows = arith.constant {n if self.rows is None else self.rows} : index",
            f"  %keys = arith.constant {n if self.keys is None else self.keys} : index",
            f"  %acc = memref.alloc() {{alignment = 64 : i64}} : memref<{o}>",
            f"  %max = memref.alloc() {{alignment = 64 : i64}} : memref<{lse}>",
            f"  %sum = memref.alloc() {{alignment = 64 : i64}} : memref<{lse}>",
            f"  linalg.fill ins(%zero : f32) outs(%acc : memref<{o}>)",
            f"  linalg.fill ins(%ninf : f32) outs(%max : memref<{lse}>)",
            f"  linalg.fill ins(%zero : f32) outs(%sum : memref<{lse}>)",
        ]

        def view(name, source, shape, first, size, tail, result):
            size = n if getattr(self, size) is None else f"%{size}"
            zeros = ", ".join(["0"] * (len(tail) + 2))
            ones = ", ".join(["1"] * (len(tail) + 3))
            sizes = ", ".join(map(str, (1, result.split("x")[1], size, *tail)))
            lines.append(
                f"  %{name} = memref.subview %{source}[%{first}, {zeros}] [{sizes}] "
                f"[{ones}] : memref<{shape}> to {result}"
            )

        view("qv", "q", q, "zeroIndex", "rows", (d,), qs)
        view("accv", "acc", o, "zeroIndex", "rows", (dv,), accs)
        view("maxv", "max", lse, "zeroIndex", "rows", (), states)
        view("sumv", "sum", lse, "zeroIndex", "rows", (), states)
        for index, (query_rank, key_rank) in enumerate(self.at):
            lines += [
                f"  %b{index} = arith.constant {index} : index",
                f"  %qr{index} = arith.constant {query_rank} : index",
                f"  %kr{index} = arith.constant {key_rank} : index",
            ]
            view(f"k{index}", "k", k, f"b{index}", "keys", (d,), ks)
            view(f"v{index}", "v", v, f"b{index}", "keys", (dv,), vs)
            lines += [
                f"  ringattn.online_attention ins(%qv, %k{index}, %v{index} : {qs}, {ks}, {vs})",
                f"    outs(%accv, %maxv, %sumv : {accs}, {states}, {states})",
                f"    at(%qr{index}, %kr{index} of %ranks) global(%s, %s) hop(%b{index})",
                f"    {{layout = {Layout().text()}, mask = {self.mask.text()},",
                "     scale = 2.5e-01 : f64}",
            ]
        lines += [
            f"  ringattn.finalize ins(%acc, %max, %sum : memref<{o}>, memref<{lse}>, "
            f"memref<{lse}>)",
            f"    outs(%o, %lse : memref<{o}>, memref<{lse}>)",
            f"  memref.dealloc %sum : memref<{lse}>",
            f"  memref.dealloc %max : memref<{lse}>",
            f"  memref.dealloc %acc : memref<{o}>",
            "  return",
            "}",
            "",
        ]
        return "\n".join(lines)

    def inputs(self) -> list[np.ndarray]:
        rng = np.random.default_rng(3)
        shapes = (
            (1, self.heads, self.n, self.d),
            (len(self.at), self.kv_heads, self.n, self.d),
            (len(self.at), self.kv_heads, self.n, self.dv),
        )
        return [short_floats(rng.standard_normal(s)) for s in shapes]

    def run(self, tools: Tools, inputs: list[np.ndarray]) -> list[np.ndarray]:
        outputs = [
            np.full((1, self.heads, self.n, self.dv), np.nan, np.float32),
            np.full((1, self.heads, self.n), np.nan, np.float32),
        ]
        arrays = [aligned(array) for array in (*inputs, *outputs)]
        dims = [size for array in arrays for size in array.shape]
        module = load(tools, self.program())
        status = module.call("main", [a.ctypes.data for a in arrays], dims)
        if status:
            raise Failure(f"entry returned {status}: {module.message}\n{self.program()}")
        return arrays[3:]


def short_floats(array: np.ndarray) -> np.ndarray:
    """Rounded towards 0 to 7 bits of mantissa, which every type of factors has."""
    words = array.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
    return words.view(np.float32)


def load(tools: Tools, program: str) -> Module:
    return Module(tools.compile(program), tools.binaries.parent / "lib" / "libringrt.so")


def expect_small(tools: Tools, error: float, exact: bool = True) -> None:
    """Kernels for GPUs round P to tf32; the factors of these tests need no rounding.
    Results that are not `exact` are of 16 bits."""
    bound = 1e-5 if exact and tools.device == "cpu" else 2e-3
    if not error < bound:
        raise Failure(f"error {error}, expected below {bound}")


def aligned(array: np.ndarray) -> np.ndarray:
    """A copy at a multiple of 64 bytes, as shards are."""
    raw = np.empty(array.nbytes + 64, np.uint8)
    start = -raw.ctypes.data % 64
    copy = raw[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def expect_no_keys(what: str, outputs: list[np.ndarray], rows: slice) -> None:
    o, lse = outputs[0][:, :, rows], outputs[1][:, :, rows]
    if not (o == 0).all() or not np.isneginf(lse).all():
        raise Failure(
            f"{what}: rows without keys have O = {o.ravel()[:4]}, "
            f"LSE = {lse.ravel()[:4]}, expected 0 and -inf"
        )


@test
def steps_fault_02_both_lse_minus_inf(tools: Tools) -> None:
    """One block, then two, of which nothing is visible; also with NaN keys."""
    for at in (((0, 1),), ((0, 1), (0, 1))):
        steps = Steps(at, CAUSAL)
        inputs = steps.inputs()
        expect_no_keys("masked", steps.run(tools, inputs), slice(None))
        inputs[1][:] = np.nan
        expect_no_keys("masked NaN keys", steps.run(tools, inputs), slice(None))


@test
def steps_fault_17_masked_block_changes_nothing(tools: Tools) -> None:
    """Before, between and after blocks with visible keys: the same bits."""
    reference = None
    for at in (((1, 0),), ((0, 1), (1, 0)), ((1, 0), (0, 1)), ((0, 1), (1, 0), (0, 1))):
        steps = Steps(at, CAUSAL)
        q, k, v = steps.inputs()
        visible = at.index((1, 0))
        base = Steps(((1, 0),), CAUSAL).inputs()
        k[visible], v[visible] = base[1][0], base[2][0]
        outputs = steps.run(tools, [q, k, v])
        if reference is None:
            answer = oracle.attention(q, k, v, Mask(), 0.25)
            reference = outputs
            error = abs(outputs[0] - answer.output).max()
            expect_small(tools, error)
        for got, want in zip(outputs, reference):
            if not np.array_equal(got, want):
                raise Failure(f"blocks {at} give other bits than the visible one alone")


@test
def steps_rows_without_keys_beside_others(tools: Tools) -> None:
    """Keys one shard ahead, three of which a window lets the last rows see."""
    steps = Steps(((0, 1),), Mask("window", 0, 3))
    q, k, v = steps.inputs()
    outputs = steps.run(tools, [q, k, v])
    expect_no_keys("first rows", outputs, slice(0, 13))
    n = steps.n
    seen = np.arange(n, 2 * n)[None, :] - np.arange(n)[:, None] <= 3
    scores = 0.25 * np.einsum("hid,jd->hij", q[0], k[0, 0], dtype=np.float64)
    scores = np.where(seen[13:], scores[:, 13:], -np.inf)
    top = scores.max(axis=2, keepdims=True)
    p = np.exp(scores - top)
    want = p @ v[0, 0] / p.sum(axis=2, keepdims=True)
    error = abs(outputs[0][0, :, 13:] - want).max()
    lse = (top + np.log(p.sum(axis=2, keepdims=True)))[..., 0]
    lse_error = abs(outputs[1][0, :, 13:] - lse).max()
    expect_small(tools, max(error, lse_error))


@test
def steps_empty_shards(tools: Tools) -> None:
    """Neither zero rows nor zero keys change the state or fail."""
    for rows, keys in ((0, None), (None, 0), (0, 0)):
        steps = Steps(((1, 0),), Mask(), rows=rows, keys=keys)
        outputs = steps.run(tools, steps.inputs())
        expect_no_keys(f"{rows} rows and {keys} keys", outputs, slice(None))
    steps = Steps(((1, 0),), Mask(), rows=5, keys=9)
    q, k, v = steps.inputs()
    outputs = steps.run(tools, [q, k, v])
    answer = oracle.attention(q[:, :, :5], k[:, :, :9], v[:, :, :9], Mask(), 0.25)
    error = abs(outputs[0][:, :, :5] - answer.output).max()
    expect_small(tools, error)
    expect_no_keys("rows beyond the view", outputs, slice(5, None))


@test
def steps_fault_21_offsets_beyond_32_bits(tools: Tools) -> None:
    """Rows so far apart that their offsets, in elements and in bytes, need more than
    32 bits. The mapping is sparse: only the rows are ever touched."""
    for dtype in (np.dtype(np.float32), np.dtype(np.float16)):
        run_distant_rows(tools, dtype)


def run_distant_rows(tools: Tools, dtype: np.dtype) -> None:
    n, d, distance = 20, 16, 2**28 + 64  # rows of f32 1 GiB apart, 20 GiB in all
    size, width, name = n * distance, dtype.itemsize, f"f{8 * dtype.itemsize}"
    wide = f"memref<1x1x{n}x{d}x{name}, strided<[{size}, {size}, {distance}, 1]>>"
    lse, tensor = f"1x1x{n}xf32", f"tensor<1x1x{n}x{distance}x{name}>"
    flat = f"memref<1x1x{n}x{distance}x{name}>"
    view = (
        f"memref.subview %{{0}}[0, 0, 0, 0] [1, 1, {n}, {d}] [1, 1, 1, 1] : {flat} to {wide}"
    )
    compact = f"memref<1x1x{n}x{d}xf32>"
    text = f"""\
func.func @main(%q: {flat}, %k: {flat}, %v: {flat}, %o: {flat}, %lse: memref<{lse}>)
    attributes {{ringattn.entry = {{
      arguments = [{{type = {tensor}}}, {{type = {tensor}}}, {{type = {tensor}}}],
      equal = [], results = [{{type = {tensor}}}, {{type = tensor<{lse}>}}]}}}} {{
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %s = arith.constant {n} : index
  %qv = {view.format("q")}
  %kv = {view.format("k")}
  %vv = {view.format("v")}
  %ov = {view.format("o")}
  %acc = memref.alloc() {{alignment = 64 : i64}} : {compact}
  %max = memref.alloc() {{alignment = 64 : i64}} : memref<{lse}>
  %sum = memref.alloc() {{alignment = 64 : i64}} : memref<{lse}>
  linalg.fill ins(%zero : f32) outs(%acc : {compact})
  linalg.fill ins(%ninf : f32) outs(%max : memref<{lse}>)
  linalg.fill ins(%zero : f32) outs(%sum : memref<{lse}>)
  ringattn.online_attention ins(%qv, %kv, %vv : {wide}, {wide}, {wide})
    outs(%acc, %max, %sum : {compact}, memref<{lse}>, memref<{lse}>)
    at(%c0, %c0 of %c1) global(%s, %s) hop(%c0)
    {{layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 2.5e-01 : f64}}
  ringattn.finalize ins(%acc, %max, %sum : {compact}, memref<{lse}>, memref<{lse}>)
    outs(%ov, %lse : {wide}, memref<{lse}>)
  memref.dealloc %sum : memref<{lse}>
  memref.dealloc %max : memref<{lse}>
  memref.dealloc %acc : {compact}
  return
}}
"""
    module = load(tools, text)
    rng = np.random.default_rng(5)
    # Q, K, V and O are distinct columns of one sparse mapping.
    space = mmap.mmap(
        -1,
        width * (size + 4096),
        flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE,
    )
    buffer = ctypes.c_char.from_buffer(space)
    base = ctypes.addressof(buffer)
    del buffer  # keeps the mapping from being closed
    columns = []
    for index in range(4):
        raw = np.ndarray(
            (n, d), dtype, space, offset=1024 * index, strides=(width * distance, width)
        )
        raw[...] = short_floats(rng.standard_normal((n, d))) if index < 3 else np.nan
        columns.append(raw)
    q, k, v = (np.ascontiguousarray(x)[None, None] for x in columns[:3])
    answer = oracle.attention(q, k, v, CAUSAL, 0.25)
    rows = aligned(np.zeros((1, 1, n), np.float32))
    addresses = [base + 1024 * index for index in range(4)] + [rows.ctypes.data]
    status = module.call(
        "main", addresses, 4 * [1, 1, n, distance] + [1, 1, n]
    )
    output = np.ascontiguousarray(columns[3])
    del columns, raw
    space.close()
    if status:
        raise Failure(f"entry returned {status}: {module.message}")
    error = abs(output - answer.output[0, 0]).max()
    expect_small(tools, error, exact=width == 4)
