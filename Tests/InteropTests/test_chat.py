"""`martlet chat`: with the independent peer in both roles, with itself, with the page in both browsers, and among three."""

import asyncio
import codecs
import contextlib
import json
import pathlib
import random
import signal
import sys

import pytest

from chat_peer import Guest, Host
from chat_program import Talker, Terminal
from martlet_peer import Item, TransferError
from martlet_program import Martlet
from page_chats import ChatPage
from rendezvous import Rendezvous
from rooms_client import Code, Link, RoomClient
from test_page_chat_hostile import DANGEROUS, DRESSED, WRONG

NOISE = random.Random(5).randbytes(700_000)


async def both_ways(talker, pair):
    """A talk in both directions, with whatever there is beside messages."""
    [joined] = talker.of("joined")
    assert (joined["name"], joined["agent"]) == (pair.name_here, "aiortc")
    assert (await talker.event("words"))["words"] == pair.words
    lines = ["hello", "日本 👩‍👩‍👧‍👦 e\u0301", "  spaces  ", "/help", "x" * 25_000]
    await talker.say(*lines)
    await pair.until(lambda: "".join(pair.texts) == "".join(lines))
    assert pair.texts[:4] == lines[:4] and all(message.age < 5000 for message in pair.messages)
    await talker.delivered(len(lines) + 2)
    for text in ("hi", "two\nlines", "\ttab"):
        pair.say(text)
    await pair.until(lambda: pair.delivered == 3)
    assert talker.texts == ["hi", "two\nlines", "\ttab"] or talker.texts[0] == "hi" and len(talker.texts) == 3
    pair.talk.say("typing", **{"is": True})
    assert (await talker.event("typing"))["is"] is True
    pair.talk.say("name", name="somebody else")
    assert (await talker.event("renamed"))["name"] == "somebody else"
    # Nothing is heard of things to come.
    pair.talk.say("later", optional=True)


async def test_a_program_as_host_talks_with_an_independent_guest(server):
    async with Talker("--server", server.origin, "--name", "chris") as talker:
        async with Guest(await talker.link(), "anna") as anna:
            pair = anna.host
            pair.name_here = "anna"
            assert (pair.their_name, pair.people) == ("chris", 2)
            await talker.event("joined")
            await both_ways(talker, pair)
            await anna.lose()
            await talker.event("lost")
            await talker.say("are you there?", "hello?")
            await talker.event("said", 7)
            pair.say("while it was lost")
            await anna.enter()
            await talker.event("back")
            await pair.until(lambda: pair.texts[-2:] == ["are you there?", "hello?"] and pair.delivered == 4)
            assert len(talker.of("joined")) == 1 and talker.texts[3:] == ["while it was lost"]
            assert [message.seq for message in pair.messages] == list(range(1, pair.heard + 1))
            await anna.leave()
            assert (await talker.event("left"))["reason"] == "left"
        async with Guest(Code.parse((await talker.event("code"))["code"], server.origin), "ben") as ben:
            await talker.event("joined", 2)
            ben.host.say("by code")
            await ben.host.until(lambda: ben.host.delivered == 1)


async def test_a_program_as_guest_talks_with_an_independent_host(server):
    async with Host(server.origin, name="host") as host, Talker(host.link, "--name", "chris") as talker:
        pair = await host.somebody()
        pair.name_here = "host"
        assert pair.their_name == "chris"
        await talker.event("joined")
        await both_ways(talker, pair)
        pair.acknowledges = False
        await talker.say("not acknowledged")
        await pair.until(lambda: pair.texts[-1] == "not acknowledged")
        await pair.talk.close()
        pair.acknowledges = True
        pair.say("while it was lost")
        await pair.until(lambda: pair.connections == 2)
        pair.acknowledge()
        await talker.say("again")
        await pair.until(lambda: pair.texts[-2:] == ["not acknowledged", "again"] and pair.delivered == 4)
        assert talker.texts[-1] == "while it was lost" and len(talker.texts) == 4
        assert [message.seq for message in pair.messages] == list(range(1, pair.heard + 1))
        code, said = await talker_leaves(talker, pair)
        assert code == 0, said


