"""What commands cost on files: start-up, ``select``, and the plain way; and the talker that all are measured with."""

import json
import os
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av

from demo.talker import DEFAULT, FILLER, fitted
from demo.talker.render import render

SCRIPT = fitted(DEFAULT, 20, FILLER)
OPUS_RATE = 48_000
POOLS, HOPS = (1, 5, 10, 20), (0.2, 1.0, 5.0)
"""What is tried of ``--pool`` and ``--hop``."""

TAKE5 = [sys.executable, "-m", "take5.client.cli"]


def talker(folder: Path) -> Path:
    """Twenty seconds at 720p as a sender sends them, H.264 without B-frames and Opus; rendered if not there yet."""
    path = folder / "talker.mkv"
    if not path.exists():
        rendered, partial = folder / "talker.pcm.mkv", folder / "talker.partial.mkv"
        render(SCRIPT, rendered, profile="baseline")
        _with_opus(rendered, partial)
        partial.replace(path)
        rendered.unlink()
    return path


def _with_opus(video: Path, path: Path) -> None:
    with av.open(str(video)) as source, av.open(str(path), "w") as target:
        pictures, sound = source.streams.video[0], source.streams.audio[0]
        stored = target.add_stream_from_template(pictures, opaque=True)
        coded = target.add_stream("libopus", rate=OPUS_RATE, layout="stereo")
        resampler = av.AudioResampler("s16", "stereo", OPUS_RATE, 960)
        for packet in source.demux(pictures, sound):
            if packet.stream_index == pictures.index:
                packet.stream = stored
                target.mux([packet] if packet.size else [])
                continue
            for frame in sound.codec_context.decode(packet):
                target.mux([out for part in resampler.resample(frame) for out in coded.encode(part)])
        target.mux(coded.encode(None))


def repeated(video: Path, path: Path, seconds: int) -> None:
    """The same video over and over, as stored."""
    with av.open(str(path), "w") as target:
        begin = Fraction(0)
        while begin < seconds:
            with av.open(str(video)) as source:
                if not target.streams:
                    for stream in source.streams:
                        target.add_stream_from_template(stream, opaque=True)
                begin = _append(source, target, begin)


def _append(source: av.container.InputContainer, target: av.container.OutputContainer, begin: Fraction) -> Fraction:
    end = begin
    for packet in source.demux():
        if packet.pts is None or packet.time_base is None or packet.pts < 0:
            continue
        step = Fraction(packet.time_base.numerator, packet.time_base.denominator)
        packet.pts = packet.dts = packet.pts + round(begin / step)
        end = max(end, (packet.pts + (packet.duration or 0)) * step)
        packet.stream = target.streams[packet.stream_index]
        target.mux(packet)
    return end


class Cost(NamedTuple):
    """Seconds, CPU seconds, and largest resident set in MB of a program."""

    wall: float
    cpu: float
    mb: float


def command(*arguments: str) -> Cost:
    """Run a program, and return what it costs; of children only those that it has waited for."""
    began, away = time.monotonic(), subprocess.DEVNULL
    with subprocess.Popen(arguments, stdout=away, stderr=away) as running:
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {running.returncode}")
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def select_cost(video: Path, *options: str) -> Cost:
    """What ``take5 select`` costs."""
    with tempfile.TemporaryDirectory() as output:
        return command(*TAKE5, "select", str(video), "-o", output, "--json", *options)


def starts(video: Path, folder: Path) -> dict[str, float]:
    """Seconds of ``take5 --help``, and of ``select`` on ten seconds of video."""
    ten = _cut(video, folder / "ten.mkv", 10)
    wall, cpu, _ = command(*TAKE5, "--help")
    found = {"--help: s": wall, "--help: CPU s": cpu}
    wall, cpu, _ = select_cost(ten)
    return found | {"select of 10 s: s": wall, "select of 10 s: CPU s": cpu}


def _cut(video: Path, path: Path, seconds: int) -> Path:
    with av.open(str(video)) as source, av.open(str(path), "w") as target:
        for stream in source.streams:
            target.add_stream_from_template(stream, opaque=True)
        for packet in source.demux():
            if packet.pts is not None and packet.time_base is not None and packet.pts * packet.time_base < seconds:
                packet.stream = target.streams[packet.stream_index]
                target.mux(packet)
    return path


def select(video: Path, folder: Path, seconds: int) -> dict[str, float]:
    """CPU seconds per second, and memory, of ``select`` on a video of this length."""
    wall, cpu, mb = select_cost(_lengthened(video, folder, seconds))
    name = f"select of {seconds} s"
    return {f"{name}: CPU s/s": cpu / seconds, f"{name}: s/s": wall / seconds, f"{name}: MB": mb}


def _lengthened(video: Path, folder: Path, seconds: int) -> Path:
    long = folder / f"{seconds}.mkv"
    if not long.exists():
        repeated(video, long, seconds)
    return long


def over_options(video: Path, folder: Path, seconds: int = 60) -> dict[str, float]:
    """CPU seconds of ``select`` with other pools and hops than the usual."""
    long = _lengthened(video, folder, seconds)
    chosen = [("pool", value) for value in POOLS] + [("hop", value) for value in HOPS]
    return {
        f"select of {seconds} s, {name} {value:g}: CPU s": select_cost(long, f"--{name}", f"{value:g}").cpu
        for name, value in chosen
    }


def plain(video: Path, seconds: float) -> dict[str, float]:
    """CPU seconds per second of the plain way, and its memory in MB."""
    program = [sys.executable, "-m", "bench.plain", str(video), "--seconds", str(min(seconds, 20.0))]
    done = subprocess.run(program, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    found = json.loads(done.stdout)
    return {"plain: CPU s/s": found["cpu"], "plain: MB": found["mb"]}
