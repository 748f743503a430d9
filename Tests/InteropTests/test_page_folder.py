"""The page in real browsers: folders, many files, texts, lists that are still counted; frames that are lost."""

import asyncio
import random
import zipfile

import pytest

from martlet_peer import Item, Receiver, Sender
from page_support import accept_in_page, noise, receive_in_page
from tree_hash import root

TREE = [
    Item(["trip", "day one", "a.bin"], noise(700_000)), Item(["trip", "empty"], kind="folder"),
    Item(["trip", "fête 🐦.txt"], "Schwälbchen\n".encode()), Item(["trip", "none.txt"], b""),
]


def files_of(archive):
    """Contents by path; the archive's own checksums are compared."""
    with zipfile.ZipFile(archive) as file:
        assert file.testzip() is None
        return {entry.filename: file.read(entry) for entry in file.infolist()}


def contents(items):
    return {"/".join(item.path) + ("/" if item.kind == "folder" else ""): item.content for item in items}


#: Takes the browser's own storage away, so that the next way of saving is used.
NO_STORAGE = "if (globalThis.StorageManager) delete StorageManager.prototype.getDirectory"


async def open_with(visit, script):
    """The page as if the browser were another: the script runs before its own, which starts when it is loaded again."""
    await visit.make_room()
    visit.page = await visit.browser.open(visit.server.origin + "/logo.svg")
    await visit.page.before_scripts(script)
    await visit.page.goto(str(visit.link))
    await visit.establish()
    return visit.connection


@pytest.mark.parametrize("way", ["storage", "download"])
async def test_a_folder_becomes_one_archive(visit, way):
    connection = await (visit.connect() if way == "storage" else open_with(visit, NO_STORAGE))
    sender = Sender(connection, TREE)
    running = asyncio.create_task(sender.run())
    text = await visit.state("offered")
    assert "4 items for you" in text and "one ZIP archive, trip.zip" in text
    assert ("the same link or code goes on" in text) == (way == "storage")
    await visit.picture("offered-folder")
    await visit.page.click("#accept")
    sent = await asyncio.wait_for(running, 60)
    assert sent.receipt["items"] == 4 and not sent.failed
    [file] = await visit.browser.downloads.finished(1)
    assert file.name == "trip.zip" and files_of(file) == contents(TREE)
    assert "trip.zip" in await visit.state("done")


async def test_an_archive_leaves_out_what_failed(visit):
    items = [Item(["d", "a"], noise(400_000), fails_after=300_000), Item(["d", "b"], b"b" * 300_000, claimed="0" * 64),
             Item(["d", "c"], b"c"), Item(["d", "c"], b"another")]
    connection = await open_with(visit, NO_STORAGE)
    sent = await accept_in_page(visit, Sender(connection, items))
    assert sent.failed == {0: "unreadable", 1: "integrity"}
    [file] = await visit.browser.downloads.finished(1)
    assert files_of(file) == {"d/c": b"c", "d/c (1)": b"another"}
    assert "2 of 4 files saved" in await visit.state("done")


@pytest.mark.parametrize("count, seconds", [(2000, 60)])
async def test_thousands_of_small_files(visit, count, seconds):
    items = [Item(["many", f"{number:05}.txt"], b"%d" % number) for number in range(count)]
    connection = await visit.connect()
    sender = Sender(connection, items)
    running = asyncio.create_task(sender.run())
    await visit.state("offered")
    assert await visit.page.evaluate("document.querySelectorAll('#items li').length") == 301
    await visit.page.click("#accept")
    sent = await asyncio.wait_for(running, seconds)
    assert sent.receipt["items"] == count
    [file] = await visit.browser.downloads.finished(1)
    assert files_of(file) == contents(items)


#: Chosen folders are folders of the browser's own storage, which have the same interface and need no dialog.
PICKER = """globalThis.showDirectoryPicker = async () =>
    (await navigator.storage.getDirectory()).getDirectoryHandle("picked", { create: true });"""
