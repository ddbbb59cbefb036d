#!/usr/bin/env bash
# A private PostGIS cluster inside the checkout, reached by unix socket only.
#
#   scripts/cluster.sh up|down|url|status [dev|test|bench]
#
# dev keeps the data of `make run` in var/pg; test (var/pg-test) trades safety for speed; bench (var/pg-bench) is set
# like dev and holds nothing of value. Works as root and as an ordinary user. `status` ends with 0 when it is running.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/console.sh

action=${1:-}
kind=${2:-dev}
case $kind in
dev) name=pg ;;
test | bench) name=pg-$kind ;;
*) die "usage: scripts/cluster.sh up|down|url|status [dev|test|bench]" ;;
esac

checkout=$(printf %s "$PWD" | sha256sum | cut -c1-12)
as=() # how to start a program of PostgreSQL, which refuses to run as root

# Choose where the cluster is and who runs it. Sets: folder, data, as, account.
#
# A cluster that exists is run by whoever owns it. For root a new one is made in a user namespace, where files stay
# root's and any folder will do; containers often refuse that, and then the postgres account takes it over.
place() {
    mkdir -p var
    folder=$PWD/var/$name
    account=$(id -u):$(id -g)
    local elsewhere=/var/lib/gridmap-$checkout/$name
    local owner=
    if [ -d "$folder/data" ]; then
        owner=$(stat -c %u:%g "$folder/data")
    elif [ "$(id -u)" = 0 ] && [ -d "$elsewhere/data" ]; then
        folder=$elsewhere
        owner=$(stat -c %u:%g "$folder/data")
    fi
    if [ "$(id -u)" != 0 ]; then
        [ "${owner:-$account}" = "$account" ] || die \
            "数据库目录属于另一用户，请用该用户运行 · The database folder is another user's: $folder ($owner). Run as that user."
    elif [ "${owner:-0:0}" = 0:0 ] && unshare --user --map-user=1000 --map-group=1000 true 2>/dev/null; then
        as=(unshare --user --map-user=1000 --map-group=1000)
    elif [ "$owner" = 0:0 ]; then
        die "本机不允许用户命名空间，root 无法运行已有的数据库目录；请执行 chown -R postgres: $folder 后再试" \
            "User namespaces are refused here, so root cannot run this database. Do: chown -R postgres: $folder"
    else
        account=${owner:-$(id -u postgres):$(id -g postgres)}
        as=(setpriv --reuid="${account%:*}" --regid="${account#*:}" --clear-groups)
        if [ -z "$owner" ] && ! "${as[@]}" test -x "$PWD/var" 2>/dev/null; then
            folder=$elsewhere
        fi
    fi
    data=$folder/data
}

# A socket's whole path has room for 107 bytes, of which the file name takes 15.
place_socket() {
    socket=$folder/socket
    if [ "$(printf %s "$socket" | wc -c)" -gt 92 ]; then
        socket=/tmp/gridmap-$checkout-$name
        [ "$(id -u)" != 0 ] || socket=/run/gridmap-$checkout-$name
    fi
}

programs_for_data() {
    programs=$(scripts/find-postgres.sh) || die \
        "没有带 PostGIS 的 PostgreSQL，请执行 scripts/system-packages.sh · No PostgreSQL with PostGIS: run scripts/system-packages.sh"
    [ -f "$data/PG_VERSION" ] || return 0
    local version
    version=$(cat "$data/PG_VERSION")
    programs=/usr/lib/postgresql/$version/bin
    [ -x "$programs/postgres" ] || die \
        "数据由 PostgreSQL $version 写成，但它不在本机上，升级步骤见 docs/guide/operate.md" \
        "The data are of PostgreSQL $version, which is not here; docs/guide/operate.md says how to move them."
}

# From / because the account may not be able to enter the folder we stand in.
postgres() { (cd / && "${as[@]}" "$programs/$1" "${@:2}"); }
running() { [ -S "$socket/.s.PGSQL.5432" ] && "$programs/pg_isready" -q -h "$socket" -U postgres; }
ask() { "$programs/psql" -XAtq -h "$socket" -U postgres -d postgres -c "$1"; }

