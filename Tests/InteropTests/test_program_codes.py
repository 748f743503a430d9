"""Codes, and servers that are not the sender's: between two terminals, as people use them."""

import asyncio
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import termios

import pytest
import websockets

from martlet_program import BUILD, Martlet
from test_program import MEBIBYTE, digest, make_file
from test_program_flags import MARTLET, Terminal, words

#: Words of codes, and certainly not those of a test's sender: who draws them has luck 1 in 2^31.
WRONG = "clock-mango-crust"


@contextlib.asynccontextmanager
async def serve(*arguments, port=0, **options):
    """`martlet serve`; gives its address."""
    scheme = "https" if "--certificate" in arguments else "http"
    async with Martlet("serve", "--port", port, "--bind", "127.0.0.1", *arguments, **options) as server:
        yield server, f"{scheme}://127.0.0.1:{(await server.event('serving'))['port']}"


@contextlib.asynccontextmanager
async def sending(*arguments, environment=None):
    async with Martlet("send", *arguments, environment=environment) as sender:
        yield sender, await sender.event("code")


def wrong(code):
    return f"{code['number']}-{WRONG}"


async def receive(code, server, *arguments, folder, state=None):
    environment = {**os.environ, **({"MARTLET_STATE_DIR": str(state)} if state else {})}
    target = folder / "received"
    target.mkdir(exist_ok=True)
    ending, output, errors = await asyncio.to_thread(
        words, "receive", code, "--server", server, "-y", "-o", target, *arguments, env=environment)
    return ending, output.decode(), errors


def local(code):
    """The sender's own server, at the address that leads to this machine whatever its networks are."""
    return re.sub(r"//.*:", "//127.0.0.1:", code["server"])


# MARK: A code in place of a link


@pytest.mark.parametrize("write", [
    lambda code: code, lambda code: code.upper().replace("-", " "), lambda code: code.replace("-", "..", 1),
], ids=["as shown", "capitals and spaces", "dots"])
async def test_a_code_between_two_terminals(tmp_path, write):
    source = make_file(tmp_path, "x", 3 * MEBIBYTE)
    async with sending(source, "--port", 0) as (sender, code):
        assert code["command"] == f"martlet receive {code['code']} --server {code['server']}"
        assert code["page"] == code["server"] + "/" and code["code"].startswith(f"{code['number']}-")
        ending, output, errors = await receive(write(code["code"]), local(code), folder=tmp_path)
        assert ending == 0, errors
        assert output == f"{tmp_path}/received/x\n"
        assert (await sender.end())[0] == 0
    assert digest(tmp_path / "received/x") == digest(source)


async def test_the_command_that_is_shown_works_as_it_stands(tmp_path):
    source, there = make_file(tmp_path, "x", 1000), tmp_path / "there"
    there.mkdir()
    async with sending(source, "--port", 0) as (sender, code):
        program, *arguments = code["command"].split()
        assert program == "martlet"
        ending, _, errors = await asyncio.to_thread(words, *arguments, "-y", cwd=there)
        assert ending == 0, errors
        assert (await sender.end())[0] == 0
    assert digest(there / "x") == digest(source)


async def test_the_code_from_the_environment_and_from_standard_input(tmp_path):
    source = make_file(tmp_path, "x", 1000)
    for how in ("environment", "bare", "input"):
        target = tmp_path / how
        target.mkdir()
        async with sending(source, "--port", 0) as (sender, code):
            settings = {**os.environ, "MARTLET_SERVER": local(code), "MARTLET_YES": "1", "MARTLET_OUTPUT": str(target)}
            arguments, stdin = ["receive"], subprocess.DEVNULL
            if how == "environment":
                settings["MARTLET_CODE"] = code["code"]
            elif how == "bare":
                arguments = [code["code"]]
            else:
                arguments.append("-")
                readable, writable = os.pipe()
                os.write(writable, (code["code"] + "\n").encode())
                os.close(writable)
                stdin = readable
            ending, _, errors = await asyncio.to_thread(words, *arguments, env=settings, stdin=stdin)
            assert ending == 0, (how, errors)
            assert (await sender.end())[0] == 0
        assert digest(target / "x") == digest(source)


