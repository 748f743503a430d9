#!/usr/bin/env python3
"""How fast a crowd of small files goes over loopback: `measure_small_files.py [COUNT [FOLDER]]`, 100,000 unless told.

FOLDER should be on a disk's file system: everything that arrives is synced there. Prints files a second, and the peak
memory of both sides, as the kernel counted them at their end.
"""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

from martlet_program import BUILD


def start(*arguments, state):
    return subprocess.Popen([BUILD / "martlet", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env={**os.environ, "MARTLET_STATE_DIR": str(state)}, text=True)


def main(count, folder):
    chance = random.Random(1)
    total = 0
    for number in range(count):
        path = folder / "crowd" / f"{number // 1000}" / f"file {number}.txt"
        if number % 1000 == 0:
            path.parent.mkdir(parents=True)
        total += path.write_bytes(chance.randbytes(chance.randrange(100, 8000)))
    os.sync()
    (folder / "target").mkdir()
    print(f"{count} files, {total / 1e6:.0f} MB, from {folder}")
    sender = start("send", "--json", "--port", 0, folder / "crowd", state=folder / "state")
    link = None
    while not link:
        link = json.loads(sender.stdout.readline()).get("local")
    begun = time.monotonic()
    receiver = start("receive", "-q", "-y", "-o", folder / "target", link, state=folder / "other state")
    # What is printed must be read, or the one who prints it waits.
    readers = [subprocess.Popen(["cat"], stdin=stream, stdout=subprocess.DEVNULL)
               for stream in (sender.stdout, receiver.stdout)]
    for program, name in ((receiver, "receiver"), (sender, "sender")):
        _, status, usage = os.wait4(program.pid, 0)
        if status:
            print(name, "ended with", os.waitstatus_to_exitcode(status), program.stderr.read())
        if program is receiver:
            seconds = time.monotonic() - begun
        print(f"{name}: {usage.ru_maxrss / 1024:.0f} MiB at most, {usage.ru_utime + usage.ru_stime:.1f} s of processor")
    for reader in readers:
        reader.wait()
    arrived = sum(len(files) for _, _, files in os.walk(folder / "target"))
    print(f"{arrived} files arrived in {seconds:.1f} s: {arrived / seconds:.0f} a second")


if __name__ == "__main__":
    base = sys.argv[2] if len(sys.argv) > 2 else None
    place = pathlib.Path(tempfile.mkdtemp(prefix="martlet-measure-", dir=base))
    try:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, place)
    finally:
        shutil.rmtree(place)
