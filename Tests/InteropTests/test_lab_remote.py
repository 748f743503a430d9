"""`martlet lab` with partners elsewhere (Docs/Protocols/Lab.md): an independent one (lab_peer.py), another `martlet`, partners that mean
harm, and links that lead to something else."""

import asyncio
import json
import pathlib
import signal
import tempfile

import pytest

from chat_program import Terminal
from chromium import Chromium
from conftest import SCREENSHOTS
from lab_conductor import Conductor, Impairment, message, now
from lab_peer import Partner
from martlet_peer import Connection
from martlet_program import Martlet
from rooms_client import Code, Link, RoomClient, entrance_of

SHORT = ("--duration", "1s", "--rate", "100", "--size", "200", "--seeds", "1")


def lab(*options, **more):
    return Martlet("lab", "--json", "--port", "0", "--peer", "terminal", *SHORT, *options, json_events=False, **more)


def join(link, **more):
    return Martlet("lab", "join", "--json", link, json_events=False, **more)


async def link_of(program):
    return (await program.event("link"))["local"]


async def result_of(program, timeout=60):
    return await program.event("lab-result", timeout=timeout)


# MARK: An independent partner


@pytest.mark.parametrize("sender", ["here", "peer"])
async def test_an_independent_partner(sender):
    async with lab("--channel", "ordered,unordered:rtx=0", "--loss", "0.2", "--delay", "20ms", "--from", sender) as program:
        async with Partner(entrance_of(await link_of(program))) as partner:
            assert (await program.event("peer"))["agent"] == "aiortc"
            reliable, partial = await result_of(program), await result_of(program)
            assert await partner.ended() is None
        status, errors = await program.end()
    assert status == 0, errors
    assert partner.conductor.startswith("Martlet ") and len(partner.clocks) >= 4
    assert [(run.of, run.channel) for run in partner.runs.values()] == [
        (2, {"ordered": True}), (2, {"ordered": False, "maxRetransmits": 0})]
    for run, result in zip(partner.runs.values(), (reliable, partial)):
        accepted, delivered = result["accepted"], result["delivered"]
        # What the program says is what the partner saw.
        if run.sends:
            assert accepted == run.accepted
            # And the partner is told what came of its messages, at a bounded rate.
            assert delivered == len({sequence for sequence, _ in run.told_came}) and run.told_damaged == 0
            times = [at for at, _ in run.tellings]
            assert 5 <= len(times) <= 2 + (times[-1] - times[0]) / 100_000
            ahead = partner.clocks[-1]
            assert all(at + ahead > run.sent_at[sequence] + 15_000 for sequence, at in run.told_came)
        else:
            assert delivered == len({sequence for sequence, _ in run.came})
            assert run.told_sent[-1][2:] == (accepted, True) and 4 <= len(run.told_sent) <= 8
        assert 50 < accepted <= 100 and run.damaged == result["damaged"] == 0
        assert result["p50_ms"] >= 19.5, "no message comes before it can"
        # A partner that does not say what its SCTP does: nothing is known of it.
        if run.sends:
            assert result["resent"] is None and result["waiting_share"] is not None
        else:
            assert result["resent"] is not None and result["waiting_share"] is None
    assert reliable["delivered"] == reliable["accepted"]
    assert 0.5 < partial["delivered"] / partial["accepted"] < 0.97


@pytest.mark.parametrize("sender", ["here", "peer"])
async def test_an_independent_partner_that_says_what_its_packets_did(sender):
    async def says_more(run):
        # Of every fourth message it is not known, and a third of the others waited.
        run.wait_of = lambda sequence: {0: 30_000, 1: 1_000, 2: 0}.get(sequence % 4)
        run.packets = {"dataChunks": 1_000, "retransmitted": 31} if run.sends else None
        await run.work()
    async with lab("--link", "real", "--channel", "ordered", "--from", sender) as program:
        async with Partner(entrance_of(await link_of(program)), on_start=says_more) as partner:
            result = await result_of(program)
            assert await partner.ended() is None
        assert (await program.end())[0] == 0
    if sender == "peer":
        assert result["resent"] == 31
    else:
        waited = [says for says in map(partner.runs[1].wait_of, range(result["delivered"])) if says is not None]
        assert result["waiting_share"] == pytest.approx(waited.count(30_000) / len(waited), abs=1e-6)


