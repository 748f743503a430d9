#!/usr/bin/env python3
"""Echoes for the lab, as Docs/Protocols/Lab.md has them: an offer comes as a line of JSON, an answer goes out, and every message of
every channel goes back as it came, until the connection or the input ends.

    lab_echo.py aiortc | talkative | chromium | firefox

The talkative one, aiortc too, says on its standard output what comes.
"""

import asyncio
import json
import sys

ANSWER = """
    (async () => {
        window.pc = new RTCPeerConnection();
        pc.ondatachannel = ({channel}) => {
            channel.binaryType = 'arraybuffer';
            channel.onmessage = ({data}) => channel.send(data);
        };
        await pc.setRemoteDescription(OFFER);
        await pc.setLocalDescription();
        if (pc.iceGatheringState !== 'complete')
            await new Promise(done => pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && done());
        return {type: 'answer', sdp: pc.localDescription.sdp};
    })()
"""


async def main(kind):
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    offer = json.loads(await reader.readline())
    if kind in ("aiortc", "talkative"):
        from aiortc import RTCPeerConnection, RTCSessionDescription

        connection = RTCPeerConnection()

        @connection.on("datachannel")
        def _(channel):
            channel.on("message", channel.send)
            if kind == "talkative":
                channel.on("message", lambda data: print(data.hex(), flush=True))

        await connection.setRemoteDescription(RTCSessionDescription(**offer))
        await connection.setLocalDescription(await connection.createAnswer())
        tell({"type": "answer", "sdp": connection.localDescription.sdp})
        await reader.read()
        await connection.close()
    else:
        from chromium import Chromium
        from firefox import Firefox

        # As people have them: their candidates are mDNS names.
        async with {"chromium": Chromium, "firefox": Firefox}[kind]() as browser:
            page = await browser.open()
            tell(await page.evaluate(ANSWER.replace("OFFER", json.dumps(offer))))
            await reader.read()


def tell(description):
    print(json.dumps(description), flush=True)


asyncio.run(main(sys.argv[1]))
