"""`martlet chat` in a terminal, as a person has it: typed into, looked at, resized and killed, by way of tmux.

The other side is a `martlet chat --json` with pipes, or a second terminal.
"""

import asyncio
import json
import os
import re
import shlex
import signal
import subprocess

import pytest

from martlet_program import BUILD, Martlet

pytestmark = pytest.mark.asyncio

PROGRAM = str(BUILD / "martlet")
CODE = re.compile(r"martlet chat (\S+) --server (http://\S+)")


class Terminal:
    """A terminal with a shell in it, in a tmux of its own without anybody's configuration."""

    def __init__(self, folder, columns=100, rows=30):
        self.socket = str(folder / "tmux")
        self.folder, self.columns, self.rows = folder, columns, rows

    def tmux(self, *arguments):
        return subprocess.run(
            ["tmux", "-S", self.socket, "-f", "/dev/null", *map(str, arguments)], check=True, capture_output=True,
            text=True, timeout=20, cwd=self.folder, env={**os.environ, "LC_ALL": "C.UTF-8", "TMUX": ""}).stdout

    async def __aenter__(self):
        shell = "env PS1='$ ' LC_ALL=C.UTF-8 bash --noprofile --norc"
        self.tmux("new-session", "-d", "-x", self.columns, "-y", self.rows, shell)
        try:
            self.tmux("set-option", "-g", "status", "off")
            self.tmux("set-option", "-g", "window-size", "manual")
            await self.until("$")
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False, capture_output=True, timeout=20)

    def screen(self, *arguments):
        """What is seen, line by line, without the empty ones at the end."""
        lines = [line.rstrip() for line in self.tmux("capture-pane", "-p", *arguments).split("\n")]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def enter(self, text):
        self.type(text)
        self.press("Enter")

    def paste(self, text):
        """As terminals paste: marked, where the program has asked for that."""
        self.tmux("set-buffer", "--", text)
        self.tmux("paste-buffer", "-p", "-r")

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", columns, "-y", rows)

    def cursor(self):
        column, row = self.tmux("display-message", "-p", "#{cursor_x} #{cursor_y}").split()
        return int(column), int(row)

    async def until(self, wanted, timeout=30):
        """Waits for a text, or until a function of the lines has a value; returns the lines, or that value."""
        find = (lambda lines: lines if any(wanted in line for line in lines) else None) if isinstance(
            wanted, str) else wanted
        try:
            async with asyncio.timeout(timeout):
                while not (found := find(self.screen())):
                    await asyncio.sleep(0.05)
                return found
        except TimeoutError:
            raise AssertionError(f"{wanted!r} did not come; on the screen:\n" + "\n".join(self.screen())) from None

    async def settings(self):
        """What `stty -a` says, at the shell."""
        self.press("C-l")
        self.enter("stty -a >stty; echo said")
        await self.until(lambda lines: lines[-2:] == ["said", "$"])
        # The speed and the size come first; where the lines end depends on the size.
        return (self.folder / "stty").read_text().split("line = ", 1)[1].split()

    async def host(self, *options):
        """Starts a room here; returns the code and the server that it shows."""
        self.before = await self.settings()
        self.press("C-l")
        self.enter(shlex.join([PROGRAM, "chat", "--local", "--port", "0", "--no-qr",
                               "--name", "anna", *map(str, options)]))
        # A line that the terminal has broken is one line here.
        found = await self.until(lambda _: CODE.search(" ".join(self.screen("-J"))))
        await self.until("You are anna")
        return found.groups()

    async def left(self):
        """The shell is back, and its terminal as it was; pastes are not marked any more."""
        await self.until(lambda lines: lines and lines[-1].endswith("$"))
        self.enter("echo status $?")
        status = await self.until(lambda lines: next(
            (line for line in lines if re.fullmatch(r"status \d+", line)), None))
        assert await self.settings() == self.before
        # A shell without readline shows the marks if they still come.
        self.enter("PS1='% ' bash --noediting --norc --noprofile")
        await self.until(lambda lines: lines[-1] == "%")
        self.enter("cat >pasted")
        await self.until("cat >pasted")
        self.paste("two\nlines\n")
        await self.until("lines")
        self.press("C-d")
        self.enter("exit")
        await self.until(lambda _: (self.folder / "pasted").read_text() == "two\nlines\n")
        return int(status.split()[1])

    def pid(self):
        """Of the program in the foreground."""
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        found = subprocess.run(["pgrep", "-P", shell, "-x", "martlet"], capture_output=True, text=True, check=True)
        return int(found.stdout.split()[0])


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def other(code, server, folder, *options, name="bob"):
    """Somebody with pipes in that room."""
    return Martlet("chat", "--name", name, *options, code, "--server", server, folder=folder,
                   stdin=asyncio.subprocess.PIPE)


