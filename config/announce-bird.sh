#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Has BIRD announce a service's address while the program behind it is healthy, and only then:
#
#   announce-bird.sh CONTROL PROTOCOL [BIRD-SOCKET]
#
# CONTROL is the program's control socket or its name; PROTOCOL is BIRD's static protocol that holds the address. Asks each
# second; ends with SIGTERM or SIGINT, and withdraws the address then. docs/SCALE-OUT.md.
set -u

if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    echo "usage: announce-bird.sh CONTROL PROTOCOL [BIRD-SOCKET]" >&2
    exit 2
fi
control=$1 protocol=$2 socket=${3:-/run/bird/bird.ctl}
nskctl=${NSKCTL:-nskctl}
announced=unknown

# enable or disable; what BIRD says is heard only if that fails, and then it is tried again.
tell() {
    if [ "$announced" != "$1" ]; then
        said=$(birdc -s "$socket" "$1" "$protocol" 2>&1) && announced=$1 || echo "announce: $said" >&2
        [ "$announced" != "$1" ] || echo "announce: $1 $protocol: $reason" >&2
    fi
}

trap 'reason="told to end"; tell disable; exit 0' TERM INT
while :; do
    if reason=$("$nskctl" -s "$control" health 2>&1); then
        tell enable
    else
        tell disable
    fi
    sleep 1 &
    wait $!
done
