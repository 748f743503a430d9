"""Guests that mean harm, against the page as host; each attack also with the page's check taken out of what is served, where it
must succeed. And the host's side of the test vector of Docs/Protocols/Rooms.md."""

import asyncio
import contextlib
import json

import pytest
import pytest_asyncio

from evil_rendezvous import EvilRendezvous
from martlet_peer import Connection, Receiver
from page_support import noise
from rooms_client import Code, Link, Refused, RoomClient, encode
from test_evil_man_in_the_middle import share_low
from test_page_exchange import page, vectors  # noqa: F401 (a fixture)

NEUTRAL = {"cpace.js": [("if (bits === 0) return null;", "")]}
FINGERPRINT = {"peer.js": [("if (!named || !equalInConstantTime(named, certificate)) throw", "if (!named) throw")]}
PROOF = {"attempt.js": [("if (!proof || !expected || !equalInConstantTime(proof, expected)) {", "if (!proof) {")]}
LOOKS = {"hosting.js": [("this.#wrongCount += 1;", "")]}
CONTENT = noise(100_000)


@pytest_asyncio.fixture
async def hosted(browser, tmp_path):
    """Makes a page with those edits wait for somebody: server, page, code and link."""
    (tmp_path / "secret plan.txt").write_bytes(CONTENT)
    async with contextlib.AsyncExitStack() as stack:
        async def make(edits):
            server = await stack.enter_async_context(EvilRendezvous(None, edits, hosting=True))
            tab = await browser.open(server.origin)
            await tab.wait_for("document.documentElement?.dataset.state === 'beginning'")
            await tab.set_files("#file-input", tmp_path / "secret plan.txt")
            await tab.wait_for("document.documentElement?.dataset.state === 'choosing'")
            await tab.click("#send")
            await tab.wait_for("document.documentElement?.dataset.state === 'hosting'")
            code, link = await tab.evaluate("['code', 'link'].map((name) => document.getElementById(name).textContent)")
            return server, tab, Code.parse(code, server.origin), Link.parse(link)
        yield make


async def take(room, make_connection=Connection):
    """What a guest gets of the page; none where it is turned away."""
    connection = make_connection()
    with contextlib.suppress(Exception):
        async with asyncio.timeout(8), room:
            await room.paired()
            await connection.establish(room)
            receiver = Receiver(connection)
            with contextlib.suppress(Exception):
                await receiver.run()
            return receiver.received.files or [item["path"] for item in receiver.received.offered] or None
    await connection.close()
    return None


def another_certificate(room):
    """One in the exchange, another in the description and in the handshake."""
    made = room._pairing

    def pairing():
        pairing = made()
        real, pairing.certificate = pairing.certificate, bytes(range(32))
        pairing.proof = lambda: encode(pairing.keys.proof("guest", real, pairing.their_certificate))
        pairing.check_proof = lambda message, seen: None
        return pairing
    room._pairing = pairing
    return Connection


def another_proof(room):
    connection = Connection()
    connection.change_proof = lambda _: json.dumps({"type": "proof", "proof": encode(bytes(32))})
    return lambda: connection


def unknown_secret(room):
    room.entrance.secret = bytes(16)
    share_low(room)
    return Connection


@pytest.mark.parametrize("attack, check", [
    (unknown_secret, NEUTRAL), (another_certificate, FINGERPRINT), (another_proof, PROOF),
], ids=["a share of low order", "another certificate", "another proof"])
@pytest.mark.parametrize("is_whole", [True, False], ids=["whole", "without the check"])
async def test_a_guest_that_is_not_who_it_says(hosted, attack, check, is_whole):
    server, tab, _, link = await hosted({} if is_whole else check)
    room = RoomClient(link, is_host=False)
    got = await take(room, attack(room))
    if is_whole:
        assert got is None and b"secret plan" not in bytes(server.seen)
        assert await tab.evaluate("document.documentElement.dataset.state") == "hosting"
        await tab.wait_for("document.querySelector('#notice').textContent.includes('nothing was sent')")
    else:
        assert got == {"secret plan.txt": CONTENT}


@pytest.mark.parametrize("edits, looks", [({}, 3), (LOOKS, 5)], ids=["whole", "without the check"])
async def test_guesses_at_a_code(hosted, edits, looks):
    _, _, code, _ = await hosted(edits)
    code.words = "acid acorn acre"
    answers = []
    for _ in range(5):
        async with RoomClient(code, is_host=False) as room:
            with pytest.raises(Refused) as refused:
                await asyncio.wait_for(room.paired(), 20)
            answers.append(refused.value.code)
    assert answers == ["wrong-secret"] * looks + ["dead"] * (5 - looks)


@pytest.mark.parametrize("by", ["code", "link"])
async def test_the_vector_of_the_document(page, by):  # noqa: F811
    values, lines = list(vectors())[["code", "link"].index(by)]
    hello, host_share, guest_share, confirmation, *sealed = lines
    found = await page.evaluate(f"""(async () => {{
        const {{ HostExchange }} = await import("/hostexchange.js");
        const counting = (first, count) => Uint8Array.from({{ length: count }}, (_, index) => first + index);
        // The nonce is taken first, then the scalar.
        const first = [0x10, 0x30];
        const entrances = {{
            link: {{ secret: counting(0, 16) }}, code: {{ number: 7, words: ["clock", "mango", "crust"] }},
        }};
        const exchange = new HostExchange({hello}, entrances, "abcdefghijkmnpqr", (count) => counting(first.shift(), count));
        const share = exchange.begin(counting(0x80, 32));
        const confirmation = exchange.conclude({guest_share});
        return {{
            share, confirmation, by: exchange.by, guest: hex(exchange.guestCertificate),
            keys: ["seal host", "seal guest", "channel host", "channel guest"].map((label) => hex(exchange.keys.key(label))),
        }};
    }})()""")
    assert (found["share"], found["confirmation"]) == (json.loads(host_share), json.loads(confirmation))
    assert (found["by"], found["guest"]) == (by, bytes(range(0xa0, 0xc0)).hex())
    assert found["keys"] == [values[f'key("{label}")'] for label in ("seal host", "seal guest", "channel host", "channel guest")]
