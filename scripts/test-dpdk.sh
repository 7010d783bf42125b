#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# ./dev test --dpdk VERSION: builds the checkout against another release of DPDK, warnings being errors, in a root folder of the
# Debian that has it, and runs there the units, the simulations and a program on a tap. The root, the sources and the build stay
# in a cache, so that the next run begins where this one ended; nothing is written into the tree.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${NSK_DPDK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/netstk/dpdk}
mirror=${NSK_DPDK_MIRROR:-http://deb.debian.org/debian}
smoke=netns_tcp_echo

# Which Debian has which DPDK. A release that is not out yet may move on to another one, which is told.
declare -A suites=([24.11]=trixie [25.11]=forky)

say() { printf '== %s\n' "$*"; }
die() {
    printf 'test-dpdk: %s\n' "$*" >&2
    exit 1
}

# The packages of a section of packages.txt.
section() { awk -v name="$1" '/^#: / { on = $2 == name } /^[a-z0-9]/ { if (on) print $1 }' "$top/packages.txt"; }

# in_root COMMAND...: with nothing of the caller's environment.
in_root() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        chroot "$root" "$@" </dev/null
}

# quietly COMMAND...: what it says goes to a log, of which the end is shown when it fails.
quietly() {
    "$@" >>"$log" 2>&1 || {
        tail -n 60 "$log"
        die "failed, the whole log is $log: $*"
    }
}

# What debootstrap did not finish is begun anew, with the packages that it had loaded.
base() {
    [ ! -e "$root.base" ] || return 0
    say "Debian $suite into $root (once, some minutes)"
    rm -rf --one-file-system "$root"
    mkdir -p "$cache/debs"
    # Debian 12's debootstrap has no script for what came after it; they are all the same one.
    quietly debootstrap --variant=minbase --cache-dir="$cache/debs" "$suite" "$root" "$mirror" \
        /usr/share/debootstrap/scripts/sid
    touch "$root.base"
}

# apt goes on where it was interrupted, so the mark of having all is the list itself.
packages() {
    local -a wanted
    local list
    mapfile -t wanted < <(section build && section run)
    list="$suite ${wanted[*]}"
    if [ "$(cat "$root.packages" 2>/dev/null)" != "$list" ]; then
        say "its packages (once, some minutes)"
        cp /etc/resolv.conf "$root/etc/resolv.conf"
        # A mirror may lag behind testing, whose lists are valid for a week; signatures are checked all the same.
        echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/90lagging-mirror"
        quietly in_root dpkg --configure -a
        quietly in_root apt-get update
        quietly in_root apt-get install -y --no-install-recommends "${wanted[@]}"
        quietly in_root apt-get clean
        printf '%s\n' "$list" >"$root.packages"
    fi
    found=$(in_root pkg-config --modversion libdpdk)
    [[ $found == "$version".* ]] || die "Debian $suite has DPDK $found now, not $version"
}

# What git knows of, as it is now; times of files stay, for ninja.
sources() {
    rm -rf --one-file-system "$root/src"
    mkdir "$root/src"
    git -C "$top" ls-files -z --cached --others --exclude-standard --deduplicate |
        (cd "$top" && while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done) |
        tar -C "$top" --no-recursion --owner=0 --group=0 --null --files-from=- -cf - | tar -C "$root/src" -xf -
}

# What the tests that run here need, which is the library, all programs and the tests themselves.
targets() {
    in_root python3 -c '
import json, subprocess, sys
def introspect(what):
    return json.loads(subprocess.check_output(["meson", "introspect", what, "/build"]))
files = {target["id"]: target["filename"] for target in introspect("--targets")}
for test in introspect("--tests"):
    if test["name"] == sys.argv[1] or {"netstk:unit", "netstk:sim"} & set(test["suite"]):
        for target in test["depends"]:
            print(*(file.removeprefix("/build/") for file in files[target]), sep="\n")
' "$smoke" | sort -u
}

compile() {
    local -a wanted options=(-Dbuildtype=debugoptimized -Dwerror=true)
    say "building with DPDK $found and gcc $(in_root gcc -dumpfullversion)"
    if [ -f "$root/build/build.ninja" ]; then
        quietly in_root meson setup --reconfigure "${options[@]}" /build /src
    else
        quietly in_root meson setup "${options[@]}" /build /src
    fi
    mapfile -t wanted < <(targets)
    in_root ninja -C /build ${NSK_JOBS:+-j "$NSK_JOBS"} "${wanted[@]}" 2>&1 | tee -a "$log" | awk -F '[][/]' '
        /^\[[0-9]+\/[0-9]+\]/ && $2 * 10 >= tenth * $3 {
            print "[" $2 "/" $3 "]"
            fflush()
            tenth = int($2 * 10 / $3) + 1
        }' || {
        grep -A 12 -E '^FAILED|(error|warning):' "$log" | head -n 100
        return 1
    }
}

# tests NAME [ARGUMENTS of meson test...]: meson's status says that a test failed; the log says which.
tests() {
    local name=$1
    shift
    say "$name"
    in_root meson test -C /build --no-rebuild ${NSK_JOBS:+--num-processes "$NSK_JOBS"} --logbase "testlog-$name" "$@" || true
    logs+=("/build/meson-logs/testlog-$name.json")
}

# In mount and process namespaces of its own: whatever ends it, no mount and no process stays.
inside() {
    trap 'exit 130' INT TERM
    local -a logs=()
    local found log=$root.log
    : >"$log"
    base
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/run"
    packages
    sources
    if compile; then
        tests units-and-simulations --suite unit --suite sim
        tests tap "$smoke"
        in_root python3 /src/scripts/summary.py "${logs[@]}"
    else
        in_root python3 /src/scripts/summary.py --broken="DPDK $version in Debian $suite"
    fi
}

version=${1:-}
suite=${suites[${version:-none}]:-}
if [ -z "$suite" ] || [ $# -ne 1 ]; then
    die "which release of DPDK? Known are: $(printf '%s\n' "${!suites[@]}" | sort | paste -sd ' ')"
fi
root=$cache/$version
[ "$(id -u)" -eq 0 ] || die "needs root, for debootstrap, chroot and mounts: sudo ./dev test --dpdk $version"
command -v debootstrap >/dev/null || die "needs debootstrap: apt-get install debootstrap"

if [ -n "${NSK_DPDK_INSIDE:-}" ]; then
    inside
else
    mkdir -p "$cache"
    exec 9>"$root.lock"
    flock --nonblock 9 || die "another run has $root"
    # unshare(1) heeds no SIGTERM while it waits: it ends with this script.
    NSK_DPDK_INSIDE=1 setpriv --pdeathsig KILL \
        unshare --mount --propagation private --pid --fork --kill-child "${BASH_SOURCE[0]}" "$version"
fi
