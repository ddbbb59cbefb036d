#!/usr/bin/env bash
# Run a command with DATABASE_URL naming a private cluster: with-cluster.sh dev|test|bench COMMAND…
#
# The cluster is started when it is not running, and then stopped again when the command ends. A DATABASE_URL that is
# set already is left alone, except for tests: they make and drop databases, so they keep to their own cluster.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/console.sh

kind=$1
shift
if [ -n "${DATABASE_URL:-}" ] && [ "$kind" != test ]; then
    say "使用 DATABASE_URL 所指的数据库 · Using the database that DATABASE_URL names"
    exec "$@"
fi

command=
started=
finish() {
    [ -z "$command" ] || kill -TERM "$command" 2>/dev/null || true
    wait
    [ -z "$started" ] || scripts/cluster.sh down "$kind"
}
trap finish EXIT
trap 'exit 143' TERM HUP

if scripts/cluster.sh status "$kind" >/dev/null; then
    say "数据库已在运行 · The database is running already"
else
    say "启动私有数据库，首次约 3 秒 · Starting the private database, about 3 seconds the first time"
    started=yes
    scripts/cluster.sh up "$kind"
fi
DATABASE_URL=$(scripts/cluster.sh url "$kind")
export DATABASE_URL

# In the background, so that a TERM is passed on at once; Ctrl-C reaches the command itself, which decides what it means.
trap 'interrupted=yes' INT
env --default-signal=INT,QUIT "$@" <&0 &
command=$!
interrupted=yes
while [ -n "$interrupted" ]; do
    interrupted=
    outcome=0
    wait "$command" || outcome=$?
done
command=
exit "$outcome"
