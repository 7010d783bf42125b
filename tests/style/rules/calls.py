# SPDX-License-Identifier: BSD-3-Clause
"""Functions that the library does not call.

Nowhere in it: what ends the process, prints, installs signal handlers or writes past a buffer's end. Below
lib/stack: what reads a clock, draws random numbers or sleeps; those are handed in. KEY of an exception:
PATH:FUNCTION.
"""
from tree import Problem

NOWHERE = {
    "the library never ends the process":
        "exit _exit _Exit quick_exit abort rte_exit rte_panic __builtin_trap raise kill",
    "the library prints through its log alone":
        "printf vprintf fprintf vfprintf dprintf puts putchar fputs fputc perror rte_log RTE_LOG err errx warn warnx",
    "the library installs no signal handler":
        "signal sigaction atexit on_exit",
    "starts a shell":
        "system popen",
    "use a call that knows the buffer's size":
        "gets strcpy stpcpy strcat sprintf vsprintf strtok alloca",
}
BELOW_STACK = {
    "time is an argument":
        "clock_gettime clock gettimeofday time timespec_get rte_rdtsc rte_rdtsc_precise rte_get_tsc_cycles "
        "rte_get_timer_cycles rte_get_hpet_cycles __rdtsc __builtin_ia32_rdtsc",
    "randomness is an argument":
        "rand rand_r random srand srandom drand48 lrand48 mrand48 getrandom getentropy arc4random "
        "arc4random_uniform rte_rand rte_rand_max rte_drand",
    "nothing below the loop sleeps":
        "sleep usleep nanosleep clock_nanosleep rte_delay_us rte_delay_ms rte_delay_us_sleep rte_delay_us_block",
}


def rules_for(file):
    """{function: reason} for a file."""
    groups = [NOWHERE] if file.room == "stack" else [NOWHERE, BELOW_STACK]
    return {name: reason for group in groups for reason, names in group.items() for name in names.split()}


def check(tree):
    for file in tree.c_files("lib", "drivers"):
        rules = rules_for(file)
        pattern = r"(?<![\w.>])(" + "|".join(sorted(rules)) + r")\s*\("
        for line, match in file.find(pattern):
            if not tree.excused("calls", f"{file.path}:{match[1]}"):
                yield Problem(file.path, line, f"{match[1]}(): {rules[match[1]]}")


GOOD = [
    {"lib/tcp/a.c": 'int f(void) { return snprintf(0, 0, "exit() printf()"); } /* time(0) */\n'},
    {"lib/tcp/a.c": "void f(struct w *w) { w->time(0); w->ops.random(1); wheel_exit(w); }\n"},
    {"lib/stack/clock.c": "void f(void) { clock_gettime(0, 0); }\n"},
    {"apps/echo.c": 'int main(void) { printf("hello"); exit(0); }\n'},
]
BAD = [
    {"lib/tcp/a.c": "void f(void) { exit(1); }\n"},
    {"lib/stack/a.c": 'void f(void) { rte_exit(1, "no"); }\n'},
    {"lib/stack/a.c": 'void f(void) { printf("x"); }\n'},
    {"lib/stack/a.c": "void f(void) { signal(2, g); }\n"},
    {"lib/net/a.c": "void f(void) { strcpy(a, b); }\n"},
    {"lib/tcp/a.c": "void f(void) { clock_gettime (0, 0); }\n"},
    {"drivers/a.c": "void f(void) { x = time(0); }\n"},
    {"lib/base/a.c": "int f(void) { return rand(); }\n"},
    {"lib/base/a.c": "int f(void) { return\nrte_rdtsc(); }\n"},
]
