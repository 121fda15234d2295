"""Faces: engines, alignment, quality, grouping."""
