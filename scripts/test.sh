#!/usr/bin/env bash
# Everything CI runs: test.sh [PYTEST ARGUMENTS…]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/console.sh

scripts/system-packages.sh test
scripts/python-packages.sh dev
scripts/front-end.sh
scripts/check.sh static
export DEBUG=1
exec scripts/with-cluster.sh test scripts/test-database.sh "$@"
