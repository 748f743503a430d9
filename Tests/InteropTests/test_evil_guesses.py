"""Whoever guesses at a code, with a server that lets everybody in at once: three looks on each side, and no more."""

import asyncio
import json
import secrets
import time

from attempts import assert_nothing_leaked
from evil_rendezvous import EvilRendezvous
from martlet_program import Martlet
from meetings import Canary, read_events, state_of, terminal_guest, text_of
from rooms_client import Code, Link, Pairing, encode
from test_evil_man_in_the_middle import Between

GUESSES = 10_000


class Guesser:
    """The quickest guest there can be: no room, no queue, one reader of all that the host says."""

    def __init__(self, server, room):
        self.server, self.room = server, room
        self.looks = self.refused = 0
        self.codes = {}

    async def begin(self, words):
        """A guest says hello; returns it with its pairing and the host's share, or none where it was refused."""
        phantom = await self.server.play_guest(self.room)
        pairing = Pairing(False, self.room["name"], {"code": words}, self.room["number"], secrets.token_bytes(32))
        await phantom.say(pairing.start())
        try:
            body = await phantom.hear()
        except TimeoutError:
            self._count("silence")
            return None
        if "refused" in body:
            self._count(body["refused"])
            await phantom.leave()
            return None
        return phantom, pairing, body

    async def show(self, phantom, pairing, body):
        """The guess. Whether it was right."""
        await phantom.say(pairing.handle(json.dumps(body)))
        try:
            answer = await phantom.hear()
        except TimeoutError:
            self._count("silence")
            return False
        if "refused" in answer:
            self._count(answer["refused"])
        self.looks += answer.get("refused") not in ("dead", "busy")
        await phantom.leave()
        return "confirm" in answer

    def _count(self, code):
        self.codes[code] = self.codes.get(code, 0) + 1

    async def guess(self, words):
        begun = await self.begin(words)
        return bool(begun) and await self.show(*begun)


class Sending:
    """`martlet send --server`, waiting."""

    def __init__(self, server, canary):
        self.server, self.canary = server, canary

    async def __aenter__(self):
        self.program = await Martlet("send", "--server", self.server.origin, "--wait", "0s", self.canary.source,
                                     environment=state_of(self.canary, "host")).__aenter__()
        self.code = Code.parse((await self.program.event("code"))["code"], self.server.origin)
        self.link = Link.parse((await self.program.event("link"))["link"])
        self.room = self.server.rooms[self.link.room]
        self.reading = asyncio.create_task(read_events(self.program))
        return self

    async def __aexit__(self, *_):
        self.reading.cancel()
        await self.program.__aexit__()

    def events(self, kind):
        return [event for event in self.program.events if event["type"] == kind]


def other_words(code):
    while (words := Code.fresh_words()) == code.words:
        pass
    return words


async def receive(server, canary, entrance, by):
    given = asyncio.get_running_loop().create_future()
    given.set_result(entrance)
    return await terminal_guest(server, canary, by, 30, given)


async def test_ten_thousand_guesses(tmp_path, capsys):
    """Never more than three looks; both people are told; the link still works."""
    canary = Canary(tmp_path)
    async with EvilRendezvous() as server, Sending(server, canary) as sending:
        guesser, began = Guesser(server, sending.room), time.monotonic()
        for _ in range(GUESSES):
            assert not await guesser.guess(other_words(sending.code))
        seconds = time.monotonic() - began
        assert guesser.looks <= 3 and guesser.codes["dead"] >= GUESSES - 3, guesser.codes
        # Nor are the right words of any use now, and the person who has them is told.
        became = await receive(server, canary, sending.code, "code")
        told = text_of(canary.programs[-1])
        assert became == "refused", (told, sending.program.process.returncode, text_of(sending.program)[-1500:])
        assert "the code is dead" in told, told
        assert [event["left"] for event in sending.events("wrong-code")] == [2, 1, 0] and len(sending.events("code-dead")) == 1
        assert await receive(server, canary, sending.link, "link") == "done" and canary.has_arrived()
        assert sending.program.peak_memory_bytes < 100 << 20
        assert_nothing_leaked(server, canary)
        with capsys.disabled():
            print(f"\n{GUESSES} guesses in {seconds:.1f} s: {guesser.looks} looks, answers {guesser.codes}; "
                  f"sender {sending.program.peak_memory_bytes >> 20} MiB\nthe receiver: {told.strip().splitlines()[-1]}")


async def test_guesses_at_once(tmp_path):
    """Forty guests have the host's share before the first shows what it believes; the last one is right."""
    canary = Canary(tmp_path)
    async with EvilRendezvous() as server, Sending(server, canary) as sending:
        guesser = Guesser(server, sending.room)
        words = [other_words(sending.code) for _ in range(39)] + [sending.code.words]
        begun = [each for each in await asyncio.gather(*map(guesser.begin, words)) if each]
        shown = await asyncio.gather(*(guesser.show(*each) for each in begun))
        assert not any(shown) and guesser.looks == 3 and len(begun) == 40, (len(begun), guesser.codes)
        assert guesser.codes == {"wrong-secret": 3, "dead": 37}, guesser.codes
        # Nobody is put off who has the link.
        assert sending.program.process.returncode is None, text_of(sending.program)
        assert await receive(server, canary, sending.link, "link") == "done" and canary.has_arrived()


async def test_guests_who_never_show_what_they_believe(tmp_path):
    """Two hundred stay there with the host's share. The honest one gets in all the same, by the code."""
    canary = Canary(tmp_path)
    async with EvilRendezvous() as server, Sending(server, canary) as sending:
        guesser = Guesser(server, sending.room)
        begun = await asyncio.gather(*(guesser.begin(other_words(sending.code)) for _ in range(200)))
        assert all(begun) and not guesser.codes, guesser.codes
        assert await receive(server, canary, sending.code, "code") == "done" and canary.has_arrived()
        # Who had to go for it guesses nothing any more.
        shown = await asyncio.gather(*(guesser.show(*each) for each in begun))
        assert not any(shown) and guesser.looks <= 3 and guesser.codes["busy"] >= 100, guesser.codes


async def test_a_receiver_that_meets_the_wrong_host_stops(tmp_path):
    """The server plays the host, and guesses: the third time is the last, over as many runs of the program."""
    canary = Canary(tmp_path)
    code = Code("", 7, Code.fresh_words())
    async with EvilRendezvous(Between()) as server:
        code.origin = server.origin
        shown = 0

        async def host():
            nonlocal shown
            while True:
                phantom = (await server.guests.get()).believing(code=Code.fresh_words())
                pairing = phantom._pairing_of(bytes(32))
                await phantom.say(pairing.handle(json.dumps(await phantom.hear())))
                assert "confirm" in await phantom.hear()
                shown += 1
                await phantom.say({"confirm": encode(bytes(32))})
        running = asyncio.create_task(host())
        ended = [await receive(server, canary, code, "code") for _ in range(5)]
        running.cancel()
    assert shown == 3 and ended == ["verify"] * 5 and canary.left_nothing()
    said = [text_of(program) for program in canary.programs]
    assert "2 tries left" in said[0] and "1 try left" in said[1] and "last of three tries" in said[2], said
    assert "not used any more" in said[3] and said[3] == said[4]
