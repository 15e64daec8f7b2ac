"""arrays.py FOLDER: .npy files for small.mlir (tensor<1x2x16x8xf32>), good and
bad."""

import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
good = np.arange(256, dtype=np.float32).reshape(1, 2, 16, 8) / 256
np.save(folder / "good.npy", good)
np.save(folder / "integers.npy", good.astype(np.int32))
np.save(folder / "double.npy", good.astype(np.float64))
np.save(folder / "shape.npy", good[:, :, :15])
np.save(folder / "rank.npy", good[0])
data = (folder / "good.npy").read_bytes()
(folder / "truncated.npy").write_bytes(data[:-4])
(folder / "header.npy").write_bytes(data[:20])
(folder / "empty.npy").write_bytes(b"")
(folder / "text.npy").write_text("1, 2, 3")
