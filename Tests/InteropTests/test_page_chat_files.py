"""Files in the middle of the page's talk (Docs/Protocols/Chat.md, Files), with a Python peer, in real browsers."""

import asyncio
import json

import pytest
import pytest_asyncio

from chat_peer import Host
from martlet_peer import Item, TransferError
from page_support import noise, opfs_files

MEGABYTE = 1_000_000


class Talking:
    """A page in a talk with a Python host."""

    def __init__(self, visit, host):
        self.visit, self.host = visit, host
        self.page, self.pair = visit.page, None

    async def begin(self):
        await self.visit.open(self.host.link)
        self.page = self.visit.page
        self.pair = await self.host.somebody()
        await self.visit.state("talking")

    async def cards(self, state, count=1, timeout=30):
        """Waits for so many cards in a state; the text of the last of them."""
        found = f"document.querySelectorAll('#talk-log .file-card[data-state={state}]')"
        await self.page.wait_for(f"{found}.length === {count}", timeout)
        return await self.page.evaluate(f"{found}[{count - 1}].innerText") if count else ""

    async def press(self, action, place=0):
        """Presses a button of a card, as soon as there is one."""
        await self.page.wait_for(f"document.querySelectorAll('[data-action={action}]').length > {place}")
        await self.page.evaluate(f"document.querySelectorAll('[data-action={action}]')[{place}].click()")

    async def choose(self, *paths):
        await self.page.set_files("#talk-files", *paths)

    async def drop(self, **files):
        """Drops files, as the browser makes them of what a script puts together."""
        await self.page.evaluate(f"""(() => {{
            const data = new DataTransfer();
            for (const [name, text] of Object.entries({json.dumps(files)})) data.items.add(new File([text], name));
            const event = new DragEvent("drop", {{ dataTransfer: data, bubbles: true, cancelable: true }});
            return document.querySelector("#talk-log").dispatchEvent(event);
        }})()""")

    async def lose_connection(self):
        """It breaks; the page comes back by itself."""
        before = self.pair.connections
        await self.pair.talk.close()
        return before

    async def back(self, before):
        await self.pair.until(lambda: self.pair.connections > before and self.pair.is_standing, 40)


@pytest_asyncio.fixture
async def talking(visit, server):
    async with Host(server.origin, name="anna") as host:
        talking = Talking(visit, host)
        await talking.begin()
        yield talking
        # What a page says beyond the document.
        assert talking.pair.failure is None or talking.pair.failure.code != "protocol", talking.pair.failure


async def test_an_offer_is_accepted(talking):
    items = [Item(["film.mkv"], noise(3 * MEGABYTE))]
    talking.pair.say("look at this")
    offer = talking.pair.send_files(items)
    text = await talking.cards("waiting")
    assert text.startswith("anna offers film.mkv") and "3.00 MB" in text
    await talking.visit.picture("chat-file-offered")
    await talking.press("accept")
    sent = await asyncio.wait_for(offer.result, 60)
    assert sent.received == 3 * MEGABYTE
    [file] = await talking.visit.browser.downloads.finished(1)
    assert file.name == "film.mkv" and file.read_bytes() == items[0].content
    assert "downloads folder" in await talking.cards("done")
    assert await opfs_files(talking.page) == []
    await talking.visit.picture("chat-file-saved")


async def test_a_list_and_a_text_and_a_file_that_fails(talking):
    items = [Item(["a.txt"], b"one"), Item(["bad.bin"], noise(1000), claimed="0" * 64), Item(["c.txt"], b"three"),
             Item(["note"], "<b>hi</b>\u202e".encode(), kind="text")]
    offer = talking.pair.send_files(items)
    assert "anna offers 3 files and 1 text" in await talking.cards("waiting")
    await talking.press("accept")
    sent = await asyncio.wait_for(offer.result, 60)
    assert sent.failed == {1: "integrity"} and set(sent.confirmed) == {0, 2, 3}
    files = await talking.visit.browser.downloads.finished(2)
    assert {file.name: file.read_bytes() for file in files} == {"a.txt": b"one", "c.txt": b"three"}
    text = await talking.cards("done")
    assert "1 of 3 files and 1 text failed" in text and "<b>hi</b>\ufffd" in text
    await talking.visit.picture("chat-files-some-failed")


async def test_a_no_is_heard(talking):
    offer = talking.pair.send_files([Item(["a.txt"], b"one")])
    await talking.press("decline")
    with pytest.raises(TransferError, match="declined"):
        await asyncio.wait_for(offer.result, 20)
    assert "You said no." in await talking.cards("failed")


