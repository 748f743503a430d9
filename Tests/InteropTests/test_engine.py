"""The engine across from real browsers and aiortc: offer and answer both ways, options, sizes, order, closing."""

import asyncio

import aiortc
import pytest
import pytest_asyncio

from chromium import Chromium
from firefox import Firefox
from martlet_program import SignalingPeer


@pytest_asyncio.fixture(scope="session", params=[Chromium, Firefox], ids=lambda browser: browser.name)
async def tab(request):
    """A blank tab of a browser as people have it: its host candidates are mDNS names that nobody resolves."""
    async with request.param() as browser:
        yield await browser.open()


# The browser's side: `window.pc` and `window.channel`, whoever made it; `window.received` has what came.
SETUP = """
    window.pc?.close();
    window.pc = new RTCPeerConnection();
    window.received = [];
    window.closed = false;
    window.take = channel => {
        window.channel = channel;
        channel.binaryType = 'arraybuffer';
        channel.onclose = () => window.closed = true;
        channel.onmessage = event => window.received.push(event.data);
    };
    pc.ondatachannel = event => take(event.channel);
    window.complete = async description => {
        await pc.setLocalDescription(description);
        if (pc.iceGatheringState !== 'complete')
            await new Promise(done => pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && done());
        return {type: pc.localDescription.type, sdp: pc.localDescription.sdp};
    };
    return true;
"""


async def call(tab, body):
    return await tab.evaluate("(async () => {" + body + "})()")


async def connect_answering(tab, peer):
    """The engine offers, the browser answers."""
    await call(tab, SETUP)
    offer = await peer.read()
    assert offer["type"] == "offer"
    await peer.write(await call(tab, f"await pc.setRemoteDescription({json(offer)}); return await complete();"))
    await tab.wait_for("window.channel?.readyState === 'open'")


async def connect_offering(tab, peer, options="{}", label="from the browser"):
    """The browser offers, the engine answers."""
    await call(tab, SETUP)
    offer = await call(tab, f"take(pc.createDataChannel({json(label)}, {options})); return await complete();")
    await peer.write(offer)
    answer = await peer.read()
    assert answer["type"] == "answer"
    await call(tab, f"await pc.setRemoteDescription({json(answer)}); return 1;")
    await tab.wait_for("window.channel?.readyState === 'open'")


def json(value):
    import json as module
    return module.dumps(value)


ECHO = """
    window.received = [];
    const sent = ['hello', '', 'grüß dich 🐦', new Uint8Array([1, 2, 3]), new Uint8Array(0)].concat(LARGE);
    for (const message of sent) channel.send(message);
    const end = Date.now() + 20000;
    while (received.length < sent.length && Date.now() < end) await new Promise(done => setTimeout(done, 10));
    const same = (a, b) => typeof a === 'string' ? a === b
        : b instanceof ArrayBuffer && a.length === b.byteLength && a.every((x, i) => x === new Uint8Array(b)[i]);
    return {count: received.length, same: sent.every((message, i) => same(message, received[i]))};
"""


async def assert_echo(tab):
    large = "[new Uint8Array(65536).fill(7), new Uint8Array(262144).fill(9)]"
    assert await call(tab, ECHO.replace("LARGE", large)) == {"count": 7, "same": True}


async def assert_small_echo(tab):
    """For channels that may lose messages: a burst of many packets can overrun a socket's buffer even here."""
    assert await call(tab, ECHO.replace("LARGE", "[]")) == {"count": 5, "same": True}


async def test_engine_offers_and_echoes(tab):
    async with SignalingPeer("offer") as peer:
        await connect_answering(tab, peer)
        await assert_echo(tab)
        await call(tab, "channel.close(); return 1;")
        report = await peer.read()
        assert (report["receivedMessages"], report["id"]) == (7, 1)
        assert await asyncio.wait_for(peer.process.wait(), 10) == 0


async def test_browser_offers_and_engine_echoes(tab):
    async with SignalingPeer("answer") as peer:
        await connect_offering(tab, peer)
        await assert_echo(tab)
        await call(tab, "pc.close(); return 1;")
        report = await peer.read()
        assert (report["label"], report["receivedMessages"]) == ("from the browser", 7)
        assert await asyncio.wait_for(peer.process.wait(), 10) == 0


OPTIONS = [
    ([], {"ordered": True, "maxRetransmits": None, "maxPacketLifeTime": None, "protocol": ""}),
    (["--unordered"], {"ordered": False, "maxRetransmits": None, "maxPacketLifeTime": None, "protocol": ""}),
    (["--max-retransmits", 0], {"ordered": True, "maxRetransmits": 0, "maxPacketLifeTime": None, "protocol": ""}),
    (["--unordered", "--max-retransmits", 7, "--protocol", "chess"],
     {"ordered": False, "maxRetransmits": 7, "maxPacketLifeTime": None, "protocol": "chess"}),
    (["--unordered", "--max-packet-life-time", 250],
     {"ordered": False, "maxRetransmits": None, "maxPacketLifeTime": 250, "protocol": ""}),
]


@pytest.mark.parametrize("flags, seen", OPTIONS, ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "")
async def test_browser_sees_the_options_that_the_engine_announces(tab, flags, seen):
    async with SignalingPeer("offer", "--label", "schwalbe 🐦", *flags) as peer:
        await connect_answering(tab, peer)
        assert await call(
            tab, "const {label, ordered, maxRetransmits, maxPacketLifeTime, protocol, negotiated} = channel;"
            "return {label, ordered, maxRetransmits, maxPacketLifeTime, protocol, negotiated};"
        ) == {**seen, "label": "schwalbe 🐦", "negotiated": False}
        await assert_small_echo(tab)


