"""`martlet serve` by itself: raw WebSocket clients against the real program."""

import asyncio
import contextlib
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import ssl
import stat
import urllib.error
import urllib.request

import pytest
import websockets

from authority import Authority
from martlet_program import Martlet
from rooms_client import ALPHABET, SUBPROTOCOL


def fresh_room():
    return "".join(secrets.choice(ALPHABET) for _ in range(16))


@contextlib.asynccontextmanager
async def serving(*options, port=0):
    """The program and where it listens."""
    async with Martlet("serve", "--bind", "127.0.0.1", "--port", port, *options) as program:
        program.port = (await program.event("serving"))["port"]
        yield program


class Member:
    """A WebSocket connection, from an address of its own if need be."""

    def __init__(self, port, address=None, scheme="ws", host="127.0.0.1", headers=None, **options):
        self.url = f"{scheme}://{host}:{port}/rooms"
        if address:
            options["local_addr"] = (address, 0)
        self.connecting = websockets.connect(
            self.url, subprotocols=[SUBPROTOCOL], additional_headers=headers or {}, ping_interval=None, **options)

    async def __aenter__(self):
        self.socket = await self.connecting
        return self

    async def __aexit__(self, *_):
        await self.socket.close()

    async def say(self, **message):
        await self.socket.send(json.dumps(message))

    async def hear(self):
        return json.loads(await asyncio.wait_for(self.socket.recv(), 10))

    async def ask(self, **message):
        await self.say(**message)
        return await self.hear()

    async def close_code(self):
        await asyncio.wait_for(self.socket.wait_closed(), 10)
        return self.socket.close_code


async def get(url, headers=None, context=None):
    """(status, text), off the loop."""
    def fetch():
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=10, context=context) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
    return await asyncio.to_thread(fetch)


def parse_metrics(text):
    """The samples of a Prometheus text, each of a family that was described before it."""
    samples, types = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            types[name] = kind
        elif not line.startswith("#"):
            match = re.fullmatch(r'([a-z_]+)((?:\{[a-z_]+="[a-z-]+"\})?) (\d+)', line)
            assert match, line
            assert match[1] in types, line
            assert match[1].endswith("_total") == (types[match[1]] == "counter")
            samples[match[1] + match[2]] = int(match[3])
    return samples


async def metrics(program, path="http://127.0.0.1"):
    status, text = await get(f"{path}:{program.port}/metrics")
    assert status == 200
    return parse_metrics(text)


async def lines(program, event, count=1):
    """The lines of the log with that event, when there are so many."""
    for _ in range(100):
        found = [line for line in map(json.loads, bytes(program.said).splitlines()) if line["event"] == event]
        if len(found) >= count:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"no {count} {event} in {program.said.decode()}")


async def test_page_health_and_metrics():
    async with serving() as program:
        origin = f"http://127.0.0.1:{program.port}"
        status, page = await get(origin)
        assert status == 200 and "<title>" in page
        assert await get(f"{origin}/health") == (200, "ok\n")
        assert (await get(f"{origin}/nothing"))[0] == 404
        assert (await get(origin, {"Host": "evil.example"}))[0] == 403
        async with Member(program.port) as host, Member(program.port) as guest, Member(program.port) as stranger:
            created = await host.ask(type="create", room=fresh_room(), size=2, number=True)
            assert 1 <= created["number"] <= 9
            joined = await guest.ask(type="join", number=created["number"])
            assert joined["type"] == "joined"
            await host.hear()
            await guest.say(type="message", to=joined["host"], body="hällo")
            assert (await host.hear())["body"] == "hällo"
            assert (await stranger.ask(type="join", number=created["number"]))["type"] == "full"
            found = await metrics(program)
        assert found["martlet_rooms"] == found["martlet_rooms_occupied"] == found["martlet_numbers_in_use"] == 1
        assert found["martlet_rooms_made_total"] == found['martlet_joins_total{way="number"}'] == 1
        assert found["martlet_relayed_messages_total"] == 1 and found["martlet_relayed_bytes_total"] == 6
        assert found['martlet_refusals_total{code="full"}'] == 1
        assert found["martlet_resident_memory_bytes"] > 1 << 20
        # Who leaves without a word has two minutes; the number rests.
        for _ in range(50):
            found = await metrics(program)
            if not found["martlet_rooms"]:
                break
            await asyncio.sleep(0.1)
        assert found["martlet_numbers_resting"] == found["martlet_rooms_remembered"] == 1
        assert found['martlet_rooms_ended_total{how="lost"}'] == 1
        program.terminate(signal.SIGTERM)
        code, _ = await program.end()
        assert code == 0


