"""Names of the backends; one of them is not there."""

import contextlib
import enum

import torch


class SDPBackend(enum.Enum):
    CUDNN_ATTENTION = 1
    FLASH_ATTENTION = 2


@contextlib.contextmanager
def sdpa_kernel(backend):
    if backend is SDPBackend.FLASH_ATTENTION:
        raise RuntimeError("no available kernel\nmore of it")
    torch.fate("cudnn")
    yield
