#!/usr/bin/env python3
"""An independent peer: rooms and transfers as Docs/Protocols says, over aiortc, without a line of the program's code.

    martlet_peer.py send  ORIGIN FILE…        makes a room at ORIGIN, prints the link, sends
    martlet_peer.py wait  ORIGIN FOLDER       makes a room at ORIGIN, prints the link, receives
    martlet_peer.py receive LINK FOLDER       enters a room and receives
    martlet_peer.py give  LINK FILE…          enters a room and sends

aiortc moves a few megabytes a second: this is a judge of correctness, not of speed.
"""

import asyncio
import hashlib
import json
import pathlib
import struct
import sys
from dataclasses import dataclass, field

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from rooms_client import CannotVerify, Link, RoomClient, RoomError

WINDOW = 4 * 1024 * 1024
PAYLOAD = 65520
HEADER = struct.Struct(">BBHIQ")


class TransferError(Exception):
    """The transfer ended badly; `code` as in the document, or "gone"."""

    def __init__(self, code, message=""):
        super().__init__(f"{code}: {message}")
        self.code = code


class Connection:
    """One peer connection with the two negotiated channels. `inbox` has ("text", object), ("frame", bytes) and, at the
    end, ("closed", None), in the order of their arrival."""

    def __init__(self):
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.inbox = asyncio.Queue()
        self._opened = asyncio.Event()
        self._room_to_send = asyncio.Event()
        self.control = self._channel("martlet-control", 0)
        self.data = self._channel("martlet-data", 2)
        self.data.bufferedAmountLowThreshold = 256 * 1024
        self.data.on("bufferedamountlow", self._room_to_send.set)

    def _channel(self, label, identifier):
        channel = self.pc.createDataChannel(
            label, negotiated=True, id=identifier, ordered=True, protocol="martlet.transfer.1")
        channel.on("open", self._check_open)
        channel.on("close", self._handle_close)
        channel.on("message", lambda message: self.inbox.put_nowait(
            ("text", json.loads(message)) if isinstance(message, str) else ("frame", message)))
        return channel

    def _handle_close(self):
        self.inbox.put_nowait(("closed", None))
        self._room_to_send.set()

    def _check_open(self):
        if self.control.readyState == self.data.readyState == "open":
            self._opened.set()

    async def establish(self, room):
        """Offer and answer through the room, as its host or its guest."""
        if room.is_host:
            await self.pc.setLocalDescription(await self.pc.createOffer())
            await room.send(type="offer", sdp=self.pc.localDescription.sdp)
            await self._apply(room, "answer")
        else:
            await self._apply(room, "offer")
            await self.pc.setLocalDescription(await self.pc.createAnswer())
            await room.send(type="answer", sdp=self.pc.localDescription.sdp)
        await asyncio.wait_for(self._opened.wait(), 30)

    async def _apply(self, room, kind):
        """aiortc does not trickle, and gives up on an empty check list: candidates are collected into the description."""
        description, candidates = None, []
        while True:
            payload = await asyncio.wait_for(room.payload(), 20)
            if payload["type"] == kind:
                description = payload["sdp"]
            elif payload["type"] == "candidate":
                if payload["candidate"] == "":
                    break
                candidates.append(f"a={payload['candidate']}\r\n")
            elif payload["type"] == "failed":
                raise RoomError(payload.get("code", "failed"))
            if description and "a=end-of-candidates" in description:
                break
        usable = [line for line in candidates if ".local " not in line and line not in description]
        await self.pc.setRemoteDescription(RTCSessionDescription(description + "".join(usable), kind))

    def say(self, kind, **members):
        self.control.send(json.dumps({"type": kind, **members}, ensure_ascii=False))

    async def send_frame(self, item, offset, payload):
        while self.data.bufferedAmount > 1024 * 1024 and self.data.readyState == "open":
            self._room_to_send.clear()
            await self._room_to_send.wait()
        if self.data.readyState != "open":
            raise TransferError("gone", "the channel closed")
        self.data.send(HEADER.pack(1, 0, 0, item, offset) + payload)

    async def next(self, timeout=60):
        kind, value = await asyncio.wait_for(self.inbox.get(), timeout)
        if kind == "closed":
            raise TransferError("gone", "the channel closed")
        if kind == "text" and value["type"] == "error":
            raise TransferError(value["code"], value.get("message", ""))
        return kind, value

    async def hello(self, role):
        self.say("hello", protocol="martlet.transfer", version=1, role=role, agent="aiortc", features=[])
        kind, message = await self.next()
        assert kind == "text" and message["type"] == "hello", message
        assert message["protocol"] == "martlet.transfer" and message["version"] == 1, message
        assert message["role"] == {"sender": "receiver", "receiver": "sender"}[role], message
        return message

    async def close(self):
        await self.pc.close()


