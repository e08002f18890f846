"""Models that remember: what they have answered, they are not asked again, in no process that has the same shelf.

Many tests score the same generated talker, and the models take two thirds of their time. The key is everything that an
answer follows from: for a tracker its name, its region and all the pictures and frame numbers so far, for a speech
detector all the blocks so far, for the others the picture or the segments. A capture that differs in one bit is
analysed again from there on, by a model that is first given what came before.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from shelf import Shelf

from take5.scoring.gates.sound import SpeechStream
from take5.scoring.models.audio import AudioEncoder
from take5.scoring.models.face import FaceObservation
from take5.scoring.models.region import Region
from take5.stream.analysis.models import Counter, Face, Finder, Models, Reader, Tracker
from take5.stream.offline.batch import work
from take5.stream.offline.batch.engine import Work

Picture = NDArray[np.uint8]
Float32 = NDArray[np.float32]
T = TypeVar("T")


class Memory(Generic[T]):
    """Answers by their keys, of one kind. Nothing may change one: it is the next test's as well."""

    def __init__(self, kind: str = "", shelf: Shelf | None = None) -> None:
        self._kind, self._shelf = kind.encode(), shelf
        self._known: dict[bytes, T] = {}

    def __contains__(self, key: bytes) -> bool:
        if key in self._known:
            return True
        found = None if self._shelf is None else self._shelf.find(self._kind + key)
        if found is not None:
            self._known[key] = fixed(found[0])
        return found is not None

    def __getitem__(self, key: bytes) -> T:
        return self._known[key]

    def keep(self, key: bytes, answer: T) -> T:
        """Remember an answer, and return it."""
        self._known[key] = fixed(answer)
        if self._shelf is not None:
            self._shelf.keep(self._kind + key, answer)
        return answer

    def of(self, key: bytes, answer: Callable[[], T]) -> T:
        """Return the answer, which is asked for the first time only."""
        return self[key] if key in self else self.keep(key, answer())

    def write(self) -> None:
        """Let other processes see what is known."""
        if self._shelf is not None:
            self._shelf.write()


class Memories:
    """What models of one kind each have answered: in this process, and where there is a shelf, in others."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        self.tracked, self.found = Memory[Face | None]("tracked", shelf), Memory[Region | None]("found", shelf)
        self.counted, self.heard = Memory[int]("counted", shelf), Memory[Float32]("heard", shelf)
        self.encoded, self.read = Memory[Float32]("encoded", shelf), Memory[Face | None]("read", shelf)


def work_remembering(load: Callable[[], Models], shelf: Path) -> Work:
    """What a worker of a batch does, with models that remember: it stands for the batch's own ``prepare``."""
    memories = Memories(Shelf(shelf))
    return work.prepare(lambda: remembering(load(), memories))


def remembering(models: Models, memories: Memories) -> Models:
    """Return the models, with a memory around each."""

    @contextmanager
    def tracker(region: Region | None) -> Iterator[RememberingTracker]:
        with ExitStack() as opened, closing(Pictures()) as before:
            opened.callback(memories.tracked.write)
            yield RememberingTracker(
                lambda: opened.enter_context(models.tracker(region)),
                memories.tracked,
                (models.tracker_name, region),
                before,
            )

    @contextmanager
    def reader() -> Iterator[RememberingReader]:
        with ExitStack() as opened:
            yield RememberingReader(lambda: opened.enter_context(models.reader()), memories.read)

    return Models(
        encoder=cast("AudioEncoder", RememberingEncoder(models.encoder, memories.encoded)),
        tracker=tracker,
        finder=RememberingFinder(models.finder, memories.found),
        counter=RememberingCounter(models.counter, memories.counted),
        speech=lambda: RememberingSpeech(models.speech, memories.heard),
        reader=reader,
        tracker_name=models.tracker_name,
    )


def digest(before: bytes, what: object, data: NDArray[Any]) -> bytes:
    """Return the key of an array after others."""
    made = hashlib.blake2b(f"{what} {data.shape} {data.dtype}".encode(), digest_size=16, key=before)
    made.update(np.ascontiguousarray(data).data)
    return made.digest()


