#!/usr/bin/env bash
# Measures Cartwheel side by side with DynamoDB Local, dynalite, nginx and etcd on this machine.
#
# Usage: compare.sh [OPTION]...    (compare.py --help lists them)
# Installs what is missing, builds (unless CARTWHEEL_BUILD names a build), and prints ratios. All
# servers run in a network namespace of their own: DynamoDB Local would listen on all addresses.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../../deploy/install-packages.sh
. "$root/deploy/install-packages.sh"

build() {
    [ -e "$root/build/build.ninja" ] ||
        meson setup --werror -Dbuildtype=release "$root/build" "$root" >/dev/null
    ninja -C "$root/build" node/cartwheeld node/cartwheel >/dev/null
}

install_node_modules() {
    (cd "$here" && npm install --no-package-lock --no-audit --no-fund --loglevel=error >/dev/null)
}

# Runs the rest with a loopback of its own.
with_network() {
    local user=()
    [ "$(id -u)" -eq 0 ] || user=(--map-root-user)
    # shellcheck disable=SC2016  # for the inner shell
    exec unshare --net "${user[@]}" -- bash -c 'ip link set lo up && exec "$@"' bash "$@"
}

case " $* " in
    *" --help "* | *" -h "*) exec /usr/bin/python3 "$here/compare.py" --help ;;
esac
install_packages --bench
[ -n "${CARTWHEEL_BUILD:-}" ] || build
install_node_modules
with_network /usr/bin/python3 "$here/compare.py" "$@"
