"""Output of ``take5 select``: each video as it is done, and a summary at the end."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO

import click

from take5.client.batch_display import Standings, lengths_of, line_of, row_of
from take5.client.cli.exit_codes import DONE, FAILED, NOTHING_ELIGIBLE
from take5.client.cli.preparing import Preparations
from take5.client.terminal import bundle_line, print_track_notes, summary
from take5.stream.bundles.write import Bundle, name_in
from take5.stream.events import Bundled, BundlePrepared, ClipReady
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.hooks.notice import BundlePlace, Notice, clip_notice
from take5.stream.offline.batch.job import Failed, Outcome, Processed, Skipped
from take5.stream.output.take import REPORT, files_of
from take5.stream.preparing.order import notify_prepared
from take5.stream.preparing.queue import Order
from take5.stream.selection import Selection, suffix_of
from take5.stream.wire import Json


class BatchOutput:
    """Prints the outcome of each video, and a summary at the end."""

    def __init__(
        self,
        total: int,
        *,
        whole: bool,
        as_json: bool,
        hooks: HookDispatcher | None = None,
        preparations: Preparations | None = None,
    ) -> None:
        self._hooks, self._preparations = hooks or HookDispatcher(), preparations
        self._whole, self._as_json, self._several = whole, as_json, total > 1
        self._standings = Standings()
        self._failures: list[str] = []
        self._codes = {DONE}
        self._skipped = 0

    @property
    def code(self) -> int:
        """The exit code so far."""
        return FAILED if FAILED in self._codes else max(self._codes)

    def report_outcome(self, outcome: Outcome) -> None:
        """Print the outcome of a video, and notify programs."""
        if isinstance(outcome, Failed):
            self.fail(str(outcome.job.video), outcome.error, NOTHING_ELIGIBLE if outcome.too_short else FAILED)
            return
        report = _report(outcome)
        row = next(filter(None, map(row_of, lengths_of(report))), None)
        if row is None:
            self._codes.add(NOTHING_ELIGIBLE)
        else:
            self._standings.add(row)
        self._skipped += isinstance(outcome, Skipped)
        if isinstance(outcome, Processed) and (self._as_json or self._whole):
            print_track_notes(str(outcome.job.video), outcome.selection.tracks)
        _echo(self._object(outcome, report) if self._as_json else self._text(outcome, report))
        for made in _clips(outcome) if isinstance(outcome, Processed) else ():
            self._hooks.notify(made.notice)
            self._prepare(made)

    def _prepare(self, made: "_Clip") -> None:
        """Prepare the bundles of a clip in the background, and print what has been prepared meanwhile."""
        bundles = made.to_prepare
        if self._preparations is None or not bundles:
            return
        put, clip, about = self._preparations.put, made.clip, (made.name, made.encoder, made.tracker)

        def tell(event: BundlePrepared) -> None:
            put(event, {"video": made.video, "prepared": event.json()})

        over = partial(notify_prepared, self._hooks, clip, *about)
        self._preparations.add(Order(made.video, bundles, tell, over))
        self._preparations.show()

    def fail(self, video: str, error: str, code: int = FAILED) -> None:
        """Print an error about a video."""
        self._codes.add(code)
        self._failures.append(error)
        _echo(f"take5: error: {error}", err=True)
        if self._as_json:
            click.echo(json.dumps({"video": video, "error": error}))

    def end(self) -> None:
        """Print the summary: the best, and all failures; on stderr with --json, and only for folders and lists."""
        if not self._several or (self._as_json and not self._whole):
            return
        out: IO[str] = sys.stderr if self._as_json else sys.stdout
        if self._standings.count:
            self._standings.show(out)
        if self._skipped:
            _echo(f"{self._skipped} done before", err=self._as_json)
        if self._failures:
            _echo("\n".join([f"{len(self._failures)} failed:", *(f"  {text}" for text in self._failures)]), err=True)

    def _object(self, outcome: Processed | Skipped, report: Json) -> str:
        if isinstance(outcome, Skipped):
            return json.dumps(report | {"folder": str(outcome.folder), "skipped": True})
        return json.dumps(report | ({"folder": str(outcome.job.folder), "skipped": False} if self._whole else {}))

    def _text(self, outcome: Processed | Skipped, report: Json) -> str:
        folder = outcome.folder if isinstance(outcome, Skipped) else outcome.job.folder
        if isinstance(outcome, Processed) and not self._whole:
            lengths = outcome.selection.by_suffix
            several = len(lengths) > 1
            lines = [summary(one, folder / _written(one, end), several=several) for end, one in lengths.items()]
            return "\n".join([*lines, *map(bundle_line, outcome.bundles)])
        before = " (done before)" * isinstance(outcome, Skipped)
        suffixes = ("", *(suffix_of(other["window_s"]) for other in report.get("lengths", ())))
        written = [(line_of(each), _written(each, end)) for each, end in zip(lengths_of(report), suffixes, strict=True)]
        return "\n".join(f"{line}\n  {folder / name}{before}" for line, name in written)


def _written(chosen: Selection | Json, suffix: str) -> str:
    """The file that shows what was chosen: the clip, or the report without one."""
    best = chosen.best if isinstance(chosen, Selection) else chosen["best"]
    return REPORT if best is None else f"clip{suffix}.mp4"


def _report(outcome: Processed | Skipped) -> Json:
    if isinstance(outcome, Processed):
        return outcome.selection.json()
    return outcome.report | {"video": str(outcome.job.video)}


@dataclass(frozen=True)
class _Clip:
    """A clip of a take that was made of a file, and its bundles."""

    video: str
    name: str
    encoder: str
    tracker: str
    clip: ClipReady
    bundles: tuple[Bundle, ...]

    @property
    def notice(self) -> Notice:
        """Its notice."""
        places = [BundlePlace(bundle.trainer, bundle.folder, bundle.manifest) for bundle in self.bundles]
        return clip_notice(self.clip, self.name, self.encoder, places, self.tracker)

    @property
    def to_prepare(self) -> tuple[Bundled, ...]:
        """The bundles that are to be prepared."""
        clip = self.clip
        wanted = (bundle for bundle in self.bundles if bundle.trainer in clip.prepare)
        return tuple(
            Bundled(clip.frame, each.trainer, str(each.folder), window_frames=clip.window_frames) for each in wanted
        )


def _clips(processed: Processed) -> Iterator[_Clip]:
    """The clips of a take."""
    selection, folder, video = processed.selection, processed.job.folder, processed.job.video
    names = [path.name for path in sorted(folder.iterdir()) if path.is_file()]
    wanted = processed.job.recipe.deliverables
    for suffix, chosen in selection.by_suffix.items():
        if chosen.best is not None:
            files = {name: name for name in files_of(suffix, names, selection)}
            best, length = chosen.best, chosen.window_frames
            clip = ClipReady(chosen.frames, best, length, str(folder), files, prepare=wanted.prepared)
            own = name_in(folder, wanted.name, suffix)
            bundles = tuple(bundle for bundle in processed.bundles if bundle.folder.name == own)
            yield _Clip(str(video), video.stem, chosen.encoder, chosen.tracker, clip, bundles)


def _echo(text: str, *, err: bool = False) -> None:
    """Print; file names that are not Unicode are escaped."""
    click.echo(text.encode("utf-8", "backslashreplace").decode("utf-8"), err=err)
