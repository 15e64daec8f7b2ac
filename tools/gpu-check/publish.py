"""Writes the timings of a run into docs/benchmarks.

  publish.py RESULTS.json [--to=FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import report

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    parser.add_argument(
        "--to", type=Path, default=ROOT / "docs" / "benchmarks" / "hopper.md"
    )
    options = parser.parse_args()
    results = json.loads(options.results.read_text())
    if not results["timing"]:
        print(f"error: '{options.results}' has no timings", file=sys.stderr)
        return 1
    options.to.write_text(report.document(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
