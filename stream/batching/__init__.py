"""What the sessions of a process compute together, on a GPU.

Not here: the networks (``scoring.models``), and which of a session's threads asks (``live``).
"""
