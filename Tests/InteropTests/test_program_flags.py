"""Every flag of the program, between two terminals: what it says that it does, it does."""

import asyncio
import contextlib
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time

import pytest

from martlet_program import BUILD, Martlet
from test_program import MEBIBYTE, digest, make_file, transfer

MARTLET = str(BUILD / "martlet")

#: Each flag, and the test of this folder that shows what it does.
SHOWN_BY = {
    "send": {
        "--text": "test_words", "--name": "test_pipes", "--exclude": "test_what_is_left_out", "--no-hidden":
        "test_what_is_left_out", "--follow-links": "test_what_is_left_out", "--limit": "test_a_limit", "--receivers":
        "test_several_receivers_and_one_too_many", "--new": "test_new_is_a_new_link", "--unordered": "test_for_the_curious",
        "--max-retransmits": "test_for_the_curious", "--wait": "test_a_killed_peer_is_noticed", "--port": "test_where_it_listens",
        "--bind": "test_where_it_listens", "--local": "test_where_it_listens", "--qr": "test_a_code_on_demand",
        "--expire": "test_nobody_comes", "-q": "test_quiet", "--json": "test_events_are_those_of_the_manual", "--verify": "test_words_to_compare",
        "--offline": "test_two_programs_without_a_server", "--complete": "test_the_forms_may_be_mixed",
        "--server": "test_somebody_elses_server", "--ca": "test_a_certificate_authority_of_ones_own",
    },
    "receive": {
        "-y": "test_quiet", "-o": "test_pipes", "--overwrite": "test_rename_and_overwrite", "--rename":
        "test_rename_and_overwrite", "--skip": "test_skip", "--wait": "test_a_killed_peer_is_noticed", "--port":
        "test_a_receiver_waits", "--bind": "test_where_it_listens", "--local": "test_where_it_listens", "--qr":
        "test_a_code_on_demand", "--expire": "test_nobody_comes", "-q": "test_quiet", "--json":
        "test_events_are_those_of_the_manual", "--verify": "test_words_to_compare", "--server":
        "test_a_code_between_two_terminals", "--ca": "test_a_certificate_authority_of_ones_own", "--offline":
        "test_two_programs_without_a_server", "--complete": "test_the_forms_may_be_mixed", "--offer":
        "test_an_offer_and_its_answer",
    },
}


def words(*arguments, timeout=30, **options):
    """Runs to its end; returns exit code, standard output and standard error."""
    end = subprocess.run([MARTLET, *map(str, arguments)], capture_output=True, timeout=timeout,
                         stdin=options.pop("stdin", subprocess.DEVNULL), **options)
    return end.returncode, end.stdout, end.stderr.decode()


@contextlib.asynccontextmanager
async def sending(*arguments, environment=None, stdin=asyncio.subprocess.DEVNULL):
    async with Martlet("send", "--port", 0, *arguments, environment=environment, stdin=stdin) as sender:
        yield sender, (await sender.event("link"))["local"]


async def receive(link, *arguments, **options):
    return await asyncio.to_thread(words, "receive", link, *arguments, **options)


@pytest.mark.parametrize("command", ["send", "receive"])
def test_every_flag_is_shown_somewhere(command):
    code, text, _ = words(command, "--help")
    assert code == 0
    options = text.decode().split("OPTIONS:")[1]
    names = {match[1] for match in re.finditer(r"^  (-\w|--[a-z-]+)", options, re.MULTILINE)} - {"--version", "-h"}
    assert names == set(SHOWN_BY[command]), names ^ set(SHOWN_BY[command])
    tests = "".join(path.read_text() for path in BUILD.parents[1].glob("Tests/InteropTests/test_*.py"))
    for test in SHOWN_BY[command].values():
        assert f"def {test}" in tests, test


