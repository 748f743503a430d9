"""The independent peer against itself: what the other tests judge by has to be right first."""

import asyncio
import contextlib
import hashlib
import random

import pytest

import tree_hash
from martlet_peer import Connection, Item, Kept, Receiver, Sender, TransferError
from rooms_client import Link, RoomClient


def noise(count, seed=1):
    return random.Random(seed).randbytes(count)


@contextlib.asynccontextmanager
async def connected(server, **options):
    """Two connections to each other: the sender's, with these options of its data channel, and the receiver's."""
    link = Link.fresh(server.origin)
    async with RoomClient(link, is_host=True) as host, RoomClient(link, is_host=False) as guest:
        await asyncio.gather(host.paired(), guest.paired())
        sender, receiver = Connection(**options), Connection()
        await asyncio.gather(sender.establish(host), receiver.establish(guest))
        try:
            yield sender, receiver
        finally:
            await asyncio.gather(sender.close(), receiver.close())


async def transfer(server, items, kept=None, sender_options={}, receiver_options={}, **options):
    async with connected(server, **options) as (left, right):
        sender = Sender(left, items, **sender_options)
        receiver = Receiver(right, kept=kept, **receiver_options)
        return await asyncio.wait_for(asyncio.gather(sender.run(), receiver.run()), 120)


def by_definition(hashes):
    """RFC 6962 section 2.1, with the power of two searched for rather than computed."""
    if len(hashes) < 2:
        return hashes[0] if hashes else hashlib.sha256().digest()
    half = max(1 << bit for bit in range(20) if 1 << bit < len(hashes))
    return hashlib.sha256(b"\x01" + by_definition(hashes[:half]) + by_definition(hashes[half:])).digest()


@pytest.mark.parametrize("size", [0, 1, 262_143, 262_144, 262_145, 3 * 262_144, 5 * 262_144 + 7])
def test_the_tree_hash_is_that_of_the_document(size, tmp_path):
    data = noise(size)
    leaves = [hashlib.sha256(b"\0" + data[start:start + 262_144]).digest() for start in range(0, size, 262_144)]
    wanted = hashlib.sha256(b"\x02" + size.to_bytes(8, "big") + by_definition(leaves)).hexdigest()
    (tmp_path / "x").write_bytes(data)
    assert tree_hash.root(data) == tree_hash.root_of_file(tmp_path / "x") == wanted


def test_the_tree_of_the_segments_is_the_tree_of_the_leaves():
    leaves = [bytes([index % 251]) * 32 for index in range(256 * 3 + 17)]
    segments = [tree_hash.tree(leaves[first:first + 256]) for first in range(0, len(leaves), 256)]
    assert tree_hash.tree(segments) == tree_hash.tree(leaves)


async def test_every_kind_of_item(server):
    items = [
        Item(["a", "b.bin"], noise(700_000)), Item(["empty"], b""), Item(["folder", "empty"], kind="folder"),
        Item(["note"], "Grüße\n".encode(), kind="text"), Item(["stream"], noise(300_000), is_stream=True, mtime=None),
        Item(["a", "b.bin"], b"again"), Item(["fails"], noise(200_000), fails_after=100_000), Item(["last"], b"x"),
    ]
    sent, received = await transfer(server, items, sender_options={"more_after": 3, "offers_later": True},
                                    receiver_options={"answers_early": True})
    assert sent.confirmed == {
        number: tree_hash.root(item.content) for number, item in enumerate(items) if item.fails_after is None}
    assert received.folders == ["folder/empty"] and received.texts == ["Grüße\n"]
    assert received.files["stream"] == items[4].content and received.files["last"] == b"x"
    assert sent.receipt["items"] == 7 and received.failed == {6: "unreadable"}


async def test_segments_are_compared(server):
    content = bytes(tree_hash.SEGMENT + 5)
    sent, received = await transfer(server, [Item(["x"], content)], receiver_options={"window": 64 << 20})
    assert received.segments == 1 and sent.confirmed == {0: tree_hash.root(content)}


@pytest.mark.parametrize("distrusts", [False, True])
async def test_a_second_connection_goes_on_where_the_first_ended(server, distrusts):
    items = [Item(["first"], noise(400_000)), Item(["second"], noise(9_000_000, 2)), Item(["third"], b"3")]
    kept = Kept()
    async with connected(server) as (left, right):
        sender, receiver = Sender(left, items), Receiver(right, kept=kept)
        receiver.vanish_after = 3_000_000
        running = asyncio.create_task(sender.run())
        await asyncio.wait_for(receiver.run(), 60)
        await right.close()
        with pytest.raises(TransferError, match="gone"):
            await asyncio.wait_for(running, 60)
    sent, received = await transfer(server, items, kept, {"distrusts": distrusts})
    assert sent.session == kept.session and sent.complete == {0} and set(sent.confirmed) == {1, 2}
    offset = sent.partial[1][0]
    assert 2_000_000 < offset <= 9_000_000 and received.begun == {1: 0 if distrusts else offset}
    assert sent.received == 9_000_001 - (0 if distrusts else offset)
    assert received.files == {item.path[0]: item.content for item in items}


@pytest.mark.parametrize("seed", range(3))
async def test_frames_that_are_lost_swapped_and_repeated(server, seed):
    items = [Item(["first"], noise(3_000_000)), Item(["second"], noise(2_000_000, 2)), Item(["third"], b"3")]
    chance = random.Random(seed)
    sent, received = await transfer(
        server, items, None, {"is_unordered": True, "mischief": chance},
        {"window": 1_000_000, "lose": lambda _: chance.random() < 0.05}, ordered=False, maxRetransmits=0)
    assert received.files == {item.path[0]: item.content for item in items}
    assert received.missing == sent.missing > 0 and sent.received == 5_000_001 + sent.missing
