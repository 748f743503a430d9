"""A rendezvous that means harm (evil_rendezvous.py) between honest sides: it can do nothing but refuse service."""

import asyncio

import pytest

from attacks import ROWS, Row, replays
from evil_rendezvous import Attack, EvilRendezvous
from meetings import Canary, meet


def assert_nothing_leaked(server, canary):
    for text in canary.secrets():
        assert text.encode() not in server.seen, text


async def attempt(make, found, tmp_path, by, sides, name):
    """One attack between two sides; a sentence of what went wrong, or none."""
    canary = Canary(tmp_path)
    async with EvilRendezvous(make()) as server:
        ended = await meet(server, canary, by, **sides)
    assert_nothing_leaked(server, canary)
    if not canary.left_nothing() or "done" in ended.values():
        return f"{name}: it succeeded: {ended}"
    for who in found:
        if who == "refused" and ended["guest"] != "refused" or who in ended and ended[who] != "verify":
            return f"{name}: not found out by {who}: {ended}"
    return None


async def all_attempts(attacks, tmp_path, by, sides, at_once=4):
    slots = asyncio.Semaphore(at_once)

    async def run(name, make, found):
        async with slots:
            return await attempt(make, found, tmp_path, by, sides, name)
    problems = await asyncio.gather(*(run(name, *attack) for name, attack in attacks.items()))
    assert not any(problems), "\n".join(filter(None, problems))


PAIRS = {"python": {}}


@pytest.fixture(params=PAIRS)
def sides(request):
    return PAIRS[request.param]


@pytest.mark.parametrize("by", ["link", "code"])
async def test_an_honest_relay(tmp_path, by, sides):
    canary = Canary(tmp_path)
    async with EvilRendezvous(Attack()) as server:
        assert await meet(server, canary, by, deadline=30, **sides) == {"host": "done", "guest": "done"}
        assert canary.has_arrived()
    assert_nothing_leaked(server, canary)


@pytest.mark.parametrize("by", ["link", "code"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_attacks(tmp_path, row: Row, by, sides):
    await all_attempts(row.attacks, tmp_path, by, sides)


@pytest.mark.parametrize("by", ["link", "code"])
async def test_replay(tmp_path, by, sides):
    async with EvilRendezvous(Attack()) as server:
        await meet(server, Canary(tmp_path), by, deadline=30, **sides)
        recorded = server.wires[0].said
    await all_attempts(replays(recorded), tmp_path, by, sides)
