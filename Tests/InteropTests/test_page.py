"""The page in real browsers, across from an independent peer (martlet_peer.py): files in both directions."""

import asyncio
import unicodedata

import psutil
import pytest

from martlet_peer import Item, Receiver, Sender, TransferError
from page_support import noise, receive_in_page
from tree_hash import root

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
    assert sent.confirmed == {0: root(content)}
    assert (sent.receipt["items"], sent.receipt["bytes"], sent.received) == (1, len(content), len(content))
    assert visit.browser.name.capitalize().replace("Chromium", "Chrome") in sent.agent
    [file] = await visit.browser.downloads.finished(1)
    assert file.read_bytes() == content
    assert unicodedata.normalize("NFC", file.name) == unicodedata.normalize("NFC", name)
    text = await visit.state("done")
    assert "saved" in text and "downloads folder" in text


async def test_three_files_come_one_after_another(visit):
    items = [Item(["a.bin"], noise(300_000)), Item(["b.bin"], b""), Item(["c.bin"], noise(2_000_000, 2))]
    sent = await receive_in_page(visit, items, more_after=2)
    assert sent.receipt["items"] == 3
    files = await visit.browser.downloads.finished(3)
    assert {file.name: file.read_bytes() for file in files} == {item.path[-1]: item.content for item in items}
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
    assert file.read_bytes() == content


async def test_a_source_that_fails_does_not_stop_the_other_files(visit):
    items = [Item(["a.bin"], noise(1_000_000), fails_after=400_000), Item(["b.bin"], noise(500_000, 2))]
    sent = await receive_in_page(visit, items)
    assert sent.receipt["items"] == 1 and sent.confirmed == {1: root(items[1].content)}
    text = await visit.state("done")
    assert "1 of 2 files saved" in text and "the disk said no" in text
    [file] = await visit.browser.downloads.finished(1)
    assert (file.name, file.stat().st_size) == ("b.bin", 500_000)
    await visit.picture("one-failed")


async def test_a_wrong_checksum_leaves_no_file(visit):
    sent = await receive_in_page(visit, [Item(["a.bin"], noise(7_000_000), claimed="0" * 64)])
    assert sent.failed == {0: "integrity"} and sent.receipt["items"] == 0
    assert "checksum" in await visit.failure("damaged")
    # It never left the browser's own storage.
    assert visit.browser.downloads.begun == 0 and visit.browser.downloads.files() == []
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
    assert visit.browser.downloads.begun == 0 and visit.browser.downloads.files() == []


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
    await visit.picture("focus")
    await visit.page.press("Enter", 13)
    assert (await asyncio.wait_for(running, 30)).receipt["items"] == 1
    # The focus did not fall off the page with its button.
    assert await visit.page.evaluate("document.activeElement.id") == "headline"


#: Feeds the page's own receiver with 600 MB, as fast as its credit allows, without a connection.
FEED = """
(async () => {
    const [{ Receiver }, { Holdings }, { Ways }, { HashTree, leafBuffer, rootOf }] = await Promise.all(
        ["receiver", "holdings", "plan", "tree"].map((name) => import(`/${name}.js`)));
    const total = 600_000_000;
    const state = window.feed = { limit: 0, received: 0, most: 0, over: null };
    const ways = await Ways.survey();
    const holdings = new Holdings("room", ways, () => {});
    const receiver = new Receiver({
        send(message) {
            if (message.limit) state.limit = message.limit;
            if (message.received) state.received = message.received;
            if (message.type === "receipt" || message.type === "item-failed") state.over = message;
        },
        onOffer() {}, onAccepted() {}, onChange() {}, onFinished() {}, onFailure() {},
    }, holdings, []);
    const items = [{ item: 0, path: ["big.bin"], size: total }];
    receiver.handleMessage({ type: "offer", transfer: "t", items, more: false });
    const plan = ways.plan(receiver.items, total, true);
    WAY
    await holdings.accept("t", plan);
    await receiver.accept();
    const tree = new HashTree();
    (async () => {
        const whole = leafBuffer();
        for (let sent = 0; sent < total; sent += 262144) {
            const leaf = whole.subarray(0, 1 + Math.min(262144, total - sent));
            leaf.fill(sent / 262144, 1);
            await tree.append(leaf);
            for (let offset = 0; offset < leaf.length - 1; offset += 65520) {
                const payload = leaf.subarray(1 + offset, 1 + offset + 65520);
                const at = sent + offset;
                while (at + payload.length > state.limit) await new Promise((resolve) => setTimeout(resolve, 1));
                receiver.handleFrame({ item: 0, offset: at, payload });
                state.most = Math.max(state.most, at + payload.length - state.received);
            }
        }
        receiver.handleMessage({ type: "item-end", item: 0, size: total, root: rootOf(tree.tree(), total) });
        receiver.handleMessage({ type: "done", items: 1, bytes: total });
    })();
    return plan.way;
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


@pytest.mark.parametrize("way", ["storage", "download"])
async def test_six_hundred_megabytes_reach_the_disk_without_filling_the_memory(visit, way):
    visit.page = await visit.browser.open(visit.server.origin + "/")
    assert await visit.page.evaluate(FEED.replace("WAY", f"plan.way = '{way}';")) == way
    before, peak, over = memory_megabytes(visit.browser), 0, None
    for _ in range(240):
        await asyncio.sleep(0.25)
        memory = memory_megabytes(visit.browser)
        over = await visit.page.evaluate("window.feed.over", 30)
        peak = max(peak, memory)
        if over:
            break
    assert over, await visit.page.evaluate("window.feed")
    assert over["type"] == "receipt" and over["bytes"] == 600_000_000, over
    assert await visit.page.evaluate("window.feed.most") <= 6 * 1024 * 1024
    [file] = await visit.browser.downloads.finished(1)
    content = file.read_bytes()
    assert len(content) == 600_000_000
    assert all(content[place] == place // 262144 % 256 for place in range(0, len(content), 8191))
    print(f"{visit.browser.name}: {before:.0f} MB before, {peak:.0f} at most")
    assert peak - before < 150


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


async def test_the_page_waits_for_a_yes_and_shows_what_was_handled(visit, tmp_path):
    (tmp_path / "holiday.mp4").write_bytes(noise(6_000_000))
    connection = await visit.connect()
    await connection.hello("receiver")
    await visit.state("choosing")
    await visit.picture("nothing-chosen")
    await visit.page.set_files("#file-input", tmp_path / "holiday.mp4")
    await visit.page.click("#send")
    assert "asked" in await visit.state("waiting")
    await visit.picture("waiting")
    _, offer = await connection.next()
    connection.say("accept", transfer=offer["transfer"], limit=4_000_000)
    received = 0
    while received < 4_000_000:
        received += len((await connection.next())[1]) - 16
    connection.say("credit", received=2_500_000, limit=4_000_000)
    # What has left is no progress: what the other side has handled is.
    await visit.page.wait_for("document.querySelector('#progress-bytes').innerText.startsWith('2.5')")
    assert "holiday.mp4" in await visit.state("moving")
    await visit.picture("sending")
    await visit.page.click("#cancel")
    with pytest.raises(TransferError, match="canceled"):
        await connection.next()
    await visit.failure("canceled-here")
    await visit.picture("stopped")


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
    # A small window: the second file has not left before it is turned down.
    receiver = Receiver(await visit.connect(), refuse=[1], window=50_000)
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
    assert "Interrupted at" in await visit.state("interrupted")
