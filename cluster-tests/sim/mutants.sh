#!/usr/bin/env bash
# Plants each bug in the simulator and wants it caught, by the seed that mutants.txt records if it still
# does.
#
# Usage: mutants.sh [--search [NAME...]] SIMULATOR
#   --search   tries seeds 1 to 500 for each mutant, or those named, and rewrites mutants.txt
# SIMULATOR is a test build of cartwheel-sim (meson -Dtesting=true).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
recorded=$here/mutants.txt
seeds_max=500

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
}

# Wants the mutant of one line of mutants.txt caught. What a seed does changes with the code: one that
# no longer catches its mutant is replaced by the first that does, but does not fail.
check() {
    local simulator=$1 name=$2 seed=$3 said
    said=$("$simulator" --mutant "$name" --seed "$seed" | grep -E "caught by seed $seed:") || {
        echo "mutant $name survived seed $seed: run mutants.sh --search $name"
        said=$("$simulator" --mutant "$name" --seeds 1 "$seeds_max" |
            grep -E 'caught by seed|SURVIVED')
    }
    cut -c1-160 <<<"$said"
    [[ $said != *SURVIVED* ]]
}

check_all() {
    local simulator=$1 name
    # Every mutant that the simulator knows has its line.
    while read -r name; do
        cut -f1 "$recorded" | grep -qx "$name" || {
            echo "mutant $name is not in mutants.txt"
            return 1
        }
    done < <("$simulator" --mutants)
    export -f check
    export seeds_max
    cut -f1,2 "$recorded" | xargs -P 2 -L 1 bash -c 'check "$@"' check "$simulator"
}

# Prints the line of a mutant: name, seed, and the id it had.
search() {
    local simulator=$1 name=$2 id=$3 seed
    seed=$("$simulator" --mutant "$name" --seeds 1 "$seeds_max" |
        sed -n 's/.*caught by seed \([0-9]*\):.*/\1/p')
    printf '%s\t%s\t%s\n' "$name" "${seed:-none}" "$id"
}

search_all() {
    local simulator=$1 name id
    shift
    export -f search
    export seeds_max
    "$simulator" --mutants | while read -r name; do
        id=$(awk -F '\t' -v name="$name" '$1 == name { print $3 }' "$recorded")
        if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then
            continue
        fi
        printf '%s %s\n' "$name" "${id:--}"
    done | xargs -P 2 -L 1 bash -c 'search "$@"' search "$simulator" | tee "$recorded.found"
    # Those that were not searched for keep their lines; the order is the simulator's.
    "$simulator" --mutants | while read -r name; do
        cat "$recorded.found" "$recorded" | awk -F '\t' -v name="$name" '$1 == name' | head -n 1
    done >"$recorded.new"
    rm "$recorded.found"
    mv "$recorded.new" "$recorded"
    if grep -w none "$recorded"; then
        return 1
    fi
}

case "${1:-}" in
    --search)
        shift
        [ $# -ge 1 ] || { usage >&2 && exit 2; }
        search_all "${@: -1}" "${@:1:$#-1}"
        ;;
    -h | --help) usage ;;
    '' | -*) usage >&2 && exit 2 ;;
    *) check_all "$1" ;;
esac
