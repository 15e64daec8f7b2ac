"""Calls an entry of a compiled module as a runtime does, through ringrt/abi.h, for
programs that no ring leads to and buffers that no runtime allocates. Kernels for GPUs
run on the simulator (ringrt/sim.h)."""

from __future__ import annotations

import ctypes as c
from pathlib import Path

PARALLEL_BODY = c.CFUNCTYPE(c.c_int32, c.c_void_p, c.c_void_p, c.c_int64, c.c_int64)
OUT_INT = c.POINTER(c.c_int64)

# The fields of rr_imports after struct_size and abi_version.
IMPORTS = {
    "buf_alloc": c.CFUNCTYPE(
        c.c_int32, c.c_void_p, c.c_int64, c.c_int64, c.POINTER(c.c_void_p)
    ),
    "buf_free": c.CFUNCTYPE(c.c_int32, c.c_void_p, c.c_void_p),
    "ring_rank": c.CFUNCTYPE(c.c_int32, c.c_void_p, c.c_int32, OUT_INT),
    "ring_size": c.CFUNCTYPE(c.c_int32, c.c_void_p, c.c_int32, OUT_INT),
    "ring_shift_start": c.CFUNCTYPE(c.c_int32),
    "ring_wait": c.CFUNCTYPE(c.c_int32),
    "parallel_for": c.CFUNCTYPE(
        c.c_int32, c.c_void_p, c.c_int64, c.c_void_p, c.c_void_p
    ),
    "check_cancel": c.CFUNCTYPE(c.c_int32, c.c_void_p),
    "fail": c.CFUNCTYPE(c.c_int32, c.c_void_p, c.c_int32, c.c_char_p),
    "trace_begin": c.CFUNCTYPE(c.c_int32, c.c_void_p, c.c_int32, c.c_int64),
    "trace_end": c.CFUNCTYPE(c.c_int32, c.c_void_p),
    "tensor_map": c.CFUNCTYPE(
        c.c_int32, c.c_void_p, c.c_void_p, c.c_void_p, c.c_int32, OUT_INT, OUT_INT, OUT_INT
    ),
    "launch": c.CFUNCTYPE(
        c.c_int32, c.c_void_p, c.c_char_p, OUT_INT, c.POINTER(c.c_void_p)
    ),
}


class Imports(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("abi_version", c.c_uint32)] + list(
        IMPORTS.items()
    )


class EntryPoint(c.Structure):
    _fields_ = [("name", c.c_char_p), ("function", c.c_void_p)]


class Kernel(c.Structure):
    _fields_ = [
        ("name", c.c_char_p),
        ("threads", c.c_uint32),
        ("shared_bytes", c.c_uint32),
        ("cubin", c.c_void_p),
        ("cubin_size", c.c_uint64),
        ("ptx", c.c_void_p),
        ("ptx_size", c.c_uint64),
        ("simulated", c.c_void_p),
    ]


class Header(c.Structure):
    _fields_ = [
        ("struct_size", c.c_uint32),
        ("abi_version", c.c_uint32),
        ("manifest", c.c_char_p),
        ("manifest_size", c.c_uint64),
        ("program", c.c_void_p),
        ("program_size", c.c_uint64),
        ("entries", c.POINTER(EntryPoint)),
        ("num_entries", c.c_uint64),
        ("kernels", c.POINTER(Kernel)),
        ("num_kernels", c.c_uint64),
    ]


class TensorMap(c.Structure):
    _fields_ = [
        ("base", c.c_uint64),
        ("size", c.c_uint64 * 5),
        ("stride", c.c_uint64 * 4),
        ("box", c.c_uint32 * 5),
        ("rank", c.c_uint16),
        ("element_bytes", c.c_uint16),
        ("swizzle", c.c_uint16),
        ("fill_nan", c.c_uint16),
    ]


