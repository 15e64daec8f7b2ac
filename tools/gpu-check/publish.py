"""Writes the results of a run into docs/benchmarks: its table of speeds, and its table of
checks. A run in which something was wrong, or of a bundle that was not made from a commit
as it is, is refused.

  publish.py RESULTS.json [--to=FILE] [--force]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import report

ROOT = Path(__file__).resolve().parents[2]


def reason(results: dict) -> str:
    """Why it is refused, or nothing."""
    if not results.get("timing"):
        return "has no timings"
    problems = results["problems"]
    if problems:
        return f"has {len(problems)} problems, the first: {problems[0]}"
    if results["commit"] == "unknown" or " " in results["commit"]:
        return (
            f"is of commit {results['commit']}, expected a bundle made from a commit "
            "without changes"
        )
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    parser.add_argument(
        "--to", type=Path, default=ROOT / "docs" / "benchmarks" / "hopper.md"
    )
    parser.add_argument(
        "--force", action="store_true",
        help="also a run with failures, or of changes that are not committed",
    )
    options = parser.parse_args()
    try:
        results = json.loads(options.results.read_text())
    except (OSError, ValueError) as error:
        print(f"error: '{options.results}' cannot be read: {error}", file=sys.stderr)
        return 1
    why = reason(results)
    if why and not (options.force and results.get("timing")):
        print(f"error: '{options.results}' {why}", file=sys.stderr)
        return 1
    options.to.write_text(report.document(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
