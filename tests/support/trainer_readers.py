"""What each trainer would find in a bundle: one small reader a trainer, written from the trainers' contracts alone.

A reader opens the files as that trainer's loader does, with its slices, casts and names, and raises AssertionError
where the trainer would stop, hang or learn something wrong. It knows nothing of how take5 writes a bundle.
"""

import json
import re
import wave
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

RATE = 16_000
SAMPLES = 640  # of sound to a frame, 16 kHz at 25 frames a second
NAME = re.compile(r"[A-Za-z0-9_-]+")  # the name goes unquoted into shell commands, and dots end it
SWALLOWED = ("jpg", "ori_imgs")  # replaced in whole paths by the trainers
LIPS, EYES, NOSTRILS = slice(48, 60), (slice(36, 42), slice(42, 48)), slice(31, 36)
LEAST_LIPS = 32  # pixels: LPIPS with AlexNet takes no smaller picture
DERIVED = {  # what the trainers' own steps write, and read without asking whose it is
    *("parsing", "gt_imgs", "torso_imgs", "face_mask", "flow_result", "teeth_mask", "sapiens", "bc.jpg", "fused.ply"),
    *("track_params.pt", "bundle_adjustment.pt", "transforms_train.json", "transforms_val.json"),
}
LEAST_FRAMES = {"synctalk": 3, "rad-nerf": 64}  # RAD-NeRF's tracker takes 64 at once, the others' 32

Landmarks = NDArray[np.float32]
Sound = NDArray[np.int16]
Small = NDArray[np.float32]  # a picture of 64 x 64


@dataclass(frozen=True)
class Reading:
    """What a trainer has before its own steps: ``train`` and ``validation`` hold frame numbers."""

    trainer: str
    frames: int
    size: tuple[int, int]
    landmarks: Landmarks
    sound: Sound
    train: tuple[int, ...]
    validation: tuple[int, ...]
    eyes: NDArray[np.float32] | None  # what drives the eyes, where the bundle holds it: a row a training frame
    audio: NDArray[np.float32] | None  # what the loader makes of the bundle's audio features: a row a training frame


def read(trainer: str, folder: Path) -> Reading:
    """Read ``folder`` as ``trainer`` would, from a checkout where it is ``data/<ID>``."""
    check_name(folder)
    video, size = read_video(folder)
    frames = len(video)
    assert frames >= LEAST_FRAMES.get(trainer, 32), f"{folder}: {frames} frames; the head tracker needs more"
    read_images(folder, video, size)
    landmarks = read_landmarks(folder, frames, size)
    sound = read_sound(folder / "aud.wav", frames)
    assert sound.any(), f"{folder}/aud.wav: silent"
    check_manifest(folder)
    train, validation = split(frames)
    special: Callable[[Path, Reading], Reading] = READERS[trainer]
    return special(folder, Reading(trainer, frames, size, landmarks, sound, train, validation, None, None))


def check_name(folder: Path) -> None:
    assert NAME.fullmatch(folder.name), f"{folder.name!r}: the trainers put the name into shell commands unquoted"
    assert not any(word in folder.name for word in SWALLOWED), f"{folder.name!r}: the trainers replace part of it"
    stale = DERIVED & {entry.name for entry in folder.iterdir()}
    assert not stale, f"{folder}: {sorted(stale)} would be taken for this clip's"


def read_video(folder: Path) -> tuple[list[Small], tuple[int, int]]:
    """The only mp4: its frames, shrunk to 64 x 64, and their size."""
    paths = list(folder.glob("*.mp4"))
    assert paths == [folder / f"{folder.name}.mp4"], f"{folder}: one mp4 by the folder's name, not {paths}"
    with av.open(str(paths[0])) as container:
        stream = container.streams.video[0]
        form = stream.codec_context.name, stream.codec_context.pix_fmt
        assert form == ("h264", "yuv420p"), f"{paths[0].name}: {form}, not h264 with yuv420p"
        assert stream.average_rate == 25, f"{paths[0].name}: {stream.average_rate} frames a second, not 25"
        decoded = list(container.decode(stream))
        size = stream.codec_context.width, stream.codec_context.height
        times_ms = [round(1000 * (frame.time or 0.0), 3) for frame in decoded]
        pictures = [shrunk(Image.fromarray(frame.to_ndarray(format="rgb24"))) for frame in decoded]
        assert len(decoded) == stream.frames, f"{paths[0].name}: says {stream.frames} frames, has {len(decoded)}"
    assert times_ms == [40.0 * i for i in range(len(decoded))], f"{paths[0].name}: frames are not at 0, 40, 80 ms ..."
    return pictures, size


def shrunk(picture: Image.Image) -> Small:
    return np.asarray(picture.resize((64, 64), Image.Resampling.BOX), dtype=np.float32)


