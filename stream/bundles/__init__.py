"""Bundles for trainers: footage, crop, manifest, writing and checking.

``trainers/`` has a contract per trainer, ``parts/`` a writer and checker per kind of file.
Not here: the clip (``output``).
"""
