#!/usr/bin/env python3
"""An independent conductor of the lab: Docs/Protocols/Lab.md, written from the document alone, over aiortc.

    lab_conductor.py ORIGIN          makes a room at ORIGIN, prints its link, and shows a live view to whoever comes

It is a judge as well: whatever the partner says beyond what the document allows is raised where the test waits. The link of a
measured connection loses and delays packets between SCTP and DTLS, at this end, in both directions.

    conductor = await Conductor(connection).begin()
    run = await conductor.run(channel={"ordered": False, "maxRetransmits": 0}, bytes=200, rate=100, milliseconds=1000)
    run.accepted, run.came
"""

import asyncio
import contextlib
import json
import random
import struct
import sys
import time

import OpenSSL
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from martlet_peer import Connection, TransferError, fingerprints
from rooms_client import Code, Link, RoomClient

HEADER = struct.Struct(">4sB3sIIQ")
LIMIT = 1_000_000
#: Packets lost in a row, on average.
BURST_LIMIT = 10_000


class Violation(TransferError):
    """The partner did what the document does not allow."""

    def __init__(self, message):
        super().__init__("protocol", message)


class RunFailed(Exception):
    """The partner has given the run up."""


def require(is_so, message):
    if not is_so:
        raise Violation(message)


def number(message, member, least=0, most=2 ** 53 - 1):
    value = message.get(member)
    require(type(value) is int and least <= value <= most, f"{member} of {str(message)[:200]}")
    return value


def now():
    """Microseconds of the conductor's clock."""
    return time.monotonic_ns() // 1000


