"""The program, as people use it: files to and from real browsers, and between terminals; and every way it can go wrong."""

import asyncio
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import unicodedata

import pytest

from conftest import lan_address
from faults import MEBIBYTE, digest, write_noise
from martlet_program import BUILD, Martlet, die_with_parent

def make_file(folder, name, size, seed=1):
    return write_noise(folder / name, size, seed)


def same_name(left, right):
    return unicodedata.normalize("NFC", left) == unicodedata.normalize("NFC", right)


async def open_page(browser, link):
    page = await browser.open(link)
    return page


async def page_state(page, wanted, timeout=30):
    await page.wait_for(f"document.documentElement?.dataset.state === '{wanted}'", timeout)
    return await page.evaluate("document.querySelector('main').innerText")


async def send_to_page(browser, paths, link="local", timeout=120):
    """`martlet send`, the page, a click on Save. Returns the program after its end, and the page."""
    async with Martlet("send", *paths, "--port", 0) as sender:
        links = await sender.event("link")
        page = await open_page(browser, links[link])
        text = await page_state(page, "offered")
        for path in paths:
            assert any(same_name(path.name, line) for line in text.splitlines()) or path.name in text, text
        await page.click("#accept")
        code, errors = await sender.end(timeout)
        assert code == 0, errors
        return sender, page


NAMES = [
    ("empty.bin", 0), ("one.bin", 1), ("text.txt", 10_000), ("a name with spaces & (more).bin", 70_000),
    ("fête 🐦 e\u0301u\u0308.bin", 65_520),
]


@pytest.mark.parametrize("name, size", NAMES, ids=[f"{size} bytes" for _, size in NAMES])
async def test_a_file_from_the_terminal_into_the_browser(browser, tmp_path, name, size):
    source = make_file(tmp_path, name, size)
    _, page = await send_to_page(browser, [source])
    [file] = await browser.downloads.finished(1)
    assert digest(file) == digest(source)
    assert same_name(file.name, name)
    assert "saved" in await page_state(page, "done")


async def test_three_files_at_once(browser, tmp_path):
    sources = [make_file(tmp_path, f"file {index}.bin", 300_000 * index + 1, index) for index in range(3)]
    await send_to_page(browser, sources)
    files = await browser.downloads.finished(3)
    assert {file.name: digest(file) for file in files} == {source.name: digest(source) for source in sources}


async def test_three_hundred_megabytes_with_flat_memory(browser, tmp_path):
    source = make_file(tmp_path, "large.bin", 300 * MEBIBYTE)
    sender, _ = await send_to_page(browser, [source], timeout=240)
    [file] = await browser.downloads.finished(1)
    assert digest(file) == digest(source)
    assert sender.peak_memory_bytes < 100 * MEBIBYTE, f"{sender.peak_memory_bytes / MEBIBYTE:.0f} MiB"


async def test_a_page_over_plain_http_states_its_limit_before_anything_is_accepted(browser, tmp_path):
    if not lan_address():
        pytest.skip("this machine has no address but loopback")
    source = make_file(tmp_path, "too-large.bin", 300 * MEBIBYTE)
    async with Martlet("send", source, "--port", 0) as sender:
        page = await open_page(browser, (await sender.event("link"))["link"])
        text = await page_state(page, "offered")
        assert "256" in text and "localhost" in text, text
        assert await page.evaluate("!document.querySelector('#accept') || document.querySelector('#accept').disabled "
                                   "|| document.querySelector('#accept').hidden")


async def test_a_page_over_plain_http_receives_what_fits(browser, tmp_path):
    if not lan_address():
        pytest.skip("this machine has no address but loopback")
    source = make_file(tmp_path, "fits.bin", 5 * MEBIBYTE)
    await send_to_page(browser, [source], link="link")
    [file] = await browser.downloads.finished(1)
    assert digest(file) == digest(source)


