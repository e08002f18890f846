"""Which models a worker loads."""

import msgspec


class ModelChoice(msgspec.Struct, frozen=True):
    """Which models are loaded; see :func:`take5.load_models`."""

    encoder: str = "auto"
    ave_weights: str | None = None
    device: str = "auto"
    tracker: str = "mediapipe"
