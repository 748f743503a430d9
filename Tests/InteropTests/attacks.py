"""What a rendezvous can do to the two who meet through it: one class an attack, one row of Docs/Attacks.md each.

    python attacks.py        prints the table
"""

import json
import secrets
from dataclasses import dataclass

from evil_rendezvous import OTHER, Attack
from rooms_client import encode

#: A body that opens a door in no state: an unsealed candidate at an address of the attacker's.
CANDIDATE = {"type": "candidate", "candidate": "candidate:1 1 udp 2130706431 192.0.2.66 9 typ host", "mid": "0"}
SEALED = 2


def changed(body, **members):
    return json.dumps({**json.loads(body), **members})


class Changed(Attack):
    """One body of one side is made another; `change` is body -> body, a list of bodies, or none."""

    def __init__(self, role, index, change):
        self.role, self.index, self.change = role, index, change

    async def relay(self, wire, role, index, body):
        bodies = [body]
        if (role, index) == (self.role, self.index):
            made = self.change(body)
            bodies = made if isinstance(made, list) else [made]
        for each in bodies:
            if each is not None:
                await wire.say(OTHER[role], each)


def flipped(member):
    """One bit of a member that is base64url, or one more of a number."""
    def change(body):
        value = json.loads(body)[member]
        if isinstance(value, int):
            return changed(body, **{member: value + 1})
        return changed(body, **{member: ("B" if value[0] == "A" else "A") + value[1:]})
    return change


class SwappedFingerprint(Changed):
    def __init__(self, role):
        super().__init__(role, 0 if role == "host" else 1, lambda body: changed(body, certificate=encode(secrets.token_bytes(32))))


class SwappedRoles(Attack):
    """The guest's own confirmation comes back as the host's."""

    async def relay(self, wire, role, index, body):
        if (role, index) == ("guest", 1):
            await wire.say("guest", {"confirm": json.loads(body)["confirm"]})
        else:
            await super().relay(wire, role, index, body)


class Reflected(Attack):
    """One body comes back to whoever said it, in place of what the other side would have said."""

    def __init__(self, role, index):
        self.role, self.index = role, index

    async def relay(self, wire, role, index, body):
        await wire.say(role if (role, index) == (self.role, self.index) else OTHER[role], body)


class Reordered(Attack):
    """The first two sealed bodies of a side, in the other order."""

    def __init__(self, role):
        self.role = role

    async def relay(self, wire, role, index, body):
        if role != self.role or index not in (SEALED, SEALED + 1):
            await super().relay(wire, role, index, body)
        elif index == SEALED + 1:
            await super().relay(wire, role, index, body)
            await super().relay(wire, role, SEALED, wire.said[role][SEALED])


class Replayed(Attack):
    """A body of an earlier meeting of the same two, put in front of a body of the other side."""

    def __init__(self, recorded, role, index, place):
        self.recorded, self.role, self.index, self.place = recorded, role, index, place

    async def relay(self, wire, role, index, body):
        if (role, index) == (self.role, self.place):
            await wire.say(OTHER[role], self.recorded[role][self.index])
        await super().relay(wire, role, index, body)


class PlayedAgain(Attack):
    """All that one side said at an earlier meeting, in place of what it says now."""

    def __init__(self, recorded, role):
        self.recorded, self.role = recorded, role

    async def relay(self, wire, role, index, body):
        if role == self.role:
            body = self.recorded[role][index] if index < len(self.recorded[role]) else None
        if body is not None:
            await super().relay(wire, role, index, body)


class Crossed(Attack):
    """Who asks for one room is put into another. `rooms`: {asked for: put into}, filled in by the test."""

    def __init__(self):
        self.rooms = {}

    def room_for(self, server, room, number):
        name = room or server.numbers.get(number)
        return server.rooms.get(self.rooms.get(name, name))


class Injected(Attack):
    """A body of the server's own, before the given one."""

    def __init__(self, role, index, body):
        self.role, self.index, self.body = role, index, body

    async def relay(self, wire, role, index, body):
        if (role, index) == (self.role, self.index):
            await wire.say(OTHER[role], self.body)
        await super().relay(wire, role, index, body)


class SaidFirst(Attack):
    """A body to one side before anybody has said a word."""

    def __init__(self, towards, body):
        self.towards, self.body = towards, body

    async def joined(self, wire):
        await wire.say(self.towards, self.body)


class Flooded(Attack):
    """Hundreds of bodies, as large as they may be, to one side in the place of the first."""

    def __init__(self, towards, count=100, size=100_000):
        self.towards, self.count, self.size = towards, count, size

    async def relay(self, wire, role, index, body):
        if index == 0 and role == OTHER[self.towards]:
            for number in range(self.count):
                await wire.say(self.towards, json.dumps({"seq": number, "sealed": "A" * self.size}))
        await super().relay(wire, role, index, body)


LOW_ORDER = encode(bytes(32))


