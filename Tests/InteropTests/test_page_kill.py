"""The page of the real program in real browsers, killed at points spread over a transfer: its tab is loaded again, its tab
is closed, or all processes of the browser get SIGKILL and the browser starts again with its profile; then the same link.

What is counted are the bytes that the page's data channel brought: before the end of the page, and after it. The second
number must be exactly what the journal lacked, and what came twice at most one segment.
"""

import asyncio
import os
import random

import pytest

from conftest import Visit
from faults import MEBIBYTE, SEGMENT, digest, write_noise
from martlet_program import Martlet
from page_support import opfs_files

SEED = int(os.environ.get("MARTLET_SEED", "20260"))
SIZE = 100 * MEBIBYTE
#: What the page takes from a sender before it says more.
WINDOW = 4 * MEBIBYTE

#: Counts what comes over the data channel, and `receipt: true` keeps the receipt from leaving.
COUNTER = """
globalThis.seen = { arrived: 0, puts: 0, receipts: 0 };
const make = RTCPeerConnection.prototype.createDataChannel;
RTCPeerConnection.prototype.createDataChannel = function (...words) {
    const channel = make.apply(this, words);
    channel.addEventListener("message", ({ data }) => {
        if (typeof data !== "string") seen.arrived += data.byteLength - 16;
    });
    return channel;
};
const send = RTCDataChannel.prototype.send;
RTCDataChannel.prototype.send = function (data) {
    if (typeof data === "string" && data.includes('"type":"receipt"')) {
        seen.receipts += 1;
        if (HOLD === "receipt") return;
    }
    send.call(this, data);
};
const put = IDBObjectStore.prototype.put;
IDBObjectStore.prototype.put = function (value) {
    const request = put.call(this, value);
    if (this.name === "items") {
        seen.puts += 1;
        if (HOLD === "journal" && seen.arrived > AFTER) {
            // The transaction is open until this turn of the page ends.
            console.log("in the middle of the journal");
            const end = performance.now() + 3000;
            while (performance.now() < end);
        }
    }
    return request;
};
"""

JOURNAL = """(async () => {
    if (!(await indexedDB.databases()).some(({ name }) => name === "martlet")) return { bytes: 0, transfers: 0 };
    const request = indexedDB.open("martlet");
    const database = await new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
    const all = (store) => new Promise((resolve) => {
        const request = database.transaction(store).objectStore(store).getAll();
        request.onsuccess = () => resolve(request.result);
    });
    const [items, transfers] = [await all("items"), await all("transfers")];
    database.close();
    return { bytes: items.reduce((sum, item) => sum + item.bytes, 0), transfers: transfers.length };
})()"""

#: Where, and in which way. What has arrived by then, in MiB, is drawn between the two numbers.
POINTS = [
    ("offered", "kill", 0, 0), ("accepted", "close", 0, 0), ("first segment", "reload", 4, 60),
    ("first segment", "kill", 4, 60), ("journal", "kill", 4, 90), ("second segment", "close", 65, 95),
    ("second segment", "kill", 65, 95), ("hand-over", "reload", 100, 100), ("hand-over", "kill", 100, 100),
    ("receipt", "close", 100, 100), ("receipt", "kill", 100, 100),
]


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    return write_noise(tmp_path_factory.mktemp("source") / "film.mkv", SIZE, SEED)


