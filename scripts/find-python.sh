#!/usr/bin/env bash
# Print a Python of at least 3.11: $PYTHON if set, else the first one on this machine.
#
# The distribution's comes first: it is built with profile-guided optimisation, as the image's is, while those of version
# managers usually are not: for the same work they took 15 to 35 % more time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/console.sh

for name in ${PYTHON:-/usr/bin/python3 python3 python3.13 python3.12 python3.11}; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        command -v "$name"
        exit
    fi
done
die "需要 Python 3.11 或更新版本 · Python 3.11 or newer is needed (name it with PYTHON=/path/to/python3)"
