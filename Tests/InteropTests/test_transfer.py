"""What people send: folders, odd names, texts, streams, crowds of small files; and what happens to files meanwhile."""

import asyncio
import os
import random
import re
import socket
import subprocess
import time

import pytest

import tree_hash
from faults import MEBIBYTE, digest, resumed_bytes, tree, write_noise
from martlet_peer import Connection, Item, Receiver, Sender, TransferError
from martlet_program import Martlet
from rooms_client import Link, RoomClient


async def transfer(folder, sources, send=(), receive=("-y",), expect=(0, 0), timeout=120, folder_of_sender=None):
    """The program at both ends. Returns the two programs, and what they said on standard error."""
    target = folder / "target"
    target.mkdir(exist_ok=True)
    async with Martlet("send", "--port", 0, *send, *sources, folder=folder_of_sender) as sender:
        link = (await sender.event("link"))["local"]
        async with Martlet("receive", link, "-o", target, *receive) as receiver:
            ends = await asyncio.gather(sender.end(timeout), receiver.end(timeout))
            assert tuple(code for code, _ in ends) == expect, ends
            return sender, receiver, [errors for _, errors in ends]


def files_of(program):
    return {event["name"]: event for event in program.events if event["type"] == "file"}


# MARK: Folders


@pytest.fixture
def album(tmp_path):
    folder = tmp_path / "album"
    write_noise(folder / "2024" / "summer" / "one.bin", 300_000, 1)
    write_noise(folder / "2024" / "two.bin", 0, 2)
    write_noise(folder / ".hidden" / ".secret", 10, 3)
    write_noise(folder / "run.sh", 20, 4).chmod(0o755)
    (folder / "empty" / "within").mkdir(parents=True)
    (folder / "link").symlink_to("2024/two.bin")
    (folder / "away").symlink_to("2024")
    (folder / "nowhere").symlink_to("/nonexistent")
    os.utime(folder / "run.sh", (1_500_000_000, 1_500_000_000))
    return folder


def times(folder):
    return {str(path.relative_to(folder)): int(path.stat().st_mtime)
            for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}


async def test_a_folder_arrives_as_it_is(tmp_path, album):
    await transfer(tmp_path, [album])
    wanted = {name: content for name, content in tree(album).items() if content != "link"}
    arrived = tmp_path / "target" / "album"
    assert tree(arrived) == wanted
    assert times(arrived) == {name: seconds for name, seconds in times(album).items() if name in wanted}


async def test_links_are_followed_when_asked_and_never_made(tmp_path, album):
    (album / "nowhere").unlink()
    await transfer(tmp_path, [album], send=["--follow-links"])
    arrived = tree(tmp_path / "target" / "album")
    assert "link" not in arrived.values()
    assert arrived["link"] == arrived["2024/two.bin"] and arrived["away/summer/one.bin"] == arrived["2024/summer/one.bin"]


async def test_a_link_to_its_own_folder_does_not_send_for_ever(tmp_path, album):
    (album / "nowhere").unlink()
    (album / "2024" / "round").symlink_to("..")
    await transfer(tmp_path, [album], send=["--follow-links"])
    assert (tmp_path / "target" / "album" / "2024" / "two.bin").exists()


async def test_some_are_left_out(tmp_path, album):
    await transfer(tmp_path, [album], send=["--exclude", "*.sh", "--exclude", "2024/summer", "--no-hidden"])
    arrived = tree(tmp_path / "target" / "album")
    assert "run.sh" not in arrived and "2024/two.bin" in arrived
    assert not any(name.startswith((".hidden", "2024/summer/")) for name in arrived)


async def test_two_sources_of_one_name_are_both_kept(tmp_path):
    sources = [write_noise(tmp_path / side / "same.bin", 1000, number) for number, side in enumerate("ab")]
    await transfer(tmp_path, sources)
    assert sorted(map(digest, (tmp_path / "target").iterdir())) == sorted(map(digest, sources))


# MARK: Names


