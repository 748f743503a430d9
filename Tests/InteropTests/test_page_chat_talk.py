"""The page's talk by itself, its modules across from texts instead of people, in real browsers."""

import json

import pytest_asyncio

TALK = """
    const { Talk } = await import("/talk.js");
    const stored = [];
    const store = { keep: (talk) => stored.push(structuredClone([talk.messages, talk.state])) > 0, clear() {}, isWorking: true };
    const talk = new Talk(store, { room: "r", side: "guest", name: "anna", people: 8 });
    const come = (name) => {
        const said = [];
        const peer = { certificates: null, sendText: (text) => said.push(JSON.parse(text)), closeGently() {}, close() {} };
        const connection = talk.answer(peer, { onBegun() {}, onFailure() {} }, talk.addMember("answerer"));
        const hear = (type, members) => connection.handleText(JSON.stringify({ type, ...members }));
        hear("hello", { protocol: "martlet.chat", version: 1, agent: "a", name, people: 8 });
        hear("begin", { session: "A".repeat(22), have: 0 });
        return { connection, said, hear };
    };
"""


@pytest_asyncio.fixture
async def run(visit, server):
    """Runs a script in a page of Martlet; what it returns."""
    visit.page = await visit.browser.open(server.origin)

    async def run(script):
        return await visit.page.evaluate(f"(async () => {{ {script} }})()")
    return run


async def test_an_address_of_nothing_but_marks_is_read_in_no_time(run):
    text = "http://" + "." * 9_980 + "a"
    milliseconds, links = await run(f"""
        const {{ messageRow }} = await import("/talkrows.js");
        const row = (text) => messageRow({{ kind: "heard", name: "a", text, time: 0 }}, null, () => {{}});
        const started = performance.now();
        for (let count = 0; count < 50; count += 1) row({json.dumps(text)});
        const links = row("(see http://example.org/a.b?c!), https://example.org/...").querySelectorAll(".talk-link");
        return [performance.now() - started, Array.from(links, (link) => link.textContent)];""")
    assert links == ["http://example.org/a.b?c", "https://example.org/"]
    assert milliseconds < 2000


async def test_what_counts_as_heard_is_kept(run):
    """Several come at once, and are shown in batches; the person says something between two of them."""
    said, [messages, state] = await run(TALK + """
        const { said, hear } = come("bob");
        for (const seq of [1, 2, 3]) hear("message", { seq, text: `${seq}`, age: 0 });
        talk.say("hm");
        return [said.filter(({ type }) => type === "ack"), stored.at(-1)];""")
    assert state["members"][0]["pair"]["heard"] == 3
    assert [message["text"] for message in messages if message["kind"] == "heard"] == ["1", "2", "3"]
    assert said[-1]["seq"] == 3


async def test_names_that_look_alike_get_numbers(run):
    names = await run(TALK + """
        for (const name of ["Anna", "ａｎｎａ", "bob", "BOB"]) come(name);
        return talk.members.map(({ name }) => name);""")
    assert names == ["Anna (2)", "ａｎｎａ (3)", "bob", "BOB (2)"]


async def test_an_introduction_that_is_not_the_newest_is_passed_over(run):
    assert await run(TALK + """
        const { Introductions } = await import("/introductions.js");
        const { connection } = come("bob");
        const introductions = new Introductions(talk, connection.member, () => [], () => {});
        const made = [];
        window.RTCPeerConnection = class extends RTCPeerConnection {
            constructor(...settings) {
                super(...settings);
                made.push(attempt);
            }
        };
        let attempt;
        for (attempt of [2, 2, 1, 3, 3]) {
            introductions.handle(connection, { type: "introduce", peer: 5, attempt, name: "eve", calls: false });
        }
        introductions.abandon();
        return made;""") == [2, 3]


async def test_offers_of_many_connections_do_not_fill_the_page(run):
    """Nobody answers them, and each connection brings eight others."""
    gone, left = await run("""
        const { PairFiles } = await import("/pairfiles.js");
        const { Ways } = await import("/plan.js");
        const shown = [];
        const gone = [];
        let resolve = null;
        const files = new PairFiles("A".repeat(22), Ways.survey(), {
            onOffer() {},
            onChange(offer) {
                if (offer.part && !shown.includes(offer)) shown.push(offer);
                resolve?.();
            },
            onGone: (offer) => gone.push(offer.transfer),
        });
        const channelOf = () => Object.assign(new EventTarget(), {
            label: "martlet-file", protocol: "martlet.transfer.1", ordered: true, maxRetransmits: null,
            maxPacketLifeTime: null, readyState: "open", bufferedAmount: 0, send() {}, close() {},
        });
        const item = { item: 0, kind: "file", path: ["a.txt"], size: 1 };
        for (let round = 0; round < 5; round += 1) {
            const peer = { isOver: false, maxMessageSizeBytes: 65536, takeChannels() {} };
            files.connect(peer);
            for (let count = 0; count < 8; count += 1) {
                files.handleChannel(channelOf(), [
                    { type: "hello", protocol: "martlet.transfer", version: 1, role: "sender", agent: "a", session: "s", features: [] },
                    { type: "offer", transfer: `${8 * round + count}`, items: [item], more: false },
                ].map((message) => JSON.stringify(message)), peer);
            }
            while (shown.length < 8 * (round + 1)) await new Promise((done) => { resolve = done; });
            files.disconnect();
        }
        files.connect({ isOver: false, takeChannels() {} });
        return [gone, shown.filter(({ transfer, state }) => state === "waiting" && !gone.includes(transfer)).length];""")
    assert gone == [str(number) for number in range(8)] and left == 32
