#!/usr/bin/env python3
"""How much memory a browser needs while its page receives a big file: prints it every few seconds.

    measure_page_memory.py [--browser chromium|firefox] [--megabytes 2000] [--way storage|download]

The page's own receiver is fed inside the page, as fast as its credit allows: no connection is in the way, so that what is
measured is the page's hashing, storing and handing over. `renderer` is the resident set of the process that shows the
page (the biggest of its kind), `all` what belongs to all processes of the browser alone.
"""

import argparse
import asyncio
import time

import psutil

from chromium import Chromium
from firefox import Firefox
from rendezvous import Rendezvous
from test_page import FEED, memory_megabytes

#: How the browsers call the processes that show pages.
KINDS = {"chromium": "--type=renderer", "firefox": "-contentproc"}


def renderer_megabytes(browser):
    sizes = [0]
    for process in psutil.Process(browser.process.pid).children(recursive=True):
        try:
            if KINDS[browser.name] in process.cmdline():
                sizes.append(process.memory_info().rss)
        except psutil.Error:
            pass
    return max(sizes) / 1e6


async def measure(kind, megabytes, way):
    script = FEED.replace("600_000_000", str(megabytes * 1_000_000)).replace("WAY", f"plan.way = '{way}';")
    async with kind() as browser, Rendezvous() as server:
        page = await browser.open(server.origin + "/")
        print(f"{browser.name} {browser.version}, {megabytes} MB, {way}")
        print("seconds  arrived MB  renderer MB  all MB")
        print(f"{0:7.0f}  {0:10.0f}  {renderer_megabytes(browser):11.0f}  {memory_megabytes(browser):6.0f}")
        await page.evaluate(script)
        start, over, peak = time.monotonic(), None, 0
        while not over:
            await asyncio.sleep(2)
            received, over = await page.evaluate("[window.feed.received, window.feed.over]", 60)
            renderer = renderer_megabytes(browser)
            peak = max(peak, renderer)
            print(f"{time.monotonic() - start:7.0f}  {received / 1e6:10.0f}  {renderer:11.0f}  "
                  f"{memory_megabytes(browser):6.0f}", flush=True)
        [file] = await browser.downloads.finished(1, 120)
        assert over["type"] == "receipt" and file.stat().st_size == megabytes * 1_000_000, over
        print(f"in the downloads folder after {time.monotonic() - start:.0f} s; renderer at most {peak:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--browser", choices=["chromium", "firefox"], default="chromium")
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("--way", choices=["storage", "download"], default="storage")
    options = parser.parse_args()
    browsers = {"chromium": Chromium, "firefox": Firefox}
    asyncio.run(measure(browsers[options.browser], options.megabytes, options.way))
