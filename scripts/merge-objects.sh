#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# merge-objects.sh OUT.a IN.a OBJCOPY AR CC [ARGUMENT...]
#
# Makes of IN.a, whose objects know each other by names of every kind, an archive of one object whose only global names
# are those with default visibility: ours are nsk_*. So what we call tap_open() never meets a tap_open() of DPDK's drivers
# or of the program. The compiler links, so that objects made for it are optimised as a whole, once, here.
set -eu
out=$1 in=$2 objcopy=$3 ar=$4
shift 4
object=${out%.a}.o
trap 'rm -f "$object"' EXIT
"$@" -r -nostdlib -o "$object" -Wl,--whole-archive "$in" -Wl,--no-whole-archive
"$objcopy" --localize-hidden "$object"
rm -f "$out"
"$ar" rcs "$out" "$object"