async def test_tls(tmp_path):
    authority = Authority(tmp_path)
    async with serving("--certificate", authority.certificate, "--key", authority.key, "--name", "localhost") as program:
        assert program.events[-1]["addresses"] == [f"https://localhost:{program.port}/"]
        context = ssl.create_default_context(cafile=str(authority.ca))
        assert (await get(f"https://localhost:{program.port}/health", context=context))[0] == 200
        async with Member(program.port, scheme="wss", host="localhost", ssl=context) as host:
            assert (await host.ask(type="create", room=fresh_room(), size=2))["type"] == "created"
        # Nothing is said without TLS.
        with pytest.raises((OSError, urllib.error.URLError)):
            await get(f"http://127.0.0.1:{program.port}/health")


@pytest.mark.parametrize("options, word", [
    (["--certificate", "{0}/nothing.pem", "--key", "{0}/nothing.pem"], "certificate"),
    (["--certificate", "{0}/certificate.pem"], "belong together"),
    (["--name", "https://example.org/"], "no host name"),
    (["--name", "example.org:443"], "no host name"),
])
async def test_options_that_cannot_be(tmp_path, options, word):
    Authority(tmp_path)
    async with Martlet("serve", "--port", 0, *(option.format(tmp_path) for option in options)) as program:
        code, said = await program.end()
    assert code in (2, 9) and word in said


async def test_a_port_that_is_taken(tmp_path):
    async with serving("--state", tmp_path / "state") as first:
        async with Martlet("serve", "--bind", "127.0.0.1", "--port", first.port) as second:
            code, said = await second.end()
        assert code == 9
        assert f"Port {first.port} is in use by martlet (process {first.process.pid})" in said
        assert "another --port" in said