ODD_NAMES = [
    "plain", "with space", " leading", "trailing ", "trailing.", "a\nb", "tab\there", "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07", "back\x08space", "quote\"s'", "back\\slash", "co:lon", "que?stion", "st*r", "<less>", "pi|pe",
    "CON", "nul.txt", "com1", "-rf", "--", "~", "$HOME", "`id`", "$(id)", "%s%n", "emoji 🐦🏽‍♂️", "e\u0301", "é", "日本語",
    "rtl \u202egnp.exe", "zero\u200bwidth", "\ufeffbom", "x" * 255, "ü" * 127, ".hidden", "...", "....", "%2e%2e", "\x7f",
    "\u2028line", "\x9bcsi", "&lt;b&gt;", "<img src=x onerror=alert(1)>", "😀" * 63,
]


def assert_fit_for_a_terminal(data):
    """No byte below 0x20 but line ends, no DEL, no C1 controls, no bidirectional overrides."""
    bad = [byte for byte in data if byte < 0x20 and byte not in b"\n" or byte == 0x7F]
    assert not bad, data[:400]
    text = data.decode()
    assert not re.search("[\x80-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]", text), text


async def test_odd_names_arrive_and_do_nothing_to_a_terminal(tmp_path):
    folder = tmp_path / "names"
    folder.mkdir()
    for number, name in enumerate(ODD_NAMES):
        (folder / name).write_bytes(b"%d" % number)
    target = tmp_path / "target"
    target.mkdir()
    async with Martlet("send", "--port", 0, folder) as sender:
        link = (await sender.event("link"))["local"]
        async with Martlet("receive", link, "-y", "-o", target, json_events=False) as receiver:
            output = await asyncio.wait_for(receiver.process.stdout.read(), 60)
            errors = await receiver._errors
            assert await receiver.process.wait() == 0, errors
        code, sender_errors = await sender.end()
        assert code == 0, sender_errors
    assert_fit_for_a_terminal(errors)
    assert_fit_for_a_terminal(sender_errors.encode())
    contents = sorted(int(path.read_bytes()) for path in (target / "names").iterdir())
    assert contents == list(range(len(ODD_NAMES)))
    assert output.count(b"names/") >= len(ODD_NAMES)


async def test_names_that_are_no_utf8_are_told_and_do_not_stop_the_rest(tmp_path):
    folder = tmp_path / "names"
    folder.mkdir()
    (folder / "fine").write_bytes(b"1")
    with open(os.fsencode(folder) + b"/\xff\xfe", "wb") as file:
        file.write(b"2")
    target = tmp_path / "target"
    target.mkdir()
    async with Martlet("send", "--port", 0, folder) as sender:
        link = (await sender.event("link"))["local"]
        async with Martlet("receive", link, "-y", "-o", target) as receiver:
            ends = await asyncio.gather(sender.end(), receiver.end())
    assert (target / "names" / "fine").read_bytes() == b"1"
    assert len(list((target / "names").iterdir())) in (1, 2)
    assert ends[1][0] == 0 and "ff" in ends[0][1].lower() or len(list((target / "names").iterdir())) == 2, ends


# MARK: Texts and streams


async def test_a_text(tmp_path):
    words = "Grüße\n\x1b[31mred\x1b]0;t\x07\u202e<b>\n"
    sender, receiver, _ = await transfer(tmp_path, [], send=["--text", words])
    assert [event["text"] for event in receiver.events if event["type"] == "text"] == [words]


async def test_a_text_does_nothing_to_a_terminal(tmp_path):
    words = "Grüße\n\x1b[31mred\x1b]0;t\x07\x08\r\u202eend"
    target = tmp_path / "target"
    target.mkdir()
    async with Martlet("send", "--port", 0, "--text", words) as sender:
        link = (await sender.event("link"))["local"]
        async with Martlet("receive", link, "-y", "-o", target, json_events=False) as receiver:
            output = await asyncio.wait_for(receiver.process.stdout.read(), 60)
            errors = await receiver._errors
            assert await receiver.process.wait() == 0, errors
    # A pipe gets the words as they are; what a person reads gets them without teeth.
    assert_fit_for_a_terminal(errors)
    assert "Grüße" in (output + errors).decode()


