"""More than two people in the page's talk (Docs/Protocols/Chat.md, More than two), with Python peers, in real browsers."""

import asyncio
import json

import pytest
import pytest_asyncio

from chat_peer import Guest, Host
from conftest import Visit
from martlet_peer import Item
from page_support import noise


class People:
    """A Python host, a page, and another Python guest, each connected to each."""

    def __init__(self, visit, host):
        self.visit, self.host, self.guest = visit, host, None
        self.to_page = self.guest_to_page = None

    @property
    def page(self):
        return self.visit.page

    async def begin(self, page_first):
        self.guest = Guest(self.host.link, name="bob")
        if page_first:
            await self.open_page()
            await self.guest.__aenter__()
        else:
            await self.guest.__aenter__()
            await self.open_page()
        self.to_page = self.host.pairs[0 if page_first else 1]
        self.guest_to_page = await self.guest.somebody(2)
        await self.shown("bob (aiortc) is here.")

    async def open_page(self):
        known = len(self.host.pairs)
        await self.visit.open(self.host.link)
        await self.host.somebody(known + 1)
        await self.visit.state("talking")

    async def shown(self, text, timeout=30):
        found = f"document.querySelector('#talk-log').innerText.includes({json.dumps(text)})"
        await self.page.wait_for(found, timeout)

    async def say(self, text):
        await self.page.evaluate(f"""(() => {{
            document.querySelector("#talk-input").value = {json.dumps(text)};
            document.querySelector("#talk-form").requestSubmit();
        }})()""")

    async def ticks(self, label, count=1):
        found = f"document.querySelectorAll('.talk-row.said .talk-ticks[aria-label={json.dumps(label)}]').length"
        await self.page.wait_for(f"{found} === {count}")

    async def end(self):
        await self.guest.__aexit__()


@pytest_asyncio.fixture
async def people(visit, server):
    async with Host(server.origin, people=3, name="anna") as host:
        people = People(visit, host)
        yield people
        if people.guest:
            failures = people.guest.failures + host.failures
            await people.end()
            assert not [failure for failure in failures if getattr(failure, "code", "") == "protocol"], failures


# The guest with the smaller number calls: whoever came first.
@pytest.mark.parametrize("page_first", [True, False], ids=["the page calls", "the page answers"])
async def test_everybody_hears_everybody(people, page_first):
    await people.begin(page_first)
    await people.say("hello all")
    await asyncio.gather(people.to_page.until(lambda: people.to_page.texts == ["hello all"]),
                         people.guest_to_page.until(lambda: people.guest_to_page.texts == ["hello all"]))
    await people.ticks("delivered")
    people.guest_to_page.say("hi from bob")
    people.to_page.say("hi from anna")
    await people.shown("hi from bob")
    await people.shown("hi from anna")
    # The words of the two guests are the same on both sides.
    assert len(people.guest_to_page.words) == 3
    await people.page.click("#talk-more")
    await people.page.wait_for(
        f"document.querySelector('#talk-people').innerText.includes({json.dumps(' · '.join(people.guest_to_page.words))})")
    await people.visit.picture("chat-people")
    await people.page.click("#talk-more")
    await people.guest.leave()
    await people.shown("bob has left.")
    await people.say("only anna")
    await people.to_page.until(lambda: people.to_page.texts[-1] == "only anna")


async def test_ticks_count(people):
    await people.begin(False)
    people.guest_to_page.acknowledges = False
    await people.say("who has heard it?")
    await people.ticks("delivered to 1 of 2")
    await people.visit.picture("chat-people-ticks")
    await people.guest_to_page.until(lambda: people.guest_to_page.heard == 1)
    people.guest_to_page.acknowledge()
    await people.ticks("delivered")


@pytest.mark.parametrize("page_first", [True, False], ids=["the page calls", "the page answers"])
async def test_a_page_that_is_loaded_again_meets_everybody_again(people, page_first):
    await people.begin(page_first)
    await people.say("before")
    await people.ticks("delivered")
    people.guest_to_page.say("heard before")
    await people.shown("heard before")
    before = people.guest_to_page.connections
    await people.page.reload()
    await people.visit.state("talking")
    people.guest_to_page.say("while it was away")
    await people.guest_to_page.until(lambda: people.guest_to_page.connections > before and people.guest_to_page.is_standing)
    await people.shown("while it was away")
    await people.say("after")
    await people.guest_to_page.until(lambda: people.guest_to_page.texts == ["before", "after"])
    await people.to_page.until(lambda: people.to_page.texts == ["before", "after"])
    found = "Array.from(document.querySelectorAll('.talk-row.heard .talk-text'), (e) => e.textContent)"
    assert await people.page.evaluate(found) == ["heard before", "while it was away"]


