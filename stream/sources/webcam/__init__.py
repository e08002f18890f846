"""A camera and a microphone of this machine, on one clock.

Not here: decoding and filters (``ffmpeg``), what is done with the media (``live``).
"""
