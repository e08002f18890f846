"""Notifying other programs that a clip is ready: ``--on-ready`` commands and ``--webhook`` deliveries.

Not here: events for people who follow a session (``server``).
"""
