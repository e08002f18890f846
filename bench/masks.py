"""Masks: ``python -m bench.masks [BUNDLE]... [--talker] [--segmenter FILE]``.

For each bundle: CPU seconds by step, how much of the background was seen, and how far labels flicker: the share of
pixels near the person's edge that change in one picture and change back in the next. ``--talker`` draws the generated
talker, a photograph whose head has been outlined by hand to within about 3 px, and compares.
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt

from demo.talker.face import Pose, Studio
from take5.scoring.masks.geometry import filled
from take5.scoring.masks.labels import HEAD, Labels, Mask, labelled, person
from take5.scoring.models.face import FaceReader
from take5.scoring.models.segmenter import Segmenter
from take5.stream.bundles.masks.files import MaskFiles
from take5.stream.bundles.masks.labelled import label_pictures
from take5.stream.bundles.masks.pictures import ImageEncoder
from take5.stream.bundles.masks.preparation import FILES
from take5.stream.bundles.part import numbered_files
from take5.stream.bundles.parts.images import FOLDER, read_landmarks
from take5.stream.model_files.cache import ensure

TALKER_SIDE, TALKER_FRAMES = 512, 5
NEAR = 3
"""Pixels from the person's edge within which labels are said to flicker."""

HEAD_OUTLINE = (
    (240, 14), (215, 25), (190, 45), (172, 75), (168, 105), (175, 130), (190, 148), (203, 155), (207, 180), (212, 205),
    (235, 222), (262, 226), (285, 220), (300, 195), (308, 160), (320, 151), (338, 140), (350, 110), (345, 80),
    (330, 50), (305, 27), (275, 14),
)  # fmt: skip
"""Of the talker at rest."""


class TimedSegmenter:
    """A segmenter, and the CPU seconds that its network has used."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter, self.spent_s = segmenter, 0.0
        self.name, self.sha256 = segmenter.name, segmenter.sha256
        self.height, self.width = segmenter.height, segmenter.width

    def see(self, small: NDArray[np.float32]) -> NDArray[np.float32]:
        """Ask the network."""
        began = time.process_time()
        try:
            return self._segmenter.see(small)
        finally:
            self.spent_s += time.process_time() - began


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", nargs="*", type=Path)
    parser.add_argument("--talker", action="store_true")
    parser.add_argument("--segmenter", type=Path)
    options = parser.parse_args()
    segmenter = Segmenter(options.segmenter or ensure("selfie_segmentation"))
    for folder in options.bundles:
        _bundle(folder, segmenter)
    if options.talker:
        _talker(segmenter)


def _bundle(folder: Path, segmenter: Segmenter) -> None:
    paths = [path for _, path in sorted(numbered_files(folder / FOLDER, ".jpg").items())]
    points = [read_landmarks(path.with_suffix(".lms")) for path in paths]
    landmarks = np.stack([each for each in points if each is not None])
    timed, began = TimedSegmenter(segmenter), time.process_time()
    seen = label_pictures(paths, landmarks, timed, lambda _: None)
    labels_s = time.process_time() - began - timed.spent_s
    with TemporaryDirectory() as place:
        began = time.process_time()
        FILES.get(folder.parent.name, MaskFiles()).write(Path(place), seen)
        files_s = time.process_time() - began
    behind = 0.0 if seen.background is None else seen.background.share_seen
    steps = f"network {timed.spent_s:.2f}, labels {labels_s:.2f}, files {files_s:.2f}"
    print(f"{folder.name}: {len(paths)} frames, CPU s: {steps}")
    print(f"  background seen {behind:.0%}, labels near edges that flicker {flicker(seen.labels):.2%}")


def flicker(labels: tuple[Labels, ...]) -> float:
    """Share of pixels near edges whose label changes and is as before in the picture after."""
    shares = [
        float(((before != now) & (before == after))[edge_distance(person(now)) <= NEAR].mean())
        for before, now, after in zip(labels, labels[1:], labels[2:], strict=False)
    ]
    return float(np.mean(shares)) if shares else 0.0


def edge_distance(mask: Mask) -> NDArray[np.float64]:
    """Distance in pixels of each pixel's centre from the mask's edge."""
    return np.asarray(np.where(mask, distance_transform_edt(mask), distance_transform_edt(~mask)) - 0.5)


def edge_error(found: Mask, truth: Mask) -> float:
    """Mean distance in pixels of the edge of ``found`` from that of ``truth``."""
    edge = found & binary_dilation(~found)
    return float(edge_distance(truth)[edge].mean())


def iou(found: Mask, truth: Mask) -> float:
    """Intersection over union."""
    return float((found & truth).sum() / max(int((found | truth).sum()), 1))


def _talker(segmenter: Segmenter) -> None:
    studio, landmarks, paths = Studio(TALKER_SIDE, TALKER_SIDE), [], []
    with TemporaryDirectory() as place, FaceReader(ensure("face_landmarker")) as reader:
        jpeg = ImageEncoder(lossy=True)
        for grain in range(TALKER_FRAMES):
            planes = studio.draw(Pose(), grain=grain).reshape(-1, TALKER_SIDE)
            rgb = np.asarray(av.VideoFrame.from_ndarray(planes, format="yuv420p").to_ndarray(format="rgb24"), np.uint8)
            face = reader.see(rgb)
            if face is None:
                raise SystemExit(f"no face in picture {grain} of the talker")
            landmarks.append(face.landmarks)
            paths.append(Path(place, f"{grain}.jpg"))
            paths[-1].write_bytes(jpeg.encode(rgb))
        seen = label_pictures(paths, np.stack(landmarks), segmenter, lambda _: None)
    truth = filled(np.array(HEAD_OUTLINE, dtype=np.float64), TALKER_SIDE, TALKER_SIDE)
    heads = [labelled(labels, *HEAD) for labels in seen.labels]
    overlap, off = (float(np.mean([each(head, truth) for head in heads])) for each in (iou, edge_error))
    print(f"talker: head against its outline by hand: IoU {overlap:.3f}, edge {off:.1f} px off")


if __name__ == "__main__":
    main()
