"""The second implementation of rooms against itself, and against the values of the document."""

import asyncio
import contextlib
import json
import pathlib
import re

import pytest

import cpace
from martlet_peer import Connection
from rooms_client import (ALPHABET, CannotVerify, Code, Link, Looks, Pairing, Refused, RoomClient, RoomError, WORDS,
                          WrongSecret, encode)

WORDS_A, WORDS_B = "clock mango crust", "clock mango acid"


# MARK: Codes


def test_the_list():
    assert len(WORDS) == 1295 and len(set(WORDS)) == 1295


@pytest.mark.parametrize("text", [
    "7-clock-mango-crust", "7 clock mango crust", " 7_CLOCK--mango.crust ", "7-clokc-mngo-crust", "7-cloock-mango-crusty"])
def test_codes_as_people_type_them(text):
    assert str(Code.parse(text, "x")) == "7-clock-mango-crust"


@pytest.mark.parametrize("text", [
    "0-clock-mango-crust", "07-clock-mango-crust", "1000000-clock-mango-crust", "7-clock-mango", "7-clock-mango-crust-acid",
    "clock-mango-crust", "7-clock-mango-qqqqq", "7-clock-mango-yo-yo", "7"])
def test_no_codes(text):
    with pytest.raises(ValueError):
        Code.parse(text, "x")


# MARK: Pairings, by hand

ROOM = ALPHABET[:16]


def sides(host_words=WORDS_A, guest_words=WORDS_A, looks=None, guest_number=7):
    host = Pairing(True, ROOM, {"link": bytes(16), "code": host_words}, 7, bytes(32), looks)
    guest = Pairing(False, ROOM, {"code": guest_words}, guest_number, b"\1" * 32)
    return host, guest


def pair(host, guest):
    guest.handle(host.handle(guest.handle(host.handle(guest.start()))))


def test_a_pairing():
    host, guest = sides()
    pair(host, guest)
    assert host.is_complete and guest.is_complete
    for _ in range(3):
        assert guest.open(host.seal(type="x")) == host.open(guest.seal(type="x")) == {"type": "x"}


@pytest.mark.parametrize("change", [
    {"guest_words": WORDS_B}, {"guest_number": 8}], ids=["other words", "another number"])
def test_a_pairing_that_fails(change):
    looks = Looks()
    host, guest = sides(**change, looks=looks)
    with pytest.raises(WrongSecret):
        pair(host, guest)
    assert looks.failed == 1 and not host.is_complete
    with pytest.raises(Refused):
        guest.handle(json.dumps({"refused": "wrong-secret"}))
    assert guest.looks.failed == 1
    # Nothing more is believed.
    with pytest.raises(CannotVerify):
        host.handle(guest.start())


def test_three_looks():
    looks = Looks()
    begun, waiting = sides(looks=looks)
    share = waiting.handle(begun.handle(waiting.start()))
    for _ in range(3):
        with pytest.raises(WrongSecret):
            pair(*sides(guest_words=WORDS_B, looks=looks))
    for is_begun in (False, True):
        host, guest = sides(looks=looks)
        with pytest.raises(Refused, match="dead"):
            begun.handle(share) if is_begun else host.handle(guest.start())


@pytest.mark.parametrize("hello, code", [
    ({"hello": 1, "nonce": encode(bytes(16))}, "version"), ({"hello": 3, "by": "code"}, "version"),
    ({"hello": 2, "by": "code", "nonce": encode(bytes(16))}, "no-code")])
def test_refusals(hello, code):
    host = Pairing(True, ROOM, {"link": bytes(16)}, None, bytes(32))
    with pytest.raises(Refused, match=code):
        host.handle(json.dumps(hello))


# MARK: Through a server


@contextlib.asynccontextmanager
async def hosting(server, **options):
    async with RoomClient(Link.fresh(server.origin), is_host=True, words=Code.fresh_words(), **options) as host:
        yield host


@pytest.mark.parametrize("by", ["code", "link"])
async def test_two_peers(server, by):
    async with hosting(server) as host:
        async with RoomClient(getattr(host, by), is_host=False) as guest:
            await asyncio.gather(host.paired(), guest.paired())
            left, right = Connection(), Connection()
            await asyncio.gather(left.establish(host), right.establish(guest))
            left.say("x")
            assert await right.next() == ("text", {"type": "x"})
            await asyncio.gather(left.close(), right.close())


async def test_words_are_wrong_and_then_right(server):
    async with hosting(server) as host:
        wrong = Code(server.origin, host.number, Code.fresh_words())
        for _ in range(2):
            async with RoomClient(wrong, is_host=False) as guest:
                ended = await asyncio.gather(host.paired(), guest.paired(), return_exceptions=True)
                assert isinstance(ended[0], WrongSecret) and ended[1].code == "wrong-secret", ended
        async with RoomClient(host.code, is_host=False) as guest:
            await asyncio.gather(host.paired(), guest.paired())
        assert host.looks.failed == 2


