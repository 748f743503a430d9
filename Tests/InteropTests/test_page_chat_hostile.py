"""The page's talk across from a peer that dresses up its words, floods, lies about numbers, or takes somebody's place."""

import asyncio
import contextlib
import json
import time

import pytest

from chat_peer import Guest, Host, Talk
from martlet_peer import TransferError
from rendezvous import Rendezvous
from rooms_client import Link, RoomClient

#: Kinds of elements that a row of the talk is made of.
ELEMENTS = {"DIV", "P", "SPAN", "BDI", "TIME", "BUTTON"}
LOG = """(() => {
    const log = document.getElementById("talk-log");
    return {
        text: log.innerText, kinds: [...new Set([...log.querySelectorAll("*")].map((each) => each.tagName))],
        attributes: [...new Set([...log.querySelectorAll("*")].flatMap((each) => each.getAttributeNames()))],
        rows: log.querySelectorAll(".talk-row").length,
        texts: [...log.querySelectorAll(".heard .talk-text")].map((each) => each.textContent),
        loaded: performance.getEntriesByType("resource").map(({ name }) => new URL(name).origin)
            .filter((origin) => origin !== location.origin),
        wide: document.documentElement.scrollWidth - innerWidth, taken: globalThis.taken ?? null,
    };
})()"""
DANGEROUS = [*range(0, 9), *range(11, 32), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]


@contextlib.asynccontextmanager
async def talking(visit, **options):
    """The page as guest of a talk: (host, the pair with the page)."""
    async with Host(visit.server.origin, **options) as host:
        visit.link = host.link
        await visit.open()
        pair = await host.somebody()
        await visit.state("talking")
        yield host, pair


async def log(visit):
    shown = await visit.page.evaluate(LOG)
    assert set(shown["kinds"]) <= ELEMENTS, shown["kinds"]
    assert not any(name.startswith("on") or name in ("href", "src", "style") for name in shown["attributes"]), shown["attributes"]
    assert not any(chr(code) in shown["text"].replace("\n", "").replace("\t", "") for code in DANGEROUS)
    assert shown["taken"] is None and shown["loaded"] == [] and shown["wide"] <= 0, shown
    return shown


async def heard(visit, count, timeout=20):
    """Waits until so many texts of the other side are shown."""
    await visit.page.wait_for(f"document.querySelectorAll('#talk-log .heard').length >= {count}", timeout)
    return await log(visit)


async def say(visit, text):
    """What a person does to say something."""
    await visit.page.evaluate(f"""(() => {{
        const input = document.getElementById("talk-input");
        input.value = {json.dumps(text)};
        input.dispatchEvent(new Event("input"));
        document.getElementById("talk-form").requestSubmit();
    }})()""")


async def ended(visit, timeout=20):
    """Waits until the page has given the talk up; what it says of that."""
    await visit.page.wait_for("document.getElementById('talk-input').disabled", timeout)
    sentence = await visit.page.evaluate("document.getElementById('talk-state-text').textContent")
    assert sentence, "nothing is said of it"
    return sentence


DRESSED = [
    "<img src=x onerror='globalThis.taken=1'>", "<script>globalThis.taken=2</script>", "<b>bold</b><iframe src=//example.org>",
    "javascript:globalThis.taken=3", "data:text/html,<script>globalThis.taken=4</script>", "&lt;i&gt; &#x202e;", "${taken=5}",
    "http://example.org/<script>globalThis.taken=6</script>", "https://example.org/'onclick='globalThis.taken=7",
    "https://user:pass@example.org/", "http://", "https://[::1", "http://xn--80ak6aa92e.com/ http://\u0430pple.com/",
    "\x1b[2J\x1b]0;title\x07\x9b31m", "\x00\x01\x7f\x85", "a\u202egnp.exe", "\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d",
    "one\rtwo\r\nthree\u2028four\u2029five", "\n" * 200, " ", "\u200b", "\u0301" * 500, "\U000e0001\U000e0041", "\ufeff",
    "\ud800 alone", "\u0600" * 100, "👩‍👩‍👧‍👦" * 300, "x" * 10_000, "日" * 3_333, "http://" + "a" * 9_000, "\n".join(["y"] * 4_999),
    "-" * 9_990 + "\u202e",
]


