"""The page without a server that knows anything: an offer that a person pastes, the answer that they carry back, words."""

import asyncio
import json
import pathlib
import re

import pytest
from aiortc import RTCCertificate, RTCSessionDescription

import verification
from martlet_peer import Connection, Item, Sender, TransferError
from page_support import noise
from test_page_codes import enter

#: The texts of Tests/SignalingTests/OfflineSamples.swift: an offer, and an answer with one candidate of each kind.
SAMPLES = re.findall(r'"""\n(.*?)"""', (
    pathlib.Path(__file__).parents[1] / "SignalingTests/OfflineSamples.swift").read_text(), re.DOTALL)
OFFER, ANSWER = ("".join(text.split()) for text in SAMPLES[:2])
EXPIRES = 1_795_000_000
SAMPLE_SDP = "\r\n".join([
    "v=0", "a=mid:0", "a=ice-ufrag:y0v2", "a=ice-pwd:OHD0uHRiu3v/uAOinBsnpL4b",
    "a=fingerprint:sha-256 " + ":".join(f"{byte:02X}" for byte in reversed(range(32))), "a=setup:active", "a=sctp-port:5001",
    "a=max-message-size:1073741823",
    "a=candidate:6 1 udp 255 198.51.100.2 43154 typ relay raddr 0.0.0.0 rport 9",
    "a=candidate:7 1 tcp 1518280447 198.51.100.2 9 typ host tcptype active",
    "a=candidate:1 1 udp 2130706431 b0194bb8-3307-4668-8815-a81dea927ea9.local 43149 typ host",
    "a=candidate:2 1 udp 2130706175 2001:db8::1 43150 typ host", "a=candidate:3 1 udp 2130705919 ::1 43151 typ host",
    "a=candidate:4 1 udp 2130705663 printer.local 43152 typ host",
    "a=candidate:5 1 udp 1694498815 203.0.113.7 43153 typ srflx raddr 0.0.0.0 rport 9", ""])


async def offering(makes_words=True):
    """A connection whose offer waits for an answer, and the offer."""
    connection = Connection(makes_words)
    connection._make(RTCCertificate.generateCertificate())
    await connection.pc.setLocalDescription(await connection.pc.createOffer())
    return connection, {"type": "offer", "sdp": verification.only_sha256(connection.pc.localDescription.sdp)}


async def open_form(visit):
    visit.page = await visit.browser.open(visit.server.origin + "/")
    await visit.failure("no-link")


async def answer_of(visit):
    """What the page asks the person to carry."""
    await visit.state("answering")
    return await visit.page.evaluate("document.querySelector('#texts .words').textContent")


async def connect(visit, connection, answer):
    visit.connection = connection
    await connection.pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
    async with asyncio.timeout(30):
        await connection._wait(lambda: connection.control.readyState == connection.data.readyState == "open")
    # Without a room nothing is proven on the channel.
    connection._is_proven = True


@pytest.mark.parametrize("delay", [0, 45])
async def test_an_offer_and_its_answer(visit, delay):
    await open_form(visit)
    connection, offer = await offering()
    await enter(visit, json.dumps({**offer, "martlet": {"expires": 2**32 - 1}}, indent=1))
    answer = json.loads(await answer_of(visit))
    assert answer["type"] == "answer" and re.fullmatch("[0-9a-f]{8}", answer["martlet"]["answers"])
    await visit.picture("answer")
    # People are slow.
    await asyncio.sleep(delay)
    await connect(visit, connection, answer)
    content = noise(2_000_000)
    sender = Sender(connection, [Item(["a.bin"], content)])
    running = asyncio.create_task(sender.run())
    text = await visit.state("offered")
    assert "Nothing vouches for the other side yet" in text and "stop if they differ" in text
    assert " · ".join(connection.words) in text
    assert "a new offer of the same files goes on" in text
    await visit.picture("offline-offered")
    await visit.page.click("#accept")
    assert (await asyncio.wait_for(running, 60)).receipt["items"] == 1
    [file] = await visit.browser.downloads.finished(1)
    assert file.read_bytes() == content
    await visit.state("done")


