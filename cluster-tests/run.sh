#!/usr/bin/env bash
# Builds Cartwheel and runs its tests.
#
# Usage: run.sh [unit|models|sim|fuzz|cluster|all]
#   unit      tidy, and the Check programs under the address and undefined-behaviour sanitizers
#   models    the models of the register protocol, and mutants of them that must be refuted
#   sim       the simulator: seeds, some of them under the sanitizers, then bugs that it must find
#   fuzz      the fuzz targets, some seconds each, then bugs that they must find
#   cluster   real daemons, real clients and libraries
#   all       (default) all of these
# Environment: SEEDS (default 450), BRIEF_SEEDS (default 40) and FIRST_SEED (default 1) for sim;
# FUZZ_SECONDS (default 4) for each target of fuzz.
# shellcheck disable=SC2317  # stages are called by name
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
sanitized=$root/build-sanitized
threaded=$root/build-threads
clang=$root/build-clang
release=$root/build
untested=$release/untested # what this machine did not allow to test, and why
simulation=$root/build-sim
fuzzing=$root/build-fuzz
simulator=$simulation/cluster-tests/sim/cartwheel-sim
threaded_tests=(node/runtime/tests/test_mailbox node/store/tests/test_rocksdb_store)
results=()
failures=0
# shellcheck source-path=SCRIPTDIR source=../deploy/install-packages.sh
. "$root/deploy/install-packages.sh"

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
}

say() {
    printf '== %s\n' "$*"
}

# Configures $1 with the options that follow.
configure() {
    local directory=$1
    shift
    if [ -e "$directory/build.ninja" ]; then
        meson configure "$@" "$directory" >/dev/null
    else
        meson setup "$@" "$directory" "$root" >/dev/null
    fi
}

build_sanitized() {
    configure "$sanitized" --werror -Dbuildtype=debugoptimized -Db_sanitize=address,undefined \
        -Db_lundef=false
    compile "$sanitized"
}

# The threaded parts alone: RocksDB itself is not instrumented (see node/store/tests/tsan.supp).
build_threads() {
    configure "$threaded" --werror -Dbuildtype=debugoptimized -Db_sanitize=thread -Db_lundef=false
    compile "$threaded" "${threaded_tests[@]}"
}

build_clang() {
    [ -e "$clang/build.ninja" ] || CC="ccache clang" meson setup --werror "$clang" "$root" >/dev/null
    compile "$clang"
}

build_release() {
    configure "$release" --werror -Dbuildtype=release
    compile "$release" node/cartwheeld node/cartwheel cluster-tests/check/check-history \
        cluster-tests/fault/libfault.so cluster-tests/fault/store-driver \
        cluster-tests/fault/cartwheel-proxy
}

# Builds the targets that follow, or all, in $1; says more only if that fails.
compile() {
    local directory=$1
    shift
    ninja -C "$directory" "$@" >"$directory/compile.log" 2>&1 || {
        tail -n 60 "$directory/compile.log"
        return 1
    }
}

# Runs a stage under the name $1 and notes how it went. Inside an `if`, bash would not stop the
# stage at its first failing command.
stage() {
    local name=$1 started=$SECONDS outcome=passed status
    shift
    say "$name"
    set +e
    (
        set -e
        "$@"
    )
    status=$?
    set -e
    if [ "$status" -ne 0 ]; then
        outcome=FAILED
        failures=$((failures + 1))
    fi
    results+=("$name $outcome ($((SECONDS - started)) s)")
}

stop_if_broken() {
    [ "$failures" -eq 0 ] || finish
}

finish() {
    local IFS=';'
    say "summary: ${results[*]}"
    exit "$((failures > 0))"
}

# Prints each program's closing line, and the whole of what failed.
check_programs() {
    local log=$sanitized/meson-logs/testlog.txt good=0
    rm -f "$log"
    meson test -C "$sanitized" --no-rebuild --print-errorlogs --timeout-multiplier 6 \
        --suite cartwheel >"$sanitized/test.out" 2>&1 || good=1
    if [ "$good" -ne 0 ]; then
        cat "$sanitized/test.out"
    else
        grep -E '^(Ok|Fail|Timeout|Expected Fail|Skipped):' "$sanitized/test.out" || true
    fi
    grep -hE '^[0-9]+%: Checks: ' "$log" || good=1
    return "$good"
}

# Prints each program's closing line.
check_threads() {
    local program
    for program in "${threaded_tests[@]}"; do
        TSAN_OPTIONS="suppressions=$root/node/store/tests/tsan.supp halt_on_error=1" \
            "$threaded/$program"
    done
}

