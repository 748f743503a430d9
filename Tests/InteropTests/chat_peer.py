#!/usr/bin/env python3
"""An independent peer of the chat: Docs/Protocols/Chat.md, written from the document alone, over aiortc.

    chat_peer.py host ORIGIN [PEOPLE]     makes a room at ORIGIN, prints link and code; says the lines of standard input
    chat_peer.py join LINK                enters a room (also ORIGIN/#CODE)

It is a judge as well: whatever the other side says beyond what the document allows ends the connection with `error` code
`protocol`, and is raised where the test waits.

    async with Host(server.origin) as host:           # or: async with Guest(link) as guest
        pair = await host.somebody()
        pair.say("hello")
        await pair.until(lambda: pair.texts == ["hi"])
"""

import asyncio
import contextlib
import json
import secrets
import sys
import time
from collections import deque
from dataclasses import dataclass, field

from aiortc import RTCCertificate

import verification
from martlet_peer import Connection, Kept, Receiver, Sender, TransferError, fingerprints
from rooms_client import CannotVerify, Code, Link, RoomClient, RoomError, entrance_of

#: Bytes of a message on the talk channel, bytes of a text, what may be without `ack`, other people's channels at a time.
LARGEST, TEXT, WINDOW_MESSAGES, WINDOW_BYTES, CHANNELS = 64 * 1024, 10_000, 256, 256 * 1024, 8
FILES = {"label": "martlet-file", "protocol": "martlet.transfer.1"}


class Violation(TransferError):
    """The other side did what the document does not allow."""

    def __init__(self, message):
        super().__init__("protocol", message)


def require(is_so, message):
    if not is_so:
        raise Violation(message)


def parse(text):
    """One message, by the rules for numbers and members that come twice."""
    def members(pairs):
        require(len(dict(pairs)) == len(pairs), "a member twice")
        return dict(pairs)
    require(len(text.encode("utf-8", "surrogatepass")) <= LARGEST, "a message of more than 64 KiB")
    try:
        value = json.loads(text, object_pairs_hook=members)
    except (ValueError, RecursionError) as error:
        raise Violation(f"no JSON: {error}") from None
    require(isinstance(value, dict) and isinstance(value.get("type"), str), "no object with a type")
    return value


def number(message, member, least=0):
    value = message.get(member)
    require(type(value) is int and least <= value < 2 ** 53, f"{member} of {message}")
    return value


def string(message, member, most, least=1):
    value = message.get(member)
    require(isinstance(value, str) and least <= len(value) <= most, f"{member} of {str(message)[:200]}")
    return value


def cut(text):
    """A long text in pieces of at most 10,000 bytes: at ends of lines where there are some, never inside a character."""
    data = text.encode()
    while len(data) > TEXT:
        end = data.rfind(b"\n", 1, TEXT + 1)
        rest = end + 1
        if end < 0:
            end = TEXT
            while data[end] & 0xC0 == 0x80:
                end -= 1
            rest = end
        yield data[:end].decode()
        data = data[rest:]
    if data:
        yield data.decode()


class FileChannel(Connection):
    """One channel that carries a whole transfer, in the shape in which `Sender` and `Receiver` take a connection."""

    def __init__(self, channel):
        super().__init__(makes_words=False)
        self.control = self.data = channel
        self._is_proven = True
        channel.bufferedAmountLowThreshold = 256 * 1024
        channel.on("bufferedamountlow", self._room_to_send.set)
        channel.on("open", self._opened.set)
        channel.on("close", self._handle_close)
        channel.on("message", lambda message: self._handle(channel, message))

    async def opened(self):
        while self.control.readyState == "connecting":
            self._opened.clear()
            await self._opened.wait()


