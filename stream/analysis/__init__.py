"""What is seen and heard in grid frames: the models in use, faces, observations, levels, judging a window. Pure.

Not here: the networks (``scoring.models``), the mathematics of a window (``scoring``), decoding (``ffmpeg``).
"""
