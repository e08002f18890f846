"""Gates: is a window good enough to train on? Measures of each frame, limits, and what breaks them."""
