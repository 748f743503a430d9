"""The page in real browsers: transfers that go on after the connection, the page, the tab or the server went away."""

import asyncio

import pytest

from martlet_peer import Item, Kept, Receiver, Sender
from page_support import break_off, meet_again, noise, opfs_files, run_until_paused
from rendezvous import Rendezvous
from rooms_client import RoomClient
from test_page_folder import NO_STORAGE, contents, files_of, open_with

MEGABYTE = 1_000_000


def assert_went_on(sent, content, before):
    """Only what was not there was sent: less than a segment or two seconds twice."""
    assert sent.begun[0] > 0, sent.begun
    assert sent.begun[0] % 262144 == 0 and sent.begun[0] <= before
    assert sent.received == len(content) - sent.begun[0]


@pytest.mark.parametrize("way", ["storage", "download", "memory"])
async def test_a_connection_that_breaks(visit, way):
    content = noise(9 * MEGABYTE)
    without = {"storage": "", "download": NO_STORAGE, "memory": NO_STORAGE + "; delete Navigator.prototype.serviceWorker"}
    connection = await (open_with(visit, without[way]) if way != "storage" else visit.connect())
    sender = Sender(connection, [Item(["a.bin"], content)])
    await break_off(visit, await run_until_paused(visit, sender, 5 * MEGABYTE))
    text = await visit.state("interrupted")
    assert "Interrupted at" in text and "\u00a0%, reconnecting" in text
    assert ("even if you close this page" in text) == (way == "storage")
    again = Sender(await meet_again(visit), [Item(["a.bin"], content)])
    sent = await asyncio.wait_for(again.run(), 60)
    assert_went_on(sent, content, 5 * MEGABYTE)
    assert sent.session
    [file] = await visit.browser.downloads.finished(1)
    assert file.read_bytes() == content
    await visit.state("done")
    if way == "storage":
        assert await opfs_files(visit.page) == []


async def test_a_sender_that_has_other_bytes_there_begins_anew(visit):
    content = noise(6 * MEGABYTE)
    sender = Sender(await visit.connect(), [Item(["a.bin"], content)])
    await break_off(visit, await run_until_paused(visit, sender, 4 * MEGABYTE))
    other = noise(6 * MEGABYTE, 9)
    again = Sender(await meet_again(visit), [Item(["a.bin"], other)])
    sent = await asyncio.wait_for(again.run(), 60)
    assert sent.begun == {0: 0} and sent.received == len(other)
    [file] = await visit.browser.downloads.finished(1)
    assert file.read_bytes() == other


@pytest.mark.parametrize("act", ["reload", "close"])
async def test_a_page_that_is_loaded_again_goes_on_without_a_question(visit, act):
    items = [Item(["d", "a.bin"], noise(3 * MEGABYTE)), Item(["d", "none"], b""), Item(["d", "b.bin"], noise(9 * MEGABYTE, 2))]
    sender = Sender(await visit.connect(), items)
    running = await run_until_paused(visit, sender, 8 * MEGABYTE)
    # The journal is written every 2 s.
    await visit.page.wait_for("""(async () => {
        const request = indexedDB.open("martlet");
        const database = await new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
        const all = database.transaction("items").objectStore("items").getAll();
        const items = await new Promise((resolve) => { all.onsuccess = () => resolve(all.result); });
        database.close();
        return items.some((item) => !item.complete && item.bytes > 1000000) && items.some((item) => item.complete);
    })()""")
    if act == "reload":
        await visit.page.reload()
    else:
        await visit.page.close()
        del visit.browser.pages[next(key for key, page in visit.browser.pages.items() if page is visit.page)]
    await break_off(visit, running)
    if act == "close":
        await visit.open()
    connection = await meet_again(visit)
    again = Sender(connection, items)
    sent = await asyncio.wait_for(again.run(), 60)
    assert {0, 1} <= sent.complete and sent.begun[2] > 0
    assert sent.received == 9 * MEGABYTE - sent.begun[2]
    [file] = await visit.browser.downloads.finished(1)
    assert file.name == "d.zip" and files_of(file) == contents(items)
    await visit.state("done")
    assert await opfs_files(visit.page) == []


async def test_a_list_that_changed_is_asked_about_again(visit):
    items = [Item(["a.bin"], noise(3 * MEGABYTE)), Item(["b.bin"], noise(6 * MEGABYTE, 2))]
    sender = Sender(await visit.connect(), items)
    await break_off(visit, await run_until_paused(visit, sender, 7 * MEGABYTE))
    items.append(Item(["c.bin"], b"new"))
    again = Sender(await meet_again(visit), items)
    running = asyncio.create_task(again.run())
    assert "3 files for you" in await visit.state("offered")
    await visit.page.click("#accept")
    sent = await asyncio.wait_for(running, 60)
    assert sent.complete == {0} and sent.begun[1] > 0
    files = await visit.browser.downloads.finished(3)
    assert {file.name: file.read_bytes() for file in files} == {item.path[0]: item.content for item in items}


async def test_another_transfer_in_the_same_room_is_asked_about(visit):
    sender = Sender(await visit.connect(), [Item(["a.bin"], noise(6 * MEGABYTE))])
    await break_off(visit, await run_until_paused(visit, sender, 4 * MEGABYTE))
    again = Sender(await meet_again(visit), [Item(["a.bin"], noise(6 * MEGABYTE))], transfer="another")
    running = asyncio.create_task(again.run())
    await visit.state("offered")
    await visit.page.click("#accept")
    sent = await asyncio.wait_for(running, 60)
    assert not sent.begun and not sent.complete
    await visit.state("done")
    assert await opfs_files(visit.page) == []


