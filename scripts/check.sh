#!/usr/bin/env bash
# Everything that can be checked without a database or a browser, in under a minute.
#
#   scripts/check.sh          the static checks and the tests that need neither
#   scripts/check.sh static   the static checks and the front end's own tests
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/console.sh

export DEBUG=1
say "格式与静态检查，首次约一分钟 · Format and static checks, about a minute the first time"
# The types take longer than all else together, which goes on beside them.
typed=$(mktemp)
.venv/bin/mypy >"$typed" 2>&1 &
typing=$!
trap 'kill "$typing" 2>/dev/null || true; rm -f "$typed"' EXIT
.venv/bin/ruff format --check .
.venv/bin/ruff check .
.venv/bin/lint-imports --no-logo
say "静态文件能否收齐 · Can the static files be collected as for production"
DEBUG=0 SECRET_KEY=not-used-here ALLOWED_HOSTS=localhost DATABASE_URL=postgres:///not-used-here \
    .venv/bin/python manage.py collectstatic --noinput --clear --verbosity 0
shopt -s globstar nullglob
front_end_tests=(tests/js/**/*.test.js)
if [ ${#front_end_tests[@]} -gt 0 ]; then
    say "前端测试 · Front-end tests"
    scripts/with-node.sh node --test "${front_end_tests[@]}"
fi
outcome=0
wait "$typing" || outcome=$?
cat "$typed"
[ "$outcome" = 0 ] || exit "$outcome"
[ "${1:-}" != static ] || exit 0
say "不用数据库的测试 · Tests without a database"
.venv/bin/python -m pytest -q -n 2 tests/geodata
