"""Codes in the page, in real browsers: in the address, typed with completion, mistyped, wrong, dead; servers that are
started again."""

import asyncio
import json
import re

import pytest

from conftest import Visit, lan_address
from martlet_peer import Item, Sender
from page_support import accept_in_page, break_off, meet_again, noise, run_until_paused
from rendezvous import Refusal, Rendezvous
from rooms_client import WORDS, Code, Looks, Pairing, WrongSecret

WORDS_TOLD = "clock mango crust"
WRONG = "clock mango acid"
NO_STORAGE = """for (const kind of ["localStorage", "sessionStorage"])
    Object.defineProperty(window, kind, { get() { throw new DOMException("refused", "SecurityError"); } });"""


async def open_code(visit, words=WORDS_TOLD):
    """The page with a code in its address."""
    await visit.open(f"{visit.server.origin}/#{Code(visit.server.origin, visit.room.number, words)}")


async def enter(visit, text):
    """Puts a text into the field and presses the button."""
    await visit.page.evaluate(f"void (document.querySelector('#link-input').value = {json.dumps(text)})")
    await visit.page.click("#link-open")


async def field(visit):
    return await visit.page.evaluate("document.querySelector('#link-input').value")


async def choices(visit):
    return await visit.page.evaluate("Array.from(document.querySelectorAll('#link-choices [role=option]'), (x) => x.textContent)")


async def looks(visit):
    """What the browser keeps of tries: by number, over all words. The words are not in it."""
    kept = json.loads(await visit.page.evaluate("localStorage.getItem('martlet.looks')") or "{}")
    assert all(re.fullmatch("[0-9]+ [0-9a-f]{4}", name) for name in kept), kept
    counts = {}
    for name, look in kept.items():
        counts[int(name.split()[0])] = counts.get(int(name.split()[0]), 0) + look["count"]
    return counts


async def wrong_words(visit):
    """The host's side of a try with wrong words."""
    with pytest.raises(WrongSecret):
        await asyncio.wait_for(visit.room.paired(), 20)


async def send_one(visit):
    content = noise(300_000)
    sent = await accept_in_page(visit, Sender(visit.connection, [Item(["a.bin"], content)]))
    assert sent.receipt["items"] == 1
    [file] = await visit.browser.downloads.finished(1)
    assert file.read_bytes() == content


# MARK: In the address


@pytest.mark.parametrize("place", ["localhost", "LAN"])
async def test_a_code_in_the_address(browser, place):
    address = "127.0.0.1" if place == "localhost" else lan_address()
    if not address:
        pytest.skip("this machine has no address but loopback")
    async with Rendezvous(address) as server:
        visit = Visit(browser, server)
        await visit.make_room(words=WORDS_TOLD)
        await open_code(visit)
        await visit.establish()
        assert await visit.page.evaluate("location.href") == server.origin + "/"
        assert WORDS_TOLD.split()[2] not in await visit.page.evaluate("document.title + document.body.innerText")
        await send_one(visit)
        assert await looks(visit) == {}
        await visit.end()


@pytest.mark.parametrize("fragment", ["{}%20clock%20mango%20crust", "{}-Clock--mnago-crusst"])
async def test_a_code_that_is_spelled_otherwise(visit, fragment):
    await visit.make_room(words=WORDS_TOLD)
    await visit.open(f"{visit.server.origin}/#{fragment.format(visit.room.number)}")
    await visit.establish()


async def test_a_link_and_a_code_of_one_room(visit):
    await visit.make_room(words=WORDS_TOLD)
    await visit.open()
    await visit.establish()
    await visit.connection.close()
    await visit.page.close()
    del visit.browser.pages[next(key for key, page in visit.browser.pages.items() if page is visit.page)]
    await open_code(visit)
    await visit.establish()
    await send_one(visit)


