"""A rendezvous that means harm. It serves the page and the rooms like an honest one, records everything that it is told,
and does to the bodies whatever the `Attack` says that it was given.

    async with EvilRendezvous(Duplicated("guest", 2)) as server:
        ...
"""

import asyncio
import itertools
import json

from rendezvous import Rendezvous
from rooms_client import Link, RoomClient

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
    """An honest relay."""

    #: Whether guests meet the server itself.
    plays_host = False

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
        self.phantoms, self.guests = {}, asyncio.Queue()

    def edit(self, name, content):
        for old, new in self.edits.get(name, ()):
            assert content.count(old.encode()) == 1, f"{name} does not have, once: {old}"
            content = content.replace(old.encode(), new.encode())
        return content

    async def _join(self, message, peer, socket):
        if self.attack.plays_host:
            return await self._play_host(message, peer, socket)
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
        host = room["host"], room["members"].get(room["host"], socket)
        wire = Wire(self, host, (peer, socket))
        self.wires.append(wire)
        await self.attack.joined(wire)
        return room

    async def _play_host(self, message, peer, socket):
        """The guest meets a host that is the server itself: a `Phantom` in `guests`."""
        name = message.get("room") or self.numbers.get(message.get("number")) or Link.fresh("").room
        phantom = Phantom(self, True, name, message.get("number"), socket, peer)
        await self._send(socket, type="joined", room=name, peer=peer, host=phantom.name, peers=[phantom.name], iceServers=[])
        self.guests.put_nowait(phantom)
        return {"name": name, "host": phantom.name, "members": {peer: socket}}

    async def play_guest(self, room):
        """A guest that is the server itself enters a room of `rooms`."""
        phantom = Phantom(self, False, room["name"], room["number"], room["members"][room["host"]], room["host"])
        await self._send(phantom.socket, type="peer-joined", peer=phantom.name)
        return phantom

    async def _relay(self, room, peer, socket, message):
        if phantom := self.phantoms.get(message.get("to")):
            phantom.bodies.put_nowait(message["body"])
            return
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


class Phantom(RoomClient):
    """A member of a room that is the server itself, and believes in the secret that it is given: for `paired`, `send` and
    `payload` as of any other; or body by body, with `say` and `hear`."""

    _names = itertools.count(1)

    def __init__(self, server, is_host, room, number, socket, other):
        super().__init__(None, is_host)
        self.name = f"e{next(self._names)}"
        self.server, self.room, self.number, self.socket, self.other = server, room, number, socket, other
        self.bodies = asyncio.Queue()
        self.believed = {}
        server.phantoms[self.name] = self

    def believing(self, **entrances):
        """`link=` 16 bytes or `code=` words."""
        self.believed = entrances
        return self

    async def leave(self):
        self.server.phantoms.pop(self.name)
        await self.server._send(self.socket, type="peer-left", peer=self.name)

    async def say(self, body):
        text = body if isinstance(body, str) else json.dumps(body)
        await self.server._send(self.socket, **{"type": "message", "from": self.name, "body": text})

    async def hear(self, timeout=10):
        return json.loads(await asyncio.wait_for(self.bodies.get(), timeout))

    def _entrances(self):
        return self.believed

    async def _expect(self, kind):
        assert kind == "peer-joined", kind
        return {"peer": self.other}

    async def _body(self):
        return await self.bodies.get()

    async def _relay(self, body):
        await self.say(body)
