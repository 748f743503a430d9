"""Attacks on two honest sides, many at a time, and the judgement over them."""

import asyncio

from attacks import replays
from evil_rendezvous import Attack, EvilRendezvous
from meetings import DEADLINE, GRACE, Canary, meet, text_of


def assert_nothing_leaked(server, canary):
    """In all that the server was ever told there is no name, no size, no address and no certificate of a connection."""
    for text in canary.secrets():
        assert text.encode() not in server.seen, text


#: Seconds after which two that must not connect have not.
SILENCE = 5


async def attempt(make, found, tmp_path, by, sides, name, untold=()):
    """One attack between two sides; a sentence of what went wrong, or none."""
    canary = Canary(tmp_path)
    deadline = DEADLINE if set(found) - set(untold) else SILENCE
    async with EvilRendezvous(make()) as server:
        ended = await meet(server, canary, by, **sides, deadline=deadline, grace=0.5 if untold else GRACE)
    assert_nothing_leaked(server, canary)
    if not canary.left_nothing() or "done" in ended.values():
        return f"{name}: it succeeded: {ended}"
    for who in found:
        # Whether a refusal of the host gets through is not ours to say where the host tells nobody of it.
        if who in untold or who == "refused" and untold:
            continue
        told = {"verify", "refused"} if who == "refused" else {"verify"}
        if ended["guest" if who == "refused" else who] not in told:
            shown = canary.pages + [text_of(program)[-600:] for program in canary.programs]
            return f"{name}: not found out by {who}: {ended}: {shown}"
    return None


async def all_attempts(attacks, tmp_path, by, sides, at_once=4, untold=()):
    """Every one of {name: (what makes it, who must find it)} has to fail. Who is `untold` says nothing of it to a person."""
    slots = asyncio.Semaphore(at_once)

    async def run(name, make, found):
        async with slots:
            return await attempt(make, found, tmp_path, by, sides, name, untold)
    problems = await asyncio.gather(*(run(name, *attack) for name, attack in attacks.items()))
    assert not any(problems), "\n".join(filter(None, problems))


async def honest_meeting(tmp_path, by, sides):
    """Through the same server, which attacks nothing; returns what was said."""
    canary = Canary(tmp_path)
    async with EvilRendezvous(Attack()) as server:
        assert await meet(server, canary, by, deadline=30, **sides) == {"host": "done", "guest": "done"}
    assert canary.has_arrived()
    assert_nothing_leaked(server, canary)
    return server.wires[0].said


async def all_replays(tmp_path, by, sides, every=1, untold=()):
    """Or every so many of them, where each takes long."""
    attacks = list(replays(await honest_meeting(tmp_path, by, sides)).items())
    await all_attempts(dict(attacks[::every] + attacks[-2:]), tmp_path, by, sides, untold=untold)