async def test_a_guest_with_wrong_words_is_put_out_and_frees_its_place(server):
    async with hosting(server) as host:
        async with RoomClient(Code(server.origin, host.number, Code.fresh_words()), is_host=False) as stranger:
            await asyncio.gather(host.paired(), stranger.paired(), return_exceptions=True)
            with pytest.raises(RoomError, match="dropped"):
                await stranger._expect("message")
            await stranger.socket.wait_closed()
            assert stranger.socket.close_code == 4010
            # The room has two places.
            async with RoomClient(host.code, is_host=False) as guest:
                await asyncio.gather(host.paired(), guest.paired())


async def test_only_a_host_puts_guests_out(server):
    async with hosting(server) as host, RoomClient(host.code, is_host=False) as guest:
        await host._say(type="drop", peer="nobody")
        await asyncio.gather(host.paired(), guest.paired())
        await guest._say(type="drop", peer=guest.other)
        with pytest.raises(RoomError, match="bad-message"):
            await guest._expect("message")


async def test_a_proof_of_another_key(server):
    async with hosting(server) as host, RoomClient(host.link, is_host=False) as guest:
        await asyncio.gather(host.paired(), guest.paired())
        left, right = Connection(), Connection()
        left.change_proof = lambda text: json.dumps({"type": "proof", "proof": encode(bytes(32))})
        ended = await asyncio.gather(left.establish(host), right.establish(guest), return_exceptions=True)
        assert ended[0] is None and isinstance(ended[1], CannotVerify), ended
        await asyncio.gather(left.close(), right.close())


async def test_a_host_comes_back_with_its_number(server):
    async with hosting(server) as first:
        again = RoomClient(first.link, is_host=True, words=first.words, number=first.number, token=first.token)
        async with again as second:
            assert str(second.code) == str(first.code) and second.token == first.token
            with pytest.raises(RoomError, match="replaced"):
                await first.paired()
            with pytest.raises(RoomError, match="room-exists"):
                await RoomClient(first.link, is_host=True, words=first.words).__aenter__()
            async with RoomClient(second.code, is_host=False) as guest:
                await asyncio.gather(second.paired(), guest.paired())


# MARK: The values of the document

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "Docs/Protocols/Rooms.md"


def vector():
    """Of "Test vector": for codes and for links, {name: bytes} and the bodies, the sealed, the proofs in their order."""
    text = DOCUMENT.read_text().split("## Test vector")[1].split("\n## ")[0]
    for part in text.split("By link with the secret"):
        values, name = {}, None
        for line in part.splitlines():
            if match := re.fullmatch(r"    (?:(\S.*?) {2,})?  *([0-9a-f]+)", line):
                name = match[1] or name
                values[name] = values.get(name, "") + match[2]
        yield values, re.findall(r"^ +(\{.*\})$", part, re.MULTILINE)


def counting(start, count):
    return bytes(range(start, start + count))


@pytest.mark.parametrize("by", ["code", "link"])
def test_the_values_of_the_document(by):
    values, texts = list(vector())[by == "link"]
    value = {name: bytes.fromhex(digits) for name, digits in values.items()}
    secret = WORDS_A if by == "code" else counting(0, 16)
    host = Pairing(True, ROOM, {by: secret}, 7, counting(0x80, 32), scalar=counting(0x30, 32), nonce=counting(0x10, 16))
    guest = Pairing(False, ROOM, {by: secret}, 7, counting(0xA0, 32), scalar=counting(0x50, 32), nonce=counting(0x20, 16))
    hello = guest.start()
    share = host.handle(hello)
    shown = guest.handle(share)
    confirmed = host.handle(shown)
    guest.handle(confirmed)
    assert [json.loads(body) for body in (hello, share, shown, confirmed)] == [json.loads(text) for text in texts[:4]]
    assert host.share.public == value["YA"] and guest.share.public == value["YB"]
    password = secret.encode() if by == "code" else secret
    channel = cpace.context(ROOM, by, 7 if by == "code" else None)
    assert channel == value["CI"] and cpace.generator(password, channel, host.session) == value["g"]
    for role, letter in (("host", "A"), ("guest", "B")):
        assert host.confirmations[role] == value[f"T{letter}"]
        for label in ("seal", "channel"):
            assert host.keys(f"{label} {role}") == guest.keys(f"{label} {role}") == value[f'key("{label} {role}")']
    rest = iter(texts[4:])
    for own, other in ((host, guest), (guest, host)):
        for _ in range(sum('"seq"' in text for text in texts) // 2):
            payload, sealed = next(rest), next(rest)
            assert other.open(sealed) == json.loads(payload)
            own_box = own._box(own.own_role).encrypt(payload.encode(), own.sent.to_bytes(24, "big")).ciphertext
            assert {"seq": own.sent, "sealed": encode(own_box)} == json.loads(sealed)
            own.sent += 1
    proofs = [json.loads(text)["proof"] for text in rest]
    assert proofs == [host.proof(), guest.proof()][:len(proofs)]
