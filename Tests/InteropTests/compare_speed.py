"""The engine's speed beside aiortc's, in one run on one machine: two processes each, loopback, one reliable ordered
channel, 64 KiB messages. Prints both and their ratio; times nothing by itself in any test.

    .venv-interop/bin/python Tests/InteropTests/compare_speed.py [MiB for Martlet] [MiB for aiortc]
"""

import asyncio
import json
import multiprocessing
import resource
import subprocess
import sys
import time

import aiortc

from martlet_program import BUILD

MESSAGE = bytes(65_536)


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def receive(pipe, size):
    connection = aiortc.RTCPeerConnection()
    done = asyncio.get_running_loop().create_future()
    received, start, cpu = 0, None, 0

    @connection.on("datachannel")
    def on_channel(channel):
        @channel.on("message")
        def on_message(message):
            nonlocal received, start, cpu
            if start is None:
                start, cpu = time.monotonic(), cpu_seconds()
            received += len(message)
            if received >= size:
                done.set_result((time.monotonic() - start, cpu_seconds() - cpu))
                channel.send("done")

    await connection.setRemoteDescription(aiortc.RTCSessionDescription(*pipe.recv()))
    await connection.setLocalDescription(await connection.createAnswer())
    pipe.send((connection.localDescription.sdp, connection.localDescription.type))
    pipe.send(await done)
    await asyncio.sleep(1)


async def send(pipe, size):
    connection = aiortc.RTCPeerConnection()
    channel = connection.createDataChannel("bench")
    opened, done = asyncio.Event(), asyncio.Event()
    channel.on("open", opened.set)
    channel.on("message", lambda _: done.set())
    await connection.setLocalDescription(await connection.createOffer())
    pipe.send((connection.localDescription.sdp, connection.localDescription.type))
    await connection.setRemoteDescription(aiortc.RTCSessionDescription(*pipe.recv()))
    await opened.wait()
    for _ in range(size // len(MESSAGE)):
        channel.send(MESSAGE)
        while channel.bufferedAmount > 1 << 20:
            await asyncio.sleep(0.001)
    await done.wait()


def receiving_process(pipe, size):
    asyncio.run(receive(pipe, size))


def measure_aiortc(size):
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=receiving_process, args=(theirs, size), daemon=True)
    process.start()
    asyncio.run(send(ours, size))
    seconds, cpu = ours.recv()
    return size / 1e6 / seconds, cpu / (size / 2**30)


def main():
    mebibytes, theirs = (int(word) for word in (sys.argv[1:] + ["1024", "16"][len(sys.argv) - 1:]))
    output = subprocess.run([BUILD / "martlet", "bench", "--json", "--size", str(mebibytes)], check=True,
                            capture_output=True).stdout
    martlet = json.loads(output)
    speed, cpu = measure_aiortc(theirs << 20)
    print(f"Martlet {martlet['megabytesPerSecond']:7.1f} MB/s   "
          f"receiver {martlet['receiver']['cpuSecondsPerGiB']:6.1f} CPU s/GiB")
    print(f"aiortc  {speed:7.1f} MB/s   receiver {cpu:6.1f} CPU s/GiB")
    print(f"ratio   {martlet['megabytesPerSecond'] / speed:7.1f}")


if __name__ == "__main__":
    main()
