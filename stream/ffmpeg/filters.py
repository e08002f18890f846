"""A chain of FFmpeg filters."""

from fractions import Fraction
from itertools import pairwise

import av
from av.filter import Graph

from take5.scoring.parameters import FPS

TIME_BASE = Fraction(1, FPS)


class Chain:
    """FFmpeg filters in series, each given by name and arguments."""

    def __init__(self, first: av.VideoFrame, *filters: tuple[str, str]) -> None:
        self._graph = Graph()
        self._source = self._graph.add_buffer(
            width=first.width, height=first.height, format=first.format, time_base=TIME_BASE
        )
        self._sink = self._graph.add("buffersink")
        nodes = [self._source, *(self._graph.add(*each) for each in filters), self._sink]
        for node, after in pairwise(nodes):
            node.link_to(after)
        self._graph.configure()

    def filter(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Filter the next frame."""
        self._source.push(frame)
        filtered = self._sink.pull()
        assert isinstance(filtered, av.VideoFrame)  # noqa: S101 - a graph of pictures gives pictures
        return filtered
