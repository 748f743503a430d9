"""How a rendezvous server does under load: `python measure_server.py [ROOMS]` (10,000 if not said) prints its memory and how
long an honest pair takes from `create` to a message relayed each way, idle, with so many rooms waiting, and under a flood
of joins and creates beside them. Everything comes from addresses of 127.0.0.0/8, so that the limits per address hold."""

import asyncio
import contextlib
import json
import pathlib
import resource
import secrets
import subprocess
import sys
import time

import websockets

from martlet_program import BUILD
from rooms_client import ALPHABET, SUBPROTOCOL

PAIRS, FLOOD_SECONDS, FLOODERS = 200, 20, 40


def fresh_room():
    return "".join(secrets.choice(ALPHABET) for _ in range(16))


def address(index):
    return f"127.{16 + (index >> 14)}.{index >> 7 & 127}.{1 + (index & 127)}"


async def connect(port, source):
    # No deadline of the client's: its own work counts here, and what the server takes is what is measured.
    return await websockets.connect(
        f"ws://127.0.0.1:{port}/rooms", subprotocols=[SUBPROTOCOL], local_addr=(source, 0), ping_interval=None,
        compression=None, open_timeout=60, close_timeout=1)


async def ask(member, **message):
    await member.send(json.dumps(message))
    return json.loads(await member.recv())


def memory(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return {line.split(":")[0]: int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(("VmRSS", "VmHWM"))}


async def pair(port, index):
    """Seconds from `create` to both messages relayed; connections are open by then."""
    host, guest = await connect(port, address(index)), await connect(port, address(index + 1))
    try:
        start = time.perf_counter()
        created = await ask(host, type="create", room=fresh_room(), size=2, number=True)
        joined = await ask(guest, type="join", number=created["number"])
        arrived = json.loads(await host.recv())
        await guest.send(json.dumps({"type": "message", "to": joined["host"], "body": "x" * 1000}))
        await host.recv()
        await host.send(json.dumps({"type": "message", "to": arrived["peer"], "body": "x" * 1000}))
        await guest.recv()
        return time.perf_counter() - start
    finally:
        await asyncio.gather(host.close(), guest.close())


async def pairs(port, label, process, first):
    took = sorted([await pair(port, first + 2 * index) for index in range(PAIRS)])
    sizes = memory(process)
    at = {name: 1000 * took[min(PAIRS - 1, int(PAIRS * share))] for name, share in (("50%", .5), ("95%", .95), ("99%", .99), ("100%", 1))}
    print(f"{label:34}" + "".join(f"  {name} {value:6.1f} ms" for name, value in at.items())
          + f"  memory {sizes['VmRSS']:5.0f} MiB, at most {sizes['VmHWM']:5.0f}", flush=True)


async def flood(port, index, end, counts):
    """Joins of rooms that are not there, numbers guessed, rooms made and left, as fast as they go."""
    while time.monotonic() < end:
        for request in ({"type": "join", "room": fresh_room()}, {"type": "join", "number": secrets.randbelow(999_999) + 1},
                        {"type": "create", "room": fresh_room(), "size": 2, "number": True}):
            with contextlib.suppress(OSError, websockets.WebSocketException, TimeoutError):
                member = await connect(port, f"127.200.{index}.1")
                try:
                    answer = await ask(member, **request)
                    kind = answer.get("code", answer["type"])
                    counts[kind] = counts.get(kind, 0) + 1
                finally:
                    await member.close()


async def attack(port, seconds):
    """The flood by itself, in a process of its own: it is not to slow the honest pair's Python."""
    counts, end = {}, time.monotonic() + seconds
    await asyncio.gather(*(flood(port, index, end, counts) for index in range(FLOODERS)))
    print(json.dumps(counts))


async def main(count):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
    state = pathlib.Path(f"/tmp/martlet-measure-{secrets.token_hex(4)}.state")
    process = await asyncio.create_subprocess_exec(
        str(BUILD / "martlet"), "serve", "--json", "-q", "--bind", "127.0.0.1", "--port", "0", "--state", str(state),
        stdout=asyncio.subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        port = json.loads(await process.stdout.readline())["port"]
        await pairs(port, "an idle server", process, 100_000)
        idle = memory(process)["VmRSS"]
        start, rooms = time.perf_counter(), []
        gate = asyncio.Semaphore(100)

        async def wait(index):
            async with gate:
                member = await connect(port, address(index))
                answer = await ask(member, type="create", room=fresh_room(), size=2, number=True)
                assert answer["type"] == "created", answer
                rooms.append(member)
        await asyncio.gather(*(wait(index) for index in range(count)))
        print(f"{count} rooms made in {time.perf_counter() - start:.1f} s; each takes "
              f"{(memory(process)['VmRSS'] - idle) * 1024 / max(1, count):.1f} KiB", flush=True)
        # Places for the pair, and for the rooms that the flood makes.
        for _ in range(count - 9_900):
            await rooms.pop().close()
        await pairs(port, f"{len(rooms)} rooms wait", process, 200_000)
        attacker = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "flood", str(port), str(FLOOD_SECONDS), stdout=asyncio.subprocess.PIPE)
        await asyncio.sleep(2)
        await pairs(port, "and a flood beside them", process, 300_000)
        answers = json.loads((await attacker.communicate())[0])
        print(f"the flood: {sum(answers.values()) / FLOOD_SECONDS:.0f} connections a second, answered with {answers}")
    finally:
        process.terminate()
        await process.wait()
        state.unlink(missing_ok=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["flood"]:
        asyncio.run(attack(int(sys.argv[2]), float(sys.argv[3])))
    else:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
