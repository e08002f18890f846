"""The contract of each trainer, as a constant, and the registry that lists them.

Not here: how a file is written or checked (``parts``).
"""
