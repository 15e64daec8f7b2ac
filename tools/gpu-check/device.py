"""libringattn-gpu-check.so, and packages called through it."""

from __future__ import annotations

import ctypes as c
import json
import os
from pathlib import Path

import numpy as np

from cases import Case, Configuration

# Bytes of NaNs around every array.
GUARD = 1024
# The driver compiles the kernels.
PTX = os.environ.get("RINGATTN_DEVICE_CODE") == "ptx"


class DeviceError(RuntimeError):
    pass


POINTER, SIZE, TEXT = c.c_void_p, c.c_uint64, c.c_char_p
FUNCTIONS = {
    "gc_error": (TEXT, []),
    "gc_open": (POINTER, [c.c_int, c.c_int, c.c_int, c.c_int, c.c_double]),
    "gc_describe": (TEXT, [POINTER]),
    "gc_set_stream": (c.c_int, [POINTER, POINTER]),
    "gc_allocate": (SIZE, [POINTER, SIZE]),
    "gc_release": (c.c_int, [POINTER, SIZE]),
    "gc_fill": (c.c_int, [POINTER, SIZE, c.c_int, SIZE]),
    "gc_upload": (c.c_int, [POINTER, SIZE, POINTER, SIZE]),
    "gc_download": (c.c_int, [POINTER, POINTER, SIZE, SIZE]),
    "gc_synchronize": (c.c_int, [POINTER]),
    "gc_times": (c.c_int, [POINTER, c.POINTER(c.c_float), c.c_int]),
    "gc_load": (POINTER, [POINTER, TEXT]),
    "gc_unload": (c.c_int, [POINTER]),
    "gc_call": (
        c.c_int,
        [POINTER, TEXT, c.c_int64, c.POINTER(POINTER), c.c_int64,
         c.POINTER(c.c_int64)],
    ),
    "gc_golden_kernels": (TEXT, []),
    "gc_golden_count": (c.c_int, []),
    "gc_golden_name": (TEXT, [c.c_int]),
    "gc_golden_run": (TEXT, [POINTER, POINTER, c.c_int]),
    "gc_golden_note": (TEXT, [POINTER]),
}


def load_library(path: Path) -> c.CDLL:
    library = c.CDLL(str(path))
    for name, (result, parameters) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, parameters
    return library


class Device:
    def __init__(
        self,
        library: Path,
        managed: bool = False,
        checked: bool = True,
        timed: bool = False,
        timeout: float = 20,
    ):
        self.library = load_library(library)
        self.handle = self.check(
            self.library.gc_open(managed, checked, timed, PTX, timeout)
        )

    def check(self, result):
        """Most functions return 0 or null where they fail."""
        if not result and result != b"":
            raise DeviceError(self.library.gc_error().decode())
        return result

    def describe(self) -> dict:
        return json.loads(self.library.gc_describe(self.handle))

    def synchronize(self) -> None:
        self.check(self.library.gc_synchronize(self.handle))

    def times(self) -> list[float]:
        """Milliseconds of the kernels since the last call."""
        most = 4096
        found = (c.c_float * most)()
        count = self.library.gc_times(self.handle, found, most)
        if count < 0:
            raise DeviceError(self.library.gc_error().decode())
        return list(found[: min(count, most)])


class Array:
    """Memory of an array between guards, which must stay what they are."""

    def __init__(self, device: Device, size: int):
        self.device, self.size = device, size
        total = size + 2 * GUARD
        self.block = device.check(
            device.library.gc_allocate(device.handle, total)
        )
        self.write(np.full(total, 0xFF, np.uint8), self.block)
        self.address = self.block + GUARD

    def write(self, data: np.ndarray, address: int | None = None) -> None:
        data = np.ascontiguousarray(data)
        device = self.device
        device.check(
            device.library.gc_upload(
                device.handle, address or self.address, data.ctypes.data, data.nbytes
            )
        )

    def fill(self, byte: int) -> None:
        """In the order of the stream."""
        device = self.device
        device.check(
            device.library.gc_fill(device.handle, self.address, byte, self.size)
        )

    def read(self) -> np.ndarray:
        data = np.empty(self.size + 2 * GUARD, np.uint8)
        device = self.device
        device.check(
            device.library.gc_download(
                device.handle, data.ctypes.data, self.block, data.nbytes
            )
        )
        guards = np.concatenate([data[:GUARD], data[-GUARD:]])
        if (guards != 0xFF).any():
            raise DeviceError("memory around an array was written to")
        return data[GUARD:-GUARD]

    def release(self) -> None:
        self.device.library.gc_release(self.device.handle, self.block)


