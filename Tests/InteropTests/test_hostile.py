"""Peers that mean harm, against the program: each ends in a clear error and an exit code, with memory bounded."""

import asyncio
import contextlib
import random
import time

import psutil
import pytest

import tree_hash
from faults import MEBIBYTE, write_noise
from martlet_peer import Connection, TransferError
from martlet_program import Martlet
from rooms_client import Link, RoomClient
from test_transfer import assert_fit_for_a_terminal, enter

MOST_MEMORY = 200 * MEBIBYTE


@contextlib.asynccontextmanager
async def receiving(server, folder, *options, **connection_options):
    """`martlet receive` with a peer that may say anything, as the sender. Nothing reads what it answers by itself."""
    target = folder / "target"
    target.mkdir(exist_ok=True)
    link = Link.fresh(server.origin)
    async with RoomClient(link, is_host=True) as room:
        async with Martlet("receive", str(link), "-y", "-o", target, "--wait", "0s", *options) as program:
            await asyncio.wait_for(room.paired(), 20)
            connection = Connection(**connection_options)
            await connection.establish(room)
            yield connection, program
            await connection.close()


@contextlib.asynccontextmanager
async def sending(folder, *options, size=30 * MEBIBYTE):
    """`martlet send` of one file, with a peer that may say anything, as the receiver."""
    source = write_noise(folder / "x.bin", size, 1)
    async with Martlet("send", "--port", 0, "--wait", "0s", *options, source) as program:
        room, connection = await enter((await program.event("link"))["local"])
        yield connection, program
        await connection.close()
        await room.__aexit__()


async def end_of(program, timeout=60):
    """The end of a program that met an enemy: an error for people, an exit code, no more memory than allowed."""
    code, errors = await program.end(timeout)
    assert code not in (0, None) and code > 0, (code, errors)
    assert "error" in errors.lower() and "Fatal" not in errors and "Stack" not in errors, errors
    assert_fit_for_a_terminal(errors.encode())
    assert program.peak_memory_bytes < MOST_MEMORY, f"{program.peak_memory_bytes / MEBIBYTE:.0f} MiB"
    print(code, errors.strip())
    return code, errors


async def until_error(connection, timeout=30):
    """What the program says at last."""
    async def wait():
        while True:
            await connection.next(timeout)
    with pytest.raises(TransferError) as caught:
        await asyncio.wait_for(wait(), timeout)
    return caught.value


async def offer(connection, *items, more=False, accept=True, features=(), transfer="t"):
    """Says hello and offers; waits for the yes and returns its limit."""
    await connection.hello("sender", features=features)
    connection.say("offer", transfer=transfer, items=list(items), more=more)
    while accept:
        kind, message = await connection.next(20)
        if message["type"] == "accept":
            return message["limit"]


def item(number=0, size=1000, path=("x.bin",), **more):
    return {"item": number, "path": list(path), "size": size, **more}


# MARK: Frames


@pytest.mark.parametrize("frames", [
    [(0, 0, b"x" * 100), (0, 0, b"x" * 100)], [(0, 0, b"x" * 100), (0, 50, b"x" * 100)], [(0, 10, b"x" * 100)],
    [(0, 0, b"x" * 1001)], [(0, 990, b"x" * 11)], [(7, 0, b"x")], [(2**32 - 1, 2**64 - 1, b"x")], [(0, 2**63, b"x")],
    [(0, 2**64 - 10, b"x" * 100)], [(0, 0, b"")], [(1, 0, b"x" * 10), (0, 0, b"x" * 10)],
], ids=["twice", "overlapping", "gap", "too long", "beyond the end", "no such item", "largest numbers", "negative",
        "wrapping", "empty", "backwards"])
async def test_frames_that_cannot_be(server, tmp_path, frames):
    async with receiving(server, tmp_path) as (connection, program):
        await offer(connection, item(), item(1, path=["y.bin"]))
        for frame in frames:
            await connection.send_frame(*frame)
        assert (await until_error(connection)).code == "protocol"
        await end_of(program)
    assert not (tmp_path / "target" / "x.bin").exists()


