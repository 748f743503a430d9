"""The page's checks, taken out of the JavaScript that the server serves: now each attack succeeds, so that the tests that it
fails are known to bite. (Whoever can serve another page needs none of these attacks: Docs/Attacks.md.)"""

import asyncio
import itertools
import json

import pytest

from attacks import Changed, Reordered
from attempts import assert_nothing_leaked
from evil_rendezvous import Attack, EvilRendezvous
from martlet_peer import Connection, Item, Sender
from meetings import Canary, meet, page_guest
from rooms_client import Code, Link, Pairing, RoomClient, decode, encode
from test_evil_man_in_the_middle import Between, share_low

NEUTRAL = {"cpace.js": [("if (bits === 0) return null;", "")]}
CONFIRMATION = {"exchange.js": [
    ('if (!equalInConstantTime(confirmation, this.#keys.confirmation("host", this.#shares))) {', "if (!confirmation) {")]}
SEALING = {"seal.js": [
    ("const box = nacl.secretbox(utf8(text), this.#nonce(), this.#key);", "const box = utf8(text);"),
    ("const bytes = nacl.secretbox.open(box, this.#nonce(), this.#key);", "const bytes = box;")]}
ORDER = {"seal.js": [
    ("const box = body?.seq === this.#inward.count ?", "this.#inward.count = body.seq; const box = body ?"),
    ("    get count() {", "    set count(value) { this.#count = value; }\n    get count() {")]}
FINGERPRINT = {"peer.js": [("if (!named || !equalInConstantTime(named, certificate)) throw", "if (!named) throw")]}
PROOF = {"attempt.js": [("if (!proof || !expected || !equalInConstantTime(proof, expected)) {", "if (!proof) {")]}
LOOKS = {"looks.js": [("looks[name] = { count: (looks[name]?.count ?? 0) + 1,", "looks[name] = { count: 0,")]}


def together(*edits):
    return {name: [change for edit in edits for change in edit.get(name, ())] for edit in edits for name in edit}


async def phantom_host(server, canary, make_connection=Connection, prepare=lambda phantom: None):
    """The server itself as host, with words of its own, and a file of its own."""
    phantom = (await server.guests.get()).believing(link=bytes(16), code=Code.fresh_words())
    prepare(phantom)
    await phantom.paired()
    connection = make_connection()
    try:
        await connection.establish(phantom)
        await Sender(connection, [Item([canary.name], canary.source.read_bytes())]).run()
        await asyncio.sleep(2)
    finally:
        await connection.close()


async def page_and_phantom(browser, tmp_path, edits, **options):
    """The page opens a code, and meets the server; what became of the page."""
    canary = Canary(tmp_path)
    async with EvilRendezvous(Between(), edits) as server:
        entrance = asyncio.get_running_loop().create_future()
        entrance.set_result(Code(server.origin, 7, Code.fresh_words()))
        host = asyncio.create_task(phantom_host(server, canary, **options))
        ended = await page_guest(browser)(server, canary, "code", 6, entrance)
        host.cancel()
        await asyncio.gather(host, return_exceptions=True)
    return ended, canary


# MARK: A host that does not know the words


@pytest.mark.parametrize("edits, ended", [({}, "verify"), (NEUTRAL, "done")], ids=["whole", "without the check"])
async def test_shares_of_low_order(browser, tmp_path, edits, ended):
    became, canary = await page_and_phantom(browser, tmp_path, edits, prepare=share_low)
    assert became == ended and canary.has_arrived() == (ended == "done"), canary.pages


class CarelessPairing(Pairing):
    """Goes on whatever the guest's confirmation is, and seals nothing."""

    def _handle_guest_share(self, body):
        self.their_certificate = decode(body["certificate"], 32)
        self._agree(decode(body["share"], 32))
        self.is_complete = True
        return json.dumps({"confirm": encode(bytes(32))})

    def seal(self, **payload):
        self.sent += 1
        return json.dumps({"seq": self.sent - 1, "sealed": encode(json.dumps(payload).encode())})

    def open(self, text):
        return json.loads(decode(json.loads(text)["sealed"]))

    def check_proof(self, message, seen_certificate):
        pass


def be_careless(phantom):
    made = phantom._pairing
    phantom._pairing = lambda: (lambda pairing: (setattr(pairing, "__class__", CarelessPairing), pairing)[1])(made())


LAYERS = {"confirmation": CONFIRMATION, "sealing": SEALING, "proof": PROOF}


@pytest.mark.parametrize("out", [out for count in (0, 2, 3) for out in itertools.combinations(LAYERS, count)],
                         ids=lambda out: " and ".join(out) or "whole")