class Watcher:
    """The page of one link, from its first to its last tab."""

    def __init__(self, visit, link, point, after):
        self.visit, self.link, self.point, self.after = visit, link, point, after
        self.origin = link.split("#")[0]

    @property
    def page(self):
        return self.visit.page

    async def open(self, hold=""):
        """A tab that counts from its beginning. Returns what the journal says at this time."""
        self.visit.page = await self.visit.browser.open(self.origin + "logo.svg")
        journal = await self.page.evaluate(JOURNAL)
        script = COUNTER.replace("HOLD", f"'{hold}'").replace("AFTER", str(self.after))
        await self.page.before_scripts(script)
        await self.page.goto(self.link)
        return journal

    async def seen(self):
        return await self.page.evaluate("globalThis.seen")

    async def reach(self):
        """Waits for the point. Returns what has arrived."""
        downloads = self.visit.browser.downloads
        end = asyncio.get_running_loop().time() + 90
        while asyncio.get_running_loop().time() < end:
            if self.point == "journal":
                # The page does not answer; it has said how far it is.
                if any("in the middle" in text for _, text in self.page.console):
                    return None
                await asyncio.sleep(0.005)
                continue
            seen = await self.seen()
            reached = {
                "accepted": seen["arrived"] > 0, "hand-over": downloads.begun > 0, "receipt": seen["receipts"] > 0,
            }.get(self.point, seen["arrived"] >= self.after)
            if reached:
                return seen["arrived"]
        raise AssertionError(f"{self.point} was not reached: {seen}")

    async def begin_again(self, act):
        """The end of the page, and its return. Returns what the journal said in between."""
        browser = self.visit.browser
        if act == "kill":
            await browser.kill_and_restart()
        elif act == "close":
            await self.page.close()
            del browser.pages[next(key for key, page in browser.pages.items() if page is self.page)]
        else:
            # As when the tab is loaded again, with a look at the journal while the page is gone.
            await self.page.goto(self.origin + "logo.svg")
            journal = await self.page.evaluate(JOURNAL)
            await self.page.goto(self.origin)
            return journal
        return await self.open()


@pytest.mark.parametrize("point, act, low, high", POINTS, ids=[f"{point}, {act}" for point, act, _, _ in POINTS])
async def test_the_page_is_killed(browser, server, source, point, act, low, high):
    seed = f"{SEED} {point} {act} {browser.name}"
    after = random.Random(seed).randint(low * MEBIBYTE, high * MEBIBYTE)
    print(f"seed {seed}: {act} at {point}, {after} bytes")
    async with Martlet("send", "--local", "--port", 0, "--limit", "40MB/s", source) as sender:
        link = (await sender.event("link"))["local"]
        visit = Visit(browser, server)
        watcher = Watcher(visit, link, point, after)
        await watcher.open(point if point in ("journal", "receipt") else "")
        await visit.state("offered")
        arrived = 0
        if point != "offered":
            await visit.page.click("#accept")
            arrived = await watcher.reach()
        journal = await watcher.begin_again(act)
        if point == "offered":
            assert journal == {"bytes": 0, "transfers": 0}
            # The sender holds the place of who has not answered yet until its silence has lasted half a minute.
            while not await visit.page.evaluate("document.documentElement.dataset.state === 'offered'"):
                if await visit.page.evaluate("document.documentElement.dataset.failure === 'taken'"):
                    await visit.page.click("#retry")
                await asyncio.sleep(1)
            await visit.page.click("#accept")
        # Without a question, from the yes on.
        code, errors = await sender.end(90)
        assert code == 0, errors
        await visit.state("done")
        again = (await watcher.seen())["arrived"]
        twice = max(0, (after if arrived is None else arrived) - journal["bytes"])
        print(f"{arrived} bytes had arrived, {journal['bytes']} were in the journal, {again} came after: {twice} twice")
        assert again == SIZE - journal["bytes"]
        assert twice <= SEGMENT + WINDOW
        assert journal["bytes"] == SIZE or point not in ("hand-over", "receipt")
        end = asyncio.get_running_loop().time() + 30
        while not (whole := [path for path in browser.downloads.folder.iterdir() if path.stat().st_size == SIZE]):
            assert asyncio.get_running_loop().time() < end, list(browser.downloads.folder.iterdir())
            await asyncio.sleep(0.1)
        assert [digest(path) for path in whole] == [digest(source)]
        if point == "receipt":
            assert browser.downloads.begun == (0 if act == "kill" else 1)
        # Nothing stays behind.
        async with asyncio.timeout(10):
            while (await visit.page.evaluate(JOURNAL))["transfers"] or await opfs_files(visit.page):
                await asyncio.sleep(0.1)