async def test_a_message_of_another_size_is_damaged():
    async def other_sizes(run):
        for sequence, count in enumerate((run.bytes, run.bytes - 1, run.bytes + 1)):
            run.data.send(message(run.number, sequence, now(), count))
        run.offered = run.accepted = 3
        run.is_over = True
        run.say("sent", offered=3, accepted=3, over=True)
    async with lab("--link", "real", "--from", "peer", "--channel", "unordered:rtx=0") as program:
        async with Partner(entrance_of(await link_of(program)), on_start=other_sizes) as partner:
            result = await result_of(program)
            assert (result["accepted"], result["delivered"], result["damaged"]) == (3, 1, 2)
            assert await partner.ended() is None
            assert [sequence for sequence, _ in partner.runs[1].told_came] == [0] and partner.runs[1].told_damaged == 2
        assert (await program.end())[0] == 0


async def test_a_partner_is_told_that_nothing_came():
    async with lab("--from", "peer", "--channel", "unordered:rtx=0", "--loss", "100%", "--back", "loss=0") as program:
        async with Partner(entrance_of(await link_of(program))) as partner:
            result = await result_of(program)
            assert result["delivered"] == 0 < result["accepted"]
            assert await partner.ended() is None
        assert partner.runs[1].tellings and not partner.runs[1].told_came


async def test_a_real_link_has_no_relay():
    async with lab("--link", "real", "--channel", "ordered") as program:
        async with Partner(entrance_of(await link_of(program))) as partner:
            result = await result_of(program)
            assert result["delivered"] == result["accepted"] > 50 and result["p50_ms"] < 1000
            assert await partner.ended() is None
        assert (await program.end())[0] == 0


async def test_a_run_that_fails_is_tried_once_more_and_the_others_go_on(tmp_path):
    async def fails(run):
        if run.number in (1, 3, 4):
            run.say("failed", message="the battery\x1b[31m is empty")
        else:
            await run.work()
    report = tmp_path / "report.json"
    async with lab("--link", "real", "--channel", "ordered", "--seeds", "3", "-o", report) as program:
        async with Partner(entrance_of(await link_of(program)), on_start=fails) as partner:
            result = await result_of(program)
            assert await partner.ended() is None
            assert len(partner.runs) == 5 and all(run.of == 3 for run in partner.runs.values())
        status, errors = await program.end()
    assert (result["runs"], result["failed"]) == (2, 1) and result["delivered"] == result["accepted"] > 100
    assert status == 7 and "1 of 3 runs failed." in errors and "\x1b" not in errors, errors
    kept = json.loads(report.read_text())["results"][0]
    assert [run["seed"] for run in kept["runs"]] == [1, 3]
    assert [(one["seed"], one["again"]) for one in kept["failures"]] == [(1, True), (2, True), (2, False)]
    assert all("is empty" in one["message"] for one in kept["failures"])


# MARK: Another martlet


@pytest.mark.parametrize("way", ["link", "code"])
async def test_another_martlet(way):
    async with lab("--channel", "ordered,unordered:rtx=0", "--loss", "0.1") as program:
        if way == "link":
            arguments = [await link_of(program)]
        else:
            shown = await program.event("code")
            assert shown["command"] == f"martlet lab join {shown['code']} --server {shown['server']}"
            arguments = [shown["code"], "--server", shown["server"]]
        async with Martlet("lab", "join", "--json", *arguments, json_events=False) as other:
            results = [await result_of(program), await result_of(program)]
            assert (await program.end())[0] == 0
            status, errors = await other.end()
    assert status == 0, errors
    runs = [event for event in other.events if event["type"] == "lab-run"]
    assert [(run["run"], run["of"], run["channel"]) for run in runs] == [(1, 2, "ordered"), (2, 2, "unordered:rtx=0")]
    over = [event["messages"] for event in other.events if event["type"] == "lab-run-over"]
    assert over == [result["delivered"] for result in results]
    assert other.events[-1] == {"type": "lab-over", "runs": 2, "failed": 0, "messages": sum(over)}
    assert results[0]["delivered"] == results[0]["accepted"]


