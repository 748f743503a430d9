"""What the two browser drivers share: process, socket, events, downloads.

    async with Chromium() as browser:          # or Firefox()
        page = await browser.open("http://127.0.0.1:4040/#…")
        await page.wait_for("document.title === 'x'")
        await page.click("#accept")
        files = await browser.downloads.finished(1)

Both speak JSON over one WebSocket of the browser itself: no driver binary, no version to match; the only dependency is
the package `websockets`.
"""

import asyncio
import ctypes
import itertools
import json
import os
import pathlib
import shutil
import signal
import tempfile
import time

import websockets


class BrowserError(Exception):
    """The browser refused a command, or what was waited for did not happen."""


def _die_with_parent():
    """PR_SET_PDEATHSIG: a killed test run leaves no browser behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Downloads:
    """The downloads folder of one browser, and what the browser said about its downloads."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        #: One entry a download, in the order of their ends: "completed" or "canceled".
        self.ends = []
        self.begun = 0

    async def settle(self, timeout=6):
        """Waits until no download is under way, and empties the folder."""
        end = time.monotonic() + timeout
        while len(self.ends) < self.begun and time.monotonic() < end:
            await asyncio.sleep(0.05)
        self.ends.clear()
        self.begun = 0
        for path in self.folder.iterdir():
            path.unlink() if path.is_file() else shutil.rmtree(path)

    def files(self):
        """Files under their final names: no partial downloads. Firefox holds the final name with an empty file while
        it writes `name.RANDOM.part`, and keeps it when the download failed, for its own "try again"."""
        partial = list(self.folder.glob("*.part"))

        def is_final(path):
            unfinished = "canceled" in self.ends or any(part.name.startswith(path.stem + ".") for part in partial)
            held = unfinished and path.stat().st_size == 0
            hidden = path.name.startswith((".com.google.Chrome.", ".org.chromium.Chromium."))
            return path.is_file() and path.suffix not in (".crdownload", ".part") and not held and not hidden

        return sorted(filter(is_final, self.folder.iterdir()))

    async def ended(self, count, timeout=60):
        """Waits until `count` downloads have ended, well or badly; returns how."""
        end = time.monotonic() + timeout
        while len(self.ends) < count:
            if time.monotonic() > end:
                raise BrowserError(f"{count} downloads awaited, these ended: {self.ends}; files: {self.files()}")
            await asyncio.sleep(0.05)
        return self.ends

    async def finished(self, count, timeout=60):
        """Waits for `count` completed downloads and returns the files. Firefox tells the end before it takes the
        name `.part` away and fills the place-holder it made: hence the look at the folder."""
        end = time.monotonic() + timeout
        while (self.ends.count("completed") < count or len(self.files()) < count or any(self.folder.glob("*.part"))):
            if time.monotonic() > end:
                raise BrowserError(f"{count} files awaited, these ended: {self.ends}; {list(self.folder.iterdir())}")
            await asyncio.sleep(0.05)
        return self.files()


class Page:
    """One tab. `console` holds (level, text) of everything that the page logged or threw."""

    def __init__(self):
        self.console = []

    async def evaluate(self, expression, timeout=60):
        """The JSON value of a JavaScript expression, awaited if it is a promise."""
        raise NotImplementedError

    async def wait_for(self, condition, timeout=30):
        """Polls until the expression is truthy; returns its value."""
        end = time.monotonic() + timeout
        while True:
            value = await self.evaluate(condition)
            if value:
                return value
            if time.monotonic() > end:
                text = await self.evaluate("document.body.innerText")
                raise BrowserError(f"not true after {timeout} s: {condition}\npage:\n{text}\nconsole: {self.console}")
            await asyncio.sleep(0.05)


class Browser:
    """A browser with a fresh profile of its own, started on entry and gone on exit."""

    binary = ""
    address_pattern = None
    page_type = Page

    def __init__(self, real_addresses=False):
        #: Whether host candidates carry addresses instead of mDNS names (for peers that cannot do without).
        self.real_addresses = real_addresses
        self.pages = {}
        self._numbers = itertools.count(1)
        self._answers = {}

    async def __aenter__(self):
        self.directory = tempfile.mkdtemp(prefix="martlet-browser-")
        folder = os.path.join(self.directory, "downloads")
        os.mkdir(folder)
        self.downloads = Downloads(folder)
        await self._start()
        return self

    async def kill_and_restart(self):
        """SIGKILL for all of its processes; then the same profile and downloads folder again, without a tab."""
        os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()
        for task in self._tasks:
            task.cancel()
        self.pages.clear()
        self._answers.clear()
        self.downloads.ends.clear()
        self.downloads.begun = 0
        await self._start()

    async def _start(self):
        environment = {**os.environ, "HOME": self.directory, "XDG_RUNTIME_DIR": self.directory, **self.environment()}
        self.process = await asyncio.create_subprocess_exec(
            self.binary, *self.arguments(), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE, env=environment, start_new_session=True, preexec_fn=_die_with_parent)
        address = await asyncio.wait_for(self._address(), 60)
        self._tasks = [asyncio.create_task(self._drain())]
        self._socket = await websockets.connect(address, max_size=None, ping_interval=None, compression=None)
        self._tasks.append(asyncio.create_task(self._receive()))
        await self.prepare()

    async def __aexit__(self, *_):
        try:
            await asyncio.wait_for(self.close(), 5)
        except Exception:
            pass
        try:
            await asyncio.wait_for(self.process.wait(), 10)
        except asyncio.TimeoutError:
            os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()
        for task in self._tasks:
            task.cancel()
        shutil.rmtree(self.directory, ignore_errors=True)

    async def send(self, method, _extra=None, **parameters):
        """One command; returns its result or raises BrowserError."""
        number = next(self._numbers)
        answer = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters, **(_extra or {})}))
        message = await answer
        if "error" in message:
            raise BrowserError(f"{method}: {message['error']} {message.get('message', '')}")
        return message["result"]

    async def _address(self):
        while line := (await self.process.stderr.readline()).decode(errors="replace"):
            if match := self.address_pattern.search(line):
                return match[1]
        raise BrowserError(f"{self.binary} exited at once")

    async def _drain(self):
        while await self.process.stderr.readline():
            pass

    async def _receive(self):
        async for text in self._socket:
            message = json.loads(text)
            if message.get("id") is not None:
                answer = self._answers.pop(message["id"], None)
                if answer and not answer.done():
                    answer.set_result(message)
            elif "method" in message:
                self.handle_event(message["method"], message["params"], message.get("sessionId"))