def message(run, sequence, at, count):
    filling = bytes((sequence + place) % 256 for place in range(24, min(count, 24 + 256)))
    whole = (filling * (count // 256 + 1))[:count - 24]
    return HEADER.pack(b"MLAB", 1, bytes(3), run, sequence, at) + whole


class Way:
    """One direction of a link: loses and delays what passes, and keeps its order."""

    def __init__(self, link, seed):
        self.link, self.random = link, random.Random(seed)
        #: Every packet that came here: (bytes, whether it was lost), where `keeps` is set.
        self.packets, self.keeps = [], False
        self._bad = False

    def lose(self):
        loss, burst = self.link.get("loss", 0), max(1, self.link.get("burst", 1))
        if burst == 1 or loss >= 1:
            return self.random.random() < loss
        # Gilbert: the bad state loses all, and lasts `burst` packets on average.
        leave, enter = 1 / burst, loss / (burst * (1 - loss))
        self._bad = self.random.random() >= leave if self._bad else self.random.random() < enter
        return self._bad

    def delay(self):
        return (self.link.get("delay", 0) + self.random.uniform(0, self.link.get("jitter", 0))) / 1000

    def path(self, deliver):
        """A function in place of `deliver`, which is a coroutine function."""
        last = 0

        async def passing(data):
            nonlocal last
            is_lost = self.lose()
            if self.keeps:
                self.packets.append((data, is_lost))
            if is_lost:
                return
            loop = asyncio.get_running_loop()
            last = max(last, loop.time() + self.delay())
            if last <= loop.time():
                await deliver(data)
            else:
                loop.call_at(last, lambda: loop.create_task(self._late(deliver, data)))
        return passing

    @staticmethod
    async def _late(deliver, data):
        # What is under way when the connection is closed is lost with it.
        with contextlib.suppress(ConnectionError, OpenSSL.SSL.Error):
            await deliver(data)


class Impairment:
    """A link in both directions, as a live view says it; `back` is that of the way back to the sender of messages, if it is
    another one."""

    def __init__(self, link=None, seed=1, back=None):
        self.forward, self.back = Way(link or {}, seed), Way((link or {}) if back is None else back, seed + 1000)

    def change(self, link):
        self.forward.link = self.back.link = link


class Run:
    """One measured connection, and what came of it."""

    def __init__(self, conductor, number, sends, channel, traffic, impairment, of=None):
        self.conductor, self.number, self.sends, self.channel, self.traffic = conductor, number, sends, channel, traffic
        self.impairment, self.of = impairment, of
        #: What was sent by whom: times of the sender's clock by number (ours, if we send; what the headers say else).
        self.sent_at, self.came = {}, []
        #: What the partner says of its packets: how long what came to it had waited, None where it does not know, and what it sent.
        self.waited, self.packets = [], None
        self.offered = self.accepted = self.damaged = 0
        self.over = self.is_ready = self.is_stopped = False
        self.failure = None
        self.sent_reports, self.received_reports = [], []
        self.signals = asyncio.Queue()
        self.news = []
        self.changed = asyncio.Event()
        self.pc = self.data = None
        self._tasks = []

    async def until(self, is_so, timeout=30):
        try:
            async with asyncio.timeout(timeout):
                while not is_so():
                    if self.conductor.failure:
                        raise self.conductor.failure
                    if self.failure:
                        raise RunFailed(self.failure)
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"not so after {timeout} s: {self.__dict__}") from None

    # The connection

    async def connect(self):
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        options = {"ordered": self.channel["ordered"]}
        options |= {name: self.channel[name] for name in ("maxRetransmits", "maxPacketLifeTime") if name in self.channel}
        self.data = self.pc.createDataChannel("martlet-lab", negotiated=True, id=0, **options)
        self.data.on("open", self.changed.set)
        self.data.on("message", lambda data: self._take(data, now()))
        await self.pc.setLocalDescription(await self.pc.createOffer())
        sdp = "".join(line for line in self.pc.localDescription.sdp.splitlines(True)
                      if not line.startswith("a=fingerprint:") or line.startswith("a=fingerprint:sha-256"))
        self.conductor.say("signal", run=self.number, payload={"type": "offer", "sdp": sdp})
        self.conductor.say("signal", run=self.number, payload={"type": "candidate", "candidate": "", "mid": "0"})
        await self.pc.setRemoteDescription(await self._answer())
        await self.until(lambda: self.is_ready and self.data.readyState == "open")

    async def _answer(self):
        description, candidates = None, []
        while True:
            payload = await asyncio.wait_for(self._signal(), 20)
            if payload["type"] == "answer":
                description = payload["sdp"]
                named = fingerprints(description)
                require(len(named) == 1 and {kind for kind, _ in named} == {"sha-256"}, f"fingerprints {named}")
            elif payload["type"] == "candidate":
                if payload["candidate"] == "" and description:
                    break
                candidates.append(f"a={payload['candidate']}\r\n")
        usable = [line for line in candidates if ".local " not in line and line not in description]
        return RTCSessionDescription(description + "".join(usable), "answer")

    async def _signal(self):
        while self.signals.empty():
            await self.until(lambda: not self.signals.empty())
        return self.signals.get_nowait()

    def impair(self):
        sctp, dtls = self.pc.sctp, self.pc.sctp.transport
        self._clear = sctp._handle_data, dtls._send_data
        out, into = self.impairment.forward, self.impairment.back
        if not self.sends:
            out, into = into, out
        sctp._handle_data, dtls._send_data = into.path(sctp._handle_data), out.path(dtls._send_data)

    def clear(self):
        self.pc.sctp._handle_data, self.pc.sctp.transport._send_data = self._clear

    # The traffic

    def start(self):
        self.impair()
        self.conductor.say("start", run=self.number)
        self._tasks.append(asyncio.create_task(self._send() if self.sends else self._tell_received()))

    async def _send(self):
        rate, milliseconds, count = self.traffic.get("rate"), self.traffic.get("milliseconds"), self.traffic["bytes"]
        begun, told = time.monotonic(), 0
        limit = max(256 * 1024, 8 * count)
        while True:
            elapsed = time.monotonic() - begun
            is_late = milliseconds is not None and elapsed * 1000 >= milliseconds
            time_left = milliseconds is None or self.offered * 1000 < milliseconds * rate if rate else not is_late
            if time_left and (not rate or self.offered / rate <= elapsed):
                if self.data.bufferedAmount <= limit and self.data.readyState == "open":
                    at = self.sent_at[self.accepted] = now()
                    self.data.send(message(self.number, self.accepted, at, count))
                    self.accepted += 1
                    self.offered += 1
                    if not rate:
                        await asyncio.sleep(0)
                elif rate:
                    self.offered += 1
                else:
                    await asyncio.sleep(0.005)
            elif is_late:
                break
            else:
                await asyncio.sleep(min(0.02, max(0.001, self.offered / rate - elapsed)))
            if elapsed - told >= 0.25:
                told = elapsed
                self.tell_sent(False)
        self.tell_sent(True)

    def tell_sent(self, over):
        self.over = over
        self.conductor.say("sent", run=self.number, offered=self.offered, accepted=self.accepted, over=over)
        self.changed.set()

    async def _tell_received(self):
        while True:
            await asyncio.sleep(0.1)
            self.tell_received()

    def tell_received(self):
        for first in range(0, len(self.news), 2000):
            told = self.news[first:first + 2000]
            self.conductor.say("received", run=self.number, messages=[value for pair in told for value in pair])
        self.news = []

    def _take(self, data, at):
        """A lab message of the partner, which has to be whole."""
        require(not self.sends, "the receiver sends")
        magic, version, zero, run, sequence, sent = HEADER.unpack_from(data)
        if data != message(self.number, sequence, sent, self.traffic["bytes"]) or (magic, version) != (b"MLAB", 1):
            self.damaged += 1
        else:
            self.sent_at[sequence] = sent
            self.came.append((sequence, at))
            self.news.append((sequence, at))
        self.changed.set()

    # What the partner says

    def take(self, said):
        kind = said["type"]
        if kind == "signal":
            require(isinstance(said.get("payload"), dict), "a signal without payload")
            require(len(json.dumps(said["payload"])) <= 60 * 1024, "a long payload")
            self.signals.put_nowait(said["payload"])
        elif kind == "ready":
            self.is_ready = True
        elif kind == "failed":
            self.failure = str(said.get("message"))
        elif kind == "sent":
            require(not self.sends, "sent by the receiver")
            offered, accepted = number(said, "offered"), number(said, "accepted", most=LIMIT)
            require(accepted <= offered and accepted >= self.accepted and offered >= self.offered, f"{said}")
            require(isinstance(said.get("over"), bool) and not self.over or said["over"], "sent after it was over")
            self.offered, self.accepted, self.over = offered, accepted, said["over"]
            self.sent_reports.append((now(), offered, accepted))
        elif kind == "received":
            require(self.sends, "received by the sender")
            values = said.get("messages")
            require(isinstance(values, list) and len(values) % 2 == 0 and len(values) <= 4000, "an unsound list")
            for place in range(0, len(values), 2):
                sequence, at = values[place:place + 2]
                require(type(sequence) is int and 0 <= sequence < self.accepted, f"a message {sequence} that was not sent")
                require(type(at) is int and 0 <= at < 2 ** 53, f"a time {at}")
                self.came.append((sequence, at))
            waited = said.get("waited") or [None] * (len(values) // 2)
            require(isinstance(waited, list) and len(waited) == len(values) // 2, "waits of other messages")
            for wait in waited:
                require(wait is None or type(wait) is int and 0 <= wait < 60_000_000, f"a wait of {wait}")
                self.waited.append(wait)
            self.damaged = number(said, "damaged") if "damaged" in said else self.damaged
            self.received_reports.append((now(), len(values) // 2))
        elif kind == "stopped":
            self.is_stopped = True
            if "packets" in said:
                require(not self.sends, "packets of the receiver")
                dataChunks = number(said["packets"], "dataChunks", most=10 ** 11)
                self.packets = dataChunks, number(said["packets"], "retransmitted", most=dataChunks)
        self.changed.set()

    @property
    def delivered(self):
        return len({sequence for sequence, _ in self.came})

    async def finish(self, quiet=3.0):
        """As the document ends a run: when all has come, or nothing has come for long enough."""
        milliseconds = self.traffic.get("milliseconds") or 0
        await self.until(lambda: self.over, 30 + milliseconds / 1000)
        while self.delivered < self.accepted:
            count = len(self.came)
            try:
                await self.until(lambda: len(self.came) > count, quiet)
            except AssertionError:
                break
        await self.stop()
        return self

    async def stop(self):
        self.clear()
        for task in self._tasks:
            task.cancel()
        self.conductor.say("stop", run=self.number)
        await self.until(lambda: self.is_stopped)
        await self.close()

    async def close(self):
        for task in self._tasks:
            task.cancel()
        if self.pc:
            await asyncio.wait([asyncio.create_task(self.pc.close())], timeout=5)


class Conductor:
    """Over a `Connection` that is proved."""

    def __init__(self, connection, agent="aiortc"):
        self.connection, self.agent = connection, agent
        self.partner = None
        self.failure = None
        self.runs, self.last = {}, 0
        self.turns = []
        self.changed = asyncio.Event()
        self._pongs = {}
        self._reading = None

    def say(self, kind, **members):
        if self.connection.control.readyState == "open":
            self.connection.say(kind, **members)

    async def begin(self):
        self.say("hello", protocol="martlet.lab", version=1, agent=self.agent)
        kind, hello = await self.connection.next(20)
        require(kind == "text" and hello["type"] == "hello", f"{hello}")
        require(hello["protocol"] == "martlet.lab" and hello["version"] == 1, f"{hello}")
        require(isinstance(hello.get("agent"), str) and len(hello["agent"]) <= 80, f"{hello}")
        self.partner = hello["agent"]
        self._reading = asyncio.create_task(self._read())
        return self

    async def _read(self):
        try:
            while True:
                kind, said = await self.connection.inbox.get()
                if kind == "closed":
                    raise TransferError("gone", "the channel closed")
                require(kind == "text", "a binary message")
                self._take(said)
        except TransferError as error:
            self.failure = error
        finally:
            self.changed.set()
            for run in self.runs.values():
                run.changed.set()

    def _take(self, said):
        kind = said["type"]
        if kind == "pong":
            self._pongs.pop(number(said, "n")).set_result((now(), number(said, "at")))
        elif kind == "turn":
            burst = said.get("link", {}).get("burst", 1)
            require(type(burst) in (int, float) and 1 <= burst <= BURST_LIMIT, f"bursts of {burst}")
            self.turns.append((now(), said))
            self.changed.set()
        elif kind == "error":
            raise TransferError(said["code"], said.get("message", ""))
        elif kind in ("signal", "ready", "failed", "sent", "received", "stopped"):
            run = self.runs.get(number(said, "run", 1))
            require(run is not None, f"a run that was never begun: {said}")
            run.take(said)
        else:
            require(said.get("optional") is True, f"{str(said)[:200]}")

    async def until(self, is_so, timeout=20):
        async with asyncio.timeout(timeout):
            while not is_so():
                if self.failure:
                    raise self.failure
                self.changed.clear()
                await self.changed.wait()

    async def ended(self, timeout=20):
        """Waits for the end of the connection; what the partner said of it."""
        await asyncio.wait_for(self._reading, timeout)
        return self.failure

    async def clocks(self, count=20, tells=True):
        """(partner's clock minus ours, largest error), by the fastest of several questions."""
        best = None
        for place in range(count):
            answer = self._pongs[place] = asyncio.get_running_loop().create_future()
            asked = now()
            self.say("ping", n=place)
            heard, at = await asyncio.wait_for(answer, 10)
            trip = heard - asked
            if best is None or trip < best[0]:
                best = trip, at - (asked + heard) // 2
        if tells:
            self.say("clock", ahead=best[1], optional=True)
        return best[1], best[0] // 2

    async def prepare(self, channel=None, sends=True, impairment=None, of=None, **traffic):
        self.last += 1
        run = self.runs[self.last] = Run(self, self.last, sends, channel or {"ordered": True}, traffic,
                                         impairment or Impairment(), of)
        self.say("run", run=self.last, **({"of": of} if of else {}), channel=run.channel, traffic=traffic,
                 **{"from": "conductor" if sends else "partner"})
        await run.connect()
        return run

    async def run(self, **options):
        """One run from beginning to end."""
        run = await self.prepare(**options)
        run.start()
        return await run.finish()

    async def close(self):
        if self._reading:
            self._reading.cancel()
        for run in self.runs.values():
            await run.close()


CHANNELS = ({"ordered": True}, {"ordered": False}, {"ordered": False, "maxRetransmits": 0},
            {"ordered": False, "maxPacketLifeTime": 100})


class Live:
    """A live view: four runs at once over links that the partner turns at."""

    def __init__(self, conductor, link, traffic, sends=True):
        self.conductor, self.link, self.traffic, self.sends = conductor, link, traffic, sends
        self.runs, self.seen = [], 0

    async def begin(self):
        conductor = self.conductor
        numbers = [conductor.last + place for place in range(1, 5)]
        conductor.say("live", runs=numbers, link=self.link, traffic=self.traffic)
        self.runs = [await conductor.prepare(channel=channel, sends=self.sends, impairment=Impairment(self.link, seed),
                                             **self.traffic)
                     for seed, channel in enumerate(CHANNELS)]
        for run in self.runs:
            run.start()
        return self

    async def end(self):
        for run in self.runs:
            await run.stop()

    async def follow(self):
        """Does what the partner asks for, until the connection ends."""
        with contextlib.suppress(TransferError):
            while True:
                await self.conductor.until(lambda: len(self.conductor.turns) > self.seen, 1e6)
                for _, turn in self.conductor.turns[self.seen:]:
                    self.seen += 1
                    await self.turn(turn)

    async def turn(self, turn):
        self.link = turn.get("link", self.link)
        for run in self.runs:
            run.impairment.change(self.link)
        if turn.get("traffic", self.traffic) != self.traffic:
            self.traffic = turn["traffic"]
            await self.end()
            await self.begin()
        else:
            self.conductor.say("live", runs=[run.number for run in self.runs], link=self.link, traffic=self.traffic)


async def main(origin):
    link = Link.fresh(origin)
    async with RoomClient(link, is_host=True, words=Code.fresh_words()) as room:
        print(link, room.code, sep="\n", flush=True)
        await room.paired()
        connection = Connection()
        await connection.establish(room)
        conductor = await Conductor(connection).begin()
        await conductor.clocks()
        live = await Live(conductor, {"loss": 0.05, "burst": 1, "delay": 40, "jitter": 5},
                          {"bytes": 400, "rate": 60}).begin()
        await live.follow()
        print(conductor.failure)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1].rstrip("/")))
