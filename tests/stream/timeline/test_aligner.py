"""Two tracks onto one session clock, the same however their media are interleaved."""

from dataclasses import dataclass

import numpy as np
import pytest
from encoder_sounds import noise
from numpy.typing import NDArray

from take5.stream.timeline.aligner import Aligned, Aligner
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS
from take5.stream.timeline.grid import FrameCounts
from take5.stream.timeline.media import AnyFrame, AudioBlock, Timed, VideoFrame

MS = FLICKS // 1000
RATE = 48_000


@dataclass(frozen=True)
class Numbered:
    """A picture that is only its number."""

    number: int
    size: tuple[int, int] = (1, 1)
    digest: int = 0

    def rgb(self) -> NDArray[np.uint8]:
        return np.zeros((1, 1, 3), np.uint8)


def video(count: int, start_ms: float = 0, step: int = FRAME_FLICKS) -> list[Timed]:
    return [VideoFrame(round(start_ms * MS) + i * step, Numbered(i)) for i in range(count)]


def audio(seconds: float, start_ms: float = 0, size: int = 960) -> list[Timed]:
    sound = noise(round(seconds * RATE))
    return [
        AudioBlock(round(start_ms * MS) + i * FLICKS // RATE, sound[i : i + size], RATE)
        for i in range(0, len(sound), size)
    ]


def in_time(*tracks: list[Timed]) -> list[Timed]:
    return sorted((media for track in tracks for media in track), key=lambda media: media.pts)


def shuffled(frames: list[Timed], blocks: list[Timed], seed: int) -> list[Timed]:
    """Each track in its order, the two of them interleaved at random."""
    turns = np.random.default_rng(seed).permutation([0] * len(frames) + [1] * len(blocks))
    tracks = iter(frames), iter(blocks)
    return [next(tracks[turn]) for turn in turns]


@dataclass(frozen=True)
class Outcome:
    shown: list[tuple[int, int, bool]]
    sound: NDArray[np.float32]
    frames: int
    counts: FrameCounts


def run(aligner: Aligner, media: list[Timed]) -> Outcome:
    parts = [aligner.push(one) for one in media]
    end = max((m.pts for m in media if isinstance(m, VideoFrame)), default=0) + FRAME_FLICKS
    last, frames = aligner.finish(end)
    return outcome([*parts, last], frames, aligner)


def begun(frames: list[Timed], blocks: list[Timed]) -> Aligner:
    """An aligner whose origin is where both tracks have begun."""
    return Aligner(max(frames[0].pts, blocks[0].pts))


def number(frame: AnyFrame) -> int:
    assert isinstance(frame, VideoFrame)
    assert isinstance(frame.picture, Numbered)
    return frame.picture.number


def outcome(parts: list[Aligned], frames: int, aligner: Aligner) -> Outcome:
    cells = [cell for part in parts for cell in part.frames]
    shown = [(c.index, number(c.shown), c.missing) for c in cells]
    sound = np.concatenate([np.zeros(0, np.float32), *(s for part in parts for s in part.samples)])
    return Outcome(shown, sound, frames, aligner.counts)


def same(one: Outcome, other: Outcome) -> None:
    np.testing.assert_array_equal(one.sound, other.sound)
    assert (one.shown, one.frames, one.counts) == (other.shown, other.frames, other.counts)


@pytest.mark.parametrize(
    ("video_ms", "audio_ms", "first_picture"), [(0, 0, 0), (0, 130, 3), (130, 0, 0), (-500, -3, 12), (7000, 7021, 1)]
)
def test_the_first_grid_frame_is_the_picture_at_the_origin(video_ms: int, audio_ms: int, first_picture: int) -> None:
    frames, blocks = video(50, video_ms), audio(2, audio_ms)
    assert run(begun(frames, blocks), in_time(frames, blocks)).shown[0] == (0, first_picture, False)


def test_frames_and_sound_last_as_long_as_the_shorter_track() -> None:
    for count, seconds, start_ms, expected in [(100, 2, 0, 50), (50, 4, 0, 50), (50, 2, 400, 40)]:
        frames, blocks = video(count, start_ms), audio(seconds)
        assert run(begun(frames, blocks), in_time(frames, blocks)).frames == expected


@pytest.mark.parametrize("seed", range(8))
def test_interleaving_changes_nothing(seed: int) -> None:
    frames, blocks = video(48, 15), audio(1.9, 0)
    expected = run(Aligner(15 * MS), in_time(frames, blocks))
    same(run(Aligner(15 * MS), shuffled(frames, blocks, seed)), expected)


@pytest.mark.parametrize("order", ["video first", "audio first"])
def test_a_known_origin_lets_a_track_come_any_time_later(order: str) -> None:
    frames, blocks = video(250, 15), audio(10)
    media = [*frames, *blocks] if order == "video first" else [*blocks, *frames]
    same(run(Aligner(15 * MS), media), run(Aligner(15 * MS), in_time(frames, blocks)))


@pytest.mark.parametrize("late_s", [2.5, 6.0])
def test_sound_that_begins_seconds_after_the_picture(late_s: float) -> None:
    frames, blocks = video(250), audio(3, late_s * 1000)
    got = run(begun(frames, blocks), in_time(frames, blocks))
    assert got.shown[0][1] == round(late_s * 25 - 0.1)
    assert got.frames == 75
    assert got.counts.late == 0


@pytest.mark.parametrize("late_s", [2.5, 6.0])
def test_picture_that_begins_seconds_after_the_sound(late_s: float) -> None:
    blocks, frames = audio(9), video(50, late_s * 1000)
    got = run(begun(frames, blocks), in_time(frames, blocks))
    assert got.shown[0][1] == 0
    assert got.frames == 50
    np.testing.assert_array_equal(got.sound, run(begun(frames, blocks), blocks).sound)


def test_a_track_alone_gives_no_recording() -> None:
    for media in (video(50), audio(2), []):
        assert run(Aligner(0), media).frames == 0


def test_a_hole_in_the_sound_is_told_and_then_forgotten() -> None:
    aligner = Aligner(0)
    blocks = [block for block in audio(2) if not 800 * MS <= block.pts < 900 * MS]
    run(aligner, in_time(video(50), blocks))
    assert np.flatnonzero(aligner.sound_missing(0, 25)).tolist() == [20, 21, 22]
    assert not aligner.sound_missing(0, 25).any()


@pytest.mark.parametrize("seed", range(4))
def test_holes_and_rates_survive_any_interleaving(seed: int) -> None:
    step = FLICKS // 30
    frames = [frame for i, frame in enumerate(video(57, 3, step)) if not 20 <= i < 27]
    blocks = [block for block in audio(1.9) if not 500 * MS <= block.pts < 560 * MS]
    one, other = begun(frames, blocks), begun(frames, blocks)
    same(run(one, in_time(frames, blocks)), run(other, shuffled(frames, blocks, seed)))
    flags = one.sound_missing(0, 48)
    assert flags.any()
    np.testing.assert_array_equal(flags, other.sound_missing(0, 48))