owned_folder() {
    mkdir -p "$1"
    [ "$(id -u)" != 0 ] || chown "$account" "$1"
    # A socket's folder in /tmp could have been laid there by somebody else.
    { [ -O "$1" ] && [ ! -L "$1" ]; } || [ "$(id -u)" = 0 ] || die "不是本用户的目录 · Not this user's folder: $1"
    chmod 700 "$1"
}

settings() {
    # Several who ask at once fill few processors: what a statement takes besides its own keeps the others waiting.
    local beside=$(($(nproc) / 4))
    [ "$beside" -le 2 ] || beside=2
    cat <<END
listen_addresses = ''
unix_socket_directories = '${socket//\'/\'\'}'
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 256MB
work_mem = 32MB
maintenance_work_mem = 128MB
effective_cache_size = 1GB
random_page_cost = 1.1
jit = off
max_parallel_workers_per_gather = $beside
log_timezone = 'Asia/Shanghai'
END
    [ "$kind" != test ] || cat <<END
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
END
}

# Made beside its place and moved there when whole, so that an interrupted start leaves nothing half made.
create() {
    rm -rf "$data.new"
    postgres initdb -D "$data.new" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-instructions >/dev/null
    echo "include = 'gridmap.conf'" >>"$data.new/postgresql.conf"
    settings >"$data.new/gridmap.conf"
    chown --reference="$data.new" "$data.new/gridmap.conf"
    mv "$data.new" "$data"
}

# Whatever serves these data stands in their folder, also while it recovers and does not answer yet.
served() {
    local standing
    for standing in /proc/[0-9]*/cwd; do
        [ ! "$standing" -ef "$data" ] || return 0
    done
    return 1
}

wait_until_settled() {
    for _ in $(seq 300); do
        if running || ! served; then
            return
        fi
        sleep 0.2
    done
    die "数据库一分钟内没有应答，日志见 $folder/log · The database did not answer within a minute; its log is $folder/log"
}

# After a crash the number noted for the server may be another program's, or an unburied one's, and it would not start.
start() {
    rm -f "$data/postmaster.pid" "$socket"/.s.PGSQL.5432*
    settings >"$data/gridmap.conf"
    postgres pg_ctl start -D "$data" -l "$folder/log" -w -t 60 -s 9>&- || {
        tail -n 20 "$folder/log" >&2
        die "数据库没有启动，日志见 $folder/log · The database did not start; its log is $folder/log"
    }
}

up() {
    [ -d "$data" ] || [ "$folder" = "$PWD/var/$name" ] || say \
        "postgres 账户进不了本目录，数据库放在 $folder · The postgres account cannot enter this checkout: the database goes to $folder"
    owned_folder "$folder"
    owned_folder "$socket"
    exec 9>"$folder/lock"
    flock 9
    [ -f "$data/PG_VERSION" ] || create
    wait_until_settled
    running || start
    [ "$(ask "SELECT 1 FROM pg_database WHERE datname = 'gridmap'")" = 1 ] || ask "CREATE DATABASE gridmap"
}

down() { ! running || postgres pg_ctl stop -D "$data" -m fast -w -s; }

# libpq's way of naming a socket in an address: its folder, percent-encoded, in place of the host.
url() {
    python3 -c 'import sys, urllib.parse as u; print(f"postgres://postgres@{u.quote(sys.argv[1], safe=str())}/gridmap")' "$socket"
}

status() {
    running || {
        echo "stopped $data"
        exit 3
    }
    echo "running $data"
}

place
place_socket
case $action in
url) url ;;
up)
    programs_for_data
    up
    ;;
down | status)
    if [ -d "$data" ]; then
        programs_for_data
        "$action"
    elif [ "$action" = status ]; then
        echo "not made yet: $data"
        exit 3
    fi
    ;;
*) die "usage: scripts/cluster.sh up|down|url|status [dev|test|bench]" ;;
esac
