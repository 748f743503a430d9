"""Other implementations across the lab's relay, each through the echo: what the relay does to packets, they feel."""

import asyncio
import json
import pathlib
import shlex
import sys

import pytest

from browser import _die_with_parent as die_with_parent
from martlet_program import BUILD

ECHO = pathlib.Path(__file__).with_name("lab_echo.py")


async def measure(tmp_path, echo, *options):
    """One scenario against an echo over the shaped link; the result in the report."""
    report = tmp_path / "report.json"
    process = await asyncio.create_subprocess_exec(
        str(BUILD / "martlet"), "lab", "run", "--link", "shaped", "--echo", echo, "-o", str(report), *options,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        preexec_fn=die_with_parent)
    said, _ = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode == 0, said.decode()
    (result,) = json.loads(report.read_text())["results"]
    return result


def command(kind):
    return " ".join(["exec", shlex.quote(sys.executable), shlex.quote(str(ECHO)), kind])


@pytest.mark.parametrize("kind", ["aiortc", "chromium", "firefox"])
async def test_every_message_takes_the_relays_time_and_some_are_lost(tmp_path, kind):
    result = await measure(
        tmp_path, command(kind), "--channel", "unordered:rtx=0", "--delay", "40ms", "--loss", "10%", "--back", "loss=0",
        "--size", "200", "--rate", "100", "--duration", "3s", "--seeds", "1")
    # There 40 ms and back 40 ms: nothing takes a way past the relay, with or without mDNS names.
    assert result["latency"]["p50"] >= 79_000
    assert 0 < result["accepted"] <= 300 and result["damaged"] == 0
    share = result["delivered"] / result["accepted"]
    assert 0.8 < share < 0.99, result["delivered"]
    assert result["wire"]["forward"]["dropped"] > 0 and result["wire"]["back"]["dropped"] == 0


async def test_an_echo_may_say_what_it_likes_behind_its_answer(tmp_path):
    # 300 messages, and two characters of a line for each byte: ten times what a pipe holds.
    result = await measure(
        tmp_path, command("talkative"), "--channel", "ordered", "--delay", "20ms", "--size", "1000", "--rate", "100",
        "--duration", "3s", "--seeds", "1")
    assert result["accepted"] == result["delivered"] > 150 and result["damaged"] == 0


@pytest.mark.parametrize("echo, reason", [
    ("read -r offer; exit 3", "the echo process ended before it gave its description"),
    ("read -r offer; echo something else", "the echo process gave no answer as a line of JSON")])
async def test_what_is_no_echo_is_not_tried_for_every_run(tmp_path, echo, reason):
    process = await asyncio.create_subprocess_exec(
        str(BUILD / "martlet"), "lab", "run", "--preset", "game", "--echo", echo, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, preexec_fn=die_with_parent)
    _, said = (text.decode() for text in await asyncio.wait_for(process.communicate(), 60))
    assert process.returncode == 5, said
    # Three runs, and each of them twice.
    assert said.count(f"failed: {reason}.") == 6 and said.count("Once more …") == 3, said
    assert said.endswith(
        f"error: No connection to the other side came about: {reason}.\n"
        "  try: the command by itself: it takes an offer and gives an answer (Docs/Protocols/Lab.md)\n"), said


async def test_the_example_returns_everything(tmp_path):
    result = await measure(
        tmp_path, f"exec {shlex.quote(str(BUILD / 'SignalingPeer'))} answer --mode echo", "--channel", "ordered",
        "--delay", "20ms", "--loss", "5%", "--size", "200", "--rate", "50", "--duration", "2s", "--seeds", "1")
    # A machine that is busy may hold the sender up.
    assert result["accepted"] == result["delivered"] > 80 and result["latency"]["p50"] >= 39_000
    assert result["roundTrip"] is True