@pytest.mark.parametrize("size", [0, 1, 5 * MEBIBYTE + 1])
async def test_from_a_pipe_into_a_pipe(tmp_path, size):
    content = random.Random(size).randbytes(size)
    async with Martlet("send", "--port", 0, "-", stdin=asyncio.subprocess.PIPE) as sender:
        link = (await sender.event("link"))["local"]
        async with Martlet("receive", link, "-y", "-o", "-", json_events=False) as receiver:
            async def feed():
                sender.process.stdin.write(content)
                await sender.process.stdin.drain()
                sender.process.stdin.close()
            feeding = asyncio.create_task(feed())
            output = await asyncio.wait_for(receiver.process.stdout.read(), 60)
            assert await receiver.process.wait() == 0, await receiver._errors
            await feeding
        assert (await sender.end())[0] == 0
    assert output == content


async def test_a_file_into_a_slow_pipe_is_flow_controlled(tmp_path):
    source = write_noise(tmp_path / "x.bin", 60 * MEBIBYTE, 1)
    async with Martlet("send", "--port", 0, source) as sender:
        link = (await sender.event("link"))["local"]
        async with Martlet("receive", link, "-y", "-o", "-", json_events=False) as receiver:
            got = bytearray()
            await asyncio.sleep(3)
            while block := await asyncio.wait_for(receiver.process.stdout.read(1 << 20), 30):
                got += block
            assert await receiver.process.wait() == 0, await receiver._errors
        assert (await sender.end())[0] == 0
    assert bytes(got) == source.read_bytes()
    assert max(sender.peak_memory_bytes, receiver.peak_memory_bytes) < 150 * MEBIBYTE


async def test_two_files_do_not_fit_into_one_pipe(tmp_path):
    sources = [write_noise(tmp_path / name, 1000, 1) for name in ("a", "b")]
    async with Martlet("send", "--port", 0, *sources) as sender:
        link = (await sender.event("link"))["local"]
        async with Martlet("receive", link, "-y", "-o", "-", json_events=False) as receiver:
            assert await asyncio.wait_for(receiver.process.stdout.read(), 30) == b""
            assert await receiver.process.wait() == 6, await receiver._errors
        assert (await sender.end())[0] == 6


# MARK: Crowds


async def test_five_thousand_small_files(tmp_path):
    folder = tmp_path / "crowd"
    for number in range(5000):
        path = folder / f"{number % 50}" / f"file {number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % number * (number % 300))
    start = time.monotonic()
    sender, receiver, _ = await transfer(tmp_path, [folder])
    seconds = time.monotonic() - start
    print(f"{5000 / seconds:.0f} files a second")
    assert tree(tmp_path / "target" / "crowd") == tree(folder)
    assert max(sender.peak_memory_bytes, receiver.peak_memory_bytes) < 150 * MEBIBYTE
    assert seconds < 20


# MARK: Files that do not stay as they are


@pytest.mark.parametrize("change", ["grows", "shrinks", "vanishes", "changes"])
async def test_a_file_that_does_not_stay_fails_alone(tmp_path, change):
    folder = tmp_path / "files"
    write_noise(folder / "a", 1000, 1)
    victim = write_noise(folder / "b", 40 * MEBIBYTE, 2)
    write_noise(folder / "c", 1000, 3)
    before = victim.read_bytes()
    target = tmp_path / "target"
    target.mkdir()
    async with Martlet("send", "--port", 0, "--limit", "8MB/s", folder) as sender:
        link = (await sender.event("link"))["local"]
        async with Martlet("receive", link, "-y", "-o", target) as receiver:
            await receiver.event("progress")
            if change == "grows":
                with open(victim, "ab") as file:
                    file.write(b"more")
            elif change == "shrinks":
                os.truncate(victim, 1000)
            elif change == "vanishes":
                victim.unlink()
            else:
                with open(victim, "r+b") as file:
                    file.seek(39 * MEBIBYTE)
                    file.write(b"something else")
            ends = await asyncio.gather(sender.end(), receiver.end())
    arrived = tree(target / "files")
    assert arrived["a"] == tree(folder)["a"] and arrived["c"] == tree(folder)["c"]
    outcome = files_of(receiver)
    failed = [event for event in outcome.values() if "error" in event]
    if change == "vanishes" and not failed:
        # It was open already: everything came.
        assert (target / "files" / "b").read_bytes() == before
    elif change == "grows" and not failed:
        assert (target / "files" / "b").read_bytes() == before
    else:
        assert len(failed) == 1 and not (target / "files" / "b").exists(), outcome
        assert all(code != 0 for code, _ in ends), ends
        assert all("b" in errors for _, errors in ends)


