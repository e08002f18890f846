"""What commands cost on files: start-up, ``select``, and the plain way; and the talker that all are measured with."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av

from demo.talker import DEFAULT, FILLER, fitted
from demo.talker.render import render

SCRIPT = fitted(DEFAULT, 20, FILLER)
OPUS_RATE = 48_000
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


def command(*arguments: str) -> tuple[float, float]:
    """Seconds, and CPU seconds, of a program, its children included."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    away = subprocess.DEVNULL
    subprocess.run(arguments, check=True, stdout=away, stderr=away)
    lasted, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return lasted, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def select_seconds(video: Path) -> tuple[float, float]:
    """Seconds and CPU seconds of ``take5 select``."""
    with tempfile.TemporaryDirectory() as output:
        return command(*TAKE5, "select", str(video), "-o", output, "--json")


def starts(video: Path, folder: Path) -> dict[str, float]:
    """Seconds of ``take5 --help``, and of ``select`` on ten seconds of video."""
    ten = _cut(video, folder / "ten.mkv", 10)
    wall, cpu = command(*TAKE5, "--help")
    found = {"--help: s": wall, "--help: CPU s": cpu}
    wall, cpu = select_seconds(ten)
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
    """CPU seconds per second of ``select`` on a video of this length."""
    long = folder / f"{seconds}.mkv"
    if not long.exists():
        repeated(video, long, seconds)
    wall, cpu = select_seconds(long)
    return {f"select of {seconds} s: CPU s/s": cpu / seconds, f"select of {seconds} s: s/s": wall / seconds}


def plain(video: Path, seconds: float) -> dict[str, float]:
    """CPU seconds per second of the plain way, and its memory in MB."""
    program = [sys.executable, "-m", "bench.plain", str(video), "--seconds", str(min(seconds, 20.0))]
    done = subprocess.run(program, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    found = json.loads(done.stdout)
    return {"plain: CPU s/s": found["cpu"], "plain: MB": found["mb"]}
