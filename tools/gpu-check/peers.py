"""Arrays, peers and clocks of PyTorch, for timing.py."""

from __future__ import annotations

import ctypes as c

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

import cases
from device import Device, Package

# More than the L2 holds, and long enough to hide what the host does meanwhile.
FLUSH_BYTES = 2**30
# A product that shows what this card gives today.
ROOF = 8192


class Row:
    def __init__(self, configuration: cases.Configuration, length: int, batch: int):
        self.configuration, self.length, self.batch = configuration, length, batch
        self.causal = configuration.mask.kind == "causal"
        shape = (batch, configuration.heads, length, configuration.d)
        generator = torch.Generator("cuda").manual_seed(length + configuration.d)
        self.inputs = [
            torch.randn(shape, device="cuda", dtype=torch.bfloat16,
                        generator=generator)
            for _ in range(3)
        ]

    @staticmethod
    def head(x: torch.Tensor, b: int, h: int) -> np.ndarray:
        return x[b, h].float().cpu().numpy().astype(np.float64)

    @staticmethod
    def finite(x: torch.Tensor) -> bool:
        return bool(x.isfinite().all())


class Span:
    def __init__(self):
        self.events = [torch.cuda.Event(enable_timing=True) for _ in range(2)]

    def begin(self) -> None:
        self.events[0].record()

    def end(self) -> None:
        self.events[1].record()

    def milliseconds(self) -> float:
        return self.events[0].elapsed_time(self.events[1])


class Lab:
    kernels = False  # times are those of whole calls
    Row, Span = Row, Span

    def __init__(self, library, work: dict):
        self.versions = {"PyTorch": torch.__version__}
        if torch.backends.cudnn.version():
            self.versions["cuDNN"] = str(torch.backends.cudnn.version())
        try:
            import triton

            self.versions["Triton"] = triton.__version__
        except ImportError:
            pass
        torch.cuda.init()
        torch.zeros(1, device="cuda")
        self.device = Device(library, checked=False, timeout=work["timeout"])
        self.scratch = torch.empty(FLUSH_BYTES, dtype=torch.uint8, device="cuda")

    def flush(self) -> None:
        self.scratch.zero_()

    def synchronize(self) -> None:
        torch.cuda.synchronize()

    def ours(self, row: Row, package: Package):
        output = torch.full_like(row.inputs[0], torch.nan)
        torch.cuda.synchronize()
        arrays = [*row.inputs, output]
        buffers = (c.c_void_p * 4)(*(x.data_ptr() for x in arrays))
        dims = (c.c_int64 * 16)(*(size for x in arrays for size in x.shape))
        device, handle = self.device, package.handle
        call = device.library.gc_call

        def run() -> torch.Tensor:
            device.check(call(handle, b"main", 1, buffers, 4, dims))
            return output

        return run

    def peer(self, name: str, row: Row):
        """What calls it."""
        if name == "Triton (flex)":
            return flex_call(row)
        return torch_call(
            row,
            SDPBackend.CUDNN_ATTENTION if name == "cuDNN"
            else SDPBackend.FLASH_ATTENTION,
        )

    def roof(self):
        """What multiplies two matrices, and its work."""
        shape = (ROOF, ROOF)
        generator = torch.Generator("cuda").manual_seed(1)
        a, b = (
            torch.randn(shape, device="cuda", dtype=torch.bfloat16,
                        generator=generator)
            for _ in range(2)
        )
        return lambda: torch.matmul(a, b), 2 * ROOF**3


def torch_call(row: Row, backend: SDPBackend):
    def run() -> torch.Tensor:
        with sdpa_kernel(backend):
            return F.scaled_dot_product_attention(*row.inputs, is_causal=row.causal)

    return run


def flex_call(row: Row):
    """Triton, by PyTorch's compiler."""
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    # A function is compiled for a few sizes only before it is interpreted instead.
    torch._dynamo.reset()
    compiled = torch.compile(flex_attention, dynamic=False, fullgraph=True)
    mask = None
    if row.causal:
        mask = create_block_mask(
            lambda b, h, i, j: i >= j, None, None, row.length, row.length,
            device="cuda",
        )

    def run() -> torch.Tensor:
        return compiled(*row.inputs, block_mask=mask)

    return run