def fixed(answer: T) -> T:
    """Return an answer that cannot be changed: a change of its arrays is an error."""
    of_face = (answer.landmarks, answer.pose, answer.blendshapes) if isinstance(answer, FaceObservation) else ()
    for array in (*of_face, *((answer,) if isinstance(answer, np.ndarray) else ())):
        array.setflags(write=False)
    return answer


class RememberingEncoder:
    """An audio encoder that remembers batches of segments."""

    def __init__(self, encoder: AudioEncoder, known: Memory[Float32]) -> None:
        self._encoder, self._known = encoder, known

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode(self, segments: Float32) -> Float32:
        """Return the segments' embeddings."""
        which = self._encoder.name, self._encoder.version, self._encoder.device
        return self._known.of(digest(b"", which, segments), lambda: self._encoder.encode(segments))


class RememberingFinder:
    """A finder that remembers."""

    def __init__(self, finder: Finder, known: Memory[Region | None]) -> None:
        self._finder, self._known = finder, known

    def find(self, rgb: Picture) -> Region | None:
        """Return where the face is."""
        return self._known.of(digest(b"", "", rgb), lambda: self._finder.find(rgb))


class RememberingReader:
    """A reader that remembers, opened at the first picture that none has seen."""

    def __init__(self, opened: Callable[[], Reader], known: Memory[Face | None]) -> None:
        self._open, self._known = opened, known
        self._reader: Reader | None = None

    def see(self, rgb: Picture, region: Region | None = None) -> Face | None:
        """Return the face in a picture."""
        return self._known.of(digest(b"", region, rgb), lambda: self._see(rgb, region))

    def _see(self, rgb: Picture, region: Region | None) -> Face | None:
        self._reader = self._reader or self._open()
        return self._reader.see(rgb, region)


class RememberingCounter:
    """A counter that remembers."""

    def __init__(self, counter: Counter, known: Memory[int]) -> None:
        self._counter, self._known = counter, known

    def count(self, rgb: Picture) -> int:
        """Return the number of faces."""
        return self._known.of(digest(b"", "", rgb), lambda: self._counter.count(rgb))


class RememberingSpeech:
    """A speech detector that is asked from the first block on that none has heard after the same others."""

    def __init__(self, opened: Callable[[], SpeechStream], heard: Memory[Float32]) -> None:
        self._open, self._heard = opened, heard
        self._key = b""
        self._stream: SpeechStream | None = None
        self._before: list[Float32] = []

    def push(self, block: Float32) -> Float32:
        """Return the probabilities of speech in a block."""
        self._key = digest(self._key, "", block)
        if self._stream is None and self._key in self._heard:
            self._before.append(block.copy())
        elif self._stream is None:
            self._stream = self._open()
            for earlier in self._before:
                self._stream.push(earlier)
        if self._stream is not None:
            self._heard.keep(self._key, self._stream.push(block))
        return self._heard[self._key]


class RememberingTracker:
    """A tracker that is opened at the first picture that none has seen after the same others, and then given them."""

    def __init__(
        self, opened: Callable[[], Tracker], seen: Memory[Face | None], which: object, before: "Pictures"
    ) -> None:
        self._open, self._seen, self._before = opened, seen, before
        self._key = digest(b"", which, np.empty(0))
        self._tracker: Tracker | None = None

    def track(self, rgb: Picture, frame: int) -> Face | None:
        """Return the face in a picture."""
        self._key = digest(self._key, frame, rgb)
        if self._tracker is None and self._key in self._seen:
            self._before.append(rgb, frame)
        elif self._tracker is None:
            self._tracker = self._open()
            for earlier in self._before:
                self._tracker.track(*earlier)
        if self._tracker is not None:
            self._seen.keep(self._key, self._tracker.track(rgb, frame))
        return self._seen[self._key]


class Pictures:
    """Pictures and their frames, in a file: a minute of them is more than a test should hold in memory."""

    def __init__(self) -> None:
        self._frames: list[tuple[tuple[int, ...], int]] = []
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - see close

    def append(self, rgb: Picture, frame: int) -> None:
        """Add a picture."""
        self._frames.append((rgb.shape, frame))
        self._file.write(np.ascontiguousarray(rgb).data)

    def __iter__(self) -> Iterator[tuple[Picture, int]]:
        self._file.seek(0)
        for shape, frame in self._frames:
            yield np.frombuffer(self._file.read(int(np.prod(shape))), np.uint8).reshape(shape), frame

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
