"""`martlet chat` as a child process: by pipes and events, and by a terminal of its own."""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import struct
import termios

from browser import _die_with_parent as die_with_parent
from martlet_program import BUILD, Martlet
from rooms_client import Link

PIPE = asyncio.subprocess.PIPE


class Talker:
    """`martlet chat --json`: lines to say go in, `events` come out, in order."""

    def __init__(self, *arguments, **options):
        self.program = Martlet("chat", *arguments, stdin=PIPE, **options)
        self._changed = asyncio.Event()

    async def __aenter__(self):
        await self.program.__aenter__()
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_):
        await self.program.__aexit__()
        self._reading.cancel()

    async def _read(self):
        async for line in self.program.process.stdout:
            self.events.append(json.loads(line))
            self._changed.set()
        self._changed.set()

    @property
    def events(self):
        return self.program.events

    def of(self, *kinds):
        return [event for event in self.events if event["type"] in kinds]

    @property
    def texts(self):
        return [event["text"] for event in self.of("chat-message")]

    async def until(self, is_so, timeout=30):
        """Waits until it is so: `is_so()` looks at this."""
        try:
            async with asyncio.timeout(timeout):
                while not is_so():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"not so after {timeout} s: {self.texts[-5:]} {self.program}") from None

    async def event(self, kind, count=1, timeout=30):
        """The count-th event of this type."""
        await self.until(lambda: len(self.of(kind)) >= count, timeout)
        return self.of(kind)[count - 1]

    async def link(self):
        return Link.parse((await self.event("link"))["link"])

    async def delivered(self, number, people=1):
        """Waits until so many have got the message of this number."""
        await self.until(lambda: any(
            event["number"] >= number and event["to"] >= people for event in self.of("delivered")))

    async def say(self, *texts):
        for text in texts:
            self.program.process.stdin.write(text.encode() + b"\n")
        await self.program.process.stdin.drain()

    async def end(self, timeout=30):
        """Closes its input and waits for its end: (exit code, standard error)."""
        self.program.process.stdin.close()
        code = await asyncio.wait_for(self.program.process.wait(), timeout)
        await self.program._errors
        return code, self.program.said.decode(errors="replace")


class Terminal:
    """`martlet chat`, or another verb, at a terminal: `output` is every byte that it wrote there."""

    def __init__(self, *arguments, verb=("chat",), columns=80, rows=24, folder=None):
        self.verb = verb
        self.arguments, self.size, self.folder = [str(each) for each in arguments], (rows, columns), folder
        self.output = bytearray()
        self._changed = asyncio.Event()

    async def __aenter__(self):
        self.controller, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *self.size, 0, 0))
        os.set_blocking(self.controller, False)
        self.process = await asyncio.create_subprocess_exec(
            str(BUILD / "martlet"), *self.verb, *self.arguments, stdin=terminal, stdout=terminal, stderr=terminal,
            cwd=self.folder, env={**os.environ, "TERM": "xterm-256color"}, start_new_session=True,
            preexec_fn=die_with_parent)
        os.close(terminal)
        asyncio.get_running_loop().add_reader(self.controller, self._read)
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        asyncio.get_running_loop().remove_reader(self.controller)
        os.close(self.controller)

    def _read(self):
        with contextlib.suppress(OSError):
            self.output += os.read(self.controller, 1 << 16)
        self._changed.set()

    async def sees(self, text, timeout=30):
        """Waits until this was written; the byte behind it, to look on from there."""
        try:
            async with asyncio.timeout(timeout):
                while text.encode() not in self.output:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"no {text!r} in {bytes(self.output[-2000:])}") from None

    def types(self, text):
        os.write(self.controller, text.encode())
