"""Everything onto one clock: flicks, media types, the 25 fps grid, the 16 kHz sound track, the aligner. Pure.

Not here: reading a file or a device (``sources``), FFmpeg (``ffmpeg``), what a frame shows (``analysis``).
"""