async def test_the_same_files_go_on_after_another_offer(visit):
    content = noise(9_000_000)
    await open_form(visit)
    connection, offer = await offering()
    await enter(visit, json.dumps(offer))
    await connect(visit, connection, json.loads(await answer_of(visit)))
    sender = Sender(connection, [Item(["a.bin"], content)])
    sender.pause_after = 6_000_000
    running = asyncio.create_task(sender.run())
    await visit.state("offered")
    await visit.page.click("#accept")
    await asyncio.wait_for(sender.paused.wait(), 60)
    await visit.page.wait_for("document.querySelector('#progress').value > 0.5")
    running.cancel()
    await connection.close()
    await asyncio.gather(running, return_exceptions=True)
    assert "paste its new offer here" in await visit.failure("gone-offline")
    await visit.picture("gone-offline")
    connection, offer = await offering()
    await enter(visit, json.dumps(offer))
    await connect(visit, connection, json.loads(await answer_of(visit)))
    again = Sender(connection, [Item(["a.bin"], content)])
    running = asyncio.create_task(again.run())
    # The words come first: it is asked again.
    await visit.state("offered")
    await visit.page.click("#accept")
    sent = await asyncio.wait_for(running, 60)
    assert sent.begun[0] > 0
    [file] = await visit.browser.downloads.finished(1)
    assert file.read_bytes() == content


async def test_a_peer_without_words(visit):
    await open_form(visit)
    connection, offer = await offering(makes_words=False)
    await enter(visit, json.dumps(offer))
    await connect(visit, connection, json.loads(await answer_of(visit)))
    with pytest.raises(TransferError, match="cannot-verify"):
        await Sender(connection, [Item(["a.bin"], b"abc")]).run()
    await visit.failure("cannot-verify")


@pytest.mark.parametrize("text, code", [
    (ANSWER, "answer-for-offer"), (OFFER[:-1], "cut-offer"), (OFFER[:20], "cut-offer"),
    (OFFER[:100] + ("A" if OFFER[100] != "A" else "B") + OFFER[101:], "damaged-offer"),
    ("MARTLET7" + OFFER[8:], "unknown-offer"), ('{"type":"offer","sdp":"v=0"}', "bad-offer"), ('{"type":', "damaged-offer"),
    ('{"type":"offer"}', "bad-offer"), ("{}", "bad-offer"), ("[{}]", "bad-offer"), ("{null}", "damaged-offer")],
    ids=lambda value: value[:14])
async def test_what_is_no_offer(visit, text, code):
    await open_form(visit)
    await enter(visit, text)
    await visit.failure(code)


async def test_an_offer_that_nobody_waits_behind(visit):
    await open_form(visit)
    connection, offer = await offering()
    await enter(visit, json.dumps({**offer, "martlet": {"expires": EXPIRES - 10**8}}))
    assert "Run the command on the other computer again" in await visit.failure("expired-offer")
    await connection.close()


async def test_the_compact_form(visit):
    """The page reads and writes what the program does."""
    await open_form(visit)
    found = await visit.page.evaluate(f"""import("/offline.js").then(({{ readOffer, writeAnswer }}) => {{
        Date.now = () => {EXPIRES}000;
        const quoted = {json.dumps(OFFER)}.toLowerCase().replace(/(.{{30}})/g, "$1\\n> ");
        const offer = readOffer("Here: " + quoted + "\\nBye");
        return {{ ...offer, answer: writeAnswer({json.dumps(SAMPLE_SDP)}, offer, {EXPIRES}) }};
    }})""")
    assert found["form"] == "compact" and found["answer"] == ANSWER
    lines = found["sdp"].split("\r\n")
    assert {"a=ice-ufrag:abcdEFGH", "a=ice-pwd:0123456789abcdefghij+/AB", "a=setup:actpass", "a=sctp-port:5000",
            "a=max-message-size:262144", "a=candidate:1 1 udp 2130706431 192.168.1.20 50000 typ host",
            "a=candidate:2 1 udp 2130706175 127.0.0.1 50001 typ host", "a=end-of-candidates",
            "a=fingerprint:sha-256 " + ":".join(f"{byte:02X}" for byte in range(32))} <= set(lines)
