"""The page's two ends of a room, where a rendezvous or somebody who only knows the number means harm: servers that it names,
numbers that it changes, names that it gives twice, places that are taken for nothing; what cannot be verified or compared."""

import asyncio
import contextlib
import json
import shutil

import pytest

from conftest import Visit, lan_address
from evil_rendezvous import EvilRendezvous
from martlet_peer import Item, Sender
from page_hosts import browsers, files, hosting_server, receive, tab  # noqa: F401 (fixtures)
from rendezvous import PAGE_FOLDER, Rendezvous
from rooms_client import Code, Link, Refused, RoomClient, RoomError
from test_page_codes import enter
from test_page_offline import answer_of, connect, offering, open_form


# MARK: Servers that a rendezvous names


class Naming(Rendezvous):
    """Names servers for connections."""

    ice_servers = []

    async def _send(self, socket, **message):
        if "iceServers" in message:
            message["iceServers"] = self.ice_servers
        await super()._send(socket, **message)


class Ear(asyncio.DatagramProtocol):
    """A server that answers nobody, and knows who asked."""

    def __init__(self):
        self.asked = asyncio.Event()

    def datagram_received(self, data, address):
        self.asked.set()

    @classmethod
    async def open(cls, address, stack):
        loop = asyncio.get_running_loop()
        transport, ear = await loop.create_datagram_endpoint(cls, (address, 0))
        stack.callback(transport.close)
        port = transport.get_extra_info("sockname")[1]
        server = await asyncio.start_server(lambda _, writer: (ear.asked.set(), writer.close()), address, port)
        stack.callback(server.close)
        return ear, port


@pytest.mark.parametrize("side", ["guest", "host"])
async def test_a_server_that_relays_is_never_asked(browser, tmp_path, side):
    address = lan_address() or pytest.skip("this machine has no address but loopback")
    async with contextlib.AsyncExitStack() as stack:
        turn, turn_port = await Ear.open(address, stack)
        stun, stun_port = await Ear.open(address, stack)
        server = await stack.enter_async_context(Naming(address, hosting=side == "host"))
        server.ice_servers = [
            {"urls": [f"turn:{address}:{turn_port}", f"turn:{address}:{turn_port}?transport=tcp"], "username": "u", "credential": "c"},
            {"urls": f"turns:{address}:{turn_port}", "username": "u", "credential": "c"},
            {"urls": f"stun:{address}:{stun_port}"},
        ]
        visit = Visit(browser, server)
        if side == "guest":
            await visit.make_room()
            await visit.open()
        else:
            (tmp_path / "a.bin").write_bytes(b"a")
            visit.page = await browser.open(server.origin)
            await visit.state("beginning")
            await visit.page.set_files("#file-input", tmp_path / "a.bin")
            await visit.state("choosing")
            await visit.page.click("#send")
            await visit.state("hosting")
            visit.link = Link.parse(await visit.page.evaluate("document.getElementById('link').textContent"))
            visit.room = await stack.enter_async_context(RoomClient(visit.link, is_host=False))
        # A browser asks all of its servers at once, as soon as it has a description of its own.
        connecting = asyncio.create_task(visit.establish())
        await asyncio.wait_for(stun.asked.wait(), 20)
        await asyncio.sleep(1)
        assert not turn.asked.is_set()
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        await visit.end()


async def test_which_servers_are_used(visit):
    await open_form(visit)
    lists = [None, {}, "stun:a", [None, 5, {}, {"urls": None}, {"urls": [7]}], [{"urls": "turn:a"}, {"urls": ["stuns:a", "STUN:a"]}],
             [{"urls": ["turn:a", "stun:b"], "username": "u"}, {"urls": "stun:c"}], [{"urls": [f"stun:{index}" for index in range(9)]}],
             [{"urls": "stun:" + "a" * 256}, {"urls": "stun:" + "ä" * 128}, {"urls": "stun:" + "b" * 255}]]
    used = await visit.page.evaluate(f"import('/peer.js').then(({{ usableServers }}) => {json.dumps(lists)}.map(usableServers))")
    assert used == [[], [], [], [], [], [{"urls": ["stun:b", "stun:c"]}], [{"urls": ["stun:0", "stun:1", "stun:2", "stun:3"]}],
                    [{"urls": ["stun:" + "b" * 255]}]]


# MARK: A handshake that does not tell