def read_images(folder: Path, video: list[Small], size: tuple[int, int]) -> None:
    """0.jpg, 1.jpg ... and nothing else that ends so: each must be the video's frame of that number."""
    names = [path.name for path in (folder / "ori_imgs").iterdir() if path.suffix in {".jpg", ".png"}]
    assert sorted(names) == sorted(f"{i}.jpg" for i in range(len(video))), f"{folder}/ori_imgs: not 0.jpg to the last"
    assert all(side % 2 == 0 for side in size), f"{folder}/ori_imgs: {size}; the loaders read int(c) * 2"
    images = [read_image(folder / "ori_imgs" / f"{i}.jpg", size) for i in range(len(video))]
    for i, image in enumerate(images):
        assert apart([image], [video[i]]) < 5, f"{i}.jpg is not frame {i} of the video"
    steps = {step: apart(images[1:-1], video[1 + step : len(video) - 1 + step]) for step in (-1, 0, 1)}
    assert min(steps, key=steps.__getitem__) == 0, f"{folder}/ori_imgs: a frame off the video: {steps}"


def read_image(path: Path, size: tuple[int, int]) -> Small:
    with Image.open(path) as picture:
        assert picture.mode == "RGB", f"{path.name}: mode {picture.mode}; three channels are read"
        assert picture.size == size, f"{path.name}: {picture.size}, but the video {size}"
        return shrunk(picture)


def apart(images: list[Small], frames: list[Small]) -> float:
    """Mean distance in levels of 255."""
    return float(np.mean([np.abs(image - frame).mean() for image, frame in zip(images, frames, strict=True)]))


def read_landmarks(folder: Path, frames: int, size: tuple[int, int]) -> Landmarks:
    """Read 0.lms to the last: a frame without one is left out without a word, and every later pose shifts."""
    found = {path.name for path in (folder / "ori_imgs").glob("*.lms")}
    assert found == {f"{i}.lms" for i in range(frames)}, f"{folder}/ori_imgs: not a .lms for each of {frames} frames"
    every = [np.loadtxt(folder / "ori_imgs" / f"{i}.lms", dtype=np.float32) for i in range(frames)]
    for i, points in enumerate(every):
        assert points.shape == (68, 2), f"{i}.lms: {points.shape}, not 68 lines of x and y"
        assert np.isfinite(points).all(), f"{i}.lms: not finite"
        check_face(points, size, f"{i}.lms")
    return np.stack(every)


