"""What a window is worth: numpy in, values out. No clock, no input or output."""
