"""The rendezvous server of Docs/Protocols/Rooms.md (version 2), and the page, at one port: written from the document alone.

    async with Rendezvous() as server:
        print(server.origin)                   # http://127.0.0.1:PORT
"""

import asyncio
import http
import itertools
import json
import pathlib
import secrets

import websockets
from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.http11 import Response

PAGE_FOLDER = pathlib.Path(__file__).resolve().parents[2] / "Sources" / "Web" / "Page"
#: The one file of the page that is not its own (Sources/CWebAssets).
NACL = pathlib.Path("/usr/share/nodejs/tweetnacl/nacl-fast.min.js")
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
}
#: The same headers as the program sends (Sources/Web/PageHeaders.swift).
HEADERS = {
    "Content-Security-Policy":
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types martlet",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
}
CLOSE_CODES = {
    "no-such-room": 4001, "full": 4002, "room-exists": 4003, "bad-message": 4004, "too-many-messages": 4005,
    "expired": 4006, "busy": 4007, "restarting": 4008, "replaced": 4009, "dropped": 4010,
}


class Refusal(Exception):
    """An error that closes the socket."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Rendezvous:
    def __init__(self, host="127.0.0.1", page=PAGE_FOLDER, port=0, hosting=False):
        self.host, self.page, self.port = host, page, port
        #: Whether a page may make rooms here.
        self.hosting = hosting
        self.rooms = {}
        #: Every relayed body, as the server sees it: (from, to, body).
        self.relayed = []
        #: Everything that any client ever said to this server, by HTTP or by WebSocket.
        self.seen = bytearray()
        #: What a hostile server does to a body on its way: body -> body.
        self.tamper = lambda body: body
        self._peers = itertools.count(1)
        #: Numbers that were given out, to which room: none is given out twice.
        self.numbers = {}

    async def __aenter__(self):
        self._server = await serve(
            self._member, self.host, self.port, process_request=self._answer, subprotocols=["martlet.rooms.2"],
            max_size=256 * 1024, ping_interval=20, ping_timeout=60)
        self.port = self._server.sockets[0].getsockname()[1]
        self.origin = f"http://{self.host}:{self.port}"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    def edit(self, name, content):
        """What a hostile server makes of a file of the page."""
        return content

    def _answer(self, connection, request):
        """Serves the page; lets only /rooms through to the WebSocket handshake."""
        self.seen += f"{request.path}\n{request.headers}".encode()
        path = request.path.split("?")[0]
        if path == "/rooms":
            return None
        if path == "/server.json":
            return self._response(json.dumps({"hosting": self.hosting}).encode(), "application/json")
        file = self.page / ("index.html" if path == "/" else path.lstrip("/"))
        if path == "/nacl.js":
            file = NACL
        elif file.parent != self.page or not file.is_file():
            return connection.respond(http.HTTPStatus.NOT_FOUND, "There is nothing here.\n")
        return self._response(self.edit(file.name, file.read_bytes()), CONTENT_TYPES[file.suffix])

    def _response(self, body, kind):
        headers = Headers({**HEADERS, "Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close"})
        return Response(200, "OK", headers, body)

    async def _member(self, socket):
        """One WebSocket, from its first message to its end."""
        room, peer = None, f"p{next(self._peers)}"
        try:
            async for text in socket:
                self.seen += text.encode() if isinstance(text, str) else text
                message = json.loads(text) if isinstance(text, str) else None
                if not isinstance(message, dict):
                    await socket.close(1003)
                    return
                kind = message.get("type")
                if kind == "create" and room is None:
                    room = await self._create(message, peer, socket)
                    number = {} if room["number"] is None else {"number": room["number"]}
                    await self._send(socket, type="created", room=room["name"], peer=peer, token=room["token"],
                                     iceServers=[], **number)
                elif kind == "join" and room is None:
                    room = await self._join(message, peer, socket)
                elif kind == "message" and room is not None:
                    await self._relay(room, peer, socket, message)
                elif kind == "drop" and room is not None and peer == room["host"]:
                    await self._drop(room, message.get("peer"))
                elif kind == "bye":
                    return
                else:
                    raise Refusal("bad-message")
        except Refusal as refusal:
            if refusal.code == "full":
                await self._send(socket, type="full")
            else:
                await self._send(socket, type="error", code=refusal.code, message=refusal.code.replace("-", " "))
            await socket.close(CLOSE_CODES[refusal.code])
        except (websockets.ConnectionClosed, json.JSONDecodeError):
            pass
        finally:
            await self._leave(room, peer)

    async def _create(self, message, peer, socket):
        name, old = message["room"], self.rooms.get(message["room"])
        token = secrets.token_urlsafe(16)
        if old:
            if message.get("token") != old["token"]:
                raise Refusal("room-exists")
            token = old["token"]
            await self._end(old, "replaced")
        room = {"name": name, "size": message["size"], "host": peer, "members": {peer: socket}, "token": token,
                "number": self._number(message.get("number"), name)}
        self.rooms[name] = room
        return room

    def _number(self, wanted, name):
        """The number that was asked for, if it is free or was this room's, else another."""
        if wanted is None:
            return None
        number = wanted
        if wanted is True or self.numbers.get(wanted, name) != name:
            number = secrets.choice([number for number in range(1, 100) if number not in self.numbers])
        self.numbers[number] = name
        return number

    async def _end(self, room, code):
        """The host's connection is replaced, or the host has gone: the guests go, too."""
        self.rooms.pop(room["name"], None)
        members, room["members"] = room["members"], {}
        for peer, socket in members.items():
            if peer == room["host"]:
                await self._send(socket, type="error", code=code, message=code)
                await socket.close(CLOSE_CODES[code])
            else:
                await self._send(socket, type="peer-left", peer=room["host"])
                await socket.close(4006)

    async def _join(self, message, peer, socket):
        name = message.get("room") or self.numbers.get(message.get("number"))
        room = self.rooms.get(name)
        if room is None:
            raise Refusal("no-such-room")
        if len(room["members"]) >= room["size"]:
            raise Refusal("full")
        others = list(room["members"].items())
        room["members"][peer] = socket
        await self._send(socket, type="joined", room=room["name"], peer=peer, host=room["host"],
                         peers=[name for name, _ in others], iceServers=[])
        for _, other in others:
            await self._send(other, type="peer-joined", peer=peer)
        return room

    async def _relay(self, room, peer, socket, message):
        other = room["members"].get(message.get("to"))
        if other is None:
            await self._send(socket, type="error", code="no-such-peer", message="no such peer")
            return
        self.relayed.append((peer, message["to"], message["body"]))
        await self._send(other, **{"type": "message", "from": peer, "body": self.tamper(message["body"])})

    async def _drop(self, room, peer):
        """The host puts a guest out."""
        if peer == room["host"]:
            raise Refusal("bad-message")
        if socket := room["members"].get(peer):
            await self._leave(room, peer)
            await self._send(socket, type="error", code="dropped", message="dropped")
            await socket.close(CLOSE_CODES["dropped"])

    async def _leave(self, room, peer):
        if room is None or room["members"].pop(peer, None) is None:
            return
        if peer == room["host"]:
            await self._end(room, "expired")
        for other in list(room["members"].values()):
            await self._send(other, type="peer-left", peer=peer)

    async def _send(self, socket, **message):
        try:
            await socket.send(json.dumps(message))
        except websockets.ConnectionClosed:
            pass
