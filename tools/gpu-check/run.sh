#!/usr/bin/env bash
#
# Checks this bundle's kernels on this machine's GPU; see python/run.py, or --help.
# Needs a driver and Python with numpy; PyTorch for peers to compare speed with.
set -euo pipefail
bundle=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}
export PYTHONDONTWRITEBYTECODE=1

if ! "$python" -c 'import numpy' >/dev/null 2>&1; then
  printf 'error: run: %s has no numpy; name another with PYTHON=...\n' "$python" >&2
  exit 2
fi

# The library is built again where the bundle's does not load.
loads() { "$python" -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$1"; }
library=${RINGATTN_GPU_CHECK:-$bundle/lib/libringattn-gpu-check.so}
if ! why=$(loads "$library" 2>&1); then
  library=$bundle/lib/libringattn-gpu-check-here.so
  if ! "${CXX:-c++}" -std=c++17 -O2 -fPIC -shared -pthread \
    -I"$bundle/source/runtime/include" "$bundle"/source/tools/gpu-check/*.cpp \
    -o "$library" -ldl; then
    printf 'error: run: the library does not load (%s) and cannot be built\n' \
      "${why##*$'\n'}" >&2
    exit 2
  fi
fi
export RINGATTN_GPU_CHECK=$library
exec "$python" "$bundle/python/run.py" "$@"
