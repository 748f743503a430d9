"""The page in real browsers, across from peers that claim the impossible, flood, repeat, or dress up their names."""

import asyncio
import json
import time

import pytest

from martlet_peer import Item, TransferError
from page_support import receive_in_page
from test_page_links import offer_hundred_bytes

FILE = {"item": 0, "path": ["a"], "size": 100}


async def refused(visit, connection):
    """The page says what was wrong, on both sides."""
    with pytest.raises(TransferError, match="protocol"):
        while True:
            await connection.next(10)
    return await visit.failure("protocol")


@pytest.mark.parametrize("items", [
    [{**FILE, "size": 2**53 - 1}, {"item": 1, "path": ["b"], "size": 1}], [{**FILE, "size": 1e300}],
    [{**FILE, "size": 1.5}], [{**FILE, "size": "100"}], [{**FILE, "kind": "device"}], [{**FILE, "kind": "folder"}],
    [{**FILE, "kind": "text", "size": 2**20 + 1}], [{**FILE, "kind": "text", "size": None}], [{**FILE, "path": ["a\0b"]}],
    [{**FILE, "path": ["a"] * 65}], [{**FILE, "path": ["x" * 1000] * 5}], [{**FILE, "mtime": 2**60}], [None], [[]],
    [{**FILE, "item": number} for number in range(501)],
], ids=lambda items: json.dumps(items)[:60])
async def test_offers_of_the_impossible(visit, items):
    connection = await visit.connect()
    await connection.hello("sender")
    connection.say("offer", transfer="t", items=items, more=False)
    await refused(visit, connection)


@pytest.mark.parametrize("kind, members", [
    ("item-begin", {"item": 0, "offset": 0}), ("segment", {"item": 0, "segment": 1, "hash": "0" * 64}),
    ("segment", {"item": 0, "segment": 0, "hash": "0"}), ("item-end", {"item": 0, "size": 101, "root": "0" * 64}),
    ("item-end", {"item": 0, "size": 100, "root": "0" * 63}), ("item-end", {"item": 1, "size": 1, "root": "0" * 64}),
    ("mark", {"item": 0, "offset": 1}), ("item-failed", {"item": -1}), ("offer", {"transfer": "t", "items": [FILE]}),
    ("hello", {"role": "sender"}), ("__proto__", {}), ("confirmed", {"item": 0}),
], ids=lambda value: json.dumps(value)[:40])
async def test_messages_that_make_no_sense(visit, kind, members):
    connection = await offer_hundred_bytes(visit)
    connection.say(kind, **members)
    await refused(visit, connection)


@pytest.mark.parametrize("frames", [
    [(0, 2**63, 10)], [(0, 2**53 - 5, 10)], [(0, 0, 60), (0, 0, 60)], [(0, 0, 60), (0, 30, 60)], [(2**32 - 1, 0, 1)],
], ids=["2^63", "over 2^53", "twice", "overlapping", "item 2^32-1"])
async def test_frames_that_make_no_sense(visit, frames):
    connection = await offer_hundred_bytes(visit)
    for item, offset, length in frames:
        await connection.send_frame(item, offset, bytes(length))
    await refused(visit, connection)


@pytest.mark.parametrize("header", [b"\x02\0\0\0", b"\x01\x01\0\0", b"\x01\0\0\x01"], ids=["kind", "flags", "reserved"])
async def test_frames_of_another_kind(visit, header):
    connection = await offer_hundred_bytes(visit)
    connection.data.send(header + bytes(12) + b"x")
    await refused(visit, connection)