@dataclass
class Item:
    """One thing to send: path components and content."""

    path: list
    content: bytes
    #: The checksum that is announced, if not the true one.
    claimed: str = ""
    #: Bytes after which the source "fails".
    fails_after: int | None = None


@dataclass
class Sent:
    """What a sender knows at the end."""

    agent: str = ""
    confirmed: dict = field(default_factory=dict)
    failed: dict = field(default_factory=dict)
    received: int = 0
    receipt: dict | None = None


class Sender:
    """Sends items over a connection. `pause_after` bytes it waits for `go_on` (a test's hook)."""

    def __init__(self, connection, items, more_after=500):
        self.connection, self.items, self.more_after = connection, items, more_after
        self.sent = Sent()
        self.limit = 0
        self.count = 0
        self.pause_after = None
        self.paused, self.go_on = asyncio.Event(), asyncio.Event()

    async def run(self):
        link = self.connection
        self.sent.agent = (await link.hello("sender"))["agent"]
        offered = [{"item": number, "path": item.path, "size": len(item.content), "mtime": 1700000000,
                    "executable": False, "unknown": 1} for number, item in enumerate(self.items)]
        for first in range(0, len(offered), self.more_after):
            last = first + self.more_after >= len(offered)
            link.say("offer", transfer="t", items=offered[first:first + self.more_after], more=not last)
        link.say("later-version", optional=True)
        while self.limit == 0:
            await self._handle()
        for number, item in enumerate(self.items):
            await self._send_item(number, item)
        whole = [item for number, item in enumerate(self.items) if number not in self.sent.failed or item.claimed]
        link.say("done", items=len(whole), bytes=sum(len(item.content) for item in whole))
        while self.sent.receipt is None:
            await self._handle()
        link.say("bye")
        return self.sent

    async def _send_item(self, number, item):
        offset = 0
        while offset < len(item.content):
            while not self.connection.inbox.empty() or self.count >= self.limit:
                await self._handle()
            if number in self.sent.failed:
                return
            if item.fails_after is not None and offset >= item.fails_after:
                self.connection.say("item-failed", item=number, code="unreadable", message="the disk said no")
                self.sent.failed[number] = "unreadable"
                return
            if self.pause_after is not None and self.count >= self.pause_after:
                self.paused.set()
                await self.go_on.wait()
                self.pause_after = None
            payload = item.content[offset:offset + min(PAYLOAD, self.limit - self.count)]
            await self.connection.send_frame(number, offset, payload)
            offset += len(payload)
            self.count += len(payload)
        if number not in self.sent.failed:
            digest = item.claimed or hashlib.sha256(item.content).hexdigest()
            self.connection.say("item-end", item=number, size=len(item.content), sha256=digest)

    async def _handle(self):
        kind, message = await self.connection.next()
        assert kind == "text", "a receiver sends no frames"
        if message["type"] == "accept":
            assert message["transfer"] == "t"
            self.limit = message["limit"]
        elif message["type"] == "decline":
            raise TransferError("declined", message["reason"])
        elif message["type"] == "credit":
            assert self.sent.received <= message["received"] <= self.count, message
            assert message["limit"] >= self.limit, message
            self.sent.received, self.limit = message["received"], message["limit"]
        elif message["type"] == "confirmed":
            self.sent.confirmed[message["item"]] = message["sha256"]
        elif message["type"] == "item-failed":
            self.sent.failed[message["item"]] = message["code"]
        elif message["type"] == "receipt":
            self.sent.receipt = message


@dataclass
class Received:
    """What a receiver has at the end: contents by path, in the order of the offer."""

    agent: str = ""
    offered: list = field(default_factory=list)
    files: dict = field(default_factory=dict)
    failed: dict = field(default_factory=dict)
    done: dict | None = None