@pytest.mark.parametrize("path", ["/dev/zero", "pipe", "missing", "socket"])
async def test_what_cannot_be_sent_is_refused_with_a_sentence(tmp_path, path):
    if path == "pipe":
        os.mkfifo(tmp_path / "pipe")
    elif path == "socket":
        socket.socket(socket.AF_UNIX).bind(str(tmp_path / "socket"))
    async with Martlet("send", "--port", 0, path if path[0] == "/" else tmp_path / path) as sender:
        code, errors = await sender.end(20)
        assert code == 3 and path.split("/")[-1] in errors, (code, errors)


# MARK: Disks


@pytest.fixture
def small_disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    folder = tmp_path / "target"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip(f"no mounts here: {done.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_full_disk_is_no_end(tmp_path, small_disk):
    source = write_noise(tmp_path / "x.bin", 80 * MEBIBYTE, 1)
    ballast = small_disk / "ballast"
    # There is room when the question is asked, and none later.
    async with Martlet("send", "--port", 0, "--limit", "20MB/s", source) as sender:
        link = (await sender.event("link"))["local"]
        async with Martlet("receive", link, "-y", "-o", small_disk) as receiver:
            await receiver.event("progress")
            ballast.write_bytes(bytes(60 * MEBIBYTE))
            code, errors = await receiver.end(60)
            assert code == 9 and "full" in errors, (code, errors)
        assert not (small_disk / "x.bin").exists()
        kept = sum(path.stat().st_size for path in small_disk.iterdir() if path.name.endswith(".part"))
        ballast.unlink()
        if sender.process.returncode is None and not sender.process.stdout.at_eof():
            async with Martlet("receive", link, "-y", "-o", small_disk) as receiver:
                ends = await asyncio.gather(sender.end(60), receiver.end(60))
        else:
            ends = [await sender.end()]
            assert ends[0][0] != 0
            async with Martlet("send", "--port", 0, source) as again:
                assert (await again.event("link"))["local"] == link
                async with Martlet("receive", link, "-y", "-o", small_disk) as receiver:
                    ends = await asyncio.gather(again.end(60), receiver.end(60))
        assert [code for code, _ in ends] == [0, 0], ends
    assert digest(small_disk / "x.bin") == digest(source)
    print(f"{kept} bytes were kept, {resumed_bytes(receiver)} were not sent again")
    assert kept > 0 and resumed_bytes(receiver) > 0
    assert [path.name for path in small_disk.iterdir()] == ["x.bin"]


async def test_a_disk_that_is_too_small_is_known_before(tmp_path, small_disk):
    source = write_noise(tmp_path / "x.bin", 120 * MEBIBYTE, 1)
    _, _, errors = await transfer(tmp_path, [source], expect=(6, 9))
    assert list(small_disk.iterdir()) == []
    assert "space" in errors[1].lower() or "free" in errors[1].lower(), errors


async def test_a_list_that_outgrows_the_disk_while_it_is_counted(server, small_disk):
    """What came is kept; with room made, the same transfer goes on."""
    content = random.Random(5).randbytes(30 * MEBIBYTE)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(20 * MEBIBYTE))
    link = Link.fresh(server.origin)
    files = [Item(["x.bin"], content), Item(["y.bin"], bytes(60 * MEBIBYTE))]
    items = [file.offered(number) for number, file in enumerate(files)]

    async def until(connection, *kinds):
        while True:
            _, message = await connection.next(30)
            if message["type"] in kinds:
                return message

    async with RoomClient(link, is_host=True) as room:
        async with Martlet("receive", str(link), "-y", "-o", small_disk, "--wait", "0s") as receiver:
            await asyncio.wait_for(room.paired(), 20)
            connection = Connection()
            await connection.establish(room)
            await connection.hello("sender")
            connection.say("offer", transfer="grows", items=items[:1], more=True)
            limit = (await until(connection, "accept"))["limit"]
            for place in range(0, limit - 65520, 65520):
                await connection.send_frame(0, place, content[place:place + 65520])
            await until(connection, "credit")
            await asyncio.sleep(2.5)
            connection.say("offer", transfer="grows", items=items[1:], more=False)
            with pytest.raises(TransferError) as caught:
                await until(connection, "receipt")
            assert caught.value.code == "storage" and caught.value.resumable
            code, errors = await receiver.end()
            assert code == 9 and "resume" in errors, (code, errors)
            await connection.close()
        kept = [path.stat().st_size for path in small_disk.iterdir() if path.name.endswith(".part")]
        assert kept and not (small_disk / "x.bin").exists()
    ballast.unlink()
    async with RoomClient(link, is_host=True) as room:
        async with Martlet("receive", str(link), "-y", "-o", small_disk) as receiver:
            await asyncio.wait_for(room.paired(), 20)
            connection = Connection()
            await connection.establish(room)
            sent = await asyncio.wait_for(Sender(connection, files, transfer="grows").run(), 90)
            code, errors = await receiver.end()
            assert code == 0, errors
            await connection.close()
    assert sent.begun[0] > 0, sent
    assert (small_disk / "x.bin").read_bytes() == content
    assert (small_disk / "y.bin").stat().st_size == 60 * MEBIBYTE


