"""No server at all: an offer and its answer by copy and paste, and words that both sides compare."""

import asyncio
import json
import termios

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from martlet_program import Martlet
from page_support import noise
from test_words import Terminal

PIPE = asyncio.subprocess.PIPE


async def paste(program, text):
    """What a person does who pastes and presses the return key."""
    program.process.stdin.write(text.encode() + b"\n")
    await program.process.stdin.drain()


async def description(program, kind):
    event = await program.event("description")
    assert event["kind"] == kind
    return event["text"]


async def words(program):
    return (await program.event("words"))["words"]


def sending(*arguments, **options):
    return Martlet("send", "--offline", *arguments, stdin=PIPE, **options)


def receiving(folder, *arguments, **options):
    return Martlet("receive", "--offline", "-y", "-o", folder, *arguments, stdin=PIPE, **options)


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "film.mkv"
    path.write_bytes(noise(3_000_000))
    return path


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


async def meet(sender, receiver):
    """Carries the two texts; returns the words of both."""
    await paste(receiver, await description(sender, "offer"))
    await paste(sender, await description(receiver, "answer"))
    return await words(sender), await words(receiver)


# MARK: Two programs

@pytest.mark.parametrize("forms", [[], ["--complete"]])
async def test_two_programs_without_a_server(film, here, forms):
    async with sending(film, *forms) as sender, receiving(here, *forms) as receiver:
        ours, theirs = await meet(sender, receiver)
        assert ours == theirs and len(ours) == 3
        form = "complete" if forms else "compact"
        assert [event["form"] for program in (sender, receiver) for event in program.events
                if event["type"] == "description"] == [form, form]
        # Nothing moves before both have said yes.
        await paste(sender, "y")
        await paste(receiver, "y")
        assert (await receiver.end())[0] == 0 and (await sender.end())[0] == 0, f"{sender}\n{receiver}"
    assert (here / film.name).read_bytes() == film.read_bytes()


async def test_the_forms_may_be_mixed(film, here):
    """Whoever offers JSON may be somebody who reads nothing else: the answer is JSON too."""
    async with sending(film, "--complete") as sender, receiving(here) as receiver:
        offer = json.loads(await description(sender, "offer"))
        assert set(offer) == {"type", "sdp", "martlet"}
        # As a chat program breaks it.
        text = json.dumps(offer)
        await paste(receiver, "\n".join(text[start:start + 60] for start in range(0, len(text), 60)))
        answer = json.loads(await description(receiver, "answer"))
        assert answer["type"] == "answer"
        await paste(sender, json.dumps(answer, indent=2))
        assert await words(sender) == await words(receiver)
        await paste(sender, "y")
        await paste(receiver, "y")
        assert (await receiver.end())[0] == 0 and (await sender.end())[0] == 0


async def test_an_answer_that_comes_late_is_in_time(film, here):
    """People are slow: ICE's own patience is forty seconds."""
    async with sending(film) as sender, receiving(here) as receiver:
        await paste(receiver, await description(sender, "offer"))
        answer = await description(receiver, "answer")
        await asyncio.sleep(45)
        await paste(sender, answer)
        assert await words(sender) == await words(receiver)
        await paste(sender, "y")
        await paste(receiver, "y")
        assert (await receiver.end())[0] == 0 and (await sender.end())[0] == 0


@pytest.mark.parametrize("who", ["sender", "receiver"])
async def test_a_no_to_the_words_ends_it(film, here, who):
    async with sending(film) as sender, receiving(here) as receiver:
        await meet(sender, receiver)
        await paste(sender, "n" if who == "sender" else "y")
        await paste(receiver, "n" if who == "receiver" else "y")
        for program in (sender, receiver):
            code, said = await program.end()
            assert code == 4, f"{program}"
            assert "new offer" in said
    assert list(here.iterdir()) == []