async def talker_leaves(talker, pair):
    """SIGTERM is no goodbye; the other side's is."""
    await pair.leave()
    await talker.event("left")
    return await talker.end()


async def test_a_host_that_has_forgotten_everything_is_somebody_new(server):
    link = Link.fresh(server.origin)
    async with Talker("--server", server.origin) as talker, Guest(await talker.link(), "anna") as anna:
        anna.host.say("one")
        await anna.host.until(lambda: anna.host.delivered == 1)
        # A page that was loaded again without its memory: another session, which finds no place until this one is free.
        with pytest.raises(TransferError) as error:
            await Guest(await talker.link(), "other").enter()
        assert error.value.code == "taken"
    async with Host(server.origin, link=link) as host, Talker(link) as talker:
        pair = await host.somebody()
        pair.acknowledges = False
        await talker.say("kept")
        await pair.until(lambda: pair.heard == 1)
        # The host comes back as another person, who hears what the first one never acknowledged.
        host.pairs.clear()
        pair.is_over = True
        await pair.talk.close()
        fresh = await host.somebody()
        await fresh.until(lambda: fresh.texts == ["kept"])


async def test_files_go_both_ways_and_over_a_lost_connection(server, tmp_path):
    (tmp_path / "kept").mkdir()
    async with Talker("--server", server.origin, "-y", "-o", tmp_path / "kept") as talker:
        async with Guest(await talker.link(), "anna") as anna:
            small = anna.host.send_files([Item(["b.txt"], b"hello"), Item(["folder", "c.txt"], b"there")])
            offer = anna.host.send_files(
                [Item(["first.bin"], NOISE[:300_000]), Item(["a.bin"], NOISE)], pause_after=600_000)
            await asyncio.wait_for(small.result, 20)
            async with asyncio.timeout(20):
                while not offer.sender:
                    await asyncio.sleep(0)
                await offer.sender.paused.wait()
            anna.host.say("in the middle")
            await anna.host.until(lambda: anna.host.delivered == 1)
            async with asyncio.timeout(20):
                while not (tmp_path / "kept/first.bin").exists():
                    await asyncio.sleep(0.05)
            await anna.lose()
            await talker.event("lost")
            await anna.enter()
            sent = await asyncio.wait_for(offer.result, 30)
            assert sent.complete == {0}
            await talker.event("file-end", 2)
            # It is the same offer, of which nobody is asked again.
            assert len(talker.of("file-offer")) == 2
        assert (tmp_path / "kept/a.bin").read_bytes() == NOISE
        assert (tmp_path / "kept/b.txt").read_bytes() == b"hello"
        assert (tmp_path / "kept/folder/c.txt").read_bytes() == b"there"
    async with Host(server.origin) as host, Terminal(host.link, folder=tmp_path) as person:
        pair = await host.somebody()
        (tmp_path / "mine.bin").write_bytes(NOISE)
        await person.sees("/help")
        person.types("/send mine.bin\r")
        await pair.until(lambda: pair.received)
        assert pair.received[0].files == {"mine.bin": NOISE}
        pair.decide = lambda items: False
        person.types("/send mine.bin\r")
        await person.sees("declined")


async def test_programs_talk_by_pipes(server, tmp_path):
    log, other_log = tmp_path / "log", tmp_path / "other log"
    async with Martlet("chat", "--server", server.origin, "--name", "host", "--log", log, json_events=False,
                       stdin=asyncio.subprocess.PIPE) as host:
        async with asyncio.timeout(20):
            while b"/#" not in host.said:
                await asyncio.sleep(0.02)
        link = next(word for word in host.said.decode().split() if "/#" in word)
        async with Martlet("chat", link, "--once", "--name", "guest", "--log", other_log, json_events=False,
                           stdin=asyncio.subprocess.PIPE) as guest:
            guest.process.stdin.write("hi\nthere ✓\n".encode() + b"y" * 1_000_000 + b"\n")
            guest.process.stdin.close()
            lines = [await asyncio.wait_for(host.process.stdout.readline(), 30) for _ in range(2)]
            assert lines == [b"guest: hi\n", "guest: there ✓\n".encode()]
            length = 0
            while length < 1_000_000:
                length += (await asyncio.wait_for(host.process.stdout.readline(), 30)).count(b"y")
            assert await asyncio.wait_for(guest.process.wait(), 30) == 0, guest.said.decode()
        for text in (log.read_text(), other_log.read_text()):
            assert "<guest> hi\n" in text and "<guest> there ✓\n" in text and text.count("y" * 10) >= 1
        # One who says something at once to nobody who listens fails, and says so.
        host.terminate(signal.SIGTERM)
        assert await asyncio.wait_for(host.process.wait(), 10) == 143


