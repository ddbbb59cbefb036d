# shellcheck shell=bash
# Sourced by the other scripts: how they speak, fail and keep long output out of sight.

say() { printf '» %s\n' "$*"; }

die() {
    printf '✗ %s\n' "$1" >&2
    [ $# = 1 ] || printf '  %s\n' "${@:2}" >&2
    exit 1
}

# quietly NAME COMMAND… : keep the command's output in var/log/NAME.log, and show its end if the command fails.
quietly() {
    local log="var/log/$1.log"
    shift
    mkdir -p var/log
    "$@" >"$log" 2>&1 && return
    tail -n 40 "$log" >&2
    die "这一步失败，完整输出在 $log · This step failed; the whole output is in $log"
}

# unchanged STAMP FILE… : was the stamp written for these very files?
unchanged() {
    local stamp=$1
    shift
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(cat "$@" | sha256sum)" ]
}

# stamp STAMP FILE… : note that what these files ask for is in place.
stamp() {
    local stamp=$1
    shift
    cat "$@" | sha256sum >"$stamp"
}
