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


#: Failures of the page in which it says what the other side claims.
REFUSALS = {"wrong-words", "dead-here", "dead-there", "no-code", "version"}


def page_guest(browser):
    """The page as a guest in a meeting (meetings.py)."""
    # Firefox opens no tab while it closes another.
    tabs = asyncio.Lock()

    async def guest(server, canary, by, deadline, entrance):
        address = await entrance
        async with tabs:
            page = await browser.open(str(address) if by == "link" else f"{server.origin}/#{address}")

        async def run():
            while (state := await page.evaluate("document.documentElement?.dataset.state")) != "done":
                if state == "failed":
                    return await page.wait_for("document.documentElement.dataset.failure")
                if state == "offered":
                    await page.click("#accept")
                await asyncio.sleep(0.05)
            return "done"

        try:
            ended = await asyncio.wait_for(run(), deadline)
        except TimeoutError:
            return "silence"
        finally:
            shown = await page.evaluate("document.body.innerText")
            async with tabs:
                await page.close()
            for key in [key for key, each in browser.pages.items() if each is page]:
                del browser.pages[key]
        if ended == "done":
            await browser.downloads.finished(1)
            (browser.downloads.folder / canary.name).rename(canary.target / canary.name)
            return ended
        # Whoever is not who they say is told nothing, and says nothing.
        assert canary.name not in shown, shown
        return "refused" if ended in REFUSALS else "verify" if ended == "cannot-verify" else "silence"

    return guest
