"""Words to compare: the same on both sides, asked about before anything moves, and found out when they are not."""

import asyncio
import contextlib
import json
import os
import pty
import re
import signal

import pytest

import verification
from conftest import lan_address
from browser import _die_with_parent as die_with_parent
from martlet_peer import Connection, Item, Receiver, Sender, TransferError
from martlet_program import BUILD, Martlet
from page_support import noise
from rooms_client import Link, RoomClient

SHOWN = "document.querySelector('#words').hidden ? '' : document.querySelector('#word-list').textContent"


async def shown(page):
    return (await page.wait_for(SHOWN)).split(" · ")


# MARK: The values of the document

SENDER = bytes(range(0, 32)), bytes(range(64, 80))
RECEIVER = bytes(range(32, 64)), bytes(range(80, 96))
COMMITS = {
    "sender": "4672c61892533b9cad4f73fe250d02cb566e2975a456c1715707589ead20de28",
    "receiver": "8e59c6161020f97478da368c0f07459fd726e68d213d1f64608143c17a46a85a",
}
WORDS = ["oval", "smog", "yam"]


def test_the_values_of_the_document():
    assert verification.words(SENDER, RECEIVER) == WORDS
    assert {role: verification.commitment(role, nonce).hex()
            for role, (_, nonce) in {"sender": SENDER, "receiver": RECEIVER}.items()} == COMMITS


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost"])
async def test_the_values_of_the_document_in_the_page(browser, server, address):
    page = await browser.open(f"http://{address}:{server.port}/")
    found = await page.evaluate("""(async () => {
        const { certificateOf, commitment, wordsOf } = await import("/words.js");
        const { hex } = await import("/bytes.js");
        const bytes = (from, to) => Uint8Array.from({ length: to - from }, (_, index) => from + index);
        const sender = { certificate: bytes(0, 32), nonce: bytes(64, 80) };
        const receiver = { certificate: bytes(32, 64), nonce: bytes(80, 96) };
        const digits = Array.from(bytes(0, 32), (byte) => hex([byte]).toUpperCase()).join(":");
        const line = `a=fingerprint:sha-256 ${digits}\\r\\n`;
        const read = (sdp) => hex(certificateOf(sdp) ?? []);
        return {
            commits: { sender: hex(commitment("sender", sender.nonce)), receiver: hex(commitment("receiver", receiver.nonce)) },
            words: await wordsOf(sender, receiver),
            certain: [read(line), read(`v=0\\r\\n${line}m=x\\r\\n${line.toLowerCase()}`)],
            uncertain: [
                read(""), read(undefined), read(line + line.replace("1F", "20")), read(line.replace("256", "512")),
                read(line + `a=fingerprint:sha-1 00:01\\r\\n`), read(line.replace("1F", "1G")), read(line.replace(":1F", "")),
            ],
        };
    })()""")
    assert found == {"commits": COMMITS, "words": WORDS, "certain": [SENDER[0].hex()] * 2, "uncertain": [""] * 7}


# MARK: The page and an independent peer


async def test_the_page_shows_the_words_of_the_other_side_while_connected(visit):
    connection = await visit.connect()
    running = asyncio.create_task(Sender(connection, [Item(["a.bin"], noise(1000))]).run())
    await visit.state("offered")
    assert await shown(visit.page) == connection.words
    await visit.picture("words")
    await visit.page.click("#accept")
    await asyncio.wait_for(running, 30)
    assert not set(connection.words) & set((await visit.state("done")).split())


async def test_the_page_that_sends_shows_them_too(visit):
    connection = await visit.connect()
    hello = asyncio.create_task(connection.hello("receiver"))
    text = await visit.state("choosing")
    await asyncio.wait_for(hello, 10)
    assert await shown(visit.page) == connection.words and "Send files" in text


async def test_a_peer_without_words(visit):
    connection = await visit.connect()
    connection.makes_words = False
    running = asyncio.create_task(Sender(connection, [Item(["a.bin"], b"x")]).run())
    await visit.state("offered")
    assert connection.words is None and not await visit.page.evaluate(SHOWN)
    await visit.page.click("#accept")
    await asyncio.wait_for(running, 30)


async def test_a_peer_that_reveals_something_else(visit):
    connection = await visit.connect()
    connection.revealed = bytes(16)
    await connection.hello("sender")
    with pytest.raises(TransferError, match="cannot-verify"):
        await connection.next(10)
    await visit.failure("cannot-verify")


@pytest.mark.parametrize("message", [
    {"type": "offer", "transfer": "t", "items": [{"item": 0, "path": ["a"], "size": 1}], "more": False},
    {"type": "reveal", "nonce": "00"}, {"type": "reveal"}, {"type": "later", "optional": True},
], ids=["an offer", "a short reveal", "an empty reveal", "something later"])
async def test_a_peer_that_committed_must_reveal(visit, message):
    connection = await visit.connect()
    connection.say("hello", protocol="martlet.transfer", version=1, role="sender", agent="x", session="s", features=[],
                   commit="0" * 64)
    assert [(await connection.next(10))[1]["type"] for _ in range(2)] == ["hello", "reveal"]
    connection.control.send(json.dumps(message))
    with pytest.raises(TransferError, match="protocol"):
        await connection.next(10)
    await visit.failure("protocol")


