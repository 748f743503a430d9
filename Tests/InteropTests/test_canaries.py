"""Secrets and names in the wrong places: everything that a transfer must keep to its two sides is on one list, and the list is
searched for in the server's log, its memory and its state, in the process list, and in what each side says and keeps."""

import asyncio
import contextlib
import pathlib
import re
import secrets

import pytest

from martlet_program import Martlet
from meetings import Canary, state_of, text_of
from rooms_client import Code, Link

#: Core logs, if any, as loud as they get.
LOUD = {"MARTLET_LOG": "trace", "LOG_LEVEL": "trace"}


class CanaryList:
    """What was made in a run, by name, in every form in which it could be written."""

    def __init__(self):
        self.forms = {}

    def add(self, name, *forms):
        self.forms[name] = [form if isinstance(form, bytes) else form.encode() for form in forms if form]

    def add_link(self, text):
        link = Link.parse(text)
        encoded = text.partition(".")[2] if "#" not in text.partition(".")[2] else text.rpartition(".")[2]
        self.add("link secret", encoded, link.secret, link.secret.hex())
        return link

    def add_code(self, code):
        words = code.split("-", 1)[1]
        self.add("words", words, words.replace("-", " "))

    def found_in(self, data, but=()):
        return [name for name, forms in self.forms.items() if name not in but and any(form in data for form in forms)]


def memory_of(pid):
    """All that a process has in writable memory."""
    parts = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            place, rights, *_ = line.split(None, 5)
            if not rights.startswith("rw"):
                continue
            start, end = (int(number, 16) for number in place.split("-"))
            with contextlib.suppress(OSError, ValueError, OverflowError):
                memory.seek(start)
                parts.append(memory.read(end - start))
    return b"\0".join(parts)


def command_lines():
    """Of every process but this one and those above it, which may be shells that quote a test."""
    found = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found[entry.name] = (entry / "cmdline").read_bytes()
    return found


def files_under(*folders):
    return {path: path.read_bytes() for folder in folders for path in pathlib.Path(folder).rglob("*") if path.is_file()}


@pytest.mark.parametrize("by", ["link", "code"])
async def test_a_server_of_somebody_elses(tmp_path, by):
    canary, known = Canary(tmp_path), CanaryList()
    known.add("file name", canary.name)
    known.add("file size", str(canary.size))
    known.add("content", canary.source.read_bytes()[:64])
    note = secrets.token_hex(12)
    (canary.folder / note).mkdir()
    known.add("folder name", note)
    (canary.folder / note / "x").write_bytes(b"x")
    state = tmp_path / "state of the server"
    async with Martlet("serve", "--port", 0, "--bind", "127.0.0.1", "--state", state, "--log-addresses",
                       environment=LOUD) as service:
        origin = f"http://127.0.0.1:{(await service.event('serving'))['port']}"
        # Told what it may know, to show that the search finds it.
        known.add("control", "no such thing")
        async with Martlet("send", "--server", origin, canary.source, canary.folder / note,
                           environment={**state_of(canary, "host"), **LOUD}) as sender:
            code = (await sender.event("code"))["code"]
            link = known.add_link((await sender.event("link"))["link"])
            known.add_code(code)
            secret_way = {"MARTLET_LINK": str(link)} if by == "link" else {"MARTLET_CODE": code}
            more = [] if by == "link" else ["--server", origin]
            async with Martlet("receive", "-y", "-o", canary.target, *more,
                               environment={**state_of(canary, "guest"), **LOUD, **secret_way}) as receiver:
                await receiver.event("peer")
                listed = command_lines()
                assert (await receiver.end())[0] == 0
            assert (await sender.end())[0] == 0
        assert canary.has_arrived()
        memory = memory_of(service.process.pid)
        # The search works: what the server does know is there.
        assert link.room.encode() in memory and b"martlet.rooms" in memory
        assert known.found_in(memory) == []
        service.terminate(15)
        _, log = await service.end()
    log = text_of(service)
    assert known.found_in(log.encode()) == []
    assert link.room not in log
    for path, content in files_under(*([state] if state.is_dir() else [state.parent] if state.exists() else [])).items():
        if canary.folder not in path.parents:
            assert known.found_in(content) == [], path
    # The sender was given the file's name on its command line, the receiver nothing.
    for pid, line in listed.items():
        assert known.found_in(line, but={"file name", "folder name"} if pid == str(sender.process.pid) else ()) == [], line
    # What the sender prints has code and link, once each, where they belong; nothing else has.
    for event in sender.events:
        if event["type"] not in ("code", "link"):
            assert known.found_in(str(event).encode(), but={"file name", "file size", "folder name"}) == [], event
    assert known.found_in(sender.said, but={"file name", "file size", "folder name"}) == []
    for said in (*map(str, receiver.events), receiver.said.decode()):
        assert known.found_in(said.encode(), but={"file name", "file size", "folder name"}) == [], said


async def test_link_and_code_as_arguments_are_overwritten(tmp_path):
    """Within a moment; the terminal that was typed into has it anyway."""
    code, link = Code("", 7, Code.fresh_words()), Link.fresh("http://127.0.0.1:9")
    for entrance, form in ((str(link), str(link).rpartition(".")[2]), (str(code), str(code).split("-", 1)[1])):
        async with Martlet("receive", entrance, "--server", "http://192.0.2.1:9", "--wait", "0s") as program:
            for _ in range(100):
                line = pathlib.Path(f"/proc/{program.process.pid}/cmdline").read_bytes()
                if b"receive" in line and form.encode() not in line or program.process.returncode is not None:
                    break
                await asyncio.sleep(0.02)
            assert form.encode() not in line, line
            environ = pathlib.Path(f"/proc/{program.process.pid}/environ")
            with contextlib.suppress(OSError):
                assert form.encode() not in environ.read_bytes()


async def test_a_server_of_ones_own(tmp_path):
    """The embedded server is in the sender's process, which knows everything; what it says to others does not."""
    canary, known = Canary(tmp_path), CanaryList()
    known.add("file name", canary.name)
    async with Martlet("send", "--port", 0, canary.source, environment={**state_of(canary, "host"), **LOUD}) as sender:
        known.add_code((await sender.event("code"))["code"])
        event = await sender.event("link")
        link = known.add_link(event["local"])
        port = int(re.search(r":(\d+)$", link.origin)[1])
        for path in ("/", "/health", "/metrics", "/rooms", "/nothing"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
            answer = await asyncio.wait_for(reader.read(), 10)
            writer.close()
            assert known.found_in(answer) == [], path
        assert known.found_in(sender.said) == []
