"""Chromium's own SCTP as the sender of the lab: of the messages that it accepted, an unordered channel with maxRetransmits 0 delivers
the share that follows from how many packets a message takes. The program conducts, its relay loses packets, and the page of one
browser is the partner of four programs at once, one for each size of messages."""

import asyncio
import json
import math

from chromium import Chromium
from martlet_program import Martlet

LOSSES = (0.01, 0.03, 0.05, 0.1, 0.2)
#: One, one, one and two packets: one of Chromium's carries 1,160 bytes. Longer messages, or more of them, wait for room in the window
#: after a loss, and are then cut anywhere: there are more packets then, and no longer as many as can be told beforehand.
SIZES = (100, 600, 1_000, 1_400)
FULL = 1_160


async def results(browser, size, folder):
    """What the program has measured, a result for each loss."""
    report = folder / f"{size}.json"
    losses = ",".join(map(str, LOSSES))
    async with Martlet("lab", "--link", "shaped", "--peer", "page", "--from", "peer", "--channel", "unordered:rtx=0",
                       "--loss", losses, "--back", "loss=0", "--delay", "5ms", "--size", size, "--rate", 40, "--duration", "8s",
                       "--seeds", 1, "--port", 0, "-o", report) as program:
        page = await browser.open((await program.event("link"))["link"])
        code, said = await program.end(120)
        assert code == 0, said
        await page.close()
    return json.loads(report.read_text())["results"]


async def test_what_chromium_sends_once_arrives_as_its_packets_do(tmp_path):
    async with Chromium(real_addresses=True) as browser:
        measured = await asyncio.gather(*(results(browser, size, tmp_path) for size in SIZES))
    lines, wrong = [], []
    for size, rows in zip(SIZES, measured, strict=True):
        for loss, row in zip(LOSSES, rows, strict=True):
            accepted, expected = row["accepted"], (1 - loss) ** math.ceil(size / FULL)
            error = math.sqrt(expected * (1 - expected) / accepted)
            share = row["delivered"] / accepted
            line = f"loss {loss:4} size {size:4}: {share:.4f} of {accepted}, expected {expected:.4f}, {(share - expected) / error:+.2f}"
            lines.append(line)
            if accepted < 250 or row["damaged"] or abs(share - expected) > 3 * error:
                wrong.append(line)
    print("\n".join(lines))
    assert not wrong, "\n".join(lines)
