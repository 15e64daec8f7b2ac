"""Tables of results, as Markdown."""

from __future__ import annotations

TRITON = "Triton (flex)"


def tflops(row: dict, milliseconds: float) -> float:
    """Useful work only: half of it under a causal mask."""
    work = 4 * row["batch"] * row["heads"] * row["length"] ** 2 * row["d"]
    if row["mask"] == "causal":
        work /= 2
    return work / milliseconds * 1e-9


def timing_table(rows: list[dict]) -> list[str]:
    """Triton's column, and ours as a share of it, are of a run with only the two."""
    peers = []
    for row in rows:
        peers += [p for p in row["times"] if p not in ("ours", *peers)]
    if any("compiled" in row for row in rows):
        peers.append(TRITON)
    lines = [
        "| D | mask | length | ours | " + "".join(f"{peer} | " for peer in peers)
        + "of the best library's | of Triton's |",
        "| --- " * (6 + len(peers)) + "|",
    ]
    for row in sorted(rows, key=lambda r: (r["d"], r["mask"] != "full", r["length"])):
        cells = [str(row["d"]), row["mask"], str(row["length"])]
        speeds = {p: tflops(row, t["median"]) for p, t in row["times"].items()}
        compiled = {
            p: tflops(row, t["median"]) for p, t in row.get("compiled", {}).items()
        }
        ours = speeds.pop("ours", None)
        if row["wrong"]:
            cells.append("WRONG")
            ours = None
            compiled.pop("ours", None)
        else:
            cells.append(f"{ours:.0f}" if ours else "-")
        for peer in peers:
            speed = (compiled if peer == TRITON else speeds).get(peer)
            cells.append(f"{speed:.0f}" if speed else "-")
        cells.append(f"{ours / max(speeds.values()):.0%}" if ours and speeds else "-")
        both = "ours" in compiled and TRITON in compiled
        cells.append(f"{compiled['ours'] / compiled[TRITON]:.0%}" if both else "-")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def span(values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:.0f}" if f"{low:.0f}" == f"{high:.0f}" else f"{low:.0f} to {high:.0f}"


def document(results: dict) -> str:
    """docs/benchmarks/hopper.md."""
    rows = results["timing"]
    lines = [
        "# Attention on a Hopper GPU, forward, bf16",
        "",
        f"{results['date']}, {results['card']}, commit {results['commit']}: "
        f"`{results['command']}`",
        "",
        "TFLOP/s; only useful work counts (half under a causal mask).",
        "",
        *timing_table(rows),
        "",
        "16384 tokens, heads of 2048 elements in all. Medians of 10 to 40 calls after "
        "three that were not counted; all columns of a row in turns in one process, "
        "which begin with another one every round, between CUDA events, the L2 cache "
        "overwritten before every call. Triton's column is from a second process, with "
        "ours again, whose times the last column compares.",
    ]
    if any(row["kernels"] for row in rows):
        lines[-1] += " There was no PyTorch: times are the sums of our kernels'."
    if results.get("code") == "ptx":
        lines[-1] += " Ours is PTX that the driver compiled, not what ptxas made."
    facts = []
    if "roof" in results:
        facts.append(
            f"a product of two matrices of 8192 x 8192 in bf16 runs at "
            f"{results['roof']['tflops']:.0f} TFLOP/s"
        )
    for key, text in (("sm_mhz", "SM clock while measuring {} MHz"),
                      ("watts", "power {} W")):
        values = [row[key] for row in rows if key in row]
        if values:
            facts.append(text.format(span(values)))
    spreads = [
        (t["high"] - t["low"]) / t["median"] for row in rows
        for t in row["times"].values()
    ]
    if spreads:
        facts.append(
            f"the middle 60% of a column's times spread by up to {max(spreads):.1%}"
        )
    if facts:
        lines += ["", "On this card, in this run: " + "; ".join(facts) + "."]
    missing: dict[str, list[str]] = {}
    for row in rows:
        for peer, why in row["without"].items():
            missing.setdefault(f"{peer}: {why}", []).append(
                f"D {row['d']} {row['mask']} {row['length']}"
            )
    for what, where in missing.items():
        places = "all rows" if len(where) == len(rows) else ", ".join(where)
        lines += ["", f"Without {what} ({places})."]
    if results["golden"] or results["cases"]:
        lines += ["", "## Checks of the same run", "", *check_table(results)]
    problems = len(results["problems"])
    if problems:
        lines += ["", f"{problems} problems; the first: {results['problems'][0]}"]
    versions = results.get("versions")
    if versions:
        lines += ["", "Peers: " + ", ".join(f"{k} {v}" for k, v in versions.items())]
    return "\n".join(lines) + "\n"


def check_table(results: dict) -> list[str]:
    """One line a sort of configuration."""
    groups: dict[str, list[dict]] = {}
    for entry in results["cases"]:
        parts = entry["configuration"].split("-")
        key = f"{parts[1]} {'-'.join(parts[2:])}".split("-h")[0]
        groups.setdefault(key, []).append(entry)
    lines = [
        "| check | passed | failed | worst: oracle | LSE | simulator |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    golden = results["golden"]
    if golden:
        bad = sum(bool(entry["wrong"]) for entry in golden)
        lines.append(
            f"| golden vectors | {len(golden) - bad} | {bad} | - | - | - |"
        )

    def worst(entries: list[dict], name: str) -> str:
        shares = [e["shares"][name] for e in entries if name in e.get("shares", {})]
        return f"{max(shares):.2f}" if shares else "-"

    for key, entries in groups.items():
        bad = sum(bool(entry["wrong"]) for entry in entries)
        lines.append(
            f"| {key} | {len(entries) - bad} | {bad} | {worst(entries, 'oracle')} | "
            f"{worst(entries, 'lse')} | {worst(entries, 'simulator')} |"
        )
    return lines
