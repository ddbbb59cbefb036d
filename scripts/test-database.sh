#!/usr/bin/env bash
# The tests that want DATABASE_URL: are all model changes in migrations, then the whole suite on two processes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/console.sh

say "迁移是否齐全 · Do the migrations cover the models"
.venv/bin/python manage.py makemigrations --check --dry-run
say "全部测试 · The whole test suite"
# By whole files, since what the tests of a file share is costly to make twice; in order, so that short files end the run.
exec .venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder "$@"
