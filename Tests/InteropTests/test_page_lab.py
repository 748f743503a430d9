"""The page as partner of a lab (Docs/Protocols/Lab.md) in real browsers, across from an independent conductor
(lab_conductor.py)."""

import asyncio
import contextlib
import json

import pytest
import pytest_asyncio

from chromium import Chromium
from conftest import SCREENSHOTS, Visit
from firefox import Firefox
from lab_conductor import Conductor, Impairment, Live, RunFailed, message, now
from martlet_peer import TransferError
from page_support import meet_again

UNORDERED, ONCE = {"ordered": False}, {"ordered": False, "maxRetransmits": 0}


@pytest_asyncio.fixture
async def conductor(visit):
    made = await Conductor(await visit.connect()).begin()
    yield made
    await made.close()


async def pictures(visit, name):
    """As `Visit.picture`, and on a screen that is wide enough for strips side by side."""
    await visit.picture(name)
    if SCREENSHOTS:
        await visit.page.resize(1440, 900)
        for scheme in ("light", "dark"):
            if hasattr(visit.page, "prefer"):
                await visit.page.prefer(scheme)
            # Colours and sizes follow within a frame or two.
            await visit.page.evaluate("new Promise((resolve) => setTimeout(resolve, 300))")
            assert await visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            await visit.page.screenshot(f"{SCREENSHOTS}/{name}-wide-{scheme}-{visit.browser.name}.png")


async def text(visit, selector):
    return await visit.page.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")


# MARK: Runs


