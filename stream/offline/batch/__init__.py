"""Many files: jobs, the processes that run them, the ledger that makes a batch resumable.

Not here: what is done with one file (``offline.select``, ``output``).
"""
