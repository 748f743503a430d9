"""The page in real browsers, across from an independent peer (martlet_peer.py): both directions, and every bad end."""

import asyncio
import hashlib
import json
import os
import random
import signal
import sys
import pathlib
import unicodedata

import psutil
import pytest

from conftest import Visit, lan_address
from martlet_peer import Connection, Item, Receiver, Sender, TransferError
from rendezvous import Rendezvous
from rooms_client import CannotVerify, Link, RoomClient, RoomError

HERE = pathlib.Path(__file__).parent


def noise(count, seed=1):
    return random.Random(seed).randbytes(count)


def digest(data):
    return hashlib.sha256(data).hexdigest()


async def receive_in_page(visit, items, **options):
    """Offers the items to the page, clicks Save, returns what the sender knows at the end."""
    sender = Sender(await visit.connect(), items, **options)
    running = asyncio.create_task(sender.run())
    await visit.state("offered")
    await visit.page.click("#accept")
    return await asyncio.wait_for(running, 120)


# MARK: The page receives


@pytest.mark.parametrize("name, content", [
    ("empty.bin", b""),
    ("one.bin", b"\x00"),
    ("text.txt", "Schwälbchen\n".encode() * 1000),
    ("a name with spaces (1) 'quoted' & 100.txt", b"x" * 70000),
    ("fête 🐦 🇪🇺 👍🏽 e\u0301u\u0308 日本.txt", b"y" * 65520),
    ("two-frames.bin", noise(65521)),
], ids=["0 bytes", "1 byte", "text", "spaces", "emoji and combining letters", "a frame and a byte"])
async def test_a_file_lands_in_the_downloads_folder(visit, name, content):
    sent = await receive_in_page(visit, [Item([name], content)])
    assert sent.confirmed == {0: digest(content)}
    assert (sent.receipt["items"], sent.receipt["bytes"], sent.received) == (1, len(content), len(content))
    assert visit.browser.name.capitalize().replace("Chromium", "Chrome") in sent.agent
    [file] = await visit.browser.downloads.finished(1)
    assert digest(file.read_bytes()) == digest(content)
    assert unicodedata.normalize("NFC", file.name) == unicodedata.normalize("NFC", name)
    text = await visit.state("done")
    assert "saved" in text and "downloads folder" in text


async def test_three_files_in_folders_come_one_after_another(visit):
    items = [Item(["photos", "a.bin"], noise(300_000)), Item(["b.bin"], b""), Item(["photos", "c.bin"], noise(2_000_000, 2))]
    sent = await receive_in_page(visit, items, more_after=2)
    assert sent.receipt["items"] == 3
    files = await visit.browser.downloads.finished(3)
    assert {file.name: digest(file.read_bytes()) for file in files} == {
        item.path[-1]: digest(item.content) for item in items}
    await visit.picture("done-three")


async def test_twenty_megabytes_with_progress(visit):
    content = noise(20_000_000)
    sender = Sender(await visit.connect(), [Item(["film.mkv"], content)])
    sender.pause_after = 9_000_000
    running = asyncio.create_task(sender.run())
    await visit.state("offered")
    await visit.page.click("#accept")
    await asyncio.wait_for(sender.paused.wait(), 60)
    # What has left is no progress: the page counts what the browser took, and says when nothing moves.
    shown = await visit.page.evaluate("document.querySelector('#progress').value")
    assert 0.1 < shown <= 0.46
    await visit.picture("receiving")
    await visit.page.wait_for("document.querySelector('#notice').innerText.includes('Nothing has arrived')", 10)
    sender.go_on.set()
    sent = await asyncio.wait_for(running, 120)
    assert sent.received == len(content)
    [file] = await visit.browser.downloads.finished(1)
    assert digest(file.read_bytes()) == digest(content)


