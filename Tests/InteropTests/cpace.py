"""CPace over X25519 and SHA-512 (draft-irtf-cfrg-cpace, initiator-responder), and what Docs/Protocols/Rooms.md makes of its
key: written from the two documents alone."""

import hashlib
import hmac
import secrets
import struct

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

PRIME = 2**255 - 19
#: Of Curve25519: v² = u³ + A u² + u. 2 is the non-square of its Elligator map.
A, NON_SQUARE = 486662, 2
BLOCK = 128


class NeutralElement(ValueError):
    """The product is the neutral element: whoever computes it ends the attempt."""


# MARK: The draft's strings: lengths are LEB128


def prepend_length(data):
    length, encoded = len(data), bytearray()
    while True:
        encoded.append(length & 0x7F | (0x80 if length > 0x7F else 0))
        length >>= 7
        if not length:
            return bytes(encoded) + data


def joined(*parts):
    return b"".join(map(prepend_length, parts))


def generator_string(password, context, session):
    domain = b"CPace255"
    padding = max(0, BLOCK - 1 - len(prepend_length(password)) - len(prepend_length(domain)))
    return joined(domain, password, bytes(padding), context, session)


# MARK: The group


def elligator(number):
    """Elligator 2 (RFC 9380): the u coordinate of a point of the curve for each field element."""
    first = -A * pow(1 + NON_SQUARE * number * number, -1, PRIME) % PRIME
    right = (first**3 + A * first**2 + first) % PRIME
    is_square = pow(right, (PRIME - 1) // 2, PRIME) in (0, 1)
    return first if is_square else (-first - A) % PRIME


def generator(password, context, session):
    digest = hashlib.sha512(generator_string(password, context, session)).digest()[:32]
    number = (int.from_bytes(digest, "little") & (1 << 255) - 1) % PRIME
    return elligator(number).to_bytes(32, "little")


def multiply(scalar, point):
    """X25519. The neutral element is an error."""
    try:
        return X25519PrivateKey.from_private_bytes(scalar).exchange(X25519PublicKey.from_public_bytes(point))
    except ValueError:
        raise NeutralElement("the neutral element") from None


def session_key(session, shared, ya, ada, yb, adb):
    """ISK."""
    return hashlib.sha512(joined(b"CPace255_ISK", session, shared) + joined(ya, ada) + joined(yb, adb)).digest()


class Share:
    """One side's ephemeral scalar and its public share."""

    def __init__(self, password, context, session, scalar=None):
        self.session = session
        self.scalar = scalar or secrets.token_bytes(32)
        self.public = multiply(self.scalar, generator(password, context, session))

    def key(self, is_initiator, own_data, other, other_data):
        shared = multiply(self.scalar, other)
        own = self.public, own_data
        parts = (*own, other, other_data) if is_initiator else (other, other_data, *own)
        return session_key(self.session, shared, *parts)


# MARK: What Rooms.md makes of it


def lv(data):
    return struct.pack(">I", len(data)) + data


def mac(key, message):
    return hmac.new(key, message, hashlib.sha512).digest()


class Keys:
    """All keys of one exchange between a host and a guest."""

    def __init__(self, session, key):
        self._root = mac(session, key)

    def __call__(self, label):
        return mac(self._root, b"martlet rooms 2 " + label.encode() + b"\x01")[:32]

    def confirmation(self, role, ya, ada, yb, adb):
        return mac(self(f"confirm {role}"), lv(ya) + lv(ada) + lv(yb) + lv(adb))[:32]

    def proof(self, role, own_certificate, seen_certificate):
        return mac(self(f"channel {role}"), lv(own_certificate) + lv(seen_certificate))[:32]


def context(room, by, number):
    """CI. `number` is None for a link."""
    digits = b"" if number is None else str(number).encode()
    return lv(b"martlet rooms 2") + lv(room.encode()) + lv(by.encode()) + lv(digits)


def associated_data(role, certificate):
    return lv(role.encode()) + lv(certificate)
