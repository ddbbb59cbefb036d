#!/usr/bin/env bash
# Install the Debian packages that are missing: system-packages.sh python|run|test
#
# python: Python's venv
# run: that, and PostgreSQL with PostGIS unless DATABASE_URL names another database
# test: all of those, and a browser with Chinese letters and what its driver is linked against
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/console.sh

purpose=${1:-run}
python=$(scripts/find-python.sh)

known() { apt-cache show "$1" >/dev/null 2>&1; }

postgres_packages() {
    local installed="" folder
    for folder in /usr/lib/postgresql/*/; do # in order of version, so the newest stays
        [ ! -x "$folder/bin/postgres" ] || installed=$(basename "$folder")
    done
    if [ -n "$installed" ] && known "postgresql-$installed-postgis-3"; then
        echo "postgresql-$installed-postgis-3"
    elif known postgresql-15-postgis-3; then
        echo postgresql-15 postgresql-15-postgis-3
    else
        echo postgresql postgresql-postgis
    fi
}

# A browser without windows is the smaller and the faster one; not every release has it.
browser_package() { if known chromium-headless-shell; then echo chromium-headless-shell; else echo chromium; fi; }

wants_postgres() { [ "$purpose" = test ] || { [ "$purpose" = run ] && [ -z "${DATABASE_URL:-}" ]; }; }
needs_postgres() { wants_postgres && ! scripts/find-postgres.sh >/dev/null; }
needs_venv() { ! .venv/bin/python -c 'import pip' 2>/dev/null && ! "$python" -c 'import ensurepip, venv' 2>/dev/null; }
needs_browser() { [ "$purpose" = test ] && ! command -v chromium-headless-shell chromium >/dev/null; }
needs_letters() { [ "$purpose" = test ] && [ -z "$(fc-list :lang=zh-cn 2>/dev/null)" ]; }
needs_atomic() { [ "$purpose" = test ] && ! "$python" -c 'import ctypes; ctypes.CDLL("libatomic.so.1")' 2>/dev/null; }

if ! needs_postgres && ! needs_venv && ! needs_browser && ! needs_letters && ! needs_atomic; then
    say "系统软件包齐备 · System packages are present"
    exit
fi

command -v apt-get >/dev/null || die \
    "本机没有 apt-get，请自行安装：PostgreSQL（含 PostGIS）、Python venv（测试另需 chromium 与中文字体）" \
    "No apt-get here. Please install PostgreSQL with PostGIS and Python's venv (for tests also chromium and a Chinese font)."

if [ "$(id -u)" = 0 ]; then
    root=()
elif ! command -v sudo >/dev/null; then
    root=(no-root)
elif [ -t 0 ]; then
    root=(sudo) # may ask for the password
else
    root=(sudo -n)
fi

apt() { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=600 "$@" </dev/null; }

# The lists have a lock of their own that apt-get does not wait for.
update_lists() {
    for _ in 1 2 3 4 5 6; do
        apt update && return
        sleep 5
    done
    echo "the package lists could not be brought up to date; going on with those at hand"
}

# Names depend on the distribution, which only its package lists tell.
missing_packages() {
    ! needs_postgres || postgres_packages
    ! needs_venv || echo python3-venv
    ! needs_browser || browser_package
    ! needs_letters || echo fonts-noto-cjk
    ! needs_atomic || echo libatomic1
}

ask_for_root() {
    die "缺少系统软件包，而当前用户没有 root 或 sudo 权限。请管理员执行下面这一行，再重试：" \
        "System packages are missing and this user has neither root nor sudo. Have this line run as root, then try again:" \
        "  apt-get update && apt-get install -y --no-install-recommends $(missing_packages | xargs)"
}

# Our cluster is private: keep Debian from making and starting one of its own, without changing that for later.
install() {
    local drop_in=/etc/postgresql-common/createcluster.d/gridmap.conf
    "${root[@]}" mkdir -p "$(dirname "$drop_in")"
    echo 'create_main_cluster = false' | "${root[@]}" tee "$drop_in" >/dev/null
    local outcome=0
    apt install --no-install-recommends "$@" || outcome=$?
    "${root[@]}" rm -f "$drop_in"
    return "$outcome"
}

[ "${root[*]:-}" != no-root ] || ask_for_root
if [ ${#root[@]} -gt 0 ]; then
    "${root[@]}" true || ask_for_root
fi

say "刷新软件包目录，约半分钟 · Refreshing Debian's package lists, about half a minute"
quietly apt-update update_lists
read -ra packages <<<"$(missing_packages | xargs)"
say "安装系统软件包，约 1–3 分钟 · Installing system packages, 1–3 minutes: ${packages[*]}"
quietly apt-install install "${packages[@]}"
