"""The programs of this package as child processes: `martlet` itself and the example `SignalingPeer`."""

import asyncio
import json
import os
import pathlib

from browser import _die_with_parent as die_with_parent

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: `MARTLET_BUILD=folder` takes programs from another build than the release one.
BUILD = pathlib.Path(os.environ.get("MARTLET_BUILD", ROOT / ".build/release"))


class SignalingPeer:
    """The example of that name: descriptions by standard input and output, then echo or blast."""

    def __init__(self, role, *arguments):
        self.command = [str(BUILD / "SignalingPeer"), role, *map(str, arguments)]

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, preexec_fn=die_with_parent,
            limit=1 << 20)
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def read(self, timeout=30):
        """The next line of JSON that it prints."""
        line = await asyncio.wait_for(self.process.stdout.readline(), timeout)
        assert line, "the peer ended without a word"
        return json.loads(line)

    async def write(self, description):
        self.process.stdin.write(json.dumps(description).encode() + b"\n")
        await self.process.stdin.drain()


class Martlet:
    """`martlet` with `--json`: its events are awaited by type. Ends with the test, at the latest."""

    def __init__(self, *arguments, folder=None, environment=None, json_events=True, stdin=asyncio.subprocess.DEVNULL,
                 prefix=()):
        # In front of the operands: one of them may be "--".
        verb, *rest = map(str, arguments)
        self.command = [*map(str, prefix), str(BUILD / "martlet"), verb, *(["--json"] if json_events else []), *rest]
        self.stdin = stdin
        self.folder, self.environment = folder, environment or {}
        self.events = []
        self.peak_memory_bytes = 0

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdin=self.stdin, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, cwd=self.folder, env={**os.environ, **self.environment},
            preexec_fn=die_with_parent, limit=1 << 20)
        self._watch = asyncio.create_task(self._watch_memory())
        self.said = bytearray()
        self._errors = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        self._watch.cancel()

    async def _listen(self):
        while block := await self.process.stderr.read(1 << 16):
            self.said += block
        return bytes(self.said)

    async def _watch_memory(self):
        while True:
            try:
                status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
            except OSError:
                return
            for line in status.splitlines():
                if line.startswith("VmHWM:"):
                    self.peak_memory_bytes = max(self.peak_memory_bytes, int(line.split()[1]) * 1024)
            await asyncio.sleep(0.05)

    def __str__(self):
        last = "\n".join(str(event)[:300] for event in self.events[-6:])
        return f"{' '.join(self.command[:6])} … ({self.process.returncode})\n{last}\n{self.said.decode(errors='replace')}"

    async def event(self, *kinds, timeout=60):
        """The next event of these types; those before it are kept in `events`."""
        async def wait():
            while True:
                line = await self.process.stdout.readline()
                assert line, f"no event {kinds} before the end of {self}"
                event = json.loads(line)
                self.events.append(event)
                if event["type"] in kinds:
                    return event
        try:
            return await asyncio.wait_for(wait(), timeout)
        except TimeoutError:
            raise AssertionError(f"no {kinds} after {timeout} s: {self}") from None

    async def end(self, timeout=60):
        """Waits for the exit code; returns it with all of standard error."""
        async def wait():
            async for line in self.process.stdout:
                self.events.append(json.loads(line))
            return await self.process.wait(), (await self._errors).decode()
        try:
            return await asyncio.wait_for(wait(), timeout)
        except TimeoutError:
            raise AssertionError(f"no end after {timeout} s: {self}") from None

    def terminate(self, number):
        self.process.send_signal(number)
