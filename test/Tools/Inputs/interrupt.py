"""interrupt.py COMMAND...: interrupts the command as Ctrl-C does, once it is
waiting; it must exit with 3 soon after and print one error."""

import signal
import subprocess
import sys
import time

process = subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE, text=True)
# Before the ranks start the signal would simply end the process.
time.sleep(2)
process.send_signal(signal.SIGINT)
start = time.monotonic()
_, errors = process.communicate(timeout=30)
print(errors, end="")
if process.returncode != 3:
    sys.exit(f"exit {process.returncode}, expected 3")
if errors.count("error: ") != 1:
    sys.exit("expected one error")
if time.monotonic() - start > 10:
    sys.exit("the cancelled run took more than 10 s to end")