# MARK: The page and the program


async def test_the_words_of_the_page_are_those_of_the_program(browser, tmp_path):
    source = tmp_path / "a.bin"
    source.write_bytes(noise(100_000))
    async with Martlet("send", "--verify", "--port", 0, source) as sender:
        page = await browser.open((await sender.event("link"))["local"])
        event = await sender.event("words")
        assert await shown(page) == event["words"] and len(event["words"]) == 3
        await page.wait_for("document.documentElement?.dataset.state === 'offered'")
        assert await shown(page) == event["words"]
        await page.click("#accept")
        code, errors = await sender.end()
        assert code == 0, errors
    await page.wait_for("document.documentElement?.dataset.state === 'done'")
    assert not await page.evaluate(SHOWN)


async def test_a_page_over_plain_http_has_the_words_too(browser, tmp_path):
    """Without WebCrypto."""
    if not lan_address():
        pytest.skip("this machine has no address but loopback")
    source = tmp_path / "a.bin"
    source.write_bytes(b"x")
    async with Martlet("send", "--verify", "--port", 0, source) as sender:
        page = await browser.open((await sender.event("link"))["link"])
        assert await page.evaluate("!isSecureContext && !crypto.subtle")
        assert await shown(page) == (await sender.event("words"))["words"]


async def test_the_page_sends_to_a_program_that_shows_words(browser, tmp_path):
    source = tmp_path / "a.bin"
    source.write_bytes(noise(100_000))
    (tmp_path / "target").mkdir()
    async with Martlet("receive", "--verify", "-y", "-o", tmp_path / "target", "--port", 0) as receiver:
        page = await browser.open((await receiver.event("link"))["local"])
        assert await shown(page) == (await receiver.event("words"))["words"]
        await page.set_files("#file-input", source)
        await page.click("#send")
        code, errors = await receiver.end()
        assert code == 0, errors


# MARK: The program and an independent peer


@contextlib.asynccontextmanager
async def guest(link, **options):
    async with RoomClient(Link.parse(link), is_host=False) as room:
        await room.paired()
        connection = Connection(**options)
        await connection.establish(room)
        yield connection
        await connection.close()


async def test_the_program_and_an_independent_peer_have_the_same_words(tmp_path):
    source = tmp_path / "a.bin"
    source.write_bytes(noise(1000))
    async with Martlet("send", "--verify", "--port", 0, source) as sender:
        async with guest((await sender.event("link"))["local"]) as connection:
            received = await Receiver(connection).run()
            assert connection.words == (await sender.event("words"))["words"]
            assert received.files == {"a.bin": source.read_bytes()}
        code, errors = await sender.end()
        assert code == 0, errors


@pytest.mark.parametrize("verify, code", [([], 0), (["--verify"], 4)], ids=["not asked for", "asked for"])
async def test_a_peer_without_words_is_refused_when_they_are_asked_for(tmp_path, verify, code):
    source = tmp_path / "a.bin"
    source.write_bytes(b"x")
    async with Martlet("send", *verify, "--port", 0, source) as sender:
        async with guest((await sender.event("link"))["local"], makes_words=False) as connection:
            if verify:
                with pytest.raises(TransferError, match="cannot-verify"):
                    await Receiver(connection).run()
            else:
                await Receiver(connection).run()
        ended, errors = await sender.end()
        assert ended == code, errors
        assert ("no words to compare" in errors) == bool(verify)
        assert not any(event["type"] == "words" for event in sender.events)


async def test_a_peer_that_reveals_something_else_to_the_program(tmp_path):
    source = tmp_path / "a.bin"
    source.write_bytes(b"x")
    async with Martlet("send", "--port", 0, source) as sender:
        async with guest((await sender.event("link"))["local"]) as connection:
            connection.revealed = bytes(16)
            with pytest.raises(TransferError, match="cannot-verify"):
                await Receiver(connection).run()
        code, errors = await sender.end()
        assert code == 4, errors


async def relay(source, target):
    """Every message as it came."""
    while True:
        kind, value = await source.inbox.get()
        if kind == "closed":
            return
        if kind == "text":
            target.control.send(json.dumps(value))
        else:
            target.data.send(value)


