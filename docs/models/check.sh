#!/usr/bin/env bash
# Runs the models of the register protocol with Spin.
#
# Usage: check.sh [--large | --list | --trace NAME]
#   (none)        small configurations, which must hold in every state, and mutants, each of which
#                 must be refuted: at most 3.5 minutes on 2 free cores
#   --large       larger configurations, one after the other: up to 10 minutes and 6 GB each
#   --list        prints the configurations without running them
#   --trace NAME  runs the mutant NAME and prints a shortest counterexample
# Exits with 1 if anything went otherwise than it must. Leaves nothing behind.
set -euo pipefail

models=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=
seconds_max=120
seconds_large=600
memory_small=2500 # MB each; two run at a time
memory_large=5500

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
}

# One a line: operations (P plain, C conditional, R consistent read, L leads F follows, T transaction,
# Y read of the other item, B batch, J joins it), ballots, options. ABC-ABD/PC is P and C while the home
# nodes change from A, B, C to A, B, D; floor/PD is P and a delete while tombstones are purged.
# README.md says what they are for.
small_configurations() {
    cat <<'END'
PCC 3
PPC 3
PCR 3
CCC 3
PPC 3 LINEAGE=1
PCC 3 SPLIT=1 KEEP_ACCEPTED=1 LINEAGE=1
PCR 3 COMMIT_PLAIN=1
LFP 4
LFC 4
CCP 3 RETRY=1
CC 4 RETRY=1
CC 4 RETRY=1 LINEAGE=1
PCR 3 RETRY=1 LINEAGE=1
PCC 3 RETRY=1 LINEAGE=1 LINEAGE_MAX=1
TPY 3
TPR 3
TCY 3
BJC 3 RETRY=1 LINEAGE=1
BJP 3 RETRY=1 LINEAGE=1
PCC 3 HINTS=1
PPC 3 HINTS=1
PCR 3 HINTS=1
PC 3 AMNESIA=1 KEEP_AT=1 ASK=2
CC 2 AMNESIA=1 KEEP_AT=1 ASK=2
PR 2 AMNESIA=1 KEEP_AT=1 ASK=2
PC 3 AMNESIA=1 KEEP_AT=2 ASK=1
PC 3 ACCEPTORS=5
CC 3 ACCEPTORS=5
clock 3
ABC-ABD/CC 2
ABC-ABD/PP 2
ABC-ABD/PC 2 SPLIT=1
ABC-ABD/PR 1 CANCEL=1 EPOCHS=5
ABC-ABD/PR 1 RETURN=1 EPOCHS=5
ABC-CDE/P 1
A-ABC/PCR 2 QUICK_READS=1
ABC-A/PCR 2 QUICK_READS=1
AB-ABC/PCR 2 QUICK_READS=1
chain 2
floor/PD 2
floor/CD 3
floor/PDP 3
floor/PDR 2 HINTS=1
floor/PD 2 HINTS=1 SLOPPY=1
END
}

