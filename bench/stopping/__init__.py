"""The stop rules: on simulated blocks, on the windows of 26 people, on simulated people and on videos."""
