"""`martlet lab live`: four channels at once over a link that one turns at, as a person has it in a terminal, and by its events."""

import re
import shlex

import pytest

from martlet_program import Martlet
from test_chat_terminal import PROGRAM, Terminal

pytestmark = pytest.mark.asyncio

CHANNELS = ["ordered", "unordered", "unordered:rtx=0", "unordered:life=100"]


def live(*arguments):
    """`--json` belongs to `live`, behind both words."""
    return Martlet("lab", "live", "--json", *arguments, json_events=False)


async def counted(program, messages):
    """The first event of which every channel has counted so many messages."""
    while True:
        event = await program.event("lab-live")
        assert [channel["channel"] for channel in event["channels"]] == CHANNELS
        if all(channel["accepted"] >= messages for channel in event["channels"]):
            return event


def check(event):
    """What 20 % loss each way does: reliable channels lose nothing, the others as much as they can."""
    ordered, unordered, once, brief = event["channels"]
    for channel in (ordered, unordered):
        # The last ones may still be sent again.
        assert channel["delivered"] >= 0.9 * channel["accepted"]
    assert 0.55 * once["accepted"] < once["delivered"] < 0.95 * once["accepted"]
    # A lifetime of 100 ms has room for a second try; on a machine that is busy many messages expire before their first.
    assert 0.1 * brief["accepted"] < brief["delivered"] < brief["accepted"]
    assert ordered["p99_ms"] > once["p50_ms"]


async def test_options_differ_as_they_should():
    async with live("--loss", "20%", "--delay", "20ms", "--rate", "100") as program:
        event = await counted(program, 300)
        assert event["loss"] == 0.2 and event["delay_ms"] == 20 and event["rate"] is None
        check(event)
        assert all(channel["waiting_p99_ms"] is not None for channel in event["channels"])


async def test_messages_to_a_chromium_that_opens_by_itself():
    async with live(
            "--peer", "chromium", "--headless", "--local", "--port", "0", "--loss", "20%", "--delay", "20ms",
            "--rate", "100") as program:
        peer = await program.event("peer")
        assert "Chrom" in peer["agent"]
        check(await counted(program, 300))


@pytest.mark.parametrize("columns", [80, 120])
async def test_keys_turn_at_the_link(tmp_path, columns):
    async with Terminal(tmp_path, columns=columns, rows=24) as terminal:
        before = await terminal.settings()
        terminal.press("C-l")
        terminal.enter(shlex.join([PROGRAM, "lab", "live", "--loss", "0%", "--delay", "20ms"]))
        await terminal.until("[loss 0 %]")
        row = re.compile(r"delivered +100 % +100 % +100 % +100 %")
        lines = await terminal.until(lambda lines: lines if any(row.match(line) for line in lines) else None)
        assert any("maxRetransmits 0" in line for line in lines)
        for _ in range(10):
            terminal.press("Up")
        await terminal.until("[loss 20 %]")
        lossy = re.compile(r"delivered .* \d\d(\.\d)? % +\d\d(\.\d)? %$")
        await terminal.until(lambda lines: any(lossy.match(line) for line in lines))
        terminal.press("d", "Up")
        await terminal.until("[delay 30 ms]")
        terminal.press("q")
        await terminal.until(lambda lines: lines[-1] == "$")
        assert any("[delay 30 ms]" in line for line in terminal.screen()), "the last picture stays"
        assert await terminal.settings() == before
