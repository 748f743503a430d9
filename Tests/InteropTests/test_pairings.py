"""Terminals and pages in every pairing that there is, by link and by code, on this machine, over plain http on a LAN address, and
over TLS at a server of somebody else's: the file that arrives is the file that was sent.

Here a program makes the room. A page that makes it, for a page and for a terminal, is in test_page_host_server.py."""

import contextlib
import hashlib
from dataclasses import dataclass, field

import pytest

from authority import Authority
from conftest import lan_address
from martlet_program import Martlet
from meetings import Canary, state_of, watch
from rooms_client import Link


@dataclass
class Place:
    """Where two meet: options of the program that makes the room, those of the other, and which address is used."""

    making: list = field(default_factory=list)
    entering: list = field(default_factory=list)
    is_local: bool = False
    #: The address of the server, where it is somebody else's.
    server: str = ""

    def address(self, event):
        return self.server or Link.parse(event["local" if self.is_local else "link"]).origin


@contextlib.asynccontextmanager
async def place_of(name, folder):
    if name == "localhost":
        yield Place(["--port", 0], is_local=True)
    elif name == "LAN":
        if not lan_address():
            pytest.skip("this machine has no address but loopback")
        yield Place(["--port", 0])
    else:
        authority = Authority(folder, lan_address())
        options = ["--certificate", authority.certificate, "--key", authority.key, "--name", "localhost"]
        async with Martlet("serve", "--port", 0, *options) as service:
            server = f"https://localhost:{(await service.event('serving'))['port']}"
            yield Place(["--server", server, "--ca", authority.ca], ["--ca", authority.ca], server=server)


@dataclass
class Way:
    """How the other side comes to the program that made the room."""

    link: str
    code: str
    address: str

    def arguments(self, by):
        return [self.link] if by == "link" else [self.code, "--server", self.address]

    def url(self, by):
        return self.link if by == "link" else f"{self.address}/#{self.code}"


async def way_to(program, place):
    code = (await program.event("code"))["code"]
    event = await program.event("link")
    address = place.address(event)
    link = Link.parse(event["link"])
    link.origin = address
    return Way(str(link), code, address)


async def ended_well(program):
    code, errors = await program.end(30)
    assert code == 0, (code, errors, program.events[-3:])


PLACES = pytest.mark.parametrize("where", ["localhost", "LAN", "TLS"])
WAYS = pytest.mark.parametrize("by", ["link", "code"])


async def opened(browser, url):
    if browser.name == "chromium":
        page = await browser.open()
        await page.send("Security.setIgnoreCertificateErrors", ignore=True)
        await page.goto(url)
        return page
    return await browser.open(url)


@PLACES
@WAYS
async def test_terminal_to_terminal(tmp_path, where, by):
    canary = Canary(tmp_path)
    async with place_of(where, tmp_path) as place:
        async with Martlet("send", *place.making, canary.source, environment=state_of(canary, "host")) as sender:
            way = await way_to(sender, place)
            async with Martlet("receive", "-y", "-o", canary.target, *place.entering, *way.arguments(by),
                               environment=state_of(canary, "guest")) as receiver:
                await ended_well(receiver)
            await ended_well(sender)
    assert canary.has_arrived()


@PLACES
@WAYS
async def test_terminal_to_page(browser, tmp_path, where, by):
    canary = Canary(tmp_path)
    async with place_of(where, tmp_path) as place:
        async with Martlet("send", *place.making, canary.source, environment=state_of(canary, "host")) as sender:
            page = await opened(browser, (await way_to(sender, place)).url(by))
            assert await page.evaluate("isSecureContext") == (where != "LAN")
            assert await watch(page, browser, canary, 30) == "done"
            # The secret does not stay in the address bar.
            assert not await page.evaluate("location.hash")
            await ended_well(sender)
    assert canary.has_arrived()


@PLACES
@WAYS
async def test_page_to_terminal(browser, tmp_path, where, by):
    canary = Canary(tmp_path)
    async with place_of(where, tmp_path) as place:
        async with Martlet("receive", "-y", "-o", canary.target, *place.making,
                           environment=state_of(canary, "host")) as receiver:
            page = await opened(browser, (await way_to(receiver, place)).url(by))
            await page.wait_for("document.documentElement?.dataset.state === 'choosing'")
            await page.set_files("#file-input", canary.source)
            await page.click("#send")
            await ended_well(receiver)
    arrived = (canary.target / canary.name).read_bytes()
    assert hashlib.sha256(arrived).digest() == hashlib.sha256(canary.source.read_bytes()).digest()
