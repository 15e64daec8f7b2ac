"""Ops around attention as kernels: also where a rank has no tokens, and with
elements of a single bit."""

from __future__ import annotations

import numpy as np

import oracle
from faults import test
from oracle import Mask
from program import Failure, Tools, precision

SHAPE, TYPE, LSE, BITS = (1, 2, 3, 8), "1x2x3x8xf32", "1x2x3xf32", "1x2x3x8xi1"

PROGRAM = f"""
shard.grid @ring(shape = 4)
func.func @main(%q: tensor<{TYPE}>, %k: tensor<{TYPE}>, %v: tensor<{TYPE}>)
    -> (tensor<{TYPE}>, tensor<{LSE}>, tensor<{TYPE}>) {{
  %o, %lse = ringattn.attention %q, %k, %v {{
      mask = #ringattn.causal,
      sharding = #ringattn.seq_sharding<@ring, axes = [0]>}}
    : (tensor<{TYPE}>, tensor<{TYPE}>, tensor<{TYPE}>) -> (tensor<{TYPE}>, tensor<{LSE}>)
  %zero = arith.constant dense<0.0> : tensor<{TYPE}>
  %positive = arith.cmpf ogt, %q, %zero : tensor<{TYPE}>
  %chosen = arith.select %positive, %o, %zero : tensor<{BITS}>, tensor<{TYPE}>
  %twice = arith.addf %lse, %lse : tensor<{LSE}>
  return %chosen, %twice, %o : tensor<{TYPE}>, tensor<{LSE}>, tensor<{TYPE}>
}}
"""


@test
def ops_around_attention_are_kernels(tools: Tools) -> None:
    numbers = np.random.default_rng(11)
    q, k, v = (numbers.normal(size=SHAPE).astype(np.float32) for _ in range(3))
    answer = oracle.attention(q, k, v, Mask("causal"), 8**-0.5)
    kind = precision("f32", tools.device)
    relative = oracle.output_bound(answer, kind)[..., None]
    bound = relative * oracle.magnitude(answer)[..., None]
    run = tools.run(PROGRAM, (q, k, v), 3, 4)
    chosen, twice, output = run.outputs
    for what, got, expected, most in (
        ("the chosen", chosen, np.where(q > 0, answer.output, 0.0), bound),
        ("the output", output, answer.output, bound),
        ("twice the LSE", twice, 2 * answer.lse, 2 * oracle.lse_bound(answer, kind)),
    ):
        if not (np.abs(got - expected) <= most).all():
            raise Failure(f"{what} is off by {np.abs(got - expected).max():.3g}")
