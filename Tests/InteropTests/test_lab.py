"""`martlet lab`: experiments from the command line, as a person and as a script see them."""

import asyncio
import contextlib
import csv
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import xml.etree.ElementTree

import pytest

from browser import _die_with_parent as die_with_parent
from martlet_program import BUILD

MARTLET = str(BUILD / "martlet")
#: An experiment that takes the blink of an eye.
SHORT = ("--channel", "ordered,unordered:rtx=0", "--loss", "20%", "--delay", "20ms", "--duration", "2s")


def lab(*arguments, timeout=100, environment=None, **options):
    """Runs to its end; returns exit code, standard output and standard error."""
    end = subprocess.run([MARTLET, "lab", *map(str, arguments)], capture_output=True, timeout=timeout, text=True,
                         stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})}, **options)
    return end.returncode, end.stdout, end.stderr


def events(output):
    return [json.loads(line) for line in output.splitlines()]


def test_without_options_it_compares_four_channels():
    code, output, error = lab()
    assert code == 0, error
    rows = re.findall(r"^((?:un)?ordered\S*) +(\S+) %", output, re.MULTILINE)
    assert [row[0] for row in rows] == ["ordered", "unordered", "unordered:rtx=0", "unordered:life=100"]
    assert [row[1] for row in rows[:2]] == ["100.0", "100.0"]
    assert all(80 < float(row[1]) < 99 for row in rows[2:])
    assert "10 % loss, ordered reliable: nothing lost" in output
    assert "This takes about" in error
    assert "\x1b" not in output + error
    assert all(len(line) <= 80 for line in output.splitlines())


@pytest.mark.parametrize("preset", ["game", "voice", "telemetry", "file"])
def test_a_preset_asks_and_answers(preset):
    code, output, error = lab("--preset", preset, "--seeds", "1", "--duration", "2s")
    assert code == 0, error
    assert output.splitlines()[0].endswith("?")
    assert re.search(r"^(So: |Order changes|Order makes no difference)", output, re.MULTILINE), output


