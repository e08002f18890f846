"""Hooks of sessions: what happens to a session is posted to the address that it states.

``outbox`` writes a delivery in the transaction that changes the session; ``queue`` says which is due, ``sender`` sends.
"""