async def test_the_page_sends_to_a_waiting_terminal(browser, tmp_path):
    target = tmp_path / "received"
    target.mkdir()
    sources = [make_file(tmp_path, name, size) for name, size in [("ein Bild 🐦.bin", 3 * MEBIBYTE), ("empty", 0)]]
    async with Martlet("receive", "-y", "-o", target, "--port", 0) as receiver:
        page = await open_page(browser, (await receiver.event("link"))["local"])
        await page_state(page, "choosing")
        await page.set_files("#file-input", *sources)
        if await page.evaluate("document.documentElement.dataset.state") == "choosing":
            await page.click("#send")
        code, errors = await receiver.end()
        assert code == 0, errors
        await page_state(page, "done")
    assert {path.name: digest(path) for path in target.iterdir()} == {path.name: digest(path) for path in sources}


async def test_declining_in_the_page(browser, tmp_path):
    source = make_file(tmp_path, "unwanted.bin", 1000)
    async with Martlet("send", source, "--port", 0) as sender:
        page = await open_page(browser, (await sender.event("link"))["local"])
        await page_state(page, "offered")
        await page.click("#decline")
        code, errors = await sender.end()
        assert code == 6 and "declined" in errors, errors


async def test_a_closed_page_is_noticed(browser, tmp_path):
    source = make_file(tmp_path, "large.bin", 200 * MEBIBYTE)
    async with Martlet("send", source, "--port", 0, "--wait", "0s") as sender:
        page = await open_page(browser, (await sender.event("link"))["local"])
        await page_state(page, "offered")
        await page.click("#accept")
        await sender.event("progress")
        await page.goto("data:text/html,gone")
        code, errors = await sender.end(30)
        assert code == 7, (code, errors)


# MARK: Between terminals


async def transfer(tmp_path, sources, *options, receive_options=(), expect=(0, 0), prepare=lambda folder: None):
    target = tmp_path / "received"
    target.mkdir(exist_ok=True)
    prepare(target)
    async with Martlet("send", *sources, "--port", 0, *options) as sender:
        link = (await sender.event("link"))["local"]
        async with Martlet("receive", link, "-o", target, *receive_options) as receiver:
            ends = await asyncio.gather(sender.end(120), receiver.end(120))
            assert tuple(code for code, _ in ends) == expect, ends
            return target, sender, receiver, [errors for _, errors in ends]


@pytest.mark.parametrize("name, size", NAMES + [("large.bin", 300 * MEBIBYTE)], ids=lambda value: str(value))
async def test_from_terminal_to_terminal(tmp_path, name, size):
    source = make_file(tmp_path, name, size)
    os.utime(source, (1_600_000_000, 1_600_000_000))
    target, sender, receiver, _ = await transfer(tmp_path, [source], receive_options=["-y"])
    [file] = target.iterdir()
    assert file.name == name and digest(file) == digest(source)
    assert int(file.stat().st_mtime) == 1_600_000_000
    assert max(sender.peak_memory_bytes, receiver.peak_memory_bytes) < 100 * MEBIBYTE


async def test_without_a_yes_nothing_is_written(tmp_path):
    source = make_file(tmp_path, "x.bin", 1000)
    target, _, _, errors = await transfer(tmp_path, [source], expect=(6, 6))
    assert list(target.iterdir()) == []


async def test_an_existing_file_is_never_overwritten_unasked(tmp_path):
    source = make_file(tmp_path, "x.bin", 1000)
    target, _, _, errors = await transfer(
        tmp_path, [source], receive_options=["-y"], expect=(6, 9),
        prepare=lambda folder: (folder / "x.bin").write_bytes(b"mine"))
    assert (target / "x.bin").read_bytes() == b"mine"
    assert [path.name for path in target.iterdir()] == ["x.bin"]


async def test_rename_and_overwrite(tmp_path):
    source = make_file(tmp_path, "x.bin", 1000)
    prepare = lambda folder: (folder / "x.bin").write_bytes(b"mine")
    target, *_ = await transfer(tmp_path, [source], receive_options=["-y", "--rename"], prepare=prepare)
    assert sorted(path.name for path in target.iterdir()) == ["x (1).bin", "x.bin"]
    target, *_ = await transfer(tmp_path, [source], receive_options=["-y", "--overwrite"])
    assert digest(target / "x.bin") == digest(source)


