#!/usr/bin/env bash
# Run a command with Node.js on its path: with-node.sh COMMAND…
#
# The machine's own Node.js serves from version 18 on; where there is none, the one packed for Python is put in var/node.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/console.sh

machine_has_node() {
    command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' 2>/dev/null
}

if ! machine_has_node; then
    lock=requirements-node.lock
    if ! unchanged var/node/stamp "$lock"; then
        say "安装 Node.js（60 MB），约半分钟 · Installing Node.js (60 MB), about half a minute"
        quietly node-venv "$(scripts/find-python.sh)" -m venv --clear var/node
        quietly node var/node/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes -r "$lock"
        stamp var/node/stamp "$lock"
    fi
    PATH=$PWD/var/node/bin:$PATH
fi
exec "$@"