async def test_a_folder_that_cannot_be_written(tmp_path):
    source = write_noise(tmp_path / "x.bin", 1000, 1)
    async with Martlet("send", "--port", 0, source) as sender:
        link = (await sender.event("link"))["local"]
        async with Martlet("receive", link, "-y", "-o", "/proc/self") as receiver:
            code, errors = await receiver.end(30)
            assert code == 9 and "/proc/self" in errors, (code, errors)


# MARK: Rates and lost frames


async def test_the_limit_is_kept(tmp_path):
    source = write_noise(tmp_path / "x.bin", 40_000_000, 1)
    target = tmp_path / "target"
    target.mkdir()
    async with Martlet("send", "--port", 0, "--limit", "5MB/s", source) as sender:
        link = (await sender.event("link"))["local"]
        async with Martlet("receive", link, "-y", "-o", target) as receiver:
            await sender.event("peer")
            start = time.monotonic()
            ends = await asyncio.gather(sender.end(), receiver.end())
            seconds = time.monotonic() - start
    assert [code for code, _ in ends] == [0, 0], ends
    print(f"{40 / seconds:.2f} MB/s")
    assert 0.85 * 8 < seconds < 1.15 * 8 + 0.5


async def test_unordered_between_programs(tmp_path):
    sources = [write_noise(tmp_path / "x.bin", 100 * MEBIBYTE, 1), write_noise(tmp_path / "y.bin", 0, 2)]
    await transfer(tmp_path, sources, send=["--unordered", "--max-retransmits", 0])
    assert {path.name: digest(path) for path in (tmp_path / "target").iterdir()} == {
        path.name: digest(path) for path in sources}


