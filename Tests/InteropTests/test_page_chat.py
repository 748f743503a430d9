"""The chat of the page (Docs/Protocols/Chat.md) in real browsers, across from an independent peer (chat_peer.py)."""

import asyncio
import json

import pytest
import pytest_asyncio

from chat_peer import Host, Pair, cut
from page_chats import ChatPage


class Meeting:
    """A Python host, and a page that has come by its link."""

    def __init__(self, visit, host):
        self.visit, self.host = visit, host
        self.pair = self.chat = None

    async def begin(self):
        await self.visit.open(self.host.link)
        self.chat = ChatPage(self.visit.page)
        self.pair = await self.host.somebody()
        await self.chat.talking()
        return self

    async def gone(self):
        """The host goes away without a word, its room as well."""
        await self.host._end()
        await self.host.room.__aexit__()

    async def back(self):
        """It comes back, with the memory that it had."""
        pairs, host = self.host.pairs, Host(self.visit.server.origin, name="anna", link=self.host.link)
        host.pairs = pairs
        for pair in pairs:
            pair.is_standing = False
        self.host = await host.__aenter__()


@pytest_asyncio.fixture
async def meeting(visit, server):
    made = Meeting(visit, Host(server.origin, name="anna"))
    async with made.host:
        yield await made.begin()


# MARK: Talking


async def test_messages_go_both_ways(meeting):
    visit, pair, chat = meeting.visit, meeting.pair, meeting.chat
    await chat.notice("anna (aiortc) is here")
    pair.say("hello")
    pair.say("two\nlines")
    await chat.shows("heard", ["hello", "two\nlines"])
    await pair.until(lambda: pair.delivered == 2)
    pair.acknowledges = False
    await chat.say("hi", "there 🐦")
    await pair.until(lambda: pair.texts == ["hi", "there 🐦"])
    await chat.ticks("sent", "sent")
    await visit.picture("chat-sent")
    pair.acknowledge(1)
    await chat.ticks("delivered", "sent")
    pair.acknowledge()
    await chat.ticks("delivered", "delivered")
    assert all(message.age < 10_000 for message in pair.messages)
    assert pair.agent.startswith(visit.browser.name.capitalize().replace("Chromium", "Chrome"))
    await visit.picture("chat")


async def test_a_long_text_is_said_in_pieces(meeting):
    lines = "\n".join(f"{number} {'é' * 40}" for number in range(3000))
    letters = "🐦" * 6000
    await meeting.chat.say(lines, letters)
    expected = [*cut(lines), *cut(letters)]
    await meeting.pair.until(lambda: meeting.pair.texts == expected)
    assert all(len(text.encode()) <= 10_000 for text in meeting.pair.texts)
    await meeting.chat.ticks(*["delivered"] * len(expected))


async def test_an_age_becomes_a_time(meeting):
    meeting.pair.say("old")
    await meeting.chat.shows("heard", ["old"])
    meeting.pair.talk.say("message", seq=2, text="older", age=3_600_000)
    await meeting.chat.shows("heard", ["old", "older"])
    ages = await meeting.visit.page.evaluate(
        "Array.from(document.querySelectorAll('.talk-row.heard time'), (e) => Date.now() - Date.parse(e.dateTime))")
    assert ages[0] < 60_000 and 3_600_000 <= ages[1] < 3_660_000


async def test_the_words_of_both_sides_and_the_path(meeting):
    visit = meeting.visit
    await visit.page.click("#talk-more")
    words = " · ".join(meeting.pair.words)
    await visit.page.wait_for(f"document.querySelector('#talk-people').textContent.includes({json.dumps(words)})")
    await visit.page.wait_for("document.querySelector('#talk-people').textContent.includes('direct')")
    await visit.picture("chat-details")


# MARK: Lost and found