async def test_a_source_that_fails_does_not_stop_the_other_files(visit):
    items = [Item(["a.bin"], noise(1_000_000), fails_after=400_000), Item(["b.bin"], noise(500_000, 2))]
    sent = await receive_in_page(visit, items)
    assert sent.receipt["items"] == 1 and sent.confirmed == {1: digest(items[1].content)}
    text = await visit.state("done")
    assert "1 of 2 files saved" in text and "the disk said no" in text
    # Whether the browser ever heard of the first download depends on how soon its source failed.
    while "completed" not in visit.browser.downloads.ends:
        await visit.browser.downloads.ended(len(visit.browser.downloads.ends) + 1)
    left = {file.name: file.stat().st_size for file in visit.browser.downloads.files()}
    assert left == {"b.bin": 500_000}, visit.browser.downloads.ends
    await visit.picture("one-failed")


async def test_a_wrong_checksum_leaves_no_file(visit):
    sent = await receive_in_page(visit, [Item(["a.bin"], noise(7_000_000), claimed="0" * 64)])
    assert sent.failed == {0: "integrity"} and sent.receipt["items"] == 0
    assert "checksum" in await visit.failure("damaged")
    # A file of a few milliseconds may have failed before the browser heard of the download at all.
    await asyncio.sleep(4)
    assert set(visit.browser.downloads.ends) <= {"canceled"}
    assert visit.browser.downloads.files() == []
    await visit.picture("damaged")


async def test_names_of_the_other_side_play_no_tricks(visit):
    name = "invoice\u202efdp.exe\u200b\x1b[31m"
    await receive_in_page(visit, [Item([name], b"x")])
    text = await visit.state("done")
    assert "\u202e" not in text and "\x1b" not in text and "invoice\ufffdfdp.exe" in text
    [file] = await visit.browser.downloads.finished(1)
    assert "\u202e" not in file.name and "\x1b" not in file.name


async def test_declining(visit):
    sender = Sender(await visit.connect(), [Item(["a.bin"], noise(1000))])
    running = asyncio.create_task(sender.run())
    await visit.state("offered")
    await visit.picture("offered")
    await visit.page.click("#decline")
    with pytest.raises(TransferError, match="declined"):
        await asyncio.wait_for(running, 10)
    await visit.failure("declined-here")
    assert visit.browser.downloads.files() == []


async def test_stopping_halfway(visit):
    sender = Sender(await visit.connect(), [Item(["a.bin"], noise(8_000_000))])
    sender.pause_after = 2_000_000
    running = asyncio.create_task(sender.run())
    await visit.state("offered")
    await visit.page.click("#accept")
    await asyncio.wait_for(sender.paused.wait(), 30)
    await visit.page.click("#cancel")
    await visit.failure("canceled-here")
    sender.go_on.set()
    with pytest.raises(TransferError) as caught:
        await asyncio.wait_for(running, 30)
    assert caught.value.code in ("canceled", "gone")
    assert set(await visit.browser.downloads.ended(1)) == {"canceled"}
    assert visit.browser.downloads.files() == []


@pytest.mark.parametrize("act", ["close", "reload"])
async def test_a_tab_that_goes_away_halfway_is_noticed_at_once(visit, act):
    sender = Sender(await visit.connect(), [Item(["a.bin"], noise(8_000_000))])
    sender.pause_after = 2_000_000
    running = asyncio.create_task(sender.run())
    await visit.state("offered")
    await visit.page.click("#accept")
    await asyncio.wait_for(sender.paused.wait(), 30)
    await (visit.page.close() if act == "close" else visit.page.reload())
    sender.pause_after = None
    sender.go_on.set()
    with pytest.raises(TransferError) as caught:
        await asyncio.wait_for(running, 10)
    assert caught.value.code in ("canceled", "gone")
    if (act, visit.browser.name) == ("close", "firefox"):
        # Its events belong to the tab that is gone.
        await asyncio.sleep(4)
    else:
        assert set(await visit.browser.downloads.ended(1, 10)) == {"canceled"}
    assert visit.browser.downloads.files() == []
    if act == "close":
        del visit.browser.pages[next(key for key, page in visit.browser.pages.items() if page is visit.page)]


