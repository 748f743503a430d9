"""Transfers that are interrupted: kill -9 of either side at chosen calls, a loss of power, a network that goes away."""

import asyncio
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import pytest

import power_loss
from faults import (MEBIBYTE, SEGMENT, Scene, both_end, died, digest, kept_bytes, note, resumed_bytes, shim, tree,
                    write_noise)

SEED = int(os.environ.get("MARTLET_SEED", "20260"))
#: One file of more than two segments, and a crowd of small ones before and behind it.
LARGE = 150 * MEBIBYTE


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source") / "files"
    for number in range(30):
        write_noise(folder / "a" / f"small {number}", 1 + number * 3000, number)
        write_noise(folder / "z" / f"small {number}", 1 + number * 3000, 100 + number)
    write_noise(folder / "large.bin", LARGE, SEED)
    (folder / "nothing here").mkdir()
    return folder


@pytest.fixture
def scene(tmp_path, shim, source):
    # A folder of its own, so that calls on it can be counted; links, because nothing is changed.
    shutil.copytree(source, tmp_path / "sender" / "files", copy_function=os.link)
    return Scene(tmp_path, shim, [tmp_path / "sender" / "files"])


def assert_arrived(scene, source):
    assert tree(scene.target / "files") == tree(source)
    assert scene.leftovers() == []


def total(source):
    return sum(path.stat().st_size for path in source.rglob("*") if path.is_file())


async def calls(scene, who):
    """How often a clean transfer makes each call: kills are spread over these."""
    options = {who: {"environment": scene.faults(scene.target if who == "receiver" else scene.folder / "sender",
                                                 log=True, brief=True)}}
    async with scene.sender(**options.get("sender", {})) as sender:
        link = (await sender.event("link"))["local"]
        async with scene.receiver(link, **options.get("receiver", {})) as receiver:
            await both_end(sender, receiver)
    names = {power_loss.WRITE: "write", power_loss.TRUNCATE: "write", power_loss.SYNC: "sync",
             power_loss.SYNC_ALL: "sync", power_loss.CREATE: "create", power_loss.MAKE_FOLDER: "create",
             power_loss.RENAME: "rename", power_loss.REMOVE: "remove", power_loss.READ: "read"}
    return [(names[operation.kind], operation.first) for operation in power_loss.read_log(scene.log)]


def place_of(calls, who, call, text, place):
    """Which of the calls is to be killed at: a seed of its own for each case. Returns (seed, number, count)."""
    matching = [path for name, path in calls[who] if name == call and text in path]
    assert matching, sorted({(name, pathlib.Path(path).suffix) for name, path in calls[who]})
    seed = f"{SEED} {who} {call} {text} {place}"
    last = len(matching) - 1
    return seed, 1 + min(last, round(last * place * random.Random(seed).uniform(0.9, 1))), len(matching)


def assert_little_was_sent_twice(before, receiver, source, what):
    """What was on the receiver's disk when it broke, and what was sent all the same."""
    twice = before - resumed_bytes(receiver)
    note(f"{what}: {before} of {total(source)} bytes were there, {max(0, twice)} were sent twice")
    assert twice <= SEGMENT


@pytest.fixture(scope="session")
async def clean_calls(tmp_path_factory, shim, source):
    found = {}
    for who in ("receiver", "sender"):
        folder = tmp_path_factory.mktemp("clean")
        shutil.copytree(source, folder / "sender" / "files", copy_function=os.link)
        found[who] = await calls(Scene(folder, shim, [folder / "sender" / "files"]), who)
    return found


# MARK: The receiver is killed