async def test_one_code_serves_several_and_the_next_is_told(tmp_path):
    source = make_file(tmp_path, "x", 20 * MEBIBYTE)
    async with sending(source, "--port", 0, "--receivers", 2, "--limit", "20MB/s") as (sender, code):
        folders = [tmp_path / name for name in "ab"]
        for folder in folders:
            folder.mkdir()
        receiving = [asyncio.create_task(receive(code["code"], local(code), folder=folder, state=folder / "state"))
                     for folder in folders]
        for _ in folders:
            await sender.event("offer")
        (tmp_path / "c").mkdir()
        ending, _, errors = await receive(code["code"], local(code), folder=tmp_path / "c", state=tmp_path / "c/state")
        assert ending == 10 and ("others" in errors or "serves" in errors), (ending, errors)
        assert [ending for ending, _, _ in await asyncio.gather(*receiving)] == [0, 0]
        assert (await sender.end())[0] == 0


async def test_many_commands_of_one_user_at_once_take_no_tries_from_each_other(tmp_path):
    source = make_file(tmp_path, "x", 1000)
    folders = [tmp_path / f"to {index}" for index in range(8)]
    async with sending(source, "--port", 0, "--receivers", len(folders)) as (sender, code):
        for folder in folders:
            folder.mkdir()
        for ending, _, errors in await asyncio.gather(*(
                receive(code["code"], local(code), folder=folder, state=tmp_path / "state") for folder in folders)):
            assert ending == 0, errors
        assert (await sender.end())[0] == 0


# MARK: Wrong words


async def test_wrong_tries_that_cannot_be_kept_count_for_this_run(tmp_path):
    source = make_file(tmp_path, "x", 1000)
    async with sending(source, "--port", 0) as (_, code):
        ending, _, errors = await receive(wrong(code), local(code), folder=tmp_path, state="/proc/martlet")
        assert ending == 4 and errors.count("counted for this run only") == 1 and "2 tries left" in errors, errors


async def test_three_wrong_tries_and_the_code_is_dead_on_both_sides(tmp_path):
    source = make_file(tmp_path, "x", 1000)
    async with sending(source, "--port", 0) as (sender, code):
        for left in (2, 1, 0):
            # Each from a machine of its own: the sender counts them all.
            ending, _, errors = await receive(wrong(code), local(code), folder=tmp_path, state=tmp_path / f"state {left}")
            assert ending == 4 and "2 tries left" in errors, errors
            assert (await sender.event("wrong-code"))["left"] == left
        await sender.event("code-dead")
        # Now the right words are wrong too, and the person is told why.
        ending, _, errors = await receive(code["code"], local(code), folder=tmp_path, state=tmp_path / "state 4")
        assert ending == 4 and "dead" in errors and "new code" in errors, (ending, errors)
        # The link still works.
        link = next(event for event in sender.events if event["type"] == "link")
        ending, _, errors = await asyncio.to_thread(
            words, "receive", link["local"], "-y", "-o", tmp_path / "received")
        assert ending == 0, errors
        assert (await sender.end())[0] == 0
    assert digest(tmp_path / "received/x") == digest(source)


async def test_a_receiver_has_three_tries_whatever_the_sender_says(tmp_path):
    source = make_file(tmp_path, "x", 1000)
    state = tmp_path / "state"
    async with sending(source, "--port", 0, "--receivers", 2) as (sender, code):
        for sentence in ("2 tries left", "1 try left", "the last of three tries"):
            ending, _, errors = await receive(wrong(code), local(code), folder=tmp_path, state=state)
            assert ending == 4 and sentence in errors, errors
        ending, output, errors = await receive(wrong(code), local(code), "--json", folder=tmp_path, state=state)
        assert ending == 4 and "from here" in errors and "code-dead" in output, (output, errors)
        files = [path for path in (state / "looks").iterdir()]
        assert files and all(path.stat().st_mode & 0o77 == 0 for path in files)
        assert not any(WRONG in path.read_text() for path in files)


async def test_a_sender_that_is_started_again_has_the_same_code_and_goes_on_counting(tmp_path):
    source, target = make_file(tmp_path, "x", 40 * MEBIBYTE), tmp_path / "received"
    target.mkdir()
    ours, theirs = ({"MARTLET_STATE_DIR": str(tmp_path / name)} for name in ("ours", "theirs"))
    codes = []
    for attempt in range(4):
        async with sending(source, "--port", 0, "--limit", "5MB/s", environment=ours) as (sender, code):
            codes.append(code["code"])
            if attempt < 3:
                async with Martlet("receive", code["code"], "--server", local(code), "-y", "-o", target,
                                   environment=theirs) as receiver:
                    await receiver.event("progress")
                await receive(wrong(code), local(code), folder=tmp_path, state=tmp_path / f"guess {attempt}")
                assert (await sender.event("wrong-code"))["left"] == 2 - attempt
            sender.terminate(signal.SIGKILL)
            await sender.process.wait()
    assert codes[0] == codes[1] == codes[2] != codes[3], "a dead code is not used again"