async def test_the_keyboard_alone_is_enough(visit):
    sender = Sender(await visit.connect(), [Item(["a.bin"], b"abc")])
    running = asyncio.create_task(sender.run())
    await visit.state("offered")
    for _ in range(6):
        await visit.page.press("Tab", 9)
        if await visit.page.evaluate("document.activeElement.id") == "accept":
            break
    await visit.page.press("Enter", 13)
    assert (await asyncio.wait_for(running, 30)).receipt["items"] == 1
    # The focus did not fall off the page with its button.
    assert await visit.page.evaluate("document.activeElement.id") == "headline"


#: Feeds the page's own receiver with 300 MB, as fast as its credit allows, without a connection.
FEED = """
(async () => {
    const [{ Receiver }, { prepareSinks }, { SHA256 }, { hex }] = await Promise.all(
        ["receiver", "sink", "sha256", "bytes"].map((name) => import(`/${name}.js`)));
    const total = 300_000_000;
    const state = window.feed = { limit: 0, received: 0, most: 0, over: null };
    const receiver = new Receiver({
        sinks: state.sinks = await prepareSinks(),
        send(message) {
            if (message.limit) state.limit = message.limit;
            if (message.received) state.received = message.received;
            if (message.type === "receipt" || message.type === "item-failed") state.over = message;
        },
        onOffer() {}, onAccepted() {}, onChange() {}, onFinished() {}, onFailure() {},
    });
    const items = [{ item: 0, path: ["big.bin"], size: total }];
    receiver.handleMessage({ type: "offer", transfer: "t", items, more: false });
    receiver.accept();
    const hash = new SHA256();
    let sent = 0;
    (async () => {
        while (sent < total) {
            while (sent + 65520 > state.limit) await new Promise((resolve) => setTimeout(resolve, 1));
            const payload = new Uint8Array(Math.min(65520, total - sent)).fill(sent / 65520);
            hash.update(payload);
            const count = payload.length;
            // The payload may move away at once, to the worker that saves it.
            receiver.handleFrame({ item: 0, offset: sent, payload });
            sent += count;
            state.most = Math.max(state.most, sent - state.received);
        }
        receiver.handleMessage({ type: "item-end", item: 0, size: total, sha256: state.digest = hex(hash.digest()) });
        receiver.handleMessage({ type: "done", items: 1, bytes: total });
    })();
    return state.sinks.streaming;
})()
"""


def memory_megabytes(browser):
    """Memory that belongs to the browser's processes alone."""
    total = 0
    root = psutil.Process(browser.process.pid)
    for process in [root, *root.children(recursive=True)]:
        try:
            total += process.memory_full_info().uss
        except psutil.Error:
            pass
    return total / 1e6


async def test_three_hundred_megabytes_stream_to_disk_without_filling_the_memory(visit):
    visit.page = await visit.browser.open(visit.server.origin + "/")
    assert await visit.page.evaluate(FEED) is True
    before, peak, over = memory_megabytes(visit.browser), 0, None
    for _ in range(240):
        await asyncio.sleep(0.25)
        peak = max(peak, memory_megabytes(visit.browser))
        over = await visit.page.evaluate("window.feed.over", 30)
        if over:
            break
    assert over, await visit.page.evaluate("window.feed")
    assert over["type"] == "receipt" and over["bytes"] == 300_000_000, over
    assert await visit.page.evaluate("window.feed.most") <= 6 * 1024 * 1024
    [file] = await visit.browser.downloads.finished(1)
    assert digest(file.read_bytes()) == await visit.page.evaluate("window.feed.digest")
    print(f"{visit.browser.name}: {before:.0f} MB before, {peak:.0f} MB at most")
    assert peak - before < 200


# MARK: The page sends


async def test_the_page_sends(visit, tmp_path):
    contents = {"empty.bin": b"", "fête 🐦.bin": noise(5_000_000), "b.txt": b"b" * 65521}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    receiver = Receiver(await visit.connect())
    running = asyncio.create_task(receiver.run())
    await visit.state("choosing")
    await visit.page.set_files("#file-input", *[tmp_path / name for name in contents])
    await visit.page.wait_for("!document.querySelector('#send').hidden")
    await visit.picture("choosing")
    await visit.page.click("#send")
    received = await asyncio.wait_for(running, 60)
    assert received.files == contents
    assert received.done == {"type": "done", "items": 3, "bytes": sum(map(len, contents.values()))}
    assert all(isinstance(item["mtime"], int) for item in received.offered)
    text = await visit.state("done")
    assert "3 files sent" in text and "confirmed" in text
    await visit.picture("sent")