class Launch(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("grid", c.c_uint32 * 3),
        ("shared_bytes", c.c_uint32),
        ("seed", c.c_uint64),
        ("arguments", c.POINTER(c.c_void_p)),
        # Null: all memory may be accessed.
        ("arrays", c.c_void_p),
        ("num_arrays", c.c_size_t),
    ]


class Context(c.Structure):
    _fields_ = [("imports", c.POINTER(Imports))]


class Module:
    """A module on a ring of one rank whose loops run on the calling thread;
    `runtime` is the library that has the simulator."""

    def __init__(self, path: Path, runtime: Path):
        self.runtime = runtime
        self.launches = 0
        library = c.CDLL(str(path))
        library.rr_module_query.restype = c.POINTER(Header)
        self.header = library.rr_module_query(c.c_uint32(1)).contents
        self.held: dict[int, c.Array] = {}
        self.message = ""

        def alloc(_, size, alignment, out):
            block = c.create_string_buffer(size + alignment)
            address = -(-c.addressof(block) // alignment) * alignment
            self.held[address] = block
            out[0] = address
            return 0

        def free(_, address):
            return 0 if self.held.pop(address, None) is not None else 11

        def constant(value):
            def write(_, group, out):
                out[0] = value
                return 0

            return write

        def parallel_for(context, count, body, closure):
            return PARALLEL_BODY(body)(context, closure, 0, count) if count else 0

        def fail(_, status, message):
            self.message = message.decode()
            return status

        functions = {
            "buf_alloc": alloc,
            "buf_free": free,
            "ring_rank": constant(0),
            "ring_size": constant(1),
            "ring_shift_start": lambda: 11,
            "ring_wait": lambda: 11,
            "parallel_for": parallel_for,
            "check_cancel": lambda _: 0,
            "fail": fail,
            "trace_begin": lambda *_: 0,
            "trace_end": lambda _: 0,
            "tensor_map": self.make_tensor_map,
            "launch": self.launch,
        }
        self.imports = Imports(
            c.sizeof(Imports),
            1,
            *(kind(functions[name]) for name, kind in IMPORTS.items()),
        )
        self.context = Context(c.pointer(self.imports))

    @staticmethod
    def make_tensor_map(_, out, base, element_bytes, sizes, strides, box) -> int:
        if base % 16 or any(element_bytes * strides[d] % 16 for d in range(3)):
            return 1
        map_ = TensorMap(
            base=base, rank=4, element_bytes=element_bytes, swizzle=128,
            size=(*(sizes[d] for d in (3, 2, 1, 0)), 0),
            stride=(*(element_bytes * strides[d] for d in (2, 1, 0)), 0),
            box=(box[0], box[1], 1, 1, 0),
        )  # fmt: skip
        c.memmove(out, c.addressof(map_), c.sizeof(map_))
        return 0

    def launch(self, _, name, grid, arguments) -> int:
        table = self.header.kernels
        kernels = {table[i].name: table[i] for i in range(self.header.num_kernels)}
        launch = Launch(
            struct_size=c.sizeof(Launch), grid=tuple(grid[:3]), seed=self.launches,
            shared_bytes=kernels[name].shared_bytes, arguments=arguments,
        )  # fmt: skip
        self.launches += 1
        text = c.create_string_buffer(1024)
        status = c.CDLL(str(self.runtime)).rs_run(
            c.c_void_p(kernels[name].simulated), c.byref(launch), text, c.c_size_t(1024)
        )
        self.message = text.value.decode()
        return status

    def call(self, name: str, addresses: list[int], dims: list[int]) -> int:
        """Returns the entry's status."""
        for index in range(self.header.num_entries):
            entry = self.header.entries[index]
            if entry.name.decode() == name:
                function = c.CFUNCTYPE(
                    c.c_int32, c.c_void_p, c.POINTER(c.c_void_p), OUT_INT
                )(entry.function)
                return function(
                    c.addressof(self.context),
                    (c.c_void_p * len(addresses))(*addresses),
                    (c.c_int64 * len(dims))(*dims),
                )
        raise KeyError(name)
