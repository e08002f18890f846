"""Cost of bundles: ``python bench/bundles.py VIDEO``: seconds and CPU seconds for each trainer, one at a time.

The window is chosen first and its faces are known, as at the end of a live capture; only the frames after it are
analysed. ``--live`` uses x264's quick preset, as live captures do. Trainers that want the idle clip are left out.
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from take5.client.cli.options import load_models
from take5.stream.bundles.contract import Shows
from take5.stream.bundles.trainers.registry import TRAINERS
from take5.stream.bundles.write import bundle_selection, wanted_for
from take5.stream.offline.select import select
from take5.stream.output.clip import QUICK, SMALL
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--live", action="store_true")
    options = parser.parse_args()
    models = load_models("speech-embedding", None, "cpu")
    scored = select(MediaFile(options.video), models, Settings(), on_progress=lambda *_: None)
    preset = QUICK if options.live else SMALL
    print(f"preset {preset}; seconds, CPU seconds, MB")
    spoken = [name for name, trainer in TRAINERS.items() if trainer.shows is not Shows.IDLE]
    for names in [[name] for name in spoken] + [spoken]:
        with TemporaryDirectory() as folder:
            began, spent = time.monotonic(), time.process_time()
            place = Path(folder) / "ann"
            wanted = wanted_for(names)
            made = list(bundle_selection(scored.selection, scored.recording, models, wanted, place, preset=preset))
            lasted, cpu = time.monotonic() - began, time.process_time() - spent
            size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
            print(f"  {lasted:6.2f} {cpu:6.2f} {size / 1e6:6.1f}  {made[0].frames} frames  {', '.join(names)}")


if __name__ == "__main__":
    main()
