"""What the tests of the page share."""

import asyncio
import random

from martlet_peer import Connection, Sender


def noise(count, seed=1):
    return random.Random(seed).randbytes(count)


async def receive_in_page(visit, items, **options):
    """Offers the items to the page, clicks Save, returns what the sender knows at the end."""
    sender = Sender(await visit.connect(), items, **options)
    return await accept_in_page(visit, sender)


async def accept_in_page(visit, sender):
    """Runs the sender and clicks Save when the page asks."""
    running = asyncio.create_task(sender.run())
    await visit.state("offered")
    await visit.page.click("#accept")
    return await asyncio.wait_for(running, 120)


async def run_until_paused(visit, sender, after):
    """Runs the sender until it has sent so many bytes, with the page's yes. Returns the task."""
    sender.pause_after = after
    running = asyncio.create_task(sender.run())
    await visit.state("offered")
    await visit.page.click("#accept")
    await asyncio.wait_for(sender.paused.wait(), 60)
    return running


async def break_off(visit, running):
    """The peer's connection ends; the task ends with it."""
    running.cancel()
    await visit.connection.close()
    await asyncio.gather(running, return_exceptions=True)


async def opfs_files(page):
    """Names of what lies in the browser's own storage."""
    return await page.evaluate("""(async () => {
        const root = await navigator.storage.getDirectory();
        const folder = await root.getDirectoryHandle("martlet").catch(() => null);
        const names = [];
        if (folder) for await (const name of folder.keys()) names.push(name);
        return names;
    })()""")


async def meet_again(visit, timeout=30):
    """The page comes back to the room by itself."""
    await asyncio.wait_for(visit.room.paired(), timeout)
    visit.connection = Connection()
    await visit.connection.establish(visit.room)
    return visit.connection
