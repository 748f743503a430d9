"""A rendezvous that means harm. It serves the page and the rooms like an honest one, records everything that it is told,
and does to the bodies whatever the `Attack` says that it was given.

    async with EvilRendezvous(Duplicated("guest", 2)) as server:
        ...
"""

import asyncio
import contextlib
import json

from rendezvous import Rendezvous

OTHER = {"host": "guest", "guest": "host"}


class Wire:
    """What the server has in its hands of one host and one guest."""

    def __init__(self, server, host, guest):
        self.server = server
        self.members = {"host": host, "guest": guest}
        #: Every body, by who said it.
        self.said = {"host": [], "guest": []}

    async def say(self, towards, body):
        """A body, as if the other side had said it."""
        text = body if isinstance(body, str) else json.dumps(body)
        _, socket = self.members[towards]
        peer, _ = self.members[OTHER[towards]]
        await self.server._send(socket, **{"type": "message", "from": peer, "body": text})


class Attack:
    """An honest relay. `is_refusal`: what the attack can do by itself is only to refuse service."""

    is_refusal = False

    async def joined(self, wire):
        """A guest is in, and nothing was said yet."""

    async def relay(self, wire, role, index, body):
        """The body number `index` of one side, from 0."""
        await wire.say(OTHER[role], body)

    def room_for(self, server, room, number):
        """Where a guest is put who asks for this room."""
        return server.rooms.get(room or server.numbers.get(number))

    def __str__(self):
        return type(self).__name__


class EvilRendezvous(Rendezvous):
    """`edits`: {file of the page: [(what stands there, what is served in its place)]}."""

    def __init__(self, attack=None, edits=None, **options):
        super().__init__(**options)
        self.attack, self.edits = attack or Attack(), edits or {}
        self.wires = []

    def edit(self, name, content):
        for old, new in self.edits.get(name, ()):
            assert content.count(old.encode()) == 1, f"{name} does not have, once: {old}"
            content = content.replace(old.encode(), new.encode())
        return content

    async def _join(self, message, peer, socket):
        honest = self.rooms.get(message.get("room") or self.numbers.get(message.get("number")))
        chosen = self.attack.room_for(self, message.get("room"), message.get("number"))
        if chosen is None or chosen is honest:
            room = await super()._join(message, peer, socket)
        else:
            # The guest believes that it is where it wanted to be.
            name = message.get("room") or (honest or chosen)["name"]
            chosen["members"][peer] = socket
            await self._send(socket, type="joined", room=name, peer=peer, host=chosen["host"], peers=[chosen["host"]],
                             iceServers=[])
            await self._send(chosen["members"][chosen["host"]], type="peer-joined", peer=peer)
            room = chosen
        host = room["host"], room["members"][room["host"]]
        wire = Wire(self, host, (peer, socket))
        self.wires.append(wire)
        await self.attack.joined(wire)
        return room

    async def _relay(self, room, peer, socket, message):
        guest = message.get("to") if peer == room["host"] else peer
        role = "host" if peer == room["host"] else "guest"
        wire = next((wire for wire in self.wires if wire.members["guest"][0] == guest), None)
        if wire is None:
            await super()._relay(room, peer, socket, message)
            return
        body = message["body"]
        self.relayed.append((peer, message["to"], body))
        wire.said[role].append(body)
        await self.attack.relay(wire, role, len(wire.said[role]) - 1, body)


@contextlib.asynccontextmanager
async def evil(attack=None, **options):
    async with EvilRendezvous(attack, **options) as server:
        yield server
