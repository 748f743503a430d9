"""The server is host to the guest and guest to the host, with certificates of its own and DTLS on both sides. It does not
know the secret, and gets no further than the exchange. With a check taken out of the honest sides it gets the file."""

import asyncio

import pytest

import cpace
from attacks import LOW_ORDER
from evil_rendezvous import Attack, EvilRendezvous
from martlet_peer import Connection, Item, Receiver, Sender
from meetings import Canary, meet
from rooms_client import Code, decode
from attempts import assert_nothing_leaked


class Between(Attack):
    plays_host = True


class NeutralShare:
    """A share of low order: whatever the secret is, the product is zero."""

    def __init__(self, session):
        self.session, self.public = session, decode(LOW_ORDER)

    def key(self, is_initiator, own_data, other, other_data):
        own = self.public, own_data
        parts = (*own, other, other_data) if is_initiator else (other, other_data, *own)
        return cpace.session_key(self.session, bytes(32), *parts)


def share_low(phantom):
    """From now on the phantom shares what makes every key known."""
    pairing_of = phantom._pairing

    def pairing():
        made = pairing_of()
        made._make_share = lambda session: (setattr(made, "session", session), setattr(made, "share", NeutralShare(session)))
        return made
    phantom._pairing = pairing


async def stand_between(server, item, is_low, by):
    """Both legs of the attack: what it took from the host, and gave the guest."""
    guess = {"link": bytes(16)} if by == "link" else {"code": Code.fresh_words()}
    taken = None

    async def leg(phantom):
        phantom.believing(**guess)
        if is_low:
            share_low(phantom)
        await phantom.paired()
        connection = Connection()
        await connection.establish(phantom)
        return connection

    to_guest = await server.guests.get()
    room = server.rooms[to_guest.room]
    to_host = await server.play_guest(room)
    right = asyncio.create_task(leg(to_guest))
    left = asyncio.create_task(leg(to_host))
    try:
        taken = await Receiver(await left).run()
        await Sender(await right, [item]).run()
        await asyncio.sleep(1)
    finally:
        right.cancel(), left.cancel()
    return taken.files


async def attack(tmp_path, by, is_low, sides={}):
    canary = Canary(tmp_path)
    async with EvilRendezvous(Between()) as server:
        false = Item([canary.name], b"something else")
        evil = asyncio.create_task(stand_between(server, false, is_low, by))
        ended = await meet(server, canary, by, **sides, deadline=8)
        await asyncio.wait([evil], timeout=3)
        evil.cancel()
        [taken] = await asyncio.gather(evil, return_exceptions=True)
        return canary, server, ended, taken


@pytest.mark.parametrize("by", ["link", "code"])
@pytest.mark.parametrize("is_low", [False, True], ids=["guessing", "with shares of low order"])
async def test_found_out(tmp_path, by, is_low):
    canary, server, ended, taken = await attack(tmp_path, by, is_low)
    assert not isinstance(taken, dict) and canary.left_nothing() and "done" not in ended.values(), (ended, taken)
    assert "verify" in ended.values()
    assert_nothing_leaked(server, canary)


@pytest.mark.parametrize("by", ["link", "code"])
async def test_without_the_check_it_succeeds(tmp_path, by, monkeypatch):
    honest = cpace.multiply

    def careless(scalar, point):
        try:
            return honest(scalar, point)
        except cpace.NeutralElement:
            return bytes(32)
    monkeypatch.setattr(cpace, "multiply", careless)
    canary, _, ended, taken = await attack(tmp_path, by, True)
    assert taken == {canary.name: canary.source.read_bytes()}, (ended, taken)
    assert (canary.target / canary.name).read_bytes() == b"something else"