# Storage -----------------------------------------------------------------------------


def to_storage(x: np.ndarray, dtype: str) -> np.ndarray:
    """Of numbers that the type holds exactly."""
    if dtype == "bf16":
        return (x.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return x.astype(np.float16 if dtype == "f16" else np.float32)


def from_storage(data: np.ndarray, dtype: str) -> np.ndarray:
    """Of bytes."""
    if dtype == "bf16":
        return (data.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return data.view(np.float16 if dtype == "f16" else np.float32).astype(np.float32)


class Package:
    def __init__(self, device: Device, path: Path):
        self.device = device
        self.handle = device.check(
            device.library.gc_load(device.handle, str(path).encode())
        )

    def unload(self) -> None:
        """Its kernels' code; the host's stays."""
        self.device.library.gc_unload(self.handle)

    def call(self, ranks: int, addresses: list[int], dims: list[int]) -> None:
        """`addresses`: of rank 0's arrays, then rank 1's, ..."""
        buffers = (POINTER * len(addresses))(*addresses)
        sizes = (c.c_int64 * len(dims))(*dims)
        self.device.check(
            self.device.library.gc_call(
                self.handle, b"main", ranks, buffers, len(addresses) // ranks, sizes
            )
        )

    def run(
        self, configuration: Configuration, case: Case, inputs: list[np.ndarray],
        times: int,
    ) -> tuple[list[list[np.ndarray]], int]:
        """The results, global arrays, of so many calls in a row, and of how many inputs
        these changed the memory."""
        shapes = configuration.shapes(case)
        dtypes = [configuration.dtype] * 4 + ["f32"]
        owned = [
            configuration.owned(case.sk if index in (1, 2) else case.sq, case)
            for index in range(len(shapes))
        ]
        arrays: list[list[Array]] = []
        written: list[tuple[Array, bytes]] = []
        for rank in range(case.ranks):
            shards = []
            for index, shape in enumerate(shapes):
                local = (*shape[:2], len(owned[index][rank]), *shape[3:])
                width = 4 if dtypes[index] == "f32" else 2
                shards.append(Array(self.device, int(np.prod(local)) * width))
                if index < 3:
                    part = inputs[index][:, :, owned[index][rank]]
                    stored = np.ascontiguousarray(to_storage(part, dtypes[index]))
                    shards[-1].write(stored)
                    written.append((shards[-1], stored.tobytes()))
            arrays.append(shards)
        dims = [size for shape in shapes for size in shape]
        runs = []
        for _ in range(times):
            for shards in arrays:
                for output in shards[3:]:
                    output.write(np.full(output.size, 0xFF, np.uint8))
            self.call(
                case.ranks, [a.address for shards in arrays for a in shards], dims
            )
            self.device.synchronize()
            results = []
            for index in range(3, len(shapes)):
                whole = np.full(shapes[index], np.nan, np.float32)
                for rank, shards in enumerate(arrays):
                    positions = owned[index][rank]
                    local = (*shapes[index][:2], len(positions), *shapes[index][3:])
                    data = from_storage(shards[index].read(), dtypes[index])
                    whole[:, :, positions] = data.reshape(local)
                results.append(whole)
            runs.append(results)
        # This looks at the guards, too.
        changed = sum(array.read().tobytes() != stored for array, stored in written)
        for shards in arrays:
            for array in shards:
                array.release()
        return runs, changed
