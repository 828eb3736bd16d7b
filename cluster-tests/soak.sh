#!/usr/bin/env bash
# Runs fresh seeds of the simulator for a while, and notes in sim/ledger.txt what was run.
#
# Usage: soak.sh MINUTES
# Seeds go on where the ledger ends (sim/campaign.py). A failing seed and the commit are the bug report:
# both are in the ledger, and the first one is made small.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
simulation=$root/build-sim

[[ "${1:-}" =~ ^[0-9]+$ ]] || {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
    exit 2
}
if [ ! -e "$simulation/build.ninja" ]; then
    meson setup --werror -Dbuildtype=debugoptimized -Dtesting=true "$simulation" "$root" >/dev/null
fi
ninja -C "$simulation" cluster-tests/sim/cartwheel-sim >/dev/null
"$root/cluster-tests/sim/campaign.py" "$simulation/cluster-tests/sim/cartwheel-sim" soak "$1"
