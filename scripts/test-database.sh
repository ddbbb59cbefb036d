#!/usr/bin/env bash
# The tests that want DATABASE_URL: are all model changes in migrations, then the whole suite, on more processes
# than there are processors by half, since browsers and killed servers are waited for.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/console.sh

# Dozens of processes are started: what one has compiled serves the next, also where that is switched off elsewhere.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX=$PWD/var/pycache

say "迁移是否齐全 · Do the migrations cover the models"
.venv/bin/python manage.py makemigrations --check --dry-run
say "全部测试 · The whole test suite"
# By whole files, since what the tests of a file share is costly to make twice; in order, so that short files end the run.
processes=$((($(nproc) * 3 + 1) / 2))
exec .venv/bin/python -m pytest -n "$processes" --dist loadfile --no-loadscope-reorder "$@"