@pytest.mark.parametrize("change, is_right", [
    ("RTCDtlsTransport.prototype.getRemoteCertificates = () => [];", False),
    ("RTCDtlsTransport.prototype.getRemoteCertificates = () => [new ArrayBuffer(0)];", False),
    ("RTCDtlsTransport.prototype.getRemoteCertificates = () => [new Uint8Array(300).buffer];", False),
    ("delete RTCDtlsTransport.prototype.getRemoteCertificates;", True),
], ids=["none", "empty", "another", "cannot tell"])
async def test_certificates_that_the_handshake_does_not_show(visit, change, is_right):
    await visit.make_room()
    visit.page = await visit.browser.open()
    await visit.page.before_scripts(change)
    await visit.page.goto(str(visit.link))
    if is_right:
        await visit.establish()
        running = asyncio.create_task(Sender(visit.connection, [Item(["a.bin"], b"abc")]).run())
        await visit.state("offered")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    else:
        with contextlib.suppress(Exception):
            await visit.establish()
        await visit.failure("cannot-verify")


# MARK: The host's room


FAKE = """(async () => {
    const [{ HostedRoom }, { lookLimit }] = await Promise.all([import("/hosting.js"), import("/looks.js")]);
    const sockets = [];
    window.WebSocket = class {
        static OPEN = 1;
        readyState = 1;
        said = [];
        constructor() { sockets.push(this); }
        send(text) { this.said.push(JSON.parse(text)); }
        close() {}
        hear(message) { this.onmessage({ data: JSON.stringify(message) }); }
    };
    const guests = [];
    const told = [];
    let drawn = 0;
    const room = new HostedRoom({ name: "a".repeat(16), secret: new Uint8Array(16), words: ["w0"] }, {
        onOpened: () => {}, onAway: () => {}, onWrongSecret: () => {}, onFailure: ({ code }) => told.push(code),
        onGuest: (guest) => {
            guest.callbacks = { onEntered: () => new Uint8Array(32), onFailure: ({ code }) => told.push(code), onLeft: () => {} };
            guests.push(guest);
        },
        onOtherNumber: () => [`w${drawn += 1}`],
    });
    /** The server makes the room: with this number. */
    const make = (number) => {
        room.open();
        const socket = sockets.at(-1);
        socket.onopen();
        socket.hear({ type: "created", room: "a".repeat(16), number, token: "t", iceServers: [] });
        return socket;
    };
    const away = () => sockets.at(-1).onclose({ code: 1006 });
    const state = () => [room.number, room.place.words[0], room.looksLeft];
    const soon = () => new Promise((resolve) => setTimeout(resolve, 100));
    %s
})()"""


async def test_a_number_that_changes_changes_the_words(visit):
    await open_form(visit)
    states = await visit.page.evaluate(FAKE % """
        const states = [];
        make(5);
        states.push(state());
        room.countWrong("code");
        // The same number: the same code, and what was looked at counts.
        for (const number of [5, 6, 7, 8]) {
            away();
            make(number);
            states.push(state());
            room.countWrong("code");
            room.countWrong("code");
        }
        away();
        make(9);
        return [...states, state(), room.isSpent, sockets.at(-1).said[0]];
    """)
    # Two looks of one code are none of the next; three end the code, whatever the server calls the room.
    assert states[:2] == [[5, "w0", 3], [5, "w0", 2]]
    assert states[2:5] == [[5, "w0", 0]] * 3 and states[5] == [5, "w0", 0] and states[6] is False
    assert states[7] == {"type": "create", "room": "a" * 16, "size": 16, "number": 5, "token": "t"}


async def test_a_server_that_changes_the_number_again_and_again(visit):
    await open_form(visit)
    states = await visit.page.evaluate(FAKE % """
        make(5);
        const states = [];
        for (const number of [6, 7, 7, 8, 9, 10]) {
            room.countWrong("code");
            away();
            make(number);
            states.push([...state(), room.isSpent]);
        }
        return states;
    """)
    assert states == [[6, "w1", 3, False], [7, "w2", 3, False], [7, "w2", 2, False], [8, "w3", 3, False], [8, "w3", 0, True],
                      [8, "w3", 0, True]]


async def test_a_name_that_is_given_again_is_somebody_else(visit):
    """A server that was started again begins its names anew."""
    await open_form(visit)
    said = await visit.page.evaluate(FAKE % """
        make(5).hear({ type: "peer-joined", peer: "p2" });
        away();
        const socket = make(5);
        room.relay(guests[0], { late: 1 });
        socket.hear({ type: "peer-joined", peer: "p2" });
        room.relay(guests[0], { late: 2 });
        guests[0].leave();
        room.drop(guests[0]);
        room.relay(guests[1], { right: 1 });
        return socket.said.slice(1);
    """)
    assert said == [{"type": "message", "to": "p2", "body": '{"right":1}'}]