async def test_words_that_dress_up_are_words(visit):
    async with talking(visit, name="<b>\u202eho\x1bst</b>") as (host, pair):
        pair.sent = len(DRESSED)
        for number, text in enumerate(DRESSED):
            # With escapes in the JSON: halves of surrogate pairs, too.
            pair.talk.control.send(json.dumps({"type": "message", "seq": number + 1, "text": text, "age": 0}))
        shown = await heard(visit, len(DRESSED))
        assert shown["texts"][0] == DRESSED[0] and shown["texts"][-5] == DRESSED[-5]
        assert "<b>" in await visit.page.evaluate("document.getElementById('talk-title').innerText")
        # An address is text, and what a click shows is where it leads.
        buttons = "[...document.querySelectorAll('#talk-log .talk-link')]"
        addresses = await visit.page.evaluate(f"{buttons}.map((each) => each.textContent)")
        assert addresses and all(address.startswith(("http://", "https://")) for address in addresses), addresses
        for number in range(len(addresses)):
            await visit.page.evaluate(f"{buttons}[{number}].click()")
            address = await visit.page.evaluate("document.getElementById('link-go').href")
            assert address.startswith(("http://", "https://")) and address.isascii(), address
            assert await visit.page.evaluate("document.getElementById('link-address').textContent") == address
            await visit.page.click("#link-no")
        await visit.page.resize(360, 740)
        await log(visit)
        await visit.picture("chat-hostile")
        for name in ("\u202eevil", "<i>x</i>", "\x1b[31m", "x" * 40, "日" * 40, " ", "\u200b\u200b"):
            pair.talk.say("name", name=name)
        pair.talk.say("typing", **{"is": True})
        await visit.page.wait_for("document.getElementById('talk-typing').textContent")
        await log(visit)
        typing = await visit.page.evaluate("document.getElementById('talk-typing').textContent + document.title")
        assert not any(chr(code) in typing for code in DANGEROUS) and "\u200b" not in typing


def raw(*messages):
    """What is said, each as text, bytes or an object."""
    def act(pair):
        for message in messages:
            pair.talk.control.send(message if isinstance(message, (str, bytes)) else json.dumps(message))
    return act


def message(seq=1, text="x", age=0, **members):
    return {"type": "message", "seq": seq, "text": text, "age": age, **members}


WRONG = {
    "a number left out": raw(message(), message(3)), "a number twice": raw(message(), message()), "number 0": raw(message(0)),
    "number 1.5": raw(message(1.5)), "a number as text": raw(message("1")), "number 2^53": raw(message(2 ** 53)),
    "no text": raw(message(text="")), "text that is none": raw(message(text=["x"])),
    "10,001 bytes": raw(message(text="é" * 5_000 + "x")), "no age": raw({"type": "message", "seq": 1, "text": "x"}),
    "age -1": raw(message(age=-1)), "age 1e300": raw(message(age=1e300)),
    "an ack ahead": raw({"type": "ack", "seq": 1}), "an ack of -1": raw({"type": "ack", "seq": -1}),
    "an ack of nothing": raw({"type": "ack"}), "65,537 bytes": raw(message(more="x" * 65_537)),
    "no JSON": raw("{"), "no object": raw("[]"), "null": raw("null"), "deep": raw("[" * 30_000), "no type": raw({}),
    "bytes": raw(b"x"), "the data channel": lambda pair: pair.talk.data.send("x"),
    "bytes on the data channel": lambda pair: pair.talk.data.send(b"x"),
    "unknown": raw({"type": "__proto__"}), "constructor": raw({"type": "constructor"}),
    "1,001 unknown": raw(*[{"type": "later", "optional": True}] * 1001),
    "a second hello": raw({"type": "hello", "protocol": "martlet.chat", "version": 1, "agent": "", "name": "x", "people": 2}),
    "a second begin": raw({"type": "begin", "session": "A" * 22, "have": 0}), "a reveal": raw({"type": "reveal", "nonce": "0" * 32}),
    "typing 1": raw({"type": "typing", "is": 1}), "no name": raw({"type": "name", "name": ""}), "41 characters": raw({"type": "name", "name": "日" * 41}),
    "a name that is none": raw({"type": "name", "name": {}}), "a signal of nobody": raw({"type": "signal", "peer": 1}),
    "an introduction of nobody": raw({"type": "introduce"}),
}