async def say(program, text):
    program.process.stdin.write(text.encode() + b"\n")
    await program.process.stdin.drain()


async def together(terminal, folder):
    """Anna at the terminal, and bob with pipes."""
    code, server = await terminal.host()
    bob = await other(code, server, folder).__aenter__()
    await bob.event("joined")
    await terminal.until("bob is here")
    return bob


async def test_typing_while_messages_arrive(folder):
    async with Terminal(folder) as terminal:
        bob = await together(terminal, folder)
        try:
            terminal.type("half a sen")
            assert (await bob.event("typing"))["is"]
            for number in range(40):
                await say(bob, f"line {number}")
            await terminal.until("<bob> line 39")
            terminal.type("tence")
            lines = await terminal.until("> half a sentence")
            # What is said stands in order above the status and the edited line, with nothing in between.
            assert lines[-1] == "> half a sentence" and lines[-2] == "With bob"
            assert [line.split("> ")[1] for line in lines[-12:-2]] == [f"line {n}" for n in range(30, 40)]
            assert terminal.cursor() == (len("> half a sentence"), len(lines) - 1)
            terminal.press("Enter")
            assert (await bob.event("chat-message"))["text"] == "half a sentence"
            lines = await terminal.until("<anna> half a sentence ✓✓")
            assert lines[-1] == ">"
            terminal.press("Up")
            await terminal.until("> half a sentence")
            terminal.press("C-u")
            terminal.enter("/quit")
            assert (await bob.event("left"))["reason"] == "left"
            assert await terminal.left() == 0
        finally:
            await bob.__aexit__()


async def test_paste_and_wide_characters(folder):
    async with Terminal(folder, 60, 24) as terminal:
        bob = await together(terminal, folder)
        try:
            terminal.paste("one\ntwo 日本語\n\tthree /quit\n")
            lines = await terminal.until("three")
            assert lines[-3:] == ["> one", "  two 日本語", "      three /quit"]
            terminal.type(" née")
            terminal.press("BSpace", "Enter")
            said = await bob.event("chat-message")
            assert said["text"] == "one\ntwo 日本語\n\tthree /quit né"
            lines = await terminal.until("✓✓")
            at = next(index for index, line in enumerate(lines) if "<anna> one" in line)
            assert lines[at + 1:at + 3] == ["      │ two 日本語", "      │     three /quit né ✓✓"]
            terminal.type("first")
            terminal.press("C-j")
            terminal.type("second")
            terminal.press("M-Enter")
            terminal.type("third")
            terminal.press("Enter")
            assert (await bob.event("chat-message"))["text"] == "first\nsecond\nthird"
            # A line is no longer than the terminal, and every row of it but the first has a margin.
            await say(bob, "word " * 60 + "x" * 200)
            lines = await terminal.until(lambda lines: [line for line in lines if line.endswith("xxx")] and lines)
            rows = [line for line in lines if "word" in line or "xxx" in line]
            assert len(rows) > 8 and all(len(row) < 60 for row in rows)
            assert all(row.startswith("      │ ") for row in rows[1:])
            terminal.press("C-d")
            assert await terminal.left() == 0
        finally:
            await bob.__aexit__()