@pytest.mark.parametrize("act", ["reload", "break"])
async def test_a_transfer_by_code_goes_on(visit, act):
    await visit.make_room(words=WORDS_TOLD)
    await open_code(visit)
    await visit.establish()
    items = [Item(["a.bin"], noise(9_000_000))]
    running = await run_until_paused(visit, Sender(visit.connection, items), 6_000_000)
    await visit.page.wait_for("document.querySelector('#progress').value > 0.5")
    if act == "reload":
        # The journal is written every 2 s.
        await asyncio.sleep(3)
        await visit.page.reload()
        assert await visit.page.evaluate("location.href") == visit.server.origin + "/"
    await break_off(visit, running)
    sent = await asyncio.wait_for(Sender(await meet_again(visit), items).run(), 60)
    assert sent.begun[0] > 0
    [file] = await visit.browser.downloads.finished(1)
    assert file.read_bytes() == items[0].content
    assert await looks(visit) == {}


async def test_a_number_that_leads_to_another_room_does_not_go_on(visit):
    await visit.make_room(words=WORDS_TOLD)
    await open_code(visit)
    await visit.establish()
    running = await run_until_paused(visit, Sender(visit.connection, [Item(["a.bin"], noise(9_000_000))]), 4_000_000)
    number = visit.room.number
    visit.server.numbers[number] = "z" * 16
    visit.server.rooms["z" * 16] = {**visit.server.rooms[visit.link.room], "name": "z" * 16, "members": {}}
    await break_off(visit, running)
    assert "Nothing of the transfer" in await visit.failure("another-room")


# MARK: Typed


async def test_the_form_completes_words(visit):
    await visit.make_room(words=WORDS_TOLD)
    page = visit.page = await visit.browser.open(visit.server.origin + "/")
    await visit.failure("no-link")
    await page.click("#link-input")
    await page.type(f"{visit.room.number}-clo")
    wanted = [word for word in WORDS if word.startswith("clo")][:6]
    assert await choices(visit) == wanted and "clock" in wanted
    assert await page.evaluate("document.querySelector('#link-input').getAttribute('aria-expanded')") == "true"
    assert "Words: clo" in await page.evaluate("document.querySelector('#status').textContent")
    # The arrow keys walk through them, and the reader is told where they are.
    for _ in range(wanted.index("clock") + 1):
        await page.press("ArrowDown", 40)
    assert await page.evaluate(
        "document.getElementById(document.querySelector('#link-input').getAttribute('aria-activedescendant')).textContent"
    ) == "clock"
    await visit.picture("code-form")
    await page.press("Enter", 13)
    assert await field(visit) == f"{visit.room.number}-clock-" and await choices(visit) == []
    # A finger does, too; Escape puts them away.
    await page.type("man")
    await page.click(f"#link-choices li:nth-child({(await choices(visit)).index('mango') + 1})")
    assert await field(visit) == f"{visit.room.number}-clock-mango-"
    await page.type("crus")
    assert await choices(visit)
    await page.press("Escape", 27)
    assert await choices(visit) == []
    await page.type("t")
    await page.press("Enter", 13)
    await visit.establish()
    await send_one(visit)


@pytest.mark.parametrize("text, code, told", [
    ("7-clock-mango-qqqqq", "unknown-word", "The third word is in no code."),
    ("7-clock-mango", "word-count", "There are 2 words behind the number."),
    ("clock-mango-crust", "bad-number", "begins with a number"),
    ("hello", "damaged-link", "Copy the whole link"),
], ids=["word", "count", "number", "link"])
async def test_what_is_no_code_is_not_tried(visit, text, code, told):
    visit.page = await visit.browser.open(visit.server.origin + "/")
    await visit.failure("no-link")
    await enter(visit, text)
    assert told in await visit.failure(code)
    assert await field(visit) == text and await looks(visit) == {}
    await visit.picture(code)


async def test_a_link_to_another_server_leads_there(visit):
    await visit.make_room()
    async with Rendezvous() as other:
        visit.page = await visit.browser.open(other.origin + "/")
        await visit.failure("no-link")
        await enter(visit, str(visit.link))
        await visit.establish()
        assert await visit.page.evaluate("location.href") == visit.server.origin + "/"


# MARK: Wrong words


async def test_wrong_words_and_then_the_right_ones(visit):
    await visit.make_room(words=WORDS_TOLD)
    await open_code(visit, WRONG)
    await wrong_words(visit)
    text = await visit.failure("wrong-words")
    assert "Two tries are left" in text and "compare all three" in text
    assert await field(visit) == f"{visit.room.number}-clock-mango-acid"
    await visit.picture("wrong-words")
    assert await looks(visit) == {visit.room.number: 1}
    # A page that is loaded again does not try them once more.
    await visit.page.reload()
    await visit.failure("no-link")
    await enter(visit, str(visit.room.code))
    await visit.establish()
    assert visit.room.looks.failed == 1 and await looks(visit) == {visit.room.number: 1}
    await send_one(visit)


