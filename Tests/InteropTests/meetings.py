"""Two honest sides that meet through a server: Python's, programs', pages'. What becomes of each of them is one of

    done       connected, and the file is there
    verify     "the other side could not be verified"
    refused    the other side refused, as somebody claims
    silence    neither, until the deadline
"""

import asyncio
import contextlib
import hashlib
import json
import os
import secrets

from martlet_peer import Connection, Item, Receiver, Sender, TransferError
from martlet_program import Martlet
from rooms_client import CannotVerify, Code, Link, Refused, RoomClient, RoomError

#: Seconds until nothing is taken for nothing; and for one side, when the other side has ended.
DEADLINE, GRACE = 15, 5


class Canary:
    """A file whose name and size are found wherever they are written, in a folder of its own with a place to receive."""

    def __init__(self, folder):
        self.name = f"canary-{secrets.token_hex(8)}.bin"
        self.size = 100_000 + secrets.randbelow(800_000)
        self.folder = folder / secrets.token_hex(4)
        self.source, self.target = self.folder / self.name, self.folder / "target"
        self.target.mkdir(parents=True)
        self.source.write_bytes(os.urandom(self.size))
        #: What pages showed at their end: (failure, text).
        self.pages = []
        #: The programs that took part.
        self.programs = []

    def has_arrived(self):
        copy = self.target / self.name
        return copy.exists() and hashlib.sha256(copy.read_bytes()).digest() == hashlib.sha256(self.source.read_bytes()).digest()

    def left_nothing(self):
        return not list(self.target.iterdir())

    def secrets(self):
        """What no server may ever see."""
        return [self.name, str(self.size), "candidate:", "typ host", "ice-ufrag", "ice-pwd", "fingerprint:", "setup:"]


async def outcome(running, deadline):
    """What became of a Python side."""
    try:
        await asyncio.wait_for(running, deadline)
        return "done"
    except Refused:
        return "refused"
    except CannotVerify:
        return "verify"
    except (TimeoutError, RoomError, TransferError):
        return "silence"


async def python_host(server, canary, by, deadline, entrance):
    async with RoomClient(Link.fresh(server.origin), is_host=True, words=Code.fresh_words()) as room:
        entrance.set_result(getattr(room, by))

        async def run():
            await room.paired()
            connection = Connection()
            try:
                await connection.establish(room)
                await Sender(connection, [Item([canary.name], canary.source.read_bytes())]).run()
                with contextlib.suppress(TransferError, TimeoutError):
                    while True:
                        await connection.next(1)
            finally:
                await connection.close()
        return await outcome(run(), deadline)


async def python_guest(server, canary, by, deadline, entrance):
    async with RoomClient(await entrance, is_host=False) as room:
        async def run():
            await room.paired()
            connection = Connection()
            try:
                await connection.establish(room)
                received = await Receiver(connection).run()
                for name, content in received.files.items():
                    (canary.target / name).write_bytes(content)
            finally:
                await connection.close()
        return await outcome(run(), deadline)


async def meet(server, canary, by, host=python_host, guest=python_guest, deadline=DEADLINE, grace=GRACE):
    """{"host": …, "guest": …}. When one of the two has ended badly, the other has not long to find out as well."""
    entrance = asyncio.get_running_loop().create_future()
    tasks = {"host": asyncio.create_task(host(server, canary, by, deadline, entrance)),
             "guest": asyncio.create_task(guest(server, canary, by, deadline, entrance))}
    done, _ = await asyncio.wait(tasks.values(), return_when=asyncio.FIRST_COMPLETED)
    if any(task.exception() or task.result() != "done" for task in done):
        await asyncio.wait(tasks.values(), timeout=grace if tasks["guest"].done() else GRACE)
        for task in tasks.values():
            task.cancel()
    ended = dict(zip(tasks, await asyncio.gather(*tasks.values(), return_exceptions=True)))
    for end in ended.values():
        if isinstance(end, Exception):
            raise end
    return {role: "silence" if isinstance(end, asyncio.CancelledError) else end for role, end in ended.items()}


# MARK: The page