#: Of these each goes over a connection; all of them but those that are no text to the talk itself.
WIRED = ("an ack ahead", "65,537 bytes", "bytes", "the data channel", "1,001 unknown")
#: Feeds a talk of this page, as its guest, with texts; what it said last, and how that ended, of each list of texts.
FED = """(async (cases) => {
    const [{ Talk }, { ChatConnection }] = await Promise.all([import("/talk.js"), import("/chatconnection.js")]);
    const store = { keep: () => true, clear() {}, isWorking: true };
    const hello = { type: "hello", protocol: "martlet.chat", version: 1, agent: "a", name: "b", people: 2 };
    const begin = { type: "begin", session: "A".repeat(22), have: 0 };
    return cases.map((texts) => {
        const said = [];
        const ends = [];
        const peer = { certificates: null, sendText: (text) => said.push(JSON.parse(text)), closeGently() {}, close() {} };
        const talk = new Talk(store, { room: "r", side: "guest", name: "n" });
        const hooks = { onBegun() {}, onFailure: ({ code }) => ends.push(code) };
        const connection = talk.answer(peer, hooks, talk.addMember("answerer"));
        for (const text of [JSON.stringify(hello), JSON.stringify(begin), ...texts]) connection.handleText(text);
        return [said.at(-1).type, said.at(-1).code, ...ends];
    });
})"""


async def led_astray(visit, act, problems, name):
    """A tab that is led to a host who does this."""
    async with Host(visit.server.origin) as host:
        page = await visit.browser.open(str(host.link))
        pair = await host.somebody()
        pair.acknowledges, pair.sent = False, 2 ** 53
        act(pair)
        with contextlib.suppress(TransferError):
            await pair.until(lambda: not pair.is_standing)
        if not pair.failure or pair.failure.code != "protocol":
            problems.append((name, "the other side hears", pair.failure))
        await page.wait_for("document.getElementById('talk-input').disabled", 10)
        sentence = await page.evaluate("document.getElementById('talk-state-text').textContent")
        errors = [text for level, text in page.console if level == "error" and "WebSocket" not in text]
        if "unexpected" not in sentence or errors:
            problems.append((name, sentence, errors))
        await page.close()


async def test_what_makes_no_sense_ends_the_talk_and_is_told(visit):
    problems = []
    for name in WIRED:
        await led_astray(visit, WRONG[name], problems, name)
    assert not problems, problems
    async with talking(visit):
        texts = {}
        for name, act in WRONG.items():
            said = texts[name] = []
            talk = type("Recorded", (), {})()
            talk.control = talk.data = type("Channel", (), {"send": staticmethod(said.append)})
            act(type("Recorder", (), {"talk": talk}))
        cases = {name: said for name, said in texts.items() if "data channel" not in name and all(
            isinstance(text, str) for text in said)}
        ends = await visit.page.evaluate(f"{FED}({json.dumps([[], *cases.values()])})")
        assert ends[0] == ["begin", None], ends[0]
        wrong = {name: end for name, end in zip(cases, ends[1:]) if end != ["error", "protocol", "protocol"]}
        assert not wrong, wrong
        assert len(cases) > 30


async def test_more_than_the_window_ends_the_talk(visit):
    async with talking(visit) as (_, pair):
        pair.acknowledges = False
        busy = asyncio.create_task(visit.page.evaluate(
            "(() => { const end = performance.now() + 1500; while (performance.now() < end); })()"))
        await asyncio.sleep(0.2)
        raw(*(message(number) for number in range(1, 400)))(pair)
        await busy
        assert "unexpected" in await ended(visit)
        assert pair.heard == 0


async def awake(visit, running):
    """The page answers while something goes on; its slowest answer, in seconds."""
    slowest = 0
    while not running.done():
        started = time.monotonic()
        await visit.page.evaluate("1")
        slowest = max(slowest, time.monotonic() - started)
        await asyncio.sleep(0.05)
    await running
    return slowest