#: Where: the call, text in its path, and how far between the first (0) and the last (1). In the order of a transfer:
#: the yes, the first segment, journal, names, receipt.
RECEIVER_KILLS = [
    ("create", ".journal", 0), ("write", ".journal", 0), ("create", ".part", 0), ("write", "large.bin", 0),
    ("write", "large.bin", 0.2), ("write", "large.bin", 0.6), ("write", "large.bin", 1), ("write", ".journal", 0.5),
    ("write", ".journal", 1), ("sync", "", 0.3), ("sync", "", 0.9), ("rename", "", 0), ("rename", "large.bin", 0),
    ("rename", "", 0.7), ("rename", "", 1), ("sync", "", 1), ("remove", ".journal", 0),
]


@pytest.mark.parametrize("call, text, place", RECEIVER_KILLS, ids=str)
async def test_the_receiver_is_killed(scene, source, clean_calls, call, text, place):
    seed, number, count = place_of(clean_calls, "receiver", call, text, place)
    what = f"seed {seed}: killed at {call} {number} of {count}"
    print(what)
    faults = scene.faults(scene.target, kill=f"{call}:{number}" + (f":{text}" if text else ""))
    async with scene.sender() as sender:
        link = (await sender.event("link"))["local"]
        async with scene.receiver(link, environment=faults) as receiver:
            assert await died(receiver) == -signal.SIGKILL
        before = kept_bytes(scene.target)
        if call == "remove":
            # The receipt was out: nothing but the journal is left.
            await both_end(sender)
            assert tree(scene.target / "files") == tree(source)
            assert [name for name in scene.leftovers() if not name.endswith(".journal")] == []
            note(f"{what}: everything was there, 0 were sent twice")
            return
        async with scene.receiver(link) as receiver:
            await both_end(sender, receiver)
    assert_little_was_sent_twice(before, receiver, source, what)
    assert_arrived(scene, source)


@pytest.mark.parametrize("event", ["peer", "offer", "progress"])
async def test_the_receiver_is_killed_when_it_says(scene, source, event):
    async with scene.sender() as sender:
        link = (await sender.event("link"))["local"]
        async with scene.receiver(link) as receiver:
            await receiver.event(event)
            receiver.terminate(signal.SIGKILL)
            await died(receiver)
        before = kept_bytes(scene.target)
        async with scene.receiver(link) as receiver:
            await both_end(sender, receiver)
    assert_little_was_sent_twice(before, receiver, source, f"receiver killed when it said {event}")
    assert_arrived(scene, source)


# MARK: The sender is killed


SENDER_KILLS = [
    ("write", "transfers", 0), ("rename", "transfers", 0), ("read", "files/", 0), ("read", "large.bin", 0.1),
    ("read", "large.bin", 0.5), ("read", "large.bin", 1), ("write", "hashes", 0.5), ("read", "files/z", 0.5),
    ("rename", "transfers", 1),
]


async def interrupt_the_sender(scene, source, what, kill, **options):
    """Kills a sender; the same command again has the same link, and the receiver that waits comes by itself."""
    async with scene.sender(**options) as sender:
        link = (await sender.event("link"))["local"]
        async with scene.receiver(link) as receiver:
            await kill(sender)
            assert await died(sender) == -signal.SIGKILL
            before = kept_bytes(scene.target)
            while receiver.process.returncode is None and not receiver.process.stdout.at_eof():
                try:
                    await receiver.event("retry")
                    break
                except AssertionError:
                    await receiver.end()
            before = max(before, kept_bytes(scene.target))
            if receiver.process.returncode == 0:
                # It had everything already, and only the sender does not know.
                note(f"{what}: {before} of {total(source)} bytes were there, 0 were sent twice")
                return assert_arrived(scene, source)
            async with scene.sender() as again:
                link_again = (await again.event("link"))["local"]
                if receiver.process.returncode is None:
                    assert link_again == link
                    await both_end(again, receiver)
                else:
                    # Before its yes nobody waits.
                    assert receiver.process.returncode == 7 and before == 0, str(receiver)
                    async with scene.receiver(link_again) as receiver:
                        await both_end(again, receiver)
    assert_little_was_sent_twice(before, receiver, source, what)
    assert_arrived(scene, source)