@pytest.mark.parametrize("data", [
    b"", b"\x01", bytes(15), b"\x02" + bytes(30), b"\x01\x01" + bytes(30), b"\x01\0\0\1" + bytes(30)], ids=repr)
async def test_frames_that_are_none(server, tmp_path, data):
    async with receiving(server, tmp_path) as (connection, program):
        await offer(connection, item())
        connection.data.send(data)
        assert (await until_error(connection)).code == "protocol"
        await end_of(program)


async def test_more_than_the_limit(server, tmp_path):
    async with receiving(server, tmp_path) as (connection, program):
        # Before the yes there is none at all.
        await connection.hello("sender")
        connection.say("offer", transfer="t", items=[item(size=2**40)], more=True)
        with contextlib.suppress(TransferError):
            for place in range(0, 40 * MEBIBYTE, 65520):
                await connection.send_frame(0, place, bytes(65520))
        await end_of(program)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_any_frames_on_an_unordered_channel(server, tmp_path, seed):
    """Overlapping, repeated, swapped, in any cut: bytes that contradict each other end in a wrong root, nothing else."""
    chance = random.Random(seed)
    content = chance.randbytes(300_000)
    async with receiving(server, tmp_path, ordered=False) as (connection, program):
        await offer(connection, item(size=len(content)), features=["unordered"])
        for _ in range(2000):
            start = chance.randrange(len(content))
            end = min(len(content), start + chance.randrange(1, 2000))
            await connection.send_frame(0, start, content[start:end])
        connection.say("mark", item=0, offset=len(content))
        connection.say("item-end", item=0, size=len(content), root=tree_hash.root(content))
        connection.say("done", items=1, bytes=len(content))
        while True:
            kind, message = await connection.next(20)
            if message["type"] == "missing":
                for number, start, length in message["ranges"]:
                    await connection.send_frame(number, start, content[start:start + length])
            elif message["type"] == "receipt":
                break
        connection.say("bye")
        assert (await program.end())[0] == 0
    assert (tmp_path / "target" / "x.bin").read_bytes() == content


async def test_frames_far_ahead_on_an_unordered_channel(server, tmp_path):
    async with receiving(server, tmp_path, ordered=False) as (connection, program):
        await offer(connection, item(size=300 * MEBIBYTE), features=["unordered"])
        # What comes is never the beginning: it could fill a memory.
        with contextlib.suppress(TransferError):
            for number in range(4000):
                if program.process.returncode is not None:
                    break
                await connection.send_frame(0, 1 + 70_000 * number, bytes(65520))
        assert program.peak_memory_bytes < MOST_MEMORY, f"{program.peak_memory_bytes / MEBIBYTE:.0f} MiB"
        with contextlib.suppress(TransferError):
            connection.say("error", code="canceled", message="over")
        await end_of(program)


# MARK: Offers


@pytest.mark.parametrize("items", [
    [item(size=2**53)], [item(size=-1)], [item(size=1.5)], [item(size="1")], [item(size=2**52), item(1, size=2**52)],
    [item(size=2**63)], [item(1)], [item(0), item(0)], [item(path=[])], [item(path=["."])], [item(path=[".."])],
    [item(path=["a/b"])], [item(path=["a\0b"])], [item(path=[""])], [item(path=["x"] * 65)], [item(path=["x" * 1025])],
    [item(path="x")], [item(mtime=2**63)], [item(kind="folder", size=1)], [item(kind="device")],
    [item(kind="text", size=2**21)], [item(kind=7)], [item(executable="yes")],
], ids=lambda items: str(items)[:80])
async def test_offers_that_cannot_be(server, tmp_path, items):
    async with receiving(server, tmp_path) as (connection, program):
        await connection.hello("sender")
        connection.say("offer", transfer="t", items=items, more=False)
        # Either the whole is refused, or that item alone; nothing appears outside of the folder or under another name.
        told = None
        with contextlib.suppress(TransferError, TimeoutError):
            while told is None:
                kind, message = await connection.next(10)
                told = message if message["type"] in ("item-failed", "decline") else None
        print(told)
        connection.say("error", code="canceled", message="over")
        await end_of(program)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and "state of martlet" not in path.parts] == []