LIST_PICKED = """(async () => {
    const found = {};
    const walk = async (folder, path) => {
        for await (const [name, handle] of folder.entries()) {
            if (handle.kind === "directory") { found[path + name + "/"] = 0; await walk(handle, path + name + "/"); }
            else found[path + name] = (await handle.getFile()).size;
        }
    };
    const root = await navigator.storage.getDirectory();
    await walk(await root.getDirectoryHandle("picked"), "");
    await root.removeEntry("picked", { recursive: true });
    return found;
})()"""


async def test_a_folder_that_the_person_chose_gets_the_files(visit):
    connection = await open_with(visit, PICKER)
    items = [*TREE, Item(["trip", "none.txt"], b"second"), Item(["trip", "bad"], b"x" * 100, claimed="0" * 64)]
    sender = Sender(connection, items)
    running = asyncio.create_task(sender.run())
    await visit.state("offered")
    await visit.picture("offered-picker")
    await visit.page.click("#choose-folder")
    sent = await asyncio.wait_for(running, 60)
    assert sent.failed == {5: "integrity"} and sent.receipt["items"] == 5
    assert "Saved in the folder" in await visit.state("done")
    assert await visit.page.evaluate(LIST_PICKED) == {
        "trip/": 0, "trip/day one/": 0, "trip/day one/a.bin": 700_000, "trip/empty/": 0, "trip/fête 🐦.txt": 13,
        "trip/none.txt": 0, "trip/none (1).txt": 6}
    assert visit.browser.downloads.begun == 0


async def test_a_text_is_shown_as_text(visit):
    words = "<b>bold</b>\r\n\x1b[31mred\u202egnp.exe\nhttps://example.org/?a=1&b=2"
    sender = Sender(await visit.connect(), [Item(["text"], words.encode(), kind="text")])
    running = asyncio.create_task(sender.run())
    assert "A text for you" in await visit.state("offered")
    await visit.page.click("#accept")
    assert (await asyncio.wait_for(running, 30)).receipt["items"] == 1
    await visit.state("done")
    shown = await visit.page.evaluate("document.querySelector('.words').textContent")
    assert shown == "<b>bold</b>\n\ufffd[31mred\ufffdgnp.exe\nhttps://example.org/?a=1&b=2"
    assert await visit.page.evaluate("document.querySelector('.words').children.length") == 0
    await visit.picture("text")
    await visit.page.click("#texts .copy")
    await visit.page.wait_for("document.querySelector('#texts .copy').textContent !== 'Copy'")
    assert visit.browser.downloads.begun == 0


async def test_a_text_beside_files(visit):
    items = [Item(["note"], "grüße".encode(), kind="text"), Item(["a.bin"], b"a")]
    await receive_in_page(visit, items)
    text = await visit.state("done")
    assert "grüße" in text and "1 file and 1 text" in text
    [file] = await visit.browser.downloads.finished(1)
    assert file.name == "a.bin"


async def test_a_yes_to_a_list_that_is_still_counted(visit):
    items = [Item(["d", f"{number}"], noise(50_000, number)) for number in range(12)]
    sender = Sender(await visit.connect(), items, more_after=5, offers_later=True)
    running = asyncio.create_task(sender.run())
    text = await visit.state("offered")
    assert "At least 5 files" in text and "still counting" in text
    await visit.picture("counting")
    await visit.page.click("#accept")
    sent = await asyncio.wait_for(running, 60)
    assert sent.receipt["items"] == 12
    [file] = await visit.browser.downloads.finished(1)
    assert file.name == "d.zip" and files_of(file) == contents(items)


async def test_a_stream_of_unknown_length(visit):
    items = [Item(["stream.bin"], noise(900_000), is_stream=True), Item(["b.bin"], noise(300_000, 2)),
             Item(["nothing"], b"", is_stream=True)]
    sent = await receive_in_page(visit, items)
    assert sent.receipt["items"] == 3 and sent.receipt["bytes"] == 1_200_000
    files = await visit.browser.downloads.finished(3)
    assert {file.name: file.read_bytes() for file in files} == {item.path[0]: item.content for item in items}