run_unit() {
    stage "build with sanitizers" build_sanitized
    stage "build for release" build_release
    stop_if_broken
    stage tidy python3 "$root/cluster-tests/tidy.py" --build "$release"
    stage "unit tests" check_programs
    stage "build with clang" build_clang
    stage "build with the thread sanitizer" build_threads
    stage "threaded parts under the thread sanitizer" check_threads
}

run_models() {
    stage models "$root/docs/models/check.sh"
}

# Optimized, with assertions, probes and planted bugs.
build_simulation() {
    configure "$simulation" --werror -Dbuildtype=debugoptimized -Dtesting=true
    compile "$simulation" cluster-tests/sim/cartwheel-sim
}

# The daemon that dies where it is told to (node/runtime/failpoint.h).
build_failing_daemon() {
    configure "$simulation" --werror -Dbuildtype=debugoptimized -Dtesting=true
    compile "$simulation" node/cartwheeld
}

# Sanitizers are slow: the simulator is all that is wanted of that build here.
build_sanitized_simulator() {
    configure "$sanitized" --werror -Dbuildtype=debugoptimized -Db_sanitize=address,undefined \
        -Db_lundef=false
    compile "$sanitized" cluster-tests/sim/cartwheel-sim
}

# On all cores; each branch marked in the code must have been taken by some seed.
simulate_seeds() {
    "$root/cluster-tests/sim/campaign.py" "$simulator" seeds "${FIRST_SEED:-1}" "${SEEDS:-450}" --probes
}

simulate_sanitized() {
    "$sanitized/cluster-tests/sim/cartwheel-sim" --brief --seeds "${FIRST_SEED:-1}" \
        "${BRIEF_SEEDS:-40}"
}

# The same seed must give the same events.
simulate_twice() {
    "$simulator" --twice --seeds "${FIRST_SEED:-1}" 10
}

run_sim() {
    stage "build the simulator" build_simulation
    stage "build the simulator with sanitizers" build_sanitized_simulator
    stop_if_broken
    stage "simulator: seeds" simulate_seeds
    stage "simulator: seeds under sanitizers" simulate_sanitized
    stage "simulator: seeds twice" simulate_twice
    stage "simulator: mutants" "$root/cluster-tests/sim/mutants.sh" "$simulator"
}

# The targets and the libraries they test, by clang, with libFuzzer and sanitizers.
build_fuzz_targets() {
    local sources=("$root"/cluster-tests/fuzz/fuzz_*.c) targets
    [ -e "$fuzzing/build.ninja" ] || CC="ccache clang" configure "$fuzzing" --werror \
        -Dbuildtype=debugoptimized -Dfuzzing=true -Db_sanitize=address,undefined -Db_lundef=false
    targets=("${sources[@]##*/}")
    targets=("${targets[@]%.c}")
    compile "$fuzzing" "${targets[@]/#/cluster-tests/fuzz/}"
}

run_fuzz() {
    stage "build the fuzz targets" build_fuzz_targets
    stop_if_broken
    stage "fuzz targets" "$root/cluster-tests/fuzz/fuzz.sh" "$fuzzing"
    stage "fuzz targets: mutants" "$root/cluster-tests/fuzz/mutants.py" "$fuzzing"
}

# Installs what the package.json in $1 names.
npm_install() {
    (cd "$1" &&
        npm install --no-package-lock --no-audit --no-fund --fetch-retries=1 \
            --fetch-retry-mintimeout=1000 --loglevel=error >/dev/null)
}

# What the tests in folder $1 need; without it they are skipped, and say so.
install_if_possible() {
    npm_install "$root/cluster-tests/$1" || rm -rf "$root/cluster-tests/$1/node_modules"
}

# The tests in folder $1.
python_tests() {
    (cd "$root/cluster-tests/$1" &&
        CARTWHEEL_UNTESTED=$untested /usr/bin/python3 -m pytest -q --durations=5 .)
}

run_cluster() {
    stage "build for release" build_release
    stage "build a daemon with failpoints" build_failing_daemon
    stop_if_broken
    rm -f "$untested"
    stage "node modules" npm_install "$root/cluster-tests/cluster/javascript"
    stage "cluster tests" python_tests cluster
    stage "clients' packages" install_if_possible clients
    stage "client tests" python_tests clients
    stage "DynamoDB Local" install_if_possible oracle
    stage "differential test" python_tests oracle
    [ ! -e "$untested" ] || results+=("$(<"$untested")")
}

case "${1:-all}" in
    unit | models | sim | fuzz | cluster | all) ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
esac
stage packages install_packages --tests
stop_if_broken
case "${1:-all}" in
    all) run_unit && run_models && run_sim && run_fuzz && run_cluster ;;
    *) "run_$1" ;;
esac
finish
