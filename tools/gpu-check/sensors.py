"""The GPU's clock and power while something is measured, where nvidia-smi tells."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time

FIELDS = ("clocks.sm", "power.draw")
MILLISECONDS = 100


class Sensors:
    def __init__(self):
        # When, MHz, W.
        self.samples: list[tuple[float, ...]] = []
        # The first of those that CUDA sees.
        device = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0] or "0"
        try:
            self.process = subprocess.Popen(
                ["nvidia-smi", f"--id={device}", f"--query-gpu={','.join(FIELDS)}",
                 "--format=csv,noheader,nounits", f"--loop-ms={MILLISECONDS}"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True,
            )
        except OSError:
            self.process = None
            return
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        for line in self.process.stdout:
            try:
                numbers = [float(word) for word in line.split(",")]
            except ValueError:  # "[N/A]"
                continue
            if len(numbers) == len(FIELDS):
                self.samples.append((time.monotonic(), *numbers))

    def since(self, begin: float) -> dict[str, float]:
        """Medians."""
        found = [sample[1:] for sample in self.samples if sample[0] >= begin]
        if not found:
            return {}
        clock, power = (statistics.median(column) for column in zip(*found))
        return {"sm_mhz": clock, "watts": power}

    def close(self) -> None:
        if self.process:
            self.process.kill()