async def test_a_code_that_cannot_be_right_says_why(tmp_path):
    def refused(*arguments, code=2):
        ending, _, errors = words("receive", *arguments)
        assert ending == code, errors
        return errors

    assert "holds no address" in refused("7-clock-mango-crust")
    assert "Perhaps mango?" in refused("7-clock-mangoes-crust", "--server", "http://127.0.0.1:9")
    assert "three words" in refused("7-clock", "--server", "http://127.0.0.1:9")
    assert "--server http://127.0.0.1:9" in refused("7-clock-mango-crust", "--server", "127.0.0.1:9")
    async with sending(make_file(tmp_path, "x", 10), "--port", 0) as (_, code):
        number = code["number"] % 9 + 1
        errors = await asyncio.to_thread(refused, f"{number}-{WRONG}", "--server", local(code), code=10)
        assert f"behind the number {number}" in errors, errors


# MARK: At a terminal


async def test_wrong_and_mistyped_words_are_asked_for_again(tmp_path):
    source = make_file(tmp_path, "x", 1000)
    async with sending(source, "--port", 0) as (sender, code):
        first, second, third = code["code"].split("-")[1:]
        terminal = Terminal("receive", "-", "-y", "-o", tmp_path, "--overwrite", "--server", local(code))
        await terminal.see("Link or code: ")
        # No word of the list: proposals, and no try is used up.
        terminal.type(f"{code['number']}-{first}-zzzzz-{third}\r")
        await terminal.see("Word 2 of the code is none")
        await terminal.see(f"Code: {code['number']}-{first}-")
        terminal.type(f"\x15{code['number']}-{WRONG}\r")
        await terminal.see("2 tries left")
        await terminal.see(f"Code: {code['number']}-")
        assert (await sender.event("wrong-code"))["left"] == 2
        # Tab completes what has one way to go on.
        terminal.type(f"{first}\t")
        terminal.type(("" if terminal.shown.endswith("-") else "-") + f"{second}-{third}\r")
        assert await terminal.end() == 0, terminal.shown
        assert (await sender.end())[0] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGABRT, signal.SIGSEGV,
                                    signal.SIGQUIT], ids=lambda number: number.name)
async def test_the_terminal_is_put_back_whatever_ends_the_question(monkeypatch, number):
    # What reports crashes of Swift programs asks questions on the terminal by itself.
    monkeypatch.setenv("SWIFT_BACKTRACE", "enable=no")
    terminal = Terminal("receive", "-", "--server", "http://127.0.0.1:9")
    before = termios.tcgetattr(terminal.descriptor)
    await terminal.see("Link or code: ")
    during = termios.tcgetattr(terminal.descriptor)
    assert during[3] & termios.ICANON == 0 and during[3] & termios.ECHO == 0
    after = None
    os.kill(terminal.child, number)
    for _ in range(200):
        with contextlib.suppress(termios.error, OSError):
            after = termios.tcgetattr(terminal.descriptor)
        if after and after[3] & termios.ICANON:
            break
        await asyncio.sleep(0.02)
    assert after == before, number
    await terminal.end()


