"""Both sides of a room (Docs/Protocols/Rooms.md), written from the document alone: links, pairing, WebSocket client."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import struct
from dataclasses import dataclass

import websockets

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


class RoomError(Exception):
    """The room ended before the two sides were connected."""


class CannotVerify(RoomError):
    """A body did not verify: another secret, or a server that interferes."""


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(data) != text:
        raise ValueError("not the only spelling of these bytes")
    return data


@dataclass
class Link:
    origin: str
    room: str
    secret: bytes

    @classmethod
    def fresh(cls, origin):
        return cls(origin, "".join(secrets.choice(ALPHABET) for _ in range(16)), secrets.token_bytes(16))

    @classmethod
    def parse(cls, text):
        origin, _, fragment = text.partition("/#")
        room, _, secret = fragment.partition(".")
        if len(room) != 16 or any(character not in ALPHABET for character in room):
            raise ValueError("not a room")
        return cls(origin, room, decode(secret))

    def __str__(self):
        return f"{self.origin}/#{self.room}.{encode(self.secret)}"


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def direction_keys(secret, room, host_nonce, guest_nonce):
    """(K_host, K_guest)."""
    parts = (b"martlet rooms 1", room.encode(), host_nonce, guest_nonce)
    key = mac(secret, b"".join(struct.pack(">I", len(part)) + part for part in parts))
    return mac(key, b"host to guest"), mac(key, b"guest to host")


class Pairing:
    """Authenticated bodies between one host and one guest."""

    def __init__(self, link, is_host):
        self.link, self.is_host = link, is_host
        self.nonce = secrets.token_bytes(16)
        self.keys = None
        self.sent = self.received = 0

    def hello(self):
        return json.dumps({"hello": 1, "nonce": encode(self.nonce)})

    def handle_hello(self, body):
        other = decode(json.loads(body)["nonce"])
        nonces = (self.nonce, other) if self.is_host else (other, self.nonce)
        host_key, guest_key = direction_keys(self.link.secret, self.link.room, *nonces)
        self.keys = (host_key, guest_key) if self.is_host else (guest_key, host_key)

    def seal(self, **payload):
        text = json.dumps(payload)
        code = mac(self.keys[0], struct.pack(">Q", self.sent) + text.encode())
        body = {"seq": self.sent, "payload": text, "mac": encode(code)}
        self.sent += 1
        return json.dumps(body)

    def open(self, body):
        value = json.loads(body)
        expected = mac(self.keys[1], struct.pack(">Q", self.received) + value["payload"].encode())
        if value["seq"] != self.received or not hmac.compare_digest(expected, decode(value["mac"])):
            raise CannotVerify("the other side could not be verified")
        self.received += 1
        return json.loads(value["payload"])


class RoomClient:
    """One member of a room. A host serves one guest at a time; `payloads` are verified.

        async with RoomClient(link, is_host=True) as room:
            await room.paired()
            await room.send(type="offer", sdp=...)
            payload = await room.payload()
    """

    def __init__(self, link, is_host):
        self.link, self.is_host = link, is_host
        self.pairing = self.other = None
        self.left = asyncio.Event()

    async def __aenter__(self):
        address = self.link.origin.replace("http", "ws", 1) + "/rooms"
        self.socket = await websockets.connect(address, subprotocols=["martlet.rooms.1"])
        if self.is_host:
            await self._say(type="create", room=self.link.room, size=2)
            await self._expect("created")
        else:
            await self._say(type="join", room=self.link.room)
            joined = await self._expect("joined")
            self.other = joined["host"]
        return self

    async def __aexit__(self, *_):
        await self.socket.close()

    async def paired(self):
        """Waits for the other member and its hello."""
        if self.is_host:
            self.other = None
            self.other = (await self._expect("peer-joined"))["peer"]
        self.pairing = Pairing(self.link, self.is_host)
        await self._relay(self.pairing.hello())
        self.pairing.handle_hello((await self._expect("message"))["body"])

    async def send(self, **payload):
        await self._relay(self.pairing.seal(**payload))

    async def payload(self):
        return self.pairing.open((await self._expect("message"))["body"])

    async def _relay(self, body):
        await self._say(type="message", to=self.other, body=body)

    async def _say(self, **message):
        await self.socket.send(json.dumps(message))

    async def _expect(self, kind):
        """The next message of this kind; anything that ends the room ends the wait."""
        try:
            while True:
                message = json.loads(await self.socket.recv())
                if message["type"] == kind:
                    return message
                if message["type"] in ("error", "full"):
                    raise RoomError(message.get("code", message["type"]))
                if message["type"] == "peer-left" and message["peer"] == self.other:
                    raise RoomError("the other side left")
        except websockets.ConnectionClosed as error:
            raise RoomError(f"the room was closed: {error}") from None