async def test_hostile_text(folder):
    async with Terminal(folder) as terminal:
        bob = await together(terminal, folder)
        try:
            await say(bob, "\x1b[2J\x1b[31mred\x1b]0;title\x07 \u202eevil\u2066 \x9b5A \x00")
            lines = await terminal.until("red")
            line = next(line for line in lines if "red" in line)
            assert r"<bob> \u{1B}[2J\u{1B}[31mred\u{1B}]0;title\u{7} \u{202E}evil" in line
            for number in range(300):
                await say(bob, f"{number} " + "z" * 200)
            await terminal.until(lambda lines: any("<bob> 299 z" in line for line in lines))
            assert terminal.screen()[-2:] == ["With bob", ">"]
            terminal.enter("/quit")
            assert await terminal.left() == 0
        finally:
            await bob.__aexit__()


async def test_resize(folder):
    async with Terminal(folder, 100, 30) as terminal:
        bob = await together(terminal, folder)
        try:
            await say(bob, "before")
            await terminal.until("<bob> before")
            terminal.type("a line that is longer than the narrow terminal " * 2)
            await terminal.until(lambda lines: lines[-1].endswith("terminal"))
            for columns, rows in [(40, 20), (25, 8), (120, 40), (60, 12)]:
                terminal.resize(columns, rows)
                typed = "> " + "a line that is longer than the narrow terminal " * 2

                def drawn(lines):
                    # Everything that was typed, once, below one line of status.
                    start = next((i for i, line in enumerate(lines) if line == "With bob"), None)
                    if start is None or len(lines) > rows:
                        return None
                    rest = "".join(line[2:].ljust(columns - 3) for line in lines[start + 1:])
                    once = sum(line.startswith("> a line") for line in lines) <= 1
                    return once and rest.replace(" ", "") in typed.replace(" ", "") and lines

                await terminal.until(drawn)
            await say(bob, "after")
            await terminal.until("<bob> after")
            terminal.press("C-u")
            terminal.enter("/quit")
            assert await terminal.left() == 0
        finally:
            await bob.__aexit__()


async def test_a_killed_peer_comes_back_or_not(folder):
    async with Terminal(folder) as terminal:
        code, server = await terminal.host("--people", 3, "--wait", "3s")
        bob = await other(code, server, folder).__aenter__()
        await terminal.until("bob is here")
        bob.process.kill()
        await bob.__aexit__()
        await terminal.until("The connection to bob is lost")
        await terminal.until("With bob (away)")
        terminal.type("still typing")
        await terminal.until("bob did not come back")
        assert terminal.screen()[-2:] == ["Nobody is here any more.", "> still typing"]
        terminal.press("C-u")
        async with other(code, server, folder, name="carl") as carl:
            await carl.event("joined")
            await terminal.until("carl is here")
            terminal.press("C-c")
            assert (await carl.event("left"))["reason"] == "left"
        assert await terminal.left() == 130


@pytest.mark.parametrize("number,status", [
    (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGSEGV, 139), (signal.SIGABRT, 134), (signal.SIGQUIT, 131),
    (signal.SIGUSR1, 138)])
async def test_every_way_out(folder, number, status):
    async with Terminal(folder) as terminal:
        terminal.enter("ulimit -c 0; export SWIFT_BACKTRACE=enable=no")
        await terminal.host()
        terminal.type("something\x1b\rof two lines")
        await terminal.until("of two lines")
        os.kill(terminal.pid(), number)
        assert await terminal.left() == status


async def test_stopped_and_gone_on(folder):
    async with Terminal(folder) as terminal:
        bob = await together(terminal, folder)
        try:
            terminal.type("unfinished")
            await terminal.until("> unfinished")
            terminal.press("C-z")
            await terminal.until("Stopped")
            assert await terminal.settings() == terminal.before
            terminal.enter("fg")
            await terminal.until(lambda lines: lines[-1] == "> unfinished")
            terminal.enter(" business")
            assert (await bob.event("chat-message"))["text"] == "unfinished business"
            terminal.enter("/quit")
            assert await terminal.left() == 0
        finally:
            await bob.__aexit__()


