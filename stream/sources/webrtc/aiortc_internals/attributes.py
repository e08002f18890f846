"""Attributes of aiortc that are not public."""


def replace(owner: object, name: str, value: object) -> None:
    """Set an attribute that aiortc has; if it has none of that name, it is not the aiortc that this is written for."""
    if not hasattr(owner, name):
        raise AttributeError(f"aiortc has no {type(owner).__name__}.{name}: this version of it is not supported")
    setattr(owner, name, value)
