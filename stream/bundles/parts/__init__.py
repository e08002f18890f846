"""The files of a bundle: a writer and a checker for each kind.

Not here: which trainer wants which files (``trainers``).
"""
