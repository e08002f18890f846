"""What a platform needs of a server: API keys, sessions with secrets of their own, and the database that holds them.

``database`` opens it and ``migrations`` brings it to the present form; ``tables`` is that form.
"""