async def test_the_program_starts_again_on_the_same_port(visit):
    visit.expected_errors += ["ERR_CONNECTION_REFUSED", "NetworkError", "Failed to fetch", "can’t establish a connection"]
    content = noise(9 * MEGABYTE)
    sender = Sender(await visit.connect(), [Item(["a.bin"], content)])
    running = await run_until_paused(visit, sender, 5 * MEGABYTE)
    port = visit.server.port
    await visit.room.__aexit__()
    await visit.server.__aexit__()
    await break_off(visit, running)
    await visit.state("interrupted")
    async with Rendezvous(port=port):
        visit.room = await RoomClient(visit.link, is_host=True).__aenter__()
        again = Sender(await meet_again(visit), [Item(["a.bin"], content)])
        sent = await asyncio.wait_for(again.run(), 60)
        assert_went_on(sent, content, 5 * MEGABYTE)
        [file] = await visit.browser.downloads.finished(1)
        assert file.read_bytes() == content
        await visit.state("done")


async def test_giving_up_while_interrupted_clears_everything_away(visit):
    sender = Sender(await visit.connect(), [Item(["a.bin"], noise(6 * MEGABYTE))])
    await break_off(visit, await run_until_paused(visit, sender, 4 * MEGABYTE))
    await visit.room.__aexit__()
    await visit.state("interrupted")
    await visit.page.click("#cancel")
    await visit.failure("canceled-here")
    await visit.page.wait_for("document.documentElement.dataset.state === 'failed'")
    while await opfs_files(visit.page):
        await asyncio.sleep(0.05)


async def test_a_peer_that_can_go_on_later_is_waited_for(visit):
    content = noise(6 * MEGABYTE)
    sender = Sender(await visit.connect(), [Item(["a.bin"], content)])
    running = await run_until_paused(visit, sender, 4 * MEGABYTE)
    visit.connection.say("error", code="canceled", message="Stopped with Ctrl-C.", resumable=True)
    text = await visit.state("interrupted")
    assert "stopped the transfer" in text and "Ctrl-C" in text
    await break_off(visit, running)
    sent = await asyncio.wait_for(Sender(await meet_again(visit), [Item(["a.bin"], content)]).run(), 60)
    assert_went_on(sent, content, 4 * MEGABYTE)


async def test_a_peer_that_stalls_is_left_after_a_minute(visit):
    content = noise(6 * MEGABYTE)
    sender = Sender(await visit.connect(), [Item(["a.bin"], content)])
    running = await run_until_paused(visit, sender, 3 * MEGABYTE)
    await visit.page.wait_for("document.querySelector('#notice').innerText.includes('Nothing has arrived')", 10)
    # A minute passes: the page's clock jumps.
    await visit.page.evaluate("void (() => { const now = performance.now.bind(performance);"
                              " performance.now = () => now() + 61000; })()")
    assert "Nothing has come for a minute" in await visit.state("interrupted", 10)
    await break_off(visit, running)
    sent = await asyncio.wait_for(Sender(await meet_again(visit), [Item(["a.bin"], content)]).run(), 60)
    assert sent.begun[0] > 0


# MARK: The page sends


async def choose_and_send(visit, *paths):
    await visit.state("choosing")
    await visit.page.set_files("#file-input", *paths)
    await visit.page.wait_for("!document.querySelector('#send').hidden")
    await visit.page.click("#send")


async def test_the_page_goes_on_sending_after_the_connection_broke(visit, tmp_path):
    contents = {"a.bin": noise(2 * MEGABYTE), "b.bin": noise(8 * MEGABYTE, 2)}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    kept = Kept()
    receiver = Receiver(await visit.connect(), kept=kept)
    receiver.vanish_after = 6 * MEGABYTE
    running = asyncio.create_task(receiver.run())
    await choose_and_send(visit, tmp_path / "a.bin", tmp_path / "b.bin")
    await asyncio.wait_for(running, 60)
    await visit.connection.close()
    received = await asyncio.wait_for(Receiver(await meet_again(visit), kept=kept).run(), 60)
    assert received.files == contents and received.begun[1] > 0
    assert received.done["items"] == 1
    assert "2 files sent" in await visit.state("done")


@pytest.mark.parametrize("same", [True, False])
async def test_the_page_asks_for_the_same_files_after_a_reload(visit, tmp_path, same):
    content = noise(8 * MEGABYTE)
    (tmp_path / "a.bin").write_bytes(content)
    kept = Kept()
    receiver = Receiver(await visit.connect(), kept=kept)
    receiver.vanish_after = 5 * MEGABYTE
    running = asyncio.create_task(receiver.run())
    await choose_and_send(visit, tmp_path / "a.bin")
    await asyncio.wait_for(running, 60)
    await visit.page.reload()
    await visit.connection.close()
    running = asyncio.create_task(Receiver(await meet_again(visit), kept=kept).run())
    assert "Choose the same files again" in await visit.state("choosing")
    if not same:
        (tmp_path / "a.bin").write_bytes(content + b"!")
        content += b"!"
    await visit.page.set_files("#file-input", tmp_path / "a.bin")
    await visit.page.wait_for("!document.querySelector('#send').hidden")
    assert ("not exactly the files" in await visit.state("choosing")) == (not same)
    await visit.page.click("#send")
    received = await asyncio.wait_for(running, 60)
    assert received.files == {"a.bin": content}
    assert bool(received.begun) == same
