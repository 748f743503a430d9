"""What a loss of power leaves of a folder, after the log that fault_shim.c wrote.

A disk keeps what a sync that has returned covers. Of the rest it keeps any part: of bytes any pages, of names the changes
up to some moment (file systems keep the order of those). `lose` turns the folder of a process that was killed into one
of the folders that the disk might have held at that moment.
"""

import os
import pathlib
import struct
from dataclasses import dataclass

WRITE, TRUNCATE, SYNC, SYNC_ALL, CREATE, MAKE_FOLDER, RENAME, REMOVE, READ = range(1, 10)
HEADER = struct.Struct("<BBQQQIII")
PAGE = 4096


@dataclass
class Operation:
    kind: int
    inode: int
    offset: int
    length: int
    first: str
    second: str
    data: bytes


def read_log(path):
    raw, place, operations = memoryview(pathlib.Path(path).read_bytes()), 0, []
    while place + HEADER.size <= len(raw):
        kind, _, inode, offset, length, first, second, data = HEADER.unpack_from(raw, place)
        ends = [place + HEADER.size]
        for size in (first, second, data):
            ends.append(ends[-1] + size)
        if ends[-1] > len(raw):
            break
        texts = [bytes(raw[ends[part]:ends[part + 1]]).decode(errors="surrogateescape") for part in range(2)]
        operations.append(Operation(kind, inode, offset, length, *texts, raw[ends[2]:ends[3]]))
        place = ends[-1]
    return operations


def lose(operations, graves, chance):
    """Rewinds the folder. Returns what happened, for a test's report."""
    names = [index for index, operation in enumerate(operations)
             if operation.kind in (CREATE, MAKE_FOLDER, RENAME, REMOVE)]
    certain = 0
    for operation in operations:
        if operation.kind == SYNC_ALL:
            certain = max(certain, operation.offset)
        elif operation.kind == SYNC and pathlib.Path(operation.first).is_dir():
            here = [index for index in names if index < operation.offset and operation.first in (
                os.path.dirname(operations[index].first), os.path.dirname(operations[index].second))]
            certain = max([certain, *(index + 1 for index in here)])
    uncertain = [index for index in names if index >= certain]
    kept = chance.randint(0, len(uncertain))
    for index in reversed(uncertain[kept:]):
        _undo(operations[index], graves)
    # Bytes, of every file that still has a name.
    files = {}
    folders = {os.path.dirname(operation.first) for operation in operations}
    for folder in folders:
        for path in pathlib.Path(folder).glob("*") if os.path.isdir(folder) else ():
            if path.is_file():
                files[path.stat().st_ino] = path
    lost = sum(_rewind(operations, inode, path, chance) for inode, path in files.items())
    return f"{len(uncertain) - kept} of {len(uncertain)} uncertain changes of names and {lost} bytes were lost"


def _undo(operation, graves):
    if operation.kind == CREATE:
        pathlib.Path(operation.first).unlink(missing_ok=True)
    elif operation.kind == MAKE_FOLDER:
        pathlib.Path(operation.first).rmdir()
    elif operation.kind == RENAME:
        os.rename(operation.second, operation.first)
        if operation.offset:
            os.link(graves / str(operation.offset), operation.second)
    elif operation.kind == REMOVE:
        os.link(graves / str(operation.inode), operation.first)


def _rewind(operations, inode, path, chance):
    """Makes the content of one file what is certain and any part of what is not. Returns how many bytes went."""
    mine = [index for index, operation in enumerate(operations)
            if operation.inode == inode and operation.kind in (WRITE, TRUNCATE)]
    certain = max((operation.offset for operation in operations
                   if operation.kind == SYNC_ALL or operation.kind == SYNC and operation.inode == inode), default=0)
    if not mine or mine[-1] < certain:
        return 0
    survival = chance.choice([0, 0.5, 0.95])
    lost = 0
    with open(path, "r+b") as file:
        file.truncate(0)
        for index in mine:
            operation = operations[index]
            if operation.kind == TRUNCATE:
                if index < certain or chance.random() < survival:
                    file.truncate(operation.length)
                continue
            for start in range(0, operation.length, PAGE if index >= certain else 1 << 40):
                page = operation.data[start:start + PAGE] if index >= certain else operation.data
                if index < certain or chance.random() < survival:
                    file.seek(operation.offset + start)
                    file.write(page)
                else:
                    lost += len(page)
    return lost
