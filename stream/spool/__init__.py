"""The spool: the media and the scores of the best windows on disk while a capture goes on, and reading them again.

Not here: deciding what is kept (``live``), making clips of what a killed process left (``recovery``).
"""
