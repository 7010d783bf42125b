# SPDX-License-Identifier: BSD-3-Clause
"""In the guest: runs the commands that come over a virtio port, several at a time, and ends when the other side has closed.

A question is a line of JSON, {"id": 1, "command": ["ip", "addr"]}; its answer {"id": 1, "status": 0, "said": "..."}. A command
that runs still gets a signal by {"of": 1, "signal": 15}, which has no answer but the command's.
"""
import glob
import json
import os
import subprocess
import threading

PORT = "nsk"
running = {}  # by the question's id


def device():
    for path in glob.glob("/sys/class/virtio-ports/*/name"):
        with open(path, encoding="utf-8") as file:
            if file.read().strip() == PORT:
                return "/dev/" + path.split("/")[-2]
    raise SystemExit(f"no virtio port is named {PORT}")


def begin(question):
    """Starts a command at once, so that a signal behind it finds it; None and the reason if it cannot be."""
    try:
        process = subprocess.Popen(question["command"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
    except OSError as error:
        return None, str(error)
    running[question["id"]] = process
    return process, ""


def answer(port, lock, number, process, said):
    status = 127
    if process:
        said = process.communicate()[0].decode(errors="replace")
        status = process.returncode
        del running[number]
    line = json.dumps({"id": number, "status": status, "said": said}).encode() + b"\n"
    with lock:
        while line:
            line = line[os.write(port, line):]


def obey(port, lock, question):
    if "signal" in question:
        if question["of"] in running:
            running[question["of"]].send_signal(question["signal"])
        return
    process, said = begin(question)
    threading.Thread(target=answer, args=(port, lock, question["id"], process, said), daemon=True).start()


def main():
    port, lock, heard = os.open(device(), os.O_RDWR), threading.Lock(), b""
    obey(port, lock, {"id": 0, "command": ["uname", "-r"]})  # it is up
    while part := os.read(port, 1 << 16):
        *lines, heard = (heard + part).split(b"\n")
        for line in lines:
            obey(port, lock, json.loads(line))


main()
