"""What the tests of interrupted transfers share: sources, folders, the shim that kills and logs."""

import asyncio
import hashlib
import os
import pathlib
import random
import subprocess

import pytest

from martlet_program import Martlet

MEBIBYTE = 1024 * 1024
#: What may be sent twice after an interruption: a segment.
SEGMENT = 64 * MEBIBYTE


def write_noise(path, size, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    with open(path, "wb") as file:
        while size > 0:
            block = chance.randbytes(min(size, MEBIBYTE))
            file.write(block)
            size -= len(block)
    return path


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tree(folder):
    """Everything beneath a folder: content, kind and executable bit by path."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = "link"
        elif path.is_dir():
            found[name] = "folder"
        else:
            found[name] = digest(path), bool(path.stat().st_mode & 0o100)
    return found


def kept_bytes(folder):
    """Bytes of files, whole and in part, in a receiver's folder."""
    return sum(path.stat().st_size for path in pathlib.Path(folder).rglob("*")
               if path.is_file() and not path.name.endswith(".journal"))


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    """Path of the library that kills and logs."""
    library = tmp_path_factory.mktemp("shim") / "fault_shim.so"
    source = pathlib.Path(__file__).with_name("fault_shim.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


class Scene:
    """A sender and a receiver of the same files, again and again."""

    def __init__(self, folder, shim, sources, receive=("-y",), send=()):
        self.folder, self.shim, self.sources = folder, shim, sources
        self.receive_options, self.send_options = receive, send
        self.target = folder / "target"
        self.target.mkdir(exist_ok=True)
        self.graves = folder / "graves"
        self.graves.mkdir(exist_ok=True)
        self.log = folder / "log"
        self.state = folder / "sender" / "state"

    def faults(self, folder, kill=None, log=False, brief=False):
        wanted = {"LD_PRELOAD": str(self.shim), "MARTLET_SHIM_FOLDER": str(folder),
                  "MARTLET_SHIM_GRAVES": str(self.graves)}
        if kill:
            wanted["MARTLET_SHIM_KILL"] = kill
        if log:
            wanted["MARTLET_SHIM_LOG"] = str(self.log)
        if brief:
            wanted["MARTLET_SHIM_BRIEF"] = "1"
        return wanted

    def sender(self, *options, environment=None, **more):
        return Martlet("send", "--port", 0, *self.send_options, *options, *self.sources,
                       environment={"MARTLET_STATE_DIR": str(self.state), **(environment or {})}, **more)

    def receiver(self, link, *options, environment=None, **more):
        return Martlet("receive", link, *self.receive_options, "-o", self.target, *options,
                       environment={"MARTLET_STATE_DIR": str(self.folder / "other-state"), **(environment or {})}, **more)

    def leftovers(self):
        """Hidden files that should be gone when all is over."""
        return [path.name for path in self.target.rglob(".*") if path.name.endswith((".part", ".journal"))]


#: What happened at each kill, for the summary of a run.
NOTES = []


def note(text):
    print(text)
    NOTES.append(text)


async def both_end(*programs, timeout=60):
    """Waits for the ends of programs that should succeed."""
    ends = await asyncio.gather(*(program.end(timeout) for program in programs), return_exceptions=True)
    assert all(isinstance(end, tuple) and end[0] == 0 for end in ends), "\n".join(map(str, [*ends, *programs]))


async def died(program, timeout=60):
    """Waits for the end of a process that is to be killed."""
    return await asyncio.wait_for(program.process.wait(), timeout)


def resumed_bytes(program):
    return max((event["bytes"] for event in program.events if event["type"] == "resumed"), default=0)
