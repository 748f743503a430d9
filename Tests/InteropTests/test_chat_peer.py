"""The independent peer of the chat across from itself: what the document says is enough for two sides to agree."""

import asyncio
import random

import pytest

from chat_peer import Guest, Host, cut
from martlet_peer import Item, TransferError


async def test_two_talk_and_hear_each_other_once_and_in_order(server):
    async with Host(server.origin) as host, Guest(host.link) as guest:
        pair = await host.somebody()
        assert (pair.their_name, guest.host.their_name, guest.host.people) == ("guest", "host", 2)
        assert pair.words == guest.host.words and len(pair.words) == 3
        for count in range(300):
            pair.say(f"{count}")
            guest.host.say(f"{-count}")
        await pair.until(lambda: pair.delivered == len(pair.texts) == 300)
        await guest.host.until(lambda: guest.host.texts == [f"{count}" for count in range(300)])
        guest.rename("anna")
        await pair.until(lambda: pair.their_name == "anna")
        await guest.leave()
        await pair.until(lambda: pair.is_over)


async def test_what_was_not_delivered_is_said_again(server):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    async with Host(server.origin) as host, Guest(host.link) as guest:
        pair, theirs = await host.somebody(), guest.host
        for turn in range(3):
            for side in (pair, theirs):
                side.acknowledges = chance.random() < 0.5
                for count in range(chance.randrange(1, 40)):
                    side.say(f"{turn} {count}")
            await asyncio.sleep(chance.random() * 0.05)
            await guest.lose()
            pair.say("while nobody was there")
            theirs.say("nor here")
            await guest.enter()
        for side in (pair, theirs):
            side.acknowledges = True
            side.acknowledge()
        for side in (pair, theirs):
            side.say("the end")
        for side, other in ((pair, theirs), (theirs, pair)):
            await side.until(lambda: side.delivered == side.said == other.heard)
            assert [message.seq for message in other.messages] == list(range(1, side.said + 1))
        assert pair.connections == 4 and len(host.pairs) == 1


async def test_the_room_has_as_many_people_as_it_is_for(server):
    async with Host(server.origin, size=3) as host, Guest(host.code):
        await host.somebody()
        with pytest.raises(TransferError) as error:
            await Guest(host.link).enter()
        assert error.value.code == "taken"


async def test_three_people_hear_each_other_over_a_connection_each(server):
    async with Host(server.origin, 3) as host, Guest(host.link, "anna") as anna, Guest(host.code, "ben") as ben:
        await anna.somebody(2)
        await ben.somebody(2)
        for side in (host, anna, ben):
            for pair in side.pairs:
                pair.say(f"I am {side.name}")
        for side, others in ((host, "anna ben"), (anna, "host ben"), (ben, "host anna")):
            for pair, other in zip(side.pairs, others.split()):
                await pair.until(lambda: pair.texts == [f"I am {other}"])
        assert anna.pairs[1].words == ben.pairs[1].words
        # Whoever comes back to the host is introduced again, with the same sessions.
        await ben.lose()
        anna.pairs[1].say("still there?")
        await ben.pairs[1].until(lambda: ben.pairs[1].heard == 2)
        await ben.enter()
        await ben.pairs[1].until(lambda: ben.pairs[1].connections == 2)
        ben.pairs[1].say("yes")
        await anna.pairs[1].until(lambda: anna.pairs[1].texts == ["I am ben", "yes"])
        await ben.leave()
        await anna.host.until(lambda: anna.parted == [2])


async def test_files_go_in_the_middle_of_the_talk_and_over_a_lost_connection(server):
    content = random.Random(1).randbytes(1_500_000)
    async with Host(server.origin) as host, Guest(host.link) as guest:
        pair, theirs = await host.somebody(), guest.host
        offer = pair.send_files([Item(["a.bin"], content)], pause_after=600_000)
        small = theirs.send_files([Item(["b.txt"], b"hello")])
        await small.result
        async with asyncio.timeout(20):
            while not offer.sender:
                await asyncio.sleep(0)
            await offer.sender.paused.wait()
        await guest.lose()
        await guest.enter()
        sent = await asyncio.wait_for(offer.result, 30)
        assert sent.begun[0] > 0
        await theirs.until(lambda: theirs.received)
        assert theirs.received[0].files == {"a.bin": content} and pair.received[0].files == {"b.txt": b"hello"}


def test_long_texts_are_cut_at_ends_of_lines_and_never_inside_a_character():
    text = "\n".join(["日本" * 1000, "x" * 9000, "y" * 30_000])
    pieces = list(cut(text))
    assert all(0 < len(piece.encode()) <= 10_000 for piece in pieces)
    assert "".join(pieces).replace("\n", "") == text.replace("\n", "") and pieces[:2] == ["日本" * 1000, "x" * 9000]
