#!/usr/bin/env bash
# Install the locked front-end packages into node_modules.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/console.sh

if unchanged node_modules/.lock.sha256 package-lock.json; then
    say "前端包齐备 · Front-end packages are present"
    exit
fi
scripts/with-node.sh true
say "安装前端包，约半分钟 · Installing front-end packages, about half a minute"
quietly npm scripts/with-node.sh npm ci --omit=dev --ignore-scripts --no-audit --no-fund
stamp node_modules/.lock.sha256 package-lock.json