class Receiver:
    """Receives into memory. `decide(items)` says yes or no; `refuse` are items that are turned down after the accept."""

    def __init__(self, connection, decide=lambda items: True, window=WINDOW, refuse=()):
        self.connection, self.decide, self.window, self.refuse = connection, decide, window, refuse
        self.received = Received()
        self.contents, self.digests, self.settled = [], {}, set()
        self.count = self.limit = 0
        self.current = 0
        self.vanish_after = None

    async def run(self):
        link = self.connection
        self.received.agent = (await link.hello("receiver"))["agent"]
        await self._offer()
        if not self.decide(self.received.offered):
            link.say("decline", transfer=self.transfer, reason="No, thank you.")
            await asyncio.sleep(1)
            return self.received
        self.limit = self.window
        link.say("accept", transfer=self.transfer, limit=self.limit)
        for number in self.refuse:
            self._fail(number, "storage")
        while self.received.done is None or len(self.settled) < len(self.contents):
            kind, value = await link.next()
            self._frame(value) if kind == "frame" else self._message(value)
            if self.vanish_after is not None and self.count >= self.vanish_after:
                return self.received
        files = self.received.files.values()
        link.say("receipt", items=len(files), bytes=sum(map(len, files)))
        kind, message = await link.next(10)
        assert message["type"] == "bye", message
        return self.received

    async def _offer(self):
        while True:
            kind, message = await self.connection.next(120)
            assert kind == "text" and message["type"] == "offer", message
            self.transfer = message["transfer"]
            self.received.offered += message["items"]
            if not message["more"]:
                break
        assert [item["item"] for item in self.received.offered] == list(range(len(self.received.offered)))
        self.contents = [bytearray() for _ in self.received.offered]

    def _frame(self, data):
        kind, flags, reserved, number, offset = HEADER.unpack_from(data)
        payload = data[HEADER.size:]
        assert (kind, flags, reserved) == (1, 0, 0) and payload
        self.count += len(payload)
        assert self.count <= self.limit, "more than the limit"
        if number not in self.received.failed:
            if number != self.current:
                between = range(self.current, number)
                assert all(self._whole(item) or item in self.received.failed for item in between), "out of order"
                self.current = number
            assert offset == len(self.contents[number]), "out of order"
            self.contents[number] += payload
            assert len(self.contents[number]) <= self.received.offered[number]["size"]
        if self.limit - self.count < self.window * 3 // 4:
            self._credit()
        self._conclude(number)

    def _message(self, message):
        if message["type"] == "item-end":
            self.digests[message["item"]] = message["sha256"]
            assert message["size"] == self.received.offered[message["item"]]["size"]
            self._conclude(message["item"])
        elif message["type"] == "item-failed":
            self.received.failed[message["item"]] = message["code"]
            self.settled.add(message["item"])
        elif message["type"] == "done":
            self.received.done = message
        else:
            raise TransferError("protocol", message["type"])

    def _whole(self, number):
        return len(self.contents[number]) == self.received.offered[number]["size"]

    def _conclude(self, number):
        if number in self.settled or not self._whole(number) or number not in self.digests:
            return
        digest = hashlib.sha256(self.contents[number]).hexdigest()
        if digest != self.digests[number]:
            self._fail(number, "integrity")
            return
        self._credit()
        self.settled.add(number)
        self.received.files["/".join(self.received.offered[number]["path"])] = bytes(self.contents[number])
        self.connection.say("confirmed", item=number, bytes=len(self.contents[number]), sha256=digest)

    def _credit(self):
        self.limit = self.count + self.window
        self.connection.say("credit", received=self.count, limit=self.limit)

    def _fail(self, number, code):
        self.received.failed[number] = code
        self.settled.add(number)
        self.connection.say("item-failed", item=number, code=code, message=f"Not kept: {code}.")


async def _main(verb, target, *rest):
    is_host = verb in ("send", "wait")
    link = Link.fresh(target) if is_host else Link.parse(target)
    async with RoomClient(link, is_host) as room:
        if is_host:
            print(link, flush=True)
        await room.paired()
        connection = Connection()
        await connection.establish(room)
        print("connected", flush=True)
        if verb in ("send", "give"):
            items = [Item([pathlib.Path(name).name], pathlib.Path(name).read_bytes()) for name in rest]
            print(await Sender(connection, items).run())
            await asyncio.sleep(0.5)
        else:
            received = await Receiver(connection).run()
            for name, content in received.files.items():
                (pathlib.Path(rest[0]) / name.replace("/", "_")).write_bytes(content)
                print(name, len(content))
        await connection.close()


if __name__ == "__main__":
    try:
        asyncio.run(_main(*sys.argv[1:]))
    except (TransferError, RoomError, CannotVerify) as error:
        sys.exit(f"{type(error).__name__}: {error}")
