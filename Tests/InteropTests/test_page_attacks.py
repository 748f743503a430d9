"""Hosts that know the secret and lie behind it, against the page. (A rendezvous that means harm: test_evil_page.py.)"""

import asyncio
import json

import pytest

from martlet_peer import Connection, TransferError
from rooms_client import RoomError, encode


# MARK: Hosts that know the secret, and lie behind it


OTHER_FINGERPRINT = ":".join(["AB"] * 32)


@pytest.mark.parametrize("change", [
    lambda line: f"a=fingerprint:sha-256 {OTHER_FINGERPRINT}",
    lambda line: f"{line}\r\na=fingerprint:sha-256 {OTHER_FINGERPRINT}",
    lambda line: f"{line}\r\na=fingerprint:sha-1 {OTHER_FINGERPRINT[:59]}",
    lambda line: f"a=fingerprint:sha-512 {OTHER_FINGERPRINT}:{OTHER_FINGERPRINT}",
    lambda line: "a=x:y",
], ids=["another", "one more", "another hash more", "another hash", "none"])
async def test_an_offer_with_another_certificate_than_in_the_exchange(visit, change):
    await visit.make_room()
    await visit.open()
    await visit.room.paired()
    send = visit.room.send

    async def lie(**payload):
        if "sdp" in payload:
            lines = payload["sdp"].split("\r\n")
            payload["sdp"] = "\r\n".join(change(line) if "a=fingerprint" in line else line for line in lines)
        await send(**payload)

    visit.room.send = lie
    visit.connection = Connection()
    with pytest.raises(RoomError, match="protocol"):
        await visit.connection.establish(visit.room)
    await visit.failure("cannot-verify")


HELLO = json.dumps({"type": "hello", "protocol": "martlet.transfer", "version": 1, "role": "sender", "agent": "canary",
                    "session": "s", "features": []})
OFFER = json.dumps({"type": "offer", "transfer": "t", "items": [{"item": 0, "path": ["canary"], "size": 1}], "more": False})


@pytest.mark.parametrize("proof", [
    lambda proof: json.dumps({"type": "proof", "proof": encode(bytes(32))}),
    lambda proof: json.dumps({"type": "proof", "proof": json.loads(proof)["proof"][:-4]}),
    lambda proof: json.dumps({**json.loads(proof), "type": "Proof"}),
    lambda proof: "null", lambda proof: "{", lambda proof: HELLO, lambda proof: json.loads(proof)["proof"],
], ids=["zeros", "short", "type", "null", "no JSON", "hello", "bare"])
async def test_a_proof_that_is_none(visit, proof):
    await visit.make_room()
    await visit.open()
    await visit.room.paired()
    connection = visit.connection = Connection()

    def say(right):
        connection.control.send(proof(right))
        connection.control.send(HELLO)
        return OFFER

    connection.change_proof = say
    await connection.establish(visit.room)
    await visit.failure("cannot-verify")
    assert "canary" not in await visit.page.evaluate("document.body.innerText")
    # Not a word of a transfer was said to it.
    with pytest.raises(TransferError, match="gone"):
        await connection.next(10)


async def test_the_page_shows_its_proof_without_waiting(visit):
    """And another than the host's own, or one of the host's channel, is none."""
    await visit.make_room()
    await visit.open()
    await visit.room.paired()
    connection = visit.connection = Connection()
    proofs = []
    connection.change_proof = lambda right: proofs.append(right) or json.dumps({
        "type": "proof", "proof": encode(visit.room.pairing.keys.proof(
            "guest", visit.room.pairing.their_certificate, visit.room.pairing.certificate))})
    await connection.establish(visit.room)
    assert proofs
    await visit.failure("cannot-verify")


async def test_data_before_the_proof(visit):
    await visit.make_room()
    await visit.open()
    await visit.room.paired()
    connection = visit.connection = Connection()

    def early(right):
        connection.data.send(bytes(40))
        return right

    connection.change_proof = early
    running = asyncio.create_task(connection.establish(visit.room))
    await visit.failure("cannot-verify")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_bodies_after_the_proof_end_no_transfer(visit):
    """A server that has seen two people meet cannot part them any more."""
    connection = await visit.connect()
    await connection.hello("sender")
    await visit.room._relay("nonsense")
    await visit.room._relay(json.dumps({"refused": "dead"}))
    await asyncio.sleep(0.5)
    connection.say("offer", transfer="t", items=[{"item": 0, "path": ["a"], "size": 1}], more=False)
    await visit.state("offered")
