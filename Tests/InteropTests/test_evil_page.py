"""A rendezvous that means harm between the page, as guest, and a host."""

import pytest

from attacks import ROWS
from attempts import all_attempts, all_replays, honest_meeting
from meetings import page_guest


@pytest.mark.parametrize("by", ["link", "code"])
async def test_an_honest_relay(browser, tmp_path, by):
    await honest_meeting(tmp_path, by, {"guest": page_guest(browser)})


@pytest.mark.parametrize("by, row", [(("link", "code")[place % 2], row) for place, row in enumerate(ROWS)],
                         ids=lambda value: getattr(value, "name", value))
async def test_attacks(browser, tmp_path, by, row):
    await all_attempts(row.attacks, tmp_path, by, {"guest": page_guest(browser)})


async def test_replay(browser, tmp_path):
    await all_replays(tmp_path, "code", {"guest": page_guest(browser)}, every=5)
