"""A rendezvous that means harm (evil_rendezvous.py) between two sides of the second implementation: it can do nothing but
refuse service."""

import pytest

from attacks import ROWS
from attempts import all_attempts, all_replays, honest_meeting

pytestmark = pytest.mark.parametrize("by", ["link", "code"])


async def test_an_honest_relay(tmp_path, by):
    await honest_meeting(tmp_path, by, {})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_attacks(tmp_path, row, by):
    await all_attempts(row.attacks, tmp_path, by, {})


async def test_replay(tmp_path, by):
    await all_replays(tmp_path, by, {})