async def test_pipes(tmp_path):
    content = make_file(tmp_path, "source", 3 * MEBIBYTE + 17).read_bytes()
    async with sending("-", "--name", "backup.tar", stdin=asyncio.subprocess.PIPE) as (sender, link):
        receiving = asyncio.create_task(receive(link, "-y", "-o", "-"))
        sender.process.stdin.write(content)
        sender.process.stdin.close()
        code, output, errors = await receiving
        assert code == 0 and output == content, errors
        assert "backup.tar" in errors
        assert (await sender.end())[0] == 0


@pytest.mark.parametrize("flags", [["--unordered"], ["--max-retransmits", "0"]], ids=lambda flags: flags[0])
async def test_for_the_curious(tmp_path, flags):
    source = make_file(tmp_path, "x", 30 * MEBIBYTE)
    target, sender, _, _ = await transfer(tmp_path, [source], *flags, receive_options=["-y"])
    assert digest(target / "x") == digest(source)
    assert sender.events[-1]["resent_bytes"] >= 0
    # What is lost could not be read again.
    code, _, errors = words("send", "-", *flags)
    assert code == 2 and "read once" in errors


async def test_two_files_do_not_go_to_standard_output(tmp_path):
    sources = [make_file(tmp_path, name, 10) for name in ("a", "b")]
    async with sending(*sources) as (sender, link):
        code, output, errors = await receive(link, "-y", "-o", "-")
        assert code == 6 and output == b"" and "more are offered" in errors, (code, errors)
        assert (await sender.end())[0] == 6


async def test_words(tmp_path):
    target = tmp_path / "received"
    target.mkdir()
    async with Martlet("send", "--port", 0, "--text", "héllo\n", "--text", "-", stdin=asyncio.subprocess.PIPE) as sender:
        sender.process.stdin.write("two\nlines".encode())
        sender.process.stdin.close()
        code, output, errors = await receive((await sender.event("link"))["local"], "-y", "-o", target)
        assert code == 0 and output.decode() == "héllo\ntwo\nlines", (output, errors)
        assert "2 texts" in errors and (await sender.end())[0] == 0
    assert list(target.iterdir()) == []


async def test_what_is_left_out(tmp_path):
    folder = tmp_path / "folder"
    for path in ["keep.txt", "drop.o", ".hidden", "build/x", "deep/build/y", "deep/z"]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    (folder / "link").symlink_to("keep.txt")

    async def received(name, *flags):
        target = tmp_path / name
        target.mkdir()
        async with sending(folder, *flags) as (sender, link):
            code, output, errors = await receive(link, "-y", "-o", target)
            assert code == 0, errors
            assert (await sender.end())[0] == 0
        paths = {str(path.relative_to(target / "folder")) for path in target.rglob("*") if path.is_file()}
        # Results are on standard output, one path a line, each exactly once.
        assert sorted(output.decode().splitlines()) == sorted(str(target / "folder" / path) for path in paths)
        assert not any(path.is_symlink() for path in target.rglob("*"))
        return paths, [event["message"] for event in sender.events if event["type"] == "notice"]

    everything = {"keep.txt", "drop.o", ".hidden", "build/x", "deep/build/y", "deep/z"}
    paths, notices = await received("all")
    assert paths == everything and len(notices) == 1 and "folder/link" in notices[0], notices
    paths, notices = await received("follow", "--follow-links")
    assert paths == everything | {"link"} and notices == []
    paths, _ = await received("less", "--exclude", "*.o", "--exclude", "build/", "--no-hidden")
    assert paths == {"keep.txt", "deep/z"}


async def test_a_limit(tmp_path):
    source = make_file(tmp_path, "x", 6_000_000)
    target = tmp_path / "received"
    target.mkdir()
    async with sending(source, "--limit", "2MB/s") as (sender, link):
        started = time.monotonic()
        code, _, errors = await receive(link, "-y", "-o", target)
        assert code == 0, errors
        assert time.monotonic() - started > 2