@pytest.mark.parametrize("sender", ["here", "peer"])
async def test_another_martlet_says_what_its_packets_did(sender, tmp_path):
    report = tmp_path / "report.json"
    async with lab("--channel", "ordered", "--from", sender, "--loss", "0.1", "--delay", "20ms", "-o", report) as program:
        async with join(await link_of(program)) as other:
            result = await result_of(program)
            assert (await program.end())[0] == 0
            assert (await other.end())[0] == 0
    assert result["delivered"] == result["accepted"] > 50
    assert result["waiting_share"] > 0 and result["resent"] > 0
    kept = json.loads(report.read_text())["results"][0]
    assert kept["waiting"]["count"] == kept["delivered"], "of each message it is known"
    assert 1_000 < kept["waiting"]["max"] <= kept["latency"]["max"] + kept["runs"][0]["clockError"]
    packets = kept["packets"]
    assert packets["dataChunks"] - packets["retransmitted"] == kept["accepted"], "each fits into a packet"


def chunks_of(packets):
    """The TSNs of the DATA chunks in SCTP packets (RFC 9260, 3.3.1), one for each time that one is there."""
    numbers = []
    for packet, _ in packets:
        place = 12
        while place + 4 <= len(packet):
            length = int.from_bytes(packet[place + 2:place + 4], "big")
            if packet[place] == 0:
                numbers.append(packet[place + 4:place + 8])
            place += max(4, length + 3 & ~3)
    return numbers


@pytest.mark.parametrize("sends", [True, False], ids=["here", "peer"])
async def test_what_a_martlet_says_of_its_packets_to_an_independent_conductor(server, sends):
    link = Link.fresh(server.origin)
    async with RoomClient(link, is_host=True, words=Code.fresh_words()) as room:
        async with join(str(link)) as program:
            await asyncio.wait_for(room.paired(), 20)
            connection = Connection(makes_words=False)
            await connection.establish(room)
            conductor = await Conductor(connection).begin()
            impairment = Impairment({"loss": 0.1, "delay": 20}, back={"delay": 20})
            impairment.forward.keeps = True
            run = await conductor.run(sends=sends, impairment=impairment, bytes=200, rate=100, milliseconds=1000)
            assert run.delivered == run.accepted > 50
            passed = chunks_of(impairment.forward.packets)
            again = len(passed) - len(set(passed))
            if sends:
                assert again > 0 and run.packets is None and None not in run.waited
                assert max(run.waited) > 10_000, "what is behind a lost message waits for a round trip"
                assert min(run.waited) < 1_000, "what is behind none does not"
            else:
                assert again > 0 and not run.waited
                # What is sent again when the run is over does not pass there any more.
                everything, retransmitted = run.packets
                assert everything - retransmitted == len(set(passed)) and retransmitted >= again
            await conductor.close()
            await connection.close()
            await program.end()


async def test_what_a_partner_at_a_terminal_reads():
    async with lab("--channel", "unordered:life=100", "--from", "peer") as program:
        async with Martlet("lab", "join", await link_of(program), json_events=False) as other:
            result = await result_of(program)
            await program.end()
            status, errors = await other.end()
    assert status == 0
    assert "Martlet 0.1.0 on Linux measures; this side takes part. (Ctrl-C ends it)" in errors
    assert f"Run 1 of 1, unordered, maxPacketLifeTime 100, messages of 200 bytes, 100 a second: sent {result['accepted']} messages, {result['delivered']} arrived." in errors
    assert f"The other side is through: 1 run, {result['accepted']} messages." in errors


