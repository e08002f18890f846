"""Making the clips of captures whose process was killed, from their spools.

Not here: the spool itself (``spool``), the end of a capture that goes on (``live``).
"""
