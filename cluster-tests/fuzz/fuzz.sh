#!/usr/bin/env bash
# Fuzzes every target, or those named, beginning with its corpus.
#
# Usage: fuzz.sh BUILD [NAME...]
# BUILD is a build by clang with -Dfuzzing=true and sanitizers (see run.sh); NAME is that of a file
# fuzz_NAME.c. What a run has found goes on in BUILD/fuzz/found/NAME the next time; an input that
# fails is kept in BUILD/fuzz/failed, and fails again with BUILD/cluster-tests/fuzz/fuzz_NAME INPUT.
# Environment: FUZZ_SECONDS (default 4) for each target, FUZZ_SEED (default 1; 0: any).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
}

names() {
    local file
    for file in "$here"/fuzz_*.c; do
        file=${file##*/fuzz_}
        printf '%s\n' "${file%.c}"
    done
}

# Says how one target went; all that it said if it failed.
fuzz() {
    local build=$1 name=$2 found=$1/fuzz/found/$2 log=$1/fuzz/$2.log
    mkdir -p "$found"
    # A second for a small input is a bug of its own: something takes quadratic time.
    if "$build/cluster-tests/fuzz/fuzz_$name" -max_total_time="${FUZZ_SECONDS:-4}" \
        -seed="${FUZZ_SEED:-1}" -timeout=5 -malloc_limit_mb=256 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$build/fuzz/failed/$name-" \
        "$found" "$here/corpus/$name" >"$log" 2>&1; then
        awk -v name="$name" '/DONE/ { covered = $4 } /number_of_executed_units/ { runs = $2 }
            END { printf "%-12s %8d inputs, coverage %d\n", name, runs, covered }' "$log"
    else
        echo "$name FAILED"
        grep -vE '^(INFO|#[0-9])' "$log" | tail -n 40
        return 1
    fi
}

[[ ${1:-} != -* && $# -ge 1 ]] || { usage >&2 && exit 2; }
build=$(cd "$1" && pwd)
shift
mkdir -p "$build/fuzz/failed"
export -f fuzz
export here
[ $# -gt 0 ] || mapfile -t all < <(names)
printf '%s\n' "${@:-${all[@]}}" |
    xargs -P "$(nproc)" -I NAME bash -c 'fuzz "$@"' fuzz "$build" NAME
