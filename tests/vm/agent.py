# SPDX-License-Identifier: BSD-3-Clause
"""In the guest: runs the commands that come over a virtio port, several at a time, and ends when the other side has closed.

A question is a line of JSON, {"id": 1, "command": ["ip", "addr"]}; its answer {"id": 1, "status": 0, "said": "..."}.
"""
import glob
import json
import os
import subprocess
import threading

PORT = "nsk"


def device():
    for path in glob.glob("/sys/class/virtio-ports/*/name"):
        with open(path, encoding="utf-8") as file:
            if file.read().strip() == PORT:
                return "/dev/" + path.split("/")[-2]
    raise SystemExit(f"no virtio port is named {PORT}")


def answer(port, lock, question):
    try:
        done = subprocess.run(question["command"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False)
        status, said = done.returncode, done.stdout.decode(errors="replace")
    except OSError as error:
        status, said = 127, str(error)
    line = json.dumps({"id": question["id"], "status": status, "said": said}).encode() + b"\n"
    with lock:
        while line:
            line = line[os.write(port, line):]


def main():
    port, lock, heard = os.open(device(), os.O_RDWR), threading.Lock(), b""
    answer(port, lock, {"id": 0, "command": ["uname", "-r"]})  # it is up
    while part := os.read(port, 1 << 16):
        *lines, heard = (heard + part).split(b"\n")
        for line in lines:
            threading.Thread(target=answer, args=(port, lock, json.loads(line)), daemon=True).start()


main()
