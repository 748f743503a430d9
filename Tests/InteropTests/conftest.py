"""Browsers for the whole run (starting one takes seconds), a fresh server and tab for each test."""

import asyncio
import contextlib
import os
import pathlib
import socket

import pytest
import pytest_asyncio

import faults
from chromium import Chromium
from firefox import Firefox
from martlet_peer import Connection
from rendezvous import Rendezvous
from rooms_client import Link, RoomClient

#: `MARTLET_SCREENSHOTS=folder` keeps pictures of each page that a test photographs; Firefox, which is light or dark for
#: a whole run, is dark with `MARTLET_DARK=1`.
SCREENSHOTS = os.environ.get("MARTLET_SCREENSHOTS")


def lan_address():
    """An address of this machine that is not loopback: a page from there is no secure context."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return None


def pytest_sessionfinish(session):
    """In one of several processes that share the tests: what is to be told goes to the one that prints."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["notes"] = faults.NOTES


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    faults.NOTES.extend(getattr(node, "workeroutput", {}).get("notes", []))


def pytest_terminal_summary(terminalreporter):
    """Seeds and numbers of the transfers that were interrupted, also when all is well."""
    if faults.NOTES:
        terminalreporter.section("interrupted transfers")
        for line in faults.NOTES:
            terminalreporter.write_line(line)


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    """No test goes on with the transfer of another, nor with one of the person who runs them."""
    monkeypatch.setenv("MARTLET_STATE_DIR", str(tmp_path / "state of martlet"))


@pytest_asyncio.fixture(scope="session", params=[Chromium, Firefox], ids=lambda browser: browser.name)
async def shared_browser(request):
    # aiortc does not resolve the mDNS names that browsers put in place of addresses.
    look = {"dark": True} if request.param is Firefox and os.environ.get("MARTLET_DARK") else {}
    async with request.param(real_addresses=True, **look) as browser:
        yield browser


@pytest_asyncio.fixture
async def browser(shared_browser):
    """The browser with an empty downloads folder; tabs that the test opened are closed behind it."""
    before = set(shared_browser.pages)
    yield shared_browser
    for identifier in set(shared_browser.pages) - before:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(shared_browser.pages.pop(identifier).close(), 5)
    await shared_browser.downloads.settle()


@pytest_asyncio.fixture
async def server():
    async with Rendezvous() as rendezvous:
        yield rendezvous


class Visit:
    """A page that has opened a host's link. The host is the peer of this test."""

    def __init__(self, browser, server):
        self.browser, self.server = browser, server
        self.link = Link.fresh(server.origin)
        self.room = self.page = self.connection = None
        #: What a browser itself writes into the console about the failures that tests provoke.
        self.expected_errors = ["WebSocket", "at ws://", "404", "A ServiceWorker intercepted", "when fetching the script"]

    async def make_room(self, **options):
        """`words` make a code, too."""
        self.room = await RoomClient(self.link, is_host=True, **options).__aenter__()

    async def open(self, link=None):
        self.page = await self.browser.open(str(link or self.link))

    async def connect(self):
        """Room, page, pairing, peer connection."""
        await self.make_room()
        await self.open()
        await self.establish()
        return self.connection

    async def establish(self):
        await asyncio.wait_for(self.room.paired(), 20)
        self.connection = Connection()
        await self.connection.establish(self.room)

    async def state(self, wanted, timeout=30):
        """Waits until the page shows this state (see data-state); returns its text."""
        await self.page.wait_for(f"document.documentElement?.dataset.state === '{wanted}'", timeout)
        return await self.page.evaluate("document.querySelector('main').innerText")

    async def failure(self, code, timeout=30):
        """Waits until the page has failed, in the given way; returns its text."""
        await self.page.wait_for("document.documentElement?.dataset.failure", timeout)
        assert await self.page.evaluate("document.documentElement.dataset.failure") == code
        return await self.state("failed")

    async def picture(self, name):
        """Pictures of the page as it is: light, dark (where the driver can switch) and on a phone's width."""
        if not SCREENSHOTS:
            return
        folder = pathlib.Path(SCREENSHOTS)
        folder.mkdir(parents=True, exist_ok=True)
        can_switch = hasattr(self.page, "prefer")
        looks = ("light", (900, 760), "light"), ("dark", (900, 760), "dark"), ("phone", (360, 740), "light")
        for look, size, scheme in looks:
            if scheme == "dark" and not can_switch:
                continue
            if can_switch:
                await self.page.prefer(scheme)
            elif os.environ.get("MARTLET_DARK"):
                look += "-dark"
            await self.page.resize(*size)
            assert await self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, look)
            await self.page.screenshot(folder / f"{name}-{look}-{self.browser.name}.png")

    async def end(self):
        if self.connection:
            await self.connection.close()
        if self.room:
            await self.room.__aexit__()


@pytest_asyncio.fixture
async def visit(browser, server):
    visit = Visit(browser, server)
    yield visit
    await visit.end()
    if visit.page:
        # Whatever a test is about, the page itself never throws, and never breaks its own policy.
        problems = [(level, text) for level, text in visit.page.console
                    if level == "error" and not any(part in text for part in visit.expected_errors)]
        assert not problems, problems