async def test_a_reload_in_the_middle_loses_nothing(meeting):
    pair, chat, page = meeting.pair, meeting.chat, meeting.visit.page
    pair.acknowledges = False
    await chat.say("1", "2")
    await pair.until(lambda: pair.texts == ["1", "2"])
    pair.say("a")
    await chat.shows("heard", ["a"])
    # Said in the moment in which the page goes, and on the other side while it is away.
    await page.evaluate("""(() => {
        for (const text of ['3', '4']) {
            document.querySelector('#talk-input').value = text;
            document.querySelector('#talk-form').requestSubmit();
        }
    })()""")
    pair.say("b")
    for round_ in range(3):
        await page.reload()
        pair.say(f"c{round_}")
    pair.acknowledges = True
    await chat.talking()
    await chat.shows("said", ["1", "2", "3", "4"])
    await pair.until(lambda: pair.is_standing and pair.connections >= 2)
    await chat.say("5")
    await chat.shows("heard", ["a", "b", "c0", "c1", "c2"])
    await pair.until(lambda: pair.texts == ["1", "2", "3", "4", "5"])
    await chat.ticks(*["delivered"] * 5)
    assert len(meeting.host.pairs) == 1


async def test_a_lost_connection_comes_back_by_itself(meeting):
    pair, chat = meeting.pair, meeting.chat
    await meeting.gone()
    await chat.state("Trying again")
    await chat.notice("The connection to anna is lost")
    await chat.say("written meanwhile", "and this")
    await chat.ticks("not sent yet", "not sent yet")
    await meeting.visit.picture("chat-lost")
    pair.say("from there, too")
    # What waits survives a page that is loaded again while nobody is there.
    await chat.reload()
    await chat.ticks("not sent yet", "not sent yet")
    await meeting.back()
    await meeting.visit.page.evaluate("document.querySelector('#talk-now').click()")
    await pair.until(lambda: pair.texts == ["written meanwhile", "and this"])
    await chat.shows("heard", ["from there, too"])
    await chat.ticks("delivered", "delivered")
    await chat.state("")
    await chat.notice("anna is back")
    assert len(meeting.host.pairs) == 1
    await meeting.host._end()
    await meeting.host.room.__aexit__()


def silence(pair):
    """No packet of the host's leaves any more, as when a cable was pulled; nobody is told."""
    for protocol in pair.talk.pc.sctp.transport.transport._connection._protocols:
        protocol.transport.sendto = lambda *_: None


async def test_a_network_that_falls_silent(meeting):
    pair, chat = meeting.pair, meeting.chat
    silence(pair)
    await chat.say("into the void")
    await chat.state("interrupted")
    await chat.ticks("sent")
    # The page does not wait until its browser gives up: it comes again through the room.
    await pair.until(lambda: pair.connections == 2, 30)
    await pair.until(lambda: pair.texts == ["into the void"])
    await chat.ticks("delivered")
    await chat.state("")
    assert len(meeting.host.pairs) == 1


async def test_after_ten_minutes_a_person_decides(meeting):
    page, chat = meeting.visit.page, meeting.chat
    await page.evaluate("""(() => {
        const now = performance.now.bind(performance);
        window.later = 0;
        performance.now = () => now() + window.later;
    })()""")
    await meeting.gone()
    await chat.state("Trying again")
    await page.evaluate("window.later = 700000")
    await chat.state("not tried any more by itself")
    await chat.say("still kept")
    await meeting.back()
    await page.click("#talk-now")
    await meeting.pair.until(lambda: meeting.pair.texts == ["still kept"])
    await chat.state("")
    await meeting.host._end()
    await meeting.host.room.__aexit__()


async def test_an_ack_that_was_lost_is_no_second_message(meeting):
    pair, chat = meeting.pair, meeting.chat
    pair.acknowledges = False
    await chat.say("once")
    await pair.until(lambda: pair.texts == ["once"])
    await pair.talk.close()
    await pair.until(lambda: pair.connections == 2)
    await chat.ticks("sent")
    pair.acknowledge()
    await chat.ticks("delivered")
    assert pair.texts == ["once"]


