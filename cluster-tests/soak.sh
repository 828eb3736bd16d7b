#!/usr/bin/env bash
# Runs fresh seeds of the simulator for a while, and notes in sim/ledger.txt what was run.
#
# Usage: soak.sh MINUTES
# Seeds go on where the ledger ends. Two processes share them. A failing seed and the commit are the
# bug report: both are in the ledger.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ledger=$root/cluster-tests/sim/ledger.txt
simulation=$root/build-sim
simulator=$simulation/cluster-tests/sim/cartwheel-sim
round=100   # seeds of one process before the time is looked at
first=10001 # of all: below are the seeds of each change

[[ "${1:-}" =~ ^[0-9]+$ ]] || {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
    exit 2
}
deadline=$((SECONDS + $1 * 60))

if [ ! -e "$simulation/build.ninja" ]; then
    meson setup --werror -Dbuildtype=debugoptimized -Dtesting=true "$simulation" "$root" >/dev/null
fi
ninja -C "$simulation" cluster-tests/sim/cartwheel-sim >/dev/null

commit=$(git -C "$root" rev-parse --short HEAD)
if [ -n "$(git -C "$root" status --porcelain)" ]; then
    commit=$commit+
fi
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
if [ -s "$ledger" ]; then
    first=$(awk '/^[0-9]/ { split($3, seeds, "-"); last = seeds[2] } END { print last + 1 }' "$ledger")
fi

next=$first
while [ "$SECONDS" -lt "$deadline" ]; do
    "$simulator" --seeds "$next" "$round" >"$output/$next" &
    other=$!
    "$simulator" --seeds "$((next + round))" "$round" >"$output/$((next + round))" || true
    wait "$other" || true
    next=$((next + 2 * round))
done

if [ ! -s "$ledger" ]; then
    printf '# %s\n' "Soaks of the simulator (cluster-tests/soak.sh); + marks a tree with changes." \
        "date commit seeds hours operations checked crashes partitions pauses disk-faults clock-faults failed" \
        >"$ledger"
fi
cat "$output"/* | awk -v date="$(date -u +%F)" -v commit="$commit" \
    -v seeds="$first-$((next - 1))" '
    / simulated hours, / { hours += $1; operations += $6; checked += $8 }
    / crashes, / { crashes += $1; partitions += $3; pauses += $5; disks += $7; clocks += $10 }
    / passed, [0-9]* failed$/ { failed += $3 }
    END { printf "%s %s %s %.1f %d %d %d %d %d %d %d %d\n", date, commit, seeds, hours, operations,
        checked, crashes, partitions, pauses, disks, clocks, failed }' | tee -a "$ledger"
failures=$(cat "$output"/* | grep -h '^seed .* FAILED' | sed 's/^/# /' || true)
if [ -n "$failures" ]; then
    tee -a "$ledger" <<<"$failures"
    exit 1
fi