async def test_hostile_text_is_harmless_in_pipes_and_terminals(server, tmp_path):
    """Whatever somebody says, is called or runs: the raw bytes of the program hold nothing that acts on a terminal."""
    log = tmp_path / "log"

    def is_harmless(data, allowed=()):
        # What a terminal has shown so far may end in the middle of a character.
        text = codecs.getincrementaldecoder("utf-8")().decode(data)
        found = {hex(code) for code in DANGEROUS if chr(code) in text and chr(code) not in allowed}
        assert not found, found
        return text

    async def speak(pair):
        # At once with their escapes: halves of surrogate pairs, too.
        pair.sent = pair.said = len(DRESSED)
        for number, text in enumerate(DRESSED):
            pair.talk.control.send(json.dumps({"type": "message", "seq": number + 1, "text": text, "age": 0}))
        pair.talk.say("name", name="\x1b]0;title\x07\u2066<x>")
        await pair.until(lambda: pair.delivered == len(DRESSED))

    async with Host(server.origin, name="\u202eho\x1b[31mst\x07") as host:
        host.agent = "\x1b[2Jagent\u2067\x07"
        async with Martlet("chat", host.link, "--log", log, json_events=False, stdin=asyncio.subprocess.PIPE) as program:
            pair = await host.somebody()
            running = asyncio.create_task(program.process.stdout.read())
            await speak(pair)
            pair.talk.say("error", code="protocol", message="\x1b]0;title\x07\u202eend")
            output = await asyncio.wait_for(running, 20)
            await program.process.wait()
            assert "<img src=x onerror" in is_harmless(output, "\n")
            is_harmless(bytes(program.said), "\n")
            is_harmless(log.read_bytes(), "\n")
    async with Host(server.origin, name="\u202eho\x1b[31mst\x07") as host, Terminal(host.link) as person:
        pair = await host.somebody()
        await person.sees("/help")
        await speak(pair)
        await person.sees("-" * 40)
        # Its own escapes move the cursor and colour; nothing that came is one.
        output = is_harmless(bytes(person.output), "\n\r\x1b\x08\x07")
        for part in ("\x1b[2J", "\x1b]0;title", "\x1b[31mst", "\x07"):
            assert part not in output, part


async def test_what_makes_no_sense_ends_the_talk_with_whoever_says_it(server):
    """One host, and guests one after the other who each do one thing wrong; in between somebody who does not."""
    problems = []
    async with Talker("--server", server.origin) as talker:
        link = await talker.link()
        for count, (name, act) in enumerate(WRONG.items()):
            async with Guest(link, "eve") as eve:
                await talker.event("joined", count + 1)
                eve.host.acknowledges, eve.host.sent = False, 2 ** 53
                act(eve.host)
                try:
                    await eve.host.until(lambda: not eve.host.is_standing, 10)
                except (TransferError, AssertionError):
                    pass
                if not eve.host.failure or eve.host.failure.code != "protocol":
                    problems.append((name, eve.host.failure))
                left = await talker.event("left", count + 1)
                if left["reason"] != "failed":
                    problems.append((name, left))
        async with Guest(link, "anna") as anna:
            anna.host.say("still there?")
            await anna.host.until(lambda: anna.host.delivered == 1)
    assert not problems, problems