class Proxy:
    """A small reverse proxy: it forwards connections, and writes into each head whom it forwards."""

    def __init__(self, target, **fields):
        self.target, self.fields = target, fields

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def _serve(self, reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            first, *fields = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode().split("\r\n")
            client = next((line.partition(": ")[2] for line in fields if line.lower().startswith("x-test-client:")), "198.51.100.1")
            kept = [line for line in fields if not line.lower().startswith(("host:", "x-test-client:"))]
            own = [f"{name.replace('_', '-')}: {value.format(client=client)}" for name, value in self.fields.items()]
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
            up_writer.write(("\r\n".join([first, *kept, *own]) + "\r\n\r\n").encode())

            async def copy(source, sink):
                with contextlib.suppress(OSError):
                    while block := await source.read(1 << 16):
                        sink.write(block)
                        await sink.drain()
                sink.close()
            await asyncio.gather(copy(reader, up_writer), copy(up_reader, writer))
        writer.close()


NGINX = {"Host": "rendezvous.example", "X_Forwarded_For": "{client}"}
#: What a client may have written, and a proxy hands on.
LIES = {"Forwarded": "for=192.0.2.77;host=evil.example", "X_Forwarded_Host": "evil.example"}


@pytest.mark.parametrize("fields", [NGINX, NGINX | LIES], ids=["plain", "with-fields-of-the-client"])
async def test_behind_a_proxy(fields):
    async with serving("--behind-proxy", "--name", "rendezvous.example", "--log-addresses") as program:
        async with Proxy(program.port, **fields) as proxy:
            status, page = await get(f"http://127.0.0.1:{proxy.port}/")
            assert status == 200
            # Counts are for those who may look at the machine itself.
            assert (await get(f"http://127.0.0.1:{proxy.port}/metrics"))[0] == 403
            assert (await get(f"http://127.0.0.1:{program.port}/metrics"))[0] == 200
            # The page's origin is that of the proxy; another one's is not.
            good = {"Origin": "https://rendezvous.example", "X-Test-Client": "203.0.113.1"}
            async with Member(proxy.port, headers=good) as member:
                assert (await member.ask(type="create", room=fresh_room(), size=2))["type"] == "created"
            with pytest.raises(websockets.InvalidStatus) as refusal:
                async with Member(proxy.port, headers={"Origin": "https://evil.example"}):
                    pass
            assert refusal.value.response.status_code == 403

            async def knock(client):
                async with Member(proxy.port, headers={"X-Test-Client": client}) as member:
                    return (await member.ask(type="join", room=fresh_room()))["code"]
            # Forty from one address and no more, while others behind the same proxy are not concerned.
            codes = await asyncio.gather(*(knock("203.0.113.5") for _ in range(60)))
            assert codes.count("busy") >= 10 and codes.count("no-such-room") >= 40
            assert await knock("203.0.113.6") == "no-such-room"
            made = await lines(program, "room-made")
            assert made[0]["from"] == "203.0.113.1"


async def test_who_is_no_proxy_is_not_believed():
    async with serving() as program:
        async def knock():
            headers = {"X-Forwarded-For": f"203.0.113.{secrets.randbelow(250)}"}
            async with Member(program.port, headers=headers) as member:
                return (await member.ask(type="join", room=fresh_room()))["code"]
        codes = await asyncio.gather(*(knock() for _ in range(60)))
        assert "busy" in codes


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_restart_with_peers_that_wait(tmp_path, how):
    state, room = tmp_path / "state", fresh_room()
    async with serving("--state", state) as program:
        port = program.port
        async with Member(port) as host, Member(port) as guest:
            created = await host.ask(type="create", room=room, size=3, number=True)
            assert (await guest.ask(type="join", number=created["number"]))["type"] == "joined"
            await host.hear()
            program.terminate(how)
            for member in (host, guest):
                assert (await member.hear())["code"] == "restarting"
                assert await member.close_code() == 4008
        assert (await program.end())[0] == 0
    assert stat.S_IMODE(os.stat(state).st_mode) == 0o600
    assert created["token"] not in state.read_text()
    async with serving("--state", state, port=port) as program:
        assert (await lines(program, "started"))[0]["remembered_rooms"] == 1
        # A guest is earlier than the host, and a stranger wants its room.
        for request in ({"number": created["number"]}, {"room": room}):
            async with Member(port) as early:
                assert (await early.ask(type="join", **request))["code"] == "restarting"
                assert await early.close_code() == 4008
        async with Member(port) as stranger:
            answer = await stranger.ask(type="create", room=room, size=2, number=created["number"], token="A" * 22)
            assert answer["code"] == "room-exists"
        async with Member(port) as host, Member(port) as guest:
            again = await host.ask(type="create", room=room, size=3, number=created["number"], token=created["token"])
            assert (again["number"], again["token"]) == (created["number"], created["token"])
            joined = await guest.ask(type="join", number=created["number"])
            assert joined["room"] == room
            await host.hear()
            await guest.say(type="message", to=joined["host"], body="here we are")
            assert (await host.hear())["body"] == "here we are"
            # Over a third connection, while the server believes in the second.
            async with Member(port) as back:
                third = await back.ask(type="create", room=room, size=3, number=True, token=created["token"])
                assert third["number"] == created["number"]
                assert (await host.hear())["code"] == "replaced" and await host.close_code() == 4009


async def test_a_state_that_is_no_state(tmp_path):
    for index, content in enumerate(["", "saved x\n", "saved 5\nrubbish\n", "\0" * 1000, "saved 99999999999999999999\nmartlet rooms 2\n"]):
        state = tmp_path / f"state {index}"
        state.write_text(content)
        async with serving("--state", state) as program:
            assert (await lines(program, "started"))[0]["remembered_rooms"] == 0


async def test_one_address_has_so_many_connections_and_guesses():
    async with serving() as program, contextlib.AsyncExitStack() as stack:
        # Guesses of numbers, from an address of their own: the twenty of the burst are looked up, and a few more.
        async def guess(number):
            async with Member(program.port, address="127.0.7.7") as member:
                return (await member.ask(type="join", number=number)).get("code")
        codes = [await guess(500_000 + number) for number in range(35)]
        assert set(codes) == {"no-such-room", "busy"} and codes[:20] == ["no-such-room"] * 20
        # Sockets that say nothing.
        silent = []
        for _ in range(330):
            one = socket.socket()
            stack.callback(one.close)
            one.bind(("127.0.8.8", 0))
            one.connect(("127.0.0.1", program.port))
            silent.append(one)
        await asyncio.sleep(0.5)
        dropped = 0
        for one in silent:
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError, ConnectionResetError):
                dropped += one.recv(1) == b""
        assert dropped >= 10
        # Nobody else notices.
        async with Member(program.port, address="127.0.9.9") as member:
            assert (await member.ask(type="create", room=fresh_room(), size=2))["type"] == "created"
        # Ten seconds are all they get.
        await asyncio.sleep(11)
        assert len(os.listdir(f"/proc/{program.process.pid}/fd")) < 60


