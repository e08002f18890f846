"""Where media come from: files, webcams, WebRTC. ``source`` is the contract of the live ones.

Not here: what is done with media (``live``, ``offline``), and codecs (``ffmpeg``).
"""