@pytest.mark.parametrize("options, seen", [
    ("{ordered: false}", {"ordered": False}),
    ("{ordered: false, maxRetransmits: 3}", {"ordered": False, "maxRetransmits": 3}),
    ("{maxPacketLifeTime: 400, protocol: 'p'}", {"ordered": True, "maxPacketLifeTime": 400, "protocol": "p"}),
])
async def test_engine_sees_the_options_that_the_browser_announces(tab, options, seen):
    async with SignalingPeer("answer") as peer:
        await connect_offering(tab, peer, options)
        await assert_small_echo(tab)
        await call(tab, "channel.close(); return 1;")
        report = await peer.read()
        assert {key: report[key] for key in seen} == seen


@pytest.mark.parametrize("role", ["offer", "answer"])
async def test_negotiated_channels_need_no_announcement(tab, role):
    async with SignalingPeer(role, "--negotiated", 5) as peer:
        options = "{negotiated: true, id: 5}"
        if role == "answer":
            await connect_offering(tab, peer, options)
        else:
            await call(tab, SETUP)
            offer = await peer.read()
            await peer.write(await call(
                tab, f"take(pc.createDataChannel('n', {options}));"
                f"await pc.setRemoteDescription({json(offer)}); return await complete();"))
            await tab.wait_for("window.channel?.readyState === 'open'")
        await assert_echo(tab)


async def test_a_second_offer_of_the_browser_does_not_disturb(tab):
    async with SignalingPeer("answer") as peer:
        await connect_offering(tab, peer)
        # The engine's example negotiates once; the browser's further channels need no second negotiation.
        assert await call(tab, """
            const second = pc.createDataChannel('second');
            await new Promise(done => second.onopen = done);
            return pc.signalingState;
        """) == "stable"
        await assert_echo(tab)


async def test_megabytes_to_the_browser_and_back(tab):
    size = 20 * 1024 * 1024
    async with SignalingPeer("offer", "--mode", "blast", "--bytes", size) as peer:
        await call(tab, SETUP)
        offer = await peer.read()
        await peer.write(await call(tab, f"""
            const queue = [];
            const pump = () => {{
                while (queue.length && channel.bufferedAmount < 4 << 20) channel.send(queue.shift());
            }};
            pc.ondatachannel = event => {{
                take(event.channel);
                channel.bufferedAmountLowThreshold = 1 << 20;
                channel.onbufferedamountlow = pump;
                channel.onmessage = event => {{ queue.push(event.data); pump(); }};
            }};
            await pc.setRemoteDescription({json(offer)});
            return await complete();
        """))
        report = await peer.read(120)
        assert (report["sentBytes"], report["receivedBytes"]) == (size, size)


async def test_a_vanished_engine_is_noticed_and_the_browser_can_go_on(tab):
    async with SignalingPeer("offer") as peer:
        await connect_answering(tab, peer)
    await tab.wait_for("window.pc.connectionState !== 'connected'", 20)
    async with SignalingPeer("offer") as peer:
        await connect_answering(tab, peer)
        await assert_echo(tab)


# MARK: aiortc, another implementation of every layer


async def aiortc_echo(channel):
    received = []
    done = asyncio.Event()
    sent = ["hello", "grüß dich 🐦", b"\x01\x02", bytes(60_000), b"x" * 65_536]

    @channel.on("message")
    def on_message(message):
        received.append(message)
        if len(received) == len(sent):
            done.set()

    for message in sent:
        channel.send(message)
    await asyncio.wait_for(done.wait(), 20)
    assert received == sent


def describe(description):
    return {"type": description.type, "sdp": description.sdp}


async def test_aiortc_answers():
    async with SignalingPeer("offer", "--unordered", "--max-retransmits", 3, "--protocol", "p") as peer:
        connection = aiortc.RTCPeerConnection()
        channels = asyncio.Queue()
        connection.on("datachannel", channels.put_nowait)
        await connection.setRemoteDescription(aiortc.RTCSessionDescription(**await peer.read()))
        await connection.setLocalDescription(await connection.createAnswer())
        await peer.write(describe(connection.localDescription))
        channel = await asyncio.wait_for(channels.get(), 30)
        assert (channel.ordered, channel.maxRetransmits, channel.protocol) == (False, 3, "p")
        await aiortc_echo(channel)
        await connection.close()


async def test_aiortc_offers():
    async with SignalingPeer("answer") as peer:
        connection = aiortc.RTCPeerConnection()
        channel = connection.createDataChannel("from aiortc", maxPacketLifeTime=500, protocol="q")
        opened = asyncio.Event()
        channel.on("open", opened.set)
        await connection.setLocalDescription(await connection.createOffer())
        await peer.write(describe(connection.localDescription))
        await connection.setRemoteDescription(aiortc.RTCSessionDescription(**await peer.read()))
        await asyncio.wait_for(opened.wait(), 30)
        await aiortc_echo(channel)
        await connection.close()
        report = await peer.read()
        assert (report["label"], report["maxPacketLifeTime"], report["protocol"]) == ("from aiortc", 500, "q")
