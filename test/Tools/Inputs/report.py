"""report.py F.json: checks the keys and the consistency of a report of
small.mlir."""

import json
import sys

report = json.load(open(sys.argv[1], encoding="utf-8"))
assert set(report) == {"ranks", "wall_seconds", "flops", "per_rank"}, report.keys()
assert report["ranks"] == len(report["per_rank"]) == 2
assert report["wall_seconds"] > 0
# Causal, 16 positions: 136 scores a head; B = 1, Hq = 2, D = Dv = 8.
assert report["flops"] == 2 * 1 * 2 * 136 * (8 + 8), report["flops"]
assert [rank["visible"] for rank in report["per_rank"]] == [36, 100]
for rank in report["per_rank"]:
    assert set(rank) == {
        "compute_seconds", "comm_seconds", "exposed_comm_seconds", "skew_seconds",
        "overlap", "visible", "hops", "exchanges", "bytes_sent", "peak_bytes",
    }, rank.keys()  # fmt: skip
    assert rank["exchanges"] == 1
    # 8 rows of K and V, two heads.
    assert rank["bytes_sent"] == 2 * 2 * 8 * 8 * 4
    assert rank["overlap"] is None or rank["overlap"] <= 1
    assert rank["peak_bytes"] > 0
print("report ok")