def test_shells_complete_the_words_of_a_code(tmp_path):
    def complete(typed):
        script = tmp_path / "martlet.bash"
        script.write_bytes(words("completions", "bash")[1])
        path = f"{BUILD}:{os.environ['PATH']}"
        line = f"martlet receive {typed}"
        # What the shell does: it calls the function that the script has registered.
        program = (f"source '{script}'; COMP_WORDS=(martlet receive '{typed}'); COMP_CWORD=2; COMP_LINE='{line}'; "
                   f"COMP_POINT={len(line)}; COMP_TYPE=9; "
                   "$(complete -p martlet | sed 's/.*-F \\([^ ]*\\).*/\\1/') martlet \"${COMP_WORDS[2]}\" receive; "
                   "printf '%s\\n' \"${COMPREPLY[@]}\"")
        return subprocess.run(["bash", "-c", program], env={**os.environ, "PATH": path}, text=True, timeout=20,
                              stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout.split()

    assert complete("7-clock-mango-crus") == ["7-clock-mango-crush", "7-clock-mango-crust"]
    assert "7-clock-" in complete("7-clo")
    # Where only one word fits a shell would put a space: the words after it are shown.
    assert "7-clock-mango-" in complete("7-cloc")


# MARK: Secrets in the process list


def command_lines():
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield path.read_bytes()


@pytest.mark.parametrize("kind", ["code", "link", "words apart"])
async def test_no_secret_stands_in_the_process_list(tmp_path, kind):
    source = make_file(tmp_path, "x", 20 * MEBIBYTE)
    target = tmp_path / "received"
    target.mkdir()
    async with sending(source, "--port", 0, "--limit", "10MB/s") as (sender, code):
        link = (await sender.event("link"))["local"]
        given = {"link": [link], "code": [code["code"]], "words apart": code["code"].split("-")}[kind]
        secrets = [link.split(".")[-1]] if kind == "link" else code["code"].split("-")[1:]
        async with Martlet("receive", *given, "--server", local(code), "-y", "-o", target) as receiver:
            await receiver.event("progress")
            own = pathlib.Path(f"/proc/{receiver.process.pid}/cmdline").read_bytes().replace(str(target).encode(), b"")
            assert b"receive" in own
            for secret in secrets:
                # The words are ordinary ones: other programs may well have one of them in an argument, but not all three.
                assert not re.search(rb"\b" + secret.encode() + rb"\b", own), (kind, own)
            together = re.compile(rb"[-\0 ]".join(secret.encode() for secret in secrets))
            assert not any(together.search(line) for line in command_lines()), kind
            ends = await asyncio.gather(sender.end(), receiver.end())
            assert [ending for ending, _ in ends] == [0, 0], ends


# MARK: A server elsewhere


def listening_sockets(process):
    """Local addresses at which a process listens."""
    inodes = set()
    for path in pathlib.Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(OSError):
            if match := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(path)):
                inodes.add(match[1])
    rows = [line.split() for table in ("tcp", "tcp6")
            for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and row[9] in inodes]


async def test_somebody_elses_server(tmp_path):
    source = make_file(tmp_path, "x", MEBIBYTE)
    async with serve() as (_, url), sending(source, "--server", url) as (sender, code):
        link = await sender.event("link")
        assert code["server"] == url and link["link"] == link["local"] == link["all"][0]
        assert link["link"].startswith(url + "/#")
        assert listening_sockets(sender.process.pid) == [], "only the server listens"
        ending, _, errors = await receive(code["code"], url, folder=tmp_path)
        assert ending == 0, errors
        assert (await sender.end())[0] == 0
    assert digest(tmp_path / "received/x") == digest(source)


async def test_a_server_that_restarts_is_waited_for_and_disturbs_no_transfer(tmp_path):
    source = make_file(tmp_path, "x", 30 * MEBIBYTE)
    state = {"MARTLET_STATE_DIR": str(tmp_path / "server")}
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    async with contextlib.AsyncExitStack() as stack:
        server, url = await stack.enter_async_context(serve(environment=state))
        port = int(url.rsplit(":", 1)[1])
        sender, code = await stack.enter_async_context(
            sending(source, "--server", url, "--receivers", 2, "--limit", "6MB/s"))
        first = asyncio.create_task(receive(code["code"], url, folder=folders[0], state=folders[0] / "state"))
        await sender.event("progress")
        server.terminate(signal.SIGTERM)
        await server.end()
        await sender.event("server-lost")
        await asyncio.sleep(1)
        await stack.enter_async_context(serve(environment=state, port=port))
        back = await sender.event("server-back")
        assert back["number"] == code["number"], "the code is the same"
        second = asyncio.create_task(receive(code["code"], url, folder=folders[1], state=folders[1] / "state"))
        for ending, _, errors in await asyncio.gather(first, second):
            assert ending == 0, errors
            assert "lost" not in errors, errors
        ending, errors = await sender.end()
        assert ending == 0, errors
        lost = [event for event in sender.events if event["type"] == "server-lost"]
        assert len(lost) == 1, "one line, no flood"
    for folder in folders:
        assert digest(folder / "received/x") == digest(source)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, "server"], ids=["killed", "Ctrl-C", "with its server"])
