"""The page in real browsers: links and rooms, peers that vanish or misbehave, and pages from plain HTTP."""

import asyncio
import json
import os
import pathlib
import signal
import sys

import pytest

from conftest import Visit, lan_address
from martlet_peer import Connection, Item, Sender, TransferError
from page_support import noise
from rendezvous import Rendezvous
from rooms_client import Link, RoomClient, WrongSecret
from tree_hash import root

HERE = pathlib.Path(__file__).parent


# MARK: Links and rooms


async def test_a_wrong_secret(visit):
    await visit.make_room()
    await visit.open(Link(visit.link.origin, visit.link.room, bytes(16)))
    with pytest.raises(WrongSecret):
        await visit.room.paired()
    await visit.failure("cannot-verify")
    await visit.picture("cannot-verify")


async def test_a_stale_link(visit):
    await visit.open()
    assert "Ask for a new link" in await visit.failure("stale")
    await visit.picture("stale")


async def test_a_room_that_is_full(visit):
    await visit.make_room()
    async with RoomClient(visit.link, is_host=False):
        await visit.open()
        await visit.failure("taken")
    # Now the other one is gone: trying again works.
    await visit.page.click("#retry")
    await visit.page.wait_for("document.documentElement?.dataset.state === 'connecting'")


@pytest.mark.parametrize("fragment, code", [("", "no-link"), ("#abc", "damaged-link"), ("#" + "a" * 16 + "." + "A" * 21, "damaged-link")])
async def test_a_damaged_link(visit, fragment, code):
    visit.page = await visit.browser.open(visit.server.origin + "/" + fragment)
    await visit.failure(code)
    await visit.picture(code)
    # The whole link can be pasted there.
    await visit.make_room()
    await visit.page.evaluate(f"document.querySelector('#link-input').value = {json.dumps(str(visit.link))}")
    await visit.page.click("#link-open")
    await visit.establish()
    assert await visit.page.evaluate("location.href") == visit.server.origin + "/"


async def test_the_secret_leaves_the_address_bar_and_survives_a_reload(visit):
    await visit.connect()
    assert await visit.page.evaluate("location.href") == visit.server.origin + "/"
    await visit.page.reload()
    # The host's room gets the same tab as a new guest.
    await visit.connection.close()
    await visit.establish()
    sender = Sender(visit.connection, [Item(["a.bin"], b"abc")])
    running = asyncio.create_task(sender.run())
    await visit.state("offered")
    await visit.page.click("#accept")
    assert (await asyncio.wait_for(running, 30)).receipt["items"] == 1


async def test_the_host_leaves_before_the_connection(visit):
    await visit.make_room()
    await visit.open()
    await visit.room.paired()
    await visit.room.__aexit__()
    await visit.failure("left")


async def test_the_server_is_gone(visit):
    await visit.open()
    await visit.failure("stale")
    # Whatever the browser still fetches by itself (an icon, the worker's update) is refused from here on.
    visit.expected_errors.append("ERR_CONNECTION_REFUSED")
    await visit.server.__aexit__()
    await visit.page.evaluate("import('/rooms.js').catch(() => null)")
    await visit.page.evaluate(
        "import('/rooms.js').then(({ Room }) => new Promise((resolve) => new Room({ room: 'x', secret: new Uint8Array(16) },"
        " { onFailure: (failure) => { window.code = failure.code; resolve(); } }).enter()))")
    assert await visit.page.evaluate("window.code") == "unreachable"


# MARK: Peers that vanish or misbehave


async def test_the_sender_is_killed_halfway(visit, tmp_path):
    (tmp_path / "a.bin").write_bytes(noise(60_000_000))
    process = await asyncio.create_subprocess_exec(
        sys.executable, HERE / "martlet_peer.py", "send", visit.server.origin, tmp_path / "a.bin",
        stdout=asyncio.subprocess.PIPE)
    try:
        link = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().split()[0]
        await visit.open(link)
        await visit.state("offered")
        await visit.page.click("#accept")
        await visit.page.wait_for("document.querySelector('#progress').value > 0.02")
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    # Nothing tells the browser but silence; that the room ended as well shortens the wait.
    text = await visit.state("interrupted", 25)
    assert "Interrupted at" in text and "come back with the same link or code" in text
    assert visit.browser.downloads.begun == 0 and visit.browser.downloads.files() == []
    await visit.picture("interrupted")
    await visit.page.click("#cancel")
    await visit.failure("canceled-here")