class Talk(Connection):
    """One connection of a pair. `inbox` has ("text", raw), ("frame", bytes), ("data", message) and, at the end,
    ("closed", None). Channels that were announced wait in `announced`."""

    def __init__(self):
        super().__init__()
        self.announced, self.on_announced = [], None
        self._closing = None

    def _make(self, certificate):
        super()._make(certificate)
        self.pc.on("datachannel", self._announce)

    def _announce(self, channel):
        wanted = (channel.label, channel.protocol, channel.ordered, channel.maxRetransmits, channel.maxPacketLifeTime)
        if wanted != (FILES["label"], FILES["protocol"], True, None, None):
            channel.close()
            return
        # Before the other's `begin` it waits.
        self.announced.append(FileChannel(channel))
        if self.on_announced:
            self.on_announced()

    def _handle(self, channel, message):
        if not self._is_proven:
            super()._handle(channel, message)
        elif channel is self.data:
            self.inbox.put_nowait(("data", message))
        else:
            self.inbox.put_nowait(("text" if isinstance(message, str) else "frame", message))

    async def establish_among_guests(self, signals):
        """With another guest, by signals that the host passes on: there is no proof."""
        self._is_proven = True
        await self._exchange(signals)
        async with asyncio.timeout(30):
            while self.control.readyState != "open":
                require(self.control.readyState != "closed", "the channel closed before it opened")
                self._opened.clear()
                await self._opened.wait()

    def _check_description(self, room, named):
        if isinstance(room, Signals):
            require(len(named) == 1 and {kind for kind, _ in named} == {"sha-256"}, f"fingerprints {named}")
        else:
            super()._check_description(room, named)

    async def message(self, timeout=None):
        """The next message on the talk channel; `error` is raised."""
        while True:
            kind, value = await asyncio.wait_for(self.inbox.get(), timeout)
            if kind == "closed":
                raise TransferError("gone", "the channel closed")
            require(kind == "text", f"{kind} in the talk")
            value = parse(value)
            if value["type"] == "error":
                raise TransferError(string(value, "code", 100), str(value.get("message", "")))
            return value

    async def expect(self, kind):
        """The next message, which has to be of this kind; optional ones are passed over."""
        while (value := await self.message(30))["type"] != kind:
            require(value.get("optional") is True, f"{str(value)[:200]} in place of {kind}")
        return value

    async def close(self):
        """Once, and to its end: behind a close that was cancelled aiortc would let another wait for ever."""
        if self.pc:
            self._closing = self._closing or asyncio.create_task(super().close())
            # It has been seen not to end, and nobody is to wait for it then.
            await asyncio.wait([self._closing], timeout=5)

    async def close_after(self, code, message=""):
        """Says `error`, and gives it time to leave."""
        if self.control.readyState == "open":
            self.say("error", code=code, message=message)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    while self.control.readyState == "open":
                        await self.inbox.get()
        await self.close()


@dataclass
class Said:
    seq: int
    text: str
    written: float


@dataclass
class Heard:
    seq: int
    text: str
    age: int


@dataclass
class Offer:
    """Files for the other side, offered again over each connection until they are there. `sender` is the one at work."""

    items: list
    transfer: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    result: asyncio.Future = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    sender: Sender | None = None
    #: Bytes after which the next sender waits (see `Sender.pause_after`).
    pause_after: int | None = None


class PairReceiver(Receiver):
    """Keeps what came of each transfer of its pair."""

    def __init__(self, channel, pair):
        super().__init__(channel, kept=Kept(session=pair.files_session))
        self.pair = pair

    def _offer(self, message):
        if not self.received.offered:
            self.kept = self.pair.kept.setdefault(message["transfer"], Kept(session=self.pair.files_session))
            self.decide = lambda items: self.kept.transfer is not None or self.pair.decide(items)
        super()._offer(message)


