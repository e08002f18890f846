"""What a sender's stream is like, as measured from what has arrived."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PictureFacts:
    """Of the pictures; None where it is not known yet, or the codec has no such thing.

    Attributes
    ----------
    codec : str
        "H264" or "VP8".
    profile, level : str or None
        Of H.264: "High", "4.1".
    width, height : int or None
        In pixels, upright.
    fps : int or None
        Pictures per second.
    keyframe_interval_s : float or None
        The longest of the latest distances between two keyframes.
    b_frames : bool or None
        Whether there are pictures that are decoded after one that is shown later.
    """

    codec: str | None = None
    profile: str | None = None
    level: str | None = None
    width: int | None = None
    height: int | None = None
    fps: int | None = None
    keyframe_interval_s: float | None = None
    b_frames: bool | None = None


@dataclass(frozen=True)
class SoundFacts:
    """Of the sound: the sampling rate that its bandwidth needs, and its channels."""

    sample_rate: int | None = None
    channels: int | None = None