async def test_an_old_memory_comes_as_somebody_new(meeting):
    pair, chat, page = meeting.pair, meeting.chat, meeting.visit.page
    meeting.host.people = 3
    await chat.say("1")
    await chat.ticks("delivered")
    await page.wait_for("JSON.parse(sessionStorage['martlet.talk']).members[0].pair.queue.length === 0")
    old = await page.evaluate("JSON.stringify({...sessionStorage})")
    pair.say("a")
    await chat.say("2")
    await pair.until(lambda: pair.texts == ["1", "2"] and pair.delivered == 1)
    # A tab that was put back, as a browser does that has crashed.
    await page.evaluate("addEventListener('pagehide', () => Object.entries("
                        f"{old}).forEach(([key, value]) => sessionStorage.setItem(key, value)))")
    await page.reload()
    while not meeting.host.failures:
        await asyncio.sleep(0.05)
    assert [failure.code for failure in meeting.host.failures] == ["protocol"]
    meeting.host.failures.clear()
    fresh = await meeting.host.somebody(2)
    await chat.talking()
    await fresh.until(lambda: fresh.is_standing)
    await chat.say("3")
    fresh.say("b")
    await fresh.until(lambda: fresh.texts == ["3"])
    await chat.shows("heard", ["b"])
    await chat.shows("said", ["1", "3"])
    assert pair.texts == ["1", "2"] and fresh.their_session != pair.their_session


async def test_a_host_with_an_old_memory_is_met_as_somebody_new(meeting):
    pair, chat = meeting.pair, meeting.chat
    await chat.say("1")
    await chat.ticks("delivered")
    pair.acknowledges = False
    await chat.say("2")
    await pair.until(lambda: len(pair.texts) == 2)
    pair.heard, pair.acknowledged = 0, 0
    await pair.talk.close()
    # It is told, and forgets.
    while not any(getattr(each, "code", "") == "protocol" for each in [pair.failure, *meeting.host.failures]):
        await asyncio.sleep(0.05)
    meeting.host.pairs.clear()
    meeting.host.failures.clear()
    fresh = await meeting.host.somebody()
    await fresh.until(lambda: fresh.texts == ["2"])
    await chat.ticks("delivered", "delivered")


async def test_a_second_tab_with_the_same_memory_stays_out(meeting):
    browser, page = meeting.visit.browser, meeting.visit.page
    memory = await page.evaluate("JSON.stringify({...sessionStorage})")
    second = await browser.open()
    await second.before_scripts(
        f"if (location.protocol !== 'about:') Object.entries({memory}).forEach(([key, value]) => sessionStorage.setItem(key, value))")
    await second.goto(meeting.host.link.origin)
    await second.wait_for("document.documentElement?.dataset.failure === 'other-tab'")
    assert meeting.pair.connections == 1
    await meeting.chat.say("still here")
    await meeting.pair.until(lambda: meeting.pair.texts == ["still here"])


@pytest.mark.parametrize("refuses", ["always", "when much"])
async def test_a_browser_that_keeps_nothing(visit, server, refuses):
    condition = "true" if refuses == "always" else "value.length > 100000"
    visit.page = await visit.browser.open()
    await visit.page.before_scripts(f"""
        const set = Storage.prototype.setItem;
        Storage.prototype.setItem = function (key, value) {{
            if (key === 'martlet.talk' && ({condition})) throw new DOMException('full', 'QuotaExceededError');
            set.call(this, key, value);
        }};""")
    async with Host(server.origin) as host:
        await visit.page.goto(str(host.link))
        chat, pair = ChatPage(visit.page), await host.somebody()
        for number in range(30):
            pair.say(f"{number} {'x' * 9000}")
        await pair.until(lambda: pair.delivered == 30)
        await chat.say("an answer")
        await pair.until(lambda: pair.texts == ["an answer"])
        if refuses == "always":
            await chat.state("keeps nothing")
        else:
            await chat.state("")


# MARK: Who is there