@pytest.mark.parametrize("call, text, place", SENDER_KILLS, ids=str)
async def test_the_sender_is_killed(scene, source, clean_calls, call, text, place):
    seed, number, count = place_of(clean_calls, "sender", call, text, place)
    what = f"seed {seed}: killed at {call} {number} of {count}"
    print(what)

    async def kill(sender):
        pass

    faults = scene.faults(scene.folder / "sender", kill=f"{call}:{number}:{text}")
    await interrupt_the_sender(scene, source, what, kill, environment=faults)


@pytest.mark.parametrize("event", ["peer", "offer", "progress", "file"])
async def test_the_sender_is_killed_when_it_says(scene, source, event):
    async def kill(sender):
        await sender.event(event)
        sender.terminate(signal.SIGKILL)

    await interrupt_the_sender(scene, source, f"sender killed when it said {event}", kill)


# MARK: Both are killed


async def test_both_are_killed_again_and_again(scene, source):
    chance = random.Random(SEED)
    link, before = None, 0
    for attempt in range(4):
        # Slow enough that it is never over.
        async with scene.sender("--limit", "20MB/s") as sender:
            link = (await sender.event("link"))["local"]
            async with scene.receiver(link) as receiver:
                await receiver.event("progress")
                await asyncio.sleep(chance.uniform(0, 3))
                for program in chance.sample([sender, receiver], 2):
                    program.terminate(signal.SIGKILL)
                    await died(program)
        twice = before - resumed_bytes(receiver)
        before = kept_bytes(scene.target)
        note(f"seed {SEED} both {attempt}: {before} bytes were there, {max(0, twice)} were sent twice")
        assert twice <= SEGMENT
    async with scene.sender() as sender:
        assert (await sender.event("link"))["local"] == link
        async with scene.receiver(link) as receiver:
            await both_end(sender, receiver)
    assert_little_was_sent_twice(before, receiver, source, f"seed {SEED} both, the last")
    assert_arrived(scene, source)


# MARK: The power goes


@pytest.mark.parametrize("round", range(6))
async def test_a_loss_of_power_at_the_receiver(scene, source, clean_calls, round):
    seed = f"{SEED} power {round}"
    chance = random.Random(seed)
    changes = [name for name, _ in clean_calls["receiver"] if name != "read"]
    number = chance.randint(1, len(changes))
    what = f"seed {seed}: the power goes before change {number} of {len(changes)}"
    print(what)
    async with scene.sender() as sender:
        link = (await sender.event("link"))["local"]
        async with scene.receiver(
                link, environment=scene.faults(scene.target, kill=f"any:{number}", log=True)) as receiver:
            assert await died(receiver) in (-signal.SIGKILL, 0)
        if sender.process.returncode is None:
            before = kept_bytes(scene.target)
            what += f"; {power_loss.lose(power_loss.read_log(scene.log), scene.graves, chance)}"
            async with scene.receiver(link) as receiver:
                await both_end(sender, receiver)
            assert_little_was_sent_twice(before, receiver, source, what)
    assert_arrived(scene, source)


# MARK: The network goes