async def test_a_full_disk_stops_both_sides_cleanly(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(small)], check=True)
    try:
        source = make_file(tmp_path, "x.bin", 20 * MEBIBYTE)
        async with Martlet("send", source, "--port", 0, "--wait", "0s") as sender:
            link = (await sender.event("link"))["local"]
            async with Martlet("receive", link, "-y", "-o", small, "--wait", "0s") as receiver:
                (sent, sender_errors), (received, receiver_errors) = await asyncio.gather(sender.end(), receiver.end())
        assert received == 9 and sent in (6, 9), (sent, sender_errors, received, receiver_errors)
        # What is kept for a later attempt has no name that somebody could take for the file.
        assert all(path.name.startswith(".") for path in small.iterdir())
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize("killed", ["sender", "receiver"])
async def test_a_killed_peer_is_noticed_and_leaves_nothing_under_the_final_name(tmp_path, killed):
    source = make_file(tmp_path, "x.bin", 600 * MEBIBYTE)
    target = tmp_path / "received"
    target.mkdir()
    async with Martlet("send", source, "--port", 0, "--wait", "0s") as sender:
        link = (await sender.event("link"))["local"]
        async with Martlet("receive", link, "-y", "-o", target, "--wait", "0s") as receiver:
            victim, survivor = (sender, receiver) if killed == "sender" else (receiver, sender)
            await victim.event("progress")
            victim.terminate(signal.SIGKILL)
            code, errors = await survivor.end(15)
            assert code == 7 and "same command" in errors, errors
            assert all(path.name.startswith(".") for path in target.iterdir())


@pytest.mark.parametrize("killed", ["sender", "receiver"])
async def test_the_same_command_goes_on_after_a_kill(tmp_path, killed):
    source = make_file(tmp_path, "x.bin", 300 * MEBIBYTE)
    target = tmp_path / "received"
    target.mkdir()
    state = {"MARTLET_STATE_DIR": str(tmp_path / "state")}
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
    sending = dict(environment=state)
    send = ["send", source, "--port", port, "--limit", "60MB/s"]
    async with Martlet(*send, **sending) as sender:
        link = (await sender.event("link"))["local"]
        receive = ["receive", link, "-y", "-o", target]
        async with Martlet(*receive, **sending) as receiver:
            while (await receiver.event("progress"))["bytes"] < 100 * MEBIBYTE:
                pass
            victim, survivor = (sender, receiver) if killed == "sender" else (receiver, sender)
            victim.terminate(signal.SIGKILL)
            await victim.process.wait()
            async with Martlet(*(send if killed == "sender" else receive), **sending) as again:
                resumed = await again.event("resumed")
                assert resumed["bytes"] > 10 * MEBIBYTE, resumed
                ends = await asyncio.gather(again.end(120), survivor.end(120))
    assert [code for code, _ in ends] == [0, 0], ends
    assert [path.name for path in target.iterdir()] == ["x.bin"]
    assert digest(target / "x.bin") == digest(source)


async def test_several_receivers_and_one_too_many(tmp_path):
    source = make_file(tmp_path, "x.bin", 20 * MEBIBYTE)
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for folder in folders:
        folder.mkdir()
    async with Martlet("send", source, "--port", 0, "--receivers", 2, "--limit", "10MB/s") as sender:
        link = (await sender.event("link"))["local"]
        async with contextlib.AsyncExitStack() as stack:
            receivers = [await stack.enter_async_context(Martlet("receive", link, "-y", "-o", folder))
                         for folder in folders[:2]]
            for receiver in receivers:
                await receiver.event("progress")
            code, errors = await run("receive", link, "-y", "-o", folders[2])
            assert code == 10 and "other receivers" in errors, (code, errors)
            ends = await asyncio.gather(sender.end(), *(receiver.end() for receiver in receivers))
    assert [code for code, _ in ends] == [0, 0, 0], ends
    assert digest(folders[0] / "x.bin") == digest(folders[1] / "x.bin") == digest(source)
    assert list(folders[2].iterdir()) == []


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_an_interrupt_tidies_up_and_tells_the_other_side(tmp_path, number, code):
    source = make_file(tmp_path, "x.bin", 600 * MEBIBYTE)
    target = tmp_path / "received"
    target.mkdir()
    async with Martlet("send", source, "--port", 0, "--wait", "0s") as sender:
        link = (await sender.event("link"))["local"]
        async with Martlet("receive", link, "-y", "-o", target) as receiver:
            await receiver.event("progress")
            receiver.terminate(number)
            ended, errors = await receiver.end(10)
            assert ended == code and "The same command resumes" in errors, (ended, errors)
            assert all(path.name.startswith(".") for path in target.iterdir())
            ended, errors = await sender.end(20)
            assert ended != 0 and "error" in errors