async def test_nobody_to_answer_is_a_no(film, here):
    """`--yes` is no answer to the words."""
    async with sending(film) as sender, receiving(here) as receiver:
        await meet(sender, receiver)
        await paste(sender, "y")
        receiver.process.stdin.close()
        assert (await receiver.end())[0] == 4 and (await sender.end())[0] == 4
    assert list(here.iterdir()) == []


async def test_what_was_stopped_goes_on(tmp_path, here):
    film = tmp_path / "long.mkv"
    film.write_bytes(noise(150_000_000) * 2)
    async with sending(film, "--limit", "80MB/s") as sender, receiving(here) as receiver:
        await meet(sender, receiver)
        await paste(sender, "y")
        await paste(receiver, "y")
        while (await receiver.event("progress"))["bytes"] < 150_000_000:
            pass
        receiver.process.kill()
        code, said = await sender.end()
        assert code == 7 and "new answer" in said and "kept" in said, said
    async with sending(film) as sender, receiving(here) as receiver:
        await meet(sender, receiver)
        await paste(sender, "y")
        await paste(receiver, "y")
        assert (await receiver.event("resumed"))["bytes"] >= 64 << 20
        assert (await receiver.end())[0] == 0 and (await sender.end())[0] == 0
    assert (here / film.name).read_bytes() == film.read_bytes()


# MARK: What is pasted wrongly

def damaged(text):
    middle = len(text) // 2
    return text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1:]


@pytest.mark.parametrize("change, said", [
    (lambda text: "hello", "ended without an offer"),
    (lambda text: text[:-9], "cut off"),
    (damaged, "damaged"),
    (lambda text: text.replace("MARTLET1", "MARTLET7"), "does not understand"),
    (lambda text: "http://192.168.1.7:4040/#abcdefghijkmnpqr.AAECAwQFBgcICQoLDA0ODw", "ended without an offer"),
    (lambda text: '{"type":"offer","sdp":"v=0"}', "nothing that this program can connect to"),
])
async def test_an_offer_that_is_none(film, here, change, said):
    async with sending(film) as sender, receiving(here) as receiver:
        await paste(receiver, change(await description(sender, "offer")))
        receiver.process.stdin.close()
        code, words = await receiver.end()
        assert code in (2, 11) and said in words, words
        error = receiver.events[-1]
        assert error["type"] == "error" and said in error["message"]


async def test_answers_that_are_none(film, here):
    async with sending(film) as first, sending(film) as second, receiving(here) as receiver:
        offer = await description(first, "offer")
        await paste(receiver, offer)
        answer = await description(receiver, "answer")
        # To another offer.
        await description(second, "offer")
        await paste(second, answer)
        code, said = await second.end()
        assert code == 2 and "answers another offer" in said
        # Our own.
        await paste(first, offer)
        code, said = await first.end()
        assert code == 2 and "our own offer" in said
    async with sending(film) as first, sending(film) as second:
        await paste(first, await description(second, "offer"))
        code, said = await first.end()
        assert code == 2 and "this is an offer" in said
    async with receiving(here) as receiver:
        await paste(receiver, answer)
        code, said = await receiver.end()
        assert code == 2 and "this is an answer" in said


async def test_an_offer_that_nobody_waits_behind(film, here):
    async with sending(film, "--complete") as sender, receiving(here) as receiver:
        offer = json.loads(await description(sender, "offer"))
        offer["martlet"]["expires"] -= 3 * 3600
        await paste(receiver, json.dumps(offer))
        code, said = await receiver.end()
        assert code == 10 and "expired" in said and "minutes ago" in said
    async with sending(film, "--expire", "1s") as sender:
        code, said = await sender.end()
        assert code == 10 and "No answer was pasted within" in said