class Pair:
    """One other person, over all connections with them. `acknowledges`: says `ack` for whatever comes; otherwise when
    `acknowledge` is called. `decide(items)` says yes or no to files."""

    def __init__(self, calls, session=None):
        self.calls, self.session = calls, session or secrets.token_urlsafe(16)
        self.their_session = self.their_name = self.agent = self.words = self.people = None
        self.acknowledges, self.decide = True, lambda items: True
        # What was said: those that are kept, the last number, the last one that was sent over this connection or before.
        self.kept_said, self.said, self.sent, self.delivered = deque(), 0, 0, 0
        # What was heard.
        self.messages, self.heard, self.acknowledged = [], 0, 0
        self.typing, self.names, self.optional = [], [], 0
        self.talk, self.is_standing, self.failure, self.is_over = None, False, None, False
        self.connections = 0
        #: The host's number for this guest, of a pair of guests that of the other.
        self.place = None
        self.on_other = lambda message: require(False, f"{message['type']} in a pair without introductions")
        self.files_session, self.kept, self.received = secrets.token_urlsafe(12), {}, []
        self.offers, self._transfers = [], set()
        self._changed = asyncio.Event()

    # What tests look at

    @property
    def texts(self):
        return [message.text for message in self.messages]

    async def until(self, is_so, timeout=20):
        """Waits until it is so; what the other side did wrong is raised here."""
        try:
            async with asyncio.timeout(timeout):
                while not is_so():
                    if self.failure and self.failure.code == "protocol":
                        raise self.failure
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            last = [message.text[:60] for message in self.messages[-5:]]
            raise AssertionError(f"not so after {timeout} s: heard {self.heard} {last}, said {self.said}, "
                                 f"delivered {self.delivered}, standing {self.is_standing}, {self.failure}") from None

    def changed(self):
        self._changed.set()

    # A connection begins

    def hello(self, name, agent, nonce, **members):
        role = "sender" if self.calls else "receiver"
        return {"protocol": "martlet.chat", "version": 1, "agent": agent, "name": name,
                "commit": verification.commitment(role, nonce).hex(), **members}

    def meet(self, hello):
        self.their_name, self.agent = string(hello, "name", 40), string(hello, "agent", 80, 0)
        self.names.append(self.their_name)

    async def begin_as_answerer(self, talk, name, agent="aiortc"):
        nonce = secrets.token_bytes(verification.NONCE)
        hello = check_hello(await talk.expect("hello"))
        self.people = number(hello, "people", 2)
        require(self.people <= 8, "people")
        talk.say("hello", **self.hello(name, agent, nonce, session=self.session))
        if "commit" in hello:
            talk.say("reveal", nonce=nonce.hex())
            self.words = await reveal(talk, False, nonce, hello["commit"])
        begin = await talk.expect("begin")
        session, have = string(begin, "session", 22, 22), number(begin, "have")
        if session != self.their_session:
            self._begin_anew(session)
        talk.say("begin", have=self.heard)
        self.meet(hello)
        self._go_on(talk, have)

    async def begin_as_caller(self, talk):
        """Behind `greet`: the answerer is known to be this one."""
        talk.say("begin", session=self.session, have=self.heard)
        self._go_on(talk, number(await talk.expect("begin"), "have"))

    def _begin_anew(self, session):
        """Somebody new: what they have not heard is numbered from 1."""
        self.their_session, self.heard, self.acknowledged, self.delivered, self.sent = session, 0, 0, 0, 0
        for place, said in enumerate(self.kept_said):
            said.seq = place + 1
        self.said = len(self.kept_said)

    def _go_on(self, talk, have):
        require(self.delivered <= have <= self.said, f"have {have} of {self.said}, delivered {self.delivered}")
        self.talk, self.sent, self.is_standing, self.failure = talk, have, True, None
        self.connections += 1
        self.typing = []
        if self.acknowledged:
            talk.say("ack", seq=self.acknowledged)
        self.flush()
        for offer in self.offers:
            self._send_offer(offer)
        talk.on_announced = self._take_channels
        self._take_channels()
        self.changed()

    # The talk

    def say(self, text):
        """Kept until it is delivered, whether or not there is a connection."""
        for piece in cut(text):
            self.said += 1
            self.kept_said.append(Said(self.said, piece, time.monotonic()))
        self.flush()
        return self.said

    def flush(self):
        """Says what may be said."""
        if not self.is_standing or self.talk.control.readyState != "open":
            return
        open_count = open_bytes = 0
        for said in self.kept_said:
            open_count += 1
            open_bytes += len(said.text.encode())
            if open_count > WINDOW_MESSAGES or open_bytes > WINDOW_BYTES:
                return
            if said.seq > self.sent:
                age = int((time.monotonic() - said.written) * 1000)
                self.tell("message", seq=said.seq, text=said.text, age=age)
                self.sent = said.seq

    def acknowledge(self, seq=None):
        self.acknowledged = self.heard if seq is None else seq
        self.tell("ack", seq=self.acknowledged)

    def tell(self, kind, **members):
        """Says it, if there is somebody to hear it."""
        if self.is_standing and self.talk.control.readyState == "open":
            self.talk.say(kind, **members)

    async def run(self):
        """Until the connection ends. What ended it is in `failure`, none after a `bye`."""
        talk = self.talk
        try:
            while not self.is_over:
                message = await talk.message()
                if self.talk is not talk:
                    return
                self._take(message)
                self.changed()
        except TransferError as error:
            if self.talk is talk:
                self.failure = error
            if isinstance(error, Violation):
                await talk.close_after("protocol", str(error)[:400])
        finally:
            if self.talk is talk:
                self.is_standing = False
            for transfer in list(self._transfers):
                transfer.cancel()
            await talk.close()
            self.changed()

    def _take(self, message):
        kind = message["type"]
        if kind == "message":
            text = string(message, "text", TEXT)
            require(len(text.encode("utf-8", "replace")) <= TEXT, "a text of more than 10,000 bytes")
            require(number(message, "seq", 1) == self.heard + 1, f"seq {message['seq']} behind {self.heard}")
            self.messages.append(Heard(message["seq"], text, number(message, "age")))
            self.heard += 1
            waiting = self.messages[len(self.messages) - (self.heard - self.acknowledged):]
            require(len(waiting) <= WINDOW_MESSAGES, "more than 256 messages without ack")
            require(sum(len(each.text.encode()) for each in waiting) <= WINDOW_BYTES, "more than 256 KiB without ack")
            if self.acknowledges:
                self.acknowledge()
        elif kind == "ack":
            seq = number(message, "seq")
            require(self.delivered <= seq <= self.sent, f"ack {seq}, delivered {self.delivered}, sent {self.sent}")
            self.delivered = seq
            while self.kept_said and self.kept_said[0].seq <= seq:
                self.kept_said.popleft()
            self.flush()
        elif kind == "typing":
            require(isinstance(message.get("is"), bool), f"{message}")
            self.typing.append((message["is"], time.monotonic()))
        elif kind == "name":
            self.their_name = string(message, "name", 40)
            self.names.append(self.their_name)
        elif kind == "bye":
            self.is_over = True
        elif kind in ("introduce", "signal", "parted", "again"):
            self.on_other(message)
        else:
            require(message.get("optional") is True and self.optional < 1000, f"{str(message)[:200]}")
            self.optional += 1

    async def leave(self):
        """Says goodbye, and waits until the other side has closed, 2 s at most."""
        self.is_over = True
        if self.is_standing:
            self.tell("bye")
            with contextlib.suppress(TimeoutError):
                await self.until(lambda: not self.is_standing, 2)
            await self.talk.close()

    # Files

    def send_files(self, items, **options):
        """Offers them, again over each connection. The `Offer`, whose `result` is what a sender knows at its end."""
        offer = Offer(items, **options)
        self.offers.append(offer)
        if self.is_standing:
            self._send_offer(offer)
        return offer

    def _spawn(self, running):
        task = asyncio.create_task(running)
        self._transfers.add(task)
        task.add_done_callback(self._transfers.discard)

    def _send_offer(self, offer):
        self._spawn(self._run_offer(offer))

    async def _run_offer(self, offer):
        channel = FileChannel(self.talk.pc.createDataChannel(FILES["label"], protocol=FILES["protocol"], ordered=True))
        await channel.opened()
        offer.sender = Sender(channel, offer.items, transfer=offer.transfer)
        offer.sender.pause_after, offer.pause_after = offer.pause_after, None
        await self._settle(offer, offer.sender.run())

    async def _settle(self, offer, running):
        try:
            offer.result.set_result(await running)
        except TransferError as error:
            if error.code == "gone":
                # The next connection has another try, if this one is lost.
                return
            offer.result.set_exception(error)
        except AssertionError as error:
            offer.result.set_exception(error)
        self.offers.remove(offer)
        self.changed()

    def _take_channels(self):
        while self.talk.announced:
            channel = self.talk.announced.pop(0)
            if len(self._transfers) - len(self.offers) >= CHANNELS:
                channel.control.close()
            else:
                self._spawn(self._receive(channel))

    async def _receive(self, channel):
        receiver = PairReceiver(channel, self)
        try:
            self.received.append(await receiver.run())
        except TransferError as error:
            if error.code != "gone":
                self.received.append(error)
        except AssertionError as error:
            self.failure = Violation(f"in a transfer: {error}")
        channel.control.close()
        self.changed()


