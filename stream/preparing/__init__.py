"""Preparing the bundles of takes in the background, after everything else about them has been delivered.

``order`` says which bundles of a take, ``queue`` does one order at a time, in a ``process`` of lower priority whose
program is ``child``, with ``answer``, ``bundle``, ``models`` and ``masks``. How files of a bundle are made is for
``bundles.preparation`` and ``bundles.masks``.
"""
