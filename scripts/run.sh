#!/usr/bin/env bash
# From a bare machine to the site with the demonstration district; what is there already is not done again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/console.sh

PORT=${PORT:-8000}
if (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then
    die "端口 $PORT 已被占用，请换一个：make run PORT=8001 · Port $PORT is taken; choose another: make run PORT=8001"
fi
scripts/system-packages.sh run
scripts/python-packages.sh run
scripts/front-end.sh

export DEBUG=${DEBUG:-1} LOAD_DEMO=${LOAD_DEMO:-1} BIND=127.0.0.1:$PORT PATH=$PWD/.venv/bin:$PATH
exec scripts/with-cluster.sh dev scripts/serve.sh
