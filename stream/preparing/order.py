"""Which bundles of a take are prepared, and which notice the hooks get of that."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from take5.stream.bundles.manifest import MANIFEST
from take5.stream.events import BundlePrepared, ClipReady
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.hooks.notice import PreparedPlace, prepared_notice
from take5.stream.live.snapshot import Snapshot
from take5.stream.preparing.queue import Order


def orders(now: Snapshot, tell: Callable[[BundlePrepared], object], hooks: HookDispatcher | None) -> Iterator[Order]:
    """Yield an order for each clip of a capture that is over."""
    about = now.about
    for clip, bundles in now.to_prepare:
        over = partial(notify_prepared, hooks, clip, now.name, about.encoder, about.tracker)
        yield Order(now.name, tuple(bundles), tell, over)


def notify_prepared(
    hooks: HookDispatcher | None,
    clip: ClipReady,
    session: str,
    encoder: str,
    tracker: str,
    prepared: Sequence[BundlePrepared],
) -> None:
    """Let the hooks have the notice of a clip whose bundles have been prepared, or could not be."""
    if hooks is not None:
        places = [
            PreparedPlace(each.trainer, Path(each.path), Path(each.path) / MANIFEST, each.left, each.error)
            for each in prepared
        ]
        hooks.notify(prepared_notice(clip, session, encoder, places, tracker))
