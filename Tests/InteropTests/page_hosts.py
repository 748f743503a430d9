"""Pages that make rooms, for the tests of such pages."""

import asyncio
import contextlib
import json

import pytest
import pytest_asyncio

from chromium import Chromium
from conftest import Visit
from firefox import Firefox
from martlet_peer import Connection, Receiver
from page_support import noise
from rendezvous import Rendezvous
from rooms_client import RoomClient


class Tab(Visit):
    """A page that hosts, or one that comes as a guest."""

    async def open(self, link):
        self.page = await self.browser.open()
        if self.browser.name == "chromium":
            # Firefox takes the certificates of tests as it is.
            await self.page.send("Security.setIgnoreCertificateErrors", ignore=True)
        await self.page.goto(link)

    async def offer(self, *paths, selector="#file-input"):
        """Opens the page, chooses the files and makes the room. Returns the code as text and the link."""
        await self.open(self.server.origin)
        await self.state("beginning")
        await self.page.set_files(selector, *paths)
        await self.state("choosing")
        await self.page.click("#send")
        return await self.invitation()

    async def invitation(self):
        await self.state("hosting")
        shown = "['code', 'link', 'command'].map((name) => document.getElementById(name).textContent)"
        code, link, command = await self.page.evaluate(shown)
        assert command == f"martlet receive {code} --server {self.server.origin}"
        return code, link

    async def enter(self, code):
        """Opens the page and types a code."""
        await self.open(self.server.origin)
        await self.state("beginning")
        await self.correct(code)

    async def correct(self, code):
        await self.page.evaluate(f"document.querySelector('#link-input').value = {json.dumps(code)}")
        await self.page.click("#link-open")

    async def notice(self, part, timeout=20):
        await self.page.wait_for(f"document.querySelector('#notice').textContent.includes({json.dumps(part)})", timeout)


@pytest_asyncio.fixture(scope="module")
async def browsers():
    """Both, by name: here they meet each other."""
    async with Chromium(real_addresses=True) as chromium, Firefox(real_addresses=True) as firefox:
        yield {"chromium": chromium, "firefox": firefox}


@pytest_asyncio.fixture
async def hosting_server():
    async with Rendezvous(hosting=True) as server:
        yield server


@pytest_asyncio.fixture
async def tab(browsers, hosting_server):
    """Makes tabs; looks at what they logged and closes them behind the test."""
    tabs = []

    def make(name="chromium", server=hosting_server):
        tabs.append(Tab(browsers[name], server))
        return tabs[-1]

    yield make
    pages = [made.page for made in tabs if made.page]
    for page in pages:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(page.close(), 5)
    for browser in {made.browser for made in tabs}:
        await browser.downloads.settle()
    for made in tabs:
        errors = [text for level, text in made.page.console if level == "error"] if made.page else []
        problems = [text for text in errors if not any(part in text for part in made.expected_errors)]
        assert not problems, problems


async def guest(entrance):
    """Somebody with a program of their own, paired and connected."""
    room = await RoomClient(entrance, is_host=False).__aenter__()
    await asyncio.wait_for(room.paired(), 20)
    connection = Connection()
    await connection.establish(room)
    return room, connection


async def receive(tab_, origin, entrance, kept=None):
    """The independent peer comes and takes everything."""
    room, connection = await guest(entrance)
    receiver = Receiver(connection, kept=kept)
    received = await asyncio.wait_for(receiver.run(), 60)
    await tab_.state("done")
    await connection.close()
    await room.__aexit__()
    return received, connection


@pytest.fixture
def files(tmp_path):
    contents = {"a.bin": noise(3_000_000), "fête 🐦.txt": b"b" * 70_000, "empty": b""}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return contents, [tmp_path / name for name in contents]
