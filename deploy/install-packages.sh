#!/usr/bin/env bash
# Installs the packages Cartwheel is built from, on Debian 12, Debian 13 and Ubuntu 24.04.
#
# Usage: install-packages.sh [--demo | --tests | --bench | --only PACKAGE...]
#   --demo    also what the quickstart's demonstration needs: Python with boto3
#   --tests   also what the tests need: boto3, pytest, the AWS CLI, Node.js, Java, Chromium,
#             clang, Docker
#   --bench   also what cluster-tests/bench/compare.sh measures against: Java, Node.js, nginx, etcd
#   --only    these instead: the libraries that an image runs with
# Does nothing, and asks for no rights, where all is there. Other scripts source it and call
# install_packages with the same arguments.

# Prints the packages that building needs, one a line.
packages_to_build() {
    printf '%s\n' build-essential meson ninja-build pkg-config librocksdb-dev libevent-dev \
        libprotobuf-c-dev protobuf-c-compiler libssl-dev libxxhash-dev libinih-dev zlib1g-dev \
        libdeflate-dev libyyjson-dev libllhttp-dev check
}

# Prints all packages for the arguments of install_packages.
packages_for() {
    case "${1:-}" in
        --only) shift && printf '%s\n' "$@" ;;
        --demo) packages_to_build && printf 'python3-boto3\n' ;;
        --tests) packages_to_build && packages_to_test ;;
        --bench) packages_to_build && packages_to_bench ;;
        *) packages_to_build ;;
    esac
}

# Prints the packages that the tests need on top.
packages_to_test() {
    printf '%s\n' ccache python3-boto3 python3-pytest python3-pytest-timeout awscli clang \
        clang-format shellcheck spin docker.io docker-compose debootstrap iproute2 iptables \
        chromium chromium-driver
    packages_of_sanitizers
    packages_of_node
    package_of_java
}

# Prints the packages that comparing needs on top. A server that is there counts wherever it comes
# from.
packages_to_bench() {
    printf '%s\n' python3-boto3 iproute2
    package_of_java
    [ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || printf 'nginx-light\n'
    command -v etcd >/dev/null || printf 'etcd-server\n'
    packages_of_node
}

# clang's sanitizer libraries are a package of their own, named after clang's version.
packages_of_sanitizers() {
    local version
    version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
    [ -z "$version" ] || printf 'libclang-rt-%s-dev\n' "$version"
}

# Node.js 18 or newer counts wherever it comes from.
packages_of_node() {
    local major
    major=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p') || true
    if [ "${major:-0}" -lt 18 ] || ! command -v npm >/dev/null; then
        printf '%s\n' nodejs npm
    fi
}

# Java counts wherever it comes from.
package_of_java() {
    command -v java >/dev/null || printf 'default-jre-headless\n'
}

# Needed to build and run; without the others some tests are skipped.
package_is_optional() {
    case "$1" in
        awscli | ccache | chromium* | clang* | debootstrap | default-jre-headless | docker* | \
            libclang-rt-* | python3-pytest-timeout | shellcheck) return 0 ;;
        *) return 1 ;;
    esac
}

package_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

package_available() {
    local policy
    policy=$(apt-cache policy "$1" 2>/dev/null)
    [[ $policy =~ Candidate:\ [^\(] ]]
}

# Reads package names, prints those that are not installed.
packages_missing() {
    local package
    while read -r package; do
        package_installed "$package" || printf '%s\n' "$package"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "install-packages: $1 needs root, and there is no sudo" >&2
        return 1
    fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"
}

# Prints "URI keyring" of the Debian archive this machine uses ("-" for no keyring), from deb822
# files or one-line lists.
debian_archive() {
    local keyring_otherwise=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -e "$keyring_otherwise" ] || keyring_otherwise=-
    { cat /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } | awk -v otherwise="$keyring_otherwise" '
        function flush() {
            if (suites ~ /(^| )(bookworm|stable|oldstable)( |$)/ && uri != "" && !done) {
                print uri, (keyring == "" ? otherwise : keyring)
                done = 1
            }
            uri = suites = keyring = ""
        }
        /^[[:space:]]*$/ { flush() }
        /^Types:/ && uri != "" { flush() }
        /^URIs:/ { uri = $2 }
        /^Suites:/ { $1 = ""; suites = $0 }
        /^Signed-By:/ { keyring = $2 }
        END { flush() }'
    { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true; } |
        awk -v otherwise="$keyring_otherwise" '
        $1 == "deb" {
            keyring = otherwise
            at = 2
            if ($2 ~ /^\[/) {
                for (; at <= NF; at++) {
                    option = $at
                    gsub(/[][]/, "", option)
                    if (option ~ /^signed-by=/) keyring = substr(option, 11)
                    if ($at ~ /\]$/) { at++; break }
                }
            }
            if ($(at + 1) == "bookworm" && !done) { print $at, keyring; done = 1 }
        }'
}

# Debian 12 has neither library; Debian 13's run on it. The pins keep everything else of Debian 13
# out of the way.
add_trixie_for_bookworm() {
    local archive uri keyring
    archive=$(debian_archive)
    if [ -z "$archive" ]; then
        echo "install-packages: no source of bookworm's packages found in /etc/apt" >&2
        return 1
    fi
    read -r uri keyring <<<"$archive"
    if [ ! -e /etc/apt/sources.list.d/cartwheel-trixie.sources ]; then
        {
            printf 'Types: deb\nURIs: %s\nSuites: trixie\nComponents: main\n' "$uri"
            [ "$keyring" = - ] || printf 'Signed-By: %s\n' "$keyring"
        } | as_root tee /etc/apt/sources.list.d/cartwheel-trixie.sources >/dev/null
    fi
    if [ ! -e /etc/apt/preferences.d/cartwheel ]; then
        printf '%s\n' 'Package: *' 'Pin: release n=trixie' 'Pin-Priority: -10' '' \
            'Package: libyyjson* libllhttp*' 'Pin: release n=trixie' 'Pin-Priority: 100' |
            as_root tee /etc/apt/preferences.d/cartwheel >/dev/null
    fi
}

# Splits the missing packages into those that can be had and those that cannot; refuses to go on
# without one that is needed.
choose_packages() {
    local package
    for package in "$@"; do
        if package_available "$package"; then
            printf '%s\n' "$package"
        elif package_is_optional "$package"; then
            echo "install-packages: this system has no package $package; what needs it is skipped" >&2
        else
            echo "install-packages: this system has no package $package" >&2
            return 1
        fi
    done
}

system_name() {
    # shellcheck source=/dev/null
    (. /etc/os-release && printf '%s %s' "${ID:-unknown}" "${VERSION_ID:-}")
}

install_packages() {
    local missing chosen
    if ! command -v apt-get >/dev/null; then
        echo "install-packages: only Debian 12, Debian 13 and Ubuntu 24.04 are known; install by" \
            "hand:" >&2
        packages_to_build >&2
        return 1
    fi
    mapfile -t missing < <(packages_for "$@" | packages_missing)
    [ "${#missing[@]}" -gt 0 ] || return 0
    echo "installing packages: ${missing[*]}"
    if [ "$(system_name)" = "debian 12" ]; then
        add_trixie_for_bookworm
    fi
    apt_get update
    # Fresh lists may tell of more: some names are derived from them.
    mapfile -t missing < <(packages_for "$@" | packages_missing)
    chosen=$(choose_packages "${missing[@]}")
    mapfile -t missing <<<"$chosen"
    [ -z "$chosen" ] || apt_get install --no-install-recommends -y "${missing[@]}" >/dev/null
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    set -euo pipefail
    install_packages "$@"
fi
