"""How well single windows of a talker teach its lips, and whether a rule of choice picks those that teach well.

``talkers`` gets features and windows from recordings, ``sound`` the directions of sound that move lips. Instrument A,
``instrument``, learns lips; instrument B, ``painting``, has a network (``painter``) paint mouths (``mouths``).
``effects`` compares rules of choice over talkers, ``report`` and ``figure`` show it, and ``made`` draws talkers.
"""
