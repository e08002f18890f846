"""Use of PyAV: opening containers, decoding, pictures as arrays, filter chains.

Not here: which file or device the packets come from (``sources``), encoding a clip (``output``).
"""
