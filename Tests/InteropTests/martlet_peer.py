#!/usr/bin/env python3
"""An independent peer: rooms and transfers as Docs/Protocols says, over aiortc, without a line of the program's code.

    martlet_peer.py send  ORIGIN FILE…        makes a room at ORIGIN, prints the link, sends
    martlet_peer.py wait  ORIGIN FOLDER       makes a room at ORIGIN, prints the link, receives
    martlet_peer.py receive LINK FOLDER       enters a room and receives
    martlet_peer.py give  LINK FILE…          enters a room and sends

A host prints a code, too; ORIGIN/#CODE is taken in place of a LINK.

aiortc moves a few megabytes a second: this is a judge of correctness, not of speed.
"""

import asyncio
import hashlib
import json
import pathlib
import re
import secrets
import struct
import sys
from collections import deque
from dataclasses import dataclass, field

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from cryptography.hazmat.primitives.serialization import Encoding

import tree_hash
import verification
from rooms_client import CannotVerify, Code, Link, RoomClient, RoomError, entrance_of

WINDOW = 4 * 1024 * 1024
PAYLOAD = 65520
#: Seconds without a frame after a `mark`, until the receiver names what is missing.
QUIET = 0.2
HEADER = struct.Struct(">BBHIQ")


class TransferError(Exception):
    """The transfer ended badly; `code` as in the document, or "gone"."""

    def __init__(self, code, message="", resumable=False):
        super().__init__(f"{code}: {message}")
        self.code, self.resumable = code, resumable


def fingerprints(sdp):
    """Of every section of a description: {(algorithm, digits)}."""
    lines = re.findall(r"^a=fingerprint:(\S+)\s+(\S+)", sdp, re.IGNORECASE | re.MULTILINE)
    return {(algorithm.lower(), digits.replace(":", "").lower()) for algorithm, digits in lines}