async def test_the_page_receives(visit, conductor):
    assert ("Firefox" if visit.browser.name == "firefox" else "Chrome") in conductor.partner
    ahead, error = await conductor.clocks()
    run = await conductor.run(channel=ONCE, bytes=1200, rate=200, milliseconds=1000, of=7)
    assert run.accepted == run.offered == 200
    # Sent once: a machine that is busy may hold an acknowledgement up until the sender gives something up.
    came = [sequence for sequence, _ in run.came]
    assert len(set(came)) == len(came) >= 180 and set(came) <= set(range(200)) and run.damaged == 0
    latencies = [at - ahead - run.sent_at[sequence] for sequence, at in run.came]
    # Nothing comes before it was sent, as far as the two clocks can be compared.
    assert min(latencies) > -error - 1500, (min(latencies), error)
    assert sorted(latencies)[len(latencies) // 2] < 100_000
    times = [at for at, _ in run.received_reports]
    assert all(later - earlier > 60_000 for earlier, later in zip(times[:-1], times[1:-1])), "oftener than every 100 ms"


async def test_the_page_sends(visit, conductor):
    ahead, error = await conductor.clocks()
    run = await conductor.run(sends=False, channel=UNORDERED, bytes=1000, rate=250, milliseconds=2000)
    # A machine that is busy holds the page up, and nobody catches up.
    assert run.offered == 500 and 250 <= run.accepted <= 500
    assert sorted(sequence for sequence, _ in run.came) == list(range(run.accepted)) and run.damaged == 0
    assert all(at + ahead > run.sent_at[sequence] - error - 1500 for sequence, at in run.came)
    # Without drift: each was due at its time, none before it.
    sent = [run.sent_at[sequence] for sequence in range(run.accepted)]
    assert 1_990_000 <= sent[-1] - sent[0] + 4000 <= 2_110_000, sent[-1] - sent[0]
    late = sorted(at - sent[0] - sequence * 4000 for sequence, at in enumerate(sent))
    if run.accepted == run.offered:
        assert late[0] > -2500 and late[len(late) // 2] < 10_000, (late[0], late[len(late) // 2], late[-1])
    reports = [at for at, _, _ in run.sent_reports]
    assert len(reports) >= 7


async def test_as_fast_as_possible_in_both_directions(conductor):
    sent = await conductor.run(sends=False, bytes=16_384, milliseconds=600)
    assert sent.offered == sent.accepted == sent.delivered > 20 and sent.damaged == 0
    received = await conductor.run(bytes=60_000, milliseconds=600)
    assert received.accepted == received.delivered > 5 and received.damaged == 0


async def test_what_the_channel_does_not_hold_is_not_accepted(conductor):
    slow = Impairment({"delay": 150})
    run = await conductor.run(sends=False, channel={"ordered": True}, impairment=slow, bytes=60_000, rate=500, milliseconds=1500)
    assert run.offered == 750
    assert run.accepted < 500, "480 KB are held, and little leaves"
    assert run.delivered == run.accepted


async def test_several_runs_at_once_over_lossy_links(visit, conductor):
    """Each over a connection of its own: what the options promise is what comes."""
    async def one(channel, sends, seed):
        run = await conductor.prepare(channel=channel, sends=sends, impairment=Impairment({"loss": 0.1, "delay": 10}, seed),
                                      bytes=300, rate=100, milliseconds=2000)
        return run
    wanted = [({"ordered": True}, True), (ONCE, True), ({"ordered": True}, False), (ONCE, False)]
    runs = [await one(channel, sends, seed) for seed, (channel, sends) in enumerate(wanted)]
    for run in runs:
        run.start()
    assert await text(visit, "#lab-title") == "4 runs at once"
    for run in runs:
        await run.finish(20 if run.channel["ordered"] else 1.5)
    reliable, once, reliable_back, once_back = runs
    assert reliable.delivered == reliable.accepted and reliable_back.delivered == reliable_back.accepted
    for run in (once, once_back):
        assert 0.75 * run.accepted < run.delivered < run.accepted, (run.delivered, run.accepted)
    assert all(run.damaged == 0 for run in runs)


async def test_a_ninth_run_is_refused(conductor):
    for _ in range(8):
        conductor.last += 1
        conductor.runs[conductor.last] = None
        conductor.say("run", run=conductor.last, channel=UNORDERED, traffic={"bytes": 100}, **{"from": "conductor"})
    conductor.runs = {}
    with pytest.raises(RunFailed, match="Eight"):
        await conductor.prepare(bytes=100, rate=10, milliseconds=100)


async def test_a_run_that_has_no_way_fails_and_the_next_goes_on(visit, conductor):
    conductor.last = 1
    run = conductor.runs[1] = type("Silent", (), {"take": lambda self, said: said_so.append(said), "changed": asyncio.Event(),
                                                  "close": lambda self: asyncio.sleep(0)})()
    said_so = []
    conductor.say("run", run=1, channel=UNORDERED, traffic={"bytes": 100}, **{"from": "conductor"})
    conductor.say("signal", run=1, payload={"type": "offer", "sdp": "v=0\r\n"})
    async with asyncio.timeout(20):
        while not any(said["type"] == "failed" for said in said_so):
            await asyncio.sleep(0.02)
    run = await conductor.run(bytes=100, rate=100, milliseconds=200)
    assert run.delivered == run.accepted == 20
    await visit.page.wait_for("document.querySelector('#lab-past-list').children.length === 2")
    assert "cannot be answered" in await visit.page.evaluate("document.querySelector('#lab-past-list').textContent")


async def test_damaged_messages_are_counted(conductor):
    run = await conductor.prepare(bytes=100, rate=1, milliseconds=1000)
    run.start()
    good = message(run.number, 1, now(), 100)
    for bad in (good[:-1], good + b"\0", b"X" + good[1:], good[:-1] + b"\0", message(run.number + 1, 1, now(), 100), b"", "text"):
        run.data.send(bad)
    await run.until(lambda: run.damaged == 7)
    await run.finish()
    assert run.delivered == 1


# MARK: The screen


async def test_who_measures_and_which_run(visit, conductor):
    await visit.page.wait_for("document.documentElement.dataset.state === 'measuring'")
    assert "Measured by aiortc" in await text(visit, "#lab-peer")
    await conductor.clocks()
    run = await conductor.prepare(channel=ONCE, impairment=Impairment({"loss": 0.2, "delay": 30}), bytes=200, rate=100,
                                  milliseconds=3000, of=40)
    run.start()
    assert await text(visit, "#lab-title") == "Run 1 of 40"
    await visit.page.wait_for("/^[78]\\d %/.test(document.querySelector('.lab-big').textContent)", 10)
    shown = await text(visit, ".lab-strip")
    assert "unordered,\nmaxRetransmits 0" in shown and "200 bytes, 100 a second, for 3 s" in shown
    assert "of the messages never arrive" in shown
    p50 = await visit.page.evaluate("document.querySelector('.lab-figures dd').textContent")
    assert p50.endswith(" ms") and 25 <= float(p50.split()[0]) < 500, p50
    await pictures(visit, "lab-run")
    await run.finish(1)
    await conductor.connection.close()
    shown = await visit.failure("lab-over")
    assert "One run is over" in shown
    # What told of a run that was under way is gone.
    assert not any(words in shown for words in ("Measured by", "Run 1", "next run", "not here yet"))


async def test_stopping(visit, conductor):
    run = await conductor.prepare(bytes=100, rate=50, milliseconds=60_000)
    run.start()
    await visit.page.click("#lab-stop")
    assert "You stopped the lab" in await visit.failure("lab-stopped")
    assert (await conductor.ended()).code == "cancelled"


async def test_a_lost_connection_in_the_middle(visit, conductor):
    run = await conductor.prepare(bytes=100, rate=50, milliseconds=60_000)
    run.start()
    await run.until(lambda: run.delivered > 5)
    await conductor.connection.close()
    assert "The connection was lost" in await visit.failure("lab-lost")


async def test_a_conductor_that_comes_again(visit, conductor):
    """The person presses "Try again", and enters the same room."""
    run = await conductor.prepare(bytes=100, rate=50, milliseconds=60_000)
    run.start()
    await conductor.connection.close()
    await conductor.close()
    await visit.failure("lab-lost")
    await visit.page.click("#retry")
    again = await Conductor(await meet_again(visit)).begin()
    run = await again.run(bytes=100, rate=100, milliseconds=100)
    assert run.delivered == 10
    await again.close()


# MARK: Live


async def slide(visit, knob, share):
    """As a hand would: the slider to a place among its stops."""
    await visit.page.evaluate(f"""(() => {{
        const input = document.querySelector('[data-knob="{knob}"]');
        input.value = Math.round({share} * input.max);
        input.dispatchEvent(new Event('input', {{ bubbles: true }}));
        input.dispatchEvent(new Event('change', {{ bubbles: true }}));
    }})()""")


async def live_of(conductor, link, **options):
    live = Live(conductor, link, {"bytes": 400, "rate": 60}, **options)
    await live.begin()
    return live, asyncio.create_task(live.follow())


STRIPS = """Array.from(document.querySelectorAll('.lab-strip'), (strip) => [strip.querySelector('h2').textContent,
    parseFloat(strip.querySelector('strong').textContent), strip.querySelector('.lab-says').textContent])"""


#: Texts of a strip that lie over each other or beside their card; and on a phone what is seen above the sliders when one scrolls.
CROWDED = """(async () => {
    const wrong = [];
    const edges = (range) => {
        const { left, right, top, bottom } = range.getBoundingClientRect();
        return { left, right, top, bottom };
    };
    for (const strip of document.querySelectorAll(".lab-strip")) {
        const walker = document.createTreeWalker(strip, NodeFilter.SHOW_TEXT);
        const card = edges(strip);
        const texts = [];
        while (walker.nextNode()) {
            const range = document.createRange();
            range.selectNodeContents(walker.currentNode);
            const place = edges(range);
            if (place.right > place.left) texts.push([walker.currentNode.data, place]);
        }
        texts.forEach(([text, place], index) => {
            if (place.left < card.left || place.right > card.right) wrong.push([text, "outside"]);
            for (const [other, there] of texts.slice(index + 1)) {
                // Boxes of lines may share the room between the letters.
                if (Math.min(place.right, there.right) - Math.max(place.left, there.left) > 1
                    && Math.min(place.bottom, there.bottom) - Math.max(place.top, there.top) > 5) wrong.push([text, other]);
            }
        });
    }
    if (innerWidth < 640) {
        scrollTo(0, 600);
        for (let x = 0.5; x < document.documentElement.clientWidth; x += 10) {
            if (!document.elementFromPoint(x, 0.5)?.closest("#lab-controls")) wrong.push(["above the sliders", x]);
        }
        scrollTo(0, 0);
    }
    return wrong;
})()"""


@pytest.mark.parametrize("sends", [True, False], ids=["receives", "sends"])
async def test_a_live_view(visit, conductor, sends):
    await conductor.clocks()
    live, following = await live_of(conductor, {"loss": 0.15, "burst": 1, "delay": 30, "jitter": 5}, sends=sends)
    await visit.page.wait_for("document.querySelectorAll('.lab-strip').length === 4")
    await visit.page.wait_for("document.querySelectorAll('.lab-strip')[2].textContent.includes('never arrive')", 20)
    strips = await visit.page.evaluate(STRIPS)
    assert [name for name, _, _ in strips] == [
        "ordered, reliable", "unordered, reliable", "unordered, maxRetransmits 0", "unordered, maxPacketLifeTime 100"]
    assert strips[2][1] < 95
    assert "15 %" in await text(visit, "#lab-controls") and "60/s" in await text(visit, "#lab-controls")
    for size in ((1360, 880), (1000, 800), (360, 740)):
        await visit.page.resize(*size)
        assert await visit.page.evaluate(CROWDED) == [], size
    if sends and SCREENSHOTS:
        # Pictures show ten seconds.
        await visit.page.wait_for("parseInt(document.querySelector('.lab-count').textContent) > 620", 40)
        await pictures(visit, "lab-live")
    await slide(visit, "link-loss", 0)
    await conductor.until(lambda: conductor.turns)
    turn = conductor.turns[-1][1]
    assert turn["link"] == {"loss": 0, "burst": 1, "delay": 30, "jitter": 5} and "traffic" not in turn
    # Another size: other runs, with new numbers.
    await slide(visit, "traffic-bytes", 0.5)
    await conductor.until(lambda: "traffic" in conductor.turns[-1][1])
    assert conductor.turns[-1][1]["traffic"] == {"bytes": 1200, "rate": 60}
    await visit.page.wait_for("document.querySelector('.lab-count').textContent.includes('1,200 bytes')", 20)
    async with asyncio.timeout(20):
        while len(live.runs) < 4 or live.runs[0].number != 5 or min(run.delivered for run in live.runs) < 100:
            await asyncio.sleep(0.05)
    following.cancel()


async def test_turns_come_at_most_twenty_times_a_second(visit, conductor):
    live, following = await live_of(conductor, {"loss": 0.05})
    await visit.page.wait_for("document.querySelectorAll('.lab-strip').length === 4")
    await visit.page.evaluate("""new Promise((resolve) => {
        const input = document.querySelector('[data-knob="link-delay"]');
        let count = 0;
        const timer = setInterval(() => {
            input.value = count % 20;
            input.dispatchEvent(new Event('input'));
            if ((count += 1) < 200) return;
            clearInterval(timer);
            resolve();
        }, 5);
    })""")
    await conductor.until(lambda: conductor.turns[-1][1]["link"]["delay"] == 180)
    times = [at for at, _ in conductor.turns]
    assert 5 <= len(times) <= 1 + (times[-1] - times[0]) / 50_000, len(times)
    following.cancel()


# MARK: Hostile conductors

RUN = {"run": 1, "channel": UNORDERED, "traffic": {"bytes": 100, "rate": 10}, "from": "conductor"}
LIVE = {"runs": [1, 2, 3, 4], "link": {"loss": 0.1}, "traffic": {"bytes": 100}}
WRONG = [
    [("surprise", {})],
    [("ping", {})], [("ping", {"n": -1})], [("ping", {"n": 2 ** 60})],
    [("clock", {"ahead": 0.5, "optional": True})],
    [("run", {**RUN, "run": 0})], [("run", {**RUN, "run": 2 ** 40})], [("run", {**RUN, "from": "nobody"})],
    [("run", RUN), ("run", RUN)],
    [("run", {**RUN, "channel": {"ordered": "yes"}})], [("run", {**RUN, "channel": {"ordered": True, "maxRetransmits": 70_000}})],
    [("run", {**RUN, "channel": {"ordered": True, "maxRetransmits": 0, "maxPacketLifeTime": 0}})],
    [("run", {**RUN, "traffic": {"bytes": 23}})], [("run", {**RUN, "traffic": {"bytes": 262_145}})],
    [("run", {**RUN, "traffic": {"bytes": 100, "rate": 0}})], [("run", {**RUN, "traffic": {"bytes": 100, "rate": 1e300}})],
    [("run", {**RUN, "traffic": {"bytes": 100, "milliseconds": 1e15}})],
    [("start", {"run": 1})], [("run", RUN), ("start", {"run": 1})],
    [("run", RUN)] + 301 * [("signal", {"run": 1, "payload": {"type": "new"}})], [("run", RUN), ("signal", {"run": 1})],
    [("run", RUN), ("sent", {"run": 1, "offered": 1, "accepted": 2, "over": False})],
    [("run", RUN), ("sent", {"run": 1, "offered": 2e15, "accepted": 1e15, "over": False})],
    [("run", RUN), ("received", {"run": 1, "messages": []})],
    [("run", {**RUN, "from": "partner"}), ("received", {"run": 1, "messages": [0, 5]})],
    [("run", {**RUN, "from": "partner"}), ("received", {"run": 1, "messages": [0]})],
    [("live", {**LIVE, "runs": []})], [("live", {**LIVE, "runs": list(range(1, 100))})],
    [("live", {**LIVE, "link": {"loss": 2}})], [("live", {**LIVE, "link": {"delay": -1}})], [("live", {**LIVE, "link": None})],
    1001 * [("surprise", {"optional": True})], 1300 * [("ping", {"n": 1})], 6000 * [("live", LIVE)],
    [("hello", {"x": 70_000 * "x"})], [("hello", {"protocol": "martlet.lab"})],
]
FED = """(async (cases) => {
    const { LabConnection } = await import("/labconnection.js");
    return cases.map((said) => {
        const [answers, ends, told] = [[], [], () => {}];
        const peer = { sendText: (text) => answers.push(JSON.parse(text)), closeGently: told, close: told, controlBufferedBytes: 0 };
        const lab = { handleHello: told, handleRun: told, handleRunEnd: told, handleLive: told };
        const connection = new LabConnection(peer, [], lab, { onBegun: told, onFailure: (failure) => ends.push(failure) });
        const hear = (object) => connection.handleText(JSON.stringify(object));
        hear({ type: "hello", protocol: "martlet.lab", version: 1, agent: "x" });
        const before = ends.length;
        for (const [kind, members, count] of said) {
            for (let each = 0; each < count; each += 1) hear({ type: kind, ...members });
        }
        if (ends.length === 0) connection.leave();
        return [before, ends.map(({ code, detail }) => [code, detail]), answers.at(-1)];
    });
})"""


async def fed(visit, cases):
    """What comes of a page's control connection that hears this: its ends, and the last thing it said."""
    visit.page = await visit.browser.open(visit.server.origin)
    packed = []
    for said in cases:
        runs = []
        for kind, members in said:
            if runs and runs[-1][:2] == [kind, members]:
                runs[-1][2] += 1
            else:
                runs.append([kind, members, 1])
        packed.append(runs)
    return await visit.page.evaluate(f"{FED}({json.dumps(packed)})")


async def test_what_no_conductor_says(visit):
    for said, (before, ends, last) in zip(WRONG, await fed(visit, WRONG), strict=True):
        assert before == 0 and [code for code, _ in ends] == ["protocol"], (str(said)[:200], ends)
        assert ends[0][1].startswith("It sent "), ends
        assert last["type"] == "error" and last["code"] == "protocol", last


async def test_what_a_conductor_may_say(visit):
    fine = [
        [("run", RUN), ("live", LIVE), ("clock", {"ahead": -5, "optional": True}), ("surprise", {"optional": True, "new": 1})],
        [("run", {**RUN, "new": 1, "of": 3}), ("failed", {"run": 1, "message": "x"}), ("stop", {"run": 1}), ("start", {"run": 1})],
        900 * [("ping", {"n": 2 ** 53 - 1})], [("run", {**RUN, "run": 2 ** 32 - 1})],
        [("run", {**RUN, "run": number}) for number in range(1, 20)],
    ]
    for said, (_, ends, last) in zip(fine, await fed(visit, fine), strict=True):
        assert [code for code, _ in ends] == ["lab-stopped"], (said, ends)
        assert last["code"] == "cancelled", last


async def test_an_unknown_message_ends_the_connection(visit, conductor):
    conductor.say("surprise")
    assert "It sent an unknown message: surprise" in await visit.failure("protocol")
    assert (await conductor.ended()).code == "protocol"


async def test_what_the_strips_count(visit):
    """A hundred messages of an ordered channel, one every 10 ms and 40 ms on their way; the 20th takes 300 ms, and those behind
    it have to wait for it; the last two have not come."""
    visit.page = await visit.browser.open(visit.server.origin)
    figures, kinds = await visit.page.evaluate("""(async () => {
        const { LabFlow } = await import("/labflow.js");
        const flow = new LabFlow({ ordered: true }, 100, true);
        const ahead = 123_456_789;
        flow.tell(ahead);
        for (let number = 0; number < 98; number += 1) {
            const sent = number * 10_000;
            const own = sent + 40_000 + number % 3 * 100;
            flow.handleCame(number, sent, ahead + (number < 20 ? own : Math.max(own, 500_000 + number)));
        }
        flow.handleAccepted(100, ahead + 1_000_000);
        const figures = flow.figures(ahead + 5_000_000);
        const kinds = [];
        flow.each(ahead + 5_000_000, (sent, latency, held) => kinds.push(held));
        return [figures, kinds];
    })()""")
    assert figures["missing"] == 2 and figures["delivered"] == pytest.approx(0.98)
    assert figures["p50"] == pytest.approx(40_100, abs=150) and figures["p99"] == pytest.approx(300_020, abs=10_000)
    # Those sent in the 260 ms before it came; the last of them waited for less than can be told.
    assert kinds.index(True) == 21 and sum(kinds) in (25, 24) and figures["waited"] == pytest.approx(sum(kinds) / 98, abs=0.02)


async def test_what_the_strips_say_when_messages_pile_up(visit):
    """A link so bad that congestion control slows the sender down: what comes was sent twenty seconds ago, and nothing of what was
    sent lately is here. That is not lost: the large figure is no share of nothing, the picture has words, and the sentence says what
    happens."""
    visit.page = await visit.browser.open(visit.server.origin)
    for channel, words in (({"ordered": True}, "Nothing is lost, but messages pile up"), (ONCE, "Messages pile up")):
        figures, marks, said, told, drawn = await visit.page.evaluate(f"""(async () => {{
            const {{ LabFlow }} = await import("/labflow.js");
            const {{ LabStrip, palette }} = await import("/labstrip.js");
            const {{ headline, sentence, spoken }} = await import("/labwords.js");
            const channel = {json.dumps(channel)};
            const flow = new LabFlow(channel, 50, true);
            flow.tell(0);
            for (let number = 0; number < 500; number += 1) flow.handleCame(number, number * 20_000, number * 20_000 + 20_000_000);
            for (let now = 0; now <= 30_000_000; now += 250_000) flow.handleAccepted(Math.floor(now / 20_000), now);
            const marks = [];
            flow.each(30_000_000, (sent, latency, held, isMissing) => marks.push(isMissing));
            const figures = flow.figures(30_000_000);
            {WORDS_DRAWN}
            return [figures, marks, headline(channel, figures).join(" "), [sentence(channel, figures, 0), spoken(channel, figures)],
                wordsDrawn(LabStrip, palette, flow, 30_000_000)];
        }})()""")
        assert 490 <= len(marks) <= 502 and not any(marks)
        assert figures["delivered"] == 0 and figures["p50"] == pytest.approx(20_000_000), figures
        assert said == "20 s late"
        assert told[0].startswith(words) and "over 20 s old" in told[0]
        assert "20 s late, half within 20 s" in told[1] and not any("0 %" in each for each in told)
        assert drawn == ["5.0 s", "10 s", "None of these is here yet"]


#: What a picture of a flow says in words.
WORDS_DRAWN = """const wordsDrawn = (LabStrip, palette, flow, now) => {
                const canvas = document.createElement("canvas");
                canvas.style.width = canvas.style.height = "300px";
                document.body.append(canvas);
                const strip = new LabStrip(canvas);
                const context = canvas.getContext("2d");
                const words = [];
                context.fillText = (text) => words.push(text);
                strip.draw(flow, 10_000, palette(document.body), now);
                strip.close();
                canvas.remove();
                return words;
            };"""


async def test_what_the_strips_say_in_large(visit):
    """The share delivered, as long as it is one: nothing that is only on its way counts as 0 %."""
    visit.page = await visit.browser.open(visit.server.origin)
    cases = [
        (ONCE, None, "– delivered"), (ONCE, {"delivered": None, "p50": 40_000}, "– delivered"),
        (ONCE, {"delivered": 0.954, "p50": 40_000}, "95 % delivered"), (UNORDERED, {"delivered": 1, "p50": 400_000}, "100 % delivered"),
        (ONCE, {"delivered": 0.3, "p50": 2_500_000}, "2.5 s late"), (UNORDERED, {"delivered": 0, "p50": 13_000_000}, "13 s late"),
        # A link that lets nothing through: what is not sent again is not delivered, the rest is still coming.
        (ONCE, {"delivered": 0, "p50": None}, "0 % delivered"), (UNORDERED, {"delivered": 0, "p50": None}, "– on their way"),
    ]
    shown = await visit.page.evaluate(f"""(async (cases) => {{
        const {{ headline }} = await import("/labwords.js");
        return cases.map(([channel, figures]) => headline(channel, figures).join(" "));
    }})({json.dumps(cases)})""")
    assert shown == [wanted for _, _, wanted in cases]


async def test_the_words_of_a_picture_that_gets_its_messages(visit):
    """The scale, and nothing else: also when some have not come."""
    visit.page = await visit.browser.open(visit.server.origin)
    drawn = await visit.page.evaluate(f"""(async () => {{
        const {{ LabFlow }} = await import("/labflow.js");
        const {{ LabStrip, palette }} = await import("/labstrip.js");
        const flow = new LabFlow({json.dumps(ONCE)}, 50, true);
        flow.tell(0);
        for (let number = 0; number < 400; number += 2) flow.handleCame(number, number * 20_000, number * 20_000 + 40_000);
        flow.handleAccepted(500, 10_000_000);
        {WORDS_DRAWN}
        return wordsDrawn(LabStrip, palette, flow, 10_000_000);
    }})()""")
    assert drawn == ["5.0 s", "10 s"]


async def test_a_conductor_that_cannot_go_on_says_why(visit, conductor):
    conductor.say("error", code="internal", message="no sockets are left \u202e<b>")
    shown = await visit.failure("lab-failed-there")
    assert "The other side could not go on" in shown and "no sockets are left" in shown and "\u202e" not in shown


async def test_another_version(visit):
    connection = await visit.connect()
    connection.say("hello", protocol="martlet.lab", version=2, agent="new")
    await visit.failure("version")
    with pytest.raises(TransferError, match="version"):
        await connection.next()


class Throttling(Chromium):
    """As people have it: the pages of other tests run at full speed where nobody sees them."""

    def arguments(self):
        return [argument for argument in super().arguments() if "throttling" not in argument and "backgrounding" not in argument]


async def other_tab(browser):
    """Somebody looks at another page."""
    other = await browser.open()
    if browser.name == "firefox":
        await other.send("browsingContext.activate")
    else:
        await other.send("Page.bringToFront")
    return other


@pytest.mark.parametrize("kind", [Throttling, Firefox], ids=lambda kind: kind.name)
async def test_a_page_that_is_not_seen_keeps_its_pace(server, kind):
    """Timers of such a page fire once a second; those of its worker do not wait."""
    async with kind(real_addresses=True) as browser:
        visit = Visit(browser, server)
        conductor = await Conductor(await visit.connect()).begin()
        runs = [await conductor.prepare(sends=sends, channel=UNORDERED, bytes=200, rate=100, milliseconds=3000)
                for sends in (True, False)]
        other = await other_tab(browser)
        await visit.page.wait_for("document.visibilityState === 'hidden'")
        for run in runs:
            run.start()
        for run in runs:
            await run.finish()
            assert run.delivered == run.accepted
        received, sent = runs
        assert sent.offered == 300 and sent.accepted >= 290
        gaps = sorted(later - earlier for earlier, later in zip(sent.sent_at.values(), list(sent.sent_at.values())[1:]))
        assert gaps[len(gaps) // 2] < 15_000 and gaps[int(0.95 * len(gaps))] < 60_000, gaps[-20:]
        assert len(received.received_reports) >= 15, "in batches of 100 ms"
        await other.close()
        if browser.name == "chromium":
            await visit.page.send("Page.bringToFront")
        else:
            await visit.page.send("browsingContext.activate")
        await visit.page.wait_for("document.querySelector('#lab-notice').textContent.includes('not in sight')")
        await conductor.close()
        await visit.end()


async def test_names_are_shown_as_text(visit):
    conductor = await Conductor(await visit.connect(), agent="<b>x</b>\u202egnp.exe" + 500 * "y").begin()
    assert "<b>x</b>" in await text(visit, "#lab-peer")
    assert "\u202e" not in await text(visit, "#lab-peer")
    await conductor.close()


async def test_huge_traffic_does_not_freeze_the_page(visit, conductor):
    """A million messages a second, and whatever fits: the page still draws and answers, and ends when it is told."""
    runs = [await conductor.prepare(sends=False, channel=ONCE, bytes=count, **pace)
            for count, pace in ((24, {"rate": 1e9}), (24, {}), (65_536, {}))]
    for run in runs:
        run.start()
    frames = await visit.page.evaluate("""new Promise((resolve) => {
        let [count, longest, last] = [0, 0, performance.now()];
        const end = last + 3000;
        const draw = (now) => {
            [count, longest, last] = [count + 1, Math.max(longest, now - last), now];
            if (now < end) requestAnimationFrame(draw);
            else resolve([count, longest]);
        };
        requestAnimationFrame(draw);
    })""")
    assert frames[0] > 15 and frames[1] < 1500, frames
    _, error = await asyncio.wait_for(conductor.clocks(), 60)
    for run in runs:
        with contextlib.suppress(RunFailed):
            await run.stop()
    assert all(run.accepted <= run.offered for run in runs)
    assert await text(visit, "#lab-title") == "Waiting for the next run"