async def test_a_flood_is_taken_at_the_pace_of_the_page(visit):
    async with talking(visit) as (host, pair):
        async def flood():
            for number in range(1500):
                pair.say(f"{number} " + "x" * 200)
            await pair.until(lambda: pair.delivered == 1500, 60)
            pair.said += 1
            pair.sent = pair.said
            for number in range(1500):
                pair.talk.say("typing", **{"is": number % 2 == 0})
                pair.talk.say("name", name=f"name {number}")
            for _ in range(1000):
                pair.talk.say("later", optional=True)
            pair.talk.say("message", seq=1501, text="the last", age=0)
            await pair.until(lambda: pair.delivered == 1501, 60)
        assert await awake(visit, asyncio.create_task(flood())) < 5
        shown = await heard(visit, 1)
        assert shown["texts"][-1] == "the last" and shown["rows"] <= 1000
        # Not every name is news, and the talk is not washed away by them.
        await visit.page.wait_for("document.title.includes('name 1499')")
        assert (await log(visit))["text"].count("is now called") < 100
        # What the page says waits for a peer that acknowledges nothing.
        pair.acknowledges = False
        await visit.page.evaluate("""(() => {
            const form = document.getElementById("talk-form");
            for (let count = 0; count < 300; count += 1) {
                document.getElementById("talk-input").value = `mine ${count}`;
                form.requestSubmit();
            }
        })()""")
        await pair.until(lambda: pair.heard == 256)
        await asyncio.sleep(0.3)
        pair.acknowledge()
        pair.acknowledges = True
        await pair.until(lambda: pair.texts == [f"mine {count}" for count in range(300)])
        await visit.page.wait_for("document.querySelectorAll('.talk-row.said[data-state=delivered]').length === 300")


#: Counts the connections that the page has open, and those that it ever made.
COUNTED = """{
    const Original = RTCPeerConnection;
    globalThis.made = [];
    globalThis.RTCPeerConnection = class extends Original {
        constructor(...rest) {
            super(...rest);
            made.push(this);
        }
    };
    globalThis.open = () => made.filter(({ signalingState }) => signalingState !== "closed").length;
}"""


async def test_introductions_of_nobody_cost_little(visit):
    async with Host(visit.server.origin, people=4) as host:
        visit.page = await visit.browser.open()
        await visit.page.before_scripts(COUNTED)
        await visit.page.goto(str(host.link))
        pair = await host.somebody()
        await visit.state("talking")

        async def flood():
            for peer in range(1, 501):
                pair.talk.say("introduce", peer=peer, attempt=1, name=f"<b>name {peer}", calls=peer % 2 == 0)
                pair.talk.say("signal", peer=peer, attempt=1, payload={"type": "offer", "sdp": "v=0\r\n" + "x" * 1000})
            for attempt in range(2, 102):
                pair.talk.say("introduce", peer=2, attempt=attempt, name="again", calls=True)
                for _ in range(10):
                    pair.talk.say("signal", peer=2, attempt=attempt, payload={"type": "candidate", "candidate": "x", "mid": 7})
            pair.say("still there?")
            await pair.until(lambda: pair.delivered == 1, 30)
        assert await awake(visit, asyncio.create_task(flood())) < 5
        # The host, and as many others as there can be.
        still, made = await visit.page.evaluate("[open(), made.length]")
        assert still <= 5 and made < 60, (still, made)
        await heard(visit, 1)
        await say(visit, "I am")
        await pair.until(lambda: pair.texts == ["I am"])


async def test_channels_that_nobody_asked_for_are_closed(visit):
    async with talking(visit) as (_, pair):
        def announce(label, protocol="martlet.transfer.1", **options):
            return pair.talk.pc.createDataChannel(label, protocol=protocol, **options)
        others = [announce("martlet-file", "x"), announce("x"), announce("martlet-control"), announce(""),
                  announce("martlet-file", ordered=False), announce("martlet-file", maxRetransmits=0)]
        for channel in others:
            channel.on("open", lambda channel=channel: channel.send("x"))
        files = [announce("martlet-file") for _ in range(40)]
        async with asyncio.timeout(20):
            while any(channel.readyState != "closed" for channel in [*others, *files[8:]]):
                await asyncio.sleep(0.05)
        assert all(channel.readyState == "open" for channel in files[:8])
        pair.say("still here")
        await heard(visit, 1)