async def test_dropped_and_chosen_files_are_offered(talking, tmp_path):
    (tmp_path / "b.bin").write_bytes(noise(2 * MEGABYTE))
    asked = []
    talking.pair.decide = lambda items: asked.append(items) or items[0]["path"] != ["no.txt"]
    await talking.drop(**{"a.txt": "dropped"})
    await talking.pair.until(lambda: len(talking.pair.received) == 1)
    await talking.choose(tmp_path / "b.bin")
    await talking.pair.until(lambda: len(talking.pair.received) == 2)
    await talking.cards("done", 2)
    received = [one.files for one in talking.pair.received]
    assert received == [{"a.txt": b"dropped"}, {"b.bin": (tmp_path / "b.bin").read_bytes()}]
    await talking.drop(**{"no.txt": "unwanted"})
    assert "anna said no: No, thank you." in await talking.cards("failed")
    assert len(asked) == 3
    await talking.visit.picture("chat-files-sent")


async def test_several_at_once_and_no_more_than_eight(talking):
    talking.pair.decide = lambda items: False
    offers = [talking.pair.send_files([Item([f"{number}.bin"], noise(300_000, number))]) for number in range(9)]
    await talking.cards("waiting", 8)
    # The ninth was closed at once.
    for number in range(8):
        await talking.press("accept")
        await talking.cards("waiting", 7 - number)
    done = []
    for result in asyncio.as_completed([offer.result for offer in offers], timeout=30):
        done.append(await result)
        if len(done) == 8:
            break
    await talking.cards("done", 8)
    assert sum(offer.result.done() for offer in offers) == 8
    files = await talking.visit.browser.downloads.finished(8)
    assert sorted(file.name for file in files) == sorted(offer.items[0].path[0] for offer in offers if offer.result.done())


async def test_ours_wait_for_one_of_eight_channels(talking):
    gate = asyncio.Event()
    most = 0
    receive = talking.pair._receive

    async def slowly(channel):
        nonlocal most
        most = max(most, len(talking.pair._transfers))
        await gate.wait()
        await receive(channel)

    talking.pair._receive = slowly
    for number in range(10):
        await talking.drop(**{f"{number}.txt": str(number)})
    await talking.cards("waiting", 10)
    await talking.pair.until(lambda: len(talking.pair._transfers) == 8)
    gate.set()
    await talking.cards("done", 10)
    assert most <= 8 and len(talking.pair.received) == 10


async def test_an_accepted_file_goes_on_over_the_next_connection(talking):
    content = noise(4 * MEGABYTE)
    offer = talking.pair.send_files([Item(["a.bin"], content)], pause_after=2 * MEGABYTE)
    await talking.press("accept")
    await talking.pair.until(lambda: offer.sender is not None)
    await asyncio.wait_for(offer.sender.paused.wait(), 30)
    before = await talking.lose_connection()
    assert "stopped at" in await talking.cards("interrupted")
    await talking.visit.picture("chat-file-interrupted")
    await talking.back(before)
    sent = await asyncio.wait_for(offer.result, 60)
    assert sent.begun[0] > 0 and sent.received == len(content) - sent.begun[0]
    [file] = await talking.visit.browser.downloads.finished(1)
    assert file.read_bytes() == content
    await talking.cards("done")


async def test_a_page_that_is_loaded_again_goes_on_receiving(talking):
    content = noise(4 * MEGABYTE)
    offer = talking.pair.send_files([Item(["a.bin"], content)], pause_after=2 * MEGABYTE)
    await talking.press("accept")
    await talking.pair.until(lambda: offer.sender is not None)
    await asyncio.wait_for(offer.sender.paused.wait(), 30)
    # The journal is written every 2 s.
    await talking.page.wait_for("""(async () => {
        const request = indexedDB.open("martlet");
        const database = await new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
        const all = database.transaction("items").objectStore("items").getAll();
        const items = await new Promise((resolve) => { all.onsuccess = () => resolve(all.result); });
        database.close();
        return items.some((item) => item.bytes > 1000000);
    })()""")
    before = talking.pair.connections
    await talking.page.reload()
    await talking.back(before)
    sent = await asyncio.wait_for(offer.result, 60)
    assert sent.begun[0] > 0 and sent.received == len(content) - sent.begun[0]
    [file] = await talking.visit.browser.downloads.finished(1)
    assert file.read_bytes() == content
    await talking.cards("done")
    assert await opfs_files(talking.page) == []


async def send_until(talking, path, count):
    """The page sends; the Python receiver leaves the connection when it has so many bytes."""
    pausing = asyncio.Event()
    receive = talking.pair._receive

    async def watched(channel):
        handle = channel._handle

        def counted(*arguments):
            nonlocal count
            if isinstance(arguments[1], bytes):
                count -= len(arguments[1])
                if count < 0:
                    pausing.set()
                    return
            handle(*arguments)

        channel._handle = counted
        await receive(channel)

    talking.pair._receive = watched
    await talking.choose(path)
    await talking.cards("moving")
    await asyncio.wait_for(pausing.wait(), 30)
    talking.pair._receive = receive


