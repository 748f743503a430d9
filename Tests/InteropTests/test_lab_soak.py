"""`martlet lab soak`: hours of the traffic on which the SCTP library can freeze, in virtual time. Here it runs for little more than a
minute of them, and is made to fail."""

import itertools
import json
import os
import re
import signal
import subprocess

import pytest

from martlet_program import BUILD, Martlet

MARTLET = str(BUILD / "martlet")
#: Loaded before the C library: the peak of memory is eight MiB more each time that somebody asks for it.
GROWING = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/resource.h>
int getrusage(__rusage_who_t who, struct rusage *usage) {
    static long asked;
    int code = ((int (*)(__rusage_who_t, struct rusage *))dlsym(RTLD_NEXT, "getrusage"))(who, usage);
    usage->ru_maxrss = 100 * 1024 + ++asked * 8 * 1024;
    return code;
}
"""


def soak(*arguments, **environment):
    end = subprocess.run([MARTLET, "lab", "soak", *arguments], capture_output=True, timeout=200, text=True, stdin=subprocess.DEVNULL,
                         env={**os.environ, **environment})
    return end.returncode, end.stdout, end.stderr


def test_what_is_told():
    code, output, error = soak("--hours", "0.02", "--json", "--seed", "7")
    assert code == 0 and error == "", error
    *told, last = map(json.loads, output.splitlines())
    assert {event["type"] for event in told} <= {"lab-soak"} and last["type"] == "lab-soak-end"
    # A fast machine has nothing to tell before the end.
    for before, after in itertools.pairwise([*told, last]):
        for member in ("simulated_seconds", "seconds", "datagrams", "lost", "forward_tsns", "memory"):
            assert before[member] <= after[member], (member, before, after)
        assert before["seconds"] < after["seconds"]
    assert 72 <= last["simulated_seconds"] < 80
    assert 10 < last["lost"] < last["datagrams"] / 50 and last["forward_tsns"] >= 20 and last["memory"] > 1 << 20
    assert [channel["name"] for channel in last["channels"]] == [
        "ordered, reliable", "unordered, reliable", "unordered, maxRetransmits 0", "unordered, maxPacketLifeTime 600"]
    for channel in last["channels"][:2]:
        # Five in a second, but for those that are under way.
        assert 350 <= channel["sent"] <= 400 and channel["expired"] == 0
        assert channel["sent"] - 10 <= channel["delivered"] <= channel["sent"]
    for channel in last["channels"][2:]:
        assert 65 <= channel["sent"] <= 80 and channel["expired"] <= 5
        # About half of them arrive.
        assert channel["sent"] / 4 <= channel["delivered"] <= channel["sent"] - 5


def test_what_people_see():
    code, output, error = soak("--hours", "0.02", "--seed", "7")
    assert code == 0, error
    first, second, *channels = output.splitlines()
    assert re.fullmatch(r"1 min 1\d s simulated in .*, \d+ times as fast; \d+ MiB of memory at most", first), first
    assert re.fullmatch(r"\d+ datagrams, \d+ of them lost; \d+ FORWARD TSNs gave something up", second), second
    assert re.fullmatch(r"  ordered, reliable: 3\d\d of 3\d\d messages arrived", channels[0]), channels
    assert len(channels) == 4 and all(len(line) <= 80 for line in output.splitlines())


@pytest.mark.parametrize("hours", ["0", "-1", "nan", "1001", "a day"])
def test_hours_that_cannot_be(hours):
    code, output, error = soak(f"--hours={hours}")
    assert code == 2 and output == "" and "--hours" in error and "Traceback" not in error, error


async def test_ctrl_c():
    async with Martlet("lab", "soak", "--json", "--hours", 1000, json_events=False) as program:
        event = await program.event("lab-soak")
        assert event["simulated_seconds"] > 0
        program.terminate(signal.SIGINT)
        code, error = await program.end(20)
    assert code == 130
    assert program.events[-1]["type"] == "error" and program.events[-1]["code"] == "interrupted"
    assert not any(event["type"] == "lab-soak-end" for event in program.events)


def test_memory_that_grows(tmp_path):
    source, library = tmp_path / "growing.c", tmp_path / "growing.so"
    source.write_text(GROWING)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    code, output, error = soak("--hours", "1000", "--json", LD_PRELOAD=str(library))
    assert code == 9, error
    told = [json.loads(line) for line in output.splitlines()]
    # Not before ten minutes have gone by, and then before long.
    assert 600 <= told[-2]["simulated_seconds"]
    assert told[-1]["type"] == "error" and told[-1]["code"] == "local-resource"
    assert re.search(r"memory grew from \d+ to \d+ MiB", told[-1]["message"])