async def test_typing_is_shown_both_ways(meeting):
    pair, page = meeting.pair, meeting.visit.page
    pair.tell("typing", **{"is": True})
    await page.wait_for("document.querySelector('#talk-typing').textContent === 'anna is typing…'")
    await meeting.visit.picture("chat-typing")
    pair.tell("typing", **{"is": False})
    await page.wait_for("document.querySelector('#talk-typing').textContent === ''")
    pair.tell("typing", **{"is": True})
    await page.wait_for("document.querySelector('#talk-typing').textContent !== ''")
    pair.say("done")
    await page.wait_for("document.querySelector('#talk-typing').textContent === ''")
    await page.evaluate("document.querySelector('#talk-input').focus()")
    await page.type("hi")
    await pair.until(lambda: [is_typing for is_typing, _ in pair.typing] == [True])
    await page.evaluate("(() => { const e = document.querySelector('#talk-input'); e.value = '';"
                        " e.dispatchEvent(new Event('input')); })()")
    await pair.until(lambda: [is_typing for is_typing, _ in pair.typing] == [True, False])


async def test_names(meeting):
    pair, chat, page = meeting.pair, meeting.chat, meeting.visit.page
    await page.click("#talk-more")
    await page.evaluate("document.querySelector('#talk-name').select()")
    await page.evaluate("document.querySelector('#talk-name').value = ''")
    await page.click("#talk-name")
    await page.type("chris")
    await page.press("Enter", 13)
    await pair.until(lambda: pair.their_name == "chris")
    pair.tell("name", name="bertha")
    await chat.notice("anna is now called bertha")
    pair.tell("name", name="chris")
    await chat.notice("bertha is now called chris (2)")
    pair.tell("name", name="evil\u202e\u200b\nname <b>")
    await page.wait_for("document.querySelector('#talk-title').textContent.includes('evil')")
    title = await page.evaluate("document.querySelector('#talk-title').textContent")
    assert "\u202e" not in title and "\u200b" not in title and "\n" not in title
    # The browser knows it the next time, too.
    await chat.reload()
    assert await page.evaluate("document.querySelector('#talk-name').value") == "chris"


async def test_leaving(meeting):
    pair, page = meeting.pair, meeting.visit.page
    pair.say("stay")
    await meeting.chat.shows("heard", ["stay"])
    await page.click("#talk-leave")
    await pair.until(lambda: pair.is_over and pair.delivered == 1)
    await meeting.chat.state("You have left")
    assert await page.evaluate("[document.querySelector('#talk-input').disabled, sessionStorage['martlet.talk'] ?? null,"
                               " sessionStorage['martlet.link'] ?? null]") == [True, None, None]
    await meeting.chat.shows("heard", ["stay"])
    await page.click("#talk-done")
    await meeting.visit.failure("no-link")


async def test_being_left(meeting):
    pair = meeting.pair
    await meeting.chat.say("stay")
    await meeting.chat.ticks("delivered")
    pair.say("bye then")
    await pair.leave()
    assert pair.delivered == 1 and not pair.is_standing
    await meeting.chat.shows("heard", ["bye then"])
    await meeting.chat.notice("anna has left")
    await meeting.chat.state("The talk is over")
    await meeting.visit.picture("chat-over")


async def test_a_room_that_is_full(visit, server):
    async with Host(server.origin, size=6) as host:
        pair = Pair(True)
        host.pairs.append(pair)
        await visit.open(host.link)
        assert "full" in await visit.failure("full-talk")


# MARK: The person


async def test_the_keyboard_is_enough(meeting):
    pair, page = meeting.pair, meeting.visit.page
    # The field for messages has it from the beginning.
    assert await page.evaluate("document.activeElement.id") == "talk-input"
    await page.type("first")
    await page.press("Enter", 13)
    await pair.until(lambda: pair.texts == ["first"])
    assert await page.evaluate("[document.activeElement.id, document.activeElement.value]") == ["talk-input", ""]
    await page.press("Tab", 9)
    assert await page.evaluate("document.activeElement.id") == "talk-send"
    pair.say("look at https://example.org/a?b=c, or not")
    await page.wait_for("document.querySelectorAll('.talk-link').length === 1")
    await page.evaluate("document.querySelector('#talk-log').focus()")
    await page.press("Tab", 9)
    assert await page.evaluate("document.activeElement.textContent") == "https://example.org/a?b=c"
    await page.press("Enter", 13)
    await page.wait_for("document.querySelector('#link-dialog').open")
    await page.press("Escape", 27)
    await page.wait_for("!document.querySelector('#link-dialog').open")
    assert await page.evaluate("document.activeElement.className") == "talk-link"


