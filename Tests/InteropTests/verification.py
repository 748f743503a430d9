"""Words to compare, as Docs/Protocols/Transfer.md says."""

import hashlib
import pathlib
import re

LIST = pathlib.Path(__file__).resolve().parents[2] / "Sources" / "Web" / "Page" / "words.txt"
#: Bytes of a nonce.
NONCE = 16


def _hash(*parts):
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


def commitment(role, nonce):
    return _hash(b"martlet words commit 1", role.encode(), nonce)


def certificate(sdp):
    """The one certificate of a description."""
    [digits] = set(re.findall(r"a=fingerprint:sha-256 ([0-9A-Fa-f:]+)", sdp))
    return bytes.fromhex(digits.replace(":", ""))


def only_sha256(sdp):
    """aiortc names three hashes of its certificate; a description of a room names one, the one that was bound."""
    return re.sub(r"a=fingerprint:sha-(?!256)[^\r\n]*\r?\n", "", sdp)


def words(sender, receiver):
    """Of two sides, each (certificate, nonce)."""
    digest = _hash(b"martlet words 1", sender[0], receiver[0], sender[1], receiver[1])
    number = int.from_bytes(digest[:8], "big")
    lines = [line for line in LIST.read_text().splitlines() if not line.startswith("#")]
    return [lines[number // len(lines) ** place % len(lines)] for place in (2, 1, 0)]
