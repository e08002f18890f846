"""How well single windows of a talker teach its lips, and whether a rule of choice picks those that teach well.

``talkers`` gets features and windows from recordings, ``sound`` the directions of sound that move lips, ``instrument``
trains on windows and tests, ``effects`` compares rules of choice over talkers, and ``figure`` draws both.
"""