async def test_the_page_sends_within_a_small_window(visit, tmp_path):
    content = noise(600_000)
    (tmp_path / "a.bin").write_bytes(content)
    receiver = Receiver(await visit.connect(), window=10_000)
    running = asyncio.create_task(receiver.run())
    await visit.state("choosing")
    await visit.page.set_files("#file-input", tmp_path / "a.bin")
    await visit.page.click("#send")
    assert (await asyncio.wait_for(running, 60)).files == {"a.bin": content}


async def test_the_other_side_says_no(visit, tmp_path):
    (tmp_path / "a.bin").write_bytes(b"abc")
    receiver = Receiver(await visit.connect(), decide=lambda items: False)
    running = asyncio.create_task(receiver.run())
    await visit.state("choosing")
    await visit.page.set_files("#file-input", tmp_path / "a.bin")
    await visit.page.click("#send")
    assert "No, thank you." in await visit.failure("declined")
    await running


async def test_the_other_side_turns_one_file_down(visit, tmp_path):
    for name in ("a.bin", "b.bin", "c.bin"):
        (tmp_path / name).write_bytes(noise(200_000, name))
    receiver = Receiver(await visit.connect(), refuse=[1])
    running = asyncio.create_task(receiver.run())
    await visit.state("choosing")
    await visit.page.set_files("#file-input", *[tmp_path / name for name in ("a.bin", "b.bin", "c.bin")])
    await visit.page.click("#send")
    received = await asyncio.wait_for(running, 60)
    assert list(received.files) == ["a.bin", "c.bin"] and received.done["items"] == 2
    assert "2 of 3 files sent" in await visit.state("done")


async def test_a_chosen_file_that_changes_is_reported(visit, tmp_path):
    for name in ("a.bin", "b.bin"):
        (tmp_path / name).write_bytes(noise(3_000_000, name))

    def change_and_accept(_):
        (tmp_path / "a.bin").write_bytes(b"short now")
        return True

    receiver = Receiver(await visit.connect(), decide=change_and_accept)
    running = asyncio.create_task(receiver.run())
    await visit.state("choosing")
    await visit.page.set_files("#file-input", tmp_path / "a.bin", tmp_path / "b.bin")
    await visit.page.click("#send")
    received = await asyncio.wait_for(running, 60)
    assert list(received.files) == ["b.bin"] and received.failed[0] in ("changed", "unreadable")
    assert "1 of 2 files sent" in await visit.state("done")


async def test_the_receiver_vanishes_while_the_page_sends(visit, tmp_path):
    (tmp_path / "a.bin").write_bytes(noise(20_000_000))
    receiver = Receiver(await visit.connect())
    receiver.vanish_after = 3_000_000
    running = asyncio.create_task(receiver.run())
    await visit.state("choosing")
    await visit.page.set_files("#file-input", tmp_path / "a.bin")
    await visit.page.click("#send")
    await asyncio.wait_for(running, 60)
    await visit.connection.close()
    await visit.failure("gone")


# MARK: Links and rooms


async def test_a_wrong_secret(visit):
    await visit.make_room()
    await visit.open(Link(visit.link.origin, visit.link.room, bytes(16)))
    await visit.room.paired()
    connection = visit.connection = Connection()
    # The host learns of it by a body that does not verify.
    with pytest.raises(CannotVerify):
        await connection.establish(visit.room)
    await visit.failure("cannot-verify")
    await visit.picture("cannot-verify")


async def test_a_server_that_swaps_a_fingerprint_is_found_out(visit):
    def swap(body):
        return body.replace("fingerprint:sha-256 ", "fingerprint:sha-256 00:") if "payload" in body else body

    visit.server.tamper = swap
    await visit.make_room()
    await visit.open()
    await visit.room.paired()
    visit.connection = Connection()
    with pytest.raises((CannotVerify, RoomError)):
        await visit.connection.establish(visit.room)
    await visit.failure("cannot-verify")


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


