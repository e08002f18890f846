"""Compares three ways to the same result: ``select``, ``select --exhaustive`` and ``replay``.

    python bench/agreement.py VIDEO...

Prints for each video the chosen window and its D, MC, views and I, and the largest relative difference in D and MC over
all windows scored by two ways. Then compares the online form with the batch form on the same features.
"""

import argparse
from pathlib import Path

from take5.client.cli.options import load_models
from take5.scoring import algorithm1
from take5.scoring.parameters import FPS, Parameters
from take5.scoring.score import WindowScore
from take5.scoring.window import ChunkFeatures, RollingWindow
from take5.stream.analysis.frames import stretch_of
from take5.stream.analysis.models import Models
from take5.stream.events import Finished
from take5.stream.live.replay import Replay
from take5.stream.offline.select import Selected, select
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile


def scores(selection: Selection) -> dict[int, WindowScore]:
    """Scores of all windows by first frame."""
    return {verdict.score.start: verdict.score for verdict in selection.verdicts}


def difference(one: Selection, other: Selection) -> tuple[float, float]:
    """Largest relative differences in D and MC over the windows scored by both."""
    a, b = scores(one), scores(other)
    apart_D = max(abs(a[s].D / b[s].D - 1) for s in a)
    both = [(a[s].motion, b[s].motion) for s in a]
    apart_MC = [abs(x.MC / y.MC - 1) for x, y in both if x is not None and y is not None]
    return apart_D, max(apart_MC, default=float("nan"))


def row(name: str, selection: Selection) -> str:
    """Format a choice as one line."""
    best = selection.best
    if best is None or best.motion is None:
        return f"  {name:12s} nothing eligible"
    window = f"{best.start / FPS:6.2f}-{(best.start + selection.settings.parameters.window_frames) / FPS:6.2f} s"
    return (
        f"  {name:12s} {window}  D {best.D:9.4f}  MC {best.motion.MC:.5f}  views {best.views:2d}  I {best.I:9.3f}  "
        f"pool {[w.start // FPS for w in selection.pool]}"
    )


def online_against_batch(scored: Selected) -> float:
    """Largest relative difference in D and MC between merged chunks and Algorithm 1, on the features of a file."""
    parameters = Parameters()
    hop = parameters.hop_frames
    recording = scored.recording
    observed = [frame for frame in recording.observed if frame is not None]
    stretch = stretch_of(observed, recording.timing, recording.heard.measures[:])
    e, lips = recording.heard.embeddings[:], stretch.lips
    rolling, worst = RollingWindow(parameters), 0.0
    for start in range(0, len(e) - hop + 1, hop):
        span = slice(start, start + hop)
        judged = rolling.push(ChunkFeatures(e[span], stretch[span]))
        if judged is None:
            continue
        window = slice(judged.score.start, start + hop)
        worst = max(worst, abs(judged.score.D / algorithm1.diversity(e[window]) - 1))
        if judged.score.motion is not None:
            batch = algorithm1.motion_complexity(lips[window], parameters.hfr_threshold)
            worst = max(worst, abs(judged.score.motion.MC / batch.MC - 1))
    return worst


def compare(video: Path, models: Models) -> None:
    """Print the results for one video."""
    settings = Settings()
    chosen = select(MediaFile(video), models, settings, on_progress=lambda *_: None).selection
    exhaustive = select(MediaFile(video), models, settings, exhaustive=True, on_progress=lambda *_: None)
    *_, last = Replay(MediaFile(video), models, settings).events()
    if not isinstance(last, Finished):
        raise TypeError(f"{video}: the replay ended with {last}")
    print(f"{video.name}: {len(chosen.verdicts)} windows, encoder {chosen.encoder}")
    answers = {"select": chosen, "exhaustive": exhaustive.selection, "replay": last.selection}
    for name, selection in answers.items():
        print(row(name, selection))
    for name in ("select", "replay"):
        apart_D, apart_MC = difference(answers[name], exhaustive.selection)
        print(f"  {name} against exhaustive: D within {apart_D:.1e}, MC within {apart_MC:.1e}")
    print(f"  online against batch on the same features: within {online_against_batch(exhaustive):.1e}")


def main() -> None:
    """Compare all videos."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO")
    models = load_models("auto", None, "auto")
    for video in parser.parse_args().videos:
        compare(video, models)


if __name__ == "__main__":
    main()
