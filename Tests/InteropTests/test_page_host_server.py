"""The page as host of a room: programs that come to it, and the server that it does without for a while."""

import contextlib
import signal
from types import SimpleNamespace

import pytest

from authority import Authority
from conftest import lan_address
from martlet_program import Martlet
from page_hosts import Tab, browsers, files, hosting_server, receive, tab  # noqa: F401 (fixtures)
from page_support import noise
from rendezvous import Rendezvous
from rooms_client import Code, Link, RoomClient, RoomError, entrance_of


# MARK: Page to terminal


@pytest.mark.parametrize("name", ["chromium", "firefox"])
@pytest.mark.parametrize("by", ["code", "link"])
async def test_a_page_sends_to_the_independent_peer(tab, files, name, by):
    contents, paths = files
    host = tab(name)
    code, link = await host.offer(*paths)
    await host.picture("hosting")
    entrance = Code.parse(code, host.server.origin) if by == "code" else Link.parse(link)
    received, connection = await receive(host, host.server.origin, entrance)
    assert received.files == contents and connection.words
    text = await host.state("done")
    assert "3 files sent" in text
    # The room is gone: this link has served.
    with pytest.raises(RoomError, match="no-such-room"):
        await RoomClient(entrance_of(link), is_host=False).__aenter__()


@pytest.mark.parametrize("name", ["chromium", "firefox"])
@pytest.mark.parametrize("by", ["code", "link"])
async def test_a_page_sends_to_the_program(tab, files, tmp_path, name, by):
    contents, paths = files
    host = tab(name)
    code, link = await host.offer(*paths)
    (tmp_path / "there").mkdir()
    entrance = [code, "--server", host.server.origin] if by == "code" else [link]
    async with Martlet("receive", "-y", "--wait", "0s", "-o", tmp_path / "there", *entrance) as program:
        status, said = await program.end()
    assert status == 0, said
    assert {path.name: path.read_bytes() for path in (tmp_path / "there").iterdir() if path.is_file()} == contents
    assert "3 files sent" in await host.state("done")


@pytest.mark.parametrize("name, act", [("chromium", "closed"), ("chromium", "stopped"), ("firefox", "stopped")])
async def test_a_program_ends_at_once_when_the_page_goes_away(tab, tmp_path, name, act):
    """Not where Firefox loads again: what a page says while it goes away does not leave it."""
    (tmp_path / "a.bin").write_bytes(noise(150_000_000))
    host = tab(name)
    code, _ = await host.offer(tmp_path / "a.bin")
    (tmp_path / "there").mkdir()
    command = ["receive", "-y", "--wait", "10m", "-o", tmp_path / "there", code, "--server", host.server.origin]
    async with Martlet(*command) as program:
        while (await program.event("progress"))["bytes"] < 5_000_000:
            pass
        await (host.page.reload() if act == "closed" else host.page.click("#cancel"))
        status, said = await program.end(15)
    assert status == 6 and "the transfer has ended" in said, (status, said)


@pytest.mark.parametrize("name", ["chromium", "firefox"])
async def test_a_program_that_was_killed_goes_on(tab, tmp_path, name):
    content = noise(150_000_000)
    (tmp_path / "a.bin").write_bytes(content)
    host = tab(name)
    code, link = await host.offer(tmp_path / "a.bin")
    (tmp_path / "there").mkdir()
    command = ["receive", "-y", "-o", tmp_path / "there"]
    async with Martlet(*command, code, "--server", host.server.origin) as program:
        while (await program.event("progress"))["bytes"] < 70_000_000:
            pass
        program.terminate(signal.SIGKILL)
    # The page notices the silence later than the program is back.
    async with Martlet(*command, code, "--server", host.server.origin) as program:
        status, said = await program.end(90)
    assert status == 0, said
    assert (tmp_path / "there/a.bin").read_bytes() == content
    assert any(event["type"] == "resumed" for event in program.events), program.events
    assert "sent" in await host.state("done")


# MARK: At the real server


@contextlib.asynccontextmanager
async def serving(where, folder, port=0):
    """`martlet serve`: what stands for a Rendezvous, and the options of a program that goes there."""
    options, host, trust = ["--state", folder / "rooms"], "127.0.0.1", []
    if where == "LAN":
        host = lan_address() or pytest.skip("this machine has no address but loopback")
    elif where == "TLS":
        authority = Authority(folder, lan_address())
        options += ["--certificate", authority.certificate, "--key", authority.key, "--name", "localhost"]
        host, trust = "localhost", ["--ca", authority.ca]
    async with Martlet("serve", "--port", port, *options) as service:
        port = (await service.event("serving"))["port"]
        origin = f"{'https' if where == 'TLS' else 'http'}://{host}:{port}"
        yield SimpleNamespace(origin=origin, port=port, trust=trust, service=service)


