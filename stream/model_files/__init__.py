"""The files of the models: where they lie, their checksums and licences, fetching and verifying.

Not here: running a model (``scoring.models``).
"""