async def test_introductions_of_nobody_cost_little(server):
    """A host that introduces thousands, and a guest that signals to thousands: the program goes on talking."""
    async with Host(server.origin, people=3) as host, Talker(host.link) as talker:
        pair = await host.somebody()
        for peer in range(1, 3001):
            pair.talk.say("introduce", peer=peer, attempt=1, name=f"name {peer}", calls=peer % 2 == 0)
            pair.talk.say("signal", peer=peer, attempt=1, payload={"type": "offer", "sdp": "v=0\r\n" + "x" * 1000})
        pair.say("still there?")
        await pair.until(lambda: pair.delivered == 1 or not pair.is_standing, 30)
        files = len(list(pathlib.Path(f"/proc/{talker.program.process.pid}/fd").iterdir()))
        assert files < 200 and talker.program.peak_memory_bytes < 200 * 1024 * 1024, (files, talker.program.peak_memory_bytes)
        assert len(talker.of("joined")) == 1
    async with Talker("--server", server.origin, "--people", 3) as talker:
        link = await talker.link()
        async with Guest(link, "anna") as anna, Guest(link, "eve") as eve:
            await talker.event("joined", 2)
            await anna.somebody(2)
            place = next(iter(eve._signals))
            heard = []
            anna.host.on_other = heard.append
            for count in range(2000):
                eve.host.talk.say("signal", peer=place, attempt=1, payload={"type": "x", "count": count, "pad": "x" * 5000})
                eve.host.talk.say("signal", peer=count + 10, attempt=1, payload={})
            eve.host.say("done")
            await eve.host.until(lambda: eve.host.delivered == 1 or not eve.host.is_standing, 30)
            anna.host.say("done, too")
            await anna.host.until(lambda: anna.host.delivered == 1)
            assert len(heard) <= 300, len(heard)
            assert talker.program.peak_memory_bytes < 200 * 1024 * 1024


async def test_a_place_belongs_to_a_session(server):
    async with Talker("--server", server.origin) as talker:
        link = await talker.link()
        async with Guest(link, "anna") as anna:
            anna.host.say("one")
            await anna.host.until(lambda: anna.host.delivered == 1)
            for session in ("", "x", "A" * 23, "A" * 21 + "B", 7, None, anna.host.session.swapcase()):
                eve = Guest(link, "eve")
                eve.host.session = session
                with pytest.raises(TransferError) as error:
                    await eve.enter()
                assert error.value.code in ("protocol", "taken"), session
                await eve.__aexit__()
            assert anna.host.is_standing
            # The same person over another connection, before anybody has noticed the loss of the first.
            again = Guest(link, "anna")
            again.host.session, again.host.their_session = anna.host.session, anna.host.their_session
            again.host.said = again.host.sent = 1
            await again.enter()
            await anna.host.until(lambda: not anna.host.is_standing)
            again.host.say("two")
            await again.host.until(lambda: again.host.delivered == 2)
            await again.lose()
            # An old state: the connection ends, and what was said stays as it was.
            old = Guest(link, "anna")
            old.host.session, old.host.their_session = anna.host.session, anna.host.their_session
            with pytest.raises(TransferError, match="have 2 of 0"):
                await old.enter()
            assert talker.texts == ["one", "two"] and len(talker.of("joined")) == 1
            await again.__aexit__()
            await old.__aexit__()


async def test_a_flood_waits_for_whoever_reads_the_output(server):
    """Nobody reads what the program prints: it acknowledges no more, and its memory stays as it is."""
    async with Host(server.origin) as host:
        async with Martlet("chat", host.link, json_events=False, stdin=asyncio.subprocess.PIPE) as program:
            pair = await host.somebody()
            for number in range(3000):
                pair.say(f"{number} " + "x" * 2000)
            for number in range(3000):
                pair.talk.say("typing", **{"is": number % 2 == 0})
            for number in range(3000):
                pair.talk.say("name", name=f"name {number}")
            await pair.until(lambda: pair.delivered > 10)
            # The pipe is full; what is under way comes to rest.
            before = -1
            while before != pair.delivered:
                before = pair.delivered
                await asyncio.sleep(0.5)
            assert pair.delivered < 2500
            seen = 0
            while seen < 3000:
                line = await asyncio.wait_for(program.process.stdout.readline(), 20)
                assert line.split(b": ", 1)[1].startswith(f"{seen} ".encode()), line[:60]
                seen += 1
            await pair.until(lambda: pair.delivered == 3000)
            assert program.peak_memory_bytes < 200 * 1024 * 1024


