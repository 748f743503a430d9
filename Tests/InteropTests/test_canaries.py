"""Secrets and names in the wrong places: everything that a transfer must keep to its two sides is on one list, and the list is
searched for in the server's log, its memory and its state, in the process list, and in what each side says and keeps."""

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import pathlib
import re
import secrets
import signal

import pytest

from martlet_peer import Connection, Item, Receiver, Sender
from martlet_program import Martlet
from meetings import Canary, state_of, text_of
from rooms_client import Code, Link, RoomClient, encode

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
    """All that a process has in memory and did not only map from a file, whole and of one moment."""
    parts = []
    os.kill(pid, signal.SIGSTOP)
    try:
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in maps:
                place, rights, _, _, file, *name = line.split()
                if rights[0] != "r" or rights[1] != "w" and file != "0" or name and name[0].startswith("[v"):
                    continue
                start, end = (int(number, 16) for number in place.split("-"))
                memory.seek(start)
                part = bytearray()
                # What lies behind the end of a mapped file, and only that, cannot be read.
                with contextlib.suppress(OSError):
                    while len(part) < end - start and (block := memory.read(end - start - len(part))):
                        part += block
                assert file != "0" or len(part) == end - start, f"{len(part)} bytes of {line}"
                parts.append(bytes(part))
    finally:
        os.kill(pid, signal.SIGCONT)
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
                       environment=LOUD) as service, contextlib.AsyncExitStack() as stack:
        origin = f"http://127.0.0.1:{(await service.event('serving'))['port']}"
        known.add("candidate", "typ host")
        # A room that stays, to show that the search finds what the server does know.
        control = await stack.enter_async_context(RoomClient(Link.fresh(origin), is_host=True))

        def found():
            memory = memory_of(service.process.pid)
            assert control.room.encode() in memory and b"martlet.rooms" in memory
            return known.found_in(memory)
        async with Martlet("send", "--server", origin, canary.source, canary.folder / note,
                           environment={**state_of(canary, "host"), **LOUD}) as sender:
            code = (await sender.event("code"))["code"]
            link = known.add_link((await sender.event("link"))["link"])
            known.add_code(code)
            assert found() == []
            secret_way = {"MARTLET_LINK": str(link)} if by == "link" else {"MARTLET_CODE": code}
            more = [] if by == "link" else ["--server", origin]
            async with Martlet("receive", "-y", "-o", canary.target, *more,
                               environment={**state_of(canary, "guest"), **LOUD, **secret_way}) as receiver:
                await receiver.event("peer")
                listed = command_lines()
                assert found() == []
                assert (await receiver.end())[0] == 0
            assert (await sender.end())[0] == 0
        assert canary.has_arrived()
        assert found() == []
        service.terminate(15)
        _, log = await service.end()
    log = text_of(service)
    assert known.found_in(log.encode()) == []
    assert link.room not in log and control.room not in log
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


def raw(name, data):
    """Bytes in the forms in which they are written."""
    return name, data, data.hex(), data.hex().upper(), encode(data), base64.b64encode(data)


def add_descriptions(known, connections):
    """What is in two descriptions, of which all that a server could use is sealed."""
    for side, connection in connections.items():
        sdp = connection.pc.localDescription.sdp
        for name in ("ice-ufrag:", "ice-pwd:", "fingerprint:"):
            for number, value in enumerate(re.findall(rf"a={name}(.*)\r", sdp)):
                # Alone a short one may stand anywhere by chance.
                known.add(f"{side} {name} {number}", name + value, *([value.split()[-1]] if len(value) >= 20 else []))
        candidates = re.findall(r"a=candidate:\S+ \d \S+ \d+ (\S+ \d+) typ", sdp)
        assert candidates
        for number, place in enumerate(candidates):
            known.add(f"{side} candidate {number}", place, place.replace(" ", ":"))


