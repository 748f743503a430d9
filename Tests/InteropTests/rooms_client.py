"""Both sides of a room (Docs/Protocols/Rooms.md, version 2), written from the document alone: links and codes, pairing,
WebSocket client."""

import base64
import hmac
import json
import pathlib
import re
import secrets
from dataclasses import dataclass

import nacl.exceptions
import nacl.secret
import websockets
from aiortc import RTCCertificate

import cpace

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
SUBPROTOCOL = "martlet.rooms.2"
WORDS = [word for word in (pathlib.Path(__file__).resolve().parents[2] / "Sources/Web/Page/words.txt").read_text().split("\n")
         if word and not word.startswith("#") and "-" not in word]
LOOKS = 3


class RoomError(Exception):
    """The room ended before the two sides were connected."""


class CannotVerify(RoomError):
    """A body that is not what it should be: another secret, or a server that interferes."""


class Refused(RoomError):
    """What the other side, or somebody in between, claims: `wrong-secret`, `dead`, `no-code`, `version`."""

    def __init__(self, code):
        super().__init__(f"refused: {code}")
        self.code = code


class WrongSecret(CannotVerify):
    """The host's view: this guest does not know the secret."""


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text, size=None):
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        raise ValueError("not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(data) != text:
        raise ValueError("not the only spelling of these bytes")
    if size is not None and len(data) != size:
        raise ValueError(f"{len(data)} bytes, not {size}")
    return data


# MARK: Links and codes


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
        return cls(origin, room, decode(secret, 16))

    def __str__(self):
        return f"{self.origin}/#{self.room}.{encode(self.secret)}"


def is_near(typed, word):
    """One letter more, less or other, or two neighbours exchanged."""
    if abs(len(typed) - len(word)) > 1:
        return False
    start = next((place for place, pair in enumerate(zip(typed, word)) if pair[0] != pair[1]), min(len(typed), len(word)))
    left, right = typed[start:], word[start:]
    if len(left) != len(right):
        longer, shorter = sorted((left, right), key=len, reverse=True)
        return longer[1:] == shorter
    return left[1:] == right[1:] or left[:2] == right[:2][::-1] and left[2:] == right[2:]


@dataclass
class Code:
    origin: str
    number: int
    #: As both sides use them: "clock mango crust".
    words: str

    @classmethod
    def parse(cls, text, origin):
        number, *words = [part for part in re.split(r"[\s._-]+", text.strip().lower()) if part]
        if not re.fullmatch(r"[1-9][0-9]{0,5}", number) or len(words) != 3:
            raise ValueError("not a code")
        return cls(origin, int(number), " ".join(map(cls._known, words)))

    @staticmethod
    def _known(typed):
        near = [typed] if typed in WORDS else [word for word in WORDS if is_near(typed, word)]
        if len(near) != 1:
            raise ValueError(f"{typed} is no word of the list")
        return near[0]

    @staticmethod
    def fresh_words():
        return " ".join(secrets.choice(WORDS) for _ in range(3))

    def __str__(self):
        return f"{self.number}-{self.words.replace(' ', '-')}"


def entrance_of(address):
    """A link, or a page's address with a code as its fragment."""
    origin, _, fragment = address.partition("/#")
    return Link.parse(address) if "." in fragment else Code.parse(fragment, origin)


@dataclass
class Looks:
    """Exchanges of one code that failed on one side."""

    failed: int = 0

    @property
    def are_exhausted(self):
        return self.failed >= LOOKS


# MARK: Pairing


class Pairing:
    """Host or guest of one exchange: feed it the other's bodies, send what it answers, until `is_complete`.

    `entrances` of a host: what a guest may show, by "link" or "code": {"link": 16 bytes, "code": "clock mango crust"}; of a
    guest the one that it shows. `number` is what this side believes."""

    def __init__(self, is_host, room, entrances, number, certificate, looks=None, scalar=None, nonce=None):
        self.is_host, self.room, self.entrances, self.number = is_host, room, entrances, number
        self.certificate, self.looks, self._scalar = certificate, looks or Looks(), scalar
        self.nonce = nonce or secrets.token_bytes(16)
        self.by = None if is_host else next(iter(entrances))
        self.share = self.keys = self.their_certificate = None
        self.is_complete = self.is_over = False
        self.sent = self.received = 0

    @property
    def own_role(self):
        return "host" if self.is_host else "guest"

    @property
    def their_role(self):
        return "guest" if self.is_host else "host"

    def start(self):
        """The guest's first body."""
        if self.by == "code" and self.looks.are_exhausted:
            raise Refused("dead")
        return json.dumps({"hello": 2, "by": self.by, "nonce": encode(self.nonce)})

    def handle(self, text):
        """A body of the other side, before `is_complete`. The body to answer with, or none."""
        try:
            if self.is_over:
                raise CannotVerify("after a failure")
            body = json.loads(text)
            if not isinstance(body, dict):
                raise CannotVerify("not an object")
            if not self.is_host and isinstance(body.get("refused"), str):
                self._count_guest()
                raise Refused(body["refused"])
            if self.is_host:
                return self._handle_hello(body) if self.share is None else self._handle_guest_share(body)
            return self._handle_host_share(body) if self.keys is None else self._handle_confirmation(body)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            self._end()
            raise CannotVerify(f"{type(error).__name__}: {error}") from None
        except RoomError:
            self._end()
            raise

    def _end(self):
        if not self.is_over and not self.is_host and not self.is_complete:
            self._count_guest()
        self.is_over = True

    def _count_guest(self):
        """A guest counts each exchange in which it has shown its confirmation, once."""
        if self.by == "code" and self.keys is not None and not self.is_over:
            self.looks.failed += 1
            self.is_over = True

    def give_up(self):
        """The attempt ended without a word more."""
        self._end()

    def _make_share(self, session):
        password = self.entrances[self.by]
        password = password if isinstance(password, bytes) else password.encode()
        number = self.number if self.by == "code" else None
        self.session = session
        self.share = cpace.Share(password, cpace.context(self.room, self.by, number), session, self._scalar)

    def _agree(self, theirs):
        own_data = cpace.associated_data(self.own_role, self.certificate)
        their_data = cpace.associated_data(self.their_role, self.their_certificate)
        key = self.share.key(self.is_host, own_data, theirs, their_data)
        own = self.share.public, own_data
        ya, ada, yb, adb = (*own, theirs, their_data) if self.is_host else (theirs, their_data, *own)
        self.keys = cpace.Keys(self.session, key)
        self.confirmations = {role: self.keys.confirmation(role, ya, ada, yb, adb) for role in ("host", "guest")}

    def _handle_hello(self, body):
        if body["hello"] != 2:
            raise Refused("version")
        self.by = body["by"]
        if self.by not in ("link", "code"):
            raise CannotVerify("an unknown way")
        if self.by not in self.entrances:
            raise Refused("no-code")
        if self.by == "code" and self.looks.are_exhausted:
            raise Refused("dead")
        self._make_share(self.nonce + decode(body["nonce"], 16))
        return json.dumps({"hello": 2, "nonce": encode(self.nonce), "share": encode(self.share.public),
                           "certificate": encode(self.certificate)})

    def _handle_host_share(self, body):
        if body["hello"] != 2:
            raise CannotVerify("another version")
        self.their_certificate = decode(body["certificate"], 32)
        self._make_share(decode(body["nonce"], 16) + self.nonce)
        self._agree(decode(body["share"], 32))
        return json.dumps({"share": encode(self.share.public), "certificate": encode(self.certificate),
                           "confirm": encode(self.confirmations["guest"])})

    def _handle_guest_share(self, body):
        if "hello" in body:
            raise CannotVerify("a second hello")
        confirmation, theirs = decode(body["confirm"], 32), decode(body["share"], 32)
        self.their_certificate = decode(body["certificate"], 32)
        if self.by == "code" and self.looks.are_exhausted:
            raise Refused("dead")
        self._agree(theirs)
        if not hmac.compare_digest(confirmation, self.confirmations["guest"]):
            if self.by == "code":
                self.looks.failed += 1
            raise WrongSecret("the guest does not know the secret")
        self.is_complete = True
        return json.dumps({"confirm": encode(self.confirmations["host"])})

    def _handle_confirmation(self, body):
        if not hmac.compare_digest(decode(body["confirm"], 32), self.confirmations["host"]):
            raise CannotVerify("the host does not know the secret")
        self.is_complete = True
        return None

    # Sealed bodies

    def _box(self, role):
        return nacl.secret.SecretBox(self.keys(f"seal {role}"))

    def seal(self, **payload):
        box = self._box(self.own_role).encrypt(json.dumps(payload).encode(), self.sent.to_bytes(24, "big")).ciphertext
        body = {"seq": self.sent, "sealed": encode(box)}
        self.sent += 1
        return json.dumps(body)

    def open(self, text):
        try:
            if self.is_over:
                raise CannotVerify("after a failure")
            body = json.loads(text)
            if body["seq"] != self.received:
                raise CannotVerify("out of order")
            payload = self._box(self.their_role).decrypt(decode(body["sealed"]), self.received.to_bytes(24, "big"))
            self.received += 1
            return json.loads(payload)
        except (KeyError, TypeError, ValueError, RecursionError, nacl.exceptions.CryptoError, RoomError) as error:
            self.is_over = True
            raise CannotVerify("the other side could not be verified") from error

    # The proof on the channel

    def proof(self):
        return encode(self.keys.proof(self.own_role, self.certificate, self.their_certificate))

    def check_proof(self, message, seen_certificate):
        """`seen_certificate` is what the DTLS handshake really used."""
        try:
            value = json.loads(message)
            right = self.keys.proof(self.their_role, seen_certificate, self.certificate)
            if value["type"] == "proof" and hmac.compare_digest(decode(value["proof"], 32), right):
                return
        except (KeyError, TypeError, ValueError, RecursionError):
            pass
        raise CannotVerify("the other side could not be verified")


# MARK: The room


def fingerprint(certificate):
    """SHA-256 of the DER of one of aiortc's certificates."""
    [value] = [print.value for print in certificate.getFingerprints() if print.algorithm == "sha-256"]
    return bytes.fromhex(value.replace(":", ""))


class RoomClient:
    """One member of a room. A host serves one guest at a time; what `payload` returns is verified.

        async with RoomClient(link, is_host=True, words=Code.fresh_words()) as room:
            print(link, room.code)
            await room.paired()
            await room.send(type="offer", sdp=...)
            payload = await room.payload()

    A guest enters by a `Link` or by a `Code`."""

    def __init__(self, entrance, is_host, words=None, looks=None, number=True, token=None, size=2):
        self.size = size
        self.entrance, self.link, self.is_host, self.words = entrance, entrance, is_host, words
        self.looks = looks or Looks()
        self.code = self.number = None
        self._number_wanted, self.token = number, token
        self.room = getattr(entrance, "room", None)
        self.pairing = self.other = self.certificate = None

    async def __aenter__(self):
        address = self.entrance.origin.replace("http", "ws", 1) + "/rooms"
        self.socket = await websockets.connect(address, subprotocols=[SUBPROTOCOL], close_timeout=1)
        if self.is_host:
            await self._create()
        else:
            await self._join()
        return self

    async def __aexit__(self, *_):
        if self.pairing:
            self.pairing.give_up()
        await self.socket.close()

    async def _create(self):
        members = {"number": self._number_wanted} if self.words else {}
        if self.token:
            members["token"] = self.token
        await self._say(type="create", room=self.room, size=self.size, **members)
        created = await self._expect("created")
        self.token = created.get("token")
        if self.words:
            self.number = created["number"]
            self.code = Code(self.entrance.origin, self.number, self.words)

    async def _join(self):
        if isinstance(self.entrance, Code):
            self.number = self.entrance.number
            await self._say(type="join", number=self.number)
        else:
            await self._say(type="join", room=self.room)
        joined = await self._expect("joined")
        self.room, self.other = joined["room"], joined["host"]

    async def paired(self):
        """Waits for the other member, and proves and checks the secret. A host that is asked again waits for the next guest."""
        if self.is_host:
            self.other = None
            self.other = (await self._expect("peer-joined"))["peer"]
        self.certificate = RTCCertificate.generateCertificate()
        self.pairing = self._pairing()
        if not self.is_host:
            await self._relay(self.pairing.start())
        while not self.pairing.is_complete:
            try:
                answer = self.pairing.handle(await self._body())
            except CannotVerify as error:
                if self.is_host:
                    if isinstance(error, WrongSecret):
                        await self._relay(json.dumps({"refused": "wrong-secret"}))
                    await self._say(type="drop", peer=self.other)
                raise
            except Refused as error:
                if self.is_host:
                    await self._relay(json.dumps({"refused": error.code}))
                    await self._say(type="drop", peer=self.other)
                raise
            if answer:
                await self._relay(answer)

    def _pairing(self):
        return self._pairing_of(fingerprint(self.certificate))

    def _pairing_of(self, certificate):
        return Pairing(self.is_host, self.room, self._entrances(), self.number, certificate, self.looks)

    def _entrances(self):
        if self.is_host:
            return {"link": self.entrance.secret, **({"code": self.words} if self.words else {})}
        return {"code": self.entrance.words} if isinstance(self.entrance, Code) else {"link": self.entrance.secret}

    async def send(self, **payload):
        await self._relay(self.pairing.seal(**payload))

    async def payload(self):
        return self.pairing.open(await self._body())

    async def _body(self):
        while True:
            message = await self._expect("message")
            if message["from"] == self.other:
                return message["body"]

    async def _relay(self, body):
        await self._say(type="message", to=self.other, body=body)

    async def _say(self, **message):
        try:
            await self.socket.send(json.dumps(message))
        except websockets.ConnectionClosed as error:
            raise RoomError(f"the room was closed: {error}") from None

    async def _receive(self):
        return json.loads(await self.socket.recv())

    async def _expect(self, kind):
        """The next message of this kind; anything that ends the room ends the wait."""
        try:
            while True:
                message = await self._receive()
                if message["type"] == kind:
                    return message
                if message["type"] in ("error", "full"):
                    raise RoomError(message.get("code", message["type"]))
                if message["type"] == "peer-left" and message["peer"] == self.other:
                    raise RoomError("the other side left")
        except websockets.ConnectionClosed as error:
            raise RoomError(f"the room was closed: {error}") from None