# As above, after the mutant's name. Those in lower case are not broken code but assumptions of
# the small configurations, left out one at a time.
mutants() {
    cat <<'END'
PLAIN_IGNORES_PROMISES PC 2
FAILS_ON_MINORITY PCC 3
RESTAMPS_PARTIAL PCC 4
RESTAMPS_REFUSED_BY_MAJORITY PCC 4
RESTAMPS_ON_RESENT PCC 4
PREPARE_IGNORES_ITEM PC 2
PREFERS_ACCEPTED PCC 3 SPLIT=1 KEEP_ACCEPTED=1
REPAIR_IGNORES_PROMISES PCR 2
SETTLE_ABSENT_IS_NEVER PCP 4
SUPERSEDED_IS_SUCCESS PPC 4
READ_WITHOUT_WRITE_BACK PRR 2
COMMIT_CLEARS_PROMISE CCC 3 SPLIT=1
RIDING_BALLOT_UNPROMISED LFP 4
RETRY_EVALUATES_AGAIN CC 4 RETRY=1
RETRY_FAILS_WITHOUT_PUBLISHING PC 4 RETRY=1
RETRY_LOOKS_FOR_NEWEST CC 4 RETRY=1 LINEAGE=1
SETTLE_RENAMES_ORIGIN CC 4 RETRY=1 LINEAGE=1
SETTLED_BASE_IS_FIRST_STAMP RCP 4 RETRY=1 LINEAGE=1 NARROW=1 DEPTH_FIRST=1
CUT_LINEAGE_KEEPS_BASE CC 4 RETRY=1 LINEAGE=1 LINEAGE_MAX=1
PLAIN_BURIES_INTENT TPY 3
HIDDEN_INTENT_IGNORED TPY 3
BATCH_FAILS_EARLY BJC 3
HINT_COUNTS PCR 3 HINTS=1
HINT_IGNORES_PROMISES PCR 3 HINTS=1
HINT_IGNORES_NEWER PCR 3 HINTS=1
RESTAMPS_DESPITE_HINT PCC 4 HINTS=1
OLD_LIFE_COUNTS PC 2 AMNESIA=1 KEEP_AT=1 ASK=2
REFUSAL_COUNTS_AT_ONCE PC 3 AMNESIA=1 KEEP_AT=1 ASK=2
no-check PC 2 AMNESIA=1 KEEP_AT=1 ASK=0
check-of-nobody PC 2 AMNESIA=1 KEEP_AT=2 ASK=0
check-of-one PC 2 AMNESIA=1 KEEP_AT=1 ASK=1
no-keeper PC 2 AMNESIA=1 KEEP_AT=0 ASK=2
five-PLAIN_IGNORES_PROMISES PC 2 ACCEPTORS=5 MUTANT=PLAIN_IGNORES_PROMISES
five-PREPARE_IGNORES_ITEM PC 2 ACCEPTORS=5 MUTANT=PREPARE_IGNORES_ITEM
CEILING_NOT_KEPT clock 3
NO_GUARD clock 3
QUORUM_OF_NEW_ALONE ABC-ABD/P 1
QUORUM_OF_OLD_ALONE ABC-ABD/P 1
KNOWN_ON_OLD_ALONE ABC-ABD/PR 1 QUICK_READS=1
KNOWN_ON_NEW_ALONE ABC-ABD/PR 1 QUICK_READS=1 CANCEL=1
TAKES_ADD_UP ABC-ABD/PP 2
IGNORES_EPOCH ABC-ABD/P 1
SERVES_UNFENCED ABC-ABD/P 1
FENCE_NOT_DURABLE ABC-ABD/P 1
COPIES_BEFORE_FENCE ABC-ABD/P 1
COPIES_FROM_ONE ABC-ABD/P 1
COPIES_WITHOUT_ACCEPTED ABC-ABD/C 1 SPLIT=1
COPIES_AT_OWN_BALLOT ABC-A/PCR 2 QUICK_READS=1
COPIES_PROMISES_TOO ABC-A/PCR 2 QUICK_READS=1
COPIES_DESPITE_PROMISE ABC-A/PCR 2 QUICK_READS=1
KEPT_DO_NOT_COPY ABC-A/P 1
OLD_COPY_COUNTS ABC-ABD/P 1 CANCEL=1 EPOCHS=5
SWITCHES_EARLY ABC-ABD/P 1
STALE_RING_DECIDES ABC-ABD/P 1 EPOCHS=4
KEEPS_GROUP chain 2
KEEPS_PROMISES chain 2
IGNORES_ACCEPTED chain 2 INSTANCES=1
IGNORES_PROMISES chain 2 INSTANCES=1
PROMISE_NOT_DURABLE chain 2 INSTANCES=1
ANSWERS_FORGOTTEN chain 2
DECIDED_BY_GOSSIP chain 2
PURGES_BY_TIME floor/PD 2
FLOOR_ON_MAJORITY floor/PD 2
FLOOR_NOT_ON_HOLDER floor/D 2 HINTS=1 SLOPPY=1
FLOOR_FORGOTTEN floor/PD 2
REPAIR_AFTER_PURGE floor/PD 2
REPAIR_LEAVES_ONE floor/PD 2
PURGES_WHAT_CAME_LATER floor/PDP 3
FINISHES_NOTHING floor/CD 2
FLUSHES_NOTHING floor/D 2 HINTS=1 SLOPPY=1
END
}

