"""The clip for training: a bundle that a trainer takes as it is, one module a trainer family."""