async def test_what_does_not_go_together(film):
    for arguments in [["--receivers", "2"], ["--port", "4040"], ["--local"]]:
        async with sending(film, *arguments) as sender:
            assert (await sender.end())[0] == 2
    async with Martlet("send", "--offline", "-", stdin=PIPE) as sender:
        code, said = await sender.end()
        assert code == 2 and "standard input" in said
    for arguments in [["--offer"], ["--complete"]]:
        async with Martlet("receive", *arguments) as receiver:
            assert (await receiver.end())[0] == 2


# MARK: Somebody in between

class Half:
    """One end of somebody who exchanged the texts on their way, with a connection and a certificate of his own."""

    def __init__(self):
        self.other = None
        self.waiting = []
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.channels = [
            self.pc.createDataChannel(label, negotiated=True, id=identifier, protocol="martlet.transfer.1")
            for label, identifier in (("martlet-control", 0), ("martlet-data", 2))]
        for index, channel in enumerate(self.channels):
            channel.on("message", lambda message, index=index: self.other.say(index, message))
            channel.on("open", lambda index=index: self.flush(index))

    def say(self, index, message):
        self.waiting.append((index, message))
        self.flush(index)

    def flush(self, index):
        if self.channels[index].readyState != "open":
            return
        for message in [message for place, message in self.waiting if place == index]:
            self.channels[index].send(message)
        self.waiting = [waiting for waiting in self.waiting if waiting[0] != index]

    async def describe(self, kind):
        await self.pc.setLocalDescription(await (self.pc.createOffer if kind == "offer" else self.pc.createAnswer)())
        return json.dumps({"type": kind, "sdp": self.pc.localDescription.sdp})

    async def take(self, text):
        await self.pc.setRemoteDescription(RTCSessionDescription(**{
            name: value for name, value in json.loads(text).items() if name in ("type", "sdp")}))


@pytest.mark.parametrize("careful", [True, False])
async def test_who_exchanges_the_texts_is_seen_by_the_words_and_by_nothing_else(film, here, careful):
    left, right = Half(), Half()
    left.other, right.other = right, left
    async with sending(film, "--complete") as sender, receiving(here) as receiver:
        # sender <-> left, right <-> receiver
        await left.take(await description(sender, "offer"))
        await paste(receiver, await right.describe("offer"))
        await right.take(await description(receiver, "answer"))
        await paste(sender, await left.describe("answer"))
        ours, theirs = await words(sender), await words(receiver)
        assert ours != theirs and len(ours) == len(theirs) == 3
        for program in (sender, receiver):
            await paste(program, "n" if careful else "y")
        ends = [(await program.end())[0] for program in (sender, receiver)]
    await left.pc.close()
    await right.pc.close()
    # Who does not compare has let him in: the words are the only check there is.
    assert ends == ([4, 4] if careful else [0, 0])
    assert [path.name for path in here.iterdir()] == ([] if careful else [film.name])


# MARK: Terminals

ASKS = r"Do they match\? \[y/N\] "


async def test_a_terminal_takes_long_and_broken_pastes(film, here):
    async with Terminal("send", "--offline", film) as sender, \
            Terminal("receive", "--offline", "-y", "-o", here) as receiver:
        offer = (await sender.shows(r"MARTLET1\w+")).group()
        await receiver.shows("Paste the offer here: ")
        receiver.type("what is this\r")
        await receiver.shows("Not accepted: this is neither")
        receiver.type(damaged(offer) + "\r")
        await receiver.shows("Not accepted: it is damaged")
        # Only a part, and then the return key.
        receiver.type(offer[:40] + "\r")
        await receiver.shows("This is not all of it")
        receiver.type("\r")
        await receiver.shows("Not accepted: it is cut off")
        # Quoted, and on several lines.
        receiver.type("".join(f"> {offer[start:start + 30]}\r" for start in range(0, len(offer), 30)) + "\r\r")
        answer = (await receiver.shows(r"This is the answer[^:]*:\s+(MARTLET1\w+)\s+Waiting")).group(1)
        await sender.shows("Paste the answer here: ")
        sender.type(offer + "\r")
        await sender.shows("Not accepted: this is our own offer")
        # One line of more bytes than a terminal keeps.
        sender.type(" " * 6000 + answer + "\r")
        await sender.shows(ASKS)
        await receiver.shows(ASKS)
        sender.type("y\r")
        receiver.type("y\r")
        assert await receiver.end() == 0 and await sender.end() == 0
    assert (here / film.name).read_bytes() == film.read_bytes()


