"""Captures in processes of their own: the server is one, and each worker another.

Not here: what a capture is (``server.capture``), and who may send (``server``). See ``docs/workers.md``.
"""
