"""Steps of the trainers' own preparation that take5 does in a bundle, in place, without the trainers' models.

``prepare`` sees the pictures (``pictures``), lets each ``Preparation`` write its files (``head_pose``,
``action_units``: one kind a module), and records them in the manifest. ``registry`` says which trainer gets which,
``conventions`` in which axes, angles and units.
"""