@pytest.mark.parametrize("kind, members", [
    ("offer", {"transfer": "t", "items": [{"item": 0, "path": [".."], "size": 1}], "more": False}),
    ("offer", {"transfer": "t", "items": [{"item": 0, "path": ["a/b"], "size": 1}], "more": False}),
    ("offer", {"transfer": "t", "items": [{"item": 0, "path": [], "size": 1}], "more": False}),
    ("offer", {"transfer": "t", "items": [{"item": 1, "path": ["a"], "size": 1}], "more": False}),
    ("offer", {"transfer": "t", "items": [{"item": 0, "path": ["a"], "size": -1}], "more": False}),
    ("offer", {"transfer": "t", "items": [], "more": False}),
    ("offer", {"transfer": "t", "items": [{"item": 0, "path": ["a"], "size": 2**53}], "more": False}),
    ("nonsense", {}), ("item-end", {"item": 0, "size": 0, "root": "0" * 64}), ("done", {"items": 0, "bytes": 0}),
], ids=str)
async def test_a_peer_that_breaks_the_protocol(visit, kind, members):
    connection = await visit.connect()
    await connection.hello("sender")
    connection.say(kind, **members)
    with pytest.raises(TransferError, match="protocol"):
        while True:
            await connection.next(10)
    await visit.failure("protocol")


async def test_messages_on_the_wrong_channel_end_the_transfer(visit):
    connection = await visit.connect()
    await connection.hello("sender")
    connection.data.send('{"type":"bye"}')
    with pytest.raises(TransferError, match="protocol"):
        while True:
            await connection.next(10)
    await visit.failure("protocol")


async def offer_hundred_bytes(visit, **members):
    """A connection whose sender may send."""
    connection = await visit.connect()
    await connection.hello("sender", **members)
    connection.say("offer", transfer="t", items=[{"item": 0, "path": ["a"], "size": 100}], more=False)
    await visit.state("offered")
    await visit.page.click("#accept")
    await visit.state("moving")
    return connection


@pytest.mark.parametrize("item, offset, length", [(0, 1, 10), (1, 0, 10), (0, 0, 101), (0, 0, 0)])
async def test_frames_out_of_order_end_the_transfer(visit, item, offset, length):
    connection = await offer_hundred_bytes(visit)
    await connection.send_frame(item, offset, b"x" * length)
    with pytest.raises(TransferError, match="protocol"):
        while True:
            await connection.next(10)
    await visit.failure("protocol")


# MARK: Plain HTTP


async def test_a_page_from_a_lan_address_says_its_limit_before_anything_is_accepted(browser):
    address = lan_address()
    if not address:
        pytest.skip("this machine has no address but loopback")
    async with Rendezvous(address) as server:
        visit = Visit(browser, server)
        await visit.connect()
        assert await visit.page.evaluate("isSecureContext") is False
        content = noise(3_000_000)
        connection = visit.connection
        await connection.hello("sender")
        connection.say("offer", transfer="t", more=False, items=[
            {"item": 0, "path": ["small.bin"], "size": len(content)},
            {"item": 1, "path": ["big.iso"], "size": 256 * 1024 * 1024 + 1}, {"item": 2, "path": ["wrong.bin"], "size": 3}])
        text = await visit.state("offered")
        assert "at most 256 MiB" in text and "martlet receive" in text and "localhost" in text
        assert "Save the other 2 files" in text and "altered" in await visit.page.evaluate("document.body.innerText")
        await visit.picture("limit")
        await visit.page.click("#accept")
        messages = [(await connection.next())[1] for _ in range(2)]
        assert messages[0]["type"] == "accept"
        assert (messages[1]["type"], messages[1]["item"], messages[1]["code"]) == ("item-failed", 1, "storage")
        for offset in range(0, len(content), 65520):
            await connection.send_frame(0, offset, content[offset:offset + 65520])
        connection.say("item-end", item=0, size=len(content), root=root(content))
        await connection.send_frame(2, 0, b"abc")
        connection.say("item-end", item=2, size=3, root="0" * 64)
        connection.say("done", items=2, bytes=len(content) + 3)
        while (message := (await connection.next())[1])["type"] != "receipt":
            pass
        assert (message["items"], message["bytes"]) == (1, len(content))
        connection.say("bye")
        [file] = await browser.downloads.finished(1)
        assert file.name == "small.bin" and file.read_bytes() == content
        assert "1 of 3 files saved" in await visit.state("done")
        await visit.end()


async def test_a_page_from_a_lan_address_refuses_what_is_too_big(browser):
    address = lan_address()
    if not address:
        pytest.skip("this machine has no address but loopback")
    async with Rendezvous(address) as server:
        visit = Visit(browser, server)
        connection = await visit.connect()
        await connection.hello("sender")
        connection.say("offer", transfer="t", more=False, items=[{"item": 0, "path": ["big.iso"], "size": 2**32}])
        assert "Too big for this page" in await visit.state("offered")
        assert await visit.page.evaluate("document.querySelector('#accept').hidden")
        await visit.picture("too-big")
        await visit.page.click("#decline")
        _, message = await connection.next()
        assert message["type"] == "decline" and "Too big" in message["reason"]
        await visit.end()