# MARK: What goes wrong before anything starts


async def run(*arguments, folder=None, json_events=True):
    async with Martlet(*arguments, folder=folder, json_events=json_events) as program:
        if json_events:
            code, errors = await program.end(30)
        else:
            output, errors = await asyncio.wait_for(program.process.stdout.read(), 30), await program._errors
            code, errors = await program.process.wait(), errors.decode()
        assert "Fatal error" not in errors and "Stack" not in errors
        return code, errors


async def test_an_unreadable_source(tmp_path):
    code, errors = await run("send", tmp_path / "missing.bin")
    assert code == 3 and "missing.bin" in errors and "No such file" in errors
    code, errors = await run("send", "/dev/zero")
    assert code == 3 and "/dev/zero" in errors


async def test_a_port_in_use_names_the_port_and_its_holder(tmp_path):
    source = make_file(tmp_path, "x.bin", 10)
    with socket.create_server(("0.0.0.0", 0)) as holder:
        port = holder.getsockname()[1]
        code, errors = await run("send", source, "--port", port)
    assert code == 9 and str(port) in errors and str(os.getpid()) in errors, errors


@pytest.mark.parametrize("link", ["nonsense", "http://localhost:1/#short", "ftp://x/#e9n2rc695napt94g.AAAAAAAAAAAAAAAAAAAAAA"])
async def test_a_wrong_link(link):
    code, errors = await run("receive", link)
    assert code == 2 and "link" in errors


async def test_a_link_to_nobody():
    code, errors = await run("receive", "http://localhost:1/#e9n2rc695napt94g.AAAAAAAAAAAAAAAAAAAAAA")
    assert code in (5, 10) and "error" in errors


async def test_a_stale_link_and_a_wrong_secret(tmp_path):
    source = make_file(tmp_path, "x.bin", 10)
    async with Martlet("send", source, "--port", 0) as sender:
        link = (await sender.event("link"))["local"]
        head, secret = link.rsplit(".", 1)
        room = head.rsplit("#", 1)
        code, errors = await run("receive", f"{room[0]}#{'a' * 16}.{secret}")
        assert code == 10, errors
        wrong = ("B" if secret[0] == "A" else "A") + secret[1:]
        code, errors = await run("receive", f"{head}.{wrong}")
        assert code == 4, errors


async def test_a_transfer_takes_one_receiver(tmp_path):
    source = make_file(tmp_path, "x.bin", 10)
    target = tmp_path / "received"
    target.mkdir()
    async with Martlet("send", source, "--port", 0) as sender:
        link = (await sender.event("link"))["local"]
        async with Martlet("receive", link, "-y", "-o", target) as receiver:
            assert (await receiver.end())[0] == 0
            assert (await sender.end())[0] == 0
        code, _ = await run("receive", link)
        assert code in (5, 10)


async def test_nobody_comes(tmp_path):
    source = make_file(tmp_path, "x.bin", 10)
    code, errors = await run("send", source, "--port", 0, "--expire", "1s")
    assert code == 10 and "error" in errors


async def test_usage_errors_are_exit_code_2():
    assert (await run("send", json_events=False))[0] == 2
    assert (await run("send", "--no-such-option", json_events=False))[0] == 2


# MARK: The examples