async def test_new_is_a_new_link(tmp_path):
    source = make_file(tmp_path, "x", 50 * MEBIBYTE)
    target = tmp_path / "received"
    target.mkdir()
    state = {"MARTLET_STATE_DIR": str(tmp_path / "state")}

    async def interrupted(*flags):
        async with Martlet("send", source, "--port", 0, "--limit", "5MB/s", *flags, environment=state) as sender:
            link = (await sender.event("link"))["local"]
            async with Martlet("receive", link, "-y", "-o", target, environment=state) as receiver:
                await receiver.event("progress")
                sender.terminate(signal.SIGINT)
                code, errors = await sender.end()
                assert code == 130 and "The same command resumes" in errors, errors
        return link

    first = await interrupted()
    assert await interrupted() == first
    assert await interrupted("--new") != first


async def test_a_lost_receiver_keeps_its_link(tmp_path):
    source = make_file(tmp_path, "x", 50 * MEBIBYTE)
    target = tmp_path / "received"
    target.mkdir()
    state = {"MARTLET_STATE_DIR": str(tmp_path / "state")}
    links = []
    for _ in range(2):
        async with Martlet(
                "send", source, "--port", 0, "--limit", "5MB/s", "--wait", "0s", environment=state) as sender:
            links.append((await sender.event("link"))["local"])
            async with Martlet("receive", links[-1], "-y", "-o", target, environment=state) as receiver:
                await receiver.event("progress")
                receiver.terminate(signal.SIGKILL)
                code, errors = await sender.end()
                assert code == 7 and "which resumes" in errors, (code, errors)
    assert links[0] == links[1]


async def test_who_stops_at_once_comes_back_to_the_same_place(tmp_path):
    source = make_file(tmp_path, "x", 20 * MEBIBYTE)
    target = tmp_path / "received"
    target.mkdir()
    state = {"MARTLET_STATE_DIR": str(tmp_path / "state")}
    async with sending(source, "--limit", "15MB/s") as (sender, link):
        async with Martlet("receive", link, "-y", "-o", target, environment=state) as receiver:
            await receiver.event("progress")
            receiver.terminate(signal.SIGINT)
            assert (await receiver.end())[0] == 130
        async with Martlet("receive", link, "-y", "-o", target, environment=state) as receiver:
            ends = await asyncio.gather(sender.end(), receiver.end())
            assert [code for code, _ in ends] == [0, 0], ends
    assert digest(target / "x") == digest(source)


async def test_where_it_listens(tmp_path):
    source = make_file(tmp_path, "x", 10)
    async with Martlet("send", source, "--port", 0, "--local") as sender:
        links = await sender.event("link")
        assert links["link"] == links["local"] and links["all"] == [links["local"]]
        assert "Fatal" not in (await receive(links["link"], "-y", "-o", tmp_path / "missing"))[2]
    async with Martlet("receive", "--port", 0, "--bind", "127.0.0.1") as receiver:
        links = await receiver.event("link")
        assert links["all"] == [links["local"]]
    code, _, errors = words("send", source, "--local", "--bind", "192.0.2.77")
    assert code == 2 and "exclude each other" in errors
    code, _, errors = words("send", source, "--bind", "192.0.2.77")
    assert code == 9 and "no address of this machine" in errors


async def test_a_receiver_waits(tmp_path):
    source = make_file(tmp_path, "x", 10)
    target = tmp_path / "received"
    target.mkdir()
    async with Martlet("receive", "--port", 0, "-y", "-o", target) as receiver:
        assert re.match(r"http://localhost:\d+/#", (await receiver.event("link"))["local"])
    assert list(target.iterdir()) == [] and source.exists()


@pytest.mark.parametrize("command", [["send", "x"], ["receive"]], ids=lambda command: command[0])
def test_a_code_on_demand(tmp_path, command):
    make_file(tmp_path, "x", 10)
    for flag, isDrawn in [("--qr", True), ("--no-qr", False), (None, False)]:
        flags = [flag] if flag else []
        _, _, errors = words(*command, "--port", 0, "--expire", "1s", *flags, cwd=tmp_path)
        assert ("█" in errors) == isDrawn, errors


