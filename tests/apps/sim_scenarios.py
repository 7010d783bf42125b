# SPDX-License-Identifier: BSD-3-Clause
"""Scenarios for the tests of nsk-sim: parts to make some of, broken ones with what is said about them, and one that fails."""

HOSTS = "hosts = { a = { }; b = { }; };\n"
LINK = 'links = { wire = { ends = ["a", "b"]; rate = "10 Mbit/s"; delay = "5 ms"; }; };\n'
APPS = 'apps = { up = { from = "a"; to = "b"; bytes = 20000; }; };\n'

HOSTILE = ('hosts = { a = { }; b = { }; m = { hostile = { acts = ["blind"]; per_second = 500; }; }; };\n'
           'links = { wire = { ends = ["a", "b"]; rate = "10 Mbit/s"; delay = "5 ms"; };\n'
           'alley = { ends = ["m", "b"]; }; };\n')

# What is wrong, and what is said about it behind the file's name.
BROKEN = (
    ("", ": say which hosts there are: hosts = { a = { }; b = { }; };"),
    ("hosts = 3;", ":1: say which hosts there are: hosts = { a = { }; b = { }; };"),
    (HOSTS + "links = { }", ':1: host "a" is on no link; add one that ends there, or remove the host'),
    (HOSTS + LINK, ": nothing is to be done: apps = { upload = { from = \"a\"; to = \"b\"; }; };"),
    (HOSTS + "links = [", ":2: syntax error here or just before: links = [\nWords and quantities stand in double quotes, "
     "groups in { }, lists of faults in ( ); docs/NSK-SIM.md has examples."),
    (HOSTS + LINK + "# \"\n/* \" */ limit = 5 min;", ":4: syntax error here or just before: /* \" */ limit = 5 min;"),
    (HOSTS + 'title = "a\\"b"; # "\n' + LINK.replace('Mbit/s"', "Mbit/s") + APPS,
     ':3: a string has no end in this line: links = { wire = { ends = ["a", "b"]; rate = "10 Mbit/s; delay'),
    (HOSTS + HOSTS, ":2: duplicate setting name: hosts = { a = { }; b = { }; };"),
    (HOSTS + LINK + APPS + "speed = 1;",
     ':4: a scenario has no key "speed"; it has title, seed, limit, step, settings, hosts, links, apps, faults'),
    (HOSTS + LINK + APPS + 'limit = "10";', ':4: limit = "10": give a time with its unit, such as "20 ms" '
     "(ns, us, ms, s, min, h)"),
    (HOSTS + LINK + APPS + 'limit = "0 s";', ":4: limit is out of range; allowed: 1 ms to 8760 h"),
    (HOSTS.replace("a = { }", "a = { tcp = { windov = 1; }; }") + LINK + APPS,
     ':1: host "a": there is no setting "tcp.windov"'),
    (HOSTS.replace("a = { }", "a = { tcp = { window = 70; }; }") + LINK + APPS,
     ':1: host "a": tcp.window = 70: out of range; allowed: 1024 to 1073725440 bytes'),
    (HOSTS.replace("a = { }", "a = 7") + LINK + APPS,
     ":1: a is a whole number; it must be a group { ... } of settings"),
    (HOSTS + LINK.replace('ends = ["a", "b"];', "") + APPS,
     ':2: link "wire" has no ends; say which hosts it joins: ends = ["a", "b"];'),
    (HOSTS + LINK.replace('["a", "b"]', '["a"]') + APPS, ':2: ends must be two strings: ["...", "..."]'),
    (HOSTS + LINK.replace('["a", "b"]', '["a", "c"]') + APPS,
     ':2: link "wire" ends at "c", which is none of the hosts'),
    (HOSTS + LINK.replace('["a", "b"]', '["a", "a"]') + APPS, ':2: link "wire" has both ends at host "a"'),
    (HOSTS + LINK.replace("10 Mbit/s", "10 Mbit") + APPS,
     ':2: rate = "10 Mbit": give a rate with its unit, such as "100 Mbit/s" (bit/s, kbit/s, Mbit/s, Gbit/s)'),
    (HOSTS + LINK.replace('"5 ms"', "5") + APPS,
     ':2: delay = "5": give a time with its unit, such as "20 ms" (ns, us, ms, s, min, h)'),
    (HOSTS + LINK.replace('delay = "5 ms"', 'loss = "101 %"') + APPS,
     ':2: loss = "101 %": give a share of the packets, such as "0.1 %" (%, ppm), at most 100 %'),
    (HOSTS + LINK.replace('delay = "5 ms"', 'loss = "3 %..1 %"') + APPS,
     ':2: loss = "3 %..1 %": the range runs backwards; the least comes first'),
    (HOSTS + LINK.replace('rate = "10 Mbit/s"', 'queue = "10 KB"') + APPS,
     ':2: link "wire" has a queue and no rate; without one nothing waits: add rate = "100 Mbit/s"; or remove the '
     "queue"),
    (HOSTS + LINK.replace('delay = "5 ms"', 'addresses = ["10.1.0.1", "10.1.0.2/24"]') + APPS,
     ':2: address "10.1.0.1": give an IPv4 address with the length of its subnet, such as "10.1.0.1/24"'),
    (HOSTS + 'links = { x = { ends = ["a", "b"]; };\ny = { ends = ["b", "a"]; mtu = 576; }; };\n' + APPS,
     ':3: link "y" has another mtu than link "x"; all links of host "a" have the same'),
    (HOSTS + LINK + APPS.replace('from = "a"', 'from = "x"'),
     ':3: from = "x": no such host; name one of the group "hosts"'),
    (HOSTS + LINK + APPS.replace('from = "a"; ', ""),
     ':3: application "up" has no key "from", which names the host that connects'),
    (HOSTS + LINK + APPS.replace('from = "a"', 'from = "b"'),
     ':3: application "up": no link joins hosts "b" and "b"; hosts do not forward, so a link must lead straight there'),
    (HOSTS + LINK + APPS.replace("bytes = 20000", 'kind = "bulky"'),
     ':3: kind = "bulky": there is no such kind; there are bulk, request, short, half-close, udp'),
    (HOSTS + LINK + APPS.replace("bytes = 20000", 'kind = "udp"; nodelay = true'),
     ':3: application "up": nodelay is not for kind "udp"'),
    (HOSTS + LINK + APPS.replace("bytes = 20000", 'kind = "udp"; request = 65508'),
     ':3: application "up": datagrams have 12 to 65507 bytes'),
    (HOSTS + LINK + APPS.replace("bytes = 20000", "request = 100"),
     ':3: application "up": request is not for kind "bulk"'),
    (HOSTS + LINK + APPS.replace("bytes = 20000", 'bytes = 20000; duration = "1 s"'),
     ':3: application "up": duration is for kind "bulk" and takes the place of bytes'),
    (HOSTS + LINK + APPS.replace("bytes = 20000", "options = {\nSO_KEPALIVE = 1; }"),
     ':4: options of application "up" has no key "SO_KEPALIVE"; it has SO_KEEPALIVE, SO_LINGER, SO_MAX_PACING_RATE, '),
    (HOSTS + LINK + APPS.replace("bytes = 20000", "client_options = { TCP_KEEPCNT = 500; }"),
     ":3: TCP_KEEPCNT is out of range; allowed: 1 to 127"),
    (HOSTS + LINK + APPS.replace("bytes = 20000", "options = { TCP_MAXSEG = 32768; }"),
     ":3: TCP_MAXSEG is out of range; allowed: 88 to 32767"),
    (HOSTS + LINK + APPS.replace("bytes = 20000", "server_options = 3"),
     ':3: server_options of application "up" is a whole number; it must be a group { ... }'),
    (HOSTS + LINK + APPS.replace("bytes = 20000", "nodelay = 1"),
     ":3: nodelay is a whole number; it must be true or false"),
    (HOSTS + LINK + APPS + 'faults = ( { link = "wire"; down = true; } );',
     ':4: a fault has no key "at", the time when it happens'),
    (HOSTS + LINK + APPS + 'faults = ( { at = "1 s"; down = true; } );', ":4: a fault with down names no link"),
    (HOSTS + LINK + APPS + 'faults = ( { at = "1 s"; host = "a"; link = "wire"; memory = 3; } );',
     ":4: a fault with memory is not about a link"),
    (HOSTS + LINK + APPS + 'faults = ( { at = "1 s"; host = "a"; no_buffers = true; } );',
     ':4: a fault with no_buffers has no "for"; say how long, for nobody gets on meanwhile'),
    (HOSTS + LINK + APPS + 'faults = ( { at = "1 s"; link = "wire"; } );',
     ":4: a fault is one of: link and down = true, tx_full = true or set = { ... }; host and stop = true, memory = 5, "
     "buffers = 5 or no_buffers = true; clock = \"10 s\""),
    (HOSTILE.replace('"blind"', '"blond"') + APPS,
     ':1: acts = "blond": there is no such acts; there are chaos, stuck, optimist, renege, scatter, blind, flood, icmp, garbage'),
    (HOSTILE.replace('["blind"]', '"blind"') + APPS,
     ':1: acts is a string; it must be a list of what it does, such as ["chaos", "flood"]'),
    (HOSTILE.replace("per_second", "rate") + APPS,
     ':1: hostile of host "m" has no key "rate"; it has acts, per_second, connections, start, duration'),
    (HOSTILE.replace("m = { ", "m = { mtu = 600; ") + APPS,
     ':1: host "m" is hostile and has settings; it has no stack that they could be of'),
    (HOSTILE.replace('"m", "b"]', '"m", "b"]; delay = "1 ms"') + APPS,
     ':3: link "alley" leads to the hostile host "m": such a link has ends, addresses and mtu'),
    (HOSTILE + APPS.replace('from = "a"; to = "b"', 'from = "m"; to = "b"'),
     ':4: application "up": host "m" is hostile; it connects to whom it likes, and runs no application'),
    (HOSTS + LINK + APPS + 'faults = ( { at = "1 s"; link = "wire"; set = { los = "1 %"; }; } );',
     ':4: set of a fault has no key "los"; it has mtu, back, rate, delay, jitter, queue, queue_packets, loss, burst, '
     "burst_packets, burst_loss, duplicate, corrupt, reorder, reorder_by"),
    (HOSTS + LINK + APPS + 'faults = ( { at = "1 s"; link = "wire"; set = { back = { }; }; } );',
     ':4: set of a fault changes nothing; say what, such as set = { loss = "5 %"; }'),
    (HOSTS + LINK + APPS + "faults = { };", ":4: faults is a group { ... }; it must be a list ( { ... }, ... )"),
)

# Fails, and why is the one thing that nothing else in it has to do with.
DOOMED = """\
settings = { tcp = { retries = 3; }; };
hosts = { a = { ip = { ttl = 9; }; }; b = { }; };
links = {
  wire = { ends = ["a", "b"]; rate = "10 Mbit/s"; delay = "5 ms"; loss = "1 %"; reorder = "2 %"; jitter = "1 ms"; };
};
apps = {
  up = { from = "a"; to = "b"; bytes = "2 MB"; congestion = "reno"; start = "50 ms"; };
  talk = { kind = "request"; from = "b"; to = "a"; count = 20; think = "10 ms"; start = "60 ms"; };
};
faults = (
  { at = "100 ms"; link = "wire"; set = { rate = "5 Mbit/s"; }; for = "100 ms"; },
  { at = "20 ms"; link = "wire"; down = true; },
  { at = "700 ms"; clock = "1 s"; }
);
"""