@pytest.mark.parametrize("storage", ["kept", "refused"])
async def test_three_wrong_tries(visit, storage):
    # A host that does not count: this side does.
    await visit.make_room(words=WORDS_TOLD, looks=type("Patience", (Looks,), {"are_exhausted": False})())
    visit.page = await visit.browser.open()
    if storage == "refused":
        await visit.page.before_scripts(NO_STORAGE)
    await visit.page.goto(f"{visit.server.origin}/#{visit.room.number}-clock-mango-acid")
    await wrong_words(visit)
    assert "Two tries are left" in await visit.failure("wrong-words")
    for left in ("One try is left", "tried three times"):
        await enter(visit, f"{visit.room.number}-clock-mango-acid")
        await wrong_words(visit)
        await visit.page.wait_for(f"document.body.innerText.includes('{left}')")
    await visit.page.wait_for("document.documentElement.dataset.failure === 'dead-here'")
    text = await visit.failure("dead-here")
    assert "stop martlet on the other computer, start it again" in text and await field(visit) == ""
    await visit.picture("dead-code")
    # Nothing more under this number in this page, and never again this code.
    said = len(visit.server.relayed)
    await enter(visit, str(visit.room.code))
    await visit.state("connecting")
    await visit.failure("dead-here")
    if storage == "kept":
        await open_code(visit, WRONG)
        await visit.failure("dead-here")
    assert len(visit.server.relayed) == said
    if storage == "refused":
        return
    # Only this code is concerned, and only for a day.
    assert await looks(visit) == {visit.room.number: 3}
    await enter(visit, f"{visit.room.number + 1}-clock-mango-crust")
    await visit.failure("stale-code")
    await visit.page.evaluate("""localStorage.setItem("martlet.looks", JSON.stringify(Object.fromEntries(
        Object.keys(JSON.parse(localStorage.getItem("martlet.looks"))).map((name) =>
            [name, { count: 3, time: Date.now() - 24 * 3600 * 1000 - 1000 }]))))""")
    await enter(visit, f"{visit.room.number}-clock-mango-acid")
    await wrong_words(visit)
    assert "Two tries are left" in await visit.failure("wrong-words")
    await enter(visit, str(visit.room.code))
    await visit.establish()


async def test_three_tries_under_one_number_whatever_the_words(visit):
    await visit.make_room(words=WORDS_TOLD, looks=type("Patience", (Looks,), {"are_exhausted": False})())
    await open_code(visit, WRONG)
    await wrong_words(visit)
    await visit.failure("wrong-words")
    for word, left in (("atom", "One try is left"), ("army", "tried three times")):
        await enter(visit, f"{visit.room.number}-clock-mango-{word}")
        await wrong_words(visit)
        await visit.page.wait_for(f"document.body.innerText.includes('{left}')")
    said = len(visit.server.relayed)
    await enter(visit, str(visit.room.code))
    await visit.state("connecting")
    await visit.failure("dead-here")
    assert len(visit.server.relayed) == said
    # Another code may have the same number some day: looks at the old one are not looks at it.
    await open_code(visit)
    await visit.establish()
    assert await looks(visit) == {visit.room.number: 3}


async def test_the_same_words_under_another_number_are_another_code(visit):
    """A host of ours makes other words then; here the page's count of each is what stops."""
    await visit.make_room(words=WORDS_TOLD, looks=type("Patience", (Looks,), {"are_exhausted": False})())
    await open_code(visit, WRONG)
    await wrong_words(visit)
    await visit.failure("wrong-words")
    names = await visit.page.evaluate("""import("/looks.js").then(({ countLook, looksLeft }) => {
        const words = ["clock", "mango", "acid"];
        for (let count = 0; count < 3; count += 1) countLook({ number: 99, words });
        return [looksLeft({ number: 99, words }), looksLeft({ number: 98, words }), looksLeft({ number: 99, words: ["a", "b", "c"] })];
    })""")
    # Of this page nothing more is tried under 99.
    assert names == [0, 3, 0]