async def test_roles_and_names_for_a_screen_reader(meeting):
    page = meeting.visit.page
    await meeting.chat.say("hi")
    await meeting.chat.ticks("delivered")
    found = await page.evaluate("""(() => {
        const log = document.querySelector('#talk-log');
        const unnamed = Array.from(document.querySelectorAll('#talk button, #talk input, #talk textarea'))
            .filter((e) => !e.textContent.trim() && !e.labels?.length && !e.getAttribute('aria-label'));
        return [log.getAttribute('role'), log.getAttribute('aria-live'), log.getAttribute('aria-label'), unnamed.length,
            document.querySelector('#talk-state-text').getAttribute('role'),
            document.querySelector('.talk-ticks').getAttribute('role'),
            document.querySelector('#talk-more').getAttribute('aria-expanded'),
            document.querySelector('.talk-row.said time').dateTime.length > 0,
            document.querySelectorAll('h1:not([hidden])').length >= 1];
    })()""")
    assert found == ["log", "polite", "Messages", 0, "status", "img", "false", True, True]


async def test_shift_and_enter_make_a_line_and_the_field_grows(meeting):
    page = meeting.visit.page
    height = "document.querySelector('#talk-input').offsetHeight"
    before = await page.evaluate(height)
    await page.evaluate("""(() => {
        const input = document.querySelector('#talk-input');
        const press = (shiftKey) => input.dispatchEvent(
            new KeyboardEvent('keydown', { key: 'Enter', shiftKey, bubbles: true, cancelable: true }));
        input.value = 'one';
        if (press(true)) input.value += '\\ntwo\\nthree\\nfour';
        input.dispatchEvent(new Event('input'));
    })()""")
    assert await page.evaluate(height) > before + 30
    await meeting.visit.picture("chat-lines")
    # What is being written survives a reload, and is as high as before.
    await meeting.chat.reload()
    assert await page.evaluate(height) > before + 30
    await page.press("Enter", 13)
    await meeting.pair.until(lambda: meeting.pair.texts == ["one\ntwo\nthree\nfour"])
    assert await page.evaluate(height) == before


async def test_links_are_text_until_a_person_says_so(meeting):
    page = meeting.visit.page
    address = "http://example.org/" + "a" * 300
    meeting.pair.say(f"see ({address}), javascript:alert(1) and http://xn--bcher-kva.example/ https://b\u00fccher.example/x")
    await page.wait_for("document.querySelectorAll('.talk-link').length === 3")
    assert await page.evaluate("document.querySelectorAll('#talk-log a, #talk-log img').length") == 0
    # The middle of what is broken over lines may be beside it.
    await page.evaluate("document.querySelector('.talk-link').click()")
    await page.wait_for("document.querySelector('#link-dialog').open")
    shown = await page.evaluate("[document.querySelector('#link-address').textContent, document.querySelector('#link-go').href,"
                                " document.querySelector('#link-go').rel, document.querySelector('#link-go').target]")
    assert shown == [address, address, "noopener noreferrer", "_blank"]
    await meeting.visit.picture("chat-link")
    await page.click("#link-no")
    await page.evaluate("document.querySelectorAll('.talk-link')[2].click()")
    assert "xn--" in await page.evaluate("document.querySelector('#link-address').textContent")
    await page.click("#link-no")


NOTIFICATIONS = """
    window.told = [];
    window.Notification = class {
        static permission = %s;
        static async requestPermission() { Notification.permission = 'granted'; window.asked = true; return 'granted'; }
        constructor(title, options) { told.push([title, options.body]); }
        close() { told.push('closed'); }
    };
    window.isAway = false;
    Document.prototype.hasFocus = () => !window.isAway;
"""


