#!/usr/bin/env python3
"""An independent partner of the lab: Docs/Protocols/Lab.md, written from the document alone, over aiortc.

    lab_peer.py LINK          enters the room of a conductor and takes part until it is through

It is a judge as well: whatever the conductor says beyond what the document allows is raised where the test waits. `on_start` may be
replaced by what a partner does that means harm; it gets the run.

    async with Partner(link) as partner:
        await partner.ended()
        partner.runs[1].came
"""

import asyncio
import sys

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from lab_conductor import HEADER, LIMIT, message, now, number, require
from martlet_peer import Connection, TransferError, fingerprints
from rooms_client import RoomClient, entrance_of
from verification import only_sha256


class PartnerRun:
    """What the conductor asked for, and the connection that is measured."""

    def __init__(self, partner, asked):
        self.partner, self.number = partner, number(asked, "run", 1)
        require(asked.get("from") in ("conductor", "partner"), f"{asked}")
        self.sends = asked["from"] == "partner"
        self.of = number(asked, "of") if "of" in asked else None
        self.channel, self.traffic = asked.get("channel"), asked.get("traffic")
        require(isinstance(self.channel, dict) and isinstance(self.channel.get("ordered"), bool), f"{asked}")
        self.limits = {name: number(self.channel, name, most=65535) for name in ("maxRetransmits", "maxPacketLifeTime")
                       if name in self.channel}
        require(len(self.limits) < 2, "two limits")
        require(isinstance(self.traffic, dict), f"{asked}")
        self.bytes = number(self.traffic, "bytes", 24, 262_144)
        self.rate = self.traffic.get("rate")
        require(self.rate is None or type(self.rate) in (int, float) and 0 < self.rate <= 1e9, f"{asked}")
        self.milliseconds = number(self.traffic, "milliseconds", 1, 86_400_000) if "milliseconds" in self.traffic else None
        self.came, self.news, self.damaged, self.sent_at = [], [], 0, {}
        #: What it says of its packets, if anything: how long each message had waited, by its number; what it has sent.
        self.wait_of = self.packets = None
        self.offered = self.accepted = self.signals = 0
        #: What the conductor tells of its own part: (when, offered, accepted, over), and (number, its time) of what has come to it.
        self.told_sent, self.told_came, self.told_damaged, self.tellings = [], [], 0, []
        self.is_started = self.is_over = False
        self._offer, self._waiting = None, []
        self.tasks = []
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.data = self.pc.createDataChannel("martlet-lab", negotiated=True, id=0, ordered=self.channel["ordered"],
                                              **self.limits)
        self.data.on("message", lambda data: self.take(data, now()))
        self.data.on("open", lambda: self.say("ready"))

    def say(self, kind, **members):
        self.partner.say(kind, run=self.number, **members)

    async def signal(self, payload):
        require(isinstance(payload, dict), "a signal without payload")
        self.signals += 1
        require(self.signals <= 300, "too many signals")
        if payload["type"] == "offer":
            require(len(fingerprints(payload["sdp"])) == 1, "not one fingerprint")
            self._offer = payload["sdp"]
        elif payload["type"] == "candidate":
            # aiortc gives up on an empty check list: all of them go into the description.
            if payload["candidate"]:
                self._waiting.append(f"a={payload['candidate']}\r\n")
            else:
                await self._answer()

    async def _answer(self):
        usable = [line for line in self._waiting if ".local " not in line and line not in self._offer]
        await self.pc.setRemoteDescription(RTCSessionDescription(self._offer + "".join(usable), "offer"))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        self.say("signal", payload={"type": "answer", "sdp": only_sha256(self.pc.localDescription.sdp)})
        self.say("signal", payload={"type": "candidate", "candidate": "", "mid": "0"})

    def take(self, data, at):
        """A message of the conductor, which has to be whole."""
        require(not self.sends, "the receiver sends")
        _, _, _, run, sequence, sent = HEADER.unpack_from(data)
        if run != self.number or data != message(run, sequence, sent, self.bytes):
            self.damaged += 1
        else:
            self.sent_at[sequence] = sent
            self.came.append((sequence, at))
            self.news.append((sequence, at))

    def hear(self, said):
        require(self.is_started, f"told of a run that was not started: {str(said)[:200]}")
        if said["type"] == "sent":
            require(not self.sends, "sent by the receiver")
            offered, accepted = number(said, "offered"), number(said, "accepted", most=LIMIT)
            _, before, taken, over = self.told_sent[-1] if self.told_sent else (0, 0, 0, False)
            require(before <= offered and taken <= accepted <= offered and not over, f"{said} behind {self.told_sent[-1:]}")
            require(isinstance(said.get("over"), bool), f"{said}")
            self.told_sent.append((now(), offered, accepted, said["over"]))
            return
        require(self.sends, "received by the sender")
        values = said.get("messages")
        require(isinstance(values, list) and len(values) % 2 == 0 and len(values) <= 4000, "an unsound list")
        for sequence, at in zip(values[::2], values[1::2]):
            require(type(sequence) is int and 0 <= sequence < self.accepted, f"a message {sequence} that was not sent")
            require(type(at) is int and 0 <= at < 2 ** 53, f"a time {at}")
            self.told_came.append((sequence, at))
        self.told_damaged = number(said, "damaged", self.told_damaged) if "damaged" in said else 0
        self.tellings.append((now(), len(values) // 2))

    def start(self):
        require(self.data.readyState == "open" and not self.is_started, "a start out of place")
        self.is_started = True
        self.tasks.append(asyncio.create_task(self.partner.on_start(self)))

    async def work(self):
        """What an honest partner does behind `start`."""
        await (self._send() if self.sends else self._report())

    async def _report(self):
        while True:
            await asyncio.sleep(0.1)
            self.tell_received()

    def tell_received(self):
        news, self.news = self.news, []
        members = {"damaged": self.damaged} if self.damaged else {}
        for place in range(0, len(news), 1500):
            some = news[place:place + 1500]
            waited = {"waited": [self.wait_of(sequence) for sequence, _ in some]} if self.wait_of else {}
            self.say("received", messages=[value for pair in some for value in pair], **waited, **members)

    async def _send(self):
        begun, told = now(), now()
        limit = max(256 * 1024, 8 * self.bytes)
        while True:
            elapsed = now() - begun
            due = self.offered * 1e6 / self.rate if self.rate else elapsed
            if self.milliseconds is not None and max(due, elapsed if not self.rate else 0) >= self.milliseconds * 1000:
                break
            if due <= elapsed and self.data.bufferedAmount <= limit and self.accepted < LIMIT:
                at = self.sent_at[self.accepted] = now()
                self.data.send(message(self.number, self.accepted, at, self.bytes))
                self.accepted += 1
                self.offered += 1
                await asyncio.sleep(0)
            elif due <= elapsed and self.rate:
                self.offered += 1
            else:
                await asyncio.sleep(0.002)
            if now() - told >= 250_000:
                told = now()
                self.say("sent", offered=self.offered, accepted=self.accepted, over=False)
        self.is_over = True
        self.say("sent", offered=self.offered, accepted=self.accepted, over=True)

    async def stop(self):
        for task in self.tasks:
            task.cancel()
        if self.sends and not self.is_over:
            self.say("sent", offered=self.offered, accepted=self.accepted, over=True)
        self.tell_received()
        await self.close()
        self.say("stopped", **({"packets": self.packets} if self.packets else {}))

    async def close(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.wait([asyncio.create_task(self.pc.close())], timeout=5)


class Partner:
    """Enters the room of a conductor. `runs` has all that it asked for, by number."""

    def __init__(self, entrance, agent="aiortc", on_start=PartnerRun.work, protocol="martlet.lab"):
        self.entrance, self.agent, self.on_start, self.protocol = entrance, agent, on_start, protocol
        self.connection = Connection(makes_words=False)
        self.conductor = None
        self.runs, self.clocks = {}, []
        self.answers_pings = True
        self._reading = self._room = None

    def say(self, kind, **members):
        if self.connection.control.readyState == "open":
            self.connection.say(kind, **members)

    async def __aenter__(self):
        self._room = await RoomClient(self.entrance, False).__aenter__()
        async with asyncio.timeout(30):
            await self._room.paired()
            await self.connection.establish(self._room)
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_):
        self._reading.cancel()
        for run in self.runs.values():
            await run.close()
        await self.connection.close()
        await self._room.__aexit__()

    async def ended(self, timeout=60):
        """Waits for the end of the connection, and returns the error that the conductor said of it, if any."""
        return await asyncio.wait_for(asyncio.shield(self._reading), timeout)

    async def _read(self):
        while True:
            kind, said = await self.connection.inbox.get()
            if kind == "closed":
                return None
            require(kind == "text", "a binary message")
            if said["type"] == "error":
                return TransferError(said["code"], said.get("message", ""))
            if not await self._take(said):
                require(said.get("optional") is True, f"{str(said)[:200]}")

    async def _take(self, said):
        kind = said["type"]
        if kind == "hello":
            require(self.conductor is None, "a second hello")
            require(said["protocol"] == "martlet.lab" and said["version"] == 1, f"{said}")
            self.conductor = said["agent"]
            self.say("hello", protocol=self.protocol, version=1, agent=self.agent)
            return True
        require(self.conductor is not None, "a message before hello")
        if kind == "ping":
            if self.answers_pings:
                self.say("pong", n=number(said, "n"), at=now())
        elif kind == "clock":
            require(type(said["ahead"]) is int, f"{said}")
            self.clocks.append(said["ahead"])
        elif kind == "run":
            run = PartnerRun(self, said)
            require(run.number > max(self.runs, default=0), "a number that does not grow")
            self.runs[run.number] = run
        elif kind in ("signal", "start", "stop", "failed", "sent", "received"):
            run = self.runs.get(number(said, "run", 1))
            require(run is not None, f"a run that there is not: {said}")
            if kind == "signal":
                await run.signal(said["payload"])
            elif kind == "start":
                run.start()
            elif kind == "stop":
                await run.stop()
            elif kind in ("sent", "received"):
                run.hear(said)
            else:
                await run.close()
        elif kind != "live":
            return False
        return True


async def main(entrance):
    async with Partner(entrance_of(entrance)) as partner:
        print(await partner.ended(3600) or "through")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
