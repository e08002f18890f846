"""System libraries that MediaPipe and its OpenCV need and do not include."""

from take5.scoring.errors import LibraryMissing

DEBIAN = "libgl1 libegl1 libgles2 libglib2.0-0"
"""Their Debian and Ubuntu packages; ``scripts/setup.sh`` installs them too."""

FEDORA = "libglvnd-glx libglvnd-egl libglvnd-gles glib2"


def is_missing(error: Exception) -> bool:
    """Whether the error is a missing system library."""
    return "shared object file" in str(error)


def library_missing(error: Exception) -> LibraryMissing:
    """Say what is missing and how to get it."""
    return LibraryMissing(
        f"MediaPipe, which finds the faces, needs a library that this system does not have ({error}); install what it"
        f" needs: apt-get install {DEBIAN} (Debian, Ubuntu), dnf install {FEDORA} (Fedora)"
    )