async def test_who_looks_elsewhere_is_notified(visit, server):
    visit.page = await visit.browser.open()
    await visit.page.before_scripts(NOTIFICATIONS % "'default'")
    async with Host(server.origin, name="anna") as host:
        await visit.page.goto(str(host.link))
        pair, chat = await host.somebody(), ChatPage(visit.page)
        await chat.talking()
        assert not await visit.page.evaluate("window.asked ?? false")
        await visit.page.click("#talk-notify")
        await visit.page.wait_for("window.asked")
        await visit.page.wait_for("document.querySelector('#talk-notify').hidden")
        pair.say("seen")
        await chat.shows("heard", ["seen"])
        await visit.page.evaluate("window.isAway = true")
        pair.say("one")
        await visit.page.wait_for("window.told.length === 1")
        assert await visit.page.evaluate("told") == [["anna", "one"]]
        pair.say("two")
        pair.say("three")
        await visit.page.wait_for("document.title === '(3) Talk with anna · Martlet'")
        await visit.page.evaluate("(() => { window.isAway = false; dispatchEvent(new Event('focus')); })()")
        await visit.page.wait_for("document.title === 'Talk with anna · Martlet'")
        assert (await visit.page.evaluate("told"))[-1] == "closed"


async def test_without_permission_the_title_tells(visit, server):
    visit.page = await visit.browser.open()
    await visit.page.before_scripts(NOTIFICATIONS % "'denied'")
    async with Host(server.origin, name="anna") as host:
        await visit.page.goto(str(host.link))
        pair = await host.somebody()
        await ChatPage(visit.page).talking()
        await visit.page.evaluate("window.isAway = true")
        pair.say("one")
        await visit.page.wait_for("document.title === '(1) Talk with anna · Martlet'")
        assert await visit.page.evaluate("told") == []
        assert await visit.page.evaluate("document.querySelector('#talk-notify').hidden")


async def test_a_tab_without_animation_frames_shows_what_comes(visit, server):
    visit.page = await visit.browser.open()
    await visit.page.before_scripts("""
        window.requestAnimationFrame = () => 0;
        Object.defineProperty(Document.prototype, 'hidden', { get: () => true });
        Object.defineProperty(Document.prototype, 'visibilityState', { get: () => 'hidden' });""")
    async with Host(server.origin, name="anna") as host:
        await visit.page.goto(str(host.link))
        pair, chat = await host.somebody(), ChatPage(visit.page)
        pair.say("one")
        pair.say("two")
        await chat.shows("heard", ["one", "two"])
        await visit.page.wait_for("document.title.startsWith('(2) ')")
        await pair.until(lambda: pair.delivered == 2)


# MARK: Floods


async def test_a_flood_stays_bounded_and_in_order(meeting):
    pair, chat, page = meeting.pair, meeting.chat, meeting.visit.page
    for number in range(3000):
        pair.say(f"{number} " + "<img src=x onerror=alert(1)>\u202e" * (number % 5))
    await pair.until(lambda: pair.delivered == 3000, 60)
    await page.wait_for("document.querySelector('#talk-log').lastChild.textContent.includes('2999 ')")
    numbers = await page.evaluate(
        "Array.from(document.querySelectorAll('.talk-row.heard .talk-text'), (e) => parseInt(e.textContent))")
    assert len(numbers) <= 1000 and numbers == list(range(3000 - len(numbers), 3000))
    assert await page.evaluate("document.querySelectorAll('#talk-log img, #talk-log script').length") == 0
    assert await page.evaluate("JSON.parse(sessionStorage['martlet.talk']).messages.length") == 500
    await chat.say("still alive")
    await pair.until(lambda: pair.texts == ["still alive"])
    await chat.reload()
    await page.wait_for("document.querySelector('#talk-log').textContent.includes('2999 ')")


