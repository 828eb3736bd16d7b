#!/usr/bin/env bash
# Builds Cartwheel, starts a cluster on this machine, and shows a cart outliving a killed node.
#
# Usage: quickstart.sh [--nodes N] [--port P] [--data DIR] [start|stop|status|clean]
#   start    (default) install what is missing, build, start the nodes, show the carts
#   stop     stop the nodes; their data stays
#   status   the cluster as its first running node sees it
#   clean    stop, and delete DIR
#
#   --nodes N   nodes to start (default 3)
#   --port P    node k serves clients on 127.0.0.1:P+k-1 (default 8000) and peers on P+1000+k-1
#   --data DIR  where everything is kept (default ${XDG_STATE_HOME:-~/.local/state}/cartwheel):
#               node k has its data, cartwheeld.pid and log in DIR/node<k>
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
build=$root/build
daemon=$build/node/cartwheeld
tool=$build/node/cartwheel
# shellcheck source-path=SCRIPTDIR source=install-packages.sh
. "$here/install-packages.sh"

nodes=
port=
data=${XDG_STATE_HOME:-${HOME:?is not set}/.local/state}/cartwheel
action=start

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
}

say() {
    printf '%s\n' "$*"
}

fail() {
    printf 'quickstart: %s\n' "$*" >&2
    exit 1
}

misuse() {
    printf 'quickstart: %s\n\n' "$*" >&2
    usage >&2
    exit 2
}

number_between() {
    [[ $1 =~ ^[0-9]{1,5}$ ]] && [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]
}

read_arguments() {
    while [ $# -gt 0 ]; do
        case "$1" in
            --nodes | --port | --data)
                [ $# -ge 2 ] || misuse "$1 needs a value"
                declare -g "${1#--}=$2"
                shift
                ;;
            start | stop | status | clean) action=$1 ;;
            -h | --help) usage && exit 0 ;;
            *) misuse "unknown argument: $1" ;;
        esac
        shift
    done
    [ -z "$nodes" ] || number_between "$nodes" 1 99 || misuse "--nodes must be 1 to 99"
    [ -z "$port" ] || number_between "$port" 1024 64000 || misuse "--port must be 1024 to 64000"
    [ -n "$data" ] || misuse "--data must name a directory"
    mkdir -p "$(dirname "$data")"
    data=$(cd "$(dirname "$data")" && pwd)/$(basename "$data")
}

# A cluster keeps the size and the ports it was born with: DIR/cluster remembers them.
load_cluster() {
    [ -e "$data/cluster" ] || return 1
    local born_nodes born_port
    read -r born_nodes born_port <"$data/cluster"
    if [ "${nodes:-$born_nodes}" != "$born_nodes" ] || [ "${port:-$born_port}" != "$born_port" ]; then
        fail "the cluster in $data has $born_nodes nodes from port $born_port on:" \
            "leave out --nodes and --port, or clean it first"
    fi
    nodes=$born_nodes
    port=$born_port
}

create_cluster() {
    nodes=${nodes:-3}
    port=${port:-8000}
    mkdir -p "$data"
    (umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$data/secret")
    printf '%s %s\n' "$nodes" "$port" >"$data/cluster"
}

api_port() {
    echo $((port + $1 - 1))
}

endpoint() {
    echo "http://127.0.0.1:$(api_port "$1")"
}

members() {
    local k list=
    for ((k = 1; k <= nodes; k++)); do
        list+=${list:+,}node$k=127.0.0.1:$((port + 1000 + k - 1))
    done
    echo "$list"
}

# Prints the process id of node $1, if it runs. A number in a stale file may have become somebody
# else's: the process must be ours.
node_pid() {
    local pid command
    pid=$(cat "$data/node$1/cartwheeld.pid" 2>/dev/null) || return 1
    [ -n "$pid" ] || return 1
    { command=$(tr '\0' ' ' <"/proc/$pid/cmdline"); } 2>/dev/null || return 1
    [[ $command == *"cartwheeld --name node$1 --data $data/node$1/"* ]] || return 1
    echo "$pid"
}

start_node() {
    local home=$data/node$1
    mkdir -p "$home"
    env -u CARTWHEEL_ENDPOINT setsid "$daemon" --name "node$1" --data "$home/data" \
        --listen "127.0.0.1:$(api_port "$1")" --initial_members "$(members)" \
        --secret_file "$data/secret" </dev/null >>"$home/log" 2>&1 &
    echo $! >"$home/cartwheeld.pid"
    # Nobody is to be told when it dies: that is what the demonstration is about.
    disown
}

tool_at() {
    local k=$1
    shift
    env -u AWS_ACCESS_KEY_ID "$tool" --endpoint "$(endpoint "$k")" "$@"
}

# Waits until `$2...` succeeds, at most $1 seconds.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.2
    done
}

# Healthy: it answers, and every member is alive and linked.
wait_healthy() {
    local k
    for ((k = 1; k <= nodes; k++)); do
        wait_until 60 tool_at "$k" status && continue
        tail -n 5 "$data/node$k/log" >&2 || true
        fail "node$k is not healthy after 60 s; its log is $data/node$k/log"
    done
}