async def test_quiet(tmp_path):
    source = make_file(tmp_path, "x", 10)
    target = tmp_path / "received"
    target.mkdir()
    process = await asyncio.create_subprocess_exec(
        MARTLET, "send", "-q", "--local", "--port", "0", str(source), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    link = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
    code, output, errors = await receive(link, "-q", "-y", "-o", target)
    assert (code, output.decode(), errors) == (0, f"{target}/x\n", "")
    rest, errors = await process.communicate()
    assert (process.returncode, rest, errors) == (0, b"", b"")


async def test_words_to_compare(tmp_path):
    source = make_file(tmp_path, "x", 1000)
    _, sender, receiver, _ = await transfer(
        tmp_path, [source], "--verify", receive_options=["-y", "--verify"])
    words = [[event["words"] for event in side.events if event["type"] == "words"] for side in (sender, receiver)]
    assert words[0] == words[1] and len(words[0]) == 1 and len(words[0][0]) == 3, words


async def test_skip(tmp_path):
    source = make_file(tmp_path, "x", 1000)
    target, sender, receiver, errors = await transfer(
        tmp_path, [source], receive_options=["-y", "--skip"],
        prepare=lambda folder: (folder / "x").write_bytes(b"mine"))
    assert (target / "x").read_bytes() == b"mine"
    assert receiver.events[-1]["skipped"] == 1 == sender.events[-1]["skipped"]


async def test_events_are_those_of_the_manual(tmp_path):
    table = words("help", "events")[1].decode()
    promised = {match[1]: set(match[2].split(", ")) | {"type", "receiver"}
                for match in re.finditer(r"^  ([\w-]+) +([\w, -]+)$", table, re.MULTILINE)}
    (tmp_path / "folder").mkdir()
    make_file(tmp_path / "folder", "x", MEBIBYTE)
    (tmp_path / "folder/link").symlink_to("x")
    _, sender, receiver, _ = await transfer(
        tmp_path, [tmp_path / "folder", "--text", "hello"], receive_options=["-y"])
    for event in sender.events + receiver.events:
        assert list(event)[0] == "type"
        assert set(event) <= promised[event["type"]], event
    assert {event["type"] for event in receiver.events} >= {"peer", "path", "offer", "file", "text", "done"}
    assert {event["type"] for event in sender.events} >= {"link", "waiting", "notice", "offer", "file", "done"}
    code, output, _ = words("send", "--json", tmp_path / "missing")
    error = json.loads(output.splitlines()[-1])
    assert code == 3 == error["exit"] and set(error) <= promised["error"] and error["code"] == "source"


# MARK: Where settings come from


async def test_settings_from_the_environment_and_the_file(tmp_path):
    source = make_file(tmp_path, "x", 10)
    target = tmp_path / "received"
    target.mkdir()
    (tmp_path / "config").write_text(f"# both\nquiet = yes\n[receive]\noutput = {target}\n[send]\nexpire = 1s\n")
    settings = {**os.environ, "MARTLET_CONFIG": str(tmp_path / "config")}
    code, output, errors = words("send", "--port", 0, source, env=settings)
    assert code == 10 and "within 1 s" in errors and len(output.splitlines()) == 1, errors
    # The environment wins over the file, and what is typed over both.
    _, _, errors = words("send", "--port", 0, source, env={**settings, "MARTLET_EXPIRE": "2s"})
    assert "within 2 s" in errors
    _, _, errors = words("send", "--port", 0, source, "--expire", "3s", env={**settings, "MARTLET_EXPIRE": "2s"})
    assert "within 3 s" in errors
    async with sending(source) as (sender, link):
        code, output, errors = await asyncio.to_thread(
            words, env={**settings, "MARTLET_LINK": link, "MARTLET_YES": "1"})
        assert (code, output.decode(), errors) == (0, f"{target}/x\n", "")
    code, _, errors = words("send", source, env={**os.environ, "MARTLET_CONFIG": str(tmp_path / "none")})
    assert code == 2 and "MARTLET_CONFIG" in errors
    (tmp_path / "config").write_text("nonsense = 1\n")
    code, _, errors = words("send", source, env=settings)
    assert code == 2 and "line 1" in errors and "nonsense" in errors


@pytest.mark.parametrize("arguments", [["help", "exit"], ["help", "events"], ["--help"], ["--version"], ["manual"],
                                       ["completions", "bash"], ["completions", "zsh"], ["completions", "fish"]])
def test_what_is_only_to_be_read(arguments):
    code, output, errors = words(*arguments)
    assert code == 0 and output and not errors


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_results_that_cannot_be_written_are_no_success():
    with open("/dev/full", "wb") as full:
        end = subprocess.run([MARTLET, "completions", "bash"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=20)
    assert end.returncode == 9 and "No space left" in end.stderr, end


def test_bash_completes_an_option(tmp_path):
    (tmp_path / "completion").write_bytes(words("completions", "bash")[1])
    script = """. ./completion; COMP_WORDS=(martlet send --max); COMP_CWORD=2; COMP_LINE="martlet send --max"
        COMP_POINT=${#COMP_LINE}; $(complete -p martlet | sed 's/.*-F \\([^ ]*\\).*/\\1/') martlet --max send
        printf '%s\\n' "${COMPREPLY[@]}" """
    end = subprocess.run(["bash", "--norc", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=20)
    assert "--max-retransmits" in end.stdout, (end.stdout, end.stderr)


# MARK: On a terminal


class Terminal:
    """`martlet` on a terminal of 60 columns."""

    def __init__(self, *arguments):
        self.shown = ""
        child, self.descriptor = pty.fork()
        if child == 0:
            os.environ.update(TERM="xterm", COLUMNS="60", LINES="20")
            os.execv(MARTLET, [MARTLET, *map(str, arguments)])
        self.child = child
        import fcntl, struct, termios
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 60, 0, 0))
        os.set_blocking(self.descriptor, False)

    def type(self, text):
        os.write(self.descriptor, text.encode())

    async def see(self, text, timeout=20):
        until = time.monotonic() + timeout
        while text not in self.shown:
            assert time.monotonic() < until, self.shown
            try:
                self.shown += os.read(self.descriptor, 65536).decode(errors="replace")
            except BlockingIOError:
                await asyncio.sleep(0.02)
            except OSError:
                assert text in self.shown, self.shown

    async def end(self, timeout=20):
        with contextlib.suppress(AssertionError):
            await self.see("\0never", timeout=1)
        for _ in range(timeout * 20):
            child, status = os.waitpid(self.child, os.WNOHANG)
            if child:
                return os.waitstatus_to_exitcode(status)
            await asyncio.sleep(0.05)
        raise AssertionError(self.shown)


@pytest.mark.parametrize("answer, code", [("y", 0), ("", 0), ("n", 6), ("what\nno", 6)])
async def test_a_question_on_a_terminal(tmp_path, answer, code):
    source = make_file(tmp_path, "x", 10)
    target = tmp_path / "received"
    target.mkdir()
    async with sending(source) as (sender, link):
        terminal = Terminal("receive", "-o", target, link)
        # What was typed before the question stands there is no answer.
        terminal.type("y\n")
        await terminal.see("[Y/n]")
        await asyncio.sleep(0.3)
        assert list(target.iterdir()) == []
        terminal.type(answer + "\n")
        assert await terminal.end() == code, terminal.shown
        assert (await sender.end())[0] == code
    assert [path.name for path in target.iterdir()] == ([] if code else ["x"])
    assert "\x1b[1;31merror:\x1b[0m" in terminal.shown or code == 0
