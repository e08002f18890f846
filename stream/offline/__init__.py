"""Finished files: selection, the idle clip, calibration of stop rules, batches of files.

Not here: reading a file (``sources``), a file through the streaming scorer (``live.replay``).
"""