async def test_ctrl_c_at_either_side():
    async with lab("--duration", "60s") as program, join(await link_of(program)) as other:
        await other.event("lab-run")
        await program.event("lab-progress")
        other.terminate(signal.SIGINT)
        status, errors = await program.end()
        assert (await other.end())[0] == 130
        assert status == 7 and "it was stopped there" in errors
    async with lab("--duration", "60s") as program, join(await link_of(program)) as other:
        await other.event("lab-run")
        await program.event("lab-progress")
        program.terminate(signal.SIGINT)
        assert (await program.end())[0] == 130
        status, errors = await other.end()
        assert status == 7 and "it was stopped there" in errors


# MARK: Links that lead to something else


async def test_a_terminal_that_is_stopped_does_not_stop_the_experiments():
    async with lab("--link", "real", "--channel", "ordered", "--seeds", "4") as program:
        async with Terminal(await link_of(program), verb=("lab", "join")) as other:
            await other.sees("this side takes part")
            other.types("\x13")
            result = await result_of(program)
            assert result["delivered"] == result["accepted"] > 200
            # The other side has heard of the end, and cannot say so.
            assert (await program.end())[0] == 0
            assert b"through" not in other.output
            other.types("\x11")
            await other.sees("The other side is through: 4 runs, ")
            assert await asyncio.wait_for(other.process.wait(), 30) == 0
    for run in range(1, 5):
        assert f"Run {run} of 4, ordered, reliable, messages of 200 bytes, 100 a second: received " in " ".join(
            other.output.decode().split()), other.output


async def test_a_link_to_the_lab_is_no_link_to_files_or_a_talk():
    async with lab() as program:
        link = await link_of(program)
        for words, sentence in ((("receive", link), "This leads to experiments, not to files."),
                                (("chat", link), "This leads to experiments, not to a talk.")):
            async with Martlet(*words, json_events=False) as other:
                status, errors = await other.end()
                assert (status, sentence in errors, "try: martlet lab join, with the same link or code" in errors) == (
                    11, True, True), errors
        # The lab goes on waiting.
        async with join(link) as other:
            await result_of(program)
            assert (await program.end())[0] == 0
            assert (await other.end())[0] == 0


async def test_other_links_are_no_links_to_the_lab(tmp_path):
    (tmp_path / "file").write_text("x")
    for words, sentence, remedy in (
            (("send", "--port", "0", tmp_path / "file"), "This leads to files, not to experiments.", "martlet receive"),
            (("chat", "--port", "0"), "This leads to a talk, not to experiments.", "martlet chat")):
        async with Martlet(*words, stdin=asyncio.subprocess.PIPE) as program:
            async with Martlet("lab", "join", await link_of(program), json_events=False) as other:
                status, errors = await other.end()
                assert status == 11 and sentence in errors, errors
                assert f"try: {remedy}, with the same link or code" in errors


# MARK: Partners that mean harm


async def claims_a_million(run):
    run.say("sent", offered=1_000_001, accepted=1_000_001, over=True)


async def counts_back(run):
    run.say("sent", offered=10, accepted=10, over=False)
    run.say("sent", offered=9, accepted=9, over=True)


async def never_sent(run):
    run.say("received", messages=[100_000, now()])


async def goes_back(run):
    await asyncio.sleep(0.1)
    at = now()
    run.say("received", messages=[0, at, 1, at - 1])


async def from_the_future(run):
    await asyncio.sleep(0.1)
    run.say("received", messages=[0, now() + 3_600_000_000])


async def waits_too_long(run):
    await asyncio.sleep(0.1)
    run.say("received", messages=[0, now()], waited=[2 ** 53 - 1])


async def waits_before_the_run(run):
    await asyncio.sleep(0.1)
    run.say("received", messages=[0, now()], waited=[60_000_000])


async def waits_of_others(run):
    await asyncio.sleep(0.1)
    run.say("received", messages=[0, now()], waited=[1, 1])


async def packets_of_a_receiver(run):
    run.say("stopped", packets={"dataChunks": 1, "retransmitted": 0})


async def more_again_than_at_all(run):
    run.say("stopped", packets={"dataChunks": 1, "retransmitted": 2})


