"""Programs around attention: several attentions with elementwise ops between them,
and several results, some of them returned twice or computed from others. In f64, so
that one value read after it was overwritten cannot hide in a rounding."""

from __future__ import annotations

import random

import numpy as np

import oracle
from faults import CONTIGUOUS, ZIGZAG, test
from oracle import Mask
from placement import Layout
from program import Failure, Tools

SHAPE = (1, 2, 12, 4)
TYPE = "tensor<1x2x12x4xf64>"
LSE_TYPE = "tensor<1x2x12xf64>"
BINARY = {"addf": np.add, "subf": np.subtract, "mulf": np.multiply}


class Program:
    """A random program and what it computes."""

    def __init__(self, seed: int, ranks: int, layout: Layout):
        rng = random.Random(seed)
        numbers = np.random.default_rng(seed)
        self.inputs = [numbers.uniform(-1, 1, SHAPE) for _ in range(3)]
        self.lines: list[str] = []
        self.values = dict(zip(("%q", "%k", "%v"), self.inputs))
        self.lses: dict[str, np.ndarray] = {}
        self.sharding = (
            "sharding = #ringattn.seq_sharding<@ring, axes = [0], "
            f"layout = {layout.text()}>"
        )
        self.add_attention(rng)
        for _ in range(rng.randint(1, 6)):
            rng.choice((self.add_attention, self.add_binary, self.add_unary))(rng)
        # The first attention is among them: without any there is no ring.
        results = ["%x0", *rng.choices(list(self.values)[3:], k=rng.randint(0, 2))]
        if self.lses and rng.random() < 0.5:
            results += rng.choices(list(self.lses), k=rng.randint(1, 2))
        rng.shuffle(results)
        self.expected = [{**self.values, **self.lses}[name] for name in results]
        types = [TYPE if name in self.values else LSE_TYPE for name in results]
        self.text = "\n".join(
            [
                f"shard.grid @ring(shape = {ranks})",
                f"func.func @main(%q: {TYPE}, %k: {TYPE}, %v: {TYPE}) "
                f"-> ({', '.join(types)}) {{",
                *self.lines,
                f"  return {', '.join(results)} : {', '.join(types)}",
                "}",
                "",
            ]
        )

    def pick(self, rng: random.Random) -> str:
        return rng.choice(list(self.values))

    def add(self, text: str, value: np.ndarray) -> None:
        name = f"%x{len(self.lines)}"
        self.lines.append(f"  {name} = {text}")
        self.values[name] = value

    def add_attention(self, rng: random.Random) -> None:
        q, k, v = (self.pick(rng) for _ in range(3))
        answer = oracle.attention(
            *(self.values[name] for name in (q, k, v)), Mask("causal"), 0.5
        )
        name = f"%x{len(self.lines)}"
        self.lines.append(
            f"  {name}, {name}l = ringattn.attention {q}, {k}, {v} "
            f"{{mask = #ringattn.causal, scale = 0.5 : f64, {self.sharding}}} "
            f": ({TYPE}, {TYPE}, {TYPE}) -> ({TYPE}, {LSE_TYPE})"
        )
        self.values[name] = answer.output
        self.lses[f"{name}l"] = answer.lse

    def add_binary(self, rng: random.Random) -> None:
        op = rng.choice(list(BINARY))
        a, b = self.pick(rng), self.pick(rng)
        self.add(
            f"arith.{op} {a}, {b} : {TYPE}",
            BINARY[op](self.values[a], self.values[b]),
        )

    def add_unary(self, rng: random.Random) -> None:
        a = self.pick(rng)
        if rng.random() < 0.5:
            self.add(f"arith.negf {a} : {TYPE}", -self.values[a])
        else:  # into a tensor of its own
            empty = f"%e{len(self.lines)}"
            self.lines.append(f"  {empty} = tensor.empty() : {TYPE}")
            self.add(
                f"linalg.abs ins({a} : {TYPE}) outs({empty} : {TYPE}) -> {TYPE}",
                np.abs(self.values[a]),
            )


@test
def results_in_any_order(tools: Tools) -> None:
    for seed in range(40):
        ranks = 1 + seed % 4
        layout = (CONTIGUOUS, ZIGZAG, Layout("striped", 2))[seed % 3]
        program = Program(seed, ranks, layout)
        run = tools.run(program.text, program.inputs, len(program.expected), ranks)
        for index, (output, expected) in enumerate(
            zip(run.outputs, program.expected)
        ):
            error = np.abs(output - expected).max()
            if not error <= 1e-11 * max(1.0, np.abs(expected).max()):
                raise Failure(
                    f"result {index} is off by {error:.3g} (seed {seed}):\n"
                    + program.text
                )


@test
def memory_does_not_grow_with_the_layers(tools: Tools) -> None:
    def peak(layers: int) -> int:
        sharding = "sharding = #ringattn.seq_sharding<@ring, axes = [0]>"
        lines = [
            f"  %x{i + 1} = ringattn.attention %x{i}, %k, %k {{{sharding}}} "
            f": ({TYPE}, {TYPE}, {TYPE}) -> {TYPE}"
            for i in range(layers)
        ]
        text = "\n".join(
            [
                "shard.grid @ring(shape = 2)",
                f"func.func @main(%x0: {TYPE}, %k: {TYPE}) -> {TYPE} {{",
                *lines,
                f"  return %x{layers} : {TYPE}",
                "}",
            ]
        )
        inputs = [np.zeros(SHAPE)] * 2
        report = tools.run(text, inputs, 1, 2).report
        return max(rank["peak_bytes"] for rank in report["per_rank"])

    if peak(3) != peak(12):
        raise Failure(
            f"a rank's peak is {peak(3)} bytes with 3 attentions and {peak(12)} with "
            "12, expected one number"
        )
