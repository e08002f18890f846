"""Masks of a person: head, neck, torso and background, and the pictures that trainers cut with them."""
