"""Tables of results, as Markdown."""

from __future__ import annotations


def tflops(row: dict, milliseconds: float) -> float:
    """Useful work only: half of it under a causal mask."""
    work = 4 * row["batch"] * row["heads"] * row["length"] ** 2 * row["d"]
    if row["mask"] == "causal":
        work /= 2
    return work / milliseconds * 1e-9


def timing_table(rows: list[dict]) -> list[str]:
    peers = []
    for row in rows:
        peers += [peer for peer in row["peers"] if peer not in peers]
    lines = [
        "| D | mask | length | ours | " + "".join(f"{peer} | " for peer in peers)
        + "of the best peer | of Triton |",
        "| --- " * (6 + len(peers)) + "|",
    ]
    for row in sorted(rows, key=lambda r: (r["d"], r["mask"] != "full", r["length"])):
        cells = [str(row["d"]), row["mask"], str(row["length"])]
        speeds = {peer: tflops(row, ms) for peer, ms in row["peers"].items()}
        ours = tflops(row, row["ours"]) if "ours" in row else None
        if row["wrong"]:
            cells.append("WRONG")
            ours = None
        else:
            cells.append(f"{ours:.0f}" if ours else "-")
        cells += [f"{speeds[p]:.0f}" if p in speeds else "-" for p in peers]
        for peer in (max(speeds, key=speeds.get, default=None), "Triton (flex)"):
            known = ours and peer in speeds
            cells.append(f"{ours / speeds[peer]:.0%}" if known else "-")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


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
        "between CUDA events, the L2 cache overwritten before every call.",
    ]
    if any(row["kernels"] for row in rows):
        lines[-1] += (
            " Ours is the sum of the kernels' times: the package's host code touches "
            "arrays, which were in managed memory."
        )
    missing = {}
    for row in rows:
        missing.update(row["without"])
    lines += [f"Without {peer}: {why}." for peer, why in missing.items()]
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
        "| check | passed | failed | worst: oracle | LSE | simulator | managed memory |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    golden = results["golden"]
    if golden:
        bad = sum(bool(entry["wrong"]) for entry in golden)
        lines.append(
            f"| golden vectors | {len(golden) - bad} | {bad} | - | - | - | - |"
        )

    def worst(entries: list[dict], name: str) -> str:
        shares = [e["shares"][name] for e in entries if name in e.get("shares", {})]
        return f"{max(shares):.2f}" if shares else "-"

    for key, entries in groups.items():
        bad = sum(bool(entry["wrong"]) for entry in entries)
        managed = sum(bool(entry.get("managed")) for entry in entries)
        lines.append(
            f"| {key} | {len(entries) - bad} | {bad} | {worst(entries, 'oracle')} | "
            f"{worst(entries, 'lse')} | {worst(entries, 'simulator')} | {managed} |"
        )
    return lines