async def test_who_failed_is_put_out_once(visit):
    await open_form(visit)
    said, told = await visit.page.evaluate(FAKE % """
        const socket = make(5);
        for (const peer of ["a", "b", "c"]) socket.hear({ type: "peer-joined", peer });
        socket.hear({ type: "message", from: "a", body: "{" });
        socket.hear({ type: "message", from: "b", body: JSON.stringify({ hello: 3 }) });
        await soon();
        // Whatever it says then is nobody's.
        socket.hear({ type: "message", from: "a", body: "{" });
        socket.hear({ type: "peer-left", peer: "a" });
        guests[2].leave();
        await soon();
        return [socket.said.slice(1), told];
    """)
    assert said == [
        {"type": "drop", "peer": "a"}, {"type": "message", "to": "b", "body": '{"refused":"version"}'}, {"type": "drop", "peer": "b"},
        {"type": "drop", "peer": "c"}]
    assert told == ["cannot-verify"] * 2


async def test_the_server_changes_the_number(tab, files):  # noqa: F811
    contents, paths = files
    async with Rendezvous(hosting=True) as server:
        host = tab(server=server)
        code, link = await host.offer(*paths)
    number = int(code.split("-")[0])
    async with Rendezvous(hosting=True, port=server.port) as again:
        again.numbers[number] = "somebody else's"
        await host.notice("there is another code now", 40)
        fresh, same = await host.invitation()
        await host.picture("hosting-other-code")
        assert same == link and fresh.split("-")[0] != code.split("-")[0] and fresh.split("-")[1:] != code.split("-")[1:]
        old_words = Code(again.origin, int(fresh.split("-")[0]), " ".join(code.split("-")[1:]))
        async with RoomClient(old_words, is_host=False) as room:
            with pytest.raises(Refused, match="wrong-secret"):
                await asyncio.wait_for(room.paired(), 20)
        received, _ = await receive(host, again.origin, Code.parse(fresh, again.origin))
        assert received.files == contents
        await host.page.close()


@pytest.mark.parametrize("name", ["chromium", "firefox"])
async def test_strangers_who_say_nothing_keep_nobody_out(tab, files, name):  # noqa: F811
    contents, paths = files
    host = tab(name)
    code, link = await host.offer(*paths)
    async with contextlib.AsyncExitStack() as stack:
        number = Code.parse(code, host.server.origin)
        for _ in range(15):
            await stack.enter_async_context(RoomClient(number, is_host=False))
        with pytest.raises(RoomError, match="full"):
            await RoomClient(number, is_host=False).__aenter__()
        room = host.server.rooms[Link.parse(link).room]
        async with asyncio.timeout(10):
            # A place at a time, while there is none.
            while len(room["members"]) == 16:
                await asyncio.sleep(0.1)
        received, _ = await receive(host, host.server.origin, number)
        assert received.files == contents


async def test_who_is_put_out_is_told(visit):
    await visit.make_room()
    await visit.open()
    peer = (await visit.room._expect("peer-joined"))["peer"]
    await visit.room.socket.send(json.dumps({"type": "drop", "peer": peer}))
    assert "turned this page out" in await visit.failure("dropped")
    await visit.picture("dropped")


# MARK: Words to compare


async def test_without_a_list_of_words_nothing_is_answered(browser, tmp_path):
    shutil.copytree(PAGE_FOLDER, tmp_path / "page")
    (tmp_path / "page/words.txt").unlink()
    async with Rendezvous(page=tmp_path / "page") as server:
        visit = Visit(browser, server)
        await open_form(visit)
        connection, offer = await offering()
        await enter(visit, json.dumps(offer))
        text = await visit.failure("no-words")
        assert "paste the offer again" in text and await visit.page.evaluate("document.querySelector('#texts').hidden")
        await visit.picture("no-words")
        await connection.close()


async def test_the_yes_waits_for_the_words(browser):
    held = {"session.js": [("if (found && !this.#over) this.#callbacks.onWords(found);",
                            "window.release = () => this.#callbacks.onWords(found);")]}
    async with EvilRendezvous(None, held) as server:
        visit = Visit(browser, server)
        await open_form(visit)
        connection, offer = await offering()
        await enter(visit, json.dumps(offer))
        await connect(visit, connection, json.loads(await answer_of(visit)))
        running = asyncio.create_task(Sender(connection, [Item(["a.bin"], b"abc")]).run())
        await visit.page.wait_for("window.release !== undefined")
        await asyncio.sleep(1)
        assert "a.bin" not in await visit.state("waiting")
        assert await visit.page.evaluate("document.querySelector('#accept').hidden || document.querySelector('#actions').hidden")
        await visit.page.evaluate("window.release()")
        text = await visit.state("offered")
        assert "a.bin" in text and " · ".join(connection.words) in text
        await visit.page.click("#accept")
        assert (await asyncio.wait_for(running, 60)).receipt["items"] == 1
        await visit.end()