def test_every_form_of_a_report_says_the_same(tmp_path):
    folder = tmp_path / "results"
    code, output, error = lab(*SHORT, "--seeds", "2", "-o", folder)
    assert code == 0, error
    assert sorted(path.name for path in folder.iterdir()) == ["report.csv", "report.html", "report.json"]
    report = json.loads((folder / "report.json").read_text())
    assert report["type"] == "martlet.lab.report" and len(report["results"]) == 2
    with open(folder / "report.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["accepted"]) for row in rows] == [result["accepted"] for result in report["results"]]
    page = (folder / "report.html").read_text()
    xml.etree.ElementTree.fromstring(page.split("\n", 1)[1])
    assert "<svg" in page and "http:" not in page.replace("http://www.w3.org/", "")
    # The table once more, and the other forms from the report alone.
    code, shown, error = lab("show", folder, "--csv", tmp_path / "again.csv", "--html", tmp_path / "again.html")
    assert code == 0, error
    assert shown == output
    assert (tmp_path / "again.csv").read_bytes() == (folder / "report.csv").read_bytes()
    assert (tmp_path / "again.html").read_text() == page


@pytest.mark.parametrize("change", [
    lambda text: "", lambda text: "[]", lambda text: text[:len(text) // 2], lambda text: text.replace('"version":1', '"version":2', 1),
    lambda text: text.replace("martlet.lab.report", "something.else"), lambda text: "\0" * 1000,
    lambda text: re.sub(r'"accepted":\d+', '"accepted":-1', text), lambda text: "[" * 100_000,
    lambda text: re.sub(r'"p50":\d+', '"p50":1e308', text), lambda text: text.replace('"results":[', '"results":[7,'),
])
def test_what_is_no_report_is_told(tmp_path, change):
    path = tmp_path / "report.json"
    assert lab(*SHORT, "-q", "-o", path)[0] == 0
    text = path.read_text()
    assert change(text) != text
    path.write_text(change(text))
    code, output, error = lab("show", path)
    assert code == 3 and output == ""
    assert error.startswith(f"error: {path}: This is no report of the lab: ") or "is no report" in error


def test_a_hostile_report_is_only_text(tmp_path):
    path = tmp_path / "report.json"
    assert lab(*SHORT, "-q", "-o", path)[0] == 0
    report = json.loads(path.read_text())
    report["plan"]["title"] = report["partner"] = "\x1b]0;x\x07<script>\u202e"
    for scenario in report["plan"]["scenarios"]:
        scenario["name"] = "\x1b[2J<b>" + scenario["name"]
    path.write_text(json.dumps(report))
    code, output, error = lab("show", path, "--html", tmp_path / "page.html")
    assert code == 0, error
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", output + error)
    assert "<script" not in (tmp_path / "page.html").read_text()


def test_there_is_no_report(tmp_path):
    code, _, error = lab("show", tmp_path / "nothing.json")
    assert code == 3 and "cannot be read: No such file or directory." in error


def test_events():
    code, output, error = lab("--json", *SHORT, "--seeds", "3")
    assert code == 0, error
    told = events(output)
    assert told[0]["type"] == "lab-plan" and told[0]["runs"] == 6 and len(told[0]["scenarios"]) == 2
    results = [event for event in told if event["type"] == "lab-result"]
    assert [result["channel"] for result in results] == ["ordered", "unordered:rtx=0"]
    assert results[0]["lost"] == 0 and results[1]["lost"] > 0 and results[1]["resent"] == 0
    assert results[0]["accepted"] == results[0]["delivered"] == 300
    help_text = subprocess.run([MARTLET, "help", "events"], capture_output=True, text=True).stdout
    known = set(re.findall(r"^  (\S+)", help_text, re.MULTILINE))
    assert {event["type"] for event in told} <= known


def test_a_plan_file_and_options_that_win(tmp_path):
    plan = tmp_path / "plan.lab"
    plan.write_text("seeds = 2\nduration = 2s\nchannel = unordered:rtx=0\n[near]\nloss = 5%\n[far]\nloss = 10%\ndelay = 80ms\n")
    told = events(lab("--json", "--plan", plan)[1])
    assert told[0]["scenarios"] == ["near: unordered, maxRetransmits 0", "far: unordered, maxRetransmits 0"]
    told = events(lab("--json", "--plan", plan, "--loss", "0")[1])
    assert [event["lost"] for event in told if event["type"] == "lab-result"] == [0, 0]
    plan.write_text("loss = 10\n")
    code, _, error = lab("--plan", plan)
    assert code == 2 and f"line 1: loss: “10” has no percent sign." in error


def test_a_report_is_a_plan_that_measures_the_same_again(tmp_path):
    """Sections that are not crossed: no options say them, so that the page names the report itself."""
    plan, first, again = (tmp_path / name for name in ("plan.lab", "first", "again"))
    sections = [f"[at {n} ms]\ndelay = {n}ms\nloss = {n}%\nseeds = {n},{n + 40}" for n in range(7, 20)]
    plan.write_text("\n".join(["duration = 1s", "channel = unordered:rtx=0", *sections]))
    code, output, error = lab("-q", "--plan", plan, "-o", first)
    assert code == 0, error
    page = xml.etree.ElementTree.fromstring((first / "report.html").read_text().split("\n", 1)[1])
    command = page.find(".//{http://www.w3.org/1999/xhtml}pre").text.split()
    assert command == ["martlet", "lab", "--plan", "report.json"]
    code, repeated, error = lab("-q", *command[2:], "-o", again, cwd=first)
    assert code == 0, error
    assert repeated == output
    before, after = (json.loads((folder / "report.json").read_text()) for folder in (first, again))
    assert after["plan"] == before["plan"] and after["results"] == before["results"]
    assert [seed for result in after["results"] for seed in (run["seed"] for run in result["runs"])] == [
        seed for n in range(7, 20) for seed in (n, n + 40)]
    assert 0 < sum(result["delivered"] for result in after["results"]) < sum(result["accepted"] for result in after["results"])
    # It is as it was: nothing changes it, and nothing that is no report passes for one.
    code, output, error = lab("--plan", first / "report.json", "--loss", "1%")
    assert code == 2 and output == "" and "--loss would change it" in error
    before["plan"]["scenarios"][0]["traffic"]["milliseconds"] = 1e12
    (first / "report.json").write_text(json.dumps(before))
    code, output, error = lab("--plan", first)
    assert code == 2 and output == "" and "is no report of the lab" in error


def test_mistakes_have_remedies():
    for arguments, words in [
        (["--loss", "10"], "try: 10%, or a share below 1"), (["--bandwidth", "5M"], "try: 5Mbit/s, or 625kB/s"),
        (["--delay", "50"], "try: 50ms or 50s"), (["--channel", "sorted"], "is no channel"),
        (["--link", "real", "--loss", "1%"], "taken as it is"), (["game"], "try: --preset game"),
        (["--size", "10"], "try: 24 to 262144 bytes"), (["--link", "simulated", "--peer", "page"], "a simulated link"),
        (["--loss", ",".join(f"0.{n}" for n in range(100, 300))], "scenarios, and 400 are the most"),
        (["--blackout", "3s+40s"], "20 s at most"), (["--echo", "cat", "--blackout", "3s+15s"], "12 s at most with a partner"),
        (["-o", "/nonexistent/report.json"], "cannot be written"), (["--plan", "/nonexistent"], "cannot be read"),
    ]:
        code, output, error = lab(*arguments)
        assert code in (2, 9) and output == "" and words in error, (arguments, error)


def test_the_environment_and_the_configuration(tmp_path):
    config = tmp_path / "config"
    config.write_text("[lab]\nloss = 30%\nduration = 2s\nchannel = ordered, unordered\n")
    environment = {"MARTLET_CONFIG": str(config), "MARTLET_LAB_CHANNEL": "ordered", "MARTLET_LINK": "http://192.0.2.1/#x"}
    code, output, error = lab("--json", "--delay", "10ms", environment=environment)
    assert code == 0, error
    told = events(output)
    assert [event["name"] for event in told if event["type"] == "lab-result"] == ["ordered, reliable"]
    assert "30 % loss" in told[-1]["sentence"]


def test_quiet_is_the_table_alone():
    code, output, error = lab("-q", *SHORT)
    assert code == 0 and error == "" and "delivered" in output


async def test_ctrl_c_keeps_what_is_there(tmp_path):
    path = tmp_path / "report.json"
    process = await asyncio.create_subprocess_exec(
        MARTLET, "lab", "--json", "--channel", "ordered", "--loss", "0,1%", "--link", "shaped", "--duration", "1s", "--seeds",
        "30", "-o", path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, preexec_fn=die_with_parent)
    while True:
        event = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
        if event["type"] == "lab-progress" and event["run"] >= 3:
            break
    process.send_signal(signal.SIGINT)
    output, error = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130
    told = events(output.decode())
    result = next(event for event in told if event["type"] == "lab-result")
    assert 2 <= result["runs"] < 30
    assert any(event["type"] == "lab-report" and event["complete"] is False for event in told)
    assert told[-1]["type"] == "error" and told[-1]["code"] == "interrupted"
    code, shown, error = lab("show", path)
    assert code == 0 and "Incomplete: " in error


def test_colours_and_a_bar_on_a_terminal():
    """Escapes are for terminals; the lines of the table stay whole behind the bar."""
    def seen(environment):
        near, far = pty.openpty()
        process = subprocess.Popen([MARTLET, "lab", *SHORT, "--seeds", "8"], stdin=far, stdout=far, stderr=far,
                                   env={**os.environ, "TERM": "xterm", **environment}, preexec_fn=die_with_parent)
        os.close(far)
        text = b""
        with contextlib.suppress(OSError):
            while block := os.read(near, 65536):
                text += block
        os.close(near)
        assert process.wait(60) == 0
        return text.decode()
    text = seen({"NO_COLOR": ""})
    assert "\x1b[1mchannel" in text and "\x1b[2m  20 % loss" in text
    assert re.search(r"run \d of 16 +\d+ % \|", text)
    assert "\x1b[1m" not in seen({"NO_COLOR": "1"})


@pytest.mark.parametrize("link", ["shaped", "real"])
def test_links_of_the_real_world(link):
    arguments = ["--loss", "20%", "--delay", "20ms"] if link == "shaped" else []
    code, output, error = lab("--json", "--link", link, "--channel", "ordered,unordered:rtx=0", "--duration", "1s", *arguments)
    assert code == 0, error
    ordered, lossy = [event for event in events(output) if event["type"] == "lab-result"]
    # A machine that is busy may hold the sender up: what is overdue is not sent.
    assert ordered["lost"] == 0 and 40 <= ordered["accepted"] <= 50
    assert (lossy["lost"] > 0) == (link == "shaped")


def test_a_peer_that_returns_what_it_gets():
    echo = pathlib.Path(MARTLET).with_name("SignalingPeer")
    code, output, error = lab("--json", "--echo", f"'{echo}' answer", "--channel", "ordered", "--delay", "30ms", "--duration", "1s")
    assert code == 0, error
    result = next(event for event in events(output) if event["type"] == "lab-result")
    assert result["round_trip"] is True and result["lost"] == 0 and result["p50_ms"] >= 60


def test_options_of_the_lab_are_in_the_help():
    code, text, _ = lab("--help")
    assert code == 0
    for name in ["--preset", "--plan", "--link", "--peer", "--echo", "--headless", "--channel", "--loss", "--burst", "--delay",
                 "--jitter", "--reorder", "--duplicate", "--bandwidth", "--queue", "--blackout", "--back", "--size", "--rate",
                 "--duration", "--late", "--from", "--seeds", "--output", "--html", "--csv", "--quiet", "--json"]:
        assert name in text, name
    assert all(len(line) <= 80 for line in text.splitlines())