async def test_a_page_goes_on_sending_over_the_next_connection(talking, tmp_path):
    (tmp_path / "b.bin").write_bytes(noise(4 * MEGABYTE))
    await send_until(talking, tmp_path / "b.bin", 2 * MEGABYTE)
    before = await talking.lose_connection()
    await talking.cards("interrupted")
    await talking.back(before)
    await talking.cards("done")
    [received] = talking.pair.received
    assert received.files == {"b.bin": (tmp_path / "b.bin").read_bytes()} and received.begun[0] > 0


@pytest.mark.parametrize("choice", ["again", "back"])
async def test_a_sending_page_that_is_loaded_again_asks_for_the_same_files(talking, tmp_path, choice):
    (tmp_path / "b.bin").write_bytes(noise(4 * MEGABYTE))
    await send_until(talking, tmp_path / "b.bin", 2 * MEGABYTE)
    before = talking.pair.connections
    await talking.page.reload()
    text = await talking.cards("lost")
    assert text.startswith("You were offering b.bin to") and "Choose the same ones again" in text
    await talking.back(before)
    await talking.visit.picture("chat-file-lost")
    if choice == "again":
        await talking.page.set_files(".file-card[data-state=lost] input[type=file]", tmp_path / "b.bin")
        await talking.cards("done")
        [received] = talking.pair.received
        assert received.files == {"b.bin": (tmp_path / "b.bin").read_bytes()} and received.begun[0] > 0
    else:
        await talking.press("cancel")
        await talking.cards("failed")
        await talking.pair.until(lambda: len(talking.pair.received) == 1)
        assert talking.pair.received[0].code == "canceled"
    # Nothing of it is left for another reload.
    assert await talking.page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('martlet.files'))") == []


async def test_what_nobody_accepted_is_offered_again(talking):
    offer = talking.pair.send_files([Item(["a.txt"], b"one")])
    await talking.cards("waiting")
    await talking.page.wait_for("!!document.querySelector('[data-action=accept]')")
    before = await talking.lose_connection()
    await talking.page.wait_for("!document.querySelector('[data-action=accept]')")
    await talking.back(before)
    await talking.press("accept")
    await asyncio.wait_for(offer.result, 30)
    assert await talking.page.evaluate("document.querySelectorAll('.file-card').length") == 1


async def test_a_stop_is_heard_on_either_side(talking, tmp_path):
    offer = talking.pair.send_files([Item(["a.bin"], noise(4 * MEGABYTE))], pause_after=2 * MEGABYTE)
    await talking.press("accept")
    await talking.pair.until(lambda: offer.sender is not None)
    await asyncio.wait_for(offer.sender.paused.wait(), 30)
    await talking.visit.picture("chat-file-moving")
    await talking.press("cancel")
    offer.sender.go_on.set()
    with pytest.raises(TransferError, match="canceled"):
        await asyncio.wait_for(offer.result, 30)
    assert "You stopped it." in await talking.cards("failed")
    talking.pair.decide = lambda items: True
    (tmp_path / "b.bin").write_bytes(noise(4 * MEGABYTE))
    await send_until(talking, tmp_path / "b.bin", 2 * MEGABYTE)
    await talking.press("cancel")
    await talking.cards("failed", 2)


async def test_other_channels_are_closed(talking):
    options = [{"label": "other", "protocol": "martlet.transfer.1"}, {"label": "martlet-file", "protocol": "x"},
               {"label": "martlet-file", "protocol": "martlet.transfer.1", "ordered": False},
               {"label": "martlet-file", "protocol": "martlet.transfer.1", "maxRetransmits": 3}]
    for option in options:
        channel = talking.pair.talk.pc.createDataChannel(**option)
        closed = asyncio.Event()
        channel.on("close", closed.set)
        await asyncio.wait_for(closed.wait(), 10)
    # The talk goes on.
    talking.pair.say("still here")
    await talking.page.wait_for("document.querySelector('#talk-log').innerText.includes('still here')")


async def test_withdrawn_offers_do_not_fill_the_page(talking):
    for number in range(5):
        offer = talking.pair.send_files([Item([f"{number}.txt"], b"one")])
        await talking.page.wait_for("!!document.querySelector('[data-action=accept]')")
        offer.sender.connection.say("error", code="canceled", message="", resumable=False)
        assert "took back" in await talking.cards("withdrawn")
        talking.pair.offers.remove(offer)
    assert await talking.page.evaluate("document.querySelectorAll('.file-card').length") == 1