async def test_the_example_of_one_file_to_a_browser(browser, tmp_path):
    source = make_file(tmp_path, "example.bin", 200_000)
    program = await asyncio.create_subprocess_exec(
        str(BUILD / "FileToBrowser"), str(source), stdout=asyncio.subprocess.PIPE, preexec_fn=die_with_parent)
    try:
        line = (await asyncio.wait_for(program.stdout.readline(), 20)).decode()
        page = await open_page(browser, line.split()[1])
        await page_state(page, "offered")
        await page.click("#accept")
        assert b"sent 200000 bytes" in await asyncio.wait_for(program.stdout.read(), 60)
        [file] = await browser.downloads.finished(1)
        assert digest(file) == digest(source)
    finally:
        with contextlib.suppress(ProcessLookupError):
            program.kill()
        await program.wait()


async def test_the_example_of_a_file_over_any_channel(tmp_path):
    source = make_file(tmp_path, "example.bin", 3_000_000)
    target = tmp_path / "received"
    target.mkdir()

    async def start(*arguments):
        return await asyncio.create_subprocess_exec(
            str(BUILD / "FileOverChannel"), *map(str, arguments), stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, preexec_fn=die_with_parent, limit=1 << 20)

    async def read_description(program):
        while True:
            line = (await asyncio.wait_for(program.stdout.readline(), 20)).decode()
            assert line, "the example ended without a description"
            if line.startswith("v=0|"):
                return line

    sender, receiver = await start("send", source), await start("receive", target)
    try:
        receiver.stdin.write((await read_description(sender)).encode())
        sender.stdin.write((await read_description(receiver)).encode())
        sent, received = await asyncio.wait_for(asyncio.gather(sender.stdout.read(), receiver.stdout.read()), 60)
        assert b"sent 3000000 bytes" in sent and b"received 3000000 bytes" in received
        assert digest(target / "example.bin") == digest(source)
    finally:
        for program in (sender, receiver):
            with contextlib.suppress(ProcessLookupError):
                program.kill()
            await program.wait()


async def test_a_crowd_of_strangers_does_not_disturb_a_transfer(tmp_path):
    source = make_file(tmp_path, "x.bin", 600 * MEBIBYTE)
    target = tmp_path / "received"
    target.mkdir()
    async with Martlet("send", source, "--port", 0) as sender:
        link = (await sender.event("link"))["local"]
        port = int(link.split(":")[2].split("/")[0])
        async with Martlet("receive", link, "-y", "-o", target) as receiver:
            await receiver.event("progress")
            strangers = []
            try:
                for _ in range(1200):
                    stranger = socket.socket()
                    stranger.setblocking(False)
                    stranger.connect_ex(("127.0.0.1", port))
                    strangers.append(stranger)
                ends = await asyncio.gather(sender.end(120), receiver.end(120))
            finally:
                for stranger in strangers:
                    stranger.close()
        assert [code for code, _ in ends] == [0, 0], ends
        assert digest(target / "x.bin") == digest(source)


# MARK: The benchmark


def test_the_benchmark_moves_what_it_is_told_between_two_processes():
    end = subprocess.run([BUILD / "martlet", "bench", "--json", "--size", "4"], capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    assert end.returncode == 0, end.stderr
    report = json.loads(end.stdout)
    assert report["sender"]["bytes"] == report["receiver"]["bytes"] == 4 << 20
    assert report["megabytesPerSecond"] > 1 and report["receiver"]["cpuSecondsPerGiB"] > 0


async def test_the_second_process_of_the_benchmark_ends_with_the_first():
    process = await asyncio.create_subprocess_exec(
        BUILD / "martlet", "bench", "--size", "100000", stdin=asyncio.subprocess.DEVNULL, preexec_fn=die_with_parent)
    async with asyncio.timeout(30):
        while not (receiver := child_of(process.pid)):
            await asyncio.sleep(0.02)
        # It is the program by now, which reads what it is given.
        while b"--receiver" not in pathlib.Path(f"/proc/{receiver}/cmdline").read_bytes():
            await asyncio.sleep(0.02)
        process.kill()
        await process.wait()
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            # A zombie has no command line any more.
            while b"--receiver" in pathlib.Path(f"/proc/{receiver}/cmdline").read_bytes():
                await asyncio.sleep(0.02)


def child_of(process):
    """The first child of a process, or None."""
    children = (path.read_text().split() for path in pathlib.Path(f"/proc/{process}/task").glob("*/children"))
    return next((child for found in children for child in found), None)