async def test_ctrl_c_gives_the_terminal_back(film):
    async with Terminal("send", "--offline", film) as sender:
        before = termios.tcgetattr(sender._master)[3]
        await sender.shows("Paste the answer here: ")
        await asyncio.sleep(0.5)
        assert not termios.tcgetattr(sender._master)[3] & termios.ICANON
        sender.process.terminate()
        assert await sender.end() == 143
        assert termios.tcgetattr(sender._master)[3] == before


# MARK: A program and a page

ANSWER = "document.documentElement.dataset.state === 'answering' && document.querySelector('#texts pre').textContent"
ASKED = "!document.querySelector('#words-demand').hidden && document.querySelector('#word-list-demand').textContent"


async def answer_in_page(page, offer):
    """Pastes an offer into the page's field; returns what the page wants to be carried back."""
    await page.evaluate(f"""(() => {{
        const field = document.querySelector("#link-input");
        field.value = {json.dumps(offer)};
        document.querySelector("#link-form").requestSubmit();
    }})()""")
    return await page.wait_for(ANSWER)


async def state(page, name, timeout=60):
    await page.wait_for(f"document.documentElement.dataset.state === {json.dumps(name)}", timeout=timeout)


async def failure(page):
    return await page.wait_for("document.documentElement.dataset.failure")


@pytest.mark.parametrize("forms", [[], ["--complete"]])
async def test_a_page_receives(browser, server, film, forms):
    page = await browser.open(f"{server.origin}/")
    async with sending(film, *forms) as sender:
        answer = await answer_in_page(page, await description(sender, "offer"))
        assert answer.startswith("{" if forms else "MARTLET1")
        await paste(sender, answer)
        assert await words(sender) == (await page.wait_for(ASKED)).split(" · ")
        await paste(sender, "y")
        await state(page, "offered")
        await page.click("#accept")
        await state(page, "done")
        assert (await sender.end())[0] == 0
    (name,) = await browser.downloads.finished(1)
    assert (browser.downloads.folder / name).read_bytes() == film.read_bytes()


async def test_a_page_sends(browser, server, film, here):
    page = await browser.open(f"{server.origin}/")
    async with receiving(here, "--offer") as receiver:
        await paste(receiver, await answer_in_page(page, await description(receiver, "offer")))
        assert await words(receiver) == (await page.wait_for(ASKED)).split(" · ")
        await paste(receiver, "y")
        await state(page, "choosing")
        await page.set_files("#file-input", film)
        await page.click("#send")
        assert (await receiver.end())[0] == 0, str(receiver)
        await state(page, "done")
    assert (here / film.name).read_bytes() == film.read_bytes()


async def test_a_page_waits_until_its_answer_was_carried(browser, server, film):
    """Chromium gives a path up after twenty seconds, Firefox after five, for good."""
    page = await browser.open(f"{server.origin}/")
    async with sending(film) as sender:
        answer = await answer_in_page(page, await description(sender, "offer"))
        await asyncio.sleep(40)
        await paste(sender, answer)
        assert await words(sender) == (await page.wait_for(ASKED)).split(" · ")


async def test_a_no_at_the_program_ends_it_in_the_page(browser, server, film):
    page = await browser.open(f"{server.origin}/")
    async with sending(film) as sender:
        await paste(sender, await answer_in_page(page, await description(sender, "offer")))
        await words(sender)
        await page.wait_for(ASKED)
        await paste(sender, "n")
        assert await failure(page) == "cannot-verify"
        assert (await sender.end())[0] == 4
