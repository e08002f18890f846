"""Which tracks of a file are sent as they are stored, and what is sent then."""

from collections.abc import Mapping
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from media_files import Audio, Video, clicks, numbered_media, rotate, steady

from take5.client.push import Sender, push
from take5.client.stored import as_stored, encoded
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.clock import to_seconds

BASELINE: Mapping[str, str] = {"profile": "baseline", "g": "25", "bf": "0", "sc_threshold": "0"}
PCM = Audio(codec="pcm_s16le", format="s16")
OPUS = Audio(codec="libopus", format="s16", layout="stereo")


def film(path: Path, video: Video | None = None, audio: Audio = PCM, frames: int = 50) -> MediaFile:
    seconds = frames / 25
    sound = clicks([0.5], seconds, channels=2 if audio.layout == "stereo" else 1)
    video = video or Video(options=BASELINE)
    return MediaFile(numbered_media(path, steady(frames, 25), sound, video, audio))


def sent(file: MediaFile, path: Path, *, seconds: float = inf, loop: bool = False) -> Path:
    """A film as it is sent, but to a file."""
    stored = as_stored(file, seconds)
    sender = Sender("http://127.0.0.1/whip/me", (96, 64), None, stored)
    with av.open(str(path), "w") as container:
        sender._begin(container)
        push(file, sender, lambda _: None, stored=stored, seconds=seconds, loop=loop)
    return path


def packets(path: Path, kind: str) -> list[Any]:
    with av.open(str(path)) as container:
        return [packet for packet in container.demux(**{kind: 0}) if packet.size]


# --- what is sent ---


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_pictures_without_b_frames_are_sent_as_stored(tmp_path: Path, suffix: str) -> None:
    file = film(tmp_path / f"film{suffix}", audio=PCM if suffix == ".mkv" else Audio())
    path = sent(file, tmp_path / "sent.mkv")
    before, after = packets(tmp_path / f"film{suffix}", "video"), packets(path, "video")
    assert [bytes(packet) for packet in after] == [bytes(packet) for packet in before]
    assert [packet.pts for packet in after] == [40 * i for i in range(50)]
    assert packets(path, "audio")[0].stream.codec_context.name == "opus"


@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_opus_is_sent_as_stored(tmp_path: Path, layout: str) -> None:
    file = film(tmp_path / "film.mkv", audio=Audio(codec="libopus", format="s16", layout=layout))
    path = sent(file, tmp_path / "sent.mkv")
    kept = {bytes(packet) for packet in packets(tmp_path / "film.mkv", "audio")}
    assert {bytes(packet) for packet in packets(path, "audio")} <= kept
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    sound = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    assert float(frames[0].time or 0.0) + np.abs(sound).argmax() / 48_000 == pytest.approx(0.5, abs=0.008)


def test_pictures_that_are_encoded_go_with_sound_as_stored(tmp_path: Path) -> None:
    file = film(tmp_path / "film.mkv", Video(options={**BASELINE, "profile": "high"}), OPUS)
    path = sent(file, tmp_path / "sent.mkv")
    assert len(packets(path, "video")) == 50
    assert packets(path, "video")[0].stream.codec_context.profile == "Constrained Baseline"
    assert bytes(packets(path, "audio")[5]) in {bytes(packet) for packet in packets(tmp_path / "film.mkv", "audio")}


def test_a_loop_begins_with_a_keyframe_and_counts_on(tmp_path: Path) -> None:
    path = sent(film(tmp_path / "film.mkv", audio=OPUS), tmp_path / "sent.mkv", seconds=5.0, loop=True)
    pictures = packets(path, "video")
    assert [packet.pts for packet in pictures[:60]] == pytest.approx([40 * i for i in range(60)], abs=40)
    assert [packet.pts // 1000 for packet in pictures if packet.is_keyframe] == [0, 1, 2, 3, 4]
    assert np.diff([packet.pts for packet in packets(path, "audio")]).max() < 100


def test_it_begins_with_the_keyframe_before_both_tracks(tmp_path: Path) -> None:
    file = film(tmp_path / "late.mkv", audio=Audio(codec="pcm_s16le", format="s16", start=Fraction(3, 2)))
    stored = as_stored(file)
    assert stored.pictures is None
    assert to_seconds(stored.begin) == 1.0
    assert packets(sent(file, tmp_path / "sent.mkv"), "video")[0].is_keyframe


# --- what is encoded, and why ---

REASONS: dict[str, tuple[Video, str]] = {
    "profile": (Video(options={**BASELINE, "profile": "high"}), "its profile is High, not Baseline"),
    "b-frames": (Video(options={"profile": "main", "g": "25", "bf": "2"}), "its profile is Main, not Baseline"),
    "codec": (Video(codec="mpeg4"), "mpeg4 is not H.264"),
    "range": (Video(options=BASELINE, color_range=2), "it is not 8-bit 4:2:0 of limited range"),
    "aspect": (Video(options=BASELINE, aspect=Fraction(4, 3)), "its pixels are not square"),
    "rare": (Video(options={**BASELINE, "g": "250"}), "its keyframes are 3.0 s apart"),
}


@pytest.mark.parametrize("case", REASONS)
def test_pictures_that_receivers_may_refuse_are_encoded(tmp_path: Path, case: str) -> None:
    video, reason = REASONS[case]
    assert as_stored(film(tmp_path / "film.mkv", video, frames=76)).pictures == reason


def test_pictures_that_have_to_be_turned_are_encoded(tmp_path: Path) -> None:
    film(path := tmp_path / "film.mp4", audio=Audio())
    rotate(path, 90)
    assert as_stored(MediaFile(path)).pictures == "it has to be turned"


def test_only_what_is_sent_counts(tmp_path: Path) -> None:
    file = film(tmp_path / "film.mkv", REASONS["rare"][0], frames=76)
    assert as_stored(file, 1.5).pictures is None


@pytest.mark.parametrize(("audio", "reason"), [(PCM, "pcm_s16le is not Opus"), (Audio(), "aac is not Opus")])
def test_sound_that_is_not_opus_is_encoded(tmp_path: Path, audio: Audio, reason: str) -> None:
    assert as_stored(film(tmp_path / "film.mkv", audio=audio)).sound == reason


def test_it_says_what_is_encoded(tmp_path: Path) -> None:
    file = film(tmp_path / "film.mkv")
    assert str(as_stored(file)) == "pictures as stored, sound encoded (pcm_s16le is not Opus)"
    assert str(encoded(file)) == "pictures encoded (as asked), sound encoded (as asked)"


def test_what_steps_back_in_joined_recordings_is_left_out(tmp_path: Path) -> None:
    first, second, joined = tmp_path / "first.ts", tmp_path / "second.ts", tmp_path / "joined.ts"
    film(first, audio=OPUS)
    with av.open(str(first)) as source, av.open(str(second), "w", format="mpegts") as target:
        streams = {stream.index: target.add_stream_from_template(stream, opaque=True) for stream in source.streams}
        for packet in source.demux():
            if packet.pts is not None and packet.dts is not None:
                packet.pts, packet.dts = packet.pts + 153_000, packet.dts + 153_000  # 1.7 s, of 2 s
                packet.stream = streams[packet.stream_index]
                target.mux(packet)
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    path = sent(MediaFile(joined), tmp_path / "sent.mkv")
    for kind in ("video", "audio"):
        times = [packet.pts for packet in packets(path, kind)]
        assert times == sorted(set(times))
        assert times[-1] > 3500
