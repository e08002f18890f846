"""Parallel arrays over the same n grid frames, sliced and joined together."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np


class Columns:
    """Base of dataclasses whose fields have n rows each; a subclass with other fields than arrays joins them itself."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    """Read directly: :func:`dataclasses.fields` is slow when called for every frame."""

    def __getitem__(self, span: slice) -> Self:
        """Return the frames of ``span``."""
        return type(self)(*(getattr(self, name)[span] for name in self.__dataclass_fields__))

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Join neighbouring stretches; at least one."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))