async def test_three_people_two_programs_and_an_independent_one(server):
    async with Talker("--server", server.origin, "--people", 3, "--name", "host") as host:
        link = await host.link()
        async with Talker(link, "--name", "ben") as ben, Guest(link, "anna") as anna:
            await host.event("joined", 2)
            await ben.event("joined", 2)
            await anna.somebody(2)
            # Each pair has a connection of its own, and words of its own.
            other = anna.pairs[1]
            assert other.their_name == "ben" and other.words != anna.host.words
            assert other.words in [event["words"] for event in ben.of("words")]
            await host.say("from the host")
            await ben.say("from ben")
            for pair in anna.pairs:
                pair.say("from anna")
            await anna.host.until(lambda: anna.host.texts == ["from the host"])
            await other.until(lambda: other.texts == ["from ben"])
            await host.until(lambda: sorted(host.texts) == ["from anna", "from ben"])
            await ben.until(lambda: sorted(ben.texts) == ["from anna", "from the host"])
            # The fourth is one too many.
            with pytest.raises(TransferError) as error:
                await Guest(link, "carl").enter()
            assert error.value.code == "taken"
            # Whoever comes back to the host is introduced again, and nothing is doubled.
            await anna.lose()
            await host.event("lost")
            await anna.enter()
            await other.until(lambda: other.connections == 2)
            await ben.say("again")
            await other.until(lambda: other.texts == ["from ben", "again"])
            await anna.leave()
            await ben.event("left")
            await host.event("left")