@pytest.mark.parametrize("options", [[], ["--log-addresses"]], ids=["short", "whole"])
async def test_the_log_tells_what_happens_and_nothing_else(tmp_path, options):
    state, room, body = tmp_path / "state", fresh_room(), secrets.token_hex(20)
    async with serving("--state", state, *options) as program:
        async with Member(program.port, address="127.9.8.7") as host, Member(program.port) as guest:
            created = await host.ask(type="create", room=room, size=2, number=True)
            joined = await guest.ask(type="join", number=created["number"])
            await guest.say(type="message", to=joined["host"], body=body)
            await host.hear()
            assert (await host.hear())["body"] == body
            await guest.say(type=body)
            await guest.hear()
        made, [joined], refused, [ended] = [
            await lines(program, event) for event in ("room-made", "joined", "refused", "room-ended")]
        program.terminate(signal.SIGTERM)
        await program.end()
    assert made[0]["from"] == ("127.9.8.7" if options else "127.9.8.0/24")
    assert made[0]["room"] == joined["room"] == ended["room"] and len(made[0]["room"]) == 6
    assert (joined["by"], refused[0]["code"]) == ("number", "bad-message")
    assert (ended["guests"], ended["messages"], ended["bytes"]) == (1, 1, 40)
    log = program.said.decode()
    for canary in (room, room[:8], created["token"], body):
        assert canary not in log
    for canary in (created["token"], body):
        assert canary not in state.read_text()


async def test_the_log_of_a_flood_is_short():
    async with serving() as program:
        async def flood(index):
            async with Member(program.port, address=f"127.3.{index % 8}.1") as member:
                await member.ask(type="join", room=fresh_room())
        for _ in range(4):
            await asyncio.gather(*(flood(index) for index in range(150)))
        assert (await metrics(program))["martlet_room_connections_opened_total"] >= 600
        seconds = [line["time"][:19] for line in map(json.loads, bytes(program.said).splitlines())]
        assert max(seconds.count(second) for second in seconds) <= 201


async def test_plain_log_and_quiet(tmp_path):
    async with Martlet("serve", "--bind", "127.0.0.1", "--port", 0, json_events=False) as program:
        line = (await asyncio.wait_for(program.process.stdout.readline(), 20)).decode()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\n", line)
        program.terminate(signal.SIGTERM)
        await program.process.wait()
        said = (await program._errors).decode()
    assert re.search(r"^time=\S+Z level=info event=started version=\S+ port=\d+ tls=no remembered_rooms=0$", said, re.M)
    async with Martlet("serve", "-q", "--bind", "127.0.0.1", "--port", 0, json_events=False) as program:
        assert await asyncio.wait_for(program.process.stdout.readline(), 20)
        program.terminate(signal.SIGTERM)
        await program.process.wait()
        assert "level=info" not in (await program._errors).decode()


async def test_configuration_and_environment(tmp_path):
    config = tmp_path / "config"
    config.write_text("[serve]\nbind = 127.0.0.1\nname = one.example\nname = two.example\n")
    environment = {"MARTLET_CONFIG": str(config), "MARTLET_PORT": "0"}
    async with Martlet("serve", environment=environment) as program:
        event = await program.event("serving")
        assert event["addresses"] == [f"http://{name}.example:{event['port']}/" for name in ("one", "two")]
        for host, status in {"one.example": 200, "TWO.example:99": 200, "three.example": 403}.items():
            assert (await get(f"http://127.0.0.1:{event['port']}/health", {"Host": host}))[0] == status


def test_the_manual_has_it(tmp_path):
    import subprocess
    from martlet_program import BUILD
    page = subprocess.run([BUILD / "martlet", "manual"], capture_output=True, text=True, timeout=60).stdout
    assert "martlet serve" in page and "behind\\-proxy" in page
    script = subprocess.run([BUILD / "martlet", "completions", "bash"], capture_output=True, text=True, timeout=60).stdout
    assert "--behind-proxy" in script
    assert pathlib.Path(BUILD / "martlet").exists()