large_configurations() {
    cat <<'END'
PCC 4
PPC 4
PCR 4
CCC 4
PPC 4 LINEAGE=1
PCC 4 SPLIT=1 KEEP_ACCEPTED=1 LINEAGE=1
PPC 4 COMMIT_PLAIN=1
CC 5 RETRY=1 LINEAGE=1
CCP 4 RETRY=1
CCP 4 RETRY=1 LINEAGE=1
PCC 4 RETRY=1 LINEAGE=1 LINEAGE_MAX=1
PCR 4 RETRY=1 LINEAGE=1
PPCR 3
PCCR 3
LFPR 4
TPYR 3
TCYP 3
BJC 4 RETRY=1 LINEAGE=1
PCC 4 HINTS=1
CC 3 AMNESIA=1 KEEP_AT=1 ASK=2
PR 3 AMNESIA=1 KEEP_AT=1 ASK=2
PCR 2 AMNESIA=1 KEEP_AT=1 ASK=2
PC 4 ACCEPTORS=5
clock 4
PCR 2 ACCEPTORS=5
PCC 3 ACCEPTORS=5
ABC-ABD/PCR 2 QUICK_READS=1
ABC-ABD/CCR 2 QUICK_READS=1
ABC-ABD/CC 2 SPLIT=1
ABC-ABD/PC 2 CANCEL=1 EPOCHS=5
ABC-ABD/CC 2 CANCEL=1 EPOCHS=5
ABC-ABD/PC 2 RETURN=1 EPOCHS=5
ABC-ABD/PC 3
ABC-ABD/PCR 3 QUICK_READS=1
ABC-ABD/PCR 2
ABC-CDE/PR 1
ABC-CDE/PC 2
ABC-CDE/CC 2
ABC-AB/PCR 2 QUICK_READS=1
AB-CD/PCR 2 QUICK_READS=1
A-ABC/PCR 3 QUICK_READS=1
ABC-A/PCR 3 QUICK_READS=1
chain 2 INSTANCES=3
chain 3
floor/CDR 3
floor/PDR 3 HINTS=1
floor/PDP 3 HINTS=1
END
}

