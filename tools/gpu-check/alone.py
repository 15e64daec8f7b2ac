"""Arrays and clocks for timing.py where there is no PyTorch: no peers, and the times
are those of our kernels."""

from __future__ import annotations

import numpy as np

import cases
from device import Array, Device, Package, from_storage, to_storage

# More than the L2 holds.
FLUSH_BYTES = 2**28


class Row:
    lab: "Lab"

    def __init__(self, configuration: cases.Configuration, length: int, batch: int):
        self.configuration, self.length, self.batch = configuration, length, batch
        self.causal = configuration.mask.kind == "causal"
        self.shape = (batch, configuration.heads, length, configuration.d)
        random = np.random.default_rng(length + configuration.d)
        self.inputs, self.stored = [], []
        for _ in range(3):
            numbers = to_storage(
                random.standard_normal(self.shape, np.float32), "bf16"
            )
            array = Array(self.lab.device, numbers.nbytes)
            array.write(numbers)
            self.inputs.append(array)
            self.stored.append(numbers)
        self.output = Array(self.lab.device, numbers.nbytes)
        self.output.write(np.full(numbers.nbytes, 0xFF, np.uint8))

    def bits(self, x: Array) -> np.ndarray:
        if x in self.inputs:
            return self.stored[self.inputs.index(x)]
        return x.read().view(np.uint16).reshape(self.shape)

    def head(self, x: Array, b: int, h: int) -> np.ndarray:
        return from_storage(self.bits(x)[b, h], "bf16").astype(np.float64)

    def finite(self, x: Array) -> bool:
        return bool(((self.bits(x) & 0x7F80) != 0x7F80).all())

    def __del__(self):
        for array in [*self.inputs, self.output]:
            array.release()


class Lab:
    kernels = True
    Row = Row

    def __init__(self, library, work: dict):
        self.versions: dict[str, str] = {}
        self.device = Device(
            library, checked=False, timed=True, timeout=work["timeout"]
        )
        self.scratch = Array(self.device, FLUSH_BYTES)
        Row.lab = self

    def Span(self):  # noqa: N802, as a class of peers.py
        return Span(self.device)

    def flush(self) -> None:
        self.scratch.fill(0)

    def synchronize(self) -> None:
        self.device.synchronize()

    def ours(self, row: Row, package: Package):
        arrays = [*row.inputs, row.output]
        dims = [size for _ in arrays for size in row.shape]

        def run() -> Array:
            package.call(1, [array.address for array in arrays], dims)
            return row.output

        return run

    def peer(self, name: str, row: Row):
        raise RuntimeError("there is no PyTorch")

    def roof(self):
        return None


class Span:
    def __init__(self, device: Device):
        self.device, self.time = device, 0.0

    def begin(self) -> None:
        self.device.times()

    def end(self) -> None:
        self.time = sum(self.device.times())

    def milliseconds(self) -> float:
        return self.time