async def too_few_packets(run):
    for sequence in range(3):
        run.data.send(message(run.number, sequence, now(), run.bytes))
    run.offered = run.accepted = 3
    run.is_over, run.packets = True, {"dataChunks": 5, "retransmitted": 3}
    run.say("sent", offered=3, accepted=3, over=True)


async def wrong_side(run):
    run.say("sent", offered=1, accepted=1, over=True)


async def floods_received(run):
    for _ in range(20_000):
        run.say("received", messages=[])
        if run.partner.connection.control.readyState != "open":
            return
        await asyncio.sleep(0)


async def floods_signals(run):
    for _ in range(301):
        run.say("signal", payload={"type": "candidate", "candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "mid": "0"})


@pytest.mark.parametrize("harm, sender, said", [
    (claims_a_million, "peer", "more messages sent than a run has"), (counts_back, "peer", "counts that go back"),
    (never_sent, "here", "a message that was never sent, or not then"), (goes_back, "here", "a clock that goes back"),
    (from_the_future, "here", "a message that was never sent, or not then"),
    (waits_too_long, "here", "a message that was never sent, or not then, or a wait that cannot be"),
    (waits_before_the_run, "here", "a message that was never sent, or not then, or a wait that cannot be"),
    (waits_of_others, "here", "member waited is invalid"), (packets_of_a_receiver, "here", "a result of the wrong side"),
    (more_again_than_at_all, "peer", "member packets is invalid"),
    (too_few_packets, "peer", "fewer DATA chunks than messages that came"),
    (wrong_side, "here", "a result of the wrong side"), (floods_received, "here", "more messages than anybody needs"),
    (floods_signals, "here", "too many signals"),
], ids=lambda value: value.__name__ if callable(value) else "")
async def test_a_partner_that_means_harm(harm, sender, said):
    async with lab("--link", "real", "--from", sender, "--duration", "20s", "--channel", "ordered") as program:
        async with Partner(entrance_of(await link_of(program)), on_start=harm) as partner:
            error = await partner.ended()
            assert error is not None and error.code == "protocol" and said in str(error), error
        status, errors = await program.end()
        assert status == 11 and f"does not keep to the protocol: {said}" in errors, errors
        assert program.peak_memory_bytes < 300_000_000


async def test_a_partner_that_falls_silent():
    async def falls_silent(run):
        run.partner.answers_pings = False
    async with lab("--link", "real", "--from", "peer", "--duration", "60s", "--channel", "ordered") as program:
        async with Partner(entrance_of(await link_of(program)), on_start=falls_silent):
            status, errors = await program.end()
        assert status == 7 and "the partner says nothing any more" in errors, errors


# MARK: A conductor that means harm


async def conducted(server, *said):
    """What `martlet lab join` makes of a conductor that says so behind its hello."""
    link = Link.fresh(server.origin)
    async with RoomClient(link, is_host=True, words=Code.fresh_words()) as room:
        async with Martlet("lab", "join", str(link), json_events=False) as program:
            await asyncio.wait_for(room.paired(), 20)
            connection = Connection(makes_words=False)
            await connection.establish(room)
            connection.say("hello", protocol="martlet.lab", version=1, agent="\x1b[31mred\u202e")
            for kind, members in said:
                connection.say(kind, **members)
            try:
                return *await program.end(), program.peak_memory_bytes
            finally:
                await connection.close()


RUN = {"run": 1, "from": "conductor", "channel": {"ordered": True}, "traffic": {"bytes": 24}}


@pytest.mark.parametrize("said, reason", [
    ([("start", {"run": 1})], "a run that there is not"),
    ([("run", RUN), ("run", RUN)], "a run's number that does not grow"),
    ([("run", RUN | {"traffic": {"bytes": 262_145}})], "member bytes is invalid"),
    ([("run", RUN)] + [("signal", {"run": 1, "payload": {"type": "candidate", "candidate": "x"}})] * 301, "too many signals"),
    ([("ping", {"n": number}) for number in range(5_000)], "more messages than anybody needs"),
])
async def test_a_conductor_that_means_harm(server, said, reason):
    status, errors, memory = await conducted(server, *said)
    assert status == 11 and f"does not keep to the protocol: {reason}" in errors, errors
    assert "\x1b" not in errors and "\u202e" not in errors, "what the conductor calls itself is shown as it is"
    assert memory < 300_000_000


# MARK: A page


async def test_a_page_that_sends_shows_what_arrives(tmp_path):
    async with Chromium() as browser:
        async with Martlet("lab", "--json", "--port", "0", "--peer", "page", "--from", "peer", "--channel", "unordered:rtx=0",
                           "--loss", "30%", "--back", "loss=0", "--rate", "100", "--size", "200", "--duration", "4s", "--seeds", "2",
                           json_events=False) as program:
            page = await browser.open(await link_of(program))
            counts = "document.querySelector('.lab-count')?.textContent ?? ''"
            await page.wait_for(f"/^[1-9]\\d\\d? of \\d+ messages/.test({counts})", 30)
            came, _, sent = (await page.evaluate(counts)).split()[:3]
            assert 0.4 < int(came) / int(sent) < 0.9, (came, sent)
            await page.wait_for("/^[678]\\d %/.test(document.querySelector('.lab-big').textContent)", 20)
            if SCREENSHOTS:
                await page.screenshot(f"{SCREENSHOTS}/lab-page-sends.png")
            result = await result_of(program)
            assert result["runs"] == 2
            assert (await program.end())[0] == 0
        await page.wait_for("document.querySelectorAll('#lab-past-list li').length === 2", 20)
        rows = await page.evaluate("[...document.querySelectorAll('#lab-past-list li')].map((row) => row.textContent)")
        told = [row.rsplit(" · ", 1)[1].split() for row in rows]
        assert sum(int(words[0]) for words in told) == result["delivered"]
        assert sum(int(words[2]) for words in told) == result["accepted"]


# MARK: Browsers that are opened


def children(name):
    """Processes whose command line has `name`."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and name in (folder / "cmdline").read_text(errors="replace"):
                found.append(int(folder.name))
        except OSError:
            pass
    return found


@pytest.fixture
def temporary():
    """A folder whose name leaves room for that of a socket (107 bytes), which Chromium makes below it."""
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        yield pathlib.Path(folder)


@pytest.mark.parametrize("name", ["chromium", "firefox"])
async def test_a_browser_opens_by_itself_and_is_gone_afterwards(name, temporary):
    async with Martlet("lab", "--json", "--port", "0", "--peer", name, *SHORT, "--channel", "ordered", "--loss", "0.1",
                       json_events=False, environment={"TMPDIR": str(temporary)}) as program:
        agent = (await program.event("peer", timeout=100))["agent"]
        assert ("Firefox" if name == "firefox" else "Chrom") in agent
        assert children(str(temporary)), "the browser has its profile there"
        assert not children(".html#"), "no secret is an argument"
        result = await result_of(program)
        assert result["delivered"] == result["accepted"] > 50
        assert (await program.end())[0] == 0
    assert not children(str(temporary)) and not list(temporary.iterdir()), "neither its profile nor what it makes beside it is left"


async def test_a_browser_ends_with_a_program_that_is_killed(temporary):
    async with Martlet("lab", "--json", "--port", "0", "--peer", "chromium", *SHORT, "--duration", "60s", json_events=False,
                       environment={"TMPDIR": str(temporary)}) as program:
        await program.event("lab-progress", timeout=100)
        program.terminate(signal.SIGKILL)
        await program.process.wait()
    async with asyncio.timeout(20):
        while children(str(temporary)) or list(temporary.iterdir()):
            await asyncio.sleep(0.1)


async def test_a_browser_that_is_not_installed(tmp_path):
    async with Martlet("lab", "--json", "--port", "0", "--peer", "firefox", *SHORT, json_events=False,
                       environment={"PATH": str(tmp_path)}) as program:
        # The link is there, and any partner will do.
        async with Partner(entrance_of(await link_of(program))):
            await result_of(program)
            status, errors = await program.end()
    assert status == 0
    assert "Firefox is not installed: PATH has none of firefox, firefox-esr. Here is the link." in errors