def low_order(body):
    return changed(body, share=LOW_ORDER)


def own_box(number):
    return json.dumps({"seq": number, "sealed": encode(secrets.token_bytes(200))})


@dataclass
class Row:
    """One attack, in as many ways as it can be made: `attacks` are {name: (what makes it, who must find it)}. Who must find it
    says that the other side could not be verified, or was told so by the one who found it; nobody where the attack can only
    keep the two apart."""

    name: str
    does: str
    wins: str
    stops: str
    attacks: dict
    #: What was taken out when the attack succeeded.
    out: str = ""
    test: str = "test_evil"


def each(make, found, *choices):
    """{name: (…)} of a class of attack, for each choice of its arguments."""
    return {" ".join(map(str, choice)): (lambda choice=choice: make(*choice), found(*choice)) for choice in choices}


def the_other(role, *_):
    return (OTHER[role],)


def itself(role, *_):
    return (role,)


BOTH = ("host", "guest")

ROWS = [
    Row("Swap a fingerprint", "puts a certificate of its own in place of one in the exchange",
        "the connection, and with it the files",
        "both certificates are in CPace's transcript: the confirmation is wrong",
        each(SwappedFingerprint, lambda _: ("host",), ("host",), ("guest",)),
        out="certificates in the transcript"),
    Row("Swap roles", "gives the guest its own confirmation as the host's", "a guest that takes the server for the host",
        "each role has a key of its own",
        {"confirmation": (SwappedRoles, ("guest",))},
        out="a key for each role"),
    Row("Reflect", "gives a body back to whoever said it", "the same, at any step", "roles, keys and order of the bodies",
        each(Reflected, itself, ("host", 0), ("host", 1), ("host", 2), ("guest", 0), ("guest", 1), ("guest", 2)),
        out="a key for each direction; another nonce than ours; a proof for each role"),
    Row("Change a bit", "changes one member of one body", "a pairing that rests on other values than those sent",
        "the transcript holds every value; the authenticator every sealed body",
        {f"{role} {index} {member}": (lambda role=role, index=index, member=member: Changed(role, index, flipped(member)), found)
         for role, index, member, found in [
            ("host", 0, "nonce", ("host",)), ("host", 0, "share", ("host",)), ("host", 0, "certificate", ("host",)),
            ("host", 1, "confirm", ("guest",)), ("host", 2, "sealed", ("guest",)), ("host", 2, "seq", ("guest",)),
            ("guest", 0, "nonce", ("host",)), ("guest", 1, "share", ("host",)), ("guest", 1, "certificate", ("host",)),
            ("guest", 1, "confirm", ("host",)), ("guest", 2, "sealed", ("host",)), ("guest", 2, "seq", ("host",))]},
        out="the authenticator; the guest's confirmation; the host's confirmation"),
    Row("Low order", "puts a point in place of a share with which every secret gives the same key", "every key, without the secret",
        "an all-zero product ends the attempt",
        {"host": (lambda: Changed("host", 0, low_order), ("guest",)), "guest": (lambda: Changed("guest", 1, low_order), ("host",))},
        out="no neutral element (also in the page, and with DTLS on both sides)"),
    Row("Reorder", "exchanges two sealed bodies", "a description or candidates in a state that they were not made for",
        "each body's number is in its nonce, and must be the next",
        each(Reordered, the_other, ("host",), ("guest",)),
        out="the order (also in the page)"),
    Row("Duplicate", "says a body twice", "the same", "the same; a second hello is a failure",
        {f"{role} {index}": (lambda role=role, index=index: Changed(role, index, lambda body: [body, body]), (OTHER[role],))
         for role in BOTH for index in (0, 1, 2)},
        out="the order (also in the page)"),
    Row("Drop", "says a body not", "nothing: it could as well have said none",
        "a gap in the numbers is found; nothing at all is waited for until the deadline",
        {f"{role} {index}": (lambda role=role, index=index: Changed(role, index, lambda body: None), ())
         for role in BOTH for index in (0, 1, 2)},
        out="the order"),
    Row("Downgrade", "changes the version, or by what the guest shows", "an older, weaker exchange",
        "there is no other version; `by` is in the transcript",
        {"hello 1": (lambda: Changed("guest", 0, lambda body: changed(body, hello=1)), ("refused",)),
         "hello 3": (lambda: Changed("guest", 0, lambda body: changed(body, hello=3)), ("refused",)),
         "the host's hello 1": (lambda: Changed("host", 0, lambda body: changed(body, hello=1)), ("refused",)),
         "by nothing": (lambda: Changed("guest", 0, lambda body: changed(body, by="nothing")), ()),
         "by the other": (lambda: Changed("guest", 0, lambda body: changed(
             body, by="link" if json.loads(body)["by"] == "code" else "code")), ("host",)),
         "version 1's bodies": (lambda: Changed("host", 0, lambda body: json.dumps(
             {"hello": 1, "nonce": encode(bytes(16))})), ("refused",))},
        out="the version; the number and the entrance in the key, together"),
    Row("Candidates of its own", "adds an address to those that the two try", "the path of the connection",
        "nothing unsealed is looked at; the path alone is worth nothing",
        {f"{role} {name}": (lambda role=role, body=body: Injected(role, 2, body), (OTHER[role],)) for role in BOTH
         for name, body in (("unsealed", CANDIDATE), ("sealed", own_box(0)), ("far ahead", own_box(2**53)))},
        out="the authenticator; failure is final"),
    Row("Early payloads", "says something before the exchange, or in its midst", "a state that nobody thought of",
        "each state takes one body, and fails on all others",
        {**{f"first to the {role} {name}": (lambda role=role, body=body: SaidFirst(role, body), (role,)) for role in BOTH
            for name, body in (("unsealed", CANDIDATE), ("sealed", own_box(0)))},
         **{f"{role} {name}": (lambda role=role, body=body: Injected(role, 1, body), (OTHER[role],)) for role in BOTH
            for name, body in (("unsealed", CANDIDATE), ("sealed", own_box(0)), ("no JSON", "{"), ("a list", "[]"),
                               ("deep", "[" * 3000), ("numbers", '{"share":1,"certificate":2,"confirm":3,"hello":2}'))}},
        out="failure is final"),
    Row("Forge a refusal", "says that the other side refused", "nothing: it could as well say nothing",
        "a refusal ends the attempt and is told as a claim; a code's looks are counted by each side itself",
        {**{f"{code} to the guest before {index}": (
            lambda code=code, index=index: Injected("host", index, {"refused": code}), ("refused",))
            for code in ("wrong-secret", "dead", "no-code", "version") for index in (0, 1)},
         "after the exchange": (lambda: Injected("host", 2, {"refused": "dead"}), ("guest",)),
         "to the host": (lambda: Injected("guest", 1, {"refused": "dead"}), ()),
         "unheard of": (lambda: Injected("host", 0, {"refused": "\u001b[2J\u202e" + "x" * 5000}), ())}),
    Row("Flood", "says as much as a connection carries", "memory, and time", "the first body that does not fit is the last",
        each(Flooded, itself, ("host",), ("guest",))),
]