def check_hello(hello):
    require(hello.get("protocol") == "martlet.chat", f"{hello}")
    if number(hello, "version", 1) < 1:
        raise TransferError("version")
    return hello


async def reveal(talk, calls, nonce, commit):
    """The other's nonce, held against what it committed to; the words of both."""
    theirs = bytes.fromhex(string(await talk.expect("reveal"), "nonce", 32, 32))
    if verification.commitment("receiver" if calls else "sender", theirs).hex() != commit:
        raise TransferError("cannot-verify", "another nonce than was committed to")
    own = verification.certificate(talk.pc.localDescription.sdp), nonce
    other = verification.certificate(talk.pc.remoteDescription.sdp), theirs
    return verification.words(own, other) if calls else verification.words(other, own)


async def greet(talk, name, people, find, agent="aiortc"):
    """The caller's first half: says hello, hears who answers. `find(hello)` is their pair, or none where all places are
    taken. That pair has begun, when this returns it."""
    nonce = secrets.token_bytes(verification.NONCE)
    talk.say("hello", **Pair(True).hello(name, agent, nonce, people=people))
    hello = check_hello(await talk.expect("hello"))
    session = string(hello, "session", 22, 22)
    words = None
    if "commit" in hello:
        talk.say("reveal", nonce=nonce.hex())
        words = await reveal(talk, True, nonce, hello["commit"])
    pair = find(hello)
    if pair is None:
        await talk.close_after("taken", "everybody is here")
        return None
    if pair.is_standing:
        # The old connection of this session has to go.
        await pair.talk.close()
    if pair.their_session != session:
        pair._begin_anew(session)
    pair.words = words
    pair.meet(hello)
    await pair.begin_as_caller(talk)
    return pair


