"""What a clip can be made from: the ring, a recording from it, a recording from a file.

Not here: writing the clip (``output``), scoring while media arrive (``live``).
"""