@pytest.mark.parametrize("seed", [1, 2])
async def test_frames_that_are_lost_swapped_and_repeated(visit, seed):
    items = [Item(["a.bin"], noise(5_000_000)), Item(["b.bin"], b""), Item(["c.bin"], noise(900_000, 3))]
    sender = Sender(await visit.connect(), items, is_unordered=True, mischief=random.Random(seed))
    sent = await accept_in_page(visit, sender)
    assert sent.receipt["items"] == 3 and sent.missing > 0
    files = await visit.browser.downloads.finished(3)
    assert {file.name: file.read_bytes() for file in files} == {item.path[0]: item.content for item in items}


# MARK: The page sends


async def test_the_page_sends_a_folder(visit, tmp_path):
    if visit.browser.name == "firefox":
        pytest.skip("its driver chooses files only; a dropped folder is tried below")
    folder = tmp_path / "album"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"a")
    (folder / "deep" / "b.bin").write_bytes(noise(600_000))
    receiver = Receiver(await visit.connect())
    running = asyncio.create_task(receiver.run())
    await visit.state("choosing")
    await visit.page.set_files("#folder-input", folder)
    await visit.page.wait_for("!document.querySelector('#send').hidden")
    assert "album/" in await visit.state("choosing")
    await visit.picture("choosing-folder")
    await visit.page.click("#send")
    received = await asyncio.wait_for(running, 60)
    assert received.files == {"album/a.txt": b"a", "album/deep/b.bin": noise(600_000)}


#: A dropped folder, as browsers describe it: two files, one empty folder, one folder of 1200 files that is slow to read.
DROP = """
(() => {
    const file = (name, text) => ({ name, isDirectory: false,
        file: (done) => done(new File([text], name, { lastModified: 1700000000000 })) });
    const folder = (name, children, wait = 0) => ({ name, isDirectory: true, createReader() {
        const left = children.slice();
        return { readEntries: (done) => setTimeout(() => done(left.splice(0, 100)), wait) };
    } });
    const many = Array.from({ length: 1200 }, (_, number) => file(`${String(number).padStart(4, "0")}`, `${number}`));
    const top = folder("top", [file("b", "bb"), folder("empty", []), file("a", "a"), folder("many", many, 20)]);
    const items = [top, file("alone", "x")].map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry }));
    document.ondrop({ preventDefault() {}, dataTransfer: { items } });
})()
"""


async def test_a_dropped_folder_is_offered_while_it_is_looked_through(visit):
    receiver = Receiver(await visit.connect(), answers_early=True)
    running = asyncio.create_task(receiver.run())
    await visit.state("choosing")
    await visit.page.evaluate(DROP)
    await visit.page.wait_for("!document.querySelector('#send').hidden")
    await visit.picture("dropped-folder")
    await visit.page.click("#send")
    received = await asyncio.wait_for(running, 60)
    assert received.folders == ["top/empty"]
    assert len(received.files) == 1203 and received.files["top/many/0042"] == b"42"
    assert [item["path"][-1] for item in received.offered[:2]] == ["a", "b"]
    assert received.files["alone"] == b"x"
    assert "sent" in await visit.state("done")


async def test_a_file_of_a_folder_that_changes_fails_alone(visit):
    receiver = Receiver(await visit.connect())
    running = asyncio.create_task(receiver.run())
    await visit.state("choosing")
    await visit.page.evaluate(DROP.replace('file("a", "a")', """{ name: "a", isDirectory: false, file: (done) => {
        window.asked = (window.asked ?? 0) + 1;
        done(new File(["a".repeat(window.asked)], "a", { lastModified: 1700000000000 })); } }"""))
    await visit.page.wait_for("!document.querySelector('#send').hidden")
    await visit.page.click("#send")
    received = await asyncio.wait_for(running, 60)
    assert received.failed == {0: "changed"} and "top/a" not in received.files and received.files["top/b"] == b"bb"
