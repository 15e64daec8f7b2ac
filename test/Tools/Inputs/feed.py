"""feed.py FILE PIPE COMMAND...: runs the command while the file is written to the
pipe; exits like the command."""

import subprocess
import sys

source, pipe, command = sys.argv[1], sys.argv[2], sys.argv[3:]
writer = subprocess.Popen(["cp", source, pipe])
try:
    sys.exit(subprocess.run(command, timeout=100).returncode)
finally:
    writer.kill()
