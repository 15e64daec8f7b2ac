"""Attention without a kernel of anybody's."""

import numpy as np

import torch


def scaled_dot_product_attention(q, k, v, is_causal):
    q, k, v = (x.float().data.astype(np.float64) for x in (q, k, v))
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    if is_causal:
        scores[..., np.triu(np.ones(scores.shape[-2:], bool), 1)] = -np.inf
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    output = (p / p.sum(axis=-1, keepdims=True) @ v).astype(np.float32)
    return torch.Tensor((output.view(np.uint32) >> 16).astype(np.uint16), "bfloat16")