def replays(recorded):
    """Every body of an earlier meeting in every place, and whole sides of it."""
    single = {f"{role} {index} before {place}": (
        lambda role=role, index=index, place=place: Replayed(recorded, role, index, place), (OTHER[role],))
        for role in BOTH for place in range(min(4, len(recorded[role]))) for index in range(min(4, len(recorded[role])))}
    whole = {f"all of the {role}": (lambda role=role: PlayedAgain(recorded, role), (OTHER[role],)) for role in BOTH}
    return {**single, **whole}


MORE = [
    Row("Replay", "says the bodies of an earlier meeting of the same two, each in each state, and whole sides of it",
        "a pairing without the secret", "nonces and shares are fresh, and in every key", {},
        out="the authenticator"),
    Row("Cross two rooms", "puts a guest into another room than it asked for, by link and by number",
        "files for somebody else", "room, number and entrance are in the transcript; words and secret are others", {},
        out="the room in the key; the number in the key", test="test_evil_rooms"),
    Row("Stand in between", "is host to the guest and guest to the host, with words, certificates and DTLS of its own",
        "everything", "it does not know the secret: the confirmation is wrong", {},
        out="no neutral element; in the page the confirmation, the sealing and the proof, all three",
        test="test_evil_man_in_the_middle, test_evil_page_bites"),
    Row("Guess at the host", "10,000 guests with random words, one by one and at once, and over restarts",
        "the files, with each guess 1 in 2,171,747,375", "three looks, then the code is dead", {},
        out="a dead code answers nobody; a dead code is not opened; the guest's confirmation",
        test="test_evil_guesses, test_program_codes"),
    Row("Guess at the guest", "plays the host with random words, again and again", "a receiver of files of its own",
        "three looks, kept over restarts, then the guest uses the code no more", {},
        out="looks are counted (also in the page); the host's confirmation", test="test_evil_guesses"),
    Row("Another certificate", "connects with another certificate than the one in the exchange", "the connection",
        "each fingerprint of a description must be that of the exchange", {},
        out="the fingerprint (also in the page)", test="test_evil_page_bites"),
    Row("Another proof", "opens the channels, and has nothing to prove with", "the connection",
        "the first message on the control channel proves both certificates", {},
        out="the proof (also in the page)", test="test_evil_page_bites"),
]


def table():
    """The rows as Markdown."""
    lines = ["| attack | the server … | it would win | what stops it | taken out, it succeeds | test |", "|---|---|---|---|---|---|"]
    for row in ROWS + MORE:
        tests = ", ".join(f"`{name.strip()}`" for name in row.test.split(","))
        lines.append(f"| {row.name} | {row.does} | {row.wins} | {row.stops} | {row.out or 'nothing to win'} | {tests} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")