async def test_stopped_and_ended_by_the_shell(folder):
    async with Terminal(folder) as terminal:
        await terminal.host()
        terminal.press("C-z")
        await terminal.until("Stopped")
        # In the background it leaves the terminal alone; in the foreground it has it again.
        terminal.enter("bg; echo in the back")
        await terminal.until("in the back")
        assert await terminal.settings() == terminal.before
        terminal.enter("fg")
        await terminal.until(lambda lines: lines[-1] == ">")
        terminal.type("here again")
        await terminal.until("> here again")
        terminal.press("C-z")
        await terminal.until("Stopped")
        terminal.enter(f"kill %1; while kill -0 {terminal.pid()} 2>/dev/null; do sleep 0.1; done; echo ended")
        await terminal.until(lambda lines: "ended" in lines)
        await terminal.until("Exit 143")
        await terminal.left()


async def test_commands(folder):
    async with Terminal(folder) as terminal:
        bob = await together(terminal, folder)
        try:
            terminal.enter("/hlep")
            await terminal.until("There is no command /hlep. Perhaps /help?")
            terminal.type("/ver")
            terminal.press("Tab", "Enter")
            words = (await bob.event("words"))["words"]
            await terminal.until("Words to compare with bob: " + " ".join(words))
            terminal.enter("/path")
            await terminal.until("bob: direct, this machine")
            terminal.enter("/name Änne")
            assert (await bob.event("renamed"))["name"] == "Änne"
            await terminal.until("You are Änne now.")
            terminal.enter("//quit")
            assert (await bob.event("chat-message"))["text"] == "/quit"
            terminal.enter("/quit")
            assert await terminal.left() == 0
        finally:
            await bob.__aexit__()


@pytest.mark.parametrize("has_colour", [True, False])
async def test_colours_are_for_those_who_want_them(folder, has_colour):
    async with Terminal(folder) as terminal:
        if not has_colour:
            terminal.enter("export NO_COLOR=1")
        bob = await together(terminal, folder)
        try:
            await say(bob, "hello")
            await terminal.until("<bob> hello")
            line = next(line for line in terminal.screen("-e") if "hello" in line)
            assert (re.search("\x1b\\[[0-9;]*mbob\x1b", line) is not None) == has_colour
            assert has_colour or "\x1b" not in "".join(terminal.screen("-e"))
            terminal.enter("/quit")
            assert await terminal.left() == 0
        finally:
            await bob.__aexit__()


async def test_files_in_the_middle_of_the_talk(folder):
    there = folder / "there"
    there.mkdir()
    (folder / "a film.mkv").write_bytes(os.urandom(3_000_000))
    async with Terminal(folder) as anna:
        code, server = await anna.host()
        (folder / "second").mkdir()
        async with Terminal(folder / "second") as bob:
            bob.before = await bob.settings()
            bob.enter(shlex.join([PROGRAM, "chat", code, "--server", server, "--name", "bob", "-o", str(there)]))
            await bob.until("anna is here")
            anna.type("/send a")
            anna.press("Tab", "Enter")
            await bob.until("anna offers a film.mkv (3.0 MB). /accept or /decline")
            anna.enter("/quit")
            await anna.until("Files are under way")
            bob.enter("/accept")
            await bob.until("a film.mkv (3.0 MB) has arrived: a film.mkv")
            await anna.until("bob has a film.mkv (3.0 MB).")
            assert (there / "a film.mkv").read_bytes() == (folder / "a film.mkv").read_bytes()
            anna.enter("/send 'a film.mkv'")
            await bob.until(lambda lines: sum("anna offers" in line for line in lines) == 2)
            bob.enter("/decline")
            await anna.until("bob declined a film.mkv (3.0 MB).")
            bob.enter("/quit")
            assert await bob.left() == 0
        await anna.until("bob has left.")
        anna.enter("/quit")
        assert await anna.left() == 0


