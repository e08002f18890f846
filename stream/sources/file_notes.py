"""What users are told about a media file: where it cannot be read, and what is missing."""

from dataclasses import dataclass

from take5.stream.timeline.clock import seconds_to_flicks, to_seconds

TRUNCATED_FLICKS = seconds_to_flicks(0.5)
"""A file that ends this much before the duration in its header has been cut off."""


@dataclass
class FileNotes:
    """Adds warnings to a list, each once."""

    warnings: list[str]

    def broken(self, reason: str) -> None:
        """Warn that reading ends at a broken place."""
        self.add(f"the file can be read up to a broken place only ({reason})")

    def jumped_back(self, flicks: int) -> None:
        """Warn that time jumps back."""
        self.add(
            f"its time jumps back by {to_seconds(flicks):.1f} s (files joined with cat?); what overlaps is left out"
        )

    def losses(self, end: int, stated_end: int | None, pictures: int, sounds: int) -> None:
        """Warn of what is missing at the end, and of packets that could not be decoded."""
        if stated_end is not None and end < stated_end - TRUNCATED_FLICKS:
            seconds = to_seconds(stated_end - end)
            self.add(f"the file ends {seconds:.1f} s before its stated end: cut off or damaged")
        for count, what in ((pictures, "picture"), (sounds, "sound")):
            if count:
                self.add(f"{count} packet(s) of the {what} could not be decoded")

    def add(self, text: str) -> None:
        """Warn once."""
        if text not in self.warnings:
            self.warnings.append(text)
