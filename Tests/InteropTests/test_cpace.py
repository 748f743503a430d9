"""The second implementation's CPace against the draft's own vectors (appendix "CPace using group X25519 and hash SHA-512")."""

import pytest

import cpace

SESSION = bytes.fromhex("7e4b4791d6a8ef019b936c79fb7f2c57")
CONTEXT = b"oc\x0bB_responder\x0bA_initiator"
GENERATOR = "64e8099e3ea682cfdc5cb665c057ebb514d06bf23ebc9f743b51b82242327074"
INITIATOR = {
    "scalar": bytes.fromhex("21b4f4bd9e64ed355c3eb676a28ebedaf6d8f17bdc365995b319097153044080"),
    "share": "1b02dad6dbd29a07b6d28c9e04cb2f184f0734350e32bb7e62ff9dbcfdb63d15",
}
RESPONDER = {
    "scalar": bytes.fromhex("848b0779ff415f0af4ea14df9dd1d3c29ac41d836c7808896c4eba19c51ac40a"),
    "share": "20cda5955f82c4931545bcbf40758ce1010d7db4db2a907013d79c7a8fcf957f",
}
KEY = ("a051ee5ee2499d16da3f69f430218b8ea94a18a45b67f9e86495b382c33d14a5"
       "c38cecc0cc834f960e39e0d1bf7d76b9ef5d54eecc5e0f386c97ad12da8c3d5f")


def test_lengths():
    assert cpace.prepend_length(b"") == b"\0"
    assert cpace.prepend_length(bytes(range(127)))[:2] == b"\x7f\0"
    assert cpace.prepend_length(bytes(range(128)))[:3] == b"\x80\x01\0"
    assert cpace.joined(b"1234", b"5", b"", b"678") == b"\x041234\x015\0\x03678"


def test_the_generator():
    string = cpace.generator_string(b"Password", CONTEXT, SESSION)
    assert len(string) == 172 and string[:18] == b"\x08CPace255\x08Password" and string[18] == 109
    assert cpace.generator(b"Password", CONTEXT, SESSION).hex() == GENERATOR


def test_both_sides():
    initiator, responder = (cpace.Share(b"Password", CONTEXT, SESSION, side["scalar"]) for side in (INITIATOR, RESPONDER))
    assert initiator.public.hex() == INITIATOR["share"] and responder.public.hex() == RESPONDER["share"]
    assert initiator.key(True, b"ADa", responder.public, b"ADb").hex() == KEY
    assert responder.key(False, b"ADb", initiator.public, b"ADa").hex() == KEY


@pytest.mark.parametrize("point, product", [
    ("0000000000000000000000000000000000000000000000000000000000000000", None),
    ("0100000000000000000000000000000000000000000000000000000000000000", None),
    ("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", None),
    ("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", None),
    ("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157", None),
    ("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", None),
    ("daffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "d8e2c776bbacd510d09fd9278b7edcd25fc5ae9adfba3b6e040e8d3b71b21806"),
    ("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", None),
    ("dbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "c85c655ebe8be44ba9c0ffde69f2fe10194458d137f09bbff725ce58803cdb38"),
    ("d9ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "db64dafa9b8fdd136914e61461935fe92aa372cb056314e1231bc4ec12417456"),
    ("cdeb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
     "e062dcd5376d58297be2618c7498f55baa07d7e03184e8aada20bca28888bf7a"),
    ("4c9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
     "993c6ad11c4c29da9a56f7691fd0ff8d732e49de6250b6c2e80003ff4629a175"),
])
def test_points_of_low_order(point, product):
    scalar = bytes.fromhex("af46e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449aff")
    if product:
        assert cpace.multiply(scalar, bytes.fromhex(point)).hex() == product
    else:
        with pytest.raises(cpace.NeutralElement):
            cpace.multiply(scalar, bytes.fromhex(point))