REFUSALS = {"wrong-words", "dead-there", "no-code", "version"}


def address(entrance):
    """What is opened in a browser."""
    return str(entrance) if isinstance(entrance, Link) else f"{entrance.origin}/#{entrance}"


def page_guest(browser):
    """The page, which somebody opens and who says yes to whatever is offered."""
    # Firefox opens no tab while it closes another.
    tabs = asyncio.Lock()

    async def guest(server, canary, by, deadline, entrance):
        url = address(await entrance)
        async with tabs:
            page = await browser.open(url)
        try:
            became = await watch(page, browser, canary, deadline)
        finally:
            shown = await page.evaluate("document.querySelector('main').innerText")
            canary.pages.append((await page.evaluate("document.documentElement.dataset.failure ?? ''"), shown))
            async with tabs:
                await page.close()
            for key in [key for key, each in browser.pages.items() if each is page]:
                del browser.pages[key]
        # Whoever is not who they say is told nothing, and says nothing.
        assert became == "done" or canary.name not in shown, shown
        return became
    return guest


async def watch(page, browser, canary, deadline):
    end = asyncio.get_running_loop().time() + deadline
    while asyncio.get_running_loop().time() < end:
        state, failure = await page.evaluate(
            "[document.documentElement?.dataset.state ?? '', document.documentElement?.dataset.failure ?? '']")
        if failure:
            return "verify" if failure == "cannot-verify" else "refused" if failure in REFUSALS else "silence"
        if state == "offered":
            # By script: the tab may be in the background.
            await page.evaluate("document.querySelector('#accept').click()")
        elif state == "done":
            for file in await browser.downloads.finished(1):
                if file.name == canary.name:
                    (canary.target / file.name).write_bytes(file.read_bytes())
            return "done"
        await asyncio.sleep(0.05)
    return "silence"


# MARK: The program


def text_of(program):
    """Everything that a program said, on both streams."""
    events = "\n".join(json.dumps(event, ensure_ascii=False) for event in program.events)
    return events + "\n" + program.said.decode(errors="replace")


def judge(program, code):
    """What became of a program that has ended, or (none) still waits."""
    text = text_of(program)
    if code == 0:
        return "done"
    if any(words in text for words in ("The other side says", "The other side refused")):
        return "refused"
    found = ("could not be verified", "wrong-code", "code-dead", "wrong link", "The words are not those")
    return "verify" if code == 4 or any(words in text for words in found) else "silence"


async def read_events(program):
    """Keeps the program's events until it ends."""
    async for line in program.process.stdout:
        program.events.append(json.loads(line))


def state_of(canary, side):
    return {"MARTLET_STATE_DIR": str(canary.folder / f"state of {side}")}


async def terminal_host(server, canary, by, deadline, entrance):
    """`martlet send --server`, which goes on waiting when a guest has failed."""
    async with Martlet("send", "--server", server.origin, "--wait", "0s", canary.source,
                       environment=state_of(canary, "host")) as program:
        canary.programs.append(program)
        wanted = await program.event(by)
        if not entrance.done():
            entrance.set_result(Link.parse(wanted["link"]) if by == "link" else Code.parse(wanted["code"], server.origin))
        reading = asyncio.create_task(read_events(program))
        end = asyncio.get_running_loop().time() + deadline
        try:
            while asyncio.get_running_loop().time() < end:
                await asyncio.sleep(0.05)
                became = judge(program, program.process.returncode)
                if program.process.returncode is not None or became != "silence":
                    return became
            return "silence"
        finally:
            reading.cancel()


async def terminal_guest(server, canary, by, deadline, entrance):
    """`martlet receive`."""
    entrance = await entrance
    target = [str(entrance)] if by == "link" else [str(entrance), "--server", server.origin]
    async with Martlet("receive", "-y", "--wait", "0s", "-o", canary.target, *target,
                       environment=state_of(canary, "guest")) as program:
        canary.programs.append(program)
        reading = asyncio.create_task(read_events(program))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(program.process.wait(), deadline)
            await asyncio.wait_for(reading, 5)
        reading.cancel()
        return judge(program, program.process.returncode)