async def test_somebody_in_between_who_relays_every_message_is_found_out(tmp_path, server):
    """Whoever has got hold of the sender's link can be a guest there and a host to the receiver: the transfer works, and
    the words tell."""
    source, target = tmp_path / "a.bin", tmp_path / "target"
    source.write_bytes(noise(100_000))
    target.mkdir()
    async with Martlet("send", "--verify", "--port", 0, source) as sender:
        own = Link.fresh(server.origin)
        async with guest((await sender.event("link"))["local"]) as left, RoomClient(own, is_host=True) as room:
            async with Martlet("receive", "--verify", "-y", "-o", target, own) as receiver:
                await room.paired()
                right = Connection()
                await right.establish(room)
                relays = [asyncio.create_task(relay(left, right)), asyncio.create_task(relay(right, left))]
                words = [(await program.event("words"))["words"] for program in (sender, receiver)]
                ends = await asyncio.gather(sender.end(), receiver.end())
                await right.close()
                for running in relays:
                    running.cancel()
    assert [code for code, _ in ends] == [0, 0], ends
    assert (target / "a.bin").read_bytes() == source.read_bytes()
    assert words[0] != words[1]


# MARK: Terminals


class Terminal:
    """`martlet` as a person has it: standard input and error are a terminal."""

    def __init__(self, *arguments):
        self.command = [str(BUILD / "martlet"), *map(str, arguments)]
        self.text = ""
        self._changed = asyncio.Event()

    async def __aenter__(self):
        self._master, slave = pty.openpty()
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdin=slave, stdout=slave, stderr=slave, preexec_fn=die_with_parent)
        os.close(slave)
        asyncio.get_running_loop().add_reader(self._master, self._read)
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)

    def _read(self):
        try:
            data = os.read(self._master, 65_536)
        except OSError:
            # Linux says so when the program's end is closed.
            asyncio.get_running_loop().remove_reader(self._master)
            return
        self.text += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", data.decode(errors="replace"))
        self._changed.set()

    async def shows(self, pattern, timeout=30):
        """Waits until the pattern is on the screen; returns the match."""
        async def wait():
            while not (match := re.search(pattern, self.text)):
                self._changed.clear()
                await self._changed.wait()
            return match
        try:
            return await asyncio.wait_for(wait(), timeout)
        except TimeoutError:
            raise AssertionError(f"not on the screen: {pattern}\n{self.text}") from None

    def type(self, text):
        os.write(self._master, text.encode())

    async def end(self, timeout=30):
        return await asyncio.wait_for(self.process.wait(), timeout)


QUESTION = r"Words to compare with [^:]*: (\S+ · \S+ · \S+)\s+Do they match\? \[y/N\] "


@contextlib.asynccontextmanager
async def two_terminals(tmp_path):
    source, target = tmp_path / "a.bin", tmp_path / "target"
    source.write_bytes(noise(1000))
    target.mkdir()
    async with Terminal("send", "--verify", "--no-qr", "--local", "--port", 0, source) as sender:
        link = (await sender.shows(r"http://\S+#\S+"))[0]
        async with Terminal("receive", "--verify", "-y", "-o", target, link) as receiver:
            words = [(await terminal.shows(QUESTION))[1] for terminal in (sender, receiver)]
            assert words[0] == words[1]
            yield sender, receiver, target


async def test_two_terminals_compare_and_go_on(tmp_path):
    async with two_terminals(tmp_path) as (sender, receiver, target):
        # One says yes: nothing is offered before the other has, and -y is no answer.
        sender.type("y\n")
        await sender.shows("Offered")
        assert list(target.iterdir()) == []
        receiver.type("yes\n")
        assert (await sender.end(), await receiver.end()) == (0, 0), (sender.text, receiver.text)
        assert [path.name for path in target.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("who", ["sender", "receiver"])
@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"], ids=["no", "nothing", "end"])
async def test_a_no_ends_it_for_both(tmp_path, who, answer):
    async with two_terminals(tmp_path) as (sender, receiver, target):
        one, other = (sender, receiver) if who == "sender" else (receiver, sender)
        one.type(answer)
        assert (await one.end(), await other.end()) == (4, 4), (one.text, other.text)
        assert "not the same on both sides" in one.text
        assert "could not verify this one" in other.text
        assert list(target.iterdir()) == []


async def test_an_interrupt_in_front_of_the_question(tmp_path):
    async with two_terminals(tmp_path) as (sender, receiver, target):
        sender.process.send_signal(signal.SIGINT)
        assert await sender.end() == 130, sender.text
        assert await receiver.end() != 0
        assert list(target.iterdir()) == []


async def test_without_a_terminal_the_words_are_printed_and_nothing_is_asked(tmp_path):
    source, target = tmp_path / "a.bin", tmp_path / "target"
    source.write_bytes(noise(1000))
    target.mkdir()
    async with Martlet("send", "--verify", "--port", 0, source) as sender:
        link = (await sender.event("link"))["local"]
        process = await asyncio.create_subprocess_exec(
            str(BUILD / "martlet"), "receive", "-q", "-y", "--verify", "-o", str(target), link,
            stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        words = (await sender.event("words"))["words"]
        _, errors = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0 and (await sender.end())[0] == 0
        assert re.fullmatch(rf"Words to compare with [^:]*: {' · '.join(words)}\n", errors.decode()), errors
    assert [path.name for path in target.iterdir()] == ["a.bin"]
