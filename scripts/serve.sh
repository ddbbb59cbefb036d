#!/usr/bin/env bash
# Bring the database up to date and serve: the last step of `make run`, and what the container starts.
#
# DATABASE_URL names the database, BIND the address to listen on; LOAD_DEMO=1 fills an empty database first.
# python and gunicorn are those on the path.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/console.sh

say "更新数据表，首次约 10 秒 · Bringing the tables up to date, about 10 seconds the first time"
python manage.py migrate --verbosity 0
if [ "${LOAD_DEMO:-0}" = 1 ]; then
    say "空库则装入示范区，首次约半分钟 · Loading the demonstration district if the database is empty, about half a minute"
    python manage.py load_demo --if-empty
fi
# It ends with this process.
python manage.py sweep --every "${SWEEP_SECONDS:-30}" &
say "站点 http://$BIND ，按 Ctrl-C 停止 · The site is at http://$BIND ; Ctrl-C stops it"
# The rest is in gunicorn.conf.py.
exec gunicorn gridmap.wsgi --bind "$BIND"