async def test_the_sender_closes_halfway(visit):
    sender = Sender(await visit.connect(), [Item(["a.bin"], noise(8_000_000))])
    sender.pause_after = 2_000_000
    running = asyncio.create_task(sender.run())
    await visit.state("offered")
    await visit.page.click("#accept")
    await asyncio.wait_for(sender.paused.wait(), 30)
    running.cancel()
    await visit.connection.close()
    await visit.failure("gone")
    assert set(await visit.browser.downloads.ended(1)) == {"canceled"}
    assert visit.browser.downloads.files() == []
    await visit.picture("gone")


async def test_the_sender_is_killed_halfway(visit, tmp_path):
    (tmp_path / "a.bin").write_bytes(noise(60_000_000))
    process = await asyncio.create_subprocess_exec(
        sys.executable, HERE / "martlet_peer.py", "send", visit.server.origin, tmp_path / "a.bin",
        stdout=asyncio.subprocess.PIPE)
    try:
        link = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
        await visit.open(link)
        await visit.state("offered")
        await visit.page.click("#accept")
        await visit.page.wait_for("document.querySelector('#progress').value > 0.02")
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    # Nothing tells the browser but silence; that the room ended as well shortens the wait.
    text = await visit.failure("gone", 25)
    assert "Start the transfer again" in text
    assert set(await visit.browser.downloads.ended(1)) == {"canceled"}
    assert visit.browser.downloads.files() == []


@pytest.mark.parametrize("kind, members", [
    ("offer", {"transfer": "t", "items": [{"item": 0, "path": [".."], "size": 1}], "more": False}),
    ("offer", {"transfer": "t", "items": [{"item": 0, "path": ["a/b"], "size": 1}], "more": False}),
    ("offer", {"transfer": "t", "items": [{"item": 0, "path": [], "size": 1}], "more": False}),
    ("offer", {"transfer": "t", "items": [{"item": 1, "path": ["a"], "size": 1}], "more": False}),
    ("offer", {"transfer": "t", "items": [{"item": 0, "path": ["a"], "size": -1}], "more": False}),
    ("offer", {"transfer": "t", "items": [], "more": False}),
    ("offer", {"transfer": "t", "items": [{"item": 0, "path": ["a"], "size": 2**53}], "more": False}),
    ("nonsense", {}), ("item-end", {"item": 0, "size": 0, "sha256": "0" * 64}), ("done", {"items": 0, "bytes": 0}),
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


@pytest.mark.parametrize("item, offset, length", [(0, 1, 10), (1, 0, 10), (0, 0, 101), (0, 0, 0)])
async def test_frames_out_of_order_end_the_transfer(visit, item, offset, length):
    connection = await visit.connect()
    await connection.hello("sender")
    connection.say("offer", transfer="t", items=[{"item": 0, "path": ["a"], "size": 100}], more=False)
    await visit.state("offered")
    await visit.page.click("#accept")
    await visit.state("moving")
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
        connection.say("item-end", item=0, size=len(content), sha256=digest(content))
        await connection.send_frame(2, 0, b"abc")
        connection.say("item-end", item=2, size=3, sha256="0" * 64)
        connection.say("done", items=2, bytes=len(content) + 3)
        while (message := (await connection.next())[1])["type"] != "receipt":
            pass
        assert (message["items"], message["bytes"]) == (1, len(content))
        connection.say("bye")
        [file] = await browser.downloads.finished(1)
        assert file.name == "small.bin" and digest(file.read_bytes()) == digest(content)
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
        assert "Too big for this page." in await visit.state("offered")
        assert await visit.page.evaluate("document.querySelector('#accept').hidden")
        await visit.picture("too-big")
        await visit.page.click("#decline")
        _, message = await connection.next()
        assert message["type"] == "decline" and "Too big" in message["reason"]
        await visit.end()
