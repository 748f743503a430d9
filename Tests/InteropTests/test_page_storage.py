"""The page in real browsers: a browser's storage that takes no more, in the middle and while the list is still counted."""

import asyncio
import shutil

import pytest

from martlet_peer import Item, Sender, TransferError
from page_support import meet_again, noise, opfs_files, run_until_paused
from test_page_folder import contents, files_of, open_with

MEGABYTE = 1_000_000


async def assert_stopped_for_storage(visit, running):
    """Both sides hear that the storage is full, and that it can go on."""
    with pytest.raises(TransferError) as caught:
        await asyncio.wait_for(running, 60)
    assert caught.value.code == "storage" and caught.value.resumable
    text = await visit.failure("storage-here")
    assert "What has arrived is kept" in text and "Make room" in text
    assert await opfs_files(visit.page) and visit.browser.downloads.begun == 0
    await visit.connection.close()
    return text


@pytest.mark.parametrize("room", [0.1, 1, 5.3])
async def test_a_write_that_is_refused_in_the_middle(visit, tmp_path, room):
    page = tmp_path / "page"
    shutil.copytree(visit.server.page, page)
    script = (page / "packworker.js").read_text()
    refusing = (f"if (position + bytes.length > {room * MEGABYTE}) "
                "throw new DOMException('no room', 'QuotaExceededError');\n    let done = 0;")
    assert script.count("let done = 0;") == 1
    (page / "packworker.js").write_text(script.replace("let done = 0;", refusing))
    visit.server.page = page
    items = [Item(["d", "a.bin"], noise(700_000)), Item(["d", "b.bin"], noise(9 * MEGABYTE, 2))]
    sender = Sender(await visit.connect(), items)
    running = asyncio.create_task(sender.run())
    await visit.state("offered")
    await visit.page.click("#accept")
    assert "storage is full" in await assert_stopped_for_storage(visit, running)
    await visit.picture("storage-full")
    # Now there is room.
    (page / "packworker.js").write_text(script)
    await visit.page.click("#retry")
    sent = await asyncio.wait_for(Sender(await meet_again(visit), items).run(), 60)
    # What was written before the refusal is not sent again: whole leaves of the second file, behind the first.
    kept = max(0, int(room * MEGABYTE) - 700_000) // 262144 * 262144
    assert sent.complete == ({0} if room > 0.7 else set())
    assert sent.begun == ({1: kept} if kept else {})
    [file] = await visit.browser.downloads.finished(1)
    assert files_of(file) == contents(items)
    await visit.state("done")
    assert await opfs_files(visit.page) == []


async def test_the_quota_of_the_browser_is_used_up(visit):
    if visit.browser.name == "firefox":
        pytest.skip("its driver cannot set a quota")
    connection = await visit.connect()
    content = noise(24 * MEGABYTE)
    sender = Sender(connection, [Item(["a.bin"], content)])
    running = await run_until_paused(visit, sender, 6 * MEGABYTE)
    await visit.page.send("Storage.overrideQuotaForOrigin", origin=visit.server.origin, quotaSize=7 * MEGABYTE)
    sender.go_on.set()
    await assert_stopped_for_storage(visit, running)
    await visit.page.send("Storage.overrideQuotaForOrigin", origin=visit.server.origin)
    await visit.page.click("#retry")
    sent = await asyncio.wait_for(Sender(await meet_again(visit), [Item(["a.bin"], content)]).run(), 60)
    assert sent.begun[0] >= 4 * MEGABYTE
    [file] = await visit.browser.downloads.finished(1)
    assert file.read_bytes() == content


#: A browser with room for 3 MB beside what the page leaves free, until the test says otherwise.
LITTLE_ROOM = """
if (globalThis.StorageManager) StorageManager.prototype.estimate = async () =>
    ({ usage: 0, quota: localStorage.getItem("roomy") ? 1e9 : 64 * 1024 * 1024 + 3e6 });
"""


async def test_an_offer_that_outgrows_the_storage_while_it_is_counted(visit):
    items = [Item(["d", f"{number}"], noise(500_000, number)) for number in range(10)]
    connection = await open_with(visit, LITTLE_ROOM)
    sender = Sender(connection, items, more_after=2, offers_later=True)
    running = asyncio.create_task(sender.run())
    assert "still counting" in await visit.state("offered")
    await visit.page.click("#accept")
    assert "lacks" in await assert_stopped_for_storage(visit, running)
    # Without more room it stops again, at once and without a question.
    await visit.page.click("#retry")
    again = asyncio.create_task(Sender(await meet_again(visit), items).run())
    await assert_stopped_for_storage(visit, again)
    await visit.page.evaluate("localStorage.setItem('roomy', '1')")
    await visit.page.click("#retry")
    sent = await asyncio.wait_for(Sender(await meet_again(visit), items).run(), 60)
    assert sent.receipt["items"] + len(sent.complete) == 10
    [file] = await visit.browser.downloads.finished(1)
    assert files_of(file) == contents(items)