class Connection:
    """One peer connection with the two negotiated channels, made for a room that is paired. `inbox` has ("text", object),
    ("frame", bytes) and, at the end, ("closed", None), in the order of their arrival, after the proof. `options` are those
    of this end of the data channel."""

    def __init__(self, makes_words=True, **options):
        self.makes_words, self._options = makes_words, options
        #: The words to compare, after `hello`; none with a side that takes no part.
        self.words = None
        #: What a hostile peer reveals in place of what it committed to, and says in place of its proof (text -> text).
        self.revealed, self.change_proof = None, lambda proof: proof
        self.inbox = asyncio.Queue()
        self._opened = asyncio.Event()
        self._room_to_send = asyncio.Event()
        self._early, self._is_proven, self._failure = [], False, None
        self.pc = self.control = self.data = None

    def _make(self, certificate):
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        # aiortc has no way to be given one.
        self.pc._RTCPeerConnection__certificates = [certificate]
        self.control = self._channel("martlet-control", 0, ordered=True)
        self.data = self._channel("martlet-data", 2, **{"ordered": True, **self._options})
        self.data.bufferedAmountLowThreshold = 256 * 1024
        self.data.on("bufferedamountlow", self._room_to_send.set)

    def _channel(self, label, identifier, **options):
        channel = self.pc.createDataChannel(
            label, negotiated=True, id=identifier, protocol="martlet.transfer.1", **options)
        channel.on("open", self._check_open)
        channel.on("close", self._handle_close)
        channel.on("message", lambda message: self._handle(channel, message))
        return channel

    def _handle(self, channel, message):
        """Nothing is looked at before the proof, which is the first on the control channel."""
        if not self._is_proven:
            self._early.append((channel, message))
            self._opened.set()
            return
        self.inbox.put_nowait(("text", json.loads(message)) if isinstance(message, str) else ("frame", message))

    def _handle_close(self):
        self.inbox.put_nowait(("closed", None))
        self._room_to_send.set()
        self._opened.set()

    def _check_open(self):
        if self.control.readyState == self.data.readyState == "open":
            self._opened.set()

    async def establish(self, room):
        """Offer and answer through the room, as its host or its guest, and the proof on the channel."""
        await self._exchange(room)
        listening = asyncio.create_task(self._listen(room))
        try:
            async with asyncio.timeout(30):
                await self._wait(lambda: self.control.readyState == self.data.readyState == "open")
                self.control.send(self.change_proof(json.dumps({"type": "proof", "proof": room.pairing.proof()})))
                await self._wait(lambda: any(channel is self.control for channel, _ in self._early))
            self._check_proof(room.pairing)
        finally:
            listening.cancel()

    async def _exchange(self, room):
        self._make(room.certificate)
        if room.is_host:
            await self.pc.setLocalDescription(await self.pc.createOffer())
            await room.send(type="offer", sdp=verification.only_sha256(self.pc.localDescription.sdp))
            await room.send(type="candidate", candidate="", mid="0")
            await self._apply(room, "answer")
        else:
            await self._apply(room, "offer")
            await self.pc.setLocalDescription(await self.pc.createAnswer())
            await room.send(type="answer", sdp=verification.only_sha256(self.pc.localDescription.sdp))
            await room.send(type="candidate", candidate="", mid="0")

    async def _listen(self, room):
        """Until the proof was right, whatever comes through the room must be of the other side."""
        try:
            while True:
                await room.payload()
        except CannotVerify as error:
            self._failure = error
            self._opened.set()
        except RoomError:
            pass  # The room is not needed any more.

    async def _wait(self, is_so):
        while not is_so() or self._failure:
            if self._failure:
                raise self._failure
            if self.control.readyState == "closed":
                raise TransferError("gone", "the channel closed before the proof")
            self._opened.clear()
            await self._opened.wait()

    @property
    def seen_certificate(self):
        """SHA-256 of the certificate that the DTLS handshake really used."""
        der = self.pc.sctp.transport._ssl.get_peer_certificate(as_cryptography=True).public_bytes(Encoding.DER)
        return hashlib.sha256(der).digest()

    def _check_proof(self, pairing):
        place = next(place for place, (channel, _) in enumerate(self._early) if channel is self.control)
        _, message = self._early.pop(place)
        pairing.check_proof(message, self.seen_certificate)
        self._is_proven = True
        for early in self._early:
            self._handle(*early)
        if self.control.readyState == "closed":
            self.inbox.put_nowait(("closed", None))

    async def _apply(self, room, kind):
        """aiortc does not trickle, and gives up on an empty check list: candidates are collected into the description."""
        description, candidates = None, []
        while True:
            payload = await asyncio.wait_for(room.payload(), 20)
            if payload["type"] == kind:
                description = payload["sdp"]
                self._check_description(room, fingerprints(description))
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

    def _check_description(self, room, named):
        if named != {("sha-256", room.pairing.their_certificate.hex())}:
            raise CannotVerify("another certificate than in the exchange")

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
            raise TransferError(value["code"], value.get("message", ""), bool(value.get("resumable")))
        return kind, value

    async def hello(self, role, session=None, features=()):
        nonce = secrets.token_bytes(verification.NONCE)
        member = {"commit": verification.commitment(role, nonce).hex()} if self.makes_words else {}
        self.say("hello", protocol="martlet.transfer", version=1, role=role, agent="aiortc",
                 session=session or secrets.token_urlsafe(12), features=list(features), **member)
        kind, message = await self.next()
        assert kind == "text" and message["type"] == "hello", message
        if member and message.get("commit"):
            await self._reveal(role, nonce, message["commit"])
        assert message["protocol"] == "martlet.transfer" and message["version"] == 1, message
        assert message["role"] == {"sender": "receiver", "receiver": "sender"}[role], message
        assert 1 <= len(message["session"]) <= 64, message
        return message

    async def _reveal(self, role, nonce, commit):
        """Shows what was committed to, and makes the words of it and of what the other side shows."""
        self.say("reveal", nonce=(self.revealed or nonce).hex())
        kind, message = await self.next()
        assert kind == "text" and message["type"] == "reveal", message
        theirs, their_role = bytes.fromhex(message["nonce"]), {"sender": "receiver", "receiver": "sender"}[role]
        if verification.commitment(their_role, theirs).hex() != commit:
            raise TransferError("cannot-verify", "another nonce than was committed to")
        sides = {
            role: (verification.certificate(self.pc.localDescription.sdp), nonce),
            their_role: (verification.certificate(self.pc.remoteDescription.sdp), theirs),
        }
        self.words = verification.words(sides["sender"], sides["receiver"])

    async def close(self):
        if self.pc:
            await self.pc.close()