@pytest.fixture
def two_networks():
    """Two network namespaces with a cable between them; ends with (prefix, prefix, address, pull)."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("two networks need root and ip")
    names = [f"martlet{os.getpid()}{side}" for side in "ab"]

    def ip(*arguments):
        return subprocess.run(["ip", *map(str, arguments)], capture_output=True, text=True)

    try:
        for name in names:
            made = ip("netns", "add", name)
            if made.returncode:
                pytest.skip(f"no network namespaces here: {made.stderr.strip()}")
        made = ip("link", "add", "cable", "netns", names[0], "type", "veth", "peer", "name", "cable", "netns", names[1])
        if made.returncode:
            pytest.skip(f"no veth here: {made.stderr.strip()}")
        for number, name in enumerate(names, 1):
            for words in (["addr", "add", f"10.77.0.{number}/24", "dev", "cable"], ["link", "set", "cable", "up"],
                          ["link", "set", "lo", "up"]):
                done = ip("-n", name, *words)
                assert done.returncode == 0, done.stderr
        prefixes = [["ip", "netns", "exec", name] for name in names]
        yield *prefixes, "10.77.0.1", lambda state: ip("-n", names[0], "link", "set", "cable", state)
    finally:
        for name in names:
            ip("netns", "del", name)


@pytest.mark.parametrize("seconds", [3, 25])
async def test_the_network_is_away_for_a_while(scene, source, two_networks, seconds):
    here, there, address, pull = two_networks
    async with scene.sender("--limit", "30MB/s", prefix=here) as sender:
        link = (await sender.event("link"))["link"]
        assert address in link, link
        async with scene.receiver(link, prefix=there) as receiver:
            await receiver.event("progress")
            await asyncio.sleep(1)
            pull("down")
            await asyncio.sleep(seconds)
            pull("up")
            start = time.monotonic()
            await both_end(sender, receiver, timeout=90)
            print(f"over {time.monotonic() - start:.1f} s after the network came back")
    assert_arrived(scene, source)


# MARK: Several receivers


async def test_each_of_several_receivers_resumes_on_its_own(tmp_path, source):
    """One of three is killed and comes again: it alone gets something twice, and the others do not wait."""
    sender_folder = Scene(tmp_path, None, [source / "large.bin"])
    async with sender_folder.sender("--receivers", 3, "--limit", "60MB/s") as sender:
        link = (await sender.event("link"))["local"]
        scenes = []
        for number in range(3):
            (tmp_path / str(number)).mkdir()
            scenes.append(Scene(tmp_path / str(number), None, []))
        first, second, victim = [scene.receiver(link) for scene in scenes]
        async with first, second:
            async with victim:
                await victim.event("progress")
                await asyncio.sleep(2.5)
                victim.terminate(signal.SIGKILL)
                await died(victim)
            before = kept_bytes(scenes[2].target)
            async with scenes[2].receiver(link) as again:
                await both_end(sender, first, second, again)
    assert before > 0
    assert_little_was_sent_twice(before, again, source, "one of three receivers killed")
    for scene in scenes:
        assert digest(scene.target / "large.bin") == digest(source / "large.bin")
        assert scene.leftovers() == []


async def test_those_who_came_get_everything_though_one_place_expires(tmp_path, source):
    async with Scene(tmp_path, None, [source / "large.bin"]).sender(
            "--receivers", 2, "--expire", "3s", "--limit", "30MB/s") as sender:
        link = (await sender.event("link"))["local"]
        (tmp_path / "0").mkdir()
        scene = Scene(tmp_path / "0", None, [])
        async with scene.receiver(link) as receiver:
            code, errors = await receiver.end()
            assert code == 0, errors
        code, errors = await sender.end()
        assert code == 10 and "1 of 2" in errors, (code, errors)
    assert digest(scene.target / "large.bin") == digest(source / "large.bin")


async def test_one_slow_receiver_does_not_slow_the_others(tmp_path, source):
    async with Scene(tmp_path, None, [source / "large.bin"]).sender("--receivers", 3) as sender:
        link = (await sender.event("link"))["local"]
        scenes = []
        for number in range(3):
            (tmp_path / str(number)).mkdir()
            scenes.append(Scene(tmp_path / str(number), None, []))
        slow, *fast = [scene.receiver(link) for scene in scenes]
        async with slow, fast[0], fast[1]:
            await slow.event("progress")
            slow.terminate(signal.SIGSTOP)
            ends = await asyncio.gather(*(receiver.end(30) for receiver in fast))
            assert [code for code, _ in ends] == [0, 0], ends
            assert sender.process.returncode is None
            slow.terminate(signal.SIGCONT)
            assert (await slow.end(60))[0] == 0
            assert (await sender.end(30))[0] == 0
    for scene in scenes:
        assert digest(scene.target / "large.bin") == digest(source / "large.bin")
