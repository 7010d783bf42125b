#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs the program of socket calls against the kernel and against the stack and compares what they print.

compare.py KERNEL_PROGRAM NSK_PROGRAM TOPIC. Ends with 0 if every line is the same or ours is what DIFFERENCES says, with 77
where the kernel's program finds no namespaces. A difference that is listed and does not show is an error too.
"""
import re
import subprocess
import sys

# "topic/name of a check, as a pattern": what ours says, and why it is not as Linux's. docs/SOCKETS.md and netstk/socket.h say
# the same.
DIFFERENCES = {
    "create/fresh datagram, which is":
        ("16 bytes 0.0.0.0 port 0", "a port is chosen to suit the destination: a send without one chooses none"),
    "reuse/the port of a listener that is gone.*without option":
        ("0", "connections do not keep their listener's port from others"),
    "listening/.*is there still":
        ("yes", "a connection whose address could not be told stays in the queue, Linux throws it away"),
    "sending/a flag that send does not know": ("-1 EOPNOTSUPP", "flags that a call does not know are refused"),
    "receiving/a flag that recv does not know": ("-1 EOPNOTSUPP", "flags that a call does not know are refused"),
    "receiving/what is left after that": ("4", "a receive whose address could not be told has taken nothing"),
    "options/IP_BIND_ADDRESS_NO_PORT, at first": ("1", "a stream's port is chosen to suit its peer"),
    "urgent/.*SO_OOBINLINE of a datagram socket":
        ("-1 ENOPROTOOPT", "what is in no table is ENOPROTOOPT, and only a stream has urgent data"),
    "connecting/family 0, own name": ("16 bytes 0.0.0.0 port 0", "a port that was chosen to suit a peer goes with the peer"),
    "connecting/going on, the next attempt": ("-1 EHOSTUNREACH", "who did not answer is remembered for a while"),
    "shutting/SIGPIPE after that": ("0", "SIGPIPE is never raised"),
    "groups/any interface, .*":
        ("0", "a group is joined on the first interface where neither the socket nor a route names one, RFC 1112 §6.1"),
    "lengths/IP_DROP_MEMBERSHIP of datagrams, .*, set": ("-1 EADDRNOTAVAIL", "for the same reason"),
    "lengths/SO_RCVLOWAT, .*, set": ("-1 ENOPROTOOPT", "it is always 1"),
    "unreachable/type 11 code 1, .*IP_RECVERR, first":
        ("-1 EHOSTUNREACH", "fragments whose time is over are told as well, RFC 1122 §3.2.2.4"),
    "unreachable/type 11 code 1, .*IP_RECVERR, then": ('5 bytes "after"', "the same"),
    "six_options/IPV6_MTU, value .*": ("-1 ENOPROTOOPT", "it can be read, nothing is fragmented to fit it"),
    "six_messages/IPV6_TCLASS -1, by IPv6, control 1":
        ("level 41, type 67, 4 bytes, 0", "-1 is what the socket says, RFC 3542 §6.5"),
    "pings/a part": ("16", "MSG_TRUNC tells the length of any datagram, in Linux not of a ping socket's"),
}


def lines_of(program, topic):
    """{name: outcome} in order; a program that fails, or says a name twice, ends the test."""
    ran = subprocess.run([program, topic], stdout=subprocess.PIPE, text=True, check=False)
    if ran.returncode == 77:
        sys.exit(77)
    outcomes = {}
    for line in ran.stdout.splitlines():
        name, colon, outcome = line.partition(": ")
        if not colon or name in outcomes:
            sys.exit(f"{program}: {'twice' if colon else 'no check'}: {line}")
        outcomes[name] = outcome
    if ran.returncode:
        sys.exit(f"{program} {topic}: ended with status {ran.returncode} after: {(ran.stdout.splitlines() or ['nothing'])[-1]}")
    if not outcomes:
        sys.exit(f"{program} {topic}: no checks")
    return outcomes


def difference(name):
    """The entry of DIFFERENCES that a check falls under and what ours is to say, or twice None."""
    return next(((pattern, said) for pattern, (said, _) in DIFFERENCES.items() if re.fullmatch(pattern, name)), (None, None))


def main():
    kernel_program, nsk_program, topic = sys.argv[1:]
    kernel, nsk = lines_of(kernel_program, topic), lines_of(nsk_program, topic)
    hit, bad = set(), 0
    for name in list(kernel) + [name for name in nsk if name not in kernel]:
        if kernel.get(name) == nsk.get(name):
            continue
        pattern, said = difference(name)
        hit.add(pattern)
        if name not in kernel or nsk.get(name) != said:
            bad += 1
            print(f"{name}\n    kernel: {kernel.get(name, 'says nothing')}\n    netstk: {nsk.get(name, 'says nothing')}")
            print(f"    expected of netstk: {said}" if pattern else "    no such difference is listed")
    for pattern in DIFFERENCES:
        if pattern.startswith(topic + "/") and pattern not in hit:
            bad += 1
            print(f"{pattern}\n    is listed as a difference, but there is none")
    same = sum(kernel[name] == nsk.get(name) for name in kernel)
    print(f"{topic}: {same} checks the same, {len(kernel) - same} not")
    sys.exit(1 if bad else 0)


main()
