"""The face trackers, by name."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from take5.scoring.models.face import FaceTracker
    from take5.scoring.models.litert_tracker import LiteRTTracker

MEDIAPIPE, LITERT = "mediapipe", "litert"


def tracker_class(name: str) -> "type[FaceTracker] | type[LiteRTTracker]":
    """The class of a tracker; everything that it imports is imported.

    Raises
    ------
    LibraryMissing
        If a package that it needs is not installed.
    """
    if name == LITERT:
        from take5.scoring.models.litert import check_installed
        from take5.scoring.models.litert_tracker import LiteRTTracker

        check_installed()
        return LiteRTTracker
    from take5.scoring.models.face import FaceTracker

    return FaceTracker


def measured_with(encoder: str, tracker: str) -> str:
    """What scores were measured with, for people to read; MediaPipe's tracker goes without saying."""
    return f"encoder {encoder}" + ("" if tracker == MEDIAPIPE else f", tracker {tracker}")