@pytest.mark.parametrize("by", ["link", "code"])
async def test_the_memory_of_a_server_while_rooms_live_and_after(tmp_path, by):
    """Both sides are Python's, so that their keys and descriptions are known too. What is put there on purpose is found at
    each moment: texts that the server has to keep, and bytes."""
    known, controls = CanaryList(), CanaryList()
    name, content = f"canary-{secrets.token_hex(8)}.bin", os.urandom(300_000)
    known.add("file name", name)
    known.add("content", content[:64], content[-64:])
    known.add("candidate", "typ host")
    moments = []
    async with Martlet("serve", "--port", 0, "--bind", "127.0.0.1", "--state", tmp_path / "state", "--log-addresses",
                       environment=LOUD) as service:
        port = (await service.event("serving"))["port"]
        origin = f"http://127.0.0.1:{port}"

        def look(moment):
            memory = memory_of(service.process.pid)
            moments.append(moment)
            assert known.found_in(memory) == [], moment
            assert controls.found_in(memory) == list(controls.forms), moment

        # A room's name, a User-Agent that has no end yet, and the hash of a token, of which the server is told the token only.
        control = Link.fresh(origin)
        controls.add("room", control.room)
        agent = f"canary-{secrets.token_hex(12)}"
        controls.add("User-Agent", agent)
        async with RoomClient(control, is_host=True) as waiting:
            controls.add("hash of a token", hashlib.sha256(waiting.token.encode()).digest())
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: {agent}\r\nX: ".encode())
            await writer.drain()
            link, words = Link.fresh(origin), Code.fresh_words()
            known.add(*raw("link secret", link.secret))
            known.add("words", words, words.replace(" ", "-"), words.replace(" ", ""))
            connections = {"host": Connection(), "guest": Connection()}
            async with RoomClient(link, is_host=True, words=words) as host:
                controls.add("room in use", link.room)
                look("a room waits")
                async with RoomClient(getattr(host, by), is_host=False) as guest:
                    await asyncio.gather(host.paired(), guest.paired())
                    for label in ("seal host", "seal guest", "channel host", "channel guest"):
                        known.add(*raw(label, host.pairing.keys(label)))
                    look("two have proved the secret to each other")
                    # The head without an end is dropped after ten seconds.
                    controls.forms.pop("User-Agent")
                    writer.close()
                    await asyncio.gather(*(connections[side].establish(room)
                                           for side, room in (("host", host), ("guest", guest))))
                    add_descriptions(known, connections)
                    look("they are connected")
                    receiving = asyncio.create_task(Receiver(connections["guest"]).run())
                    await Sender(connections["host"], [Item([name], content)]).run()
                    assert (await receiving).files[name] == content
                    look("the file is there")
                    await asyncio.gather(*(connection.close() for connection in connections.values()))
            controls.forms.pop("room in use")
            look("the room has ended")
        assert len(moments) == 5
        service.terminate(signal.SIGTERM)
        await service.end()
    log = text_of(service).encode()
    assert known.found_in(log) == [] and control.room.encode() not in log
    assert known.found_in((tmp_path / "state").read_bytes()) == []


@pytest.mark.parametrize("by", ["link", "code"])
async def test_the_memory_holds_what_is_not_sealed(tmp_path, by, monkeypatch):
    """The same, with two sides that seal nothing: then it is found, also where the server has long passed it on."""
    async def send(self, **payload):
        await self._relay(json.dumps(payload))

    async def payload(self):
        return json.loads(await self._body())
    monkeypatch.setattr(RoomClient, "send", send)
    monkeypatch.setattr(RoomClient, "payload", payload)
    with pytest.raises(AssertionError, match="they are connected"):
        await test_the_memory_of_a_server_while_rooms_live_and_after(tmp_path, by)


async def test_link_and_code_as_arguments_are_overwritten(tmp_path):
    """Within a moment; the terminal that was typed into has it anyway."""
    # Somebody who never answers, so that the program is there to be looked at.
    silent = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    origin = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    code, link = Code("", 7, Code.fresh_words()), Link.fresh(origin)
    for entrance, form in ((str(link), str(link).rpartition(".")[2]), (str(code), str(code).split("-", 1)[1])):
        # The server is in the link.
        more = [] if entrance == str(link) else ["--server", origin]
        async with Martlet("receive", entrance, *more) as program:
            for _ in range(100):
                line = pathlib.Path(f"/proc/{program.process.pid}/cmdline").read_bytes()
                if b"receive" in line and form.encode() not in line:
                    break
                await asyncio.sleep(0.02)
            assert b"receive" in line and form.encode() not in line, line
            assert form.encode() not in pathlib.Path(f"/proc/{program.process.pid}/environ").read_bytes()
    silent.close()


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
