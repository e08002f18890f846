"""The readers themselves: they take a good bundle and refuse each kind of broken one."""

import shutil
import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import trainer_readers
from PIL import Image

N, SIDE, TRAIN = 138, 256, 125


def face() -> np.ndarray:
    """68 points of an upright face, iBUG order, on a picture of 256 x 256."""
    points = np.zeros((68, 2))
    points[:17] = [(48 + 10 * i, 128 + 90 * np.sin(np.pi * i / 16)) for i in range(17)]
    points[17:27] = [(60 + 14 * i, 80) for i in range(10)]
    points[27:31] = [(128, 90 + 15 * i) for i in range(4)]
    points[31:36] = [(112 + 8 * i, 145) for i in range(5)]
    for first, x in ((36, 90), (42, 166)):
        points[first : first + 6] = [(x + 15 * np.cos(a), 100 + 5 * np.sin(a)) for a in np.arange(6) * np.pi / 3]
    points[48:60] = [(128 + 30 * np.cos(a), 175 + 12 * np.sin(a)) for a in np.pi + np.arange(12) * np.pi / 6]
    points[60:68] = [(128 + 20 * np.cos(a), 175 + 5 * np.sin(a)) for a in np.pi + np.arange(8) * np.pi / 4]
    points[57] = 128, 190
    return points


def put_sound(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.astype("<i2").tobytes())


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "ann"
    (folder / "ori_imgs").mkdir(parents=True)
    rng = np.random.default_rng(5)
    base = np.asarray(Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)).resize((SIDE, SIDE)))
    with av.open(str(folder / "ann.mp4"), "w") as container:
        stream = container.add_stream("libx264", 25, options={"crf": "12", "preset": "veryfast", "bf": "0"})
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        for i in range(N):
            picture = np.roll(base, 2 * i, axis=1)
            Image.fromarray(picture).save(folder / "ori_imgs" / f"{i}.jpg", quality=95)
            np.savetxt(folder / "ori_imgs" / f"{i}.lms", face(), "%f")
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    sound = rng.integers(-3000, 3000, N * 640)
    put_sound(folder / "aud.wav", sound)
    put_sound(folder / "aud_train.wav", sound[: TRAIN * 640])
    put_sound(folder / "aud_novel.wav", sound[TRAIN * 640 :])
    shapes = rng.random((N, 52))
    shapes[:, 51] = 0
    np.save(folder / "bs.npy", shapes)
    rows = rng.random((N + 1, 512, 1)).astype(np.float32)
    rows[:2], rows[-2:] = rows[2], rows[-3]
    np.save(folder / "aud_ave.npy", rows)
    (folder / "manifest.json").write_text('{"version": 1, "frames": 138}')
    return folder


@pytest.mark.parametrize("trainer", trainer_readers.READERS)
def test_a_good_bundle_is_read(good: Path, trainer: str) -> None:
    found = trainer_readers.read(trainer, good)
    assert found.frames == N
    assert len(found.train) == TRAIN
    assert len(found.validation) == (12 if trainer == "instag" else 13)
    assert found.landmarks.shape == (N, 68, 2)
    if trainer == "synctalk":
        assert found.eyes is not None
        assert found.eyes.shape == (TRAIN, 7)
    if trainer == "instag":
        assert found.audio is not None
        assert found.audio.shape == (TRAIN, 8, 1, 512)
    if trainer == "rad-nerf":
        assert found.eyes is not None
        assert found.eyes.shape == (TRAIN, 1)


def lose(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def swap(folder: Path) -> None:
    np.savetxt(folder / "ori_imgs" / "7.lms", face()[:, ::-1], "%f")


def other_picture(folder: Path) -> None:
    shutil.copy(folder / "ori_imgs" / "60.jpg", folder / "ori_imgs" / "7.jpg")


def one_off(folder: Path) -> None:
    for i in range(N - 1):
        shutil.copy(folder / "ori_imgs" / f"{i + 1}.jpg", folder / "ori_imgs" / f"{i}.jpg")


def one_more(folder: Path) -> None:
    shutil.copy(folder / "ori_imgs" / "60.jpg", folder / "ori_imgs" / "138.jpg")


def short_sound(folder: Path) -> None:
    put_sound(folder / "aud.wav", np.ones(N * 640 - 1))


def float32_shapes(folder: Path) -> None:
    np.save(folder / "bs.npy", np.load(folder / "bs.npy").astype(np.float32))


def short_ave(folder: Path) -> None:
    np.save(folder / "aud_ave.npy", np.load(folder / "aud_ave.npy")[:-1])


def other_cut(folder: Path) -> None:
    put_sound(folder / "aud_novel.wav", np.ones(13 * 640))


def poses(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"frames": []}')


def stale(folder: Path) -> None:
    (folder / "transforms_train.json").write_text("{}")


def grey(folder: Path) -> None:
    with Image.open(folder / "ori_imgs" / "7.jpg") as picture:
        picture.convert("L").save(folder / "ori_imgs" / "7.jpg")


@pytest.mark.parametrize(
    ("trainer", "harm", "told"),
    [
        ("er-nerf", lose("ori_imgs/7.lms"), "not a .lms for each"),
        ("er-nerf", lose("ori_imgs/7.jpg"), "not 0.jpg to the last"),
        ("er-nerf", swap, r"7\.lms"),
        ("er-nerf", other_picture, r"7\.jpg is not frame 7"),
        ("er-nerf", one_off, "a frame off|is not frame"),
        ("er-nerf", one_more, "not 0.jpg to the last"),
        ("er-nerf", grey, "mode L"),
        ("er-nerf", short_sound, "samples"),
        ("er-nerf", poses, "taken for poses"),
        ("er-nerf", stale, "taken for this clip"),
        ("synctalk", float32_shapes, "float32, not float64"),
        ("instag", short_ave, "aud_ave.npy"),
        ("gaussiantalker", other_cut, "not aud.wav in two"),
    ],
)
def test_a_broken_bundle_is_refused(
    good: Path, tmp_path: Path, trainer: str, harm: Callable[[Path], None], told: str
) -> None:
    folder = tmp_path / "ann"
    shutil.copytree(good, folder)
    harm(folder)
    with pytest.raises(AssertionError, match=told):
        trainer_readers.read(trainer, folder)


def test_a_name_that_the_trainers_would_mangle_is_refused(good: Path, tmp_path: Path) -> None:
    for name in ("a b", "a.b", "myjpg", "a;b"):
        shutil.copytree(good, tmp_path / name)
        with pytest.raises(AssertionError, match="trainers"):
            trainer_readers.read("er-nerf", tmp_path / name)
