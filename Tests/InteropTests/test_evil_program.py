"""A rendezvous that means harm between `martlet send --server` and `martlet receive`, and between `martlet send` and the
page."""

import pytest

from attacks import ROWS
from attempts import all_attempts, all_replays, honest_meeting
from meetings import page_guest, terminal_guest, terminal_host

TERMINALS = {"host": terminal_host, "guest": terminal_guest}
#: `martlet send` turns a guest away and goes on waiting; it tells of wrong words and wrong links.
UNTOLD = ("host",)


@pytest.mark.parametrize("by", ["link", "code"])
async def test_an_honest_relay(tmp_path, by):
    await honest_meeting(tmp_path, by, TERMINALS)


@pytest.mark.parametrize("by", ["link", "code"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_attacks(tmp_path, by, row):
    await all_attempts(row.attacks, tmp_path, by, TERMINALS, untold=UNTOLD)


async def test_replay(tmp_path):
    await all_replays(tmp_path, "code", TERMINALS, every=3, untold=UNTOLD)


@pytest.mark.parametrize("by", ["link", "code"])
async def test_an_honest_relay_to_the_page(browser, tmp_path, by):
    await honest_meeting(tmp_path, by, {"host": terminal_host, "guest": page_guest(browser)})


@pytest.mark.parametrize("row", ROWS[:2] + ROWS[5:6], ids=lambda row: row.name)
async def test_attacks_on_the_page(browser, tmp_path, row):
    sides = {"host": terminal_host, "guest": page_guest(browser)}
    await all_attempts(row.attacks, tmp_path, "code", sides, untold=UNTOLD)
