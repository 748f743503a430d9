"""The hash of an item (Docs/Protocols/Transfer.md): SHA-256 as a tree with leaves of 256 KiB, segments of 256 leaves."""

import hashlib

LEAF = 256 * 1024
SEGMENT = 256 * LEAF


def _sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def leaf_hashes(data):
    view = memoryview(data)
    return [_sha256(b"\x00", view[start:start + LEAF]) for start in range(0, len(view), LEAF)]


def tree(hashes):
    """RFC 6962 section 2.1, of hashes that are known already: the left half is the largest power of two below."""
    if not hashes:
        return _sha256()
    if len(hashes) == 1:
        return hashes[0]
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return _sha256(b"\x01", tree(hashes[:half]), tree(hashes[half:]))


def tree_of(data):
    """`tree` of the leaves of these bytes, in hexadecimal: what a `partial` says of the beginning of an item."""
    return tree(leaf_hashes(data)).hex()


def segment_hash(data, segment):
    return tree_of(memoryview(data)[segment * SEGMENT:(segment + 1) * SEGMENT])


def root(data):
    """The root of an item, in hexadecimal, as `item-end` and `confirmed` carry it."""
    return _sha256(b"\x02", len(data).to_bytes(8, "big"), tree(leaf_hashes(data))).hex()


def root_of_file(path):
    """The root of a file that need not fit in memory."""
    hashes, size = [], 0
    with open(path, "rb") as file:
        while block := file.read(LEAF):
            hashes.append(_sha256(b"\x00", block))
            size += len(block)
    return _sha256(b"\x02", size.to_bytes(8, "big"), tree(hashes)).hex()