# Prints the mask of nodes $1.
mask_of() {
    local i mask=0 letters=ABCDE
    for ((i = 0; i < ${#letters}; i++)); do
        [[ $1 != *${letters:i:1}* ]] || mask=$((mask | 1 << i))
    done
    echo "$mask"
}

# Prints the model for operations $1.
model_of() {
    case $1 in
    clock) echo clock ;;
    floor/*) echo floor ;;
    chain) echo ringchain ;;
    *-*) echo ring ;;
    *) echo register ;;
    esac
}

# Prints -D options for a change of home nodes, $1, which is OLD-NEW.
ring_definitions() {
    local old new all
    old=$(mask_of "${1%-*}")
    new=$(mask_of "${1#*-}")
    all=$((old | new))
    printf -- '-D%s\n' "OLD=$old" "NEW=$new" \
        "NODES=$((all > 15 ? 5 : all > 7 ? 4 : 3))"
}

# Prints -D options for operations $1, ballots $2 and the options that follow.
definitions() {
    local operations=${1#*/} ballots=$2 change=$1 i kind
    local -A kinds=([P]=PLAIN [C]=CONDITIONAL [R]=READ [L]=LEAD [F]=FOLLOW [T]=TRANSACT
        [Y]=READ_OTHER [B]=BATCH [J]=JOIN [D]=DELETE)
    shift 2
    case $operations in
    clock) printf -- '-DTIME_MAX=%s\n' "$ballots" ;;
    chain) printf -- '-DBALLOTS=%s\n' "$ballots" ;;
    *)
        printf -- '-D%s\n' "OPERATIONS=${#operations}" "BALLOTS=$ballots"
        for ((i = 0; i < ${#operations}; i++)); do
            kind=${kinds[${operations:i:1}]}
            printf -- '-DOP%d=%s\n' "$i" "$kind"
        done
        ;;
    esac
    [[ $change != *-*/* ]] || ring_definitions "${change%/*}"
    [ $# -eq 0 ] || printf -- '-D%s\n' "$@"
}

# Makes the program `pan` in directory $1 for operations $2 and what follows; the words before `--`
# go to the C compiler alone.
build_pan() {
    local directory=$1 model options=() defines
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    model=$(model_of "$1")
    mapfile -t defines < <(definitions "$@")
    cp "$models"/*.pml "$directory"
    (
        cd "$directory"
        spin "${defines[@]}" -a "$model.pml" &&
            gcc -O2 -w "${defines[@]}" -DSAFETY -DNOREDUCE "${options[@]}" -o pan pan.c
    ) >"$directory/build.log" 2>&1
}

# Seconds $2 at most; SIGINT makes pan say what it has seen so far.
run_pan() {
    local directory=$1 seconds=$2
    (cd "$directory" && timeout -s INT "$seconds" ./pan -m1000000) >"$directory/pan.log" 2>&1 || true
}

states_of() {
    awk '/states, stored/ { print $1 + 0 }' "$1/pan.log"
}

exhausted() {
    grep -q 'errors: 0' "$1/pan.log" &&
        ! grep -qE 'Search not completed|max search depth too small|memory limit|out of memory' \
            "$1/pan.log"
}

refuted() {
    grep -q 'assertion violated' "$1/pan.log"
}

# Prints a line and keeps the verdict for the summary.
report() {
    local directory=$1 verdict=$2
    shift 2
    printf '%-60s %s\n' "$*" "$verdict"
    printf '%s\n' "$verdict" >"$directory/verdict"
    rm -f "$directory"/pan* "$directory"/*.pml
    [[ $verdict != FAILED* ]] || return 1
}

check_holds() {
    local directory
    directory=$(mktemp -d "$work/run-XXXXXX")
    if ! build_pan "$directory" -DMEMLIM="$memory_small" -- "$@"; then
        report "$directory" "FAILED: does not build" "$*"
    fi
    run_pan "$directory" "$seconds_max"
    if exhausted "$directory"; then
        report "$directory" "holds, $(states_of "$directory") states" "$*"
    elif refuted "$directory"; then
        report "$directory" "FAILED: refuted" "$*"
    else
        report "$directory" "FAILED: not exhausted" "$*"
    fi
}

# Builds and runs mutant $2 in directory $1, breadth first, so that its counterexample is a shortest
# one, unless that takes too long.
run_mutant() {
    local directory=$1 name=$2 order=-DBFS
    shift 2
    [[ $* != *DEPTH_FIRST=1* ]] || order=-DDEPTH_FIRST
    [[ $name == *[a-z]* ]] || set -- "$@" "MUTANT=$name"
    build_pan "$directory" "$order" -DMEMLIM="$memory_small" -- "$@" &&
        run_pan "$directory" "$seconds_max"
}

check_refuted() {
    local directory
    directory=$(mktemp -d "$work/run-XXXXXX")
    if ! run_mutant "$directory" "$@"; then
        report "$directory" "FAILED: does not build" "$*"
    elif refuted "$directory"; then
        report "$directory" "refuted in $(steps_of "$directory") steps, $(states_of "$directory") states" "$*"
    else
        report "$directory" "FAILED: not refuted" "$*"
    fi
}

# Spin counts them from 0.
steps_of() {
    awk -F '[ )]' '/assertion violated/ { print $(NF - 1) + 1 }' "$1/pan.log"
}

check_large() {
    local directory
    directory=$(mktemp -d "$work/run-XXXXXX")
    build_pan "$directory" -DCOLLAPSE -DMEMLIM="$memory_large" -- "$@"
    run_pan "$directory" "$seconds_large"
    if exhausted "$directory"; then
        report "$directory" "holds, $(states_of "$directory") states" "$*"
    elif refuted "$directory"; then
        report "$directory" "FAILED: refuted" "$*"
    else
        report "$directory" "no error in the part searched, $(states_of "$directory") states" "$*"
    fi
}

# Reads lines, runs function $2 with the words of each, $1 at a time.
run_all() {
    local parallel=$1 check=$2 words
    while read -r -a words; do
        while [ "$(jobs -rp | wc -l)" -ge "$parallel" ]; do
            wait -n || true
        done
        "$check" "${words[@]}" &
    done
    wait
}

summarize() {
    local runs=("$work"/run-*/) passed failed
    passed=$(cat "$work"/run-*/verdict | grep -cv '^FAILED') || true
    failed=$((${#runs[@]} - passed))
    printf '%d configurations passed, %d failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ]
}

trace() {
    local words
    mapfile -t words < <(mutants | awk -v name="$1" '$1 == name { for (i = 1; i <= NF; i++) print $i }')
    if [ "${#words[@]}" -eq 0 ]; then
        echo "check.sh: no mutant $1" >&2
        return 2
    fi
    mkdir "$work/trace"
    run_mutant "$work/trace" "${words[@]}"
    (cd "$work/trace" && ./pan -r) | sed '/^#processes/,$d;/proc .*D_STEP/d'
}

make_work() {
    if ! command -v spin >/dev/null || ! command -v gcc >/dev/null; then
        echo "check.sh: needs spin and gcc" >&2
        exit 1
    fi
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
}

case "${1:-}" in
    '')
        make_work
        run_all 2 check_refuted < <(mutants)
        run_all 2 check_holds < <(small_configurations)
        summarize
        ;;
    --large)
        make_work
        run_all 1 check_large < <(large_configurations)
        summarize
        ;;
    --list)
        printf '%s\n' '# small' "$(small_configurations)" '# mutants' "$(mutants)" '# large' \
            "$(large_configurations)"
        ;;
    --trace)
        [ $# -eq 2 ] || { usage >&2 && exit 2; }
        make_work
        trace "$2"
        ;;
    -h | --help) usage ;;
    *) usage >&2 && exit 2 ;;
esac
