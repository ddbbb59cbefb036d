#!/usr/bin/env bash
# Install the locked Python packages: python-packages.sh run|dev|bench
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/console.sh

case ${1:-run} in
run) folder=.venv lock=requirements.lock ;;
dev) folder=.venv lock=requirements-dev.lock ;;
bench) folder=.venv-bench lock=requirements-bench.lock ;;
*) die "usage: scripts/python-packages.sh run|dev|bench" ;;
esac

# The folder remembers one stamp per lock: what runs the site and what tests it share .venv.
mark=$folder/$lock.sha256
if [ -x "$folder/bin/python" ] && unchanged "$mark" "$lock"; then
    say "Python 包齐备 · Python packages are present ($lock)"
    exit
fi
say "安装 Python 包，首次约 1–2 分钟 · Installing Python packages, 1–2 minutes the first time ($lock)"
"$folder/bin/python" -c 'import pip' 2>/dev/null || quietly venv "$(scripts/find-python.sh)" -m venv --clear "$folder"
quietly pip "$folder/bin/python" -m pip install --disable-pip-version-check --no-input --require-hashes -r "$lock"
stamp "$mark" "$lock"