async def take(receiver, content):
    """The page says yes and has it."""
    await receiver.state("offered")
    await receiver.page.click("#accept")
    [file] = await receiver.browser.downloads.finished(1)
    assert file.read_bytes() == content
    await receiver.state("done")


@pytest.mark.parametrize("where", ["localhost", "LAN", "TLS"])
@pytest.mark.parametrize("by", ["code", "link"])
@pytest.mark.parametrize("host_name, guest_name", [("chromium", "firefox"), ("firefox", "chromium")])
async def test_pages_meet_at_the_server(tab, tmp_path, where, by, host_name, guest_name):
    content = noise(1_000_000)
    (tmp_path / "a.bin").write_bytes(content)
    async with serving(where, tmp_path) as server:
        host, receiver = tab(host_name, server), tab(guest_name, server)
        code, link = await host.offer(tmp_path / "a.bin")
        assert await host.page.evaluate("isSecureContext") == (where != "LAN")
        await (receiver.enter(code) if by == "code" else receiver.open(link))
        await take(receiver, content)
        await host.state("done")


@pytest.mark.parametrize("where", ["localhost", "LAN", "TLS"])
@pytest.mark.parametrize("by", ["code", "link"])
@pytest.mark.parametrize("name", ["chromium", "firefox"])
async def test_a_program_comes_to_a_page_at_the_server(tab, files, tmp_path, where, by, name):
    contents, paths = files
    (tmp_path / "there").mkdir()
    async with serving(where, tmp_path) as server:
        host = tab(name, server)
        code, link = await host.offer(*paths)
        entrance = [code, "--server", server.origin] if by == "code" else [link]
        async with Martlet("receive", "-y", "--wait", "0s", *server.trust, "-o", tmp_path / "there", *entrance) as program:
            status, said = await program.end()
        assert status == 0, said
        assert {path.name: path.read_bytes() for path in (tmp_path / "there").iterdir() if path.is_file()} == contents
        await host.state("done")


async def test_the_server_is_stopped_and_another_one_is_started(tab, tmp_path):
    content = noise(1_000_000)
    (tmp_path / "a.bin").write_bytes(content)
    async with serving("localhost", tmp_path) as server:
        host, receiver = tab("chromium", server), tab("firefox", server)
        code, link = await host.offer(tmp_path / "a.bin")
        server.service.terminate(signal.SIGTERM)
        await server.service.end()
    await host.notice("Nobody new can come")
    async with serving("localhost", tmp_path, server.port):
        await host.page.wait_for("!document.querySelector('#notice').textContent.includes('Nobody new')")
        assert await host.invitation() == (code, link)
        await receiver.enter(code)
        await take(receiver, content)
        await host.state("done")


# MARK: The server


@pytest.mark.parametrize("name", ["chromium", "firefox"])
async def test_the_server_is_started_again(browsers, files, name):
    contents, paths = files
    async with Rendezvous(hosting=True) as server:
        host = Tab(browsers[name], server)
        code, link = await host.offer(*paths)
    # It is gone, and comes back knowing nothing: room and number are asked for again, so that code and link still lead here.
    await host.notice("Nobody new can come")
    await host.picture("hosting-server-away")
    async with Rendezvous(hosting=True, port=server.port) as again:
        await host.page.wait_for("!document.querySelector('#notice').textContent.includes('Nobody new')", 30)
        assert await host.invitation() == (code, link)
        received, _ = await receive(host, again.origin, Code.parse(code, again.origin))
        assert received.files == contents
        await host.page.close()


async def test_the_room_is_got_back_by_its_token(tab, files):
    contents, paths = files
    host = tab()
    code, link = await host.offer(*paths)
    server = host.server
    [room] = server.rooms.values()
    [socket] = room["members"].values()
    # The line is cut where only one side notices.
    await host.page.evaluate("""(() => { window.offers = 0; const create = WebSocket.prototype.send;
        WebSocket.prototype.send = function (text) {
            if (text.includes("token")) window.offers += 1;
            create.call(this, text);
        }; })()""")
    await socket.close(1011)
    await host.page.wait_for("window.offers === 1")
    await host.page.wait_for("!document.querySelector('#notice').textContent.includes('Nobody new')", 30)
    assert await host.invitation() == (code, link)
    received, _ = await receive(host, server.origin, Link.parse(link))
    assert received.files == contents


async def test_without_the_offer_of_the_server_there_is_only_the_field(browsers):
    async with Rendezvous() as server:
        page = await browsers["chromium"].open(server.origin)
        await page.wait_for("document.documentElement?.dataset.failure === 'no-link'")
        assert await page.evaluate("document.querySelector('#drop').hidden")
        await page.close()
