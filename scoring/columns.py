"""Arrays of the same n grid frames side by side, which are cut and joined together."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np


class Columns:
    """A base of dataclasses whose fields have n rows each; where some are no arrays, joining them is their own."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    """Read directly: :func:`dataclasses.fields` is slow where it is asked for every frame."""

    def __getitem__(self, span: slice) -> Self:
        """Return the frames of ``span``."""
        return type(self)(*(getattr(self, name)[span] for name in self.__dataclass_fields__))

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Join neighbouring stretches; at least one."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))
