"""fails.py CODE COMMAND...: the command must exit with CODE, and its standard
error must have exactly one line with `error: ` and no printed operation. Prints
that standard error."""

import re
import subprocess
import sys

code, command = int(sys.argv[1]), sys.argv[2:]
done = subprocess.run(
    command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=100
)
print(done.stderr, end="")
errors = re.findall(r"^(?:\S+: )?error: .+$", done.stderr, re.MULTILINE)
if done.returncode != code:
    sys.exit(f"exit {done.returncode}, expected {code}")
if len(errors) != 1:
    sys.exit(f"{len(errors)} errors, expected 1")
if "see current operation" in done.stderr or "Stack dump" in done.stderr:
    sys.exit("an operation or a stack was printed")