async def test_pipes(folder):
    log = folder / "log"
    async with Terminal(folder) as terminal:
        code, server = await terminal.host("--log", log)
        said = await asyncio.create_subprocess_exec(
            PROGRAM, "chat", code, "--server", server, "--once", "--name", "pipe", stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        output, errors = await asyncio.wait_for(said.communicate("hi\n/quit\nthird".encode()), 60)
        assert said.returncode == 0, errors
        assert output == b""
        lines = await terminal.until("pipe has left.")
        assert [line.split("<pipe> ")[1] for line in lines if "<pipe>" in line] == ["hi", "/quit", "third"]
        # Whoever only listens has lines.
        listener = await asyncio.create_subprocess_exec(
            PROGRAM, "chat", code, "--server", server, "--name", "ear", "-q", stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        await terminal.until("ear is here")
        terminal.type("one")
        terminal.press("C-j")
        terminal.enter("two")
        assert await asyncio.wait_for(listener.stdout.readline(), 20) == b"anna: one\n"
        assert await asyncio.wait_for(listener.stdout.readline(), 20) == b"    two\n"
        terminal.enter("/quit")
        assert await asyncio.wait_for(listener.wait(), 20) == 0
        assert await terminal.left() == 0
    written = [line[17:] for line in log.read_text().splitlines()]
    assert [line for line in written if "<" in line] == ["<pipe> hi", "<pipe> /quit", "<pipe> third", "<anna> one ↵ two"]
    assert log.stat().st_mode & 0o777 == 0o600


async def test_much_through_a_pipe(folder):
    """More than may be on the way at a time, from a code that came on the same standard input; nothing is lost."""
    async with Martlet("chat", "--local", "--port", "0", folder=folder, stdin=asyncio.subprocess.PIPE) as host:
        code = await host.event("code")
        said = await asyncio.create_subprocess_exec(
            PROGRAM, "chat", "-", "--server", code["server"], "--once", stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        lines = [f"{number} " + "é" * (number % 700) for number in range(2_000)] + ["ü" * 60_000]
        text = "\n".join([code["code"], *lines])
        sending = asyncio.create_task(said.communicate(text.encode()))
        heard = []
        while sum(map(len, heard)) < sum(map(len, lines)):
            heard.append((await host.event("chat-message"))["text"])
        assert heard[:2_000] == lines[:-1] and "".join(heard[2_000:]) == lines[-1]
        _, errors = await asyncio.wait_for(sending, 30)
        assert said.returncode == 0, errors
        assert (await host.event("left"))["reason"] == "left"


async def test_three_people(folder):
    async with Terminal(folder) as terminal:
        code, server = await terminal.host("--people", 3)
        async with other(code, server, folder) as bob:
            await bob.event("joined")
            async with other(code, server, folder) as other_bob:
                assert {(await other_bob.event("joined"))["id"] for _ in range(2)} == {1, 2}
                await bob.event("joined")
                await terminal.until("With bob and bob (2)")
                terminal.enter("to both")
                for program in bob, other_bob:
                    assert (await program.event("chat-message"))["text"] == "to both"
                await terminal.until("<anna> to both ✓✓")
                # And each to each.
                await say(bob, "hello")
                assert (await other_bob.event("chat-message"))["text"] == "hello"
                await terminal.until("<bob> hello")
                async with other(code, server, folder) as fourth:
                    assert (await fourth.event("error"))["exit"] == 10
                terminal.enter("/quit")
        assert await terminal.left() == 0


async def test_nobody_came(folder):
    program = await asyncio.create_subprocess_exec(
        PROGRAM, "chat", "--local", "--port", "0", "--expire", "1s", "--once", "--json", stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    output, _ = await asyncio.wait_for(program.communicate(b"hello\n"), 30)
    assert program.returncode == 10
    assert json.loads(output.splitlines()[-1])["code"] == "nobody-came"


async def test_a_room_for_files_is_no_talk(folder):
    (folder / "file").write_bytes(b"x")
    async with Martlet("send", "--local", "--port", "0", folder / "file", folder=folder) as sender:
        link = (await sender.event("link"))["link"]
        async with Martlet("chat", link, folder=folder) as chat:
            error = await chat.event("error")
            assert error["exit"] == 11 and "martlet receive" in error["remedy"]
    async with Martlet("chat", "--local", "--port", "0", folder=folder, stdin=asyncio.subprocess.PIPE) as chat:
        link = (await chat.event("link"))["link"]
        async with Martlet("receive", "-y", link, folder=folder) as receiver:
            error = await receiver.event("error")
            assert error["exit"] == 11 and "martlet chat" in error["remedy"]