@dataclass
class Item:
    """One thing to send: path components and content."""

    path: list
    content: bytes = b""
    #: The root that is announced, if not the true one.
    claimed: str = ""
    #: Bytes after which the source "fails".
    fails_after: int | None = None
    #: `file`, `folder` or `text`.
    kind: str = "file"
    #: The offer says `null` for the size: only the end tells.
    is_stream: bool = False
    mtime: int | None = 1700000000
    executable: bool = False

    def offered(self, number):
        kind = {} if self.kind == "file" else {"kind": self.kind}
        return {"item": number, **kind, "path": self.path, "size": None if self.is_stream else len(self.content),
                "mtime": self.mtime, "executable": self.executable, "unknown": 1}


@dataclass
class Sent:
    """What a sender knows at the end."""

    agent: str = ""
    #: The receiver's session.
    session: str = ""
    #: Items that the receiver had already, and offsets at which others went on (what it said; what was answered).
    complete: set = field(default_factory=set)
    partial: dict = field(default_factory=dict)
    begun: dict = field(default_factory=dict)
    confirmed: dict = field(default_factory=dict)
    failed: dict = field(default_factory=dict)
    received: int = 0
    #: Bytes that were named missing.
    missing: int = 0
    receipt: dict | None = None


class Sender:
    """Sends items over a connection. `pause_after` bytes it waits for `go_on` (a test's hook). A transfer is resumed by
    another sender with the same items and the same `transfer` over a new connection.

    `offers_later`: all offers but the first follow after the receiver's yes. `distrusts`: begins at 0 whatever the
    receiver has. `is_unordered`: says the feature, and obeys `missing`; `mischief` (a `random.Random`) then loses, swaps
    and repeats frames."""

    def __init__(self, connection, items, more_after=500, transfer="t", session=None, offers_later=False,
                 distrusts=False, is_unordered=False, mischief=None):
        self.connection, self.items, self.more_after, self.transfer = connection, items, more_after, transfer
        self.session, self.offers_later, self.distrusts = session, offers_later, distrusts
        self.is_unordered, self.mischief = is_unordered, mischief
        self.sent = Sent()
        self.limit = 0
        self.count = 0
        self.ended = []
        self.furthest = (0, 0)
        self.missing, self.delayed = deque(), []
        self.pause_after = None
        self.paused, self.go_on = asyncio.Event(), asyncio.Event()

    async def run(self):
        link = self.connection
        hello = await link.hello("sender", self.session, ["unordered", "later"] if self.is_unordered else ["later"])
        self.sent.agent, self.sent.session = hello["agent"], hello["session"]
        offered = [item.offered(number) for number, item in enumerate(self.items)]
        offers = [offered[first:first + self.more_after] for first in range(0, len(offered), self.more_after)] or [[]]
        for place, items in enumerate(offers):
            if place == 1 and self.offers_later:
                await self._answer()
            link.say("offer", transfer=self.transfer, items=items, more=place < len(offers) - 1)
        link.say("later-version", optional=True)
        await self._answer()
        for number, item in enumerate(self.items):
            if number not in self.sent.complete:
                await self._send_item(number, item)
                self.furthest = number, len(item.content)
        await self._mark()
        link.say("done", items=len(self.ended), bytes=sum(len(self.items[number].content) for number in self.ended))
        while self.sent.receipt is None:
            await self._handle()
            if self.missing:
                await self._send_missing()
                await self._mark()
        assert self.sent.receipt["items"] == len(self.sent.confirmed), self.sent
        link.say("bye")
        return self.sent

    async def _answer(self):
        while self.limit == 0:
            await self._handle()

    async def _send_item(self, number, item):
        link, content = self.connection, item.content
        offset = 0
        if number in self.sent.partial:
            size, proof = self.sent.partial[number]
            offset = size if tree_hash.tree_of(content[:size]) == proof and not self.distrusts else 0
            self.sent.begun[number] = offset
            link.say("item-begin", item=number, offset=offset)
        while offset < len(content):
            if number in self.sent.failed:
                return
            if item.fails_after is not None and offset >= item.fails_after:
                link.say("item-failed", item=number, code="unreadable", message="the disk said no")
                self.sent.failed[number] = "unreadable"
                return
            if self.pause_after is not None and self.count >= self.pause_after:
                self.paused.set()
                await self.go_on.wait()
                self.pause_after = None
            end = min(offset + PAYLOAD, len(content), (offset // tree_hash.SEGMENT + 1) * tree_hash.SEGMENT)
            self.furthest = number, offset
            await self._await_credit()
            if self.missing:
                await self._send_missing()
                continue
            offset = await self._send_part(number, offset, end)
            if offset % tree_hash.SEGMENT == 0 and offset < len(content):
                segment = offset // tree_hash.SEGMENT - 1
                link.say("segment", item=number, segment=segment, hash=tree_hash.segment_hash(content, segment))
        while not link.inbox.empty():
            await self._handle()
        if number not in self.sent.failed:
            self.ended.append(number)
            link.say("item-end", item=number, size=len(content), root=item.claimed or tree_hash.root(content))

    async def _await_credit(self):
        if self.count >= self.limit:
            await self._mark()
        while not self.connection.inbox.empty() or self.count >= self.limit:
            await self._handle()

    async def _send_part(self, number, offset, end):
        """One frame, cut where the limit ends. Returns the offset after it."""
        await self._await_credit()
        if number in self.sent.failed:
            return offset
        payload = self.items[number].content[offset:min(end, offset + self.limit - self.count)]
        self.count += len(payload)
        await self._send_frame(number, offset, payload)
        return offset + len(payload)

    async def _send_frame(self, *frame):
        chance = self.mischief.random() if self.mischief else 1
        if chance < 0.05:
            return
        if chance < 0.15:
            self.delayed.append(frame)
            return
        await self.connection.send_frame(*frame)
        if chance < 0.2:
            await self.connection.send_frame(*frame)
        if len(self.delayed) > 5:
            await self._send_delayed()

    async def _send_delayed(self):
        for frame in self.delayed[::-1]:
            await self.connection.send_frame(*frame)
        self.delayed.clear()

    async def _send_missing(self):
        while self.missing:
            number, offset, end = self.missing.popleft()
            while offset < end and number not in self.sent.failed:
                offset = await self._send_part(number, offset, min(end, offset + PAYLOAD))

    async def _mark(self):
        if self.is_unordered:
            await self._send_delayed()
            self.connection.say("mark", item=self.furthest[0], offset=self.furthest[1])

    async def _handle(self):
        kind, message = await self.connection.next()
        assert kind == "text", "a receiver sends no frames"
        name = message["type"]
        if name == "have":
            assert message["transfer"] == self.transfer and self.limit == 0, message
            for first, count in message["complete"]:
                self.sent.complete.update(range(first, first + count))
            for part in message["partial"]:
                assert part["bytes"] % tree_hash.LEAF == 0 and part["bytes"] > 0, part
                self.sent.partial[part["item"]] = part["bytes"], part["root"]
        elif name == "accept":
            assert message["transfer"] == self.transfer and self.limit == 0, message
            self.limit = message["limit"]
        elif name == "decline":
            raise TransferError("declined", message["reason"])
        elif name == "credit":
            # A late frame, though it was named missing, may come before its repetition was sent.
            pending = sum(end - offset for _, offset, end in self.missing)
            assert self.sent.received <= message["received"] <= self.count + pending, (message, self.count)
            assert message["limit"] >= self.limit, message
            self.sent.received, self.limit = message["received"], message["limit"]
        elif name == "missing":
            assert self.is_unordered
            for number, offset, length in message["ranges"]:
                assert length > 0 and offset + length <= len(self.items[number].content), message
                self.sent.missing += length
                self.missing.append((number, offset, offset + length))
        elif name == "confirmed":
            item = self.items[message["item"]]
            assert (message["bytes"], message["root"]) == (len(item.content), tree_hash.root(item.content)), message
            assert message["item"] in self.ended and message["item"] not in self.sent.confirmed, message
            self.sent.confirmed[message["item"]] = message["root"]
        elif name == "item-failed":
            self.sent.failed[message["item"]] = message["code"]
        elif name == "receipt":
            self.sent.receipt = message
        else:
            assert message.get("optional"), message


@dataclass
class Received:
    """What a receiver has at the end: contents by path, in the order of the offer."""

    agent: str = ""
    features: list = field(default_factory=list)
    offered: list = field(default_factory=list)
    files: dict = field(default_factory=dict)
    folders: list = field(default_factory=list)
    texts: list = field(default_factory=list)
    failed: dict = field(default_factory=dict)
    #: Offsets that `item-begin` said.
    begun: dict = field(default_factory=dict)
    #: Segments whose hash was compared, bytes that came twice, bytes that were named missing.
    segments: int = 0
    duplicates: int = 0
    missing: int = 0
    done: dict | None = None


@dataclass
class Kept:
    """What a receiver keeps from one connection to the next: contents, and whether they are complete, by path, size and
    mtime."""

    session: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    transfer: str | None = None
    contents: dict = field(default_factory=dict)


class Receiver:
    """Receives into memory. `decide(items)` says yes or no; `refuse` are items that are turned down after the accept.
    Leaves without a word `vanish_after` bytes. Another receiver with the same `kept` resumes over another connection.

    `answers_early`: says yes to the first `offer` message, whatever follows. `lose(count)` says whether the count-th
    frame never arrived, with a sender that says the feature `unordered`."""

    def __init__(self, connection, decide=lambda items: True, window=WINDOW, refuse=(), kept=None, answers_early=False,
                 lose=lambda count: False):
        self.connection, self.decide, self.window, self.refuse = connection, decide, window, refuse
        self.kept = kept or Kept()
        self.answers_early, self.lose = answers_early, lose
        self.received = Received()
        self.contents, self.ends, self.hashes, self.settled = [], {}, {}, set()
        self.is_offered = self.is_unordered = False
        self.keys, self.looks = {}, {}
        #: Frames that wait for their offer or item-begin, items whose item-begin is awaited, frames ahead of a gap.
        self.waiting, self.awaited, self.held = deque(), set(), {}
        self.mark, self.named = None, {}
        self.frames = self.count = self.limit = self.held_bytes = 0
        self.current = 0
        self.confirmed = []
        self.vanish_after = None

    async def run(self):
        link = self.connection
        hello = await link.hello("receiver", self.kept.session)
        self.received.agent, self.received.features = hello["agent"], hello["features"]
        self.is_unordered = "unordered" in hello["features"]
        while not (self.is_offered or self.answers_early and self.contents):
            kind, message = await link.next(120)
            assert kind == "text" and message["type"] == "offer", message
            self._offer(message)
        if not self.decide(self.received.offered):
            link.say("decline", transfer=self.transfer, reason="No, thank you.")
            await asyncio.sleep(1)
            return self.received
        if self.kept.transfer == self.transfer:
            self._say_have()
        self.kept.transfer = self.transfer
        self.limit = self.window
        link.say("accept", transfer=self.transfer, limit=self.limit)
        for number in self.refuse:
            self._fail(number, "storage")
        while self.received.done is None or len(self.settled) < len(self.contents):
            await self._take()
            if self.vanish_after is not None and self.count >= self.vanish_after:
                return self.received
        done = self.received.done
        assert done["items"] == len(self.ends), (done, self.ends)
        assert done["bytes"] == sum(size for size, _ in self.ends.values()), done
        link.say("receipt", items=len(self.confirmed), bytes=sum(len(self.contents[item]) for item in self.confirmed))
        while (await link.next(10))[1]["type"] != "bye":
            pass
        return self.received

    async def _take(self):
        try:
            kind, value = await self.connection.next(QUIET if self.mark else 60)
        except TimeoutError:
            if not self.mark:
                raise
            self._name_missing()
            return
        if kind == "frame":
            self.frames += 1
            if not (self.is_unordered and self.lose(self.frames)):
                self.waiting.append(value)
        else:
            self._message(value)
        while self.waiting and self._frame(self.waiting[0]):
            self.waiting.popleft()

    def _offer(self, message):
        assert not self.is_offered and (message["items"] or not message["more"]), message
        self.transfer = message["transfer"]
        self.is_offered = not message["more"]
        for item in message["items"]:
            assert item["item"] == len(self.contents), item
            self.received.offered.append(item)
            content, _ = self.kept.contents.setdefault(self._key(item["item"]), (bytearray(), False))
            if self.limit:
                # Only what is known before the accept can be said in `have`.
                content.clear()
            self.contents.append(content)

    def _key(self, number):
        """What an item is recognised by; those that look the same are told apart by their order."""
        if number not in self.keys:
            item = self.received.offered[number]
            look = "/".join(item["path"]), item["size"], item.get("mtime"), item.get("kind", "file")
            self.looks[look] = self.looks.get(look, 0) + 1
            self.keys[number] = *look, self.looks[look]
        return self.keys[number]

    def _say_have(self):
        complete, partial = [], []
        for number, item in enumerate(self.received.offered):
            content, is_complete = self.kept.contents[self._key(number)]
            size = len(content) // tree_hash.LEAF * tree_hash.LEAF
            if is_complete:
                self.settled.add(number)
                self._keep(number)
                if complete and sum(complete[-1]) == number:
                    complete[-1][1] += 1
                else:
                    complete.append([number, 1])
            elif size and item["size"] is not None and size < item["size"]:
                self.awaited.add(number)
                partial.append({"item": number, "bytes": size, "root": tree_hash.tree_of(content[:size])})
            else:
                content.clear()
        for first in range(0, max(len(complete), len(partial)), 400):
            self.connection.say("have", transfer=self.transfer, complete=complete[first:first + 400],
                                partial=partial[first:first + 400])

    def _frame(self, data):
        """Takes a frame, if its turn has come."""
        kind, flags, reserved, number, offset = HEADER.unpack_from(data)
        payload = data[HEADER.size:]
        assert (kind, flags, reserved) == (1, 0, 0) and payload
        assert self.limit, "a frame before the accept"
        if number in self.awaited or number >= len(self.contents) and not self.is_offered:
            return False
        if number in self.received.failed:
            self._handled(len(payload))
            return True
        size = self.received.offered[number]["size"]
        assert size is None or offset + len(payload) <= size, "beyond the end"
        if self.is_unordered:
            self._hold(number, offset, payload)
            return True
        # An item that lacks bytes when the next one begins has failed at its source; `item-failed` is on its way.
        assert number >= self.current, "out of order"
        self.current = number
        assert offset == len(self.contents[number]), "out of order"
        self.contents[number] += payload
        self._handled(len(payload))
        self._conclude(number)
        return True

    def _hold(self, number, offset, payload):
        """Puts a frame of an unordered channel in its place. What came before, whole or in part, is dropped."""
        content, held = self.contents[number], self.held.setdefault(number, {})
        gaps = list(self._gaps(number, offset, offset + len(payload)))
        fresh = sum(end - start for start, end in gaps)
        self.received.duplicates += len(payload) - fresh
        if self.count + self.held_bytes + fresh > self.limit:
            # It was named missing, comes late, and what was sent instead has used its place: it will come again.
            return
        self.held_bytes += fresh
        for start, end in gaps:
            held[start] = payload[start - offset:end - offset]
        while (block := held.pop(len(content), None)) is not None:
            content += block
            self.held_bytes -= len(block)
            self._handled(len(block))
        self._conclude(number)

    def _gaps(self, number, start, end):
        """What has not come between two offsets of an item: (start, end) of each gap."""
        start = max(start, len(self.contents[number]))
        for place, block in sorted(self.held.get(number, {}).items()):
            if start < place and start < end:
                yield start, min(place, end)
            start = max(start, place + len(block))
        if start < end:
            yield start, end

    def _name_missing(self):
        """What has not come before the last `mark` is to be sent again: it counts, for it has used credit."""
        last, offset = self.mark
        self.mark = None
        ranges = []
        for number in range(last + 1):
            if number not in self.settled and number not in self.awaited:
                size = self.received.offered[number]["size"]
                size = self.ends[number][0] if number in self.ends else size
                end = offset if number == last else size
                ranges += [[number, start, end - start] for start, end in self._gaps(number, 0, end)]
        for first in range(0, len(ranges), 1000):
            self.connection.say("missing", ranges=ranges[first:first + 1000])
        lost = sum(length for _, _, length in ranges)
        self.received.missing += lost
        self.count += lost
        if lost:
            self._credit()

    def _message(self, message):
        name = message["type"]
        if name == "offer":
            self._offer(message)
        elif name == "item-begin":
            number = message["item"]
            assert number in self.awaited, message
            self.awaited.remove(number)
            size = len(self.contents[number]) // tree_hash.LEAF * tree_hash.LEAF
            assert message["offset"] in (0, size), message
            del self.contents[number][message["offset"]:]
            self.received.begun[number] = message["offset"]
        elif name == "segment":
            self.hashes[message["item"], message["segment"]] = message["hash"]
            self._compare_segments(message["item"])
        elif name == "item-end":
            number, size = message["item"], self.received.offered[message["item"]]["size"]
            assert number not in self.ends and size in (None, message["size"]), message
            self.ends[number] = message["size"], message["root"]
            self._conclude(number)
        elif name == "item-failed":
            self.received.failed[message["item"]] = message["code"]
            self.awaited.discard(message["item"])
            self.settled.add(message["item"])
        elif name == "mark":
            assert self.is_unordered, message
            self.mark = message["item"], message["offset"]
        elif name == "done":
            self.received.done = message
        elif not message.get("optional"):
            raise TransferError("protocol", name)

    def _compare_segments(self, number):
        content = self.contents[number]
        for item, segment in list(self.hashes):
            if item == number and len(content) >= (segment + 1) * tree_hash.SEGMENT and number not in self.settled:
                self.received.segments += 1
                if self.hashes.pop((item, segment)) != tree_hash.segment_hash(content, segment):
                    self._fail(number, "integrity")

    def _conclude(self, number):
        self._compare_segments(number)
        content = self.contents[number]
        if number in self.settled or number in self.awaited or number not in self.ends:
            return
        size, root = self.ends[number]
        if len(content) < size:
            return
        if tree_hash.root(content) != root:
            self._fail(number, "integrity")
            return
        self._credit()
        self.settled.add(number)
        self.confirmed.append(number)
        self._keep(number)
        self.connection.say("confirmed", item=number, bytes=size, root=root)

    def _keep(self, number):
        item, content = self.received.offered[number], self.contents[number]
        self.kept.contents[self._key(number)] = content, True
        kind, path = item.get("kind", "file"), "/".join(item["path"])
        if kind == "folder":
            self.received.folders.append(path)
        elif kind == "text":
            self.received.texts.append(content.decode())
        else:
            self.received.files[path] = bytes(content)

    def _handled(self, count):
        self.count += count
        assert self.count <= self.limit, "more than the limit"
        if self.limit - self.count < self.window * 3 // 4:
            self._credit()

    def _credit(self):
        self.limit = self.count + self.window
        self.connection.say("credit", received=self.count, limit=self.limit)

    def _fail(self, number, code):
        self.received.failed[number] = code
        self.settled.add(number)
        self.contents[number].clear()
        # What of it is held ahead of a gap is dropped, and counts.
        dropped = sum(map(len, self.held.pop(number, {}).values()))
        self.held_bytes -= dropped
        self.connection.say("item-failed", item=number, code=code, message=f"Not kept: {code}.")
        if dropped:
            self._handled(dropped)


async def _main(verb, target, *rest):
    is_host = verb in ("send", "wait")
    entrance = Link.fresh(target) if is_host else entrance_of(target)
    async with RoomClient(entrance, is_host, words=Code.fresh_words() if is_host else None) as room:
        if is_host:
            print(entrance, room.code, flush=True)
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
