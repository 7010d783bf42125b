# SPDX-License-Identifier: BSD-3-Clause
"""Shell scripts are clean under shellcheck."""
import re
import subprocess

from tree import Problem, Skip


def check(tree):
    paths = [file.path for file in tree.files if file.is_shell()]
    if not paths:
        return
    try:
        result = subprocess.run(["shellcheck", "-x", "-f", "gcc", *paths], cwd=tree.root, capture_output=True,
                                text=True, check=False)
    except FileNotFoundError:
        raise Skip("shellcheck is not there") from None
    for match in re.finditer(r"^(.+?):(\d+):\d+: (.*)$", result.stdout, re.MULTILINE):
        yield Problem(match[1], int(match[2]), match[3])


GOOD = [{"dev": '#!/usr/bin/env bash\necho "$1"\n', "README.md": "echo $1\n"}]
BAD = [{"dev": "#!/usr/bin/env bash\necho $1\n"}, {"tests/netns/a.sh": "#!/bin/bash\nx=1\n"}]