async def test_hostile_text_stays_in_its_place(meeting):
    page = meeting.visit.page
    hostile = ["W" * 10_000, "\n" * 9_999 + "x", "a" + "\u0301" * 4_900, "\u202e\u2066evil\u0007\x1b[2J", "\ufdfd" * 3_000]
    for text in hostile:
        meeting.pair.say(text)
    await meeting.pair.until(lambda: meeting.pair.delivered == len(hostile))
    await page.wait_for(f"document.querySelectorAll('.talk-row.heard').length === {len(hostile)}")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.evaluate("document.querySelector('#talk-log').scrollWidth <= document.querySelector('#talk-log').clientWidth")
    shown = await page.evaluate("document.querySelector('#talk-log').textContent")
    assert not set(shown) & set("\u202e\u2066\u0007\x1b")
    await meeting.visit.picture("chat-hostile")


# MARK: The pair by itself

SIMULATION = """(async () => {
    const { ChatPair, caller, answerer } = await import('/chat.js');
    let seed = %d;
    const random = (count) => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return Math.floor(seed / 4294967296 * count);
    };
    const one = { pair: new ChatPair(caller), said: [], heard: [] };
    const two = { pair: new ChatPair(answerer), said: [], heard: [] };
    one.pair.theirSession = two.pair.session;
    const sides = [[one, two], [two, one]];
    let wires = null;
    const connect = () => {
        for (const [side] of sides) side.pair.lose();
        const begin = one.pair.begin;
        two.pair.meet(begin.have, begin.session);
        one.pair.meet(two.pair.begin.have);
        wires = new Map([[one, []], [two, []]]);
        for (const [side] of sides) {
            const ack = side.pair.acknowledgement();
            if (ack) wires.get(side).push(ack);
        }
    };
    const copy = (side) => {
        const { queue, ...kept } = structuredClone(side.pair.kept);
        const messages = side.pair.queue;
        side.pair = new ChatPair(side.pair.role, null, { ...kept, queue: messages });
    };
    const step = () => {
        const [side, other] = sides[random(2)];
        const wire = wires.get(side);
        switch (random(8)) {
        case 0: {
            const message = { text: `${side.said.length} ${'x'.repeat(random(9000))}`, time: 0 };
            side.said.push(message.text);
            side.pair.say(message);
            break;
        }
        case 1: case 2:
            for (const { seq, message } of side.pair.take()) wire.push({ type: 'message', seq, text: message.text, age: 0 });
            break;
        case 3: {
            const ack = side.pair.acknowledgement();
            if (ack) wire.push(ack);
            break;
        }
        case 4: if (random(20) === 0) connect(); break;
        case 5: if (random(20) === 0) { copy(side); connect(); } break;
        default: deliver(side, other);
        }
    };
    const deliver = (side, other) => {
        const message = wires.get(side).shift();
        if (message?.type === 'message') other.heard.push(other.pair.hear(message).text);
        else if (message) other.pair.handleAcknowledgement(message);
    };
    connect();
    for (let index = 0; index < 20000; index += 1) step();
    for (let index = 0; index < 4000; index += 1) {
        for (const [side, other] of sides) {
            for (const { seq, message } of side.pair.take()) {
                wires.get(side).push({ type: 'message', seq, text: message.text, age: 0 });
            }
            const ack = side.pair.acknowledgement();
            if (ack) wires.get(side).push(ack);
            for (let count = 0; count < 8; count += 1) deliver(side, other);
        }
    }
    const same = (left, right) => JSON.stringify(left) === JSON.stringify(right);
    return [one.said.length > 500, same(one.said, two.heard), same(two.said, one.heard),
        one.pair.queue.length, two.pair.queue.length];
})()"""


@pytest.mark.parametrize("seed", [1, 20, 300])
async def test_a_pair_loses_and_doubles_nothing_whatever_breaks(visit, server, seed):
    visit.page = await visit.browser.open(server.origin)
    assert await visit.page.evaluate(SIMULATION % seed) == [True, True, True, 0, 0]