# MARK: The room


class Entrant(RoomClient):
    """One guest of a host's room, who may have others beside them."""

    def __init__(self, room, peer):
        super().__init__(room.entrance, True, words=room.words, looks=room.looks)
        self.room, self.socket, self.number, self.code = room.room, room.socket, room.number, room.code
        self.inbox = asyncio.Queue()
        self.inbox.put_nowait({"type": "peer-joined", "peer": peer})

    async def _receive(self):
        return await self.inbox.get()


class Side:
    """What host and guest have in common: a name, people by their session or place, what runs."""

    def __init__(self, name, people):
        self.name, self.people, self.agent = name, people, "aiortc"
        self.pairs = []
        self.failures = []
        self._running = set()
        self._arrived = asyncio.Event()

    def spawn(self, running):
        task = asyncio.create_task(running)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def add(self, pair):
        if pair not in self.pairs:
            self.pairs.append(pair)
        self._arrived.set()

    async def somebody(self, count=1, timeout=30):
        """The count-th person, when they are there."""
        async with asyncio.timeout(timeout):
            while len(self.pairs) < count:
                if self.failures:
                    raise self.failures[0]
                self._arrived.clear()
                await self._arrived.wait()
        return self.pairs[count - 1]

    def rename(self, name):
        self.name = name
        for pair in self.pairs:
            pair.tell("name", name=name)

    async def leave(self):
        await asyncio.gather(*(pair.leave() for pair in self.pairs))

    async def _end(self):
        for task in list(self._running):
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=10)
        for pair in self.pairs:
            if pair.talk:
                await pair.talk.close()