async def test_a_connection_that_stands_is_replaced_without_a_word(people):
    await people.begin(True)
    await people.say("one")
    await people.guest_to_page.until(lambda: people.guest_to_page.texts == ["one"])
    before = people.guest_to_page.connections
    # Only the way between the guest and its host is lost: both are introduced again, and nothing was wrong between them.
    await people.guest.lose()
    await people.guest.enter()
    await people.guest_to_page.until(lambda: people.guest_to_page.connections > before and people.guest_to_page.is_standing)
    await people.say("two")
    await people.guest_to_page.until(lambda: people.guest_to_page.texts == ["one", "two"])
    people.guest_to_page.say("three")
    await people.shown("three")
    text = await people.page.evaluate("document.querySelector('#talk-log').innerText")
    assert "is lost" not in text, text


async def test_guests_go_on_without_the_host(people):
    await people.begin(True)
    await people.host.leave()
    await people.shown("anna has left.")
    await people.say("still there?")
    await people.guest_to_page.until(lambda: people.guest_to_page.texts == ["still there?"])
    people.guest_to_page.say("yes")
    await people.shown("yes")
    await people.guest_to_page.leave()
    await people.page.wait_for("document.querySelector('#talk-state-text').textContent === 'The talk is over.'")


async def test_guests_who_lose_each_other_alone_are_introduced_again(people):
    await people.begin(True)
    await people.guest_to_page.talk.close()
    await people.shown("The connection to bob is lost.")
    await people.say("are you there?")
    await people.guest_to_page.until(lambda: people.guest_to_page.texts == ["are you there?"], 30)
    await people.ticks("delivered")
    assert (people.to_page.place, 2) in people.host.asked_again


async def test_files_go_to_everybody(people):
    await people.begin(True)
    content = noise(300_000)
    offer = people.guest_to_page.send_files([Item(["from bob.bin"], content)])
    await people.page.wait_for("!!document.querySelector('[data-action=accept]')")
    await people.page.click("[data-action=accept]")
    await asyncio.wait_for(offer.result, 30)
    [file] = await people.visit.browser.downloads.finished(1)
    assert file.read_bytes() == content
    await people.page.evaluate("""(() => {
        const data = new DataTransfer();
        data.items.add(new File(["for all"], "all.txt"));
        const event = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
        return document.querySelector("#talk-log").dispatchEvent(event);
    })()""")
    for pair in (people.to_page, people.guest_to_page):
        await pair.until(lambda: [one.files for one in pair.received] == [{"all.txt": b"for all"}])
    await people.page.wait_for("document.querySelectorAll('.file-card[data-direction=out][data-state=done]').length === 2")
    await people.visit.picture("chat-people-files")


async def test_two_pages_are_introduced(people, server):
    """Two pages as guests, both of the same browser."""
    await people.open_page()
    other = Visit(people.visit.browser, server)
    try:
        await other.open(people.host.link)
        await people.host.somebody(2)
        await people.page.wait_for("document.querySelectorAll('.talk-row.notice').length === 2")
        await people.say("page to page")
        await other.page.wait_for("document.querySelector('#talk-log').innerText.includes('page to page')")
        await people.ticks("delivered")
        assert len(people.host.pairs[0].texts) == 1
    finally:
        await other.page.evaluate("document.querySelector('#talk-leave').click()")
    await people.page.wait_for("document.querySelectorAll('.talk-row.notice').length === 3")


@pytest.mark.parametrize("message", [
    {"type": "introduce", "peer": 0, "attempt": 1, "name": "x", "calls": True},
    {"type": "introduce", "peer": 5, "attempt": 1, "name": "", "calls": True},
    {"type": "introduce", "peer": 5, "attempt": 1, "name": "x"},
    {"type": "signal", "peer": 5, "attempt": "1", "payload": {}},
    {"type": "signal", "peer": 5, "attempt": 1, "payload": None},
])
async def test_a_host_that_introduces_badly_is_left(people, message):
    await people.open_page()
    message = dict(message)
    kind = message.pop("type")
    people.host.pairs[0].tell(kind, **message)
    await people.page.wait_for("document.querySelector('#talk-state-text').textContent.includes('do not understand')")


async def test_a_description_of_two_certificates_connects_to_nobody(people):
    """An attempt that fails leaves the talk as it was."""
    await people.open_page()
    pair = people.host.pairs[0]
    signals = []
    pair.on_other = signals.append
    pair.tell("introduce", peer=9, attempt=1, name="<i>mallory</i>", calls=False)
    digits = ":".join(["AB"] * 32)
    sdp = "v=0\r\na=fingerprint:sha-256 {0}\r\na=fingerprint:sha-256 {1}\r\n".format(digits, digits.replace("AB", "CD", 1))
    pair.tell("signal", peer=9, attempt=1, payload={"type": "offer", "sdp": sdp})
    await people.shown("No connection to <i>mallory</i> came about.")
    await pair.until(lambda: any(signal["payload"]["type"] == "failed" for signal in signals))
    # What comes of an attempt that is over, or was never begun, is passed over.
    pair.tell("signal", peer=9, attempt=7, payload={"type": "offer", "sdp": sdp})
    pair.tell("signal", peer=12, attempt=1, payload={"type": "offer", "sdp": sdp})
    pair.tell("parted", peer=9)
    pair.say("still talking")
    await people.shown("still talking")
