"""Across machines, on Ray: placement, health, restarts and scaling are Ray's.

``joined`` starts or joins a cluster. Nothing else of take5 imports Ray, and only what runs on a cluster imports this.
"""