async def test_wrong_words(browser, tmp_path, out):
    """Three layers stop a host that does not know the words. It takes all three to let it through."""
    became, canary = await page_and_phantom(
        browser, tmp_path, together(*(LAYERS[name] for name in out)), prepare=be_careless)
    assert became == ("done" if len(out) == 3 else "verify") and canary.has_arrived() == (len(out) == 3), canary.pages


async def test_wrong_words_are_one_guess_at_most(browser, tmp_path):
    """With the confirmation alone taken out the page goes on, but says and believes nothing: its next words are sealed."""
    became, canary = await page_and_phantom(browser, tmp_path, CONFIRMATION, prepare=be_careless)
    assert became == "verify" and canary.left_nothing()


@pytest.mark.parametrize("edits, looks", [({}, 3), (LOOKS, 5)], ids=["whole", "without the check"])
async def test_looks_are_counted(browser, tmp_path, edits, looks):
    canary = Canary(tmp_path)
    async with EvilRendezvous(Between(), edits) as server:
        seen = 0

        async def host():
            nonlocal seen
            while True:
                phantom = (await server.guests.get()).believing(code=Code.fresh_words())
                pairing = phantom._pairing_of(bytes(32))
                await phantom.say(pairing.handle(json.dumps(await phantom.hear())))
                assert "confirm" in await phantom.hear()
                seen += 1
                await phantom.say({"confirm": encode(bytes(32))})
        running = asyncio.create_task(host())
        entrance = asyncio.get_running_loop().create_future()
        entrance.set_result(Code(server.origin, 7, Code.fresh_words()))
        for _ in range(5):
            await page_guest(browser)(server, canary, "code", 5, entrance)
        running.cancel()
        assert seen == looks, canary.pages
        last, text = canary.pages[-1]
        assert (last, "three times" in text) == (("dead-here", True) if looks == 3 else ("cannot-verify", False))


# MARK: An honest host, and a server in between


@pytest.mark.parametrize("edits, ended", [({}, "verify"), (ORDER, "done")], ids=["whole", "without the check"])
@pytest.mark.parametrize("attack", [
    lambda: Reordered("host"), lambda: Changed("host", 2, lambda body: [body, body])], ids=["reordered", "twice"])
async def test_order(browser, tmp_path, attack, edits, ended):
    canary = Canary(tmp_path)
    async with EvilRendezvous(attack(), edits) as server:
        became = await meet(server, canary, "code", guest=page_guest(browser), deadline=6)
        assert became["guest"] == ended and canary.has_arrived() == (ended == "done"), (became, canary.pages)
        assert_nothing_leaked(server, canary)


# MARK: A host that knows the secret, and connects with something else than it said


async def host_with(change, server, canary, by, deadline, entrance):
    async with RoomClient(Link.fresh(server.origin), is_host=True, words=Code.fresh_words()) as room:
        connection = change(room)
        entrance.set_result(getattr(room, by))

        async def run():
            await room.paired()
            await connection.establish(room)
            await Sender(connection, [Item([canary.name], canary.source.read_bytes())]).run()
            await asyncio.sleep(2)
        try:
            await asyncio.wait_for(run(), deadline)
        except Exception as error:
            return type(error).__name__
        finally:
            await connection.close()


def another_certificate(room):
    """One in the exchange, another in the description and in the handshake."""
    said, made = bytes(range(32)), room._pairing

    def pairing():
        pairing = made()
        real = pairing.certificate
        pairing.certificate = said
        pairing.proof = lambda: encode(pairing.keys.proof("host", real, pairing.their_certificate))
        pairing.check_proof = lambda message, seen: None
        return pairing
    room._pairing = pairing
    return Connection()


def another_proof(room):
    connection = Connection()
    connection.change_proof = lambda _: json.dumps({"type": "proof", "proof": encode(bytes(32))})
    return connection


def no_proof(room):
    connection = Connection()
    connection.change_proof = lambda _: json.dumps({"type": "hello", "proof": encode(bytes(32))})
    return connection


@pytest.mark.parametrize("change, edits, ended", [
    (another_certificate, {}, "verify"), (another_certificate, FINGERPRINT, "done"),
    (another_proof, {}, "verify"), (another_proof, PROOF, "done"), (no_proof, {}, "verify"), (no_proof, PROOF, "verify"),
], ids=["another certificate", "another certificate, without the check", "another proof",
        "another proof, without the check", "no proof", "no proof, without the check"])
async def test_certificates(browser, tmp_path, change, edits, ended):
    canary = Canary(tmp_path)
    async with EvilRendezvous(Attack(), edits) as server:
        became = await meet(server, canary, "link", guest=page_guest(browser), deadline=6,
                            host=lambda *values: host_with(change, *values))
        assert became["guest"] == ended and canary.has_arrived() == (ended == "done"), (became, canary.pages)