async def enter(link, **options):
    """The independent peer as the guest of a program's room."""
    room = await RoomClient(Link.parse(link), is_host=False).__aenter__()
    await room.paired()
    connection = Connection(**options)
    await connection.establish(room)
    return room, connection


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_program_sends_again_what_was_lost(tmp_path, seed):
    sources = [write_noise(tmp_path / "x.bin", 6_000_000, 1), write_noise(tmp_path / "y.bin", 500_000, 2)]
    chance = random.Random(seed)
    async with Martlet("send", "--port", 0, "--unordered", "--max-retransmits", 0, *sources) as sender:
        room, connection = await enter((await sender.event("link"))["local"], ordered=False, maxRetransmits=0)
        receiver = Receiver(connection, lose=lambda _: chance.random() < 0.05)
        received = await asyncio.wait_for(receiver.run(), 120)
        code, errors = await sender.end()
        assert code == 0, errors
        await connection.close()
        await room.__aexit__()
    assert received.missing > 0
    assert received.files == {path.name: path.read_bytes() for path in sources}


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_program_puts_frames_in_order(server, tmp_path, seed):
    items = [Item(["x.bin"], random.Random(1).randbytes(6_000_000)), Item(["y.bin"], b"y" * 500_000)]
    target = tmp_path / "target"
    target.mkdir()
    link = Link.fresh(server.origin)
    async with RoomClient(link, is_host=True) as room:
        async with Martlet("receive", str(link), "-y", "-o", target) as receiver:
            await asyncio.wait_for(room.paired(), 20)
            connection = Connection(ordered=False, maxRetransmits=0)
            await connection.establish(room)
            sender = Sender(connection, items, is_unordered=True, mischief=random.Random(seed))
            sent = await asyncio.wait_for(sender.run(), 120)
            code, errors = await receiver.end()
            assert code == 0, errors
            await connection.close()
    assert sent.missing > 0
    assert {path.name: path.read_bytes() for path in target.iterdir()} == {
        item.path[0]: item.content for item in items}


async def test_the_independent_peer_resumes_with_the_program(tmp_path):
    """The program sends; the peer leaves halfway, and comes back to the same room."""
    source = write_noise(tmp_path / "x.bin", 20_000_000, 1)
    async with Martlet("send", "--port", 0, "--limit", "10MB/s", source) as sender:
        link = (await sender.event("link"))["local"]
        room, connection = await enter(link)
        receiver = Receiver(connection)
        receiver.vanish_after = 8_000_000
        await asyncio.wait_for(receiver.run(), 60)
        await connection.close()
        await room.__aexit__()
        room, connection = await enter(link)
        again = Receiver(connection, kept=receiver.kept)
        received = await asyncio.wait_for(again.run(), 60)
        assert (await sender.end())[0] == 0
        await connection.close()
        await room.__aexit__()
    assert received.begun[0] >= 7_000_000 and received.files == {"x.bin": source.read_bytes()}


async def test_the_program_resumes_with_the_independent_peer(server, tmp_path):
    """The peer sends, leaves halfway, and sends again in the same room; the program waits for it."""
    content = random.Random(3).randbytes(20_000_000)
    items = [Item(["small"], b"small"), Item(["x.bin"], content), Item(["note"], "Grüße".encode(), kind="text")]
    target = tmp_path / "target"
    target.mkdir()
    link = Link.fresh(server.origin)
    async with RoomClient(link, is_host=True) as room:
        async with Martlet("receive", str(link), "-y", "-o", target) as receiver:
            await asyncio.wait_for(room.paired(), 20)
            connection = Connection()
            await connection.establish(room)
            first = Sender(connection, items)
            first.pause_after = 12_000_000
            running = asyncio.create_task(first.run())
            await asyncio.wait_for(first.paused.wait(), 60)
            await asyncio.sleep(3)
            running.cancel()
            await connection.close()
            await asyncio.wait_for(room.paired(), 60)
            connection = Connection()
            await connection.establish(room)
            sent = await asyncio.wait_for(Sender(connection, items).run(), 60)
            code, errors = await receiver.end()
            assert code == 0, errors
            await connection.close()
    assert sent.complete == {0} and sent.begun[1] >= 8_000_000, sent
    assert sent.confirmed[1] == tree_hash.root(content)
    assert (target / "x.bin").read_bytes() == content
