#!/usr/bin/env bash
# Print the folder of programs of the newest PostgreSQL on this machine that has PostGIS; fail when there is none.
set -euo pipefail

versions=$(for folder in /usr/lib/postgresql/*/bin; do basename "$(dirname "$folder")"; done | sort -rV)
for version in $versions; do
    programs=/usr/lib/postgresql/$version/bin
    if [ -x "$programs/postgres" ] && [ -e "/usr/share/postgresql/$version/extension/postgis.control" ]; then
        echo "$programs"
        exit
    fi
done
exit 1
