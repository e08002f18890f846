"""Sources of a clip: the ring, a recording in it, a recording in a file.

Not here: writing the clip (``output``), scoring while media arrive (``live``).
"""
