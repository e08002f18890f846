"""A bundle's folder after the trainers' own steps: files as their scripts name them, with the content that counts."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

N, TRAIN, SIDE = 138, 125, 256
UNITS = ["AU01_r", "AU04_r", "AU05_r", "AU06_r", "AU07_r", "AU25_r", "AU45_r"]


def numbered(folder: Path, ending: str, numbers: range = range(N)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"{number}{ending}").write_bytes(b"x")


def poses(folder: Path, split: str, numbers: range, side: int = SIDE) -> None:
    frames = [{"img_id": number, "aud_id": number, "transform_matrix": np.eye(4).tolist()} for number in numbers]
    content = {"focal_len": 1200.0, "cx": side / 2, "cy": side / 2, "frames": frames}
    (folder / f"transforms_{split}.json").write_text(json.dumps(content))


def action_units(folder: Path, rows: int = N, blank: str = " ", names: list[str] = UNITS) -> None:
    lines = [f",{blank}".join(["frame", *names]), *["1" + ", 0.5" * len(names)] * rows]
    (folder / "au.csv").write_text("\n".join(lines) + "\n")


def prepare(folder: Path) -> None:
    """Every file that the steps of any of the six trainers make."""
    for name in ("parsing", "torso_imgs", "face_mask"):
        numbered(folder / name, ".png")
    numbered(folder / "parsing", "_face.png")
    numbered(folder / "gt_imgs", ".jpg")
    numbered(folder / "teeth_mask", ".npy")
    for name in ("depth", "normal"):
        numbered(folder / "sapiens" / name / "sapiens_0.3b", ".npy")
    Image.new("RGB", (SIDE, SIDE)).save(folder / "bc.jpg")
    for name in ("track_params.pt", "bundle_adjustment.pt"):
        (folder / name).write_bytes(b"x")
    poses(folder, "train", range(TRAIN))
    poses(folder, "val", range(TRAIN, N))
    np.save(folder / "aud_ds.npy", np.zeros((N, 16, 29), np.float32))
    np.save(folder / "aud_eo.npy", np.zeros((N + 1, 16, 44), np.float32))
    action_units(folder)
