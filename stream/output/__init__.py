"""Files on disk: atomic writes, the clip, the received units, the folder of a take.

Not here: bundles for trainers (``bundles``), the report page (``report``), notifying programs (``hooks``).
"""
