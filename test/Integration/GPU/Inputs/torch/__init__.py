"""As much of PyTorch as tools/gpu-check/timing.py needs, on numpy: for tests of that
script where there is no GPU. Numbers of type bfloat16 are kept as they are stored.

The environment's RINGATTN_FAKE_TORCH is a list, by commas, of what happens to a peer:
cudnn=hang, cudnn=die, flex=hang, flex=die, flex=run; a flex that is not told to run
cannot be compiled."""

import os
import signal
import sys
import time
import types

import numpy as np

__version__ = "0 (a stand-in)"
bfloat16, uint8 = "bfloat16", "uint8"
nan = float("nan")
_live = []
# What a library prints may look like JSON.
print(0)


class Tensor:
    def __init__(self, data, dtype):
        self.data, self.dtype = data, dtype
        self.shape = data.shape

    def data_ptr(self):
        return self.data.ctypes.data

    def float(self):
        wide = (self.data.astype(np.uint32) << 16).view(np.float32)
        return Tensor(wide.reshape(self.shape), "float32")

    def cpu(self):
        return self

    def numpy(self):
        return self.data

    def isfinite(self):
        return np.isfinite(self.float().data)

    def zero_(self):
        return self

    def __getitem__(self, index):
        return Tensor(self.data[index], self.dtype)


def _allocate(shape):
    """Aligned as the driver's memory is."""
    count = int(np.prod(shape))
    raw = np.zeros(2 * count + 256, np.uint8)
    _live.append(raw)
    start = -raw.ctypes.data % 256
    return raw[start : start + 2 * count].view(np.uint16).reshape(shape)


def randn(shape, device, dtype, generator):
    if len(shape) == 2:  # of a product that nobody computes
        shape = (8, 8)
    data = _allocate(shape)
    numbers = np.random.default_rng(generator.seed).standard_normal(shape)
    data[:] = (numbers.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    generator.seed += 1
    return Tensor(data, dtype)


def full_like(x, value):
    data = _allocate(x.shape)
    data[:] = 0xFFFF if value != value else 0
    return Tensor(data, x.dtype)


def empty(count, dtype, device):
    return Tensor(np.zeros(0, np.uint8), dtype)


def zeros(count, device):
    return None


class Generator:
    def __init__(self, device):
        self.seed = 0

    def manual_seed(self, seed):
        self.seed = seed
        return self


def matmul(a, b):
    return a


def fate(peer):
    told = os.environ.get("RINGATTN_FAKE_TORCH", "").split(",")
    told = dict(item.split("=") for item in told if item).get(peer, "")
    if told == "hang":
        time.sleep(3600)
    if told == "die":
        os.kill(os.getpid(), signal.SIGABRT)
    return told


def compile(function, **options):
    if fate("flex") == "run":
        return function
    raise RuntimeError("\nbackend='nothing' raised:\nthe stand-in compiles nothing\n")


class _Event:
    def __init__(self, enable_timing):
        pass

    def record(self):
        pass

    def elapsed_time(self, other):
        return 0.5


cuda = types.SimpleNamespace(
    is_available=lambda: True,
    init=lambda: None,
    synchronize=lambda: None,
    Event=_Event,
)
backends = types.SimpleNamespace(
    cudnn=types.SimpleNamespace(version=lambda: None)
)
_dynamo = types.SimpleNamespace(reset=lambda: None)
sys.modules["torch.cuda"] = cuda