class Host(Side):
    """Makes a room and serves whoever comes, `people` in all with itself."""

    def __init__(self, origin, people=2, name="host", size=None, link=None):
        super().__init__(name, people)
        self.link = link or Link.fresh(origin)
        self.room = RoomClient(self.link, True, words=Code.fresh_words(), size=size or people + 1)
        self._places = 0
        #: (who, whom) of guests that asked to be introduced again
        self.asked_again = []
        self._attempts = {}

    @property
    def code(self):
        return self.room.code

    async def __aenter__(self):
        await self.room.__aenter__()
        self.spawn(self._serve())
        return self

    async def __aexit__(self, *_):
        await self._end()
        await self.room.__aexit__()

    async def _serve(self):
        entrants = {}
        try:
            while True:
                message = await self.room._receive()
                if message["type"] == "peer-joined":
                    entrants[message["peer"]] = entrant = Entrant(self.room, message["peer"])
                    self.spawn(self._welcome(entrant))
                elif (peer := message.get("from", message.get("peer"))) in entrants:
                    entrants[peer].inbox.put_nowait(message)
        except Exception as error:
            self.failures.append(error)
            self._arrived.set()

    async def _welcome(self, entrant):
        talk, pair = Talk(), None
        try:
            await entrant.paired()
            await talk.establish(entrant)
            pair = await greet(talk, self.name, self.people, self._find, self.agent)
            if pair:
                self.add(pair)
                self._introduce(pair)
                await pair.run()
        except TransferError as error:
            if isinstance(error, Violation):
                await talk.close_after("protocol", str(error)[:400])
            self.failures.append(error)
        except (RoomError, TimeoutError) as error:
            self.failures.append(error)
        finally:
            await talk.close()
            self._arrived.set()
        if pair and pair.is_over:
            for other in self._others(pair):
                other.tell("parted", peer=pair.place)

    def _find(self, hello):
        for pair in self.pairs:
            if pair.their_session == hello["session"] and not pair.is_over:
                return pair
        if sum(not pair.is_over for pair in self.pairs) + 1 >= self.people:
            return None
        pair = Pair(True)
        self._places += 1
        pair.place = self._places
        pair.on_other = lambda message: self._pass_on(pair, message)
        return pair

    def _others(self, pair):
        return [other for other in self.pairs if other is not pair and other.is_standing]

    def _introduce(self, pair, others=None):
        for other in self._others(pair) if others is None else others:
            key = frozenset((pair.place, other.place))
            attempt = self._attempts[key] = self._attempts.get(key, 0) + 1
            for one, two in ((pair, other), (other, pair)):
                one.tell("introduce", peer=two.place, attempt=attempt, name=two.their_name,
                             calls=one.place < two.place)

    def _pass_on(self, pair, message):
        peer = number(message, "peer", 1)
        if message["type"] == "again":
            self.asked_again.append((pair.place, peer))
            self._introduce(pair, [other for other in self._others(pair) if other.place == peer])
            return
        require(message["type"] == "signal", message["type"])
        attempt = number(message, "attempt", 1)
        require(isinstance(message.get("payload"), dict), "no payload")
        require(len(json.dumps(message["payload"], ensure_ascii=False)) <= 60 * 1024, "a payload of more than 60 KiB")
        for other in self._others(pair):
            if other.place == peer and self._attempts.get(frozenset((peer, pair.place))) == attempt:
                other.tell("signal", peer=pair.place, attempt=attempt, payload=message["payload"])