async def test_a_flood_beyond_the_window(visit):
    connection = await visit.connect()
    await connection.hello("sender")
    connection.say("offer", transfer="t", items=[{"item": 0, "path": ["a"], "size": 10**12},
                                                 {"item": 1, "path": ["b"], "size": 10**9}], more=True)
    await visit.state("offered")
    await visit.page.click("#accept")
    await visit.state("moving")
    # Frames of an item that is not offered yet wait, and get no credit.
    for number in range(4 * 1024 * 1024 // 65520 + 1):
        await connection.send_frame(2, number * 65520, bytes(65520))
    await refused(visit, connection)


async def test_a_flood_of_small_frames(visit):
    connection = await visit.connect()
    await connection.hello("sender")
    connection.say("offer", transfer="t", items=[{"item": 0, "path": ["a"], "size": 10**6}], more=True)
    await visit.state("offered")
    await visit.page.click("#accept")
    await visit.state("moving")
    with pytest.raises(TransferError):
        for number in range(20_000):
            if number % 500 == 0:
                await asyncio.sleep(0)
            await connection.send_frame(1, number, b"x")
        while True:
            await connection.next(30)
    assert "too many small frames" in await visit.failure("protocol")


@pytest.mark.parametrize("name", [
    "<img src=x onerror=alert(1)>.txt", "a\u202egnp.exe", "a\x1b[2J.txt", "con", "..\\..\\x.txt", " . ",
    "x" * 255, "日" * 341,
], ids=lambda name: ascii(name)[:24])
async def test_names_that_dress_up(visit, name):
    await receive_in_page(visit, [Item([name], b"content")])
    text = await visit.state("done")
    assert not any(character in text for character in "\u202e\x1b")
    assert await visit.page.evaluate("document.querySelectorAll('main img').length") == 0
    [file] = await visit.browser.downloads.finished(1)
    assert file.read_bytes() == b"content" and not any(character in file.name for character in "\u202e\x1b/\\")


@pytest.mark.parametrize("kind, members", [
    ("have", {"transfer": "t", "complete": [[0, 2]], "partial": []}), ("have", {"transfer": "x", "complete": []}),
    ("have", {"complete": [], "partial": [{"item": 0, "bytes": 5, "root": "0" * 64}]}),
    ("credit", {"received": 1, "limit": 1}), ("receipt", {"items": 0, "bytes": 0}), ("accept", {"limit": -1}),
    ("confirmed", {"item": 0, "bytes": 3, "root": "0" * 64}), ("missing", {"ranges": [[0, 0, 1]]}),
], ids=lambda value: json.dumps(value)[:40])
async def test_receivers_that_make_no_sense(visit, tmp_path, kind, members):
    (tmp_path / "a.bin").write_bytes(b"abc")
    connection = await visit.connect()
    await connection.hello("receiver")
    await visit.state("choosing")
    await visit.page.set_files("#file-input", tmp_path / "a.bin")
    await visit.page.wait_for("!document.querySelector('#send').hidden")
    await visit.page.click("#send")
    _, offer = await connection.next()
    connection.say(kind, **{"transfer": offer["transfer"], **members})
    await refused(visit, connection)


async def test_an_offer_that_grows_item_by_item_does_not_hold_up_the_page(visit):
    connection = await visit.connect()
    await connection.hello("sender")
    count = 6000
    for number in range(count):
        item = {"item": number, "path": [f"file {number}"], "size": 1}
        connection.say("offer", transfer="t", items=[item], more=number < count - 1)
    # Laid out anew for each of them it takes a minute.
    started = time.monotonic()
    while "At least" in (text := await visit.state("offered")):
        assert time.monotonic() - started < 20
        await asyncio.sleep(0.1)
    assert f"{count} files for you" in text


UNIQUE = """import('/plan.js').then(({ uniqueNames }) => {
    const name = uniqueNames();
    const names = Array.from({ length: 20000 }, () => name('folder/name.txt'));
    return [new Set(names).size, names.at(-1)];
})"""

SAME_NAME = """(async () => {
    const { FolderStore } = await import('/stores.js');
    const files = new Map();
    const folder = {
        async getFileHandle(name, options) {
            if (!files.has(name) && !options?.create) throw new DOMException("", "NotFoundError");
            if (!files.has(name)) files.set(name, []);
            const write = async (bytes) => files.get(name).push(bytes[0]);
            return { createWritable: async () => ({ write, close: async () => {} }) };
        },
    };
    const store = new FolderStore(folder);
    for (let index = 0; index < 1010; index += 1) {
        const sink = store.begin({ kind: 'file', path: ['a.txt'] }, { onHandled() {}, onStopped() {} });
        sink.write(new Uint8Array([index % 256]));
        await sink.finish();
    }
    return [files.size, files.get('a (1009).txt')];
})()"""

UNWANTED = """import('/reorder.js').then(({ Reorder }) => {
    const reorder = new Reorder();
    let count = 0;
    for (let index = 0; index < 1000; index += 1) {
        count += reorder.add({ item: 0, offset: 2 * index, payload: new Uint8Array(1) }, false);
    }
    return [count, reorder.missing(0, 0, 2000).length];
})"""


async def test_many_items_of_one_name(visit):
    await visit.connect()
    assert await visit.page.evaluate(UNIQUE) == [20000, "folder/name (19999).txt"]


async def test_no_item_of_a_chosen_folder_takes_the_place_of_another(visit):
    await visit.connect()
    assert await visit.page.evaluate(SAME_NAME) == [1010, [1009 % 256]]


async def test_of_an_item_that_failed_little_is_remembered(visit):
    await visit.connect()
    count, gaps = await visit.page.evaluate(UNWANTED)
    assert count == 1000 and gaps <= 257
