"""A server that puts guests into other rooms than they asked for."""

import asyncio

import pytest

from attacks import Crossed
from evil_rendezvous import EvilRendezvous
from meetings import Canary
from rooms_client import Code, Link, RoomClient, RoomError
from test_evil_guesses import Sending, receive


@pytest.mark.parametrize("by", ["link", "code"])
async def test_another_room_with_the_same_secret(by):
    """Nothing but the room's name (and number) tells the two apart."""
    words, crossed = Code.fresh_words(), Crossed()
    async with EvilRendezvous(crossed) as server:
        first = Link.fresh(server.origin)
        second = Link(server.origin, Link.fresh("").room, first.secret)
        async with RoomClient(first, True, words) as asked, RoomClient(second, True, words) as met:
            crossed.rooms = {first.room: second.room}
            async with RoomClient(getattr(asked, by), False) as guest:
                ended = await asyncio.gather(met.paired(), guest.paired(), return_exceptions=True)
                assert all(isinstance(end, RoomError) for end in ended), ended


@pytest.mark.parametrize("by", ["link", "code"])
async def test_another_sender(tmp_path, by):
    asked, met, crossed = Canary(tmp_path), Canary(tmp_path), Crossed()
    async with EvilRendezvous(crossed) as server:
        async with Sending(server, asked) as first, Sending(server, met) as second:
            crossed.rooms = {first.link.room: second.link.room}
            assert await receive(server, asked, getattr(first, by), by) in ("verify", "refused")
            assert asked.left_nothing()