async def test_an_offer_that_never_ends(server, tmp_path):
    async with receiving(server, tmp_path) as (connection, program):
        await connection.hello("sender")
        start = time.monotonic()
        with contextlib.suppress(TransferError):
            for first in range(0, 260_000, 500):
                if program.process.returncode is not None:
                    break
                connection.say("offer", transfer="t", more=True, items=[
                    item(number, 1, [f"{number:050}"]) for number in range(first, first + 500)])
                while not connection.inbox.empty():
                    await connection.next()
                while connection.control.bufferedAmount > MEBIBYTE and connection.control.readyState == "open":
                    await asyncio.sleep(0.01)
            error = await until_error(connection, 60)
            assert error.code == "protocol" and "control message" not in str(error), error
        print(f"{time.monotonic() - start:.0f} s, at item {first}")
        await end_of(program)


async def test_empty_offers_for_ever(server, tmp_path):
    async with receiving(server, tmp_path) as (connection, program):
        await connection.hello("sender")
        connection.say("offer", transfer="t", items=[], more=True)
        assert (await until_error(connection)).code == "protocol"
        await end_of(program)


# MARK: Control messages


@pytest.mark.parametrize("text", [
    "", "null", "[]", "{", '{"type":1}', '{"type":"offer"}', "{" * 10_000, "[" * 60_000, '{"type":"bye","type":"bye"}',
    '{"type":"nonsense"}', '{"type":"segment","item":0,"segment":1e400,"hash":""}',
    '{"type":"item-end","item":-1,"size":1,"root":"' + "0" * 64 + '"}',
    '{"type":"item-end","item":4294967296,"size":1,"root":"' + "0" * 64 + '"}',
    '{"type":"item-end","item":0,"size":1,"root":"' + "G" * 64 + '"}',
    '{"type":"item-end","item":0,"size":999,"root":"' + "0" * 64 + '"}',
    '{"type":"item-begin","item":0,"offset":1}', '{"type":"segment","item":0,"segment":9007199254740991,"hash":"' + "0" * 64 + '"}',
    '{"type":"mark","item":0,"offset":5}', '{"type":"done","items":2,"bytes":5}', '{"type":"accept","transfer":"t","limit":5}',
    '{"type":"offer","transfer":"t","items":[],"more":false}', "x" * 70_000,
], ids=lambda text: text[:60])
async def test_messages_that_cannot_be(server, tmp_path, text):
    async with receiving(server, tmp_path) as (connection, program):
        await offer(connection, item())
        connection.control.send(text)
        assert (await until_error(connection)).code == "protocol"
        await end_of(program)


async def test_a_flood_of_control_messages(server, tmp_path):
    async with receiving(server, tmp_path) as (connection, program):
        await offer(connection, item())
        text = '{"type":"later","optional":true,"padding":"' + "x" * 60_000 + '"}'
        with contextlib.suppress(Exception):
            for _ in range(1500):
                if program.process.returncode is not None or connection.control.readyState != "open":
                    break
                connection.control.send(text)
                while connection.control.bufferedAmount > MEBIBYTE and connection.control.readyState == "open":
                    await asyncio.sleep(0.01)
        assert program.peak_memory_bytes < MOST_MEMORY
        with contextlib.suppress(Exception):
            connection.say("error", code="canceled", message="over")
        await end_of(program)


async def test_an_error_with_a_message_that_plays_tricks(server, tmp_path):
    async with receiving(server, tmp_path) as (connection, program):
        await offer(connection, item())
        connection.say("error", code="canceled", message="\x1b]0;owned\x07\x1b[2J<b>\u202e\r\n" + "A" * 400)
        code, errors = await end_of(program)
        assert "A" * 50 in errors