async def test_a_link_of_the_wrong_kind_is_told_as_what_it_is(server, tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    async with Martlet("send", "--server", server.origin, tmp_path / "a") as sender:
        link = (await sender.event("link"))["link"]
        async with Talker(link) as talker:
            code = await asyncio.wait_for(talker.program.process.wait(), 20)
            error = await talker.event("error")
            assert code == 11 and "file" in error["message"], error
    (tmp_path / "kept").mkdir()
    async with Martlet("receive", "--server", server.origin, "-y", "-o", tmp_path / "kept") as receiver:
        link = (await receiver.event("link"))["link"]
        async with Talker(link) as talker:
            assert await asyncio.wait_for(talker.program.process.wait(), 20) == 11
        # Files are still waited for.
        giver = await asyncio.create_subprocess_exec(
            sys.executable, pathlib.Path(__file__).with_name("martlet_peer.py"), "give", link, tmp_path / "a")
        assert await asyncio.wait_for(giver.wait(), 20) == 0
        assert (await receiver.end())[0] == 0
        assert (tmp_path / "kept" / "a").read_bytes() == b"a"
    async with Talker("--server", server.origin) as talker:
        link = await talker.link()
        async with Martlet("receive", link, "-y", "-o", tmp_path) as receiver:
            error = await receiver.event("error")
            assert error["exit"] == 11 and "talk" in error["message"], error
        # The talk waits on for somebody who wants to talk.
        async with Guest(link) as guest:
            guest.host.say("hello")
            await guest.host.until(lambda: guest.host.delivered == 1)


# MARK: The page


async def test_a_page_comes_to_a_program(browser, server, tmp_path):
    kept, given = tmp_path / "kept", tmp_path / "given.bin"
    kept.mkdir()
    given.write_bytes(NOISE)
    async with Talker("--server", server.origin, "--name", "chris", "-y", "-o", kept) as talker:
        page = await browser.open(str(await talker.link()))
        chat = ChatPage(page)
        await chat.talking()
        await talker.say("hello", "two")
        await chat.shows("heard", ["hello", "two"])
        await chat.say("hi", "a\nb")
        await chat.ticks("delivered", "delivered")
        assert talker.texts == ["hi", "a\nb"]
        await talker.delivered(2)
        # The page is loaded again in the middle: nothing is lost, doubled or out of order.
        reloading = asyncio.create_task(chat.reload())
        await talker.say("while it loads")
        await reloading
        await talker.event("back")
        await chat.say("back")
        await chat.shows("heard", ["hello", "two", "while it loads"])
        await talker.until(lambda: talker.texts == ["hi", "a\nb", "back"])
        assert len(talker.of("joined")) == 1
        # The program is stopped, as by a lid that is closed; the page looks for it again and again.
        talker.program.terminate(signal.SIGSTOP)
        await chat.say("into the void")
        await chat.state("interrupted", 30)
        talker.program.terminate(signal.SIGCONT)
        await talker.until(lambda: talker.texts[-1] == "into the void")
        await talker.say("here again")
        await chat.shows("heard", ["hello", "two", "while it loads", "here again"])
        assert len(talker.texts) == 4
        await page.click("#talk-leave")
        await talker.event("left")


@contextlib.asynccontextmanager
async def page_as_host(browser):
    """(the page, the link to its talk)."""
    async with Rendezvous(hosting=True) as server:
        page = await browser.open(server.origin)
        await page.wait_for("document.documentElement.dataset.state === 'beginning'")
        await page.click("#chat")
        await page.wait_for("document.documentElement.dataset.state === 'hosting'")
        yield page, await page.evaluate("document.getElementById('link').textContent")


async def test_a_program_comes_to_a_page(browser):
    async with page_as_host(browser) as (page, link):
        chat = ChatPage(page)
        async with Talker(link, "--name", "chris") as talker:
            await talker.event("joined")
            await talker.say("hello")
            await chat.shows("heard", ["hello"])
            await chat.say("hi")
            await talker.until(lambda: talker.texts == ["hi"])
            await chat.reload()
            await chat.say("back")
            await talker.say("you too")
            await talker.until(lambda: talker.texts == ["hi", "back"])
            await chat.shows("heard", ["hello", "you too"])
            await chat.ticks("delivered", "delivered")
        # Killed, it says no goodbye; the page keeps its place.
        await chat.notice("is lost")


async def test_files_go_from_a_terminal_to_a_page_and_back(browser, tmp_path):
    (tmp_path / "mine.bin").write_bytes(NOISE)
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "yours.bin").write_bytes(NOISE[::-1])
    async with page_as_host(browser) as (page, link), Terminal(link, folder=tmp_path) as person:
        await ChatPage(page).talking()
        await person.sees("/help")
        person.types("/send mine.bin\r")
        await page.wait_for("document.querySelector('[data-action=accept]') !== null")
        await page.evaluate("document.querySelector('[data-action=accept]').click()")
        [file] = await browser.downloads.finished(1)
        assert file.read_bytes() == NOISE
        await person.sees("has mine.bin")
        await page.set_files("#talk-files", tmp_path / "given" / "yours.bin")
        await person.sees("/decline")
        person.types("/accept\r")
        await person.sees("has arrived")
        assert (tmp_path / "yours.bin").read_bytes() == NOISE[::-1]
        person.types("good bye\r")
        await ChatPage(page).shows("heard", ["good bye"])
        person.types("/quit\r")
        assert await asyncio.wait_for(person.process.wait(), 10) == 0
        await ChatPage(page).notice("has left")


async def test_three_people_two_programs_and_a_page(browser, server):
    async with Talker("--server", server.origin, "--people", 3, "--name", "host") as host:
        link = await host.link()
        page = await browser.open(str(link))
        chat = ChatPage(page)
        await chat.talking()
        async with Talker(link, "--name", "ben") as ben:
            await ben.event("joined", 2)
            await chat.notice("ben (Martlet")
            await chat.say("from the page")
            await host.until(lambda: host.texts == ["from the page"])
            await ben.until(lambda: ben.texts == ["from the page"])
            await ben.say("from ben")
            await chat.shows("heard", ["from ben"])
            await host.say("from the host")
            await chat.shows("heard", ["from ben", "from the host"])
            await ben.until(lambda: ben.texts == ["from the page", "from the host"])
            # Loaded again, it is the same to both of them.
            await chat.reload()
            await host.event("back")
            await ben.event("back")
            await chat.say("again")
            await ben.until(lambda: ben.texts[-1] == "again")
            await host.until(lambda: host.texts == ["from the page", "from ben", "again"])
            assert len(host.of("joined")) == len(ben.of("joined")) == 2