async def test_a_sender_that_is_started_again_has_its_code_back_at_somebody_elses_server(tmp_path, how):
    """The receiver came by code and waits: it meets the sender again by the same code, and so does one that is new."""
    source, target = make_file(tmp_path, "x", 30 * MEBIBYTE), tmp_path / "received"
    target.mkdir()
    state = {"MARTLET_STATE_DIR": str(tmp_path / "server")}
    ours, theirs = ({"MARTLET_STATE_DIR": str(tmp_path / name)} for name in ("ours", "theirs"))
    async with contextlib.AsyncExitStack() as stack:
        server, url = await stack.enter_async_context(serve(environment=state))
        command = (source, "--server", url, "--receivers", 2, "--limit", "6MB/s")
        sender, first = await stack.enter_async_context(sending(*command, environment=ours))
        receiver = await stack.enter_async_context(
            Martlet("receive", first["code"], "--server", url, "-y", "-o", target, environment=theirs))
        await receiver.event("progress")
        sender.terminate(signal.SIGKILL if how == "server" else how)
        await sender.process.wait()
        # Nobody else gets the number meanwhile.
        _, stranger = await stack.enter_async_context(sending(make_file(tmp_path, "y", 10), "--server", url))
        assert stranger["number"] != first["number"]
        if how == "server":
            server.terminate(signal.SIGTERM)
            await server.end()
            await stack.enter_async_context(serve(environment=state, port=int(url.rsplit(":", 1)[1])))
        sender, again = await stack.enter_async_context(sending(*command, environment=ours))
        assert again["code"] == first["code"]
        late = asyncio.create_task(receive(first["code"], url, folder=tmp_path / "ours", state=tmp_path / "late"))
        ending, errors = await receiver.end()
        assert ending == 0, errors
        ending, _, errors = await late
        assert ending == 0, errors
        ending, errors = await sender.end()
        assert ending == 0, errors
    assert digest(target / "x") == digest(source)


@pytest.mark.parametrize("kind", ["code", "link"])
async def test_a_guest_waits_for_a_server_that_restarts(tmp_path, kind):
    """Also while it is away, and until the sender is back in its room."""
    source = make_file(tmp_path, "x", 1000)
    state = {"MARTLET_STATE_DIR": str(tmp_path / "server")}
    async with contextlib.AsyncExitStack() as stack:
        server, url = await stack.enter_async_context(serve(environment=state))
        port = int(url.rsplit(":", 1)[1])
        sender, code = await stack.enter_async_context(sending(source, "--server", url))
        link = (await sender.event("link"))["link"]
        server.terminate(signal.SIGTERM)
        await server.end()
        # What a server says that is just stopping; then nobody listens for a while.
        heard = asyncio.Event()

        async def stopping(socket):
            await socket.recv()
            await socket.send('{"type":"error","code":"restarting","message":"the server is restarting"}')
            await socket.close(4008)
            heard.set()

        # The sender itself may be there first.
        async with websockets.serve(stopping, "127.0.0.1", port, subprotocols=["martlet.rooms.2"]):
            entrance = [link] if kind == "link" else [code["code"], "--server", url]
            receiver = await stack.enter_async_context(
                Martlet("receive", *entrance, "-y", "-o", tmp_path / "received", json_events=False,
                        environment={"MARTLET_STATE_DIR": str(tmp_path / "theirs")}))
            (tmp_path / "received").mkdir()
            while b"being started again" not in receiver.said:
                assert receiver.process.returncode is None, receiver.said
                await asyncio.sleep(0.05)
        await asyncio.sleep(1.5)
        assert receiver.process.returncode is None, receiver.said
        await stack.enter_async_context(serve(environment=state, port=port))
        assert await asyncio.wait_for(receiver.process.wait(), 40) == 0, receiver.said
        assert receiver.said.count(b"being started again") == 1
        assert (await sender.end())[0] == 0
    assert digest(tmp_path / "received/x") == digest(source)


async def test_a_certificate_authority_of_ones_own(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out",
         certificate], check=True, capture_output=True)
    source = make_file(tmp_path, "x", 1000)
    async with serve("--certificate", certificate, "--key", key) as (_, url):
        url = re.sub(r"//[^:/]*", "//localhost", url)
        assert url.startswith("https://")
        ending, _, errors = await asyncio.to_thread(words, "send", source, "--server", url)
        assert ending == 4 and "--ca FILE" in errors, (ending, errors)
        async with sending(source, "--server", url, "--ca", certificate) as (sender, code):
            ending, _, errors = await receive(code["code"], url, "--ca", certificate, folder=tmp_path)
            assert ending == 0, errors
            assert (await sender.end())[0] == 0
    ending, _, errors = words("send", source, "--server", url, "--ca", source)
    assert ending == 2 and "no certificate" in errors


def test_a_server_that_is_not_there(tmp_path):
    source = make_file(tmp_path, "x", 10)
    ending, _, errors = words("send", source, "--server", "http://127.0.0.1:9")
    assert ending == 5 and "does not run" in errors, (ending, errors)
    ending, _, errors = words("send", source, "--server", "http://127.0.0.1:9", "--port", 4040)
    assert ending == 2 and "--port is for a server of our own" in errors