async def test_an_agent_that_plays_tricks(server, tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    link = Link.fresh(server.origin)
    async with RoomClient(link, is_host=True) as room:
        async with Martlet("receive", str(link), "-y", "-o", target, "--wait", "0s", json_events=False) as program:
            await asyncio.wait_for(room.paired(), 20)
            connection = Connection()
            await connection.establish(room)
            connection.say("hello", protocol="martlet.transfer", version=1, role="sender", session="s",
                           agent="\x1b[31m\x1b]52;c;bWFydGxldA==\x07evil\u202e", features=["\x1b[2J"] * 10)
            connection.say("offer", transfer="\x1b[2J", items=[item(path=["\x1b[31mname\x1b[0m\n\r\x07"])], more=False)
            await asyncio.sleep(1)
            await connection.close()
            errors = await asyncio.wait_for(program._errors, 30)
            assert_fit_for_a_terminal(errors)
            assert b"evil" in errors


# MARK: Silence


async def test_peers_that_keep_the_connection_and_say_nothing_more(server, tmp_path):
    """There is an end to patience, on either side. Both at once, for it takes a minute."""
    for name in ("left", "right"):
        (tmp_path / name).mkdir()

    async def silent_sender():
        async with receiving(server, tmp_path / "left") as (connection, program):
            await offer(connection, item(size=100_000))
            await connection.send_frame(0, 0, bytes(1000))
            return await end_of(program, 100)

    async def silent_receiver():
        async with sending(tmp_path / "right") as (connection, program):
            await connection.hello("receiver")
            connection.say("accept", transfer=(await connection.next())[1]["transfer"], limit=MEBIBYTE)
            return await end_of(program, 100)

    start = time.monotonic()
    assert [code for code, _ in await asyncio.gather(silent_sender(), silent_receiver())] == [7, 7]
    assert time.monotonic() - start > 30


async def test_a_receiver_that_never_reads(tmp_path):
    """It grants a huge limit and takes nothing: the sender's memory does not fill, and its patience ends."""
    async with sending(tmp_path, size=400 * MEBIBYTE) as (connection, program):
        await connection.hello("receiver")
        connection.say("accept", transfer=(await connection.next())[1]["transfer"], limit=2**50)
        await program.event("progress")
        # Nothing of this process reads its socket from now on.
        process, peak, start = psutil.Process(program.process.pid), 0, time.monotonic()
        with contextlib.suppress(psutil.NoSuchProcess):
            while time.monotonic() - start < 90:
                peak = max(peak, process.memory_info().rss)
                time.sleep(0.2)
        assert 0 < peak < MOST_MEMORY, f"{peak / MEBIBYTE:.0f} MiB"
        code, _ = await end_of(program, 10)
        assert code == 7


# MARK: Receivers that lie


def lies(transfer):
    hex64 = "0" * 64
    return {
        "have of no item": [("have", {"transfer": transfer, "complete": [[5, 1]], "partial": []})],
        "have that wraps": [("have", {"transfer": transfer, "complete": [[0, 2**53 - 1]], "partial": []})],
        "have of nothing": [("have", {"transfer": transfer, "complete": [[0, 0]], "partial": []})],
        "have beyond the end": [("have", {"transfer": transfer, "complete": [], "partial": [
            {"item": 0, "bytes": 2**40, "root": hex64}]})],
        "have not of leaves": [("have", {"transfer": transfer, "complete": [], "partial": [
            {"item": 0, "bytes": 5, "root": hex64}]})],
        "have of another": [("have", {"transfer": "other", "complete": [[0, 1]], "partial": []})],
        "accept of another": [("accept", {"transfer": "other", "limit": 1000})],
        "have after accept": [("accept", {"transfer": transfer, "limit": 1000}),
                              ("have", {"transfer": transfer, "complete": [[0, 1]], "partial": []})],
        "accept twice": [("accept", {"transfer": transfer, "limit": 1000}), ("accept", {"transfer": transfer, "limit": 1000})],
        "credit that falls": [("accept", {"transfer": transfer, "limit": 1000}), ("credit", {"received": 0, "limit": 5})],
        "credit for more than was sent": [("accept", {"transfer": transfer, "limit": 1000}),
                                          ("credit", {"received": 2**40, "limit": 2**41})],
        "credit before accept": [("credit", {"received": 0, "limit": 5})],
        "confirmed before its end": [("accept", {"transfer": transfer, "limit": 1000}),
                                     ("confirmed", {"item": 0, "bytes": 30 * MEBIBYTE, "root": hex64})],
        "confirmed of no item": [("accept", {"transfer": transfer, "limit": 1000}),
                                 ("confirmed", {"item": 9, "bytes": 3, "root": hex64})],
        "receipt at once": [("accept", {"transfer": transfer, "limit": 1000}), ("receipt", {"items": 1, "bytes": 30 * MEBIBYTE})],
        "missing without the feature": [("accept", {"transfer": transfer, "limit": 1000}), ("missing", {"ranges": [[0, 0, 5]]})],
        "failed of no item": [("accept", {"transfer": transfer, "limit": 1000}),
                              ("item-failed", {"item": 77, "code": "storage", "message": "no"})],
        "a second hello": [("hello", {"protocol": "martlet.transfer", "version": 1, "role": "receiver", "agent": "x",
                                      "session": "s", "features": []})],
        "an offer": [("offer", {"transfer": transfer, "items": [item()], "more": False})],
        "a wrong root": [("accept", {"transfer": transfer, "limit": 2**40}), "frames",
                         ("confirmed", {"item": 0, "bytes": 30 * MEBIBYTE, "root": hex64})],
        "a wrong receipt": [("accept", {"transfer": transfer, "limit": 2**40}), "frames",
                            ("receipt", {"items": 7, "bytes": 7})],
    }


@pytest.mark.parametrize("lie", lies(""))
async def test_a_receiver_that_lies(tmp_path, lie):
    async with sending(tmp_path, size=MEBIBYTE if "wrong" in lie else 30 * MEBIBYTE) as (connection, program):
        await connection.hello("receiver")
        transfer = (await connection.next())[1]["transfer"]
        for step in lies(transfer)[lie]:
            if step == "frames":
                while True:
                    kind, value = await connection.next(20)
                    if kind == "text" and value["type"] == "done":
                        break
                continue
            connection.say(step[0], **step[1])
        assert (await until_error(connection)).code == "protocol"
        await end_of(program)


@pytest.mark.parametrize("ranges", [
    [[0, 0, 2**53 - 1]], [[0, 2**52, 2**52]], [[9, 0, 1]], [[0, 0, 0]], [[0, -1, 5]], [[0, 1]], [["0", 0, 1]],
    [[0, 29 * MEBIBYTE, 10]],
], ids=str)
async def test_missing_that_cannot_be(tmp_path, ranges):
    async with sending(tmp_path, "--unordered", "--max-retransmits", "0") as (connection, program):
        await connection.hello("receiver")
        connection.say("accept", transfer=(await connection.next())[1]["transfer"], limit=1000)
        connection.say("missing", ranges=ranges)
        assert (await until_error(connection)).code == "protocol"
        await end_of(program)


async def test_missing_again_and_again(tmp_path):
    """A receiver that wants the same bytes for ever neither fills the sender's memory nor gets a second answer at once."""
    async with sending(tmp_path, "--unordered", "--max-retransmits", "0") as (connection, program):
        await connection.hello("receiver")
        connection.say("accept", transfer=(await connection.next())[1]["transfer"], limit=MEBIBYTE)
        await asyncio.sleep(0.5)
        with contextlib.suppress(Exception):
            for _ in range(2_000):
                if connection.control.readyState != "open":
                    break
                connection.say("missing", ranges=[[0, place * 1000, 500] for place in range(500)])
                while connection.control.bufferedAmount > MEBIBYTE and connection.control.readyState == "open":
                    await asyncio.sleep(0.01)
        assert program.peak_memory_bytes < MOST_MEMORY
        with contextlib.suppress(Exception):
            connection.say("error", code="canceled", message="over")
        await end_of(program)
