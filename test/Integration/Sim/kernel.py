"""The text of a generated kernel after phase `target`, for changing one instruction.

A kernel has a producer warp that loads tiles of Q, K and V into slots of shared
memory, and warpgroups of consumers. Each slot has an mbarrier that completes when
the tile has arrived ("k full") and one that completes when it has been read
("k empty")."""

from __future__ import annotations

import re

from program import Failure

PATTERNS = {
    "init": r"nvvm\.mbarrier\.init (%\w+)",
    "init fence": r"nvvm\.fence\.mbarrier\.init",
    "block barrier": r"nvvm\.barrier$",
    "take turn": r"nvvm\.barrier id = ",
    "pass turn": r"nvvm\.barrier\.arrive ",
    "expect": r"nvvm\.mbarrier\.arrive\.expect_tx (%\w+)",
    "load": r"nvvm\.cp\.async\.bulk\.tensor.*?global %\w+, %\w+, (%\w+),",
    "wait": r"nvvm\.mbarrier\.try_wait\.parity (%\w+)",
    "arrive": r"nvvm\.mbarrier\.arrive (%\w+)",
    "fence": r"nvvm\.wgmma\.fence\.aligned",
    "product": r"ringptx\.wgmma \w+",
    "scores": r"ringptx\.wgmma \w+ %\w+, %\w+ into .* : i64, vector",
    "output": r"ringptx\.wgmma \w+ %\w+, %\w+ into .* : vector<\w+>, vector",
    "commit": r"nvvm\.wgmma\.commit\.group",
    "product wait": r"ringptx\.wgmma_wait ",
    # P, of whatever type its product takes.
    "convert": r"llvm\.fptrunc .*xf32>|ringptx\.to_tf32 %\w+ : vector",
    "store": r"llvm\.store %\w+, (%\w+) : .*!llvm\.ptr<1>",
    "block": r"nvvm\.read\.ptx\.sreg\.ctaid\.x",
    "registers": r"nvvm\.setmaxregister ",
}


class Kernel:
    """Lines of a module. `role` is "start" up to the block's barrier, then "producer",
    then "consumer"."""

    def __init__(self, text: str, name: str = "attention_kernel"):
        self.lines = text.split("\n")
        first = next(
            i for i, line in enumerate(self.lines) if f"llvm.func @{name}(" in line
        )
        last = next(
            i for i in range(first, len(self.lines)) if self.lines[i] == "    }"
        )
        self.definitions: dict[str, str] = {}
        self.roles: dict[int, str] = {}
        role = "start"
        for i in range(first + 1, last):
            line = self.lines[i]
            if match := re.match(r" *(%\w+)(?::\d+)? = (.*)", line):
                self.definitions[match[1]] = match[2]
            if "nvvm.setmaxregister" in line:
                role = {"start": "producer", "producer": "consumer"}[role]
            self.roles[i] = role
        self.barriers = self.name_barriers()

    def text(self) -> str:
        return "\n".join(self.lines)

    # Instructions ------------------------------------------------------------

    def find(
        self, kind: str, nth: int = 0, role: str = "", barrier: str = ""
    ) -> int:
        """The line of the nth instruction of a kind (negative: from the end)."""
        found = [
            i
            for i, its_role in self.roles.items()
            if role in ("", its_role)
            and (match := re.search(PATTERNS[kind], self.lines[i]))
            and barrier in ("", self.barrier_of(match))
        ]
        try:
            return found[nth]
        except IndexError:
            raise Failure(
                f"the kernel has {len(found)} of '{kind}' {role} {barrier}, "
                f"expected one at {nth}"
            ) from None

    def barrier_of(self, match: re.Match) -> str:
        return self.barriers.get(self.offset(match[1], 4) if match.groups() else None, "")

    def offset(self, value: str, depth: int) -> int | None:
        """The offset of the barrier, or of the first of its stages, that an address
        in shared memory is computed from."""
        definition = self.definitions.get(value, "")
        if match := re.match(r"llvm\.mlir\.constant\((\d+) : i32\)", definition):
            offset = int(match[1])
            return offset if offset in self.barriers else None
        if match := re.match(r"llvm\.getelementptr %\w+\[(\d+)\]", definition):
            return int(match[1])
        if depth and re.match(r"llvm\.(getelementptr|add) ", definition):
            for operand in re.findall(r"%\w+", definition):
                if (offset := self.offset(operand, depth - 1)) is not None:
                    return offset
        return None

    def name_barriers(self) -> dict[int, str]:
        """By offset: Q's, then a full and an empty one for each slot of K, and of V."""
        self.barriers = {}
        offsets = []
        for i, role in self.roles.items():
            match = re.search(PATTERNS["init"], self.lines[i])
            if match and role == "start":
                offsets.append(self.offset(match[1], 1))
        stages, rest = divmod(len(offsets) - 1, 4)
        if stages < 2 or rest:
            raise Failure(f"the kernel has {len(offsets)} barriers, expected 1 + 4 * 2")
        names = ["q full"]
        for stream in "kv":
            names += [f"{stream} full", f"{stream} empty"] * stages
        return dict(zip(offsets, names))

    def number(self, line: int) -> int:
        """Where `line` is in the text, counted from 1."""
        before = sum(text.count("\n") + 1 for text in self.lines[:line])
        return before + self.lines[line].count("\n") + 1

    # Changes -----------------------------------------------------------------

    def drop(self, line: int) -> None:
        """An instruction without results."""
        self.lines[line] = ""

    def edit(self, line: int, pattern: str, replacement: str) -> None:
        self.lines[line], count = re.subn(
            pattern, replacement, self.lines[line], count=1
        )
        if not count:
            raise Failure(f"no '{pattern}' in: {self.lines[line]}")

    def insert(self, text: str, before: int) -> None:
        self.lines[before] = f"{text}\n{self.lines[before]}"

    def move(self, line: int, before: int) -> None:
        """With what its operands are computed from."""
        moved, operands = {line}, self.operands(line)
        while operands:
            value = operands.pop()
            if value in self.definitions:
                definition = self.definition_line(value)
                if before < definition < line and definition not in moved:
                    moved.add(definition)
                    operands += self.operands(definition)
        for index in sorted(moved, reverse=True):
            text, self.lines[index] = self.lines[index], ""
            self.insert(text, before)

    def constant(self, value: int, kind: str = "i32") -> str:
        """A new constant's name, defined at the kernel's start."""
        name = f"%changed{len(self.definitions)}"
        self.definitions[name] = f"llvm.mlir.constant({value} : {kind}) : {kind}"
        self.insert(f"      {name} = {self.definitions[name]}", min(self.roles))
        return name

    def value(self, name: str) -> int:
        """Of a constant."""
        match = re.match(r"llvm\.mlir\.constant\((-?\d+) :", self.definitions[name])
        if not match:
            raise Failure(f"{name} is no constant: {self.definitions[name]}")
        return int(match[1])

    def replace_constant(self, line: int, name: str, value: int, kind: str) -> None:
        """In one instruction."""
        self.edit(line, name + r"\b", self.constant(value, kind))

    def operands(self, line: int) -> list[str]:
        text = self.lines[line].split(" = ", 1)[-1]
        return re.findall(r"%\w+", text)

    def definition_line(self, value: str) -> int:
        definition = rf" *{value}(:\d+)? = "
        return next(i for i in self.roles if re.match(definition, self.lines[i]))
