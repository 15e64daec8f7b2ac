"""Calls an entry of a compiled module as a runtime does, through ringrt/abi.h, for
programs that no ring leads to and buffers that no runtime allocates."""

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
}


class Imports(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("abi_version", c.c_uint32)] + list(
        IMPORTS.items()
    )


class EntryPoint(c.Structure):
    _fields_ = [("name", c.c_char_p), ("function", c.c_void_p)]


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
    ]


class Context(c.Structure):
    _fields_ = [("imports", c.POINTER(Imports))]


class Module:
    """A module on a ring of one rank whose loops run on the calling thread."""

    def __init__(self, path: Path):
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
        }
        self.imports = Imports(
            c.sizeof(Imports),
            1,
            *(kind(functions[name]) for name, kind in IMPORTS.items()),
        )
        self.context = Context(c.pointer(self.imports))

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