def check_face(points: Landmarks, size: tuple[int, int], where: str) -> None:
    """The rectangles that the loaders cut, after their casts to int, hold something."""
    assert ((points >= 0) & (points < size)).all(), f"{where}: outside of the picture"
    assert points[0, 0] < points[16, 0], f"{where}: x does not grow from jaw point 0 to 16"
    assert points[19, 1] < points[30, 1] < points[57, 1] < points[8, 1], f"{where}: brow, nose, lip, chin not downwards"
    tall, wide = cut(points[LIPS, 1]), cut(points[LIPS, 0])
    assert 2 * (max(tall, wide) // 2) >= LEAST_LIPS, f"{where}: lips of {wide} x {tall} pixels; the face is too small"
    assert int(points[NOSTRILS, 1].min()) < int(points[:, 1].max()), f"{where}: no lower half"
    assert all(polygon_area(points[eye]) > 0 for eye in EYES), f"{where}: an eye without area"


def cut(values: NDArray[np.float32]) -> int:
    return int(values.max()) - int(values.min())


def polygon_area(points: Landmarks) -> float:
    x, y = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def read_sound(path: Path, frames: int) -> Sound:
    """PCM only: float samples would be cast to int16 without scaling, that is to silence."""
    try:
        with wave.open(str(path), "rb") as file:
            form = file.getnchannels(), file.getsampwidth(), file.getframerate()
            sound = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    except wave.Error as error:
        raise AssertionError(f"{path}: {error}; the trainers want 16-bit PCM") from error
    assert form == (1, 2, RATE), f"{path}: {form} channels, bytes, Hz, not (1, 2, {RATE})"
    assert len(sound) == frames * SAMPLES, f"{path}: {len(sound)} samples, not {frames} * {SAMPLES}"
    return sound.astype(np.int16)


def check_manifest(folder: Path) -> None:
    """The trainers glob ``*.json`` for poses, so that the manifest must not look like a file of them."""
    assert [path.name for path in folder.glob("*.json")] == ["manifest.json"], f"{folder}: other .json files"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert isinstance(manifest, dict), f"{folder}/manifest.json: not an object"
    assert not isinstance(manifest.get("frames"), list), f"{folder}/manifest.json: a list of frames is taken for poses"


def split(frames: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """All six: the first int(N * 10 / 11) frames train, the rest validate."""
    first = int(frames * 10 / 11)
    return tuple(range(first)), tuple(range(first, frames))


def synctalk(folder: Path, found: Reading) -> Reading:
    """``--asr_model ave`` computes its features from aud.wav at each start; the eyes come from bs.npy."""
    shapes = np.load(folder / "bs.npy")
    assert shapes.dtype == np.float64, f"bs.npy: {shapes.dtype}, not float64"
    assert shapes.shape == (found.frames, 52), f"bs.npy: {shapes.shape}, not ({found.frames}, 52)"
    assert np.isfinite(shapes).all(), "bs.npy: not finite"
    assert np.abs(shapes - 0.5).max() < 1, "bs.npy: blendshapes are between 0 and 1, a little more where smoothed"
    assert not shapes[:, 51].any(), "bs.npy: the last column is the 0 that stands for the missing 52nd"
    upper = np.hstack((shapes[:, 0:5], shapes[:, 8:10]))
    assert upper[:, 5:].any(), "bs.npy: no eye ever moves (columns 8 and 9)"
    assert ave_rows(len(found.sound)) >= found.frames, "aud.wav: too short for the frames"
    return replace(found, eyes=upper[list(found.train)].astype(np.float32), validation=found.validation[:100])


def instag(folder: Path, found: Reading, views: int = 125) -> Reading:
    """``--N_views 125``; every validation is sliced with -1, so the last frame is never seen."""
    train, validation = found.train[:views], found.validation[:-1]
    assert validation, "no frame is left to validate with"
    features = folder / "aud_ave.npy"
    if not features.exists():
        return replace(found, train=train, validation=validation)
    ave = np.load(features)
    rows = ave_rows(len(found.sound))
    assert ave.dtype == np.float32, f"aud_ave.npy: {ave.dtype}, not float32"
    assert ave.shape == (rows, 512, 1), f"aud_ave.npy: {ave.shape}, not ({rows}, 512, 1), as aud.wav makes it"
    assert (ave >= 0).all(), "aud_ave.npy: below 0; the encoder ends in a ReLU"
    assert np.allclose(ave[:2], ave[2], atol=1e-3), "aud_ave.npy: the first row stands three times"
    assert np.allclose(ave[-2:], ave[-3], atol=1e-3), "aud_ave.npy: the last row stands three times"
    across = ave.transpose(0, 2, 1)
    return replace(found, train=train, validation=validation, audio=np.stack([window(across, i) for i in train]))


def ave_rows(samples: int) -> int:
    """Windows of 16 mel columns at 80 a second, 25 windows a second; two rows are added at each end."""
    columns = 1 + samples // 200
    return int((columns - 16) / 80 * 25) + 2 + 4


def window(rows: NDArray[np.float32], index: int) -> NDArray[np.float32]:
    """The eight rows from ``index - 4`` on, zeros where there are none."""
    out = np.zeros((8, *rows.shape[1:]), dtype=np.float32)
    for place, i in enumerate(range(index - 4, index + 4)):
        if 0 <= i < len(rows):
            out[place] = rows[i]
    return out


def deepspeech(folder: Path, found: Reading) -> Reading:
    """ER-NeRF and TalkingGaussian open aud_ds.npy; the extractor alone would write aud.npy."""
    path = folder / "aud_ds.npy"
    if not path.exists():
        return found
    features = np.load(path)
    assert features.ndim == 3, f"aud_ds.npy: {features.shape}; three dimensions are read"
    assert features.shape[1:] == (16, 29), f"aud_ds.npy: {features.shape}, not (N, 16, 29)"
    rows = [features[min(i, len(features) - 1)] for i in found.train]
    return replace(found, audio=np.stack(rows).astype(np.float32).transpose(0, 2, 1))


def er_nerf(folder: Path, found: Reading) -> Reading:
    return replace(deepspeech(folder, found), validation=found.validation[:100])


def rad_nerf(_: Path, found: Reading) -> Reading:
    """The eyes come from the landmarks: their area in hundredths of the picture's. No au.csv is read."""
    width, height = found.size
    areas = [sum(polygon_area(found.landmarks[i, eye]) for eye in EYES) for i in found.train]
    eyes = np.array(areas, dtype=np.float32)[:, None] / (width * height) * 100
    return replace(found, eyes=eyes.astype(np.float32), validation=found.validation[:100])


def gaussian_talker(folder: Path, found: Reading) -> Reading:
    """Batches of 32 training frames, the last incomplete one dropped; the renders get the two cuts of the sound."""
    assert len(found.train) >= 32, f"{len(found.train)} training frames do not fill one batch of 32"
    train = read_sound(folder / "aud_train.wav", len(found.train))
    novel = read_sound(folder / "aud_novel.wav", len(found.validation))
    assert np.array_equal([*train, *novel], found.sound), "aud_train.wav, aud_novel.wav: not aud.wav in two"
    return deepspeech(folder, found)


READERS: dict[str, Callable[[Path, Reading], Reading]] = {
    "synctalk": synctalk,
    "instag": instag,
    "er-nerf": er_nerf,
    "rad-nerf": rad_nerf,
    "talkinggaussian": deepspeech,
    "gaussiantalker": gaussian_talker,
}