async def test_a_host_that_remembers_what_was_never_said_is_given_up(visit):
    async with Host(visit.server.origin) as host:
        found = host._find

        def remember(hello):
            pair = found(hello)
            pair.their_session, pair.heard = hello["session"], 7
            return pair
        host._find = remember
        visit.link = host.link
        await visit.open()
        await visit.page.wait_for("document.documentElement.dataset.failure || "
                                  "document.getElementById('talk-input').disabled", 40)
        assert len(host.failures) < 12


#: The clock of the page: what would take more than 10 s takes a tenth.
HASTE = """{
    const original = globalThis.setTimeout;
    globalThis.setTimeout = (work, wait, ...rest) => original(work, wait > 10000 ? wait / 10 : wait, ...rest);
}"""


async def test_a_side_that_never_begins_is_given_up(visit):
    async def silent_host(says_hello):
        link = Link.fresh(visit.server.origin)
        async with RoomClient(link, True) as room:
            page = await visit.browser.open()
            await page.before_scripts(HASTE)
            await page.goto(str(link))
            await asyncio.wait_for(room.paired(), 20)
            talk = Talk()
            await talk.establish(room)
            if says_hello:
                talk.say("hello", protocol="martlet.chat", version=1, agent="aiortc", name="host", people=2)
                await talk.expect("hello")
            await page.wait_for("document.documentElement.dataset.failure", 20)
            assert await page.evaluate("document.documentElement.dataset.failure") in ("silent", "no-path", "stalled")
            await talk.close()
            await page.close()
    await silent_host(True)


# MARK: The page as host


@contextlib.asynccontextmanager
async def page_as_host(browser):
    """(the page, the link to its talk)."""
    async with Rendezvous(hosting=True) as server:
        page = await browser.open(server.origin)
        await page.wait_for("document.documentElement.dataset.state === 'beginning'")
        await page.click("#chat")
        await page.wait_for("document.documentElement.dataset.state === 'hosting'")
        yield page, Link.parse(await page.evaluate("document.getElementById('link').textContent"))


async def test_a_place_belongs_to_a_session(browser):
    async with page_as_host(browser) as (page, link), Guest(link, "anna") as anna:
        await page.wait_for("document.documentElement.dataset.state === 'talking'")
        anna.host.say("one")
        await anna.host.until(lambda: anna.host.delivered == 1)
        # Somebody else finds no place, whatever they say.
        with pytest.raises(TransferError) as error:
            await Guest(link, "eve").enter()
        assert error.value.code == "taken" and anna.host.is_standing
        for session in ("", "x", "A" * 23, "A" * 21 + "B", 7, None, anna.host.session.swapcase()):
            eve = Guest(link, "eve")
            eve.host.session = session
            with pytest.raises(TransferError) as error:
                await eve.enter()
            assert error.value.code in ("protocol", "taken"), session
        assert anna.host.is_standing
        # Whoever has the session has the place: the connection that stood is closed, and nothing is said twice.
        again = Guest(link, "anna")
        again.host.session = anna.host.session
        again.host.their_session, again.host.said, again.host.sent = anna.host.their_session, 1, 1
        again.host.delivered = again.host.acknowledged = 0
        await again.enter()
        await anna.host.until(lambda: not anna.host.is_standing)
        again.host.say("two")
        await again.host.until(lambda: again.host.delivered == 2)
        # An old state is no state: told so, they may come as somebody new.
        old = Guest(link, "anna")
        old.host.session, old.host.their_session, old.host.said = anna.host.session, anna.host.their_session, 0
        with pytest.raises(TransferError, match="have 2 of 0"):
            await old.enter()
        texts = "[...document.querySelectorAll('#talk-log .heard .talk-text')].map((each) => each.textContent)"
        assert await page.evaluate(texts) == ["one", "two"]
        await again.__aexit__()
        await old.__aexit__()