class Signals:
    """What two guests tell each other through the host, in the shape in which a connection takes a room."""

    def __init__(self, host, place, attempt, calls):
        self.host, self.place, self.attempt, self.is_host = host, place, attempt, calls
        self.certificate = RTCCertificate.generateCertificate()
        self.inbox = asyncio.Queue()

    async def send(self, **payload):
        self.host.tell("signal", peer=self.place, attempt=self.attempt, payload=payload)

    async def payload(self):
        return await self.inbox.get()


class Guest(Side):
    """Enters a room by a link or a code. `host` is the pair with its host; the others come by introduction."""

    def __init__(self, entrance, name="guest"):
        super().__init__(name, 0)
        self.entrance = entrance
        self.host = Pair(False)
        self.host.on_other = self._take
        self.room = None
        #: By place: the pair with another guest, the newest attempt, the task that connects.
        self.others, self._signals, self._connecting = {}, {}, {}
        self.parted = []

    async def __aenter__(self):
        await self.enter()
        return self

    async def __aexit__(self, *_):
        await self._end()
        if self.room:
            await self.room.__aexit__()

    async def enter(self, talk=None):
        """Connects, for the first time or again."""
        if self.room:
            await self.room.__aexit__()
        self.room = await RoomClient(self.entrance, False).__aenter__()
        talk = talk or Talk()
        try:
            async with asyncio.timeout(30):
                await self.room.paired()
                await talk.establish(self.room)
                await self.host.begin_as_answerer(talk, self.name, self.agent)
        except BaseException:
            await talk.close()
            raise
        self.add(self.host)
        self.spawn(self.host.run())
        return self.host

    async def lose(self):
        """The connection with the host ends without a word."""
        await self.host.talk.close()
        await self.host.until(lambda: not self.host.is_standing)

    # Other guests

    def _take(self, message):
        place = number(message, "peer", 1)
        if message["type"] == "introduce":
            attempt, calls = number(message, "attempt", 1), message.get("calls")
            require(isinstance(calls, bool), "calls")
            string(message, "name", 40)
            if place in self._signals:
                require(attempt > self._signals[place].attempt, "an attempt that does not count up")
            if place in self._connecting:
                self._connecting[place].cancel()
            self._signals[place] = Signals(self.host, place, attempt, calls)
            self._connecting[place] = self.spawn(self._connect(place, calls, self._signals[place]))
        elif message["type"] == "signal":
            require(isinstance(message.get("payload"), dict), "no payload")
            require(place in self._signals, "a signal without introduction")
            if number(message, "attempt", 1) == self._signals[place].attempt:
                self._signals[place].inbox.put_nowait(message["payload"])
        else:
            self.parted.append(place)
        self.host.changed()

    async def _connect(self, place, calls, signals):
        talk, pair = Talk(), self.others.get(place)
        try:
            await talk.establish_among_guests(signals)
            if calls:
                pair = await greet(talk, self.name, self.host.people, lambda hello: pair or Pair(True))
            else:
                pair = pair or Pair(False)
                old = pair.talk if pair.is_standing else None
                await pair.begin_as_answerer(talk, self.name)
                if old:
                    await old.close()
        except (TransferError, TimeoutError, CannotVerify, RoomError) as error:
            self.failures.append(error)
            await talk.close()
            return
        except asyncio.CancelledError:
            await talk.close()
            raise
        pair.place = place
        self.others[place] = pair
        self.add(pair)
        # What is introduced again has a connection that stands until this one is lost.
        self.spawn(pair.run())


async def _main(verb, target, people="2"):
    side = Host(target, int(people)) if verb == "host" else Guest(entrance_of(target))
    async with side:
        if verb == "host":
            print(side.link, side.code, flush=True)
        shown = set()

        async def show():
            while True:
                for pair in side.pairs:
                    for message in pair.messages:
                        if id(message) not in shown:
                            shown.add(id(message))
                            print(f"{pair.their_name}: {message.text!r}", flush=True)
                await asyncio.sleep(0.1)
        side.spawn(show())
        while line := await asyncio.to_thread(sys.stdin.readline):
            for pair in side.pairs:
                pair.say(line.rstrip("\n"))
        await side.leave()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
