#!/usr/bin/env bash
# Bring the database up to date, fill an empty one with the demonstration district, and serve on 127.0.0.1:$PORT.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/console.sh

say "更新数据表，首次约 10 秒 · Bringing the tables up to date, about 10 seconds the first time"
.venv/bin/python manage.py migrate --verbosity 0
say "空库则装入示范区，首次约半分钟 · Loading the demonstration district if the database is empty, about half a minute"
.venv/bin/python manage.py load_demo --if-empty
say "站点 http://127.0.0.1:$PORT ，按 Ctrl-C 停止 · The site is at http://127.0.0.1:$PORT ; Ctrl-C stops it"
exec .venv/bin/gunicorn gridmap.wsgi --bind "127.0.0.1:$PORT" \
    --worker-class gthread --workers 2 --threads 4 --graceful-timeout 5
