"""Looks into the machine code of kernels for what the wait for P V is to be behind:
the exponentials of the softmax. ptxas moves it above them where nothing keeps it.

  overlap.py RINGATTN_OPT
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from configurations import compile_kernels

CONFIGURATIONS = [
    (d, dv, dtype, mask)
    for d, dv, dtype in ((64, 64, "bf16"), (128, 128, "f16"), (256, 256, "bf16"), (128, 128, "f32"))
    for mask in ("full", "striped")
]


def machine_code(opt, configuration):
    done = compile_kernels(opt, configuration, "--ringattn-assemble-kernels=ptx-only")
    done.check_returncode()
    ptx = re.search(r'assembly = "((?:[^"\\]|\\.)*)"', done.stdout)[1]
    ptx = re.sub(r"\\([0-9A-F]{2})", lambda code: chr(int(code[1], 16)), ptx)
    with tempfile.TemporaryDirectory() as folder:
        source, cubin = Path(folder, "k.ptx"), Path(folder, "k.cubin")
        source.write_text(ptx.replace('\\"', '"'))
        subprocess.run(["ptxas", "-arch=sm_90a", source, "-o", cubin], check=True)
        return subprocess.run(
            ["nvdisasm", "-c", cubin], capture_output=True, text=True, check=True
        ).stdout


def hidden(code):
    """Of each loop: exponentials between the wait for Q K^T and that for P V, and
    between the latter and the next product."""
    events = re.findall(r"HGMMA|MUFU\.EX2|DEPBAR\.LE gsb0, 0x[01]", code)
    for start, event in enumerate(events):
        if not event.endswith("0x1"):
            continue
        rest = events[start + 1 :]
        end = next(i for i, e in enumerate(rest) if e.startswith("DEPBAR"))
        behind = next((i for i, e in enumerate(rest[end:]) if e == "HGMMA"), 0)
        yield rest[:end].count("MUFU.EX2"), rest[end : end + behind].count("MUFU.EX2")


def main():
    for configuration in CONFIGURATIONS:
        label = "D {} Dv {} {} {}".format(*configuration)
        for before, after in hidden(machine_code(sys.argv[1], configuration)):
            verdict = "hidden" if before > 0 and after == 0 else "FAILED"
            print(f"{label}: {before} exponentials before the wait, {after} behind: {verdict}")


if __name__ == "__main__":
    main()