async def test_a_host_that_leaves_with_our_confirmation_has_looked(visit):
    await visit.make_room(words=WORDS_TOLD)
    await open_code(visit)
    room = visit.room
    room.other = (await room._expect("peer-joined"))["peer"]
    pairing = Pairing(True, room.room, room._entrances(), room.number, bytes(32))
    await room._relay(pairing.handle(await room._body()))
    await room._body()
    await room.__aexit__()
    await visit.failure("left")
    assert await looks(visit) == {room.number: 1}


@pytest.mark.parametrize("refusal, code, told", [
    ("dead", "dead-there", "Wrong words were tried three times"), ("no-code", "no-code", "Ask for the link"),
    ("version", "version", "Update martlet"),
    ("busy", "busy-there", "Wait a moment"), ("nonsense", "cannot-verify", "could not be verified")])
async def test_what_the_other_side_refuses(visit, refusal, code, told):
    await visit.make_room(words=WORDS_TOLD)
    await open_code(visit)
    visit.room.other = (await visit.room._expect("peer-joined"))["peer"]
    await visit.room._body()
    await visit.room._relay(json.dumps({"refused": refusal}))
    text = await visit.failure(code)
    assert told in text
    if refusal != "nonsense":
        assert "The other side says" in text
    await visit.picture(code)
    assert await looks(visit) == {}


async def test_a_number_that_nobody_waits_under(visit):
    await visit.make_room(words=WORDS_TOLD)
    await visit.open(f"{visit.server.origin}/#{visit.room.number + 1}-clock-mango-crust")
    assert "Compare the number" in await visit.failure("stale-code")
    assert await field(visit) == f"{visit.room.number + 1}-clock-mango-crust" and await looks(visit) == {}
    await visit.picture("stale-code")
    await enter(visit, str(visit.room.code))
    await visit.establish()


# MARK: Servers that are started again


class Restarting:
    """A server that is being started again, as seen by who joins."""

    def __init__(self, server):
        self.server, self.join, self.asked = server, server._join, 0
        server._join = self._refuse

    async def _refuse(self, *_):
        self.asked += 1
        raise Refusal("restarting")

    def end(self):
        self.server._join = self.join


async def test_a_server_that_is_started_again(visit):
    await visit.make_room(words=WORDS_TOLD)
    server = Restarting(visit.server)
    await open_code(visit)
    await visit.page.wait_for("document.body.innerText.includes('The server is being started again')")
    assert "goes on by itself" in await visit.state("connecting")
    await visit.picture("restarting")
    while server.asked < 3:
        await asyncio.sleep(0.05)
    server.end()
    await visit.establish()
    await send_one(visit)


async def test_a_person_who_does_not_wait_for_the_server(visit):
    server = Restarting(visit.server)
    await visit.open()
    await visit.page.wait_for("document.body.innerText.includes('The server is being started again')")
    await visit.page.click("#cancel")
    await visit.failure("canceled-here")
    asked = server.asked
    await asyncio.sleep(2)
    assert server.asked == asked


@pytest.mark.parametrize("code", ["restarting", "replaced"])
async def test_a_server_that_goes_while_nobody_has_answered(visit, code):
    await visit.make_room()
    await visit.open()
    await visit.room._expect("peer-joined")
    room = visit.server.rooms[visit.link.room]
    guest = next(socket for peer, socket in room["members"].items() if peer != room["host"])
    await visit.server._send(guest, type="error", code=code, message="come again")
    await guest.close({"restarting": 4008, "replaced": 4009}[code])
    # It comes back by itself.
    await visit.establish()


async def test_a_server_that_is_started_again_ends_no_transfer(visit):
    connection = await visit.connect()
    sender = Sender(connection, [Item(["a.bin"], noise(6_000_000))])
    running = await run_until_paused(visit, sender, 3_000_000)
    room = visit.server.rooms[visit.link.room]
    guest = next(socket for peer, socket in room["members"].items() if peer != room["host"])
    await visit.server._send(guest, type="error", code="restarting", message="come again")
    await guest.close(4008)
    await asyncio.sleep(4)
    sender.go_on.set()
    sent = await asyncio.wait_for(running, 60)
    assert sent.receipt["items"] == 1 and not sent.complete
    await visit.state("done")
