"""Masks of the person in a bundle's pictures, and the images that trainers cut with them."""