build_all() {
    say "[2/4] building (some minutes the first time)"
    local log=$build/quickstart.log
    mkdir -p "$build"
    if [ ! -e "$build/build.ninja" ]; then
        meson setup --buildtype=release "$build" "$root" >"$log" 2>&1 || build_failed "$log"
    else
        meson configure -Dbuildtype=release "$build" >"$log" 2>&1 || build_failed "$log"
    fi
    ninja -C "$build" node/cartwheeld node/cartwheel >>"$log" 2>&1 || build_failed "$log"
}

build_failed() {
    tail -n 30 "$1" >&2
    fail "the build failed; all of it is in $1"
}

# Succeeds if any node had to be started.
start_nodes() {
    local k pid started=1
    for ((k = 1; k <= nodes; k++)); do
        if pid=$(node_pid "$k"); then
            say "      node$k already runs: process $pid, $(endpoint "$k")"
        else
            start_node "$k"
            say "      node$k: process $(cat "$data/node$k/cartwheeld.pid"), $(endpoint "$k")"
            started=0
        fi
    done
    wait_healthy
    return "$started"
}

endpoints_but() {
    local k
    for ((k = 1; k <= nodes; k++)); do
        [ "$k" = "$1" ] || endpoint "$k"
    done
}

demo() {
    env AWS_ACCESS_KEY_ID=quickstart AWS_SECRET_ACCESS_KEY=quickstart \
        AWS_DEFAULT_REGION=us-east-1 /usr/bin/python3 "$here/quickstart-demo.py" "$@"
}

no_hints_left() {
    local k
    for ((k = 1; k <= nodes; k++)); do
        [[ $(tool_at "$k" --json hints) =~ \"hints_pending\":0[,}] ]] || return 1
    done
}

# The last node is killed; with fewer than three nodes no majority is left to write through.
show_carts() {
    local victim=$nodes pid
    say "[4/4] carts"
    demo fill "$(endpoint 1)"
    pid=$(node_pid "$victim")
    kill -9 "$pid"
    say "      kill -9 $pid: node$victim is dead"
    if [ "$nodes" -ge 3 ]; then
        mapfile -t survivors < <(endpoints_but "$victim")
        demo shop "${survivors[@]}"
    fi
    start_node "$victim"
    say "      node$victim starts again: process $(cat "$data/node$victim/cartwheeld.pid")"
    wait_healthy
    wait_until 60 no_hints_left || fail "node$victim has not been given all it missed after 60 s"
    demo check "$(endpoint "$victim")" "$([ "$nodes" -ge 3 ] && echo 2 || echo 1)"
    tool_at "$victim" status
}

say_what_next() {
    local self="deploy/quickstart.sh --data ${data@Q}"
    cat <<END

The cluster is running. Try, with the AWS CLI (any credentials do):

  export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=us-east-1
  aws dynamodb scan --table-name Carts --endpoint-url $(endpoint 1)
  aws dynamodb get-item --table-name Carts --key '{"customer": {"S": "ada"}}' --endpoint-url $(endpoint "$nodes")

and look after it:

  build/node/cartwheel --endpoint $(endpoint 1) status
  build/node/cartwheel --endpoint $(endpoint 1) table set Carts --r 2
  kill -9 "\$(cat ${data@Q}/node1/cartwheeld.pid)"; $self start

  $self status
  $self stop       (the data stays)
  $self clean      (deletes $data)
END
}

do_start() {
    say "[1/4] packages"
    install_packages --demo
    build_all
    load_cluster || create_cluster
    say "[3/4] starting $nodes nodes; everything is kept in $data"
    if start_nodes; then
        show_carts
        say_what_next
    else
        say "The cluster was running already: nothing was changed."
    fi
}

stop_node() {
    local pid
    if ! pid=$(node_pid "$1"); then
        say "node$1 is not running"
    else
        kill -TERM "$pid"
        wait_until 30 process_gone "$pid" || fail "node$1 (process $pid) does not stop"
        say "node$1 stopped"
    fi
    rm -f "$data/node$1/cartwheeld.pid"
}

# A zombie is gone as well: its parent may not have noticed yet.
process_gone() {
    ! grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status"
}

do_stop() {
    local k
    if ! load_cluster; then
        say "there is no cluster in $data"
        return
    fi
    for ((k = 1; k <= nodes; k++)); do
        stop_node "$k"
    done
}

do_status() {
    local k
    load_cluster || fail "there is no cluster in $data"
    for ((k = 1; k <= nodes; k++)); do
        if node_pid "$k" >/dev/null; then
            tool_at "$k" status
            return
        fi
    done
    fail "no node of the cluster in $data is running"
}

do_clean() {
    # Only what this script has made may be deleted.
    [ -e "$data/cluster" ] || { say "there is no cluster in $data" && return; }
    do_stop
    rm -rf "$data"
    say "deleted $data"
}

read_arguments "$@"
"do_$action"
