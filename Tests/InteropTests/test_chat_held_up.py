"""`martlet chat` whose standard output nobody reads any more: the flood is held back, and a signal still ends it."""

import asyncio
import os

from chat_peer import Guest
from chat_program import Talker

#: Each is an event of 24 KB: a pipe holds two.
TEXTS = ["\x01" * 4000 for _ in range(400)]


async def ended(process):
    """Returns when the process is over, which `wait` does only when its output was read to the end."""
    over, handle = asyncio.Event(), os.pidfd_open(process.pid)
    asyncio.get_running_loop().add_reader(handle, over.set)
    try:
        await asyncio.wait_for(over.wait(), 20)
    finally:
        asyncio.get_running_loop().remove_reader(handle)
        os.close(handle)


async def test_a_flood_that_nobody_reads_is_held_back_and_a_signal_ends_it(server):
    async with Talker("--server", server.origin, "--name", "chris") as talker:
        async with Guest(await talker.link(), "anna") as anna:
            await talker.event("joined")
            output = talker.program.process._transport.get_pipe_transport(1)
            output.pause_reading()
            for text in TEXTS:
                anna.host.say(text)
            # What the program has written is acknowledged; the rest waits at its author.
            await anna.host.until(lambda: anna.host.delivered >= 1)
            talker.program.process.terminate()
            await ended(talker.program.process)
            output.resume_reading()
            assert await talker.program.process.wait() == 143
            assert anna.host.delivered < 10
    assert talker.program.peak_memory_bytes < 100 << 20
