"""Model files: their location, checksums and licences, fetching and verifying.

Not here: running a model (``scoring.models``).
"""
